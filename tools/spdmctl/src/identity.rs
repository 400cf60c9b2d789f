// SPDX-License-Identifier: GPL-2.0

//! What a device says in configuration space that it is, and the name that its certificate must
//! carry.

use serde::{
    Deserialize,
    Serialize, //
};

/// Identity of a PCI function, from its configuration space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PciIdentity {
    /// Where the function was when the evidence was collected.
    pub address: String,
    /// Vendor ID.
    #[serde(with = "hexadecimal")]
    pub vendor: u16,
    /// Device ID.
    #[serde(with = "hexadecimal")]
    pub device: u16,
    /// Class code, 24 bits.
    #[serde(with = "hexadecimal")]
    pub class: u32,
    /// Revision ID.
    #[serde(with = "hexadecimal")]
    pub revision: u8,
    /// Subsystem vendor ID and subsystem ID; only type 0 headers have them.
    #[serde(with = "hexadecimal_pair", default)]
    pub subsystem: Option<(u16, u16)>,
    /// Device Serial Number capability.
    #[serde(default)]
    pub serial: Serial,
}

/// The Device Serial Number extended capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Serial {
    /// Extended configuration space could not be read: that needs privilege.
    #[default]
    Unknown,
    /// The function has no such capability.
    Absent,
    /// Its 64 bits.
    #[serde(with = "hexadecimal")]
    Number(u64),
}

impl Serial {
    /// Finds the capability in what could be read of configuration space.
    pub fn from_config_space(config: &[u8]) -> Self {
        let dword = |offset: usize| -> Option<u32> {
            let bytes = config.get(offset..)?.first_chunk::<4>()?;
            Some(u32::from_le_bytes(*bytes))
        };
        if config.len() == CONVENTIONAL_SPACE {
            return Self::Absent;
        }
        let mut offset = CONVENTIONAL_SPACE;
        for _ in 0..MAX_EXTENDED_CAPABILITIES {
            let Some(header) = dword(offset) else {
                return Self::Unknown;
            };
            if header & 0xffff == DEVICE_SERIAL_NUMBER {
                return match (dword(offset + 4), dword(offset + 8)) {
                    // A device that has not been given a number is like one that cannot have one.
                    (Some(0), Some(0)) => Self::Absent,
                    (Some(low), Some(high)) => Self::Number(u64::from(high) << 32 | u64::from(low)),
                    _ => Self::Unknown,
                };
            }
            // The low two bits are reserved; an offset below the extended space ends the list.
            offset = (header >> 20) as usize & !3;
            if offset < CONVENTIONAL_SPACE {
                return Self::Absent;
            }
        }
        Self::Absent
    }
}

impl PciIdentity {
    /// The name that a certificate for this function carries, without the serial number.
    ///
    /// PCI Express Base 6.1, 6.31.3: `Vendor=…:Device=…:CC=…:REV=…[:SSVID=…:SSID=…]`.
    pub fn name_without_serial(&self) -> String {
        let mut name = format!(
            "Vendor={:04x}:Device={:04x}:CC={:06x}:REV={:02x}",
            self.vendor, self.device, self.class, self.revision
        );
        if let Some((vendor, device)) = self.subsystem {
            name.push_str(&format!(":SSVID={vendor:04x}:SSID={device:04x}"));
        }
        name
    }

    /// The name that a certificate for this function carries.
    ///
    /// PCI Express Base 6.1, 6.31.3; without the serial number if that is unknown.
    pub fn name(&self) -> String {
        let mut name = self.name_without_serial();
        if let Serial::Number(serial) = self.serial {
            name.push_str(&format!(":{serial:016x}"));
        }
        name
    }
}

mod hexadecimal {
    //! Numbers as `0x…` strings, the way sysfs and every PCI tool show them.

    use serde::{
        de::Error,
        Deserialize,
        Deserializer,
        Serializer, //
    };

    pub fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Copy + Into<u64>,
        S: Serializer,
    {
        let value: u64 = (*value).into();
        serializer.serialize_str(&format!("{value:#x}"))
    }

    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: TryFrom<u64>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        super::parse_hexadecimal(&text)
            .ok_or_else(|| D::Error::custom(format!("not a number: {text}")))
    }
}

