// SPDX-License-Identifier: GPL-2.0

//! GET_DIGESTS and GET_CERTIFICATE: get the chain of one slot, and its leaf's key; and the chains
//! of other slots if they are wanted too.

use core::ops::Range;

use kernel::validate::Untrusted;

use super::{
    exchange::Terms,
    negotiate::Negotiated,
    signature::crypto_error,
    Environment,
    Requester,
    Store, //
};
use crate::proto::{
    algorithm::BaseHash,
    crypto::{
        digest,
        ChainError,
        Crypto,
        Digest,
        Links, //
    },
    error::{
        Error,
        Misbehaved,
        Part,
        Rejected,
        Unsupported, //
    },
    message::{
        Request,
        Response, //
    },
    negotiated::NegotiatedState,
    record::{
        ChainFacts,
        FurtherChains, //
    },
    slot::{
        SlotChoice,
        SlotId,
        SlotMask, //
    },
    transcript::memory,
    wire::{
        cert_chain::CertChain,
        certificate::{
            self,
            Certificate,
            Form,
            Wanted, //
        },
        digests::{
            self,
            Digests, //
        }, //
    }, //
};

/// The chain of one slot is complete and consistent, and its leaf has a key that can be used.
///
/// Whether that is the device's key is not known yet.
pub struct Identified<'r, E: Environment> {
    pub(super) requester: &'r mut Requester<E>,
    pub(super) state: NegotiatedState,
    pub(super) vca_len: usize,
    /// The slot, and what is known of its chain.
    pub(super) chain: ChainFacts,
    /// What is known of other slots' chains.
    pub(super) further: FurtherChains,
    /// The key of that slot's leaf: no other key is ever used for its signature.
    pub(super) key: <E::Crypto as Crypto>::Key,
}

impl<'r, E: Environment> Negotiated<'r, E> {
    /// Fetches the certificate chain of the slot that the policy chooses, and looks at it; then
    /// those of the further slots that the policy names, as far as they hold one.
    ///
    /// # Errors
    ///
    /// If the slot has no chain, or its chain is not what the device announced, is not consistent
    /// in itself, or has no key that could be used. The chains of further slots need no such key.
    pub fn identify(self) -> Result<Identified<'r, E>, Error> {
        let Self {
            requester,
            state,
            vca_len,
        } = self;
        let announced = requester.digests(&state)?;
        requester.fetch_chain(&state, &announced, announced.slot)?;
        let (chain, key) = requester.examine_chain(&state, &announced)?;
        let further = requester.further_chains(&state, &announced)?;
        Ok(Identified {
            requester,
            state,
            vca_len,
            chain,
            further,
            key,
        })
    }
}

/// What DIGESTS says.
struct Announced {
    /// The slot that was chosen.
    slot: SlotId,
    /// The slots that hold a chain.
    provisioned: SlotMask,
    /// Those of them whose key may answer CHALLENGE.
    challengeable: SlotMask,
    /// Where the message is in the transcript: its digests are much for a stack.
    digests: Range<usize>,
}

impl<E: Environment> Requester<E> {
    /// Asks for the digests and chooses a slot.
    fn digests(&mut self, state: &NegotiatedState) -> Result<Announced, Error> {
        let request = digests::encode(state.version);
        let raw = self
            .channel
            .exchange(Request::GetDigests, &request, Terms::of(state))?;
        let response: Digests<'_> = raw.validate_with(terms_of(state))?;
        let provisioned = response.provisioned;
        let challengeable = response.challengeable;
        let slot = choose(self.policy.slot, provisioned, challengeable)?;
        self.transcript.append_part(request.as_bytes())?;
        let start = self.transcript.len();
        self.transcript.append_part(response.bytes)?;
        Ok(Announced {
            slot,
            provisioned,
            challengeable,
            digests: start..self.transcript.len(),
        })
    }

