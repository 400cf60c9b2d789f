// SPDX-License-Identifier: GPL-2.0

//! What a device signs: from a transcript to the input of the signature algorithm.
//!
//! DSP0274 1.2, "Signing": from 1.2 on a prefix names the version and the purpose, so that a
//! signature made for one purpose is worthless for another. Before, the hash of the transcript is
//! signed as it is: hashed once, not twice.

use super::{
    algorithm::BaseHash,
    crypto::{
        digest,
        Crypto,
        Digest,
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

/// Turns a transcript into what the signature algorithm verifies.
///
/// # Errors
///
/// As [`Crypto::hasher`].
pub fn signing_input<C: Crypto>(
    crypto: &C,
    version: Version,
    purpose: Purpose,
    hash: BaseHash,
    transcript: &[u8],
) -> Result<SigningInput, Fault> {
    let transcript_digest = digest(crypto, hash, &[transcript])?;
    let digest = match version_prefix(version) {
        None => transcript_digest,
        Some(version) => prefixed_digest(crypto, version, purpose, hash, &transcript_digest)?,
    };
    Ok(SigningInput::Digest { hash, digest })
}

fn prefixed_digest<C: Crypto>(
    crypto: &C,
    version: &[u8; 16],
    purpose: Purpose,
    hash: BaseHash,
    transcript_digest: &Digest,
) -> Result<Digest, Fault> {
    let pieces: [&[u8]; 6] = [
        version,
        version,
        version,
        version,
        purpose.padded_context(),
        transcript_digest.as_bytes(),
    ];
    digest(crypto, hash, &pieces)
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_signing))]
mod tests {
    use super::*;

    #[test]
    fn padded_context_ends_with_the_context() {
        for purpose in [Purpose::ChallengeAuth, Purpose::Measurements] {
            let zeroes = purpose.padded_context().strip_suffix(purpose.context());
            let zeroes = zeroes.map(|zeroes| zeroes.iter().all(|byte| *byte == 0));
            assert_eq!(zeroes, Some(true));
        }
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
