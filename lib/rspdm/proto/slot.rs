// SPDX-License-Identifier: GPL-2.0

//! Certificate slots: where a device keeps its certificate chains.

use core::fmt;

/// Number of a slot, 0 to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotId(u8);

impl SlotId {
    /// The slot with this number, if there can be one.
    pub const fn new(number: u8) -> Option<Self> {
        if number < 8 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number, 0 to 7.
    pub const fn number(self) -> u8 {
        self.0
    }

    const fn bit(self) -> u8 {
        // The mask changes nothing, the number is less than 8; it lets the compiler see that.
        1 << (self.0 & 7)
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of slots, as on the wire: bit i is slot i.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotMask(u8);

impl SlotMask {
    /// The set that the wire's byte stands for.
    pub const fn from_wire(mask: u8) -> Self {
        Self(mask)
    }

    /// The wire's byte.
    pub const fn to_wire(self) -> u8 {
        self.0
    }

    /// Whether the slot is in the set.
    pub const fn contains(self, slot: SlotId) -> bool {
        self.0 & slot.bit() != 0
    }

    /// Whether all slots of the set are in the other one too.
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The slots of the set, lowest first.
    pub fn iter(self) -> impl Iterator<Item = SlotId> {
        (0..8).map(SlotId).filter(move |slot| self.contains(*slot))
    }
}

/// Which slot to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotChoice {
    /// The lowest one that holds a chain.
    Lowest,
    /// This one.
    Slot(SlotId),
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_slot))]
mod tests {
    use super::*;

    #[test]
    fn slots_are_numbered_to_seven() {
        assert_eq!(SlotId::new(7).map(SlotId::number), Some(7));
        assert_eq!(SlotId::new(8), None);
        assert_eq!(SlotId::new(0xff), None);
    }

    #[test]
    fn mask_lists_its_slots_lowest_first() {
        let mut slots = SlotMask::from_wire(0x92).iter().map(SlotId::number);
        assert_eq!(slots.next(), Some(1));
        assert_eq!(slots.next(), Some(4));
        assert_eq!(slots.next(), Some(7));
        assert_eq!(slots.next(), None);
        assert_eq!(SlotMask::from_wire(0xff).iter().count(), 8);
        assert_eq!(SlotMask::from_wire(0).iter().count(), 0);
    }

    #[test]
    fn subset_is_decided_by_bits() {
        assert!(SlotMask::from_wire(0x05).is_subset_of(SlotMask::from_wire(0x0d)));
        assert!(!SlotMask::from_wire(0x05).is_subset_of(SlotMask::from_wire(0x0c)));
    }
}
