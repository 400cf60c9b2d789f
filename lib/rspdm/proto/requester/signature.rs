// SPDX-License-Identifier: GPL-2.0

//! Signatures of the device: where they are verified, and the proof that they were.

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
    negotiated::NegotiatedState,
    signing::{
        signing_input,
        Purpose, //
    }, //
};

/// Proof that a signature was verified: only [`verify`] makes it.
pub(super) struct SignatureValid(());

/// Verifies a signature over a transcript with the key of the slot that was asked to sign.
pub(super) fn verify<C: Crypto>(
    crypto: &C,
    state: &NegotiatedState,
    key: &C::Key,
    purpose: Purpose,
    transcript: &[u8],
    signature: &[u8],
) -> Result<SignatureValid, Error> {
    let algorithms = state.algorithms;
    let signed_with = (algorithms.asym, algorithms.hash);
    let input = signing_input(crypto, state.version, purpose, signed_with, transcript)
        .map_err(crypto_error)?;
    match crypto
        .verify(key, algorithms.asym, &input, signature)
        .map_err(crypto_error)?
    {
        Verdict::Valid => Ok(SignatureValid(())),
        Verdict::Invalid => Err(Error::Rejected(Rejected::Signature {
            response: purpose.response(),
        })),
    }
}

/// The error of a [`Crypto`] as that of an operation.
pub(super) fn crypto_error(fault: Fault) -> Error {
    Error::Environment {
        part: Part::Crypto,
        fault,
    }
}
