// SPDX-License-Identifier: GPL-2.0

//! Public keys and what can be verified with them.

use der::{
    asn1::AnyRef,
    Decode, //
};
use ml_dsa::{
    MlDsa44,
    MlDsa65,
    MlDsa87,
    MlDsaParams,
    VerifyingKey, //
};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{
    pkcs1::DecodeRsaPublicKey,
    traits::PublicKeyParts,
    Pkcs1v15Sign,
    RsaPublicKey, //
};
use rspdm_proto::proto::algorithm::{
    AsymAlgo,
    BaseHash, //
};
use x509_cert::spki::{
    ObjectIdentifier,
    SubjectPublicKeyInfoRef, //
};

/// A public key.
#[derive(Clone, Debug)]
pub enum Key {
    /// RSA of any modulus.
    Rsa(RsaPublicKey),
    /// NIST P-256.
    P256(p256::ecdsa::VerifyingKey),
    /// NIST P-384.
    P384(p384::ecdsa::VerifyingKey),
    /// NIST P-521.
    P521(p521::ecdsa::VerifyingKey),
    /// ML-DSA-44.
    MlDsa44(Box<VerifyingKey<MlDsa44>>),
    /// ML-DSA-65.
    MlDsa65(Box<VerifyingKey<MlDsa65>>),
    /// ML-DSA-87.
    MlDsa87(Box<VerifyingKey<MlDsa87>>),
}

/// What kind of signatures a key makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// RSASSA-PKCS1-v1_5.
    Rsassa,
    /// ECDSA.
    Ecdsa,
    /// ML-DSA with the parameter set that the algorithm names.
    MlDsa(AsymAlgo),
}

impl Key {
    /// The key in a SubjectPublicKeyInfo, if it is one of those that are known here.
    pub fn from_spki_der(spki: &[u8]) -> Option<Self> {
        let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
        let bits = spki.subject_public_key.as_bytes()?;
        match spki.algorithm.oid {
            RSA_ENCRYPTION => RsaPublicKey::from_pkcs1_der(bits).ok().map(Self::Rsa),
            EC_PUBLIC_KEY => Self::on_curve(curve(spki.algorithm.parameters?)?, bits),
            // RFC 9881: parameters are absent.
            oid if spki.algorithm.parameters.is_none() => Self::post_quantum(oid, bits),
            _ => None,
        }
    }

    fn post_quantum(set: ObjectIdentifier, key: &[u8]) -> Option<Self> {
        match ml_dsa(set)? {
            AsymAlgo::MlDsa44 => ml_dsa_key(key).map(Self::MlDsa44),
            AsymAlgo::MlDsa65 => ml_dsa_key(key).map(Self::MlDsa65),
            AsymAlgo::MlDsa87 => ml_dsa_key(key).map(Self::MlDsa87),
            _ => None,
        }
    }

    fn on_curve(curve: ObjectIdentifier, point: &[u8]) -> Option<Self> {
        match curve {
            P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(Self::P256),
            P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(Self::P384),
            P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(Self::P521),
            _ => None,
        }
    }

    /// What kind of signatures the key makes.
    pub fn family(&self) -> Family {
        match self {
            Self::Rsa(_) => Family::Rsassa,
            Self::P256(_) | Self::P384(_) | Self::P521(_) => Family::Ecdsa,
            Self::MlDsa44(_) => Family::MlDsa(AsymAlgo::MlDsa44),
            Self::MlDsa65(_) => Family::MlDsa(AsymAlgo::MlDsa65),
            Self::MlDsa87(_) => Family::MlDsa(AsymAlgo::MlDsa87),
        }
    }

    /// Whether the key is one for SPDM's algorithm: its type, and its modulus' length, curve or
    /// parameter set.
    pub fn is_for(&self, asym: AsymAlgo) -> bool {
        match asym {
            AsymAlgo::Rsassa2048 | AsymAlgo::Rsassa3072 | AsymAlgo::Rsassa4096 => {
                matches!(self, Self::Rsa(key) if key.size() == asym.signature_len())
            }
            AsymAlgo::EcdsaP256 => matches!(self, Self::P256(_)),
            AsymAlgo::EcdsaP384 => matches!(self, Self::P384(_)),
            AsymAlgo::EcdsaP521 => matches!(self, Self::P521(_)),
            AsymAlgo::MlDsa44 | AsymAlgo::MlDsa65 | AsymAlgo::MlDsa87 => {
                self.family() == Family::MlDsa(asym)
            }
        }
    }

