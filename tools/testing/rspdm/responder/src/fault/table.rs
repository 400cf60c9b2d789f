// SPDX-License-Identifier: GPL-2.0

//! The table of faults.
//!
//! A row of [`SPECIAL`] is about one message; a row of [`GENERAL`] and one of
//! [`ERRORS`] is about every message.

use super::{
    Action::{
        self,
        Body,
        Deliver,
        Replay,
        Setup,
        Sign,
        Wire, //
    },
    Delivery,
    Fault, //
};
use crate::{
    config::{
        Config,
        Defect,
        CHAL_CAP,
        MEAS_CAP,
        SAN_OTHER, //
    },
    keys::{
        Key,
        Role, //
    },
    message::{
        error::{
            Refusal,
            RESPONSE_NOT_READY,
            RESPONSE_NOT_READY_TOKEN,
            UNSUPPORTED_REQUEST, //
        },
        Kind,
        Message, //
    },
    random::Random,
    signing,
};

/// Every fault there is.
pub fn all() -> Vec<Fault> {
    let mut faults = vec![];
    for kind in Kind::ALL {
        let of_kind = SPECIAL.iter().filter(|(special, ..)| *special == kind);
        for (_, what, errno, since, effect, actions) in of_kind {
            faults.push(Fault {
                kind,
                what: (*what).into(),
                errno,
                errno_once: errno,
                since: *since,
                effect: (*effect).into(),
                actions: actions.to_vec(),
            });
        }
        for (what, errno, effect, action) in GENERAL {
            faults.push(Fault {
                kind,
                what: (*what).into(),
                errno,
                errno_once: errno,
                since: 0x10,
                effect: format!("{}: {effect}", kind.response_name()),
                actions: vec![action.clone()],
            });
        }
        for (what, code, extended, errno, errno_once) in ERRORS {
            let is_final = matches!(*code, 0x04 | 0x41..=0x43);
            let (errno, errno_once) = match kind {
                // There is nothing before GET_VERSION to start again with, nor may it be put off.
                Kind::Version if is_final => ("EREMOTEIO", "EREMOTEIO"),
                _ => (*errno, *errno_once),
            };
            let refusal = Refusal {
                extended: extended.to_vec(),
                ..Refusal::new(*code)
            };
            faults.push(Fault {
                kind,
                what: format!("error-{what}"),
                errno,
                errno_once,
                since: 0x10,
                effect: format!(
                    "{}: ERROR with code {code:#04x} instead",
                    kind.response_name()
                ),
                actions: vec![Action::Refuse(refusal)],
            });
        }
    }
    faults
}

/// Fills in what depends on the request.
pub(super) fn complete(refusal: &mut Refusal, request: &[u8], argument: Option<u32>) {
    let code = request.get(1).copied().unwrap_or(0);
    if refusal.code == RESPONSE_NOT_READY {
        // RDTExponent, RequestCode, Token, RDTM.
        refusal.extended[1] = code;
        if let Some(exponent) = argument {
            refusal.extended[0] = exponent as u8;
        }
    } else {
        let data = if refusal.code == UNSUPPORTED_REQUEST {
            code
        } else {
            0
        };
        refusal.data = argument.map_or(data, |data| data as u8);
    }
}

