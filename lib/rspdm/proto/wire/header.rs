// SPDX-License-Identifier: GPL-2.0

//! The four bytes that every message begins with.
//!
//! DSP0274 1.0, "Generic SPDM message field definitions".

use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::reader::Reader;
use crate::proto::{
    error::{
        Error,
        Misbehaved, //
    },
    message::{
        Field,
        Request, //
    },
    version::Version, //
};

/// The header of a message.
#[derive(Clone, Copy, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Header {
    /// SPDMVersion.
    pub(super) version: u8,
    /// RequestResponseCode.
    pub(super) code: u8,
    /// Param1: its meaning depends on the message.
    pub(super) param1: u8,
    /// Param2: its meaning depends on the message.
    pub(super) param2: u8,
}

const _: () = assert!(size_of::<Header>() == 4);

/// RequestResponseCode: the bit that requests have and responses do not.
const REQUEST: u8 = 0x80;

impl Header {
    /// The header of a request.
    pub(super) fn new(version: Version, request: Request, param1: u8, param2: u8) -> Self {
        Self {
            version: version.to_wire(),
            code: request.code(),
            param1,
            param2,
        }
    }

    /// Reads the header of the response to a request and checks version and code.
    pub(super) fn read<'a>(
        reader: &mut Reader<'a>,
        version: Version,
        request: Request,
    ) -> Result<&'a Self, Error> {
        Self::read_code(reader, version, request.code())
    }

    /// The same for the response to a request with this RequestResponseCode.
    pub(super) fn read_code<'a>(
        reader: &mut Reader<'a>,
        version: Version,
        request: u8,
    ) -> Result<&'a Self, Error> {
        let header: &Self = reader.read(Field::Header)?;
        let code = request & !REQUEST;
        if header.code != code {
            return Err(reader.misbehaved(Misbehaved::Code {
                expected: code,
                found: header.code,
            }));
        }
        if header.version != version.to_wire() {
            return Err(reader.misbehaved(Misbehaved::Version {
                expected: version.to_wire(),
                found: header.version,
            }));
        }
        Ok(header)
    }
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_header))]
mod tests {
    use super::*;

    use crate::proto::{
        error::Malformed,
        message::Response, //
    };

    fn read(bytes: &[u8]) -> Result<&Header, Error> {
        let mut reader = Reader::new(Response::Digests, bytes);
        Header::read(&mut reader, Version::V1_2, Request::GetDigests)
    }

    #[test]
    fn header_of_the_response_is_accepted() {
        let header = read(&[0x12, 0x01, 0x07, 0x03]).map(|header| (header.param1, header.param2));
        assert_eq!(header, Ok((0x07, 0x03)));
    }

    #[test]
    fn other_version_is_refused() {
        let error = Error::Misbehaved {
            response: Response::Digests,
            what: Misbehaved::Version {
                expected: 0x12,
                found: 0x11,
            },
        };
        assert_eq!(read(&[0x11, 0x01, 0, 0]).err(), Some(error));
    }

    #[test]
    fn other_code_is_refused() {
        // CERTIFICATE, and the request's own code.
        for found in [0x02, 0x81] {
            let error = Error::Misbehaved {
                response: Response::Digests,
                what: Misbehaved::Code {
                    expected: 0x01,
                    found,
                },
            };
            assert_eq!(read(&[0x12, found, 0, 0]).err(), Some(error));
        }
    }

    #[test]
    fn short_header_is_refused() {
        let error = Error::Malformed {
            response: Response::Digests,
            what: Malformed::Truncated(Field::Header),
        };
        for bytes in [[].as_slice(), &[0x12], &[0x12, 0x01], &[0x12, 0x01, 0]] {
            assert_eq!(read(bytes).err(), Some(error));
        }
    }
}
