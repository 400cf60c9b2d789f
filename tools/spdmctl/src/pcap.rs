// SPDX-License-Identifier: GPL-2.0

//! The exchange that a transcript records, as a packet capture.
//!
//! Capture files of this link type are read by DMTF's `spdm_dump` and by Wireshark. Each message is
//! put back into the DOE data object that it travelled in. A transcript knows no times: packets are
//! a microsecond apart, from 1970 on.

use crate::transcript::Transcript;

/// Writes the messages of a transcript, which is the content of a CHALLENGE object.
pub fn render(object: &[u8], transcript: &Transcript<'_>) -> Vec<u8> {
    let mut capture = Vec::new();
    capture.extend(MAGIC_MICROSECONDS.to_le_bytes());
    capture.extend([2, 0, 4, 0]); // version 2.4
    capture.extend([0; 8]); // time zone and accuracy, which nobody uses
    capture.extend(SNAP_LEN.to_le_bytes());
    capture.extend(LINKTYPE_PCI_DOE.to_le_bytes());
    for (time, message) in (0u32..).zip(&transcript.messages) {
        // The signature is part of the last message, but not of what it signs.
        let end = if message.range.end == transcript.signature.start {
            transcript.signature.end
        } else {
            message.range.end
        };
        let data_object = data_object(&object[message.range.start..end]);
        let length = u32::try_from(data_object.len()).unwrap_or(u32::MAX);
        capture.extend([0; 4]); // seconds
        capture.extend(time.to_le_bytes());
        capture.extend(length.to_le_bytes()); // bytes that follow
        capture.extend(length.to_le_bytes()); // bytes that there were
        capture.extend(data_object);
    }
    capture
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

/// Bytes of the longest packet: any data object.
const SNAP_LEN: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

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
