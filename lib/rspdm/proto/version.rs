// SPDX-License-Identifier: GPL-2.0

//! SPDM versions that we speak, and sets of them.

use core::fmt;

/// A version of the protocol, major and minor number.
///
/// The order is that of the versions: later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// DSP0274 1.0.
    V1_0,
    /// DSP0274 1.1.
    V1_1,
    /// DSP0274 1.2.
    V1_2,
    /// DSP0274 1.3.
    V1_3,
    /// DSP0274 1.4.
    V1_4,
}

impl Version {
    /// All versions, in ascending order.
    pub const ALL: [Self; 5] = [Self::V1_0, Self::V1_1, Self::V1_2, Self::V1_3, Self::V1_4];

    /// The SPDMVersion byte of a message: major number in bits 7:4, minor in bits 3:0.
    pub const fn to_wire(self) -> u8 {
        match self {
            Self::V1_0 => 0x10,
            Self::V1_1 => 0x11,
            Self::V1_2 => 0x12,
            Self::V1_3 => 0x13,
            Self::V1_4 => 0x14,
        }
    }

    /// The version that an SPDMVersion byte stands for, if we speak it.
    pub fn from_wire(byte: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| version.to_wire() == byte)
    }

    /// The number as in the standard's title: "1.2".
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
            Self::V1_4 => "1.4",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::V1_0 => 1,
            Self::V1_1 => 1 << 1,
            Self::V1_2 => 1 << 2,
            Self::V1_3 => 1 << 3,
            Self::V1_4 => 1 << 4,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Version`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionSet(u8);

impl VersionSet {
    /// No version.
    pub const EMPTY: Self = Self(0);

    /// Every version that we speak.
    pub const ALL: Self = Self(0x1f);

    /// The set with `version` added.
    pub const fn with(self, version: Version) -> Self {
        Self(self.0 | version.bit())
    }

    /// Whether `version` is in the set.
    pub const fn contains(self, version: Version) -> bool {
        self.0 & version.bit() != 0
    }

    /// Whether no version is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_version))]
mod tests {
    use super::*;

    #[test]
    fn wire_byte_is_major_and_minor_nibble() {
        assert_eq!(Version::V1_0.to_wire(), 0x10);
        assert_eq!(Version::V1_4.to_wire(), 0x14);
        for version in Version::ALL {
            assert_eq!(Version::from_wire(version.to_wire()), Some(version));
        }
    }

    #[test]
    fn unknown_wire_byte_is_no_version() {
        assert_eq!(Version::from_wire(0x15), None);
        assert_eq!(Version::from_wire(0x20), None);
        assert_eq!(Version::from_wire(0x00), None);
    }

    #[test]
    fn later_versions_are_greater() {
        assert!(Version::ALL.is_sorted());
    }

    #[test]
    fn set_holds_what_was_added() {
        let set = VersionSet::EMPTY.with(Version::V1_1).with(Version::V1_3);
        assert!(set.contains(Version::V1_1));
        assert!(!set.contains(Version::V1_2));
        assert!(!set.is_empty());
        for version in Version::ALL {
            assert!(VersionSet::ALL.contains(version));
            assert!(!VersionSet::EMPTY.contains(version));
        }
    }
}
