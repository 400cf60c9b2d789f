// SPDX-License-Identifier: GPL-2.0

//! Capability flags of the responder, and which of them have to make sense.
//!
//! The rule: what we use must be right, what the standard reserves must not be set, what belongs to
//! features that we do not use is not looked at. Devices in the field get the flags of sessions
//! wrong that they do not offer, and refusing them would prove nothing.
//!
//! | Flags | Treatment | Reason |
//! |---|---|---|
//! | CERT_CAP, CHAL_CAP | must be set | every authentication needs both |
//! | MEAS_CAP, PSK_CAP, EP_INFO_CAP, MULTI_KEY_CAP | 3 is refused | reserved: nobody knows what |
//! | MULTI_KEY_CAP | used | slots may have different keys then, and each says what it is for |
//! | MEAS_FRESH_CAP without MEAS_CAP | tolerated | says nothing |
//! | KEY_EX_CAP, ENCRYPT_CAP, MAC_CAP, ... | ignored | we open no session |
//! | MUT_AUTH_CAP, ENCAP_CAP | ignored | a demand to authenticate ourselves is refused in time |
//! | PUB_KEY_ID_CAP | ignored | with CERT_CAP missing the device is refused anyway |
//! | ALIAS_CERT_CAP | ignored | the chain is what it is; user space judges it |
//! | CHUNK_CAP | used | large messages go in chunks; without it they are refused |
//! | LARGE_RESP_CAP | used | without it chains beyond 64 KiB are refused |
//! | SET_CERT_CAP, CSR_CAP, ... | ignored | we never change a device |
//! | flags unknown to the version | ignored | reserved bits are to be ignored |

use super::version::Version;

/// The responder's Flags, masked by what the negotiated version defines.
///
/// DSP0274 1.0 to 1.4, "Flags fields definitions for Responder".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponderFlags(u32);

/// What a device can do about measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasurementCapability {
    /// Nothing.
    None,
    /// Tell them without a signature.
    Unsigned,
    /// Tell and sign them.
    Signed,
}

impl ResponderFlags {
    const CERT_CAP: u32 = 1 << 1;
    const CHAL_CAP: u32 = 1 << 2;
    const CHUNK_CAP: u32 = 1 << 17;
    const LARGE_RESP_CAP: u32 = 1 << 31;

    /// Flags from the wire, or `None` if one of the two-bit fields holds its reserved value.
    pub fn from_wire(version: Version, flags: u32) -> Option<Self> {
        let flags = Self(flags & Self::known(version));
        let two_bit_fields = [
            Self::MEAS_CAP,
            Self::PSK_CAP,
            Self::EP_INFO_CAP,
            Self::MULTI_KEY_CAP,
        ];
        let all_legal = two_bit_fields
            .into_iter()
            .all(|shift| flags.two_bits(shift) != 3);
        all_legal.then_some(flags)
    }

    /// Whether the device has certificates: it answers GET_DIGESTS and GET_CERTIFICATE.
    pub const fn has_certificates(self) -> bool {
        self.0 & Self::CERT_CAP != 0
    }

    /// Whether the device answers CHALLENGE.
    pub const fn can_be_challenged(self) -> bool {
        self.0 & Self::CHAL_CAP != 0
    }

    /// Whether the device splits and joins messages larger than a transfer.
    pub const fn can_chunk(self) -> bool {
        self.0 & Self::CHUNK_CAP != 0
    }

    /// Whether the device has the large form of CERTIFICATE, from 1.4 on.
    pub const fn has_large_responses(self) -> bool {
        self.0 & Self::LARGE_RESP_CAP != 0
    }

    /// Whether a connection with the device can be a multi-key one, from 1.3 on; or has to be,
    /// which makes no difference.
    pub fn can_multi_key(self) -> bool {
        self.two_bits(Self::MULTI_KEY_CAP) != 0
    }

    /// What the device can do about measurements.
    pub fn measurements(self) -> MeasurementCapability {
        match self.two_bits(Self::MEAS_CAP) {
            0 => MeasurementCapability::None,
            1 => MeasurementCapability::Unsigned,
            // 3 does not get past the constructor.
            _ => MeasurementCapability::Signed,
        }
    }

    /// The flags as on the wire, without those that the version does not know.
    pub const fn to_wire(self) -> u32 {
        self.0
    }

    // Lowest bits of the fields that are two bits wide.
    const MEAS_CAP: u32 = 3;
    const PSK_CAP: u32 = 10;
    const EP_INFO_CAP: u32 = 22;
    const MULTI_KEY_CAP: u32 = 26;

    fn two_bits(self, shift: u32) -> u32 {
        self.0.checked_shr(shift).unwrap_or(0) & 3
    }

    const fn known(version: Version) -> u32 {
        match version {
            Version::V1_0 => 0x0000_003f,
            Version::V1_1 => 0x0001_ffff,
            Version::V1_2 => 0x003f_ffff,
            Version::V1_3 => 0x3fff_ffff,
            Version::V1_4 => 0xffff_ffff,
        }
    }
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_capability))]
mod tests {
    use super::*;

    #[test]
    fn flags_of_a_known_device_are_understood() {
        // spdm-emu's responder, SPDM 1.2.
        let flags = ResponderFlags::from_wire(Version::V1_2, 0x001a_fbf7);
        assert_eq!(flags.map(ResponderFlags::has_certificates), Some(true));
        assert_eq!(flags.map(ResponderFlags::can_be_challenged), Some(true));
        assert_eq!(flags.map(ResponderFlags::can_chunk), Some(true));
        let measurements = flags.map(ResponderFlags::measurements);
        assert_eq!(measurements, Some(MeasurementCapability::Signed));
    }

    #[test]
    fn reserved_values_are_refused() {
        for field in [3 << 3, 3 << 10, 3 << 22, 3 << 26] {
            assert_eq!(ResponderFlags::from_wire(Version::V1_4, field), None);
        }
    }

    #[test]
    fn bits_that_the_version_does_not_know_are_ignored() {
        // MULTI_KEY_CAP is of 1.3.
        let flags = ResponderFlags::from_wire(Version::V1_2, 3 << 26);
        assert_eq!(flags.map(ResponderFlags::to_wire), Some(0));
        let flags = ResponderFlags::from_wire(Version::V1_0, 0xffff_ffe6);
        assert_eq!(flags.map(ResponderFlags::to_wire), Some(0x26));
    }

    #[test]
    fn large_responses_are_of_1_4() {
        let flags = |version| ResponderFlags::from_wire(version, 1 << 31);
        let large = flags(Version::V1_4).map(ResponderFlags::has_large_responses);
        assert_eq!(large, Some(true));
        let large = flags(Version::V1_3).map(ResponderFlags::has_large_responses);
        assert_eq!(large, Some(false));
    }

    #[test]
    fn multiple_keys_may_be_demanded_or_negotiable() {
        for (value, can) in [(0, false), (1, true), (2, true)] {
            let flags = ResponderFlags::from_wire(Version::V1_3, value << 26);
            assert_eq!(flags.map(ResponderFlags::can_multi_key), Some(can));
        }
    }

    #[test]
    fn measurement_capability_is_told() {
        let none = ResponderFlags::from_wire(Version::V1_0, 0);
        let unsigned = ResponderFlags::from_wire(Version::V1_0, 1 << 3);
        let none = none.map(ResponderFlags::measurements);
        let unsigned = unsigned.map(ResponderFlags::measurements);
        assert_eq!(none, Some(MeasurementCapability::None));
        assert_eq!(unsigned, Some(MeasurementCapability::Unsigned));
    }
}
