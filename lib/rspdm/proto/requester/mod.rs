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
//!  +---------------+ GET_MEASUREMENTS   MEASUREMENTS      measure.rs
//!  | Authenticated |
//!  +---------------+
//!        | measure()      so it did with its measurements, if it can
//!        v
//!  +----------+
//!  | Measured |   resume() makes it Identified again      connection.rs
//!  +----------+
//! ```
//!
//! Each state is a type, each step consumes one and returns the next. What a later step relies on
//! is a field of the state that it starts from, so there is no step that could be taken too early:
//!
//! * `Fresh` knows nothing of the device;
//! * `Negotiated` has a version, hash and signature algorithm;
//! * `Identified` has one slot's chain and key;
//! * `Authenticated` has a verified signature;
//! * `Measured` has all the evidence that there is.
//!
//! A failed step consumes the state as well: the only way on is to begin again.
//!
//! No I/O happens here but through [`Transport`], and only `exchange.rs` calls it.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod case_table;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod cases;
pub mod challenge;
pub mod connection;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod connection_test;
mod environment;
mod exchange;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod exchange_test;
pub mod identify;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod identify_test;
pub mod measure;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod measure_test;
pub mod negotiate;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod negotiate_test;
mod signature;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod testing;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod testing_chunks;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod testing_device;

use super::{
    algorithm::{
        AsymAlgoSet,
        BaseHashSet, //
    },
    crypto::Crypto,
    error::{
        Error,
        Misuse, //
    },
    limits::{
        self,
        Budget, //
    },
    message::Request,
    preference::{
        Allowed,
        Order, //
    },
    record::{
        Record,
        Stats, //
    },
    slot::{
        PerSlot,
        SlotChoice,
        SlotMask, //
    },
    transcript::Transcript,
    version::VersionSet,
    wire::{
        error_rsp::ErrorCode,
        freshness::{
            CONTEXT_LEN,
            NONCE_LEN, //
        }, //
    }, //
};
use connection::{
    Connection,
    ConnectionOf,
    Evidence,
    EvidenceOf, //
};
pub use environment::{
    Clock,
    Environment,
    Memory,
    Resources,
    Store,
    Transport, //
};
use exchange::Channel;
use measure::Measured;
use negotiate::Fresh;

/// What the caller wants of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Versions to speak; the highest that the device speaks too is chosen.
    pub versions: VersionSet,
    /// Hashes to offer: those that the environment has. The device chooses.
    pub hashes: BaseHashSet,
    /// Signature algorithms to offer: those that the environment has. The device chooses.
    pub signatures: AsymAlgoSet,
    /// The order in which they are offered.
    pub order: Order,
    /// The slot to authenticate.
    pub slot: SlotChoice,
    /// Slots whose chains are fetched too, if they hold one.
    pub further: SlotMask,
    /// What it may cost, besides what each further slot that holds a chain may.
    pub budget: Budget,
}

impl Policy {
    /// Everything that this code can do, of the lowest slot.
    pub const DEFAULT: Self = Self {
        versions: VersionSet::ALL,
        hashes: BaseHashSet::ALL,
        signatures: AsymAlgoSet::ALL,
        order: Order::TOGETHER,
        slot: SlotChoice::Lowest,
        further: SlotMask::EMPTY,
        budget: Budget::AUTHENTICATE,
    };

    /// What the device may use.
    pub fn allowed(&self) -> Allowed {
        Allowed {
            hashes: self.hashes,
            signatures: self.signatures,
            order: self.order,
        }
    }
}

/// What makes a challenge, and the measurements after it, fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Nonce in both requests: random, or chosen by who wants to be convinced. That it is the same
    /// in both costs nothing: what is signed says which request it is about.
    pub nonce: [u8; NONCE_LEN],
    /// RequesterContext in both, from SPDM 1.3 on: any value, which the device has to echo.
    pub context: [u8; CONTEXT_LEN],
}

