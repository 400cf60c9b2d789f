// SPDX-License-Identifier: GPL-2.0

//! MEASUREMENTS, all of them and signed by slot 0; the fields of a block are those of the first
//! one, which is a digest.

use super::{
    Change::{
        Ones,
        Zeros, //
    },
    *,
};

/// The next block begins elsewhere then, and may be anything.
const OTHER_BLOCK: Outcome = Outcome::any(&["EBADMSG", "EPROTO"]);

pub(super) const FIELDS: &[Field] = &[
    // How many measurements there are, if that was asked.
    field("param1", "Param1", 1, Rule::Reserved),
    // SlotID from 1.1 on; whether measurements changed from 1.2 on, where 3 is reserved.
    field("param2", "Param2", 1, Rule::Reserved).but(&[
        flip(0x0f, Outcome::ILLEGAL).since(0x11),
        flip(0x10, Outcome::ILLEGAL).since(0x12),
        set(&[Ones], Outcome::ILLEGAL).since(0x11),
    ]),
    field("number-of-blocks", "NumberOfBlocks", 1, Rule::Count),
    field("record-length", "MeasurementRecordLength", 3, Rule::Length)
        .but(&[set(&Change::ALL, OTHER_BLOCK)]),
    sized("record", "MeasurementRecord", Size::Record, Rule::Own).but(&[
        // Most of it is values.
        set(&Change::ALL, Outcome::any(&["0", "EBADMSG", "EPROTO"])),
    ]),
    field("index", "MeasurementRecord", 1, Rule::Own)
        .inside(0)
        .but(&[
            // 0; 3, which is another block's.
            flip(0x03, Outcome::ILLEGAL),
            // 17, which is another block's, too.
            flip(0x10, Outcome::ILLEGAL).since(0x12),
            set(&[Zeros, Ones], Outcome::ILLEGAL),
        ]),
    field("specification", "MeasurementRecord", 1, Rule::Choice).inside(1),
    field("block-size", "MeasurementRecord", 2, Rule::Length)
        .inside(2)
        .but(&[set(&Change::ALL, OTHER_BLOCK)]),
    field("value-type", "MeasurementRecord", 1, Rule::Own)
        .inside(4)
        .but(&[set(&Change::ALL, Outcome::TOLERATE)]),
    field("value-size", "MeasurementRecord", 2, Rule::Length).inside(5),
    field("value", "MeasurementRecord", 64, Rule::Own).inside(7),
];
