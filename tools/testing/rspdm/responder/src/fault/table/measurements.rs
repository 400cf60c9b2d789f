// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with MEASUREMENTS.

use super::*;

pub(super) const FAULTS: &[Special] = &[
    (
        Kind::Measurements,
        "bad-signature",
        "EKEYREJECTED",
        0x10,
        "one bit of the signature is wrong",
        &[Wire(|bytes, _| {
            if let Some(last) = bytes.last_mut() {
                *last ^= 0x01;
            }
        })],
    ),
    (
        Kind::Measurements,
        "stale-nonce",
        "EKEYREJECTED",
        0x10,
        "the signature is made for another nonce than the requester's",
        &[Sign(|signing| {
            signing.transcript[signing.request_offset + 4] ^= 0x01
        })],
    ),
    (
        Kind::Measurements,
        "altered",
        "EKEYREJECTED",
        0x10,
        "the last byte of the first measurement is another one than was signed",
        &[Wire(|bytes, _| {
            // MeasurementSize stands behind the record's header and two bytes of the block's.
            let size = bytes.get(10).copied().unwrap_or(0);
            if let Some(last) = bytes.get_mut(11 + usize::from(size)) {
                *last ^= 0x01;
            }
        })],
    ),
    (
        Kind::Measurements,
        "other-context",
        "EKEYREJECTED",
        0x12,
        "the signature is made for a challenge",
        &[Sign(|signing| {
            if signing.prefix.is_some() {
                signing.prefix = signing::prefix(0x12, signing::CHALLENGE_CONTEXT);
            }
        })],
    ),
    (
        Kind::Measurements,
        "wrong-slot",
        "EPROTO",
        0x11,
        "the slot is not the one whose key was asked for",
        &[Body(|message, _| flip(message, "Param2"))],
    ),
    (
        Kind::Measurements,
        "record-too-long",
        "EBADMSG",
        0x10,
        "MeasurementRecordLength is 0xffffff",
        &[Body(|message, _| {
            message.replace("MeasurementRecordLength", &[0xff; 3])
        })],
    ),
    (
        Kind::Measurements,
        "more-blocks",
        "EBADMSG",
        0x10,
        "NumberOfBlocks is one more than the record has",
        &[Body(|message, _| {
            let blocks = message.field("NumberOfBlocks")[0];
            message.replace("NumberOfBlocks", &[blocks + 1]);
        })],
    ),
    (
        Kind::Measurements,
        "fewer-blocks",
        "EBADMSG",
        0x10,
        "NumberOfBlocks is one less than the record has",
        &[Body(|message, _| {
            let blocks = message.field("NumberOfBlocks")[0];
            message.replace("NumberOfBlocks", &[blocks.saturating_sub(1)]);
        })],
    ),
    (
        Kind::Measurements,
        "long-record",
        "0",
        0x10,
        "blocks are added until the record has 3000 bytes, or as many as the argument says",
        &[Body(lengthen_record)],
    ),
    (
        Kind::Measurements,
        "block-size",
        "EBADMSG",
        0x10,
        "MeasurementSize of the first block exceeds the record",
        &[Body(|message, _| {
            edit(message, "MeasurementRecord", 2, &[0xff, 0xff])
        })],
    ),
    (
        Kind::Measurements,
        "value-size",
        "EBADMSG",
        0x10,
        "DMTFSpecMeasurementValueSize of the first block is one too large",
        &[Body(|message, _| {
            let record = message.field("MeasurementRecord").to_vec();
            if let Some(&size) = record.get(5) {
                edit(message, "MeasurementRecord", 5, &[size + 1]);
            }
        })],
    ),
    (
        Kind::Measurements,
        "index-zero",
        "EPROTO",
        0x10,
        "the first block's index is 0",
        &[Body(|message, _| {
            edit(message, "MeasurementRecord", 0, &[0])
        })],
    ),
    (
        Kind::Measurements,
        "same-index",
        "EPROTO",
        0x10,
        "the first block has the second one's index",
        &[Body(|message, _| {
            edit(message, "MeasurementRecord", 0, &[2])
        })],
    ),
    (
        Kind::Measurements,
        "specification",
        "EPROTO",
        0x10,
        "the first block is of another specification than DMTF's",
        &[Body(|message, _| {
            edit(message, "MeasurementRecord", 1, &[0x02])
        })],
    ),
    (
        Kind::Measurements,
        "requester-context",
        "EPROTO",
        0x13,
        "RequesterContext is not the requester's",
        &[Body(|message, _| flip(message, "RequesterContext"))],
    ),
    (
        Kind::Measurements,
        "opaque-beyond",
        "EBADMSG",
        0x10,
        "OpaqueDataLength is 1000, the message is shorter",
        &[Body(|message, _| {
            message.replace("OpaqueDataLength", &1000u16.to_le_bytes())
        })],
    ),
    (
        Kind::Measurements,
        "zero-signature",
        "EKEYREJECTED",
        0x10,
        "the last 64 bytes, which are of the signature, are zero",
        &[Wire(|bytes, _| {
            let len = bytes.len();
            bytes[len.saturating_sub(64)..].fill(0);
        })],
    ),
    (
        Kind::Measurements,
        "no-signature",
        "EBADMSG",
        0x10,
        "the message ends where the signature should begin",
        &[Cut("Signature")],
    ),
    (
        Kind::Measurements,
        "replay",
        "EKEYREJECTED",
        0x10,
        "the first MEASUREMENTS ever sent comes again; from the second one on",
        &[Replay],
    ),
    (
        Kind::Measurements,
        "other-key",
        "EKEYREJECTED",
        0x10,
        "the signature is made with a key that no certificate is about",
        &[Sign(other_key)],
    ),
    (
        Kind::Measurements,
        "without-negotiation",
        "EKEYREJECTED",
        0x12,
        "the signature does not cover the negotiation",
        &[Sign(|signing| {
            // Before 1.2 it never does.
            if signing.prefix.is_some() {
                signing.transcript.drain(..signing.request_offset);
            }
        })],
    ),
    (
        Kind::Measurements,
        "without-prefix",
        "EKEYREJECTED",
        0x12,
        "the signature lacks the prefix",
        &[Sign(|signing| signing.prefix = None)],
    ),
    (
        Kind::Measurements,
        "content-changed",
        "0",
        0x12,
        "the measurements changed since they were last told, and it says so",
        &[Body(|message, _| content_changed(message, 0x10))],
    ),
    (
        Kind::Measurements,
        "content-reserved",
        "EPROTO",
        0x12,
        "whether measurements changed has the reserved value 3",
        &[Body(|message, _| content_changed(message, 0x30))],
    ),
    (
        Kind::Measurements,
        "no-blocks",
        "EBADMSG",
        0x10,
        "there is no measurement",
        &[Body(|message, _| {
            message.replace("NumberOfBlocks", &[0]);
            message.replace("MeasurementRecordLength", &[0; 3]);
            message.replace("MeasurementRecord", &[]);
        })],
    ),
    (
        Kind::Measurements,
        "record-length",
        "EBADMSG",
        0x10,
        "the blocks are a byte shorter than MeasurementRecordLength says",
        &[Body(|message, _| {
            let mut record = message.field("MeasurementRecord").to_vec();
            record.push(0);
            let length = (record.len() as u32).to_le_bytes();
            message.replace("MeasurementRecordLength", &length[..3]);
            message.replace("MeasurementRecord", &record);
        })],
    ),
    (
        Kind::Measurements,
        "digest-size",
        "EPROTO",
        0x10,
        "the first digest is a byte longer than its hash makes them, all sizes agree",
        &[Body(|message, _| {
            let mut record = message.field("MeasurementRecord").to_vec();
            let Some(&size) = record.get(5) else {
                return;
            };
            record.insert(7, 0xda);
            record[2] += 1;
            record[5] = size + 1;
            let length = (record.len() as u32).to_le_bytes();
            message.replace("MeasurementRecordLength", &length[..3]);
            message.replace("MeasurementRecord", &record);
        })],
    ),
    (
        Kind::Measurements,
        "index-255",
        "EPROTO",
        0x10,
        "the first block's index is 255",
        &[Body(|message, _| {
            edit(message, "MeasurementRecord", 0, &[0xff])
        })],
    ),
    (
        Kind::Measurements,
        "unknown-type",
        "0",
        0x10,
        "the first block is of a type that the standard does not know",
        &[Body(|message, _| {
            edit(message, "MeasurementRecord", 4, &[0x55])
        })],
    ),
    (
        Kind::Measurements,
        "raw",
        "0",
        0x10,
        "the first block says that its value is raw",
        &[Body(|message, _| {
            edit(message, "MeasurementRecord", 4, &[0x80])
        })],
    ),
    (
        Kind::Measurements,
        "unsigned",
        "0",
        0x10,
        "the device cannot sign measurements: MEAS_CAP is 1",
        &[Device(|config| {
            config.capabilities = config.capabilities & !MEAS_CAP | MEAS_CAP_NO_SIG;
        })],
    ),
    (
        Kind::Measurements,
        "opaque-too-long",
        "EBADMSG",
        0x10,
        "OpaqueDataLength is 1025, and as many bytes follow",
        &[Body(|message, _| {
            message.replace("OpaqueDataLength", &1025u16.to_le_bytes());
            message.replace("OpaqueData", &[0xda; 1025]);
        })],
    ),
];

/// Adds raw measurements of mutable firmware.
fn lengthen_record(message: &mut Message, site: &Site) {
    /// Header of a block, and DMTF's of the value in it.
    const HEADERS_LEN: usize = 4 + 3;
    let mut record = message.field("MeasurementRecord").to_vec();
    let mut blocks = message.field("NumberOfBlocks")[0];
    // Indices that no measurement of the device has.
    for index in 0x20..0xf0 {
        let missing = site.number(3000).saturating_sub(record.len());
        if missing <= HEADERS_LEN {
            break;
        }
        let value_len = (missing - HEADERS_LEN).min(0xf000) as u16;
        let [low, high] = value_len.to_le_bytes();
        let [size_low, size_high] = (value_len + 3).to_le_bytes();
        record.extend([index, 0x01, size_low, size_high, 0x81, low, high]);
        record.resize(record.len() + usize::from(value_len), 0xee);
        blocks += 1;
    }
    let len = (record.len() as u32).to_le_bytes();
    message.replace("NumberOfBlocks", &[blocks]);
    message.replace("MeasurementRecordLength", &len[..3]);
    message.replace("MeasurementRecord", &record);
}