    /// Fetches the chain, portion by portion.
    ///
    /// Every portion has at least one byte and the total stays what the first one said, so this
    /// ends; that it ends soon is up to the budget.
    fn fetch_chain(
        &mut self,
        state: &NegotiatedState,
        announced: &Announced,
        slot: SlotId,
    ) -> Result<(), Error> {
        let form = if state.peer.flags.has_large_responses() {
            Form::Large
        } else {
            Form::Small
        };
        // What fits in one transfer: chunks would only cost more.
        let transfer_size = self.channel.own_sizes().data_transfer_size;
        let portion_max = transfer_size
            .saturating_sub(form.overhead())
            .min(form.portion_len_max());
        let said = self.transcript.bytes();
        let key = announced_digests(said, state, announced)?.key_of(slot);
        let mut wanted = Wanted {
            slot,
            offset: 0,
            len: portion_max,
            form,
            model: key.map(|key| key.model),
        };
        let mut total = None;
        loop {
            let request = certificate::encode(state.version, wanted);
            let terms = Terms::of(state);
            let raw = self
                .channel
                .exchange(Request::GetCertificate, &request, terms)?;
            let response: Certificate<'_> = raw.validate_with((state.version, wanted))?;
            check_total(&mut total, wanted, &response)?;
            let chain = self.chains.of_mut(slot);
            chain.append(response.portion).map_err(memory)?;
            self.transcript.append(request.as_bytes(), response.bytes)?;
            if response.remainder == 0 {
                return Ok(());
            }
            // The fallback is never taken: the total has 32 bits.
            wanted.offset = u32::try_from(chain.bytes().len()).unwrap_or(u32::MAX);
            wanted.len = response.remainder.min(portion_max);
        }
    }

    /// Checks that the chain is what was announced and consistent in itself, and gets its key.
    fn examine_chain(
        &mut self,
        state: &NegotiatedState,
        announced: &Announced,
    ) -> Result<(ChainFacts, <E::Crypto as Crypto>::Key), Error> {
        let slot = announced.slot;
        let Self {
            chains,
            crypto,
            transcript,
            ..
        } = self;
        let hash = state.algorithms.hash;
        let bytes = chains.of(slot).bytes();
        let said = transcript.bytes();
        let (chain, digest) = announced_chain(crypto, said, state, announced, slot, bytes)?;
        let leaf = crypto
            .leaf_key(chain.certificates, state.algorithms.asym)
            .map_err(chain_error)?;
        check_root(crypto, hash, &chain, &leaf.links)?;
        let facts = ChainFacts {
            slot,
            provisioned: announced.provisioned,
            challengeable: announced.challengeable,
            key: announced_digests(said, state, announced)?.key_of(slot),
            digest,
            certificates: chain.certificates.count(),
            first_is_root: leaf.links.first_is_root,
            unverified_links: leaf.links.unverified_links,
        };
        Ok((facts, leaf.key))
    }

    /// Fetches and checks the chains of further slots.
    ///
    /// Before the challenge, which thus signs them too: as what the device said, not as its own.
    fn further_chains(
        &mut self,
        state: &NegotiatedState,
        announced: &Announced,
    ) -> Result<FurtherChains, Error> {
        let wanted = self.policy.further.intersection(announced.provisioned);
        let wanted = wanted.without(announced.slot);
        let budget = self.policy.budget.with_further_slots(wanted.count());
        self.channel.set_budget(budget);
        let mut further = FurtherChains::NONE;
        for slot in SlotId::ALL {
            if !wanted.contains(slot) {
                continue;
            }
            self.fetch_chain(state, announced, slot)?;
            let Self {
                chains,
                crypto,
                transcript,
                ..
            } = self;
            let hash = state.algorithms.hash;
            let bytes = chains.of(slot).bytes();
            let said = transcript.bytes();
            let (chain, _) = announced_chain(crypto, said, state, announced, slot, bytes)?;
            let certificates = chain.certificates;
            let links = crypto.check_links(certificates).map_err(chain_error)?;
            check_root(crypto, hash, &chain, &links)?;
            further = FurtherChains {
                slots: further.slots.with(slot),
                certificates: further.certificates.saturating_add(certificates.count()),
                unverified_links: further
                    .unverified_links
                    .saturating_add(links.unverified_links),
            };
        }
        Ok(further)
    }
}

