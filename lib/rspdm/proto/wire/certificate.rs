// SPDX-License-Identifier: GPL-2.0

//! GET_CERTIFICATE and CERTIFICATE: a portion of a slot's certificate chain.
//!
//! DSP0274 1.0 to 1.4, "GET_CERTIFICATE request and CERTIFICATE response messages". Lengths have 16
//! bits; in the large form of 1.4 they have 32, behind the places of the small ones.

use kernel::validate::Validate;
use zerocopy::little_endian::{
    U16,
    U32, //
};
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
    key::CertificateModel,
    limits::{
        CHAIN_LEN_MAX,
        SMALL_CHAIN_LEN_MAX, //
    },
    message::{
        Field,
        Request,
        Response, //
    },
    slot::SlotId,
    version::Version, //
};

/// Which layout the two messages have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Offsets and lengths have 16 bits.
    Small,
    /// They have 32, from 1.4 on and if the device has LARGE_RESP_CAP.
    Large,
}

impl Form {
    /// Length of a response without its portion, in bytes.
    pub const fn overhead(self) -> u32 {
        match self {
            Self::Small => 8,
            Self::Large => 16,
        }
    }

    /// Longest portion that a length can tell, in bytes.
    pub const fn portion_len_max(self) -> u32 {
        match self {
            Self::Small => 0xffff,
            Self::Large => u32::MAX,
        }
    }

    /// Longest chain that we read, in bytes.
    pub const fn chain_len_max(self) -> u32 {
        match self {
            Self::Small => SMALL_CHAIN_LEN_MAX,
            Self::Large => CHAIN_LEN_MAX,
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The slot.
    pub slot: SlotId,
    /// Where to begin, in bytes from the start of the chain: less than the form allows a chain.
    pub offset: u32,
    /// How many bytes at most: no more than the form can tell.
    pub len: u32,
    /// The layout.
    pub form: Form,
    /// What kind of certificates the slot holds according to DIGESTS, on a multi-key connection.
    pub model: Option<CertificateModel>,
}

/// Makes the request.
pub fn encode(version: Version, wanted: Wanted) -> RequestBytes {
    let slot = wanted.slot.number();
    let small = |slot, offset, length| GetCertificate {
        header: Header::new(version, Request::GetCertificate, slot, 0),
        offset: U16::new(offset),
        length: U16::new(length),
    };
    match wanted.form {
        Form::Small => {
            // The fallbacks ask for nothing that there could be.
            let offset = u16::try_from(wanted.offset).unwrap_or(u16::MAX);
            let length = u16::try_from(wanted.len).unwrap_or(u16::MAX);
            RequestBytes::new(&small(slot, offset, length))
        }
        Form::Large => RequestBytes::new(&GetLargeCertificate {
            small: small(slot | LARGE_CERT_CHAIN, 0, 0),
            large_offset: U32::new(wanted.offset),
            large_length: U32::new(wanted.len),
        }),
    }
}

/// CERTIFICATE: a portion of the slot that was asked for, from one byte to as many as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The message, without padding.
    pub bytes: &'a [u8],
    /// The portion.
    pub portion: &'a [u8],
    /// How much of the chain follows the portion, in bytes.
    pub remainder: u32,
}

impl<'a> Validate<'a, [u8], (Version, Wanted)> for Certificate<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], (version, wanted): (Version, Wanted)) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Certificate, raw);
        let header = Header::read(&mut reader, version, Request::GetCertificate)?;
        check_header(&reader, header, version, wanted)?;
        let small: &Lengths = reader.read(Field::PortionLength)?;
        let (portion_len, remainder) = match wanted.form {
            Form::Small => (small.portion.get().into(), small.remainder.get().into()),
            Form::Large => {
                let large: &LargeLengths = reader.read(Field::PortionLength)?;
                (large.portion.get(), large.remainder.get())
            }
        };
        if portion_len == 0 {
            return Err(reader.misbehaved(Misbehaved::NoProgress));
        }
        if portion_len > wanted.len {
            return Err(reader.misbehaved(Misbehaved::Portion {
                asked: wanted.len,
                sent: portion_len,
            }));
        }
        // The fallback is too long for any message.
        let portion_len = usize::try_from(portion_len).unwrap_or(usize::MAX);
        let portion = reader.take(portion_len, Field::Portion)?;
        let bytes = reader.finish()?;
        Ok(Self {
            bytes,
            portion,
            remainder,
        })
    }
}

