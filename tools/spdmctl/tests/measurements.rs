// SPDX-License-Identifier: GPL-2.0

//! Measurements: what passes, what is demanded of them, and what is told about them.

mod common;

use common::{
    device::{
        Measure,
        Recipe, //
    },
    judge::{
        assert_outcome,
        assert_passes,
        demands, //
    },
};
use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::Config,
};
use spdmctl::{
    evidence::{
        Evidence,
        ObjectType,
        Slot, //
    },
    report::{
        Outcome,
        Report,
        Subject, //
    },
    verify::{
        verify,
        MeasurementDemands,
        Presence, //
    },
};

const OBJECT: ObjectType = ObjectType::Measurements;

fn presence(presence: Presence) -> MeasurementDemands {
    MeasurementDemands {
        presence: Some(presence),
        ..MeasurementDemands::default()
    }
}

fn judge(recipe: &Recipe) -> Report {
    let demands = demands(recipe, MeasurementDemands::default());
    verify(&recipe.evidence(), &demands)
}

#[test]
fn signed_measurements_of_every_version_and_algorithm_pass() {
    for version in 0x10..=0x14 {
        for asym in Asym::ALL {
            let recipe = Recipe {
                version,
                asym,
                hash: Hash::Sha384,
                ..Recipe::default()
            };
            let report = judge(&recipe);
            assert_passes(&report);
            let signature = report.check(Subject::MeasurementsSignature);
            assert_eq!(signature.unwrap().outcome, Outcome::Pass);
            assert_eq!(report.verdict(), "PASS");
        }
    }
}

#[test]
fn every_byte_of_every_version_matters() {
    for version in [0x10, 0x11, 0x14] {
        let recipe = Recipe {
            version,
            ..Recipe::default()
        };
        let good = recipe.evidence();
        let demands = demands(&recipe, MeasurementDemands::default());
        for index in 0..good.bytes(OBJECT).unwrap().len() {
            let mut evidence = good.clone();
            evidence.objects.get_mut(&OBJECT).unwrap().bytes[index] ^= 1 << (index % 8);
            let report = verify(&evidence, &demands);
            assert!(!report.passed(), "byte {index}:\n{}", report.text());
        }
    }
}

#[test]
fn a_device_that_cannot_measure_passes() {
    let recipe = Recipe::without_measurements();
    let report = judge(&recipe);
    assert_passes(&report);
    assert_eq!(report.verdict(), "PASS");
    for asked in [Presence::Present, Presence::Signed] {
        let report = verify(&recipe.evidence(), &demands(&recipe, presence(asked)));
        assert_outcome(&report, Subject::Measurements, Outcome::Refused);
    }
}

#[test]
fn measurements_that_were_left_out_are_missed() {
    let recipe = Recipe {
        measure: Measure::No,
        ..Recipe::default()
    };
    let report = judge(&recipe);
    assert_outcome(&report, Subject::Measurements, Outcome::NotJudged);
    assert_eq!(report.verdict(), "PASS, but not judged: measurements");
    for asked in [Presence::Present, Presence::Signed] {
        let report = verify(&recipe.evidence(), &demands(&recipe, presence(asked)));
        assert_outcome(&report, Subject::Measurements, Outcome::Refused);
    }
}

#[test]
fn measurements_of_a_device_that_has_none_are_refused() {
    let recipe = Recipe::without_measurements();
    let mut evidence = recipe.evidence();
    let other = Recipe::default().evidence().objects.remove(&OBJECT);
    evidence.objects.insert(OBJECT, other.unwrap());
    let report = verify(&evidence, &demands(&recipe, MeasurementDemands::default()));
    assert_outcome(&report, Subject::Measurements, Outcome::Malformed);
}

#[test]
fn unsigned_measurements_are_marked_as_such() {
    for version in 0x10..=0x14 {
        let recipe = Recipe::unsigned(version);
        let report = judge(&recipe);
        assert_outcome(&report, Subject::Measurements, Outcome::Pass);
        assert_outcome(&report, Subject::MeasurementsSignature, Outcome::NotJudged);
        assert_outcome(&report, Subject::MeasurementsNonce, Outcome::NotJudged);
        assert_eq!(
            report.verdict(),
            "PASS, but not judged: measurements-signature"
        );
        assert!(!report.measurements.as_ref().unwrap().signed);

        let judge = |asked| verify(&recipe.evidence(), &demands(&recipe, presence(asked)));
        assert!(judge(Presence::Present).passed());
        let report = judge(Presence::Signed);
        assert_outcome(&report, Subject::MeasurementsSignature, Outcome::Refused);
    }
}

#[test]
fn a_device_that_can_sign_is_not_let_off() {
    let recipe = Recipe {
        measure: Measure::Unsigned,
        ..Recipe::default()
    };
    let report = judge(&recipe);
    assert_outcome(&report, Subject::Measurements, Outcome::Refused);
    let check = report.check(Subject::Measurements).unwrap();
    let negotiation = recipe.evidence().bytes(ObjectType::Vca).unwrap().len();
    assert_eq!(check.bytes, Some((negotiation + 2, negotiation + 3)));
}

