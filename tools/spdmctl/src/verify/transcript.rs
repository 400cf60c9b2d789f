// SPDX-License-Identifier: GPL-2.0

//! The transcript: what it consists of, and whose nonce it answers.

use std::ops::Range;

use rspdm_proto::proto::negotiated::NegotiatedState;

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
        let Some(bytes) = self.bytes(ObjectType::Challenge) else {
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
                    slot: Some(transcript.asked.slot.number()),
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
        let vca = self.bytes(ObjectType::Vca);
        let challenge = self.bytes(ObjectType::Challenge).unwrap_or_default();
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

    pub(super) fn layout(&mut self, transcript: &Transcript<'_>) {
        let found = Found {
            requester_nonce: Some(transcript.requester_nonce.clone()),
            responder_nonce: transcript.responder_nonce.clone(),
            signature: Some(transcript.signature.clone()),
        };
        let state = &transcript.negotiation.state;
        self.hints(Subject::Layout, ObjectType::Challenge, state, &found);
    }

    /// Compares the kernel's hints with what was found; they are not used for anything.
    pub(super) fn hints(
        &mut self,
        subject: Subject,
        kind: ObjectType,
        state: &NegotiatedState,
        found: &Found,
    ) {
        let object = self.objects.get(&kind);
        let Some(layout) = object.and_then(|object| object.layout.as_ref()) else {
            let detail = "there are no hints";
            self.add(Check::new(subject, Outcome::NotJudged, detail));
            return;
        };
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        // There is no hint about what is not there.
        let is_at = |hint: u32, range: Option<&Range<usize>>| {
            range.is_none_or(|range| hint == number(range.start))
        };
        let signature_len = found.signature.as_ref().map_or(0, Range::len);
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
                is_at(
                    layout.requester_nonce_offset,
                    found.requester_nonce.as_ref(),
                ),
                "offset of the requester's nonce",
            ),
            (
                is_at(layout.responder_nonce_offset, Some(&found.responder_nonce)),
                "offset of the device's nonce",
            ),
            (
                is_at(layout.signature_offset, found.signature.as_ref()),
                "offset of the signature",
            ),
            (
                layout.signature_length == number(signature_len),
                "length of the signature",
            ),
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
        let range = &transcript.requester_nonce;
        let nonce = &transcript.asked.nonce;
        self.judge_nonce(Subject::Nonce, ObjectType::Challenge, nonce, range);
    }

    /// Compares the nonce that was found at `range` of an object with the one that was demanded.
    pub(super) fn judge_nonce(
        &mut self,
        subject: Subject,
        kind: ObjectType,
        found: &[u8; 32],
        range: &Range<usize>,
    ) {
        self.add(match self.demands.nonce {
            None => Check::new(
                subject,
                Outcome::NotJudged,
                "no nonce was given: the evidence may be an old one, replayed",
            ),
            Some(nonce) if nonce == *found => Check::new(
                subject,
                Outcome::Pass,
                "it answers the nonce that was asked for",
            ),
            Some(_) => Check::new(
                subject,
                Outcome::Refused,
                format!("it answers another nonce, {}", hex::encode(found)),
            )
            .at(kind, range),
        });
    }
}

/// Where things are in a transcript, as against where the kernel says that they are.
pub(super) struct Found {
    pub(super) requester_nonce: Option<Range<usize>>,
    pub(super) responder_nonce: Range<usize>,
    pub(super) signature: Option<Range<usize>>,
}
