// SPDX-License-Identifier: GPL-2.0

//! Judges evidence.
//!
//! The order of the checks is that of the argument: the transcript is a sequence of messages (1);
//! it contains the chain and the nonce (2); the key at the end of the chain signed the transcript
//! (3); the chain leads to a root that the caller trusts, and names this device (4); the same key
//! signed the measurements, and they are what the caller expects (5). What the kernel found out is
//! not an input: whoever saved the evidence may not have been a kernel.

mod chain;
mod collection;
mod measurements;
mod signature;
mod transcript;
mod trust;
mod values;

use std::{
    collections::BTreeMap,
    ops::Range, //
};

use der::DateTime;
use rspdm_host::crypto::RustCrypto;
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash,
        MeasurementHash, //
    },
    crypto::{
        digest,
        Digest, //
    },
    version::Version,
};

use crate::{
    cmw,
    evidence::{
        Evidence,
        Object,
        ObjectType, //
    },
    identity::PciIdentity,
    measurement::Kind,
    report::{
        Check,
        Outcome,
        Report,
        Subject,
        SUBJECTS, //
    },
    x509::{
        Anchor,
        Path, //
    },
};

/// What the caller demands.
#[derive(Clone, Debug)]
pub struct Demands {
    /// The nonce that the evidence must answer; `None` if freshness is not judged.
    pub nonce: Option<[u8; 32]>,
    /// Roots to trust; `None` if trust is not judged.
    pub roots: Option<Vec<Anchor>>,
    /// The moment at which certificates must be valid.
    pub time: DateTime,
    /// What to demand of the name in the device's certificate.
    pub identity: IdentityDemand,
    /// What to demand of measurements.
    pub measurements: MeasurementDemands,
    /// What else a policy says.
    pub limits: Limits,
}

/// What to demand of measurements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeasurementDemands {
    /// Whether they must be there; `None` to leave it to what is expected of them.
    pub presence: Option<Presence>,
    /// The hashes that will do for their digests; `None` for any.
    pub hashes: Option<Vec<MeasurementHash>>,
    /// What the values must be.
    pub expected: Vec<Expected>,
    /// Measurements that are not expected are refused.
    pub no_others: bool,
}

impl MeasurementDemands {
    /// Whether measurements must be there: expectations can be met by signed ones only, unless the
    /// caller says otherwise.
    fn presence(&self) -> Presence {
        self.presence.unwrap_or(if self.has_expectations() {
            Presence::Signed
        } else {
            Presence::Optional
        })
    }

    fn has_expectations(&self) -> bool {
        !self.expected.is_empty() || self.no_others || self.hashes.is_some()
    }
}

/// Whether measurements must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Presence {
    /// They are judged if they are there.
    Optional,
    /// They must be there, with or without a signature.
    Present,
    /// They must be there and be signed.
    Signed,
}

/// What one measurement must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its number.
    pub index: u8,
    /// What is measured; `None` for anything.
    pub kind: Option<Kind>,
    /// The values that will do; `None` for any.
    pub values: Option<Vec<Vec<u8>>>,
    /// The lowest secure version number.
    pub minimum_svn: Option<u64>,
}

/// What a policy demands beyond a trusted root; `None` for what it leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The lowest version of SPDM.
    pub minimum_version: Option<Version>,
    /// The hashes that will do.
    pub hashes: Option<Vec<BaseHash>>,
    /// The signature algorithms that will do.
    pub signature_algorithms: Option<Vec<AsymAlgo>>,
    /// The devices' own certificates that will do, by their SHA-256.
    pub leaf_sha256: Option<Vec<[u8; 32]>>,
}

/// What to demand of the name in the device's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum IdentityDemand {
    /// It must be there, and be that of the device.
    Require,
    /// If it is there, it must be that of the device.
    Match,
    /// It is not looked at.
    Ignore,
}

/// Judges `evidence` by `demands`.
pub fn verify(evidence: &Evidence, demands: &Demands) -> Report {
    let mut judge = Judge {
        objects: &evidence.objects,
        device: Some(&evidence.device),
        demands,
        report: Report::new(&evidence.device.address, Some(evidence.generation)),
    };
    // A step that leaves nothing to go on with ends the judgement.
    let _ = judge.judge();
    judge.finish(&SUBJECTS)
}

