// SPDX-License-Identifier: GPL-2.0

//! The algorithms this responder can use, with their bits and sizes.
//!
//! The numbers are DSP0274's, written down here a second time on purpose:
//! nothing is shared with the requester under test.

use clap::ValueEnum;
use sha2::{
    Digest as _,
    Sha256,
    Sha384,
    Sha512, //
};

/// Signature algorithm of the device's certificates (BaseAsymAlgo).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Asym {
    /// PKCS#1 v1.5 with a 2048-bit modulus.
    #[value(name = "rsassa-2048", aliases = ["rsa2048", "RSASSA_2048"])]
    Rsassa2048,
    /// PKCS#1 v1.5 with a 3072-bit modulus.
    #[value(name = "rsassa-3072", aliases = ["rsa3072", "RSASSA_3072"])]
    Rsassa3072,
    /// PKCS#1 v1.5 with a 4096-bit modulus.
    #[value(name = "rsassa-4096", aliases = ["rsa4096", "RSASSA_4096"])]
    Rsassa4096,
    /// ECDSA over NIST P-256.
    #[value(name = "ecdsa-p256", aliases = ["p256", "ECDSA_P256"])]
    EcdsaP256,
    /// ECDSA over NIST P-384.
    #[value(name = "ecdsa-p384", aliases = ["p384", "ECDSA_P384"])]
    EcdsaP384,
    /// ECDSA over NIST P-521.
    #[value(name = "ecdsa-p521", aliases = ["p521", "ECDSA_P521"])]
    EcdsaP521,
    /// ML-DSA-44, from SPDM 1.4 on.
    #[value(name = "ml-dsa-44", aliases = ["mldsa44", "ML_DSA_44"])]
    MlDsa44,
    /// ML-DSA-65, from SPDM 1.4 on.
    #[value(name = "ml-dsa-65", aliases = ["mldsa65", "ML_DSA_65"])]
    MlDsa65,
    /// ML-DSA-87, from SPDM 1.4 on.
    #[value(name = "ml-dsa-87", aliases = ["mldsa87", "ML_DSA_87"])]
    MlDsa87,
}

impl Asym {
    /// Every algorithm of all versions, in the order in which the device prefers them by default.
    pub const ALL: [Self; 6] = [
        Self::EcdsaP384,
        Self::EcdsaP256,
        Self::EcdsaP521,
        Self::Rsassa3072,
        Self::Rsassa2048,
        Self::Rsassa4096,
    ];

    /// What SPDM 1.4 has besides. A device has it if it is told to.
    pub const POST_QUANTUM: [Self; 3] = [Self::MlDsa44, Self::MlDsa65, Self::MlDsa87];

    /// How many there are in both.
    pub const COUNT: usize = Self::ALL.len() + Self::POST_QUANTUM.len();

    /// The algorithm's bit in PqcAsymAlgo and PqcAsymSel, if it is one of those.
    pub fn post_quantum_bit(self) -> u32 {
        match self {
            Self::MlDsa44 => 0x01,
            Self::MlDsa65 => 0x02,
            Self::MlDsa87 => 0x04,
            _ => 0,
        }
    }

    /// The algorithm's bit in BaseAsymAlgo and BaseAsymSel, if it is one of those.
    pub fn bit(self) -> u32 {
        match self {
            Self::Rsassa2048 => 0x001,
            Self::Rsassa3072 => 0x004,
            Self::EcdsaP256 => 0x010,
            Self::Rsassa4096 => 0x020,
            Self::EcdsaP384 => 0x080,
            Self::EcdsaP521 => 0x100,
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => 0,
        }
    }

    /// Length of a signature in an SPDM message, in bytes.
    pub fn signature_len(self) -> usize {
        match self {
            Self::Rsassa2048 => 256,
            Self::Rsassa3072 => 384,
            Self::Rsassa4096 => 512,
            Self::EcdsaP256 => 64,
            Self::EcdsaP384 => 96,
            Self::EcdsaP521 => 132,
            Self::MlDsa44 => 2420,
            Self::MlDsa65 => 3309,
            Self::MlDsa87 => 4627,
        }
    }

    /// Name for people and for certificate subjects.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsassa2048 => "RSASSA-2048",
            Self::Rsassa3072 => "RSASSA-3072",
            Self::Rsassa4096 => "RSASSA-4096",
            Self::EcdsaP256 => "ECDSA-P256",
            Self::EcdsaP384 => "ECDSA-P384",
            Self::EcdsaP521 => "ECDSA-P521",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        }
    }

    /// Whether keys of this algorithm are RSA keys.
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsassa2048 | Self::Rsassa3072 | Self::Rsassa4096)
    }
}

/// Hash algorithm (BaseHashAlgo, and with other bits MeasurementHashAlgo).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Hash {
    /// SHA-256.
    #[value(name = "sha-256", aliases = ["sha256", "SHA_256"])]
    Sha256,
    /// SHA-384.
    #[value(name = "sha-384", aliases = ["sha384", "SHA_384"])]
    Sha384,
    /// SHA-512.
    #[value(name = "sha-512", aliases = ["sha512", "SHA_512"])]
    Sha512,
    /// SHA3-256.
    #[value(name = "sha3-256", aliases = ["SHA3_256"])]
    Sha3_256,
    /// SHA3-384.
    #[value(name = "sha3-384", aliases = ["SHA3_384"])]
    Sha3_384,
    /// SHA3-512.
    #[value(name = "sha3-512", aliases = ["SHA3_512"])]
    Sha3_512,
}

impl Hash {
    /// Every hash, in the order in which the device prefers them by default.
    pub const ALL: [Self; 6] = [
        Self::Sha384,
        Self::Sha256,
        Self::Sha512,
        Self::Sha3_384,
        Self::Sha3_256,
        Self::Sha3_512,
    ];

    /// The hash's bit in BaseHashAlgo and BaseHashSel.
    pub fn bit(self) -> u32 {
        match self {
            Self::Sha256 => 0x01,
            Self::Sha384 => 0x02,
            Self::Sha512 => 0x04,
            Self::Sha3_256 => 0x08,
            Self::Sha3_384 => 0x10,
            Self::Sha3_512 => 0x20,
        }
    }

    /// The hash's bit in MeasurementHashAlgo, where bit 0 means "raw bit stream only".
    pub fn measurement_bit(self) -> u32 {
        match self {
            Self::Sha256 => 0x02,
            Self::Sha384 => 0x04,
            Self::Sha512 => 0x08,
            Self::Sha3_256 => 0x10,
            Self::Sha3_384 => 0x20,
            Self::Sha3_512 => 0x40,
        }
    }

    /// Length of a digest, in bytes.
    pub fn digest_len(self) -> usize {
        match self {
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    /// Digest of the concatenation of `parts`.
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn run<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut hasher = D::new();
            for part in parts {
                hasher.update(part);
            }
            hasher.finalize().to_vec()
        }
        match self {
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha384 => run::<Sha384>(parts),
            Self::Sha512 => run::<Sha512>(parts),
            Self::Sha3_256 => run::<sha3::Sha3_256>(parts),
            Self::Sha3_384 => run::<sha3::Sha3_384>(parts),
            Self::Sha3_512 => run::<sha3::Sha3_512>(parts),
        }
    }
}

/// First 20 bytes of the SHA-256 of `bytes`, for key identifiers (RFC 7093, method 1).
pub fn key_identifier(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes)[..20].to_vec()
}
