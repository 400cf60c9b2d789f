// SPDX-License-Identifier: GPL-2.0

//! Slots, their keys, and chains of all sizes.

mod common;

use common::{
    errno,
    Device, //
};
use rspdm_host::names;
use rspdm_proto::proto::{
    error::{
        Error,
        Misbehaved,
        Unsupported, //
    },
    key::CertificateModel,
    limits::{
        Budget,
        CHAIN_LEN_MAX,
        SMALL_CHAIN_LEN_MAX, //
    },
    message::{
        Request,
        Response, //
    },
    requester::Policy,
    slot::{
        SlotChoice,
        SlotId,
        SlotMask, //
    },
    version::Version,
    wire::error_rsp::ErrorCode, //
};
use rspdm_responder::{
    algorithm::Asym,
    config::{
        Config,
        ALIAS_CERT_CAP,
        LARGE_RESP_CAP,
        MULTI_KEY_NEG,
        MULTI_KEY_ONLY, //
    },
};

fn only(version: Version) -> Policy {
    Policy {
        versions: names::versions(&[version]),
        ..Policy::DEFAULT
    }
}

fn slot(number: u8) -> SlotChoice {
    SlotChoice::Slot(SlotId::new(number).unwrap())
}

/// A device whose chain has so many bytes.
fn long(bytes: u32) -> Config {
    let mut config = Config {
        asym: vec![Asym::EcdsaP256],
        ..Config::default()
    };
    // The parsers of certificates take 64 KiB.
    config.chain.certificates = 6;
    config.chain.bytes = Some(bytes as usize);
    config
}

#[test]
fn large_chains_come_in_portions_of_any_size() {
    for (bytes, portion, exchanges) in [
        (0x1_0000, u32::MAX, 6 + 15), // 4584 bytes at a time
        (CHAIN_LEN_MAX, u32::MAX, 6 + 29),
        (CHAIN_LEN_MAX, 256, 6 + 512),
        (100_001, 1000, 6 + 101),
    ] {
        let config = Config {
            portion,
            ..long(bytes)
        };
        let run = Device::new(config, &[]).authenticate(Policy::DEFAULT);
        let name = format!("{bytes} by {portion}");
        let evidence = run.result.unwrap_or_else(|error| panic!("{name}: {error}"));
        let chain = evidence.connection.chain(SlotId::ALL[0]);
        assert_eq!(chain.len(), bytes as usize);
        assert_eq!(run.stats.exchanges, exchanges, "{name}");
    }
}

#[test]
fn large_chain_may_come_in_one_transfer() {
    let device = Device::new(long(100_000), &[]);
    let run = device.authenticate_with(Policy::DEFAULT, 1 << 17);
    assert_eq!(errno(&run.result), "0");
    assert_eq!(run.stats.exchanges, 7);
}

#[test]
fn chain_beyond_our_limit_is_refused_at_once() {
    let run = Device::new(long(CHAIN_LEN_MAX + 1), &[]).authenticate(Policy::DEFAULT);
    let response = Response::Certificate;
    let (expected, found) = (CHAIN_LEN_MAX, CHAIN_LEN_MAX + 1);
    let what = Misbehaved::Total { expected, found };
    let error = Error::Misbehaved { response, what };
    assert_eq!(run.result.err(), Some(error));
    assert_eq!(run.stats.exchanges, 5);
}

#[test]
fn large_chain_takes_the_large_form() {
    let refused = |config: Config, version| {
        let run = Device::new(config, &[]).authenticate(only(version));
        run.result.err()
    };
    let request = Request::GetCertificate;
    let code = ErrorCode::DataTooLarge;
    let mut config = long(SMALL_CHAIN_LEN_MAX + 1);
    config.capabilities &= !LARGE_RESP_CAP;
    let error = refused(config, Version::V1_4);
    assert_eq!(error, Some(Error::Refused { request, code }));
    // What a device does that has such a chain and speaks an older version, nobody knows.
    let code = ErrorCode::Unspecified;
    let error = refused(long(SMALL_CHAIN_LEN_MAX + 1), Version::V1_3);
    assert_eq!(error, Some(Error::Refused { request, code }));
    assert_eq!(refused(long(SMALL_CHAIN_LEN_MAX), Version::V1_3), None);
}

/// Eight slots, each with a key of its own.
fn eight() -> Config {
    Config {
        asym: vec![Asym::EcdsaP256],
        slots: 0xff,
        distinct_keys: true,
        ..Config::default()
    }
}

