// SPDX-License-Identifier: GPL-2.0

//! The values of measurements, compared with those that a policy expects.

use rspdm_proto::proto::algorithm::MeasurementHash;

use super::{
    Expected,
    Judge, //
};
use crate::{
    evidence::ObjectType,
    measurement::Block,
    report::{
        Check,
        Outcome,
        Subject, //
    },
    transcript::Measurements,
};

const SUBJECT: Subject = Subject::MeasurementsValues;

impl Judge<'_> {
    /// Judges values, unless nobody expects any or a signature that is there is wrong: then they
    /// are not the device's.
    pub(super) fn values(&mut self, measurements: &Measurements<'_>) {
        let demands = &self.demands.measurements;
        let signature = self.report.check(Subject::MeasurementsSignature);
        let is_refused = signature.is_none_or(|check| check.outcome == Outcome::Refused);
        if !demands.has_expectations() || is_refused {
            return;
        }
        let mut refused = Vec::new();
        refused.extend(
            demands
                .hashes
                .as_ref()
                .and_then(|hashes| wrong_hash(measurements, hashes)),
        );
        for expected in &demands.expected {
            let found = measurements.blocks.iter();
            let found = found.clone().find(|block| block.index == expected.index);
            let complaint = match found {
                None => Some(Check::new(
                    SUBJECT,
                    Outcome::Refused,
                    format!("measurement {:#04x} is missing", expected.index),
                )),
                Some(block) => complaint(block, expected).map(|what| refusal(block, &what)),
            };
            refused.extend(complaint);
        }
        if demands.no_others {
            let is_expected =
                |block: &&Block<'_>| demands.expected.iter().any(|one| one.index == block.index);
            let others = measurements.blocks.iter().filter(|one| !is_expected(one));
            refused.extend(others.map(|block| refusal(block, "is not expected")));
        }
        if refused.is_empty() {
            let detail = match demands.expected.len() {
                1 => "1 measurement is as expected".to_owned(),
                count => format!("{count} measurements are as expected"),
            };
            refused.push(Check::new(SUBJECT, Outcome::Pass, detail));
        }
        refused.into_iter().for_each(|check| self.add(check));
    }
}

fn refusal(block: &Block<'_>, what: &str) -> Check {
    let detail = format!("measurement {:#04x} {what}", block.index);
    Check::new(SUBJECT, Outcome::Refused, detail).at(ObjectType::Measurements, &block.range)
}

/// What is wrong with a measurement's value, if something is.
fn complaint(block: &Block<'_>, expected: &Expected) -> Option<String> {
    if let Some(kind) = expected.kind.filter(|kind| *kind != block.kind) {
        return Some(format!("is of type {}, {kind} is expected", block.kind));
    }
    let allowed = expected.values.as_ref();
    if allowed.is_some_and(|values| values.iter().all(|value| value != block.value)) {
        return Some(match block.meaning() {
            Some(meaning) => format!("has another value than expected: {meaning}"),
            None => "has another value than expected".to_owned(),
        });
    }
    let minimum = expected.minimum_svn?;
    match block.secure_version_number() {
        None => Some("is no secure version number".to_owned()),
        Some(number) if number < minimum => {
            Some(format!("is secure version {number}, which is too old"))
        }
        Some(_) => None,
    }
}

/// Digests made with a hash that is not allowed are worthless; without digests there is none.
fn wrong_hash(measurements: &Measurements<'_>, allowed: &[MeasurementHash]) -> Option<Check> {
    let hash = measurements.hash;
    let has_digests = measurements.blocks.iter().any(|block| !block.is_raw);
    let is_wrong = has_digests && !allowed.contains(&hash);
    is_wrong.then(|| {
        let detail = format!("digests made with {hash} are not allowed");
        Check::new(SUBJECT, Outcome::Refused, detail)
    })
}
