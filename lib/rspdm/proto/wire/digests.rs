// SPDX-License-Identifier: GPL-2.0

//! GET_DIGESTS and DIGESTS: which slots hold a certificate chain, and the digest of each.
//!
//! DSP0274 1.0 to 1.4, "GET_DIGESTS request and DIGESTS response messages". On multi-key
//! connections (1.3) three arrays follow, each with an element for each digest.

use kernel::validate::Validate;
use zerocopy::{
    little_endian::U16,
    FromBytes, //
};

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
    key::{
        CertificateModel,
        KeyUsage,
        SlotKey, //
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

/// What the two sides have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The version.
    pub version: Version,
    /// The hash.
    pub hash: BaseHash,
    /// Whether it is a multi-key connection.
    pub is_multi_key: bool,
}

/// DIGESTS: one digest for each slot that holds a chain; at least one slot does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests<'a> {
    /// The message, without padding.
    pub bytes: &'a [u8],
    /// The slots that hold a chain.
    pub provisioned: SlotMask,
    /// Those of them whose key may answer CHALLENGE.
    pub challengeable: SlotMask,
    /// The slots that the message has something of, in order.
    present: SlotMask,
    /// Their digests.
    digests: &'a [u8],
    /// Length of a digest, in bytes.
    digest_len: usize,
    /// Their keys, on a multi-key connection.
    keys: Option<Keys<'a>>,
}

impl Digests<'_> {
    /// The digest of the chain in a slot, if there is one.
    pub fn of(&self, slot: SlotId) -> Option<Digest> {
        let index = self.index_of(slot)?;
        Digest::from_slice(nth(self.digests, self.digest_len, index)?)
    }

    /// The key of the chain in a slot, if there is one and this is a multi-key connection.
    pub fn key_of(&self, slot: SlotId) -> Option<SlotKey> {
        let (pair, model, usage) = self.keys.as_ref()?.at(self.index_of(slot)?)?;
        let model = model?;
        Some(SlotKey { pair, model, usage })
    }

    /// Which of the elements is that of the slot, if it holds a chain.
    fn index_of(&self, slot: SlotId) -> Option<usize> {
        if !self.provisioned.contains(slot) {
            return None;
        }
        usize::try_from(self.present.count_below(slot)).ok()
    }
}

impl<'a> Validate<'a, [u8], Terms> for Digests<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], terms: Terms) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Digests, raw);
        let header = Header::read(&mut reader, terms.version, Request::GetDigests)?;
        // With a chain or, on multi-key connections, with a key alone.
        let present = SlotMask::from_wire(header.param2);
        let supported = SlotMask::from_wire(header.param1);
        if present.count() == 0 {
            return Err(reader.malformed(Malformed::Empty(Field::Digest)));
        }
        // Before 1.3 Param1 is reserved, and devices were seen that do not send 0.
        if terms.version >= Version::V1_3 && !present.is_subset_of(supported) {
            return Err(reader.misbehaved(Misbehaved::Illegal(Field::SlotMask)));
        }
        let digest_len = terms.hash.digest_len();
        let count = usize::try_from(present.count()).unwrap_or(usize::MAX);
        let digests = reader.take(count.saturating_mul(digest_len), Field::Digest)?;
        let keys = if terms.is_multi_key {
            Some(Keys::read(&mut reader, count)?)
        } else {
            None
        };
        let mut provisioned = present;
        let mut challengeable = present;
        if let Some(keys) = &keys {
            let slots = SlotId::ALL
                .into_iter()
                .filter(|slot| present.contains(*slot));
            for (index, slot) in slots.enumerate() {
                let digest = nth(digests, digest_len, index).unwrap_or_default();
                let key = keys.check(&reader, index, slot, digest)?;
                if key.model == CertificateModel::None {
                    provisioned = provisioned.without(slot);
                }
                if !key.usage.may_answer_challenge() {
                    challengeable = challengeable.without(slot);
                }
            }
        }
        if provisioned.count() == 0 {
            return Err(reader.malformed(Malformed::Empty(Field::Digest)));
        }
        let bytes = reader.finish()?;
        Ok(Self {
            bytes,
            provisioned,
            challengeable: challengeable.intersection(provisioned),
            present,
            digests,
            digest_len,
            keys,
        })
    }
}

