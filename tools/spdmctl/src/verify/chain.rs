// SPDX-License-Identifier: GPL-2.0

//! The chain: that it is the one the device sent, announced and signed for.

use std::ops::Range;

use rspdm_proto::proto::{
    slot::SlotId,
    wire::cert_chain::CertChain, //
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
        let Some(bytes) = self.bytes(kind) else {
            let detail = format!("slot {slot} was challenged, and there is no {kind}");
            self.add(Check::new(subject, Outcome::Malformed, detail));
            return None;
        };
        let check = match transcript.chains.get(&slot) {
            Some(read) if read == bytes => {
                Check::new(subject, Outcome::Pass, "as the device sent it")
            }
            Some(read) => self.other_chain(transcript, kind, bytes, read),
            None => Check::new(
                subject,
                Outcome::NotJudged,
                "not sent in this transcript; the digest that is signed binds it",
            ),
        };
        self.add(check);
        Some(Chain { kind, bytes })
    }

    /// Says which of two chains is to blame that they differ: the device signed for one of them.
    fn other_chain(
        &mut self,
        transcript: &Transcript<'_>,
        kind: ObjectType,
        bytes: &[u8],
        read: &[u8],
    ) -> Check {
        let subject = Subject::Chain;
        let hash = transcript.negotiation.state.algorithms.hash;
        let digest = self.hash(subject, hash, bytes);
        if digest.is_some_and(|digest| digest == *transcript.auth.cert_chain_hash) {
            let detail = "the transcript has another chain than the one that the device signed for";
            let messages = transcript.messages.iter();
            let portions = messages.filter(|message| message.name == "CERTIFICATE");
            let ranges: Vec<Range<usize>> = portions.map(|portion| portion.range.clone()).collect();
            let start = ranges.first().map_or(0, |first| first.start);
            let end = ranges.last().map_or(0, |last| last.end);
            let check = Check::new(subject, Outcome::Malformed, detail);
            return check.at(ObjectType::Challenge, &(start..end));
        }
        let detail = "another chain than the one that the device sent";
        Check::new(subject, Outcome::Malformed, detail).at(kind, &difference(bytes, read))
    }

    pub(super) fn digests(&mut self, transcript: &Transcript<'_>, chain: &Chain<'_>) -> Option<()> {
        let hash = transcript.negotiation.state.algorithms.hash;
        let digest = self.hash(Subject::ChainHash, hash, chain.bytes)?;

        let announced = transcript.digests.as_ref();
        let slot = transcript.asked.slot;
        let message = || {
            let message = transcript.messages.iter().find(|m| m.name == "DIGESTS");
            message.map_or(0..0, |message| message.range.clone())
        };
        // The digests stand behind the header, one for each slot that has a chain.
        let entry = || {
            let before = announced.map_or(0, |digests| {
                let slots = (0..slot.number()).filter_map(SlotId::new);
                slots.filter(|slot| digests.of(*slot).is_some()).count()
            });
            let start = message().start + DIGESTS_HEADER + before * hash.digest_len();
            start..start + hash.digest_len()
        };
        self.add(match announced.map(|digests| digests.of(slot)) {
            None => Check::new(
                Subject::Digests,
                Outcome::NotJudged,
                "not asked for in this transcript; the digest that is signed binds the chain",
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
            .at(ObjectType::Challenge, &entry()),
            Some(None) => Check::new(
                Subject::Digests,
                Outcome::Refused,
                format!("the device announced no chain in slot {slot}"),
            )
            .at(ObjectType::Challenge, &message()),
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

    /// Decodes the certificates of the challenged slot's chain.
    pub(super) fn certificates(
        &mut self,
        transcript: &Transcript<'_>,
        chain: &Chain<'a>,
    ) -> Option<(CertChain<'a>, Vec<Certificate>)> {
        let hash = transcript.negotiation.state.algorithms.hash;
        let format = match chain::parse(chain.bytes, hash) {
            Ok(format) => format,
            Err(what) => {
                let check = Check::new(Subject::Certificates, Outcome::Malformed, what);
                self.add(check.at(chain.kind, &(0..chain.bytes.len())));
                return None;
            }
        };
        let start = chain.bytes.len() - format.certificates.iter().map(<[u8]>::len).sum::<usize>();
        let certificates = self.decode(
            format.certificates.iter(),
            |range| Some((chain.kind, range)),
            start,
        )?;
        Some((format, certificates))
    }

    /// Decodes certificates, root side first, the first of which begins at `start` of what `place`
    /// knows.
    pub(super) fn decode<'d>(
        &mut self,
        certificates: impl Iterator<Item = &'d [u8]>,
        place: impl Fn(Range<usize>) -> Option<(ObjectType, Range<usize>)>,
        mut start: usize,
    ) -> Option<Vec<Certificate>> {
        let subject = Subject::Certificates;
        let mut decoded = Vec::new();
        for (position, der) in certificates.enumerate() {
            let range = start..start + der.len();
            start = range.end;
            match Certificate::from_der(der) {
                Ok(certificate) => decoded.push(certificate),
                Err(what) => {
                    let detail = format!("certificate {position}: {what}");
                    let check = Check::new(subject, Outcome::Malformed, detail);
                    self.add(match place(range) {
                        Some((kind, range)) => check.at(kind, &range),
                        None => check,
                    });
                    return None;
                }
            }
        }
        self.report.leaf = decoded.last().map(|leaf| report::Leaf {
            subject: leaf.subject(),
            issuer: leaf.issuer(),
            sha256: fingerprint(leaf.der()),
            names: [leaf.pci_sig_names(), leaf.dmtf_names()].concat(),
        });
        let detail = match decoded.len() {
            1 => "1 certificate".to_owned(),
            count => format!("{count} certificates"),
        };
        self.add(Check::new(subject, Outcome::Pass, detail));
        Some(decoded)
    }

    /// Compares the chains of other slots with what the device sent and announced.
    pub(super) fn other_chains(&mut self, transcript: &Transcript<'_>) {
        let subject = Subject::OtherChains;
        let hash = transcript.negotiation.state.algorithms.hash;
        let objects = self.objects;
        for (kind, object) in objects {
            let ObjectType::Cert(slot) = *kind else {
                continue;
            };
            let Some(slot) = SlotId::new(slot.number()) else {
                continue;
            };
            if slot == transcript.asked.slot {
                continue;
            }
            let announced = transcript.digests.as_ref();
            let announced = announced.and_then(|digests| digests.of(slot));
            let sent = transcript.chains.get(&slot);
            let bytes = &object.bytes;
            let check = match (sent, announced) {
                (Some(sent), _) if sent != bytes => Check::new(
                    subject,
                    Outcome::Malformed,
                    format!("{kind}: another chain than the one that the device sent"),
                )
                .at(*kind, &difference(bytes, sent)),
                (None, None) => Check::new(
                    subject,
                    Outcome::NotJudged,
                    format!("{kind}: nothing in this transcript binds it"),
                ),
                (_, Some(announced)) => {
                    let Some(digest) = self.hash(subject, hash, bytes) else {
                        continue;
                    };
                    if digest == announced {
                        let detail = format!("{kind}: the device announced this chain");
                        Check::new(subject, Outcome::Pass, detail)
                    } else {
                        let detail = format!("{kind}: the device announced another chain");
                        Check::new(subject, Outcome::Refused, detail).at(*kind, &(0..bytes.len()))
                    }
                }
                (Some(_), None) => Check::new(
                    subject,
                    Outcome::Pass,
                    format!("{kind}: as the device sent it"),
                ),
            };
            self.add(check);
        }
    }
}

/// Bytes of DIGESTS before the first digest.
const DIGESTS_HEADER: usize = 4;
