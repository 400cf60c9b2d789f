// SPDX-License-Identifier: GPL-2.0

//! GET_VERSION and VERSION.

use super::{
    Kind,
    Message, //
};

/// VERSION that lists `versions`.
pub fn respond(versions: &[u8]) -> Message {
    let mut message = Message::new(0x10, Kind::Version, 0, 0);
    message
        .put("Reserved", &[0])
        .put("VersionNumberEntryCount", &[versions.len() as u8]);
    let entries: Vec<u8> = versions.iter().flat_map(|&version| [0, version]).collect();
    message.put("VersionNumberEntry", &entries);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_has_the_bytes_that_spdm_emu_sends() {
        let message = respond(&[0x10, 0x11, 0x12, 0x13, 0x14]);
        let expected = [
            0x10, 0x04, 0x00, 0x00, // header
            0x00, 0x05, // reserved, count
            0x00, 0x10, 0x00, 0x11, 0x00, 0x12, 0x00, 0x13, 0x00, 0x14,
        ];
        assert_eq!(message.bytes, expected);
    }
}
