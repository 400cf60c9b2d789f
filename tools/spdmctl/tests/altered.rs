// SPDX-License-Identifier: GPL-2.0

//! Evidence that somebody changed is refused, and the verdict names the bytes that were changed.
//!
//! A signature does not tell which of the bytes that it is over is wrong. Where nothing else tells,
//! the verdict names all those that may be.

mod common;

use std::ops::Range;

use common::device::{
    Recipe,
    NONCE, //
};
use rspdm_responder::config::Config;
use spdmctl::{
    evidence::{
        Evidence,
        ObjectType,
        Slot, //
    },
    report::{
        Outcome,
        Subject, //
    },
    time,
    transcript::Transcript,
    trust,
    verify::{
        verify,
        Demands,
        IdentityDemand,
        Limits,
        MeasurementDemands, //
    },
};

const CHALLENGE: ObjectType = ObjectType::Challenge;
const MEASUREMENTS: ObjectType = ObjectType::Measurements;

/// Good evidence, and where everything is in it: counted by hand, not by the code under test.
struct Sample {
    recipe: Recipe,
    evidence: Evidence,
    /// Bytes of the negotiation.
    vca: usize,
    /// GET_DIGESTS.
    get_digests: usize,
    /// DIGESTS.
    digests: usize,
    /// First and last byte of the CERTIFICATEs, with the requests between them.
    certificates: Range<usize>,
    /// CHALLENGE.
    challenge: usize,
    /// CHALLENGE_AUTH.
    auth: usize,
    /// GET_MEASUREMENTS in its object.
    request: usize,
    /// MEASUREMENTS in its object.
    response: usize,
    /// Bytes of the record.
    record: usize,
}

/// Bytes of a digest of measurements: SHA-512.
const DIGEST: usize = 64;

/// Bytes of a P-256 signature, and of a SHA-256 digest twice.
const SIGNATURE: usize = 64;

impl Sample {
    /// SPDM 1.3 has every field. Of the chain nothing is asked again if `refresh`.
    fn new(refresh: bool) -> Self {
        let recipe = Recipe {
            version: 0x13,
            refresh,
            config: Config {
                opaque_len: 16,
                ..Config::default()
            },
            ..Recipe::default()
        };
        let evidence = recipe.evidence();
        let vca = evidence.bytes(ObjectType::Vca).unwrap().len();
        let chain = evidence.bytes(cert()).unwrap().len();
        let object = evidence.bytes(CHALLENGE).unwrap();
        let digests = vca + 4;
        let first = digests + 4 + 32 + 8;
        // The second of two portions follows its request of eight bytes.
        let certificates = first..first + 8 + 0x300 + 8 + 8 + (chain - 0x300);
        let challenge = if refresh { vca } else { certificates.end };
        assert_eq!(object[challenge..challenge + 2], [0x13, 0x83]);
        let request = vca;
        let response = request + 45;
        let object = evidence.bytes(MEASUREMENTS).unwrap();
        assert_eq!(object[response..response + 2], [0x13, 0x60]);
        let record = usize::from(object[response + 5]) + 256 * usize::from(object[response + 6]);
        Self {
            vca,
            get_digests: vca,
            digests,
            certificates,
            challenge,
            auth: challenge + 44,
            request,
            response,
            record,
            recipe,
            evidence,
        }
    }

    fn length(&self, kind: ObjectType) -> usize {
        self.evidence.bytes(kind).unwrap().len()
    }

    /// Where the byte `offset` bytes behind the record is.
    fn behind_record(&self, offset: usize) -> usize {
        self.response + 8 + self.record + offset
    }

    fn demands(&self) -> Demands {
        let roots = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(roots.path(), self.recipe.roots()).unwrap();
        Demands {
            nonce: Some(NONCE),
            roots: Some(trust::load(roots.path()).unwrap()),
            time: time::parse("2026-11-21").unwrap(),
            identity: IdentityDemand::Match,
            measurements: MeasurementDemands::default(),
            limits: Limits::default(),
        }
    }

    /// Changes the evidence and demands that `subject` refuses it and blames `range` of `blamed`.
    #[track_caller]
    fn refuses(
        &self,
        what: &str,
        alter: impl FnOnce(&mut Evidence),
        (subject, outcome): (Subject, Outcome),
        (blamed, range): (ObjectType, Range<usize>),
    ) {
        let mut evidence = self.evidence.clone();
        alter(&mut evidence);
        assert_ne!(evidence, self.evidence, "{what}");
        let report = verify(&evidence, &self.demands());
        let failed = report.checks.iter().filter(|check| {
            check.check == subject
                && check.outcome == outcome
                && check.object == Some(blamed)
                && check.bytes == Some((range.start, range.end))
        });
        assert_eq!(
            failed.count(),
            1,
            "{what}: {range:?} expected\n{}",
            report.text()
        );
        assert!(!report.passed(), "{what}");
        let told = format!("({blamed}, bytes {} to {})", range.start, range.end);
        assert!(report.text().contains(&told), "{what}\n{}", report.text());
    }

    /// The same for one byte that is changed and blamed.
    #[track_caller]
    fn refuses_byte(
        &self,
        what: &str,
        kind: ObjectType,
        offset: usize,
        value: u8,
        verdict: (Subject, Outcome),
        range: Range<usize>,
    ) {
        self.refuses(what, set(kind, offset, value), verdict, (kind, range));
    }
}

