// SPDX-License-Identifier: GPL-2.0

//! `verify --from`: exit codes, output, and what is done about files that are no evidence.

mod common;

use std::{
    fs,
    path::Path, //
};

use common::{
    device::{
        Measure,
        Recipe,
        NONCE, //
    },
    saved::Saved,
    spdmctl,
};
use predicates::{
    prelude::PredicateBooleanExt,
    str::{
        contains,
        is_empty, //
    }, //
};
use spdmctl::trust;

const PASS: i32 = 0;
const POLICY: i32 = 1;
const MALFORMED: i32 = 2;
const ENVIRONMENT: i32 = 3;

/// How a line about a check begins.
fn row(check: &str, result: &str) -> String {
    format!("\n{check:<22}  {result}")
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
                .and(contains(row("trust", "ok")))
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
        .stdout(contains(row("nonce", "REFUSED")).and(contains("FAIL: the evidence is refused\n")));
    Saved::new(&Recipe::with_fault("challenge:bad-signature"))
        .verify(&[])
        .assert()
        .code(POLICY)
        .stdout(contains(row("signature", "REFUSED")));
    Saved::new(&Recipe::default())
        .verify(&["--at", "1999-12-31"])
        .assert()
        .code(POLICY)
        .stdout(contains(row(
            "validity",
            "REFUSED  certificate 0: not valid before 2020-01-01",
        )));
}

#[test]
fn malformed_evidence_says_where() {
    let saved = Saved::new(&Recipe::default());
    saved.flip("challenge.bin", 1);
    saved.verify(&[]).assert().code(MALFORMED).stdout(
        contains(row(
            "transcript",
            "MALFORMED    GET_VERSION: byte 1 is 0x85, 0x84 expected",
        ))
        .and(contains(" (challenge, bytes 1 to 2)\n"))
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

#[test]
fn a_policy_file_stands_in_for_options() {
    let saved = Saved::new(&Recipe::default());
    let (from, policy) = (saved.path("evidence"), saved.path("policy.toml"));
    let verify = |text: &str| {
        fs::write(&policy, text).unwrap();
        spdmctl(&["verify", "--from", &from, "--policy", &policy]).assert()
    };
    verify("roots = [\"roots.pem\"]\nsan = \"require\"\n").code(PASS);
    verify("roots = [\"roots.pem\"]\nminimum-version = \"1.3\"\n")
        .code(POLICY)
        .stdout(contains(row("policy", "REFUSED  SPDM 1.2 is too old")));
    verify("")
        .code(POLICY)
        .stdout(contains(row("trust", "REFUSED")));
    verify("root = 1")
        .code(ENVIRONMENT)
        .stderr(contains("policy.toml: ").and(contains("unknown field `root`")));
}

#[test]
fn saved_evidence_is_shown_in_every_form() {
    let saved = Saved::new(&Recipe::default());
    let from = saved.path("evidence");
    let show = |arguments: &[&str]| {
        let mut command = spdmctl(&[&["evidence", "--from", &from], arguments].concat());
        command.unwrap().stdout
    };
    let file = |name: &str| fs::read(saved.path(&format!("evidence/{name}"))).unwrap();
    let table = String::from_utf8(show(&[])).unwrap();
    assert!(
        table.contains("SPDM        1.2, sha256, ecdsa-nist-p256"),
        "{table}"
    );
    assert_eq!(show(&["--type", "vca", "--format", "raw"]), file("vca.bin"));
    assert_eq!(
        show(&["--type", "cert0", "--format", "pem"]),
        file("cert0.pem")
    );
    let dump = String::from_utf8(show(&["--type", "vca", "--format", "hex"])).unwrap();
    assert!(dump.starts_with("000000  10 84 00 00 10 04 "), "{dump}");
    let json: serde_json::Value = serde_json::from_slice(&show(&["--json"])).unwrap();
    assert_eq!(json["objects"]["vca"]["length"], file("vca.bin").len());
}

#[test]
fn a_capture_holds_every_message() {
    let saved = Saved::new(&Recipe::default());
    let path = saved.path("exchange.pcap");
    let from = saved.path("evidence");
    spdmctl(&[
        "evidence", "--from", &from, "--format", "pcap", "--out", &path,
    ])
    .assert()
    .code(PASS);
    let capture = fs::read(path).unwrap();
    let mut transcript = fs::read(saved.path("evidence/challenge.bin")).unwrap();
    // Measurements follow, without the negotiation that is there already.
    let negotiation = fs::read(saved.path("evidence/vca.bin")).unwrap().len();
    let measurements = fs::read(saved.path("evidence/measurements.bin")).unwrap();
    transcript.extend(&measurements[negotiation..]);
    // spdm_dump refuses captures of longer packets than these.
    assert_eq!(capture[16..20], 0x1_0000u32.to_le_bytes());
    let mut rest = &capture[24..];
    let mut codes = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap());
        let (packet, next) = rest[16..].split_at(length.try_into().unwrap());
        let message = &packet[8..];
        // The transcript goes on behind the message, the packet with zeroes up to a dword.
        let common = message.iter().zip(&transcript);
        let length = common.take_while(|(here, there)| here == there).count();
        let length = length.min(message.len());
        assert!(message.len() - length < 4 && message[length..].iter().all(|byte| *byte == 0));
        transcript.drain(..length);
        codes.push(message[1]);
        rest = next;
    }
    assert!(transcript.is_empty());
    assert_eq!(codes[..8], [0x84, 0x04, 0xe1, 0x61, 0xe3, 0x63, 0x81, 0x01]);
    assert_eq!(codes[codes.len() - 4..], [0x83, 0x03, 0xe0, 0x60]);
}

