// SPDX-License-Identifier: GPL-2.0

//! Recorded sessions are authenticated again; damaged ones are not.

mod common;

use std::{
    fs,
    path::PathBuf, //
};

use common::Impatient;
use rspdm_host::{
    environment::{
        resources,
        HostConnection,
        HostEvidence, //
    },
    session::{
        Exchange,
        Replay,
        Session, //
    },
};
use rspdm_proto::proto::{
    error::Error,
    requester::{
        Freshness,
        Requester, //
    },
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

/// How a session ends, with all its refreshes; and whether everything in it took place.
fn replay(session: &Session) -> (Result<HostEvidence, Error>, bool) {
    let mut transport = Replay::new(session.exchanges.clone());
    let mut run = |connection: Option<HostConnection>, freshness: &Freshness| {
        let clock = Impatient::default();
        let resources = resources(&mut transport, clock, session.data_transfer_size);
        let requester = Requester::new(resources, session.policy).unwrap();
        match connection {
            Some(connection) => requester.refresh(connection, freshness).0,
            None => requester.authenticate(freshness).0,
        }
    };
    let first = run(None, &session.freshness);
    let mut refreshes = session.refreshes.iter();
    let result = refreshes.try_fold(first, |evidence, freshness| {
        evidence.map(|evidence| run(Some(evidence.connection), freshness))
    });
    (result.unwrap_or_else(Err), transport.is_finished())
}

#[test]
fn recorded_sessions_are_authenticated() {
    for (path, session) in sessions() {
        let (result, is_finished) = replay(&session);
        let evidence = result.unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert!(is_finished, "{path:?}");
        // The name says what there is to be found.
        let name = path.file_stem().unwrap().to_string_lossy();
        let facts = evidence.record().measurements;
        let is_signed = facts.map(|facts| facts.is_signed());
        let expected = if name.ends_with("-unsigned") {
            Some(false)
        } else {
            Some(true)
        };
        assert_eq!(is_signed, expected, "{path:?}");
    }
}

#[test]
fn text_of_a_session_is_the_session() {
    for (path, session) in sessions() {
        assert_eq!(session.to_text(), fs::read_to_string(path).unwrap());
    }
}

/// Whether a response was to GET_MEASUREMENTS.
fn is_of_measurements(exchange: &Exchange) -> bool {
    exchange.request[1] == 0xe0
}

/// How many exchanges come before the first refresh, which begins with a second CHALLENGE.
fn first_refresh(session: &Session) -> usize {
    let requests = session.exchanges.iter().map(|exchange| exchange.request[1]);
    let mut challenges = requests.enumerate().filter(|(_, code)| *code == 0x83);
    challenges.nth(1).unwrap().0
}

/// Bits of a response in front of what the requester was asked for: what carries it has reserved
/// ones, and the parser's own tests go over the others.
fn carrier_bits(exchange: &Exchange) -> usize {
    match (exchange.request[1], exchange.response[1]) {
        // ERROR LargeResponse has nothing else.
        (_, 0x7f) => exchange.response.len() * 8,
        (0x86, _) => 16 * 8,
        _ => 0,
    }
}

#[test]
fn truncated_responses_are_refused() {
    for (path, session) in sessions() {
        for (index, exchange) in session.exchanges.iter().enumerate() {
            let len = exchange.response.len();
            // Up to three bytes are padding. Every cut of a long message says nothing new.
            let step = if len > 40 { len / 8 } else { 1 };
            for cut in (4..=len).step_by(step) {
                let mut session = session.clone();
                session.exchanges[index].response.truncate(len - cut);
                let (result, _) = replay(&session);
                let error = result.err();
                // What is wrong on a connection that existed makes the requester begin anew, and
                // that was not recorded.
                let is_right = match error {
                    Some(Error::Malformed { .. }) => index < first_refresh(&session),
                    Some(Error::Environment { .. }) => index >= first_refresh(&session),
                    _ => false,
                };
                assert!(
                    is_right,
                    "{path:?}: response {index} cut by {cut}: {error:?}"
                );
            }
        }
    }
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    for (path, session) in sessions() {
        let is_unsigned = path.to_string_lossy().contains("-unsigned");
        for (index, exchange) in session.exchanges.iter().enumerate() {
            if is_unsigned && is_of_measurements(exchange) {
                continue;
            }
            // The parsers' own tests go over every bit; here it is the whole that has to hold. What
            // is signed is noticed by the signature at the latest, so each verification counts.
            let bits = exchange.response.len() * 8;
            let padding = 3 * 8;
            let places = carrier_bits(exchange)..bits.saturating_sub(padding);
            for bit in places.step_by(bits / 6 + 1) {
                let mut session = session.clone();
                session.exchanges[index].response[bit / 8] ^= 1 << (bit % 8);
                let (result, _) = replay(&session);
                assert!(result.is_err(), "{path:?}: response {index}, bit {bit}");
            }
        }
    }
}
