// SPDX-License-Identifier: GPL-2.0

//! Splits a measurement record into its blocks.
//!
//! Three numbers say how long a record is: NumberOfBlocks, MeasurementRecordLength, and the sizes
//! in the blocks. If they contradict each other, the one is blamed that stands against two.

use std::ops::Range;

use rspdm_proto::proto::{
    algorithm::MeasurementHash,
    version::Version, //
};

use super::Fault;
use crate::measurement::{
    Block,
    Kind, //
};

/// What MEASUREMENTS says about its record, and where it says it.
pub(super) struct Announced {
    pub(super) count: u8,
    pub(super) len: usize,
    pub(super) count_at: Range<usize>,
    pub(super) len_at: Range<usize>,
}

/// The blocks of the record at `start` of `bytes`.
pub(super) fn blocks<'a>(
    bytes: &'a [u8],
    start: usize,
    announced: &Announced,
    version: Version,
    hash: MeasurementHash,
) -> Result<Vec<Block<'a>>, Fault> {
    let walk = |end: usize| Walk {
        bytes: &bytes[..end.min(bytes.len())],
        position: start,
        version,
        hash,
    };
    let by_count = walk(bytes.len()).count(announced.count);
    let by_len = walk(start.saturating_add(announced.len)).all();
    let (blocks, end) = match (by_count, by_len) {
        (Ok((blocks, end)), _) if end == start.saturating_add(announced.len) => (blocks, end),
        // The sizes in the blocks agree with the record's length.
        (_, Ok((blocks, end))) if end == start.saturating_add(announced.len) => {
            return Err(Fault {
                range: announced.count_at.clone(),
                what: format!(
                    "NumberOfBlocks is {}, the record has {} blocks",
                    announced.count,
                    blocks.len()
                ),
                unsupported: false,
            });
        }
        // They agree with the number of blocks.
        (Ok((_, end)), _) => {
            return Err(Fault {
                range: announced.len_at.clone(),
                what: format!(
                    "MeasurementRecordLength is {}, the blocks have {} bytes",
                    announced.len,
                    end - start
                ),
                unsupported: false,
            });
        }
        (Err(fault), _) => return Err(fault),
    };
    debug_assert!(end <= bytes.len());
    if blocks.is_empty() {
        return Err(Fault {
            range: announced.count_at.clone(),
            what: "NumberOfBlocks is 0".to_owned(),
            unsupported: false,
        });
    }
    Ok(blocks)
}

struct Walk<'a> {
    bytes: &'a [u8],
    position: usize,
    version: Version,
    hash: MeasurementHash,
}

type Blocks<'a> = Result<(Vec<Block<'a>>, usize), Fault>;

impl<'a> Walk<'a> {
    /// So many blocks, and where they end.
    fn count(mut self, count: u8) -> Blocks<'a> {
        let mut blocks = Vec::new();
        for _ in 0..count {
            let block = self.block(&blocks)?;
            blocks.push(block);
        }
        Ok((blocks, self.position))
    }

    /// Blocks up to the end.
    fn all(mut self) -> Blocks<'a> {
        let mut blocks = Vec::new();
        while self.position < self.bytes.len() {
            let block = self.block(&blocks)?;
            blocks.push(block);
        }
        Ok((blocks, self.position))
    }

    fn block(&mut self, before: &[Block<'_>]) -> Result<Block<'a>, Fault> {
        let start = self.position;
        let number = before.len();
        let refused = |range: Range<usize>, what: String| Fault {
            range: start + range.start..start + range.end,
            what: format!("measurement block {number}: {what}"),
            unsupported: false,
        };
        let rest = &self.bytes[start..];
        let Some((header, rest)) = rest.split_first_chunk::<HEADER>() else {
            return Err(refused(0..rest.len(), "ends within its header".to_owned()));
        };
        let [index, specification, size_low, size_high, value_type, value_low, value_high] =
            *header;
        let size = usize::from(u16::from_le_bytes([size_low, size_high]));
        let value_size = usize::from(u16::from_le_bytes([value_low, value_high]));
        if index == 0 || index == 0xff {
            return Err(refused(0..1, format!("index {index:#04x}")));
        }
        if before.iter().any(|block| block.index == index) {
            return Err(refused(0..1, format!("index {index:#04x} is there twice")));
        }
        if specification != DMTF {
            let what = format!("specification {specification:#04x}, not DMTF's");
            return Err(refused(1..2, what));
        }
        if size != value_size + DMTF_HEADER {
            let what = format!("{size} bytes, of which {value_size} are the value");
            return Err(refused(2..HEADER, what));
        }
        let Some(value) = rest.get(..value_size) else {
            let what = format!("{size} bytes, which are not there");
            return Err(refused(2..HEADER, what));
        };
        let is_raw = value_type & RAW != 0;
        let digest_len = self.hash.digest_len();
        if !is_raw && (value_size != digest_len || digest_len == 0) {
            let what = format!(
                "a digest of {value_size} bytes, measurements are hashed with {}",
                self.hash
            );
            return Err(refused(2..HEADER, what));
        }
        let value_at = start + HEADER;
        self.position = value_at + value_size;
        Ok(Block {
            index,
            kind: Kind::from_wire(self.version, value_type & !RAW),
            is_raw,
            value,
            range: value_at..self.position,
        })
    }
}

/// MeasurementSpecification: DMTF's.
const DMTF: u8 = 0x01;

/// DMTFSpecMeasurementValueType: the value is raw.
const RAW: u8 = 0x80;

/// Bytes of a block before the value.
const HEADER: usize = 7;

/// Bytes of the DMTF's header, which MeasurementSize includes.
const DMTF_HEADER: usize = 3;
