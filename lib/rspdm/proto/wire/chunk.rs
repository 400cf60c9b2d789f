// SPDX-License-Identifier: GPL-2.0

//! CHUNK_GET, CHUNK_SEND and their responses: messages that are longer than a transfer.
//!
//! DSP0274 1.2 to 1.4, "Large SPDM message transfer mechanism".
//!
//! The two messages that carry chunks have 12 bytes of header, and 4 more in the first chunk for
//! the length of the whole. ChunkSeqNo has 16 bits, and 32 in 1.4; where nothing follows it, the
//! message is 2 bytes shorter before 1.4. No transfer of ours has as many chunks as 16 bits can
//! count.

use kernel::validate::{
    Untrusted,
    Validate, //
};
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
    limits::CHUNK_LEN_MIN,
    message::{
        Field,
        Response, //
    },
    version::Version, //
};

/// RequestResponseCode of CHUNK_SEND.
pub const CHUNK_SEND: u8 = 0x85;

/// RequestResponseCode of CHUNK_GET.
pub const CHUNK_GET: u8 = 0x86;

/// Which chunk of which transfer is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The negotiated version.
    pub version: Version,
    /// Handle of the transfer: the device's choice for responses, ours for requests.
    pub handle: u8,
    /// Number of the chunk, from 0 on.
    pub number: u16,
}

/// Makes CHUNK_GET.
pub fn encode_get(place: Place) -> RequestBytes {
    let header = place.header(CHUNK_GET, 0);
    match place.version {
        Version::V1_0 | Version::V1_1 | Version::V1_2 | Version::V1_3 => {
            RequestBytes::new(&NumberedShort {
                header,
                chunk_seq_no: U16::new(place.number),
            })
        }
        Version::V1_4 => RequestBytes::new(&Numbered {
            header,
            chunk_seq_no: U32::new(place.number.into()),
        }),
    }
}

/// Makes CHUNK_SEND with as many bytes of `rest` as fit in `transfer_size`, and returns the bytes
/// that are left.
///
/// `rest` is what was not sent yet of a request. There is no result if even an empty chunk does not
/// fit, or if one that does is longer than any request of ours.
pub fn encode_send(
    place: Place,
    rest: &[u8],
    transfer_size: usize,
) -> Option<(RequestBytes, &[u8])> {
    let is_first = place.number == 0;
    let header_len = if is_first { 16 } else { 12 };
    let room = transfer_size.checked_sub(header_len)?;
    let (chunk, left) = rest.split_at_checked(room).unwrap_or((rest, &[]));
    let last_chunk = if left.is_empty() { LAST_CHUNK } else { 0 };
    let header = ChunkHeader {
        header: place.header(CHUNK_SEND, last_chunk),
        // Before 1.4 the upper half is reserved.
        chunk_seq_no: U32::new(place.number.into()),
        chunk_size: U32::new(u32::try_from(chunk.len()).ok()?),
    };
    let mut message = RequestBytes::new(&header);
    if is_first {
        let large_message_size = u32::try_from(rest.len()).ok()?;
        message = message.with(&large_message_size.to_le_bytes())?;
    }
    Some((message.with(chunk)?, left))
}

impl Place {
    fn header(self, code: u8, param1: u8) -> Header {
        Header {
            version: self.version.to_wire(),
            code,
            param1,
            param2: self.handle,
        }
    }

    /// Checks that a response is about this chunk.
    fn check(self, reader: &Reader<'_>, header: &Header, number: u32) -> Result<(), Error> {
        if header.param2 != self.handle {
            return Err(reader.misbehaved(Misbehaved::Echo(Field::Handle)));
        }
        if number != u32::from(self.number) {
            return Err(reader.misbehaved(Misbehaved::Echo(Field::ChunkSeqNo)));
        }
        Ok(())
    }
}

/// How much of a large response there is before a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Nothing: the first chunk tells how long it is.
    Nothing {
        /// It must be longer than this, or there would be no need for chunks; in bytes.
        longer_than: u32,
        /// It must not be longer than this, in bytes.
        longest: u32,
    },
    /// Some of it.
    Part {
        /// Bytes that are there.
        len: u32,
        /// Bytes that it has.
        total: u32,
    },
}

/// CHUNK_RESPONSE: the chunk that was asked for, of one byte at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkResponse<'a> {
    /// The chunk.
    pub chunk: &'a [u8],
    /// How much there is with it: never more than the message has, and all of it only if this is
    /// the last chunk.
    pub len: u32,
    /// Bytes that the message has.
    pub total: u32,
}

impl ChunkResponse<'_> {
    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        self.len == self.total
    }
}

