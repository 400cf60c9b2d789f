// SPDX-License-Identifier: GPL-2.0

//! The little of DER that a certificate needs, for writing only.
//!
//! Certificate libraries refuse to produce what a hostile device sends, so
//! the test CA writes its own.

/// One element: `tag`, the shortest length, `content`.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let len = content.len();
    match len {
        0..=0x7f => out.push(len as u8),
        0x80..=0xff => out.extend([0x81, len as u8]),
        0x100..=0xffff => out.extend([0x82, (len >> 8) as u8, len as u8]),
        _ => out.extend([0x83, (len >> 16) as u8, (len >> 8) as u8, len as u8]),
    }
    out.extend_from_slice(content);
    out
}

/// SEQUENCE of complete elements.
pub fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    element(0x30, &elements.concat())
}

/// SET of one complete element.
pub fn set(member: &[u8]) -> Vec<u8> {
    element(0x31, member)
}

/// INTEGER, from a big-endian unsigned number.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let mut content = bytes[zeros..].to_vec();
    if content.first().is_none_or(|&byte| byte & 0x80 != 0) {
        content.insert(0, 0);
    }
    element(0x02, &content)
}

/// OBJECT IDENTIFIER from its arcs.
pub fn oid(arcs: &[u32]) -> Vec<u8> {
    let mut content = vec![];
    let first = arcs[0] * 40 + arcs[1];
    for &arc in [first].iter().chain(&arcs[2..]) {
        let mut shift = 28;
        while shift > 0 && arc >> shift == 0 {
            shift -= 7;
        }
        while shift > 0 {
            content.push(0x80 | (arc >> shift) as u8 & 0x7f);
            shift -= 7;
        }
        content.push(arc as u8 & 0x7f);
    }
    element(0x06, &content)
}

/// UTF8String.
pub fn utf8(text: &str) -> Vec<u8> {
    element(0x0c, text.as_bytes())
}

/// BIT STRING of whole bytes.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], bytes].concat())
}

/// OCTET STRING.
pub fn octet_string(bytes: &[u8]) -> Vec<u8> {
    element(0x04, bytes)
}

/// Context-specific, constructed element `[number]`.
pub fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(0xa0 | number, content)
}

/// Context-specific, primitive element `[number]`.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(0x80 | number, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pci_sig_oid_is_encoded_as_published() {
        assert_eq!(oid(&[2, 23, 147]), [0x06, 0x03, 0x67, 0x81, 0x13]);
    }

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(element(4, &[0; 0x7f])[..2], [4, 0x7f]);
        assert_eq!(element(4, &[0; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(element(4, &[0; 0x100])[..4], [4, 0x82, 1, 0]);
        assert_eq!(element(4, &[0; 0x10000])[..5], [4, 0x83, 1, 0, 0]);
    }

    #[test]
    fn integers_are_minimal_and_never_negative() {
        assert_eq!(unsigned(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0]), [2, 1, 0]);
    }
}