#[test]
fn what_a_faulty_device_says_is_refused() {
    use Outcome::{
        Malformed,
        Refused, //
    };
    for (fault, subject, outcome) in [
        ("bad-signature", Subject::MeasurementsSignature, Refused),
        ("stale-nonce", Subject::MeasurementsSignature, Refused),
        ("altered", Subject::MeasurementsSignature, Refused),
        ("other-context", Subject::MeasurementsSignature, Refused),
        ("wrong-slot", Subject::Measurements, Refused),
        ("record-too-long", Subject::Measurements, Malformed),
        ("more-blocks", Subject::Measurements, Malformed),
        ("fewer-blocks", Subject::Measurements, Malformed),
        ("block-size", Subject::Measurements, Malformed),
        ("value-size", Subject::Measurements, Malformed),
        ("index-zero", Subject::Measurements, Malformed),
        ("same-index", Subject::Measurements, Malformed),
        ("specification", Subject::Measurements, Malformed),
        ("opaque-beyond", Subject::Measurements, Malformed),
    ] {
        let recipe = Recipe::with_fault(&format!("measurements:{fault}"));
        let report = judge(&recipe);
        let found = report.check(subject).map(|check| check.outcome);
        assert_eq!(found, Some(outcome), "{fault}:\n{}", report.text());
        assert!(!report.passed(), "{fault}");
    }
    let recipe = Recipe {
        version: 0x13,
        ..Recipe::with_fault("measurements:requester-context")
    };
    assert_outcome(&judge(&recipe), Subject::Measurements, Malformed);
}

#[test]
fn a_quick_refresh_passes_and_says_what_it_lacks() {
    for version in 0x10..=0x14 {
        let recipe = Recipe {
            version,
            refresh: true,
            ..Recipe::default()
        };
        let report = judge(&recipe);
        for check in &report.checks {
            let expected = match check.check {
                Subject::Chain | Subject::Digests => Outcome::NotJudged,
                _ => Outcome::Pass,
            };
            assert_eq!(check.outcome, expected, "{}", report.text());
        }
        assert_eq!(report.verdict(), "PASS");
        let why = &report.check(Subject::Digests).unwrap().detail;
        assert!(why.starts_with("not asked for in this transcript"), "{why}");
    }
}

fn several_slots(refresh: bool) -> Recipe {
    Recipe {
        version: 0x12,
        slot: 2,
        further_slots: vec![0, 5],
        refresh,
        config: Config {
            slots: 0x25,
            distinct_keys: true,
            ..Config::default()
        },
        ..Recipe::default()
    }
}

fn alter_chain(evidence: &mut Evidence, slot: u8) {
    let cert = ObjectType::Cert(Slot::new(slot).unwrap());
    let object = evidence.objects.get_mut(&cert).unwrap();
    object.bytes[100] ^= 1;
}

#[test]
fn chains_of_several_slots_pass_and_each_is_judged() {
    let recipe = several_slots(false);
    let report = judge(&recipe);
    assert_passes(&report);
    let others = report.checks.iter();
    let others = others.filter(|check| check.check == Subject::OtherChains);
    assert_eq!(others.count(), 2);

    let mut evidence = recipe.evidence();
    alter_chain(&mut evidence, 5);
    let report = verify(&evidence, &demands(&recipe, MeasurementDemands::default()));
    let failed = report.checks.iter();
    let failed: Vec<_> = failed
        .filter(|check| check.outcome == Outcome::Malformed)
        .collect();
    let [check] = failed[..] else {
        panic!("{}", report.text());
    };
    assert_eq!(check.check, Subject::OtherChains);
    assert_eq!(check.object, Some(ObjectType::Cert(Slot::new(5).unwrap())));
    assert_eq!(check.bytes, Some((100, 101)));
}

#[test]
fn chains_of_other_slots_that_nothing_binds_are_told() {
    let recipe = several_slots(true);
    let report = judge(&recipe);
    assert_outcome(&report, Subject::OtherChains, Outcome::NotJudged);
    assert_eq!(report.verdict(), "PASS, but not judged: other-chains");
}

#[test]
fn the_slot_that_was_challenged_signs() {
    let recipe = several_slots(false);
    let mut evidence = recipe.evidence();
    let other = Recipe {
        slot: 5,
        further_slots: vec![],
        ..several_slots(false)
    };
    let measurements = other.evidence().objects.remove(&OBJECT).unwrap();
    evidence.objects.insert(OBJECT, measurements);
    let report = verify(&evidence, &demands(&recipe, MeasurementDemands::default()));
    assert_outcome(&report, Subject::Measurements, Outcome::Refused);
    let why = &report.check(Subject::Measurements).unwrap().detail;
    assert_eq!(why, "slot 5 was to sign, another one was challenged");
}

#[test]
fn measurements_are_told_by_type() {
    let report = judge(&Recipe::default());
    let blocks = &report.measurements.as_ref().unwrap().blocks;
    let told: Vec<(u8, &str, bool, Option<&str>)> = blocks
        .iter()
        .map(|block| {
            let meaning = block.meaning.as_deref();
            (block.index, block.kind.as_str(), block.raw, meaning)
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "immutable-rom", false, None),
            (2, "mutable-firmware", false, None),
            (3, "hardware-configuration", false, None),
            (4, "firmware-configuration", false, None),
            (0x10, "secure-version-number", true, Some("7")),
            (0x11, "firmware-version", false, None),
            (
                0xfd,
                "manifest",
                true,
                Some("\"rspdm test device: manifest\"")
            ),
            (
                0xfe,
                "device-mode",
                true,
                Some("operation: normal; debug: none, and none before")
            ),
        ]
    );
    let text = report.text();
    assert!(
        text.contains("\n0x10   secure version number        raw     7\n"),
        "{text}"
    );
    assert!(
        text.contains("\n0x01   immutable ROM                sha512  "),
        "{text}"
    );
}
