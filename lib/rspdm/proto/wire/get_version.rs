// SPDX-License-Identifier: GPL-2.0

//! GET_VERSION and VERSION: which versions the device speaks.
//!
//! DSP0274 1.0, "GET_VERSION request and VERSION response messages". Both always are messages of
//! SPDM 1.0.

use kernel::validate::Validate;
use zerocopy::{
    little_endian::U16,
    FromBytes, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
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
        Malformed, //
    },
    message::{
        Field,
        Request,
        Response, //
    },
    version::{
        Version,
        VersionSet, //
    }, //
};

/// Makes the request.
pub fn encode() -> RequestBytes {
    RequestBytes::new(&Header::new(Version::V1_0, Request::GetVersion, 0, 0))
}

/// VERSION: the versions that the device speaks, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionResponse<'a> {
    /// The message, without padding.
    pub bytes: &'a [u8],
    /// In bits 15:12 the major, in 11:8 the minor, in 7:4 the update number and in 3:0 Alpha.
    entries: &'a [U16],
}

impl VersionResponse<'_> {
    /// The highest of the versions that the device speaks too.
    ///
    /// The update number does not matter. An entry with Alpha set stands for a draft of that
    /// version, not for the version, so it is passed over. Entries may come in any order and more
    /// than once.
    pub fn highest(&self, ours: VersionSet) -> Option<Version> {
        self.entries
            .iter()
            .filter_map(|entry| version_of(entry.get()))
            .filter(|version| ours.contains(*version))
            .max()
    }
}

/// The version that an entry stands for, if we know it.
fn version_of(entry: u16) -> Option<Version> {
    let [low, high] = entry.to_le_bytes();
    let is_draft = low & ALPHA != 0;
    if is_draft {
        None
    } else {
        Version::from_wire(high)
    }
}

impl<'a> Validate<'a, [u8]> for VersionResponse<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], _context: ()) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Version, raw);
        Header::read(&mut reader, Version::V1_0, Request::GetVersion)?;
        let count: &EntryCount = reader.read(Field::VersionNumberEntryCount)?;
        if count.entries == 0 {
            return Err(reader.malformed(Malformed::Empty(Field::VersionNumberEntry)));
        }
        let len = usize::from(count.entries).saturating_mul(size_of::<U16>());
        let entries = reader.take(len, Field::VersionNumberEntry)?;
        // The fallback is never taken: the length is a multiple of an entry's.
        let entries = <[U16]>::ref_from_bytes(entries).unwrap_or_default();
        let bytes = reader.finish()?;
        Ok(Self { bytes, entries })
    }
}

/// What follows the header of VERSION.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct EntryCount {
    _reserved: u8,
    /// VersionNumberEntryCount.
    entries: u8,
}

const _: () = assert!(size_of::<EntryCount>() == 2);

/// Bits of an entry that mark a pre-release draft.
const ALPHA: u8 = 0x0f;

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_get_version))]
mod tests {
    use super::*;

    use kernel::validate::Untrusted;

    use crate::proto::error::Misbehaved;

