// SPDX-License-Identifier: GPL-2.0

//! CHALLENGE: let the device sign everything that was said, and verify that it did.

use super::{
    exchange::Terms,
    identify::Identified,
    Environment,
    Freshness,
    Requester, //
};
use crate::proto::{
    crypto::{
        Crypto,
        Verdict, //
    },
    error::{
        Error,
        Fault,
        Part,
        Rejected, //
    },
    message::Request,
    negotiated::NegotiatedState,
    record::{
        Record,
        TranscriptLayout, //
    },
    signing::{
        signing_input,
        Purpose, //
    },
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
    requester: &'r mut Requester<E>,
    record: Record,
    key: <E::Crypto as Crypto>::Key,
    _signature: SignatureValid,
}

/// Proof that a signature was verified: only [`verify`] makes it.
struct SignatureValid(());

impl<'r, E: Environment> Identified<'r, E> {
    /// Challenges the slot whose chain was fetched.
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
        let valid = verify(crypto, &self.state, &self.key, signed, response.signature)?;
        transcript.append_part(response.signature)?;

        let layout = TranscriptLayout {
            vca_len: self.vca_len,
            requester_nonce: request_at.saturating_add(REQUEST_NONCE_OFFSET),
            responder_nonce: response_at.saturating_add(response.nonce_offset),
            signature: signature_at,
            signature_len: response.signature.len(),
        };
        let record = Record {
            state: self.state,
            chain: self.chain,
            layout,
        };
        Ok(Authenticated {
            requester: self.requester,
            record,
            key: self.key,
            _signature: valid,
        })
    }
}

impl<E: Environment> Authenticated<'_, E> {
    /// What is known of the device.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

/// Verifies the signature of CHALLENGE_AUTH over a transcript.
fn verify<C: Crypto>(
    crypto: &C,
    state: &NegotiatedState,
    key: &C::Key,
    transcript: &[u8],
    signature: &[u8],
) -> Result<SignatureValid, Error> {
    let algorithms = state.algorithms;
    let purpose = Purpose::ChallengeAuth;
    let input = signing_input(crypto, state.version, purpose, algorithms.hash, transcript)
        .map_err(crypto_error)?;
    match crypto
        .verify(key, algorithms.asym, &input, signature)
        .map_err(crypto_error)?
    {
        Verdict::Valid => Ok(SignatureValid(())),
        Verdict::Invalid => Err(Error::Rejected(Rejected::Signature)),
    }
}

fn crypto_error(fault: Fault) -> Error {
    Error::Environment {
        part: Part::Crypto,
        fault,
    }
}
