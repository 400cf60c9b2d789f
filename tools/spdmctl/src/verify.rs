// SPDX-License-Identifier: GPL-2.0

//! Judges evidence.
//!
//! The order of the checks is that of the argument: the transcript is a sequence of messages (1);
//! it contains the chain and the nonce (2); the key at the end of the chain signed the transcript
//! (3); the chain leads to a root that the caller trusts, and names this device (4). What the
//! kernel found out is not an input: whoever saved the evidence may not have been a kernel.

mod chain;
mod transcript;
mod trust;

use std::ops::Range;

use der::DateTime;
use rspdm_host::crypto::RustCrypto;
use rspdm_proto::proto::{
    algorithm::{
        BaseAsym,
        BaseHash, //
    },
    crypto::{
        digest,
        Digest, //
    },
    version::Version,
};

use crate::{
    evidence::{
        Evidence,
        ObjectType, //
    },
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
    /// What else a policy says.
    pub limits: Limits,
}

/// What a policy demands beyond a trusted root; `None` for what it leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The lowest version of SPDM.
    pub minimum_version: Option<Version>,
    /// The hashes that will do.
    pub hashes: Option<Vec<BaseHash>>,
    /// The signature algorithms that will do.
    pub signature_algorithms: Option<Vec<BaseAsym>>,
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
        evidence,
        demands,
        report: Report {
            device: evidence.device.address.clone(),
            generation: evidence.generation,
            spdm: None,
            leaf: None,
            checks: Vec::new(),
        },
    };
    // A step that leaves nothing to go on with ends the judgement.
    let _ = judge.judge();
    judge.finish()
}

struct Judge<'a> {
    evidence: &'a Evidence,
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
        let chain = self.chain(&transcript)?;
        self.digests(&transcript, &chain)?;
        let (format, certificates) = self.certificates(&transcript, &chain)?;
        self.signature(&transcript, &format);
        let path = Path::new(&certificates)?;
        self.path(&transcript, &chain, &format, &path);
        self.identity(&chain, path.leaf());
        self.limits(&transcript, path.leaf());
        Some(())
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
    fn finish(mut self) -> Report {
        let mut checks = Vec::new();
        for subject in SUBJECTS {
            let found = self
                .report
                .checks
                .iter()
                .filter(|check| check.check == subject);
            let before = checks.len();
            checks.extend(found.cloned());
            let is_open = subject == Subject::Policy && self.demands.limits == Limits::default();
            if checks.len() == before && !is_open {
                let detail = "an earlier check failed";
                checks.push(Check::new(subject, Outcome::NotReached, detail));
            }
        }
        self.report.checks = checks;
        self.report
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
