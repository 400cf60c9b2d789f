// SPDX-License-Identifier: GPL-2.0

//! Good evidence passes, altered evidence is refused, and the reason is the right one.

mod common;

use common::{
    device::{
        nvme,
        Recipe, //
    },
    judge::{
        assert_outcome,
        assert_passes, //
    },
};
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    version::Version,
};
use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::{
        ChainShape,
        Config, //
    },
};
use spdmctl::{
    error::Exit,
    evidence::{
        Evidence,
        ObjectType,
        Slot, //
    },
    identity::Serial,
    report::{
        Outcome,
        Subject, //
    },
    time,
    verify::{
        verify,
        Demands,
        IdentityDemand,
        Limits, //
    },
};

fn cert(slot: u8) -> ObjectType {
    ObjectType::Cert(Slot::new(slot).unwrap())
}

#[test]
fn every_version_passes() {
    for version in 0x10..=0x14 {
        let recipe = Recipe {
            version,
            ..Recipe::default()
        };
        assert_passes(&verify(&recipe.evidence(), &recipe.demands()));
    }
}

#[test]
fn every_signature_algorithm_passes_with_every_hash() {
    for asym in Asym::ALL {
        for hash in Hash::ALL {
            let recipe = Recipe {
                asym,
                hash,
                ..Recipe::default()
            };
            assert_passes(&verify(&recipe.evidence(), &recipe.demands()));
        }
    }
}

#[test]
fn another_slot_passes() {
    let recipe = Recipe {
        version: 0x13,
        slot: 5,
        config: Config {
            slots: 0xa1,
            distinct_keys: true,
            ..Config::default()
        },
        ..Recipe::default()
    };
    let report = verify(&recipe.evidence(), &recipe.demands());
    assert_passes(&report);
    assert_eq!(report.spdm.unwrap().slot, Some(5));
}

#[test]
fn a_chain_without_its_root_passes_if_the_root_is_trusted() {
    let mut recipe = Recipe::default();
    recipe.config.chain.omit_root = true;
    let evidence = recipe.evidence();
    assert_passes(&verify(&evidence, &recipe.demands()));

    let any_root = Demands {
        roots: None,
        ..recipe.demands()
    };
    let report = verify(&evidence, &any_root);
    assert_outcome(&report, Subject::RootHash, Outcome::NotJudged);
    assert!(report.passed());
}

#[test]
fn a_long_chain_in_many_portions_passes() {
    let recipe = Recipe {
        portion: 0x100,
        config: Config {
            chain: ChainShape {
                certificates: 6,
                bytes: Some(20000),
                ..Config::default().chain
            },
            ..Config::default()
        },
        ..Recipe::default()
    };
    assert_passes(&verify(&recipe.evidence(), &recipe.demands()));
}

#[test]
fn opaque_data_is_no_obstacle() {
    for version in [0x11, 0x12, 0x14] {
        let mut recipe = Recipe {
            version,
            ..Recipe::default()
        };
        recipe.config.opaque_len = 100;
        assert_passes(&verify(&recipe.evidence(), &recipe.demands()));
    }
}

#[test]
fn what_the_transcript_lacks_is_not_judged_and_bound_by_the_signature() {
    let recipe = Recipe {
        ask_digests: false,
        portion: 0,
        ..Recipe::default()
    };
    let report = verify(&recipe.evidence(), &recipe.demands());
    assert_outcome(&report, Subject::Digests, Outcome::NotJudged);
    assert_outcome(&report, Subject::Chain, Outcome::NotJudged);
    assert_outcome(&report, Subject::ChainHash, Outcome::Pass);
    assert!(report.passed());

    // Another chain in its place is noticed all the same.
    let mut evidence = recipe.evidence();
    let other = Recipe {
        config: Config {
            chain: ChainShape {
                certificates: 2,
                ..Config::default().chain
            },
            ..Config::default()
        },
        ..Recipe::default()
    };
    let chain = other.evidence().objects.remove(&cert(0)).unwrap();
    evidence.objects.insert(cert(0), chain);
    let report = verify(&evidence, &recipe.demands());
    assert_outcome(&report, Subject::ChainHash, Outcome::Refused);
}

