// SPDX-License-Identifier: GPL-2.0

//! Slots, their keys, and chains of all sizes.

mod common;

use common::{
    plan,
    Talk, //
};
use rspdm_responder::{
    algorithm::Asym,
    config::{
        Config,
        ALIAS_CERT_CAP,
        MULTI_KEY_NEG,
        MULTI_KEY_ONLY, //
    },
};

fn multi_key() -> Config {
    let mut config = Config {
        asym: vec![Asym::EcdsaP256],
        slots: 0x2d,
        empty_slots: 0x40,
        distinct_keys: true,
        models: [1, 1, 2, 0, 1, 3, 1, 1],
        usages: [0x06, 0, 0x02, 0x04, 0, 0x4000, 0, 0],
        ..Config::default()
    };
    config.capabilities |= MULTI_KEY_NEG;
    config
}

/// Negotiates with or without ResponderMultiKeyConn.
fn negotiated(config: Config, version: u8, wants_keys: bool) -> Talk {
    let mut talk = Talk::new(&plan(config, &[]), version);
    talk.ask(&[0x10, 0x84, 0x00, 0x00]);
    talk.ask(&talk.get_capabilities());
    let mut request = talk.negotiate_algorithms(0x10, 0x01);
    request[7] |= if wants_keys { 0x10 } else { 0x00 };
    talk.ask(&request);
    talk
}

#[test]
fn digests_tell_of_keys_array_by_array() {
    let mut talk = negotiated(multi_key(), 0x13, true);
    let digests = talk.ask(&talk.get_digests());
    // Slots 0, 2, 3 and 5; slot 6 exists, too.
    assert_eq!(digests[..4], [0x13, 0x01, 0x6d, 0x2d]);
    let (digests, keys) = digests[4..].split_at(4 * 32);
    // Slot 3 has no certificate.
    assert_eq!(digests[2 * 32..][..32], [0; 32]);
    assert_ne!(digests[3 * 32..], [0; 32]);
    let expected = [
        1, 2, 3, 4, // KeyPairID
        1, 2, 0, 3, // CertificateInfo
        0x06, 0x00, 0x02, 0x00, 0x04, 0x00, 0x00, 0x40, // KeyUsageMask
    ];
    assert_eq!(keys, expected);
}

#[test]
fn without_multiple_keys_there_are_chains_only() {
    for version in [0x12, 0x14] {
        let mut talk = negotiated(multi_key(), version, false);
        let digests = talk.ask(&talk.get_digests());
        let supported = if version < 0x13 { 0 } else { 0x65 };
        assert_eq!(digests[2..4], [supported, 0x25]);
        assert_eq!(digests.len(), 4 + 3 * 32);
    }
}

#[test]
fn requester_may_be_forced_or_forbidden_to_have_multiple_keys() {
    let mut only = multi_key();
    only.capabilities |= MULTI_KEY_ONLY;
    only.capabilities &= !(MULTI_KEY_NEG & !MULTI_KEY_ONLY);
    let answer = |config, version, wants_keys| {
        let talk = negotiated(config, version, wants_keys);
        talk.said[2].1.bytes[1]
    };
    assert_eq!(answer(only.clone(), 0x13, true), 0x63);
    assert_eq!(answer(only.clone(), 0x13, false), 0x7f);
    assert_eq!(answer(only, 0x12, false), 0x63);
    assert_eq!(answer(Config::default(), 0x13, true), 0x7f);
    assert_eq!(answer(Config::default(), 0x13, false), 0x63);
}

#[test]
fn key_is_used_for_what_it_is_for() {
    let mut talk = negotiated(multi_key(), 0x13, true);
    let code = |answer: Vec<u8>| answer[1];
    assert_eq!(code(talk.ask(&talk.challenge(0, 0))), 0x03);
    assert_eq!(code(talk.ask(&talk.challenge(2, 0))), 0x03);
    assert_eq!(code(talk.ask(&talk.challenge(5, 0))), 0x7f);
    let mut measure = talk.get_measurements(true, 0xff);
    assert_eq!(code(talk.ask(&measure)), 0x60);
    measure[36] = 2;
    assert_eq!(code(talk.ask(&measure)), 0x7f);
}

/// Asks about a key pair.
fn key_pair_info(talk: &mut Talk, pair: u8) -> Vec<u8> {
    let request = [talk.version, 0xfc, 0x00, 0x00, pair];
    talk.ask(&request)
}

#[test]
fn key_pairs_are_told_one_by_one() {
    // id-ecPublicKey, P-256
    let algorithm = b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
        \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    for (version, rest) in [(0x13, &[][..]), (0x14, &[4, 0, 0, 0, 0, 4, 0, 0, 0, 0])] {
        let mut talk = negotiated(multi_key(), version, true);
        for (pair, usage, slots) in [(1, 0x0006u16, 0x01), (3, 0x0004, 0x08), (4, 0x4000, 0x20)] {
            let [low, high] = usage.to_le_bytes();
            let expected = [
                &[version, 0x7c, 0x00, 0x00],
                &[4, pair][..],            // TotalKeyPairs, KeyPairID
                &[0, 0],                   // Capabilities
                &[low, high, low, high],   // KeyUsageCapabilities, CurrentKeyUsage
                &[8, 0, 0, 0, 8, 0, 0, 0], // AsymAlgoCapabilities, CurrentAsymAlgo
                &[21, 0, slots],           // PublicKeyInfoLen, AssocCertSlotMask
                algorithm,
                rest,
            ];
            assert_eq!(key_pair_info(&mut talk, pair), expected.concat());
        }
        for pair in [0, 5, 0xff] {
            assert_eq!(key_pair_info(&mut talk, pair)[1..3], [0x7f, 0x01]);
        }
    }
}

