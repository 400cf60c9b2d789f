// SPDX-License-Identifier: GPL-2.0

//! Tests of GET_MEASUREMENTS and MEASUREMENTS.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_measurements))]
mod tests {
    use kernel::validate::Untrusted;

    use crate::proto::{
        algorithm::{
            AsymAlgo,
            BaseHash,
            MeasurementHash, //
        },
        error::{
            Error,
            Malformed,
            Misbehaved, //
        },
        message::{
            Field,
            Response, //
        },
        negotiated::{
            Algorithms,
            OpaqueFormat, //
        },
        slot::SlotId,
        version::Version,
        wire::measurements::{
            encode,
            Asked,
            ContentChange,
            Measurements, //
        }, //
    };

    /// Signed by the key of slot 1.
    fn asked(version: Version) -> Asked {
        let [_, slot, ..] = SlotId::ALL;
        Asked {
            version,
            algorithms: Algorithms {
                hash: BaseHash::Sha256,
                asym: AsymAlgo::EcdsaP256,
                opaque: OpaqueFormat::Format1,
                measurement_hash: Some(MeasurementHash::Sha256),
            },
            hash: MeasurementHash::Sha256,
            signer: Some(slot),
            nonce: [0x55; 32],
            context: *b"CONTEXT8",
        }
    }

    /// Signed by nobody.
    fn unsigned(version: Version) -> Asked {
        Asked {
            signer: None,
            ..asked(version)
        }
    }

    /// Length of a message with one block, four bytes of opaque data, and a RequesterContext.
    const LEN: usize = 8 + 9 + 32 + 2 + 4 + 8 + 64;

    fn message() -> [u8; LEN] {
        let mut message = [0; LEN];
        let bytes = [
            0x13, // SPDMVersion
            0x60, // RequestResponseCode: MEASUREMENTS
            0x00, // Param1
            0x21, // Param2: slot, no change
            0x01, // NumberOfBlocks
            0x09, 0x00, 0x00, // MeasurementRecordLength
            0x03, 0x01, 0x05, 0x00, // Index, MeasurementSpecification, MeasurementSize
            0x86, 0x02, 0x00, // DMTFSpecMeasurementValueType and ValueSize
            0x2a, 0x2b, // value
        ]
        .into_iter()
        .chain([0x22; 32]) // Nonce
        .chain([0x04, 0x00]) // OpaqueDataLength
        .chain([0xaa, 0xbb, 0xcc, 0xdd]) // OpaqueData
        .chain(*b"CONTEXT8") // RequesterContext
        .chain([0x33; 64]); // Signature
        message
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        message
    }

    /// The message with other bytes at an offset.
    fn with(offset: usize, bytes: &[u8]) -> [u8; LEN] {
        let mut message = message();
        let tail = message.iter_mut().skip(offset);
        tail.zip(bytes).for_each(|(to, from)| *to = *from);
        message
    }

