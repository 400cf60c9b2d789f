// SPDX-License-Identifier: GPL-2.0

//! One SPDM connection: which request is due, and the transcripts.
//!
//! ```text
//!   Idle --GET_VERSION--> Versioned --GET_CAPABILITIES--> Capable
//!    ^                                                       |
//!    |                                            NEGOTIATE_ALGORITHMS
//!    |                                                       v
//!    +------------- GET_VERSION from anywhere ---------- Negotiated
//! ```
//!
//! A request is read and answered by its file in `message/`; here the answer
//! goes through the chosen faults, into the transcripts, and is signed. Requests
//! that arrive in chunks, and responses that have to leave so, pass `chunk`.

use std::{
    collections::VecDeque,
    sync::Arc, //
};

use crate::{
    chunk::{
        Taken,
        Terms,
        Transfers, //
    },
    device::Device,
    fault::{
        Delivery,
        Plan,
        Strike, //
    },
    message::{
        algorithms,
        capabilities::{
            self,
            Requester, //
        },
        chunk,
        error::{
            Refusal,
            INVALID_REQUEST,
            RESPONSE_NOT_READY,
            RESPONSE_NOT_READY_TOKEN,
            UNEXPECTED_REQUEST,
            VERSION_MISMATCH, //
        },
        version,
        Kind, //
    },
    negotiated::{
        Agreed,
        Negotiated,
        RESPOND_IF_READY, //
    },
};

/// How far the connection is.
enum Stage {
    Idle,
    Versioned {
        device: Arc<Device>,
        a: Vec<u8>,
        /// The version that the requester tries, 1.0 before it has tried any.
        tried: u8,
    },
    Capable {
        device: Arc<Device>,
        a: Vec<u8>,
        version: u8,
        requester: Requester,
    },
    Negotiated(Box<Negotiated>),
}

/// State of one SPDM connection.
pub struct Connection {
    plan: Arc<Plan>,
    stage: Stage,
    /// The last request that moved the stage, and its answer, in case it is asked again.
    last: Option<(Vec<u8>, Vec<u8>)>,
    /// The request that was answered by ERROR ResponseNotReady.
    pending: Option<Vec<u8>>,
    /// What is on its way in chunks.
    transfers: Transfers,
    /// What was sent last.
    sent: Vec<u8>,
    /// Responses that were not sent in time, because others took their place.
    late: VecDeque<Vec<u8>>,
}

/// An SPDM response, and how it shall reach the requester.
pub struct Reply {
    /// The SPDM message, without padding.
    pub bytes: Vec<u8>,
    /// Faults of delivery, with their arguments.
    pub deliveries: Vec<(Delivery, Option<u32>)>,
}

