// SPDX-License-Identifier: GPL-2.0

//! What a signature covers, and how it is made.

use std::sync::Arc;

use crate::{
    algorithm::Hash,
    keys::Key, //
};

/// Context of CHALLENGE_AUTH signatures since SPDM 1.2.
pub const CHALLENGE_CONTEXT: &str = "responder-challenge_auth signing";
/// Context of MEASUREMENTS signatures since SPDM 1.2.
pub const MEASUREMENTS_CONTEXT: &str = "responder-measurements signing";

/// A signature about to be made. Faults change it before it is.
pub struct Signing {
    /// The transcript M1/M2 or L1/L2.
    pub transcript: Vec<u8>,
    /// Where the signed exchange's request begins in the transcript.
    pub request_offset: usize,
    /// combined_spdm_prefix; absent before SPDM 1.2.
    pub prefix: Option<Vec<u8>>,
    /// BaseHash.
    pub hash: Hash,
    /// The slot's key.
    pub key: Arc<Key>,
}

impl Signing {
    /// The signature as it stands in the message.
    pub fn signature(&self) -> Vec<u8> {
        let digest = self.hash.digest(&[&self.transcript]);
        if self.key.is_post_quantum() {
            let prefix = self.prefix.as_deref().unwrap_or_default();
            let message = [prefix, &digest].concat();
            return self.key.sign_message(context(prefix), &message);
        }
        let digest = match &self.prefix {
            Some(prefix) => self.hash.digest(&[prefix, &digest]),
            None => digest,
        };
        self.key.sign_digest(self.hash, &digest)
    }
}

/// The context at the end of combined_spdm_prefix: ML-DSA signs it as a context string, too.
fn context(prefix: &[u8]) -> &[u8] {
    let start = prefix.iter().rposition(|&byte| byte == 0);
    start.map_or(&[], |zero| &prefix[zero + 1..])
}

/// combined_spdm_prefix, 100 bytes; nothing before SPDM 1.2.
///
/// DSP0274 1.2, "Signature generation": four times the version, zeros, the context at the end.
pub fn prefix(version: u8, context: &str) -> Option<Vec<u8>> {
    if version < 0x12 {
        return None;
    }
    let mut prefix = format!("dmtf-spdm-v1.{}.*", version & 0x0f)
        .repeat(4)
        .into_bytes();
    prefix.resize(100 - context.len(), 0);
    prefix.extend_from_slice(context.as_bytes());
    Some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_has_the_bytes_of_the_specification() {
        let mut expected =
            b"dmtf-spdm-v1.2.*dmtf-spdm-v1.2.*dmtf-spdm-v1.2.*dmtf-spdm-v1.2.*".to_vec();
        expected.extend([0; 4]);
        expected.extend(b"responder-challenge_auth signing");
        assert_eq!(prefix(0x12, CHALLENGE_CONTEXT), Some(expected));
        assert_eq!(prefix(0x14, MEASUREMENTS_CONTEXT).unwrap().len(), 100);
    }

    #[test]
    fn context_is_what_follows_the_zeros() {
        let context_in = |context| super::context(&prefix(0x14, context).unwrap()).to_vec();
        assert_eq!(context_in(CHALLENGE_CONTEXT), CHALLENGE_CONTEXT.as_bytes());
        assert_eq!(
            context_in(MEASUREMENTS_CONTEXT),
            MEASUREMENTS_CONTEXT.as_bytes()
        );
        assert_eq!(super::context(&[]), b"");
    }

    #[test]
    fn there_is_no_prefix_before_1_2() {
        assert_eq!(prefix(0x10, CHALLENGE_CONTEXT), None);
        assert_eq!(prefix(0x11, CHALLENGE_CONTEXT), None);
    }
}