    fn parse<'a>(bytes: &'a [u8], asked: &Asked) -> Result<Measurements<'a>, Error> {
        Untrusted::from_ref(bytes).validate_with(asked)
    }

    fn error(bytes: &[u8]) -> Option<Error> {
        parse(bytes, &asked(Version::V1_3)).err()
    }

    fn misbehaved(what: Misbehaved) -> Option<Error> {
        let response = Response::Measurements;
        Some(Error::Misbehaved { response, what })
    }

    fn malformed(what: Malformed) -> Option<Error> {
        let response = Response::Measurements;
        Some(Error::Malformed { response, what })
    }

    /// What the request has to be, of which the header is given.
    fn is_request(asked: Asked, header: [u8; 4], rest: &[&[u8]]) -> bool {
        let request = encode(&asked);
        let rest = rest.iter().copied().flatten();
        let expected = header.iter().chain(rest);
        request.as_bytes().iter().eq(expected)
    }

    #[test]
    fn request_for_a_signature_has_nonce_slot_and_context() {
        let nonce = [0x55; 32].as_slice();
        let context = b"CONTEXT8".as_slice();
        // Signature requested, all measurements
        assert!(is_request(
            asked(Version::V1_0),
            [0x10, 0xe0, 0x01, 0xff],
            &[nonce]
        ));
        assert!(is_request(
            asked(Version::V1_1),
            [0x11, 0xe0, 0x01, 0xff],
            &[nonce, &[0x01]]
        ));
        assert!(is_request(
            asked(Version::V1_2),
            [0x12, 0xe0, 0x01, 0xff],
            &[nonce, &[0x01]]
        ));
        assert!(is_request(
            asked(Version::V1_4),
            [0x14, 0xe0, 0x01, 0xff],
            &[nonce, &[0x01], context]
        ));
    }

    #[test]
    fn request_without_signature_has_a_context_at_most() {
        let context = b"CONTEXT8".as_slice();
        for version in [Version::V1_0, Version::V1_1, Version::V1_2] {
            let header = [version.to_wire(), 0xe0, 0x00, 0xff];
            assert!(is_request(unsigned(version), header, &[]));
        }
        for version in [Version::V1_3, Version::V1_4] {
            let header = [version.to_wire(), 0xe0, 0x00, 0xff];
            assert!(is_request(unsigned(version), header, &[context]));
        }
    }

    #[test]
    fn fields_are_read_from_their_places() -> Result<(), Error> {
        let bytes = message();
        let response = parse(&bytes, &asked(Version::V1_3))?;
        assert_eq!(Some(response.signed), bytes.get(..63));
        assert_eq!(response.record.count(), 1);
        let block = response.record.iter().next();
        assert_eq!(block.map(|block| block.index), Some(3));
        let value = [0x2a, 0x2b].as_slice();
        assert_eq!(block.map(|block| block.value), Some(value));
        assert_eq!(response.content_change, ContentChange::Unchanged);
        assert_eq!(response.nonce_offset, 17);
        assert_eq!(response.opaque_data, [0xaa, 0xbb, 0xcc, 0xdd].as_slice());
        assert_eq!(response.signature, [0x33; 64].as_slice());
        Ok(())
    }

    #[test]
    fn unsigned_measurements_end_without_signature() -> Result<(), Error> {
        let bytes = with(3, &[0x00]);
        let bytes = bytes.get(..63).unwrap_or_default();
        let response = parse(bytes, &unsigned(Version::V1_3))?;
        assert_eq!(response.signed, bytes);
        assert_eq!(response.signature, [].as_slice());
        assert_eq!(response.nonce_offset, 17);
        // A signature that nobody asked for is no part of the message.
        let found = parse(&with(3, &[0x00]), &unsigned(Version::V1_3)).err();
        assert_eq!(found, malformed(Malformed::Excess { bytes: 64 }));
        Ok(())
    }

    #[test]
    fn other_slot_is_refused() {
        let (asked, echoed) = (1, 0);
        let what = Misbehaved::Slot { asked, echoed };
        assert_eq!(error(&with(3, &[0x20])), misbehaved(what));
    }

    #[test]
    fn slot_is_a_matter_of_signatures_since_1_1() {
        let old = with(0, &[0x10, 0x60, 0x00, 0x00]);
        // 1.0 and 1.1 have no context: take it out of the message as opaque data.
        let opaque = |mut bytes: [u8; LEN]| {
            let len = bytes.iter_mut().skip(49).take(1);
            len.for_each(|len| *len = 12);
            bytes
        };
        assert!(parse(&opaque(old), &asked(Version::V1_0)).is_ok());
        let newer = with(0, &[0x11, 0x60, 0x00, 0x00]);
        assert!(parse(&opaque(newer), &asked(Version::V1_1)).is_err());
        // The upper half of the byte is reserved before 1.2.
        let newer = opaque(with(0, &[0x11, 0x60, 0x00, 0xf1]));
        let response = parse(&newer, &asked(Version::V1_1));
        let change = response.map(|response| response.content_change);
        assert_eq!(change, Ok(ContentChange::NotDetected));
    }

    #[test]
    fn change_of_content_is_told_not_judged() {
        let change = |param2| {
            let bytes = with(3, &[param2]);
            parse(&bytes, &asked(Version::V1_3)).map(|response| response.content_change)
        };
        assert_eq!(change(0x01), Ok(ContentChange::NotDetected));
        assert_eq!(change(0x11), Ok(ContentChange::Changed));
        assert_eq!(change(0x21), Ok(ContentChange::Unchanged));
        let what = Misbehaved::Illegal(Field::ContentChanged);
        assert_eq!(change(0x31).err(), misbehaved(what));
        // Bits 7:6 are reserved.
        assert_eq!(change(0xe1), Ok(ContentChange::Unchanged));
        // Without a signature, nothing is to be said.
        let found = parse(&with(3, &[0x10]), &unsigned(Version::V1_3)).err();
        assert_eq!(found, misbehaved(what));
    }

    #[test]
    fn record_cannot_be_longer_than_the_message() {
        let what = Malformed::Truncated(Field::MeasurementRecord);
        assert_eq!(error(&with(5, &[0xff, 0xff, 0xff])), malformed(what));
        // 24 bits count, not 16.
        assert_eq!(error(&with(5, &[0x09, 0x00, 0x01])), malformed(what));
    }

    #[test]
    fn record_is_checked() {
        let what = Malformed::Contradiction(Field::NumberOfBlocks);
        assert_eq!(error(&with(4, &[0x02])), malformed(what));
        let what = Malformed::Contradiction(Field::MeasurementRecordLength);
        assert_eq!(error(&with(5, &[0x08])), malformed(what));
        let what = Misbehaved::Illegal(Field::MeasurementIndex);
        assert_eq!(error(&with(8, &[0x00])), misbehaved(what));
    }

    #[test]
    fn other_context_is_refused() {
        let what = Misbehaved::Echo(Field::RequesterContext);
        assert_eq!(error(&with(55, b"context8")), misbehaved(what));
    }

    #[test]
    fn opaque_data_is_bounded_and_needs_a_format() {
        let what = Malformed::TooLarge(Field::OpaqueDataLength);
        assert_eq!(error(&with(49, &[0x01, 0x04])), malformed(what));
        let mut asked = asked(Version::V1_3);
        asked.algorithms.opaque = OpaqueFormat::None;
        let found = parse(&message(), &asked).err();
        assert_eq!(found, misbehaved(Misbehaved::Opaque));
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        let message = message();
        for len in 0..message.len() {
            let field = match len {
                0..4 => Field::Header,
                4..8 => Field::MeasurementRecordLength,
                8..17 => Field::MeasurementRecord,
                17..49 => Field::Nonce,
                49..51 => Field::OpaqueDataLength,
                51..55 => Field::OpaqueData,
                55..63 => Field::RequesterContext,
                _ => Field::Signature,
            };
            let bytes = message.get(..len).unwrap_or_default();
            assert_eq!(error(bytes), malformed(Malformed::Truncated(field)));
        }
    }

    #[test]
    fn padding_is_neither_signed_nor_signature() {
        let mut bytes = [0xee; LEN + 3];
        bytes
            .iter_mut()
            .zip(message())
            .for_each(|(to, from)| *to = from);
        let response = parse(&bytes, &asked(Version::V1_3));
        let lengths = response.map(|response| (response.signed.len(), response.signature.len()));
        assert_eq!(lengths, Ok((63, 64)));
    }
}