/// The `index`-th of digests of equal length.
fn nth(digests: &[u8], len: usize, index: usize) -> Option<&[u8]> {
    let offset = index.checked_mul(len)?;
    digests.get(offset..)?.get(..len)
}

/// The arrays of a multi-key connection, of equal length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Keys<'a> {
    pairs: &'a [u8],
    infos: &'a [u8],
    usages: &'a [U16],
}

impl<'a> Keys<'a> {
    fn read(reader: &mut Reader<'a>, count: usize) -> Result<Self, Error> {
        let pairs = reader.take(count, Field::KeyPairId)?;
        let infos = reader.take(count, Field::CertificateInfo)?;
        let usages = reader.take(count.saturating_mul(size_of::<U16>()), Field::KeyUsageMask)?;
        // The fallback is never taken: the length is a multiple of an element's.
        let usages = <[U16]>::ref_from_bytes(usages).unwrap_or_default();
        Ok(Self {
            pairs,
            infos,
            usages,
        })
    }

    /// KeyPairID, the model if there is such a one, and KeyUsageMask.
    fn at(&self, index: usize) -> Option<(u8, Option<CertificateModel>, KeyUsage)> {
        let pair = *self.pairs.get(index)?;
        let model = CertificateModel::from_wire(*self.infos.get(index)?);
        let usage = KeyUsage::from_wire(self.usages.get(index)?.get());
        Some((pair, model, usage))
    }

    /// Checks what the arrays and the digest say of a slot, the `index`-th of those in the message.
    fn check(
        &self,
        reader: &Reader<'_>,
        index: usize,
        slot: SlotId,
        digest: &[u8],
    ) -> Result<SlotKey, Error> {
        let illegal = |field| reader.misbehaved(Misbehaved::Illegal(field));
        // The fallback is never taken: there are as many elements as digests.
        let (pair, model, usage) = self.at(index).ok_or(illegal(Field::KeyPairId))?;
        let model = model.ok_or(illegal(Field::CertificateInfo))?;
        // Slot 0 is there for the standard's own purposes.
        let is_first = slot.number() == 0;
        if is_first && model == CertificateModel::Generic {
            return Err(illegal(Field::CertificateInfo));
        }
        if is_first && !usage.is_of_the_standard() {
            return Err(illegal(Field::KeyUsageMask));
        }
        // A key without certificates has no digest.
        if model == CertificateModel::None && digest.iter().any(|byte| *byte != 0) {
            return Err(illegal(Field::Digest));
        }
        Ok(SlotKey { pair, model, usage })
    }
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_digests))]
mod tests {
    use super::*;

    use kernel::validate::Untrusted;

