// SPDX-License-Identifier: GPL-2.0

//! Every fault that the test responder knows ends as its table says, both if it happens always and
//! if it happens once; and a device that has recovered is authenticated.

mod common;

use std::{
    sync::Mutex,
    thread, //
};

use common::{
    errno,
    Device, //
};
use rspdm_proto::proto::requester::Policy;
use rspdm_responder::{
    algorithm::Asym,
    config::Config,
    fault::{
        self,
        Fault, //
    }, //
};

/// Faults that nobody but a bus can find: in user space there is no device to compare with.
const OF_THE_BUS: [&str; 2] = ["certificate:san-other", "certificate:san-none"];

/// Faults that show in the second message of their kind first.
const IN_THE_SECOND: [&str; 4] = [
    "certificate:portion-too-long",
    "certificate:changed-total",
    "chunk-send:no-response",
    "chunk-send:acknowledgment-inside",
];

/// The faults that show in the second session first, because they need one to repeat.
const IN_THE_SECOND_SESSION: [&str; 2] = ["challenge:replay", "measurements:replay"];

/// The version that is spoken: the newest.
const VERSION: u8 = 0x14;

/// Runs one fault; returns what is not as it must be.
fn run(fault: &Fault) -> Option<String> {
    let name = fault.name();
    let name = name.as_str();
    let needs_another = IN_THE_SECOND_SESSION.contains(&name);
    let first = if IN_THE_SECOND.contains(&name) || needs_another {
        2
    } else {
        1
    };
    // This one is the fastest.
    let config = Config {
        asym: vec![Asym::EcdsaP256],
        ..Config::default()
    };
    let device = |fault| Device::new(config.clone(), &[fault]).that_may_be_silent();
    let always = device(name.to_owned());
    let once = device(format!("{name}@{first}"));
    let policy = Policy::DEFAULT;
    let (errno_always, errno_once) = fault.errnos(VERSION);
    let mut problems = vec![];
    for (device, expected, when) in [
        (&always, errno_always, "always"),
        (&once, errno_once, "once"),
    ] {
        if needs_another {
            problems.extend(
                device
                    .authenticate(policy)
                    .result
                    .err()
                    .map(|error| format!("{when}: first session: {error}")),
            );
        }
        let expected = if OF_THE_BUS.contains(&name) {
            "0"
        } else {
            expected
        };
        let run = device.authenticate(policy);
        let found = errno(&run.result);
        if found != expected {
            let words = run
                .result
                .map_or_else(|error| error.to_string(), |_| String::new());
            problems.push(format!("{when}: {found} ({words}), must be {expected}"));
        }
    }
    // What a device did once is no reason to refuse it for ever.
    let again = once.authenticate(Policy::DEFAULT);
    if let Err(error) = again.result {
        problems.push(format!("afterwards: {error}"));
    }
    (!problems.is_empty()).then(|| format!("{name}: {}", problems.join("; ")))
}

fn run_all(message: &str) {
    let mut faults = fault::all();
    faults.retain(|fault| {
        fault
            .name()
            .split_once(':')
            .is_some_and(|(kind, _)| kind == message)
    });
    assert!(!faults.is_empty());
    // Most of the time is spent waiting for devices that are slow or silent: wait for several.
    let queue = Mutex::new(faults.iter());
    let problems = Mutex::new(vec![]);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| loop {
                let fault = queue.lock().unwrap().next();
                let Some(fault) = fault else {
                    break;
                };
                problems.lock().unwrap().extend(run(fault));
            });
        }
    });
    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn faults_of_version_end_as_they_must() {
    run_all("version");
}

#[test]
fn faults_of_capabilities_end_as_they_must() {
    run_all("capabilities");
}

#[test]
fn faults_of_algorithms_end_as_they_must() {
    run_all("algorithms");
}

#[test]
fn faults_of_digests_end_as_they_must() {
    run_all("digests");
}

#[test]
fn faults_of_certificate_end_as_they_must() {
    run_all("certificate");
}

#[test]
fn faults_of_challenge_end_as_they_must() {
    run_all("challenge");
}

#[test]
fn faults_of_measurements_end_as_they_must() {
    run_all("measurements");
}

#[test]
fn faults_of_chunk_get_end_as_they_must() {
    run_all("chunk-get");
}

#[test]
fn faults_of_chunk_send_end_as_they_must() {
    run_all("chunk-send");
}
