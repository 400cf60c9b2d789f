// SPDX-License-Identifier: GPL-2.0

//! The measurement record: what a device measured, one block after the other.
//!
//! DSP0274 1.0 to 1.4, "Measurement block" and "DMTF measurement specification format".
//!
//! What is guaranteed: the blocks fill the record exactly, are as many as announced, have numbers
//! that can be and that differ, are in the DMTF's format, and digests have the length of the hash
//! that was agreed on. What is not: that a value means anything.

use zerocopy::{
    little_endian::U16,
    FromBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    KnownLayout,
    Unaligned, //
};

use crate::proto::{
    algorithm::MeasurementHash,
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    limits::MEASUREMENT_INDEX_MAX,
    message::{
        Field,
        Response, //
    }, //
};

/// The measurement blocks of a response, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasurementRecord<'a> {
    /// The blocks, nothing between or after them.
    bytes: &'a [u8],
    /// How many there are.
    count: u8,
}

impl<'a> MeasurementRecord<'a> {
    /// Finds `count` blocks in `bytes`.
    pub(super) fn new(bytes: &'a [u8], count: u8, hash: MeasurementHash) -> Result<Self, Error> {
        if count == 0 {
            return Err(malformed(Malformed::Empty(Field::MeasurementRecord)));
        }
        let mut seen = Indices::NONE;
        let mut found = 0u8;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (block, next) = Block::split_first(rest)?;
            block.check_digest(hash)?;
            if !seen.insert(block.index) {
                let index = block.index;
                return Err(misbehaved(Misbehaved::Repeated { index }));
            }
            // Indices that differ are fewer than 256.
            found = found.saturating_add(1);
            rest = next;
        }
        if found != count {
            return Err(malformed(Malformed::Contradiction(Field::NumberOfBlocks)));
        }
        Ok(Self { bytes, count })
    }

    /// The blocks, in the order of the device.
    pub fn iter(&self) -> Iter<'a> {
        Iter { rest: self.bytes }
    }

    /// How many blocks there are.
    pub const fn count(&self) -> u8 {
        self.count
    }
}

/// Goes over the blocks of a record.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    /// Blocks, nothing between or after them.
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let (block, rest) = Block::split_first(self.rest).ok()?;
        self.rest = rest;
        Some(block)
    }
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its number, 1 to [`MEASUREMENT_INDEX_MAX`].
    pub index: u8,
    /// What was measured: DMTFSpecMeasurementValueType without the bit that says whether the value
    /// is raw. Types that the standard does not know yet are for user space to refuse.
    pub value_type: u8,
    /// Whether the value is the thing itself, not its digest.
    pub is_raw: bool,
    /// The value.
    pub value: &'a [u8],
}

impl<'a> Block<'a> {
    /// Splits the first block off a record.
    fn split_first(record: &'a [u8]) -> Result<(Self, &'a [u8]), Error> {
        let overrun = malformed(Malformed::Contradiction(Field::MeasurementRecordLength));
        let (header, rest) = BlockHeader::ref_from_prefix(record).map_err(|_| overrun)?;
        if !(1..=MEASUREMENT_INDEX_MAX).contains(&header.index) {
            return Err(misbehaved(Misbehaved::Illegal(Field::MeasurementIndex)));
        }
        if header.specification != SPECIFICATION_DMTF {
            let field = Field::MeasurementSpecification;
            return Err(misbehaved(Misbehaved::Unoffered(field)));
        }
        let (measurement, rest) = rest
            .split_at_checked(header.size.get().into())
            .ok_or(overrun)?;
        let (dmtf, value) = DmtfHeader::ref_from_prefix(measurement)
            .map_err(|_| malformed(Malformed::Contradiction(Field::MeasurementSize)))?;
        if usize::from(dmtf.value_size.get()) != value.len() {
            let field = Field::MeasurementValueSize;
            return Err(malformed(Malformed::Contradiction(field)));
        }
        let block = Self {
            index: header.index,
            value_type: dmtf.value_type & !RAW,
            is_raw: dmtf.value_type & RAW != 0,
            value,
        };
        Ok((block, rest))
    }

