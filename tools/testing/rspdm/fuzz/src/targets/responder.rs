// SPDX-License-Identifier: GPL-2.0

//! The test responder: whatever it is asked, it answers with something that is a response.
//!
//! The input is DOE objects, each after a byte with its length less the header, in dwords; or, with
//! the highest bit of that byte set, requests without a header, after their length in bytes.

use std::sync::Arc;

use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::Config,
    connection::{
        Connection,
        Reply, //
    },
    doe,
    fault::Plan,
    random::Random, //
};

use super::take;
use crate::recorded;

/// Asks the responder one thing after the other.
pub fn run(mut input: &[u8]) {
    thread_local! {
        static PLAN: Arc<Plan> = Arc::new(plan());
    }
    let mut connection = Connection::new(PLAN.with(Arc::clone));
    for _ in 0..REQUESTS_MAX {
        if input.is_empty() {
            return;
        }
        let [first] = take(&mut input);
        let is_bare = first & 0x80 != 0;
        let len = usize::from(first & 0x7f);
        let len = if is_bare { len } else { 8 + 4 * len };
        let (bytes, rest) = input.split_at(input.len().min(len));
        input = rest;
        let request = match is_bare {
            true => Some(bytes),
            false => match doe::parse(bytes) {
                Some(doe::Request::Spdm(request)) => Some(request),
                Some(doe::Request::Discovery(index)) => {
                    assert_eq!(doe::discovery(index).is_some(), index < 2);
                    None
                }
                None => None,
            },
        };
        if let Some(request) = request {
            check(request, &connection.answer(request));
        }
    }
}

/// The requests of the recorded sessions, in both forms.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for recorded in recorded::all() {
        let (mut bare, mut objects) = (vec![], vec![]);
        for exchange in &recorded.session.exchanges {
            let request = &exchange.request;
            bare.push(0x80 | request.len() as u8);
            bare.extend(request);
            let object = doe::spdm(request, &[]);
            objects.push((object.len() / 4 - 2) as u8);
            objects.extend(object);
        }
        seeds.extend([bare, objects]);
    }
    seeds
}

/// Most requests of an input.
const REQUESTS_MAX: usize = 32;

fn plan() -> Plan {
    let mut config = Config {
        asym: vec![Asym::EcdsaP256],
        hash: vec![Hash::Sha256],
        slots: 0x05,
        ..Config::default()
    };
    config.chain.certificates = 2;
    Plan::new(config, Arc::new(Random::new(Some(7))), &[]).expect("a device without faults")
}

fn check(request: &[u8], reply: &Reply) {
    let answer = &reply.bytes;
    assert!(answer.len() >= 4 && reply.deliveries.is_empty());
    assert!((0x10..=0x14).contains(&answer[0]));
    // An ERROR, what was asked for, or what was asked for before.
    let asked = request.get(1).copied().unwrap_or(0);
    let is_answer = answer[1] == asked & 0x7f || asked == 0xff;
    assert!(
        answer[1] == 0x7f || is_answer,
        "{request:02x?}: {answer:02x?}"
    );
    let object = doe::spdm(answer, &[]);
    match doe::parse(&object) {
        Some(doe::Request::Spdm(inner)) => assert!(inner.starts_with(answer)),
        other => panic!("{other:?}"),
    }
}
