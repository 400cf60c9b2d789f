// SPDX-License-Identifier: GPL-2.0

//! Whole sessions: every version, every algorithm, every shape of the transcripts.

mod common;

use common::{
    plan,
    Talk,
    CONTEXT,
    NONCE, //
};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{
    pkcs8::DecodePublicKey,
    Pkcs1v15Sign, //
};
use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::Config,
};
use x509_cert::{
    der::{
        Decode,
        Encode,
        Reader,
        SliceReader, //
    },
    spki::SubjectPublicKeyInfoRef,
    Certificate, //
};

const VERSIONS: [u8; 5] = [0x10, 0x11, 0x12, 0x13, 0x14];

/// The last certificate of an SPDM chain: its SubjectPublicKeyInfo.
fn leaf_key(chain: &[u8], hash: Hash) -> Vec<u8> {
    assert_eq!(chain[..4], (chain.len() as u32).to_le_bytes());
    let mut reader = SliceReader::new(&chain[4 + hash.digest_len()..]).unwrap();
    let mut leaf = None;
    while !reader.is_finished() {
        leaf = Some(Certificate::decode(&mut reader).unwrap());
    }
    let leaf = leaf.unwrap();
    leaf.tbs_certificate()
        .subject_public_key_info()
        .to_der()
        .unwrap()
}

/// What is signed, from the standard's words: the digest of the transcript, from 1.2 on behind a
/// prefix and digested again.
fn to_be_signed(version: u8, context: &str, hash: Hash, transcript: &[u8]) -> Vec<u8> {
    let digest = hash.digest(&[transcript]);
    if version < 0x12 {
        return digest;
    }
    let copy = match version {
        0x12 => "dmtf-spdm-v1.2.*",
        0x13 => "dmtf-spdm-v1.3.*",
        _ => "dmtf-spdm-v1.4.*",
    };
    let zeros = vec![0; 36 - context.len()];
    let copies = copy.repeat(4);
    hash.digest(&[copies.as_bytes(), &zeros, context.as_bytes(), &digest])
}

fn verifies(asym: Asym, key: &[u8], hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
    assert_eq!(signature.len(), asym.signature_len());
    let info = SubjectPublicKeyInfoRef::from_der(key).unwrap();
    let point = info.subject_public_key.raw_bytes();
    match asym {
        Asym::EcdsaP256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap();
            let signature = p256::ecdsa::Signature::from_slice(signature).unwrap();
            key.verify_prehash(digest, &signature).is_ok()
        }
        Asym::EcdsaP384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap();
            let signature = p384::ecdsa::Signature::from_slice(signature).unwrap();
            key.verify_prehash(digest, &signature).is_ok()
        }
        Asym::EcdsaP521 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap();
            let signature = p521::ecdsa::Signature::from_slice(signature).unwrap();
            let padded = [&vec![0; 66 - digest.len()][..], digest].concat();
            key.verify_prehash(&padded, &signature).is_ok()
        }
        Asym::Rsassa2048 | Asym::Rsassa3072 | Asym::Rsassa4096 => {
            let key = rsa::RsaPublicKey::from_public_key_der(key).unwrap();
            // DigestInfo up to the digest, one per hash.
            let (oid, len) = match hash {
                Hash::Sha256 => (0x01, 0x20),
                Hash::Sha384 => (0x02, 0x30),
                Hash::Sha512 => (0x03, 0x40),
                Hash::Sha3_256 => (0x08, 0x20),
                Hash::Sha3_384 => (0x09, 0x30),
                Hash::Sha3_512 => (0x0a, 0x40),
            };
            let prefix: [u8; 19] = [
                0x30,
                0x11 + len,
                0x30,
                0x0d,
                0x06,
                0x09,
                0x60,
                0x86,
                0x48,
                0x01,
                0x65,
                0x03,
                0x04,
                0x02,
                oid,
                0x05,
                0x00,
                0x04,
                len,
            ];
            let scheme = Pkcs1v15Sign {
                hash_len: Some(hash.digest_len()),
                prefix: prefix.into(),
            };
            key.verify(scheme, digest, signature).is_ok()
        }
        Asym::MlDsa44 | Asym::MlDsa65 | Asym::MlDsa87 => panic!("{asym:?} signs no digest"),
    }
}

/// Checks the signature at the end of the last answer, which covers the exchanges in `covered`.
fn assert_signed(talk: &Talk, context: &str, key: &[u8], asym: Asym, hash: Hash, covered: &[u8]) {
    let len = covered.len() - asym.signature_len();
    let (transcript, signature) = covered.split_at(len);
    let digest = to_be_signed(talk.version, context, hash, transcript);
    assert!(
        verifies(asym, key, hash, &digest, signature),
        "{context}, version {:#x}, {asym:?}, {hash:?}",
        talk.version
    );
}

