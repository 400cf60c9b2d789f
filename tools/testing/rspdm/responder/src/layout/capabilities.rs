// SPDX-License-Identifier: GPL-2.0

//! CAPABILITIES, of a device with CERT_CAP, CHAL_CAP, MEAS_CAP 2, MEAS_FRESH_CAP, CHUNK_CAP and
//! LARGE_RESP_CAP, a CTExponent of 20 and sizes of 4600 and 65536 bytes.

use super::{
    Change::{
        Ones,
        Zeros, //
    },
    *,
};

pub(super) const FIELDS: &[Field] = &[
    field("param1", "Param1", 1, Rule::Reserved).but(&[
        // Supported algorithms would follow, which nobody asked for.
        flip(0x01, Outcome::TOLERATE).since(0x13),
        set(&[Ones], Outcome::TOLERATE).since(0x13),
    ]),
    field("param2", "Param2", 1, Rule::Reserved),
    field("reserved", "Reserved", 1, Rule::Reserved),
    field("ct-exponent", "CTExponent", 1, Rule::Own).but(&[
        // 32 and more.
        flip(0xe0, Outcome::MALFORMED),
        set(&[Ones], Outcome::MALFORMED),
    ]),
    field("ext-flags", "ExtFlags", 2, Rule::Reserved),
    field("flags", "Flags", 4, Rule::Own).but(&[
        // CERT_CAP, CHAL_CAP.
        flip(0x06, Outcome::LACKING),
        // MEAS_CAP 3.
        flip(0x08, Outcome::ILLEGAL),
        // MEAS_CAP 0, while MEAS_FRESH_CAP is there.
        flip(0x10, Outcome::TOLERATE),
        // What belongs to sessions, and depends on each other.
        flip(0x0001_ffc0, Outcome::TOLERATE).since(0x11),
        // CHUNK_CAP: MaxSPDMmsgSize must be DataTransferSize then.
        flip(0x0002_0000, Outcome::ILLEGAL).since(0x12),
        // CSR_CAP and CERT_INSTALL_RESET_CAP depend on SET_CERT_CAP.
        flip(0x0030_0000, Outcome::TOLERATE).since(0x12),
        // EP_INFO_CAP, MEL_CAP, EVENT_CAP, and what is about keys, depends on something, too.
        flip(0x33c0_0000, Outcome::TOLERATE).since(0x13),
        // MULTI_KEY_CAP: the requester asks for it, or finds that GET_KEY_PAIR_INFO_CAP lacks.
        flip(0x0c00_0000, Outcome::any(&["EREMOTEIO", "EPROTO"])).since(0x13),
        flip(0x4000_0000, Outcome::TOLERATE).since(0x14),
        set(&[Zeros], Outcome::LACKING).before(0x12),
        set(&[Zeros], Outcome::any(&["EOPNOTSUPP", "EPROTO"])),
        set(&[Ones], Outcome::ILLEGAL),
    ]),
    field("data-transfer-size", "DataTransferSize", 4, Rule::Own)
        .since(0x12)
        .but(&[
            // More than MaxSPDMmsgSize.
            flip(0xffff_0000, Outcome::ILLEGAL),
            set(&[Zeros, Ones], Outcome::ILLEGAL),
        ]),
    field("max-spdm-msg-size", "MaxSPDMmsgSize", 4, Rule::Own)
        .since(0x12)
        .but(&[
            // Less than DataTransferSize.
            flip(0x0001_0000, Outcome::ILLEGAL),
            set(&[Zeros], Outcome::ILLEGAL),
        ]),
];
