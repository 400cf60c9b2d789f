// SPDX-License-Identifier: GPL-2.0

//! `list`, `connect`, `disconnect`, and what the tool says when it cannot.

mod common;

use common::{
    spdmctl,
    FakeSysfs,
    NVME, //
};
use predicates::{
    prelude::PredicateBooleanExt,
    str::{
        contains,
        is_empty, //
    }, //
};

const PASS: i32 = 0;
const ENVIRONMENT: i32 = 3;

#[test]
fn list_shows_devices_and_tsms() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs.add_device("0000:02:00.0");
    sysfs.add_tsm("tsm1", "cma");
    sysfs.add_tsm("tsm0", "psp0");
    sysfs.spdmctl(&["list"]).assert().code(PASS).stdout(
        "DEVICE        ID         STATE          TSM  GENERATION  ACCEPTED  SLOT  FAILURE  DRIVER\n\
         0000:01:00.0  1b36:0010  not connected  -    -           -         -     -        -\n\
         0000:02:00.0  1b36:0010  no TSM         -    -           -         -     -        -\n\
         \n\
         TSM   PROVIDER  KIND\n\
         tsm0  psp0      platform\n\
         tsm1  cma       native CMA\n",
    );
}

#[test]
fn list_on_a_machine_with_nothing_says_so() {
    let sysfs = FakeSysfs::empty();
    sysfs.spdmctl(&["list"]).assert().code(PASS).stdout(
        "No device with a CMA mailbox.\n\nNo TSM: this kernel cannot connect to any device.\n",
    );
}

#[test]
fn list_in_json_has_the_same_facts() {
    let sysfs = FakeSysfs::with_nvme("tsm0");
    sysfs.add_tsm("tsm0", "cma");
    let output = sysfs.spdmctl(&["list", "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["devices"][0]["device"], NVME);
    assert_eq!(json["devices"][0]["state"], "connected");
    assert_eq!(json["devices"][0]["tsm"], "tsm0");
    assert_eq!(json["tsms"][0]["native_cma"], true);
}

#[test]
fn connect_takes_the_native_tsm() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs.add_tsm("tsm0", "psp0");
    sysfs.add_tsm("tsm1", "cma");
    sysfs
        .spdmctl(&["connect", "01:00.0"])
        .assert()
        .code(PASS)
        .stdout("0000:01:00.0: connected through tsm1; evidence is ready\n");
    assert!(sysfs.attribute(NVME, "connect").starts_with("tsm1"));
}

#[test]
fn connect_takes_the_tsm_that_it_is_told() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs.add_tsm("tsm1", "cma");
    sysfs
        .spdmctl(&["connect", NVME, "--tsm", "tsm0"])
        .assert()
        .code(PASS);
    assert!(sysfs.attribute(NVME, "connect").starts_with("tsm0"));
}

#[test]
fn connecting_twice_changes_nothing_and_passes() {
    let sysfs = FakeSysfs::with_nvme("tsm0");
    sysfs.add_tsm("tsm0", "cma");
    let output = sysfs
        .spdmctl(&["connect", NVME, "--json"])
        .assert()
        .code(PASS)
        .get_output()
        .stdout
        .clone();
    let json: serde_json::Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(json["changed"], false);
    assert_eq!(json["state"], "connected");
}

#[test]
fn connecting_through_another_tsm_needs_a_disconnect() {
    let sysfs = FakeSysfs::with_nvme("tsm0");
    sysfs
        .spdmctl(&["connect", NVME, "--tsm", "tsm1"])
        .assert()
        .code(ENVIRONMENT)
        .stdout(is_empty())
        .stderr(
            contains("0000:01:00.0: already connected through tsm0")
                .and(contains("hint: `spdmctl disconnect 0000:01:00.0` first")),
        );
}

#[test]
fn connect_without_any_tsm_says_what_the_kernel_lacks() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs
        .spdmctl(&["connect", NVME])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("no TSM is registered").and(contains("hint: the kernel needs")));
}

#[test]
fn connect_with_only_a_platform_tsm_asks_for_a_choice() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs.add_tsm("tsm0", "psp0");
    sysfs
        .spdmctl(&["connect", NVME])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("registered TSMs (tsm0)").and(contains("--tsm")));
}

#[test]
fn connect_chooses_the_slot_first() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs.add_tsm("tsm0", "cma");
    sysfs.set_attribute(NVME, "slot", "any\n");
    sysfs
        .spdmctl(&["connect", NVME, "--slot", "3"])
        .assert()
        .code(PASS);
    assert!(sysfs.attribute(NVME, "slot").starts_with('3'));
    assert!(sysfs.attribute(NVME, "connect").starts_with("tsm0"));

    let sysfs = FakeSysfs::with_nvme("");
    sysfs.add_tsm("tsm0", "cma");
    sysfs.set_attribute(NVME, "slot", "");
    sysfs
        .spdmctl(&["connect", NVME, "--slot", "any"])
        .assert()
        .code(PASS);
    assert_eq!(sysfs.attribute(NVME, "slot"), "any");
    sysfs
        .spdmctl(&["connect", NVME, "--slot", "8"])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("slots are 0 to 7"));
}

