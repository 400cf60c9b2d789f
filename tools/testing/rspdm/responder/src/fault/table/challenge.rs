// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with CHALLENGE_AUTH.

use super::*;

pub(super) const FAULTS: &[Special] = &[
    (
        Kind::Challenge,
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
        Kind::Challenge,
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
        Kind::Challenge,
        "stale-nonce",
        "EKEYREJECTED",
        0x10,
        "the signature is made for another nonce than the requester's",
        &[Sign(|signing| {
            signing.transcript[signing.request_offset + 4] ^= 0x01
        })],
    ),
    (
        Kind::Challenge,
        "replay",
        "EKEYREJECTED",
        0x10,
        "the first CHALLENGE_AUTH ever sent comes again; from the second one on",
        &[Replay],
    ),
    (
        Kind::Challenge,
        "other-key",
        "EKEYREJECTED",
        0x10,
        "the signature is made with a key that no certificate is about",
        &[Sign(other_key)],
    ),
    (
        Kind::Challenge,
        "without-negotiation",
        "EKEYREJECTED",
        0x10,
        "the signature covers only what was said after the negotiation",
        &[Sign(|signing| {
            let start = signing.request_offset;
            signing.transcript.drain(..start);
        })],
    ),
    (
        Kind::Challenge,
        "without-prefix",
        "EKEYREJECTED",
        0x12,
        "the signature lacks the prefix",
        &[Sign(|signing| signing.prefix = None)],
    ),
    (
        Kind::Challenge,
        "other-context",
        "EKEYREJECTED",
        0x12,
        "the signature is made for measurements",
        &[Sign(|signing| {
            if signing.prefix.is_some() {
                signing.prefix = signing::prefix(0x12, signing::MEASUREMENTS_CONTEXT);
            }
        })],
    ),
    (
        Kind::Challenge,
        "padding-signed",
        "EKEYREJECTED",
        0x10,
        "the signature covers a padding byte after the response too",
        &[Sign(|signing| signing.transcript.push(0))],
    ),
    (
        Kind::Challenge,
        "wrong-slot",
        "EPROTO",
        0x10,
        "the slot is not the one that was challenged",
        &[Body(|message, _| flip(message, "Param1"))],
    ),
    (
        Kind::Challenge,
        "slot-not-in-mask",
        "EPROTO",
        0x10,
        "SlotMask lacks the slot that was challenged",
        &[Body(|message, _| {
            let slot = message.field("Param1")[0] & 0x07;
            message.replace("Param2", &[!(1 << slot)]);
        })],
    ),
    (
        Kind::Challenge,
        "mutual-authentication",
        "EPROTO",
        0x10,
        "BasicMutAuthReq is set",
        &[Body(|message, _| or(message, "Param1", &[0x80]))],
    ),
    (
        Kind::Challenge,
        "chain-hash",
        "EKEYREJECTED",
        0x10,
        "CertChainHash is not that of the chain",
        &[Body(|message, _| flip(message, "CertChainHash"))],
    ),
    (
        Kind::Challenge,
        "requester-context",
        "EPROTO",
        0x13,
        "RequesterContext is not the requester's",
        &[Body(|message, _| flip(message, "RequesterContext"))],
    ),
    (
        Kind::Challenge,
        "opaque-beyond",
        "EBADMSG",
        0x10,
        "OpaqueDataLength is 1000, the message is shorter",
        &[Body(|message, _| {
            message.replace("OpaqueDataLength", &1000u16.to_le_bytes())
        })],
    ),
    (
        Kind::Challenge,
        "opaque-too-long",
        "EBADMSG",
        0x10,
        "OpaqueDataLength is 1025, and as many bytes follow",
        &[Body(|message, _| {
            message.replace("OpaqueDataLength", &1025u16.to_le_bytes());
            message.replace("OpaqueData", &[0xda; 1025]);
        })],
    ),
    (
        Kind::Challenge,
        "opaque-longest",
        "0",
        0x10,
        "1024 bytes of OpaqueData, as many as allowed",
        &[Setup(|config| config.opaque_len = 1024)],
    ),
];
