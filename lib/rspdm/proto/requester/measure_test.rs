// SPDX-License-Identifier: GPL-2.0

//! Tests of measurements, and of further slots' chains.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_measure))]
mod tests {
    use super::super::{
        testing::{
            damaged,
            edited,
            scene,
            Scene,
            Toys, //
        },
        testing_device::{
            replace,
            set,
            VERSIONS, //
        },
        Policy, //
    };
    use crate::proto::{
        crypto::{
            ChainError,
            Links, //
        },
        error::{
            Error,
            Misbehaved,
            Rejected,
            Unsupported, //
        },
        limits::Budget,
        message::{
            Request::{
                GetCapabilities,
                GetCertificate,
                GetDigests,
                GetMeasurements,
                NegotiateAlgorithms, //
            },
            Response, //
        },
        record::FurtherChains,
        slot::{
            SlotChoice,
            SlotId,
            SlotMask, //
        },
        version::Version, //
    };

    #[test]
    fn measurement_transcript_has_vca_from_1_2_on() {
        for (edit, version) in VERSIONS.into_iter().zip(Version::ALL) {
            let vca_is_there = scene(edit).look(|evidence| {
                let vca = evidence.connection.vca();
                let layout = evidence.record().measurements.map(|facts| facts.layout);
                let vca_len = layout.map(|layout| layout.vca_len);
                if version < Version::V1_2 {
                    vca_len == Some(0)
                } else {
                    vca_len == Some(vca.len()) && evidence.measurements.bytes().starts_with(vca)
                }
            });
            assert_eq!(vca_is_there.0, Ok(true));
        }
    }

    #[test]
    fn layout_points_at_nonces_and_signature() {
        for edit in VERSIONS {
            let found = scene(edit).look(|evidence| {
                let facts = evidence.record().measurements?;
                let layout = facts.layout;
                let bytes = evidence.measurements.bytes();
                let at = |offset: usize| bytes.get(offset..)?.first_chunk::<32>();
                let ours = at(layout.requester_nonce?)? == &[0x55; 32];
                let theirs = at(layout.responder_nonce)? == &[0x33; 32];
                let signature = bytes.get(layout.signature..)?;
                let len = signature.len() == 64 && layout.signature_len == 64;
                Some((facts.blocks, ours, theirs, len))
            });
            assert_eq!(found.0, Ok(Some((2, true, true, true))));
        }
    }

    #[test]
    fn device_that_cannot_sign_is_asked_without_nonce() {
        let unsigned = scene(|answer| set(answer, GetCapabilities, 8, &[0x0e])).look(|evidence| {
            let facts = evidence.record().measurements?;
            let layout = facts.layout;
            let bytes = evidence.measurements.bytes();
            let request = bytes.get(layout.vca_len..)?.first_chunk::<5>()?;
            let is_whole = layout.signature == bytes.len() && layout.signature_len == 0;
            let nonce = bytes.get(layout.responder_nonce..)?.first_chunk::<32>()?;
            Some((
                *request,
                layout.requester_nonce,
                *nonce,
                is_whole,
                facts.is_signed(),
            ))
        });
        // GET_MEASUREMENTS without signature, all of them; MEASUREMENTS
        let request = [0x12, 0xe0, 0x00, 0xff, 0x12];
        assert_eq!(
            unsigned.0,
            Ok(Some((request, None, [0x33; 32], true, false)))
        );
    }

    #[test]
    fn device_without_measurements_is_not_asked() {
        let honest = scene(|answer| {
            set(answer, GetCapabilities, 8, &[0x06]);
            // Nothing is agreed on that is not needed.
            set(answer, NegotiateAlgorithms, 6, &[0]);
            set(answer, NegotiateAlgorithms, 8, &[0]);
            replace(answer, GetMeasurements, &[0x12, 0x7f, 0x07, 0xe0]);
        });
        let (result, stats) = honest.look(|evidence| {
            let is_empty = evidence.measurements.bytes().is_empty();
            (evidence.record().measurements, is_empty)
        });
        assert_eq!(result, Ok((None, true)));
        assert_eq!(stats.exchanges, 6);
    }

    #[test]
    fn device_that_measures_needs_a_hash_for_it() {
        let lacks = Some(Error::Unsupported(Unsupported::Measurements));
        let none = edited(|answer| set(answer, NegotiateAlgorithms, 8, &[0]));
        assert_eq!(none, lacks);
        // A hash that nobody knows.
        let unknown = edited(|answer| set(answer, NegotiateAlgorithms, 8, &[0, 0x80]));
        assert_eq!(unknown, lacks);
    }

