// SPDX-License-Identifier: GPL-2.0

//! GET_CERTIFICATE and CERTIFICATE: a portion of a slot's certificate chain.
//!
//! DSP0274 1.0, "GET_CERTIFICATE request and CERTIFICATE response messages". Only the small form,
//! with lengths of 16 bits, is used.

use kernel::validate::Validate;
use zerocopy::little_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    encode::RequestBytes,
    header::Header,
    reader::Reader, //
};
use crate::proto::{
    error::{
        Error,
        Misbehaved, //
    },
    message::{
        Field,
        Request,
        Response, //
    },
    slot::SlotId,
    version::Version, //
};

/// Length of a response without its portion, in bytes.
pub const OVERHEAD: u32 = 8;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The slot.
    pub slot: SlotId,
    /// Where to begin, in bytes from the start of the chain.
    pub offset: u16,
    /// How many bytes at most.
    pub len: u16,
}

/// Makes the request.
pub fn encode(version: Version, wanted: Wanted) -> RequestBytes {
    RequestBytes::new(&GetCertificate {
        header: Header::new(version, Request::GetCertificate, wanted.slot.number(), 0),
        offset: U16::new(wanted.offset),
        length: U16::new(wanted.len),
    })
}

/// CERTIFICATE: a portion of the slot that was asked for, from one byte to as many as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The message, without padding.
    pub bytes: &'a [u8],
    /// The portion.
    pub portion: &'a [u8],
    /// How much of the chain follows the portion, in bytes.
    pub remainder: u16,
}

impl<'a> Validate<'a, [u8], (Version, Wanted)> for Certificate<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], (version, wanted): (Version, Wanted)) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Certificate, raw);
        let header = Header::read(&mut reader, version, Request::GetCertificate)?;
        check_slot(&reader, header, version, wanted.slot)?;
        let lengths: &Lengths = reader.read(Field::PortionLength)?;
        let portion_len = lengths.portion.get();
        if portion_len == 0 {
            return Err(reader.misbehaved(Misbehaved::NoProgress));
        }
        if portion_len > wanted.len {
            return Err(reader.misbehaved(Misbehaved::Portion {
                asked: wanted.len.into(),
                sent: portion_len.into(),
            }));
        }
        let portion = reader.take(portion_len.into(), Field::Portion)?;
        let bytes = reader.finish()?;
        Ok(Self {
            bytes,
            portion,
            remainder: lengths.remainder.get(),
        })
    }
}

/// Checks Param1. Param2 (CertificateInfo) is for multi-key connections.
fn check_slot(
    reader: &Reader<'_>,
    header: &Header,
    version: Version,
    slot: SlotId,
) -> Result<(), Error> {
    let echoed = header.param1 & SLOT_ID;
    if echoed != slot.number() {
        return Err(reader.misbehaved(Misbehaved::Slot {
            asked: slot.number(),
            echoed,
        }));
    }
    if version >= Version::V1_4 && header.param1 & LARGE_CERT_CHAIN != 0 {
        return Err(reader.misbehaved(Misbehaved::Unoffered(Field::LargeCertChain)));
    }
    Ok(())
}

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct GetCertificate {
    header: Header,
    offset: U16,
    length: U16,
}

const _: () = assert!(size_of::<GetCertificate>() == 8);

/// What follows the header of CERTIFICATE.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Lengths {
    portion: U16,
    remainder: U16,
}

const _: () = assert!(size_of::<Lengths>() == 4);

/// Bits of Param1 that hold the slot.
const SLOT_ID: u8 = 0x0f;

/// Bit of Param1 that says that the lengths have 32 bits; reserved before 1.4.
const LARGE_CERT_CHAIN: u8 = 0x80;

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_certificate))]
mod tests {
    use super::*;

    use kernel::validate::Untrusted;

    use crate::proto::error::Malformed;

    fn wanted(len: u16) -> Option<Wanted> {
        let offset = 0x0102;
        SlotId::new(2).map(|slot| Wanted { slot, offset, len })
    }

