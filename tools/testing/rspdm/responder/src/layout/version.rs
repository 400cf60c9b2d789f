// SPDX-License-Identifier: GPL-2.0

//! VERSION, with one entry.

use super::{
    Change::{
        Ones,
        Zeros, //
    },
    *,
};

/// Entries of another version; it may be one that the device speaks no more than the requester.
const OTHER: Outcome = Outcome::any(&["EOPNOTSUPP", "EREMOTEIO"]);

pub(super) const FIELDS: &[Field] = &[
    field("param1", "Param1", 1, Rule::Reserved),
    field("param2", "Param2", 1, Rule::Reserved),
    field("reserved", "Reserved", 1, Rule::Reserved),
    field("entry-count", "VersionNumberEntryCount", 1, Rule::Count),
    field("entry", "VersionNumberEntry", 2, Rule::Choice).but(&[
        // Alpha: a draft, which some take for the version.
        flip(0x000f, Outcome::LACKING.left_open()),
        // UpdateVersionNumber.
        flip(0x00f0, Outcome::ACCEPT),
        // MinorVersion, MajorVersion.
        flip(0xff00, OTHER),
        set(&[Zeros, Ones], Outcome::LACKING),
    ]),
];
