// SPDX-License-Identifier: GPL-2.0

//! Keys of the test CA and of the device, and what they sign.

use std::sync::{
    Arc,
    OnceLock, //
};

use ml_dsa::{
    signature::Keypair,
    MlDsa44,
    MlDsa65,
    MlDsa87,
    MlDsaParams,
    SigningKey, //
};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::{
    pkcs8::DecodePrivateKey,
    traits::PublicKeyParts,
    Pkcs1v15Sign,
    RsaPrivateKey, //
};

use crate::{
    algorithm::{
        Asym,
        Hash, //
    },
    der,
    random::Random, //
};

/// What a key is for.
///
/// RSA keys exist once per modulus size and role (see `keys/README`); curve
/// keys once per label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Signs certificates.
    Ca,
    /// Signs SPDM messages.
    Leaf,
}

/// A private key.
pub enum Key {
    /// RSA of the size that the algorithm names.
    Rsa(Asym, Arc<RsaPrivateKey>),
    /// NIST P-256.
    P256(p256::ecdsa::SigningKey),
    /// NIST P-384.
    P384(p384::ecdsa::SigningKey),
    /// NIST P-521.
    P521(p521::ecdsa::SigningKey),
    /// ML-DSA-44.
    MlDsa44(Box<SigningKey<MlDsa44>>),
    /// ML-DSA-65.
    MlDsa65(Box<SigningKey<MlDsa65>>),
    /// ML-DSA-87.
    MlDsa87(Box<SigningKey<MlDsa87>>),
}

impl Key {
    /// The key for `asym`, `role` and `label`.
    pub fn new(asym: Asym, role: Role, label: &str, random: &Random) -> Self {
        match asym {
            Asym::EcdsaP256 => Self::P256(scalar(random, label, 32, 0xff, |bytes| {
                p256::ecdsa::SigningKey::from_slice(bytes).ok()
            })),
            Asym::EcdsaP384 => Self::P384(scalar(random, label, 48, 0xff, |bytes| {
                p384::ecdsa::SigningKey::from_slice(bytes).ok()
            })),
            Asym::EcdsaP521 => Self::P521(scalar(random, label, 66, 0x01, |bytes| {
                p521::ecdsa::SigningKey::from_slice(bytes).ok()
            })),
            Asym::Rsassa2048 | Asym::Rsassa3072 | Asym::Rsassa4096 => {
                Self::Rsa(asym, rsa_key(asym, role))
            }
            Asym::MlDsa44 => Self::MlDsa44(ml_dsa_key(random, label)),
            Asym::MlDsa65 => Self::MlDsa65(ml_dsa_key(random, label)),
            Asym::MlDsa87 => Self::MlDsa87(ml_dsa_key(random, label)),
        }
    }

    /// The key's algorithm.
    pub fn asym(&self) -> Asym {
        match self {
            Self::Rsa(asym, _) => *asym,
            Self::P256(_) => Asym::EcdsaP256,
            Self::P384(_) => Asym::EcdsaP384,
            Self::P521(_) => Asym::EcdsaP521,
            Self::MlDsa44(_) => Asym::MlDsa44,
            Self::MlDsa65(_) => Asym::MlDsa65,
            Self::MlDsa87(_) => Asym::MlDsa87,
        }
    }

    /// Whether the key signs messages, with a context string, rather than digests.
    pub fn is_post_quantum(&self) -> bool {
        self.asym().post_quantum_bit() != 0
    }

