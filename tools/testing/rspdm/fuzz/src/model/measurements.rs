// SPDX-License-Identifier: GPL-2.0

//! MEASUREMENTS, as DSP0274 1.0 to 1.4 have it in "Successful MEASUREMENTS response message format",
//! and the blocks in it, as "DMTF measurement specification format" has them.

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    version::Version,
    wire::measurements::{
        Asked,
        ContentChange,
        Measurements, //
    },
};

use super::{
    challenge::tail,
    place,
    Judge,
    Wrong, //
};

/// Lengths that depend on what was agreed on.
#[derive(Clone, Copy, Debug)]
pub struct Lens {
    /// Of a measurement that is a digest; none if they are raw.
    pub digest: Option<usize>,
    /// Of a signature.
    pub signature: usize,
}

/// Compares parser and model.
pub fn check(asked: &Asked, lens: Lens, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let facts = read(&mut judge, asked, lens);
    let found = Untrusted::from_ref(bytes).validate_with::<Measurements<'_>, _>(asked);
    let Some(found) = judge.compare(found) else {
        return;
    };
    let facts = facts.expect("read to the end");
    let change = match facts.change {
        0 => ContentChange::NotDetected,
        1 => ContentChange::Changed,
        _ => ContentChange::Unchanged,
    };
    assert_eq!(found.content_change, change);
    assert_eq!(usize::from(found.record.count()), facts.blocks.len());
    let blocks = found.record.iter().map(|block| Block {
        index: block.index,
        value_type: block.value_type,
        is_raw: block.is_raw,
        value: block.value,
    });
    assert!(blocks.eq(facts.blocks.iter().copied()));
    assert_eq!(found.nonce_offset, facts.nonce);
    assert_eq!(found.opaque_data, &bytes[facts.opaque.0..facts.opaque.1]);
    assert_eq!(place(bytes, found.signed), (0, facts.signature));
    let signature_len = if asked.signer.is_some() {
        lens.signature
    } else {
        0
    };
    assert_eq!(found.signature, &bytes[facts.signature..][..signature_len]);
}

struct Facts<'a> {
    change: u8,
    blocks: Vec<Block<'a>>,
    nonce: usize,
    opaque: (usize, usize),
    signature: usize,
}

#[derive(Clone, Copy, PartialEq)]
struct Block<'a> {
    index: u8,
    value_type: u8,
    is_raw: bool,
    value: &'a [u8],
}

fn read<'a>(judge: &mut Judge<'a>, asked: &Asked, lens: Lens) -> Option<Facts<'a>> {
    let (_, param2) = judge.header(asked.version, 0x60)?;
    let is_signed = asked.signer.is_some();
    if let (Some(slot), true) = (asked.signer, asked.version > Version::V1_0) {
        judge.demand(param2 & 0x0f == slot.number(), Wrong::Misbehaved);
    }
    let mut change = 0;
    if asked.version >= Version::V1_2 {
        change = param2 >> 4 & 3;
        judge.demand(change == 0 || change < 3 && is_signed, Wrong::Misbehaved);
    }
    let count = judge.byte()?;
    let len = judge.number(3)?;
    let record = judge.take(len as usize)?;
    let mut inner = Judge::new(record);
    let blocks = blocks(&mut inner, lens).unwrap_or_default();
    judge.join(inner);
    let is_count = count != 0 && blocks.len() == usize::from(count);
    judge.demand(is_count, Wrong::Malformed);
    let nonce = judge.at();
    let opaque = tail(
        judge,
        asked.version,
        asked.algorithms.opaque,
        &asked.context,
    )?;
    let signature = judge.at();
    judge.take(if is_signed { lens.signature } else { 0 })?;
    judge.end();
    Some(Facts {
        change,
        blocks,
        nonce,
        opaque,
        signature,
    })
}

fn blocks<'a>(judge: &mut Judge<'a>, lens: Lens) -> Option<Vec<Block<'a>>> {
    let mut blocks: Vec<Block<'a>> = vec![];
    while !judge.rest().is_empty() {
        let index = judge.byte()?;
        let is_new = blocks.iter().all(|block| block.index != index);
        let is_index = index != 0 && index != 0xff && is_new;
        judge.demand(is_index, Wrong::Misbehaved);
        let is_dmtf = judge.byte()? == 1;
        judge.demand(is_dmtf, Wrong::Misbehaved);
        let size = judge.number(2)?;
        let mut measurement = Judge::new(judge.take(size as usize)?);
        let block = block(&mut measurement, index);
        judge.join(measurement);
        let block = block?;
        let is_sound = block.is_raw || lens.digest == Some(block.value.len());
        judge.demand(is_sound, Wrong::Misbehaved);
        blocks.push(block);
    }
    Some(blocks)
}

fn block<'a>(judge: &mut Judge<'a>, index: u8) -> Option<Block<'a>> {
    let value_type = judge.byte()?;
    let len = judge.number(2)?;
    let value = judge.rest();
    judge.demand(value.len() == len as usize, Wrong::Malformed);
    Some(Block {
        index,
        value_type: value_type % 128,
        is_raw: value_type >= 128,
        value,
    })
}