/// Every fault here is one of the device's: it signed what it said.
#[test]
fn what_a_faulty_device_signs_is_refused() {
    use Outcome::{
        Malformed,
        Refused, //
    };
    let faults = [
        ("version:wrong-version", Subject::Transcript, Malformed),
        ("version:alpha-only", Subject::Transcript, Malformed),
        ("version:unknown-only", Subject::Transcript, Malformed),
        (
            "capabilities:transfer-size-41",
            Subject::Transcript,
            Malformed,
        ),
        (
            "capabilities:measurements-3",
            Subject::Transcript,
            Malformed,
        ),
        (
            "algorithms:unoffered-signature",
            Subject::Transcript,
            Malformed,
        ),
        ("algorithms:unoffered-hash", Subject::Transcript, Malformed),
        ("algorithms:two-signatures", Subject::Transcript, Malformed),
        ("algorithms:no-hash", Subject::Transcript, Refused),
        (
            "algorithms:length-too-large",
            Subject::Transcript,
            Malformed,
        ),
        ("digests:no-slots", Subject::Transcript, Malformed),
        ("digests:mismatch", Subject::Digests, Refused),
        ("certificate:wrong-slot", Subject::Transcript, Malformed),
        ("certificate:altered", Subject::Digests, Refused),
        (
            "certificate:length-too-large",
            Subject::Certificates,
            Malformed,
        ),
        (
            "certificate:length-too-small",
            Subject::Certificates,
            Malformed,
        ),
        ("certificate:root-hash", Subject::RootHash, Refused),
        (
            "certificate:header-only-chain",
            Subject::Certificates,
            Malformed,
        ),
        ("certificate:not-der", Subject::Certificates, Malformed),
        (
            "certificate:cut-certificate",
            Subject::Certificates,
            Malformed,
        ),
        (
            "certificate:no-certificate",
            Subject::Certificates,
            Malformed,
        ),
        ("certificate:link-signature", Subject::Links, Refused),
        ("certificate:issuer-name", Subject::Links, Refused),
        ("certificate:issuer-not-ca", Subject::Constraints, Refused),
        ("certificate:root-signature", Subject::Links, Refused),
        ("certificate:root-signature", Subject::Trust, Refused),
        ("certificate:order", Subject::Links, Refused),
        ("certificate:leaf-usage", Subject::Constraints, Refused),
        ("certificate:san-other", Subject::Identity, Refused),
        ("challenge:bad-signature", Subject::Signature, Refused),
        ("challenge:zero-signature", Subject::Signature, Refused),
        ("challenge:stale-nonce", Subject::Signature, Refused),
        ("challenge:other-key", Subject::Signature, Refused),
        ("challenge:without-negotiation", Subject::Signature, Refused),
        ("challenge:without-prefix", Subject::Signature, Refused),
        ("challenge:other-context", Subject::Signature, Refused),
    ];
    for (fault, subject, outcome) in faults {
        let recipe = Recipe::with_fault(fault);
        let honest = Recipe::default();
        let report = verify(&recipe.evidence(), &honest.demands());
        let found = report.check(subject).map(|check| check.outcome);
        assert_eq!(found, Some(outcome), "{fault}:\n{}", report.text());
        assert!(!report.passed(), "{fault}");
    }
}

#[test]
fn a_key_of_another_algorithm_is_refused() {
    let mut evidence = Recipe::with_fault("certificate:leaf-key").evidence();
    // The key that the device has made a longer signature than the one that was agreed on.
    let challenge = evidence.objects.get_mut(&ObjectType::Challenge).unwrap();
    let length = challenge.bytes.len() - 96 + 64;
    challenge.bytes.truncate(length);
    let report = verify(&evidence, &Recipe::default().demands());
    assert_outcome(&report, Subject::Transcript, Outcome::Pass);
    assert_outcome(&report, Subject::Signature, Outcome::Refused);
    let why = &report.check(Subject::Signature).unwrap().detail;
    assert_eq!(
        why,
        "the key of the device's certificate is not one for ecdsa-nist-p256"
    );
}

