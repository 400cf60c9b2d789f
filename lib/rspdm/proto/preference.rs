// SPDX-License-Identifier: GPL-2.0

//! Which algorithms a device may use, and in which order they are offered.
//!
//! SPDM has no order of preference: a requester offers, and the device chooses. So all that an
//! administrator can be given is what is offered, and whether it is offered together. Algorithms of
//! the same kind are, as devices prefer the stronger ones; but whether a signature shall withstand
//! quantum computers is not for the device to say. Therefore a list is cut where post-quantum
//! algorithms begin or end, and each part is an offer of its own: made only if the device had
//! nothing of the one before, in a new conversation, because a device answers
//! NEGOTIATE_ALGORITHMS once.
//!
//! That a device had nothing is not signed by anybody. Who does not want the second offer to be
//! accepted must not list it.

use super::algorithm::{
    AsymAlgo,
    AsymAlgoSet,
    BaseHash,
    BaseHashSet, //
};

/// Most offers that a list can be cut into: each has an algorithm of its own.
pub const OFFERS_MAX: usize = 9;

const _: () = assert!(OFFERS_MAX == AsymAlgo::ALL.len());

/// The order in which signature algorithms are offered: sets that are offered together, first the
/// one that is preferred; empty ones mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order(pub [AsymAlgoSet; OFFERS_MAX]);

impl Order {
    /// All at once: the device chooses.
    pub const TOGETHER: Self = {
        const NONE: AsymAlgoSet = AsymAlgoSet::EMPTY;
        Self([
            AsymAlgoSet::ALL,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
        ])
    };

    /// No offer at all.
    const EMPTY: Self = Self([AsymAlgoSet::EMPTY; OFFERS_MAX]);
}

/// What a device may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Hashes.
    pub hashes: BaseHashSet,
    /// Signature algorithms.
    pub signatures: AsymAlgoSet,
    /// The order of the latter.
    pub order: Order,
}

/// Why a list of names is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nothing has this name.
    Unknown,
    /// The name was there before.
    Twice,
    /// The environment lacks the signature algorithm.
    LacksSignature(AsymAlgo),
    /// The environment lacks the hash.
    LacksHash(BaseHash),
}

impl Allowed {
    /// Nothing, by which no device can be authenticated.
    pub const NOTHING: Self = Self {
        hashes: BaseHashSet::EMPTY,
        signatures: AsymAlgoSet::EMPTY,
        order: Order::EMPTY,
    };

    /// Reads a list of names, separated by commas: what of `self` it allows.
    ///
    /// `none` allows nothing. Otherwise, hashes are not restricted if none is listed, nor are
    /// signature algorithms; so an empty list allows everything.
    ///
    /// # Errors
    ///
    /// The first word that is wrong, and why.
    pub fn listed(self, list: &[u8]) -> Result<Self, (&[u8], Refused)> {
        match list {
            b"" => return Ok(self),
            b"none" => return Ok(Self::NOTHING),
            _ => {}
        }
        let mut listed = Self::NOTHING;
        let mut offers = listed.order.0.iter_mut();
        let mut offer = offers.next();
        let mut last = None;
        for word in list.split(|byte| *byte == b',') {
            let refused = |why| Err((word, why));
            let asym = AsymAlgo::ALL
                .iter()
                .find(|one| one.name().as_bytes() == word);
            let hash = BaseHash::ALL
                .iter()
                .find(|one| one.name().as_bytes() == word);
            match (asym, hash) {
                (Some(asym), _) if listed.signatures.contains(*asym) => {
                    return refused(Refused::Twice)
                }
                (Some(asym), _) if !self.signatures.contains(*asym) => {
                    return refused(Refused::LacksSignature(*asym))
                }
                (Some(asym), _) => {
                    listed.signatures = listed.signatures.with(*asym);
                    let kind = asym.is_post_quantum();
                    if last.is_some_and(|last| last != kind) {
                        offer = offers.next();
                    }
                    last = Some(kind);
                    if let Some(offer) = offer.as_deref_mut() {
                        *offer = offer.with(*asym);
                    }
                }
                (None, Some(hash)) if listed.hashes.contains(*hash) => {
                    return refused(Refused::Twice)
                }
                (None, Some(hash)) if !self.hashes.contains(*hash) => {
                    return refused(Refused::LacksHash(*hash))
                }
                (None, Some(hash)) => listed.hashes = listed.hashes.with(*hash),
                (None, None) => return refused(Refused::Unknown),
            }
        }
        if listed.signatures.is_empty() {
            listed.signatures = self.signatures;
            listed.order = self.order;
        }
        if listed.hashes.is_empty() {
            listed.hashes = self.hashes;
        }
        Ok(listed)
    }
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_preference))]
mod tests {
    use super::*;

