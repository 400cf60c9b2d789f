// SPDX-License-Identifier: GPL-2.0

//! DOE data objects (PCIe Base 6.1, 6.30.1).

use crate::fault::Delivery;

/// Data object type for DOE discovery.
const DISCOVERY: u8 = 0;
/// Data object type for CMA/SPDM.
const CMA: u8 = 1;
/// Data object type for secured CMA/SPDM.
const SECURED_CMA: u8 = 2;

/// What an object asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Which object types there are, from an index on.
    Discovery(u8),
    /// An SPDM request with its padding.
    Spdm(&'a [u8]),
}

/// Reads an object.
///
/// Nothing comes back for what a mailbox has to discard: wrong lengths, unknown vendors and types.
pub fn parse(object: &[u8]) -> Option<Request<'_>> {
    let (header, content) = object.split_first_chunk::<8>()?;
    let dwords = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) & 0x3_ffff;
    let dwords = if dwords == 0 { 1 << 18 } else { dwords };
    if object.len() != dwords as usize * 4 || header[..2] != [0x01, 0x00] {
        return None;
    }
    match header[2] {
        DISCOVERY => Some(Request::Discovery(*content.first()?)),
        CMA => Some(Request::Spdm(content)),
        _ => None,
    }
}

/// Answer to discovery: what has this index, and which index comes next.
pub fn discovery(index: u8) -> Option<Vec<u8>> {
    let (data_type, next) = match index {
        0 => (DISCOVERY, 1),
        1 => (CMA, 0),
        _ => return None,
    };
    Some(object(DISCOVERY, &[0x01, 0x00, data_type, next], 0))
}

/// The object that carries an SPDM response, if it shall be sent at all.
pub fn spdm(message: &[u8], deliveries: &[(Delivery, Option<u32>)]) -> Vec<u8> {
    let has = |delivery| deliveries.iter().any(|(one, _)| *one == delivery);
    let data_type = if has(Delivery::OtherType) {
        SECURED_CMA
    } else {
        CMA
    };
    let padding = if has(Delivery::DirtyPadding) { 0xff } else { 0 };
    let mut object = object(data_type, message, padding);
    for (delivery, argument) in deliveries {
        let number = argument.unwrap_or(0) as usize;
        match delivery {
            Delivery::OtherVendor => object[..2].copy_from_slice(&[0x36, 0x1b]),
            Delivery::Lost => {
                // Twice as long as it is.
                let dwords = (object.len() / 2) as u32;
                object[4..8].copy_from_slice(&dwords.to_le_bytes());
            }
            Delivery::ObjectBit => object[number / 8 % 8] ^= 1 << (number % 8),
            Delivery::ShortObject => object.truncate(number),
            Delivery::Garbage => {
                object = (0..number as u32).map(|at| (at * 167 + 91) as u8).collect();
            }
            _ => (),
        }
    }
    object
}

fn object(data_type: u8, content: &[u8], padding: u8) -> Vec<u8> {
    let mut object = vec![0x01, 0x00, data_type, 0x00];
    let dwords = 2 + content.len().div_ceil(4) as u32;
    // The longest object, 2^18 dwords, has length 0.
    object.extend((dwords & 0x3_ffff).to_le_bytes());
    object.extend_from_slice(content);
    object.resize(object.len().next_multiple_of(4), padding);
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_version_arrives_in_three_dwords() {
        let bytes = [
            0x01, 0x00, 0x01, 0x00, // PCI-SIG, CMA/SPDM
            0x03, 0x00, 0x00, 0x00, // dwords
            0x10, 0x84, 0x00, 0x00, // GET_VERSION
        ];
        assert_eq!(
            parse(&bytes),
            Some(Request::Spdm(&[0x10, 0x84, 0x00, 0x00]))
        );
    }

    #[test]
    fn objects_of_impossible_length_are_discarded() {
        let mut bytes = [0x01, 0x00, 0x01, 0x00, 0x03, 0, 0, 0, 0x10, 0x84, 0, 0];
        for dwords in [0, 2, 4] {
            bytes[4] = dwords;
            assert_eq!(parse(&bytes), None);
        }
    }

    #[test]
    fn discovery_tells_of_cma() {
        let expected = [
            0x01, 0x00, 0x00, 0x00, // PCI-SIG, discovery
            0x03, 0x00, 0x00, 0x00, // dwords
            0x01, 0x00, 0x01, 0x00, // PCI-SIG, CMA/SPDM, last one
        ];
        assert_eq!(discovery(1).unwrap(), expected);
        assert_eq!(discovery(0).unwrap()[8..], [0x01, 0x00, 0x00, 0x01]);
        assert_eq!(discovery(2), None);
    }

    #[test]
    fn responses_are_padded_with_zeros_to_a_dword() {
        assert_eq!(spdm(&[1, 2, 3, 4, 5], &[])[8..], [1, 2, 3, 4, 5, 0, 0, 0]);
        let dirty = spdm(&[1, 2, 3, 4, 5], &[(Delivery::DirtyPadding, None)]);
        assert_eq!(dirty[8..], [1, 2, 3, 4, 5, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn faults_show_in_the_header() {
        let header = |delivery| spdm(&[0; 4], &[(delivery, None)])[..8].to_vec();
        assert_eq!(header(Delivery::OtherType), [0x01, 0, 2, 0, 3, 0, 0, 0]);
        assert_eq!(
            header(Delivery::OtherVendor),
            [0x36, 0x1b, 1, 0, 3, 0, 0, 0]
        );
        assert_eq!(header(Delivery::Lost), [0x01, 0, 1, 0, 6, 0, 0, 0]);
    }

    #[test]
    fn numbered_faults_show_where_they_are_told_to() {
        let with = |delivery, number| spdm(&[0; 4], &[(delivery, Some(number))]);
        let bit = |number| with(Delivery::ObjectBit, number);
        assert_eq!(bit(0)[..8], [0x00, 0, 1, 0, 3, 0, 0, 0]);
        assert_eq!(bit(63)[..8], [0x01, 0, 1, 0, 3, 0, 0, 0x80]);
        assert_eq!(with(Delivery::ShortObject, 5), [0x01, 0, 1, 0, 3]);
        assert_eq!(with(Delivery::Garbage, 7).len(), 7);
    }
}
