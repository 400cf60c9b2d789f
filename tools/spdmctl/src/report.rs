// SPDX-License-Identifier: GPL-2.0

//! What was checked, how it came out, and why.

mod measurements;

use std::{
    fmt::Write as _,
    ops::Range, //
};

use serde::Serialize;

pub use measurements::{
    Measurement,
    Measurements, //
};

use crate::{
    error::Exit,
    evidence::ObjectType,
    table::Table, //
};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// The caller did not ask for it, or the evidence has nothing to judge.
    NotJudged,
    /// An earlier check failed, and this one needs what that would have shown.
    NotReached,
    /// The evidence is well-formed, and it does not hold.
    Refused,
    /// The evidence is not well-formed.
    Malformed,
}

/// What is checked. The names are part of the interface: scripts look for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The transcript is a sequence of well-formed messages with nothing left over.
    Transcript,
    /// The object `vca` is what the transcript begins with.
    Vca,
    /// The kernel's hints about the transcript are right.
    Layout,
    /// The transcript answers the nonce that was asked for.
    Nonce,
    /// The certificate object is the chain that the device sent in the transcript.
    Chain,
    /// The digest that the device announced is that of the chain.
    Digests,
    /// The digest that the device signed is that of the chain.
    ChainHash,
    /// The certificates can be decoded.
    Certificates,
    /// RootHash is the digest of the root.
    RootHash,
    /// The device's certificate has a key for the negotiated algorithm, and it signed the
    /// transcript.
    Signature,
    /// Each certificate is signed by the one before it.
    Links,
    /// No key is used for what its certificate does not allow.
    Constraints,
    /// All certificates are valid at the time.
    Validity,
    /// The chain leads to a trusted root.
    Trust,
    /// The device's certificate names the device.
    Identity,
    /// The chains of other slots are those that the device sent or announced.
    OtherChains,
    /// The transcript of measurements is well-formed and belongs to the same connection.
    Measurements,
    /// The kernel's hints about the transcript of measurements are right.
    MeasurementsLayout,
    /// The measurements answer the nonce that was asked for.
    MeasurementsNonce,
    /// The device's key signed the measurements.
    MeasurementsSignature,
    /// The measurements are those that the policy expects.
    MeasurementsValues,
    /// The policy's own demands.
    Policy,
}

/// Every subject, in the order in which they are checked.
pub const SUBJECTS: [Subject; 22] = [
    Subject::Transcript,
    Subject::Vca,
    Subject::Layout,
    Subject::Nonce,
    Subject::Chain,
    Subject::Digests,
    Subject::ChainHash,
    Subject::Certificates,
    Subject::RootHash,
    Subject::Signature,
    Subject::Links,
    Subject::Constraints,
    Subject::Validity,
    Subject::Trust,
    Subject::Identity,
    Subject::OtherChains,
    Subject::Measurements,
    Subject::MeasurementsLayout,
    Subject::MeasurementsNonce,
    Subject::MeasurementsSignature,
    Subject::MeasurementsValues,
    Subject::Policy,
];

/// Subjects that are worth a word if nobody judged them.
const DOUBTS: [Subject; 7] = [
    Subject::Nonce,
    Subject::Trust,
    Subject::Identity,
    Subject::OtherChains,
    Subject::Measurements,
    Subject::MeasurementsNonce,
    Subject::MeasurementsSignature,
];

impl Subject {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transcript => "transcript",
            Self::Vca => "vca",
            Self::Layout => "layout",
            Self::Nonce => "nonce",
            Self::Chain => "chain",
            Self::Digests => "digests",
            Self::ChainHash => "chain-hash",
            Self::Certificates => "certificates",
            Self::RootHash => "root-hash",
            Self::Signature => "signature",
            Self::Links => "links",
            Self::Constraints => "constraints",
            Self::Validity => "validity",
            Self::Trust => "trust",
            Self::Identity => "identity",
            Self::OtherChains => "other-chains",
            Self::Measurements => "measurements",
            Self::MeasurementsLayout => "measurements-layout",
            Self::MeasurementsNonce => "measurements-nonce",
            Self::MeasurementsSignature => "measurements-signature",
            Self::MeasurementsValues => "measurements-values",
            Self::Policy => "policy",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub check: Subject,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, in words.
    pub detail: String,
    /// The object that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectType>,
    /// First byte of the object that is to blame, and the one behind the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<(usize, usize)>,
}

/// Everything that a verification found out.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The device.
    pub device: String,
    /// Number of the evidence, if whoever collected it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// What is known about the connection, if the transcript could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spdm: Option<Spdm>,
    /// The device's own certificate, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Leaf>,
    /// The measurements, if there are some that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurements: Option<Measurements>,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

