// SPDX-License-Identifier: GPL-2.0

//! What lives between two calls from C: the device, its bus, memory for one response, and the
//! connection that the last successful call left.
//!
//! Anybody can have spoken to the device since then: firmware, another driver, or the
//! administrator through config space. What is remembered is used nevertheless, if a new nonce is
//! all that is wanted, because the device signs it again: were it not what the device remembers,
//! the signature would not verify. Then, as after every failure, all of it is forgotten, and the
//! next conversation begins with GET_VERSION. So it does whenever no nonce is given.

use kernel::{
    bindings,
    device::Device,
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        Mutex, //
    },
    time::{
        Instant,
        Monotonic, //
    }, //
};

use crate::{
    algorithms::{
        everything,
        Missing, //
    },
    crypto::{
        fault,
        KernelCrypto, //
        Key,
    },
    evidence::{
        Collected,
        EvidenceSet, //
    },
    failure::{
        lack_of_resources,
        to_errno,
        to_failure, //
    },
    log::{
        LogLimit,
        Words, //
    },
    proto::{
        self,
        error::{
            Fault,
            Part,
            Unsupported, //
        },
        limits,
        preference::Allowed,
        record::{
            Record,
            Stats, //
        },
        requester::{
            connection::{
                Connection,
                Evidence, //
            },
            Clock,
            Environment,
            Freshness,
            Memory,
            Policy,
            Requester,
            Resources, //
        },
        slot::{
            PerSlot,
            SlotChoice,
            SlotId,
            SlotMask, //
        }, //
    },
    transport::Bus, //
};

/// The requester's side of one device.
#[pin_data]
pub(crate) struct Session {
    device: ARef<Device>,
    bus: Bus,
    #[pin]
    log_limit: LogLimit,
    /// Who holds the lock speaks to the device, and nobody else does: an SPDM connection has one
    /// request outstanding, and transcripts are of one conversation.
    ///
    /// Taken below whatever the bus and the evidence family hold, above what an exchange takes.
    #[pin]
    between_calls: Mutex<BetweenCalls>,
}

// C calls from any thread, and from several at once.
const _: () = {
    const fn may_be_shared<T: Send + Sync>() {}
    may_be_shared::<Session>();
};

/// What one call leaves for the next.
struct BetweenCalls {
    /// Memory for one response.
    buffer: KVVec<u8>,
    /// The connection, if the last call was successful.
    connection: Option<Connection<Key, Collected>>,
}

/// What a caller wants.
pub(crate) struct Wanted {
    /// The slot to challenge.
    pub(crate) slot: SlotChoice,
    /// The slots whose chains are to be read too.
    pub(crate) further: SlotMask,
    /// The algorithms that the device may use; all that this kernel has if nothing is said.
    pub(crate) allowed: Option<Allowed>,
    /// What the device shall sign; random if there is none, and a new connection then.
    pub(crate) nonce: Option<[u8; 32]>,
}

/// What was agreed on, for C.
pub(crate) struct Agreed {
    /// The SPDMVersion byte.
    pub(crate) version: u8,
    /// The number of the slot that was challenged.
    pub(crate) slot: u8,
    /// The name of the hash.
    pub(crate) hash: &'static CStr,
    /// The name of the signature algorithm.
    pub(crate) asym: &'static CStr,
}

impl Agreed {
    fn new(record: &Record) -> Self {
        Self {
            version: record.state.version.to_wire(),
            slot: record.chain.slot.number(),
            hash: record.state.algorithms.hash.c_name(),
            asym: record.state.algorithms.asym.c_name(),
        }
    }
}

/// Why there is no evidence, for C.
pub(crate) struct Failed {
    /// What to return.
    pub(crate) errno: Error,
    /// What to tell those who listen.
    pub(crate) failure: bindings::device_evidence_failure,
}

impl Session {
    /// Prepares to speak to `device` in messages of up to `data_transfer_size` bytes.
    ///
    /// # Errors
    ///
    /// `EINVAL` if that size is out of range, `ENOMEM`.
    pub(crate) fn new(
        device: ARef<Device>,
        bus: Bus,
        data_transfer_size: u32,
    ) -> Result<Pin<KBox<Self>>> {
        if !(limits::DATA_TRANSFER_SIZE_MIN..=limits::DATA_TRANSFER_SIZE_MAX)
            .contains(&data_transfer_size)
        {
            return Err(EINVAL);
        }
        // SAFETY: May be called from anywhere.
        unsafe { bindings::rspdm_log_missing() };
        // Whole dwords, in which DOE counts. The bounds above leave room for it.
        let len = usize::try_from(data_transfer_size.wrapping_add(3) & !3).map_err(|_| EINVAL)?;
        let between_calls = BetweenCalls {
            buffer: KVVec::zeroed(len, GFP_KERNEL)?,
            connection: None,
        };
        KBox::pin_init(
            pin_init!(Self {
                device,
                bus,
                log_limit <- LogLimit::new(),
                between_calls <- new_mutex!(between_calls, "spdm_session"),
            }),
            GFP_KERNEL,
        )
    }