const CHALLENGE: &str = "responder-challenge_auth signing";
const MEASUREMENTS: &str = "responder-measurements signing";

#[test]
fn every_version_and_algorithm_signs_what_was_said() {
    let plan = plan(Config::default(), &[]);
    for version in VERSIONS {
        for asym in Asym::ALL {
            for hash in Hash::ALL {
                let mut talk = Talk::new(&plan, version);
                talk.negotiate(asym.bit(), hash.bit());
                let digests = talk.ask(&talk.get_digests());
                let chain = talk.chain(0);
                assert_eq!(digests[4..], hash.digest(&[&chain]));
                let key = leaf_key(&chain, hash);

                let answer = talk.ask(&talk.challenge(0, 0));
                assert_eq!(answer[..4], [version, 0x03, 0x00, 0x01]);
                let context = if version >= 0x13 { 8 } else { 0 };
                let body = 4 + hash.digest_len() + 32 + 2 + context;
                assert_eq!(answer.len(), body + asym.signature_len());
                let all = talk.transcript(0);
                assert_signed(&talk, CHALLENGE, &key, asym, hash, &all);

                let vca = talk.said[..3].iter();
                let vca: Vec<u8> = vca
                    .flat_map(|(ask, reply)| [&ask[..], &reply.bytes].concat())
                    .collect();
                talk.ask(&talk.get_measurements(true, 0xff));
                let last = talk.transcript(talk.said.len() - 1);
                let covered = if version >= 0x12 {
                    [vca, last].concat()
                } else {
                    last
                };
                assert_signed(&talk, MEASUREMENTS, &key, asym, hash, &covered);
            }
        }
    }
}

/// The exchanges at these positions, in order.
fn pick(talk: &Talk, positions: &[usize]) -> Vec<u8> {
    positions
        .iter()
        .flat_map(|&position| {
            let (request, reply) = &talk.said[position];
            [&request[..], &reply.bytes].concat()
        })
        .collect()
}

#[test]
fn challenge_covers_whatever_was_read_before_it() {
    let (asym, hash) = (Asym::EcdsaP384, Hash::Sha384);
    let config = || Config {
        slots: 0x05,
        ..Config::default()
    };
    let key = {
        let mut talk = Talk::new(&plan(config(), &[]), 0x12);
        talk.negotiate(asym.bit(), hash.bit());
        leaf_key(&talk.chain(2), hash)
    };
    for version in VERSIONS {
        let plan = plan(config(), &[]);
        let ask = |questions: &[&str]| {
            let mut talk = Talk::new(&plan, version);
            talk.negotiate(asym.bit(), hash.bit());
            for question in questions {
                let request = match *question {
                    "digests" => talk.get_digests(),
                    "certificate 0" => talk.get_certificate(0, 0, 1024),
                    "certificate 2" => talk.get_certificate(2, 0, 1024),
                    "measurements" => talk.get_measurements(false, 0xff),
                    "challenge" => talk.challenge(2, 0xff),
                    _ => talk.challenge(7, 0),
                };
                talk.ask(&request);
            }
            talk
        };
        let check = |questions: &[&str], covered: &[usize]| {
            let talk = ask(questions);
            let covered = pick(&talk, &[&[0, 1, 2], covered].concat());
            assert_signed(&talk, CHALLENGE, &key, asym, hash, &covered);
        };
        // The four shapes of B.
        check(&["digests", "certificate 2", "challenge"], &[3, 4, 5]);
        check(&["challenge"], &[3]);
        check(&["digests", "challenge"], &[3, 4]);
        check(&["certificate 2", "challenge"], &[3, 4]);
        // Several slots, in the order of reading.
        let slots = ["digests", "certificate 2", "certificate 0", "challenge"];
        check(&slots, &[3, 4, 5, 6]);
        // Digests begin B anew.
        check(
            &["digests", "certificate 2", "digests", "challenge"],
            &[5, 6],
        );
        // A challenge empties it, one that fails does not.
        check(&["digests", "challenge", "challenge"], &[5]);
        check(&["digests", "challenge slot 7", "challenge"], &[3, 5]);
        // Measuring empties it.
        check(&["digests", "measurements", "challenge"], &[5]);
    }
}

