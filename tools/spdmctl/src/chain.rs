// SPDX-License-Identifier: GPL-2.0

//! SPDM certificate chains: their form, and their certificates for other tools.

use kernel::validate::Untrusted;
use pem_rfc7468::LineEnding;
use rspdm_proto::proto::{
    algorithm::BaseHash,
    error,
    wire::cert_chain::CertChain, //
};

use crate::{
    error::{
        Error,
        Result, //
    },
    evidence::{
        Evidence,
        ObjectType, //
    },
    transcript::Negotiation,
};

/// Splits a chain into RootHash, which is as long as `hash` makes it, and certificates.
///
/// # Errors
///
/// What is wrong, in words.
pub fn parse(bytes: &[u8], hash: BaseHash) -> std::result::Result<CertChain<'_>, String> {
    let chain: std::result::Result<CertChain<'_>, error::Error> =
        Untrusted::from_ref(bytes).validate_with(hash);
    chain.map_err(|error| error.to_string())
}

/// The certificates of chain `bytes` in DER, root side first; `evidence` says with which hash.
///
/// # Errors
///
/// A malformed error if there is no chain in `bytes`, or no negotiation in `evidence`.
pub fn certificates<'a>(
    kind: ObjectType,
    bytes: &'a [u8],
    evidence: &Evidence,
) -> Result<impl Iterator<Item = &'a [u8]>> {
    let malformed = |kind, what: String| Error::malformed(format!("{kind}: {what}"));
    let vca = evidence
        .bytes(ObjectType::Vca)
        .ok_or_else(|| malformed(ObjectType::Vca, "there is none".to_owned()))?;
    let negotiation =
        Negotiation::parse(vca).map_err(|fault| malformed(ObjectType::Vca, fault.to_string()))?;
    let chain =
        parse(bytes, negotiation.state.algorithms.hash).map_err(|what| malformed(kind, what))?;
    Ok(chain.certificates.iter())
}

/// The certificates of chain `bytes` as PEM, root side first; `evidence` says with which hash.
///
/// # Errors
///
/// As [`certificates`].
pub fn pem(kind: ObjectType, bytes: &[u8], evidence: &Evidence) -> Result<String> {
    certificates(kind, bytes, evidence)?
        .map(|der| {
            pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, der)
                .map_err(|error| Error::environment(format!("PEM: {error}")))
        })
        .collect()
}
