// SPDX-License-Identifier: GPL-2.0

//! GET_CAPABILITIES and CAPABILITIES: what each side can do and how much it can take.
//!
//! DSP0274 1.0 to 1.4, "GET_CAPABILITIES request and CAPABILITIES response messages".
//!
//! The messages grew: the request has 4 bytes in 1.0, 12 in 1.1 and 20 from 1.2 on, the response 12
//! and 20. The block of supported algorithms (1.3) is not asked for.

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
    capability::ResponderFlags,
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    limits::{
        DATA_TRANSFER_SIZE_MIN,
        EXPONENT_MAX, //
    },
    message::{
        Field,
        Request,
        Response, //
    },
    negotiated::PeerCapabilities,
    version::Version, //
};

/// What we can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnSizes {
    /// At once, in bytes.
    pub data_transfer_size: u32,
    /// In chunks, in bytes; no less than that.
    pub max_spdm_msg_size: u32,
}

/// Makes the request.
///
/// We can take and send chunks, and take large forms. The flags for certificates and challenges are
/// about a requester's own.
pub fn encode(version: Version, own: OwnSizes) -> RequestBytes {
    let header = Header::new(version, Request::GetCapabilities, 0, 0);
    let flags = Flags {
        reserved: 0,
        ct_exponent: CT_EXPONENT,
        ext_flags: U16::ZERO,
        flags: U32::new(match version {
            Version::V1_0 | Version::V1_1 => 0,
            Version::V1_2 | Version::V1_3 => CHUNK_CAP,
            Version::V1_4 => CHUNK_CAP | LARGE_RESP_CAP,
        }),
    };
    let sizes = Sizes {
        data_transfer_size: U32::new(own.data_transfer_size),
        max_spdm_msg_size: U32::new(own.max_spdm_msg_size),
    };
    match version {
        Version::V1_0 => RequestBytes::new(&header),
        Version::V1_1 => RequestBytes::new(&GetCapabilities1_1 { header, flags }),
        Version::V1_2 | Version::V1_3 | Version::V1_4 => RequestBytes::new(&GetCapabilities1_2 {
            header,
            flags,
            sizes,
        }),
    }
}

/// CAPABILITIES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities<'a> {
    /// The message, without padding.
    pub bytes: &'a [u8],
    /// What it says.
    pub peer: PeerCapabilities,
}

impl<'a> Validate<'a, [u8], Version> for Capabilities<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], version: Version) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Capabilities, raw);
        Header::read(&mut reader, version, Request::GetCapabilities)?;
        let body: &Flags = reader.read(Field::Flags)?;
        if body.ct_exponent > EXPONENT_MAX {
            return Err(reader.malformed(Malformed::TooLarge(Field::CtExponent)));
        }
        let flags = ResponderFlags::from_wire(version, body.flags.get())
            .ok_or(reader.misbehaved(Misbehaved::Illegal(Field::Flags)))?;
        let sizes = match version {
            Version::V1_0 | Version::V1_1 => None,
            Version::V1_2 | Version::V1_3 | Version::V1_4 => Some(sizes(&mut reader, flags)?),
        };
        let bytes = reader.finish()?;
        let peer = PeerCapabilities {
            flags,
            ct_exponent: body.ct_exponent,
            data_transfer_size: sizes.map(|(transfer, _)| transfer),
            max_spdm_msg_size: sizes
                .filter(|_| flags.can_chunk())
                .map(|(_, message)| message),
        };
        Ok(Self { bytes, peer })
    }
}

/// Reads DataTransferSize and MaxSPDMmsgSize.
fn sizes(reader: &mut Reader<'_>, flags: ResponderFlags) -> Result<(u32, u32), Error> {
    let sizes: &Sizes = reader.read(Field::DataTransferSize)?;
    let transfer = sizes.data_transfer_size.get();
    let message = sizes.max_spdm_msg_size.get();
    if transfer < DATA_TRANSFER_SIZE_MIN {
        return Err(reader.misbehaved(Misbehaved::Illegal(Field::DataTransferSize)));
    }
    let cannot_join = !flags.can_chunk() && message != transfer;
    if message < transfer || cannot_join {
        return Err(reader.misbehaved(Misbehaved::Illegal(Field::MaxSpdmMsgSize)));
    }
    Ok((transfer, message))
}

