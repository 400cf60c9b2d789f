// SPDX-License-Identifier: GPL-2.0

//! The measurements of a set of evidence.

use crate::{
    error::{
        Error,
        Result, //
    },
    evidence::{
        Evidence,
        ObjectType, //
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
    let object = |kind| {
        let missing = || Error::environment(format!("there is no object {kind}"));
        evidence.bytes(kind).ok_or_else(missing)
    };
    let malformed = |kind, fault| Error::malformed(format!("{kind}: {fault}"));
    let kind = ObjectType::Measurements;
    let bytes = object(kind)?;
    let vca = object(ObjectType::Vca)?;
    let negotiation = Negotiation::parse(vca).map_err(|fault| malformed(ObjectType::Vca, fault))?;
    Measurements::parse(bytes, vca, &negotiation.state).map_err(|fault| malformed(kind, fault))
}
