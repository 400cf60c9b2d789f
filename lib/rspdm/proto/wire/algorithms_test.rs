// SPDX-License-Identifier: GPL-2.0

//! Tests of NEGOTIATE_ALGORITHMS and ALGORITHMS.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_algorithms))]
mod tests {
    use kernel::validate::Untrusted;

    use crate::proto::{
        algorithm::{
            AsymAlgo,
            AsymAlgoSet,
            BaseHash,
            BaseHashSet,
            MeasurementHash, //
        },
        error::{
            Error,
            Malformed,
            Misbehaved,
            Unsupported, //
        },
        message::{
            Field,
            Response, //
        },
        negotiated::{
            Algorithms,
            OpaqueFormat, //
        },
        version::Version,
        wire::algorithms::{
            encode,
            AlgorithmsResponse,
            Offer, //
        }, //
    };

    const OFFER: Offer = Offer {
        hashes: BaseHashSet::ALL,
        signatures: AsymAlgoSet::ALL,
        is_multi_key: false,
    };

    /// As spdm-emu sends it.
    const ALGORITHMS: [u8; 36] = [
        0x14, // SPDMVersion
        0x63, // RequestResponseCode: ALGORITHMS
        0x00, 0x00, // Param1: number of tables, Param2
        0x24, 0x00, // Length
        0x01, // MeasurementSpecificationSel: DMTF
        0x02, // OtherParamsSelection: OpaqueDataFmt1
        0x08, 0x00, 0x00, 0x00, // MeasurementHashAlgo: SHA-512
        0x80, 0x00, 0x00, 0x00, // BaseAsymSel: ECDSA P-384
        0x02, 0x00, 0x00, 0x00, // BaseHashSel: SHA-384
        0x00, 0x00, 0x00, 0x00, // PqcAsymSel
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // reserved
        0x00, // MELspecificationSel
        0x00, // ExtAsymSelCount
        0x00, // ExtHashSelCount
        0x00, 0x00, // reserved
    ];

    fn parse(bytes: &[u8]) -> Result<Algorithms, Error> {
        let version = bytes.first().copied().and_then(Version::from_wire);
        let version = version.unwrap_or(Version::V1_4);
        let response: AlgorithmsResponse<'_> =
            Untrusted::from_ref(bytes).validate_with((version, OFFER))?;
        Ok(response.algorithms)
    }

    /// The message with other bytes at an offset.
    fn with(version: u8, offset: usize, bytes: &[u8]) -> [u8; 36] {
        let mut message = ALGORITHMS;
        let tail = message.iter_mut().skip(offset);
        tail.zip(bytes).for_each(|(to, from)| *to = *from);
        message.iter_mut().take(1).for_each(|to| *to = version);
        message
    }

    /// The message with its Length and Param1 changed and tables appended.
    fn with_tables(version: u8, tables: &[[u8; 4]]) -> ([u8; 60], usize) {
        let mut message = [0; 60];
        let count = u8::try_from(tables.len()).unwrap_or(0);
        let len = count.saturating_mul(4).saturating_add(36);
        let head = with(version, 2, &[count, 0, len, 0]);
        let bytes = head.into_iter().chain(tables.iter().copied().flatten());
        message
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        (message, len.into())
    }

    fn parse_tables(version: u8, tables: &[[u8; 4]]) -> Result<Algorithms, Error> {
        let (message, len) = with_tables(version, tables);
        parse(message.get(..len).unwrap_or_default())
    }

    fn malformed(what: Malformed) -> Result<Algorithms, Error> {
        let response = Response::Algorithms;
        Err(Error::Malformed { response, what })
    }

    fn unoffered(field: Field) -> Result<Algorithms, Error> {
        let response = Response::Algorithms;
        let what = Misbehaved::Unoffered(field);
        Err(Error::Misbehaved { response, what })
    }

    #[test]
    fn request_has_the_offer_in_its_places() {
        let request = encode(Version::V1_2, OFFER);
        let mut expected = [0; 32];
        let head = [
            0x12, 0xe3, 0x00, 0x00, // header, no tables
            0x20, 0x00, // Length
            0x01, // MeasurementSpecification: DMTF
            0x02, // OtherParamsSupport: OpaqueDataFmt1
            0xb5, 0x01, 0x00, 0x00, // BaseAsymAlgo
            0x3f, 0x00, 0x00, 0x00, // BaseHashAlgo
        ];
        expected
            .iter_mut()
            .zip(head)
            .for_each(|(to, from)| *to = from);
        assert_eq!(request.as_bytes(), expected.as_slice());
    }

