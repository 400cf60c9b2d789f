// SPDX-License-Identifier: GPL-2.0

//! The requester: asks a device to prove its identity, one typed step after the other.
//!
//! ```text
//!  Requester::start()                       stores are emptied
//!        |
//!        v
//!  +-----------+  GET_VERSION           VERSION
//!  |   Fresh   |  GET_CAPABILITIES      CAPABILITIES      negotiate.rs
//!  +-----------+  NEGOTIATE_ALGORITHMS  ALGORITHMS
//!        | negotiate()
//!        v
//!  +------------+ GET_DIGESTS           DIGESTS           identify.rs
//!  | Negotiated | GET_CERTIFICATE ...   CERTIFICATE ...
//!  +------------+
//!        | identify()     the chain is complete, consistent, and has a usable leaf key
//!        v
//!  +------------+ CHALLENGE             CHALLENGE_AUTH    challenge.rs
//!  | Identified |
//!  +------------+
//!        | challenge()    the leaf's owner signed all of the above and our nonce
//!        v
//!  +---------------+
//!  | Authenticated |
//!  +---------------+
//! ```
//!
//! Each state is a type, each step consumes one and returns the next. What a later step relies on
//! is a field of the state that it starts from, so there is no step that could be taken too early:
//!
//! * `Fresh` knows nothing of the device;
//! * `Negotiated` has a version, hash and signature algorithm;
//! * `Identified` has one slot's chain and key;
//! * `Authenticated` has a verified signature.
//!
//! A failed step consumes the state as well: the only way on is to begin again.
//!
//! No I/O happens here but through [`Transport`], and only `exchange.rs` calls it.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod case_table;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod cases;
pub mod challenge;
mod exchange;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod exchange_test;
pub mod identify;
pub mod negotiate;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod testing;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod testing_device;

use core::ops::DerefMut;

use kernel::validate::Untrusted;

use super::{
    algorithm::{
        BaseAsymSet,
        BaseHashSet, //
    },
    crypto::Crypto,
    error::{
        Error,
        Fault,
        Misuse, //
    },
    limits::{
        self,
        Budget, //
    },
    message::Request,
    record::{
        Record,
        Stats, //
    },
    slot::SlotChoice,
    transcript::Transcript,
    version::VersionSet,
    wire::{
        challenge::NONCE_LEN,
        error_rsp::ErrorCode, //
    }, //
};
use exchange::Channel;
use negotiate::Fresh;

/// The means to exchange messages with the device.
pub trait Transport {
    /// Sends `request` and waits for its response.
    ///
    /// Writes the response to the start of `response` and returns that part of it. The response may
    /// be followed by padding, which is returned too. A response that is longer than `response` is
    /// cut; the message's own length will tell.
    ///
    /// # Errors
    ///
    /// If no response came.
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault>;
}

/// A clock that can be waited for.
pub trait Clock {
    /// Microseconds since some moment; never goes back.
    fn now_us(&self) -> u64;

    /// Waits for `us` microseconds or a little longer.
    ///
    /// # Errors
    ///
    /// If the wait was interrupted.
    fn wait_us(&mut self, us: u64) -> Result<(), Fault>;
}

/// Memory that grows with what is put into it.
///
/// How much that can be is bounded by [`limits`]: the chain by [`limits::CHAIN_LEN_MAX`], the
/// transcript by [`Budget::bytes`] and a signature.
pub trait Store {
    /// Appends `bytes`, all or nothing.
    ///
    /// # Errors
    ///
    /// If there is no memory.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault>;

    /// Everything appended since the last [`Store::clear`].
    fn bytes(&self) -> &[u8];

    /// Forgets everything.
    fn clear(&mut self);
}

/// The types that a run gets from its surroundings.
pub trait Environment {
    /// The means to exchange messages.
    type Transport: Transport;
    /// The clock.
    type Clock: Clock;
    /// Hashes, certificates, signatures.
    type Crypto: Crypto;
    /// Memory for the chain and the transcript.
    type Store: Store;
    /// Memory for one response.
    type Buffer: DerefMut<Target = [u8]>;
}

/// What a run works with; its caller gets it back with the evidence in it.
pub struct Resources<E: Environment> {
    /// The means to exchange messages.
    pub transport: E::Transport,
    /// The clock.
    pub clock: E::Clock,
    /// Hashes, certificates, signatures.
    pub crypto: E::Crypto,
    /// Afterwards: the SPDM certificate chain of the authenticated slot, as received.
    pub chain: E::Store,
    /// Afterwards: the challenge transcript, see [`Record::layout`].
    pub transcript: E::Store,
    /// Memory for one response. Its length, rounded down to whole dwords, is the DataTransferSize
    /// (and MaxSPDMmsgSize) that the device is told: at least [`limits::DATA_TRANSFER_SIZE_MIN`],
    /// and at most [`limits::DATA_TRANSFER_SIZE_MAX`]. It stays the same however small the device's
    /// own is.
    pub buffer: E::Buffer,
}

