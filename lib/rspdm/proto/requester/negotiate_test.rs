// SPDX-License-Identifier: GPL-2.0

//! Tests of offers that are made one after the other.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_offers))]
mod tests {
    use super::super::{
        testing::Scene,
        testing_device::{
            replace,
            set,
            Edit, //
        },
        Policy, //
    };
    use crate::proto::{
        algorithm::{
            AsymAlgo,
            AsymAlgoSet, //
        },
        error::{
            Error,
            Unsupported, //
        },
        message::Request::{
            GetVersion,
            NegotiateAlgorithms, //
        },
        preference::Order,
        wire::error_rsp::ErrorCode, //
    };

    /// Exchanges of a run with a single offer.
    const EXCHANGES: u32 = 7;

    /// Offers these, one after the other, to a device that has ECDSA P-256.
    fn offers<const N: usize>(offers: [AsymAlgo; N], edit: Edit) -> Scene {
        let mut order = [AsymAlgoSet::EMPTY; 9];
        for (place, asym) in order.iter_mut().zip(offers) {
            *place = AsymAlgoSet::EMPTY.with(asym);
        }
        Scene {
            edit,
            policy: Policy {
                order: Order(order),
                ..Policy::DEFAULT
            },
            ..Scene::HONEST
        }
    }

    fn exchanges(scene: Scene) -> Result<u32, Error> {
        let (result, stats) = scene.play();
        result.map(|_| stats.exchanges)
    }

    #[test]
    fn offer_that_the_version_does_not_know_is_passed_over() {
        // The device speaks 1.2: one GET_VERSION and one GET_CAPABILITIES are enough.
        let scene = offers([AsymAlgo::MlDsa65, AsymAlgo::EcdsaP256], |_| ());
        assert_eq!(exchanges(scene), Ok(EXCHANGES));
    }

    #[test]
    fn nothing_is_selected_of_offers_that_the_version_does_not_know() {
        let scene = offers([AsymAlgo::MlDsa65, AsymAlgo::MlDsa87], |_| ());
        let (result, stats) = scene.play();
        let error = Error::Unsupported(Unsupported::Signature);
        assert_eq!(result.err(), Some(error));
        assert_eq!(stats.exchanges, 2);
    }

    #[test]
    fn second_offer_begins_anew() {
        for edit in REFUSALS {
            let scene = offers([AsymAlgo::EcdsaP384, AsymAlgo::EcdsaP256], edit);
            assert_eq!(exchanges(scene), Ok(EXCHANGES + 3));
        }
    }

    #[test]
    fn error_of_the_last_offer_is_told() {
        let refuse: Edit = |answer| replace(answer, NegotiateAlgorithms, &INVALID_REQUEST);
        let scene = offers([AsymAlgo::EcdsaP384, AsymAlgo::EcdsaP256], refuse);
        let (request, code) = (NegotiateAlgorithms, ErrorCode::InvalidRequest);
        assert_eq!(scene.error(), Some(Error::Refused { request, code }));
    }

    #[test]
    fn other_errors_end_it() {
        // UnsupportedRequest
        let refuse: Edit = |answer| replace(answer, NegotiateAlgorithms, &[0x12, 0x7f, 7, 0xe3]);
        let scene = offers([AsymAlgo::EcdsaP384, AsymAlgo::EcdsaP256], refuse);
        let (result, stats) = scene.play();
        let (request, code) = (NegotiateAlgorithms, ErrorCode::UnsupportedRequest);
        assert_eq!(result.err(), Some(Error::Refused { request, code }));
        assert_eq!(stats.exchanges, 3);
    }

    #[test]
    fn second_offer_may_meet_another_version() {
        // 1.2 at first, then 1.1: what was said before is forgotten.
        let edit: Edit = |answer| {
            let is_first = answer.number == 1;
            if !is_first {
                set(answer, GetVersion, 6, &[0x00, 0x11]);
            }
            if is_first {
                replace(answer, NegotiateAlgorithms, &INVALID_REQUEST);
            }
        };
        let scene = offers([AsymAlgo::EcdsaP384, AsymAlgo::EcdsaP256], edit);
        let version = scene.play().0.map(|record| record.state.version.to_wire());
        assert_eq!(version, Ok(0x11));
    }

    const INVALID_REQUEST: [u8; 4] = [0x12, 0x7f, 0x01, 0x00];

    /// How devices say that they can do nothing of the first offer: nothing selected,
    /// InvalidRequest, Unspecified.
    const REFUSALS: [Edit; 3] = [
        |answer| {
            if answer.number == 1 {
                set(answer, NegotiateAlgorithms, 12, &[0; 4]);
            }
        },
        |answer| {
            if answer.number == 1 {
                replace(answer, NegotiateAlgorithms, &INVALID_REQUEST);
            }
        },
        |answer| {
            if answer.number == 1 {
                replace(answer, NegotiateAlgorithms, &[0x12, 0x7f, 0x05, 0x00]);
            }
        },
    ];
}
