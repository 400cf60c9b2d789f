// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with CERTIFICATE, portion by portion.

use super::*;

pub(super) const FAULTS: &[Special] = &[
    (
        Kind::Certificate,
        "wrong-slot",
        "EPROTO",
        0x10,
        "the slot is not the one asked for",
        &[Body(|message, _| flip(message, "Param1"))],
    ),
    (
        Kind::Certificate,
        "large-form",
        "EPROTO",
        0x14,
        "LargeCertChain is not as in the request",
        &[Body(|message, _| message.field("Param1")[0] ^= 0x80)],
    ),
    (
        Kind::Certificate,
        "portion-zero",
        "EPROTO",
        0x10,
        "PortionLength is 0 though some of the chain is left",
        &[Body(|message, _| {
            let portion = message.field("CertChain").len() as i64;
            add_len(message, "RemainderLength", portion);
            message.field("PortionLength").fill(0);
            message.replace("CertChain", &[]);
        })],
    ),
    (
        Kind::Certificate,
        "portion-too-long",
        "EPROTO",
        0x10,
        "the last portion is longer than asked for",
        &[
            Setup(long_chain),
            Body(|message, site| {
                let (_, asked) = offset_and_length(site.request);
                // More than QEMU can carry would go nowhere.
                if asked < 4096 {
                    let mut portion = message.field("CertChain").to_vec();
                    let more = asked + 4 - portion.len();
                    portion.resize(portion.len() + more, 0);
                    let left = get_len(message, "RemainderLength");
                    message.replace("CertChain", &portion);
                    add_len(message, "PortionLength", more as i64);
                    add_len(message, "RemainderLength", -left.min(more as i64));
                }
            }),
        ],
    ),
    (
        Kind::Certificate,
        "portion-beyond",
        "EBADMSG",
        0x10,
        "PortionLength exceeds what follows by 16, which RemainderLength lacks",
        &[
            Setup(small_portions),
            Body(|message, _| {
                let portion = message.field("CertChain").to_vec();
                message.replace("CertChain", &portion[..portion.len().saturating_sub(16)]);
            }),
        ],
    ),
    (
        Kind::Certificate,
        "changed-total",
        "EPROTO",
        0x10,
        "the second portion and those after it say that the chain is longer than before",
        &[
            Setup(small_portions),
            Body(|message, site| {
                if offset_and_length(site.request).0 != 0 {
                    add_len(message, "RemainderLength", 4);
                }
            }),
        ],
    ),
    (
        Kind::Certificate,
        "remainder-stuck",
        "EPROTO",
        0x10,
        "RemainderLength never becomes less",
        &[
            Setup(small_portions),
            Body(|message, _| {
                let left = get_len(message, "RemainderLength");
                add_len(message, "RemainderLength", 256 - left);
            }),
        ],
    ),
    (
        Kind::Certificate,
        "remainder-overflow",
        "EPROTO",
        0x10,
        "PortionLength and RemainderLength add up to more than their fields can hold",
        &[Body(|message, _| {
            message.field("RemainderLength").fill(0xff)
        })],
    ),
    (
        Kind::Certificate,
        "one-byte-portions",
        "ETIMEDOUT",
        0x10,
        "one byte at a time",
        &[Action::Device(|config| config.portion = 1)],
    ),
    (
        Kind::Certificate,
        "small-portions",
        "0",
        0x10,
        "256 bytes at a time",
        &[Action::Device(|config| config.portion = 256)],
    ),
    (
        Kind::Certificate,
        "model-set",
        "0",
        0x10,
        "Param2 has CertificateInfo, which has a meaning with multiple keys only",
        &[Body(|message, _| message.replace("Param2", &[0x01]))],
    ),
    (
        Kind::Certificate,
        "altered",
        "EKEYREJECTED",
        0x10,
        "the last byte of the chain is another one than the digest was made of",
        &[Body(|message, _| {
            if get_len(message, "RemainderLength") == 0 {
                if let Some(last) = message.field("CertChain").last_mut() {
                    *last ^= 0x01;
                }
            }
        })],
    ),
];
