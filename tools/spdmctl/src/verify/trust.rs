// SPDX-License-Identifier: GPL-2.0

//! Trust: where the chain leads, whom it names, and what a policy says about that.

use rspdm_proto::proto::{
    negotiated::NegotiatedState,
    wire::cert_chain::CertChain, //
};

use super::{
    fingerprint,
    Chain,
    IdentityDemand,
    Judge,
    Limits, //
};
use crate::{
    evidence::ObjectType,
    identity::{
        PciIdentity,
        Serial, //
    },
    report::{
        Check,
        Outcome,
        Subject, //
    },
    transcript::Transcript,
    x509::{
        Certificate,
        Path,
        Problem, //
    },
};

impl Judge<'_> {
    /// Judges the path from the device's certificate to a root; its certificates are in `object`.
    pub(super) fn path(&mut self, path: &Path<'_>, object: Option<ObjectType>) {
        let time = self.demands.time;
        let add = |judge: &mut Self, subject, result: Result<(), Problem>, detail: &str| {
            judge.add(match result {
                Ok(()) => Check::new(subject, Outcome::Pass, detail),
                Err(problem) => {
                    let mut check = Check::new(subject, Outcome::Refused, problem.to_string());
                    check.object = object;
                    check
                }
            });
        };
        add(
            self,
            Subject::Links,
            path.links(),
            "each certificate is signed by the one before it",
        );
        add(
            self,
            Subject::Constraints,
            path.constraints(),
            "no key is used for more than its certificate allows",
        );
        add(
            self,
            Subject::Validity,
            path.validity(time),
            &format!("all are valid at {time}"),
        );

        match &self.demands.roots {
            None => self.add(Check::new(
                Subject::Trust,
                Outcome::NotJudged,
                "no root was given: anybody can make such a chain",
            )),
            Some(roots) => match path.anchor(roots, time) {
                Ok(anchor) => {
                    let detail = format!("{} ({})", anchor.certificate.subject(), anchor.source);
                    self.add(Check::new(Subject::Trust, Outcome::Pass, detail));
                }
                Err(problem) => add(self, Subject::Trust, Err(problem), ""),
            },
        }
    }

    /// RootHash names the first certificate if that is a root, and the root that issued it if not.
    pub(super) fn root_hash(
        &mut self,
        transcript: &Transcript<'_>,
        chain: &Chain<'_>,
        format: &CertChain<'_>,
        path: &Path<'_>,
    ) {
        let subject = Subject::RootHash;
        let root = if path.begins_with_root() {
            Some(format.certificates.first())
        } else {
            let roots = self.demands.roots.as_deref().unwrap_or_default();
            let anchor = path.anchor(roots, self.demands.time).ok();
            anchor.map(|anchor| anchor.certificate.der())
        };
        let Some(root) = root else {
            self.add(Check::new(
                subject,
                Outcome::NotJudged,
                "the root is not in the chain, and no trusted one issued it",
            ));
            return;
        };
        let hash = transcript.negotiation.state.algorithms.hash;
        let Some(digest) = self.hash(subject, hash, root) else {
            return;
        };
        let start = ROOT_HASH_OFFSET;
        self.add(if digest == *format.root_hash {
            Check::new(subject, Outcome::Pass, "it is the digest of the root")
        } else {
            Check::new(
                subject,
                Outcome::Refused,
                "it is not the digest of the root",
            )
            .at(chain.kind, &(start..start + format.root_hash.len()))
        });
    }

    /// Judges whom the device's certificate, which is in `object`, names.
    pub(super) fn identity(&mut self, object: Option<ObjectType>, leaf: &Certificate) {
        let subject = Subject::Identity;
        let demand = self.demands.identity;
        let Some(device) = self.device else {
            let outcome = match demand {
                IdentityDemand::Require => Outcome::Refused,
                IdentityDemand::Match | IdentityDemand::Ignore => Outcome::NotJudged,
            };
            let detail = "the evidence does not say what the device is";
            self.add(Check::new(subject, outcome, detail));
            return;
        };
        let (outcome, detail) = match (demand, judge_names(leaf.pci_sig_names(), device)) {
            (IdentityDemand::Ignore, _) => (
                Outcome::NotJudged,
                "the name in the certificate is ignored".to_owned(),
            ),
            (_, Named::ThisDevice) => (Outcome::Pass, device.name()),
            (IdentityDemand::Match, Named::Nothing) => (
                Outcome::NotJudged,
                "the certificate does not name the device".to_owned(),
            ),
            (IdentityDemand::Require, Named::Nothing) => (
                Outcome::Refused,
                format!(
                    "the certificate does not name the device, which is {}",
                    device.name()
                ),
            ),
            (IdentityDemand::Match, Named::PerhapsThisDevice) => (
                Outcome::Pass,
                format!(
                    "{}; its serial number could not be compared: that needs privilege",
                    device.name_without_serial()
                ),
            ),
            (IdentityDemand::Require, Named::PerhapsThisDevice) => (
                Outcome::Refused,
                "the certificate has a serial number; reading the device's needs privilege"
                    .to_owned(),
            ),
            (_, Named::Another(name)) => (
                Outcome::Refused,
                format!(
                    "the certificate names {name:?}, and the device is {}",
                    device.name()
                ),
            ),
        };
        let mut check = Check::new(subject, outcome, detail);
        if outcome == Outcome::Refused {
            check.object = object;
        }
        self.add(check);
    }

    pub(super) fn limits(&mut self, state: &NegotiatedState, leaf: &Certificate) {
        let subject = Subject::Policy;
        let limits = &self.demands.limits;
        if *limits == Limits::default() {
            return;
        }
        let (hash, asym) = (state.algorithms.hash, state.algorithms.asym);
        let is_listed = |list: &[[u8; 32]]| {
            let digest = fingerprint(leaf.der());
            list.iter().any(|listed| hex::encode(listed) == digest)
        };
        let refused = [
            (
                limits
                    .minimum_version
                    .is_none_or(|lowest| state.version >= lowest),
                format!("SPDM {} is too old", state.version),
            ),
            (
                limits
                    .hashes
                    .as_ref()
                    .is_none_or(|list| list.contains(&hash)),
                format!("{hash} is not allowed"),
            ),
            (
                limits
                    .signature_algorithms
                    .as_ref()
                    .is_none_or(|list| list.contains(&asym)),
                format!("{asym} is not allowed"),
            ),
            (
                limits.leaf_sha256.as_deref().is_none_or(is_listed),
                "the device's certificate is not on the list".to_owned(),
            ),
        ]
        .into_iter()
        .find(|(is_met, _)| !is_met);
        self.add(match refused {
            None => Check::new(subject, Outcome::Pass, "the policy's other demands are met"),
            Some((_, what)) => Check::new(subject, Outcome::Refused, what),
        });
    }
}

/// Whom the names in a certificate mean.
enum Named {
    ThisDevice,
    /// Everything matches but a serial number that could not be read here.
    PerhapsThisDevice,
    Another(String),
    Nothing,
}

/// A certificate may have several names: one that is the device's is enough.
fn judge_names(names: &[String], device: &PciIdentity) -> Named {
    let expected = device.name();
    if names.contains(&expected) {
        return Named::ThisDevice;
    }
    if device.serial == Serial::Unknown {
        let is_serial = |text: &str| {
            let digits = text.strip_prefix(':').unwrap_or_default();
            digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        };
        let mut suffixes = names.iter().filter_map(|name| name.strip_prefix(&expected));
        if suffixes.any(is_serial) {
            return Named::PerhapsThisDevice;
        }
    }
    names
        .first()
        .cloned()
        .map_or(Named::Nothing, Named::Another)
}

/// Where RootHash is in a chain.
const ROOT_HASH_OFFSET: usize = 4;
