// SPDX-License-Identifier: GPL-2.0

//! Evidence that somebody saved: spdmctl reads it and judges it.
//!
//! The first byte of the input says in which form it is: the files of a directory, a collection,
//! or the objects alone.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process, //
};

use rspdm_host::{
    environment::{
        resources,
        StdClock, //
    },
    session::Replay,
};
use rspdm_proto::proto::{
    requester::{
        Requester,
        Store, //
    },
    slot::SlotId,
};
use spdmctl::{
    chain, cmw,
    evidence::{
        Evidence,
        Layout,
        Object,
        ObjectType, //
    },
    identity::{
        PciIdentity,
        Serial, //
    },
    measured, store, time,
    transcript::Transcript,
    verify::{
        self,
        Demands,
        IdentityDemand,
        Limits,
        MeasurementDemands, //
    },
};

use super::take;
use crate::recorded::{
    self,
    Recorded, //
};

/// Reads and judges.
pub fn run(mut input: &[u8]) {
    let [form] = take(&mut input);
    match form & 3 {
        0 => directory(input),
        1 => collection(input),
        _ => {
            let mut objects = BTreeMap::new();
            for kind in ObjectType::all() {
                let bytes = blob(&mut input);
                if !bytes.is_empty() {
                    let bytes = bytes.to_vec();
                    objects.insert(
                        kind,
                        Object {
                            bytes,
                            layout: None,
                        },
                    );
                }
            }
            judge(&evidence(objects));
        }
    }
}

/// The evidence of the recorded sessions, in all forms.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for recorded in recorded::all() {
        let evidence = evidence(objects(&recorded));
        let mut seed = vec![2];
        for kind in ObjectType::all() {
            push(&mut seed, evidence.bytes(kind).unwrap_or_default());
        }
        seeds.push(seed);
        if let Ok(collection) = measured::collection(&evidence) {
            seeds.push([&[1], collection.as_bytes()].concat());
        }
        let scratch = scratch();
        let _ = fs::remove_dir_all(&scratch);
        let index = store::Index::new(&evidence, "2026-11-21T00:00:00Z".to_owned(), Some(&[7; 32]));
        store::save(&scratch, &evidence, &index, &BTreeMap::new()).expect("room for evidence");
        let mut seed = vec![0];
        push(&mut seed, &fs::read(scratch.join(INDEX)).expect("an index"));
        for object in evidence.objects.values() {
            push(&mut seed, &object.bytes);
        }
        seeds.push(seed);
    }
    seeds
}

const INDEX: &str = "evidence.json";

fn scratch() -> PathBuf {
    std::env::temp_dir().join(format!("rspdm-fuzz-{}", process::id()))
}

/// An index, then the objects that it names, in the kernel's order.
fn directory(mut input: &[u8]) {
    let scratch = scratch();
    let index = blob(&mut input);
    let text = String::from_utf8_lossy(index);
    fs::create_dir_all(&scratch).expect("a directory");
    fs::write(scratch.join(INDEX), index).expect("room for an index");
    for kind in ObjectType::all() {
        let name = kind.file_name();
        let path = scratch.join(&name);
        if text.contains(&name) {
            fs::write(path, blob(&mut input)).expect("room for an object");
        } else {
            let _ = fs::remove_file(path);
        }
    }
    match store::load(&scratch) {
        Ok(evidence) => judge(&evidence),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn collection(input: &[u8]) {
    match cmw::parse(input) {
        Ok(items) => {
            for item in items {
                let report = verify::verify_collection(&item, &demands());
                assert!(!report.passed() && !report.text().is_empty());
            }
        }
        Err(what) => assert!(!what.is_empty()),
    }
}

/// Nothing that nobody trusts passes, and everything can be shown.
fn judge(evidence: &Evidence) {
    let report = verify::verify(evidence, &demands());
    assert!(!report.passed() && !report.text().is_empty());
    let _ = measured::collection(evidence);
    for (kind, object) in &evidence.objects {
        if matches!(kind, ObjectType::Cert(_)) {
            let _ = chain::pem(*kind, &object.bytes, evidence);
        }
    }
    if let Some(bytes) = evidence.bytes(ObjectType::Challenge) {
        if let Ok(transcript) = Transcript::parse(bytes) {
            assert!(transcript.signature.end == bytes.len());
            assert_eq!(transcript.signed, &bytes[..transcript.signature.start]);
        }
    }
}

fn demands() -> Demands {
    Demands {
        nonce: None,
        // None is trusted, so that no evidence can pass.
        roots: Some(vec![]),
        time: time::parse("2026-11-21").expect("a day"),
        identity: IdentityDemand::Match,
        measurements: MeasurementDemands {
            no_others: true,
            ..MeasurementDemands::default()
        },
        limits: Limits::default(),
    }
}

/// The next bytes, after their length in 16 bits.
fn blob<'a>(input: &mut &'a [u8]) -> &'a [u8] {
    let len = usize::from(u16::from_le_bytes(take(input)));
    let (blob, rest) = input.split_at(input.len().min(len));
    *input = rest;
    blob
}

