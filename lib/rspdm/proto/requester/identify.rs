// SPDX-License-Identifier: GPL-2.0

//! GET_DIGESTS and GET_CERTIFICATE: get the chain of one slot, and its leaf's key.

use kernel::validate::Untrusted;

use super::{
    exchange::Terms,
    negotiate::Negotiated,
    Environment,
    Requester,
    Store, //
};
use crate::proto::{
    crypto::{
        digest,
        ChainError,
        Crypto,
        Digest, //
    },
    error::{
        Error,
        Fault,
        Misbehaved,
        Part,
        Rejected,
        Unsupported, //
    },
    limits::CHAIN_LEN_MAX,
    message::{
        Request,
        Response, //
    },
    negotiated::NegotiatedState,
    record::ChainFacts,
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
    /// The key of that slot's leaf: no other key is ever used for its signature.
    pub(super) key: <E::Crypto as Crypto>::Key,
}

impl<'r, E: Environment> Negotiated<'r, E> {
    /// Fetches the certificate chain of the slot that the policy chooses, and looks at it.
    ///
    /// # Errors
    ///
    /// If the slot has no chain, or its chain is not what the device announced, is not consistent
    /// in itself, or has no key that could be used.
    pub fn identify(self) -> Result<Identified<'r, E>, Error> {
        let Self {
            requester,
            state,
            vca_len,
        } = self;
        let announced = requester.digests(&state)?;
        requester.fetch_chain(&state, announced.slot)?;
        let (chain, key) = requester.examine_chain(&state, &announced)?;
        Ok(Identified {
            requester,
            state,
            vca_len,
            chain,
            key,
        })
    }
}

impl<E: Environment> Identified<'_, E> {
    /// What was agreed on.
    pub fn state(&self) -> &NegotiatedState {
        &self.state
    }

    /// What is known of the chain.
    pub fn chain(&self) -> &ChainFacts {
        &self.chain
    }
}

/// What DIGESTS says of the chosen slot.
struct Announced {
    slot: SlotId,
    provisioned: SlotMask,
    digest: Digest,
}

impl<E: Environment> Requester<E> {
    /// Asks for the digests and chooses a slot.
    fn digests(&mut self, state: &NegotiatedState) -> Result<Announced, Error> {
        let request = digests::encode(state.version);
        let raw = self
            .channel
            .exchange(Request::GetDigests, &request, Terms::of(state))?;
        let response: Digests<'_> = raw.validate_with((state.version, state.algorithms.hash))?;
        let announced = choose(self.policy.slot, &response)?;
        self.transcript.append(request.as_bytes(), response.bytes)?;
        Ok(announced)
    }

    /// Fetches the chain, portion by portion.
    ///
    /// Every portion has at least one byte and the total stays what the first one said, so this
    /// ends; that it ends soon is up to the budget.
    fn fetch_chain(&mut self, state: &NegotiatedState, slot: SlotId) -> Result<(), Error> {
        let transfer_max = self
            .channel
            .data_transfer_size()
            .saturating_sub(certificate::OVERHEAD);
        let portion_max = u16::try_from(transfer_max).unwrap_or(u16::MAX);
        let mut wanted = Wanted {
            slot,
            offset: 0,
            len: portion_max,
        };
        let mut total = None;
        loop {
            let request = certificate::encode(state.version, wanted);
            let terms = Terms::of(state);
            let raw = self
                .channel
                .exchange(Request::GetCertificate, &request, terms)?;
            let response: Certificate<'_> = raw.validate_with((state.version, wanted))?;
            check_total(&mut total, wanted.offset, &response)?;
            self.chain.append(response.portion).map_err(memory)?;
            self.transcript.append(request.as_bytes(), response.bytes)?;
            if response.remainder == 0 {
                return Ok(());
            }
            // The fallback is never taken: the total has 16 bits.
            wanted.offset = u16::try_from(self.chain.bytes().len()).unwrap_or(u16::MAX);
            wanted.len = response.remainder.min(portion_max);
        }
    }

    /// Checks that the chain is what was announced and consistent in itself, and gets its key.
    fn examine_chain(
        &mut self,
        state: &NegotiatedState,
        announced: &Announced,
    ) -> Result<(ChainFacts, <E::Crypto as Crypto>::Key), Error> {
        let hash = state.algorithms.hash;
        let bytes = self.chain.bytes();
        let chain: CertChain<'_> = Untrusted::from_ref(bytes).validate_with(hash)?;
        let chain_digest = digest(&self.crypto, hash, &[bytes]).map_err(crypto)?;
        if chain_digest != announced.digest {
            let slot = announced.slot.number();
            return Err(Error::Rejected(Rejected::ChainDigest { slot }));
        }
        let certificates = chain.certificates;
        let leaf = self
            .crypto
            .leaf_key(certificates, state.algorithms.asym)
            .map_err(chain_error)?;
        if leaf.first_is_root {
            let first = digest(&self.crypto, hash, &[certificates.first()]).map_err(crypto)?;
            if first != *chain.root_hash {
                return Err(Error::Rejected(Rejected::RootHash));
            }
        }
        let facts = ChainFacts {
            slot: announced.slot,
            provisioned: announced.provisioned,
            digest: chain_digest,
            certificates: certificates.count(),
            first_is_root: leaf.first_is_root,
            unverified_links: leaf.unverified_links,
        };
        Ok((facts, leaf.key))
    }
}

fn choose(choice: SlotChoice, digests: &Digests<'_>) -> Result<Announced, Error> {
    let provisioned = digests.provisioned;
    let slot = match choice {
        SlotChoice::Slot(slot) => Some(slot),
        SlotChoice::Lowest => provisioned.lowest(),
    };
    let announced = slot.and_then(|slot| {
        digests.of(slot).map(|digest| Announced {
            slot,
            provisioned,
            digest,
        })
    });
    announced.ok_or(Error::Unsupported(Unsupported::Slot {
        slot: slot.map_or(0, SlotId::number),
        mask: provisioned.to_wire(),
    }))
}

/// Checks that all portions tell the same total, and that it is a possible one.
fn check_total(
    total: &mut Option<u32>,
    offset: u16,
    response: &Certificate<'_>,
) -> Result<(), Error> {
    let portion = u32::try_from(response.portion.len()).unwrap_or(u32::MAX);
    let found = portion
        .saturating_add(offset.into())
        .saturating_add(response.remainder.into());
    let expected = *total.get_or_insert(found.min(CHAIN_LEN_MAX));
    if found != expected {
        return Err(Error::Misbehaved {
            response: Response::Certificate,
            what: Misbehaved::Total { expected, found },
        });
    }
    Ok(())
}

fn crypto(fault: Fault) -> Error {
    Error::Environment {
        part: Part::Crypto,
        fault,
    }
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
        ChainError::Fault(fault) => crypto(fault),
    }
}
