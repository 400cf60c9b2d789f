// SPDX-License-Identifier: GPL-2.0

//! Spaces around the recorded messages of every kind.

use super::space::legal;

#[test]
fn legal_messages_cut_and_extended() {
    for (kind, terms, bytes) in legal() {
        for len in 0..bytes.len() {
            terms.check(kind, &bytes[..len]);
        }
        for filling in [0x00, 0x30, 0xff] {
            let mut bytes = bytes.clone();
            for _ in 0..=8 {
                terms.check(kind, &bytes);
                bytes.push(filling);
            }
        }
    }
}

#[test]
fn legal_messages_with_every_value_of_every_byte() {
    for (kind, terms, mut bytes) in legal() {
        // What comes later are digests, nonces, signatures and the insides of certificates.
        for at in 0..bytes.len().min(FIELDS_LEN) {
            let byte = bytes[at];
            for value in 0..=u8::MAX {
                bytes[at] = value;
                terms.check(kind, &bytes);
            }
            bytes[at] = byte;
        }
    }
}

#[test]
fn legal_messages_with_any_two_bytes_at_the_edge() {
    for (kind, terms, mut bytes) in legal() {
        let len = bytes.len().min(HEADER_LEN);
        let original = bytes.clone();
        for first in 0..len {
            for second in first + 1..len {
                for one in EDGES {
                    bytes[first] = one;
                    for other in EDGES {
                        bytes[second] = other;
                        terms.check(kind, &bytes);
                    }
                }
                bytes[second] = original[second];
            }
            bytes[first] = original[first];
        }
    }
}

/// Bytes of a message that are tried in all values.
const FIELDS_LEN: usize = 256;

/// Bytes of a message that are tried in pairs.
const HEADER_LEN: usize = 40;

/// Values at the edges of fields: of signs, nibbles, bits, versions, codes and limits.
const EDGES: [u8; 19] = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x07, 0x08, 0x0f, 0x10, 0x12, 0x14, 0x1f, 0x20, 0x3f, 0x42, 0x7f,
    0x80, 0xfe, 0xff,
];
