// SPDX-License-Identifier: GPL-2.0

//! The exchanges that transcripts record, as a packet capture.
//!
//! Capture files of this link type are read by DMTF's `spdm_dump` and by Wireshark. Each message is
//! put back into the DOE data object that it travelled in. A transcript knows no times: packets are
//! a microsecond apart, from 1970 on.

use crate::transcript::{
    Measurements,
    Message,
    Transcript, //
};

/// A capture in the making.
pub struct Capture {
    bytes: Vec<u8>,
    packets: u32,
}

impl Default for Capture {
    fn default() -> Self {
        Self::new()
    }
}

impl Capture {
    /// A capture without packets.
    pub fn new() -> Self {
        let mut bytes = Vec::new();
        bytes.extend(MAGIC_MICROSECONDS.to_le_bytes());
        bytes.extend([2, 0, 4, 0]); // version 2.4
        bytes.extend([0; 8]); // time zone and accuracy, which nobody uses
        bytes.extend(SNAP_LEN.to_le_bytes());
        bytes.extend(LINKTYPE_PCI_DOE.to_le_bytes());
        Self { bytes, packets: 0 }
    }

    /// Adds the messages of a CHALLENGE object.
    pub fn challenge(&mut self, object: &[u8], transcript: &Transcript<'_>) {
        self.messages(object, &transcript.messages, transcript.signature.end);
    }

    /// Adds the messages of a MEASUREMENTS object that are not in front of the challenge already.
    pub fn measurements(&mut self, object: &[u8], transcript: &Measurements<'_>) {
        self.messages(object, &transcript.messages, object.len());
    }

    /// The capture.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Adds messages, the last of which goes on to `end`: the signature is part of it, but not of
    /// what it signs.
    fn messages(&mut self, object: &[u8], messages: &[Message], end: usize) {
        for (position, message) in messages.iter().enumerate() {
            let is_last = position + 1 == messages.len();
            let end = if is_last { end } else { message.range.end };
            self.packet(&data_object(&object[message.range.start..end]));
        }
    }

    fn packet(&mut self, data: &[u8]) {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        self.bytes.extend([0; 4]); // seconds
        self.bytes.extend(self.packets.to_le_bytes());
        self.bytes.extend(length.min(SNAP_LEN).to_le_bytes()); // bytes that follow
        self.bytes.extend(length.to_le_bytes()); // bytes that there were
        self.bytes.extend(data.iter().take(SNAP_LEN as usize));
        self.packets += 1;
    }
}

/// A message as it is in a mailbox: PCI Express Base 6.1, 6.30.1.
fn data_object(message: &[u8]) -> Vec<u8> {
    let dwords = 2 + message.len().div_ceil(4);
    let mut object = vec![0x01, 0x00, 0x01, 0x00]; // PCI-SIG, CMA/SPDM
    object.extend(u32::try_from(dwords).unwrap_or(u32::MAX).to_le_bytes());
    object.extend(message);
    object.resize(4 * dwords, 0);
    object
}

const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;

/// LINKTYPE_PCI_DOE in the registry of link-layer header types.
const LINKTYPE_PCI_DOE: u32 = 292;

/// Bytes of the longest packet: what spdm_dump takes at most. A message that came in chunks may be
/// longer; as captures have it, the packet says so and ends early.
const SNAP_LEN: u32 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_is_too_long_ends_early() {
        let mut capture = Capture::new();
        let header = capture.bytes.len();
        capture.packet(&[0xff; 0x1_0004]);
        let bytes = capture.into_bytes();
        assert_eq!(
            bytes[header + 8..header + 16],
            [
                0x00, 0x00, 0x01, 0x00, // bytes that follow
                0x04, 0x00, 0x01, 0x00, // bytes that there were
            ]
        );
        assert_eq!(bytes.len(), header + 16 + 0x1_0000);
    }

    #[test]
    fn a_data_object_is_a_whole_number_of_dwords() {
        assert_eq!(
            data_object(&[0x10, 0x84, 0x00, 0x00]),
            [
                0x01, 0x00, 0x01, 0x00, // vendor, type
                0x03, 0x00, 0x00, 0x00, // length
                0x10, 0x84, 0x00, 0x00,
            ]
        );
        assert_eq!(
            data_object(&[0xff; 5])[4..],
            [0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]
        );
    }
}