#[test]
fn unsigned_measurements_are_covered_until_something_else_is_asked() {
    let (asym, hash) = (Asym::EcdsaP384, Hash::Sha384);
    for version in VERSIONS {
        let mut talk = Talk::new(&plan(Config::default(), &[]), version);
        talk.negotiate(asym.bit(), hash.bit());
        let key = leaf_key(&talk.chain(0), hash);
        let begin = talk.said.len();
        talk.ask(&talk.get_measurements(false, 1)); // forgotten
        talk.ask(&talk.get_digests());
        talk.ask(&talk.get_measurements(false, 2)); // forgotten: what follows fails
        talk.ask(&talk.get_measurements(false, 0x77));
        talk.ask(&talk.get_measurements(false, 0));
        talk.ask(&talk.get_measurements(false, 3));
        talk.ask(&talk.get_measurements(true, 0xff));
        let mut covered = vec![begin + 4, begin + 5, begin + 6];
        if version >= 0x12 {
            covered.splice(..0, [0, 1, 2]);
        }
        assert_signed(
            &talk,
            MEASUREMENTS,
            &key,
            asym,
            hash,
            &pick(&talk, &covered),
        );
    }
}

#[test]
fn fields_of_challenge_auth_stand_where_they_belong() {
    let hash = Hash::Sha256;
    let config = Config {
        slots: 0x05,
        opaque_len: 20,
        ..Config::default()
    };
    let mut talk = Talk::new(&plan(config, &[]), 0x13);
    talk.negotiate(Asym::EcdsaP256.bit(), hash.bit());
    let chain = talk.chain(2);
    let record = talk.ask(&talk.get_measurements(false, 0xff));
    let record_len = usize::from(u16::from_le_bytes([record[5], record[6]]));
    let answer = talk.ask(&talk.challenge(2, 0xff));
    assert_eq!(answer[..4], [0x13, 0x03, 0x02, 0x05]);
    assert_eq!(answer[4..36], hash.digest(&[&chain])); // CertChainHash
    assert_ne!(answer[36..68], NONCE); // Nonce
    assert_eq!(answer[68..100], hash.digest(&[&record[8..8 + record_len]])); // summary
    assert_eq!(answer[100..102], [20, 0]); // OpaqueDataLength
    assert_eq!(answer[122..130], CONTEXT);
    assert_eq!(answer.len(), 130 + 64);
}

#[test]
fn measurements_of_1_0_have_the_header_that_spdm_emu_sends() {
    let mut talk = Talk::new(&plan(Config::default(), &[]), 0x10);
    talk.negotiate(0x80, 0x02);
    let count = talk.ask(&talk.get_measurements(false, 0));
    assert_eq!(count[..8], [0x10, 0x60, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00]);
    let all = talk.ask(&talk.get_measurements(true, 0xff));
    assert_eq!(all[..5], [0x10, 0x60, 0x00, 0x00, 0x04]);
    // Four blocks of a SHA-512 digest each.
    assert_eq!(all[5..8], [0x1c, 0x01, 0x00]);
    assert_eq!(all[8..15], [0x01, 0x01, 0x43, 0x00, 0x00, 0x40, 0x00]);
}

#[test]
fn illegal_requests_are_refused() {
    let mut talk = Talk::new(&plan(Config::default(), &[]), 0x13);
    let error = |answer: Vec<u8>| {
        assert_eq!(answer[1], 0x7f);
        (answer[0], answer[2], answer[3])
    };
    // Before anything was said.
    assert_eq!(error(talk.ask(&talk.get_digests())), (0x10, 0x04, 0));
    assert_eq!(error(talk.ask(&[0x11, 0x84, 0, 0])), (0x10, 0x41, 0));
    talk.ask(&[0x10, 0x84, 0, 0]);
    assert_eq!(error(talk.ask(&[0x15, 0xe1, 0, 0])), (0x10, 0x41, 0));
    talk.ask(&talk.get_capabilities());
    assert_eq!(error(talk.ask(&talk.get_digests())), (0x13, 0x04, 0));
    talk.ask(&talk.negotiate_algorithms(0x80, 0x02));
    assert_eq!(
        error(talk.ask(&talk.negotiate_algorithms(0x10, 0x01))),
        (0x13, 0x04, 0)
    );

    assert_eq!(error(talk.ask(&[0x12, 0x81, 0, 0])), (0x13, 0x41, 0));
    assert_eq!(error(talk.ask(&[0x13, 0xe4, 0, 0])), (0x13, 0x07, 0xe4));
    assert_eq!(error(talk.ask(&[0x13, 0xff, 0, 0])), (0x13, 0x01, 0));
    for slot in [1, 8, 15] {
        assert_eq!(
            error(talk.ask(&talk.get_certificate(slot, 0, 64))),
            (0x13, 0x01, 0)
        );
        assert_eq!(error(talk.ask(&talk.challenge(slot, 0))), (0x13, 0x01, 0));
    }
    assert_eq!(
        error(talk.ask(&talk.get_certificate(0, 0xffff, 64))),
        (0x13, 0x01, 0)
    );
    assert_eq!(error(talk.ask(&talk.challenge(0, 2))), (0x13, 0x01, 0));
    assert_eq!(
        error(talk.ask(&talk.challenge(0, 0)[..36])),
        (0x13, 0x01, 0)
    );
    assert_eq!(
        error(talk.ask(&talk.get_measurements(false, 0x77))),
        (0x13, 0x01, 0)
    );
}

