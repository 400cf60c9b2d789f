// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with ALGORITHMS.

use super::*;

pub(super) const FAULTS: &[Special] = &[
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
        &[Body(|message, site| {
            replace_u32(message, "BaseAsymSel", site.number(0x08))
        })],
    ),
    (
        Kind::Algorithms,
        "unoffered-hash",
        "EPROTO",
        0x10,
        "BaseHashSel is SM3-256, or the argument",
        &[Body(|message, site| {
            replace_u32(message, "BaseHashSel", site.number(0x40))
        })],
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
        &[Body(|message, _| {
            replace_u32(message, "MeasurementHashAlgo", 0x06)
        })],
    ),
    (
        Kind::Algorithms,
        "measurement-specification",
        "EPROTO",
        0x10,
        "MeasurementSpecificationSel has a bit that was not offered",
        &[Body(|message, _| {
            message.replace("MeasurementSpecificationSel", &[0x02])
        })],
    ),
    (
        Kind::Algorithms,
        "two-opaque-formats",
        "EPROTO",
        0x12,
        "OtherParamsSelection has two opaque data formats",
        &[Body(|message, _| {
            message.replace("OtherParamsSelection", &[0x03])
        })],
    ),
    (
        Kind::Algorithms,
        "multi-key",
        "EPROTO",
        0x13,
        "OtherParamsSelection has RequesterMultiKeyConnSel",
        &[Body(|message, _| {
            or(message, "OtherParamsSelection", &[0x10])
        })],
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
        &[Body(|message, _| {
            message.replace("ExtHashSelCount", &[255])
        })],
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
];
