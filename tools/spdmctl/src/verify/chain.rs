// SPDX-License-Identifier: GPL-2.0

//! The chain: that it is the one the device sent, announced and signed for, and that its key
//! signed.

use rspdm_host::crypto::RustCrypto;
use rspdm_proto::proto::{
    crypto::{
        ChainError,
        Crypto,
        Verdict, //
    },
    error::Fault,
    signing::{
        signing_input,
        Purpose, //
    },
    wire::cert_chain::{
        CertChain,
        Certificates, //
    },
};

use super::{
    difference,
    fingerprint,
    Chain,
    Judge, //
};
use crate::{
    chain,
    evidence::{
        ObjectType,
        Slot, //
    },
    report::{
        self,
        Check,
        Outcome,
        Subject, //
    },
    transcript::Transcript,
    x509::Certificate,
};

impl<'a> Judge<'a> {
    pub(super) fn chain(&mut self, transcript: &Transcript<'_>) -> Option<Chain<'a>> {
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

    pub(super) fn digests(&mut self, transcript: &Transcript<'_>, chain: &Chain<'_>) -> Option<()> {
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

    pub(super) fn certificates(
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

    pub(super) fn signature(&mut self, transcript: &Transcript<'_>, format: &CertChain<'_>) {
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