/// One row per error code: name, code, extended data, errno always, errno once.
#[rustfmt::skip]
const ERRORS: &[(&str, u8, &[u8], &str, &str)] = &[
    ("invalid-request", 0x01, &[], "EREMOTEIO", "EREMOTEIO"),
    ("invalid-session", 0x02, &[], "EREMOTEIO", "EREMOTEIO"),
    ("busy", 0x03, &[], "EBUSY", "0"),
    ("unexpected-request", 0x04, &[], "EREMOTEIO", "0"),
    ("unspecified", 0x05, &[], "EREMOTEIO", "EREMOTEIO"),
    ("decrypt-error", 0x06, &[], "EREMOTEIO", "EREMOTEIO"),
    ("unsupported-request", 0x07, &[], "EREMOTEIO", "EREMOTEIO"),
    ("request-in-flight", 0x08, &[], "EREMOTEIO", "EREMOTEIO"),
    ("invalid-response-code", 0x09, &[], "EREMOTEIO", "EREMOTEIO"),
    ("session-limit-exceeded", 0x0a, &[], "EREMOTEIO", "EREMOTEIO"),
    ("session-required", 0x0b, &[], "EREMOTEIO", "EREMOTEIO"),
    ("reset-required", 0x0c, &[], "EREMOTEIO", "EREMOTEIO"),
    ("response-too-large", 0x0d, &[0, 0, 1, 0], "EREMOTEIO", "EREMOTEIO"),
    ("request-too-large", 0x0e, &[], "EREMOTEIO", "EREMOTEIO"),
    // Handle of a transfer that does not exist.
    ("large-response", 0x0f, &[1], "EREMOTEIO", "EREMOTEIO"),
    ("message-lost", 0x10, &[], "EREMOTEIO", "0"),
    ("invalid-policy", 0x11, &[], "EREMOTEIO", "EREMOTEIO"),
    ("data-too-large", 0x12, &[0, 0, 2, 0], "EREMOTEIO", "EREMOTEIO"),
    ("version-mismatch", 0x41, &[], "EREMOTEIO", "0"),
    // RDTExponent: about a millisecond, or the argument. RESPOND_IF_READY gets the answer.
    ("response-not-ready", 0x42, &[10, 0, RESPONSE_NOT_READY_TOKEN, 2], "ETIMEDOUT", "0"),
    ("request-resynch", 0x43, &[], "EREMOTEIO", "0"),
    ("operation-failed", 0x44, &[], "EREMOTEIO", "EREMOTEIO"),
    ("no-pending-requests", 0x45, &[], "EREMOTEIO", "EREMOTEIO"),
    ("session-terminated", 0x46, &[], "EREMOTEIO", "EREMOTEIO"),
    ("invalid-state", 0x47, &[], "EREMOTEIO", "EREMOTEIO"),
    ("vendor-defined", 0xff, &[], "EREMOTEIO", "EREMOTEIO"),
    ("code-0", 0x00, &[], "EREMOTEIO", "EREMOTEIO"),
    ("code-unknown", 0x7b, &[], "EREMOTEIO", "EREMOTEIO"),
];

/// One row per way to spoil any message.
const GENERAL: &[(&str, &str, &str, Action)] = &[
    (
        "truncated",
        "EBADMSG",
        "ends a dword too early, or after as many bytes as the argument says",
        Wire(|bytes, site| {
            // DOE would fill up what is cut within a dword.
            let len = bytes.len().saturating_sub(1) & !3;
            bytes.truncate(site.number(len));
        }),
    ),
    (
        "header-only",
        "EBADMSG",
        "ends after the four bytes that all messages begin with",
        Wire(|bytes, _| bytes.truncate(4)),
    ),
    (
        "empty",
        "EBADMSG",
        "a data object without content",
        Wire(|bytes, _| bytes.clear()),
    ),
    (
        "extended",
        "EBADMSG",
        "64 bytes follow, or as many as the argument says, which belong to no field",
        Wire(|bytes, site| bytes.resize(bytes.len() + site.number(64), 0xee)),
    ),
    (
        "wrong-version",
        "EPROTO",
        "SPDMVersion 0x1f, or the argument",
        Wire(|bytes, site| {
            if let Some(version) = bytes.first_mut() {
                *version = site.number(0x1f) as u8;
            }
        }),
    ),
    (
        "wrong-code",
        "EPROTO",
        "RequestResponseCode of another response, or the argument",
        Wire(|bytes, site| {
            if let Some(code) = bytes.get_mut(1) {
                let other = if *code == 0x01 { 0x02 } else { 0x01 };
                *code = site.number(other) as u8;
            }
        }),
    ),
    (
        "dirty-padding",
        "0",
        "bytes that fill the last dword are not zero",
        Deliver(Delivery::DirtyPadding),
    ),
    (
        "slow",
        "0",
        "comes after 300 ms, or as many as the argument says; more than 1000 are too many for DOE",
        Deliver(Delivery::Late),
    ),
    (
        "lost",
        "EIO",
        "a data object of impossible length: QEMU discards it, the mailbox stays silent",
        Deliver(Delivery::Lost),
    ),
    (
        "silence",
        "EIO",
        "never comes, on an open socket; blocks QEMU's guest as a whole",
        Deliver(Delivery::Silence),
    ),
    (
        "hangup",
        "EIO",
        "the socket is closed instead; QEMU does not connect again",
        Deliver(Delivery::Hangup),
    ),
    (
        "other-object-type",
        "EIO",
        "the data object is one for secured messages",
        Deliver(Delivery::OtherType),
    ),
    (
        "other-object-vendor",
        "EIO",
        "the data object is another vendor's",
        Deliver(Delivery::OtherVendor),
    ),
];

