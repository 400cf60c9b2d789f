// SPDX-License-Identifier: GPL-2.0

//! Hashes, certificates and signatures by the RustCrypto crates.

mod certificate;
mod key;

pub use key::Key;

use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    crypto::{
        ChainError,
        Crypto,
        Digest,
        Hasher,
        Leaf,
        Links,
        SigningInput,
        Verdict, //
    },
    error::Fault,
    wire::cert_chain::Certificates,
};
use sha2::Digest as _;
use x509_cert::spki::{
    AlgorithmIdentifierOwned,
    ObjectIdentifier, //
};

use certificate::Parsed;

/// The RustCrypto crates.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto(());

impl RustCrypto {
    /// Makes one; all are the same.
    pub fn new() -> Self {
        Self(())
    }
}

/// A running hash.
pub enum Sha {
    /// SHA-256.
    Sha256(sha2::Sha256),
    /// SHA-384.
    Sha384(sha2::Sha384),
    /// SHA-512.
    Sha512(sha2::Sha512),
    /// SHA3-256.
    Sha3_256(sha3::Sha3_256),
    /// SHA3-384.
    Sha3_384(sha3::Sha3_384),
    /// SHA3-512.
    Sha3_512(sha3::Sha3_512),
}

impl Sha {
    /// Starts a hash.
    pub fn new(hash: BaseHash) -> Self {
        match hash {
            BaseHash::Sha256 => Self::Sha256(Default::default()),
            BaseHash::Sha384 => Self::Sha384(Default::default()),
            BaseHash::Sha512 => Self::Sha512(Default::default()),
            BaseHash::Sha3_256 => Self::Sha3_256(Default::default()),
            BaseHash::Sha3_384 => Self::Sha3_384(Default::default()),
            BaseHash::Sha3_512 => Self::Sha3_512(Default::default()),
        }
    }
}

impl Hasher for Sha {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
            Self::Sha3_256(hasher) => hasher.update(bytes),
            Self::Sha3_384(hasher) => hasher.update(bytes),
            Self::Sha3_512(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Digest {
        match self {
            Self::Sha256(hasher) => Digest::from(<[u8; 32]>::from(hasher.finalize())),
            Self::Sha384(hasher) => Digest::from(<[u8; 48]>::from(hasher.finalize())),
            Self::Sha512(hasher) => Digest::from(<[u8; 64]>::from(hasher.finalize())),
            Self::Sha3_256(hasher) => Digest::from(<[u8; 32]>::from(hasher.finalize())),
            Self::Sha3_384(hasher) => Digest::from(<[u8; 48]>::from(hasher.finalize())),
            Self::Sha3_512(hasher) => Digest::from(<[u8; 64]>::from(hasher.finalize())),
        }
    }
}

impl Crypto for RustCrypto {
    type Hasher = Sha;
    type Key = Key;

    fn hasher(&self, hash: BaseHash) -> Result<Sha, Fault> {
        Ok(Sha::new(hash))
    }

    fn check_links(&mut self, chain: Certificates<'_>) -> Result<Links, ChainError> {
        walk(chain).map(|(links, _)| links)
    }

    fn leaf_key(
        &mut self,
        chain: Certificates<'_>,
        asym: AsymAlgo,
    ) -> Result<Leaf<Key>, ChainError> {
        let (links, leaf) = walk(chain)?;
        let position = chain.count() - 1;
        if !leaf.may_sign_messages() {
            return Err(ChainError::LeafUsage);
        }
        let key = leaf.key().ok_or(ChainError::Unusable { position })?;
        if !key.is_for(asym) {
            return Err(ChainError::LeafKey);
        }
        Ok(Leaf { key, links })
    }

    fn verify(
        &self,
        key: &Key,
        asym: AsymAlgo,
        input: &SigningInput,
        signature: &[u8],
    ) -> Result<Verdict, Fault> {
        let verifies = match input {
            SigningInput::Digest { hash, digest } => {
                key.verify_raw(*hash, digest.as_bytes(), signature)
            }
            SigningInput::Message { context, message } => {
                key.verify_message(context, message.as_bytes(), signature)
            }
        };
        Ok(if verifies && key.is_for(asym) {
            Verdict::Valid
        } else {
            Verdict::Invalid
        })
    }
}

/// Goes from the root to the leaf, which is returned.
fn walk(chain: Certificates<'_>) -> Result<(Links, Parsed), ChainError> {
    let mut links = Links {
        first_is_root: false,
        unverified_links: 0,
    };
    let mut issuer: Option<Parsed> = None;
    for (position, der) in chain.iter().enumerate() {
        let certificate = Parsed::from_der(der).map_err(|_| ChainError::Malformed { position })?;
        let link = match &issuer {
            Some(issuer) => certificate.check_issued_by(issuer),
            None => {
                links.first_is_root = certificate.is_self_issued();
                if links.first_is_root {
                    certificate.check_signed_by(&certificate)
                } else {
                    Ok(())
                }
            }
        };
        match link {
            Ok(()) => (),
            Err(LinkError::Unsupported(_)) => links.unverified_links += 1,
            Err(LinkError::Invalid) => return Err(ChainError::Link { position }),
        }
        issuer = Some(certificate);
    }
    // There is one certificate at least, so there is a last one.
    let position = chain.count() - 1;
    let leaf = issuer.ok_or(ChainError::Malformed { position })?;
    Ok((links, leaf))
}

/// Why a certificate's signature was not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It was not made by that key.
    Invalid,
    /// The algorithm of the signature or of the key is not known here.
    Unsupported(ObjectIdentifier),
}

/// Verifies the signature of a certificate.
///
/// `issuer` is a SubjectPublicKeyInfo in DER, `tbs` the signed part of the certificate.
///
/// # Errors
///
/// See [`LinkError`].
pub fn verify_x509_signature(
    issuer: &[u8],
    algorithm: &AlgorithmIdentifierOwned,
    tbs: &[u8],
    signature: &[u8],
) -> Result<(), LinkError> {
    let unsupported = || LinkError::Unsupported(algorithm.oid);
    let (family, hash) = certificate::signature_algorithm(algorithm.oid).ok_or_else(unsupported)?;
    let key = Key::from_spki_der(issuer).ok_or_else(unsupported)?;
    if key.family() != family {
        return Err(LinkError::Invalid);
    }
    let verifies = match hash {
        Some(hash) => {
            let mut hasher = Sha::new(hash);
            hasher.update(tbs);
            key.verify_x509(hash, hasher.finish().as_bytes(), signature)
        }
        None => key.verify_message(b"", tbs, signature),
    };
    if verifies {
        Ok(())
    } else {
        Err(LinkError::Invalid)
    }
}