    fn parse(version: Version, bytes: &[u8]) -> Result<Digests<'_>, Error> {
        let terms = Terms {
            version,
            hash: BaseHash::Sha256,
            is_multi_key: false,
        };
        Untrusted::from_ref(bytes).validate_with(terms)
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
        assert_eq!(digests.provisioned, SlotMask::from_wire(0x85));
        assert_eq!(digests.challengeable, digests.provisioned);
        let key = SlotId::new(0).and_then(|slot| digests.key_of(slot));
        assert_eq!(key, None);
        Ok(())
    }

    fn parse_keys(bytes: &[u8]) -> Result<Digests<'_>, Error> {
        let terms = Terms {
            version: Version::V1_3,
            hash: BaseHash::Sha256,
            is_multi_key: true,
        };
        Untrusted::from_ref(bytes).validate_with(terms)
    }

    /// [`message`] of a multi-key connection, with slots 0, 2 and 7.
    fn message_with_keys() -> [u8; 4 + 3 * 32 + 3 * 4] {
        let mut bytes = [0; 112];
        let keys = [
            1, 2, 1, // KeyPairID
            1, 3, 2, // CertificateInfo: device, generic, alias
            0x0f, 0x00, 0x00, 0x40, 0x02,
            0x00, // KeyUsageMask: all, the standards', CHALLENGE
        ];
        let all = message([0x13, 0x01, 0x85, 0x85]).into_iter().chain(keys);
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    /// What is wrong with it if it has other bytes at an offset.
    fn wrong_keys(edits: &[(usize, u8)]) -> Option<Error> {
        let mut bytes = message_with_keys();
        for (offset, value) in edits {
            let byte = bytes.iter_mut().skip(*offset).take(1);
            byte.for_each(|byte| *byte = *value);
        }
        parse_keys(&bytes).err()
    }

    #[test]
    fn each_slot_has_its_own_key() -> Result<(), Error> {
        let bytes = message_with_keys();
        let digests = parse_keys(&bytes)?;
        assert_eq!(digests.bytes, bytes.as_slice());
        let key = |slot| SlotId::new(slot).and_then(|slot| digests.key_of(slot));
        let expected = |pair, model, usage| {
            let usage = KeyUsage::from_wire(usage);
            Some(SlotKey { pair, model, usage })
        };
        assert_eq!(key(0), expected(1, CertificateModel::Device, 0x000f));
        assert_eq!(key(1), None);
        assert_eq!(key(2), expected(2, CertificateModel::Generic, 0x4000));
        assert_eq!(key(7), expected(1, CertificateModel::Alias, 0x0002));
        assert_eq!(digests.provisioned, SlotMask::from_wire(0x85));
        assert_eq!(digests.challengeable, SlotMask::from_wire(0x81));
        Ok(())
    }

    fn illegal(field: Field) -> Option<Error> {
        let response = Response::Digests;
        let what = Misbehaved::Illegal(field);
        Some(Error::Misbehaved { response, what })
    }

    #[test]
    fn reserved_model_is_refused() {
        assert_eq!(wrong_keys(&[(104, 4)]), illegal(Field::CertificateInfo));
        // Bits 7:3 are reserved.
        assert_eq!(wrong_keys(&[(104, 0xf3)]), None);
    }

    #[test]
    fn slot_0_is_of_the_standard() {
        assert_eq!(wrong_keys(&[(103, 3)]), illegal(Field::CertificateInfo));
        assert_eq!(wrong_keys(&[(106, 0xf0)]), illegal(Field::KeyUsageMask));
    }

    #[test]
    fn key_without_certificate_is_no_chain_and_has_no_digest() {
        // Slot 0 has no certificate, but a digest
        assert_eq!(wrong_keys(&[(103, 0)]), illegal(Field::Digest));
        let mut bytes = message_with_keys();
        let digest = bytes.iter_mut().skip(4).take(32);
        digest.for_each(|byte| *byte = 0);
        let info = bytes.iter_mut().skip(103).take(1);
        info.for_each(|info| *info = 0);
        let slots = parse_keys(&bytes).map(|digests| digests.provisioned.to_wire());
        assert_eq!(slots, Ok(0x84));
    }

    #[test]
    fn keys_without_any_certificate_are_refused() {
        let mut bytes = message_with_keys();
        let digests = bytes.iter_mut().skip(4).take(3 * 32);
        digests.for_each(|byte| *byte = 0);
        let infos = bytes.iter_mut().skip(103).take(3);
        infos.for_each(|info| *info = 0);
        let error = malformed(Malformed::Empty(Field::Digest));
        assert_eq!(parse_keys(&bytes).err(), error);
    }

    #[test]
    fn truncation_of_the_keys_is_refused_at_every_byte() {
        let message = message_with_keys();
        for len in 100..message.len() {
            let field = match len {
                100..103 => Field::KeyPairId,
                103..106 => Field::CertificateInfo,
                _ => Field::KeyUsageMask,
            };
            let error = message.get(..len).and_then(|bytes| parse_keys(bytes).err());
            assert_eq!(error, malformed(Malformed::Truncated(field)));
        }
    }

    #[test]
    fn keys_that_were_not_agreed_on_are_refused() {
        let bytes = message_with_keys();
        let error = malformed(Malformed::Excess { bytes: 12 });
        assert_eq!(parse(Version::V1_3, &bytes).err(), error);
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
