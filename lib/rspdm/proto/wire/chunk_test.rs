// SPDX-License-Identifier: GPL-2.0

//! Tests of chunks.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_chunk))]
mod tests {
    use super::super::chunk::*;

    use kernel::validate::Untrusted;

    use crate::proto::{
        error::{
            Error,
            Malformed,
            Misbehaved, //
        },
        message::{
            Field,
            Response, //
        },
        version::Version, //
    };

    const FIRST: Place = Place {
        version: Version::V1_2,
        handle: 0x5a,
        number: 0,
    };

    const SECOND: Place = Place { number: 1, ..FIRST };

    const NOTHING: Arrived = Arrived::Nothing {
        longer_than: 42,
        longest: 100,
    };

    /// As much as [`first`] brings.
    const PART: Arrived = Arrived::Part { len: 26, total: 56 };

    /// The first chunk of a message of 56 bytes.
    fn first() -> [u8; 16 + 26] {
        let mut message = [0x11; 42];
        let header = [
            0x12, // SPDMVersion
            0x06, // RequestResponseCode: CHUNK_RESPONSE
            0x00, // Param1: not the last chunk
            0x5a, // Handle
            0x00, 0x00, // ChunkSeqNo
            0x00, 0x00, // reserved
            26, 0x00, 0x00, 0x00, // ChunkSize
            56, 0x00, 0x00, 0x00, // LargeMessageSize
        ];
        set(&mut message, 0, &header);
        message
    }

    /// The second and last chunk.
    fn second() -> [u8; 12 + 30] {
        let mut message = [0x22; 42];
        let header = [0x12, 0x06, 0x01, 0x5a, 1, 0, 0, 0, 30, 0, 0, 0];
        set(&mut message, 0, &header);
        message
    }

    fn set(message: &mut [u8], offset: usize, bytes: &[u8]) {
        let tail = message.iter_mut().skip(offset);
        tail.zip(bytes).for_each(|(to, from)| *to = *from);
    }