type Special = (
    Kind,
    &'static str,
    &'static str,
    u8,
    &'static str,
    &'static [Action],
);

/// One row per way to spoil a certain message: message, what, errno, first version in which it is
/// one, effect, actions.
const SPECIAL: &[Special] = &[
    // VERSION
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
        &[Body(|message, _| message.replace("VersionNumberEntryCount", &[255]))],
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
            entries.chunks_mut(2).for_each(|entry| entry.copy_from_slice(&[0x00, 0x20]));
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
        &[Body(|message, _| each_entry(message, |entry| entry[0] |= 0x01))],
    ),
    (
        Kind::Version,
        "unknown-only",
        "EOPNOTSUPP",
        0x10,
        "every entry is of SPDM 2.x",
        &[Body(|message, _| each_entry(message, |entry| entry[1] = entry[1] & 0x0f | 0x20))],
    ),
    (
        Kind::Version,
        "update-numbers",
        "0",
        0x10,
        "entries have update numbers, as 1.2.3 has",
        &[Body(|message, _| each_entry(message, |entry| entry[0] |= 0x30))],
    ),
    (
        Kind::Version,
        "unsorted",
        "0",
        0x10,
        "entries are in descending order, the first one twice",
        &[Body(|message, _| {
            let entries = message.field("VersionNumberEntry").to_vec();
            let mut reversed: Vec<u8> =
                entries.chunks(2).rev().flat_map(<[u8]>::to_vec).collect();
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
    // CAPABILITIES
    (
        Kind::Capabilities,
        "ct-exponent",
        "EBADMSG",
        0x10,
        "CTExponent is 255, or the argument; 32 and more are illegal",
        &[Body(|message, site| message.replace("CTExponent", &[site.number(255) as u8]))],
    ),
    (
        Kind::Capabilities,
        "ct-exponent-long",
        "0",
        0x10,
        "CTExponent is 31, more than half an hour",
        &[Body(|message, _| message.replace("CTExponent", &[31]))],
    ),
    (
        Kind::Capabilities,
        "no-certificates",
        "EOPNOTSUPP",
        0x10,
        "the device has no certificates: no CERT_CAP, CHAL_CAP, signed measurements",
        &[Action::Device(|config| config.capabilities = 0)],
    ),
    (
        Kind::Capabilities,
        "no-challenge",
        "EOPNOTSUPP",
        0x10,
        "the device cannot be challenged: no CHAL_CAP",
        &[Action::Device(|config| config.capabilities &= !CHAL_CAP)],
    ),
    (
        Kind::Capabilities,
        "no-measurements",
        "0",
        0x10,
        "the device cannot measure: no MEAS_CAP, no MEAS_FRESH_CAP",
        &[Action::Device(|config| config.capabilities &= !(MEAS_CAP | 0x20))],
    ),
    (
        Kind::Capabilities,
        "measurements-3",
        "EPROTO",
        0x10,
        "MEAS_CAP has the reserved value 3",
        &[Body(|message, _| or(message, "Flags", &0x18u32.to_le_bytes()))],
    ),
    (
        Kind::Capabilities,
        "unknown-flags",
        "0",
        0x10,
        "flags that SPDM 1.1 does not know are set; the device speaks only that",
        &[Setup(|config| config.versions = vec![0x11]), Body(|message, _| or(message, "Flags", &0xfffe_0000u32.to_le_bytes()))],
    ),
    (
        Kind::Capabilities,
        "transfer-size-41",
        "EPROTO",
        0x12,
        "both sizes are 41, one less than allowed, or the argument",
        &[Body(|message, site| {
            let size = (site.number(41) as u32).to_le_bytes();
            message.replace("DataTransferSize", &size);
            message.replace("MaxSPDMmsgSize", &size);
        })],
    ),
    (
        Kind::Capabilities,
        "max-size-below",
        "EPROTO",
        0x12,
        "MaxSPDMmsgSize is below DataTransferSize",
        &[Body(|message, _| message.replace("MaxSPDMmsgSize", &42u32.to_le_bytes()))],
    ),
    (
        Kind::Capabilities,
        "max-size-above",
        "EPROTO",
        0x12,
        "MaxSPDMmsgSize exceeds DataTransferSize without CHUNK_CAP",
        &[Body(|message, _| message.replace("MaxSPDMmsgSize", &0x1_0000u32.to_le_bytes()))],
    ),
    (
        Kind::Capabilities,
        "reserved-set",
        "0",
        0x10,
        "reserved fields are not zero",
        &[Body(|message, _| {
            // Bit 0 of Param1 would announce a block of supported algorithms.
            message.replace("Param1", &[0xa4]);
            message.replace("Param2", &[0xa5]);
            message.replace("Reserved", &[0xa5]);
        })],
    ),
    // ALGORITHMS
    (
        Kind::Algorithms,
        "length-too-large",
        "EBADMSG",
        0x10,
        "Length is four more than the message has",
        &[Body(|message, _| add_u16(message, "Length", 4))],
    ),
    (
        Kind::Algorithms,
        "length-too-small",
        "EBADMSG",
        0x10,
        "Length is four less than the message has",
        &[Body(|message, _| add_u16(message, "Length", -4))],
    ),
    (
        Kind::Algorithms,
        "unoffered-signature",
        "EPROTO",
        0x10,
        "BaseAsymSel is RSAPSS-3072, or the argument",
        &[Body(|message, site| replace_u32(message, "BaseAsymSel", site.number(0x08)))],
    ),
    (
        Kind::Algorithms,
        "unoffered-hash",
        "EPROTO",
        0x10,
        "BaseHashSel is SM3-256, or the argument",
        &[Body(|message, site| replace_u32(message, "BaseHashSel", site.number(0x40)))],
    ),
    (
        Kind::Algorithms,
        "two-signatures",
        "EPROTO",
        0x10,
        "BaseAsymSel has two bits",
        &[Body(|message, _| replace_u32(message, "BaseAsymSel", 0x90))],
    ),
    (
        Kind::Algorithms,
        "two-hashes",
        "EPROTO",
        0x10,
        "BaseHashSel has two bits",
        &[Body(|message, _| replace_u32(message, "BaseHashSel", 0x03))],
    ),
    (
        Kind::Algorithms,
        "no-signature",
        "EOPNOTSUPP",
        0x10,
        "BaseAsymSel is 0",
        &[Body(|message, _| replace_u32(message, "BaseAsymSel", 0))],
    ),
    (
        Kind::Algorithms,
        "no-hash",
        "EOPNOTSUPP",
        0x10,
        "BaseHashSel is 0",
        &[Body(|message, _| replace_u32(message, "BaseHashSel", 0))],
    ),
    (
        Kind::Algorithms,
        "post-quantum-too",
        "EPROTO",
        0x14,
        "PqcAsymSel is ML-DSA-87 besides BaseAsymSel",
        &[Body(|message, _| replace_u32(message, "PqcAsymSel", 0x04))],
    ),
    (
        Kind::Algorithms,
        "two-measurement-hashes",
        "EPROTO",
        0x10,
        "MeasurementHashAlgo has two bits",
        &[Body(|message, _| replace_u32(message, "MeasurementHashAlgo", 0x06))],
    ),
    (
        Kind::Algorithms,
        "measurement-specification",
        "EPROTO",
        0x10,
        "MeasurementSpecificationSel has a bit that was not offered",
        &[Body(|message, _| message.replace("MeasurementSpecificationSel", &[0x02]))],
    ),
    (
        Kind::Algorithms,
        "two-opaque-formats",
        "EPROTO",
        0x12,
        "OtherParamsSelection has two opaque data formats",
        &[Body(|message, _| message.replace("OtherParamsSelection", &[0x03]))],
    ),
    (
        Kind::Algorithms,
        "multi-key",
        "EPROTO",
        0x13,
        "OtherParamsSelection has RequesterMultiKeyConnSel",
        &[Body(|message, _| or(message, "OtherParamsSelection", &[0x10]))],
    ),
    (
        Kind::Algorithms,
        "external-signature",
        "EPROTO",
        0x10,
        "an external signature algorithm is selected",
        &[Body(|message, _| {
            message.replace("ExtAsymSelCount", &[1]);
            message.put("ExtAsymSel", &[0, 0, 1, 0]);
            add_u16(message, "Length", 4);
        })],
    ),
    (
        Kind::Algorithms,
        "external-count",
        "EPROTO",
        0x10,
        "ExtHashSelCount is 255, and none follows",
        &[Body(|message, _| message.replace("ExtHashSelCount", &[255]))],
    ),
    (
        Kind::Algorithms,
        "unasked-tables",
        "0",
        0x11,
        "four algorithm structures that nobody asked for, none with a selection",
        &[Body(|message, _| {
            for alg_type in 2..=5 {
                put_table(message, [alg_type, 0x20, 0, 0]);
            }
        })],
    ),
    (
        Kind::Algorithms,
        "table-selects",
        "EPROTO",
        0x11,
        "an algorithm structure selects a key exchange that was not offered",
        &[Body(|message, _| put_table(message, [2, 0x20, 0x10, 0x00]))],
    ),
    (
        Kind::Algorithms,
        "table-missing",
        "EBADMSG",
        0x11,
        "an algorithm structure is announced but absent",
        &[Body(|message, _| message.replace("Param1", &[1]))],
    ),
    (
        Kind::Algorithms,
        "table-count",
        "EBADMSG",
        0x11,
        "AlgCount of an algorithm structure has its halves swapped",
        &[Body(|message, _| put_table(message, [2, 0x02, 0, 0]))],
    ),
    (
        Kind::Algorithms,
        "table-order",
        "EBADMSG",
        0x11,
        "two algorithm structures are of the same type",
        &[Body(|message, _| {
            put_table(message, [2, 0x20, 0, 0]);
            put_table(message, [2, 0x20, 0, 0]);
        })],
    ),
    (
        Kind::Algorithms,
        "reserved-set",
        "0",
        0x10,
        "reserved fields are not zero",
        &[Body(|message, _| {
            message.replace("Param2", &[0xa5]);
            message.replace("Reserved", &[0xa5; 7]);
        })],
    ),
    // DIGESTS
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
    // CERTIFICATE, portion by portion
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
        "Param1 says that it is the large form, which was not asked for",
        &[Body(|message, _| or(message, "Param1", &[0x80]))],
    ),
    (
        Kind::Certificate,
        "portion-zero",
        "EPROTO",
        0x10,
        "PortionLength is 0 though some of the chain is left",
        &[Body(|message, _| {
            let portion = message.field("CertChain").len() as i32;
            add_u16(message, "RemainderLength", portion);
            message.replace("PortionLength", &[0, 0]);
            message.replace("CertChain", &[]);
        })],
    ),
    (
        Kind::Certificate,
        "portion-too-long",
        "EPROTO",
        0x10,
        "the last portion is longer than asked for",
        &[Setup(long_chain), Body(|message, site| {
            let asked = u16::from_le_bytes([site.request[6], site.request[7]]);
            // More than QEMU can carry would go nowhere.
            if asked < 4096 {
                let mut portion = message.field("CertChain").to_vec();
                let more = usize::from(asked) + 4 - portion.len();
                portion.resize(portion.len() + more, 0);
                let left = i32::from(get_u16(message, "RemainderLength"));
                message.replace("CertChain", &portion);
                add_u16(message, "PortionLength", more as i32);
                add_u16(message, "RemainderLength", -left.min(more as i32));
            }
        })],
    ),
    (
        Kind::Certificate,
        "portion-beyond",
        "EBADMSG",
        0x10,
        "PortionLength exceeds what follows by 16, which RemainderLength lacks",
        &[Setup(small_portions), Body(|message, _| {
            let portion = message.field("CertChain").to_vec();
            message.replace("CertChain", &portion[..portion.len().saturating_sub(16)]);
        })],
    ),
    (
        Kind::Certificate,
        "changed-total",
        "EPROTO",
        0x10,
        "the second portion and those after it say that the chain is longer than before",
        &[Setup(small_portions), Body(|message, site| {
            if site.request[4..6] != [0, 0] {
                add_u16(message, "RemainderLength", 4);
            }
        })],
    ),
    (
        Kind::Certificate,
        "remainder-stuck",
        "EPROTO",
        0x10,
        "RemainderLength never becomes less",
        &[Setup(small_portions), Body(|message, _| message.replace("RemainderLength", &[0, 1]))],
    ),
    (
        Kind::Certificate,
        "remainder-overflow",
        "EPROTO",
        0x10,
        "PortionLength and RemainderLength add up to more than 65535",
        &[Body(|message, _| message.replace("RemainderLength", &[0xff, 0xff]))],
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
            if message.field("RemainderLength") == [0, 0] {
                if let Some(last) = message.field("CertChain").last_mut() {
                    *last ^= 0x01;
                }
            }
        })],
    ),
    // CERTIFICATE, the chain
    (
        Kind::Certificate,
        "length-too-large",
        "EBADMSG",
        0x10,
        "Length in the chain's header is four too large",
        &[Action::Device(|config| config.chain.defect = Some(Defect::LengthTooLarge))],
    ),
    (
        Kind::Certificate,
        "length-too-small",
        "EBADMSG",
        0x10,
        "Length in the chain's header is four too small",
        &[Action::Device(|config| config.chain.defect = Some(Defect::LengthTooSmall))],
    ),
    (
        Kind::Certificate,
        "root-hash",
        "EKEYREJECTED",
        0x10,
        "RootHash is not that of the root certificate at the chain's begin",
        &[Action::Device(|config| config.chain.defect = Some(Defect::RootHash))],
    ),
    (
        Kind::Certificate,
        "header-only-chain",
        "EBADMSG",
        0x10,
        "the chain is a header without certificates",
        &[Action::Device(|config| config.chain.defect = Some(Defect::HeaderOnly))],
    ),
    (
        Kind::Certificate,
        "not-der",
        "EBADMSG",
        0x10,
        "where certificates should be there is no DER",
        &[Action::Device(|config| config.chain.defect = Some(Defect::NotDer))],
    ),
    (
        Kind::Certificate,
        "cut-certificate",
        "EBADMSG",
        0x10,
        "the chain ends four bytes before its last certificate does",
        &[Action::Device(|config| config.chain.defect = Some(Defect::CutCertificate))],
    ),
    (
        Kind::Certificate,
        "no-certificate",
        "EBADMSG",
        0x10,
        "after the last certificate follows DER that is no certificate",
        &[Action::Device(|config| config.chain.defect = Some(Defect::TrailingBytes))],
    ),
    (
        Kind::Certificate,
        "link-signature",
        "EKEYREJECTED",
        0x10,
        "the leaf is not signed with its issuer's key",
        &[Action::Device(|config| config.chain.defect = Some(Defect::LinkSignature))],
    ),
    (
        Kind::Certificate,
        "issuer-name",
        "EKEYREJECTED",
        0x10,
        "the leaf names another issuer than the certificate before it",
        &[Action::Device(|config| config.chain.defect = Some(Defect::IssuerName))],
    ),
    (
        Kind::Certificate,
        "issuer-not-ca",
        "EKEYREJECTED",
        0x10,
        "the issuer of the leaf must not sign certificates",
        &[Action::Device(|config| config.chain.defect = Some(Defect::IssuerNotCa))],
    ),
    (
        Kind::Certificate,
        "root-signature",
        "EKEYREJECTED",
        0x10,
        "the root certificate is not signed with its own key",
        &[Action::Device(|config| config.chain.defect = Some(Defect::RootSignature))],
    ),
    (
        Kind::Certificate,
        "order",
        "EKEYREJECTED",
        0x10,
        "the leaf comes first and the root last",
        &[Action::Device(|config| config.chain.defect = Some(Defect::Order))],
    ),
    (
        Kind::Certificate,
        "leaf-key",
        "EKEYREJECTED",
        0x10,
        "the leaf's key is of another algorithm than the negotiated one",
        &[Action::Device(|config| config.chain.defect = Some(Defect::LeafKey))],
    ),
    (
        Kind::Certificate,
        "leaf-usage",
        "EKEYREJECTED",
        0x10,
        "the leaf's key must not sign messages",
        &[Action::Device(|config| config.chain.defect = Some(Defect::LeafKeyUsage))],
    ),
    (
        Kind::Certificate,
        "san-other",
        "EKEYREJECTED",
        0x10,
        "the leaf's subject alternative name is another device's",
        &[Action::Device(|config| config.chain.san = Some(SAN_OTHER.into()))],
    ),
    (
        Kind::Certificate,
        "san-none",
        "EKEYREJECTED",
        0x10,
        "the leaf has no subject alternative name; what comes of it is up to the requester's policy",
        &[Action::Device(|config| config.chain.san = None)],
    ),
    // CHALLENGE_AUTH
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
        &[Sign(|signing| signing.transcript[signing.request_offset + 4] ^= 0x01)],
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
        &[Sign(|signing| {
            let random = Random::new(Some(0));
            let (role, label) = (Role::Ca, "not the leaf");
            signing.key = Key::new(signing.key.asym(), role, label, &random).into();
        })],
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
        &[Body(|message, _| message.replace("OpaqueDataLength", &1000u16.to_le_bytes()))],
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
    // MEASUREMENTS
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
        &[Sign(|signing| signing.transcript[signing.request_offset + 4] ^= 0x01)],
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
        0x10,
        "the slot is not the one whose key was asked for",
        &[Body(|message, _| flip(message, "Param2"))],
    ),
    (
        Kind::Measurements,
        "record-too-long",
        "EBADMSG",
        0x10,
        "MeasurementRecordLength is 0xffffff",
        &[Body(|message, _| message.replace("MeasurementRecordLength", &[0xff; 3]))],
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
        "block-size",
        "EBADMSG",
        0x10,
        "MeasurementSize of the first block exceeds the record",
        &[Body(|message, _| edit(message, "MeasurementRecord", 2, &[0xff, 0xff]))],
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
        &[Body(|message, _| edit(message, "MeasurementRecord", 0, &[0]))],
    ),
    (
        Kind::Measurements,
        "same-index",
        "EPROTO",
        0x10,
        "the first block has the second one's index",
        &[Body(|message, _| edit(message, "MeasurementRecord", 0, &[2]))],
    ),
    (
        Kind::Measurements,
        "specification",
        "EPROTO",
        0x10,
        "the first block is of another specification than DMTF's",
        &[Body(|message, _| edit(message, "MeasurementRecord", 1, &[0x02]))],
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
        &[Body(|message, _| message.replace("OpaqueDataLength", &1000u16.to_le_bytes()))],
    ),
];

