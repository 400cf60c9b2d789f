// SPDX-License-Identifier: GPL-2.0

//! What a run needs of cryptography, as traits: the kernel and user space each have their own.

use core::fmt;

use super::{
    algorithm::{
        AsymAlgo,
        BaseHash,
        DIGEST_LEN_MAX, //
    },
    error::Fault,
    signing::PREFIX_LEN,
    wire::cert_chain::Certificates, //
};

/// Output of a hash.
#[derive(Clone, Copy)]
pub struct Digest {
    /// The digest, then zeroes.
    bytes: [u8; DIGEST_LEN_MAX],
    /// Bytes of the digest, at most `bytes.len()`.
    len: usize,
}

impl Digest {
    /// The bytes, as many as the hash has.
    pub fn as_bytes(&self) -> &[u8] {
        // The fallback is never taken: `len` comes from an array that `bytes` has room for.
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }

    /// A digest that was computed elsewhere, if it is not longer than any hash's.
    pub fn from_slice(digest: &[u8]) -> Option<Self> {
        let mut bytes = [0; DIGEST_LEN_MAX];
        let room = bytes.get_mut(..digest.len())?;
        // Not copy_from_slice(): that checks the lengths again, and would panic.
        for (to, from) in room.iter_mut().zip(digest) {
            *to = *from;
        }
        let len = digest.len();
        Some(Self { bytes, len })
    }

    fn from_bytes<const N: usize>(digest: [u8; N]) -> Self {
        const { assert!(N <= DIGEST_LEN_MAX) };
        let mut bytes = [0; DIGEST_LEN_MAX];
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = from;
        }
        Self { bytes, len: N }
    }
}

impl From<[u8; 32]> for Digest {
    fn from(digest: [u8; 32]) -> Self {
        Self::from_bytes(digest)
    }
}

impl From<[u8; 48]> for Digest {
    fn from(digest: [u8; 48]) -> Self {
        Self::from_bytes(digest)
    }
}

impl From<[u8; 64]> for Digest {
    fn from(digest: [u8; 64]) -> Self {
        Self::from_bytes(digest)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Digest {}

impl PartialEq<[u8]> for Digest {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_bytes() == other
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A running hash.
pub trait Hasher {
    /// Hashes `bytes` after what was hashed before.
    fn update(&mut self, bytes: &[u8]);

    /// Ends the message and returns the digest, which is as long as the hash that was asked for.
    fn finish(self) -> Digest;
}

/// What a signature has to be verified over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningInput {
    /// The message digest of an RSASSA or ECDSA signature: verify without hashing again.
    Digest {
        /// The hash that made the digest; RSASSA's DigestInfo names it.
        hash: BaseHash,
        /// The digest.
        digest: Digest,
    },
    /// The message of an ML-DSA signature, which hashes it itself.
    Message {
        /// The context string, which is signed with it.
        context: &'static [u8],
        /// The message.
        message: SignedMessage,
    },
}

/// What is signed from SPDM 1.2 on: a prefix, and the digest of a transcript.
#[derive(Clone, Copy)]
pub struct SignedMessage {
    /// The message, then zeroes.
    bytes: [u8; PREFIX_LEN + DIGEST_LEN_MAX],
    /// Bytes of the message, at most `bytes.len()`.
    len: usize,
}

impl SignedMessage {
    /// Puts a message together.
    pub fn new(prefix: &[u8; PREFIX_LEN], digest: &Digest) -> Self {
        let mut bytes = [0; PREFIX_LEN + DIGEST_LEN_MAX];
        let message = prefix.iter().chain(digest.as_bytes());
        for (to, from) in bytes.iter_mut().zip(message) {
            *to = *from;
        }
        // A digest is at most as long as the longest.
        let len = PREFIX_LEN.saturating_add(digest.as_bytes().len());
        Self { bytes, len }
    }

    /// The message.
    pub fn as_bytes(&self) -> &[u8] {
        // The fallback is never taken: `bytes` has room for the longest digest.
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

impl PartialEq for SignedMessage {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for SignedMessage {}

impl fmt::Debug for SignedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_bytes())
    }
}

/// Outcome of a signature verification that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The key's owner made the signature over the input.
    Valid,
    /// It did not, or the bytes are no signature at all.
    Invalid,
}

/// What the environment found out about a certificate chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<K> {
    /// The leaf's public key, one for the negotiated signature algorithm.
    pub key: K,
    /// What is known of the certificates above it.
    pub links: Links,
}

/// What the environment found out about the links of a certificate chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Links {
    /// Whether the first certificate is a root: its issuer is its subject.
    pub first_is_root: bool,
    /// Links that could not be verified because the environment lacks the algorithm.
    pub unverified_links: usize,
}

