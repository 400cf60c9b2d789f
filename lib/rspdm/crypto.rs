// SPDX-License-Identifier: GPL-2.0

//! The kernel's hashes, X.509 and signatures, as `proto` wants them.
//!
//! Nothing here is cryptography: `lib/crypto` hashes, `crypto/asymmetric_keys` parses certificates
//! and verifies signatures. What is decided here is which of their errors means what.

use core::{
    ffi::CStr,
    ptr::NonNull, //
};

use kernel::{
    bindings,
    error::{
        code::*,
        to_result, //
    },
    prelude::*, //
};

use crate::{
    proto::{
        algorithm::{
            AsymAlgo,
            BaseHash, //
        },
        crypto::{
            ChainError,
            Crypto,
            Digest,
            Hasher,
            Leaf,
            Links,
            SigningInput,
            Verdict, //
        },
        error::Fault,
        wire::cert_chain::Certificates, //
    },
    transport::Bus, //
};

/// Wraps an errno for `proto`, which carries it without looking at it.
pub(crate) fn fault(error: Error) -> Fault {
    Fault::new(error.to_errno())
}

/// Whether an error of the crypto layer says that this kernel lacks the algorithm.
fn lacks_algorithm(error: Error) -> bool {
    error == ENOPKG || error == ENOENT
}

/// Whether an error says nothing about the data that was looked at.
///
/// Out of memory, or the task is being killed. Everything else that the X.509 parser and the
/// signature algorithms return is a judgement of their input.
fn is_of_the_environment(error: Error) -> bool {
    error == ENOMEM || error == EINTR || error == ERESTARTSYS
}

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
    fn new(hash: BaseHash) -> Result<Self> {
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

/// A parsed certificate, borrowing the DER that it was parsed from.
///
/// # Invariants
///
/// `raw` was made by `rspdm_x509_parse()` from `der`, and not freed.
struct Certificate<'a> {
    raw: NonNull<bindings::x509_certificate>,
    der: &'a [u8],
}

impl<'a> Certificate<'a> {
    fn parse(der: &'a [u8]) -> Result<Self> {
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

    fn is_root(&self) -> bool {
        // SAFETY: By the type invariant, `raw` is valid.
        unsafe { bindings::rspdm_x509_is_root(self.raw.as_ptr()) }
    }

    fn is_self_signed(&self) -> bool {
        // SAFETY: By the type invariant, `raw` is valid.
        unsafe { bindings::rspdm_x509_is_self_signed(self.raw.as_ptr()) }
    }

    fn may_sign(&self) -> bool {
        // SAFETY: By the type invariant, `raw` is valid.
        unsafe { bindings::rspdm_x509_may_sign(self.raw.as_ptr()) }
    }

    fn may_certify(&self) -> bool {
        // SAFETY: By the type invariant, `raw` is valid.
        unsafe { bindings::rspdm_x509_may_certify(self.raw.as_ptr()) }
    }

    fn verify(&self, issuer: &Certificate<'_>) -> Result {
        // SAFETY: By the type invariant, both are valid.
        to_result(unsafe { bindings::rspdm_x509_verify(self.raw.as_ptr(), issuer.raw.as_ptr()) })
    }

    fn into_key(self) -> Option<Key> {
        // SAFETY: By the type invariant, `raw` is valid; nothing but `drop()` uses it hereafter.
        let raw = unsafe { bindings::rspdm_x509_take_key(self.raw.as_ptr()) };
        // INVARIANT: The key was the certificate's, and is ours now.
        NonNull::new(raw).map(Key)
    }
}

impl Drop for Certificate<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, `raw` is valid and not freed yet.
        unsafe { bindings::rspdm_x509_free(self.raw.as_ptr()) }
    }
}

/// A public key that owns its memory.
///
/// # Invariants
///
/// Taken out of a certificate, and not freed.
pub(crate) struct Key(NonNull<bindings::public_key>);

// SAFETY: By the type invariant, the key is ours alone, so that any thread may use and free it.
unsafe impl Send for Key {}

impl Key {
    fn is(&self, algorithm: &CStr) -> bool {
        // SAFETY: By the type invariant, the key is valid; `algorithm` ends with a NUL.
        unsafe { bindings::rspdm_key_is(self.0.as_ptr(), algorithm.as_char_ptr()) }
    }

    fn is_rsa(&self, modulus_len: usize) -> bool {
        // SAFETY: By the type invariant, the key is valid.
        unsafe { bindings::rspdm_key_is_rsa(self.0.as_ptr(), modulus_len) }
    }

