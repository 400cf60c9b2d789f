// SPDX-License-Identifier: GPL-2.0

//! The bytes of a request.

use zerocopy::{
    Immutable,
    IntoBytes, //
};

use crate::proto::limits::REQUEST_LEN_MAX;

/// A request, ready to be sent.
#[derive(Clone, Copy, Debug)]
pub struct RequestBytes {
    /// The request, then zeroes.
    bytes: [u8; REQUEST_LEN_MAX],
    /// Bytes of the request, at most `bytes.len()`.
    len: usize,
}

impl RequestBytes {
    /// The bytes of `message`.
    pub(super) fn new<T: IntoBytes + Immutable>(message: &T) -> Self {
        const { assert!(size_of::<T>() <= REQUEST_LEN_MAX) };
        let mut bytes = [0; REQUEST_LEN_MAX];
        for (to, from) in bytes.iter_mut().zip(message.as_bytes()) {
            *to = *from;
        }
        Self {
            bytes,
            len: size_of::<T>(),
        }
    }

    /// The request with `tail` behind it, if there is room for that.
    pub(super) fn with(mut self, tail: &[u8]) -> Option<Self> {
        let len = self.len.checked_add(tail.len())?;
        let room = self.bytes.get_mut(self.len..len)?;
        for (to, from) in room.iter_mut().zip(tail) {
            *to = *from;
        }
        self.len = len;
        Some(self)
    }

    /// The request.
    pub fn as_bytes(&self) -> &[u8] {
        // The fallback is never taken: `bytes` has room for `len` bytes.
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}
