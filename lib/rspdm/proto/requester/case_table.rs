// SPDX-License-Identifier: GPL-2.0

//! The table of all ways in which a run can fail, and what brings each about.

use super::{
    testing::{
        edited,
        Scene,
        Toys,
        FAULT, //
    },
    testing_device::{
        other_root_hash,
        Answer, //
    },
    Policy, //
};
use crate::proto::{
    algorithm::BaseHashSet,
    crypto::ChainError,
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
    limits::Budget,
    message::{
        Field,
        Request::{
            self,
            Challenge,
            GetCapabilities,
            GetCertificate,
            GetDigests,
            GetVersion,
            NegotiateAlgorithms, //
        },
        Response, //
    },
    slot::{
        SlotChoice,
        SlotId, //
    },
    wire::error_rsp::ErrorCode, //
};

pub(super) const fn malformed(response: Response, what: Malformed) -> Error {
    Error::Malformed { response, what }
}

pub(super) const fn misbehaved(response: Response, what: Misbehaved) -> Error {
    Error::Misbehaved { response, what }
}

/// Changes the bytes at an offset of the response to a request.
pub(super) fn set(answer: &mut Answer, request: Request, offset: usize, bytes: &[u8]) {
    if answer.request == request {
        answer.bytes.set(offset, bytes);
    }
}

pub(super) fn with_leaf(error: ChainError) -> Option<Error> {
    let scene = Scene {
        crypto: Toys {
            leaf: Err(error),
            ..Toys::HONEST
        },
        ..Scene::HONEST
    };
    scene.error()
}

fn with_policy(policy: Policy) -> Option<Error> {
    let scene = Scene {
        policy,
        ..Scene::HONEST
    };
    scene.error()
}

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

/// A run that fails, and how.
pub(super) type Case = (fn() -> Option<Error>, Error);