mod hexadecimal_pair {
    //! The same for an optional pair.

    use serde::{
        de::Error,
        Deserialize,
        Deserializer,
        Serialize,
        Serializer, //
    };

    pub fn serialize<S>(value: &Option<(u16, u16)>, serializer: S) -> Result<S::Ok, S::Error>
    where
        S: Serializer,
    {
        value
            .map(|(vendor, device)| [format!("{vendor:#06x}"), format!("{device:#06x}")])
            .serialize(serializer)
    }

    pub fn deserialize<'de, D>(deserializer: D) -> Result<Option<(u16, u16)>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let Some([vendor, device]) = Option::<[String; 2]>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let pair = super::parse_hexadecimal(&vendor).zip(super::parse_hexadecimal(&device));
        pair.map(Some)
            .ok_or_else(|| D::Error::custom(format!("not numbers: {vendor}, {device}")))
    }
}

fn parse_hexadecimal<T: TryFrom<u64>>(text: &str) -> Option<T> {
    let digits = text.strip_prefix("0x")?;
    let value = u64::from_str_radix(digits, 16).ok()?;
    T::try_from(value).ok()
}

/// Bytes of conventional configuration space; the extended space begins behind it.
const CONVENTIONAL_SPACE: usize = 0x100;

/// Extended capability ID of the Device Serial Number.
const DEVICE_SERIAL_NUMBER: u32 = 0x0003;

/// More extended capabilities than 3840 bytes can hold, so that a loop in the list ends.
const MAX_EXTENDED_CAPABILITIES: usize = 3840 / 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn nvme() -> PciIdentity {
        PciIdentity {
            address: "0000:01:00.0".to_owned(),
            vendor: 0x1b36,
            device: 0x0010,
            class: 0x01_0802,
            revision: 2,
            subsystem: Some((0x1af4, 0x1100)),
            serial: Serial::Absent,
        }
    }

    fn config_with(capabilities: &[(usize, [u32; 3])]) -> Vec<u8> {
        let mut config = vec![0; 4096];
        for (offset, dwords) in capabilities {
            for (index, dword) in dwords.iter().enumerate() {
                let at = offset + 4 * index;
                config[at..at + 4].copy_from_slice(&dword.to_le_bytes());
            }
        }
        config
    }

    #[test]
    fn the_name_is_the_one_of_the_specification() {
        assert_eq!(
            nvme().name(),
            "Vendor=1b36:Device=0010:CC=010802:REV=02:SSVID=1af4:SSID=1100"
        );
    }

    #[test]
    fn a_serial_number_ends_the_name() {
        let identity = PciIdentity {
            subsystem: None,
            serial: Serial::Number(0x0123_4567_89ab_cdef),
            ..nvme()
        };
        assert_eq!(
            identity.name(),
            "Vendor=1b36:Device=0010:CC=010802:REV=02:0123456789abcdef"
        );
    }

    #[test]
    fn the_serial_number_is_found_behind_other_capabilities() {
        let config = config_with(&[
            (0x100, [0x1a01_0001, 0, 0]),
            (0x1a0, [0x0001_0003, 0x89ab_cdef, 0x0123_4567]),
        ]);
        assert_eq!(
            Serial::from_config_space(&config),
            Serial::Number(0x0123_4567_89ab_cdef)
        );
    }

    #[test]
    fn a_list_of_capabilities_that_loops_ends() {
        let config = config_with(&[(0x100, [0x1001_0001, 0, 0])]);
        assert_eq!(Serial::from_config_space(&config), Serial::Absent);
    }

    #[test]
    fn without_privilege_the_serial_number_is_unknown_not_absent() {
        assert_eq!(Serial::from_config_space(&[0; 64]), Serial::Unknown);
        assert_eq!(Serial::from_config_space(&[0; 256]), Serial::Absent);
    }

    #[test]
    fn json_reads_back_as_written() {
        for serial in [Serial::Unknown, Serial::Absent, Serial::Number(0x10)] {
            let identity = PciIdentity { serial, ..nvme() };
            let text = serde_json::to_string(&identity).unwrap();
            assert_eq!(
                serde_json::from_str::<PciIdentity>(&text).unwrap(),
                identity
            );
        }
    }
}