    const EVERYTHING: Allowed = Allowed {
        hashes: BaseHashSet::ALL,
        signatures: AsymAlgoSet::ALL,
        order: Order::TOGETHER,
    };

    fn offers<const N: usize>(parts: [&[AsymAlgo]; N]) -> Order {
        let mut order = Order::EMPTY;
        for (offer, part) in order.0.iter_mut().zip(parts) {
            *offer = part
                .iter()
                .copied()
                .fold(AsymAlgoSet::EMPTY, AsymAlgoSet::with);
        }
        order
    }

    #[test]
    fn empty_list_allows_everything_and_none_nothing() {
        assert_eq!(EVERYTHING.listed(b""), Ok(EVERYTHING));
        assert_eq!(EVERYTHING.listed(b"none"), Ok(Allowed::NOTHING));
    }

    #[test]
    fn kind_that_is_not_listed_is_not_restricted() {
        let expected = Allowed {
            hashes: BaseHashSet::EMPTY
                .with(BaseHash::Sha384)
                .with(BaseHash::Sha3_256),
            ..EVERYTHING
        };
        assert_eq!(EVERYTHING.listed(b"sha3-256,sha384"), Ok(expected));
        let listed = EVERYTHING.listed(b"ecdsa-nist-p384");
        assert_eq!(listed.map(|listed| listed.hashes), Ok(BaseHashSet::ALL));
    }

    #[test]
    fn list_is_cut_where_the_kind_of_signature_changes() {
        use AsymAlgo::{
            EcdsaP256,
            EcdsaP384,
            MlDsa65,
            MlDsa87, //
        };
        let order = |list| EVERYTHING.listed(list).map(|listed| listed.order);
        assert_eq!(
            order(b"mldsa65,sha384,mldsa87,ecdsa-nist-p256"),
            Ok(offers([&[MlDsa65, MlDsa87], &[EcdsaP256]]))
        );
        assert_eq!(
            order(b"ecdsa-nist-p384,mldsa87,ecdsa-nist-p256"),
            Ok(offers([&[EcdsaP384], &[MlDsa87], &[EcdsaP256]]))
        );
    }

    #[test]
    fn first_wrong_word_is_named() {
        let refused = |list| EVERYTHING.listed(list).err();
        let unknown = |word| Some((word, Refused::Unknown));
        assert_eq!(refused(b"sha384,md5,rot13"), unknown(b"md5".as_slice()));
        assert_eq!(refused(b"sha384,"), unknown(b"".as_slice()));
        assert_eq!(refused(b"sha384, sha256"), unknown(b" sha256".as_slice()));
        assert_eq!(refused(b"SHA384"), unknown(b"SHA384".as_slice()));
        // Neither allows anything besides.
        assert_eq!(refused(b"none,sha384"), unknown(b"none".as_slice()));
        let twice = |word| Some((word, Refused::Twice));
        assert_eq!(
            refused(b"mldsa65,sha384,mldsa65"),
            twice(b"mldsa65".as_slice())
        );
        assert_eq!(refused(b"sha384,sha384"), twice(b"sha384".as_slice()));
    }

    #[test]
    fn what_the_environment_lacks_cannot_be_allowed() {
        let few = Allowed {
            hashes: BaseHashSet::ALL.filter(|hash| !hash.is_sha3()),
            signatures: AsymAlgoSet::ALL.filter(|asym| !asym.is_post_quantum()),
            order: Order::TOGETHER,
        };
        let lacks = Refused::LacksSignature(AsymAlgo::MlDsa44);
        assert_eq!(few.listed(b"mldsa44"), Err((b"mldsa44".as_slice(), lacks)));
        let lacks = Refused::LacksHash(BaseHash::Sha3_512);
        assert_eq!(
            few.listed(b"sha3-512"),
            Err((b"sha3-512".as_slice(), lacks))
        );
        assert_eq!(few.listed(b""), Ok(few));
    }
}
