// SPDX-License-Identifier: GPL-2.0

//! The table is about the messages that this responder sends.

use super::*;
use crate::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::MULTI_KEY_NEG,
    message::{
        algorithms,
        capabilities,
        certificate,
        challenge,
        chunk,
        digests,
        measurements,
        version, //
    },
    negotiated::Agreed,
    suite::{
        self,
        Lengths, //
    },
};

/// All responses of a device with everything that a setup may turn on, but for the signatures.
fn messages(version: u8) -> Vec<(Kind, Message)> {
    let mut config = suite::config(version);
    freshness::opaque_data(&mut config);
    if version >= 0x13 {
        config.capabilities |= MULTI_KEY_NEG;
    }
    let versions = version::respond(&config.versions);
    let mut request = [0; 44];
    request[0] = version;
    request[5] = 20;
    request[8..12].copy_from_slice(&0x8002_0000u32.to_le_bytes());
    request[12..16].copy_from_slice(&4600u32.to_le_bytes());
    request[16..20].copy_from_slice(&4600u32.to_le_bytes());
    if version == 0x11 {
        request[8..12].fill(0);
    }
    let ((capabilities, _), requester) = capabilities::respond(&request, &config).unwrap();
    let mut offer = [0; 32];
    offer[0] = version;
    offer[4] = 32;
    offer[6..8].copy_from_slice(&[0x01, if version >= 0x13 { 0x12 } else { 0x02 }]);
    offer[8..12].copy_from_slice(&Asym::EcdsaP256.bit().to_le_bytes());
    offer[12..16].copy_from_slice(&Hash::Sha256.bit().to_le_bytes());
    let ((algorithms, _), selection) = algorithms::respond(&offer, &config).unwrap();
    let agreed = Agreed {
        version,
        requester,
        selection,
        device: suite::run::honest(config),
    };
    let mut get_certificate = [0; 16];
    get_certificate[..3].copy_from_slice(&[version, 0x82, 0x80]);
    get_certificate[12..14].fill(0xff);
    if version < 0x14 {
        get_certificate[2] = 0;
        get_certificate[6..8].fill(0xff);
    }
    let mut get_measurements = [0; 45];
    get_measurements[..4].copy_from_slice(&[version, 0xe0, 0x01, 0xff]);
    let mut ask_challenge = [0; 44];
    ask_challenge[..2].copy_from_slice(&[version, 0x83]);
    let get = chunk::Get {
        handle: 1,
        number: 0,
    };
    let put = chunk::Put {
        handle: 1,
        number: 0,
        is_last: false,
        total: None,
        chunk: vec![],
    };
    vec![
        (Kind::Version, versions),
        (Kind::Capabilities, capabilities),
        (Kind::Algorithms, algorithms),
        (Kind::Digests, digests::respond(&agreed).unwrap().0),
        (
            Kind::Certificate,
            certificate::respond(&get_certificate, &agreed).unwrap().0,
        ),
        (
            Kind::Challenge,
            challenge::respond(&ask_challenge, &agreed).unwrap().0 .0,
        ),
        (
            Kind::Measurements,
            measurements::respond(&get_measurements, &agreed)
                .unwrap()
                .0
                 .0,
        ),
        (
            Kind::ChunkGet,
            chunk::response(version, &get, &[0; 200], 0, 144),
        ),
        (
            Kind::ChunkSend,
            chunk::acknowledgment(version, &put, false, &[0; 142]),
        ),
    ]
}

#[test]
fn fields_are_those_of_the_messages() {
    for version in 0x10..=0x14 {
        let lengths = Lengths::new(version);
        for (kind, message) in messages(version) {
            let of_table: Vec<(&str, usize)> = fields(kind)
                .filter(|field| field.is_in(version) && field.inside.is_none())
                .filter(|field| field.name != SIGNATURE)
                .map(|field| (field.name, lengths.field(field.size) as usize))
                .collect();
            assert_eq!(message.lengths(), of_table, "{kind:?} {version:#x}");
        }
    }
}

#[test]
fn names_are_unique_in_each_message() {
    for kind in Kind::ALL {
        for field in fields(kind) {
            let same = fields(kind).filter(|other| other.stem == field.stem);
            assert_eq!(same.count(), 1, "{kind:?} {}", field.stem);
        }
    }
}

#[test]
fn changes_are_where_the_table_says() {
    let mut message = Message::new(0x14, Kind::Digests, 1, 1);
    message.put("Reserved", &[0; 2]).put("Reserved", &[0; 8]);
    let reserved = field("reserved-2", "Reserved", 8, Rule::Reserved).second();
    reserved.alter(&mut message, Change::Flip, 3);
    assert_eq!(message.bytes[4..], [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    let first = field("reserved", "Reserved", 2, Rule::Reserved);
    first.alter(&mut message, Change::Flip, 9);
    first.alter(&mut message, Change::Less, 0);
    assert_eq!(message.bytes[4..6], [0xff, 0x01]);
    let inner = field("inner", "Reserved", 2, Rule::Reserved).second();
    let inner = inner.inside(6);
    inner.alter(&mut message, Change::Ones, 0);
    assert_eq!(message.bytes[6..], [0, 0, 0, 1, 0, 0, 0xff, 0xff]);
    inner.alter(&mut message, Change::More, 0);
    assert_eq!(message.bytes[12..], [0, 0]);
}

#[test]
fn exception_is_for_its_numbers_and_versions_only() {
    let slots = find(Kind::Digests, "param1").unwrap();
    let outcome = |number, version| slots.outcome(Change::Flip, number, version);
    assert_eq!(outcome(0, 0x13), Outcome::ILLEGAL);
    assert_eq!(outcome(1, 0x13), Outcome::ACCEPT);
    assert_eq!(outcome(0, 0x12), Outcome::ACCEPT);
}
