// SPDX-License-Identifier: GPL-2.0

//! CHALLENGE: let the device sign everything that was said, and verify that it did.

use super::{
    exchange::Terms,
    identify::Identified,
    signature::{
        verify,
        SignatureValid, //
    },
    Environment,
    Freshness,
    Requester, //
};
use crate::proto::{
    crypto::Crypto,
    error::{
        Error,
        Rejected, //
    },
    message::Request,
    negotiated::NegotiatedState,
    record::{
        ChainFacts,
        ChallengeLayout,
        FurtherChains, //
    },
    signing::Purpose,
    wire::challenge::{
        self,
        Asked,
        ChallengeAuth,
        REQUEST_NONCE_OFFSET, //
    }, //
};

/// The owner of the leaf's key signed everything that was said, and our nonce.
///
/// Who that is, is for the certificates to tell, and whether to trust them, for user space.
pub struct Authenticated<'r, E: Environment> {
    pub(super) requester: &'r mut Requester<E>,
    pub(super) state: NegotiatedState,
    pub(super) chain: ChainFacts,
    pub(super) further: FurtherChains,
    /// Where to find what in the challenge transcript.
    pub(super) layout: ChallengeLayout,
    pub(super) key: <E::Crypto as Crypto>::Key,
    _signature: SignatureValid,
}

impl<'r, E: Environment> Identified<'r, E> {
    /// Challenges the slot whose chain is known.
    ///
    /// # Errors
    ///
    /// If the device does not answer for that slot and chain, or its signature does not verify.
    pub fn challenge(self, freshness: &Freshness) -> Result<Authenticated<'r, E>, Error> {
        let asked = Asked {
            version: self.state.version,
            algorithms: self.state.algorithms,
            slot: self.chain.slot,
            nonce: freshness.nonce,
            context: freshness.context,
        };
        let request = challenge::encode(&asked);
        let terms = Terms::of(&self.state);
        let Requester {
            channel,
            crypto,
            transcript,
            ..
        } = &mut *self.requester;

        let raw = channel.exchange(Request::Challenge, &request, terms)?;
        let response: ChallengeAuth<'_> = raw.validate_with(&asked)?;
        if self.chain.digest != *response.cert_chain_hash {
            return Err(Error::Rejected(Rejected::CertChainHash));
        }
        let request_at = transcript.len();
        transcript.append_part(request.as_bytes())?;
        let response_at = transcript.len();
        transcript.append_part(response.signed)?;
        let signature_at = transcript.len();

        let signed = transcript.bytes();
        let purpose = Purpose::ChallengeAuth;
        let signature = response.signature;
        let valid = verify(crypto, &self.state, &self.key, purpose, signed, signature)?;
        transcript.append_part(signature)?;

        let layout = ChallengeLayout {
            vca_len: self.vca_len,
            requester_nonce: request_at.saturating_add(REQUEST_NONCE_OFFSET),
            responder_nonce: response_at.saturating_add(response.nonce_offset),
            signature: signature_at,
            signature_len: signature.len(),
        };
        Ok(Authenticated {
            requester: self.requester,
            state: self.state,
            chain: self.chain,
            further: self.further,
            layout,
            key: self.key,
            _signature: valid,
        })
    }
}