/// Checks Param1, and Param2 on multi-key connections; without multiple keys that is reserved.
fn check_header(
    reader: &Reader<'_>,
    header: &Header,
    version: Version,
    wanted: Wanted,
) -> Result<(), Error> {
    let echoed = header.param1 & SLOT_ID;
    if echoed != wanted.slot.number() {
        return Err(reader.misbehaved(Misbehaved::Slot {
            asked: wanted.slot.number(),
            echoed,
        }));
    }
    let is_large = version >= Version::V1_4 && header.param1 & LARGE_CERT_CHAIN != 0;
    if is_large != (wanted.form == Form::Large) {
        return Err(reader.misbehaved(Misbehaved::Echo(Field::LargeCertChain)));
    }
    let model = CertificateModel::from_wire(header.param2);
    if wanted.model.is_some() && model != wanted.model {
        return Err(reader.misbehaved(Misbehaved::Echo(Field::CertificateInfo)));
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

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct GetLargeCertificate {
    /// Its offset and length are 0.
    small: GetCertificate,
    large_offset: U32,
    large_length: U32,
}

const _: () = assert!(size_of::<GetLargeCertificate>() == 16);

/// What follows the header of CERTIFICATE.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Lengths {
    portion: U16,
    remainder: U16,
}

const _: () = assert!(size_of::<Lengths>() == 4);

/// What follows that in the large form.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct LargeLengths {
    portion: U32,
    remainder: U32,
}

const _: () = assert!(size_of::<LargeLengths>() == 8);

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

    fn wanted(len: u32) -> Option<Wanted> {
        SlotId::new(2).map(|slot| Wanted {
            slot,
            offset: 0x0102,
            len,
            form: Form::Small,
            model: None,
        })
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
        let error = misbehaved(Misbehaved::Echo(Field::LargeCertChain));
        assert_eq!(parse(Version::V1_4, &bytes), error);
    }

    const LARGE: [u8; 20] = [
        0x14, // SPDMVersion
        0x02, // RequestResponseCode: CERTIFICATE
        0x82, // Param1: LargeCertChain, slot
        0x00, // Param2
        0x00, 0x00, // PortionLength
        0x00, 0x00, // RemainderLength
        0x04, 0x00, 0x00, 0x00, // LargePortionLength
        0x37, 0x02, 0x01, 0x00, // LargeRemainderLength
        0xaa, 0xbb, 0xcc, 0xdd, // portion
    ];

    fn parse_large(bytes: &[u8]) -> Option<Result<Certificate<'_>, Error>> {
        wanted(4).map(|wanted| {
            let form = Form::Large;
            let wanted = Wanted { form, ..wanted };
            Untrusted::from_ref(bytes).validate_with((Version::V1_4, wanted))
        })
    }

    #[test]
    fn large_form_has_lengths_of_32_bits() {
        let wanted = wanted(0x1_11f0).map(|wanted| Wanted {
            offset: 0x0304_0102,
            form: Form::Large,
            ..wanted
        });
        let request = wanted.map(|wanted| encode(Version::V1_4, wanted));
        // Header with LargeCertChain and slot; Offset, Length; LargeOffset; LargeLength
        let expected = [
            0x14, 0x82, 0x82, 0x00, 0, 0, 0, 0, 0x02, 0x01, 0x04, 0x03, 0xf0, 0x11, 0x01, 0x00,
        ];
        let request = request.as_ref().map(RequestBytes::as_bytes);
        assert_eq!(request, Some(expected.as_slice()));
        let certificate = Certificate {
            bytes: &LARGE,
            portion: &[0xaa, 0xbb, 0xcc, 0xdd],
            remainder: 0x1_0237,
        };
        assert_eq!(parse_large(&LARGE), Some(Ok(certificate)));
    }

    #[test]
    fn small_form_in_answer_to_the_large_one_is_refused() {
        let mut bytes = LARGE;
        bytes
            .iter_mut()
            .skip(2)
            .take(1)
            .for_each(|param1| *param1 = 0x02);
        let error = misbehaved(Misbehaved::Echo(Field::LargeCertChain));
        assert_eq!(parse_large(&bytes), error);
    }

    #[test]
    fn truncation_of_the_large_form_is_refused_at_every_byte() {
        for len in 0..LARGE.len() {
            let field = match len {
                0..4 => Field::Header,
                4..16 => Field::PortionLength,
                _ => Field::Portion,
            };
            let bytes = LARGE.get(..len).unwrap_or_default();
            let error = malformed(Malformed::Truncated(field));
            assert_eq!(parse_large(bytes), error);
        }
    }

    #[test]
    fn certificate_model_counts_on_multi_key_connections_only() {
        assert!(matches!(parse(Version::V1_2, &with(3, 0x01)), Some(Ok(_))));
        let parse = |bytes: &[u8; 12]| {
            let wanted = wanted(4).map(|wanted| Wanted {
                model: Some(CertificateModel::Alias),
                ..wanted
            });
            let terms = wanted.map(|wanted| (Version::V1_2, wanted));
            let parsed = terms.map(|terms| {
                Untrusted::from_ref(bytes.as_slice())
                    .validate_with::<Certificate<'_>, _>(terms)
                    .map(|_| ())
            });
            parsed.and_then(Result::err)
        };
        let response = Response::Certificate;
        let what = Misbehaved::Echo(Field::CertificateInfo);
        let error = Some(Error::Misbehaved { response, what });
        assert_eq!(parse(&with(3, 0x01)), error);
        assert_eq!(parse(&with(3, 0x05)), error);
        assert_eq!(parse(&with(3, 0x02)), None);
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
