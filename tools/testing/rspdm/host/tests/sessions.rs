// SPDX-License-Identifier: GPL-2.0

//! Honest devices of every kind are authenticated, at the lowest possible cost.

mod common;

use common::{
    errno,
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
        Exhausted,
        Unsupported, //
    },
    requester::{
        Policy,
        Store, //
    },
    slot::{
        SlotChoice,
        SlotId, //
    },
    version::Version,
};
use rspdm_responder::{
    algorithm::Asym,
    config::Config, //
};

fn only(version: Version, hash: BaseHash, asym: AsymAlgo) -> Policy {
    Policy {
        versions: names::versions(&[version]),
        hashes: names::hashes(&[hash]),
        signatures: names::signatures(&[asym]),
        ..Policy::DEFAULT
    }
}

#[test]
fn every_version_and_algorithm_works() {
    let device = Device::new(Config::default(), &[]);
    for version in Version::ALL {
        for hash in BaseHash::ALL {
            for asym in AsymAlgo::ALL.iter().filter(|asym| !asym.is_post_quantum()) {
                let run = device.authenticate(only(version, *hash, *asym));
                let name = format!("{version} {hash} {asym}");
                let record = run.result.unwrap_or_else(|error| panic!("{name}: {error}"));
                let record = record.record();
                assert_eq!(record.state.version, version, "{name}");
                assert_eq!(record.state.algorithms.hash, *hash, "{name}");
                assert_eq!(record.state.algorithms.asym, *asym, "{name}");
                let is_signed = record.measurements.map(|facts| facts.is_signed());
                assert_eq!(is_signed, Some(true), "{name}");
                assert_eq!(run.stats.exchanges, 7, "{name}");
            }
        }
    }
}

#[test]
fn layout_points_at_nonces_and_signature() {
    let device = Device::new(Config::default(), &[]);
    for version in Version::ALL {
        let policy = only(version, BaseHash::Sha256, AsymAlgo::EcdsaP256);
        let run = device.authenticate(policy);
        let evidence = run.result.unwrap();
        let layout = evidence.record().layout;
        let transcript = evidence.transcript.bytes();
        let nonce = &transcript[layout.requester_nonce..][..32];
        assert_eq!(nonce, run.freshness.nonce);
        assert_eq!(layout.signature + layout.signature_len, transcript.len());
        assert_eq!(layout.signature_len, 64);
        // CHALLENGE_AUTH begins where CHALLENGE ends: after nonce and, from 1.3 on, context.
        let context_len = if version >= Version::V1_3 { 8 } else { 0 };
        let response = layout.requester_nonce + 32 + context_len;
        assert_eq!(transcript[response..][..2], [version.to_wire(), 0x03]);
        // Header, CertChainHash
        assert_eq!(layout.responder_nonce, response + 4 + 32);
        // VCA ends before GET_DIGESTS.
        assert_eq!(
            transcript[layout.vca_len..][..4],
            [version.to_wire(), 0x81, 0, 0]
        );
    }
}

#[test]
fn chain_in_the_transcript_is_the_chain() {
    let device = Device::new(Config::default(), &[]);
    let run = device.authenticate(Policy::DEFAULT);
    let evidence = run.result.unwrap();
    let chain = evidence.connection.chain(SlotId::ALL[0]);
    let mut places = evidence.transcript.bytes().windows(chain.len());
    assert!(places.any(|place| place == chain));
}

#[test]
fn long_chains_come_in_portions() {
    for (bytes, portion, exchanges) in [
        (65535, u32::MAX, 6 + 15), // 4584 bytes at a time
        (65535, 128, 6 + 512),
        (20000, 1000, 6 + 20),
    ] {
        let mut config = Config {
            portion,
            ..Config::default()
        };
        config.chain.bytes = Some(bytes);
        let run = Device::new(config, &[]).authenticate(Policy::DEFAULT);
        let name = format!("{bytes} by {portion}");
        let evidence = run.result.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(evidence.connection.chain(SlotId::ALL[0]).len(), bytes);
        assert_eq!(run.stats.exchanges, exchanges, "{name}");
    }
}

