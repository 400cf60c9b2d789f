// SPDX-License-Identifier: GPL-2.0

//! Tests of chains of all sizes, and of slots and keys.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_identify))]
mod tests {
    use super::super::{
        case_table::{
            misbehaved,
            set, //
        },
        testing::{
            edited,
            Scene, //
        },
        testing_device::{
            Answer,
            Edit, //
        }, //
    };
    use crate::proto::{
        error::{
            Error,
            Misbehaved, //
        },
        limits::{
            CHAIN_LEN_MAX,
            SMALL_CHAIN_LEN_MAX, //
        },
        message::{
            Field,
            Request::{
                GetCapabilities,
                GetCertificate,
                GetVersion, //
            },
            Response, //
        }, //
    };

    /// Lets the device speak 1.4 and have LARGE_RESP_CAP.
    fn large(answer: &mut Answer) {
        set(answer, GetVersion, 6, &[0, 0x14]);
        set(answer, GetCapabilities, 11, &[0x80]);
    }

    fn sent(edit: Edit) -> Result<u32, Error> {
        let scene = Scene {
            edit,
            ..Scene::HONEST
        };
        let (result, stats) = scene.play();
        result.map(|_| stats.sent)
    }

    #[test]
    fn large_form_is_used_if_the_device_has_it() {
        let small = sent(|answer| set(answer, GetVersion, 6, &[0, 0x14]));
        // The request has 8 bytes more.
        assert_eq!(sent(large), small.map(|sent| sent.saturating_add(8)));
        // Before 1.4 the bit means nothing.
        let before = sent(|answer| set(answer, GetVersion, 6, &[0, 0x13]));
        let reserved = sent(|answer| {
            large(answer);
            set(answer, GetVersion, 6, &[0, 0x13]);
        });
        assert_eq!(reserved, before);
    }

    #[test]
    fn large_chain_comes_in_portions_too() {
        let run = edited(|answer| {
            large(answer);
            if answer.request == GetCertificate && answer.number == 1 {
                answer.bytes.set(8, &[40, 0, 0, 0, 7]);
                answer.bytes.truncate(56);
            }
        });
        assert_eq!(run, None);
    }

    fn total(expected: u32, found: u32) -> Option<Error> {
        let what = Misbehaved::Total { expected, found };
        Some(misbehaved(Response::Certificate, what))
    }

    #[test]
    fn total_beyond_any_chain_is_refused() {
        let run = edited(|answer| set(answer, GetCertificate, 6, &[0xff, 0xff]));
        assert_eq!(run, total(SMALL_CHAIN_LEN_MAX, 0xffff + 47));
        let run = edited(|answer| {
            large(answer);
            set(answer, GetCertificate, 12, &[0xff, 0xff, 0x01, 0x00]);
        });
        assert_eq!(run, total(CHAIN_LEN_MAX, 0x1_ffff + 47));
        // No sum is too large.
        let run = edited(|answer| {
            large(answer);
            set(answer, GetCertificate, 12, &[0xff; 4]);
        });
        assert_eq!(run, total(CHAIN_LEN_MAX, u32::MAX));
    }

    #[test]
    fn small_answer_to_the_large_request_is_refused() {
        let run = edited(|answer| {
            large(answer);
            set(answer, GetCertificate, 2, &[0]);
        });
        let what = Misbehaved::Echo(Field::LargeCertChain);
        assert_eq!(run, Some(misbehaved(Response::Certificate, what)));
    }
}
