// SPDX-License-Identifier: GPL-2.0

//! Measurements without a challenge: what a collection for other verifiers has.
//!
//! The signature of the measurements is the only one there is. From SPDM 1.2 on it is over the
//! negotiation too, so that nothing needs to be taken on trust; before, nothing says which hash was
//! negotiated.

use rspdm_proto::proto::version::Version;

use super::Judge;
use crate::{
    cmw::Item,
    evidence::ObjectType,
    report::{
        self,
        Check,
        Outcome,
        Subject, //
    },
    transcript::{
        Measurements,
        Negotiation, //
    },
    x509::Path,
};

/// What is judged of a collection, in order.
pub(super) const SUBJECTS: [Subject; 11] = [
    Subject::Measurements,
    Subject::MeasurementsNonce,
    Subject::Certificates,
    Subject::MeasurementsSignature,
    Subject::MeasurementsValues,
    Subject::Links,
    Subject::Constraints,
    Subject::Validity,
    Subject::Trust,
    Subject::Identity,
    Subject::Policy,
];

const OBJECT: ObjectType = ObjectType::Measurements;

impl Judge<'_> {
    pub(super) fn judge_collection(&mut self, item: &Item) -> Option<()> {
        let bytes = self.bytes(OBJECT)?;
        let negotiation = self.collected_negotiation(bytes)?;
        let state = &negotiation.state;
        let front = bytes.get(..negotiation.len)?;
        let measurements = match Measurements::parse(bytes, front, state) {
            Ok(measurements) => measurements,
            Err(fault) => {
                let check = Check::new(Subject::Measurements, Outcome::Malformed, fault.what);
                self.add(check.at(OBJECT, &fault.range));
                return None;
            }
        };
        self.report.spdm = Some(report::Spdm {
            version: state.version.to_string(),
            hash: state.algorithms.hash.to_string(),
            signature_algorithm: state.algorithms.asym.to_string(),
            slot: measurements.slot,
        });
        self.report.measurements = Some(report::Measurements::new(&measurements));
        if measurements.signature.is_some() {
            self.measurements_request(&measurements, state, None);
        } else {
            let detail = "not signed, and there is no challenge: nothing binds them to the device";
            let response = &measurements.messages[1].range;
            let check = Check::new(Subject::Measurements, Outcome::Refused, detail);
            self.add(check.at(OBJECT, response));
        }
        self.collected_nonce(item, &measurements);

        let ders = item.certificates.iter().map(Vec::as_slice);
        let certificates = self.decode(ders, |_| None, 0)?;
        let leaf = item.certificates.last()?;
        self.measurements_signature(&measurements, state, leaf, 0);
        self.values(&measurements);
        let path = Path::new(&certificates)?;
        self.path(&path, None);
        self.identity(None, path.leaf());
        self.limits(state, path.leaf());
        Some(())
    }

    fn collected_negotiation(&mut self, bytes: &[u8]) -> Option<Negotiation> {
        let subject = Subject::Measurements;
        // From 1.2 on a transcript begins with GET_VERSION, which is of version 1.0.
        let starts = bytes.get(..2);
        let is_old = [Version::V1_0, Version::V1_1]
            .iter()
            .any(|version| starts == Some(&[version.to_wire(), GET_MEASUREMENTS]));
        if is_old {
            let detail = "a transcript of SPDM 1.0 or 1.1 does not say what was negotiated";
            self.add(Check::new(subject, Outcome::Refused, detail).at(OBJECT, &(0..1)));
            return None;
        }
        match Negotiation::parse_front(bytes) {
            Ok(negotiation) => Some(negotiation),
            Err(fault) => {
                let outcome = if fault.unsupported {
                    Outcome::Refused
                } else {
                    Outcome::Malformed
                };
                let check = Check::new(subject, outcome, fault.what);
                self.add(check.at(OBJECT, &fault.range));
                None
            }
        }
    }

    /// Judges the nonce, and what the collection says about it.
    fn collected_nonce(&mut self, item: &Item, measurements: &Measurements<'_>) {
        let found = measurements.requester_nonce.as_ref();
        match (item.nonce, found) {
            (Some(told), Some((nonce, range))) if told != *nonce => {
                let detail = "the collection says another nonce than the transcript";
                let check = Check::new(Subject::MeasurementsNonce, Outcome::Malformed, detail);
                self.add(check.at(OBJECT, range));
            }
            _ => self.measurements_nonce(measurements),
        }
    }
}

/// Code of GET_MEASUREMENTS.
const GET_MEASUREMENTS: u8 = 0xe0;
