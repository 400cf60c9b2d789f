// SPDX-License-Identifier: GPL-2.0

//! Hands what a successful run collected to C, as a complete set or not at all.

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*, //
};

use crate::{
    crypto::Key,
    proto::{
        requester::{
            connection::Evidence,
            Store, //
        },
        slot::SlotId, //
    },
};

/// A set of evidence objects that nobody sees yet.
///
/// # Invariants
///
/// Made by `device_evidence_set_create()`; neither published nor destroyed.
pub(crate) struct EvidenceSet(NonNull<bindings::device_evidence_set>);

impl EvidenceSet {
    /// Copies what a successful run found.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn collect(evidence: &Evidence<Key, Collected>) -> Result<Self> {
        let set = Self::new()?;
        let record = evidence.record();
        let connection = &evidence.connection;

        // What holds for all transcripts; VCA alone has neither nonces nor a signature.
        let vca_layout = bindings::device_evidence_transcript {
            spdm_version: record.state.version.to_wire(),
            hash: record.state.algorithms.hash.c_name().as_char_ptr(),
            signature_algorithm: record.state.algorithms.asym.c_name().as_char_ptr(),
            ..pin_init::zeroed()
        };

        for slot in SlotId::ALL {
            let chain = connection.chain(slot);
            if !chain.is_empty() {
                set.add(certificates_of(slot), chain)?;
            }
        }
        set.add_transcript(
            bindings::device_evidence_object_type_DEVICE_EVIDENCE_OBJECT_TYPE_VCA,
            connection.vca(),
            &vca_layout,
        )?;
        let layout = &record.layout;
        set.add_transcript(
            bindings::device_evidence_object_type_DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE,
            evidence.transcript.bytes(),
            &bindings::device_evidence_transcript {
                requester_nonce_offset: offset(layout.requester_nonce)?,
                responder_nonce_offset: offset(layout.responder_nonce)?,
                signature_offset: offset(layout.signature)?,
                signature_len: offset(layout.signature_len)?,
                ..vca_layout
            },
        )?;
        if let Some(measurements) = &record.measurements {
            let layout = &measurements.layout;
            // Zeroes stand for what unsigned measurements do not have.
            let signature = if measurements.is_signed() {
                layout.signature
            } else {
                0
            };
            set.add_transcript(
                bindings::device_evidence_object_type_DEVICE_EVIDENCE_OBJECT_TYPE_MEASUREMENTS,
                evidence.measurements.bytes(),
                &bindings::device_evidence_transcript {
                    requester_nonce_offset: offset(layout.requester_nonce.unwrap_or(0))?,
                    responder_nonce_offset: offset(layout.responder_nonce)?,
                    signature_offset: offset(signature)?,
                    signature_len: offset(layout.signature_len)?,
                    ..vca_layout
                },
            )?;
        }
        Ok(set)
    }

    fn new() -> Result<Self> {
        // SAFETY: No preconditions.
        let set = from_err_ptr(unsafe { bindings::device_evidence_set_create() })?;
        // INVARIANT: Just made.
        NonNull::new(set).map(Self).ok_or(ENOMEM)
    }

    fn add(&self, object: bindings::device_evidence_object_type, data: &[u8]) -> Result {
        // SAFETY: By the type invariant, the set is valid and ours alone. The data is valid for
        // reads of its length; it is copied.
        to_result(unsafe {
            bindings::device_evidence_set_add(
                self.0.as_ptr(),
                object,
                data.as_ptr().cast(),
                data.len(),
            )
        })
    }

    fn add_transcript(
        &self,
        object: bindings::device_evidence_object_type,
        data: &[u8],
        layout: &bindings::device_evidence_transcript,
    ) -> Result {
        // SAFETY: As for `device_evidence_set_add()`. The layout is copied, and its strings are
        // `'static`.
        to_result(unsafe {
            bindings::device_evidence_set_add_transcript(
                self.0.as_ptr(),
                object,
                data.as_ptr().cast(),
                data.len(),
                layout,
            )
        })
    }

    /// Leaves the set to C.
    pub(crate) fn into_raw(self) -> *mut bindings::device_evidence_set {
        let raw = self.0.as_ptr();
        core::mem::forget(self);
        raw
    }
}

impl Drop for EvidenceSet {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, the set is valid, and nobody else knows it.
        unsafe { bindings::device_evidence_set_destroy(self.0.as_ptr()) }
    }
}

/// The object that holds the certificate chain of a slot.
fn certificates_of(slot: SlotId) -> bindings::device_evidence_object_type {
    bindings::device_evidence_object_type_DEVICE_EVIDENCE_OBJECT_TYPE_CERT0
        + u32::from(slot.number())
}

/// An offset or length as the netlink family tells it. Objects are far smaller than 4 GiB.
fn offset(bytes: usize) -> Result<u32> {
    u32::try_from(bytes).map_err(|_| EINVAL)
}

/// Memory for evidence in the making.
pub(crate) struct Collected(KVVec<u8>);

impl Collected {
    pub(crate) const fn new() -> Self {
        Self(KVVec::new())
    }
}

impl Store for Collected {
    fn append(&mut self, bytes: &[u8]) -> Result<(), crate::proto::error::Fault> {
        self.0
            .extend_from_slice(bytes, GFP_KERNEL)
            .map_err(|error| crate::crypto::fault(error.into()))
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}