    /// Checks that a digest is one by the hash that was agreed on.
    fn check_digest(&self, hash: MeasurementHash) -> Result<(), Error> {
        let field = match hash {
            _ if self.is_raw => return Ok(()),
            // Only raw values were agreed on.
            MeasurementHash::Raw => Field::MeasurementValueType,
            hash if self.value.len() == hash.digest_len() => return Ok(()),
            _ => Field::MeasurementValueSize,
        };
        Err(misbehaved(Misbehaved::Illegal(field)))
    }
}

/// A set of indices.
struct Indices([u64; 4]);

impl Indices {
    const NONE: Self = Self([0; 4]);

    /// Adds an index; whether it was not in the set.
    fn insert(&mut self, index: u8) -> bool {
        let Self([low, second, third, high]) = self;
        let word = match index {
            0x00..=0x3f => low,
            0x40..=0x7f => second,
            0x80..=0xbf => third,
            0xc0..=0xff => high,
        };
        // The mask changes nothing to the bits that count here; it lets the compiler see that.
        let bit = 1u64 << (index & 0x3f);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

fn malformed(what: Malformed) -> Error {
    Error::Malformed {
        response: Response::Measurements,
        what,
    }
}

fn misbehaved(what: Misbehaved) -> Error {
    Error::Misbehaved {
        response: Response::Measurements,
        what,
    }
}

/// What every block begins with.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct BlockHeader {
    index: u8,
    specification: u8,
    size: U16,
}

const _: () = assert!(size_of::<BlockHeader>() == 4);

/// What every measurement in the DMTF's format begins with.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct DmtfHeader {
    value_type: u8,
    value_size: U16,
}

const _: () = assert!(size_of::<DmtfHeader>() == 3);

/// MeasurementSpecification: the DMTF's, the only one that we offer.
const SPECIFICATION_DMTF: u8 = 1 << 0;

/// Bit of DMTFSpecMeasurementValueType that says that the value is no digest.
const RAW: u8 = 0x80;

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_measurement_record))]
mod tests {
    use super::*;

    /// A digest of firmware and a raw version number.
    fn record() -> [u8; 4 + 35 + 4 + 11] {
        let mut record = [0; 54];
        let digest = [
            0x01, // Index
            0x01, // MeasurementSpecification
            0x23, 0x00, // MeasurementSize
            0x01, // DMTFSpecMeasurementValueType: mutable firmware
            0x20, 0x00, // DMTFSpecMeasurementValueSize
        ];
        let raw = [
            0x10, // Index
            0x01, // MeasurementSpecification
            0x0b, 0x00, // MeasurementSize
            0x87, // DMTFSpecMeasurementValueType: secure version number, raw
            0x08, 0x00, // DMTFSpecMeasurementValueSize
        ];
        let bytes = digest
            .into_iter()
            .chain([0x11; 32])
            .chain(raw)
            .chain([7, 0, 0, 0, 0, 0, 0, 0]);
        record
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        record
    }

    /// The record with other bytes at an offset.
    fn with(offset: usize, bytes: &[u8]) -> [u8; 54] {
        let mut record = record();
        let tail = record.iter_mut().skip(offset);
        tail.zip(bytes).for_each(|(to, from)| *to = *from);
        record
    }

    fn error(bytes: &[u8]) -> Option<Error> {
        MeasurementRecord::new(bytes, 2, MeasurementHash::Sha256).err()
    }

    fn contradiction(field: Field) -> Option<Error> {
        Some(malformed(Malformed::Contradiction(field)))
    }

    fn illegal(field: Field) -> Option<Error> {
        Some(misbehaved(Misbehaved::Illegal(field)))
    }

