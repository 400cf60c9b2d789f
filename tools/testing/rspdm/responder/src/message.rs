// SPDX-License-Identifier: GPL-2.0

//! SPDM messages as bytes with named fields.
//!
//! A response remembers where its fields are. That is what faults work with:
//! they name a field as DSP0274 does, not an offset.

use std::ops::Range;

pub mod algorithms;
pub mod capabilities;
pub mod certificate;
pub mod challenge;
pub mod chunk;
pub mod digests;
pub mod error;
pub mod key_pair_info;
pub mod measurements;
pub mod opaque;
pub mod version;

use error::{
    Refusal,
    INVALID_REQUEST, //
};

/// A pair of request and response, named by the stem that files and faults use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// GET_VERSION and VERSION.
    Version,
    /// GET_CAPABILITIES and CAPABILITIES.
    Capabilities,
    /// NEGOTIATE_ALGORITHMS and ALGORITHMS.
    Algorithms,
    /// GET_DIGESTS and DIGESTS.
    Digests,
    /// GET_CERTIFICATE and CERTIFICATE.
    Certificate,
    /// CHALLENGE and CHALLENGE_AUTH.
    Challenge,
    /// GET_MEASUREMENTS and MEASUREMENTS.
    Measurements,
    /// CHUNK_GET and CHUNK_RESPONSE.
    ChunkGet,
    /// CHUNK_SEND and CHUNK_SEND_ACK.
    ChunkSend,
}

impl Kind {
    /// Every kind, in the order in which a connection uses them; those that carry others come last.
    pub const ALL: [Self; 9] = [
        Self::Version,
        Self::Capabilities,
        Self::Algorithms,
        Self::Digests,
        Self::Certificate,
        Self::Challenge,
        Self::Measurements,
        Self::ChunkGet,
        Self::ChunkSend,
    ];

    /// First half of a fault's name.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Capabilities => "capabilities",
            Self::Algorithms => "algorithms",
            Self::Digests => "digests",
            Self::Certificate => "certificate",
            Self::Challenge => "challenge",
            Self::Measurements => "measurements",
            Self::ChunkGet => "chunk-get",
            Self::ChunkSend => "chunk-send",
        }
    }

    /// The response's name in DSP0274.
    pub fn response_name(self) -> &'static str {
        match self {
            Self::Version => "VERSION",
            Self::Capabilities => "CAPABILITIES",
            Self::Algorithms => "ALGORITHMS",
            Self::Digests => "DIGESTS",
            Self::Certificate => "CERTIFICATE",
            Self::Challenge => "CHALLENGE_AUTH",
            Self::Measurements => "MEASUREMENTS",
            Self::ChunkGet => "CHUNK_RESPONSE",
            Self::ChunkSend => "CHUNK_SEND_ACK",
        }
    }

    /// RequestResponseCode of the request; the response's has bit 7 clear.
    pub fn request_code(self) -> u8 {
        match self {
            Self::Digests => 0x81,
            Self::Certificate => 0x82,
            Self::Challenge => 0x83,
            Self::Version => 0x84,
            Self::ChunkSend => 0x85,
            Self::ChunkGet => 0x86,
            Self::Measurements => 0xe0,
            Self::Capabilities => 0xe1,
            Self::Algorithms => 0xe3,
        }
    }

    /// The kind of a request with this code, if this responder knows it.
    pub fn of_request(code: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.request_code() == code)
    }
}

/// A response: bytes, and where each named field lies in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The message so far.
    pub bytes: Vec<u8>,
    fields: Vec<(&'static str, Range<usize>)>,
}

impl Message {
    /// A message with the four bytes that all have in common.
    pub fn new(version: u8, kind: Kind, param1: u8, param2: u8) -> Self {
        Self::with_code(version, kind.request_code() & 0x7f, param1, param2)
    }

