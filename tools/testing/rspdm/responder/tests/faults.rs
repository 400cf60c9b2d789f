// SPDX-License-Identifier: GPL-2.0

//! Every fault shows on the wire, and none shows where it was not asked for.

mod common;

use std::collections::BTreeSet;

use common::{
    plan,
    Talk, //
};
use rspdm_responder::{
    config::Config,
    fault::{
        self,
        Delivery, //
    },
};

/// What so many connections look like: each answer, and how it travels.
fn look(faults: &[&str], version: u8, connections: usize) -> Vec<(Vec<u8>, Vec<Delivery>)> {
    let plan = plan(Config::default(), faults);
    let mut look = vec![];
    for _ in 0..connections {
        let mut talk = Talk::new(&plan, version);
        talk.negotiate(0x10, 0x02);
        talk.ask(&talk.get_digests());
        for offset in [0, 512, 1024, 1536] {
            talk.ask(&talk.get_certificate(0, offset, 1024));
        }
        talk.ask(&talk.challenge(0, 0));
        talk.ask(&talk.get_measurements(true, 0xff));
        assert_eq!(talk.said.len(), ANSWERS);
        for (_, reply) in talk.said {
            let deliveries = reply.deliveries.iter().map(|(delivery, _)| *delivery);
            look.push((reply.bytes, deliveries.collect()));
        }
    }
    look
}

/// What a connection looks like if this device, which has to be one that knows chunks, sends and
/// takes little at once.
fn look_in_chunks(faults: &[&str], version: u8) -> Vec<(Vec<u8>, Vec<Delivery>)> {
    let config = Config {
        send_size: 160,
        transfer_size: 42,
        ..Config::default()
    };
    let mut talk = Talk::with_chunks(&plan(config, faults), version);
    talk.negotiate(0x10, 0x02);
    for request in [
        talk.get_digests(),
        talk.get_certificate(0, 0, 1024),
        talk.challenge(0, 0),
    ] {
        talk.ask_whole(&request, 42);
    }
    let said = talk.said.into_iter();
    said.map(|(_, reply)| {
        let deliveries = reply.deliveries.iter().map(|(delivery, _)| *delivery);
        (reply.bytes, deliveries.collect())
    })
    .collect()
}

/// Answers in a connection, and where some of them are.
const ANSWERS: usize = 10;
const DIGESTS: usize = 3;
const CHALLENGE_AUTH: usize = 8;

#[test]
fn every_fault_shows() {
    // Some need another version than the newest, some a connection before.
    let views = [(0x14, 1), (0x11, 1), (0x14, 2)];
    let honest = views.map(|(version, connections)| look(&[], version, connections));
    let honest_in_chunks = look_in_chunks(&[], 0x14);
    for fault in fault::all() {
        let name = fault.name();
        let shows = if name.starts_with("chunk-") {
            look_in_chunks(&[&name], 0x14) != honest_in_chunks
        } else {
            let mut views = views.iter().zip(&honest);
            views.any(|(&(version, connections), honest)| {
                look(&[&name], version, connections) != *honest
            })
        };
        assert!(shows, "{name} changes nothing");
    }
}

#[test]
fn honest_device_repeats_itself_with_the_same_seed() {
    assert_eq!(look(&[], 0x14, 2), look(&[], 0x14, 2));
}

#[test]
fn names_are_unique_and_errnos_known() {
    let known = [
        "0",
        "EBADMSG",
        "EBUSY",
        "EIO",
        "EKEYREJECTED",
        "EOPNOTSUPP",
        "EPROTO",
        "EREMOTEIO",
        "ETIMEDOUT",
    ];
    let mut names = BTreeSet::new();
    for fault in fault::all() {
        assert!(known.contains(&fault.errno), "{}", fault.name());
        assert!(known.contains(&fault.errno_once), "{}", fault.name());
        assert!(names.insert(fault.name()), "{} twice", fault.name());
    }
}

#[test]
fn fault_at_an_occurrence_leaves_the_others_alone() {
    let honest = look(&[], 0x12, 2);
    let faulty = look(&["digests:mismatch@2"], 0x12, 2);
    assert_eq!(honest[..ANSWERS + DIGESTS], faulty[..ANSWERS + DIGESTS]);
    assert_ne!(honest[ANSWERS + DIGESTS].0, faulty[ANSWERS + DIGESTS].0);
}

#[test]
fn faulty_certificates_can_last_for_one_connection() {
    let honest = look(&[], 0x12, 2);
    let faulty = look(&["certificate:san-none@1"], 0x12, 2);
    assert_ne!(honest[DIGESTS], faulty[DIGESTS]);
    assert_eq!(honest[ANSWERS + DIGESTS], faulty[ANSWERS + DIGESTS]);
}

#[test]
fn several_faults_go_together() {
    let honest = look(&[], 0x12, 1);
    let faulty = look(&["version:unsorted", "digests:mismatch"], 0x12, 1);
    assert_ne!(honest[0], faulty[0]);
    assert_ne!(honest[DIGESTS], faulty[DIGESTS]);
    assert_eq!(honest[1], faulty[1]);
}

#[test]
fn argument_chooses_where_to_cut() {
    for len in 0..20 {
        let name = format!("digests:truncated={len}");
        assert_eq!(look(&[&name], 0x12, 1)[DIGESTS].0.len(), len);
    }
}

#[test]
fn altered_body_is_what_the_signature_covers() {
    // With the same nonces, only the altered field and the signature may differ.
    let honest = &look(&[], 0x12, 1)[CHALLENGE_AUTH].0;
    let faulty = &look(&["challenge:chain-hash"], 0x12, 1)[CHALLENGE_AUTH].0;
    let (body, last) = (4 + 48 + 32 + 2, honest.len() - 1);
    assert_eq!(honest[4] ^ 0x01, faulty[4]);
    assert_eq!(honest[5..body], faulty[5..body]);
    assert_ne!(honest[body..], faulty[body..]);
    // On the wire, only the last bit.
    let faulty = &look(&["challenge:bad-signature"], 0x12, 1)[CHALLENGE_AUTH].0;
    assert_eq!(honest[..last], faulty[..last]);
    assert_eq!(honest[last] ^ 0x01, faulty[last]);
}
