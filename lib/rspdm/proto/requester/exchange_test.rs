// SPDX-License-Identifier: GPL-2.0

//! Tests of exchanges, repeated ones above all.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_exchange))]
mod tests {
    use super::super::{
        testing::{
            toys_work,
            Scene, //
        },
        testing_device::{
            Answer,
            Edit, //
        },
        Policy, //
    };
    use crate::proto::{
        error::{
            Error,
            Exhausted, //
        },
        limits::{
            self,
            Budget, //
        },
        message::Request,
        record::{
            Record,
            Stats, //
        },
        version::Version,
        wire::error_rsp::ErrorCode, //
    };

    /// Exchanges that an honest device needs: one for each request.
    const EXCHANGES: u32 = 7;

    /// ERROR Busy.
    const BUSY: [u8; 4] = [0x12, 0x7f, 0x03, 0x00];

    fn play(edit: Edit) -> (Result<Record, Error>, Stats) {
        let scene = Scene {
            edit,
            ..Scene::HONEST
        };
        scene.play()
    }

    fn exchanges(edit: Edit) -> Result<u32, Error> {
        let (result, stats) = play(edit);
        result.map(|_| stats.exchanges)
    }

    #[test]
    fn honest_device_needs_one_exchange_per_request() {
        assert!(toys_work());
        let (result, stats) = play(|_| ());
        assert!(result.is_ok());
        assert_eq!(stats.exchanges, EXCHANGES);
        // In the order of the messages: 4 + 20 + 32 + 4 + 8 + 36 + 37,
        // and 8 + 20 + 36 + 68 + 55 + 134 + 124
        assert_eq!(stats.sent, 141);
        assert_eq!(stats.received, 445);
    }

    #[test]
    fn every_version_works() {
        let edits: [Edit; 5] = [
            |answer| entry(answer, 0x10),
            |answer| entry(answer, 0x11),
            |answer| entry(answer, 0x12),
            |answer| entry(answer, 0x13),
            |answer| entry(answer, 0x14),
        ];
        for (edit, version) in edits.into_iter().zip(Version::ALL) {
            let spoken = play(edit).0.map(|record| record.state.version);
            assert_eq!(spoken, Ok(version));
        }
    }

    /// Lets VERSION list this version alone.
    fn entry(answer: &mut Answer, version: u8) {
        if answer.request == Request::GetVersion {
            answer.bytes.set(6, &[0, version]);
        }
    }

    #[test]
    fn padding_is_not_signed() {
        let scene = Scene {
            damage: |answer| {
                answer.bytes.push(&[0xaa, 0xbb, 0xcc]);
            },
            ..Scene::HONEST
        };
        assert!(scene.play().0.is_ok());
    }

    #[test]
    fn busy_device_is_asked_again_and_no_transcript_knows() {
        // Three times at each request; GET_VERSION is of 1.0
        let asked = exchanges(|answer| {
            if answer.number <= 3 {
                answer.bytes.replace(&BUSY);
                if answer.request == Request::GetVersion {
                    answer.bytes.set(0, &[0x10]);
                }
            }
        });
        assert_eq!(asked, Ok(EXCHANGES * 4));
    }

    #[test]
    fn lost_message_is_sent_again() {
        let asked = exchanges(|answer| {
            if answer.request == Request::Challenge && answer.number == 1 {
                answer.bytes.replace(&[0x12, 0x7f, 0x10, 0x00]);
            }
        });
        assert_eq!(asked, Ok(EXCHANGES + 1));
    }

    #[test]
    fn device_that_is_always_busy_is_given_up() {
        let (result, stats) = play(|answer| {
            if answer.request == Request::GetDigests {
                answer.bytes.replace(&BUSY);
            }
        });
        let request = Request::GetDigests;
        let code = ErrorCode::Busy;
        assert_eq!(result.err(), Some(Error::Refused { request, code }));
        assert_eq!(stats.exchanges, 4 + u32::from(limits::BUSY_ANSWERS_MAX));
    }

