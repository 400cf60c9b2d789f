// SPDX-License-Identifier: GPL-2.0

//! Good evidence to be altered, and what a verdict has to say about that.

use std::ops::Range;

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
    verify::verify,
};

use super::device::Recipe;

pub const CHALLENGE: ObjectType = ObjectType::Challenge;
pub const MEASUREMENTS: ObjectType = ObjectType::Measurements;

/// Good evidence, and where everything is in it: counted by hand, not by the code under test.
pub struct Sample {
    pub recipe: Recipe,
    pub evidence: Evidence,
    /// Bytes of the negotiation.
    pub vca: usize,
    /// GET_DIGESTS.
    pub get_digests: usize,
    /// DIGESTS.
    pub digests: usize,
    /// First and last byte of the CERTIFICATEs, with the requests between them.
    pub certificates: Range<usize>,
    /// CHALLENGE.
    pub challenge: usize,
    /// CHALLENGE_AUTH.
    pub auth: usize,
    /// GET_MEASUREMENTS in its object.
    pub request: usize,
    /// MEASUREMENTS in its object.
    pub response: usize,
    /// Bytes of the record.
    pub record: usize,
}

/// Bytes of a digest of measurements: SHA-512.
pub const DIGEST: usize = 64;

/// Bytes of a P-256 signature, and of a SHA-256 digest twice.
pub const SIGNATURE: usize = 64;

impl Sample {
    /// SPDM 1.3 has every field. Of the chain nothing is asked again if `refresh`.
    pub fn new(refresh: bool) -> Self {
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

    pub fn length(&self, kind: ObjectType) -> usize {
        self.evidence.bytes(kind).unwrap().len()
    }

    /// Where the byte `offset` bytes behind the record is.
    pub fn behind_record(&self, offset: usize) -> usize {
        self.response + 8 + self.record + offset
    }

    /// Changes the evidence and demands that `subject` refuses it and blames `range` of `blamed`.
    #[track_caller]
    pub fn refuses(
        &self,
        what: &str,
        alter: impl FnOnce(&mut Evidence),
        (subject, outcome): (Subject, Outcome),
        (blamed, range): (ObjectType, Range<usize>),
    ) {
        let mut evidence = self.evidence.clone();
        alter(&mut evidence);
        assert_ne!(evidence, self.evidence, "{what}");
        let report = verify(&evidence, &self.recipe.demands());
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
    pub fn refuses_byte(
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

pub fn cert() -> ObjectType {
    ObjectType::Cert(Slot::new(0).unwrap())
}

pub fn bytes(evidence: &mut Evidence, kind: ObjectType) -> &mut Vec<u8> {
    &mut evidence.objects.get_mut(&kind).unwrap().bytes
}

pub fn set(kind: ObjectType, offset: usize, value: u8) -> impl FnOnce(&mut Evidence) {
    move |evidence| bytes(evidence, kind)[offset] = value
}

pub fn flip(kind: ObjectType, offset: usize) -> impl FnOnce(&mut Evidence) {
    move |evidence| bytes(evidence, kind)[offset] ^= 1
}