#[test]
fn single_bytes_exhaust_the_budget() {
    let mut config = Config {
        asym: vec![Asym::EcdsaP256],
        portion: 1,
        ..Config::default()
    };
    config.chain.bytes = Some(4000);
    let run = Device::new(config, &[]).authenticate(Policy::DEFAULT);
    let exchanges = Policy::DEFAULT.budget.exchanges;
    assert!(matches!(
        run.result,
        Err(Error::Exhausted {
            what: Exhausted::Exchanges,
            ..
        })
    ));
    assert_eq!(run.stats.exchanges, exchanges);
}

#[test]
fn large_transfers_need_one_exchange_for_a_large_chain() {
    let mut config = Config {
        transfer_size: 1 << 17,
        ..Config::default()
    };
    config.chain.bytes = Some(60000);
    let device = Device::new(config, &[]);
    let run = device.authenticate_with(Policy::DEFAULT, 1 << 17);
    assert_eq!(errno(&run.result), "0");
    assert_eq!(run.stats.exchanges, 7);
}

#[test]
fn small_transfers_work_too() {
    let device = Device::new(Config::default(), &[]);
    let policy = only(Version::V1_2, BaseHash::Sha256, AsymAlgo::EcdsaP256);
    let run = device.authenticate_with(policy, 1024);
    assert_eq!(errno(&run.result), "0");
    assert!(run.stats.exchanges > 7);
}

#[test]
fn lowest_slot_is_chosen_or_the_one_asked_for() {
    let config = Config {
        slots: 0b1010_0100,
        asym: vec![Asym::EcdsaP256],
        distinct_keys: true,
        ..Config::default()
    };
    let device = Device::new(config, &[]);
    let run = device.authenticate(Policy::DEFAULT);
    assert_eq!(
        run.result
            .map(|evidence| evidence.record().chain.slot.number()),
        Ok(2)
    );
    for number in [2, 5, 7] {
        let policy = Policy {
            slot: SlotChoice::Slot(SlotId::new(number).unwrap()),
            ..Policy::DEFAULT
        };
        let run = device.authenticate(policy);
        let slot = run
            .result
            .map(|evidence| evidence.record().chain.slot.number());
        assert_eq!(slot, Ok(number));
        // Only that slot's chain was fetched.
        assert_eq!(run.stats.exchanges, 7);
    }
    let policy = Policy {
        slot: SlotChoice::Slot(SlotId::new(0).unwrap()),
        ..Policy::DEFAULT
    };
    let error = Error::Unsupported(Unsupported::Slot {
        slot: 0,
        mask: 0b1010_0100,
    });
    assert_eq!(device.authenticate(policy).result.err(), Some(error));
}

#[test]
fn chains_of_all_lengths_are_examined() {
    for (certificates, omit_root) in [(1, false), (2, false), (2, true), (3, true), (8, false)] {
        let mut config = Config::default();
        config.chain.certificates = certificates;
        config.chain.omit_root = omit_root;
        let run = Device::new(config, &[]).authenticate(Policy::DEFAULT);
        let chain = run.result.map(|evidence| evidence.record().chain);
        let facts = chain.map(|chain| (chain.certificates, chain.first_is_root));
        let sent = certificates - usize::from(omit_root);
        assert_eq!(facts, Ok((sent, !omit_root)), "{certificates} {omit_root}");
    }
}

#[test]
fn highest_common_version_is_spoken() {
    let config = Config {
        versions: vec![0x12, 0x10],
        ..Config::default()
    };
    let device = Device::new(config, &[]);
    let run = device.authenticate(Policy::DEFAULT);
    assert_eq!(
        run.result.map(|evidence| evidence.record().state.version),
        Ok(Version::V1_2)
    );
    let policy = Policy {
        versions: names::versions(&[Version::V1_3]),
        ..Policy::DEFAULT
    };
    let error = Error::Unsupported(Unsupported::Version);
    assert_eq!(device.authenticate(policy).result.err(), Some(error));
}
