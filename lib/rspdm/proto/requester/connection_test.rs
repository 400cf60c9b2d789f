// SPDX-License-Identifier: GPL-2.0

//! Tests of connections that are gone on with.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_connection))]
mod tests {
    use super::super::{
        testing::{
            damaged,
            scene,
            Scene, //
        },
        testing_device::{
            replace,
            set,
            Answer,
            Edit,
            VERSIONS, //
        },
        Policy, //
    };
    use crate::proto::{
        error::{
            Error,
            Exhausted,
            Rejected, //
        },
        limits::Budget,
        message::{
            Request::{
                Challenge,
                GetMeasurements, //
            },
            Response, //
        },
        slot::{
            SlotChoice,
            SlotId,
            SlotMask, //
        },
        wire::error_rsp::ErrorCode, //
    };

    #[test]
    fn connection_takes_two_exchanges_to_go_on_with() {
        for edit in VERSIONS {
            let (result, stats) = scene(edit).look_again(&scene(|_| ()), |evidence| {
                let layout = evidence.record().layout;
                let transcript = evidence.transcript.bytes();
                let challenge = transcript.get(layout.vca_len..)?.get(1..)?.first()?;
                let nonce = transcript
                    .get(layout.requester_nonce..)?
                    .first_chunk::<32>()?;
                let vca = transcript.starts_with(evidence.connection.vca());
                let [slot, ..] = SlotId::ALL;
                let chain = evidence.connection.chain(slot).len();
                let measurements = evidence.record().measurements?;
                Some((*challenge, *nonce, vca, chain, measurements.is_signed()))
            });
            assert_eq!(result, Ok(Some((0x83, [0x66; 32], true, 47, true))));
            assert_eq!(stats.exchanges, 2);
        }
    }

    #[test]
    fn device_that_forgot_the_connection_is_asked_from_the_start() {
        let forgetful: [Edit; 5] = [
            // UnexpectedRequest, VersionMismatch of 1.0, RequestResynch
            |answer| {
                first(answer, |answer| {
                    replace(answer, Challenge, &[0x12, 0x7f, 4, 0])
                })
            },
            |answer| {
                first(answer, |answer| {
                    replace(answer, Challenge, &[0x10, 0x7f, 0x41, 0])
                })
            },
            |answer| {
                first(answer, |answer| {
                    replace(answer, Challenge, &[0x12, 0x7f, 0x43, 0])
                })
            },
            // Somebody else agreed on another version, and on another hash.
            |answer| first(answer, |answer| set(answer, Challenge, 0, &[0x13])),
            |answer| first(answer, |answer| set(answer, Challenge, 4, &[0xee])),
        ];
        for edit in forgetful {
            let (result, stats) = Scene::HONEST.look_again(&scene(edit), |_| ());
            assert_eq!(result, Ok(()));
            assert_eq!(stats.exchanges, 1 + 7);
        }
        // The signature is over other messages than ours.
        let other = damaged(|answer| first(answer, |answer| set(answer, Challenge, 133, &[0xee])));
        let (result, stats) = Scene::HONEST.look_again(&other, |_| ());
        assert_eq!(result, Ok(()));
        assert_eq!(stats.exchanges, 1 + 7);
    }

    /// Lets something happen to the first answer to a request only.
    fn first(answer: &mut Answer, edit: Edit) {
        if answer.number == 1 {
            edit(answer);
        }
    }

    #[test]
    fn what_follows_a_failed_refresh_counts() {
        let wrong = damaged(|answer| set(answer, GetMeasurements, 123, &[0xee]));
        let (result, stats) = Scene::HONEST.look_again(&wrong, |_| ());
        let response = Response::Measurements;
        let error = Error::Rejected(Rejected::Signature { response });
        assert_eq!(result, Err(error));
        assert_eq!(stats.exchanges, 2 + 7);
        // It is not tried a third time.
        let refused = scene(|answer| replace(answer, Challenge, &[0x12, 0x7f, 0x43, 0]));
        let (result, stats) = Scene::HONEST.look_again(&refused, |_| ());
        let (request, code) = (Challenge, ErrorCode::RequestResynch);
        assert_eq!(result, Err(Error::Refused { request, code }));
        assert_eq!(stats.exchanges, 1 + 6);
    }

    #[test]
    fn silence_and_lack_of_time_are_no_reason_to_begin_anew() {
        let silent = Scene {
            is_silent: true,
            ..Scene::HONEST
        };
        let (result, stats) = Scene::HONEST.look_again(&silent, |_| ());
        assert!(result.is_err());
        assert_eq!(stats.exchanges, 1);
        let busy = scene(|answer| replace(answer, Challenge, &[0x12, 0x7f, 0x03, 0]));
        let (result, _) = Scene::HONEST.look_again(&busy, |_| ());
        let (request, code) = (Challenge, ErrorCode::Busy);
        assert_eq!(result, Err(Error::Refused { request, code }));
        let budget = Budget {
            exchanges: 1,
            ..Budget::AUTHENTICATE
        };
        let short = Scene {
            policy: Policy {
                budget,
                ..Policy::DEFAULT
            },
            ..Scene::HONEST
        };
        let (result, _) = Scene::HONEST.look_again(&short, |_| ());
        let (request, what) = (GetMeasurements, Exhausted::Exchanges);
        assert_eq!(result, Err(Error::Exhausted { request, what }));
    }

    #[test]
    fn connection_of_other_slots_is_not_gone_on_with() {
        let [zero, _, two, ..] = SlotId::ALL;
        let wants = |slot, further| Scene {
            policy: Policy {
                slot,
                further: SlotMask::from_wire(further),
                ..Policy::DEFAULT
            },
            ..Scene::HONEST
        };
        let cost = |first: Scene, then: Scene| {
            let (result, stats) =
                first.look_again(&then, |evidence| evidence.record().chain.slot.number());
            result.map(|slot| (slot, stats.exchanges))
        };
        let lowest = wants(SlotChoice::Lowest, 0);
        assert_eq!(cost(lowest, wants(SlotChoice::Slot(zero), 0)), Ok((0, 2)));
        assert_eq!(cost(lowest, wants(SlotChoice::Slot(two), 0)), Ok((2, 7)));
        // Slot 2 was challenged; that is not the lowest.
        let second = wants(SlotChoice::Slot(two), 0);
        assert_eq!(cost(second, lowest), Ok((0, 7)));
        assert_eq!(cost(second, second), Ok((2, 2)));
        // One chain was read, the other one is wanted too; or none is there.
        assert_eq!(cost(lowest, wants(SlotChoice::Lowest, 0x04)), Ok((0, 8)));
        assert_eq!(cost(lowest, wants(SlotChoice::Lowest, 0xfb)), Ok((0, 2)));
        let both = wants(SlotChoice::Lowest, 0x04);
        assert_eq!(cost(both, both), Ok((0, 2)));
        assert_eq!(cost(both, lowest), Ok((0, 2)));
    }
}