/// Judges what a collection says about a device: measurements and certificates, no challenge.
pub fn verify_collection(item: &cmw::Item, demands: &Demands) -> Report {
    let objects = BTreeMap::from([(
        ObjectType::Measurements,
        Object {
            bytes: item.transcript.clone(),
            layout: None,
        },
    )]);
    let mut judge = Judge {
        objects: &objects,
        device: None,
        demands,
        report: Report::new(&item.label, None),
    };
    let _ = judge.judge_collection(item);
    judge.finish(&collection::SUBJECTS)
}

struct Judge<'a> {
    objects: &'a BTreeMap<ObjectType, Object>,
    /// What the device is, if whoever collected the evidence said so.
    device: Option<&'a PciIdentity>,
    demands: &'a Demands,
    report: Report,
}

/// The challenged slot's chain, as the certificate object has it.
struct Chain<'a> {
    kind: ObjectType,
    bytes: &'a [u8],
}

impl<'a> Judge<'a> {
    fn judge(&mut self) -> Option<()> {
        let transcript = self.transcript()?;
        self.vca(&transcript);
        self.layout(&transcript);
        self.nonce(&transcript);
        let measurements = self.measurements(&transcript);
        self.other_chains(&transcript);
        let chain = self.chain(&transcript)?;
        self.digests(&transcript, &chain)?;
        let (format, certificates) = self.certificates(&transcript, &chain)?;
        let leaf = format.certificates.leaf();
        let is_signed = self.signature(&transcript, leaf);
        if let Some(measurements) = measurements {
            let negotiation = &transcript.negotiation;
            // What the challenge's signature vouches for cannot be what makes this one fail.
            let vouched = if is_signed { negotiation.len } else { 0 };
            self.measurements_signature(&measurements, &negotiation.state, leaf, vouched);
            self.values(&measurements);
        }
        let path = Path::new(&certificates)?;
        self.path(&path, Some(chain.kind));
        self.root_hash(&transcript, &chain, &format, &path);
        self.identity(Some(chain.kind), path.leaf());
        self.limits(&transcript.negotiation.state, path.leaf());
        Some(())
    }

    fn bytes(&self, kind: ObjectType) -> Option<&'a [u8]> {
        let object = self.objects.get(&kind)?;
        Some(&object.bytes)
    }

    /// Hashes `bytes`, or says under `subject` that it could not be done.
    fn hash(&mut self, subject: Subject, hash: BaseHash, bytes: &[u8]) -> Option<Digest> {
        let result = digest(&RustCrypto::new(), hash, &[bytes]);
        if result.is_err() {
            let detail = format!("{hash} is not available here");
            self.add(Check::new(subject, Outcome::Refused, detail));
        }
        result.ok()
    }

    fn add(&mut self, check: Check) {
        self.report.checks.push(check);
    }

    /// Puts the checks in order, and those that were not reached between them.
    fn finish(mut self, subjects: &[Subject]) -> Report {
        let mut checks = Vec::new();
        for subject in subjects {
            let found = self
                .report
                .checks
                .iter()
                .filter(|check| check.check == *subject);
            let before = checks.len();
            checks.extend(found.cloned());
            if checks.len() == before && self.is_to_be_judged(*subject) {
                let detail = "an earlier check failed";
                checks.push(Check::new(*subject, Outcome::NotReached, detail));
            }
        }
        self.report.checks = checks;
        self.report
    }

    /// False for what nobody demands, or what is about an object that is not there.
    fn is_to_be_judged(&self, subject: Subject) -> bool {
        match subject {
            Subject::OtherChains => false,
            Subject::MeasurementsLayout
            | Subject::MeasurementsNonce
            | Subject::MeasurementsSignature => {
                self.objects.contains_key(&ObjectType::Measurements)
            }
            Subject::MeasurementsValues => self.demands.measurements.has_expectations(),
            Subject::Policy => self.demands.limits != Limits::default(),
            _ => true,
        }
    }
}

/// The bytes of `is` that are not as in `must`: from the first that differs to the last.
fn difference(is: &[u8], must: &[u8]) -> Range<usize> {
    let common = is.len().min(must.len());
    let differs = |index: &usize| is.get(*index) != must.get(*index);
    let start = (0..common).find(differs).unwrap_or(common);
    let end = if is.len() == must.len() {
        (0..common)
            .rev()
            .find(differs)
            .map_or(common, |last| last + 1)
    } else {
        is.len()
    };
    start..end
}

/// SHA-256 of `bytes`, in hex: what other tools show for a certificate.
pub fn fingerprint(bytes: &[u8]) -> String {
    let digest = digest(&RustCrypto::new(), BaseHash::Sha256, &[bytes]);
    digest
        .map(|digest| hex::encode(digest.as_bytes()))
        .unwrap_or_default()
}