    #[test]
    fn signature_of_measurements_is_verified() {
        let response = Response::Measurements;
        let error = Some(Error::Rejected(Rejected::Signature { response }));
        let bit = damaged(|answer| set(answer, GetMeasurements, 123, &[0xee]));
        assert_eq!(bit.error(), error);
        // The value of the first measurement.
        let altered = damaged(|answer| set(answer, GetMeasurements, 15, b"FW"));
        assert_eq!(altered.error(), error);
    }

    #[test]
    fn signer_in_1_0_is_slot_0() {
        let [_, _, two, ..] = SlotId::ALL;
        let [v1_0, v1_1, ..] = VERSIONS;
        let is_signed = |edit, slot| {
            let scene = Scene {
                policy: Policy {
                    slot,
                    ..Policy::DEFAULT
                },
                ..scene(edit)
            };
            let facts = scene.play().0.map(|record| record.measurements);
            facts.map(|facts| facts.map(|facts| facts.is_signed()))
        };
        assert_eq!(is_signed(v1_0, SlotChoice::Lowest), Ok(Some(true)));
        assert_eq!(is_signed(v1_0, SlotChoice::Slot(two)), Ok(Some(false)));
        assert_eq!(is_signed(v1_1, SlotChoice::Slot(two)), Ok(Some(true)));
    }

    #[test]
    fn lost_state_at_measurements_begins_anew() {
        let lost = scene(|answer| {
            if answer.number == 1 {
                replace(answer, GetMeasurements, &[0x12, 0x7f, 0x43, 0x00]);
            }
        });
        let (result, stats) = lost.play();
        assert!(result.is_ok());
        assert_eq!(stats.exchanges, 14);
    }

    /// The chain of every slot is wanted.
    const ALL_SLOTS: Policy = Policy {
        further: SlotMask::from_wire(0xff),
        ..Policy::DEFAULT
    };

    #[test]
    fn chains_of_further_slots_are_read_if_they_exist() {
        let scene = Scene {
            policy: ALL_SLOTS,
            ..Scene::HONEST
        };
        let (result, stats) = scene.look(|evidence| {
            let mut read = SlotMask::EMPTY;
            for slot in SlotId::ALL {
                if evidence.connection.chain(slot).len() == 47 {
                    read = read.with(slot);
                }
            }
            (read.to_wire(), evidence.record().further)
        });
        let further = FurtherChains {
            slots: SlotMask::from_wire(0x04),
            certificates: 2,
            unverified_links: 0,
        };
        assert_eq!(result, Ok((0x05, further)));
        assert_eq!(stats.exchanges, 8);
    }

    #[test]
    fn chains_of_further_slots_are_checked() {
        let all = |edit| Scene {
            policy: ALL_SLOTS,
            ..scene(edit)
        };
        // The second of two digests is that of slot 2.
        let digest = all(|answer| set(answer, GetDigests, 36, &[0xee]));
        let error = Error::Rejected(Rejected::ChainDigest { slot: 2 });
        assert_eq!(digest.error(), Some(error));
        let link = Scene {
            crypto: Toys {
                links: Err(ChainError::Link { position: 1 }),
                ..Toys::HONEST
            },
            ..all(|_| ())
        };
        let error = Error::Rejected(Rejected::Link { position: 1 });
        assert_eq!(link.error(), Some(error));
        // But need no algorithm that the environment has.
        let unverified = Scene {
            crypto: Toys {
                links: Ok(Links {
                    first_is_root: false,
                    unverified_links: 2,
                }),
                ..Toys::HONEST
            },
            ..all(|_| ())
        };
        let further = unverified.play().0.map(|record| record.further);
        let links = further.map(|further| further.unverified_links);
        assert_eq!(links, Ok(2));
        let slot = all(|answer| {
            if answer.number == 2 {
                set(answer, GetCertificate, 2, &[0]);
            }
        });
        let (asked, echoed) = (2, 0);
        let error = Error::Misbehaved {
            response: Response::Certificate,
            what: Misbehaved::Slot { asked, echoed },
        };
        assert_eq!(slot.error(), Some(error));
    }

    #[test]
    fn budget_grows_with_further_slots() {
        let one = Budget::AUTHENTICATE.with_further_slots(1);
        assert_eq!(one.exchanges, 544 + 512);
        assert_eq!(
            Budget::AUTHENTICATE.with_further_slots(0),
            Budget::AUTHENTICATE
        );
        let most = Budget::AUTHENTICATE.with_further_slots(u32::MAX);
        assert_eq!(most.exchanges, u32::MAX);
    }
}
