// SPDX-License-Identifier: GPL-2.0

//! Tests of chains of all sizes, and of slots and keys.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_identify))]
mod tests {
    use super::super::{
        case_table::misbehaved,
        testing::{
            edited,
            Scene, //
        },
        testing_device::{
            set,
            Answer,
            Edit, //
        },
        Policy, //
    };
    use crate::proto::{
        error::{
            Error,
            Misbehaved,
            Unsupported, //
        },
        key::{
            CertificateModel,
            KeyUsage,
            SlotKey, //
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
                GetDigests,
                GetVersion, //
            },
            Response, //
        },
        slot::{
            SlotChoice,
            SlotId, //
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

    /// Lets the device speak 1.3 and have MULTI_KEY_CAP 2, with these usages for slots 0 and 2,
    /// which hold a device's and an alias certificate.
    fn multi_key(answer: &mut Answer, usages: [u8; 2]) {
        set(answer, GetVersion, 6, &[0, 0x13]);
        set(answer, GetCapabilities, 11, &[0x08]);
        let [first, second] = usages;
        match answer.request {
            // KeyPairID, CertificateInfo, KeyUsageMask
            GetDigests => {
                answer.bytes.push(&[7, 8, 1, 2, first, 0, second, 0]);
            }
            GetCertificate => {
                let slot = answer.bytes.as_bytes().get(2).copied();
                let model = if slot == Some(0) { 1 } else { 2 };
                answer.bytes.set(3, &[model]);
            }
            _ => (),
        }
    }

    /// Challenge and measurements.
    const BOTH: u8 = 0x06;

    const MULTI_KEY: Scene = Scene {
        edit: |answer| multi_key(answer, [BOTH, BOTH]),
        ..Scene::HONEST
    };

    /// The key of a slot for challenges only.
    const SECOND: Scene = Scene {
        edit: |answer| multi_key(answer, [0x04, 0x02]),
        ..Scene::HONEST
    };

    #[test]
    fn key_of_the_slot_is_told() {
        let record = MULTI_KEY.play().0;
        assert_eq!(record.map(|record| record.state.is_multi_key), Ok(true));
        let key = SlotKey {
            pair: 7,
            model: CertificateModel::Device,
            usage: KeyUsage::from_wire(BOTH.into()),
        };
        assert_eq!(record.map(|record| record.chain.key), Ok(Some(key)));
        let record = Scene::HONEST.play().0;
        assert_eq!(record.map(|record| record.state.is_multi_key), Ok(false));
        assert_eq!(record.map(|record| record.chain.key), Ok(None));
    }

    #[test]
    fn lowest_slot_that_may_be_challenged_is_chosen() {
        let chain = SECOND.play().0.map(|record| record.chain);
        assert_eq!(chain.map(|chain| chain.slot.number()), Ok(2));
        assert_eq!(chain.map(|chain| chain.provisioned.to_wire()), Ok(0x05));
        assert_eq!(chain.map(|chain| chain.challengeable.to_wire()), Ok(0x04));
        let model = chain.map(|chain| chain.key.map(|key| key.model));
        assert_eq!(model, Ok(Some(CertificateModel::Alias)));
        // A refresh knows that it is the one.
        let (result, stats) = SECOND.look_again(&SECOND, |_| ());
        assert_eq!(result, Ok(()));
        assert_eq!(stats.exchanges, 2);
    }

    #[test]
    fn slot_that_may_not_be_challenged_is_refused_if_asked_for() {
        let [first, ..] = SlotId::ALL;
        let scene = Scene {
            policy: Policy {
                slot: SlotChoice::Slot(first),
                ..Policy::DEFAULT
            },
            ..SECOND
        };
        let what = Unsupported::KeyUsage { mask: 0x04 };
        assert_eq!(scene.error(), Some(Error::Unsupported(what)));
    }

    #[test]
    fn key_that_may_not_sign_measurements_does_not() {
        let signed = |scene: Scene| {
            let facts = scene.play().0.map(|record| record.measurements);
            facts.map(|facts| facts.map(|facts| facts.is_signed()))
        };
        assert_eq!(signed(MULTI_KEY), Ok(Some(true)));
        assert_eq!(signed(SECOND), Ok(Some(false)));
    }

    #[test]
    fn other_model_than_announced_is_refused() {
        let run = edited(|answer| {
            multi_key(answer, [BOTH, BOTH]);
            set(answer, GetCertificate, 3, &[2]);
        });
        let what = Misbehaved::Echo(Field::CertificateInfo);
        assert_eq!(run, Some(misbehaved(Response::Certificate, what)));
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