#[test]
fn a_slot_that_cannot_be_chosen_keeps_the_device_from_being_connected() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs.add_tsm("tsm0", "cma");
    sysfs
        .spdmctl(&["connect", NVME, "--slot", "3"])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("0000:01:00.0: choose slot 3").and(contains("hint: this kernel lets no")));
    assert_eq!(sysfs.attribute(NVME, "connect"), "\n");

    // Another slot is not what a connected device was challenged about.
    let sysfs = FakeSysfs::with_nvme("tsm0");
    sysfs.set_attribute(NVME, "slot", "any\n");
    sysfs
        .spdmctl(&["connect", NVME, "--tsm", "tsm0", "--slot", "3"])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("already connected through tsm0"));
    assert_eq!(sysfs.attribute(NVME, "slot"), "any\n");
}

#[test]
fn list_tells_failure_slot_and_acceptance() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs.set_attribute(NVME, "failure", "refused 0x05\n");
    sysfs.set_attribute(NVME, "slot", "any\n");
    sysfs.set_attribute(NVME, "validated", "\n");
    let accepted = "0000:02:00.0";
    sysfs.add_device(accepted);
    sysfs.add_tsm_directory(accepted, "tsm0");
    sysfs.set_attribute(accepted, "failure", "\n");
    sysfs.set_attribute(accepted, "slot", "2\n");
    sysfs.set_attribute(accepted, "validated", "17\n");
    sysfs.spdmctl(&["list"]).assert().code(PASS).stdout(
        contains("not connected  -     -           -         any   refused 0x05  -\n").and(
            contains("connected      tsm0  17          yes       2     -             -\n"),
        ),
    );
    let output = sysfs.spdmctl(&["list", "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let failure = &json["devices"][0]["failure"];
    assert_eq!(failure["reason"], "refused");
    assert_eq!(failure["spdm_error_code"], 5);
    assert_eq!(json["devices"][0]["slot"], "any");
    assert!(json["devices"][1]["failure"].is_null());
    assert_eq!(json["devices"][1]["accepted"], true);
    assert_eq!(json["devices"][1]["generation"], 17);
}

#[test]
fn disconnect_names_the_tsm() {
    let sysfs = FakeSysfs::with_nvme("tsm3");
    sysfs
        .spdmctl(&["disconnect", NVME])
        .assert()
        .code(PASS)
        .stdout("0000:01:00.0: disconnected\n");
    assert_eq!(sysfs.attribute(NVME, "disconnect"), "tsm3");
}

#[test]
fn disconnecting_twice_changes_nothing_and_passes() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs
        .spdmctl(&["disconnect", NVME])
        .assert()
        .code(PASS)
        .stdout("0000:01:00.0: was not connected\n");
}

#[test]
fn a_device_without_a_tsm_cannot_be_connected() {
    let sysfs = FakeSysfs::empty();
    sysfs.add_device(NVME);
    sysfs.add_tsm("tsm0", "cma");
    for command in ["connect", "disconnect", "evidence"] {
        sysfs
            .spdmctl(&[command, NVME])
            .assert()
            .code(ENVIRONMENT)
            .stderr(contains("0000:01:00.0: no TSM serves this device"));
    }
}

#[test]
fn a_device_can_be_named_by_path() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs.add_tsm("tsm0", "cma");
    let path = sysfs.path().join("bus/pci/devices").join(NVME);
    sysfs
        .spdmctl(&["connect", path.to_str().unwrap()])
        .assert()
        .code(PASS);
}

#[test]
fn a_device_that_does_not_exist_is_an_environment_error() {
    let sysfs = FakeSysfs::empty();
    sysfs
        .spdmctl(&["connect", "02:00.0"])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("0000:02:00.0: no such PCI device").and(contains("spdmctl list")));
    sysfs
        .spdmctl(&["connect", "nvme0"])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("nvme0: not the name of a PCI device"));
}

#[test]
fn evidence_of_a_device_that_is_not_connected_says_how_to_connect() {
    let sysfs = FakeSysfs::with_nvme("");
    sysfs
        .spdmctl(&["evidence", NVME])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("not connected").and(contains("hint: `spdmctl connect 0000:01:00.0`")));
}

#[test]
fn errors_are_json_too() {
    let sysfs = FakeSysfs::empty();
    let output = sysfs
        .spdmctl(&["connect", "02:00.0", "--json"])
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["exit_code"], ENVIRONMENT);
    assert_eq!(json["error"], "0000:02:00.0: no such PCI device");
}

#[test]
fn wrong_usage_is_not_taken_for_malformed_evidence() {
    spdmctl(&["--no-such-option"]).assert().code(ENVIRONMENT);
    spdmctl(&["evidence", NVME, "--nonce", "00"])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("1 bytes; a nonce has 32"));
}

#[test]
fn help_and_version_go_to_stdout() {
    for option in ["--help", "--version"] {
        spdmctl(&[option])
            .assert()
            .code(PASS)
            .stdout(contains("spdmctl").or(contains("Exit codes")))
            .stderr(is_empty());
    }
}