    fn parse(version: Version, bytes: &[u8]) -> Option<Result<Certificate<'_>, Error>> {
        wanted(4).map(|wanted| Untrusted::from_ref(bytes).validate_with((version, wanted)))
    }

    fn misbehaved<'a>(what: Misbehaved) -> Option<Result<Certificate<'a>, Error>> {
        let response = Response::Certificate;
        Some(Err(Error::Misbehaved { response, what }))
    }

    fn malformed<'a>(what: Malformed) -> Option<Result<Certificate<'a>, Error>> {
        let response = Response::Certificate;
        Some(Err(Error::Malformed { response, what }))
    }

    const CERTIFICATE: [u8; 12] = [
        0x12, // SPDMVersion
        0x02, // RequestResponseCode: CERTIFICATE
        0x02, // Param1: slot
        0x00, // Param2
        0x04, 0x00, // PortionLength
        0x37, 0x02, // RemainderLength
        0xaa, 0xbb, 0xcc, 0xdd, // portion
    ];

    /// The message with another byte at an offset.
    fn with(offset: usize, byte: u8) -> [u8; 12] {
        let mut message = CERTIFICATE;
        message
            .iter_mut()
            .skip(offset)
            .take(1)
            .for_each(|to| *to = byte);
        message
    }

    #[test]
    fn request_names_slot_offset_and_length() {
        let request = wanted(0x11f0).map(|wanted| encode(Version::V1_2, wanted));
        // Header with slot; Offset; Length
        let expected = [0x12, 0x82, 0x02, 0x00, 0x02, 0x01, 0xf0, 0x11];
        let request = request.as_ref().map(RequestBytes::as_bytes);
        assert_eq!(request, Some(expected.as_slice()));
    }

    #[test]
    fn fields_are_read_from_their_places() {
        let certificate = Certificate {
            bytes: &CERTIFICATE,
            portion: &[0xaa, 0xbb, 0xcc, 0xdd],
            remainder: 0x0237,
        };
        assert_eq!(parse(Version::V1_2, &CERTIFICATE), Some(Ok(certificate)));
    }

    #[test]
    fn other_slot_is_refused() {
        let (asked, echoed) = (2, 3);
        let error = misbehaved(Misbehaved::Slot { asked, echoed });
        assert_eq!(parse(Version::V1_2, &with(2, 0x03)), error);
    }

    #[test]
    fn large_form_is_a_bit_of_1_4_only() {
        let bytes = with(2, 0x82);
        assert!(matches!(parse(Version::V1_2, &bytes), Some(Ok(_))));
        let mut bytes = bytes;
        bytes.iter_mut().take(1).for_each(|version| *version = 0x14);
        let error = misbehaved(Misbehaved::Unoffered(Field::LargeCertChain));
        assert_eq!(parse(Version::V1_4, &bytes), error);
    }

    #[test]
    fn certificate_model_is_not_looked_at() {
        assert!(matches!(parse(Version::V1_2, &with(3, 0x01)), Some(Ok(_))));
    }

    #[test]
    fn empty_portion_is_refused() {
        let error = misbehaved(Misbehaved::NoProgress);
        assert_eq!(parse(Version::V1_2, &with(4, 0)), error);
    }

    #[test]
    fn longer_portion_than_asked_for_is_refused() {
        let (asked, sent) = (4, 5);
        let error = misbehaved(Misbehaved::Portion { asked, sent });
        assert_eq!(parse(Version::V1_2, &with(4, 5)), error);
    }

    #[test]
    fn shorter_portion_than_asked_for_is_accepted() {
        let bytes = with(4, 1);
        let certificate = parse(Version::V1_2, &bytes);
        let portion = certificate
            .and_then(Result::ok)
            .map(|certificate| certificate.portion);
        assert_eq!(portion, Some([0xaa].as_slice()));
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        for len in 0..CERTIFICATE.len() {
            let field = match len {
                0..4 => Field::Header,
                4..8 => Field::PortionLength,
                _ => Field::Portion,
            };
            let bytes = CERTIFICATE.get(..len).unwrap_or_default();
            let error = malformed(Malformed::Truncated(field));
            assert_eq!(parse(Version::V1_2, bytes), error);
        }
    }
}
