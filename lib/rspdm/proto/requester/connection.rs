// SPDX-License-Identifier: GPL-2.0

//! What an authentication leaves behind, and how the next one begins where it ended.
//!
//! A device keeps what was negotiated until the next GET_VERSION, and a chain that was read once
//! need not be read again: CHALLENGE_AUTH names its digest. So to see a device sign another nonce
//! takes one or two exchanges, not the whole conversation.
//!
//! That needs no trust in what is remembered. VCA is part of what the device signs each time, and
//! CertChainHash is compared with the chain: if either side remembers something else than the
//! other, the signature does not verify. Anybody may have spoken to the device in between, so that
//! this happens to honest devices too; then the conversation begins anew.

use super::{
    identify::Identified,
    Environment,
    Policy,
    Requester,
    Store, //
};
use crate::proto::{
    crypto::Crypto,
    error::Error,
    preference::Allowed,
    record::{
        ChainFacts,
        Record, //
    },
    slot::{
        PerSlot,
        SlotChoice,
        SlotId, //
    }, //
};

/// A connection with a device that was authenticated: all that a further challenge needs.
///
/// Made from a successful run only, and consumed by the next one, which returns another if it was
/// successful too: what is left after a failure is nothing.
pub struct Connection<K, S> {
    /// What was found last.
    pub(super) record: Record,
    pub(super) key: K,
    /// What the device was allowed to use.
    pub(super) allowed: Allowed,
    /// The messages from GET_VERSION to ALGORITHMS.
    pub(super) vca: S,
    /// The certificate chains that were read.
    pub(super) chains: PerSlot<S>,
}

/// The connection that an environment makes.
pub type ConnectionOf<E> =
    Connection<<<E as Environment>::Crypto as Crypto>::Key, <E as Environment>::Store>;

impl<K, S: Store> Connection<K, S> {
    /// What is known of the device.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Whether what is wanted can be had without agreeing on or reading anything again: the same
    /// algorithms are allowed, it is the same slot, and no chain that was not read.
    pub fn suits(&self, policy: &Policy) -> bool {
        let ChainFacts {
            slot: known,
            provisioned,
            challengeable,
            ..
        } = self.record.chain;
        let slot = match policy.slot {
            SlotChoice::Slot(slot) => Some(slot),
            SlotChoice::Lowest => challengeable.lowest(),
        };
        let read = self.record.further.slots.with(known);
        let is_as_agreed = self.allowed == policy.allowed();
        is_as_agreed
            && slot == Some(known)
            && policy.further.intersection(provisioned).is_subset_of(read)
    }

    /// The messages from GET_VERSION to ALGORITHMS.
    pub fn vca(&self) -> &[u8] {
        self.vca.bytes()
    }

    /// The SPDM certificate chain of a slot, as received; empty if it was not read.
    pub fn chain(&self, slot: SlotId) -> &[u8] {
        self.chains.of(slot).bytes()
    }
}

/// What a successful run found.
pub struct Evidence<K, S> {
    /// Facts, and where to find what in the transcripts; the certificate chains and VCA; and the
    /// way to challenge the device again.
    pub connection: Connection<K, S>,
    /// The challenge transcript, see [`Record::layout`].
    pub transcript: S,
    /// The measurement transcript, see [`Record::measurements`]; empty if the device cannot
    /// measure.
    pub measurements: S,
}

impl<K, S: Store> Evidence<K, S> {
    /// What is known of the device, and where to find what in the transcripts.
    pub fn record(&self) -> &Record {
        self.connection.record()
    }
}

/// The evidence that an environment makes.
pub type EvidenceOf<E> =
    Evidence<<<E as Environment>::Crypto as Crypto>::Key, <E as Environment>::Store>;

impl<E: Environment> Requester<E> {
    /// Goes on with a connection on which the device was authenticated before.
    ///
    /// Nothing is sent. The transcript is VCA then, and there is no digest and no certificate in
    /// it: DSP0274 1.0, "M1/M2", lets a requester skip what it knows.
    ///
    /// # Errors
    ///
    /// If there is no memory for the transcript.
    pub fn resume(&mut self, connection: ConnectionOf<E>) -> Result<Identified<'_, E>, Error> {
        self.forget();
        self.vca = connection.vca;
        self.chains = connection.chains;
        let Record {
            state,
            chain,
            further,
            ..
        } = connection.record;
        self.transcript.append_part(self.vca.bytes())?;
        let vca_len = self.transcript.len();
        Ok(Identified {
            requester: self,
            state,
            vca_len,
            chain,
            further,
            key: connection.key,
        })
    }
}