#[test]
fn missing_capabilities_are_missed() {
    let config = |capabilities| Config {
        capabilities,
        ..Config::default()
    };
    let answers = |capabilities| {
        let mut talk = Talk::new(&plan(config(capabilities), &[]), 0x12);
        talk.negotiate(0x80, 0x02);
        let questions = [
            talk.get_digests(),
            talk.get_certificate(0, 0, 64),
            talk.challenge(0, 0),
            talk.challenge(0, 1),
            talk.get_measurements(false, 0xff),
            talk.get_measurements(true, 0xff),
        ];
        questions.map(|question| {
            let answer = talk.ask(&question);
            (answer[1], answer[2], answer[3])
        })
    };
    let nothing = answers(0);
    assert_eq!(nothing[0], (0x7f, 0x07, 0x81));
    assert_eq!(nothing[1], (0x7f, 0x07, 0x82));
    assert_eq!(nothing[2], (0x7f, 0x07, 0x83));
    assert_eq!(nothing[4], (0x7f, 0x07, 0xe0));
    // Certificates and challenge only: there is no summary of measurements.
    let challenge = answers(0x06);
    assert_eq!(challenge[2].0, 0x03);
    assert_eq!(challenge[3], (0x7f, 0x01, 0));
    // Measurements without signatures.
    let unsigned = answers(0x0e);
    assert_eq!(unsigned[4].0, 0x60);
    assert_eq!(unsigned[5], (0x7f, 0x01, 0));
}

#[test]
fn repeated_request_gets_the_same_answer() {
    let mut talk = Talk::new(&plan(Config::default(), &[]), 0x12);
    talk.ask(&[0x10, 0x84, 0, 0]);
    let first = talk.ask(&talk.get_capabilities());
    assert_eq!(talk.ask(&talk.get_capabilities()), first);
    let first = talk.ask(&talk.negotiate_algorithms(0x80, 0x02));
    assert_eq!(talk.ask(&talk.negotiate_algorithms(0x80, 0x02)), first);
    assert_eq!(talk.ask(&talk.get_digests())[1], 0x01);
}

#[test]
fn respond_if_ready_gets_the_answer() {
    let plan = plan(Config::default(), &["digests:error-response-not-ready@1-2"]);
    let mut talk = Talk::new(&plan, 0x12);
    talk.negotiate(0x80, 0x02);
    let not_ready = [0x12, 0x7f, 0x42, 0x00, 0x0a, 0x81, 0x5a, 0x02];
    assert_eq!(talk.ask(&talk.get_digests()), not_ready);
    assert_eq!(talk.ask(&[0x12, 0xff, 0x81, 0x5a]), not_ready);
    let digests = talk.ask(&[0x12, 0xff, 0x81, 0x5a]);
    assert_eq!(digests[..4], [0x12, 0x01, 0x00, 0x01]);

    // The transcript has the request once, and the answer.
    let hash = Hash::Sha384;
    let key = leaf_key(&Talk::chain(&mut reread(&plan), 0), hash);
    talk.ask(&talk.challenge(0, 0));
    let mut covered = pick(&talk, &[0, 1, 2]);
    covered.extend(talk.get_digests());
    covered.extend(&digests);
    covered.extend(pick(&talk, &[6]));
    assert_signed(&talk, CHALLENGE, &key, Asym::EcdsaP384, hash, &covered);
}

fn reread(plan: &std::sync::Arc<rspdm_responder::fault::Plan>) -> Talk {
    let mut talk = Talk::new(plan, 0x12);
    talk.negotiate(0x80, 0x02);
    talk
}

#[test]
fn responses_do_not_exceed_what_the_requester_takes() {
    let mut talk = Talk::new(&plan(Config::default(), &[]), 0x12);
    talk.ask(&[0x10, 0x84, 0, 0]);
    let mut request = talk.get_capabilities();
    request[12..20].copy_from_slice(&[100, 0, 0, 0, 100, 0, 0, 0]);
    talk.ask(&request);
    talk.ask(&talk.negotiate_algorithms(0x80, 0x02));
    assert_eq!(talk.ask(&talk.get_certificate(0, 0, 0xffff)).len(), 100);
    let too_large = [0x12, 0x7f, 0x0d, 0x00, 182, 0, 0, 0];
    assert_eq!(talk.ask(&talk.challenge(0, 0)), too_large);
}
