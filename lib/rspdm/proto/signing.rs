// SPDX-License-Identifier: GPL-2.0

//! What a device signs: from a transcript to the input of the signature algorithm.
//!
//! DSP0274 1.2, "Signing": from 1.2 on a prefix names the version and the purpose, so that a
//! signature made for one purpose is worthless for another. Before, the hash of the transcript is
//! signed as it is: hashed once, not twice.
//!
//! Algorithms that hash what they sign get prefix and hash as the message, and the purpose once
//! more as the context string that FIPS 204 provides.

use super::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    crypto::{
        digest,
        Crypto,
        SignedMessage,
        SigningInput, //
    },
    error::Fault,
    message::Response,
    version::Version, //
};

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// CHALLENGE_AUTH of the responder.
    ChallengeAuth,
    /// MEASUREMENTS of the responder.
    Measurements,
}

impl Purpose {
    /// The standard's context string.
    pub const fn context(self) -> &'static [u8] {
        match self {
            Self::ChallengeAuth => b"responder-challenge_auth signing",
            Self::Measurements => b"responder-measurements signing",
        }
    }

    /// Zeroes and the context string: what follows the version in the prefix.
    const fn padded_context(self) -> &'static [u8; 36] {
        match self {
            Self::ChallengeAuth => b"\0\0\0\0responder-challenge_auth signing",
            Self::Measurements => b"\0\0\0\0\0\0responder-measurements signing",
        }
    }

    /// The response that has the signature.
    pub const fn response(self) -> Response {
        match self {
            Self::ChallengeAuth => Response::ChallengeAuth,
            Self::Measurements => Response::Measurements,
        }
    }
}

/// The version's part of the prefix, which is in it four times; none before 1.2.
const fn version_prefix(version: Version) -> Option<&'static [u8; 16]> {
    match version {
        Version::V1_0 | Version::V1_1 => None,
        Version::V1_2 => Some(b"dmtf-spdm-v1.2.*"),
        Version::V1_3 => Some(b"dmtf-spdm-v1.3.*"),
        Version::V1_4 => Some(b"dmtf-spdm-v1.4.*"),
    }
}

/// Length of the prefix, in bytes.
pub const PREFIX_LEN: usize = 100;

/// What stands before the hash of a transcript when it is signed; nothing before 1.2.
fn prefix(version: Version, purpose: Purpose) -> Option<[u8; PREFIX_LEN]> {
    let version = version_prefix(version)?;
    let mut prefix = [0; PREFIX_LEN];
    let pieces = [version, version, version, version].into_iter().flatten();
    let bytes = pieces.chain(purpose.padded_context());
    for (to, from) in prefix.iter_mut().zip(bytes) {
        *to = *from;
    }
    Some(prefix)
}

/// Turns a transcript into what the signature algorithm verifies.
///
/// # Errors
///
/// As [`Crypto::hasher`].
pub fn signing_input<C: Crypto>(
    crypto: &C,
    version: Version,
    purpose: Purpose,
    (asym, hash): (AsymAlgo, BaseHash),
    transcript: &[u8],
) -> Result<SigningInput, Fault> {
    let transcript_digest = digest(crypto, hash, &[transcript])?;
    let digest = match prefix(version, purpose) {
        None => transcript_digest,
        Some(prefix) if asym.is_post_quantum() => {
            let context = purpose.context();
            let message = SignedMessage::new(&prefix, &transcript_digest);
            return Ok(SigningInput::Message { context, message });
        }
        Some(prefix) => digest(crypto, hash, &[&prefix, transcript_digest.as_bytes()])?,
    };
    Ok(SigningInput::Digest { hash, digest })
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_signing))]
mod tests {
    use super::*;

    use crate::proto::crypto::Digest;

    #[test]
    fn padded_context_ends_with_the_context() {
        for purpose in [Purpose::ChallengeAuth, Purpose::Measurements] {
            let zeroes = purpose.padded_context().strip_suffix(purpose.context());
            let zeroes = zeroes.map(|zeroes| zeroes.iter().all(|byte| *byte == 0));
            assert_eq!(zeroes, Some(true));
        }
    }

    #[test]
    fn prefix_is_four_times_the_version_and_then_the_purpose() {
        let message = prefix(Version::V1_4, Purpose::Measurements);
        let expected = *b"dmtf-spdm-v1.4.*dmtf-spdm-v1.4.*dmtf-spdm-v1.4.*dmtf-spdm-v1.4.*\
            \0\0\0\0\0\0responder-measurements signing";
        assert_eq!(message, Some(expected));
    }

    #[test]
    fn message_is_prefix_and_digest() {
        let message = SignedMessage::new(&[b'p'; PREFIX_LEN], &Digest::from([b'd'; 48]));
        let (head, tail) = message.as_bytes().split_at(PREFIX_LEN);
        assert_eq!(head, [b'p'; PREFIX_LEN].as_slice());
        assert_eq!(tail, [b'd'; 48].as_slice());
    }

    #[test]
    fn prefix_names_the_version_from_1_2_on() {
        assert_eq!(version_prefix(Version::V1_1), None);
        for version in [Version::V1_2, Version::V1_3, Version::V1_4] {
            let prefix = version_prefix(version).map(|prefix| prefix.as_slice());
            let number = prefix.and_then(|prefix| prefix.get(11..14));
            assert_eq!(number, Some(version.name().as_bytes()));
        }
    }
}
