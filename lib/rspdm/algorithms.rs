// SPDX-License-Identifier: GPL-2.0

//! Which algorithms this kernel has, and which of them devices may use.

use kernel::{
    bindings,
    fmt,
    prelude::*, //
};

use crate::proto::{
    algorithm::{
        AsymAlgo,
        AsymAlgoSet,
        BaseHash,
        BaseHashSet, //
    },
    error::{
        Error as Reason,
        Unsupported, //
    },
    message::Request,
    preference::{
        Allowed,
        Order,
        Refused,
        OFFERS_MAX, //
    }, //
};

/// Everything that this kernel is configured to have.
pub(crate) fn everything() -> Allowed {
    Allowed {
        hashes: BaseHashSet::ALL.filter(|hash| hash_option(hash).is_set),
        signatures: AsymAlgoSet::ALL.filter(|asym| signature_option(asym).is_set),
        order: Order::TOGETHER,
    }
}

/// An option of the kernel's configuration.
struct Opt {
    /// What is said of it if it is not set.
    unset: &'static CStr,
    is_set: bool,
}

/// What CONFIG_RSPDM itself selects.
const ALWAYS: Opt = Opt {
    unset: c"",
    is_set: true,
};

const MLDSA: Opt = Opt {
    unset: c"CONFIG_RSPDM_MLDSA is not set",
    is_set: cfg!(CONFIG_RSPDM_MLDSA),
};

const SHA3: Opt = Opt {
    unset: c"CONFIG_RSPDM_SHA3 is not set",
    is_set: cfg!(CONFIG_RSPDM_SHA3),
};

fn signature_option(asym: AsymAlgo) -> Opt {
    if asym.is_post_quantum() {
        MLDSA
    } else {
        ALWAYS
    }
}

fn hash_option(hash: BaseHash) -> Opt {
    if hash.is_sha3() {
        SHA3
    } else {
        ALWAYS
    }
}

/// The options without which there may have been nothing in common with a device.
pub(crate) struct Missing<'a>(pub(crate) &'a Reason);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_about_algorithms = matches!(
            self.0,
            Reason::Unsupported(Unsupported::Signature | Unsupported::Hash)
                | Reason::Unusable { .. }
                | Reason::Refused {
                    request: Request::NegotiateAlgorithms,
                    ..
                }
        );
        let missing = [MLDSA, SHA3].into_iter().filter(|option| !option.is_set);
        for option in missing.filter(|_| is_about_algorithms) {
            write!(f, "; {}", option.unset.to_str().unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Why a word of a list is refused, for C.
pub(crate) fn why(refused: Refused) -> &'static CStr {
    match refused {
        Refused::Unknown => c"no such algorithm",
        Refused::Twice => c"listed twice",
        Refused::LacksSignature(asym) => signature_option(asym).unset,
        Refused::LacksHash(hash) => hash_option(hash).unset,
    }
}

/// What C calls what is allowed.
pub(crate) fn to_c(allowed: Allowed) -> bindings::spdm_algorithms {
    bindings::spdm_algorithms {
        hashes: allowed.hashes.to_wire(),
        offers: allowed.order.0.map(AsymAlgoSet::to_wire),
    }
}

/// The reverse of it. What this kernel lacks is left out.
pub(crate) fn from_c(algorithms: &bindings::spdm_algorithms) -> Allowed {
    let everything = everything();
    let offers = algorithms.offers.map(|offer| {
        everything
            .signatures
            .filter(|asym| offer & asym.to_wire() != 0)
    });
    Allowed {
        hashes: everything
            .hashes
            .filter(|hash| algorithms.hashes & hash.to_wire() != 0),
        signatures: everything
            .signatures
            .filter(|asym| offers.iter().any(|offer| offer.contains(asym))),
        order: Order(offers),
    }
}

const _: () = assert!(OFFERS_MAX == bindings::SPDM_OFFERS_MAX as usize);

#[cfg(CONFIG_RSPDM_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rspdm_algorithms)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_configured_is_not_offered() {
        let allowed = everything();
        let post_quantum = allowed.signatures.to_post_quantum();
        assert_eq!((post_quantum != 0), cfg!(CONFIG_RSPDM_MLDSA));
        let sha3 = allowed.hashes.contains(BaseHash::Sha3_256);
        assert_eq!(sha3, cfg!(CONFIG_RSPDM_SHA3));
        assert_eq!(allowed.signatures.to_base(), 0x1b5);
        assert!(allowed.hashes.contains(BaseHash::Sha384));
    }

    #[test]
    fn list_survives_its_way_through_c() {
        let lists = [
            b"".as_slice(),
            b"none",
            b"sha384",
            b"ecdsa-nist-p384,rsassa-3072,sha256",
        ];
        for list in lists {
            let allowed = everything().listed(list);
            let back = allowed.map(|allowed| from_c(&to_c(allowed)));
            // What is not there cannot be offered.
            let same = |one: Allowed, other: Allowed| {
                let offers = |allowed: Allowed| {
                    allowed
                        .order
                        .0
                        .map(|offer| offer.intersection(allowed.signatures))
                };
                one.hashes == other.hashes
                    && one.signatures == other.signatures
                    && offers(one) == offers(other)
            };
            assert!(matches!((allowed, back), (Ok(one), Ok(other)) if same(one, other)));
        }
    }

    #[test]
    fn missing_option_is_named() {
        assert_eq!(
            why(Refused::LacksSignature(AsymAlgo::MlDsa65)).to_bytes(),
            b"CONFIG_RSPDM_MLDSA is not set"
        );
        assert_eq!(
            why(Refused::LacksHash(BaseHash::Sha3_384)).to_bytes(),
            b"CONFIG_RSPDM_SHA3 is not set"
        );
    }
}