    /// Whether the key is one for `asym`: type, modulus length, curve or parameter set.
    fn fits(&self, asym: AsymAlgo) -> bool {
        match encoding(asym) {
            Encoding::Pkcs1 => self.is_rsa(asym.signature_len()),
            Encoding::P1363 | Encoding::MlDsa => self.is(asym.c_name()),
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

/// Cryptography for one run on one device.
pub(crate) struct KernelCrypto<'a> {
    /// The bus, which judges the identity in the leaf certificate.
    bus: &'a Bus,
}

impl<'a> KernelCrypto<'a> {
    pub(crate) fn new(bus: &'a Bus) -> Self {
        Self { bus }
    }

    /// Goes from the root to the leaf, which is returned if this kernel knows its algorithms.
    fn walk(chain: Certificates<'_>) -> Result<(Links, Option<Certificate<'_>>), ChainError> {
        let mut issuer: Option<Certificate<'_>> = None;
        let mut links = Links {
            first_is_root: false,
            unverified_links: 0,
        };

        for (position, der) in chain.iter().enumerate() {
            let certificate = match Certificate::parse(der) {
                Ok(certificate) => certificate,
                Err(error) if is_of_the_environment(error) => {
                    return Err(ChainError::Fault(fault(error)));
                }
                // The parser verifies what a certificate says of itself, and looks for it in the
                // blacklist keyring.
                Err(error) if error == EKEYREJECTED => return Err(ChainError::Link { position }),
                Err(error) if lacks_algorithm(error) => {
                    // Neither the link to this certificate nor the one from it can be verified;
                    // the latter is counted when the next one finds no issuer.
                    if position > 0 {
                        links.unverified_links = links.unverified_links.saturating_add(1);
                    }
                    issuer = None;
                    continue;
                }
                Err(_) => return Err(ChainError::Malformed { position }),
            };

            let verified = match &issuer {
                Some(issuer) => Self::link(&certificate, issuer, position)?,
                None if position == 0 => {
                    links.first_is_root = certificate.is_root();
                    // Without its root in front of it, there is no link that could be verified.
                    !links.first_is_root || certificate.is_self_signed()
                }
                None => false,
            };
            if !verified {
                links.unverified_links = links.unverified_links.saturating_add(1);
            }
            issuer = Some(certificate);
        }
        Ok((links, issuer))
    }

    /// Verifies the link from `issuer` to `certificate`; says whether this kernel could.
    fn link(
        certificate: &Certificate<'_>,
        issuer: &Certificate<'_>,
        position: usize,
    ) -> Result<bool, ChainError> {
        if !issuer.may_certify() {
            return Err(ChainError::Link { position });
        }
        match certificate.verify(issuer) {
            Ok(()) => Ok(true),
            Err(error) if lacks_algorithm(error) => Ok(false),
            Err(error) if is_of_the_environment(error) => Err(ChainError::Fault(fault(error))),
            Err(_) => Err(ChainError::Link { position }),
        }
    }
}

impl Crypto for KernelCrypto<'_> {
    type Hasher = Sha;
    type Key = Key;

    fn hasher(&self, hash: BaseHash) -> Result<Sha, Fault> {
        Sha::new(hash).map_err(fault)
    }

    fn check_links(&mut self, chain: Certificates<'_>) -> Result<Links, ChainError> {
        Self::walk(chain).map(|(links, _)| links)
    }

    fn leaf_key(
        &mut self,
        chain: Certificates<'_>,
        asym: AsymAlgo,
    ) -> Result<Leaf<Key>, ChainError> {
        let (links, leaf) = Self::walk(chain)?;
        let position = chain.count().saturating_sub(1);
        let leaf = leaf.ok_or(ChainError::Unusable { position })?;
        if !leaf.may_sign() {
            return Err(ChainError::LeafUsage);
        }
        let der = leaf.der;
        let key = leaf.into_key().ok_or(ChainError::LeafKey)?;
        if !key.fits(asym) {
            return Err(ChainError::LeafKey);
        }
        self.bus
            .check_leaf(der)
            .map_err(|error| ChainError::Identity(fault(error)))?;

        Ok(Leaf { key, links })
    }

    fn verify(
        &self,
        key: &Key,
        asym: AsymAlgo,
        input: &SigningInput,
        signature: &[u8],
    ) -> Result<Verdict, Fault> {
        let result = match (encoding(asym), input) {
            (Encoding::Pkcs1, SigningInput::Digest { hash, digest }) => {
                key.verify_digest(c"pkcs1", hash.c_name(), digest.as_bytes(), signature)
            }
            (Encoding::P1363, SigningInput::Digest { hash, digest }) => {
                key.verify_digest(c"p1363", hash.c_name(), digest.as_bytes(), signature)
            }
            (Encoding::MlDsa, SigningInput::Message { context, message }) => {
                key.verify_message(context, message.as_bytes(), signature)
            }
            // `proto` gives a digest to what signs digests, and a message to what signs messages.
            (Encoding::Pkcs1 | Encoding::P1363, SigningInput::Message { .. })
            | (Encoding::MlDsa, SigningInput::Digest { .. }) => return Err(fault(EINVAL)),
        };
        match result {
            Ok(()) => Ok(Verdict::Valid),
            // Algorithms that are offered are selected in Kconfig, so that lacking one is a fault.
            Err(error) if is_of_the_environment(error) || lacks_algorithm(error) => {
                Err(fault(error))
            }
            Err(_) => Ok(Verdict::Invalid),
        }
    }
}

#[cfg(CONFIG_RSPDM_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rspdm_crypto)]
mod tests {
    use super::*;

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

    #[test]
    fn digests_are_as_long_as_their_hash() -> Result {
        for hash in BaseHash::ALL {
            assert_eq!(abc(*hash)?.as_bytes().len(), hash.digest_len());
        }
        Ok(())
    }

    #[test]
    fn garbage_is_no_certificate() {
        // SEQUENCE { INTEGER 0 }
        assert!(Certificate::parse(&[0x30, 0x03, 0x02, 0x01, 0x00]).is_err());
        assert!(Certificate::parse(&[]).is_err());
    }

    #[test]
    fn only_lack_of_memory_and_signals_say_nothing_about_the_input() {
        for error in [ENOMEM, EINTR, ERESTARTSYS] {
            assert!(is_of_the_environment(error));
        }
        for error in [EBADMSG, EINVAL, EKEYREJECTED, ENOPKG, ENOENT] {
            assert!(!is_of_the_environment(error));
        }
    }
}