impl Connection {
    /// A connection on which nothing was said.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            stage: Stage::Idle,
            last: None,
            pending: None,
            transfers: Transfers::default(),
            sent: vec![],
            late: VecDeque::new(),
        }
    }

    /// Goes by this plan from now on.
    ///
    /// Forgets what was negotiated if the plan is another one, and is about more than what comes
    /// after that.
    pub fn follow(&mut self, plan: Arc<Plan>) {
        if !Arc::ptr_eq(&self.plan, &plan) {
            self.late.clear();
            if plan.ends_connections_of(&self.plan) {
                self.stage = Stage::Idle;
                self.last = None;
                self.pending = None;
            }
        }
        self.plan = plan;
    }

    /// Answers one request, which may be followed by up to three bytes of padding.
    pub fn answer(&mut self, request: &[u8]) -> Reply {
        self.answer_behind(request, 0)
    }

    /// Answers a request with something that stands behind so many bytes in its message.
    fn answer_behind(&mut self, request: &[u8], overhead: usize) -> Reply {
        let pending = self.pending.take();
        let request = match &pending {
            Some(pending) if asks_for(request, pending) => pending,
            _ => request,
        };
        let kind = request.get(1).and_then(|&code| Kind::of_request(code));
        let strike = kind.map(|kind| self.plan.strike(kind)).unwrap_or_default();
        let mut deliveries = strike.deliveries();
        let is_chunk = matches!(kind, Some(Kind::ChunkGet | Kind::ChunkSend));
        if !is_chunk {
            self.transfers.forget();
        }
        let result = match strike.refusal(request) {
            Some(refusal) => Err(refusal),
            None if is_chunk => self.chunk(request, kind, &strike, &mut deliveries),
            None => self.handle(request, kind, &strike),
        };
        if let Stage::Negotiated(negotiated) = &mut self.stage {
            // Measurements accumulate as long as nothing else is asked and nothing fails.
            if !is_chunk && (kind != Some(Kind::Measurements) || result.is_err()) {
                negotiated.forget_measurements();
            }
        }
        let mut bytes = match result {
            Ok(bytes) => bytes,
            Err(refusal) => {
                if refusal.code == RESPONSE_NOT_READY {
                    self.pending = Some(request.to_vec());
                }
                refusal.to_bytes(self.version(kind))
            }
        };
        if let Some(kind) = kind {
            self.plan.replay(kind, &strike, &mut bytes);
        }
        strike.edit_wire(&mut bytes, request);
        let may_be_large = !is_chunk && !matches!(kind, Some(Kind::Version | Kind::Capabilities));
        if let (Some(terms), true) = (terms(&self.stage), may_be_large) {
            bytes = self.transfers.cut(bytes, overhead, &terms);
        }
        if overhead == 0 {
            bytes = self.order(bytes, &strike);
        }
        Reply { bytes, deliveries }
    }

    /// Decides which response is sent now.
    fn order(&mut self, bytes: Vec<u8>, strike: &Strike) -> Vec<u8> {
        let bytes = if strike.is_stale() {
            self.sent.clone()
        } else {
            bytes
        };
        if strike.is_twice() {
            self.late.push_back(bytes.clone());
        }
        self.late.push_back(bytes);
        self.sent = self.late.pop_front().unwrap_or_default();
        self.sent.clone()
    }

    /// Answers CHUNK_GET and CHUNK_SEND.
    fn chunk(
        &mut self,
        request: &[u8],
        kind: Option<Kind>,
        strike: &Strike,
        deliveries: &mut Vec<(Delivery, Option<u32>)>,
    ) -> Result<Vec<u8>, Refusal> {
        let Some(terms) = terms(&self.stage) else {
            return Err(Refusal::new(INVALID_REQUEST));
        };
        if request.len() < 4 {
            return Err(Refusal::new(INVALID_REQUEST));
        }
        let version = terms.version;
        if request[0] != version {
            return Err(Refusal::new(VERSION_MISMATCH));
        }
        if kind == Some(Kind::ChunkGet) {
            return self.transfers.send(request, &terms, strike);
        }
        let (put, is_error, response) = match self.transfers.take(request, &terms)? {
            Taken::Part(put) => (put, false, vec![]),
            Taken::Refused(put, refusal) => (put, true, refusal.to_bytes(version)),
            Taken::Whole(put, whole) => {
                let overhead = chunk::acknowledgment(version, &put, false, &[]).bytes.len();
                let reply = self.answer_behind(&whole, overhead);
                deliveries.extend(reply.deliveries);
                (put, false, reply.bytes)
            }
        };
        let mut message = chunk::acknowledgment(version, &put, is_error, &response);
        strike.edit_body(&mut message, request);
        Ok(message.bytes)
    }

    /// SPDMVersion of ERROR messages: 1.0 as long as no version was agreed on, and always in
    /// answer to GET_VERSION, which begins anew.
    fn version(&self, kind: Option<Kind>) -> u8 {
        match &self.stage {
            _ if kind == Some(Kind::Version) => 0x10,
            Stage::Idle => 0x10,
            Stage::Versioned { tried, .. } => *tried,
            Stage::Capable { version, .. } => *version,
            Stage::Negotiated(negotiated) => negotiated.agreed.version,
        }
    }

    fn handle(
        &mut self,
        request: &[u8],
        kind: Option<Kind>,
        strike: &Strike,
    ) -> Result<Vec<u8>, Refusal> {
        if request.len() < 4 {
            return Err(Refusal::new(INVALID_REQUEST));
        }
        if kind == Some(Kind::Version) {
            return self.start(request, strike);
        }
        if let Some((last, answer)) = &self.last {
            if last == request {
                return Ok(answer.clone());
            }
        }
        match &mut self.stage {
            Stage::Idle => Err(Refusal::new(UNEXPECTED_REQUEST)),
            Stage::Versioned { device, a, tried } => {
                if kind != Some(Kind::Capabilities) {
                    return Err(Refusal::new(UNEXPECTED_REQUEST));
                }
                if !device.config.versions.contains(&request[0]) {
                    return Err(Refusal::new(VERSION_MISMATCH));
                }
                *tried = request[0];
                let ((mut message, len), requester) =
                    capabilities::respond(request, &device.config)?;
                strike.edit_body(&mut message, request);
                a.extend_from_slice(&request[..len]);
                a.extend_from_slice(&message.bytes);
                self.stage = Stage::Capable {
                    device: device.clone(),
                    a: std::mem::take(a),
                    version: request[0],
                    requester,
                };
                self.last = Some((request.to_vec(), message.bytes.clone()));
                Ok(message.bytes)
            }
            Stage::Capable {
                device,
                a,
                version,
                requester,
            } => {
                if request[0] != *version {
                    return Err(Refusal::new(VERSION_MISMATCH));
                }
                if kind != Some(Kind::Algorithms) {
                    return Err(Refusal::new(UNEXPECTED_REQUEST));
                }
                let ((mut message, len), selection) = algorithms::respond(request, &device.config)?;
                strike.edit_body(&mut message, request);
                a.extend_from_slice(&request[..len]);
                a.extend_from_slice(&message.bytes);
                let agreed = Agreed {
                    version: *version,
                    requester: requester.clone(),
                    selection,
                    device: device.clone(),
                };
                let negotiated = Negotiated::new(agreed, std::mem::take(a));
                self.stage = Stage::Negotiated(Box::new(negotiated));
                self.last = Some((request.to_vec(), message.bytes.clone()));
                Ok(message.bytes)
            }
            Stage::Negotiated(negotiated) => {
                if request[0] != negotiated.agreed.version {
                    return Err(Refusal::new(VERSION_MISMATCH));
                }
                negotiated.handle(request, kind, strike)
            }
        }
    }

    /// GET_VERSION: forgets everything and begins anew.
    fn start(&mut self, request: &[u8], strike: &Strike) -> Result<Vec<u8>, Refusal> {
        if request[0] != 0x10 {
            return Err(Refusal::new(VERSION_MISMATCH));
        }
        let device = self.plan.device(strike);
        let mut message = version::respond(&device.config.versions);
        strike.edit_body(&mut message, request);
        self.last = None;
        self.stage = Stage::Versioned {
            device,
            a: [&request[..4], &message.bytes].concat(),
            tried: 0x10,
        };
        Ok(message.bytes)
    }
}

/// What both sides can take, once they have told.
fn terms(stage: &Stage) -> Option<Terms<'_>> {
    match stage {
        Stage::Idle | Stage::Versioned { .. } => None,
        Stage::Capable {
            device,
            version,
            requester,
            ..
        } => Some(Terms {
            version: *version,
            requester,
            config: &device.config,
        }),
        Stage::Negotiated(negotiated) => Some(negotiated.agreed.terms()),
    }
}

/// Whether `request` is RESPOND_IF_READY for the request `pending`.
fn asks_for(request: &[u8], pending: &[u8]) -> bool {
    request.len() >= 4
        && request[0] == pending[0]
        && request[1] == RESPOND_IF_READY
        && request[2] == pending[1]
        && request[3] == RESPONSE_NOT_READY_TOKEN
}
