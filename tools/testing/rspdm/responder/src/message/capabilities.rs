// SPDX-License-Identifier: GPL-2.0

//! GET_CAPABILITIES and CAPABILITIES.

use super::{
    error::Refusal,
    read,
    read_u32,
    require,
    Answer,
    Kind,
    Message, //
};
use crate::config::{
    Config,
    CHUNK_CAP, //
};

/// What the requester said about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    /// Flags; 0 in SPDM 1.0.
    pub flags: u32,
    /// DataTransferSize, in bytes; absent before SPDM 1.2.
    pub data_transfer_size: Option<u32>,
    /// MaxSPDMmsgSize, in bytes; absent before SPDM 1.2.
    pub max_message_size: Option<u32>,
}

/// Smallest legal DataTransferSize (MinDataTransferSize), in bytes.
const MIN_DATA_TRANSFER_SIZE: u32 = 42;

/// Reads the request and tells the device's capabilities.
///
/// # Errors
///
/// InvalidRequest for capabilities that contradict each other.
pub fn respond(request: &[u8], config: &Config) -> Result<(Answer, Requester), Refusal> {
    let version = request[0];
    let (requester, len) = read_request(request, version)?;

    let known = match version {
        0x10 => 0x0000_003f,
        0x11 => 0x0001_ffff,
        0x12 => 0x003f_ffff,
        0x13 => 0x3fff_ffff,
        _ => 0xffff_ffff,
    };
    let mut message = Message::new(version, Kind::Capabilities, 0, 0);
    message
        .put("Reserved", &[0])
        .put("CTExponent", &[config.ct_exponent])
        .put("ExtFlags", &[0, 0])
        .put_u32("Flags", config.capabilities & known);
    if version >= 0x12 {
        message
            .put_u32("DataTransferSize", config.transfer_size)
            .put_u32("MaxSPDMmsgSize", max_message_size(config));
    }
    Ok(((message, len), requester))
}

fn max_message_size(config: &Config) -> u32 {
    match config.capabilities & CHUNK_CAP {
        0 => config.transfer_size,
        _ => config.transfer_size.max(config.message_size),
    }
}

fn read_request(request: &[u8], version: u8) -> Result<(Requester, usize), Refusal> {
    if version == 0x10 {
        let requester = Requester {
            flags: 0,
            data_transfer_size: None,
            max_message_size: None,
        };
        return Ok((requester, 4));
    }
    let [ct_exponent] = read(request, 5)?;
    require(ct_exponent <= 31)?;
    let flags = read_u32(request, 8)?;
    check_flags(flags, version)?;
    if version == 0x11 {
        let requester = Requester {
            flags,
            data_transfer_size: None,
            max_message_size: None,
        };
        return Ok((requester, 12));
    }
    let data_transfer_size = read_u32(request, 12)?;
    let max_message_size = read_u32(request, 16)?;
    require(data_transfer_size >= MIN_DATA_TRANSFER_SIZE)?;
    require(data_transfer_size <= max_message_size)?;
    require(flags & CHUNK_CAP != 0 || data_transfer_size == max_message_size)?;
    // Asking for the supported algorithms takes the ability to receive them in chunks.
    require(version < 0x13 || request[2] & 0x01 == 0 || flags & CHUNK_CAP != 0)?;
    let requester = Requester {
        flags,
        data_transfer_size: Some(data_transfer_size),
        max_message_size: Some(max_message_size),
    };
    Ok((requester, 20))
}

