// SPDX-License-Identifier: GPL-2.0

//! VERSION, CAPABILITIES, ALGORITHMS, ERROR.

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

#[test]
fn every_error() {
    for version in Version::ALL {
        let terms = terms(version);
        for code in 0..=u8::MAX {
            for said in 0..=u8::MAX {
                terms.check(Kind::Error, &[said, 0x7f, code, 0, 0, 0x83, 0, 0]);
            }
            let said = version.to_wire();
            for exponent in 0..=u8::MAX {
                for request in [0x00, 0x83, 0xff] {
                    let error = [said, 0x7f, code, 0, exponent, request, code, 1, 0];
                    terms.check(Kind::Error, &error);
                }
            }
            for len in 0..=9 {
                let error = [said, 0x7f, code, 0, 5, 0x83, 1, 1, 0];
                terms.check(Kind::Error, &error[..len]);
            }
        }
    }
}

#[test]
fn every_count_of_versions_with_every_length() {
    let terms = terms(Version::V1_0);
    let mut bytes = [0x12; 6 + 2 * 257];
    bytes[..6].copy_from_slice(&[0x10, 0x04, 0, 0, 0, 0]);
    for count in 0..=u8::MAX {
        bytes[5] = count;
        for len in 0..=bytes.len() {
            terms.check(Kind::Version, &bytes[..len]);
        }
    }
}

#[test]
fn every_version_number() {
    for entry in 0..=u16::MAX {
        let [low, high] = entry.to_le_bytes();
        let bytes = [0x10, 0x04, 0, 0, 0, 2, low, high, 0x00, 0x11];
        terms(Version::V1_0).check(Kind::Version, &bytes);
    }
}

/// CAPABILITIES as long as the version wants it.
fn capabilities(version: Version, flags: u32, transfer: u32, message: u32) -> Vec<u8> {
    let mut bytes = vec![version.to_wire(), 0x61, 0, 0, 0, 0, 0, 0];
    bytes.extend(flags.to_le_bytes());
    if version >= Version::V1_2 {
        bytes.extend(transfer.to_le_bytes());
        bytes.extend(message.to_le_bytes());
    }
    bytes
}

#[test]
fn every_half_of_flags() {
    for version in Version::ALL {
        for half in 0..=u32::from(u16::MAX) {
            for flags in [half, half << 16, half | 0x2_0000, half << 16 | 0x0016] {
                let bytes = capabilities(version, flags, 4600, 4600);
                terms(version).check(Kind::Capabilities, &bytes);
            }
        }
    }
}

#[test]
fn every_exponent_and_sizes_around_all_limits() {
    for version in Version::ALL {
        let bytes = capabilities(version, 0x0016, 4600, 4600);
        for exponent in 0..=u8::MAX {
            terms(version).check(Kind::Capabilities, &with(&bytes, 5, &[exponent]));
        }
        let sizes: Vec<_> = edges().into_iter().chain([41, 42, 43]).collect();
        for flags in [0x0016, 0x2_0016] {
            for transfer in &sizes {
                for message in &sizes {
                    let bytes = capabilities(version, flags, *transfer, *message);
                    terms(version).check(Kind::Capabilities, &bytes);
                }
            }
        }
    }
}

/// ALGORITHMS that selects nothing unusual.
fn algorithms(version: Version) -> Vec<u8> {
    let mut bytes = vec![0; 36];
    bytes[..8].copy_from_slice(&[version.to_wire(), 0x63, 0, 0, 36, 0, 1, 0]);
    for (at, bit) in [(8, 2), (12, 0x10), (16, 1)] {
        bytes[at] = bit;
    }
    bytes
}

#[test]
fn every_selection_of_two_bits() {
    let bits = || (0..=32).map(|bit| 1u32.checked_shl(bit).unwrap_or(0));
    for version in Version::ALL {
        for is_later in [false, true] {
            let terms = Terms {
                is_later,
                ..terms(version)
            };
            for at in [8, 12, 16, 20] {
                for selected in bits().flat_map(|one| bits().map(move |other| one | other)) {
                    let bytes = with(&algorithms(version), at, &selected.to_le_bytes());
                    terms.check(Kind::Algorithms, &bytes);
                    // Without a classical signature algorithm.
                    let bytes = with(&bytes, 12, &[0; 4]);
                    terms.check(Kind::Algorithms, &with(&bytes, at, &selected.to_le_bytes()));
                }
            }
            for specification in 0..=u8::MAX {
                for parameters in 0..=u8::MAX {
                    let bytes = with(&algorithms(version), 6, &[specification, parameters]);
                    terms.check(Kind::Algorithms, &bytes);
                }
            }
        }
    }
}

#[test]
fn every_table_of_algorithms() {
    for version in Version::ALL {
        let terms = terms(version);
        let fixed = algorithms(version);
        // Any number of tables, and as many as there are types.
        for announced in 0..=u8::MAX {
            for tables in 0..8u8 {
                let mut bytes = fixed.clone();
                bytes[2] = announced;
                bytes[4] = 36 + 4 * tables;
                bytes.extend((0..tables).flat_map(|table| [table + 2, 0x20, 0, 0]));
                terms.check(Kind::Algorithms, &bytes);
            }
        }
        for kind in 0..=u8::MAX {
            for count in 0..=u8::MAX {
                let mut bytes = fixed.clone();
                bytes[2] = 2;
                bytes[4] = 44;
                bytes.extend([3, 0x20, 0, 0, kind, count, 0, 0]);
                terms.check(Kind::Algorithms, &bytes);
            }
        }
        for number in 0..=u16::MAX {
            terms.check(Kind::Algorithms, &with(&fixed, 4, &number.to_le_bytes()));
            let mut bytes = fixed.clone();
            bytes[2] = 1;
            bytes[4] = 40;
            bytes.extend([2, 0x20]);
            bytes.extend(number.to_le_bytes());
            terms.check(Kind::Algorithms, &bytes);
        }
    }
}
