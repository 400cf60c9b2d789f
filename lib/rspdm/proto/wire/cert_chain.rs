// SPDX-License-Identifier: GPL-2.0

//! The SPDM certificate chain: a header, the digest of the root, and DER certificates.
//!
//! DSP0274 1.0, "Certificate chain format".
//!
//! What is guaranteed: each certificate is one DER SEQUENCE of definite length, they follow each
//! other without a gap, and there is at least one. What is not: that a SEQUENCE is a certificate.

use kernel::validate::Validate;
use zerocopy::little_endian::U32;

use super::reader::Reader;
use crate::proto::{
    algorithm::BaseHash,
    error::{
        Error,
        Malformed, //
    },
    limits::CERTIFICATES_MAX,
    message::{
        Field,
        Response, //
    }, //
};

/// A certificate chain as CERTIFICATE transports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertChain<'a> {
    /// The digest of the root certificate, which may be the first of the chain or not part of it.
    pub root_hash: &'a [u8],
    /// The certificates.
    pub certificates: Certificates<'a>,
}

impl<'a> Validate<'a, [u8], BaseHash> for CertChain<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], hash: BaseHash) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Certificate, raw);
        // Before 1.4: a length of 16 bits, then 16 reserved bits, which are 0.
        let length: &U32 = reader.read(Field::ChainLength)?;
        if u32::try_from(raw.len()) != Ok(length.get()) {
            return Err(reader.malformed(Malformed::Contradiction(Field::ChainLength)));
        }
        let root_hash = reader.take(hash.digest_len(), Field::RootHash)?;
        let certificates = Certificates::split(reader.rest()).map_err(|e| reader.malformed(e))?;
        Ok(Self {
            root_hash,
            certificates,
        })
    }
}

/// Certificates in DER, root side first, leaf last: one at least, and no more than
/// [`CERTIFICATES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificates<'a> {
    /// The certificates, nothing between or after them.
    der: &'a [u8],
    /// The first one.
    first: &'a [u8],
    /// The last one.
    leaf: &'a [u8],
    /// How many there are.
    count: usize,
}

impl<'a> Certificates<'a> {
    /// Finds the certificates in `der`.
    ///
    /// # Errors
    ///
    /// If the bytes are not a sequence of DER SEQUENCEs, if there is none, or too many.
    pub fn split(der: &'a [u8]) -> Result<Self, Malformed> {
        let (first, mut rest) = split_first(der)?;
        let mut leaf = first;
        let mut count: usize = 1;
        while !rest.is_empty() {
            if count == CERTIFICATES_MAX {
                return Err(Malformed::TooLarge(Field::Certificates));
            }
            count = count.saturating_add(1);
            (leaf, rest) = split_first(rest)?;
        }
        Ok(Self {
            der,
            first,
            leaf,
            count,
        })
    }

    /// The certificates, root side first.
    pub fn iter(&self) -> Iter<'a> {
        Iter { rest: self.der }
    }

    /// The certificate next to the root, or the root.
    pub const fn first(&self) -> &'a [u8] {
        self.first
    }

    /// The certificate of the device's key.
    pub const fn leaf(&self) -> &'a [u8] {
        self.leaf
    }

    /// How many there are, one at least.
    pub const fn count(&self) -> usize {
        self.count
    }
}

/// Goes over the certificates of a chain, root side first.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    /// Certificates, nothing between or after them.
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (certificate, rest) = split_first(self.rest).ok()?;
        self.rest = rest;
        Some(certificate)
    }
}

/// Splits the first DER SEQUENCE off.
fn split_first(der: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    if der.is_empty() {
        return Err(Malformed::Empty(Field::Certificates));
    }
    let len = sequence_len(der).ok_or(Malformed::Contradiction(Field::Certificates))?;
    der.split_at_checked(len)
        .ok_or(Malformed::Truncated(Field::Certificates))
}

/// Length of the DER SEQUENCE that `der` begins with, tag and length bytes included.
///
/// ITU-T X.690, 8.1.3 and 10.1: a definite length, in as few bytes as possible. A certificate whose
/// length takes three bytes, more than 64 KiB, is more than any parser of ours would take.
fn sequence_len(der: &[u8]) -> Option<usize> {
    let (header_len, content_len) = match *der {
        [SEQUENCE, len @ 0..=0x7f, ..] => (2, usize::from(len)),
        [SEQUENCE, 0x81, len @ 0x80..=0xff, ..] => (3, usize::from(len)),
        [SEQUENCE, 0x82, high @ 1..=0xff, low, ..] => {
            (4, usize::from(u16::from_be_bytes([high, low])))
        }
        _ => return None,
    };
    content_len.checked_add(header_len)
}

/// Tag of a DER SEQUENCE.
const SEQUENCE: u8 = 0x30;

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_cert_chain))]
mod tests {
    use super::*;

    use kernel::validate::Untrusted;

