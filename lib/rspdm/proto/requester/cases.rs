// SPDX-License-Identifier: GPL-2.0

//! Every way in which a run can fail, each with a case: a reason without a test does not exist.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_cases))]
mod tests {
    use super::super::{
        case_table::{
            cases,
            with_leaf, //
        },
        testing::{
            Scene,
            Toys,
            FAULT, //
        },
        testing_device::{
            other_root_hash,
            set, //
        }, //
    };
    use crate::proto::{
        crypto::{
            ChainError,
            Leaf,
            Links, //
        },
        error::{
            Error,
            Exhausted,
            Malformed,
            Misbehaved,
            Misuse,
            Part,
            Rejected,
            Unsupported, //
        },
        message::Request::{
            Challenge,
            GetCertificate,
            GetDigests, //
        }, //
    };

    /// Number of results of [`kind`].
    const KINDS: usize = 47;

    /// Numbers the ways to fail. A new one does not compile before it has a number here.
    fn kind(error: &Error) -> usize {
        match error {
            Error::Malformed { what, .. } => match what {
                Malformed::Truncated(_) => 0,
                Malformed::Excess { .. } => 1,
                Malformed::Contradiction(_) => 2,
                Malformed::TooLarge(_) => 3,
                Malformed::Empty(_) => 4,
            },
            Error::Misbehaved { what, .. } => match what {
                Misbehaved::Version { .. } => 5,
                Misbehaved::Code { .. } => 6,
                Misbehaved::Illegal(_) => 7,
                Misbehaved::Unoffered(_) => 8,
                Misbehaved::Slot { .. } => 9,
                Misbehaved::SlotMask { .. } => 10,
                Misbehaved::NoProgress => 11,
                Misbehaved::Portion { .. } => 12,
                Misbehaved::Total { .. } => 13,
                Misbehaved::Echo(_) => 14,
                Misbehaved::Opaque => 15,
                Misbehaved::Repeated { .. } => 16,
            },
            Error::Unsupported(what) => match what {
                Unsupported::Version => 17,
                Unsupported::Certificates => 18,
                Unsupported::Challenge => 19,
                Unsupported::KeyUsage { .. } => 20,
                Unsupported::Hash => 21,
                Unsupported::Signature => 22,
                Unsupported::Measurements => 23,
                Unsupported::Slot { .. } => 24,
                Unsupported::RequestLength { .. } => 25,
            },
            Error::Refused { .. } => 26,
            Error::Rejected(what) => match what {
                Rejected::Certificate { .. } => 27,
                Rejected::Link { .. } => 28,
                Rejected::RootHash => 29,
                Rejected::ChainDigest { .. } => 30,
                Rejected::LeafKey => 31,
                Rejected::LeafUsage => 32,
                Rejected::CertChainHash => 33,
                Rejected::Signature { .. } => 34,
            },
            Error::Unusable { .. } => 35,
            Error::Exhausted { what, .. } => match what {
                Exhausted::Exchanges => 36,
                Exhausted::Bytes => 37,
                Exhausted::Time => 38,
                Exhausted::NotReady => 39,
            },
            Error::Environment { part, .. } => match part {
                Part::Transport => 40,
                Part::Clock => 41,
                Part::Memory => 42,
                Part::Crypto => 43,
                Part::Identity => 44,
            },
            Error::Misuse(what) => match what {
                Misuse::Buffer => 45,
                Misuse::NothingOffered => 46,
            },
        }
    }

    #[test]
    fn every_case_ends_as_it_must() {
        for (run, error) in cases() {
            assert_eq!(run(), Some(error));
        }
    }

    #[test]
    fn every_kind_of_error_has_a_case() {
        assert_eq!(cases().count(), KINDS);
        for (number, (_, error)) in cases().enumerate() {
            assert_eq!(kind(&error), number);
        }
    }

    #[test]
    fn root_hash_may_be_of_a_root_that_is_not_sent() {
        let leaf = Leaf {
            key: (),
            links: Links {
                first_is_root: false,
                unverified_links: 1,
            },
        };
        let scene = Scene {
            edit: |answer| {
                set(answer, GetCertificate, 12, &[0xee]);
                set(answer, GetDigests, 4, other_root_hash().as_bytes());
                set(answer, Challenge, 4, other_root_hash().as_bytes());
            },
            crypto: Toys {
                leaf: Ok(leaf),
                ..Toys::HONEST
            },
            ..Scene::HONEST
        };
        let chain = scene.play().0.map(|record| record.chain);
        assert_eq!(chain.map(|chain| chain.first_is_root), Ok(false));
        assert_eq!(chain.map(|chain| chain.unverified_links), Ok(1));
    }

    #[test]
    fn part_of_a_dword_is_no_room() {
        // Of 43 bytes 40 can be used, and 42 are the least.
        let scene = Scene {
            buffer_len: 43,
            ..Scene::HONEST
        };
        assert_eq!(scene.error(), Some(Error::Misuse(Misuse::Buffer)));
    }

    #[test]
    fn environment_has_no_other_way_to_fail() {
        let error = Error::Environment {
            part: Part::Crypto,
            fault: FAULT,
        };
        assert_eq!(with_leaf(ChainError::Fault(FAULT)), Some(error));
    }
}