/// Evidence that somebody changed between the device and the verifier.
#[test]
fn altered_evidence_is_refused_with_the_reason() {
    type Alteration = fn(&mut Evidence);
    use Outcome::{
        Malformed,
        Refused, //
    };
    fn bytes(evidence: &mut Evidence, kind: ObjectType) -> &mut Vec<u8> {
        &mut evidence.objects.get_mut(&kind).unwrap().bytes
    }
    let alterations: [(&str, Alteration, Subject, Outcome); 16] = [
        (
            "no transcript",
            |e| drop(e.objects.remove(&ObjectType::Challenge)),
            Subject::Transcript,
            Malformed,
        ),
        (
            "an empty transcript",
            |e| bytes(e, ObjectType::Challenge).clear(),
            Subject::Transcript,
            Malformed,
        ),
        (
            "a byte behind the signature",
            |e| bytes(e, ObjectType::Challenge).push(0),
            Subject::Transcript,
            Malformed,
        ),
        (
            "four bytes behind the signature",
            |e| bytes(e, ObjectType::Challenge).extend([0; 4]),
            Subject::Transcript,
            Malformed,
        ),
        (
            "a signature that is cut",
            |e| bytes(e, ObjectType::Challenge).truncate(1000),
            Subject::Transcript,
            Malformed,
        ),
        (
            "padding between two messages",
            |e| {
                bytes(e, ObjectType::Challenge)
                    .splice(4..4, [0; 3])
                    .for_each(drop)
            },
            Subject::Transcript,
            Malformed,
        ),
        (
            "another message in front",
            |e| {
                let message = [0x10, 0x84, 0x00, 0x00];
                bytes(e, ObjectType::Challenge)
                    .splice(0..0, message)
                    .for_each(drop);
            },
            Subject::Transcript,
            Malformed,
        ),
        (
            "another negotiation",
            |e| *bytes(e, ObjectType::Vca).last_mut().unwrap() ^= 1,
            Subject::Vca,
            Malformed,
        ),
        (
            "a negotiation that is cut",
            |e| bytes(e, ObjectType::Vca).truncate(60),
            Subject::Vca,
            Malformed,
        ),
        (
            "no chain",
            |e| drop(e.objects.remove(&cert(0))),
            Subject::Chain,
            Malformed,
        ),
        (
            "a chain in another slot",
            |e| {
                let chain = e.objects.remove(&cert(0)).unwrap();
                e.objects.insert(cert(1), chain);
            },
            Subject::Chain,
            Malformed,
        ),
        (
            "another chain",
            |e| *bytes(e, cert(0)).last_mut().unwrap() ^= 1,
            Subject::Chain,
            Malformed,
        ),
        (
            "a chain that the device did not sign for",
            |e| *bytes(e, cert(0)).last_mut().unwrap() ^= 1,
            Subject::ChainHash,
            Refused,
        ),
        (
            "a byte behind the chain",
            |e| bytes(e, cert(0)).push(0),
            Subject::Certificates,
            Malformed,
        ),
        (
            "another device",
            |e| e.device.device = 0x0011,
            Subject::Identity,
            Refused,
        ),
        (
            "another revision of the device",
            |e| e.device.revision = 3,
            Subject::Identity,
            Refused,
        ),
    ];
    let recipe = Recipe::default();
    let good = recipe.evidence();
    let demands = recipe.demands();
    for (name, alter, subject, outcome) in alterations {
        let mut evidence = good.clone();
        alter(&mut evidence);
        let report = verify(&evidence, &demands);
        let found = report.check(subject).map(|check| check.outcome);
        assert_eq!(found, Some(outcome), "{name}:\n{}", report.text());
        assert!(!report.passed(), "{name}");
    }
}

#[test]
fn no_byte_of_any_object_can_be_changed() {
    let recipe = Recipe::default();
    let good = recipe.evidence();
    let demands = recipe.demands();
    for (kind, object) in &good.objects {
        for index in 0..object.bytes.len() {
            let mut evidence = good.clone();
            evidence.objects.get_mut(kind).unwrap().bytes[index] ^= 1 << (index % 8);
            let report = verify(&evidence, &demands);
            assert!(!report.passed(), "{kind}, byte {index}:\n{}", report.text());
        }
    }
}

#[test]
fn no_object_can_be_cut_anywhere() {
    let recipe = Recipe::default();
    let good = recipe.evidence();
    let demands = recipe.demands();
    for (kind, object) in &good.objects {
        for length in 0..object.bytes.len() {
            let mut evidence = good.clone();
            evidence
                .objects
                .get_mut(kind)
                .unwrap()
                .bytes
                .truncate(length);
            let report = verify(&evidence, &demands);
            assert!(
                !report.passed(),
                "{kind}, {length} bytes:\n{}",
                report.text()
            );
        }
    }
}