    fn parse(bytes: &[u8]) -> Result<CertChain<'_>, Error> {
        Untrusted::from_ref(bytes).validate_with(BaseHash::Sha256)
    }

    fn malformed(what: Malformed) -> Option<Error> {
        let response = Response::Certificate;
        Some(Error::Malformed { response, what })
    }

    /// Length and RootHash, then two SEQUENCEs.
    fn chain() -> [u8; 43] {
        let mut chain = [0x77; 43];
        let length = [0x2b, 0x00, 0x00, 0x00];
        chain
            .iter_mut()
            .zip(length)
            .for_each(|(to, from)| *to = from);
        let certificates = [0x30, 0x01, 0xaa, 0x30, 0x02, 0xbb, 0xcc];
        chain
            .iter_mut()
            .skip(36)
            .zip(certificates)
            .for_each(|(to, from)| *to = from);
        chain
    }

    #[test]
    fn chain_is_split_into_its_certificates() -> Result<(), Error> {
        let bytes = chain();
        let chain = parse(&bytes)?;
        assert_eq!(chain.root_hash, [0x77; 32].as_slice());
        let certificates = chain.certificates;
        assert_eq!(certificates.count(), 2);
        assert_eq!(certificates.first(), [0x30, 0x01, 0xaa].as_slice());
        assert_eq!(certificates.leaf(), [0x30, 0x02, 0xbb, 0xcc].as_slice());
        let mut iter = certificates.iter();
        assert_eq!(iter.next(), Some(certificates.first()));
        assert_eq!(iter.next(), Some(certificates.leaf()));
        assert_eq!(iter.next(), None);
        Ok(())
    }

    #[test]
    fn single_certificate_is_first_and_leaf() {
        let certificates = Certificates::split(&[0x30, 0x00]);
        let ends = certificates.map(|all| (all.first(), all.leaf(), all.count()));
        let only = [0x30, 0x00].as_slice();
        assert_eq!(ends, Ok((only, only, 1)));
    }

    #[test]
    fn length_must_be_that_of_the_chain() {
        let error = malformed(Malformed::Contradiction(Field::ChainLength));
        for length in [0x2a, 0x2c, 0x00] {
            let mut bytes = chain();
            bytes.iter_mut().take(1).for_each(|byte| *byte = length);
            assert_eq!(parse(&bytes).err(), error);
        }
        // The length has 32 bits in 1.4: the upper half counts.
        let mut bytes = chain();
        bytes.iter_mut().skip(2).take(1).for_each(|byte| *byte = 1);
        assert_eq!(parse(&bytes).err(), error);
    }

    #[test]
    fn chain_that_ends_in_its_header_is_refused() {
        let empty = malformed(Malformed::Truncated(Field::ChainLength));
        assert_eq!(parse(&[]).err(), empty);
        assert_eq!(parse(&[0x03, 0x00, 0x00]).err(), empty);
        let error = malformed(Malformed::Truncated(Field::RootHash));
        assert_eq!(parse(&[0x05, 0x00, 0x00, 0x00, 0x77]).err(), error);
    }

    #[test]
    fn chain_without_certificate_is_refused() {
        let mut bytes = [0x77; 36];
        let length = [0x24, 0x00, 0x00, 0x00];
        bytes
            .iter_mut()
            .zip(length)
            .for_each(|(to, from)| *to = from);
        assert_eq!(
            parse(&bytes).err(),
            malformed(Malformed::Empty(Field::Certificates))
        );
    }

    #[test]
    fn certificate_beyond_the_end_is_refused() {
        let error = Err(Malformed::Truncated(Field::Certificates));
        assert_eq!(Certificates::split(&[0x30, 0x02, 0xaa]), error);
        assert_eq!(Certificates::split(&[0x30, 0x00, 0x30, 0x01]), error);
    }

    #[test]
    fn bytes_after_the_last_certificate_are_refused() {
        let error = Err(Malformed::Contradiction(Field::Certificates));
        assert_eq!(Certificates::split(&[0x30, 0x00, 0x00]), error);
    }

    #[test]
    fn lengths_are_definite_and_minimal() {
        let error = Err(Malformed::Contradiction(Field::Certificates));
        // Indefinite; 0x7f in two bytes; 0x00ff in three; four bytes; no length; another tag
        for der in [
            [0x30, 0x80, 0x00, 0x00].as_slice(),
            &[0x30, 0x81, 0x7f],
            &[0x30, 0x82, 0x00, 0xff],
            &[0x30, 0x83, 0x01, 0x00, 0x00],
            &[0x30],
            &[0x31, 0x00],
        ] {
            assert_eq!(Certificates::split(der), error);
        }
    }

    #[test]
    fn long_lengths_are_understood() {
        assert_eq!(sequence_len(&[0x30, 0x7f]), Some(0x81));
        assert_eq!(sequence_len(&[0x30, 0x81, 0x80]), Some(0x83));
        assert_eq!(sequence_len(&[0x30, 0x82, 0x01, 0x02]), Some(0x106));
        assert_eq!(sequence_len(&[0x30, 0x82, 0xff, 0xff]), Some(0x1_0003));
    }

    #[test]
    fn number_of_certificates_is_bounded() {
        let der = [[0x30, 0x00]; CERTIFICATES_MAX + 1];
        let der = der.as_flattened();
        let most = der.get(2..).map(Certificates::split);
        assert!(matches!(most, Some(Ok(all)) if all.count() == CERTIFICATES_MAX));
        let error = Err(Malformed::TooLarge(Field::Certificates));
        assert_eq!(Certificates::split(der), error);
    }
}
