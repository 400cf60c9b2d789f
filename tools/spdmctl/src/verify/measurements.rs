// SPDX-License-Identifier: GPL-2.0

//! The transcript of measurements: its form, and whose nonce it answers.

use rspdm_proto::proto::{
    negotiated::NegotiatedState,
    version::Version, //
};

use super::{
    transcript::Found,
    Judge,
    Presence, //
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
        Change,
        Measurements,
        Transcript, //
    },
};

const OBJECT: ObjectType = ObjectType::Measurements;

impl<'a> Judge<'a> {
    /// Judges everything about the measurements but their signature and values.
    pub(super) fn measurements(&mut self, transcript: &Transcript<'_>) -> Option<Measurements<'a>> {
        let state = &transcript.negotiation.state;
        let Some(bytes) = self.bytes(OBJECT) else {
            self.no_measurements(state.measurements.is_none());
            return None;
        };
        let challenge = self.bytes(ObjectType::Challenge).unwrap_or_default();
        let negotiation = challenge.get(..transcript.negotiation.len)?;
        let measurements = match Measurements::parse(bytes, negotiation, state) {
            Ok(measurements) => measurements,
            Err(fault) => {
                let check = Check::new(Subject::Measurements, Outcome::Malformed, fault.what);
                self.add(check.at(OBJECT, &fault.range));
                return None;
            }
        };
        self.report.measurements = Some(report::Measurements::new(&measurements));
        let challenged = transcript.asked.slot.number();
        self.measurements_request(&measurements, state, Some(challenged));
        self.measurements_nonce(&measurements);

        let signature = measurements.signature.clone();
        let nonce = measurements.requester_nonce.as_ref();
        self.hints(
            Subject::MeasurementsLayout,
            OBJECT,
            state,
            &Found {
                requester_nonce: nonce.map(|(_, range)| range.clone()),
                responder_nonce: measurements.responder_nonce.clone(),
                signature,
            },
        );
        Some(measurements)
    }

    /// Says what it means that there is no such object.
    fn no_measurements(&mut self, has_none: bool) {
        let is_demanded = self.demands.measurements.presence() != Presence::Optional;
        let (outcome, detail) = match (is_demanded, has_none) {
            (true, true) => (Outcome::Refused, "the device has none"),
            (false, true) => (Outcome::Pass, "the device has none, as it signed"),
            (true, false) => (
                Outcome::Refused,
                "the device can measure, and there is no transcript of it",
            ),
            (false, false) => (
                Outcome::NotJudged,
                "the device can measure, and there is no transcript of it",
            ),
        };
        self.add(Check::new(Subject::Measurements, outcome, detail));
    }

    /// Judges what GET_MEASUREMENTS asked for, and whether that was answered.
    pub(super) fn measurements_request(
        &mut self,
        measurements: &Measurements<'_>,
        state: &NegotiatedState,
        challenged: Option<u8>,
    ) {
        let subject = Subject::Measurements;
        let [request, response] = &measurements.messages;
        let (request, response) = (request.range.start, response.range.start);
        // SPDM 1.0 knows no slots: what slot 0 signs is worth nothing if another was challenged.
        let could_sign = state.measurements.is_some_and(|one| one.is_signable)
            && (state.version >= Version::V1_1 || challenged.is_none_or(|slot| slot == 0));
        let check = match (&measurements.signature, measurements.slot) {
            (None, _) if could_sign => Check::new(
                subject,
                Outcome::Refused,
                "the device can sign them, and was not asked to",
            )
            .at(OBJECT, &(request + PARAM1..request + PARAM1 + 1)),
            (_, Some(slot)) if challenged.is_some_and(|challenged| slot != challenged) => {
                Check::new(
                    subject,
                    Outcome::Refused,
                    format!("slot {slot} was to sign, another one was challenged"),
                )
                .at(OBJECT, &(request + SLOT..request + SLOT + 1))
            }
            _ if measurements.slot_back != measurements.slot => {
                let slot = measurements.slot_back.unwrap_or_default();
                let detail = format!("the device says that slot {slot} signed");
                let param2 = response + PARAM2..response + PARAM2 + 1;
                Check::new(subject, Outcome::Refused, detail).at(OBJECT, &param2)
            }
            _ => Check::new(subject, Outcome::Pass, summary(measurements)),
        };
        self.add(check);
    }

    pub(super) fn measurements_nonce(&mut self, measurements: &Measurements<'_>) {
        let subject = Subject::MeasurementsNonce;
        let Some((found, range)) = &measurements.requester_nonce else {
            let detail = "they are not signed: they may be old ones, replayed";
            self.add(Check::new(subject, Outcome::NotJudged, detail));
            return;
        };
        self.judge_nonce(subject, OBJECT, found, range);
    }
}

pub(super) fn summary(measurements: &Measurements<'_>) -> String {
    let mut detail = match measurements.blocks.len() {
        1 => "1 block".to_owned(),
        count => format!("{count} blocks"),
    };
    if measurements.change == Change::Changed {
        detail.push_str("; the device says that some changed");
    }
    detail
}

/// Where Param1 is in GET_MEASUREMENTS.
const PARAM1: usize = 2;

/// Where Param2 is in MEASUREMENTS.
const PARAM2: usize = 3;

/// Where SlotIDParam is in GET_MEASUREMENTS.
const SLOT: usize = 36;
