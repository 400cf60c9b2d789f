// SPDX-License-Identifier: GPL-2.0

//! GET_MEASUREMENTS: let the device tell, and sign if it can, what it runs.
//!
//! After CHALLENGE only. Before it, the request would take digests and certificates out of what
//! CHALLENGE_AUTH signs; and measurements of a device that is not known are worth nothing.

use super::{
    challenge::Authenticated,
    exchange::Terms,
    signature::verify,
    Environment,
    Freshness,
    Requester,
    Store, //
};
use crate::proto::{
    crypto::Crypto,
    error::Error,
    message::Request,
    negotiated::{
        Measurable,
        NegotiatedState, //
    },
    record::{
        ChainFacts,
        MeasurementFacts,
        MeasurementsLayout,
        Record, //
    },
    signing::Purpose,
    slot::SlotId,
    version::Version,
    wire::measurements::{
        self,
        Asked,
        Measurements,
        REQUEST_NONCE_OFFSET, //
    }, //
};

/// The device is authenticated, and has told its measurements if it has any.
///
/// If it can sign them, it did, and the same key signed as at the challenge.
pub struct Measured<E: Environment> {
    record: Record,
    key: <E::Crypto as Crypto>::Key,
}

impl<E: Environment> Authenticated<'_, E> {
    /// Asks for all measurements. A device that cannot measure is not asked.
    ///
    /// # Errors
    ///
    /// If the device does not answer as it must, or its signature does not verify.
    pub fn measure(self, freshness: &Freshness) -> Result<Measured<E>, Error> {
        let measurements = match self.state.measurements {
            None => None,
            Some(measurable) => {
                let signer = signer(&self.state, measurable, &self.chain);
                let asked = Asked {
                    version: self.state.version,
                    algorithms: self.state.algorithms,
                    hash: measurable.hash,
                    signer,
                    nonce: freshness.nonce,
                    context: freshness.context,
                };
                Some(
                    self.requester
                        .measurements(&self.state, &self.key, &asked)?,
                )
            }
        };
        let record = Record {
            state: self.state,
            chain: self.chain,
            further: self.further,
            layout: self.layout,
            measurements,
        };
        Ok(Measured {
            record,
            key: self.key,
        })
    }
}

impl<E: Environment> Measured<E> {
    pub(super) fn into_parts(self) -> (Record, <E::Crypto as Crypto>::Key) {
        (self.record, self.key)
    }
}

/// The slot whose key is to sign the measurements, if any can.
///
/// SPDM 1.0 has no field to say which: it is slot 0's. If another one was challenged, that key is
/// not known, and a signature by it would prove nothing. And with multiple keys the one that was
/// challenged may not be there for measurements. They are told unsigned then, and whoever reads
/// them sees that.
fn signer(state: &NegotiatedState, measurable: Measurable, chain: &ChainFacts) -> Option<SlotId> {
    let can_choose = state.version >= Version::V1_1 || chain.slot.number() == 0;
    let may_sign = chain
        .key
        .is_none_or(|key| key.usage.may_sign_measurements());
    (measurable.is_signable && can_choose && may_sign).then_some(chain.slot)
}

impl<E: Environment> Requester<E> {
    fn measurements(
        &mut self,
        state: &NegotiatedState,
        key: &<E::Crypto as Crypto>::Key,
        asked: &Asked,
    ) -> Result<MeasurementFacts, Error> {
        let request = measurements::encode(asked);
        let Self {
            channel,
            crypto,
            vca,
            measurements: transcript,
            ..
        } = self;
        let raw = channel.exchange(Request::GetMeasurements, &request, Terms::of(state))?;
        let response: Measurements<'_> = raw.validate_with(asked)?;

        // L1/L2: what was negotiated belongs to it from 1.2 on.
        if state.version >= Version::V1_2 {
            transcript.append_part(vca.bytes())?;
        }
        let request_at = transcript.len();
        transcript.append_part(request.as_bytes())?;
        let response_at = transcript.len();
        transcript.append_part(response.signed)?;
        let signature_at = transcript.len();

        let has_nonce = asked.signer.is_some();
        if has_nonce {
            let signed = transcript.bytes();
            let purpose = Purpose::Measurements;
            verify(crypto, state, key, purpose, signed, response.signature)?;
            transcript.append_part(response.signature)?;
        }
        Ok(MeasurementFacts {
            blocks: response.record.count(),
            layout: MeasurementsLayout {
                vca_len: request_at,
                requester_nonce: has_nonce
                    .then_some(request_at.saturating_add(REQUEST_NONCE_OFFSET)),
                responder_nonce: response_at.saturating_add(response.nonce_offset),
                signature: signature_at,
                signature_len: response.signature.len(),
            },
        })
    }
}
