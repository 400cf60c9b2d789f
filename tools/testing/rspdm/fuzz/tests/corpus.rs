// SPDX-License-Identifier: GPL-2.0

//! Every input that was worth keeping is tried again, without libFuzzer: whatever broke a target
//! once, and whatever led to a place in the code that the seeds do not lead to.

use rspdm_fuzz::{
    corpus,
    targets::{
        Target,
        ALL, //
    },
};

fn replay(name: &str) {
    let target: &Target = ALL.iter().find(|target| target.name == name).unwrap();
    let seeds = (target.seeds)();
    let inputs = corpus::inputs(name);
    assert!(!seeds.is_empty() && !inputs.is_empty());
    for input in seeds.iter().chain(&inputs) {
        // A panic in the target is told with the input that causes it.
        let result = std::panic::catch_unwind(|| (target.run)(input));
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(result.is_ok(), "{name}: {hex}");
    }
}

#[test]
fn messages_are_judged_like_before() {
    replay("messages");
}

#[test]
fn sessions_end_like_before() {
    replay("session");
}

#[test]
fn evidence_is_judged_like_before() {
    replay("evidence");
}

#[test]
fn what_a_kernel_says_is_read_like_before() {
    replay("netlink");
}

#[test]
fn requests_are_answered_like_before() {
    replay("responder");
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let directory = corpus::path("");
    let files = std::fs::read_dir(directory.parent().unwrap()).unwrap();
    let mut names: Vec<_> = files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".hex").map(str::to_owned))
        .collect();
    names.sort();
    let mut targets: Vec<_> = ALL.iter().map(|target| target.name.to_owned()).collect();
    targets.sort();
    assert_eq!(names, targets);
}
