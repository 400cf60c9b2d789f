// SPDX-License-Identifier: GPL-2.0

//! Measurements, chains of further slots, and connections that are gone on with.

mod common;

use std::{
    fs,
    net::{
        Ipv4Addr,
        TcpListener, //
    },
    sync::Arc,
    thread, //
};

use common::{
    errno,
    run,
    Device, //
};
use rspdm_host::{
    environment::DATA_TRANSFER_SIZE,
    names,
    transport::{
        Socket,
        DOE_TIMEOUT, //
    },
};
use rspdm_proto::proto::{
    requester::{
        Policy,
        Store,
        Transport, //
    },
    slot::{
        SlotChoice,
        SlotId,
        SlotMask, //
    },
    version::Version,
};
use rspdm_responder::{
    algorithm::Asym,
    config::{
        Config,
        MEAS_CAP, //
    },
    fault::Plans,
    random::Random,
    server::Server, //
};

/// The fastest device that there is, with other properties.
fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config {
        asym: vec![Asym::EcdsaP256],
        ..Config::default()
    };
    change(&mut config);
    config
}

fn only(version: Version) -> Policy {
    Policy {
        versions: names::versions(&[version]),
        ..Policy::DEFAULT
    }
}

#[test]
fn evidence_is_what_the_device_signed() {
    let directory = std::env::temp_dir().join(format!("rspdm-truth-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let config = config(|config| {
        config.slots = 0x05;
        config.truth = Some(directory.clone());
    });
    let device = Device::new(config, &[]);
    for version in Version::ALL {
        let policy = Policy {
            further: SlotMask::from_wire(0xff),
            ..only(version)
        };
        let mut socket = device.connect();
        let mut connection = None;
        // The first time all of it, the second time on the connection.
        for exchanges in [8, 2] {
            let run = run(&mut socket, connection.take(), policy, DATA_TRANSFER_SIZE);
            let evidence = run.result.unwrap();
            assert_eq!(run.stats.exchanges, exchanges);
            let truth = |name: &str| fs::read(directory.join(name)).unwrap();
            assert_eq!(evidence.transcript.bytes(), truth("challenge"));
            assert_eq!(evidence.measurements.bytes(), truth("measurements"));
            assert_eq!(evidence.connection.vca(), truth("vca"));
            let [zero, one, two, ..] = SlotId::ALL;
            assert_eq!(evidence.connection.chain(zero), truth("cert0"));
            assert_eq!(evidence.connection.chain(one), []);
            assert_eq!(evidence.connection.chain(two), truth("cert2"));

            let layout = evidence.record().measurements.unwrap().layout;
            let nonce = layout.requester_nonce.unwrap();
            assert_eq!(
                evidence.measurements.bytes()[nonce..][..32],
                run.freshness.nonce
            );
            let nonce = evidence.record().layout.requester_nonce;
            assert_eq!(
                evidence.transcript.bytes()[nonce..][..32],
                run.freshness.nonce
            );
            connection = Some(evidence.connection);
        }
    }
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn devices_that_cannot_sign_or_measure_are_authenticated() {
    for version in Version::ALL {
        for (capability, expected, exchanges) in [
            (0x10, Some(true), 7),
            (0x08, Some(false), 7),
            (0x00, None, 6),
        ] {
            let config = config(|config| {
                config.capabilities = config.capabilities & !MEAS_CAP | capability;
            });
            let run = Device::new(config, &[]).authenticate(only(version));
            let evidence = run.result.unwrap();
            let facts = evidence.record().measurements;
            assert_eq!(facts.map(|facts| facts.is_signed()), expected, "{version}");
            let is_empty = evidence.measurements.bytes().is_empty();
            assert_eq!(is_empty, expected.is_none(), "{version}");
            assert_eq!(run.stats.exchanges, exchanges, "{version}");
        }
    }
}

#[test]
fn key_of_the_slot_signs_the_measurements() {
    let config = config(|config| {
        config.slots = 0x05;
        config.distinct_keys = true;
    });
    let device = Device::new(config, &[]);
    for version in Version::ALL {
        let policy = Policy {
            slot: SlotChoice::Slot(SlotId::ALL[2]),
            ..only(version)
        };
        let evidence = device.authenticate(policy).result.unwrap();
        let facts = evidence.record().measurements.unwrap();
        // In 1.0 it would be slot 0's key, which is not known.
        assert_eq!(facts.is_signed(), version > Version::V1_0, "{version}");
    }
}

#[test]
fn device_that_somebody_else_spoke_to_is_asked_anew() {
    let device = Device::new(config(|_| ()), &[]);
    for version in Version::ALL {
        let policy = only(version);
        let mut socket = device.connect();
        let first = run(&mut socket, None, policy, DATA_TRANSFER_SIZE);
        // GET_VERSION: all that was negotiated is forgotten.
        let mut response = [0; 64];
        socket.exchange(&[0x10, 0x84, 0, 0], &mut response).unwrap();
        let connection = first.result.unwrap().connection;
        let second = run(&mut socket, Some(connection), policy, DATA_TRANSFER_SIZE);
        assert_eq!(errno(&second.result), "0");
        assert_eq!(second.stats.exchanges, 1 + 7);
        // Another algorithm than before: nothing fits any more.
        let connection = second.result.unwrap().connection;
        let other = Policy {
            hashes: names::hashes(&[names::hash("sha256").unwrap()]),
            ..policy
        };
        run(&mut socket, None, other, DATA_TRANSFER_SIZE)
            .result
            .unwrap();
        let third = run(&mut socket, Some(connection), policy, DATA_TRANSFER_SIZE);
        assert_eq!(errno(&third.result), "0");
        assert_eq!(third.stats.exchanges, 1 + 7);
    }
}

#[test]
fn faults_that_come_later_are_noticed_on_the_connection() {
    let file = std::env::temp_dir().join(format!("rspdm-later-{}", std::process::id()));
    let random = Arc::new(Random::new(Some(7)));
    let plans = Plans::new(config(|_| ()), random, &[], Some(file.clone())).unwrap();
    let server = Server {
        plans,
        pcap: None,
        log: false,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || server.serve(listener.accept().unwrap().0));
    let mut socket = Socket::connect(address, DOE_TIMEOUT).unwrap();
    for (fault, expected, exchanges) in [
        // At the refresh, and at the conversation that follows.
        ("challenge:bad-signature", "EKEYREJECTED", 1 + 6),
        ("measurements:altered", "EKEYREJECTED", 2 + 7),
        ("measurements:replay", "EPROTO", 2 + 7),
        ("challenge:bad-signature@1", "0", 1 + 7),
        ("measurements:same-index@1", "0", 2 + 7),
        ("challenge:error-busy@1-2", "0", 2 + 2),
        ("measurements:dirty-padding", "0", 2),
        // The device forgets the connection, and then it happens.
        ("digests:mismatch", "EKEYREJECTED", 1 + 5),
        ("algorithms:no-hash", "EOPNOTSUPP", 1 + 3),
    ] {
        let policy = Policy::DEFAULT;
        let _ = fs::remove_file(&file);
        let first = run(&mut socket, None, policy, DATA_TRANSFER_SIZE);
        let connection = first.result.unwrap().connection;
        fs::write(&file, fault).unwrap();
        let second = run(&mut socket, Some(connection), policy, DATA_TRANSFER_SIZE);
        assert_eq!(errno(&second.result), expected, "{fault}");
        assert_eq!(second.stats.exchanges, exchanges, "{fault}");
    }
    fs::remove_file(file).unwrap();
}

#[test]
fn own_sizes_are_the_same_whatever_the_devices_are() {
    let sizes: Vec<_> = [64, 1 << 16, 64, 4600]
        .into_iter()
        .map(|size| {
            let device = Device::new(config(|config| config.transfer_size = size), &[]);
            let run = device.authenticate(only(Version::V1_4));
            let evidence = run.result.unwrap();
            let vca = evidence.connection.vca();
            // GET_VERSION, VERSION with its entries, GET_CAPABILITIES up to its sizes
            let entries = usize::from(vca[4 + 5]);
            let request = &vca[4 + 6 + 2 * entries..];
            assert_eq!(request[..2], [0x14, 0xe1]);
            request[12..20].to_vec()
        })
        .collect();
    let own = u32::try_from(DATA_TRANSFER_SIZE).unwrap();
    assert!(sizes.iter().all(|both| both[..4] == own.to_le_bytes()));
    assert!(sizes.windows(2).all(|pair| pair[0] == pair[1]));
}
