// SPDX-License-Identifier: GPL-2.0

//! Bytes that look random: from the seed, or from the system.
//!
//! With `--seed` every run of the responder has the same keys, certificates
//! and nonces, so that a recorded session can be compared byte by byte.

use std::sync::atomic::{
    AtomicU64,
    Ordering, //
};

use sha2::{
    Digest,
    Sha512, //
};

/// A source of keys, serial numbers and nonces.
#[derive(Debug)]
pub struct Random {
    seed: [u8; 32],
    nonces: AtomicU64,
}

impl Random {
    /// A source that repeats itself from run to run if a `seed` is given.
    pub fn new(seed: Option<u64>) -> Self {
        let mut bytes = [0; 32];
        match seed {
            Some(seed) => bytes[..8].copy_from_slice(&seed.to_le_bytes()),
            None => getrandom::fill(&mut bytes).expect("the system has no randomness"),
        }
        Self {
            seed: bytes,
            nonces: AtomicU64::new(0),
        }
    }

    /// `len` bytes that depend on the seed and on `label` only.
    pub fn derive(&self, label: &str, len: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for block in 0u32.. {
            if out.len() >= len {
                break;
            }
            let mut hasher = Sha512::new();
            hasher.update(self.seed);
            hasher.update(block.to_le_bytes());
            hasher.update(label.as_bytes());
            out.extend_from_slice(&hasher.finalize());
        }
        out.truncate(len);
        out
    }

    /// A nonce that was not handed out before.
    pub fn nonce(&self) -> [u8; 32] {
        let number = self.nonces.fetch_add(1, Ordering::Relaxed);
        let bytes = self.derive(&format!("nonce {number}"), 32);
        bytes.try_into().expect("32 bytes were asked for")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_gives_same_bytes() {
        let (a, b) = (Random::new(Some(7)), Random::new(Some(7)));
        assert_eq!(a.derive("x", 100), b.derive("x", 100));
        assert_ne!(a.derive("x", 100), a.derive("y", 100));
        assert_ne!(a.derive("x", 8), Random::new(Some(8)).derive("x", 8));
    }

    #[test]
    fn nonces_do_not_repeat() {
        let random = Random::new(Some(7));
        assert_ne!(random.nonce(), random.nonce());
    }
}
