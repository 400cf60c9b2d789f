// SPDX-License-Identifier: GPL-2.0

//! Messages that are none, and messages that say what they must not say.

use super::{
    malformed,
    misbehaved,
    Case, //
};
use crate::proto::{
    error::{
        Malformed,
        Misbehaved, //
    },
    message::{
        Field,
        Request::{
            Challenge,
            GetCapabilities,
            GetCertificate,
            GetDigests,
            GetMeasurements,
            GetVersion,
            NegotiateAlgorithms, //
        },
        Response, //
    },
    requester::{
        testing::edited,
        testing_device::set, //
    }, //
};

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
        || edited(|answer| set(answer, GetMeasurements, 17, &[1])),
        misbehaved(Response::Measurements, Misbehaved::Repeated { index: 1 }),
    ),
];