    /// Verifies a signature in SPDM's form: ECDSA's as r and s one after the other.
    pub fn verify_raw(&self, hash: BaseHash, digest: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => verify_rsa(key, hash, digest, signature),
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify_prehash(digest, &signature))
                .is_ok(),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify_prehash(digest, &signature))
                .is_ok(),
            Self::P521(key) => p521::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify_prehash(&widen(digest), &signature))
                .is_ok(),
            Self::MlDsa44(_) | Self::MlDsa65(_) | Self::MlDsa87(_) => false,
        }
    }

    /// Verifies a signature over a message and a context string, which only ML-DSA has.
    pub fn verify_message(&self, context: &[u8], message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::MlDsa44(key) => verify_ml_dsa(key, context, message, signature),
            Self::MlDsa65(key) => verify_ml_dsa(key, context, message, signature),
            Self::MlDsa87(key) => verify_ml_dsa(key, context, message, signature),
            Self::Rsa(_) | Self::P256(_) | Self::P384(_) | Self::P521(_) => false,
        }
    }

    /// Verifies a signature in X.509's form: ECDSA's as a DER SEQUENCE.
    pub fn verify_x509(&self, hash: BaseHash, digest: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => verify_rsa(key, hash, digest, signature),
            Self::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(digest, &signature))
                .is_ok(),
            Self::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(digest, &signature))
                .is_ok(),
            Self::P521(key) => p521::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(&widen(digest), &signature))
                .is_ok(),
            Self::MlDsa44(_) | Self::MlDsa65(_) | Self::MlDsa87(_) => false,
        }
    }
}

/// The parameter set of ML-DSA that an OID stands for, in certificates and keys alike: RFC 9881.
pub(super) fn ml_dsa(oid: ObjectIdentifier) -> Option<AsymAlgo> {
    match oid {
        ML_DSA_44 => Some(AsymAlgo::MlDsa44),
        ML_DSA_65 => Some(AsymAlgo::MlDsa65),
        ML_DSA_87 => Some(AsymAlgo::MlDsa87),
        _ => None,
    }
}

fn ml_dsa_key<P: MlDsaParams>(key: &[u8]) -> Option<Box<VerifyingKey<P>>> {
    let key = key.try_into().ok()?;
    Some(Box::new(VerifyingKey::decode(&key)))
}

fn verify_ml_dsa<P: MlDsaParams>(
    key: &VerifyingKey<P>,
    context: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    ml_dsa::Signature::try_from(signature)
        .is_ok_and(|signature| key.verify_with_context(message, context, &signature))
}

fn verify_rsa(key: &RsaPublicKey, hash: BaseHash, digest: &[u8], signature: &[u8]) -> bool {
    let scheme = Pkcs1v15Sign {
        hash_len: Some(hash.digest_len()),
        prefix: digest_info(hash).into(),
    };
    key.verify(scheme, digest, signature).is_ok()
}

/// A digest as wide as P-521's field, the number it stands for unchanged: the crate takes none that
/// is shorter than half of it, such as one of SHA-256.
fn widen(digest: &[u8]) -> [u8; 66] {
    let mut wide = [0; 66];
    for (to, from) in wide.iter_mut().rev().zip(digest.iter().rev()) {
        *to = *from;
    }
    wide
}

fn curve(parameters: AnyRef<'_>) -> Option<ObjectIdentifier> {
    parameters.decode_as().ok()
}

/// What stands before the digest in an RSASSA-PKCS1-v1_5 signature: RFC 8017, section 9.2, note 1.
fn digest_info(hash: BaseHash) -> &'static [u8] {
    match hash {
        BaseHash::Sha256 => {
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
        }
        BaseHash::Sha384 => {
            b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
        }
        BaseHash::Sha512 => {
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
        }
        BaseHash::Sha3_256 => {
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x08\x05\x00\x04\x20"
        }
        BaseHash::Sha3_384 => {
            b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x09\x05\x00\x04\x30"
        }
        BaseHash::Sha3_512 => {
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x0a\x05\x00\x04\x40"
        }
    }
}

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ML_DSA_44: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17");
const ML_DSA_65: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18");
const ML_DSA_87: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19");
