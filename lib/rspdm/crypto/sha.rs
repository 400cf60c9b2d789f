// SPDX-License-Identifier: GPL-2.0

//! Hashes of `lib/crypto`.

use kernel::{
    bindings,
    prelude::*, //
};

use crate::proto::{
    algorithm::BaseHash,
    crypto::{
        Digest,
        Hasher, //
    }, //
};

/// A running hash of `lib/crypto`.
///
/// # Invariants
///
/// `state` was initialised by `rspdm_sha_init()` for `hash`.
pub(crate) struct Sha {
    hash: BaseHash,
    state: bindings::rspdm_sha,
}

impl Sha {
    pub(super) fn new(hash: BaseHash) -> Result<Self> {
        let mut state = pin_init::zeroed();
        // SAFETY: `state` is valid for writes.
        if !unsafe { bindings::rspdm_sha_init(&mut state, to_c(hash)) } {
            return Err(ENOPKG);
        }
        // INVARIANT: Just initialised.
        Ok(Self { hash, state })
    }

    /// Ends the message.
    ///
    /// # Safety
    ///
    /// `N` must be the digest length of `self.hash`.
    unsafe fn final_digest<const N: usize>(&mut self) -> [u8; N] {
        let mut digest = [0; N];
        // SAFETY: By the type invariant, `state` is initialised for a hash whose digest has the
        // length that the caller knows to be `N`.
        unsafe { bindings::rspdm_sha_final(&mut self.state, digest.as_mut_ptr()) };
        digest
    }
}

impl Hasher for Sha {
    fn update(&mut self, bytes: &[u8]) {
        // SAFETY: By the type invariant, `state` is initialised; `bytes` is valid for reads of its
        // length, being a slice.
        unsafe { bindings::rspdm_sha_update(&mut self.state, bytes.as_ptr(), bytes.len()) }
    }

    fn finish(mut self) -> Digest {
        // SAFETY: In each of the three, the length is that of the hash.
        unsafe {
            match self.hash {
                BaseHash::Sha256 | BaseHash::Sha3_256 => self.final_digest::<32>().into(),
                BaseHash::Sha384 | BaseHash::Sha3_384 => self.final_digest::<48>().into(),
                BaseHash::Sha512 | BaseHash::Sha3_512 => self.final_digest::<64>().into(),
            }
        }
    }
}

/// What C calls a hash.
fn to_c(hash: BaseHash) -> bindings::rspdm_hash {
    match hash {
        BaseHash::Sha256 => bindings::rspdm_hash_RSPDM_SHA256,
        BaseHash::Sha384 => bindings::rspdm_hash_RSPDM_SHA384,
        BaseHash::Sha512 => bindings::rspdm_hash_RSPDM_SHA512,
        BaseHash::Sha3_256 => bindings::rspdm_hash_RSPDM_SHA3_256,
        BaseHash::Sha3_384 => bindings::rspdm_hash_RSPDM_SHA3_384,
        BaseHash::Sha3_512 => bindings::rspdm_hash_RSPDM_SHA3_512,
    }
}

#[cfg(CONFIG_RSPDM_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rspdm_crypto_sha)]
mod tests {
    use super::*;
    use crate::algorithms::everything;

    /// FIPS 180-4 example: the message "abc", here in two pieces.
    fn abc(hash: BaseHash) -> Result<Digest> {
        let mut sha = Sha::new(hash)?;
        sha.update(b"a");
        sha.update(b"bc");
        Ok(sha.finish())
    }

    #[test]
    fn digests_are_those_of_the_standard() -> Result {
        assert_eq!(
            abc(BaseHash::Sha256)?.as_bytes().first_chunk(),
            Some(&[0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea])
        );
        assert_eq!(
            abc(BaseHash::Sha384)?.as_bytes().first_chunk(),
            Some(&[0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b])
        );
        assert_eq!(
            abc(BaseHash::Sha512)?.as_bytes().first_chunk(),
            Some(&[0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba])
        );
        Ok(())
    }

    /// FIPS 202 has no example of this message; NIST's page of example values does.
    #[test]
    fn sha3_is_that_of_the_standard_or_not_there() -> Result {
        let first = |hash| abc(hash).map(|digest| digest.as_bytes().first_chunk().copied());
        if !everything().hashes.contains(BaseHash::Sha3_256) {
            assert!(abc(BaseHash::Sha3_256).is_err());
            return Ok(());
        }
        assert_eq!(
            first(BaseHash::Sha3_256)?,
            Some([0x3a, 0x98, 0x5d, 0xa7, 0x4f, 0xe2, 0x25, 0xb2])
        );
        assert_eq!(
            first(BaseHash::Sha3_384)?,
            Some([0xec, 0x01, 0x49, 0x82, 0x88, 0x51, 0x6f, 0xc9])
        );
        assert_eq!(
            first(BaseHash::Sha3_512)?,
            Some([0xb7, 0x51, 0x85, 0x0b, 0x1a, 0x57, 0x16, 0x8a])
        );
        Ok(())
    }

    #[test]
    fn digests_are_as_long_as_their_hash() -> Result {
        let hashes = everything().hashes;
        for hash in BaseHash::ALL.iter().filter(|hash| hashes.contains(**hash)) {
            assert_eq!(abc(*hash)?.as_bytes().len(), hash.digest_len());
        }
        Ok(())
    }
}
