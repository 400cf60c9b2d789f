// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with VERSION.

use super::*;

pub(super) const FAULTS: &[Special] = &[
    (
        Kind::Version,
        "no-entries",
        "EBADMSG",
        0x10,
        "VersionNumberEntryCount is 0",
        &[Body(|message, _| {
            message.replace("VersionNumberEntryCount", &[0]);
            message.replace("VersionNumberEntry", &[]);
        })],
    ),
    (
        Kind::Version,
        "count-too-large",
        "EBADMSG",
        0x10,
        "VersionNumberEntryCount is 255, the entries are not",
        &[Body(|message, _| {
            message.replace("VersionNumberEntryCount", &[255])
        })],
    ),
    (
        Kind::Version,
        "many-entries",
        "0",
        0x10,
        "255 entries, most of them of unknown versions",
        &[Body(|message, _| {
            let range = message.find("VersionNumberEntry").unwrap_or(0..0);
            let mut entries = vec![0; 2 * 255 - range.len()];
            entries
                .chunks_mut(2)
                .for_each(|entry| entry.copy_from_slice(&[0x00, 0x20]));
            entries.extend_from_slice(&message.bytes[range]);
            message.replace("VersionNumberEntryCount", &[255]);
            message.replace("VersionNumberEntry", &entries);
        })],
    ),
    (
        Kind::Version,
        "alpha-only",
        "EOPNOTSUPP",
        0x10,
        "every entry is a pre-release draft",
        &[Body(|message, _| {
            each_entry(message, |entry| entry[0] |= 0x01)
        })],
    ),
    (
        Kind::Version,
        "unknown-only",
        "EOPNOTSUPP",
        0x10,
        "every entry is of SPDM 2.x",
        &[Body(|message, _| {
            each_entry(message, |entry| entry[1] = entry[1] & 0x0f | 0x20)
        })],
    ),
    (
        Kind::Version,
        "update-numbers",
        "0",
        0x10,
        "entries have update numbers, as 1.2.3 has",
        &[Body(|message, _| {
            each_entry(message, |entry| entry[0] |= 0x30)
        })],
    ),
    (
        Kind::Version,
        "unsorted",
        "0",
        0x10,
        "entries are in descending order, the first one twice",
        &[Body(|message, _| {
            let entries = message.field("VersionNumberEntry").to_vec();
            let mut reversed: Vec<u8> = entries.chunks(2).rev().flat_map(<[u8]>::to_vec).collect();
            reversed.extend_from_within(..2);
            message.replace("VersionNumberEntryCount", &[(reversed.len() / 2) as u8]);
            message.replace("VersionNumberEntry", &reversed);
        })],
    ),
    (
        Kind::Version,
        "reserved-set",
        "0",
        0x10,
        "reserved fields are not zero",
        &[Body(|message, _| {
            for field in ["Param1", "Param2", "Reserved"] {
                message.replace(field, &[0xa5]);
            }
        })],
    ),
];