/// Dependencies between a requester's flags (DSP0274, "Requester flag fields definitions").
fn check_flags(flags: u32, version: u8) -> Result<(), Refusal> {
    let has = |bit: u32| flags & 1 << bit != 0;
    let (cert, chal, encrypt, mac, mut_auth) = (has(1), has(2), has(6), has(7), has(8));
    let (key_ex, psk, encap, pub_key_id) = (has(9), flags >> 10 & 0x3, has(12), has(16));
    require(psk <= 1)?;
    if key_ex || psk != 0 {
        require(mac || encrypt)?;
    } else {
        // ENCRYPT, MAC, HBEAT, KEY_UPD and HANDSHAKE_IN_THE_CLEAR belong to sessions.
        require(flags & 0xe0c0 == 0)?;
    }
    require(key_ex || psk == 0 || !has(15))?;
    require(!(cert && pub_key_id))?;
    let endpoint_info_signed = version >= 0x13 && flags >> 22 & 0x3 == 2;
    if cert || pub_key_id {
        require(chal || key_ex || endpoint_info_signed)?;
    } else {
        require(!chal && !mut_auth)?;
    }
    require(!mut_auth || key_ex || chal)?;
    require(version != 0x11 || !mut_auth || encap)?;
    if version >= 0x13 {
        require(flags >> 22 & 0x3 != 3)?;
        require(flags >> 26 & 0x3 != 3)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::error::INVALID_REQUEST;

    fn with_emu_flags(flags: u32, ct_exponent: u8) -> Config {
        Config {
            capabilities: flags,
            ct_exponent,
            transfer_size: 0x1200,
            ..Config::default()
        }
    }

    #[test]
    fn capabilities_1_0_has_twelve_bytes() {
        let request = [0x10, 0xe1, 0x00, 0x00];
        let ((message, len), _) = respond(&request, &with_emu_flags(0x37, 0)).unwrap();
        assert_eq!(len, 4);
        let expected = [
            0x10, 0x61, 0x00, 0x00, // header
            0x00, 0x00, 0x00, 0x00, // reserved, CTExponent, reserved
            0x37, 0x00, 0x00, 0x00, // Flags
        ];
        assert_eq!(message.bytes, expected);
    }

    #[test]
    fn capabilities_1_2_has_the_sizes() {
        let request = [
            0x12, 0xe1, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, // header, CTExponent
            0x00, 0x00, 0x02, 0x00, // CHUNK_CAP
            0xf8, 0x11, 0x00, 0x00, // DataTransferSize 4600
            0x00, 0x00, 0x02, 0x00, // MaxSPDMmsgSize
        ];
        let ((message, len), requester) = respond(&request, &with_emu_flags(0x17, 0)).unwrap();
        assert_eq!((len, requester.data_transfer_size), (20, Some(4600)));
        let expected = [
            0x12, 0x61, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // header, CTExponent
            0x17, 0x00, 0x00, 0x00, // Flags
            0x00, 0x12, 0x00, 0x00, // DataTransferSize
            0x00, 0x12, 0x00, 0x00, // MaxSPDMmsgSize
        ];
        assert_eq!(message.bytes, expected);
    }

    #[test]
    fn flags_unknown_to_the_version_are_not_sent() {
        let request = [0x10, 0xe1, 0x00, 0x00];
        let ((message, _), _) = respond(&request, &with_emu_flags(0xffff_ffc7, 0)).unwrap();
        assert_eq!(message.bytes[8..], [0x07, 0x00, 0x00, 0x00]);
    }

    #[test]
    fn contradictory_requests_are_refused() {
        // (CTExponent, Flags, DataTransferSize, MaxSPDMmsgSize)
        for (exponent, flags, transfer, max) in [
            (0x20u8, 0u32, 4600u32, 4600u32),
            (0x14, 0, 41, 41),
            (0x14, CHUNK_CAP, 4600, 4599),
            (0x14, 0, 4600, 4601),
            (0x14, 0x0200, 4600, 4600), // KEY_EX without MAC and ENCRYPT
            (0x14, 0x00c0, 4600, 4600), // MAC and ENCRYPT without KEY_EX
            (0x14, 0x0002, 4600, 4600), // CERT alone
            (0x14, 0x0004, 4600, 4600), // CHAL alone
        ] {
            let mut request = vec![0x12, 0xe1, 0, 0, 0, exponent, 0, 0];
            request.extend(flags.to_le_bytes());
            request.extend(transfer.to_le_bytes());
            request.extend(max.to_le_bytes());
            let refusal = respond(&request, &Config::default()).unwrap_err();
            assert_eq!(refusal.code, INVALID_REQUEST);
        }
    }
}
