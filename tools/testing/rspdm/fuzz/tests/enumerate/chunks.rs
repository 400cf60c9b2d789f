// SPDX-License-Identifier: GPL-2.0

//! CHUNK_RESPONSE and CHUNK_SEND_ACK.

use rspdm_fuzz::targets::messages::{
    Kind,
    Terms, //
};
use rspdm_proto::proto::version::Version;

use super::space::{
    edges,
    terms,
    with, //
};

/// The versions that have chunks, before and after there was a first one.
fn all_terms() -> impl Iterator<Item = Terms> {
    [Version::V1_2, Version::V1_3, Version::V1_4]
        .into_iter()
        .flat_map(|version| {
            [false, true].map(|is_later| Terms {
                is_later,
                ..terms(version)
            })
        })
}

/// CHUNK_RESPONSE with the chunk that is due, of so many bytes; the whole has 200.
fn chunk(terms: &Terms, param1: u8, len: u32) -> Vec<u8> {
    let mut bytes = vec![terms.version.to_wire(), 0x06, param1, 1];
    bytes.extend(u32::from(terms.is_later).to_le_bytes());
    bytes.extend(len.to_le_bytes());
    if !terms.is_later {
        bytes.extend(200u32.to_le_bytes());
    }
    bytes.resize(bytes.len() + (len as usize).min(400), 0xaa);
    bytes
}

#[test]
fn every_header_of_a_chunk() {
    for terms in all_terms() {
        let bytes = chunk(&terms, 0, 50);
        for param1 in 0..=u8::MAX {
            for handle in 0..=u8::MAX {
                terms.check(Kind::Chunk, &with(&bytes, 2, &[param1, handle]));
            }
        }
        for number in (0..=u32::from(u16::MAX)).chain(edges()) {
            terms.check(Kind::Chunk, &with(&bytes, 4, &number.to_le_bytes()));
        }
    }
}

#[test]
fn every_size_of_a_chunk() {
    for terms in all_terms() {
        for param1 in [0, 1] {
            for len in (0..=u32::from(u16::MAX)).chain(edges()) {
                let mut bytes = chunk(&terms, param1, len);
                for _ in 0..=4 {
                    terms.check(Kind::Chunk, &bytes);
                    bytes.push(0);
                }
            }
            for total in (0..=u32::from(u16::MAX))
                .chain(edges())
                .chain(0x1_fff0..0x2_0010)
            {
                let bytes = chunk(&terms, param1, 50);
                terms.check(Kind::Chunk, &with(&bytes, 12, &total.to_le_bytes()));
            }
            let bytes = chunk(&terms, param1, 100);
            for len in 0..bytes.len() {
                terms.check(Kind::Chunk, &bytes[..len]);
            }
        }
    }
}

#[test]
fn every_acknowledgment() {
    for terms in all_terms() {
        let version = terms.version.to_wire();
        let number = u8::from(terms.is_later);
        let bytes = [version, 0x05, 0, 1, number, 0, 0, 0, 0x12, 0x03, 0, 0, 0, 0];
        for param1 in 0..=u8::MAX {
            for handle in 0..=u8::MAX {
                terms.check(Kind::ChunkSendAck, &with(&bytes, 2, &[param1, handle]));
            }
            for len in 0..bytes.len() {
                let bytes = with(&bytes, 2, &[param1]);
                terms.check(Kind::ChunkSendAck, &bytes[..len]);
            }
        }
        for number in (0..=u32::from(u16::MAX)).chain(edges()) {
            terms.check(Kind::ChunkSendAck, &with(&bytes, 4, &number.to_le_bytes()));
        }
    }
}
