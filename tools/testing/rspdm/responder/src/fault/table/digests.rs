// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with DIGESTS.

use super::*;

pub(super) const FAULTS: &[Special] = &[
    (
        Kind::Digests,
        "no-slots",
        "EBADMSG",
        0x10,
        "SlotMask is 0 and there is no digest",
        &[Body(|message, _| {
            message.replace("Param2", &[0]);
            message.bytes.truncate(4);
        })],
    ),
    (
        Kind::Digests,
        "mask-too-large",
        "EBADMSG",
        0x10,
        "SlotMask names all slots, the digests are fewer",
        &[Body(|message, _| {
            message.replace("Param1", &[0xff]);
            message.replace("Param2", &[0xff]);
        })],
    ),
    (
        Kind::Digests,
        "mask-too-small",
        "EBADMSG",
        0x10,
        "there is one digest more than slots in SlotMask",
        &[Body(|message, _| {
            let digest = message.field("Digest").to_vec();
            message.put("Digest", &digest);
        })],
    ),
    (
        Kind::Digests,
        "unsupported-slot",
        "EPROTO",
        0x13,
        "a slot holds a chain but does not exist according to SupportedSlotMask",
        &[Body(|message, _| message.replace("Param1", &[0x80]))],
    ),
    (
        Kind::Digests,
        "mismatch",
        "EKEYREJECTED",
        0x10,
        "the first digest is not that of the chain",
        &[Body(|message, _| flip(message, "Digest"))],
    ),
];
