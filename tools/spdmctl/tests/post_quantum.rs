// SPDX-License-Identifier: GPL-2.0

//! Evidence of devices that sign with ML-DSA, which SPDM 1.4 has.

mod common;

use std::fs;

use common::{
    device::{
        Recipe,
        NONCE, //
    },
    judge::{
        assert_outcome,
        assert_passes,
        demands, //
    },
    saved::Saved,
};
use rspdm_proto::proto::algorithm::AsymAlgo;
use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::Defect,
};
use serde_json::Value;
use spdmctl::{
    evidence::{
        Evidence,
        ObjectType, //
    },
    report::{
        Outcome,
        Report,
        Subject, //
    },
    verify::{
        verify,
        Demands,
        Limits,
        MeasurementDemands,
        Presence, //
    },
};

const CHALLENGE: ObjectType = ObjectType::Challenge;
const MEASUREMENTS: ObjectType = ObjectType::Measurements;

fn recipe(asym: Asym) -> Recipe {
    Recipe {
        version: 0x14,
        asym,
        hash: Hash::Sha384,
        portion: 0x2000,
        ..Recipe::default()
    }
}

/// Evidence with one bit of an object altered, counted from its end.
fn altered(good: &Evidence, kind: ObjectType, from_end: usize) -> Evidence {
    let mut evidence = good.clone();
    let bytes = &mut evidence.objects.get_mut(&kind).unwrap().bytes;
    let index = bytes.len() - from_end;
    bytes[index] ^= 1;
    evidence
}

#[test]
fn every_algorithm_passes_with_every_hash() {
    for asym in Asym::POST_QUANTUM {
        for hash in Hash::ALL {
            let recipe = Recipe {
                hash,
                ..recipe(asym)
            };
            let signed = MeasurementDemands {
                presence: Some(Presence::Signed),
                ..MeasurementDemands::default()
            };
            let report = verify(&recipe.evidence(), &demands(&recipe, signed));
            assert_passes(&report);
            let outcome = report.check(Subject::MeasurementsSignature).unwrap();
            assert_eq!(outcome.outcome, Outcome::Pass);
        }
    }
}

#[test]
fn what_the_device_did_not_sign_is_refused() {
    let recipe = recipe(Asym::MlDsa65);
    let (good, demands) = (recipe.evidence(), recipe.demands());
    let len = Asym::MlDsa65.signature_len();
    // The signature's last byte and its first.
    for from_end in [1, len] {
        let report = verify(&altered(&good, CHALLENGE, from_end), &demands);
        assert_outcome(&report, Subject::Signature, Outcome::Refused);
    }
    for from_end in [1, len] {
        let report = verify(&altered(&good, MEASUREMENTS, from_end), &demands);
        assert_outcome(&report, Subject::Signature, Outcome::Pass);
        assert_outcome(&report, Subject::MeasurementsSignature, Outcome::Refused);
        let check = report.check(Subject::MeasurementsSignature).unwrap();
        assert_eq!(check.object, Some(MEASUREMENTS));
    }
}

#[test]
fn a_certificate_that_its_issuer_did_not_sign_is_refused() {
    let mut recipe = recipe(Asym::MlDsa44);
    recipe.config.chain.defect = Some(Defect::LinkSignature);
    let report = verify(&recipe.evidence(), &recipe.demands());
    assert_outcome(&report, Subject::Signature, Outcome::Pass);
    assert_outcome(&report, Subject::Links, Outcome::Refused);
}

#[test]
fn a_policy_can_demand_it() {
    let allowing = |recipe: &Recipe, signature_algorithms: Vec<AsymAlgo>| -> Report {
        let limits = Limits {
            signature_algorithms: Some(signature_algorithms),
            ..Limits::default()
        };
        let demands = Demands {
            limits,
            ..recipe.demands()
        };
        verify(&recipe.evidence(), &demands)
    };
    let strong = vec![AsymAlgo::MlDsa65, AsymAlgo::MlDsa87];
    let judge = |asym| allowing(&recipe(asym), strong.clone());
    assert_passes(&judge(Asym::MlDsa87));
    for (asym, why) in [
        (Asym::MlDsa44, "mldsa44 is not allowed"),
        (Asym::EcdsaP384, "ecdsa-nist-p384 is not allowed"),
    ] {
        let report = judge(asym);
        assert_outcome(&report, Subject::Policy, Outcome::Refused);
        assert_eq!(report.check(Subject::Policy).unwrap().detail, why);
    }
}

#[test]
fn saved_evidence_is_judged_by_a_policy_file() {
    let saved = Saved::new(&recipe(Asym::MlDsa87));
    let policy = saved.path("policy.toml");
    let judge = |algorithms: &str, code: i32| -> Value {
        let text = format!("roots = [\"roots.pem\"]\nsignature-algorithms = {algorithms}\n");
        fs::write(&policy, text).unwrap();
        let nonce = hex::encode(NONCE);
        let arguments = ["--policy", &policy, "--nonce", &nonce, "--json"];
        let run = saved.verify(&arguments).assert().code(code);
        serde_json::from_slice(&run.get_output().stdout).unwrap()
    };
    let report = judge("[\"mldsa65\", \"mldsa87\"]", 0);
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["spdm"]["signature_algorithm"], "mldsa87");
    let report = judge("[\"ecdsa-nist-p384\"]", 1);
    assert_eq!(report["verdict"], "refused");
}
