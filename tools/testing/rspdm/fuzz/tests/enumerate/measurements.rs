// SPDX-License-Identifier: GPL-2.0

//! MEASUREMENTS, and the record in it.

use rspdm_fuzz::{
    model,
    targets::messages::{
        Kind,
        Terms, //
    },
};
use rspdm_proto::proto::{
    algorithm::MeasurementHash,
    version::Version, //
};

use super::space::{
    edges,
    terms,
    with, //
};

/// MEASUREMENTS for slot 0 with this record, and any signature.
fn measurements(terms: &Terms, count: u8, record: &[u8]) -> Vec<u8> {
    let mut bytes = vec![terms.version.to_wire(), 0x60, 0, 0, count];
    bytes.extend(&(record.len() as u32).to_le_bytes()[..3]);
    bytes.extend(record);
    bytes.extend([0xaa; 32]);
    bytes.extend([0, 0]);
    if terms.version >= Version::V1_3 {
        bytes.extend(Terms::CONTEXT);
    }
    if terms.is_signed {
        bytes.resize(bytes.len() + model::signature_len(terms.asym), 0xcc);
    }
    bytes
}

/// A block with a raw value.
fn block(index: u8, value: &[u8]) -> Vec<u8> {
    let len = value.len() as u16;
    let [low, high] = (len + 3).to_le_bytes();
    let mut block = vec![index, 1, low, high, 0x81];
    block.extend(len.to_le_bytes());
    block.extend(value);
    block
}

fn all_terms() -> impl Iterator<Item = Terms> {
    Version::ALL.into_iter().flat_map(|version| {
        [false, true].map(|is_signed| Terms {
            is_signed,
            ..terms(version)
        })
    })
}

#[test]
fn every_header_and_count() {
    for terms in all_terms() {
        for param2 in 0..=u8::MAX {
            for count in 0..=u8::MAX {
                let mut bytes = measurements(&terms, count, &block(1, b"firmware"));
                bytes[3] = param2;
                terms.check(Kind::Measurements, &bytes);
            }
        }
    }
}

#[test]
fn every_length_of_the_record() {
    for terms in all_terms() {
        let bytes = measurements(&terms, 2, &[block(1, b"one"), block(2, b"two")].concat());
        for len in (0..=u32::from(u16::MAX)).chain(edges()) {
            terms.check(
                Kind::Measurements,
                &with(&bytes, 5, &len.to_le_bytes()[..3]),
            );
        }
        for len in 0..bytes.len() {
            terms.check(Kind::Measurements, &bytes[..len]);
        }
    }
}

#[test]
fn every_pair_of_indices() {
    let terms = terms(Version::V1_2);
    for one in 0..=u8::MAX {
        for other in 0..=u8::MAX {
            let record = [block(one, b"one"), block(other, b"two")].concat();
            terms.check(Kind::Measurements, &measurements(&terms, 2, &record));
        }
    }
}

#[test]
fn every_index_at_once() {
    let terms = terms(Version::V1_2);
    for last in 1..=u8::MAX {
        let record: Vec<u8> = (1..=last).flat_map(|index| block(index, &[])).collect();
        for count in [last.wrapping_sub(1), last, last.wrapping_add(1)] {
            terms.check(Kind::Measurements, &measurements(&terms, count, &record));
        }
    }
}

#[test]
fn every_size_of_a_measurement_and_of_its_value() {
    for hash in MeasurementHash::ALL {
        let terms = Terms {
            measurement_hash: *hash,
            ..terms(Version::V1_2)
        };
        for len in [0, 1, 31, 32, 33, 48, 64, 65] {
            let record = block(1, &vec![0x11; len]);
            for value_type in 0..=u8::MAX {
                let record = with(&record, 4, &[value_type]);
                terms.check(Kind::Measurements, &measurements(&terms, 1, &record));
            }
            for specification in 0..=u8::MAX {
                let record = with(&record, 1, &[specification]);
                terms.check(Kind::Measurements, &measurements(&terms, 1, &record));
            }
        }
    }
    let terms = terms(Version::V1_2);
    let record = [block(1, &[0x11; 32]), block(2, &[0x22; 5])].concat();
    for size in 0..=u16::MAX {
        for at in [2, 5, 41, 44] {
            let record = with(&record, at, &size.to_le_bytes());
            terms.check(Kind::Measurements, &measurements(&terms, 2, &record));
        }
    }
}
