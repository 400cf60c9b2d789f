// SPDX-License-Identifier: GPL-2.0

//! The algorithm tables: sizes, names and bits on the wire live here and nowhere else.

use core::{
    ffi::CStr,
    fmt, //
};

/// `text`, which ends with its only NUL.
const fn c_str(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => c"",
    }
}

/// Generates an enum of algorithms, the table of their properties, and a set type for offers.
macro_rules! algorithms {
    (
        $(#[$doc:meta])* $name:ident: $mask:ty, $(#[$set_doc:meta])* $set:ident,
        $(#[$len_doc:meta])* $len:ident;
        $(
            $(#[$variant_doc:meta])*
            $variant:ident: bit $bit:literal, $bytes:literal, $text:literal;
        )+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of the table, in the order of the wire's bits.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The mask with the algorithm's one bit in the negotiation messages.
            pub const fn to_wire(self) -> $mask {
                match self {
                    $(Self::$variant => 1 << $bit,)+
                }
            }

            /// The algorithm that a mask with exactly one known bit stands for.
            pub fn from_wire(mask: $mask) -> Option<Self> {
                Self::ALL.iter().copied().find(|algorithm| algorithm.to_wire() == mask)
            }

            $(#[$len_doc])*
            pub const fn $len(self) -> usize {
                match self {
                    $(Self::$variant => $bytes,)+
                }
            }

            /// The name as the kernel's crypto subsystem and the evidence uAPI spell it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The same name as C wants it.
            pub const fn c_name(self) -> &'static CStr {
                match self {
                    $(Self::$variant => const { c_str(concat!($text, "\0")) },)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        $(#[$set_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $set($mask);

        impl $set {
            /// No algorithm.
            pub const EMPTY: Self = Self(0);

            /// Every algorithm in the table.
            pub const ALL: Self = Self(0 $(| 1 << $bit)+);

            /// The set with `algorithm` added.
            pub const fn with(self, algorithm: $name) -> Self {
                Self(self.0 | algorithm.to_wire())
            }

            /// Whether `algorithm` is in the set.
            pub const fn contains(self, algorithm: $name) -> bool {
                self.0 & algorithm.to_wire() != 0
            }

            /// Whether no algorithm is in the set.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// The mask of the negotiation messages.
            pub const fn to_wire(self) -> $mask {
                self.0
            }

            /// Those that are in both sets.
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// Those of the set that `wanted` says yes to.
            pub fn filter(self, wanted: impl Fn($name) -> bool) -> Self {
                let members = $name::ALL.iter().copied().filter(|one| self.contains(*one));
                members.filter(|one| wanted(*one)).fold(Self::EMPTY, Self::with)
            }
        }
    };
}

algorithms! {
    /// A hash: digests, transcripts and, in signatures, the message digest.
    ///
    /// DSP0274 1.0, "NEGOTIATE_ALGORITHMS request message format": BaseHashAlgo.
    BaseHash: u32,
    /// Hashes to offer.
    BaseHashSet,
    /// Size of a digest, in bytes.
    digest_len;
    /// SHA-256.
    Sha256: bit 0, 32, "sha256";
    /// SHA-384.
    Sha384: bit 1, 48, "sha384";
    /// SHA-512.
    Sha512: bit 2, 64, "sha512";
    /// SHA3-256.
    Sha3_256: bit 3, 32, "sha3-256";
    /// SHA3-384.
    Sha3_384: bit 4, 48, "sha3-384";
    /// SHA3-512.
    Sha3_512: bit 5, 64, "sha3-512";
}

algorithms! {
    /// A signature algorithm of the responder.
    ///
    /// DSP0274 1.0 and 1.4, "NEGOTIATE_ALGORITHMS request message format": BaseAsymAlgo, in the
    /// lower half of the mask, and PqcAsymAlgo, in the upper one. Signatures of the former are
    /// big-endian integers: RSASSA's of the modulus length, ECDSA's r and then s. Those of the
    /// latter are as FIPS 204 encodes them.
    AsymAlgo: u64,
    /// Signature algorithms to offer.
    AsymAlgoSet,
    /// Size of a signature, in bytes.
    signature_len;
    /// RSASSA-PKCS1-v1_5 with a modulus of 2048 bits.
    Rsassa2048: bit 0, 256, "rsassa-2048";
    /// RSASSA-PKCS1-v1_5 with a modulus of 3072 bits.
    Rsassa3072: bit 2, 384, "rsassa-3072";
    /// ECDSA on NIST P-256.
    EcdsaP256: bit 4, 64, "ecdsa-nist-p256";
    /// RSASSA-PKCS1-v1_5 with a modulus of 4096 bits.
    Rsassa4096: bit 5, 512, "rsassa-4096";
    /// ECDSA on NIST P-384.
    EcdsaP384: bit 7, 96, "ecdsa-nist-p384";
    /// ECDSA on NIST P-521.
    EcdsaP521: bit 8, 132, "ecdsa-nist-p521";
    /// ML-DSA-44.
    MlDsa44: bit 32, 2420, "mldsa44";
    /// ML-DSA-65.
    MlDsa65: bit 33, 3309, "mldsa65";
    /// ML-DSA-87.
    MlDsa87: bit 34, 4627, "mldsa87";
}

algorithms! {
    /// A hash of measurements, chosen by the responder alone.
    ///
    /// DSP0274 1.0, "ALGORITHMS response message format": MeasurementHashAlgo. Its bits are those
    /// of BaseHashAlgo shifted by one.
    MeasurementHash: u32,
    /// Measurement hashes that we know.
    MeasurementHashSet,
    /// Size of a digest, in bytes; 0 if measurements are not hashed.
    digest_len;
    /// Measurements are raw bit streams only.
    Raw: bit 0, 0, "raw";
    /// SHA-256.
    Sha256: bit 1, 32, "sha256";
    /// SHA-384.
    Sha384: bit 2, 48, "sha384";
    /// SHA-512.
    Sha512: bit 3, 64, "sha512";
    /// SHA3-256.
    Sha3_256: bit 4, 32, "sha3-256";
    /// SHA3-384.
    Sha3_384: bit 5, 48, "sha3-384";
    /// SHA3-512.
    Sha3_512: bit 6, 64, "sha3-512";
    /// SM3-256.
    Sm3_256: bit 7, 32, "sm3-256";
}

impl BaseHash {
    /// Whether it is one of SHA-3.
    pub const fn is_sha3(self) -> bool {
        matches!(self, Self::Sha3_256 | Self::Sha3_384 | Self::Sha3_512)
    }
}

impl AsymAlgo {
    /// What BaseAsymSel and PqcAsymSel select together: one bit in one of them.
    pub fn from_selection(base: u32, post_quantum: u32) -> Option<Self> {
        Self::from_wire(u64::from(base) | u64::from(post_quantum) << POST_QUANTUM)
    }

    /// Whether the algorithm withstands a quantum computer, as far as anybody knows.
    ///
    /// SPDM has these from 1.4 on, and signs with a context string, which the others do not have.
    pub const fn is_post_quantum(self) -> bool {
        self.to_wire() >> POST_QUANTUM != 0
    }
}

impl AsymAlgoSet {
    /// BaseAsymAlgo.
    pub fn to_base(self) -> u32 {
        half(self.0)
    }

    /// PqcAsymAlgo.
    pub fn to_post_quantum(self) -> u32 {
        half(self.0 >> POST_QUANTUM)
    }
}

/// The lower half of a mask.
fn half(mask: u64) -> u32 {
    // The fallback is never taken.
    u32::try_from(mask & u64::from(u32::MAX)).unwrap_or(0)
}

/// Where PqcAsymAlgo begins in a mask of signature algorithms.
const POST_QUANTUM: u32 = 32;

/// Size of the largest digest in the tables, in bytes.
pub const DIGEST_LEN_MAX: usize = 64;

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_algorithm))]
mod tests {
    use super::*;

    #[test]
    fn wire_bits_are_those_of_the_standard() {
        assert_eq!(BaseHashSet::ALL.to_wire(), 0x03f);
        assert_eq!(AsymAlgoSet::ALL.to_base(), 0x1b5);
        assert_eq!(AsymAlgoSet::ALL.to_post_quantum(), 0x7);
        assert_eq!(MeasurementHashSet::ALL.to_wire(), 0xff);
        assert_eq!(AsymAlgo::EcdsaP384.to_wire(), 0x80);
        assert_eq!(BaseHash::Sha384.to_wire(), 0x02);
        assert_eq!(MeasurementHash::Sha384.to_wire(), 0x04);
    }

    #[test]
    fn mask_with_one_known_bit_is_an_algorithm() {
        for asym in AsymAlgo::ALL {
            assert_eq!(AsymAlgo::from_wire(asym.to_wire()), Some(*asym));
            let set = AsymAlgoSet::EMPTY.with(*asym);
            let selected = AsymAlgo::from_selection(set.to_base(), set.to_post_quantum());
            assert_eq!(selected, Some(*asym));
            assert_eq!(asym.is_post_quantum(), set.to_base() == 0);
        }
        for hash in BaseHash::ALL {
            assert_eq!(BaseHash::from_wire(hash.to_wire()), Some(*hash));
        }
    }

    #[test]
    fn name_is_the_same_in_c() {
        for asym in AsymAlgo::ALL {
            assert_eq!(asym.c_name().to_bytes(), asym.name().as_bytes());
        }
        for hash in BaseHash::ALL {
            assert_eq!(hash.c_name().to_bytes(), hash.name().as_bytes());
        }
    }

    #[test]
    fn other_masks_are_no_algorithm() {
        assert_eq!(AsymAlgo::from_wire(0), None);
        // RSAPSS-2048 is not in the table.
        assert_eq!(AsymAlgo::from_wire(0x02), None);
        // Two bits at once.
        assert_eq!(AsymAlgo::from_wire(0x90), None);
        assert_eq!(AsymAlgo::from_selection(0x80, 0x01), None);
        assert_eq!(BaseHash::from_wire(0x06), None);
    }

    #[test]
    fn no_digest_is_longer_than_the_longest() {
        for hash in BaseHash::ALL {
            assert!(hash.digest_len() <= DIGEST_LEN_MAX);
        }
    }

    #[test]
    fn set_holds_what_was_added() {
        let set = AsymAlgoSet::EMPTY.with(AsymAlgo::EcdsaP256);
        assert!(set.contains(AsymAlgo::EcdsaP256));
        assert!(!set.contains(AsymAlgo::EcdsaP384));
        assert!(!set.is_empty());
        assert!(AsymAlgoSet::EMPTY.is_empty());
        let few = AsymAlgoSet::ALL.filter(|asym| asym.signature_len() < 100);
        let expected = AsymAlgoSet::EMPTY
            .with(AsymAlgo::EcdsaP256)
            .with(AsymAlgo::EcdsaP384);
        assert_eq!(few, expected);
        assert_eq!(few.intersection(set), set);
        assert!(few.intersection(AsymAlgoSet::EMPTY).is_empty());
    }
}
