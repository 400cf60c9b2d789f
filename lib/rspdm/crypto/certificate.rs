// SPDX-License-Identifier: GPL-2.0

//! Certificates, parsed and verified by `crypto/asymmetric_keys`.

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

use super::key::Key;

/// A parsed certificate, borrowing the DER that it was parsed from.
///
/// # Invariants
///
/// `raw` was made by `rspdm_x509_parse()` from `der`, and not freed.
pub(super) struct Certificate<'a> {
    raw: NonNull<bindings::x509_certificate>,
    pub(super) der: &'a [u8],
}

impl<'a> Certificate<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Result<Self> {
        let mut raw = core::ptr::null_mut();
        // SAFETY: `der` is valid for reads of its length, and outlives `raw` as `Self` borrows it;
        // `raw` is valid for writes.
        to_result(unsafe { bindings::rspdm_x509_parse(der.as_ptr(), der.len(), &mut raw) })?;
        // INVARIANT: Just parsed from `der`.
        Ok(Self {
            raw: NonNull::new(raw).ok_or(EINVAL)?,
            der,
        })
    }

    pub(super) fn is_root(&self) -> bool {
        // SAFETY: By the type invariant, `raw` is valid.
        unsafe { bindings::rspdm_x509_is_root(self.raw.as_ptr()) }
    }

    pub(super) fn is_self_signed(&self) -> bool {
        // SAFETY: By the type invariant, `raw` is valid.
        unsafe { bindings::rspdm_x509_is_self_signed(self.raw.as_ptr()) }
    }

    pub(super) fn may_sign(&self) -> bool {
        // SAFETY: By the type invariant, `raw` is valid.
        unsafe { bindings::rspdm_x509_may_sign(self.raw.as_ptr()) }
    }

    pub(super) fn may_certify(&self) -> bool {
        // SAFETY: By the type invariant, `raw` is valid.
        unsafe { bindings::rspdm_x509_may_certify(self.raw.as_ptr()) }
    }

    pub(super) fn verify(&self, issuer: &Certificate<'_>) -> Result {
        // SAFETY: By the type invariant, both are valid.
        to_result(unsafe { bindings::rspdm_x509_verify(self.raw.as_ptr(), issuer.raw.as_ptr()) })
    }

    pub(super) fn into_key(self) -> Option<Key> {
        // SAFETY: By the type invariant, `raw` is valid; nothing but `drop()` uses it hereafter.
        let raw = unsafe { bindings::rspdm_x509_take_key(self.raw.as_ptr()) };
        // SAFETY: The key was the certificate's, and is ours now.
        unsafe { Key::from_raw(raw) }
    }
}

impl Drop for Certificate<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, `raw` is valid and not freed yet.
        unsafe { bindings::rspdm_x509_free(self.raw.as_ptr()) }
    }
}

#[cfg(CONFIG_RSPDM_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rspdm_crypto_certificate)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_no_certificate() {
        // SEQUENCE { INTEGER 0 }
        assert!(Certificate::parse(&[0x30, 0x03, 0x02, 0x01, 0x00]).is_err());
        assert!(Certificate::parse(&[]).is_err());
    }
}