#[test]
fn any_of_eight_slots_is_authenticated_with_its_own_key() {
    let mut multi_key = eight();
    multi_key.capabilities |= MULTI_KEY_NEG;
    for config in [eight(), multi_key] {
        let device = Device::new(config, &[]);
        for number in 0..8 {
            let policy = Policy {
                slot: slot(number),
                ..Policy::DEFAULT
            };
            let record = *device.authenticate(policy).result.unwrap().record();
            assert_eq!(record.chain.slot.number(), number);
            let pair = record.chain.key.map(|key| key.pair);
            let expected = record.state.is_multi_key.then_some(number + 1);
            assert_eq!(pair, expected);
        }
    }
}

#[test]
fn all_slots_are_read_if_wanted() {
    let device = Device::new(eight(), &[]);
    let policy = Policy {
        further: SlotMask::from_wire(0xff),
        ..Policy::DEFAULT
    };
    let run = device.authenticate(policy);
    let evidence = run.result.unwrap();
    assert!(SlotId::ALL
        .iter()
        .all(|slot| !evidence.connection.chain(*slot).is_empty()));
    assert_eq!(run.stats.exchanges, 7 + 7);
}

#[test]
fn slots_that_hold_nothing_add_nothing_to_the_budget() {
    let exchanges = |provisioned, faults: &[String]| {
        let config = Config {
            slots: provisioned,
            portion: 4,
            ..Config::default()
        };
        let policy = Policy {
            further: SlotMask::from_wire(0xff),
            ..Policy::DEFAULT
        };
        let run = Device::new(config, faults).authenticate(policy);
        (errno(&run.result), run.stats.exchanges)
    };
    let fault = "certificate:one-byte-portions".to_owned();
    let most = Budget::AUTHENTICATE.exchanges;
    assert_eq!(exchanges(0x01, &[fault]), ("ETIMEDOUT", most));
    // Two chains in portions of four bytes.
    let (error, count) = exchanges(0x03, &[]);
    assert_eq!(error, "0");
    assert!((most..2 * most).contains(&count), "{count}");
}

#[test]
fn multiple_keys_are_for_what_they_say() {
    let config = |capability| {
        let mut config = Config {
            slots: 0x9e,
            empty_slots: 0x20,
            // A key alone, alias certificates, generic ones, a device's
            models: [1, 0, 2, 3, 1, 1, 1, 1],
            usages: [6, 6, 0x04, 0x06, 0x02, 6, 6, 0x06],
            ..eight()
        };
        config.capabilities |= capability;
        config
    };
    for capability in [MULTI_KEY_NEG, MULTI_KEY_ONLY] {
        for version in [Version::V1_3, Version::V1_4] {
            let device = Device::new(config(capability), &[]);
            let authenticate = |slot| {
                let policy = Policy {
                    slot,
                    ..only(version)
                };
                device.authenticate(policy).result
            };
            // Slot 1 holds no chain, slot 2 is for measurements.
            let record = *authenticate(SlotChoice::Lowest).unwrap().record();
            assert!(record.state.is_multi_key);
            assert_eq!(record.chain.slot.number(), 3);
            assert_eq!(record.chain.provisioned.to_wire(), 0x9c);
            assert_eq!(record.chain.challengeable.to_wire(), 0x98);
            let model = record.chain.key.map(|key| key.model);
            assert_eq!(model, Some(CertificateModel::Generic));
            // Slot 4 is for challenges.
            let record = *authenticate(slot(4)).unwrap().record();
            assert!(!record.measurements.unwrap().is_signed());
            let record = *authenticate(slot(7)).unwrap().record();
            assert!(record.measurements.unwrap().is_signed());

            let what = Unsupported::KeyUsage { mask: 0x98 };
            let error = authenticate(slot(2)).err();
            assert_eq!(error, Some(Error::Unsupported(what)));
            for number in [0, 1, 5] {
                let mask = 0x9c;
                let slot_number = number;
                let what = Unsupported::Slot {
                    slot: slot_number,
                    mask,
                };
                let error = authenticate(slot(number)).err();
                assert_eq!(error, Some(Error::Unsupported(what)));
            }
        }
    }
}

#[test]
fn multiple_keys_are_unknown_before_1_3() {
    let mut config = eight();
    config.capabilities |= MULTI_KEY_ONLY;
    let run = Device::new(config, &[]).authenticate(only(Version::V1_2));
    let record = *run.result.unwrap().record();
    assert!(!record.state.is_multi_key);
    assert_eq!(record.chain.key, None);
}

#[test]
fn alias_certificates_are_as_good_as_any() {
    let mut config = Config {
        asym: vec![Asym::EcdsaP256],
        ..Config::default()
    };
    config.capabilities |= ALIAS_CERT_CAP;
    config.chain.certificates = 5;
    let device = Device::new(config, &[]);
    for version in [Version::V1_2, Version::V1_3, Version::V1_4] {
        let record = *device.authenticate(only(version)).result.unwrap().record();
        assert_eq!(record.chain.certificates, 5);
        assert_eq!(record.chain.unverified_links, 0);
    }
}