/// Makes sure that the chain comes in several portions.
fn small_portions(config: &mut Config) {
    config.portion = 512;
}

/// Makes sure that more of the chain is left than the first portion brings.
fn long_chain(config: &mut Config) {
    config.chain.bytes = Some(7000);
}

fn each_entry(message: &mut Message, edit: fn(&mut [u8])) {
    message
        .field("VersionNumberEntry")
        .chunks_mut(2)
        .for_each(edit);
}

/// Flips the lowest bit of the field's first byte.
fn flip(message: &mut Message, field: &str) {
    if let Some(first) = message.field(field).first_mut() {
        *first ^= 0x01;
    }
}

/// Sets bits of a field.
fn or(message: &mut Message, field: &str, bits: &[u8]) {
    for (byte, bits) in message.field(field).iter_mut().zip(bits) {
        *byte |= bits;
    }
}

/// Writes over some bytes of a field.
fn edit(message: &mut Message, field: &str, offset: usize, bytes: &[u8]) {
    for (byte, new) in message.field(field).iter_mut().skip(offset).zip(bytes) {
        *byte = *new;
    }
}

fn replace_u32(message: &mut Message, field: &str, value: usize) {
    message.replace(field, &(value as u32).to_le_bytes());
}

fn get_u16(message: &mut Message, field: &str) -> u16 {
    <[u8; 2]>::try_from(&*message.field(field)).map_or(0, u16::from_le_bytes)
}

fn add_u16(message: &mut Message, field: &str, difference: i32) {
    let value = i32::from(get_u16(message, field)) + difference;
    message.replace(field, &(value as u16).to_le_bytes());
}

/// Appends an algorithm structure table and counts it.
fn put_table(message: &mut Message, table: [u8; 4]) {
    let count = message.field("Param1")[0];
    message.replace("Param1", &[count + 1]);
    message.put("RespAlgStruct", &table);
    add_u16(message, "Length", 4);
}
