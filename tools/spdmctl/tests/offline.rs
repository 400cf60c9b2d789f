// SPDX-License-Identifier: GPL-2.0

//! `verify --from`: exit codes, output, and what is done about files that are no evidence.

mod common;

use std::{
    collections::BTreeMap,
    fs,
    path::Path, //
};

use assert_cmd::Command;
use common::{
    device::{
        Recipe,
        NONCE, //
    },
    spdmctl,
};
use predicates::{
    prelude::PredicateBooleanExt,
    str::{
        contains,
        is_empty, //
    }, //
};
use spdmctl::{
    chain,
    evidence::{
        ObjectType,
        Slot, //
    },
    store,
    trust, //
};

const PASS: i32 = 0;
const POLICY: i32 = 1;
const MALFORMED: i32 = 2;
const ENVIRONMENT: i32 = 3;

/// A directory with saved evidence and the file of roots to judge it by.
struct Saved(tempfile::TempDir);

impl Saved {
    fn new(recipe: &Recipe) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let evidence = recipe.evidence();
        let index = store::Index::new(&evidence, "2026-11-21T00:00:00Z".to_owned(), Some(&NONCE));
        let cert = ObjectType::Cert(Slot::new(0).unwrap());
        let pem = chain::pem(cert, evidence.bytes(cert).unwrap(), &evidence).unwrap();
        let pem = BTreeMap::from([(cert, pem)]);
        store::save(&directory.path().join("evidence"), &evidence, &index, &pem).unwrap();
        fs::write(directory.path().join("roots.pem"), recipe.roots()).unwrap();
        Self(directory)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// `verify` with these arguments behind the usual ones.
    fn verify(&self, arguments: &[&str]) -> Command {
        let (from, roots) = (self.path("evidence"), self.path("roots.pem"));
        let usual = ["verify", "--from", &from, "--trust", &roots];
        spdmctl(&[&usual, arguments].concat())
    }

    fn flip(&self, file: &str, offset: usize) {
        let path = self.path(&format!("evidence/{file}"));
        let mut bytes = fs::read(&path).unwrap();
        bytes[offset] ^= 1;
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn good_evidence_passes() {
    Saved::new(&Recipe::default())
        .verify(&["--nonce", &hex::encode(NONCE), "--at", "2026-11-21"])
        .assert()
        .code(PASS)
        .stderr(is_empty())
        .stdout(
            contains("SPDM        1.2, sha256, ecdsa-nist-p256, slot 0")
                .and(contains("trust         ok"))
                .and(contains("\n\nPASS\n")),
        );
}

#[test]
fn what_was_not_judged_is_said() {
    Saved::new(&Recipe::default())
        .verify(&[])
        .assert()
        .code(PASS)
        .stdout(contains("PASS, but not judged: nonce\n"));
}

#[test]
fn refused_evidence_says_why() {
    Saved::new(&Recipe::default())
        .verify(&["--nonce", &"00".repeat(32)])
        .assert()
        .code(POLICY)
        .stdout(contains("nonce         REFUSED").and(contains("FAIL: the evidence is refused\n")));
    Saved::new(&Recipe::with_fault("challenge:bad-signature"))
        .verify(&[])
        .assert()
        .code(POLICY)
        .stdout(contains("signature     REFUSED"));
    Saved::new(&Recipe::default())
        .verify(&["--at", "1999-12-31"])
        .assert()
        .code(POLICY)
        .stdout(contains(
            "validity      REFUSED  certificate 0: not valid before 2020-01-01",
        ));
}

#[test]
fn malformed_evidence_says_where() {
    let saved = Saved::new(&Recipe::default());
    saved.flip("challenge.bin", 1);
    saved.verify(&[]).assert().code(MALFORMED).stdout(
        contains("transcript    MALFORMED    GET_VERSION: byte 1 is 0x85, 0x84 expected (challenge, bytes 1 to 2)")
            .and(contains("FAIL: the evidence is malformed\n")),
    );
}

#[test]
fn the_worst_outcome_makes_the_exit_code() {
    let saved = Saved::new(&Recipe::default());
    saved.flip("vca.bin", 20);
    saved
        .verify(&["--nonce", &"00".repeat(32)])
        .assert()
        .code(MALFORMED);
}

#[test]
fn json_has_every_check() {
    let saved = Saved::new(&Recipe::with_fault("certificate:san-other"));
    let output = saved.verify(&["--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(POLICY));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["verdict"], "refused");
    assert_eq!(json["exit_code"], POLICY);
    assert_eq!(json["spdm"]["version"], "1.2");
    let checks = json["checks"].as_array().unwrap();
    let outcome = |name: &str| {
        let check = checks.iter().find(|check| check["check"] == name);
        check.unwrap()["outcome"].clone()
    };
    assert_eq!(outcome("identity"), "refused");
    assert_eq!(outcome("chain-hash"), "pass");
    assert_eq!(outcome("nonce"), "not-judged");
}

#[test]
fn trust_must_be_given_or_waived() {
    let saved = Saved::new(&Recipe::default());
    let from = saved.path("evidence");
    spdmctl(&["verify", "--from", &from])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("--trust"));
    spdmctl(&["verify", "--from", &from, "--any-root"])
        .assert()
        .code(PASS)
        .stdout(contains("PASS, but not judged: nonce, trust\n"));
}

#[test]
fn a_device_or_a_directory_must_be_given_and_not_both() {
    spdmctl(&["verify", "--any-root"])
        .assert()
        .code(ENVIRONMENT);
    spdmctl(&["verify", "01:00.0", "--from", "x", "--any-root"])
        .assert()
        .code(ENVIRONMENT);
}

#[test]
fn saved_evidence_cannot_be_fresh() {
    Saved::new(&Recipe::default())
        .verify(&["--nonce", "fresh"])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("saved evidence cannot answer a fresh nonce"));
}

#[test]
fn files_that_are_no_evidence_are_told_apart() {
    let saved = Saved::new(&Recipe::default());
    let nothing = saved.path("nothing");
    spdmctl(&["verify", "--any-root", "--from", &nothing])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("evidence.json: No such file or directory"));
    fs::write(saved.path("evidence/evidence.json"), "{}").unwrap();
    saved
        .verify(&[])
        .assert()
        .code(MALFORMED)
        .stderr(contains("evidence.json: missing field"));
}

#[test]
fn a_file_without_roots_is_an_environment_error() {
    let saved = Saved::new(&Recipe::default());
    fs::write(saved.path("roots.pem"), "nothing").unwrap();
    saved
        .verify(&[])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("roots.pem: no certificate in it"));
}

#[test]
fn the_certificates_are_saved_for_other_tools() {
    let saved = Saved::new(&Recipe::default());
    let path = saved.path("evidence/cert0.pem");
    let certificates = trust::load(Path::new(&path)).unwrap();
    assert_eq!(certificates.len(), 3);
    let roots = trust::load(Path::new(&saved.path("roots.pem"))).unwrap();
    let root = certificates[0].certificate.der();
    assert!(roots.iter().any(|other| other.certificate.der() == root));
}
