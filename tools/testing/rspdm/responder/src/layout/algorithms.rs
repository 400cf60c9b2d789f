// SPDX-License-Identifier: GPL-2.0

//! ALGORITHMS, with ECDSA P-256, SHA-256, and SHA-512 for measurements.

use super::{
    Change::Zeros,
    *, //
};

pub(super) const FIELDS: &[Field] = &[
    field("param1", "Param1", 1, Rule::Count).but(&[
        set(&Change::ALL, Outcome::ACCEPT).before(0x11),
        // It is 0 anyway, unless the requester sent tables.
        set(&[Zeros], Outcome::TOLERATE),
    ]),
    field("param2", "Param2", 1, Rule::Reserved),
    field("length", "Length", 2, Rule::Length),
    field(
        "measurement-specification-sel",
        "MeasurementSpecificationSel",
        1,
        Rule::Choice,
    )
    .but(&[
        flip(0x01, Outcome::LACKING),
        set(&[Zeros], Outcome::LACKING),
    ]),
    field(
        "other-params-selection",
        "OtherParamsSelection",
        1,
        Rule::Choice,
    )
    .but(&[
        set(&Change::ALL, Outcome::ACCEPT).before(0x12),
        // No opaque data then.
        flip(0x02, Outcome::ACCEPT),
        set(&[Zeros], Outcome::ACCEPT),
        // RequesterMultiKeyConnSel.
        flip(0x10, Outcome::ACCEPT).before(0x13),
        flip(0xe0, Outcome::ACCEPT),
    ]),
    field(
        "measurement-hash-algo",
        "MeasurementHashAlgo",
        4,
        Rule::Choice,
    )
    .but(&[
        flip(0x08, Outcome::LACKING),
        set(&[Zeros], Outcome::LACKING),
    ]),
    field("base-asym-sel", "BaseAsymSel", 4, Rule::Choice).but(&[
        flip(0x10, Outcome::LACKING),
        set(&[Zeros], Outcome::LACKING),
    ]),
    field("base-hash-sel", "BaseHashSel", 4, Rule::Choice).but(&[
        flip(0x01, Outcome::LACKING),
        set(&[Zeros], Outcome::LACKING),
    ]),
    field("pqc-asym-sel", "PqcAsymSel", 4, Rule::Absent)
        .but(&[set(&Change::ALL, Outcome::ACCEPT).before(0x14)]),
    field("reserved", "Reserved", 7, Rule::Reserved),
    field(
        "mel-specification-sel",
        "MELspecificationSel",
        1,
        Rule::Absent,
    )
    .but(&[set(&Change::ALL, Outcome::ACCEPT).before(0x13)]),
    field("ext-asym-sel-count", "ExtAsymSelCount", 1, Rule::Absent),
    field("ext-hash-sel-count", "ExtHashSelCount", 1, Rule::Absent),
    field("reserved-2", "Reserved", 2, Rule::Reserved).second(),
];
