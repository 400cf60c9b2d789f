// SPDX-License-Identifier: GPL-2.0

//! The transcript: what it consists of, and whose nonce it answers.

use std::ops::Range;

use super::{
    difference,
    Judge, //
};
use crate::{
    evidence::ObjectType,
    report::{
        self,
        Check,
        Outcome,
        Subject, //
    },
    transcript::{
        Negotiation,
        Transcript, //
    },
};

impl<'a> Judge<'a> {
    pub(super) fn transcript(&mut self) -> Option<Transcript<'a>> {
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

    pub(super) fn vca(&mut self, transcript: &Transcript<'_>) {
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
    pub(super) fn layout(&mut self, transcript: &Transcript<'_>) {
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

    pub(super) fn nonce(&mut self, transcript: &Transcript<'_>) {
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
}
