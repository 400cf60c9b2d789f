// SPDX-License-Identifier: GPL-2.0

//! Devices that send or take little at once are authenticated, chunk by chunk.

mod common;

use common::{
    errno,
    Device,
    Run, //
};
use rspdm_host::names;
use rspdm_proto::proto::{
    error::{
        Error,
        Exhausted,
        Unsupported, //
    },
    limits::Budget,
    message::Request,
    requester::{
        Policy,
        Store, //
    },
    version::Version,
    wire::error_rsp::ErrorCode, //
};
use rspdm_responder::{
    algorithm::Asym,
    config::{
        Config,
        CHUNK_CAP, //
    },
};

const WITH_CHUNKS: [Version; 3] = [Version::V1_2, Version::V1_3, Version::V1_4];

/// A device that sends and takes so much at once.
fn config(send_size: u32, transfer_size: u32) -> Config {
    Config {
        asym: vec![Asym::EcdsaP256],
        send_size,
        transfer_size,
        ..Config::default()
    }
}

fn only(version: Version) -> Policy {
    Policy {
        versions: names::versions(&[version]),
        ..Policy::DEFAULT
    }
}

fn exchanges(run: &Run) -> u32 {
    assert_eq!(errno(&run.result), "0");
    run.stats.exchanges
}

#[test]
fn messages_of_any_length_pass_in_chunks_of_any_length() {
    for version in WITH_CHUNKS {
        let mut most = u32::MAX;
        for size in [42, 43, 45, 64, 100, 257, 1024, 4600] {
            let device = Device::new(config(size, size), &[]);
            let count = exchanges(&device.authenticate(only(version)));
            assert!(
                count <= most,
                "{version}: {count} with {size}, {most} with less"
            );
            most = count;
        }
        assert_eq!(most, 7);
    }
}

#[test]
fn our_own_transfers_may_be_as_small_as_allowed() {
    let device = Device::new(config(u32::MAX, 42), &[]);
    for version in WITH_CHUNKS {
        for size in [44, 48, 64, 128] {
            let run = device.authenticate_with(only(version), size);
            assert!(exchanges(&run) > 7);
        }
    }
}

#[test]
fn transcript_holds_whole_messages_only() {
    let large = Device::new(config(u32::MAX, 4600), &[]);
    let small = Device::new(config(42, 42), &[]);
    for version in WITH_CHUNKS {
        let len = |device: &Device| {
            let evidence = device.authenticate(only(version)).result.unwrap();
            let layout = evidence.record().layout;
            // Signatures in certificates differ in length, the rest does not.
            let chain = evidence
                .connection
                .chain(evidence.record().chain.slot)
                .len();
            let transcript = evidence.transcript.bytes().len();
            (layout.vca_len, transcript - chain, layout.signature - chain)
        };
        assert_eq!(len(&large), len(&small));
    }
}

#[test]
fn further_challenges_take_chunks_too() {
    let device = Device::new(config(64, 42), &[]);
    let mut socket = device.connect();
    let first = common::run(&mut socket, None, Policy::DEFAULT, 4600);
    let connection = first.result.unwrap().connection;
    let second = common::run(&mut socket, Some(connection), Policy::DEFAULT, 4600);
    // Nothing was begun anew.
    assert!(exchanges(&second) < first.stats.exchanges - 10);
}

#[test]
fn without_chunks_large_messages_are_refused() {
    // CHALLENGE of 44 bytes
    let mut few = config(u32::MAX, 42);
    few.capabilities &= !CHUNK_CAP;
    let run = Device::new(few, &[]).authenticate(only(Version::V1_3));
    let (needed, available) = (44, 42);
    let what = Unsupported::RequestLength { needed, available };
    assert_eq!(run.result.err(), Some(Error::Unsupported(what)));
    // DIGESTS of 52 bytes
    let mut few = config(u32::MAX, 4600);
    few.capabilities &= !CHUNK_CAP;
    let run = Device::new(few, &[]).authenticate_with(only(Version::V1_3), 44);
    let request = Request::GetDigests;
    let code = ErrorCode::ResponseTooLarge;
    assert_eq!(run.result.err(), Some(Error::Refused { request, code }));
}

#[test]
fn chunks_count_towards_the_budget() {
    let device = Device::new(config(42, 42), &[]);
    let count = exchanges(&device.authenticate(only(Version::V1_4)));
    let with = |exchanges| Policy {
        budget: Budget {
            exchanges,
            ..Budget::AUTHENTICATE
        },
        ..only(Version::V1_4)
    };
    assert_eq!(exchanges(&device.authenticate(with(count))), count);
    let run = device.authenticate(with(count - 1));
    assert!(matches!(
        run.result,
        Err(Error::Exhausted {
            what: Exhausted::Exchanges,
            ..
        })
    ));
}
