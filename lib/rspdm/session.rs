// SPDX-License-Identifier: GPL-2.0

//! What lives between two calls from C: the device, its bus, and memory for one response.
//!
//! A session remembers nothing of what was negotiated. Each authentication begins with GET_VERSION,
//! since between two of them anybody can have spoken to the device: firmware, another driver, or
//! the administrator through config space.

use kernel::{
    bindings,
    device::Device,
    fmt,
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
    crypto::{
        fault,
        KernelCrypto, //
    },
    evidence::{
        Collected,
        EvidenceSet, //
    },
    ffi::to_errno,
    proto::{
        self,
        error::{
            Fault,
            Part, //
        },
        limits,
        record::{
            ChainFacts,
            Record,
            Stats, //
        },
        requester::{
            Clock,
            Environment,
            Freshness,
            Policy,
            Requester,
            Resources,
            Store, //
        },
        slot::SlotChoice, //
    },
    transport::Bus, //
};

/// The requester's side of one device.
#[pin_data]
pub(crate) struct Session {
    device: ARef<Device>,
    bus: Bus,
    /// Memory for one response. Who holds the lock speaks to the device, and nobody else does: an
    /// SPDM connection has one request outstanding, and transcripts are of one conversation.
    ///
    /// Taken below whatever the bus and the evidence family hold, above what an exchange takes.
    #[pin]
    buffer: Mutex<KVVec<u8>>,
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
        // Whole dwords, in which DOE counts. The bounds above leave room for it.
        let len = usize::try_from(data_transfer_size.wrapping_add(3) & !3).map_err(|_| EINVAL)?;
        let buffer = KVVec::zeroed(len, GFP_KERNEL)?;
        KBox::pin_init(
            pin_init!(Self {
                device,
                bus,
                buffer <- new_mutex!(buffer, "spdm_session"),
            }),
            GFP_KERNEL,
        )
    }

    /// Authenticates the device; `nonce` is random if the caller brings none.
    ///
    /// Returns the evidence and what was agreed on, or why there is none, which is logged too; and
    /// what it cost.
    pub(crate) fn authenticate(
        &self,
        slot: SlotChoice,
        nonce: Option<[u8; 32]>,
    ) -> (Result<(EvidenceSet, Record)>, Stats) {
        let mut buffer = self.buffer.lock();
        let resources = Resources::<Kernel<'_>> {
            transport: &self.bus,
            clock: KernelClock(Instant::now()),
            crypto: KernelCrypto::new(&self.bus),
            chain: Collected::new(),
            transcript: Collected::new(),
            buffer: &mut buffer,
        };
        let freshness = Freshness {
            nonce: nonce.unwrap_or_else(random),
            context: random(),
        };
        let policy = Policy {
            slot,
            ..Policy::DEFAULT
        };

        let mut requester = match Requester::new(resources, policy) {
            Ok(requester) => requester,
            Err(error) => return (Err(self.failed(&error)), Stats::default()),
        };
        let outcome = requester.authenticate(&freshness);
        let stats = requester.stats();
        let Resources {
            chain, transcript, ..
        } = requester.into_resources();
        let result = match outcome {
            Ok(record) => self.collect(record, chain.bytes(), transcript.bytes()),
            Err(error) => Err(self.failed(&error)),
        };
        (result, stats)
    }

    /// Makes evidence of what a successful run left, and tells what could not be checked.
    fn collect(
        &self,
        record: Record,
        chain: &[u8],
        transcript: &[u8],
    ) -> Result<(EvidenceSet, Record)> {
        let ChainFacts {
            certificates,
            unverified_links,
            ..
        } = record.chain;
        if unverified_links > 0 && may_log() {
            dev_notice!(
                self.device,
                "SPDM: this kernel lacks the algorithms to verify {} of {} certificates\n",
                unverified_links,
                certificates
            );
        }
        match EvidenceSet::collect(&record, chain, transcript) {
            Ok(evidence) => Ok((evidence, record)),
            Err(error) => {
                if may_log() {
                    dev_err!(self.device, "SPDM: no memory for the evidence\n");
                }
                Err(error)
            }
        }
    }

    /// Logs why there is no evidence, in one line, and returns it as an errno.
    ///
    /// The bus has logged already what it thinks of the identity in the leaf certificate.
    fn failed(&self, error: &proto::error::Error) -> Error {
        if let proto::error::Error::Environment {
            part: Part::Identity,
            ..
        } = error
        {
            return to_errno(error);
        }
        if may_log() {
            dev_err!(self.device, "SPDM: {}\n", Words(error));
        }
        to_errno(error)
    }
}

/// Whether one more line may be logged: devices decide how often there is a reason to.
fn may_log() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::rspdm_may_log() }
}

/// An error in words, as the kernel's printing wants it.
struct Words<'a>(&'a proto::error::Error);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self.0, f)
    }
}

/// The kernel as the surroundings of a run.
struct Kernel<'a>(core::marker::PhantomData<&'a ()>);

impl<'a> Environment for Kernel<'a> {
    type Transport = &'a Bus;
    type Clock = KernelClock;
    type Crypto = KernelCrypto<'a>;
    type Store = Collected;
    type Buffer = &'a mut [u8];
}

/// Time since the run began.
struct KernelClock(Instant<Monotonic>);

impl Clock for KernelClock {
    fn now_us(&self) -> u64 {
        self.0.elapsed().as_micros_ceil().unsigned_abs()
    }

    fn wait_us(&mut self, us: u64) -> Result<(), Fault> {
        // SAFETY: The caller of the C API may sleep, hence so may this.
        let result = unsafe { bindings::rspdm_wait(us) };
        kernel::error::to_result(result).map_err(fault)
    }
}

/// Bytes that nobody can foresee.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: `bytes` is valid for writes of `N` bytes.
    unsafe { bindings::get_random_bytes(bytes.as_mut_ptr().cast(), N) };
    bytes
}
