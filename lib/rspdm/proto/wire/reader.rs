// SPDX-License-Identifier: GPL-2.0

//! Reads a response from its first byte to its last, and not one further.

use zerocopy::{
    FromBytes,
    Immutable,
    KnownLayout,
    Unaligned, //
};

use crate::proto::{
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    limits::PADDING_MAX,
    message::{
        Field,
        Response, //
    }, //
};

/// The bytes of a response and how much of them has been read.
pub(super) struct Reader<'a> {
    response: Response,
    /// All bytes, padding included.
    bytes: &'a [u8],
    /// What has not been read yet: the end of `bytes`.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(response: Response, bytes: &'a [u8]) -> Self {
        Self {
            response,
            bytes,
            rest: bytes,
        }
    }

    /// Reads a field of `len` bytes.
    pub(super) fn take(&mut self, len: usize, field: Field) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(self.malformed(Malformed::Truncated(field)))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Reads fields of a fixed layout; `field` names them in the error.
    pub(super) fn read<T>(&mut self, field: Field) -> Result<&'a T, Error>
    where
        T: FromBytes + KnownLayout + Immutable + Unaligned,
    {
        let (value, rest) = T::ref_from_prefix(self.rest)
            .map_err(|_| self.malformed(Malformed::Truncated(field)))?;
        self.rest = rest;
        Ok(value)
    }

    /// The bytes that were not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Number of bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.bytes.len().saturating_sub(self.rest.len())
    }

    /// The bytes read so far.
    pub(super) fn consumed(&self) -> &'a [u8] {
        // The fallback is never taken: the position lies within the bytes.
        self.bytes.get(..self.position()).unwrap_or_default()
    }

    /// Ends the message here and returns it without the padding.
    pub(super) fn finish(self) -> Result<&'a [u8], Error> {
        if self.rest.len() > PADDING_MAX {
            return Err(self.malformed(Malformed::Excess {
                bytes: self.rest.len(),
            }));
        }
        Ok(self.consumed())
    }

    /// The error that says what is malformed about this response.
    pub(super) fn malformed(&self, what: Malformed) -> Error {
        Error::Malformed {
            response: self.response,
            what,
        }
    }

    /// The error that says what this response must not say.
    pub(super) fn misbehaved(&self, what: Misbehaved) -> Error {
        Error::Misbehaved {
            response: self.response,
            what,
        }
    }
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_reader))]
mod tests {
    use super::*;

    use zerocopy::little_endian::U16;

    fn malformed(what: Malformed) -> Error {
        Error::Malformed {
            response: Response::Digests,
            what,
        }
    }

    #[test]
    fn fields_are_read_one_after_the_other() -> Result<(), Error> {
        let mut reader = Reader::new(Response::Digests, &[1, 2, 3, 4]);
        let first: &[u8] = reader.take(1, Field::Header)?;
        assert_eq!(first, [1].as_slice());
        let second: &U16 = reader.read(Field::Digest)?;
        assert_eq!(second.get(), 0x0302);
        assert_eq!(reader.position(), 3);
        assert_eq!(reader.consumed(), [1, 2, 3].as_slice());
        assert_eq!(reader.finish()?, [1, 2, 3].as_slice());
        Ok(())
    }

    #[test]
    fn field_past_the_end_is_named() {
        let mut reader = Reader::new(Response::Digests, &[1]);
        let error = malformed(Malformed::Truncated(Field::Digest));
        assert_eq!(reader.take(2, Field::Digest), Err(error));
        assert_eq!(reader.take(usize::MAX, Field::Digest), Err(error));
        assert_eq!(reader.read::<U16>(Field::Digest), Err(error));
        // Nothing was read by the failures.
        assert_eq!(reader.position(), 0);
    }

    #[test]
    fn three_bytes_are_padding_four_are_not() {
        let reader = Reader::new(Response::Digests, &[0, 1, 2]);
        assert_eq!(reader.finish(), Ok([].as_slice()));
        let reader = Reader::new(Response::Digests, &[0, 0, 0, 0]);
        assert_eq!(
            reader.finish(),
            Err(malformed(Malformed::Excess { bytes: 4 }))
        );
    }
}
