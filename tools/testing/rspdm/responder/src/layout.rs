// SPDX-License-Identifier: GPL-2.0

//! Where each field of each response is, how long it is, and what a requester has to make of it
//! if it has another value.
//!
//! This is the table that the cases of [`crate::suite`] are made from, and
//! that the names of faults like `algorithms:base-asym-sel:flip=3` refer to. A
//! row is a field of DSP0274 with its [`Rule`], which says how a connect ends
//! when the field is changed, and the exceptions to it. The device changes the
//! field before it records and signs the message: nothing but the rule can
//! find it.

use std::ops::Range;

use crate::{
    config::Config,
    message::{
        Kind,
        Message, //
    },
    suite::outcome::Outcome, //
};

mod algorithms;
mod capabilities;
mod certificate;
mod challenge;
mod chunk;
mod digests;
mod freshness;
mod measurements;
#[cfg(test)]
mod tests;
mod version;

pub(crate) use chunk::{
    small_sends,
    small_transfers, //
};

/// The field that is made from all the others.
pub const SIGNATURE: &str = "Signature";

/// A field of a response.
pub struct Field {
    /// Its name in a fault's name.
    pub stem: &'static str,
    /// Its name in DSP0274.
    pub name: &'static str,
    /// How many fields of that name stand before it.
    nth: usize,
    /// Whether it is a part of the field of that name, and where it begins in it.
    pub inside: Option<usize>,
    /// Its length.
    pub size: Size,
    /// First and last version that have it.
    versions: Range<u8>,
    /// What it has to be.
    rule: Rule,
    /// Values that the rule is not for.
    exceptions: &'static [Exception],
    /// What makes sure that it is there.
    pub setup: Option<fn(&mut Config)>,
}

/// The length of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many bytes.
    Bytes(u32),
    /// That of BaseHash.
    Digest,
    /// That of the signature.
    Signature,
    /// The rest of the chain in the one portion that it takes.
    Chain,
    /// All measurement blocks.
    Record,
    /// As many bytes as it has, but no more than these are changed.
    UpTo(u32),
}

/// What a field has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What was agreed on or asked for: nothing else.
    Fixed,
    /// 0, because nothing was asked for that could be there.
    Absent,
    /// Whatever it is, it is not looked at.
    Reserved,
    /// Up to the device.
    Own,
    /// How many there are of something.
    Count,
    /// How long something is.
    Length,
    /// One of the things that were offered.
    Choice,
    /// What only the true device can know, or a digest of it.
    Proof,
}

/// How a field is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// The bit with that number is the opposite; in fields of more than four bytes, the lowest bit
    /// of the byte with that number.
    Flip,
    /// All bits are 0.
    Zeros,
    /// All bits are 1.
    Ones,
    /// It is one more.
    More,
    /// It is one less.
    Less,
}

/// Another outcome than the rule's.
struct Exception {
    changes: &'static [Change],
    /// The numbers that it is about, if not all of them: bits of the field, as a mask.
    numbers: Option<u64>,
    versions: Range<u8>,
    outcome: Outcome,
}

/// All fields of the responses of a kind, in order; those inside of others stand behind them.
pub fn fields(kind: Kind) -> impl Iterator<Item = &'static Field> {
    let body = match kind {
        Kind::Version => version::FIELDS,
        Kind::Capabilities => capabilities::FIELDS,
        Kind::Algorithms => algorithms::FIELDS,
        Kind::Digests => digests::FIELDS,
        Kind::Certificate => certificate::FIELDS,
        Kind::Challenge => challenge::FIELDS,
        Kind::Measurements => measurements::FIELDS,
        Kind::ChunkGet => chunk::RESPONSE_FIELDS,
        Kind::ChunkSend => chunk::ACKNOWLEDGEMENT_FIELDS,
    };
    let tail = match kind {
        Kind::Challenge | Kind::Measurements => freshness::FIELDS,
        _ => &[],
    };
    HEADER.iter().chain(body).chain(tail)
}

/// Whether all messages begin with the field of that name.
pub fn is_of_header(stem: &str) -> bool {
    HEADER.iter().any(|field| field.stem == stem)
}

/// The field of that name in any version: they all mean the same place.
pub fn find(kind: Kind, stem: &str) -> Option<&'static Field> {
    fields(kind).find(|field| field.stem == stem)
}

/// What makes sure that there are messages of the kind, and what is expected of them.
pub fn setup(kind: Kind) -> Option<fn(&mut Config)> {
    match kind {
        // With several versions a changed entry leaves another one to choose.
        Kind::Version => Some(|config| {
            let newest = config.versions.iter().max().copied();
            config.versions = newest.into_iter().collect();
        }),
        Kind::ChunkGet => Some(small_sends),
        Kind::ChunkSend => Some(small_transfers),
        _ => None,
    }
}

impl Field {
    /// Whether messages of this version have it.
    pub fn is_in(&self, version: u8) -> bool {
        self.versions.contains(&version)
    }

