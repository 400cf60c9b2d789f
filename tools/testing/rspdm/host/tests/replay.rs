// SPDX-License-Identifier: GPL-2.0

//! Recorded sessions are authenticated again; damaged ones are not.

mod common;

use std::{
    fs,
    path::PathBuf, //
};

use common::Impatient;
use rspdm_host::{
    environment::resources,
    session::{
        Replay,
        Session, //
    },
};
use rspdm_proto::proto::{
    error::Error,
    record::Record,
    requester::Requester, //
};

fn sessions() -> Vec<(PathBuf, Session)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors");
    let mut sessions = vec![];
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "session")
        {
            let text = fs::read_to_string(&path).unwrap();
            let session = Session::from_text(&text);
            let session = session.unwrap_or_else(|error| panic!("{path:?}: {error}"));
            sessions.push((path, session));
        }
    }
    assert!(!sessions.is_empty());
    sessions
}

fn replay(session: &Session) -> (Result<Record, Error>, bool) {
    let resources = resources(
        Replay::new(session.exchanges.clone()),
        Impatient::default(),
        session.data_transfer_size,
    );
    let mut requester = Requester::new(resources, session.policy).unwrap();
    let result = requester.authenticate(&session.freshness);
    let resources = requester.into_resources();
    (result, resources.transport.is_finished())
}

#[test]
fn recorded_sessions_are_authenticated() {
    for (path, session) in sessions() {
        let (result, is_finished) = replay(&session);
        assert!(result.is_ok(), "{path:?}: {result:?}");
        assert!(is_finished, "{path:?}");
    }
}

#[test]
fn text_of_a_session_is_the_session() {
    for (path, session) in sessions() {
        assert_eq!(session.to_text(), fs::read_to_string(path).unwrap());
    }
}

#[test]
fn truncated_responses_are_refused() {
    for (path, session) in sessions() {
        for (index, exchange) in session.exchanges.iter().enumerate() {
            let len = exchange.response.len();
            // Up to three bytes are padding. Every cut of a long message says nothing new.
            let step = if len > 40 { len / 20 } else { 1 };
            for cut in (4..=len).step_by(step) {
                let mut session = session.clone();
                session.exchanges[index].response.truncate(len - cut);
                let (result, _) = replay(&session);
                assert!(
                    matches!(result, Err(Error::Malformed { .. })),
                    "{path:?}: response {index} cut by {cut}: {result:?}"
                );
            }
        }
    }
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    for (path, session) in sessions() {
        for (index, exchange) in session.exchanges.iter().enumerate() {
            // The parsers' own tests go over every bit; here it is the whole that has to hold. What
            // is signed is noticed by the signature at the latest, so each verification counts.
            let bits = exchange.response.len() * 8;
            let padding = 3 * 8;
            for bit in (0..bits.saturating_sub(padding)).step_by(bits / 16 + 1) {
                let mut session = session.clone();
                session.exchanges[index].response[bit / 8] ^= 1 << (bit % 8);
                let (result, _) = replay(&session);
                assert!(result.is_err(), "{path:?}: response {index}, bit {bit}");
            }
        }
    }
}