/// What follows the header from 1.1 on, and in the response always.
#[derive(FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
struct Flags {
    reserved: u8,
    ct_exponent: u8,
    /// From 1.4 on.
    ext_flags: U16,
    flags: U32,
}

const _: () = assert!(size_of::<Flags>() == 8);

/// What follows that from 1.2 on.
#[derive(FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
struct Sizes {
    data_transfer_size: U32,
    max_spdm_msg_size: U32,
}

const _: () = assert!(size_of::<Sizes>() == 8);

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct GetCapabilities1_1 {
    header: Header,
    flags: Flags,
}

const _: () = assert!(size_of::<GetCapabilities1_1>() == 12);

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct GetCapabilities1_2 {
    header: Header,
    flags: Flags,
    sizes: Sizes,
}

const _: () = assert!(size_of::<GetCapabilities1_2>() == 20);

/// Flags: CHUNK_CAP, from 1.2 on.
const CHUNK_CAP: u32 = 1 << 17;

/// Flags: LARGE_RESP_CAP, from 1.4 on.
const LARGE_RESP_CAP: u32 = 1 << 31;

/// Our own CTExponent: about a second. Nothing depends on it while we sign nothing.
const CT_EXPONENT: u8 = 20;

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_capabilities))]
mod tests {
    use super::*;

    use kernel::validate::Untrusted;

