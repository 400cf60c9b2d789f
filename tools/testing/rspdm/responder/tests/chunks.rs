// SPDX-License-Identifier: GPL-2.0

//! Large messages in chunks: what goes in is what comes out.

mod common;

use common::{
    plan,
    Talk, //
};
use rspdm_responder::config::Config;

/// A device that sends and takes 42 bytes at once.
fn small() -> Config {
    Config {
        transfer_size: 42,
        send_size: 42,
        ..Config::default()
    }
}

fn negotiated(config: Config, version: u8) -> Talk {
    let mut talk = Talk::with_chunks(&plan(config, &[]), version);
    talk.negotiate(0x10, 0x02);
    talk
}

#[test]
fn capabilities_tell_of_chunks() {
    let talk = negotiated(small(), 0x12);
    let capabilities = &talk.said[1].1.bytes;
    assert_eq!(capabilities[10] & 0x02, 0x02);
    // DataTransferSize 42, MaxSPDMmsgSize 64 KiB
    assert_eq!(capabilities[12..], [42, 0, 0, 0, 0, 0, 1, 0]);
}

#[test]
fn chunks_join_to_what_comes_at_once_otherwise() {
    for version in [0x12, 0x13, 0x14] {
        let mut small = negotiated(small(), version);
        let mut large = negotiated(Config::default(), version);
        for request in [
            small.get_digests(),
            small.get_certificate(0, 0, 0x700),
            small.get_certificate(0, 700, 100),
        ] {
            let whole = large.ask(&request);
            assert_eq!(small.ask_whole(&request, 42), whole);
        }
        assert!(small.said.len() > large.said.len());
    }
}

#[test]
fn no_message_exceeds_what_either_side_takes() {
    let mut talk = negotiated(small(), 0x14);
    talk.ask_whole(&talk.get_certificate(0, 0, 0x700), 42);
    talk.ask_whole(&talk.challenge(0, 0), 42);
    for (_, reply) in &talk.said[3..] {
        assert!(reply.bytes.len() <= 42);
    }
}

#[test]
fn challenge_arrives_whole() {
    for version in [0x13, 0x14] {
        let mut talk = negotiated(small(), version);
        let answer = talk.ask_whole(&talk.challenge(0, 0), 42);
        assert_eq!(answer[..4], [version, 0x03, 0x00, 0x01]);
        // The context is the last thing in the request.
        let context = answer.len() - 64 - 8;
        assert_eq!(answer[context..][..8], common::CONTEXT);
    }
}

#[test]
fn offer_of_algorithms_may_be_large() {
    for version in [0x12, 0x14] {
        let mut talk = Talk::with_chunks(&plan(small(), &[]), version);
        talk.ask(&[0x10, 0x84, 0x00, 0x00]);
        talk.ask(&talk.get_capabilities());
        let mut request = talk.negotiate_algorithms(0x10, 0x02);
        request[2] = 4;
        request[4] = 32 + 4 * 4;
        for alg_type in 2..=5 {
            request.extend([alg_type, 0x20, 1, 0]);
        }
        // 36 bytes, and four tables
        let answer = talk.ask_whole(&request, 42);
        assert_eq!(answer[..5], [version, 0x63, 0x04, 0x00, 36 + 4 * 4]);
        assert_eq!(talk.ask_whole(&talk.get_digests(), 42)[1], 0x01);
    }
}

#[test]
fn a_chunk_can_be_fetched_twice() {
    let mut talk = negotiated(small(), 0x12);
    let error = talk.ask(&talk.get_digests());
    assert_eq!(error[..4], [0x12, 0x7f, 0x0f, 0x00]);
    let get = |number| [0x12, 0x86, 0x00, error[4], number, 0x00];
    let first = talk.ask(&get(0));
    assert_eq!(talk.ask(&get(0)), first);
    let second = talk.ask(&get(1));
    assert_eq!(talk.ask(&get(1)), second);
    assert_ne!(first, second);
}

#[test]
fn chunks_that_were_not_announced_are_refused() {
    let mut talk = negotiated(small(), 0x12);
    let stray = talk.ask(&[0x12, 0x86, 0x00, 0x01, 0x00, 0x00]);
    assert_eq!(stray, [0x12, 0x7f, 0x01, 0x00]);
    let error = talk.ask(&talk.get_digests());
    for (handle, number) in [(error[4].wrapping_add(1), 0), (error[4], 1)] {
        let answer = talk.ask(&[0x12, 0x86, 0x00, handle, number, 0x00]);
        assert_eq!(answer, [0x12, 0x7f, 0x01, 0x00]);
    }
    // Anything else ends the transfer.
    talk.ask(&talk.get_certificate(0, 0, 20));
    let answer = talk.ask(&[0x12, 0x86, 0x00, error[4], 0x00, 0x00]);
    assert_eq!(answer, [0x12, 0x7f, 0x01, 0x00]);
}

#[test]
fn chunks_that_contradict_each_other_are_refused() {
    // Handle, ChunkSeqNo, LastChunk and length of the second chunk of 44 bytes
    for (handle, number, last, len) in [
        (0x78, 1, 1, 18),
        (0x77, 2, 1, 18),
        (0x77, 1, 0, 18),
        (0x77, 1, 1, 17),
        (0x77, 1, 1, 19),
    ] {
        let mut talk = negotiated(small(), 0x14);
        let challenge = [&talk.challenge(0, 0)[..], &[0; 4]].concat();
        let mut first = vec![0x14, 0x85, 0, 0x77, 0, 0, 0, 0, 26, 0, 0, 0, 44, 0, 0, 0];
        first.extend(&challenge[..26]);
        assert_eq!(talk.ask(&first), [0x14, 0x05, 0, 0x77, 0, 0, 0, 0]);
        let mut second = vec![
            0x14, 0x85, last, handle, number, 0, 0, 0, len as u8, 0, 0, 0,
        ];
        second.extend(&challenge[26..][..len]);
        let answer = talk.ask(&second);
        // EarlyErrorDetected, and ERROR InvalidRequest
        assert_eq!(answer[1..3], [0x05, 0x01]);
        assert_eq!(answer[8..], [0x14, 0x7f, 0x01, 0x00]);
    }
}

#[test]
fn requester_without_chunks_gets_none() {
    let mut talk = Talk::new(&plan(small(), &[]), 0x12);
    talk.negotiate(0x10, 0x02);
    assert_eq!(talk.ask(&talk.get_digests())[1], 0x01);
    let answer = talk.ask(&[0x12, 0x85, 0x01, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(answer, [0x12, 0x7f, 0x04, 0x00]);
}
