// SPDX-License-Identifier: GPL-2.0

//! What the environment lacks, has no time for, or gets wrong itself.

use super::{
    with_leaf,
    with_policy,
    Case, //
};
use crate::proto::{
    algorithm::BaseHashSet,
    crypto::ChainError,
    error::{
        Error,
        Exhausted,
        Misuse,
        Part, //
    },
    limits::Budget,
    message::Request::{
        Challenge,
        GetCertificate,
        GetDigests,
        NegotiateAlgorithms, //
    },
    requester::{
        testing::{
            edited,
            Scene,
            Toys,
            FAULT, //
        },
        Policy, //
    }, //
};

fn with_budget(exchanges: u32, bytes: u32) -> Option<Error> {
    let time_us = Budget::AUTHENTICATE.time_us;
    with_policy(Policy {
        budget: Budget {
            exchanges,
            bytes,
            time_us,
        },
        ..Policy::DEFAULT
    })
}

pub(super) const CASES: &[Case] = &[
    (
        || with_leaf(ChainError::Unusable { position: 1 }),
        Error::Unusable { position: 1 },
    ),
    (
        || with_budget(5, u32::MAX),
        Error::Exhausted {
            request: Challenge,
            what: Exhausted::Exchanges,
        },
    ),
    // 56 bytes sent and 64 received before DIGESTS is asked for with 4 more
    (
        || with_budget(u32::MAX, 123),
        Error::Exhausted {
            request: GetDigests,
            what: Exhausted::Bytes,
        },
    ),
    (
        || {
            let scene = Scene {
                tick_us: Budget::AUTHENTICATE.time_us / 4,
                ..Scene::HONEST
            };
            scene.error()
        },
        Error::Exhausted {
            request: NegotiateAlgorithms,
            what: Exhausted::Time,
        },
    ),
    (
        || {
            edited(|answer| {
                if answer.request == GetCertificate {
                    answer.bytes.replace(&[0x12, 0x7f, 0x42, 0, 1, 0x82, 0, 2]);
                }
            })
        },
        Error::Exhausted {
            request: GetCertificate,
            what: Exhausted::NotReady,
        },
    ),
    (
        || {
            let scene = Scene {
                is_silent: true,
                ..Scene::HONEST
            };
            scene.error()
        },
        Error::Environment {
            part: Part::Transport,
            fault: FAULT,
        },
    ),
    (
        || {
            let scene = Scene {
                edit: |answer| answer.bytes.replace(&[0x10, 0x7f, 0x03, 0x00]),
                is_interrupted: true,
                ..Scene::HONEST
            };
            scene.error()
        },
        Error::Environment {
            part: Part::Clock,
            fault: FAULT,
        },
    ),
    (
        || Scene::HONEST.look_in::<300, _>(|_| ()).0.err(),
        Error::Environment {
            part: Part::Memory,
            fault: FAULT,
        },
    ),
    (
        || {
            let scene = Scene {
                crypto: Toys {
                    is_broken: true,
                    ..Toys::HONEST
                },
                ..Scene::HONEST
            };
            scene.error()
        },
        Error::Environment {
            part: Part::Crypto,
            fault: FAULT,
        },
    ),
    (
        || with_leaf(ChainError::Identity(FAULT)),
        Error::Environment {
            part: Part::Identity,
            fault: FAULT,
        },
    ),
    (
        || {
            let scene = Scene {
                buffer_len: 41,
                ..Scene::HONEST
            };
            scene.error()
        },
        Error::Misuse(Misuse::Buffer),
    ),
    (
        || {
            with_policy(Policy {
                hashes: BaseHashSet::EMPTY,
                ..Policy::DEFAULT
            })
        },
        Error::Misuse(Misuse::NothingOffered),
    ),
];
