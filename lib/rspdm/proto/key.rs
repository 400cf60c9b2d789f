// SPDX-License-Identifier: GPL-2.0

//! What a multi-key connection tells of the key of each slot.
//!
//! DSP0274 1.3, "DIGESTS response message format": KeyPairID, CertificateInfo and KeyUsageMask.
//! Without multiple keys all slots are about the same one, which may do whatever the device can.

/// What kind of certificates a slot holds.
///
/// DSP0274 1.3, "DIGESTS response message format": CertificateInfo, CertModel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateModel {
    /// None: there is only a key.
    None,
    /// The leaf is of the key that the device got when it was made.
    Device,
    /// The leaf is of a key that the device's firmware made, and certified by another of its keys.
    Alias,
    /// What its owner wanted; the standard demands nothing of it.
    Generic,
}

impl CertificateModel {
    /// The model that CertificateInfo stands for; its other bits are reserved.
    pub const fn from_wire(info: u8) -> Option<Self> {
        match info & 0x07 {
            0 => Some(Self::None),
            1 => Some(Self::Device),
            2 => Some(Self::Alias),
            3 => Some(Self::Generic),
            _ => None,
        }
    }
}

/// What a key may be used for.
///
/// DSP0274 1.3, "DIGESTS response message format": KeyUsageMask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    const CHALLENGE: u16 = 1 << 1;
    const MEASUREMENTS: u16 = 1 << 2;
    /// Key exchange, challenges, measurements, endpoint information.
    const OF_THE_STANDARD: u16 = 0x000f;

    /// The usage that the wire's mask stands for.
    pub const fn from_wire(mask: u16) -> Self {
        Self(mask)
    }

    /// The wire's mask.
    pub const fn to_wire(self) -> u16 {
        self.0
    }

    /// Whether it may sign CHALLENGE_AUTH.
    pub const fn may_answer_challenge(self) -> bool {
        self.0 & Self::CHALLENGE != 0
    }

    /// Whether it may sign MEASUREMENTS.
    pub const fn may_sign_measurements(self) -> bool {
        self.0 & Self::MEASUREMENTS != 0
    }

    /// Whether it may be used for anything that the standard knows.
    pub const fn is_of_the_standard(self) -> bool {
        self.0 & Self::OF_THE_STANDARD != 0
    }
}

/// The key of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotKey {
    /// KeyPairID: slots with the same one have the same key.
    pub pair: u8,
    /// The kind of certificates.
    pub model: CertificateModel,
    /// What it may be used for.
    pub usage: KeyUsage,
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_key))]
mod tests {
    use super::*;

    #[test]
    fn models_are_the_lowest_bits() {
        use CertificateModel::{
            Alias,
            Device,
            Generic,
            None, //
        };
        for (info, model) in [(0, None), (1, Device), (2, Alias), (0xfb, Generic)] {
            assert_eq!(CertificateModel::from_wire(info), Some(model));
        }
        for info in 4..8 {
            assert!(CertificateModel::from_wire(info).is_none());
        }
    }

    #[test]
    fn usage_is_told_by_bits() {
        let challenge = KeyUsage::from_wire(0x0002);
        assert!(challenge.may_answer_challenge());
        assert!(!challenge.may_sign_measurements());
        let measurements = KeyUsage::from_wire(0x0004);
        assert!(!measurements.may_answer_challenge());
        assert!(measurements.may_sign_measurements());
        assert!(KeyUsage::from_wire(0x0008).is_of_the_standard());
        assert!(!KeyUsage::from_wire(0xc000).is_of_the_standard());
    }
}
