// SPDX-License-Identifier: GPL-2.0

//! The responder's conformance suite, with the requester of the kernel: each case ends with the
//! errno that it has to end with.

mod common;

use std::{
    net::SocketAddr,
    time::Duration, //
};

use common::{
    errno,
    run, //
};
use rspdm_host::{
    environment::DATA_TRANSFER_SIZE,
    transport::{
        Socket,
        DOE_TIMEOUT, //
    },
};
use rspdm_proto::proto::requester::Policy;
use rspdm_responder::suite::{
    self,
    outcome::{
        Ending,
        Outcome, //
    },
    report::Report,
    Case, //
};

/// Runs the requester, which waits so long for a response.
fn authenticate(address: SocketAddr, timeout: Duration) -> Ending {
    let mut socket = Socket::connect(address, timeout).unwrap();
    let run = run(&mut socket, None, Policy::DEFAULT, DATA_TRANSFER_SIZE);
    Ending::Errno(errno(&run.result))
}

/// Tries cases, so many at a time.
fn try_all(cases: &[Case], jobs: usize, timeout: Duration) {
    let requester = |address, _version| authenticate(address, timeout);
    let verdicts = suite::run::run(cases, jobs, &requester, &|_, _| ());
    let report = Report::new(cases, &verdicts);
    println!("{report}");
    let failures = report.failures();
    assert!(failures.is_empty(), "{failures:#?}");
}

fn cases() -> Vec<Case> {
    (0x10..=0x14).flat_map(suite::cases).collect()
}

fn may_wait(case: &Case) -> bool {
    case.outcome == Outcome::LATE
}

#[test]
fn every_case_ends_as_it_must() {
    let mut cases = cases();
    cases.retain(|case| !may_wait(case));
    assert!(cases.len() > 20_000, "{}", cases.len());
    // A busy machine is not a silent device.
    try_all(&cases, 3, 10 * DOE_TIMEOUT);
}

#[test]
fn devices_that_are_late_or_silent_are_given_up() {
    let mut cases = cases();
    cases.retain(may_wait);
    try_all(&cases, 40, DOE_TIMEOUT);
}

#[test]
fn device_without_faults_is_accepted() {
    let requester = |address, _version| authenticate(address, 10 * DOE_TIMEOUT);
    for version in 0x10..=0x14 {
        assert_eq!(suite::run::control(&requester, version), Ending::Errno("0"));
    }
}

#[test]
fn suite_notices_who_accepts_or_refuses_everything() {
    let cases = suite::cases(0x14);
    for (ending, is_right) in [
        ("0", "algorithms:reserved:flip=3"),
        ("EIO", "algorithms:garbage=7"),
    ] {
        let judge = |case: &&Case| case.outcome.judge(&Ending::Errno(ending)).is_none();
        let passed: Vec<_> = cases.iter().filter(judge).collect();
        assert!(passed.iter().any(|case| case.fault == is_right));
        assert!(passed.len() < cases.len() / 3);
    }
}