    #[test]
    fn multiple_keys_are_asked_for_from_1_3_on() {
        let offer = Offer {
            is_multi_key: true,
            ..OFFER
        };
        let other_params = |version| encode(version, offer).as_bytes().get(7).copied();
        assert_eq!(other_params(Version::V1_1), Some(0));
        assert_eq!(other_params(Version::V1_2), Some(0x02));
        assert_eq!(other_params(Version::V1_3), Some(0x12));
        assert_eq!(other_params(Version::V1_4), Some(0x12));
    }

    #[test]
    fn post_quantum_algorithms_are_offered_from_1_4_on() {
        let field = |version| {
            let request = encode(version, OFFER);
            let field = request.as_bytes().get(16..20);
            field.and_then(|field| field.first_chunk().copied())
        };
        assert_eq!(field(Version::V1_3), Some([0, 0, 0, 0]));
        // ML-DSA-44, 65 and 87
        assert_eq!(field(Version::V1_4), Some([7, 0, 0, 0]));
    }

    #[test]
    fn post_quantum_algorithm_can_be_selected() {
        // BaseAsymSel, BaseHashSel, PqcAsymSel: ML-DSA-87
        let message = with(0x14, 12, &[0, 0, 0, 0, 2, 0, 0, 0, 4]);
        let asym = parse(&message).map(|algorithms| algorithms.asym);
        assert_eq!(asym, Ok(AsymAlgo::MlDsa87));
        // SLH-DSA-SHA2-128s; two at once
        for selected in [0x08, 0x05] {
            let message = with(0x14, 12, &[0, 0, 0, 0, 2, 0, 0, 0, selected]);
            assert_eq!(parse(&message), unoffered(Field::PqcAsymSel));
        }
    }

    #[test]
    fn one_signature_algorithm_is_enough() {
        assert_eq!(parse(&with(0x14, 20, &[4])), unoffered(Field::PqcAsymSel));
    }

    #[test]
    fn opaque_format_is_offered_from_1_2_on() {
        let other_params = |version| encode(version, OFFER).as_bytes().get(7).copied();
        assert_eq!(other_params(Version::V1_0), Some(0));
        assert_eq!(other_params(Version::V1_1), Some(0));
        assert_eq!(other_params(Version::V1_3), Some(2));
    }

    #[test]
    fn fields_are_read_from_their_places() {
        let algorithms = Algorithms {
            hash: BaseHash::Sha384,
            asym: AsymAlgo::EcdsaP384,
            opaque: OpaqueFormat::Format1,
            measurement_hash: Some(MeasurementHash::Sha512),
        };
        assert_eq!(parse(&ALGORITHMS), Ok(algorithms));
    }

    #[test]
    fn nothing_selected_means_nothing_in_common() {
        let error = Err(Error::Unsupported(Unsupported::Signature));
        assert_eq!(parse(&with(0x14, 12, &[0])), error);
        let error = Err(Error::Unsupported(Unsupported::Hash));
        assert_eq!(parse(&with(0x14, 16, &[0])), error);
    }

    #[test]
    fn selection_outside_the_offer_is_refused() {
        // RSAPSS-3072; SM3-256
        assert_eq!(
            parse(&with(0x14, 12, &[0x08])),
            unoffered(Field::BaseAsymSel)
        );
        assert_eq!(
            parse(&with(0x14, 16, &[0x40])),
            unoffered(Field::BaseHashSel)
        );
        let one_hash = Offer {
            hashes: BaseHashSet::EMPTY.with(BaseHash::Sha512),
            ..OFFER
        };
        let one_signature = Offer {
            signatures: AsymAlgoSet::EMPTY.with(AsymAlgo::EcdsaP256),
            ..OFFER
        };
        for (offer, field) in [
            (one_hash, Field::BaseHashSel),
            (one_signature, Field::BaseAsymSel),
        ] {
            let raw: &Untrusted<[u8]> = Untrusted::from_ref(&ALGORITHMS);
            let response = raw.validate_with::<AlgorithmsResponse<'_>, _>((Version::V1_4, offer));
            let response = response.map(|response| response.algorithms);
            assert_eq!(response, unoffered(field));
        }
    }

    #[test]
    fn two_bits_are_refused() {
        assert_eq!(
            parse(&with(0x14, 12, &[0x90])),
            unoffered(Field::BaseAsymSel)
        );
        assert_eq!(
            parse(&with(0x14, 16, &[0x03])),
            unoffered(Field::BaseHashSel)
        );
        let what = Misbehaved::Illegal(Field::MeasurementHashAlgo);
        let response = Response::Algorithms;
        let error = Err(Error::Misbehaved { response, what });
        assert_eq!(parse(&with(0x14, 8, &[0x0c])), error);
    }