/// Why a certificate chain yields no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainError {
    /// A certificate is not X.509, or not in a form that the environment takes.
    Malformed {
        /// Position in the chain, 0 next to the root.
        position: usize,
    },
    /// A certificate's signature does not verify with the key of the one before it (or with its
    /// own, if it is a root), or that one must not sign certificates.
    Link {
        /// Position in the chain of the certificate whose signature it is.
        position: usize,
    },
    /// The environment lacks the algorithm of the leaf's key, so that nothing can be verified.
    Unusable {
        /// Position in the chain.
        position: usize,
    },
    /// The leaf's key is not one for the negotiated algorithm: another type, size or curve.
    LeafKey,
    /// The leaf's key usage excludes digital signatures, or the leaf is a certificate authority.
    LeafUsage,
    /// The leaf belongs to somebody else, says the bus.
    Identity(Fault),
    /// The environment failed: out of memory, say.
    Fault(Fault),
}

/// Hashes, certificates and signatures.
pub trait Crypto {
    /// A running hash.
    type Hasher: Hasher;
    /// A public key that [`Crypto::verify`] can use.
    type Key;

    /// Starts a hash.
    ///
    /// # Errors
    ///
    /// If the environment cannot hash now. It must not offer hashes that it does not have.
    fn hasher(&self, hash: BaseHash) -> Result<Self::Hasher, Fault>;

    /// Looks at the certificates of a chain.
    ///
    /// * Every link whose algorithm the environment has must verify, and its issuer must be allowed
    ///   to sign certificates. A link whose algorithm it lacks is counted.
    /// * Trust, validity dates and revocation are not judged.
    ///
    /// # Errors
    ///
    /// See [`ChainError`]; those about the leaf do not happen.
    fn check_links(&mut self, chain: Certificates<'_>) -> Result<Links, ChainError>;

    /// Looks at the certificates of a chain and returns the leaf's key.
    ///
    /// * What [`Crypto::check_links`] demands is demanded here too.
    /// * The leaf's key must be for `asym`: type, modulus length or curve.
    /// * The leaf must be allowed to sign.
    /// * The leaf must be the device's, as far as the environment can tell.
    ///
    /// # Errors
    ///
    /// See [`ChainError`].
    fn leaf_key(
        &mut self,
        chain: Certificates<'_>,
        asym: AsymAlgo,
    ) -> Result<Leaf<Self::Key>, ChainError>;

    /// Verifies a signature, which has the length that `asym` demands.
    ///
    /// The input is a message if `asym` is a post-quantum algorithm, and a digest if not.
    ///
    /// # Errors
    ///
    /// If the environment could not do it. That the signature is wrong is no error but
    /// [`Verdict::Invalid`].
    fn verify(
        &self,
        key: &Self::Key,
        asym: AsymAlgo,
        input: &SigningInput,
        signature: &[u8],
    ) -> Result<Verdict, Fault>;
}

/// Hashes one message that lies in several pieces.
///
/// # Errors
///
/// As [`Crypto::hasher`].
pub fn digest<C: Crypto>(crypto: &C, hash: BaseHash, pieces: &[&[u8]]) -> Result<Digest, Fault> {
    let mut hasher = crypto.hasher(hash)?;
    for piece in pieces {
        hasher.update(piece);
    }
    Ok(hasher.finish())
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_digest))]
mod tests {
    use super::*;

    use core::fmt::Write;

    #[test]
    fn digest_is_as_long_as_its_hash() {
        assert_eq!(Digest::from([1; 32]).as_bytes(), [1; 32].as_slice());
        assert_eq!(Digest::from([2; 48]).as_bytes(), [2; 48].as_slice());
        assert_eq!(Digest::from([3; 64]).as_bytes(), [3; 64].as_slice());
    }

    #[test]
    fn digests_of_different_length_differ() {
        assert!(Digest::from([0; 32]) != Digest::from([0; 48]));
        assert!(Digest::from([0; 48]) != *[0; 32].as_slice());
        assert!(Digest::from([0; 32]) == *[0; 32].as_slice());
    }

    #[test]
    fn messages_are_compared_as_far_as_they_go() {
        let prefix = &[0x20; PREFIX_LEN];
        let message = |digest| SignedMessage::new(prefix, &digest);
        assert!(message(Digest::from([0; 32])) == message(Digest::from([0; 32])));
        assert!(message(Digest::from([0; 32])) != message(Digest::from([0; 48])));
        assert!(message(Digest::from([0; 32])) != message(Digest::from([1; 32])));
    }

    /// What is still to be written.
    struct Expected(&'static str);

    impl fmt::Write for Expected {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(text).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    #[test]
    fn digest_is_told_in_hexadecimal() {
        let mut expected =
            Expected("0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a");
        let digest = Digest::from([0x0a; 32]);
        assert_eq!(write!(expected, "{digest:?}"), Ok(()));
        assert!(expected.0.is_empty());
    }

    #[test]
    fn message_is_told_byte_by_byte() {
        let mut expected = Expected("[32, 32, 32");
        let message = SignedMessage::new(&[32; PREFIX_LEN], &Digest::from([0; 32]));
        // There is more.
        assert_eq!(write!(expected, "{message:?}"), Err(fmt::Error));
        assert!(expected.0.is_empty());
    }

    #[test]
    fn slice_that_no_hash_makes_is_no_digest() {
        let digest = Digest::from_slice(&[7; 48]);
        assert_eq!(digest, Some(Digest::from([7; 48])));
        assert_eq!(Digest::from_slice(&[7; 65]), None);
    }
}
