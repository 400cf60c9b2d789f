// SPDX-License-Identifier: GPL-2.0

//! What spaces of messages are made of.

use rspdm_fuzz::{
    recorded,
    targets::messages::{
        messages,
        Kind,
        Terms, //
    },
};
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    version::Version,
};

/// Terms of a version, with the shortest digests and signatures.
pub fn terms(version: Version) -> Terms {
    Terms {
        version,
        hash: BaseHash::Sha256,
        asym: AsymAlgo::EcdsaP256,
        ..Terms::from_bytes([0; 3])
    }
}

/// The messages of all recorded sessions, one of each kind, terms and length.
pub fn legal() -> Vec<(Kind, Terms, Vec<u8>)> {
    let mut all: Vec<(Kind, Terms, Vec<u8>)> = vec![];
    for session in recorded::all() {
        for (kind, terms, bytes) in messages(&session) {
            let is_like = |(one, its, had): &(Kind, Terms, Vec<u8>)| {
                (*one, its.to_bytes(), had.len()) == (kind, terms.to_bytes(), bytes.len())
            };
            if !all.iter().any(is_like) {
                all.push((kind, terms, bytes));
            }
        }
    }
    all
}

/// Numbers around all powers of two below 2^32.
pub fn edges() -> Vec<u32> {
    let powers = (0..32).flat_map(|bit| {
        let power = 1u32 << bit;
        [power.wrapping_sub(1), power, power.wrapping_add(1)]
    });
    let mut edges: Vec<_> = powers.chain([u32::MAX - 1, u32::MAX]).collect();
    edges.sort();
    edges.dedup();
    edges
}

/// The message with these bytes at an offset.
pub fn with(message: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    message[at..at + bytes.len()].copy_from_slice(bytes);
    message
}
