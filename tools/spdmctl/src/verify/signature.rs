// SPDX-License-Identifier: GPL-2.0

//! Signatures: that the key of the device's certificate made them.

use std::ops::Range;

use rspdm_host::crypto::RustCrypto;
use rspdm_proto::proto::{
    algorithm::AsymAlgo,
    crypto::{
        ChainError,
        Crypto,
        SigningInput,
        Verdict, //
    },
    error::Fault,
    negotiated::NegotiatedState,
    signing::{
        signing_input,
        Purpose, //
    },
    version::Version,
    wire::cert_chain::Certificates,
};

use super::Judge;
use crate::{
    evidence::ObjectType,
    report::{
        Check,
        Outcome,
        Subject, //
    },
    transcript::{
        Measurements,
        Transcript, //
    },
    verify::Presence,
};

impl Judge<'_> {
    /// Judges the signature of the challenge; true if it is good.
    pub(super) fn signature(&mut self, transcript: &Transcript<'_>, leaf: &[u8]) -> bool {
        let state = &transcript.negotiation.state;
        let algorithms = state.algorithms;
        let input = |crypto: &RustCrypto| {
            signing_input(
                crypto,
                state.version,
                Purpose::ChallengeAuth,
                (algorithms.asym, algorithms.hash),
                transcript.signed,
            )
        };
        let result = verdict(algorithms.asym, leaf, input, transcript.auth.signature);
        // A signature does not tell which of the bytes that it is over is wrong.
        let suspects = 0..transcript.signature.end;
        let check = check(Subject::Signature, algorithms.asym, &result);
        let is_good = check.outcome == Outcome::Pass;
        self.add(match result {
            Ok(Verdict::Invalid) => check.at(ObjectType::Challenge, &suspects),
            _ => check,
        });
        is_good
    }

    /// Judges the signature of the measurements; the object's first `vouched` bytes are known to be
    /// the device's.
    pub(super) fn measurements_signature(
        &mut self,
        measurements: &Measurements<'_>,
        state: &NegotiatedState,
        leaf: &[u8],
        vouched: usize,
    ) {
        let subject = Subject::MeasurementsSignature;
        let Some(signature) = measurements.signature.clone() else {
            let unsigned = "not signed: anybody on the way to the device may have made them up";
            let outcome = match self.demands.measurements.presence() {
                Presence::Signed => Outcome::Refused,
                Presence::Optional | Presence::Present => Outcome::NotJudged,
            };
            let all = measurements.messages[1].range.clone();
            let check = Check::new(subject, outcome, unsigned);
            self.add(match outcome {
                Outcome::Refused => check.at(ObjectType::Measurements, &all),
                _ => check,
            });
            return;
        };
        let algorithms = state.algorithms;
        let input = |crypto: &RustCrypto| {
            signing_input(
                crypto,
                state.version,
                Purpose::Measurements,
                (algorithms.asym, algorithms.hash),
                measurements.signed,
            )
        };
        let bytes = self.bytes(ObjectType::Measurements).unwrap_or_default();
        let bytes = bytes.get(signature.clone()).unwrap_or_default();
        let result = verdict(algorithms.asym, leaf, input, bytes);
        let check = check(subject, algorithms.asym, &result);
        self.add(match result {
            Ok(Verdict::Invalid) => {
                let suspects = self.suspects(measurements, state.version, vouched, &signature);
                check.at(ObjectType::Measurements, &suspects)
            }
            _ => check,
        });
    }

    /// The bytes of which one must be wrong if the signature is.
    ///
    /// GET_MEASUREMENTS was compared byte by byte, but for a nonce that nobody gave.
    fn suspects(
        &self,
        measurements: &Measurements<'_>,
        version: Version,
        vouched: usize,
        signature: &Range<usize>,
    ) -> Range<usize> {
        let [request, response] = &measurements.messages;
        // Before 1.2 there is nothing in front of the request.
        let in_front = if version >= Version::V1_2 { vouched } else { 0 };
        let start = match self.demands.nonce {
            Some(_) if in_front == request.range.start => response.range.start,
            _ => in_front,
        };
        start..signature.end
    }
}

fn check(subject: Subject, asym: AsymAlgo, result: &Result<Verdict, ChainError>) -> Check {
    let signed = match subject {
        Subject::MeasurementsSignature => "the measurements",
        _ => "the transcript",
    };
    let refused = |detail: String| Check::new(subject, Outcome::Refused, detail);
    match result {
        Ok(Verdict::Valid) => Check::new(
            subject,
            Outcome::Pass,
            format!("the key of the device's certificate signed {signed}"),
        ),
        Ok(Verdict::Invalid) => refused(format!(
            "the key of the device's certificate did not sign {signed}"
        )),
        Err(ChainError::LeafKey) => refused(format!(
            "the key of the device's certificate is not one for {asym}"
        )),
        Err(ChainError::LeafUsage) => refused("the device's certificate must not sign".to_owned()),
        Err(ChainError::Unusable { .. }) => refused(format!(
            "the key of the device's certificate cannot be used here, {asym} expected"
        )),
        Err(
            ChainError::Malformed { .. }
            | ChainError::Link { .. }
            | ChainError::Identity(_)
            | ChainError::Fault(_),
        ) => refused("the key of the device's certificate cannot be read".to_owned()),
    }
}

/// Verifies a signature with the key of the last certificate, whatever those before it are worth.
fn verdict(
    asym: AsymAlgo,
    leaf: &[u8],
    input: impl FnOnce(&RustCrypto) -> Result<SigningInput, Fault>,
    signature: &[u8],
) -> Result<Verdict, ChainError> {
    let mut crypto = RustCrypto::new();
    let leaf = Certificates::split(leaf).map_err(|_| ChainError::Malformed { position: 0 })?;
    let key = crypto.leaf_key(leaf, asym)?.key;
    let input = input(&crypto).map_err(ChainError::Fault)?;
    crypto
        .verify(&key, asym, &input, signature)
        .map_err(ChainError::Fault)
}