impl<'a> Validate<'a, [u8], (Place, Arrived)> for ChunkResponse<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], (place, arrived): (Place, Arrived)) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Chunk, raw);
        let header = Header::read_code(&mut reader, place.version, CHUNK_GET)?;
        let body: &ChunkBody = reader.read(Field::ChunkSize)?;
        let number = match place.version {
            Version::V1_4 => body.chunk_seq_no.get(),
            // The upper half is reserved.
            _ => body.chunk_seq_no.get() & 0xffff,
        };
        place.check(&reader, header, number)?;
        let (before, total) = match arrived {
            Arrived::Nothing {
                longer_than,
                longest,
            } => (0, large_message_size(&mut reader, longer_than, longest)?),
            Arrived::Part { len, total } => (len, total),
        };
        let size = body.chunk_size.get();
        let is_last = header.param1 & LAST_CHUNK != 0;
        let len = check_size(&reader, size, before, total, is_last)?;
        // The fallback is too long for any message.
        let chunk = reader.take(usize::try_from(size).unwrap_or(usize::MAX), Field::Chunk)?;
        reader.finish()?;
        Ok(Self { chunk, len, total })
    }
}

/// Reads LargeMessageSize.
fn large_message_size(
    reader: &mut Reader<'_>,
    longer_than: u32,
    longest: u32,
) -> Result<u32, Error> {
    let size: &U32 = reader.read(Field::LargeMessageSize)?;
    let size = size.get();
    if size <= longer_than || size > longest {
        return Err(reader.misbehaved(Misbehaved::Illegal(Field::LargeMessageSize)));
    }
    Ok(size)
}

/// Checks ChunkSize and LastChunk, and returns how much there is with this chunk.
fn check_size(
    reader: &Reader<'_>,
    size: u32,
    before: u32,
    total: u32,
    is_last: bool,
) -> Result<u32, Error> {
    let len = before.saturating_add(size);
    let what = if size == 0 {
        Misbehaved::NoProgress
    } else if len > total || (is_last && len < total) {
        Misbehaved::Total {
            expected: total,
            found: len,
        }
    } else if !is_last && len == total {
        Misbehaved::Illegal(Field::LastChunk)
    } else if !is_last && size < CHUNK_LEN_MIN {
        Misbehaved::Illegal(Field::ChunkSize)
    } else {
        return Ok(len);
    };
    Err(reader.misbehaved(what))
}

/// CHUNK_SEND_ACK: the device has the chunk.
#[derive(Clone, Copy)]
pub struct ChunkSendAck<'a> {
    /// Whether the device does not want the rest: the response is an ERROR.
    pub early_error: bool,
    /// The response to the whole request with its padding; to be looked at after the last chunk or
    /// an early error only.
    pub response: &'a Untrusted<[u8]>,
    /// Where that begins in the message.
    pub response_offset: usize,
}

impl<'a> Validate<'a, [u8], (Place, bool)> for ChunkSendAck<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], (place, is_last): (Place, bool)) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::ChunkSendAck, raw);
        let header = Header::read_code(&mut reader, place.version, CHUNK_SEND)?;
        let number = match place.version {
            Version::V1_4 => reader.read::<U32>(Field::ChunkSeqNo)?.get(),
            _ => reader.read::<U16>(Field::ChunkSeqNo)?.get().into(),
        };
        place.check(&reader, header, number)?;
        let early_error = header.param1 & EARLY_ERROR_DETECTED != 0;
        let response = reader.rest();
        let response_offset = reader.position();
        if !is_last && !early_error {
            // There is no response yet.
            reader.finish()?;
        }
        Ok(Self {
            early_error,
            response: Untrusted::from_ref(response),
            response_offset,
        })
    }
}

/// Length of CHUNK_SEND_ACK in front of the response that it carries, in bytes.
pub const fn ack_header_len(version: Version) -> u32 {
    match version {
        Version::V1_4 => 8,
        _ => 6,
    }
}

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct NumberedShort {
    header: Header,
    chunk_seq_no: U16,
}

const _: () = assert!(size_of::<NumberedShort>() == 6);

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct Numbered {
    header: Header,
    chunk_seq_no: U32,
}

const _: () = assert!(size_of::<Numbered>() == 8);

/// What CHUNK_SEND begins with; LargeMessageSize follows in the first one, then the chunk.
#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct ChunkHeader {
    header: Header,
    chunk_seq_no: U32,
    chunk_size: U32,
}

const _: () = assert!(size_of::<ChunkHeader>() == 12);

/// What follows the header of CHUNK_RESPONSE; then as in [`ChunkHeader`].
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct ChunkBody {
    chunk_seq_no: U32,
    chunk_size: U32,
}

const _: () = assert!(size_of::<ChunkBody>() == 8);

/// Param1 of CHUNK_SEND and CHUNK_RESPONSE: no chunk follows.
const LAST_CHUNK: u8 = 1;

/// Param1 of CHUNK_SEND_ACK: the response is an ERROR.
const EARLY_ERROR_DETECTED: u8 = 1;