fn push(seed: &mut Vec<u8>, blob: &[u8]) {
    seed.extend((blob.len() as u16).to_le_bytes());
    seed.extend(blob);
}

fn evidence(objects: BTreeMap<ObjectType, Object>) -> Evidence {
    Evidence {
        device: PciIdentity {
            address: "0000:01:00.0".to_owned(),
            vendor: 0x1b36,
            device: 0x10,
            class: 0x01_0802,
            revision: 2,
            subsystem: Some((0x1af4, 0x1100)),
            serial: Serial::Absent,
        },
        generation: 1,
        count: Some(1),
        validated: false,
        objects,
    }
}

/// What the requester makes of a recorded session.
fn objects(recorded: &Recorded) -> BTreeMap<ObjectType, Object> {
    let session = &recorded.session;
    let mut transport = Replay::new(session.exchanges.clone());
    let resources = resources(
        &mut transport,
        StdClock::default(),
        session.data_transfer_size,
    );
    let requester = Requester::new(resources, session.policy).expect("a requester");
    let evidence = requester
        .authenticate(&session.freshness)
        .0
        .expect("evidence");
    let state = evidence.record().state;
    let layout = |requester_nonce, responder_nonce, signature, signature_len| Layout {
        spdm_version: state.version.to_wire().into(),
        hash: state.algorithms.hash.name().to_owned(),
        signature_algorithm: state.algorithms.asym.name().to_owned(),
        requester_nonce_offset: requester_nonce as u32,
        responder_nonce_offset: responder_nonce as u32,
        signature_offset: signature as u32,
        signature_length: signature_len as u32,
    };
    let mut objects = BTreeMap::new();
    let mut put = |kind, bytes: &[u8], layout| {
        let bytes = bytes.to_vec();
        if !bytes.is_empty() {
            objects.insert(kind, Object { bytes, layout });
        }
    };
    for slot in SlotId::ALL {
        let kind = ObjectType::from_number(slot.number().into()).expect("a certificate object");
        put(kind, evidence.connection.chain(slot), None);
    }
    put(ObjectType::Vca, evidence.connection.vca(), None);
    let at = evidence.record().layout;
    let challenge = layout(
        at.requester_nonce,
        at.responder_nonce,
        at.signature,
        at.signature_len,
    );
    put(
        ObjectType::Challenge,
        evidence.transcript.bytes(),
        Some(challenge),
    );
    if let Some(facts) = evidence.record().measurements {
        let at = facts.layout;
        let nonce = at.requester_nonce.unwrap_or(0);
        let measurements = layout(nonce, at.responder_nonce, at.signature, at.signature_len);
        put(
            ObjectType::Measurements,
            evidence.measurements.bytes(),
            Some(measurements),
        );
    }
    objects
}
