// SPDX-License-Identifier: GPL-2.0

//! Evidence objects: what the kernel collected from a device, and what it says about them.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr, //
};

use serde::{
    Deserialize,
    Serialize, //
};

use crate::identity::PciIdentity;

/// What an object is; ordered as the kernel orders them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectType {
    /// SPDM certificate chain of a slot, as received.
    Cert(Slot),
    /// The six messages that negotiated version, capabilities and algorithms.
    Vca,
    /// Transcript of a GET_MEASUREMENTS exchange.
    Measurements,
    /// Device interface report.
    Report,
    /// Transcript of the CHALLENGE exchange, with the signature.
    Challenge,
}

/// Certificate slot, 0 to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(u8);

impl Slot {
    /// Slot `number`, if there is such a slot.
    pub fn new(number: u8) -> Option<Self> {
        (number < 8).then_some(Self(number))
    }

    /// Its number, 0 to 7.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl ObjectType {
    /// Every type there is, in the kernel's order.
    pub fn all() -> impl Iterator<Item = Self> {
        let slots = (0..8).map(|slot| Self::Cert(Slot(slot)));
        slots.chain([Self::Vca, Self::Measurements, Self::Report, Self::Challenge])
    }

    /// `DEVICE_EVIDENCE_OBJECT_TYPE_*`
    pub fn number(self) -> u32 {
        match self {
            Self::Cert(slot) => slot.0.into(),
            Self::Vca => 8,
            Self::Measurements => 9,
            Self::Report => 10,
            Self::Challenge => 16,
        }
    }

    /// The type with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::all().find(|kind| kind.number() == number)
    }

    /// Its bit in a type mask.
    pub fn mask(self) -> u32 {
        1 << self.number()
    }

    /// Name of the file that keeps it in an evidence directory.
    pub fn file_name(self) -> String {
        match self {
            Self::Cert(_) => format!("{self}.spdm"),
            _ => format!("{self}.bin"),
        }
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cert(slot) => write!(f, "cert{}", slot.0),
            Self::Vca => f.write_str("vca"),
            Self::Measurements => f.write_str("measurements"),
            Self::Report => f.write_str("report"),
            Self::Challenge => f.write_str("challenge"),
        }
    }
}

impl FromStr for ObjectType {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::all().find(|kind| kind.to_string() == name);
        found.ok_or_else(|| {
            format!("{name}: not one of cert0 to cert7, vca, challenge, measurements, report")
        })
    }
}

impl Serialize for ObjectType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// What the kernel says about a transcript object, so that a reader needs no SPDM parser.
///
/// Nothing of it is trusted: verification parses the transcript itself and compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Negotiated version as in the SPDMVersion field: 0x12 is 1.2.
    pub spdm_version: u32,
    /// Name of the negotiated hash.
    pub hash: String,
    /// Name of the negotiated signature algorithm.
    pub signature_algorithm: String,
    /// Offset of the requester's nonce, in bytes.
    pub requester_nonce_offset: u32,
    /// Offset of the responder's nonce, in bytes.
    pub responder_nonce_offset: u32,
    /// Offset of the signature, in bytes.
    pub signature_offset: u32,
    /// Length of the signature, in bytes.
    pub signature_length: u32,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its content, as the device sent it.
    pub bytes: Vec<u8>,
    /// What the kernel says about it, if it is a transcript.
    pub layout: Option<Layout>,
}

/// A consistent set of objects of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What the device is, from its configuration space.
    pub device: PciIdentity,
    /// The kernel's number of this set; never 0, never reused before the next boot.
    pub generation: u32,
    /// How many sets the kernel published since the device connected, if it told.
    pub count: Option<u64>,
    /// True if user space had accepted this generation when it was read.
    pub validated: bool,
    /// The objects that are not empty.
    pub objects: BTreeMap<ObjectType, Object>,
}

impl Evidence {
    /// The content of an object; `None` if the device has none.
    pub fn bytes(&self, kind: ObjectType) -> Option<&[u8]> {
        self.objects
            .get(&kind)
            .map(|object| object.bytes.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_and_by_its_number() {
        for kind in ObjectType::all() {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(ObjectType::from_number(kind.number()), Some(kind));
        }
        assert!("cert8".parse::<ObjectType>().is_err());
        assert_eq!(ObjectType::from_number(11), None);
    }
}