fn cert() -> ObjectType {
    ObjectType::Cert(Slot::new(0).unwrap())
}

fn bytes(evidence: &mut Evidence, kind: ObjectType) -> &mut Vec<u8> {
    &mut evidence.objects.get_mut(&kind).unwrap().bytes
}

fn set(kind: ObjectType, offset: usize, value: u8) -> impl FnOnce(&mut Evidence) {
    move |evidence| bytes(evidence, kind)[offset] = value
}

fn flip(kind: ObjectType, offset: usize) -> impl FnOnce(&mut Evidence) {
    move |evidence| bytes(evidence, kind)[offset] ^= 1
}

#[test]
fn the_samples_are_good() {
    for refresh in [false, true] {
        let sample = Sample::new(refresh);
        let report = verify(&sample.evidence, &sample.demands());
        assert!(report.passed(), "{}", report.text());
    }
}

#[test]
fn altered_challenges_name_the_bytes() {
    use Outcome::{
        Malformed,
        Refused, //
    };
    let sample = Sample::new(false);
    let vca = ObjectType::Vca;
    let transcript = (Subject::Transcript, Malformed);
    let whole = 0..sample.length(CHALLENGE);

    // The negotiation, in either object: the first reserved byte of ALGORITHMS.
    let reserved = sample.vca - 36 + 24;
    sample.refuses(
        "vca",
        flip(vca, reserved),
        (Subject::Vca, Malformed),
        (vca, reserved..reserved + 1),
    );
    sample.refuses(
        "negotiation of the challenge",
        flip(CHALLENGE, reserved),
        (Subject::Signature, Refused),
        (CHALLENGE, whole.clone()),
    );
    let at = sample.get_digests + 3;
    sample.refuses_byte("GET_DIGESTS", CHALLENGE, at, 1, transcript, at..at + 1);
    let digest = sample.digests + 4..sample.digests + 4 + 32;
    sample.refuses(
        "digest",
        flip(CHALLENGE, digest.start + 7),
        (Subject::Digests, Refused),
        (CHALLENGE, digest),
    );
    sample.refuses(
        "certificate in the transcript",
        flip(CHALLENGE, sample.certificates.start + 500),
        (Subject::Chain, Malformed),
        (CHALLENGE, sample.certificates.clone()),
    );
    let at = sample.challenge + 3;
    sample.refuses_byte("CHALLENGE", CHALLENGE, at, 0xff, transcript, at..at + 1);
    let nonce = sample.challenge + 4..sample.challenge + 36;
    sample.refuses(
        "requester's nonce",
        flip(CHALLENGE, nonce.start + 5),
        (Subject::Nonce, Refused),
        (CHALLENGE, nonce),
    );
    let hash = sample.auth + 4..sample.auth + 36;
    sample.refuses(
        "CertChainHash",
        flip(CHALLENGE, hash.start),
        (Subject::ChainHash, Refused),
        (CHALLENGE, hash.clone()),
    );
    for (what, offset) in [
        ("device's nonce", hash.end),
        ("opaque data", hash.end + 32 + 2 + 8),
        ("signature", whole.end - SIGNATURE),
        ("end of the signature", whole.end - 1),
    ] {
        sample.refuses(
            what,
            flip(CHALLENGE, offset),
            (Subject::Signature, Refused),
            (CHALLENGE, whole.clone()),
        );
    }
    sample.refuses(
        "a byte behind the signature",
        |evidence| bytes(evidence, CHALLENGE).push(0),
        transcript,
        (CHALLENGE, whole.end..whole.end + 1),
    );
}

#[test]
fn altered_chains_name_the_bytes() {
    use Outcome::{
        Malformed,
        Refused, //
    };
    let sample = Sample::new(false);
    for (what, offset) in [
        ("length in the chain's header", 0),
        ("reserved bytes of the header", 3),
        ("RootHash", 4),
        ("root certificate", 4 + 32 + 50),
        ("leaf certificate", sample.length(cert()) - 1),
    ] {
        sample.refuses(
            what,
            flip(cert(), offset),
            (Subject::Chain, Malformed),
            (cert(), offset..offset + 1),
        );
    }
    // After a quick refresh the transcript has no chain: the digest that is signed tells.
    let sample = Sample::new(true);
    let auth = sample.auth;
    sample.refuses(
        "certificate, refreshed",
        flip(cert(), 500),
        (Subject::ChainHash, Refused),
        (CHALLENGE, auth + 4..auth + 36),
    );
    sample.refuses(
        "length of the chain, refreshed",
        flip(cert(), 0),
        (Subject::Certificates, Malformed),
        (cert(), 0..sample.length(cert())),
    );
}

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
        ..sample.demands()
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
    sample.refuses(
        "RequesterContext",
        flip(MEASUREMENTS, context),
        form,
        (MEASUREMENTS, context..context + 8),
    );
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

#[test]
fn the_sample_is_where_the_walk_finds_it() {
    let sample = Sample::new(false);
    let transcript = Transcript::parse(sample.evidence.bytes(CHALLENGE).unwrap()).unwrap();
    assert_eq!(transcript.requester_nonce.start, sample.challenge + 4);
    assert_eq!(transcript.cert_chain_hash.start, sample.auth + 4);
}