    /// How it may be changed.
    pub fn changes(&self) -> &'static [Change] {
        match self.rule {
            Rule::Count | Rule::Length => &Change::ALL,
            _ => &[Change::Flip, Change::Zeros, Change::Ones],
        }
    }

    /// How a connect ends if it is changed so.
    pub fn outcome(&self, change: Change, number: u32, version: u8) -> Outcome {
        let bit = 1u64.checked_shl(number).unwrap_or(0);
        let exception = self.exceptions.iter().find(|exception| {
            exception.changes.contains(&change)
                && exception.numbers.is_none_or(|numbers| numbers & bit != 0)
                && exception.versions.contains(&version)
        });
        match exception {
            Some(exception) => exception.outcome,
            None => self.rule.outcome(change),
        }
    }

    /// Changes it, if the message has it.
    pub fn alter(&self, message: &mut Message, change: Change, number: u32) {
        let Some(mut range) = message.find_nth(self.name, self.nth) else {
            return;
        };
        if let (Some(offset), Size::Bytes(len)) = (self.inside, self.size) {
            let start = range.start + offset;
            range = start.min(range.end)..(start + len as usize).min(range.end);
        } else if let Some(offset) = self.inside {
            range.start = (range.start + offset).min(range.end);
        }
        change.apply(&mut message.bytes[range], number as usize);
    }

    const fn second(mut self) -> Self {
        self.nth = 1;
        self
    }

    const fn inside(mut self, offset: usize) -> Self {
        self.inside = Some(offset);
        self
    }

    const fn since(mut self, version: u8) -> Self {
        self.versions = version..self.versions.end;
        self
    }

    const fn before(mut self, version: u8) -> Self {
        self.versions = self.versions.start..version;
        self
    }

    const fn but(mut self, exceptions: &'static [Exception]) -> Self {
        self.exceptions = exceptions;
        self
    }

    const fn with(mut self, setup: fn(&mut Config)) -> Self {
        self.setup = Some(setup);
        self
    }
}

impl Rule {
    fn outcome(self, change: Change) -> Outcome {
        match self {
            // It is 0 anyway.
            Self::Absent if change == Change::Zeros => Outcome::ACCEPT,
            Self::Fixed | Self::Absent | Self::Choice => Outcome::ILLEGAL,
            Self::Reserved | Self::Own => Outcome::ACCEPT,
            Self::Count | Self::Length => Outcome::MALFORMED,
            Self::Proof => Outcome::DISPROVED,
        }
    }
}

impl Change {
    /// Every change.
    pub const ALL: [Self; 5] = [Self::Flip, Self::Zeros, Self::Ones, Self::More, Self::Less];

    /// Last part of a fault's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flip => "flip",
            Self::Zeros => "zeros",
            Self::Ones => "ones",
            Self::More => "more",
            Self::Less => "less",
        }
    }

    /// The numbers that make a difference in a field of so many bytes.
    pub fn numbers(self, len: u32) -> Range<u32> {
        match self {
            Self::Flip if len <= 4 => 0..8 * len,
            Self::Flip => 0..len,
            _ => 0..1,
        }
    }

    fn apply(self, bytes: &mut [u8], number: usize) {
        let is_number = bytes.len() <= 4;
        match self {
            Self::Flip => {
                let (at, bit) = match is_number {
                    true => (number / 8, number % 8),
                    false => (number, 0),
                };
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Zeros => bytes.fill(0x00),
            Self::Ones => bytes.fill(0xff),
            Self::More | Self::Less => {
                // Carries are rare: the change is in the first byte that does not wrap.
                for byte in bytes {
                    let (value, wraps) = match self {
                        Self::More => byte.overflowing_add(1),
                        _ => byte.overflowing_sub(1),
                    };
                    *byte = value;
                    if !wraps {
                        break;
                    }
                }
            }
        }
    }
}

/// What all messages begin with.
const HEADER: &[Field] = &[
    field("spdm-version", "SPDMVersion", 1, Rule::Fixed),
    field("code", "RequestResponseCode", 1, Rule::Fixed),
];

const ALWAYS: Range<u8> = 0x10..0xff;

const fn field(stem: &'static str, name: &'static str, bytes: u32, rule: Rule) -> Field {
    sized(stem, name, Size::Bytes(bytes), rule)
}

const fn sized(stem: &'static str, name: &'static str, size: Size, rule: Rule) -> Field {
    Field {
        stem,
        name,
        nth: 0,
        inside: None,
        size,
        versions: ALWAYS,
        rule,
        exceptions: &[],
        setup: None,
    }
}

/// Bits that have another outcome when they flip.
const fn flip(numbers: u64, outcome: Outcome) -> Exception {
    Exception {
        changes: &[Change::Flip],
        numbers: Some(numbers),
        versions: ALWAYS,
        outcome,
    }
}

/// Another outcome for these changes, whichever bits flip.
const fn set(changes: &'static [Change], outcome: Outcome) -> Exception {
    Exception {
        changes,
        numbers: None,
        versions: ALWAYS,
        outcome,
    }
}

impl Exception {
    const fn since(mut self, version: u8) -> Self {
        self.versions = version..self.versions.end;
        self
    }

    const fn before(mut self, version: u8) -> Self {
        self.versions = self.versions.start..version;
        self
    }
}
