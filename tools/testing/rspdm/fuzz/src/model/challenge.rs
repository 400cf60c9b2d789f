// SPDX-License-Identifier: GPL-2.0

//! CHALLENGE_AUTH, as DSP0274 1.0 to 1.4 have it in "Successful CHALLENGE_AUTH response message
//! format".

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    negotiated::OpaqueFormat,
    version::Version,
    wire::challenge::{
        Asked,
        ChallengeAuth, //
    },
};

use super::{
    place,
    Judge,
    Wrong, //
};

/// Compares parser and model; digests and signatures have these lengths.
pub fn check(asked: &Asked, digest_len: usize, signature_len: usize, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let facts = read(&mut judge, asked, digest_len, signature_len);
    let found = Untrusted::from_ref(bytes).validate_with::<ChallengeAuth<'_>, _>(asked);
    let Some(found) = judge.compare(found) else {
        return;
    };
    let (opaque, signature) = facts.expect("read to the end");
    assert_eq!(place(bytes, found.cert_chain_hash), (4, 4 + digest_len));
    assert_eq!(found.nonce_offset, 4 + digest_len);
    if opaque.0 != opaque.1 {
        assert_eq!(place(bytes, found.opaque_data), opaque);
    } else {
        assert!(found.opaque_data.is_empty());
    }
    assert_eq!(place(bytes, found.signed), (0, signature));
    assert_eq!(
        place(bytes, found.signature),
        (signature, signature + signature_len)
    );
}

/// Where OpaqueData begins and ends, and where the signature begins.
fn read(
    judge: &mut Judge<'_>,
    asked: &Asked,
    digest_len: usize,
    signature_len: usize,
) -> Option<((usize, usize), usize)> {
    let (param1, slots) = judge.header(asked.version, 0x03)?;
    let slot = asked.slot.number();
    if asked.version == Version::V1_0 {
        judge.demand(param1 == slot, Wrong::Misbehaved);
    } else {
        judge.demand(param1 & 0x0f == slot, Wrong::Misbehaved);
        // BasicMutAuthReq
        judge.demand(param1 & 0x80 == 0, Wrong::Misbehaved);
    }
    judge.demand(slots >> slot & 1 == 1, Wrong::Misbehaved);
    judge.take(digest_len)?;
    let opaque = tail(
        judge,
        asked.version,
        asked.algorithms.opaque,
        &asked.context,
    )?;
    let signature = judge.at();
    judge.take(signature_len)?;
    judge.end();
    Some((opaque, signature))
}

/// Nonce, OpaqueDataLength, OpaqueData and RequesterContext; where OpaqueData begins and ends.
pub(super) fn tail(
    judge: &mut Judge<'_>,
    version: Version,
    format: OpaqueFormat,
    context: &[u8; 8],
) -> Option<(usize, usize)> {
    judge.take(32)?;
    let len = judge.number(2)?;
    judge.demand(len <= 1024, Wrong::Malformed);
    judge.demand(len == 0 || format != OpaqueFormat::None, Wrong::Misbehaved);
    let from = judge.at();
    judge.take(len as usize)?;
    let to = judge.at();
    if version >= Version::V1_3 {
        let echo = judge.take(8)?;
        judge.demand(echo == context, Wrong::Misbehaved);
    }
    Some((from, to))
}
