// SPDX-License-Identifier: GPL-2.0

//! The kernel's hashes, X.509 and signatures, as `proto` wants them.
//!
//! Nothing here is cryptography: `lib/crypto` hashes, `crypto/asymmetric_keys` parses certificates
//! and verifies signatures. What is decided here is which of their errors means what.

mod certificate;
mod key;
mod sha;

use kernel::{
    error::code::*,
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
use certificate::Certificate;
pub(crate) use key::Key;
use sha::Sha;

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
        match key.verify(asym, input, signature) {
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
