// SPDX-License-Identifier: GPL-2.0

//! Public keys, and what they verify.

use core::{
    ffi::CStr,
    ptr::NonNull, //
};

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

use crate::proto::{
    algorithm::AsymAlgo,
    crypto::SigningInput, //
};

/// A public key that owns its memory.
///
/// # Invariants
///
/// Taken out of a certificate, and not freed.
pub(crate) struct Key(NonNull<bindings::public_key>);

// SAFETY: By the type invariant, the key is ours alone, so that any thread may use and free it.
unsafe impl Send for Key {}

impl Key {
    /// Takes a key over, if there is one.
    ///
    /// # Safety
    ///
    /// It must be NULL, or a valid key that nobody else uses or frees.
    pub(super) unsafe fn from_raw(raw: *mut bindings::public_key) -> Option<Self> {
        // INVARIANT: The caller ensures it.
        NonNull::new(raw).map(Self)
    }

    fn is(&self, algorithm: &CStr) -> bool {
        // SAFETY: By the type invariant, the key is valid; `algorithm` ends with a NUL.
        unsafe { bindings::rspdm_key_is(self.0.as_ptr(), algorithm.as_char_ptr()) }
    }

    fn is_rsa(&self, modulus_len: usize) -> bool {
        // SAFETY: By the type invariant, the key is valid.
        unsafe { bindings::rspdm_key_is_rsa(self.0.as_ptr(), modulus_len) }
    }

    /// Whether the key is one for `asym`: type, modulus length, curve or parameter set.
    pub(super) fn fits(&self, asym: AsymAlgo) -> bool {
        match encoding(asym) {
            Encoding::Pkcs1 => self.is_rsa(asym.signature_len()),
            Encoding::P1363 | Encoding::MlDsa => self.is(asym.c_name()),
        }
    }

    /// Verifies a signature.
    pub(super) fn verify(&self, asym: AsymAlgo, input: &SigningInput, signature: &[u8]) -> Result {
        match (encoding(asym), input) {
            (Encoding::Pkcs1, SigningInput::Digest { hash, digest }) => {
                self.verify_digest(c"pkcs1", hash.c_name(), digest.as_bytes(), signature)
            }
            (Encoding::P1363, SigningInput::Digest { hash, digest }) => {
                self.verify_digest(c"p1363", hash.c_name(), digest.as_bytes(), signature)
            }
            (Encoding::MlDsa, SigningInput::Message { context, message }) => {
                self.verify_message(context, message.as_bytes(), signature)
            }
            // `proto` gives a digest to what signs digests, and a message to what signs messages.
            (Encoding::Pkcs1 | Encoding::P1363, SigningInput::Message { .. })
            | (Encoding::MlDsa, SigningInput::Digest { .. }) => Err(EINVAL),
        }
    }

    /// Verifies a signature over a digest.
    fn verify_digest(
        &self,
        encoding: &CStr,
        hash: &CStr,
        digest: &[u8],
        signature: &[u8],
    ) -> Result {
        // SAFETY: By the type invariant, the key is valid. The strings end with a NUL, the slices
        // are valid for reads of their length, and nothing is kept.
        to_result(unsafe {
            bindings::rspdm_key_verify(
                self.0.as_ptr(),
                encoding.as_char_ptr(),
                hash.as_char_ptr(),
                digest.as_ptr(),
                digest.len(),
                signature.as_ptr(),
                signature.len(),
            )
        })
    }

    /// Verifies an ML-DSA signature over a message.
    fn verify_message(&self, context: &[u8], message: &[u8], signature: &[u8]) -> Result {
        // SAFETY: By the type invariant, the key is valid. The slices are valid for reads of their
        // length, and nothing is kept.
        to_result(unsafe {
            bindings::rspdm_key_verify_message(
                self.0.as_ptr(),
                context.as_ptr(),
                context.len(),
                message.as_ptr(),
                message.len(),
                signature.as_ptr(),
                signature.len(),
            )
        })
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, the key is valid and not freed yet.
        unsafe { bindings::rspdm_key_free(self.0.as_ptr()) }
    }
}

/// What a signature is.
enum Encoding {
    /// RSASSA: a big-endian integer of the modulus' length.
    Pkcs1,
    /// ECDSA: r and then s.
    P1363,
    /// ML-DSA: as FIPS 204 encodes it.
    MlDsa,
}

fn encoding(asym: AsymAlgo) -> Encoding {
    match asym {
        AsymAlgo::Rsassa2048 | AsymAlgo::Rsassa3072 | AsymAlgo::Rsassa4096 => Encoding::Pkcs1,
        AsymAlgo::EcdsaP256 | AsymAlgo::EcdsaP384 | AsymAlgo::EcdsaP521 => Encoding::P1363,
        AsymAlgo::MlDsa44 | AsymAlgo::MlDsa65 | AsymAlgo::MlDsa87 => Encoding::MlDsa,
    }
}
