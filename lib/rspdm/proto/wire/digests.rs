// SPDX-License-Identifier: GPL-2.0

//! GET_DIGESTS and DIGESTS: which slots hold a certificate chain, and the digest of each.
//!
//! DSP0274 1.0, "GET_DIGESTS request and DIGESTS response messages". The arrays that 1.3 adds on
//! multi-key connections are not there, because we never ask for such a connection.

use kernel::validate::Validate;

use super::{
    encode::RequestBytes,
    header::Header,
    reader::Reader, //
};
use crate::proto::{
    algorithm::BaseHash,
    crypto::Digest,
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    message::{
        Field,
        Request,
        Response, //
    },
    slot::{
        SlotId,
        SlotMask, //
    },
    version::Version, //
};

/// Makes the request.
pub fn encode(version: Version) -> RequestBytes {
    RequestBytes::new(&Header::new(version, Request::GetDigests, 0, 0))
}

/// DIGESTS: one digest for each slot that holds a chain; at least one slot does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests<'a> {
    /// The message, without padding.
    pub bytes: &'a [u8],
    /// The slots that hold a chain.
    pub provisioned: SlotMask,
    /// Their digests, lowest slot first.
    digests: &'a [u8],
    /// Length of a digest, in bytes.
    digest_len: usize,
}

impl Digests<'_> {
    /// The digest of the chain in a slot, if there is one.
    pub fn of(&self, slot: SlotId) -> Option<Digest> {
        if !self.provisioned.contains(slot) {
            return None;
        }
        let index = usize::try_from(self.provisioned.count_below(slot)).ok()?;
        let offset = index.checked_mul(self.digest_len)?;
        let digest = self.digests.get(offset..)?.get(..self.digest_len)?;
        Digest::from_slice(digest)
    }
}

impl<'a> Validate<'a, [u8], (Version, BaseHash)> for Digests<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], (version, hash): (Version, BaseHash)) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Digests, raw);
        let header = Header::read(&mut reader, version, Request::GetDigests)?;
        let provisioned = SlotMask::from_wire(header.param2);
        let supported = SlotMask::from_wire(header.param1);
        if provisioned.count() == 0 {
            return Err(reader.malformed(Malformed::Empty(Field::Digest)));
        }
        // Before 1.3 Param1 is reserved, and devices were seen that do not send 0.
        if version >= Version::V1_3 && !provisioned.is_subset_of(supported) {
            return Err(reader.misbehaved(Misbehaved::Illegal(Field::SlotMask)));
        }
        let digest_len = hash.digest_len();
        let slots = usize::try_from(provisioned.count()).unwrap_or(usize::MAX);
        let digests = reader.take(slots.saturating_mul(digest_len), Field::Digest)?;
        let bytes = reader.finish()?;
        Ok(Self {
            bytes,
            provisioned,
            digests,
            digest_len,
        })
    }
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_digests))]
mod tests {
    use super::*;

    use kernel::validate::Untrusted;

    fn parse(version: Version, bytes: &[u8]) -> Result<Digests<'_>, Error> {
        Untrusted::from_ref(bytes).validate_with((version, BaseHash::Sha256))
    }

    fn malformed(what: Malformed) -> Option<Error> {
        let response = Response::Digests;
        Some(Error::Malformed { response, what })
    }

    /// Header, then a digest of 0x11s, one of 0x22s and one of 0x33s.
    fn message(header: [u8; 4]) -> [u8; 4 + 3 * 32] {
        let mut message = [0x33; 4 + 3 * 32];
        let digests = [0x11; 32].into_iter().chain([0x22; 32]);
        let bytes = header.into_iter().chain(digests);
        message
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        message
    }

    #[test]
    fn request_is_a_header() {
        let request = encode(Version::V1_1);
        assert_eq!(request.as_bytes(), [0x11, 0x81, 0x00, 0x00].as_slice());
    }

    #[test]
    fn digests_belong_to_the_slots_of_the_mask_in_order() -> Result<(), Error> {
        // Slots 0, 2 and 7: three digests, not 0x85 of them
        let message = message([0x12, 0x01, 0x00, 0x85]);
        let digests = parse(Version::V1_2, &message)?;
        assert_eq!(digests.bytes.len(), 100);
        let of = |slot| SlotId::new(slot).and_then(|slot| digests.of(slot));
        assert_eq!(of(0), Some(Digest::from([0x11; 32])));
        assert_eq!(of(1), None);
        assert_eq!(of(2), Some(Digest::from([0x22; 32])));
        assert_eq!(of(7), Some(Digest::from([0x33; 32])));
        Ok(())
    }

    #[test]
    fn no_slot_is_refused() {
        let message = message([0x12, 0x01, 0x00, 0x00]);
        let error = malformed(Malformed::Empty(Field::Digest));
        assert_eq!(parse(Version::V1_2, &message).err(), error);
    }

    #[test]
    fn provisioned_slots_are_supported_ones_from_1_3_on() {
        let response = Response::Digests;
        let what = Misbehaved::Illegal(Field::SlotMask);
        let error = Some(Error::Misbehaved { response, what });
        let bytes = message([0x13, 0x01, 0x05, 0x07]);
        assert_eq!(parse(Version::V1_3, &bytes).err(), error);
        assert!(parse(Version::V1_3, &message([0x13, 0x01, 0x0f, 0x07])).is_ok());
        // Param1 is reserved before.
        assert!(parse(Version::V1_2, &message([0x12, 0x01, 0x01, 0x07])).is_ok());
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        let message = message([0x12, 0x01, 0x00, 0x07]);
        for len in 0..message.len() {
            let field = if len < 4 {
                Field::Header
            } else {
                Field::Digest
            };
            let error = message
                .get(..len)
                .and_then(|bytes| parse(Version::V1_2, bytes).err());
            assert_eq!(error, malformed(Malformed::Truncated(field)));
        }
    }

    #[test]
    fn digest_of_a_slot_that_is_not_in_the_mask_is_refused() {
        let message = message([0x12, 0x01, 0x00, 0x03]);
        let error = malformed(Malformed::Excess { bytes: 32 });
        assert_eq!(parse(Version::V1_2, &message).err(), error);
    }
}