/// One device's requester.
pub struct Requester<E: Environment> {
    channel: Channel<E>,
    crypto: E::Crypto,
    vca: E::Store,
    chains: PerSlot<E::Store>,
    transcript: Transcript<E::Store>,
    measurements: Transcript<E::Store>,
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
            resources.assembly,
            policy.budget,
        )?;
        let memory = resources.memory;
        Ok(Self {
            channel,
            crypto: resources.crypto,
            vca: memory.vca,
            chains: memory.chains,
            transcript: Transcript::new(memory.transcript),
            measurements: Transcript::new(memory.measurements),
            policy,
        })
    }

    /// Begins, or begins again, with a device of which nothing is known.
    pub fn start(&mut self) -> Fresh<'_, E> {
        self.forget();
        Fresh::new(self)
    }

    /// Takes all the steps, and again once if the device lost its state in between.
    ///
    /// Returns the evidence, or the first error that a step returned; and what it cost either way.
    pub fn authenticate(self, freshness: &Freshness) -> (Result<EvidenceOf<E>, Error>, Stats) {
        self.run(None, freshness)
    }

    /// Challenges the device anew on a connection that exists, and has it measure anew.
    ///
    /// If it does not answer as it must, it has perhaps lost its state, or somebody else spoke to
    /// it: all the steps are taken then, and how they end is how this ends.
    ///
    /// If the connection does not suit what the policy says, that is done at once.
    pub fn refresh(
        self,
        connection: ConnectionOf<E>,
        freshness: &Freshness,
    ) -> (Result<EvidenceOf<E>, Error>, Stats) {
        self.run(Some(connection), freshness)
    }

    /// Either of the two, depending on whether there is a connection.
    // What is done on the way needs much of a small stack: what one part needs, the next one may
    // use, if none is inlined.
    #[inline(never)]
    pub fn run(
        mut self,
        connection: Option<ConnectionOf<E>>,
        freshness: &Freshness,
    ) -> (Result<EvidenceOf<E>, Error>, Stats) {
        let outcome = self.attempt(connection, freshness);
        let stats = self.channel.stats();
        let evidence = outcome.map(|(record, key)| Evidence {
            connection: Connection {
                record,
                key,
                allowed: self.policy.allowed(),
                vca: self.vca,
                chains: self.chains,
            },
            transcript: self.transcript.into_store(),
            measurements: self.measurements.into_store(),
        });
        (evidence, stats)
    }

    #[inline(never)]
    fn attempt(
        &mut self,
        connection: Option<ConnectionOf<E>>,
        freshness: &Freshness,
    ) -> Result<(Record, <E::Crypto as Crypto>::Key), Error> {
        let mut connection = connection.filter(|connection| connection.suits(&self.policy));
        let mut restarts = limits::RESTARTS_MAX;
        loop {
            let (attempt, may_begin_anew): (_, fn(&Error) -> bool) = match connection.take() {
                Some(connection) => (
                    self.refresh_once(connection, freshness),
                    may_have_lost_state,
                ),
                None => (self.authenticate_once(freshness), has_lost_state),
            };
            let error = match attempt {
                Ok(measured) => return Ok(measured.into_parts()),
                Err(error) => error,
            };
            restarts = match restarts.checked_sub(1) {
                Some(left) if may_begin_anew(&error) => left,
                _ => return Err(error),
            };
        }
    }

    #[inline(never)]
    fn authenticate_once(&mut self, freshness: &Freshness) -> Result<Measured<E>, Error> {
        let negotiated = self.start().negotiate()?;
        let identified = negotiated.identify()?;
        identified.challenge(freshness)?.measure(freshness)
    }

    #[inline(never)]
    fn refresh_once(
        &mut self,
        connection: ConnectionOf<E>,
        freshness: &Freshness,
    ) -> Result<Measured<E>, Error> {
        let identified = self.resume(connection)?;
        identified.challenge(freshness)?.measure(freshness)
    }

    fn forget(&mut self) {
        self.vca.clear();
        self.chains.values_mut().for_each(Store::clear);
        self.transcript.clear();
        self.measurements.clear();
    }
}

/// Whether an error on a connection that existed before may mean that the device has forgotten it.
///
/// Whoever spoke to the device in between may have agreed on another version, hash or signature
/// algorithm, so that its answer can look wrong in any way. What it did not say, or said only for
/// lack of time, is no such sign.
fn may_have_lost_state(error: &Error) -> bool {
    match error {
        Error::Malformed { .. } | Error::Misbehaved { .. } | Error::Rejected(_) => true,
        Error::Refused { code, .. } => *code != ErrorCode::Busy,
        Error::Unsupported(_)
        | Error::Unusable { .. }
        | Error::Exhausted { .. }
        | Error::Environment { .. }
        | Error::Misuse(_) => false,
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
                | Request::Challenge
                | Request::GetMeasurements,
            code: ErrorCode::RequestResynch
                | ErrorCode::VersionMismatch
                | ErrorCode::UnexpectedRequest,
        }
    )
}