/// What the caller wants of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Versions to speak; the highest that the device speaks too is chosen.
    pub versions: VersionSet,
    /// Hashes to offer: those that the environment has. The device chooses.
    pub hashes: BaseHashSet,
    /// Signature algorithms to offer: those that the environment has. The device chooses.
    pub signatures: BaseAsymSet,
    /// The slot to authenticate. Only that one's chain is fetched.
    pub slot: SlotChoice,
    /// What it may cost.
    pub budget: Budget,
}

impl Policy {
    /// Everything that this code can do, of the lowest slot.
    pub const DEFAULT: Self = Self {
        versions: VersionSet::ALL,
        hashes: BaseHashSet::ALL,
        signatures: BaseAsymSet::ALL,
        slot: SlotChoice::Lowest,
        budget: Budget::AUTHENTICATE,
    };
}

/// What makes a challenge fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Nonce in CHALLENGE: random, or chosen by who wants to be convinced.
    pub nonce: [u8; NONCE_LEN],
    /// RequesterContext in CHALLENGE, from SPDM 1.3 on: any value, which the device has to echo.
    pub context: [u8; 8],
}

/// One device's requester.
pub struct Requester<E: Environment> {
    channel: Channel<E>,
    crypto: E::Crypto,
    chain: E::Store,
    transcript: Transcript<E::Store>,
    policy: Policy,
}

impl<E: Environment> Requester<E> {
    /// Prepares a run; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if the buffer's size is out of range or nothing is offered.
    pub fn new(resources: Resources<E>, policy: Policy) -> Result<Self, Error> {
        let nothing_offered =
            policy.versions.is_empty() || policy.hashes.is_empty() || policy.signatures.is_empty();
        if nothing_offered {
            return Err(Error::Misuse(Misuse::NothingOffered));
        }
        let channel = Channel::new(
            resources.transport,
            resources.clock,
            resources.buffer,
            policy.budget,
        )?;
        Ok(Self {
            channel,
            crypto: resources.crypto,
            chain: resources.chain,
            transcript: Transcript::new(resources.transcript),
            policy,
        })
    }

    /// Begins, or begins again, with a device of which nothing is known.
    pub fn start(&mut self) -> Fresh<'_, E> {
        self.chain.clear();
        self.transcript.clear();
        Fresh::new(self)
    }

    /// Takes all the steps, and again once if the device lost its state in between.
    ///
    /// # Errors
    ///
    /// The first one that a step returns. The stores are then empty: there is no half evidence.
    pub fn authenticate(&mut self, freshness: &Freshness) -> Result<Record, Error> {
        let mut restarts = limits::RESTARTS_MAX;
        loop {
            let error = match self.authenticate_once(freshness) {
                Ok(record) => return Ok(record),
                Err(error) => error,
            };
            self.chain.clear();
            self.transcript.clear();
            restarts = match restarts.checked_sub(1) {
                Some(left) if has_lost_state(&error) => left,
                _ => return Err(error),
            };
        }
    }

    /// What the requester's operations cost so far, failed ones included.
    pub fn stats(&self) -> Stats {
        self.channel.stats()
    }

    /// Ends the run and returns what it worked with.
    pub fn into_resources(self) -> Resources<E> {
        let (transport, clock, buffer) = self.channel.into_parts();
        Resources {
            transport,
            clock,
            crypto: self.crypto,
            chain: self.chain,
            transcript: self.transcript.into_store(),
            buffer,
        }
    }

    fn authenticate_once(&mut self, freshness: &Freshness) -> Result<Record, Error> {
        let negotiated = self.start().negotiate()?;
        let identified = negotiated.identify()?;
        let authenticated = identified.challenge(freshness)?;
        Ok(*authenticated.record())
    }
}

/// Whether the error means that the device knows nothing of what was said before.
///
/// That happens if it was reset, or if somebody else spoke to it. GET_VERSION is the cure, so for
/// itself there is none.
fn has_lost_state(error: &Error) -> bool {
    matches!(
        error,
        Error::Refused {
            request: Request::GetCapabilities
                | Request::NegotiateAlgorithms
                | Request::GetDigests
                | Request::GetCertificate
                | Request::Challenge,
            code: ErrorCode::RequestResynch
                | ErrorCode::VersionMismatch
                | ErrorCode::UnexpectedRequest,
        }
    )
}
