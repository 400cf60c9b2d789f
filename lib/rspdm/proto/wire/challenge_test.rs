// SPDX-License-Identifier: GPL-2.0

//! Tests of CHALLENGE and CHALLENGE_AUTH.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_challenge))]
mod tests {
    use kernel::validate::Untrusted;

    use crate::proto::{
        algorithm::{
            AsymAlgo,
            BaseHash, //
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
        wire::{
            challenge::{
                encode,
                Asked,
                ChallengeAuth, //
            },
            encode::RequestBytes,
            freshness::NONCE_LEN, //
        }, //
    };

    fn asked(version: Version, opaque: OpaqueFormat) -> Option<Asked> {
        SlotId::new(1).map(|slot| Asked {
            version,
            algorithms: Algorithms {
                hash: BaseHash::Sha256,
                asym: AsymAlgo::EcdsaP256,
                opaque,
                measurement_hash: None,
            },
            slot,
            nonce: [0x55; NONCE_LEN],
            context: *b"CONTEXT8",
        })
    }

    /// A message with four bytes of opaque data and a RequesterContext.
    fn message() -> [u8; 146] {
        let mut message = [0; 146];
        let bytes = [
            0x13, // SPDMVersion
            0x03, // RequestResponseCode: CHALLENGE_AUTH
            0x01, // Param1: slot
            0x03, // Param2: slots that hold a chain
        ]
        .into_iter()
        .chain([0x11; 32]) // CertChainHash
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
    fn with(offset: usize, bytes: &[u8]) -> [u8; 146] {
        let mut message = message();
        let tail = message.iter_mut().skip(offset);
        tail.zip(bytes).for_each(|(to, from)| *to = *from);
        message
    }

    fn parse(bytes: &[u8]) -> Option<Result<ChallengeAuth<'_>, Error>> {
        let asked = asked(Version::V1_3, OpaqueFormat::Format1)?;
        Some(Untrusted::from_ref(bytes).validate_with(&asked))
    }

    fn misbehaved<'a>(what: Misbehaved) -> Option<Result<ChallengeAuth<'a>, Error>> {
        let response = Response::ChallengeAuth;
        Some(Err(Error::Misbehaved { response, what }))
    }

    fn malformed<'a>(what: Malformed) -> Option<Result<ChallengeAuth<'a>, Error>> {
        let response = Response::ChallengeAuth;
        Some(Err(Error::Malformed { response, what }))
    }

    #[test]
    fn request_has_a_context_from_1_3_on() {
        let request = |version| asked(version, OpaqueFormat::None).map(|asked| encode(&asked));
        let mut expected = [0x55; 44];
        // Header: slot 1, no summary; Nonce; RequesterContext
        expected
            .iter_mut()
            .zip([0x12, 0x83, 1, 0])
            .for_each(|(to, from)| *to = from);
        let old = request(Version::V1_2);
        assert_eq!(old.as_ref().map(RequestBytes::as_bytes), expected.get(..36));
        expected.iter_mut().take(1).for_each(|to| *to = 0x14);
        expected
            .iter_mut()
            .skip(36)
            .zip(*b"CONTEXT8")
            .for_each(|(to, from)| *to = from);
        let new = request(Version::V1_4);
        assert_eq!(
            new.as_ref().map(RequestBytes::as_bytes),
            Some(expected.as_slice())
        );
    }

    #[test]
    fn fields_are_read_from_their_places() {
        let bytes = message();
        let response = ChallengeAuth {
            signed: bytes.get(..82).unwrap_or_default(),
            cert_chain_hash: &[0x11; 32],
            nonce_offset: 36,
            opaque_data: &[0xaa, 0xbb, 0xcc, 0xdd],
            signature: &[0x33; 64],
        };
        assert_eq!(parse(&bytes), Some(Ok(response)));
    }

    #[test]
    fn other_slot_is_refused() {
        let (asked, echoed) = (1, 0);
        let error = misbehaved(Misbehaved::Slot { asked, echoed });
        assert_eq!(parse(&with(2, &[0x00])), error);
    }

    #[test]
    fn slot_is_a_whole_byte_in_1_0() -> Result<(), &'static str> {
        let asked = asked(Version::V1_0, OpaqueFormat::Free).ok_or("no such slot")?;
        let bytes = with(0, &[0x10, 0x03, 0x81]);
        let raw: &Untrusted<[u8]> = Untrusted::from_ref(&bytes);
        let response = raw.validate_with::<ChallengeAuth<'_>, _>(&asked);
        let what = Misbehaved::Slot {
            asked: 1,
            echoed: 0x81,
        };
        let response_name = Response::ChallengeAuth;
        let error = Error::Misbehaved {
            response: response_name,
            what,
        };
        assert_eq!(response.err(), Some(error));
        Ok(())
    }

    #[test]
    fn demand_for_mutual_authentication_is_refused() {
        let error = misbehaved(Misbehaved::Unoffered(Field::BasicMutAuthReq));
        assert_eq!(parse(&with(2, &[0x81])), error);
    }

    #[test]
    fn slot_must_be_in_the_mask() {
        let (slot, mask) = (1, 0xfd);
        let error = misbehaved(Misbehaved::SlotMask { slot, mask });
        assert_eq!(parse(&with(3, &[0xfd])), error);
    }

    #[test]
    fn other_context_is_refused() {
        let error = misbehaved(Misbehaved::Echo(Field::RequesterContext));
        assert_eq!(parse(&with(74, b"context8")), error);
    }

    #[test]
    fn opaque_data_is_bounded() {
        let error = malformed(Malformed::TooLarge(Field::OpaqueDataLength));
        assert_eq!(parse(&with(68, &[0x01, 0x04])), error);
        assert_eq!(parse(&with(68, &[0xff, 0xff])), error);
        // 1024 would be right, but they are not there.
        let error = malformed(Malformed::Truncated(Field::OpaqueData));
        assert_eq!(parse(&with(68, &[0x00, 0x04])), error);
    }

    #[test]
    fn opaque_data_needs_a_format() -> Result<(), &'static str> {
        let asked = asked(Version::V1_3, OpaqueFormat::None).ok_or("no such slot")?;
        let bytes = message();
        let raw: &Untrusted<[u8]> = Untrusted::from_ref(&bytes);
        let response = raw.validate_with::<ChallengeAuth<'_>, _>(&asked);
        let what = Misbehaved::Opaque;
        assert_eq!(Some(response), misbehaved(what));
        Ok(())
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        let message = message();
        for len in 0..message.len() {
            let field = match len {
                0..4 => Field::Header,
                4..36 => Field::CertChainHash,
                36..68 => Field::Nonce,
                68..70 => Field::OpaqueDataLength,
                70..74 => Field::OpaqueData,
                74..82 => Field::RequesterContext,
                _ => Field::Signature,
            };
            let bytes = message.get(..len).unwrap_or_default();
            assert_eq!(parse(bytes), malformed(Malformed::Truncated(field)));
        }
    }

    #[test]
    fn padding_is_neither_signed_nor_signature() {
        let mut bytes = [0xee; 149];
        bytes
            .iter_mut()
            .zip(message())
            .for_each(|(to, from)| *to = from);
        let response = parse(&bytes).and_then(Result::ok);
        let lengths = response.map(|response| (response.signed.len(), response.signature.len()));
        assert_eq!(lengths, Some((82, 64)));
    }
}