#[test]
fn wrong_hints_of_the_kernel_are_noticed() {
    let recipe = Recipe::default();
    let good = recipe.evidence();
    let demands = recipe.demands();
    for field in 0..7 {
        let mut evidence = good.clone();
        let object = evidence.objects.get_mut(&ObjectType::Challenge).unwrap();
        let layout = object.layout.as_mut().unwrap();
        match field {
            0 => layout.spdm_version += 1,
            1 => layout.hash.push('0'),
            2 => layout.signature_algorithm.push('0'),
            3 => layout.requester_nonce_offset += 1,
            4 => layout.responder_nonce_offset += 1,
            5 => layout.signature_offset += 1,
            _ => layout.signature_length += 1,
        }
        assert_outcome(
            &verify(&evidence, &demands),
            Subject::Layout,
            Outcome::Malformed,
        );
    }
    let mut evidence = good;
    evidence
        .objects
        .get_mut(&ObjectType::Challenge)
        .unwrap()
        .layout = None;
    let report = verify(&evidence, &demands);
    assert_outcome(&report, Subject::Layout, Outcome::NotJudged);
    assert!(report.passed());
}

#[test]
fn a_verdict_names_the_bytes_to_blame() {
    let recipe = Recipe::default();
    let mut evidence = recipe.evidence();
    let challenge = evidence.bytes(ObjectType::Challenge).unwrap();
    let length = challenge.len();
    let layout = evidence.objects[&ObjectType::Challenge]
        .layout
        .clone()
        .unwrap();
    let nonce = usize::try_from(layout.requester_nonce_offset).unwrap();

    let other_nonce = Demands {
        nonce: Some([0xa5; 32]),
        ..recipe.demands()
    };
    let report = verify(&evidence, &other_nonce);
    assert_outcome(&report, Subject::Nonce, Outcome::Refused);
    assert_eq!(
        report.check(Subject::Nonce).unwrap().bytes,
        Some((nonce, nonce + 32))
    );

    let chain = &mut evidence.objects.get_mut(&cert(0)).unwrap().bytes;
    chain[100] ^= 1;
    chain[120] ^= 1;
    let report = verify(&evidence, &recipe.demands());
    let check = report.check(Subject::Chain).unwrap();
    assert_eq!(
        (check.object, check.bytes),
        (Some(cert(0)), Some((100, 121)))
    );

    let report = verify(
        &Recipe::with_fault("challenge:bad-signature").evidence(),
        &recipe.demands(),
    );
    let check = report.check(Subject::Signature).unwrap();
    // Any of the bytes that are signed may be wrong, or the signature itself.
    assert_eq!(check.bytes, Some((0, length)));
}

#[test]
fn an_old_nonce_is_refused_and_no_nonce_is_said() {
    let recipe = Recipe::default();
    let evidence = recipe.evidence();
    let report = verify(
        &evidence,
        &Demands {
            nonce: None,
            ..recipe.demands()
        },
    );
    assert_outcome(&report, Subject::Nonce, Outcome::NotJudged);
    assert!(report.passed());
    assert!(
        report.text().ends_with("PASS, but not judged: nonce\n"),
        "{}",
        report.text()
    );
}

