// SPDX-License-Identifier: GPL-2.0

//! Values of measurements against what a policy expects.

mod common;

use common::{
    device::Recipe,
    judge::{
        assert_outcome,
        assert_passes,
        demands, //
    },
};
use rspdm_proto::proto::algorithm::MeasurementHash;
use spdmctl::{
    measurement::Kind,
    report::{
        Outcome,
        Subject, //
    },
    verify::{
        verify,
        Expected,
        MeasurementDemands,
        Presence, //
    },
};

fn expected(index: u8) -> Expected {
    Expected {
        index,
        kind: None,
        values: None,
        minimum_svn: None,
    }
}

fn expect(expected: Expected) -> MeasurementDemands {
    MeasurementDemands {
        expected: vec![expected],
        ..MeasurementDemands::default()
    }
}

#[test]
fn values_are_compared_with_those_that_are_expected() {
    let recipe = Recipe::default();
    let evidence = recipe.evidence();
    let judge = |measurements| verify(&evidence, &demands(&recipe, measurements));
    let report = judge(expect(expected(2)));
    assert_outcome(&report, Subject::MeasurementsValues, Outcome::Pass);
    let block = &report.measurements.as_ref().unwrap().blocks[1];
    let value = hex::decode(&block.value).unwrap();
    let range = block.bytes;

    let good = Expected {
        kind: Kind::from_name("mutable-firmware"),
        values: Some(vec![vec![0; 64], value]),
        ..expected(2)
    };
    assert_passes(&judge(expect(good.clone())));

    let refused = |one: Expected, why: &str, range: Option<(usize, usize)>| {
        let report = judge(expect(one));
        assert_outcome(&report, Subject::MeasurementsValues, Outcome::Refused);
        let check = report.check(Subject::MeasurementsValues).unwrap();
        assert_eq!(check.detail, why);
        assert_eq!(check.bytes, range);
    };
    refused(
        Expected {
            values: Some(vec![vec![0; 64]]),
            ..good.clone()
        },
        "measurement 0x02 has another value than expected",
        Some(range),
    );
    refused(
        Expected {
            kind: Kind::from_name("immutable-rom"),
            ..good.clone()
        },
        "measurement 0x02 is of type mutable-firmware, immutable-rom is expected",
        Some(range),
    );
    refused(expected(9), "measurement 0x09 is missing", None);
    refused(
        Expected {
            minimum_svn: Some(0),
            ..good
        },
        "measurement 0x02 is no secure version number",
        Some(range),
    );
}

#[test]
fn a_secure_version_number_has_a_minimum() {
    let recipe = Recipe::default();
    let judge = |minimum| {
        let one = Expected {
            minimum_svn: Some(minimum),
            ..expected(0x10)
        };
        verify(&recipe.evidence(), &demands(&recipe, expect(one)))
    };
    assert_passes(&judge(7));
    let report = judge(8);
    assert_outcome(&report, Subject::MeasurementsValues, Outcome::Refused);
    let why = &report.check(Subject::MeasurementsValues).unwrap().detail;
    assert_eq!(
        why,
        "measurement 0x10 is secure version 7, which is too old"
    );
}

#[test]
fn what_is_not_expected_can_be_refused() {
    let recipe = Recipe::default();
    let evidence = recipe.evidence();
    let indices = [1, 2, 3, 4, 0x10, 0x11, 0xfd, 0xfe];
    let judge = |indices: &[u8]| {
        let measurements = MeasurementDemands {
            expected: indices.iter().copied().map(expected).collect(),
            no_others: true,
            ..MeasurementDemands::default()
        };
        verify(&evidence, &demands(&recipe, measurements))
    };
    assert_passes(&judge(&indices));
    let report = judge(&indices[1..]);
    assert_outcome(&report, Subject::MeasurementsValues, Outcome::Refused);
    let why = &report.check(Subject::MeasurementsValues).unwrap().detail;
    assert_eq!(why, "measurement 0x01 is not expected");
}

#[test]
fn the_hash_of_measurements_can_be_demanded() {
    let recipe = Recipe::default();
    let judge = |hash| {
        let measurements = MeasurementDemands {
            hashes: Some(vec![hash]),
            ..MeasurementDemands::default()
        };
        verify(&recipe.evidence(), &demands(&recipe, measurements))
    };
    assert_passes(&judge(MeasurementHash::Sha512));
    let report = judge(MeasurementHash::Sha384);
    assert_outcome(&report, Subject::MeasurementsValues, Outcome::Refused);
}

#[test]
fn values_count_only_if_the_device_signed_them() {
    // Nobody looks at values that somebody else may have written.
    let recipe = Recipe::with_fault("measurements:bad-signature");
    let report = verify(&recipe.evidence(), &demands(&recipe, expect(expected(2))));
    assert_outcome(&report, Subject::MeasurementsSignature, Outcome::Refused);
    assert_outcome(&report, Subject::MeasurementsValues, Outcome::NotReached);

    // Who expects values of measurements without a signature has to say that he means it.
    let recipe = Recipe::unsigned(0x12);
    let report = verify(&recipe.evidence(), &demands(&recipe, expect(expected(2))));
    assert_outcome(&report, Subject::MeasurementsSignature, Outcome::Refused);
    let measurements = MeasurementDemands {
        presence: Some(Presence::Present),
        ..expect(expected(2))
    };
    let report = verify(&recipe.evidence(), &demands(&recipe, measurements));
    assert_outcome(&report, Subject::MeasurementsValues, Outcome::Pass);
    assert!(report.passed());

    let recipe = Recipe::without_measurements();
    let report = verify(&recipe.evidence(), &demands(&recipe, expect(expected(2))));
    assert_outcome(&report, Subject::Measurements, Outcome::Refused);
    assert_outcome(&report, Subject::MeasurementsValues, Outcome::NotReached);
}