/// What DIGESTS said, which is in the transcript.
fn announced_digests<'t>(
    transcript: &'t [u8],
    state: &NegotiatedState,
    announced: &Announced,
) -> Result<Digests<'t>, Error> {
    // The fallback is never taken: the message is there, and was looked at before.
    let bytes = transcript.get(announced.digests.clone());
    let raw: &Untrusted<[u8]> = Untrusted::from_ref(bytes.unwrap_or_default());
    raw.validate_with(terms_of(state))
}

/// What DIGESTS depends on.
fn terms_of(state: &NegotiatedState) -> digests::Terms {
    digests::Terms {
        version: state.version,
        hash: state.algorithms.hash,
        is_multi_key: state.is_multi_key,
    }
}

/// Parses a chain. Its digest is the one that was announced for the slot.
fn announced_chain<'c, C: Crypto>(
    crypto: &C,
    transcript: &[u8],
    state: &NegotiatedState,
    announced: &Announced,
    slot: SlotId,
    bytes: &'c [u8],
) -> Result<(CertChain<'c>, Digest), Error> {
    let hash = state.algorithms.hash;
    let chain: CertChain<'_> = Untrusted::from_ref(bytes).validate_with(hash)?;
    let digests = announced_digests(transcript, state, announced)?;
    let digest = digest(crypto, hash, &[bytes]).map_err(crypto_error)?;
    if digests.of(slot) != Some(digest) {
        let slot = slot.number();
        return Err(Error::Rejected(Rejected::ChainDigest { slot }));
    }
    Ok((chain, digest))
}

/// Checks RootHash, if the root is there.
fn check_root<C: Crypto>(
    crypto: &C,
    hash: BaseHash,
    chain: &CertChain<'_>,
    links: &Links,
) -> Result<(), Error> {
    if !links.first_is_root {
        return Ok(());
    }
    let first = digest(crypto, hash, &[chain.certificates.first()]).map_err(crypto_error)?;
    if first != *chain.root_hash {
        return Err(Error::Rejected(Rejected::RootHash));
    }
    Ok(())
}

/// The slot to be challenged.
fn choose(
    choice: SlotChoice,
    provisioned: SlotMask,
    challengeable: SlotMask,
) -> Result<SlotId, Error> {
    let slot = match choice {
        SlotChoice::Slot(slot) => Some(slot),
        SlotChoice::Lowest => challengeable.lowest().or(provisioned.lowest()),
    };
    let Some(slot) = slot.filter(|slot| provisioned.contains(*slot)) else {
        return Err(Error::Unsupported(Unsupported::Slot {
            slot: slot.map_or(0, SlotId::number),
            mask: provisioned.to_wire(),
        }));
    };
    if !challengeable.contains(slot) {
        return Err(Error::Unsupported(Unsupported::KeyUsage {
            mask: challengeable.to_wire(),
        }));
    }
    Ok(slot)
}

/// Checks that all portions tell the same total, and that it is a possible one.
fn check_total(
    total: &mut Option<u32>,
    wanted: Wanted,
    response: &Certificate<'_>,
) -> Result<(), Error> {
    let portion = u32::try_from(response.portion.len()).unwrap_or(u32::MAX);
    let found = portion
        .saturating_add(wanted.offset)
        .saturating_add(response.remainder);
    let expected = *total.get_or_insert(found.min(wanted.form.chain_len_max()));
    if found != expected {
        return Err(Error::Misbehaved {
            response: Response::Certificate,
            what: Misbehaved::Total { expected, found },
        });
    }
    Ok(())
}

fn chain_error(error: ChainError) -> Error {
    match error {
        ChainError::Malformed { position } => Error::Rejected(Rejected::Certificate { position }),
        ChainError::Link { position } => Error::Rejected(Rejected::Link { position }),
        ChainError::LeafKey => Error::Rejected(Rejected::LeafKey),
        ChainError::LeafUsage => Error::Rejected(Rejected::LeafUsage),
        ChainError::Unusable { position } => Error::Unusable { position },
        ChainError::Identity(fault) => Error::Environment {
            part: Part::Identity,
            fault,
        },
        ChainError::Fault(fault) => crypto_error(fault),
    }
}
