// SPDX-License-Identifier: GPL-2.0

//! Connections with ML-DSA: what is signed, and that certificates are signed with the same.

mod common;

use common::{
    plan,
    Talk, //
};
use ml_dsa::{
    MlDsa44,
    MlDsa65,
    MlDsaParams,
    VerifyingKey, //
};
use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::Config, //
};
use x509_cert::{
    der::{
        Decode,
        Encode,
        Reader,
        SliceReader, //
    },
    Certificate, //
};

/// The chain's certificates.
fn certificates(chain: &[u8], hash: Hash) -> Vec<Certificate> {
    let mut reader = SliceReader::new(&chain[4 + hash.digest_len()..]).unwrap();
    let mut certificates = vec![];
    while !reader.is_finished() {
        certificates.push(Certificate::decode(&mut reader).unwrap());
    }
    certificates
}

fn key<P: MlDsaParams>(certificate: &Certificate) -> VerifyingKey<P> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    assert_eq!(info.algorithm.parameters, None);
    let key = info.subject_public_key.raw_bytes();
    VerifyingKey::decode(&key.try_into().unwrap())
}

fn verifies<P: MlDsaParams>(
    key: &VerifyingKey<P>,
    context: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let signature = signature.try_into().expect("length and form are right");
    key.verify_with_context(message, context, &signature)
}

fn check<P: MlDsaParams>(asym: Asym, hash: Hash) {
    let config = Config {
        asym: vec![asym],
        ..Config::default()
    };
    let mut talk = Talk::new(&plan(config, &[]), 0x14);
    talk.negotiate_post_quantum(asym.post_quantum_bit(), hash.bit());
    talk.ask(&talk.get_digests());
    let certificates = certificates(&talk.chain(0), hash);
    for (number, certificate) in certificates.iter().enumerate() {
        // The root is signed by itself.
        let issuer = key::<P>(&certificates[number.saturating_sub(1)]);
        let body = certificate.tbs_certificate().to_der().unwrap();
        let signature = certificate.signature().raw_bytes();
        assert!(
            verifies(&issuer, b"", &body, signature),
            "{asym:?} {number}"
        );
    }

    let answer = talk.ask(&talk.challenge(0, 0));
    assert_eq!(answer[..4], [0x14, 0x03, 0x00, 0x01]);
    let (transcript, signature) = {
        let mut transcript = talk.transcript(0);
        let signature = transcript.split_off(transcript.len() - asym.signature_len());
        (transcript, signature)
    };
    let context = b"responder-challenge_auth signing";
    let message = [
        "dmtf-spdm-v1.4.*".repeat(4).as_bytes(),
        &[0; 4],
        context,
        &hash.digest(&[&transcript]),
    ]
    .concat();
    let leaf = key::<P>(certificates.last().unwrap());
    assert!(verifies(&leaf, context, &message, &signature), "{asym:?}");
    assert!(!verifies(&leaf, b"", &message, &signature), "{asym:?}");
}

#[test]
fn message_and_context_are_signed() {
    for hash in Hash::ALL {
        check::<MlDsa44>(Asym::MlDsa44, hash);
    }
    check::<MlDsa65>(Asym::MlDsa65, Hash::Sha384);
}