    #[test]
    fn blocks_are_found() -> Result<(), Error> {
        let bytes = record();
        let record = MeasurementRecord::new(&bytes, 2, MeasurementHash::Sha256)?;
        let mut blocks = record.iter();
        let digest = Block {
            index: 1,
            value_type: 1,
            is_raw: false,
            value: &[0x11; 32],
        };
        assert_eq!(blocks.next(), Some(digest));
        let raw = Block {
            index: 0x10,
            value_type: 7,
            is_raw: true,
            value: &[7, 0, 0, 0, 0, 0, 0, 0],
        };
        assert_eq!(blocks.next(), Some(raw));
        assert_eq!(blocks.next(), None);
        assert_eq!(record.count(), 2);
        Ok(())
    }

    #[test]
    fn index_is_neither_0_nor_255() {
        for index in [0, 0xff] {
            assert_eq!(error(&with(0, &[index])), illegal(Field::MeasurementIndex));
        }
        assert_eq!(error(&with(0, &[0xfe])), None);
    }

    #[test]
    fn no_index_is_told_twice() {
        let what = Misbehaved::Repeated { index: 0x10 };
        assert_eq!(error(&with(0, &[0x10])), Some(misbehaved(what)));
        for index in 0..=u8::MAX {
            let mut indices = Indices::NONE;
            assert!(indices.insert(index));
            assert!(!indices.insert(index));
            assert!(indices.insert(index.wrapping_add(0x40)));
            assert!(indices.insert(index.wrapping_add(1)));
        }
    }

    #[test]
    fn other_specification_is_refused() {
        let what = Misbehaved::Unoffered(Field::MeasurementSpecification);
        for specification in [0x00, 0x02, 0x03] {
            let found = error(&with(1, &[specification]));
            assert_eq!(found, Some(misbehaved(what)));
        }
    }

    #[test]
    fn sizes_agree() {
        let found = error(&with(2, &[0x24]));
        assert_eq!(found, contradiction(Field::MeasurementValueSize));
        let found = error(&with(5, &[0x1f]));
        assert_eq!(found, contradiction(Field::MeasurementValueSize));
        let found = error(&with(2, &[0x02]));
        assert_eq!(found, contradiction(Field::MeasurementSize));
        for size in [0xff, 0x33] {
            let found = error(&with(2, &[size]));
            assert_eq!(found, contradiction(Field::MeasurementRecordLength));
        }
    }

    #[test]
    fn record_is_the_sum_of_its_blocks() {
        let bytes = record();
        for len in 0..bytes.len() {
            let field = match len {
                // Nothing at all, or one block less.
                0 | 39 => Field::NumberOfBlocks,
                _ => Field::MeasurementRecordLength,
            };
            let cut = bytes.get(..len).unwrap_or_default();
            assert_eq!(error(cut), contradiction(field));
        }
        for count in [1, 3, 0xff] {
            let found = MeasurementRecord::new(&bytes, count, MeasurementHash::Sha256).err();
            assert_eq!(found, contradiction(Field::NumberOfBlocks));
        }
    }

    #[test]
    fn device_that_can_measure_has_measurements() {
        let what = Malformed::Empty(Field::MeasurementRecord);
        let found = MeasurementRecord::new(&[], 0, MeasurementHash::Sha256).err();
        assert_eq!(found, Some(malformed(what)));
    }

    #[test]
    fn digests_are_as_long_as_their_hash() {
        let of = |hash| MeasurementRecord::new(&record(), 2, hash).err();
        assert_eq!(of(MeasurementHash::Sha3_256), None);
        assert_eq!(of(MeasurementHash::Sm3_256), None);
        let other = of(MeasurementHash::Sha384);
        assert_eq!(other, illegal(Field::MeasurementValueSize));
        // No hash was agreed on, so there is no digest.
        let none = of(MeasurementHash::Raw);
        assert_eq!(none, illegal(Field::MeasurementValueType));
        let bytes = with(4, &[0x81]);
        assert!(MeasurementRecord::new(&bytes, 2, MeasurementHash::Raw).is_ok());
    }
}