    fn parse(bytes: &[u8]) -> Result<VersionResponse<'_>, Error> {
        Untrusted::from_ref(bytes).validate()
    }

    fn malformed(what: Malformed) -> Option<Error> {
        let response = Response::Version;
        Some(Error::Malformed { response, what })
    }

    /// As spdm-emu sends it.
    const VERSION: [u8; 16] = [
        0x10, // SPDMVersion
        0x04, // RequestResponseCode: VERSION
        0x00, 0x00, // Param1, Param2
        0x00, // reserved
        0x05, // VersionNumberEntryCount
        0x00, 0x10, // 1.0
        0x00, 0x11, // 1.1
        0x00, 0x12, // 1.2
        0x00, 0x13, // 1.3
        0x00, 0x14, // 1.4
    ];

    #[test]
    fn request_is_of_version_1_0() {
        assert_eq!(encode().as_bytes(), [0x10, 0x84, 0x00, 0x00].as_slice());
    }

    #[test]
    fn highest_common_version_is_chosen() -> Result<(), Error> {
        let version = parse(&VERSION)?;
        assert_eq!(version.bytes, VERSION.as_slice());
        assert_eq!(version.highest(VersionSet::ALL), Some(Version::V1_4));
        let ours = VersionSet::EMPTY.with(Version::V1_0).with(Version::V1_2);
        assert_eq!(version.highest(ours), Some(Version::V1_2));
        assert_eq!(version.highest(VersionSet::EMPTY), None);
        Ok(())
    }

    #[test]
    fn order_and_repetition_do_not_matter() -> Result<(), Error> {
        // Entries 1.2, 1.0, 1.2, 1.1
        let bytes = [
            0x10, 0x04, 0, 0, 0, 4, 0x00, 0x12, 0x00, 0x10, 0x00, 0x12, 0x00, 0x11,
        ];
        assert_eq!(parse(&bytes)?.highest(VersionSet::ALL), Some(Version::V1_2));
        Ok(())
    }

    #[test]
    fn update_number_is_ignored() -> Result<(), Error> {
        // Entry 1.2.3, as a device in the field sends it
        let bytes = [0x10, 0x04, 0, 0, 0, 1, 0x30, 0x12];
        assert_eq!(parse(&bytes)?.highest(VersionSet::ALL), Some(Version::V1_2));
        Ok(())
    }

    #[test]
    fn draft_is_passed_over() -> Result<(), Error> {
        // Entries 1.1, draft 1 of 1.2
        let bytes = [0x10, 0x04, 0, 0, 0, 2, 0x00, 0x11, 0x01, 0x12];
        assert_eq!(parse(&bytes)?.highest(VersionSet::ALL), Some(Version::V1_1));
        Ok(())
    }

    #[test]
    fn unknown_versions_are_passed_over() -> Result<(), Error> {
        // Entries 1.5, 2.0, 0.9
        let bytes = [0x10, 0x04, 0, 0, 0, 3, 0x00, 0x15, 0x00, 0x20, 0x00, 0x09];
        assert_eq!(parse(&bytes)?.highest(VersionSet::ALL), None);
        Ok(())
    }

    #[test]
    fn as_many_entries_as_fit_the_count_are_accepted() -> Result<(), Error> {
        let mut bytes = [0u8; 6 + 255 * 2];
        let head = [0x10, 0x04, 0, 0, 0, 255];
        bytes.iter_mut().zip(head).for_each(|(to, from)| *to = from);
        // The last entry is 1.1, all others are 0.0.
        if let Some(last) = bytes.last_mut() {
            *last = 0x11;
        }
        assert_eq!(parse(&bytes)?.highest(VersionSet::ALL), Some(Version::V1_1));
        Ok(())
    }

    #[test]
    fn no_entry_is_refused() {
        let bytes = [0x10, 0x04, 0, 0, 0, 0];
        let error = malformed(Malformed::Empty(Field::VersionNumberEntry));
        assert_eq!(parse(&bytes).err(), error);
    }

    #[test]
    fn other_header_version_is_refused() {
        let bytes = [0x12, 0x04, 0, 0, 0, 1, 0x00, 0x12];
        let what = Misbehaved::Version {
            expected: 0x10,
            found: 0x12,
        };
        let response = Response::Version;
        assert_eq!(
            parse(&bytes).err(),
            Some(Error::Misbehaved { response, what })
        );
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        for len in 0..VERSION.len() {
            let field = match len {
                0..4 => Field::Header,
                4..6 => Field::VersionNumberEntryCount,
                _ => Field::VersionNumberEntry,
            };
            let error = malformed(Malformed::Truncated(field));
            assert_eq!(
                VERSION.get(..len).map(|bytes| parse(bytes).err()),
                Some(error)
            );
        }
    }

    #[test]
    fn padding_is_not_part_of_the_message() -> Result<(), Error> {
        // One entry, then garbage up to the next dword and beyond
        let bytes = [0x10, 0x04, 0, 0, 0, 1, 0x00, 0x12, 0xaa, 0xbb, 0xcc, 0xdd];
        assert_eq!(parse(bytes.get(..11).unwrap_or_default())?.bytes.len(), 8);
        assert_eq!(
            parse(&bytes).err(),
            malformed(Malformed::Excess { bytes: 4 })
        );
        Ok(())
    }
}
