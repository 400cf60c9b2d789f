// SPDX-License-Identifier: GPL-2.0

//! CHALLENGE_AUTH.

use rspdm_fuzz::{
    model,
    targets::messages::{
        Kind,
        Terms, //
    },
};
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    slot::SlotId,
    version::Version,
};

use super::space::terms;

/// CHALLENGE_AUTH for slot 0 with so many bytes of opaque data, and any signature.
fn challenge_auth(terms: &Terms, opaque_len: u16) -> Vec<u8> {
    let mut bytes = vec![terms.version.to_wire(), 0x03, 0, 0x01];
    bytes.resize(4 + model::digest_len(terms.hash) + 32, 0xaa);
    bytes.extend(opaque_len.to_le_bytes());
    bytes.resize(bytes.len() + usize::from(opaque_len), 0xbb);
    if terms.version >= Version::V1_3 {
        bytes.extend(Terms::CONTEXT);
    }
    bytes.resize(bytes.len() + model::signature_len(terms.asym), 0xcc);
    bytes
}

#[test]
fn every_pair_of_parameters() {
    for version in Version::ALL {
        for slot in [0, 3, 7] {
            let terms = Terms {
                slot: SlotId::ALL[slot],
                ..terms(version)
            };
            let mut bytes = challenge_auth(&terms, 0);
            for param1 in 0..=u8::MAX {
                for param2 in 0..=u8::MAX {
                    bytes[2..4].copy_from_slice(&[param1, param2]);
                    terms.check(Kind::ChallengeAuth, &bytes);
                }
            }
        }
    }
}

#[test]
fn every_length_of_opaque_data() {
    for version in Version::ALL {
        for is_opaque_forbidden in [false, true] {
            let terms = Terms {
                is_opaque_forbidden,
                ..terms(version)
            };
            for len in (0..1100)
                .chain((0..16).map(|bit| 1 << bit))
                .chain([u16::MAX])
            {
                let mut bytes = challenge_auth(&terms, len);
                for _ in 0..=4 {
                    terms.check(Kind::ChallengeAuth, &bytes);
                    bytes.push(0);
                }
                bytes.truncate(bytes.len() - 6);
                terms.check(Kind::ChallengeAuth, &bytes);
            }
            // The length says what it wants, and the bytes are as many as they are.
            let mut bytes = challenge_auth(&terms, 300);
            for len in 0..=u16::MAX {
                bytes[68..70].copy_from_slice(&len.to_le_bytes());
                terms.check(Kind::ChallengeAuth, &bytes);
            }
        }
    }
}

#[test]
fn every_combination_of_algorithms_cut_at_every_byte() {
    for version in Version::ALL {
        for hash in BaseHash::ALL {
            for asym in AsymAlgo::ALL {
                let terms = Terms {
                    hash: *hash,
                    asym: *asym,
                    ..terms(version)
                };
                let mut bytes = challenge_auth(&terms, 5);
                for len in 0..bytes.len() {
                    terms.check(Kind::ChallengeAuth, &bytes[..len]);
                }
                for _ in 0..=5 {
                    terms.check(Kind::ChallengeAuth, &bytes);
                    bytes.push(0);
                }
            }
        }
    }
}