/// What happens, and what must come of it: for each kind of error once, in the order of kinds.
pub(super) const CASES: &[Case] = &[
    (
        || edited(|answer| answer.bytes.truncate(3)),
        malformed(Response::Version, Malformed::Truncated(Field::Header)),
    ),
    (
        || {
            edited(|answer| {
                answer.bytes.push(&[0; 4]);
            })
        },
        malformed(Response::Version, Malformed::Excess { bytes: 4 }),
    ),
    (
        || edited(|answer| set(answer, GetCertificate, 8, &[0])),
        malformed(
            Response::Certificate,
            Malformed::Contradiction(Field::ChainLength),
        ),
    ),
    (
        || edited(|answer| set(answer, GetCapabilities, 5, &[32])),
        malformed(
            Response::Capabilities,
            Malformed::TooLarge(Field::CtExponent),
        ),
    ),
    (
        || edited(|answer| set(answer, GetVersion, 5, &[0])),
        malformed(
            Response::Version,
            Malformed::Empty(Field::VersionNumberEntry),
        ),
    ),
    (
        || edited(|answer| set(answer, GetDigests, 0, &[0x13])),
        misbehaved(
            Response::Digests,
            Misbehaved::Version {
                expected: 0x12,
                found: 0x13,
            },
        ),
    ),
    (
        || edited(|answer| set(answer, GetDigests, 1, &[0x02])),
        misbehaved(
            Response::Digests,
            Misbehaved::Code {
                expected: 0x01,
                found: 0x02,
            },
        ),
    ),
    (
        || edited(|answer| set(answer, GetCapabilities, 8, &[0x1e])),
        misbehaved(Response::Capabilities, Misbehaved::Illegal(Field::Flags)),
    ),
    (
        || edited(|answer| set(answer, NegotiateAlgorithms, 12, &[0x02])),
        misbehaved(
            Response::Algorithms,
            Misbehaved::Unoffered(Field::BaseAsymSel),
        ),
    ),
    (
        || edited(|answer| set(answer, Challenge, 2, &[1])),
        misbehaved(
            Response::ChallengeAuth,
            Misbehaved::Slot {
                asked: 0,
                echoed: 1,
            },
        ),
    ),
    (
        || edited(|answer| set(answer, Challenge, 3, &[0xfe])),
        misbehaved(
            Response::ChallengeAuth,
            Misbehaved::SlotMask {
                slot: 0,
                mask: 0xfe,
            },
        ),
    ),
    (
        || edited(|answer| set(answer, GetCertificate, 4, &[0])),
        misbehaved(Response::Certificate, Misbehaved::NoProgress),
    ),
    (
        || edited(|answer| set(answer, GetCertificate, 4, &[200])),
        misbehaved(
            Response::Certificate,
            Misbehaved::Portion {
                asked: 152,
                sent: 200,
            },
        ),
    ),
    (
        // 40 bytes of 47, then the other 7, and 1 more to come
        || {
            edited(|answer| match (answer.request, answer.number) {
                (GetCertificate, 1) => {
                    answer.bytes.set(4, &[40, 0, 7, 0]);
                    answer.bytes.truncate(48);
                }
                (GetCertificate, _) => answer.bytes.set(6, &[1]),
                _ => (),
            })
        },
        misbehaved(
            Response::Certificate,
            Misbehaved::Total {
                expected: 47,
                found: 48,
            },
        ),
    ),
    (
        || {
            edited(|answer| match answer.request {
                GetVersion => answer.bytes.set(6, &[0x00, 0x13]),
                Challenge => answer.bytes.set(70, b"context8"),
                _ => (),
            })
        },
        misbehaved(
            Response::ChallengeAuth,
            Misbehaved::Echo(Field::RequesterContext),
        ),
    ),
    (
        || {
            edited(|answer| match answer.request {
                NegotiateAlgorithms => answer.bytes.set(7, &[0]),
                Challenge => answer.bytes.set(68, &[1]),
                _ => (),
            })
        },
        misbehaved(Response::ChallengeAuth, Misbehaved::Opaque),
    ),
    (
        || edited(|answer| set(answer, GetVersion, 6, &[0x00, 0x20])),
        Error::Unsupported(Unsupported::Version),
    ),
    (
        || edited(|answer| set(answer, GetCapabilities, 8, &[0x04])),
        Error::Unsupported(Unsupported::Certificates),
    ),
    (
        || edited(|answer| set(answer, GetCapabilities, 8, &[0x02])),
        Error::Unsupported(Unsupported::Challenge),
    ),
    (
        || {
            edited(|answer| {
                set(answer, GetVersion, 6, &[0x00, 0x13]);
                set(answer, GetCapabilities, 11, &[0x04]);
            })
        },
        Error::Unsupported(Unsupported::SingleKey),
    ),
    (
        || edited(|answer| set(answer, NegotiateAlgorithms, 16, &[0])),
        Error::Unsupported(Unsupported::Hash),
    ),
    (
        || edited(|answer| set(answer, NegotiateAlgorithms, 12, &[0])),
        Error::Unsupported(Unsupported::Signature),
    ),
    (
        || {
            with_policy(Policy {
                slot: SlotChoice::Slot(SlotId::new(1)?),
                ..Policy::DEFAULT
            })
        },
        Error::Unsupported(Unsupported::Slot {
            slot: 1,
            mask: 0x05,
        }),
    ),
    (
        // 1.3's CHALLENGE has 44 bytes, the device takes 42.
        || {
            edited(|answer| match answer.request {
                GetVersion => answer.bytes.set(6, &[0x00, 0x13]),
                GetCapabilities => answer.bytes.set(12, &[42, 0, 0, 0, 42, 0, 0, 0]),
                _ => (),
            })
        },
        Error::Unsupported(Unsupported::RequestLength {
            needed: 44,
            available: 42,
        }),
    ),
    (
        || {
            edited(|answer| {
                if answer.request == GetDigests {
                    answer.bytes.replace(&[0x12, 0x7f, 0x01, 0x00]);
                }
            })
        },
        Error::Refused {
            request: GetDigests,
            code: ErrorCode::InvalidRequest,
        },
    ),
    (
        || with_leaf(ChainError::Malformed { position: 1 }),
        Error::Rejected(Rejected::Certificate { position: 1 }),
    ),
    (
        || with_leaf(ChainError::Link { position: 1 }),
        Error::Rejected(Rejected::Link { position: 1 }),
    ),
    (
        // The digests follow the chain.
        || {
            edited(|answer| {
                set(answer, GetCertificate, 12, &[0xee]);
                set(answer, GetDigests, 4, other_root_hash().as_bytes());
            })
        },
        Error::Rejected(Rejected::RootHash),
    ),
    (
        || edited(|answer| set(answer, GetDigests, 4, &[0xee, 0xee])),
        Error::Rejected(Rejected::ChainDigest { slot: 0 }),
    ),
    (
        || with_leaf(ChainError::LeafKey),
        Error::Rejected(Rejected::LeafKey),
    ),
    (
        || with_leaf(ChainError::LeafUsage),
        Error::Rejected(Rejected::LeafUsage),
    ),
    (
        || edited(|answer| set(answer, Challenge, 4, &[0xee, 0xee])),
        Error::Rejected(Rejected::CertChainHash),
    ),
    (
        || {
            let scene = Scene {
                damage: |answer| set(answer, Challenge, 133, &[0xee]),
                ..Scene::HONEST
            };
            scene.error()
        },
        Error::Rejected(Rejected::Signature),
    ),
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
    (
        || with_budget(u32::MAX, 100),
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
        || Scene::HONEST.play_in::<300>().0.err(),
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