    fn parse(place: Place, arrived: Arrived, bytes: &[u8]) -> Result<ChunkResponse<'_>, Error> {
        Untrusted::from_ref(bytes).validate_with((place, arrived))
    }

    /// What is wrong with the first chunk if it has other bytes at an offset.
    fn wrong_first(offset: usize, bytes: &[u8]) -> Option<Error> {
        let mut message = first();
        set(&mut message, offset, bytes);
        parse(FIRST, NOTHING, &message).err()
    }

    /// The same for the second one.
    fn wrong_second(offset: usize, bytes: &[u8]) -> Option<Error> {
        let mut message = second();
        set(&mut message, offset, bytes);
        parse(SECOND, PART, &message).err()
    }

    fn misbehaved(what: Misbehaved) -> Option<Error> {
        let response = Response::Chunk;
        Some(Error::Misbehaved { response, what })
    }

    fn illegal(field: Field) -> Option<Error> {
        misbehaved(Misbehaved::Illegal(field))
    }

    fn malformed(what: Malformed) -> Option<Error> {
        let response = Response::Chunk;
        Some(Error::Malformed { response, what })
    }

    #[test]
    fn number_has_16_bits_and_32_in_1_4() {
        let place = Place {
            number: 0x0102,
            ..FIRST
        };
        // Header with handle; ChunkSeqNo
        let request = encode_get(place);
        let expected = [0x12, 0x86, 0x00, 0x5a, 0x02, 0x01];
        assert_eq!(request.as_bytes(), expected.as_slice());
        let version = Version::V1_4;
        let request = encode_get(Place { version, ..place });
        let expected = [0x14, 0x86, 0x00, 0x5a, 0x02, 0x01, 0x00, 0x00];
        assert_eq!(request.as_bytes(), expected.as_slice());
    }

    #[test]
    fn request_is_cut_to_the_length_of_a_transfer() {
        let request = [0x33; 44];
        let (chunk, rest) = encode_send(FIRST, &request, 42).unwrap_or((encode_get(FIRST), &[]));
        // Header; ChunkSeqNo, reserved; ChunkSize; LargeMessageSize
        let header = [0x12, 0x85, 0, 0x5a, 0, 0, 0, 0, 26, 0, 0, 0, 44, 0, 0, 0];
        assert_eq!(chunk.as_bytes().get(..16), Some(header.as_slice()));
        assert_eq!(chunk.as_bytes().get(16..), Some([0x33; 26].as_slice()));
        assert_eq!(rest.len(), 18);
        let (chunk, rest) = encode_send(SECOND, rest, 42).unwrap_or((encode_get(FIRST), &[]));
        // Header with LastChunk; ChunkSeqNo, reserved; ChunkSize
        let header = [0x12, 0x85, 1, 0x5a, 1, 0, 0, 0, 18, 0, 0, 0];
        assert_eq!(chunk.as_bytes().get(..12), Some(header.as_slice()));
        assert_eq!(chunk.as_bytes().get(12..), Some([0x33; 18].as_slice()));
        assert_eq!(rest.len(), 0);
    }

    #[test]
    fn chunk_that_does_not_fit_is_not_made() {
        assert!(encode_send(FIRST, &[0x33; 44], 15).is_none());
        // Longer than any request of ours.
        assert!(encode_send(FIRST, &[0x33; 100], 100).is_none());
    }

    #[test]
    fn chunks_are_read_from_their_places() {
        let bytes = first();
        let chunk = parse(FIRST, NOTHING, &bytes);
        let expected = ChunkResponse {
            chunk: &[0x11; 26],
            len: 26,
            total: 56,
        };
        assert_eq!(chunk, Ok(expected));
        assert!(!expected.is_last());
        let bytes = second();
        let chunk = parse(SECOND, PART, &bytes);
        let expected = ChunkResponse {
            chunk: &[0x22; 30],
            len: 56,
            total: 56,
        };
        assert_eq!(chunk, Ok(expected));
        assert!(expected.is_last());
    }

    #[test]
    fn other_transfer_is_refused() {
        let error = misbehaved(Misbehaved::Echo(Field::Handle));
        assert_eq!(wrong_first(3, &[0x5b]), error);
        assert_eq!(wrong_second(3, &[0x5b]), error);
    }

    #[test]
    fn other_chunk_is_refused() {
        let error = misbehaved(Misbehaved::Echo(Field::ChunkSeqNo));
        assert_eq!(wrong_first(4, &[1]), error);
        assert_eq!(wrong_second(4, &[0]), error);
        assert_eq!(wrong_second(5, &[1]), error);
    }

    #[test]
    fn upper_half_of_the_number_counts_in_1_4_only() {
        assert_eq!(wrong_second(6, &[1]), None);
        let mut message = second();
        set(&mut message, 0, &[0x14]);
        let version = Version::V1_4;
        let place = Place { version, ..SECOND };
        assert!(parse(place, PART, &message).is_ok());
        set(&mut message, 6, &[1]);
        let error = misbehaved(Misbehaved::Echo(Field::ChunkSeqNo));
        assert_eq!(parse(place, PART, &message).err(), error);
    }

    #[test]
    fn message_that_needs_no_chunks_is_refused() {
        assert_eq!(wrong_first(12, &[42]), illegal(Field::LargeMessageSize));
        assert_eq!(wrong_first(12, &[43]), None);
    }

    #[test]
    fn message_beyond_our_own_size_is_refused() {
        assert_eq!(wrong_first(12, &[100]), None);
        assert_eq!(wrong_first(12, &[101]), illegal(Field::LargeMessageSize));
        assert_eq!(wrong_first(15, &[0xff]), illegal(Field::LargeMessageSize));
    }

    #[test]
    fn empty_chunk_is_refused() {
        let error = misbehaved(Misbehaved::NoProgress);
        assert_eq!(wrong_first(8, &[0]), error);
        assert_eq!(wrong_second(8, &[0]), error);
    }

    #[test]
    fn only_the_last_chunk_may_be_short() {
        assert_eq!(wrong_first(8, &[25]), illegal(Field::ChunkSize));
        let mut message = second();
        set(&mut message, 8, &[5]);
        let arrived = Arrived::Part { len: 51, total: 56 };
        let last = message.get(..17).map(|bytes| parse(SECOND, arrived, bytes));
        assert_eq!(last.map(|last| last.is_ok()), Some(true));
    }

    #[test]
    fn chunks_and_message_end_together() {
        let total = |found| {
            let expected = 56;
            misbehaved(Misbehaved::Total { expected, found })
        };
        // More bytes than the message has, in one chunk and altogether; no sum is too large
        assert_eq!(wrong_first(8, &[57]), total(57));
        assert_eq!(wrong_second(8, &[31]), total(57));
        assert_eq!(wrong_second(8, &[0xff; 4]), total(u32::MAX));
        // The last chunk, but not the end
        assert_eq!(wrong_first(2, &[1]), total(26));
        // The end, but not the last chunk
        assert_eq!(wrong_second(2, &[0]), illegal(Field::LastChunk));
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        let message = first();
        for len in 0..message.len() {
            let field = match len {
                0..4 => Field::Header,
                4..12 => Field::ChunkSize,
                12..16 => Field::LargeMessageSize,
                _ => Field::Chunk,
            };
            let bytes = message.get(..len).unwrap_or_default();
            let error = malformed(Malformed::Truncated(field));
            assert_eq!(parse(FIRST, NOTHING, bytes).err(), error);
        }
    }

    #[test]
    fn bytes_behind_the_chunk_are_refused() {
        let mut message = [0; 46];
        set(&mut message, 0, &second());
        let error = malformed(Malformed::Excess { bytes: 4 });
        assert_eq!(parse(SECOND, PART, &message).err(), error);
    }

    /// Looks at an acknowledgment of the second chunk.
    fn acknowledged(version: Version, is_last: bool, bytes: &[u8]) -> Result<(bool, usize), Error> {
        let place = Place { version, ..SECOND };
        let ack: ChunkSendAck<'_> = Untrusted::from_ref(bytes).validate_with((place, is_last))?;
        Ok((ack.early_error, ack.response_offset))
    }

    fn bad_ack(what: Misbehaved) -> Result<(bool, usize), Error> {
        let response = Response::ChunkSendAck;
        Err(Error::Misbehaved { response, what })
    }

    #[test]
    fn acknowledgment_carries_the_response_behind_its_header() {
        let bytes = [0x12, 0x05, 0, 0x5a, 1, 0, 0x12, 0x03, 0, 0];
        let ack = acknowledged(Version::V1_2, true, &bytes);
        assert_eq!(ack, Ok((false, 6)));
        assert_eq!(ack_header_len(Version::V1_2), 6);
        let bytes = [0x14, 0x05, 1, 0x5a, 1, 0, 0, 0, 0x14, 0x7f, 1, 0];
        let ack = acknowledged(Version::V1_4, false, &bytes);
        assert_eq!(ack, Ok((true, 8)));
        assert_eq!(ack_header_len(Version::V1_4), 8);
    }

    #[test]
    fn acknowledgment_of_another_chunk_is_refused() {
        let bytes = [0x12, 0x05, 0, 0x5b, 1, 0];
        let error = bad_ack(Misbehaved::Echo(Field::Handle));
        assert_eq!(acknowledged(Version::V1_2, false, &bytes), error);
        let bytes = [0x12, 0x05, 0, 0x5a, 0, 0];
        let error = bad_ack(Misbehaved::Echo(Field::ChunkSeqNo));
        assert_eq!(acknowledged(Version::V1_2, false, &bytes), error);
    }

    #[test]
    fn acknowledgment_before_the_last_carries_nothing() {
        let bytes = [0x12, 0x05, 0, 0x5a, 1, 0, 0, 0];
        let ack = acknowledged(Version::V1_2, false, &bytes);
        assert_eq!(ack, Ok((false, 6)));
        let bytes = [0x12, 0x05, 0, 0x5a, 1, 0, 0x12, 0x03, 0, 0];
        let response = Response::ChunkSendAck;
        let what = Malformed::Excess { bytes: 4 };
        let error = Err(Error::Malformed { response, what });
        assert_eq!(acknowledged(Version::V1_2, false, &bytes), error);
    }

    #[test]
    fn short_acknowledgment_is_refused() {
        let response = Response::ChunkSendAck;
        for len in 0..6 {
            let bytes = [0x12, 0x05, 0, 0x5a, 1];
            let field = if len < 4 {
                Field::Header
            } else {
                Field::ChunkSeqNo
            };
            let what = Malformed::Truncated(field);
            let ack = bytes
                .get(..len)
                .map(|bytes| acknowledged(Version::V1_2, true, bytes));
            let error = Err(Error::Malformed { response, what });
            assert_eq!(ack.unwrap_or(error), error);
        }
    }
}
