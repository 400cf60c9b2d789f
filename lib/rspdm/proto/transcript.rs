// SPDX-License-Identifier: GPL-2.0

//! The transcript: what both sides said, in order, and what the device finally signs.
//!
//! DSP0274 1.0 to 1.4, "M1/M2": VCA (A), then digests and certificates (B), then the challenge (C).
//! It is kept as bytes, because evidence is published with it, and hashed once, for CHALLENGE_AUTH.
//!
//! The rule that makes or breaks it: only messages that were accepted, each from its first byte to
//! the last that its own fields account for. Padding, ERRORs and the requests that those answered,
//! RESPOND_IF_READY: none of that.

use super::{
    error::{
        Error,
        Fault,
        Part, //
    },
    requester::Store, //
};

/// Messages in the order that they were exchanged.
pub(super) struct Transcript<S> {
    store: S,
}

impl<S: Store> Transcript<S> {
    pub(super) fn new(store: S) -> Self {
        Self { store }
    }

    /// Appends a request and the response that was accepted for it.
    pub(super) fn append(&mut self, request: &[u8], response: &[u8]) -> Result<(), Error> {
        self.append_part(request)?;
        self.append_part(response)
    }

    /// Appends bytes that are not a whole exchange: a message without its signature, or that.
    pub(super) fn append_part(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.store.append(bytes).map_err(memory)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.store.bytes()
    }

    pub(super) fn len(&self) -> usize {
        self.store.bytes().len()
    }

    pub(super) fn clear(&mut self) {
        self.store.clear();
    }

    pub(super) fn into_store(self) -> S {
        self.store
    }
}

/// The error of a [`Store`] as that of an operation.
pub(super) fn memory(fault: Fault) -> Error {
    Error::Environment {
        part: Part::Memory,
        fault,
    }
}
