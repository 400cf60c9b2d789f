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

    /// All slots that there can be.
    pub const ALL: [Self; 8] = [
        Self(0),
        Self(1),
        Self(2),
        Self(3),
        Self(4),
        Self(5),
        Self(6),
        Self(7),
    ];

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
    /// No slot.
    pub const EMPTY: Self = Self(0);

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

    /// The slots that are in both sets.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set with a slot added.
    pub const fn with(self, slot: SlotId) -> Self {
        Self(self.0 | slot.bit())
    }

    /// The set without a slot.
    pub const fn without(self, slot: SlotId) -> Self {
        Self(self.0 & !slot.bit())
    }

    /// Whether all slots of the set are in the other one too.
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Number of slots in the set.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The lowest slot of the set, if there is any.
    pub fn lowest(self) -> Option<SlotId> {
        u8::try_from(self.0.trailing_zeros())
            .ok()
            .and_then(SlotId::new)
    }

    /// Number of slots of the set that are lower than this one.
    pub const fn count_below(self, slot: SlotId) -> u32 {
        let lower = slot.bit().wrapping_sub(1);
        (self.0 & lower).count_ones()
    }
}

/// One value for each slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSlot<T>([T; 8]);

impl<T> PerSlot<T> {
    /// The values, that of slot 0 first.
    pub const fn new(values: [T; 8]) -> Self {
        Self(values)
    }

    /// The value of a slot.
    pub fn of(&self, slot: SlotId) -> &T {
        let Self([v0, v1, v2, v3, v4, v5, v6, v7]) = self;
        match slot.number() {
            0 => v0,
            1 => v1,
            2 => v2,
            3 => v3,
            4 => v4,
            5 => v5,
            6 => v6,
            _ => v7,
        }
    }

    /// The value of a slot, to be changed.
    pub fn of_mut(&mut self, slot: SlotId) -> &mut T {
        let Self([v0, v1, v2, v3, v4, v5, v6, v7]) = self;
        match slot.number() {
            0 => v0,
            1 => v1,
            2 => v2,
            3 => v3,
            4 => v4,
            5 => v5,
            6 => v6,
            _ => v7,
        }
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
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
    fn slots_of_a_mask_are_its_bits() {
        let mask = SlotMask::from_wire(0x92);
        assert_eq!(mask.count(), 3);
        assert_eq!(mask.lowest(), SlotId::new(1));
        let below = |number| SlotId::new(number).map(|slot| mask.count_below(slot));
        assert_eq!(below(0), Some(0));
        assert_eq!(below(1), Some(0));
        assert_eq!(below(2), Some(1));
        assert_eq!(below(4), Some(1));
        assert_eq!(below(7), Some(2));
        assert_eq!(SlotMask::from_wire(0xff).count(), 8);
        assert_eq!(SlotMask::from_wire(0).count(), 0);
        assert_eq!(SlotMask::from_wire(0).lowest(), None);
    }

    #[test]
    fn sets_are_combined_by_bits() {
        let [_, one, two, ..] = SlotId::ALL;
        let mask = SlotMask::from_wire(0x92);
        assert_eq!(mask.without(one).to_wire(), 0x90);
        assert_eq!(mask.without(two), mask);
        assert_eq!(mask.with(two).to_wire(), 0x96);
        let other = SlotMask::from_wire(0x16);
        assert_eq!(mask.intersection(other).to_wire(), 0x12);
        assert_eq!(SlotMask::EMPTY.count(), 0);
    }

    #[test]
    fn each_slot_has_its_own_value() {
        let mut values = PerSlot::new([0; 8]);
        for slot in SlotId::ALL {
            *values.of_mut(slot) = slot.number();
        }
        assert_eq!(values, PerSlot::new([0, 1, 2, 3, 4, 5, 6, 7]));
        for slot in SlotId::ALL {
            assert_eq!(*values.of(slot), slot.number());
        }
        assert_eq!(values.values_mut().count(), 8);
    }

    #[test]
    fn subset_is_decided_by_bits() {
        assert!(SlotMask::from_wire(0x05).is_subset_of(SlotMask::from_wire(0x0d)));
        assert!(!SlotMask::from_wire(0x05).is_subset_of(SlotMask::from_wire(0x0c)));
    }
}
