// SPDX-License-Identifier: GPL-2.0

//! DIGESTS, CERTIFICATE, and the certificate chain.

use rspdm_fuzz::targets::messages::{
    Kind,
    Terms, //
};
use rspdm_proto::proto::{
    algorithm::BaseHash,
    version::Version, //
};

use super::space::{
    edges,
    terms,
    with, //
};

#[test]
fn every_pair_of_slot_masks() {
    let mut bytes = vec![0; 4 + 8 * 36 + 8];
    for version in Version::ALL {
        for is_multi_key in [false, version >= Version::V1_3] {
            let terms = Terms {
                is_multi_key,
                ..terms(version)
            };
            for supported in 0..=u8::MAX {
                for present in 0..=u8::MAX {
                    bytes[..4].copy_from_slice(&[version.to_wire(), 0x01, supported, present]);
                    let each = if is_multi_key { 36 } else { 32 };
                    let len = 4 + each * present.count_ones() as usize;
                    // As long as it must be, with padding, too short, too long.
                    for len in [len, len + 3, len - 1, len + 4] {
                        terms.check(Kind::Digests, &bytes[..len]);
                    }
                }
            }
        }
    }
}

#[test]
fn every_key_of_two_slots() {
    for (version, masks) in [(Version::V1_3, [0xff, 0x03]), (Version::V1_4, [0x0c, 0x0c])] {
        let terms = Terms {
            is_multi_key: true,
            ..terms(version)
        };
        let mut bytes = vec![version.to_wire(), 0x01, masks[0], masks[1]];
        bytes.extend([0; 64]);
        // KeyPairIDs, CertificateInfos, KeyUsageMasks
        bytes.extend([1, 2, 1, 2, 0x0f, 0, 0x0f, 0]);
        for one in 0..=u8::MAX {
            for other in 0..=u8::MAX {
                terms.check(Kind::Digests, &with(&bytes, 70, &[one, other]));
            }
        }
        for usage in 0..=u16::MAX {
            let bytes = with(&bytes, 72, &usage.to_le_bytes());
            terms.check(Kind::Digests, &bytes);
            // No certificates in the first slot, and a digest all the same.
            let bytes = with(&bytes, 70, &[0]);
            terms.check(Kind::Digests, &bytes);
            terms.check(Kind::Digests, &with(&bytes, 35, &[1]));
        }
    }
}

#[test]
fn every_pair_of_parameters_of_a_portion() {
    for version in Version::ALL {
        for first in 0..8 {
            let terms = Terms {
                is_large: first & 1 != 0,
                is_multi_key: first & 2 != 0,
                is_later: first & 4 != 0,
                ..terms(version)
            };
            for param1 in 0..=u8::MAX {
                for param2 in 0..=u8::MAX {
                    let mut bytes = vec![version.to_wire(), 0x02, param1, param2, 1, 0, 0, 0];
                    if terms.is_large {
                        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
                    }
                    bytes.push(0xaa);
                    terms.check(Kind::Certificate, &bytes);
                }
            }
        }
    }
}

#[test]
fn every_length_of_a_portion() {
    let message = vec![0xaa; 70_000];
    for version in [Version::V1_0, Version::V1_4] {
        for is_later in [false, true] {
            let terms = Terms {
                is_later,
                ..terms(version)
            };
            let mut small = with(&message, 0, &[version.to_wire(), 0x02, 0, 0]);
            for len in 0..=u16::MAX {
                small[4..6].copy_from_slice(&len.to_le_bytes());
                check_around(&terms, &small, 8 + usize::from(len));
            }
        }
    }
    for is_later in [false, true] {
        let terms = Terms {
            is_later,
            is_large: true,
            ..terms(Version::V1_4)
        };
        let large = with(&message, 0, &[0x14, 0x02, 0x80, 0, 0, 0, 0, 0]);
        for len in edges() {
            let large = with(&large, 8, &len.to_le_bytes());
            check_around(&terms, &large, 16usize.saturating_add(len as usize));
        }
    }
}

fn check_around(terms: &Terms, bytes: &[u8], len: usize) {
    for len in [len.saturating_sub(1), len, len + 3, len + 4] {
        terms.check(Kind::Certificate, &bytes[..len.min(bytes.len())]);
    }
}

#[test]
fn every_short_string_of_der() {
    const ALPHABET: [u8; 9] = [0x00, 0x01, 0x02, 0x30, 0x7f, 0x80, 0x81, 0x82, 0xff];
    let terms = terms(Version::V1_2);
    for len in 0..=6 {
        for number in 0..9u32.pow(len) {
            let digits = (0..len).map(|digit| number / 9u32.pow(digit) % 9);
            let bytes: Vec<u8> = digits.map(|digit| ALPHABET[digit as usize]).collect();
            terms.check(Kind::Certificates, &bytes);
        }
    }
}

#[test]
fn every_length_of_a_certificate() {
    let terms = terms(Version::V1_2);
    let mut bytes = vec![0; 66_000];
    bytes[0] = 0x30;
    for form in 0..=u8::MAX {
        bytes[1] = form;
        for len in 0..=u16::MAX {
            bytes[2..4].copy_from_slice(&len.to_be_bytes());
            let is_double = form == 0x82;
            let whole = match form {
                0..=0x7f => 2 + usize::from(form),
                0x81 => 3 + usize::from(len >> 8),
                _ => 4 + usize::from(len),
            };
            // Other forms have no length in them.
            if is_double || form == 0x81 && len & 0xff == 0 || len == 0 || len == 0x1234 {
                for end in [whole - 1, whole, whole + 1] {
                    terms.check(Kind::Certificates, &bytes[..end]);
                }
            }
        }
    }
}

#[test]
fn every_length_of_a_chain() {
    for hash in BaseHash::ALL {
        let terms = Terms {
            hash: *hash,
            ..terms(Version::V1_2)
        };
        let mut bytes = vec![0; 4 + hash.digest_len()];
        bytes.extend([0x30, 0x01, 0xaa, 0x30, 0x00]);
        for len in 0..=u16::MAX {
            terms.check(Kind::Chain, &with(&bytes, 0, &len.to_le_bytes()));
        }
        for len in edges() {
            terms.check(Kind::Chain, &with(&bytes, 0, &len.to_le_bytes()));
        }
    }
}

#[test]
fn as_many_certificates_as_there_may_be_and_more() {
    let terms = terms(Version::V1_2);
    for count in 0..=300 {
        terms.check(Kind::Certificates, &[0x30, 0x00].repeat(count));
    }
}
