// SPDX-License-Identifier: GPL-2.0

//! What a device measured: blocks, their types, and what the bytes mean.
//!
//! DSP0274 1.4, "Measurement block" and "DMTF measurement specification format": an index, and a
//! value that is a digest or the raw thing. Which index holds what is the device's choice but for
//! two: 0xfd is for the manifest, 0xfe for the device mode.

use std::{
    fmt,
    ops::Range, //
};

use rspdm_proto::proto::version::Version;

/// One measurement, in the format of DMTF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its number, 1 to 0xfe.
    pub index: u8,
    /// What was measured.
    pub kind: Kind,
    /// The value is the thing itself, not a digest of it.
    pub is_raw: bool,
    /// The value.
    pub value: &'a [u8],
    /// Where the value is in the object.
    pub range: Range<usize>,
}

/// What was measured: DMTFSpecMeasurementValueType without its highest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One that the version in use defines; index into the table.
    Known(usize),
    /// Another one.
    Reserved(u8),
}

/// Name of each type for programs and for people, and the first version that has it.
const KINDS: [(&str, &str, Version); 11] = [
    ("immutable-rom", "immutable ROM", Version::V1_0),
    ("mutable-firmware", "mutable firmware", Version::V1_0),
    (
        "hardware-configuration",
        "hardware configuration",
        Version::V1_0,
    ),
    (
        "firmware-configuration",
        "firmware configuration",
        Version::V1_0,
    ),
    ("manifest", "measurement manifest", Version::V1_1),
    ("device-mode", "device mode", Version::V1_2),
    (
        "firmware-version",
        "version of mutable firmware",
        Version::V1_2,
    ),
    (
        "secure-version-number",
        "secure version number",
        Version::V1_2,
    ),
    ("hash-extend", "hash-extended measurement", Version::V1_3),
    ("informational", "informational", Version::V1_3),
    ("structured-manifest", "structured manifest", Version::V1_3),
];

impl Kind {
    /// The type with this number in this version.
    pub fn from_wire(version: Version, number: u8) -> Self {
        let position = usize::from(number);
        match KINDS.get(position) {
            Some((_, _, since)) if *since <= version => Self::Known(position),
            _ => Self::Reserved(number),
        }
    }

    /// The type with this name, which is that of [`Kind`]'s `Display`.
    pub fn from_name(name: &str) -> Option<Self> {
        let position = KINDS.iter().position(|(known, ..)| *known == name);
        position.map(Self::Known)
    }

    /// What it is called in a sentence.
    pub fn title(self) -> String {
        match self {
            Self::Known(position) => KINDS[position].1.to_owned(),
            Self::Reserved(number) => format!("reserved type {number:#04x}"),
        }
    }

    fn is(self, name: &str) -> bool {
        Self::from_name(name) == Some(self)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(position) => f.write_str(KINDS[*position].0),
            Self::Reserved(number) => write!(f, "reserved-{number}"),
        }
    }
}

impl Block<'_> {
    /// The secure version number, if this is one.
    pub fn secure_version_number(&self) -> Option<u64> {
        let is_number = self.is_raw && self.kind.is("secure-version-number");
        let bytes = self.value.try_into().ok().filter(|_| is_number)?;
        Some(u64::from_le_bytes(bytes))
    }

    /// The value in words, if it has some.
    pub fn meaning(&self) -> Option<String> {
        if !self.is_raw {
            return None;
        }
        if let Some(number) = self.secure_version_number() {
            return Some(number.to_string());
        }
        if self.kind.is("device-mode") {
            return device_mode(self.value);
        }
        let text = std::str::from_utf8(self.value).ok()?;
        let text = text.trim_end_matches('\0');
        let is_text = !text.is_empty() && !text.chars().any(char::is_control);
        is_text.then(|| format!("{text:?}"))
    }

    /// What is odd about the index, if something is.
    pub fn oddity(&self) -> Option<&'static str> {
        // A version that does not know the type has no rule for the index either.
        let Kind::Known(_) = self.kind else {
            return None;
        };
        match self.index {
            INDEX_MANIFEST if !self.kind.is("manifest") && !self.kind.is("structured-manifest") => {
                Some("index 0xfd is for a manifest")
            }
            INDEX_DEVICE_MODE if !self.kind.is("device-mode") => {
                Some("index 0xfe is for the device mode")
            }
            _ => None,
        }
    }
}

/// Reads the four words of a device mode: what the device can be and is, and which debug modes it
/// has and which are or were in use.
fn device_mode(value: &[u8]) -> Option<String> {
    let value: &[u8; 16] = value.try_into().ok()?;
    let word = |at: usize| {
        let bytes = [value[at], value[at + 1], value[at + 2], value[at + 3]];
        u32::from_le_bytes(bytes)
    };
    let operation = bits(word(4), &OPERATIONAL_MODES);
    let debug = bits(word(12), &DEBUG_MODES);
    let or = |names: Vec<String>, none: &str| match names.as_slice() {
        [] => none.to_owned(),
        names => names.join(", "),
    };
    Some(format!(
        "operation: {}; debug: {}",
        or(operation, "unknown"),
        or(debug, "none, and none before")
    ))
}