    #[test]
    fn reserved_bits_of_other_params_are_not_looked_at() {
        for (version, other_params) in [(0x12, 0xf2), (0x13, 0xe2), (0x14, 0x22)] {
            let algorithms = parse(&with(version, 7, &[other_params]));
            let opaque = algorithms.map(|algorithms| algorithms.opaque);
            assert_eq!(opaque, Ok(OpaqueFormat::Format1));
        }
    }

    #[test]
    fn what_we_never_offer_is_refused() {
        assert_eq!(
            parse(&with(0x13, 31, &[1])),
            unoffered(Field::MelSpecificationSel)
        );
        assert_eq!(
            parse(&with(0x12, 32, &[1])),
            unoffered(Field::ExtAsymSelCount)
        );
        assert_eq!(
            parse(&with(0x12, 33, &[1])),
            unoffered(Field::ExtHashSelCount)
        );
        assert_eq!(
            parse(&with(0x12, 6, &[2])),
            unoffered(Field::MeasurementSpecificationSel)
        );
        // OpaqueDataFmt0; both formats; multiple keys
        for other_params in [0x01, 0x03, 0x12] {
            let message = with(0x13, 7, &[other_params]);
            assert_eq!(parse(&message), unoffered(Field::OtherParamsSelection));
        }
    }

    #[test]
    fn reserved_bytes_of_older_versions_are_not_fields() {
        assert!(parse(&with(0x13, 20, &[4])).is_ok());
        assert!(parse(&with(0x12, 31, &[1])).is_ok());
        assert!(parse(&with(0x11, 7, &[0xff])).is_ok());
        // Param1 in 1.0 is not a number of tables.
        assert!(parse(&with(0x10, 2, &[4])).is_ok());
    }

    #[test]
    fn measurements_are_the_devices_own_business() {
        let measurement_hash = |message: &[u8]| parse(message).map(|all| all.measurement_hash);
        // No specification, and a hash that nobody can use
        assert_eq!(measurement_hash(&with(0x12, 6, &[0])), Ok(None));
        // A specification without hash
        assert_eq!(measurement_hash(&with(0x12, 8, &[0])), Ok(None));
    }

    #[test]
    fn empty_tables_that_nobody_asked_for_are_skipped() {
        // DHE, AEAD, ReqBaseAsymAlg, KeySchedule: type, count, selection
        let tables = [
            [2, 0x20, 0, 0],
            [3, 0x20, 0, 0],
            [4, 0x20, 0, 0],
            [5, 0x20, 0, 0],
        ];
        assert_eq!(parse_tables(0x12, &tables), parse(&ALGORITHMS));
        // ReqPqcAsymAlg and KEM came with 1.4.
        let tables = [[6, 0x20, 0, 0], [7, 0x20, 0, 0]];
        assert_eq!(parse_tables(0x14, &tables), parse(&ALGORITHMS));
        let error = malformed(Malformed::Contradiction(Field::RespAlgStruct));
        assert_eq!(parse_tables(0x13, &tables), error);
    }

    #[test]
    fn table_with_a_selection_is_refused() {
        let tables = [[2, 0x20, 0x10, 0]];
        assert_eq!(parse_tables(0x12, &tables), unoffered(Field::RespAlgStruct));
    }

    #[test]
    fn tables_out_of_order_or_form_are_refused() {
        let error = malformed(Malformed::Contradiction(Field::RespAlgStruct));
        // Descending; twice the same; unknown type; one byte; an extension; nibbles swapped
        for tables in [
            [[3, 0x20, 0, 0], [2, 0x20, 0, 0]].as_slice(),
            &[[2, 0x20, 0, 0], [2, 0x20, 0, 0]],
            &[[8, 0x20, 0, 0]],
            &[[2, 0x10, 0, 0]],
            &[[2, 0x21, 0, 0]],
            &[[2, 0x02, 0, 0]],
        ] {
            assert_eq!(parse_tables(0x14, tables), error);
        }
    }

    #[test]
    fn length_must_be_that_of_the_message() {
        let error = malformed(Malformed::Contradiction(Field::Length));
        for length in [[0x23, 0x00], [0x25, 0x00], [0xff, 0xff], [0x00, 0x00]] {
            assert_eq!(parse(&with(0x12, 4, &length)), error);
        }
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        for len in 0..ALGORITHMS.len() {
            let field = if len < 4 {
                Field::Header
            } else {
                Field::FixedPart
            };
            let error = malformed(Malformed::Truncated(field));
            assert_eq!(ALGORITHMS.get(..len).map(parse), Some(error));
        }
        let (message, len) = with_tables(0x12, &[[2, 0x20, 0, 0], [3, 0x20, 0, 0]]);
        for len in 36..len {
            let error = malformed(Malformed::Truncated(Field::RespAlgStruct));
            assert_eq!(message.get(..len).map(parse), Some(error));
        }
    }
}