    /// Authenticates the device, on the connection that exists if that will do.
    ///
    /// Returns the evidence and what was agreed on, or why there is none, which is logged too; and
    /// what it cost.
    #[inline(never)]
    pub(crate) fn authenticate(
        &self,
        wanted: Wanted,
    ) -> (Result<(EvidenceSet, Agreed), Failed>, Stats) {
        let mut between_calls = self.between_calls.lock();
        let (outcome, stats) = self.converse(&mut between_calls, wanted);
        let result = match outcome {
            Ok(evidence) => {
                let set = self.collect(&evidence);
                let agreed = Agreed::new(evidence.record());
                between_calls.connection = Some(evidence.connection);
                set.map(|set| (set, agreed))
            }
            Err(error) => Err(self.failed(&error)),
        };
        (result, stats)
    }

    /// Speaks to the device.
    // Steps of their own, never inlined: a requester is large, and the stack is not.
    #[inline(never)]
    fn converse(
        &self,
        between_calls: &mut BetweenCalls,
        wanted: Wanted,
    ) -> (Result<Evidence<Key, Collected>, proto::error::Error>, Stats) {
        let BetweenCalls { buffer, connection } = between_calls;
        // Taken out, so that a failure leaves nothing.
        let connection = connection.take().filter(|_| wanted.nonce.is_some());
        let freshness = Freshness {
            nonce: wanted.nonce.unwrap_or_else(random),
            context: random(),
        };
        match self.requester(buffer, &wanted) {
            Ok(requester) => requester.run(connection, &freshness),
            Err(error) => (Err(error), Stats::default()),
        }
    }

    #[inline(never)]
    fn requester<'a>(
        &'a self,
        buffer: &'a mut [u8],
        wanted: &Wanted,
    ) -> Result<Requester<Kernel<'a>>, proto::error::Error> {
        let Allowed {
            hashes,
            signatures,
            order,
        } = wanted.allowed.unwrap_or_else(everything);
        if signatures.is_empty() {
            return Err(proto::error::Error::Unsupported(Unsupported::Signature));
        }
        let resources = Resources {
            transport: &self.bus,
            clock: KernelClock {
                bus: &self.bus,
                began: Instant::now(),
            },
            crypto: KernelCrypto::new(&self.bus),
            memory: Memory {
                vca: Collected::new(),
                chains: PerSlot::new(SlotId::ALL.map(|_| Collected::new())),
                transcript: Collected::new(),
                measurements: Collected::new(),
            },
            buffer,
            assembly: Collected::new(),
        };
        let policy = Policy {
            hashes,
            signatures,
            order,
            slot: wanted.slot,
            further: wanted.further,
            ..Policy::DEFAULT
        };
        Requester::new(resources, policy)
    }

    /// Makes a set of what a successful run found, and tells what could not be checked.
    #[inline(never)]
    fn collect(&self, evidence: &Evidence<Key, Collected>) -> Result<EvidenceSet, Failed> {
        let Record { chain, further, .. } = evidence.record();
        let unverified_links = chain
            .unverified_links
            .saturating_add(further.unverified_links);
        if unverified_links > 0 && self.log_limit.may_log() {
            dev_notice!(
                self.device,
                "SPDM: this kernel lacks the algorithms to verify {} of {} certificates\n",
                unverified_links,
                chain.certificates.saturating_add(further.certificates)
            );
        }
        EvidenceSet::collect(evidence).map_err(|errno| {
            if self.log_limit.may_log() {
                dev_err!(self.device, "SPDM: no memory for the evidence\n");
            }
            Failed {
                errno,
                failure: lack_of_resources(),
            }
        })
    }

    /// Logs why there is no evidence, in one line, and returns it for C.
    ///
    /// The bus has logged already what it thinks of the identity in the leaf certificate.
    fn failed(&self, error: &proto::error::Error) -> Failed {
        let was_logged = matches!(
            error,
            proto::error::Error::Environment {
                part: Part::Identity,
                ..
            }
        );
        if !was_logged && self.log_limit.may_log() {
            dev_err!(self.device, "SPDM: {}{}\n", Words(error), Missing(error));
        }
        Failed {
            errno: to_errno(error),
            failure: to_failure(error),
        }
    }
}

/// The kernel as the surroundings of a run.
struct Kernel<'a>(core::marker::PhantomData<&'a ()>);

impl<'a> Environment for Kernel<'a> {
    type Transport = &'a Bus;
    type Clock = KernelClock<'a>;
    type Crypto = KernelCrypto<'a>;
    type Store = Collected;
    type Buffer = &'a mut [u8];
}

/// Time since the run began, and pauses for as long as the bus has the device.
struct KernelClock<'a> {
    bus: &'a Bus,
    began: Instant<Monotonic>,
}

impl Clock for KernelClock<'_> {
    fn now_us(&self) -> u64 {
        self.began.elapsed().as_micros_ceil().unsigned_abs()
    }

    fn wait_us(&mut self, us: u64) -> Result<(), Fault> {
        self.bus.wait(us).map_err(fault)
    }
}

/// Bytes that nobody can foresee.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: `bytes` is valid for writes of `N` bytes.
    unsafe { bindings::get_random_bytes(bytes.as_mut_ptr().cast(), N) };
    bytes
}
