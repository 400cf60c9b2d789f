// SPDX-License-Identifier: GPL-2.0

//! A challenge that somebody changed is refused, and the verdict names the bytes that were changed.
//!
//! A signature does not tell which of the bytes that it is over is wrong. Where nothing else tells,
//! the verdict names all those that may be.

mod common;

use common::sample::{
    bytes,
    cert,
    flip,
    Sample,
    CHALLENGE,
    SIGNATURE, //
};
use spdmctl::{
    evidence::ObjectType,
    report::{
        Outcome,
        Subject, //
    },
    transcript::Transcript,
    verify::verify,
};

#[test]
fn the_samples_are_good() {
    for refresh in [false, true] {
        let sample = Sample::new(refresh);
        let report = verify(&sample.evidence, &sample.recipe.demands());
        assert!(report.passed(), "{}", report.text());
    }
}

#[test]
fn altered_challenges_name_the_bytes() {
    use Outcome::{
        Malformed,
        Refused, //
    };
    let sample = Sample::new(false);
    let vca = ObjectType::Vca;
    let transcript = (Subject::Transcript, Malformed);
    let whole = 0..sample.length(CHALLENGE);

    // The negotiation, in either object: the first reserved byte of ALGORITHMS.
    let reserved = sample.vca - 36 + 24;
    sample.refuses(
        "vca",
        flip(vca, reserved),
        (Subject::Vca, Malformed),
        (vca, reserved..reserved + 1),
    );
    sample.refuses(
        "negotiation of the challenge",
        flip(CHALLENGE, reserved),
        (Subject::Signature, Refused),
        (CHALLENGE, whole.clone()),
    );
    let at = sample.get_digests + 3;
    sample.refuses_byte("GET_DIGESTS", CHALLENGE, at, 1, transcript, at..at + 1);
    let digest = sample.digests + 4..sample.digests + 4 + 32;
    sample.refuses(
        "digest",
        flip(CHALLENGE, digest.start + 7),
        (Subject::Digests, Refused),
        (CHALLENGE, digest),
    );
    sample.refuses(
        "certificate in the transcript",
        flip(CHALLENGE, sample.certificates.start + 500),
        (Subject::Chain, Malformed),
        (CHALLENGE, sample.certificates.clone()),
    );
    let at = sample.challenge + 3;
    sample.refuses_byte("CHALLENGE", CHALLENGE, at, 0xff, transcript, at..at + 1);
    // Request and response contradict each other.
    let portion = sample.certificates.start - 8..sample.length(CHALLENGE);
    let at = portion.start + 2;
    sample.refuses_byte("slot of a portion", CHALLENGE, at, 1, transcript, portion);
    let both = sample.challenge..sample.length(CHALLENGE);
    for at in [sample.challenge + 2, sample.auth + 2] {
        sample.refuses_byte("slot", CHALLENGE, at, 1, transcript, both.clone());
    }
    let nonce = sample.challenge + 4..sample.challenge + 36;
    sample.refuses(
        "requester's nonce",
        flip(CHALLENGE, nonce.start + 5),
        (Subject::Nonce, Refused),
        (CHALLENGE, nonce),
    );
    let hash = sample.auth + 4..sample.auth + 36;
    sample.refuses(
        "CertChainHash",
        flip(CHALLENGE, hash.start),
        (Subject::ChainHash, Refused),
        (CHALLENGE, hash.clone()),
    );
    for (what, offset) in [
        ("device's nonce", hash.end),
        ("opaque data", hash.end + 32 + 2 + 8),
        ("signature", whole.end - SIGNATURE),
        ("end of the signature", whole.end - 1),
    ] {
        sample.refuses(
            what,
            flip(CHALLENGE, offset),
            (Subject::Signature, Refused),
            (CHALLENGE, whole.clone()),
        );
    }
    sample.refuses(
        "a byte behind the signature",
        |evidence| bytes(evidence, CHALLENGE).push(0),
        transcript,
        (CHALLENGE, whole.end..whole.end + 1),
    );
}

#[test]
fn altered_chains_name_the_bytes() {
    use Outcome::{
        Malformed,
        Refused, //
    };
    let sample = Sample::new(false);
    for (what, offset) in [
        ("length in the chain's header", 0),
        ("reserved bytes of the header", 3),
        ("RootHash", 4),
        ("root certificate", 4 + 32 + 50),
        ("leaf certificate", sample.length(cert()) - 1),
    ] {
        sample.refuses(
            what,
            flip(cert(), offset),
            (Subject::Chain, Malformed),
            (cert(), offset..offset + 1),
        );
    }
    // After a quick refresh the transcript has no chain: the digest that is signed tells.
    let sample = Sample::new(true);
    let auth = sample.auth;
    sample.refuses(
        "certificate, refreshed",
        flip(cert(), 500),
        (Subject::ChainHash, Refused),
        (CHALLENGE, auth + 4..auth + 36),
    );
    sample.refuses(
        "length of the chain, refreshed",
        flip(cert(), 0),
        (Subject::Certificates, Malformed),
        (cert(), 0..sample.length(cert())),
    );
}

#[test]
fn the_sample_is_where_the_walk_finds_it() {
    let sample = Sample::new(false);
    let transcript = Transcript::parse(sample.evidence.bytes(CHALLENGE).unwrap()).unwrap();
    assert_eq!(transcript.requester_nonce.start, sample.challenge + 4);
    assert_eq!(transcript.cert_chain_hash.start, sample.auth + 4);
}