    #[test]
    fn response_that_is_not_ready_is_asked_for() {
        let asked = exchanges(|answer| {
            if answer.request == Request::Challenge && answer.number <= 5 {
                // RDTExponent 3, CHALLENGE, Token 7, RDTM 0
                answer.bytes.replace(&[0x12, 0x7f, 0x42, 0, 3, 0x83, 7, 0]);
            }
        });
        assert_eq!(asked, Ok(EXCHANGES + 5));
    }

    #[test]
    fn reminder_is_what_is_repeated_when_the_device_is_busy() {
        let asked = exchanges(|answer| {
            if answer.request == Request::Challenge {
                match answer.number {
                    1 => answer.bytes.replace(&[0x12, 0x7f, 0x42, 0, 3, 0x83, 7, 2]),
                    2 => answer.bytes.replace(&BUSY),
                    _ if answer.is_reminder => (),
                    _ => answer.bytes.replace(&[0x12, 0x7f, 0x01, 0x00]),
                }
            }
        });
        assert_eq!(asked, Ok(EXCHANGES + 2));
    }

    #[test]
    fn version_cannot_be_put_off() {
        let (result, _) = play(|answer| {
            answer.bytes.replace(&[0x10, 0x7f, 0x42, 0, 3, 0x84, 7, 2]);
        });
        let request = Request::GetVersion;
        let code = ErrorCode::ResponseNotReady;
        assert_eq!(result.err(), Some(Error::Refused { request, code }));
    }

    #[test]
    fn pause_beyond_the_budget_is_not_taken() {
        let scene = Scene {
            edit: |answer| {
                if answer.request == Request::Challenge {
                    // RDTExponent 31: more than half an hour
                    answer.bytes.replace(&[0x12, 0x7f, 0x42, 0, 31, 0x83, 7, 2]);
                }
            },
            // A pause would end in an error of its own.
            is_interrupted: true,
            ..Scene::HONEST
        };
        let request = Request::Challenge;
        let what = Exhausted::Time;
        assert_eq!(scene.error(), Some(Error::Exhausted { request, what }));
    }

    #[test]
    fn budget_may_be_used_up_to_the_last_byte() {
        let with = |bytes| {
            let scene = Scene {
                policy: Policy {
                    budget: Budget {
                        bytes,
                        ..Budget::AUTHENTICATE
                    },
                    ..Policy::DEFAULT
                },
                ..Scene::HONEST
            };
            scene.error()
        };
        let request = Request::GetMeasurements;
        let what = Exhausted::Bytes;
        assert_eq!(with(141 + 445), None);
        assert_eq!(with(141 + 444), Some(Error::Exhausted { request, what }));
    }

    #[test]
    fn device_that_lost_its_state_is_asked_anew_once() {
        // RequestResynch at the first CHALLENGE, then all of it again
        let asked = exchanges(|answer| {
            if answer.request == Request::Challenge && answer.number == 1 {
                answer.bytes.replace(&[0x12, 0x7f, 0x43, 0x00]);
            }
        });
        assert_eq!(asked, Ok(6 + EXCHANGES));
        let (result, stats) = play(|answer| {
            if answer.request == Request::Challenge {
                answer.bytes.replace(&[0x12, 0x7f, 0x43, 0x00]);
            }
        });
        let request = Request::Challenge;
        let code = ErrorCode::RequestResynch;
        assert_eq!(result.err(), Some(Error::Refused { request, code }));
        assert_eq!(stats.exchanges, 12);
    }

    #[test]
    fn small_transfers_bring_the_chain_in_portions() {
        // CHALLENGE_AUTH of 134 bytes has to fit; the device sends 10 bytes of the chain at most.
        let asked = exchanges(|answer| {
            if answer.request == Request::GetCertificate {
                let sent = answer.number.saturating_sub(1).saturating_mul(10);
                let left = 47u8.saturating_sub(sent);
                let portion = left.min(10);
                answer
                    .bytes
                    .set(4, &[portion, 0, left.saturating_sub(portion), 0]);
                answer.bytes.truncate(8 + usize::from(portion));
            }
        });
        assert_eq!(asked, Ok(EXCHANGES + 4));
    }
}
