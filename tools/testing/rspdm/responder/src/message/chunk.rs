// SPDX-License-Identifier: GPL-2.0

//! CHUNK_GET and CHUNK_RESPONSE, CHUNK_SEND and CHUNK_SEND_ACK.
//!
//! SPDM 1.4 made ChunkSeqNo a number of 32 bits. Before, two reserved bytes follow its 16 where
//! other fields come after them.

use super::{
    error::Refusal,
    read_u16,
    read_u32,
    require,
    Kind,
    Message, //
};

/// LastChunk, in Param1.
pub const LAST_CHUNK: u8 = 0x01;
/// EarlyErrorDetected, in Param1.
pub const EARLY_ERROR: u8 = 0x01;

/// A request for a chunk.
pub struct Get {
    /// Handle.
    pub handle: u8,
    /// ChunkSeqNo.
    pub number: u32,
}

impl Get {
    /// Reads CHUNK_GET.
    ///
    /// # Errors
    ///
    /// InvalidRequest if it is too short.
    pub fn read(request: &[u8]) -> Result<Self, Refusal> {
        Ok(Self {
            handle: request[3],
            number: number(request)?,
        })
    }
}

/// A chunk of a request.
pub struct Put {
    /// Handle.
    pub handle: u8,
    /// ChunkSeqNo.
    pub number: u32,
    /// Whether no chunk follows.
    pub is_last: bool,
    /// LargeMessageSize, in the first chunk only.
    pub total: Option<u32>,
    /// The chunk.
    pub chunk: Vec<u8>,
}

impl Put {
    /// Reads CHUNK_SEND.
    ///
    /// # Errors
    ///
    /// InvalidRequest if it is shorter than it says.
    pub fn read(request: &[u8]) -> Result<Self, Refusal> {
        let number = number(request)?;
        let size = read_u32(request, 8)? as usize;
        let (total, start) = match number {
            0 => (Some(read_u32(request, 12)?), 16),
            _ => (None, 12),
        };
        let end = start + size;
        // DOE pads requests with up to three bytes.
        require(end <= request.len() && request.len() - end < 4)?;
        Ok(Self {
            handle: request[3],
            number,
            is_last: request[2] & LAST_CHUNK != 0,
            total,
            chunk: request[start..end].to_vec(),
        })
    }
}

fn number(request: &[u8]) -> Result<u32, Refusal> {
    match request[0] {
        0x14.. => read_u32(request, 4),
        _ => read_u16(request, 4).map(u32::from),
    }
}

/// CHUNK_RESPONSE for the bytes of `message` from `offset` on, of which `len` are sent.
pub fn response(version: u8, get: &Get, message: &[u8], offset: usize, len: usize) -> Message {
    let last = u8::from(offset + len == message.len());
    let mut response = Message::new(version, Kind::ChunkGet, last, get.handle);
    put_number(&mut response, version, get.number);
    if version < 0x14 {
        response.put("Reserved", &[0, 0]);
    }
    response.put_u32("ChunkSize", len as u32);
    if get.number == 0 {
        response.put_u32("LargeMessageSize", message.len() as u32);
    }
    response.put("SPDMChunk", &message[offset..offset + len]);
    response
}

/// CHUNK_SEND_ACK.
pub fn acknowledgment(version: u8, send: &Put, is_error: bool, response: &[u8]) -> Message {
    let early = if is_error { EARLY_ERROR } else { 0 };
    let mut ack = Message::new(version, Kind::ChunkSend, early, send.handle);
    put_number(&mut ack, version, send.number);
    ack.put("ResponseToLargeRequest", response);
    ack
}

fn put_number(message: &mut Message, version: u8, number: u32) {
    match version {
        0x14.. => message.put_u32("ChunkSeqNo", number),
        _ => message.put_u16("ChunkSeqNo", number as u16),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_by_their_version() {
        let get = Get::read(&[0x12, 0x86, 0, 0x5a, 2, 1]).unwrap();
        assert_eq!((get.handle, get.number), (0x5a, 0x102));
        let get = Get::read(&[0x14, 0x86, 0, 0x5a, 2, 1, 1, 0]).unwrap();
        assert_eq!((get.handle, get.number), (0x5a, 0x1_0102));
        assert!(Get::read(&[0x14, 0x86, 0, 0x5a, 2, 1]).is_err());
    }

    #[test]
    fn chunks_of_requests_end_where_they_say() {
        let first = [
            0x12, 0x85, 0x00, 0x5a, // header
            0x00, 0x00, 0x00, 0x00, // ChunkSeqNo, reserved
            0x02, 0x00, 0x00, 0x00, // ChunkSize
            0x2c, 0x00, 0x00, 0x00, // LargeMessageSize
            0xaa, 0xbb, 0x00, 0x00, // chunk, padding
        ];
        let send = Put::read(&first).unwrap();
        assert_eq!((send.total, send.is_last), (Some(44), false));
        assert_eq!(send.chunk, [0xaa, 0xbb]);
        let mut longer = first;
        longer[8] = 5;
        assert!(Put::read(&longer).is_err());
        let second = [
            0x14, 0x85, 0x01, 0x5a, 0x01, 0, 0, 0, 0x01, 0, 0, 0, 0xcc, 0, 0, 0,
        ];
        let send = Put::read(&second).unwrap();
        assert_eq!((send.total, send.is_last, send.number), (None, true, 1));
        assert_eq!(send.chunk, [0xcc]);
    }

    #[test]
    fn chunks_have_the_bytes_of_the_standard() {
        let get = Get {
            handle: 0x5a,
            number: 0,
        };
        let message = response(0x12, &get, b"abcdef", 0, 4);
        let expected = [
            0x12, 0x06, 0x00, 0x5a, // header
            0x00, 0x00, 0x00, 0x00, // ChunkSeqNo, reserved
            0x04, 0x00, 0x00, 0x00, // ChunkSize
            0x06, 0x00, 0x00, 0x00, // LargeMessageSize
            b'a', b'b', b'c', b'd', // chunk
        ];
        assert_eq!(message.bytes, expected);
        let get = Get { number: 1, ..get };
        let message = response(0x14, &get, b"abcdef", 4, 2);
        let expected = [
            0x14, 0x06, 0x01, 0x5a, // header, LastChunk
            0x01, 0x00, 0x00, 0x00, // ChunkSeqNo
            0x02, 0x00, 0x00, 0x00, // ChunkSize
            b'e', b'f', // chunk
        ];
        assert_eq!(message.bytes, expected);
    }
}
