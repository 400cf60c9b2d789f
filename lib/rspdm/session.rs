// SPDX-License-Identifier: GPL-2.0

//! What lives between two calls from C: the device, its bus, and memory for one response.
//!
//! A session remembers nothing of what was negotiated. Each authentication begins with GET_VERSION,
//! since between two of them anybody can have spoken to the device: firmware, another driver, or the
//! administrator through config space.

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
        // Whole dwords, in which DOE counts. The upper bound above is one, so nothing overflows.
        let len = data_transfer_size.next_multiple_of(4);
        let len = usize::try_from(len).map_err(|_| EINVAL)?;
        let buffer = KVVec::from_elem(0, len, GFP_KERNEL)?;
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
    /// Returns the evidence, or why there is none, which is logged too; and what it cost.
    pub(crate) fn authenticate(
        &self,
        slot: SlotChoice,
        nonce: Option<[u8; 32]>,
    ) -> (Result<EvidenceSet>, Stats) {
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
            Ok(record) => {
                self.succeeded(&record, &stats);
                EvidenceSet::collect(&record, chain.bytes(), transcript.bytes())
            }
            Err(error) => Err(self.failed(&error)),
        };
        (result, stats)
    }

    /// Tells what was agreed on, and what could not be checked.
    fn succeeded(&self, record: &Record, stats: &Stats) {
        let chain = &record.chain;
        dev_dbg!(
            self.device,
            "SPDM {:#x}, {}, {}, slot {}: {} exchanges, {} bytes, {} us\n",
            record.state.version.to_wire(),
            record.state.algorithms.asym.name(),
            record.state.algorithms.hash.name(),
            chain.slot.number(),
            stats.exchanges,
            stats.sent.saturating_add(stats.received),
            stats.time_us
        );
        if chain.unverified_links > 0 {
            dev_notice!(
                self.device,
                "SPDM: {} of {} certificates are signed with algorithms that this kernel lacks\n",
                chain.unverified_links,
                chain.certificates
            );
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
        // SAFETY: No preconditions.
        if unsafe { bindings::rspdm_may_log() } {
            dev_err!(self.device, "SPDM: {}\n", Words(error));
        }
        to_errno(error)
    }
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