    /// The same, for a message that no fault is about.
    pub fn with_code(version: u8, code: u8, param1: u8, param2: u8) -> Self {
        let mut message = Self {
            bytes: vec![],
            fields: vec![],
        };
        message
            .put("SPDMVersion", &[version])
            .put("RequestResponseCode", &[code])
            .put("Param1", &[param1])
            .put("Param2", &[param2]);
        message
    }

    /// Appends a field.
    pub fn put(&mut self, name: &'static str, value: &[u8]) -> &mut Self {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.fields.push((name, start..self.bytes.len()));
        self
    }

    /// Appends a 16-bit field, little-endian.
    pub fn put_u16(&mut self, name: &'static str, value: u16) -> &mut Self {
        self.put(name, &value.to_le_bytes())
    }

    /// Appends a 32-bit field, little-endian.
    pub fn put_u32(&mut self, name: &'static str, value: u32) -> &mut Self {
        self.put(name, &value.to_le_bytes())
    }

    /// Where the first field of this name lies, if the message has one and was not cut before its end.
    pub fn find(&self, name: &str) -> Option<Range<usize>> {
        self.find_nth(name, 0)
    }

    /// The same for the field of this name before which there are so many others.
    pub fn find_nth(&self, name: &str, nth: usize) -> Option<Range<usize>> {
        let mut fields = self.fields.iter().filter(|(field, _)| *field == name);
        let (_, range) = fields.nth(nth)?;
        (range.end <= self.bytes.len()).then(|| range.clone())
    }

    /// Names and lengths of the fields, in order.
    #[cfg(test)]
    pub fn lengths(&self) -> Vec<(&'static str, usize)> {
        let fields = self.fields.iter();
        fields.map(|(name, range)| (*name, range.len())).collect()
    }

    /// The first field of this name, to be changed in place; empty if there is none.
    pub fn field(&mut self, name: &str) -> &mut [u8] {
        match self.find(name) {
            Some(range) => &mut self.bytes[range],
            None => &mut [],
        }
    }

    /// Gives the first field of this name another value of any length; fields behind it move.
    pub fn replace(&mut self, name: &str, value: &[u8]) {
        let Some(index) = self.fields.iter().position(|(field, _)| *field == name) else {
            return;
        };
        let old = self.fields[index].1.clone();
        self.bytes.splice(old.clone(), value.iter().copied());
        self.fields[index].1.end = old.start + value.len();
        for (_, range) in &mut self.fields[index + 1..] {
            range.start = range.start - old.len() + value.len();
            range.end = range.end - old.len() + value.len();
        }
    }
}

/// A response with the number of bytes that its request had; what follows them is padding.
pub type Answer = (Message, usize);

/// The first `N` bytes at `offset`, or ERROR InvalidRequest if the request ends before.
pub fn read<const N: usize>(request: &[u8], offset: usize) -> Result<[u8; N], Refusal> {
    request
        .get(offset..offset + N)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(Refusal::new(INVALID_REQUEST))
}

/// The 16-bit field at `offset`.
pub fn read_u16(request: &[u8], offset: usize) -> Result<u16, Refusal> {
    read(request, offset).map(u16::from_le_bytes)
}

/// The 32-bit field at `offset`.
pub fn read_u32(request: &[u8], offset: usize) -> Result<u32, Refusal> {
    read(request, offset).map(u32::from_le_bytes)
}

/// ERROR InvalidRequest unless `condition` holds.
pub fn require(condition: bool) -> Result<(), Refusal> {
    if condition {
        Ok(())
    } else {
        Err(Refusal::new(INVALID_REQUEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_move_when_one_before_them_grows() {
        let mut message = Message::new(0x12, Kind::Digests, 0, 1);
        message.put_u16("A", 1).put_u16("B", 2);
        message.replace("A", &[9, 9, 9, 9]);
        assert_eq!(message.bytes, [0x12, 0x01, 0, 1, 9, 9, 9, 9, 2, 0]);
        assert_eq!(message.field("B"), [2, 0]);
    }

    #[test]
    fn unknown_field_is_empty() {
        let mut message = Message::new(0x12, Kind::Digests, 0, 1);
        assert!(message.field("Nonce").is_empty());
    }
}