#[test]
fn measurements_are_shown_decoded() {
    let saved = Saved::new(&Recipe::default());
    let from = saved.path("evidence");
    spdmctl(&["evidence", "--from", &from])
        .assert()
        .code(PASS)
        .stdout(
            contains("\nINDEX  MEASURED ")
                .and(contains(
                    "operation: normal; debug: none, and none before\n",
                ))
                .and(contains(
                    "Signed; whether by the device, `spdmctl verify` tells.\n",
                )),
        );
    let output = spdmctl(&["evidence", "--from", &from, "--json"]).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let measurements = &json["measurements"];
    assert_eq!(measurements["signed"], true);
    assert_eq!(measurements["hash"], "sha512");
    assert_eq!(measurements["blocks"][4]["index"], 0x10);
    assert_eq!(measurements["blocks"][4]["type"], "secure-version-number");
    assert_eq!(measurements["blocks"][4]["value"], "0700000000000000");

    // Only those who ask for other objects do not get them.
    spdmctl(&["evidence", "--from", &from, "--type", "vca"])
        .assert()
        .stdout(contains("MEASURED").not());

    saved.flip("measurements.bin", 30);
    spdmctl(&["evidence", "--from", &from])
        .assert()
        .code(PASS)
        .stdout(contains(
            "measurements: bytes 30 to 31: another negotiation",
        ));
}

#[test]
fn a_verdict_tells_the_measurements() {
    let saved = Saved::new(&Recipe::default());
    let output = saved.verify(&["--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["verdict"], "pass");
    assert_eq!(json["measurements"]["blocks"].as_array().unwrap().len(), 8);
    assert_eq!(json["generation"], 1);
}

#[test]
fn measurements_can_be_demanded_on_the_command_line() {
    let recipe = Recipe {
        measure: Measure::No,
        ..Recipe::default()
    };
    let saved = Saved::new(&recipe);
    saved
        .verify(&[])
        .assert()
        .code(PASS)
        .stdout(contains("PASS, but not judged: nonce, measurements\n"));
    saved
        .verify(&["--measurements", "signed"])
        .assert()
        .code(POLICY)
        .stdout(contains("\nmeasurements  REFUSED"));
}

#[test]
fn a_good_device_makes_the_policy_for_others() {
    let saved = Saved::new(&Recipe::default());
    let (from, policy) = (saved.path("evidence"), saved.path("policy.toml"));
    let lines = spdmctl(&["evidence", "--from", &from, "--format", "policy"])
        .unwrap()
        .stdout;
    let lines = String::from_utf8(lines).unwrap();
    let start = "roots = [\"roots.pem\"]\nother-measurements = \"refuse\"\n";
    let verify = |lines: &str| {
        fs::write(&policy, format!("{start}{lines}")).unwrap();
        spdmctl(&["verify", "--from", &from, "--policy", &policy]).assert()
    };
    verify(&lines)
        .code(PASS)
        .stdout(contains(row("measurements-values", "ok")));
    assert!(lines.contains("index = 0x10\ntype = \"secure-version-number\"\nminimum-svn = 7\n"));
    verify(&lines.replace("minimum-svn = 7", "minimum-svn = 8"))
        .code(POLICY)
        .stdout(contains(
            "measurement 0x10 is secure version 7, which is too old (measurements, bytes ",
        ));
    let (_, rest) = lines.split_once("\n\n").unwrap();
    verify(rest)
        .code(POLICY)
        .stdout(contains("measurement 0x01 is not expected"));
}

#[test]
fn several_objects_are_not_mixed_in_one_stream() {
    let saved = Saved::new(&Recipe::default());
    let from = saved.path("evidence");
    spdmctl(&["evidence", "--from", &from, "--format", "raw"])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("--type"));
}

#[test]
fn completions_and_manual_come_from_the_same_definition() {
    for shell in ["bash", "zsh", "fish"] {
        spdmctl(&["completions", shell])
            .assert()
            .code(PASS)
            .stdout(contains("disconnect"));
    }
    spdmctl(&["man"])
        .assert()
        .code(PASS)
        .stdout(contains(".TH spdmctl 1").and(contains("Exit codes")));
    for (arguments, key) in [(&["completions", "zsh"][..], "script"), (&["man"], "page")] {
        let output = spdmctl(&[arguments, &["--json"]].concat()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(json[key].as_str().unwrap().contains("disconnect"));
    }
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    spdmctl(&["man", "--out", out]).assert().code(PASS);
    for page in ["spdmctl.1", "spdmctl-verify.1", "spdmctl-monitor.1"] {
        assert!(directory.path().join(page).exists(), "{page}");
    }
}
