// SPDX-License-Identifier: GPL-2.0

//! Measurements that somebody changed are refused, and the verdict names the bytes that were
//! changed.
//!
//! A signature does not tell which of the bytes that it is over is wrong. Where nothing else tells,
//! the verdict names all those that may be.

mod common;

use common::sample::{
    bytes,
    flip,
    Sample,
    CHALLENGE,
    DIGEST,
    MEASUREMENTS,
    SIGNATURE, //
};
use spdmctl::{
    evidence::Evidence,
    report::{
        Outcome,
        Subject, //
    },
    verify::{
        verify,
        Demands, //
    },
};

#[test]
fn altered_requests_for_measurements_name_the_bytes() {
    use Outcome::{
        Malformed,
        Refused, //
    };
    let sample = Sample::new(false);
    let (request, response) = (sample.request, sample.response);
    let form = (Subject::Measurements, Malformed);
    let refused = (Subject::Measurements, Refused);
    sample.refuses(
        "negotiation of the measurements",
        flip(MEASUREMENTS, 21),
        form,
        (MEASUREMENTS, 21..22),
    );
    for (what, offset, value) in [
        ("version of the request", 0, 0x12),
        ("code of the request", 1, 0xe1),
        ("a raw value is asked for", 2, 0x03),
        ("one block is asked for", 3, 0x01),
    ] {
        let at = request + offset;
        sample.refuses_byte(what, MEASUREMENTS, at, value, form, at..at + 1);
    }
    let nonce = request + 4..request + 36;
    sample.refuses(
        "requester's nonce",
        flip(MEASUREMENTS, nonce.end - 1),
        (Subject::MeasurementsNonce, Refused),
        (MEASUREMENTS, nonce),
    );
    let at = request + 36;
    sample.refuses_byte("slot", MEASUREMENTS, at, 1, refused, at..at + 1);
    sample.refuses_byte("no slot", MEASUREMENTS, at, 0x0f, form, at..at + 1);
    let at = response + 3;
    sample.refuses_byte("slot back", MEASUREMENTS, at, 0x21, refused, at..at + 1);
    sample.refuses_byte("change", MEASUREMENTS, at, 0x30, form, at..at + 1);
    sample.refuses_byte(
        "code of the response",
        MEASUREMENTS,
        response + 1,
        0x61,
        form,
        response..response + 2,
    );
}

#[test]
fn altered_records_name_the_bytes() {
    let sample = Sample::new(false);
    let form = (Subject::Measurements, Outcome::Malformed);
    let response = sample.response;
    let count = response + 4;
    let blocks = sample.evidence.bytes(MEASUREMENTS).unwrap()[count];
    for value in [0, 1, blocks - 1, blocks + 1, 0xff] {
        let range = count..count + 1;
        sample.refuses_byte("NumberOfBlocks", MEASUREMENTS, count, value, form, range);
    }
    let length = response + 5;
    let low = sample.record.to_le_bytes()[0];
    for (offset, value) in [(0, low + 1), (0, low - 1), (1, 0xff), (2, 1)] {
        let at = length + offset;
        let range = length..length + 3;
        sample.refuses_byte("length of the record", MEASUREMENTS, at, value, form, range);
    }
    // The first block, and the second one behind its header and digest.
    for block in [response + 8, response + 8 + 7 + DIGEST] {
        for (what, offset, value, range) in [
            ("index 0", 0, 0, 0..1),
            ("index 255", 0, 0xff, 0..1),
            ("specification", 1, 2, 1..2),
            ("MeasurementSize", 2, 0x42, 2..7),
            ("MeasurementSize, high", 3, 1, 2..7),
            ("value size", 5, 0x41, 2..7),
            ("value size, high", 6, 1, 2..7),
        ] {
            let range = block + range.start..block + range.end;
            sample.refuses_byte(what, MEASUREMENTS, block + offset, value, form, range);
        }
    }
    let second = response + 8 + 7 + DIGEST;
    let range = second..second + 1;
    sample.refuses_byte("an index twice", MEASUREMENTS, second, 1, form, range);
    // A digest that is as long as no digest is.
    sample.refuses(
        "two sizes that agree",
        |evidence| {
            let object = bytes(evidence, MEASUREMENTS);
            object[second + 2] = 0x42;
            object[second + 5] = 0x3f;
        },
        form,
        (MEASUREMENTS, second + 2..second + 7),
    );
}

