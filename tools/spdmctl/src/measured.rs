// SPDX-License-Identifier: GPL-2.0

//! The measurements of a set of evidence: read, and written down for other verifiers.

use pem_rfc7468::LineEnding;
use rspdm_proto::proto::version::Version;

use crate::{
    chain, cmw,
    error::{
        Error,
        Result, //
    },
    evidence::{
        Evidence,
        ObjectType,
        Slot, //
    },
    transcript::{
        Measurements,
        Negotiation, //
    },
};

/// Reads the measurements of `evidence`, without judging them.
///
/// # Errors
///
/// An environment error if there are none, a malformed one if they cannot be read.
pub fn measurements(evidence: &Evidence) -> Result<Measurements<'_>> {
    read(evidence).map(|(_, measurements)| measurements)
}

fn read(evidence: &Evidence) -> Result<(Negotiation, Measurements<'_>)> {
    let object = |kind| {
        let missing = || Error::environment(format!("there is no object {kind}"));
        evidence.bytes(kind).ok_or_else(missing)
    };
    let malformed = |kind, fault| Error::malformed(format!("{kind}: {fault}"));
    let kind = ObjectType::Measurements;
    let bytes = object(kind)?;
    let vca = object(ObjectType::Vca)?;
    let negotiation = Negotiation::parse(vca).map_err(|fault| malformed(ObjectType::Vca, fault))?;
    let measurements = Measurements::parse(bytes, vca, &negotiation.state)
        .map_err(|fault| malformed(kind, fault))?;
    Ok((negotiation, measurements))
}

/// Writes measurements and certificates as a collection for other verifiers.
///
/// # Errors
///
/// An environment error if the evidence has not what a collection needs; a malformed one if it
/// cannot be read.
pub fn collection(evidence: &Evidence) -> Result<String> {
    let (negotiation, measurements) = read(evidence)?;
    let version = negotiation.state.version;
    if version < Version::V1_2 {
        return Err(Error::environment(format!(
            "measurements of SPDM {version} do not say what was negotiated: no verifier can judge \
             them alone"
        )));
    }
    let (Some((nonce, _)), Some(slot)) = (&measurements.requester_nonce, measurements.slot) else {
        return Err(Error::environment(
            "the measurements are not signed: no verifier can judge them",
        ));
    };
    let kind = Slot::new(slot).map(ObjectType::Cert);
    let missing = || Error::environment(format!("there is no chain of slot {slot}"));
    let kind = kind.ok_or_else(missing)?;
    let bytes = evidence.bytes(kind).ok_or_else(missing)?;
    let mut certificates: Vec<&[u8]> = chain::certificates(kind, bytes, evidence)?.collect();
    // Others want the device's own certificate first.
    certificates.reverse();
    let mut pem = String::new();
    for der in certificates {
        let text = pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, der)
            .map_err(|error| Error::environment(format!("PEM: {error}")))?;
        pem.push_str(&text);
    }
    let object = evidence.bytes(ObjectType::Measurements).unwrap_or_default();
    Ok(cmw::render(&evidence.device.address, object, &pem, nonce))
}
