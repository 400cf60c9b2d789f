// SPDX-License-Identifier: GPL-2.0

//! A second opinion on messages, to compare the parsers in `lib/rspdm/proto` with.
//!
//! Each file reads one kind of message by the tables of the standard, slowly and field by field,
//! and shares no code with the parser that it judges: no table of algorithms, no flags, no limits.
//! What it has to say about a message is the set of everything that is wrong with it. The parser
//! must accept the message if and only if the set is empty; it must name a reason of the set if it
//! refuses; and what it found in an accepted message must be what the model found.
//!
//! A message that ends too early has unknown fields: the model says so and stops.

pub mod algorithms;
pub mod capabilities;
pub mod cert_chain;
pub mod certificate;
pub mod challenge;
pub mod chunk;
pub mod digests;
pub mod error_rsp;
pub mod measurements;
pub mod version;

use std::fmt::Debug;

use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash,
        MeasurementHash, //
    },
    error::Error,
    version::Version, //
};

/// What can be wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is no message of its kind.
    Malformed,
    /// It says what it must not say.
    Misbehaved,
    /// It says that nothing was agreed on.
    Unsupported,
}

/// Reads a message and notes down what is wrong with it.
pub struct Judge<'a> {
    bytes: &'a [u8],
    at: usize,
    wrong: Vec<Wrong>,
}

impl<'a> Judge<'a> {
    /// Begins with a message.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            wrong: vec![],
        }
    }

    /// How far it has read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Notes down what is wrong if `is_right` does not hold.
    pub fn demand(&mut self, is_right: bool, otherwise: Wrong) {
        if !is_right {
            self.wrong.push(otherwise);
        }
    }

    /// The next bytes; nothing if there are not so many.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        if self.bytes.len() - self.at < len {
            self.wrong.push(Wrong::Malformed);
            return None;
        }
        self.at += len;
        Some(&self.bytes[self.at - len..self.at])
    }

    /// The next bytes as a number.
    pub fn number(&mut self, len: usize) -> Option<u32> {
        let bytes = self.take(len)?;
        let digits = bytes.iter().rev();
        Some(digits.fold(0, |number, byte| number * 256 + u32::from(*byte)))
    }

    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    /// The header of a response: Param1 and Param2.
    pub fn header(&mut self, version: Version, code: u8) -> Option<(u8, u8)> {
        let header = self.take(4)?;
        self.demand(header[0] == wire(version), Wrong::Misbehaved);
        self.demand(header[1] == code, Wrong::Misbehaved);
        Some((header[2], header[3]))
    }

    /// Adds what is wrong with a part of the message that was read apart.
    pub fn join(&mut self, part: Self) {
        self.wrong.extend(part.wrong);
    }

    /// Whether nothing is wrong so far.
    pub fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Everything from here on.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The end of the message: a transport may pad it up to a dword.
    pub fn end(&mut self) {
        self.demand(self.bytes.len() - self.at <= 3, Wrong::Malformed);
    }

    /// Compares this with what a parser says, and returns what it accepted.
    ///
    /// # Panics
    ///
    /// If the two do not agree.
    pub fn compare<T: Debug>(&self, found: Result<T, Error>) -> Option<T> {
        match found {
            Ok(accepted) => {
                assert!(self.wrong.is_empty(), "{accepted:?}: {:?}", self.wrong);
                Some(accepted)
            }
            Err(error) => {
                let wrong = match error {
                    Error::Malformed { .. } => Wrong::Malformed,
                    Error::Misbehaved { .. } => Wrong::Misbehaved,
                    Error::Unsupported(_) => Wrong::Unsupported,
                    other => panic!("{other:?} is not about a message"),
                };
                assert!(self.wrong.contains(&wrong), "{error:?}: {:?}", self.wrong);
                // Whoever reads the log gets a text for it.
                assert!(error.to_string().len() > 4);
                None
            }
        }
    }
}

/// Where a part of a message stands in it.
///
/// # Panics
///
/// If it is no part of the message.
pub fn place(message: &[u8], part: &[u8]) -> (usize, usize) {
    if part.is_empty() {
        return (0, 0);
    }
    let from = (part.as_ptr() as usize).checked_sub(message.as_ptr() as usize);
    let from = from.expect("begins within the message");
    assert!(
        from + part.len() <= message.len(),
        "ends within the message"
    );
    (from, from + part.len())
}

/// The SPDMVersion of a version.
pub fn wire(version: Version) -> u8 {
    match version {
        Version::V1_0 => 0x10,
        Version::V1_1 => 0x11,
        Version::V1_2 => 0x12,
        Version::V1_3 => 0x13,
        Version::V1_4 => 0x14,
    }
}

/// Length of a digest, in bytes.
pub fn digest_len(hash: BaseHash) -> usize {
    match hash.to_wire() {
        // SHA-2, and SHA-3.
        0x01 | 0x08 => 32,
        0x02 | 0x10 => 48,
        0x04 | 0x20 => 64,
        other => panic!("hash {other:#x}"),
    }
}

/// Length of a signature, in bytes.
pub fn signature_len(asym: AsymAlgo) -> usize {
    match asym.to_wire() {
        0x001 => 256,
        0x004 => 384,
        0x010 => 64,
        0x020 => 512,
        0x080 => 96,
        0x100 => 132,
        // ML-DSA, in PqcAsymAlgo.
        0x1_0000_0000 => 2420,
        0x2_0000_0000 => 3309,
        0x4_0000_0000 => 4627,
        other => panic!("signature algorithm {other:#x}"),
    }
}

/// Length of a measurement that is a digest, in bytes; none if they are raw.
pub fn measurement_len(hash: MeasurementHash) -> Option<usize> {
    match hash.to_wire() {
        0x01 => None,
        0x02 | 0x10 | 0x80 => Some(32),
        0x04 | 0x20 => Some(48),
        0x08 | 0x40 => Some(64),
        other => panic!("measurement hash {other:#x}"),
    }
}
