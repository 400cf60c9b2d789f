// SPDX-License-Identifier: GPL-2.0

//! What a report has to say.

use spdmctl::{
    report::{
        Outcome,
        Report,
        Subject, //
    },
    verify::{
        Demands,
        MeasurementDemands, //
    },
};

use super::device::Recipe;

/// Demands of somebody who trusts the maker of the recipe's device, and demands something of its
/// measurements.
pub fn demands(recipe: &Recipe, measurements: MeasurementDemands) -> Demands {
    Demands {
        measurements,
        ..recipe.demands()
    }
}

/// Every check passed.
#[track_caller]
pub fn assert_passes(report: &Report) {
    for check in &report.checks {
        assert_eq!(check.outcome, Outcome::Pass, "{}", report.text());
    }
}

/// A check came out like that.
#[track_caller]
pub fn assert_outcome(report: &Report, subject: Subject, outcome: Outcome) {
    let found = report.check(subject).map(|check| check.outcome);
    assert_eq!(found, Some(outcome), "{}", report.text());
    let is_bad = matches!(outcome, Outcome::Refused | Outcome::Malformed);
    assert!(!is_bad || !report.passed());
}
