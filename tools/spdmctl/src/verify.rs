// SPDX-License-Identifier: GPL-2.0

//! Judges evidence.
//!
//! The order of the checks is that of the argument: the transcript is a sequence of messages (1);
//! it contains the chain and the nonce (2); the key at the end of the chain signed the transcript
//! (3); the chain leads to a root that the caller trusts, and names this device (4). What the
//! kernel found out is not an input: whoever saved the evidence may not have been a kernel.

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
        ChainError,
        Crypto,
        Digest,
        Verdict, //
    },
    error::Fault,
    signing::{
        signing_input,
        Purpose, //
    },
    version::Version,
    wire::cert_chain::{
        CertChain,
        Certificates, //
    },
};

use crate::{
    chain,
    evidence::{
        Evidence,
        ObjectType,
        Slot, //
    },
    identity::{
        PciIdentity,
        Serial, //
    },
    report::{
        self,
        Check,
        Outcome,
        Report,
        Subject,
        SUBJECTS, //
    },
    transcript::{
        Negotiation,
        Transcript, //
    },
    x509::{
        Anchor,
        Certificate,
        Path,
        Problem, //
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

    fn transcript(&mut self) -> Option<Transcript<'a>> {
        let subject = Subject::Transcript;
        let Some(bytes) = self.evidence.bytes(ObjectType::Challenge) else {
            self.add(Check::new(subject, Outcome::Malformed, "there is none"));
            return None;
        };
        match Transcript::parse(bytes) {
            Ok(transcript) => {
                let state = &transcript.negotiation.state;
                self.report.spdm = Some(report::Spdm {
                    version: state.version.to_string(),
                    hash: state.algorithms.hash.to_string(),
                    signature_algorithm: state.algorithms.asym.to_string(),
                    slot: transcript.asked.slot.number(),
                });
                let highest = transcript.negotiation.highest_version;
                let mut detail = format!("{} messages", transcript.messages.len());
                if highest > state.version {
                    detail.push_str(&format!("; the device also speaks version {highest}"));
                }
                self.add(Check::new(subject, Outcome::Pass, detail));
                Some(transcript)
            }
            Err(fault) => {
                let outcome = if fault.unsupported {
                    Outcome::Refused
                } else {
                    Outcome::Malformed
                };
                let check = Check::new(subject, outcome, fault.what);
                self.add(check.at(ObjectType::Challenge, &fault.range));
                None
            }
        }
    }

    fn vca(&mut self, transcript: &Transcript<'_>) {
        let subject = Subject::Vca;
        let vca = self.evidence.bytes(ObjectType::Vca);
        let challenge = self
            .evidence
            .bytes(ObjectType::Challenge)
            .unwrap_or_default();
        let start = challenge.get(..transcript.negotiation.len);
        let check = match vca {
            None => Check::new(subject, Outcome::NotJudged, "there is no such object"),
            Some(vca) if Some(vca) == start => {
                Check::new(subject, Outcome::Pass, "the transcript begins with it")
            }
            Some(vca) => {
                let range = difference(vca, start.unwrap_or_default());
                let detail = match Negotiation::parse(vca) {
                    Ok(_) => "another negotiation than the one in the transcript".to_owned(),
                    Err(fault) => fault.what,
                };
                Check::new(subject, Outcome::Malformed, detail).at(ObjectType::Vca, &range)
            }
        };
        self.add(check);
    }

    /// Compares the kernel's hints with what was found; they are not used for anything.
    fn layout(&mut self, transcript: &Transcript<'_>) {
        let subject = Subject::Layout;
        let object = self.evidence.objects.get(&ObjectType::Challenge);
        let Some(layout) = object.and_then(|object| object.layout.as_ref()) else {
            self.add(Check::new(
                subject,
                Outcome::NotJudged,
                "there are no hints",
            ));
            return;
        };
        let state = &transcript.negotiation.state;
        let offset = |range: &Range<usize>| u32::try_from(range.start).unwrap_or(u32::MAX);
        let length = u32::try_from(transcript.signature.len()).unwrap_or(u32::MAX);
        let wrong = [
            (
                layout.spdm_version == u32::from(state.version.to_wire()),
                "version",
            ),
            (layout.hash == state.algorithms.hash.name(), "hash"),
            (
                layout.signature_algorithm == state.algorithms.asym.name(),
                "signature algorithm",
            ),
            (
                layout.requester_nonce_offset == offset(&transcript.requester_nonce),
                "offset of the requester's nonce",
            ),
            (
                layout.responder_nonce_offset == offset(&transcript.responder_nonce),
                "offset of the device's nonce",
            ),
            (
                layout.signature_offset == offset(&transcript.signature),
                "offset of the signature",
            ),
            (layout.signature_length == length, "length of the signature"),
        ]
        .into_iter()
        .find(|(is_right, _)| !is_right);
        self.add(match wrong {
            None => Check::new(subject, Outcome::Pass, "the hints are right"),
            Some((_, what)) => Check::new(
                subject,
                Outcome::Malformed,
                format!("the hint about the {what} is wrong"),
            ),
        });
    }

    fn nonce(&mut self, transcript: &Transcript<'_>) {
        let subject = Subject::Nonce;
        let found = transcript.asked.nonce;
        self.add(match self.demands.nonce {
            None => Check::new(
                subject,
                Outcome::NotJudged,
                "no nonce was given: the evidence may be an old one, replayed",
            ),
            Some(nonce) if nonce == found => Check::new(
                subject,
                Outcome::Pass,
                "it answers the nonce that was asked for",
            ),
            Some(_) => Check::new(
                subject,
                Outcome::Refused,
                format!("it answers another nonce, {}", hex::encode(found)),
            )
            .at(ObjectType::Challenge, &transcript.requester_nonce),
        });
    }

    fn chain(&mut self, transcript: &Transcript<'_>) -> Option<Chain<'a>> {
        let subject = Subject::Chain;
        let slot = transcript.asked.slot;
        let kind = ObjectType::Cert(Slot::new(slot.number())?);
        let Some(bytes) = self.evidence.bytes(kind) else {
            let detail = format!("slot {slot} was challenged, and there is no {kind}");
            self.add(Check::new(subject, Outcome::Malformed, detail));
            return None;
        };
        self.add(match transcript.chains.get(&slot) {
            Some(read) if read == bytes => {
                Check::new(subject, Outcome::Pass, "as the device sent it")
            }
            Some(read) => Check::new(
                subject,
                Outcome::Malformed,
                "another chain than the one that the device sent",
            )
            .at(kind, &difference(bytes, read)),
            None => Check::new(
                subject,
                Outcome::NotJudged,
                "the device did not send it in this transcript; its digest binds it",
            ),
        });
        Some(Chain { kind, bytes })
    }

    fn digests(&mut self, transcript: &Transcript<'_>, chain: &Chain<'_>) -> Option<()> {
        let hash = transcript.negotiation.state.algorithms.hash;
        let digest = self.hash(Subject::ChainHash, hash, chain.bytes)?;

        let announced = transcript.digests.as_ref();
        let slot = transcript.asked.slot;
        let range = || {
            let message = transcript.messages.iter().find(|m| m.name == "DIGESTS");
            message.map_or(0..0, |message| message.range.clone())
        };
        self.add(match announced.map(|digests| digests.of(slot)) {
            None => Check::new(
                Subject::Digests,
                Outcome::NotJudged,
                "the device was not asked for digests",
            ),
            Some(Some(announced)) if digest == announced => Check::new(
                Subject::Digests,
                Outcome::Pass,
                "the device announced this chain",
            ),
            Some(Some(_)) => Check::new(
                Subject::Digests,
                Outcome::Refused,
                "the device announced another chain than this one",
            )
            .at(ObjectType::Challenge, &range()),
            Some(None) => Check::new(
                Subject::Digests,
                Outcome::Refused,
                format!("the device announced no chain in slot {slot}"),
            )
            .at(ObjectType::Challenge, &range()),
        });
        self.add(if digest == *transcript.auth.cert_chain_hash {
            Check::new(
                Subject::ChainHash,
                Outcome::Pass,
                "the device signed for this chain",
            )
        } else {
            Check::new(
                Subject::ChainHash,
                Outcome::Refused,
                "the device signed for another chain than this one",
            )
            .at(ObjectType::Challenge, &transcript.cert_chain_hash)
        });
        Some(())
    }

    fn certificates(
        &mut self,
        transcript: &Transcript<'_>,
        chain: &Chain<'a>,
    ) -> Option<(CertChain<'a>, Vec<Certificate>)> {
        let subject = Subject::Certificates;
        let hash = transcript.negotiation.state.algorithms.hash;
        let format = match chain::parse(chain.bytes, hash) {
            Ok(format) => format,
            Err(what) => {
                let check = Check::new(subject, Outcome::Malformed, what);
                self.add(check.at(chain.kind, &(0..chain.bytes.len())));
                return None;
            }
        };
        let mut certificates = Vec::new();
        let mut start =
            chain.bytes.len() - format.certificates.iter().map(<[u8]>::len).sum::<usize>();
        for (position, der) in format.certificates.iter().enumerate() {
            let range = start..start + der.len();
            start = range.end;
            match Certificate::from_der(der) {
                Ok(certificate) => certificates.push(certificate),
                Err(what) => {
                    let detail = format!("certificate {position}: {what}");
                    let check = Check::new(subject, Outcome::Malformed, detail);
                    self.add(check.at(chain.kind, &range));
                    return None;
                }
            }
        }
        self.report.leaf = certificates.last().map(|leaf| report::Leaf {
            subject: leaf.subject(),
            issuer: leaf.issuer(),
            sha256: fingerprint(leaf.der()),
            names: [leaf.pci_sig_names(), leaf.dmtf_names()].concat(),
        });
        let detail = match certificates.len() {
            1 => "1 certificate".to_owned(),
            count => format!("{count} certificates"),
        };
        self.add(Check::new(subject, Outcome::Pass, detail));
        Some((format, certificates))
    }

    fn signature(&mut self, transcript: &Transcript<'_>, format: &CertChain<'_>) {
        let subject = Subject::Signature;
        let refused = |detail: String| Check::new(subject, Outcome::Refused, detail);
        let state = &transcript.negotiation.state;
        let asym = state.algorithms.asym;
        let check = match leaf_key_and_verdict(transcript, format) {
            Ok(Verdict::Valid) => Check::new(
                subject,
                Outcome::Pass,
                "the key of the device's certificate signed the transcript",
            ),
            Ok(Verdict::Invalid) => refused(
                "the key of the device's certificate did not sign this transcript".to_owned(),
            )
            .at(ObjectType::Challenge, &transcript.signature),
            Err(ChainError::LeafKey) => refused(format!(
                "the key of the device's certificate is not one for {asym}"
            )),
            Err(ChainError::LeafUsage) => {
                refused("the device's certificate must not sign".to_owned())
            }
            Err(ChainError::Unusable { .. }) => refused(format!(
                "the key of the device's certificate cannot be used here, {asym} expected"
            )),
            Err(
                ChainError::Malformed { .. }
                | ChainError::Link { .. }
                | ChainError::Identity(_)
                | ChainError::Fault(_),
            ) => refused("the key of the device's certificate cannot be read".to_owned()),
        };
        self.add(check);
    }

    fn path(
        &mut self,
        transcript: &Transcript<'_>,
        chain: &Chain<'_>,
        format: &CertChain<'_>,
        path: &Path<'_>,
    ) {
        let time = self.demands.time;
        let add = |judge: &mut Self, subject, result: Result<(), Problem>, detail: &str| {
            judge.add(match result {
                Ok(()) => Check::new(subject, Outcome::Pass, detail),
                Err(problem) => {
                    let mut check = Check::new(subject, Outcome::Refused, problem.to_string());
                    check.object = Some(chain.kind);
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

        let anchor = match &self.demands.roots {
            None => {
                self.add(Check::new(
                    Subject::Trust,
                    Outcome::NotJudged,
                    "no root was given: anybody can make such a chain",
                ));
                None
            }
            Some(roots) => match path.anchor(roots, time) {
                Ok(anchor) => {
                    let detail = format!("{} ({})", anchor.certificate.subject(), anchor.source);
                    self.add(Check::new(Subject::Trust, Outcome::Pass, detail));
                    Some(anchor)
                }
                Err(problem) => {
                    add(self, Subject::Trust, Err(problem), "");
                    None
                }
            },
        };
        self.root_hash(transcript, chain, format, path, anchor);
    }

    /// RootHash names the first certificate if that is a root, and the root that issued it if not.
    fn root_hash(
        &mut self,
        transcript: &Transcript<'_>,
        chain: &Chain<'_>,
        format: &CertChain<'_>,
        path: &Path<'_>,
        anchor: Option<&Anchor>,
    ) {
        let subject = Subject::RootHash;
        let root = if path.begins_with_root() {
            Some(format.certificates.first())
        } else {
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

    fn identity(&mut self, chain: &Chain<'_>, leaf: &Certificate) {
        let subject = Subject::Identity;
        let demand = self.demands.identity;
        let device = &self.evidence.device;
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
            check.object = Some(chain.kind);
        }
        self.add(check);
    }

    fn limits(&mut self, transcript: &Transcript<'_>, leaf: &Certificate) {
        let subject = Subject::Policy;
        let limits = &self.demands.limits;
        if *limits == Limits::default() {
            return;
        }
        let state = &transcript.negotiation.state;
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

/// Verifies the signature with the key of the last certificate, whatever those before it are worth.
fn leaf_key_and_verdict(
    transcript: &Transcript<'_>,
    format: &CertChain<'_>,
) -> Result<Verdict, ChainError> {
    let state = &transcript.negotiation.state;
    let (hash, asym) = (state.algorithms.hash, state.algorithms.asym);
    let mut crypto = RustCrypto::new();
    let malformed = ChainError::Malformed {
        position: format.certificates.count().saturating_sub(1),
    };
    let leaf = Certificates::split(format.certificates.leaf()).map_err(|_| malformed)?;
    let key = crypto.leaf_key(leaf, asym)?.key;
    let fault = |fault: Fault| ChainError::Fault(fault);
    let input = signing_input(
        &crypto,
        state.version,
        Purpose::ChallengeAuth,
        hash,
        transcript.signed,
    )
    .map_err(fault)?;
    crypto
        .verify(&key, asym, &input, transcript.auth.signature)
        .map_err(fault)
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

/// Where RootHash is in a chain.
const ROOT_HASH_OFFSET: usize = 4;
