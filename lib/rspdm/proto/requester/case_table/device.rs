// SPDX-License-Identifier: GPL-2.0

//! Devices that cannot or will not do what is needed, and those that do not prove their identity.

use super::{
    with_leaf,
    with_policy,
    Case, //
};
use crate::proto::{
    crypto::ChainError,
    error::{
        Error,
        Rejected,
        Unsupported, //
    },
    message::{
        Request::{
            Challenge,
            GetCapabilities,
            GetCertificate,
            GetDigests,
            GetVersion,
            NegotiateAlgorithms, //
        },
        Response, //
    },
    requester::{
        testing::{
            edited,
            Scene, //
        },
        testing_device::{
            other_root_hash,
            set, //
        },
        Policy, //
    },
    slot::{
        SlotChoice,
        SlotId, //
    },
    wire::error_rsp::ErrorCode, //
};

pub(super) const CASES: &[Case] = &[
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
        // The keys of slots 0 and 2 are for measurements only.
        || {
            edited(|answer| {
                set(answer, GetVersion, 6, &[0x00, 0x13]);
                set(answer, GetCapabilities, 11, &[0x04]);
                if answer.request == GetDigests {
                    answer.bytes.push(&[1, 1, 1, 1, 4, 0, 4, 0]);
                }
            })
        },
        Error::Unsupported(Unsupported::KeyUsage { mask: 0 }),
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
        || edited(|answer| set(answer, NegotiateAlgorithms, 6, &[0])),
        Error::Unsupported(Unsupported::Measurements),
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
        Error::Rejected(Rejected::Signature {
            response: Response::ChallengeAuth,
        }),
    ),
];