#[test]
fn altered_values_name_the_bytes_that_are_signed() {
    let sample = Sample::new(false);
    let end = sample.length(MEASUREMENTS);
    let suspects = sample.response..end;
    let verdict = (Subject::MeasurementsSignature, Outcome::Refused);
    for (what, offset) in [
        ("type", sample.response + 8 + 4),
        ("value", sample.response + 8 + 7),
        ("last value", sample.behind_record(0) - 1),
        ("device's nonce", sample.behind_record(0)),
        ("opaque data", sample.behind_record(32 + 2 + 9)),
        ("signature", end - SIGNATURE),
        ("end of the signature", end - 1),
        ("reserved byte", sample.response + 2),
    ] {
        let blamed = (MEASUREMENTS, suspects.clone());
        sample.refuses(what, flip(MEASUREMENTS, offset), verdict, blamed);
    }
}

#[test]
fn what_nothing_vouches_for_is_suspect() {
    let sample = Sample::new(false);
    let value = sample.response + 8 + 7;
    let verdict = (Subject::MeasurementsSignature, Outcome::Refused);
    let end = sample.length(MEASUREMENTS);
    // Without the challenge's signature, the negotiation may be what was altered.
    let blamed = (MEASUREMENTS, 0..end);
    let last = sample.length(CHALLENGE) - 1;
    let both = |evidence: &mut Evidence| {
        flip(CHALLENGE, last)(evidence);
        flip(MEASUREMENTS, value)(evidence);
    };
    sample.refuses("challenge and value", both, verdict, blamed);

    // Without a nonce to compare with, that of the request may be.
    let mut evidence = sample.evidence.clone();
    flip(MEASUREMENTS, value)(&mut evidence);
    let demands = Demands {
        nonce: None,
        ..sample.recipe.demands()
    };
    let report = verify(&evidence, &demands);
    let check = report.check(verdict.0).unwrap();
    assert_eq!(check.bytes, Some((sample.vca, end)));
}

#[test]
fn altered_ends_of_measurements_name_the_bytes() {
    let sample = Sample::new(false);
    let form = (Subject::Measurements, Outcome::Malformed);
    let end = sample.length(MEASUREMENTS);
    let opaque = sample.behind_record(32);
    for value in [0, 12, 20, 0xff] {
        let range = opaque..opaque + 2;
        sample.refuses_byte("opaque length", MEASUREMENTS, opaque, value, form, range);
    }
    let context = opaque + 2 + 16;
    let asked = sample.request + 37;
    for offset in [asked, context] {
        // Either of them may be the wrong one.
        sample.refuses(
            "RequesterContext",
            flip(MEASUREMENTS, offset),
            form,
            (MEASUREMENTS, asked..context + 8),
        );
    }
    sample.refuses(
        "a signature that is cut",
        |evidence| bytes(evidence, MEASUREMENTS).truncate(end - 1),
        form,
        (MEASUREMENTS, end - SIGNATURE..end - 1),
    );
    sample.refuses(
        "no signature",
        |evidence| bytes(evidence, MEASUREMENTS).truncate(end - SIGNATURE),
        form,
        (MEASUREMENTS, end - SIGNATURE..end - SIGNATURE),
    );
    sample.refuses(
        "a byte behind the signature",
        |evidence| bytes(evidence, MEASUREMENTS).push(0),
        form,
        (MEASUREMENTS, end..end + 1),
    );
}
