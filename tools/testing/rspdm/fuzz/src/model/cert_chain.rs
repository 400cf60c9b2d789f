// SPDX-License-Identifier: GPL-2.0

//! The certificate chain, as DSP0274 has it in "Certificate chain format", and as X.690 has DER.

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    algorithm::BaseHash,
    wire::cert_chain::{
        CertChain,
        Certificates, //
    },
};

use super::{
    place,
    Judge,
    Wrong, //
};

/// Compares parser and model.
pub fn check(hash: BaseHash, digest_len: usize, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let certificates = read(&mut judge, digest_len);
    let found = Untrusted::from_ref(bytes).validate_with::<CertChain<'_>, _>(hash);
    if let Some(found) = judge.compare(found) {
        assert_eq!(place(bytes, found.root_hash), (4, 4 + digest_len));
        check_certificates(bytes, &found.certificates, &certificates.expect("read"));
    }
}

/// Compares parser and model on certificates alone.
pub fn check_split(bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let certificates = split(&mut judge);
    match Certificates::split(bytes) {
        Ok(found) => {
            let certificates = certificates.expect("the model refuses it");
            check_certificates(bytes, &found, &certificates);
        }
        Err(what) => assert!(certificates.is_none(), "{what:?}"),
    }
}

fn check_certificates(bytes: &[u8], found: &Certificates<'_>, expected: &[(usize, usize)]) {
    assert_eq!(found.count(), expected.len());
    let places = found.iter().map(|one| place(bytes, one));
    assert!(places.eq(expected.iter().copied()));
    assert_eq!(Some(&place(bytes, found.first())), expected.first());
    assert_eq!(Some(&place(bytes, found.leaf())), expected.last());
}

fn read(judge: &mut Judge<'_>, digest_len: usize) -> Option<Vec<(usize, usize)>> {
    let total = judge.rest().len();
    let length = judge.number(4)?;
    judge.demand(usize::try_from(length) == Ok(total), Wrong::Malformed);
    judge.take(digest_len)?;
    split(judge)
}

/// Where each certificate begins and ends.
fn split(judge: &mut Judge<'_>) -> Option<Vec<(usize, usize)>> {
    let mut places = vec![];
    while places.is_empty() || !judge.rest().is_empty() {
        let from = judge.at();
        let is_sequence = judge.byte()? == 0x30;
        judge.demand(is_sequence, Wrong::Malformed);
        let first = usize::from(judge.byte()?);
        let len = match first {
            0..=127 => first,
            // 128 is the indefinite form; no certificate of ours is longer than 64 KiB.
            129 | 130 => {
                let bytes = judge.take(first - 128)?;
                let len = bytes
                    .iter()
                    .fold(0, |len, byte| 256 * len + usize::from(*byte));
                // As few bytes as possible: the first one is not 0, a single one not below 128.
                let is_short = len >= [128, 256][bytes.len() - 1];
                judge.demand(is_short, Wrong::Malformed);
                len
            }
            _ => {
                judge.demand(false, Wrong::Malformed);
                return None;
            }
        };
        judge.take(len)?;
        places.push((from, judge.at()));
        judge.demand(places.len() <= 128, Wrong::Malformed);
    }
    judge.is_right().then_some(places)
}