#[test]
fn a_root_of_somebody_else_is_not_trusted() {
    let recipe = Recipe::default();
    let other = Recipe {
        asym: Asym::EcdsaP384,
        ..Recipe::default()
    };
    let report = verify(&recipe.evidence(), &other.demands());
    assert_outcome(&report, Subject::Trust, Outcome::Refused);

    let nobody = Demands {
        roots: Some(Vec::new()),
        ..recipe.demands()
    };
    let report = verify(&recipe.evidence(), &nobody);
    assert_outcome(&report, Subject::Trust, Outcome::Refused);

    let anybody = Demands {
        roots: None,
        ..recipe.demands()
    };
    let report = verify(&recipe.evidence(), &anybody);
    assert_outcome(&report, Subject::Trust, Outcome::NotJudged);
    assert!(report.passed());
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_refused() {
    let recipe = Recipe::default();
    let early = Demands {
        time: time::parse("2019-12-31").unwrap(),
        ..recipe.demands()
    };
    let report = verify(&recipe.evidence(), &early);
    assert_outcome(&report, Subject::Validity, Outcome::Refused);
}

#[test]
fn a_name_is_demanded_as_told() {
    let with = |identity, fault: &str| {
        let recipe = Recipe::with_fault(fault);
        let demands = Demands {
            identity,
            ..Recipe::default().demands()
        };
        verify(&recipe.evidence(), &demands)
    };
    let identity = Subject::Identity;
    let none = "certificate:san-none";
    let other = "certificate:san-other";
    assert_outcome(
        &with(IdentityDemand::Match, none),
        identity,
        Outcome::NotJudged,
    );
    assert_outcome(
        &with(IdentityDemand::Require, none),
        identity,
        Outcome::Refused,
    );
    assert_outcome(
        &with(IdentityDemand::Ignore, none),
        identity,
        Outcome::NotJudged,
    );
    assert_outcome(
        &with(IdentityDemand::Require, other),
        identity,
        Outcome::Refused,
    );
    let ignored = with(IdentityDemand::Ignore, other);
    assert_outcome(&ignored, identity, Outcome::NotJudged);
    assert!(ignored.passed());
}

#[test]
fn a_serial_number_that_could_not_be_read_is_not_demanded_unless_a_name_is() {
    let mut recipe = Recipe::default();
    let name = format!("{}:0123456789abcdef", nvme().name());
    recipe.config.chain.san = Some(name);
    let demands = recipe.demands();
    let mut evidence = recipe.evidence();
    assert_outcome(
        &verify(&evidence, &demands),
        Subject::Identity,
        Outcome::Refused,
    );

    evidence.device.serial = Serial::Unknown;
    assert_outcome(
        &verify(&evidence, &demands),
        Subject::Identity,
        Outcome::Pass,
    );
    let strict = Demands {
        identity: IdentityDemand::Require,
        ..demands.clone()
    };
    assert_outcome(
        &verify(&evidence, &strict),
        Subject::Identity,
        Outcome::Refused,
    );

    evidence.device.serial = Serial::Number(0x0123_4567_89ab_cdef);
    assert_outcome(
        &verify(&evidence, &strict),
        Subject::Identity,
        Outcome::Pass,
    );
    evidence.device.serial = Serial::Number(0x0123_4567_89ab_cdee);
    assert_outcome(
        &verify(&evidence, &strict),
        Subject::Identity,
        Outcome::Refused,
    );
}

#[test]
fn every_check_is_listed_even_if_nothing_could_be_read() {
    let recipe = Recipe::default();
    let mut evidence = recipe.evidence();
    evidence.objects.clear();
    let report = verify(&evidence, &recipe.demands());
    assert_outcome(&report, Subject::Transcript, Outcome::Malformed);
    assert_outcome(&report, Subject::Signature, Outcome::NotReached);
    assert_eq!(report.exit(), Exit::Malformed);
    assert_eq!(report.checks.len(), 16);
}

#[test]
fn a_policy_is_enforced() {
    let recipe = Recipe::default();
    let evidence = recipe.evidence();
    let judge = |limits: Limits| {
        let demands = Demands {
            limits,
            ..recipe.demands()
        };
        verify(&evidence, &demands)
    };
    let report = judge(Limits::default());
    assert_eq!(report.check(Subject::Policy), None);

    let digest = hex::decode(report.leaf.unwrap().sha256).unwrap();
    let good = Limits {
        minimum_version: Some(Version::V1_2),
        hashes: Some(vec![BaseHash::Sha384, BaseHash::Sha256]),
        signature_algorithms: Some(vec![AsymAlgo::EcdsaP256]),
        leaf_sha256: Some(vec![digest.try_into().unwrap()]),
    };
    assert_outcome(&judge(good.clone()), Subject::Policy, Outcome::Pass);

    let refused = |limits: Limits, why: &str| {
        let report = judge(limits);
        assert_outcome(&report, Subject::Policy, Outcome::Refused);
        assert_eq!(report.check(Subject::Policy).unwrap().detail, why);
    };
    refused(
        Limits {
            minimum_version: Some(Version::V1_3),
            ..good.clone()
        },
        "SPDM 1.2 is too old",
    );
    refused(
        Limits {
            hashes: Some(vec![BaseHash::Sha512]),
            ..good.clone()
        },
        "sha256 is not allowed",
    );
    refused(
        Limits {
            signature_algorithms: Some(Vec::new()),
            ..good.clone()
        },
        "ecdsa-nist-p256 is not allowed",
    );
    refused(
        Limits {
            leaf_sha256: Some(vec![[0; 32]]),
            ..good
        },
        "the device's certificate is not on the list",
    );
}