/// The names of the bits that are set; of bits without a name, their numbers.
fn bits(word: u32, names: &[&str]) -> Vec<String> {
    (0..32usize)
        .filter(|bit| word >> bit & 1 != 0)
        .map(|bit| {
            names
                .get(bit)
                .map_or_else(|| format!("bit {bit}"), |name| (*name).to_owned())
        })
        .collect()
}

/// operationalModeState, from bit 0 on.
const OPERATIONAL_MODES: [&str; 6] = [
    "manufacturing",
    "validation",
    "normal",
    "recovery",
    "return of merchandise",
    "decommissioned",
];

/// deviceModeState, from bit 0 on.
const DEBUG_MODES: [&str; 5] = [
    "non-invasive active",
    "invasive active",
    "non-invasive was active",
    "invasive was active",
    "invasive was active after manufacturing",
];

const INDEX_MANIFEST: u8 = 0xfd;
const INDEX_DEVICE_MODE: u8 = 0xfe;

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(index: u8, kind: u8, value: &[u8]) -> Block<'_> {
        Block {
            index,
            kind: Kind::from_wire(Version::V1_4, kind),
            is_raw: true,
            value,
            range: 0..value.len(),
        }
    }

    #[test]
    fn a_type_is_known_from_its_version_on() {
        assert_eq!(Kind::from_wire(Version::V1_1, 4).to_string(), "manifest");
        assert_eq!(Kind::from_wire(Version::V1_0, 4), Kind::Reserved(4));
        assert_eq!(Kind::from_wire(Version::V1_1, 7), Kind::Reserved(7));
        assert_eq!(Kind::from_wire(Version::V1_2, 8), Kind::Reserved(8));
        assert_eq!(Kind::from_wire(Version::V1_3, 8).to_string(), "hash-extend");
        assert_eq!(Kind::from_wire(Version::V1_4, 11), Kind::Reserved(11));
        assert_eq!(Kind::Reserved(0x7f).title(), "reserved type 0x7f");
    }

    #[test]
    fn every_known_type_is_found_by_its_name() {
        for number in 0..11 {
            let kind = Kind::from_wire(Version::V1_4, number);
            assert_eq!(Kind::from_name(&kind.to_string()), Some(kind));
        }
        assert_eq!(Kind::from_name("reserved-1"), None);
    }

    #[test]
    fn a_device_mode_is_told_in_words() {
        let mode = [
            0x3f, 0, 0, 0, // operationalModeCapabilities
            0x04, 0, 0, 0, // operationalModeState
            0x1f, 0, 0, 0, // deviceModeCapabilities
            0x00, 0, 0, 0, // deviceModeState
        ];
        assert_eq!(
            raw(0xfe, 5, &mode).meaning().unwrap(),
            "operation: normal; debug: none, and none before"
        );
        let mut open = mode;
        open[4] = 0x41;
        open[12] = 0x12;
        assert_eq!(
            raw(0xfe, 5, &open).meaning().unwrap(),
            "operation: manufacturing, bit 6; debug: invasive active, \
             invasive was active after manufacturing"
        );
        assert_eq!(raw(0xfe, 5, &mode[1..]).meaning(), None);
    }

    #[test]
    fn numbers_and_texts_are_told_and_digests_are_not() {
        let number = [0x02, 0x01, 0, 0, 0, 0, 0, 0];
        assert_eq!(raw(16, 7, &number).meaning().unwrap(), "258");
        assert_eq!(raw(16, 7, &number[1..]).secure_version_number(), None);
        assert_eq!(raw(17, 6, b"1.2.3\0").meaning().unwrap(), "\"1.2.3\"");
        assert_eq!(raw(17, 6, b"1\x1b[m").meaning(), None);
        let digest = Block {
            is_raw: false,
            ..raw(16, 7, &number)
        };
        assert_eq!(digest.meaning(), None);
        assert_eq!(digest.secure_version_number(), None);
    }

    #[test]
    fn reserved_indices_are_watched() {
        assert_eq!(raw(0xfd, 4, b"").oddity(), None);
        assert_eq!(raw(0xfd, 10, b"").oddity(), None);
        assert!(raw(0xfd, 1, b"").oddity().is_some());
        assert!(raw(0xfe, 4, b"").oddity().is_some());
        assert_eq!(raw(0xfe, 5, b"").oddity(), None);
        assert_eq!(raw(0xfe, 0x7f, b"").oddity(), None);
    }
}