    /// Signs a message and a context string.
    ///
    /// # Panics
    ///
    /// If the key is one that signs digests.
    pub fn sign_message(&self, context: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::MlDsa44(key) => sign_ml_dsa(key, context, message),
            Self::MlDsa65(key) => sign_ml_dsa(key, context, message),
            Self::MlDsa87(key) => sign_ml_dsa(key, context, message),
            Self::Rsa(..) | Self::P256(_) | Self::P384(_) | Self::P521(_) => {
                panic!("{} signs digests", self.asym().name())
            }
        }
    }

    /// Signs a `digest` made with `hash`, in the encoding of SPDM messages:
    /// r and s at full width, or the RSA integer, big-endian.
    ///
    /// # Panics
    ///
    /// If the key is one that signs messages.
    pub fn sign_digest(&self, hash: Hash, digest: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(_, key) => {
                let scheme = Pkcs1v15Sign {
                    hash_len: Some(hash.digest_len()),
                    prefix: digest_info(hash).into(),
                };
                key.sign(scheme, digest)
                    .expect("digest has its hash's length")
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = prehash(key, digest, 32);
                signature.to_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = prehash(key, digest, 48);
                signature.to_bytes().to_vec()
            }
            Self::P521(key) => {
                let signature: p521::ecdsa::Signature = prehash(key, digest, 66);
                signature.to_bytes().to_vec()
            }
            Self::MlDsa44(_) | Self::MlDsa65(_) | Self::MlDsa87(_) => {
                panic!("{} signs messages", self.asym().name())
            }
        }
    }

    /// Signs a certificate body: AlgorithmIdentifier and signature bytes.
    pub fn sign_certificate(&self, body: &[u8]) -> (Vec<u8>, Vec<u8>) {
        if self.is_post_quantum() {
            return (self.signature_algorithm(), self.sign_message(b"", body));
        }
        let hash = self.certificate_hash();
        let signature = self.sign_digest(hash, &hash.digest(&[body]));
        if self.asym().is_rsa() {
            return (self.signature_algorithm(), signature);
        }
        // X.509 has ECDSA signatures as SEQUENCE { r, s }.
        let (r, s) = signature.split_at(signature.len() / 2);
        let signature = der::sequence(&[&der::unsigned(r), &der::unsigned(s)]);
        (self.signature_algorithm(), signature)
    }

    /// AlgorithmIdentifier of the signatures that [`Self::sign_certificate`] makes.
    pub fn signature_algorithm(&self) -> Vec<u8> {
        if let Some(oid) = self.ml_dsa_oid() {
            return der::sequence(&[&oid]);
        }
        let last = |sha256| match self.certificate_hash() {
            Hash::Sha256 => sha256,
            Hash::Sha384 => sha256 + 1,
            _ => sha256 + 2,
        };
        if self.asym().is_rsa() {
            // sha256WithRSAEncryption and its two successors, parameters NULL.
            let oid = der::oid(&[1, 2, 840, 113549, 1, 1, last(11)]);
            der::sequence(&[&oid, &[0x05, 0x00]])
        } else {
            // ecdsa-with-SHA256 and its two successors, parameters absent.
            der::sequence(&[&der::oid(&[1, 2, 840, 10045, 4, 3, last(2)])])
        }
    }

    /// SubjectPublicKeyInfo.
    pub fn public_key_info(&self) -> Vec<u8> {
        let public = match self {
            Self::Rsa(_, key) => der::sequence(&[
                &der::unsigned(&key.n().to_bytes_be()),
                &der::unsigned(&key.e().to_bytes_be()),
            ]),
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P521(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            // As it is (RFC 9881).
            Self::MlDsa44(key) => key.verifying_key().encode().to_vec(),
            Self::MlDsa65(key) => key.verifying_key().encode().to_vec(),
            Self::MlDsa87(key) => key.verifying_key().encode().to_vec(),
        };
        der::sequence(&[&self.public_key_algorithm(), &der::bit_string(&public)])
    }

    /// AlgorithmIdentifier in it.
    pub fn public_key_algorithm(&self) -> Vec<u8> {
        let curve: &[u32] = match self.asym() {
            Asym::Rsassa2048 | Asym::Rsassa3072 | Asym::Rsassa4096 => {
                let null = [0x05, 0x00];
                return der::sequence(&[&der::oid(&[1, 2, 840, 113549, 1, 1, 1]), &null]);
            }
            Asym::EcdsaP256 => &[1, 2, 840, 10045, 3, 1, 7],
            Asym::EcdsaP384 => &[1, 3, 132, 0, 34],
            Asym::EcdsaP521 => &[1, 3, 132, 0, 35],
            // No parameters (RFC 9881).
            Asym::MlDsa44 | Asym::MlDsa65 | Asym::MlDsa87 => return self.signature_algorithm(),
        };
        let ec_public_key = der::oid(&[1, 2, 840, 10045, 2, 1]);
        der::sequence(&[&ec_public_key, &der::oid(curve)])
    }

    /// id-ml-dsa-44 and its two successors, of keys and signatures alike.
    fn ml_dsa_oid(&self) -> Option<Vec<u8>> {
        let last = match self.asym() {
            Asym::MlDsa44 => 17,
            Asym::MlDsa65 => 18,
            Asym::MlDsa87 => 19,
            _ => return None,
        };
        Some(der::oid(&[2, 16, 840, 1, 101, 3, 4, 3, last]))
    }

    fn certificate_hash(&self) -> Hash {
        match self.asym() {
            Asym::Rsassa2048 | Asym::EcdsaP256 => Hash::Sha256,
            Asym::Rsassa3072 | Asym::EcdsaP384 => Hash::Sha384,
            // ML-DSA hashes on its own.
            _ => Hash::Sha512,
        }
    }
}

/// A key made of 32 bytes.
fn ml_dsa_key<P: MlDsaParams>(random: &Random, label: &str) -> Box<SigningKey<P>> {
    let seed = random.derive(&format!("key ML-DSA {label}"), 32);
    let seed: [u8; 32] = seed.try_into().expect("as many as asked for");
    Box::new(SigningKey::from_seed(&seed.into()))
}

fn sign_ml_dsa<P: MlDsaParams>(key: &SigningKey<P>, context: &[u8], message: &[u8]) -> Vec<u8> {
    let signature = key.expanded_key().sign_deterministic(message, context);
    let signature = signature.expect("contexts are short");
    signature.encode().to_vec()
}

