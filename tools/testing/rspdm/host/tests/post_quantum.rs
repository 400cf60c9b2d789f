// SPDX-License-Identifier: GPL-2.0

//! Devices that sign with ML-DSA.

mod common;

use common::Device;
use rspdm_host::{
    environment::DATA_TRANSFER_SIZE,
    names, //
};
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        AsymAlgoSet,
        BaseHash, //
    },
    error::{
        Error,
        Rejected,
        Unsupported, //
    },
    requester::Policy,
    version::Version,
};
use rspdm_responder::{
    algorithm::Asym,
    config::{
        Config,
        CHUNK_CAP, //
    },
};

/// More than the longest of the signatures needs; the usual size is less.
const ROOMY: usize = 8192;

fn device(asym: &[Asym], faults: &[&str]) -> Device {
    let config = Config {
        asym: asym.to_vec(),
        ..Config::default()
    };
    let faults: Vec<String> = faults.iter().map(|name| name.to_string()).collect();
    Device::new(config, &faults)
}

fn only(version: Version, asym: AsymAlgo) -> Policy {
    Policy {
        versions: names::versions(&[version]),
        signatures: names::signatures(&[asym]),
        ..Policy::DEFAULT
    }
}

#[test]
fn every_parameter_set_and_hash_works() {
    let device = device(&Asym::POST_QUANTUM, &[]);
    for asym in [AsymAlgo::MlDsa44, AsymAlgo::MlDsa65, AsymAlgo::MlDsa87] {
        for (hash, size) in BaseHash::ALL
            .iter()
            .zip([ROOMY, DATA_TRANSFER_SIZE].repeat(2))
        {
            let policy = Policy {
                hashes: names::hashes(&[*hash]),
                ..only(Version::V1_4, asym)
            };
            let run = device.authenticate_with(policy, size);
            let evidence = run.result.unwrap_or_else(|error| panic!("{asym}: {error}"));
            let record = evidence.record();
            assert_eq!(record.state.algorithms.asym, asym);
            assert_eq!(record.chain.certificates, 3);
            assert_eq!(record.chain.unverified_links, 0);
            let is_signed = record.measurements.map(|facts| facts.is_signed());
            assert_eq!(is_signed, Some(true));
        }
    }
}

#[test]
fn device_prefers_one_of_what_is_offered() {
    for (preferred, expected) in [
        ([Asym::MlDsa65, Asym::EcdsaP384], AsymAlgo::MlDsa65),
        ([Asym::EcdsaP384, Asym::MlDsa65], AsymAlgo::EcdsaP384),
        ([Asym::MlDsa87, Asym::MlDsa44], AsymAlgo::MlDsa87),
    ] {
        let run = device(&preferred, &[]).authenticate(Policy::DEFAULT);
        let evidence = run.result.unwrap();
        assert_eq!(evidence.record().state.algorithms.asym, expected);
    }
}

#[test]
fn older_versions_know_classical_algorithms_only() {
    let device = device(&[Asym::MlDsa44, Asym::EcdsaP256], &[]);
    let policy = Policy {
        signatures: AsymAlgoSet::ALL,
        ..only(Version::V1_3, AsymAlgo::MlDsa44)
    };
    let evidence = device.authenticate(policy).result.unwrap();
    let algorithms = evidence.record().state.algorithms;
    assert_eq!(algorithms.asym, AsymAlgo::EcdsaP256);
    let run = device.authenticate(only(Version::V1_3, AsymAlgo::MlDsa44));
    let error = run.result.err();
    assert_eq!(error, Some(Error::Unsupported(Unsupported::Signature)));
    // GET_VERSION and GET_CAPABILITIES
    assert_eq!(run.stats.exchanges, 2);
}

#[test]
fn signatures_that_need_chunks_are_not_offered_without() {
    let mut config = Config {
        asym: vec![Asym::MlDsa87, Asym::MlDsa44],
        ..Config::default()
    };
    let asym = |device: Device| {
        let evidence = device.authenticate(Policy::DEFAULT).result.unwrap();
        evidence.record().state.algorithms.asym
    };
    assert_eq!(asym(Device::new(config.clone(), &[])), AsymAlgo::MlDsa87);
    config.capabilities &= !CHUNK_CAP;
    assert_eq!(asym(Device::new(config.clone(), &[])), AsymAlgo::MlDsa44);
    let policy = only(Version::V1_4, AsymAlgo::MlDsa87);
    let run = Device::new(config, &[]).authenticate(policy);
    let error = run.result.err();
    assert_eq!(error, Some(Error::Unsupported(Unsupported::Signature)));
    // GET_VERSION and GET_CAPABILITIES
    assert_eq!(run.stats.exchanges, 2);
}

#[test]
fn wrong_signatures_are_refused() {
    for fault in [
        "challenge:bad-signature",
        "challenge:stale-nonce",
        "challenge:other-key",
        "challenge:without-negotiation",
        "challenge:without-prefix",
        "challenge:other-context",
        "measurements:bad-signature",
        "measurements:without-prefix",
        "measurements:other-context",
    ] {
        let device = device(&[Asym::MlDsa44], &[fault]);
        let run = device.authenticate_with(Policy::DEFAULT, DATA_TRANSFER_SIZE);
        let is_rejected = matches!(
            run.result.err(),
            Some(Error::Rejected(Rejected::Signature { .. }))
        );
        assert!(is_rejected, "{fault}");
    }
}

#[test]
fn wrong_certificates_are_refused() {
    for fault in [
        "certificate:link-signature",
        "certificate:root-signature",
        "certificate:leaf-key",
    ] {
        let device = device(&[Asym::MlDsa44], &[fault]);
        let run = device.authenticate_with(Policy::DEFAULT, DATA_TRANSFER_SIZE);
        assert!(
            matches!(run.result.err(), Some(Error::Rejected(_))),
            "{fault}"
        );
    }
}