/// What was negotiated.
#[derive(Clone, Debug, Serialize)]
pub struct Spdm {
    /// Version, as in the standard's title.
    pub version: String,
    /// Hash.
    pub hash: String,
    /// Signature algorithm.
    pub signature_algorithm: String,
    /// Slot whose key signed, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<u8>,
}

/// The device's own certificate.
#[derive(Clone, Debug, Serialize)]
pub struct Leaf {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// SHA-256 of the certificate, in hex.
    pub sha256: String,
    /// Names in it that identify the function or the device.
    pub names: Vec<String>,
}

impl Report {
    /// A report without any check yet.
    pub fn new(device: &str, generation: Option<u32>) -> Self {
        Self {
            device: device.to_owned(),
            generation,
            spdm: None,
            leaf: None,
            measurements: None,
            checks: Vec::new(),
        }
    }

    /// True if every check that had to pass did.
    pub fn passed(&self) -> bool {
        self.exit() == Exit::Pass
    }

    /// The exit code: that of the worst outcome.
    pub fn exit(&self) -> Exit {
        let exit = |check: &Check| match check.outcome {
            Outcome::Pass | Outcome::NotJudged => Exit::Pass,
            // The failure before it counts already; this is for the case that it was forgotten.
            Outcome::NotReached | Outcome::Refused => Exit::Policy,
            Outcome::Malformed => Exit::Malformed,
        };
        self.checks
            .iter()
            .map(exit)
            .max()
            .unwrap_or(Exit::Malformed)
    }

    /// The check of `subject`.
    pub fn check(&self, subject: Subject) -> Option<&Check> {
        self.checks.iter().find(|check| check.check == subject)
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = format!("Device      {}\n", self.device);
        if let Some(generation) = self.generation {
            let _ = writeln!(text, "Generation  {generation}");
        }
        if let Some(spdm) = &self.spdm {
            let slot = spdm
                .slot
                .map_or(String::new(), |slot| format!(", slot {slot}"));
            let _ = writeln!(
                text,
                "SPDM        {}, {}, {}{slot}",
                spdm.version, spdm.hash, spdm.signature_algorithm
            );
        }
        if let Some(leaf) = &self.leaf {
            let _ = writeln!(text, "Subject     {}", leaf.subject);
            let _ = writeln!(text, "SHA-256     {}", leaf.sha256);
        }
        if let Some(measurements) = &self.measurements {
            text.push('\n');
            text.push_str(&measurements.text());
        }
        text.push('\n');
        let mut table = Table::new(&["CHECK", "RESULT", "WHY"]);
        for check in &self.checks {
            let result = match check.outcome {
                Outcome::Pass => "ok",
                Outcome::NotJudged => "-",
                Outcome::NotReached => "not reached",
                Outcome::Refused => "REFUSED",
                Outcome::Malformed => "MALFORMED",
            };
            table.row([check.check.name(), result, &check.why()]);
        }
        text.push_str(&table.to_string());
        let _ = writeln!(text, "\n{}", self.verdict());
        text
    }

    /// The sum of it in a line, with what a pass does not say.
    pub fn verdict(&self) -> String {
        match self.exit() {
            Exit::Pass => {
                let open: Vec<&str> = DOUBTS
                    .into_iter()
                    .filter(|subject| {
                        let check = self.check(*subject);
                        check.is_some_and(|check| check.outcome == Outcome::NotJudged)
                    })
                    // The same nonce is told once.
                    .filter(|subject| {
                        *subject != Subject::MeasurementsNonce
                            || self.check(Subject::Nonce).is_none()
                    })
                    .map(Subject::name)
                    .collect();
                if open.is_empty() {
                    "PASS".to_owned()
                } else {
                    format!("PASS, but not judged: {}", open.join(", "))
                }
            }
            Exit::Malformed => "FAIL: the evidence is malformed".to_owned(),
            Exit::Policy | Exit::Environment => "FAIL: the evidence is refused".to_owned(),
        }
    }
}

impl Check {
    /// A check that came out well, or was not carried out.
    pub fn new(check: Subject, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self {
            check,
            outcome,
            detail: detail.into(),
            object: None,
            bytes: None,
        }
    }

    /// Names the bytes to blame.
    #[must_use]
    pub fn at(mut self, object: ObjectType, range: &Range<usize>) -> Self {
        self.object = Some(object);
        self.bytes = Some((range.start, range.end));
        self
    }

    fn why(&self) -> String {
        match (self.object, self.bytes) {
            (Some(object), Some((start, end))) => {
                format!("{} ({object}, bytes {start} to {end})", self.detail)
            }
            (Some(object), None) => format!("{} ({object})", self.detail),
            _ => self.detail.clone(),
        }
    }
}