#[test]
fn one_key_pair_of_all_slots_is_one() {
    let mut config = multi_key();
    config.distinct_keys = false;
    config.asym = vec![Asym::MlDsa65];
    let mut talk = Talk::new(&plan(config, &[]), 0x14);
    talk.negotiate_post_quantum(0x02, 0x01);
    let info = key_pair_info(&mut talk, 1);
    assert_eq!(info[..6], [0x14, 0x7c, 0x00, 0x00, 1, 1]);
    // Whatever any of the slots is for
    assert_eq!(info[8..12], [0x06, 0x40, 0x06, 0x40]);
    assert_eq!(info[12..20], [0; 8]);
    assert_eq!(info[20..23], [13, 0, 0x2d]);
    assert_eq!(info[23 + 13..], [4, 2, 0, 0, 0, 4, 2, 0, 0, 0]);
    assert_eq!(key_pair_info(&mut talk, 2)[1..3], [0x7f, 0x01]);
}

#[test]
fn key_pairs_need_capability_and_version() {
    let mut talk = negotiated(multi_key(), 0x12, false);
    assert_eq!(key_pair_info(&mut talk, 1), [0x12, 0x7f, 0x07, 0xfc]);
    let mut talk = negotiated(Config::default(), 0x14, false);
    assert_eq!(key_pair_info(&mut talk, 1), [0x14, 0x7f, 0x07, 0xfc]);
    let mut talk = negotiated(multi_key(), 0x14, false);
    assert_eq!(talk.ask(&[0x14, 0xfc, 0x00, 0x00])[1..3], [0x7f, 0x01]);
}

#[test]
fn certificates_tell_their_model() {
    let mut talk = negotiated(multi_key(), 0x13, true);
    for (slot, model) in [(0, 1), (2, 2), (5, 3)] {
        let answer = talk.ask(&talk.get_certificate(slot, 0, 100));
        assert_eq!(answer[..4], [0x13, 0x02, slot, model]);
    }
    // A key alone has none.
    let answer = talk.ask(&talk.get_certificate(3, 0, 100));
    assert_eq!(answer[..3], [0x13, 0x7f, 0x01]);
    let mut talk = negotiated(multi_key(), 0x13, false);
    let answer = talk.ask(&talk.get_certificate(2, 0, 100));
    assert_eq!(answer[..4], [0x13, 0x02, 2, 0]);
}

#[test]
fn alias_certificates_say_so() {
    let mut config = Config {
        asym: vec![Asym::EcdsaP256],
        ..Config::default()
    };
    config.capabilities |= ALIAS_CERT_CAP;
    let mut talk = Talk::new(&plan(config, &[]), 0x12);
    talk.negotiate(0x10, 0x01);
    let chain = talk.chain(0);
    // id-DMTF-hardware-identity in the issuer, id-DMTF-mutable-certificate in the leaf
    let place = |arc: u8| {
        let oid = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0x1c, 0x82, 0x12, arc];
        chain.windows(10).position(|bytes| bytes == oid)
    };
    assert!(place(2).is_some());
    assert!(place(2) < place(5));
    let mut honest = Talk::new(&plan(Config::default(), &[]), 0x12);
    honest.negotiate(0x10, 0x01);
    assert!(honest.chain(0).len() < chain.len());
}

fn long_chain(bytes: usize) -> Config {
    let mut config = Config {
        asym: vec![Asym::EcdsaP256],
        ..Config::default()
    };
    config.chain.certificates = 6;
    config.chain.bytes = Some(bytes);
    config.hash.rotate_left(1);
    config
}

#[test]
fn large_form_tells_of_long_chains() {
    let mut talk = Talk::new(&plan(long_chain(0x1_4321), &[]), 0x14);
    talk.negotiate(0x10, 0x01);
    let answer = talk.ask(&talk.get_large_certificate(0, 0, 0x100));
    // Header; reserved; LargePortionLength; LargeRemainderLength
    let expected = [
        0x14, 0x02, 0x80, 0, 0, 0, 0, 0, 0x00, 0x01, 0, 0, 0x21, 0x42, 0x01, 0,
    ];
    assert_eq!(answer[..16], expected);
    assert_eq!(answer[16..20], 0x1_4321u32.to_le_bytes());
    let answer = talk.ask(&talk.get_large_certificate(0, 0x1_4311, 0x100));
    assert_eq!(answer[8..16], [0x10, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(answer.len(), 16 + 16);
}

#[test]
fn small_form_cannot_tell_of_long_chains() {
    let mut talk = Talk::new(&plan(long_chain(0x1_4321), &[]), 0x14);
    talk.negotiate(0x10, 0x01);
    let answer = talk.ask(&talk.get_certificate(0, 0, 0x100));
    // DataTooLarge
    assert_eq!(answer, [0x14, 0x7f, 0x12, 0, 0x21, 0x43, 0x01, 0x00]);
    let mut talk = Talk::new(&plan(long_chain(0x1_4321), &[]), 0x13);
    talk.negotiate(0x10, 0x01);
    let answer = talk.ask(&talk.get_certificate(0, 0, 0x100));
    assert_eq!(answer, [0x13, 0x7f, 0x05, 0]);
}