/// The key of this size and role. Checking it takes longer than signing with it: once is enough.
fn rsa_key(asym: Asym, role: Role) -> Arc<RsaPrivateKey> {
    static KEYS: [OnceLock<Arc<RsaPrivateKey>>; 6] = [const { OnceLock::new() }; 6];
    let (number, pem) = match (asym, role) {
        (Asym::Rsassa2048, Role::Ca) => (0, include_str!("../keys/rsa2048-ca.pem")),
        (Asym::Rsassa2048, Role::Leaf) => (1, include_str!("../keys/rsa2048-leaf.pem")),
        (Asym::Rsassa3072, Role::Ca) => (2, include_str!("../keys/rsa3072-ca.pem")),
        (Asym::Rsassa3072, Role::Leaf) => (3, include_str!("../keys/rsa3072-leaf.pem")),
        (_, Role::Ca) => (4, include_str!("../keys/rsa4096-ca.pem")),
        (_, Role::Leaf) => (5, include_str!("../keys/rsa4096-leaf.pem")),
    };
    let parse = || RsaPrivateKey::from_pkcs8_pem(pem).expect("keys/*.pem are sound");
    KEYS[number].get_or_init(|| Arc::new(parse())).clone()
}

/// DigestInfo of PKCS#1 v1.5 up to the digest itself (RFC 8017, 9.2, note 1).
fn digest_info(hash: Hash) -> Vec<u8> {
    let (algorithm, len) = match hash {
        Hash::Sha256 => (0x01, 0x20),
        Hash::Sha384 => (0x02, 0x30),
        Hash::Sha512 => (0x03, 0x40),
        Hash::Sha3_256 => (0x08, 0x20),
        Hash::Sha3_384 => (0x09, 0x30),
        Hash::Sha3_512 => (0x0a, 0x40),
    };
    #[rustfmt::skip]
    let info = vec![
        0x30, 0x11 + len, // SEQUENCE
        0x30, 0x0d, // SEQUENCE
        0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, algorithm, // OID
        0x05, 0x00, // NULL
        0x04, len, // OCTET STRING
    ];
    info
}

/// Signs `digest` as the number that it is: with P-521, SHA-256 is shorter
/// than what the crate takes for safe, so zeros go in front.
fn prehash<S, K: PrehashSigner<S>>(key: &K, digest: &[u8], field_len: usize) -> S {
    let mut padded = vec![0; field_len.saturating_sub(digest.len())];
    padded.extend_from_slice(digest);
    key.sign_prehash(&padded).expect("a digest can be signed")
}

/// First candidate derived from the seed that is a scalar of the curve.
fn scalar<K>(
    random: &Random,
    label: &str,
    len: usize,
    top: u8,
    parse: impl Fn(&[u8]) -> Option<K>,
) -> K {
    (0..)
        .find_map(|attempt| {
            let mut bytes = random.derive(&format!("key {len} {label} {attempt}"), len);
            bytes[0] &= top;
            parse(&bytes)
        })
        .expect("nearly every candidate is a scalar")
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::hazmat::PrehashVerifier;

    #[test]
    fn curve_signatures_verify_with_every_hash() {
        let random = Random::new(Some(1));
        for hash in Hash::ALL {
            let digest = hash.digest(&[b"message"]);
            let Key::P256(key) = Key::new(Asym::EcdsaP256, Role::Leaf, "t", &random) else {
                panic!("asked for P-256");
            };
            let signature = Key::P256(key.clone()).sign_digest(hash, &digest);
            assert_eq!(signature.len(), Asym::EcdsaP256.signature_len());
            let signature = p256::ecdsa::Signature::from_slice(&signature).unwrap();
            key.verifying_key()
                .verify_prehash(&digest, &signature)
                .unwrap();

            let Key::P521(key) = Key::new(Asym::EcdsaP521, Role::Leaf, "t", &random) else {
                panic!("asked for P-521");
            };
            let signature = Key::P521(key.clone()).sign_digest(hash, &digest);
            assert_eq!(signature.len(), Asym::EcdsaP521.signature_len());
            let signature = p521::ecdsa::Signature::from_slice(&signature).unwrap();
            let mut padded = vec![0; 66 - digest.len()];
            padded.extend(&digest);
            key.verifying_key()
                .verify_prehash(&padded, &signature)
                .unwrap();
        }
    }

    #[test]
    fn rsa_signatures_have_the_size_of_the_modulus() {
        let random = Random::new(Some(1));
        for asym in Asym::ALL.into_iter().filter(|asym| asym.is_rsa()) {
            let key = Key::new(asym, Role::Leaf, "t", &random);
            let digest = Hash::Sha384.digest(&[b"message"]);
            let signature = key.sign_digest(Hash::Sha384, &digest);
            assert_eq!(signature.len(), asym.signature_len());
            let Key::Rsa(_, key) = key else {
                panic!("asked for RSA");
            };
            // What is inside the signature, opened by hand: 00 01 ff.. 00 DigestInfo digest.
            let signature = rsa::BigUint::from_bytes_be(&signature);
            let message = signature.modpow(key.e(), key.n()).to_bytes_be();
            assert_eq!(message[..4], [0x01, 0xff, 0xff, 0xff]);
            assert!(message.ends_with(&digest));
        }
    }
}
