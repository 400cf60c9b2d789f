// SPDX-License-Identifier: GPL-2.0

//! What is preferred is offered first, and what is not listed is not offered at all.

mod common;

use common::{
    run,
    Device, //
};
use rspdm_host::names;
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    error::{
        Error,
        Unsupported, //
    },
    preference::Allowed,
    requester::Policy,
    version::Version,
};
use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::Config,
};

/// As many as any first authentication takes with short chains.
const EXCHANGES: u32 = 7;

/// GET_VERSION, GET_CAPABILITIES and NEGOTIATE_ALGORITHMS.
const OFFER: u32 = 3;

/// What an administrator's list allows.
fn listed(list: &str) -> Policy {
    let everything = Policy::DEFAULT;
    let Allowed {
        hashes,
        signatures,
        order,
    } = everything.allowed().listed(list.as_bytes()).unwrap();
    Policy {
        hashes,
        signatures,
        order,
        ..everything
    }
}

fn device(asym: &[Asym]) -> Device {
    let config = Config {
        asym: asym.to_vec(),
        ..Config::default()
    };
    Device::new(config, &[])
}

/// The signature algorithm that was agreed on, and the exchanges that it took.
fn agreed(device: &Device, policy: Policy) -> (AsymAlgo, u32) {
    // Room for all signatures, so that chunks do not count.
    let run = device.authenticate_with(policy, 1 << 16);
    let evidence = run.result.unwrap();
    let asym = evidence.record().state.algorithms.asym;
    (asym, run.stats.exchanges)
}

#[test]
fn device_gets_the_preferred_kind_first() {
    use AsymAlgo::{
        EcdsaP384,
        MlDsa65, //
    };
    let both = device(&[Asym::EcdsaP384, Asym::MlDsa65]);
    let classical = device(&[Asym::EcdsaP384]);
    let post_quantum = device(&[Asym::MlDsa65]);
    let policy = listed("mldsa65,ecdsa-nist-p384");
    assert_eq!(agreed(&both, policy), (MlDsa65, EXCHANGES));
    assert_eq!(agreed(&classical, policy), (EcdsaP384, EXCHANGES + OFFER));
    assert_eq!(agreed(&post_quantum, policy), (MlDsa65, EXCHANGES));
    let policy = listed("ecdsa-nist-p384,mldsa65");
    assert_eq!(agreed(&both, policy), (EcdsaP384, EXCHANGES));
    assert_eq!(agreed(&classical, policy), (EcdsaP384, EXCHANGES));
    assert_eq!(agreed(&post_quantum, policy), (MlDsa65, EXCHANGES + OFFER));
}

#[test]
fn without_a_list_the_device_chooses() {
    for asym in [
        [Asym::EcdsaP384, Asym::MlDsa65],
        [Asym::MlDsa65, Asym::EcdsaP384],
    ] {
        let (_, exchanges) = agreed(&device(&asym), listed(""));
        assert_eq!(exchanges, EXCHANGES);
    }
}

#[test]
fn what_is_not_listed_is_not_used() {
    let nothing = |device: &Device, list| {
        let run = device.authenticate(listed(list));
        let is_right = matches!(
            run.result.err(),
            Some(Error::Unsupported(Unsupported::Signature) | Error::Refused { .. })
        );
        assert!(is_right, "{list}");
        run.stats.exchanges
    };
    let both = device(&[Asym::EcdsaP384, Asym::MlDsa65]);
    assert_eq!(nothing(&both, "ecdsa-nist-p256"), OFFER);
    assert_eq!(nothing(&both, "mldsa44,mldsa87,rsassa-2048"), 2 * OFFER);
    let (asym, _) = agreed(&both, listed("mldsa65"));
    assert_eq!(asym, AsymAlgo::MlDsa65);
}

#[test]
fn hash_is_one_that_is_listed() {
    let config = Config {
        hash: Hash::ALL.to_vec(),
        ..Config::default()
    };
    let device = Device::new(config, &[]);
    for (list, expected) in [
        ("sha512", BaseHash::Sha512),
        ("sha3-384", BaseHash::Sha3_384),
    ] {
        let evidence = device.authenticate(listed(list)).result.unwrap();
        assert_eq!(evidence.record().state.algorithms.hash, expected);
    }
}

#[test]
fn what_the_version_does_not_know_costs_nothing() {
    let device = device(&[Asym::EcdsaP384]);
    let policy = Policy {
        versions: names::versions(&[Version::V1_2]),
        ..listed("mldsa65,ecdsa-nist-p384")
    };
    assert_eq!(agreed(&device, policy), (AsymAlgo::EcdsaP384, EXCHANGES));
}

#[test]
fn connection_ends_when_something_else_is_allowed() {
    let device = device(&[Asym::EcdsaP384, Asym::MlDsa65]);
    let mut socket = device.connect();
    let size = 1 << 16;
    let first = listed("ecdsa-nist-p384");
    let connection = run(&mut socket, None, first, size)
        .result
        .unwrap()
        .connection;
    let again = run(&mut socket, Some(connection), first, size);
    assert_eq!(again.stats.exchanges, 2);
    let connection = again.result.unwrap().connection;
    let other = run(&mut socket, Some(connection), listed("mldsa65"), size);
    assert_eq!(other.stats.exchanges, EXCHANGES);
    let evidence = other.result.unwrap();
    assert_eq!(evidence.record().state.algorithms.asym, AsymAlgo::MlDsa65);
}