    fn parse(version: Version, bytes: &[u8]) -> Result<Capabilities<'_>, Error> {
        Untrusted::from_ref(bytes).validate_with(version)
    }

    fn malformed(what: Malformed) -> Option<Error> {
        let response = Response::Capabilities;
        Some(Error::Malformed { response, what })
    }

    fn illegal(field: Field) -> Option<Error> {
        let response = Response::Capabilities;
        let what = Misbehaved::Illegal(field);
        Some(Error::Misbehaved { response, what })
    }

    /// As spdm-emu sends it.
    const CAPABILITIES: [u8; 20] = [
        0x12, // SPDMVersion
        0x61, // RequestResponseCode: CAPABILITIES
        0x00, 0x00, // Param1, Param2
        0x00, // reserved
        0x00, // CTExponent
        0x00, 0x00, // reserved
        0xf7, 0xfb, 0x1a, 0x00, // Flags
        0x00, 0x12, 0x00, 0x00, // DataTransferSize
        0x00, 0x80, 0x02, 0x00, // MaxSPDMmsgSize
    ];

    /// The message with other bytes at an offset.
    fn with(offset: usize, bytes: &[u8]) -> [u8; 20] {
        let mut message = CAPABILITIES;
        let tail = message.iter_mut().skip(offset);
        tail.zip(bytes).for_each(|(to, from)| *to = *from);
        message
    }

    #[test]
    fn request_has_the_length_of_its_version() {
        let own = OwnSizes {
            data_transfer_size: 4600,
            max_spdm_msg_size: 0x2_0000,
        };
        let request = encode(Version::V1_0, own);
        assert_eq!(request.as_bytes(), [0x10, 0xe1, 0x00, 0x00].as_slice());
        let request = encode(Version::V1_1, own);
        // Header; reserved, CTExponent, reserved; Flags
        let expected = [0x11, 0xe1, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0];
        assert_eq!(request.as_bytes(), expected.as_slice());
        let request = encode(Version::V1_4, own);
        // Header; reserved, CTExponent, ExtFlags; Flags; DataTransferSize; MaxSPDMmsgSize
        let expected = [
            0x14, 0xe1, 0, 0, 0, 20, 0, 0, 0, 0, 2, 0x80, 0xf8, 0x11, 0, 0, 0, 0, 2, 0,
        ];
        assert_eq!(request.as_bytes(), expected.as_slice());
    }

    #[test]
    fn fields_are_read_from_their_places() -> Result<(), Error> {
        let message = with(5, &[0x17]);
        let capabilities = parse(Version::V1_2, &message)?;
        assert_eq!(capabilities.bytes, message.as_slice());
        assert_eq!(capabilities.peer.ct_exponent, 0x17);
        assert_eq!(capabilities.peer.flags.to_wire(), 0x001a_fbf7);
        assert_eq!(capabilities.peer.data_transfer_size, Some(0x1200));
        assert_eq!(capabilities.peer.max_spdm_msg_size, Some(0x2_8000));
        Ok(())
    }

    #[test]
    fn before_1_2_there_are_no_sizes() -> Result<(), Error> {
        // Header; reserved, CTExponent, reserved; Flags
        let message = [0x11, 0x61, 0, 0, 0, 0, 0, 0, 0xf7, 0xfb, 0x00, 0x00];
        let capabilities = parse(Version::V1_1, &message)?;
        assert_eq!(capabilities.bytes.len(), 12);
        assert_eq!(capabilities.peer.data_transfer_size, None);
        let message = [0x10, 0x61, 0, 0, 0, 0, 0, 0, 0x37, 0x00, 0x00, 0x00];
        assert_eq!(parse(Version::V1_0, &message)?.peer.flags.to_wire(), 0x37);
        Ok(())
    }

    #[test]
    fn exponent_that_would_overflow_a_shift_is_refused() {
        for exponent in [32, 64, 255] {
            let message = with(5, &[exponent]);
            let error = malformed(Malformed::TooLarge(Field::CtExponent));
            assert_eq!(parse(Version::V1_2, &message).err(), error);
        }
        assert!(parse(Version::V1_2, &with(5, &[31])).is_ok());
    }

    #[test]
    fn reserved_flags_are_refused() {
        // MEAS_CAP = 3
        let message = with(8, &[0x1e, 0x00, 0x00, 0x00]);
        assert_eq!(parse(Version::V1_2, &message).err(), illegal(Field::Flags));
    }

    #[test]
    fn data_transfer_size_has_a_minimum() {
        let message = with(12, &[41, 0, 0, 0]);
        assert_eq!(
            parse(Version::V1_2, &message).err(),
            illegal(Field::DataTransferSize)
        );
        assert!(parse(Version::V1_2, &with(12, &[42, 0, 0, 0])).is_ok());
    }

    #[test]
    fn message_size_is_not_less_than_transfer_size() {
        let message = with(16, &[0xff, 0x11, 0, 0]);
        assert_eq!(
            parse(Version::V1_2, &message).err(),
            illegal(Field::MaxSpdmMsgSize)
        );
        assert!(parse(Version::V1_2, &with(16, &[0x00, 0x12, 0, 0])).is_ok());
    }

    #[test]
    fn without_chunks_both_sizes_are_the_same() {
        // Flags without CHUNK_CAP
        let message = with(8, &[0xf7, 0xfb, 0x18, 0x00]);
        assert_eq!(
            parse(Version::V1_2, &message).err(),
            illegal(Field::MaxSpdmMsgSize)
        );
        let mut message = message;
        let sizes = message.iter_mut().skip(16);
        sizes
            .zip([0x00, 0x12, 0x00, 0x00])
            .for_each(|(to, from)| *to = from);
        let peer = parse(Version::V1_2, &message).map(|capabilities| capabilities.peer);
        assert_eq!(peer.map(|peer| peer.max_spdm_msg_size), Ok(None));
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        for len in 0..CAPABILITIES.len() {
            let field = match len {
                0..4 => Field::Header,
                4..12 => Field::Flags,
                _ => Field::DataTransferSize,
            };
            let error = CAPABILITIES
                .get(..len)
                .and_then(|bytes| parse(Version::V1_2, bytes).err());
            assert_eq!(error, malformed(Malformed::Truncated(field)));
        }
    }

    #[test]
    fn block_that_was_not_asked_for_is_refused() {
        let mut message = [0; 24];
        message
            .iter_mut()
            .zip(CAPABILITIES)
            .for_each(|(to, from)| *to = from);
        let error = malformed(Malformed::Excess { bytes: 4 });
        assert_eq!(parse(Version::V1_2, &message).err(), error);
    }
}
