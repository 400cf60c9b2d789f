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
//! goes through the chosen faults, into the transcripts, and is signed.

use std::{
    collections::BTreeMap,
    sync::Arc, //
};

use crate::{
    device::{
        Chain,
        Device, //
    },
    fault::{
        Delivery,
        Plan,
        Strike, //
    },
    message::{
        algorithms::{
            self,
            Selection, //
        },
        capabilities::{
            self,
            Requester, //
        },
        certificate,
        challenge,
        digests,
        error::{
            Refusal,
            INVALID_REQUEST,
            RESPONSE_NOT_READY,
            RESPONSE_NOT_READY_TOKEN,
            RESPONSE_TOO_LARGE,
            UNEXPECTED_REQUEST,
            VERSION_MISMATCH, //
        },
        measurements,
        version,
        Kind,
        Message, //
    },
    signing::{
        self,
        Signing, //
    },
};

/// RESPOND_IF_READY.
const RESPOND_IF_READY: u8 = 0xff;

/// What version, capabilities and algorithms came to.
pub struct Agreed {
    /// SPDMVersion of all further messages.
    pub version: u8,
    /// What the requester said about itself.
    pub requester: Requester,
    /// Algorithms.
    pub selection: Selection,
    /// The device.
    pub device: Arc<Device>,
}

impl Agreed {
    /// Chains of the provisioned slots.
    pub fn chains(&self) -> &BTreeMap<u8, Chain> {
        self.device.chains(self.selection.asym)
    }

    /// Longest response that the requester can take, in bytes.
    pub fn response_limit(&self) -> usize {
        let limit = self.requester.data_transfer_size;
        limit.unwrap_or(self.device.config.transfer_size) as usize
    }
}

/// A connection after ALGORITHMS, with the transcripts' parts by their names in DSP0274.
struct Negotiated {
    agreed: Agreed,
    a: Vec<u8>,
    b: Vec<u8>,
    m: Vec<u8>,
}

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
        }
    }

    /// Goes by another plan from now on.
    pub fn follow(&mut self, plan: Arc<Plan>) {
        self.plan = plan;
    }

    /// Answers one request, which may be followed by up to three bytes of padding.
    pub fn answer(&mut self, request: &[u8]) -> Reply {
        let pending = self.pending.take();
        let request = match &pending {
            Some(pending) if asks_for(request, pending) => pending,
            _ => request,
        };
        let kind = request.get(1).and_then(|&code| Kind::of_request(code));
        let strike = kind.map(|kind| self.plan.strike(kind)).unwrap_or_default();
        let result = match strike.refusal(request) {
            Some(refusal) => Err(refusal),
            None => self.handle(request, kind, &strike),
        };
        if let Stage::Negotiated(negotiated) = &mut self.stage {
            // Measurements accumulate as long as nothing else is asked and nothing fails.
            if kind != Some(Kind::Measurements) || result.is_err() {
                negotiated.m.clear();
            }
        }
        let mut bytes = match result {
            Ok(bytes) => bytes,
            Err(refusal) => {
                if refusal.code == RESPONSE_NOT_READY {
                    self.pending = Some(request.to_vec());
                }
                refusal.to_bytes(self.version())
            }
        };
        if let Some(kind) = kind {
            self.plan.replay(kind, &strike, &mut bytes);
        }
        strike.edit_wire(&mut bytes, request);
        Reply {
            bytes,
            deliveries: strike.deliveries(),
        }
    }

    /// SPDMVersion of ERROR messages: 1.0 as long as no version was agreed on.
    fn version(&self) -> u8 {
        match &self.stage {
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
                self.stage = Stage::Negotiated(Box::new(Negotiated {
                    agreed: Agreed {
                        version: *version,
                        requester: requester.clone(),
                        selection,
                        device: device.clone(),
                    },
                    a: std::mem::take(a),
                    b: vec![],
                    m: vec![],
                }));
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

/// Whether `request` is RESPOND_IF_READY for the request `pending`.
fn asks_for(request: &[u8], pending: &[u8]) -> bool {
    request.len() >= 4
        && request[0] == pending[0]
        && request[1] == RESPOND_IF_READY
        && request[2] == pending[1]
        && request[3] == RESPONSE_NOT_READY_TOKEN
}

impl Negotiated {
    fn handle(
        &mut self,
        request: &[u8],
        kind: Option<Kind>,
        strike: &Strike,
    ) -> Result<Vec<u8>, Refusal> {
        match kind {
            Some(Kind::Digests) => {
                let (message, len) = digests::respond(&self.agreed)?;
                let message = self.unsigned(message, request, strike)?;
                self.b.clear();
                self.b.extend_from_slice(&request[..len]);
                self.b.extend_from_slice(&message);
                Ok(message)
            }
            Some(Kind::Certificate) => {
                let (message, len) = certificate::respond(request, &self.agreed)?;
                let message = self.unsigned(message, request, strike)?;
                self.b.extend_from_slice(&request[..len]);
                self.b.extend_from_slice(&message);
                Ok(message)
            }
            Some(Kind::Challenge) => {
                let ((message, len), slot) = challenge::respond(request, &self.agreed)?;
                let before = [&self.a[..], &self.b].concat();
                let request = &request[..len];
                let context = signing::CHALLENGE_CONTEXT;
                let message = self.signed(message, request, &before, context, slot, strike)?;
                self.b.clear();
                Ok(message)
            }
            Some(Kind::Measurements) => {
                // Measuring before the challenge is over takes B out of the challenge's transcript.
                self.b.clear();
                let ((message, len), slot) = measurements::respond(request, &self.agreed)?;
                let Some(slot) = slot else {
                    let message = self.unsigned(message, request, strike)?;
                    self.m.extend_from_slice(&request[..len]);
                    self.m.extend_from_slice(&message);
                    return Ok(message);
                };
                let a: &[u8] = if self.agreed.version >= 0x12 {
                    &self.a
                } else {
                    &[]
                };
                let before = [a, &self.m].concat();
                let request = &request[..len];
                let context = signing::MEASUREMENTS_CONTEXT;
                let message = self.signed(message, request, &before, context, slot, strike)?;
                self.m.clear();
                Ok(message)
            }
            // Asked out of turn.
            Some(Kind::Version | Kind::Capabilities | Kind::Algorithms) => {
                Err(Refusal::new(UNEXPECTED_REQUEST))
            }
            // No answer is pending.
            None if request[1] == RESPOND_IF_READY => Err(Refusal::new(INVALID_REQUEST)),
            None if request[1] & 0x80 == 0 => Err(Refusal::new(INVALID_REQUEST)),
            None => Err(Refusal::unsupported(request[1])),
        }
    }

    fn unsigned(
        &self,
        mut message: Message,
        request: &[u8],
        strike: &Strike,
    ) -> Result<Vec<u8>, Refusal> {
        self.check_size(message.bytes.len())?;
        strike.edit_body(&mut message, request);
        Ok(message.bytes)
    }

    /// Signs `message` over `before`, `request` and itself.
    fn signed(
        &self,
        mut message: Message,
        request: &[u8],
        before: &[u8],
        context: &str,
        slot: u8,
        strike: &Strike,
    ) -> Result<Vec<u8>, Refusal> {
        let selection = &self.agreed.selection;
        self.check_size(message.bytes.len() + selection.asym.signature_len())?;
        strike.edit_body(&mut message, request);
        let mut signing = Signing {
            transcript: [before, request, &message.bytes].concat(),
            request_offset: before.len(),
            prefix: signing::prefix(self.agreed.version, context),
            hash: selection.hash,
            key: self.agreed.chains()[&slot].key.clone(),
        };
        strike.edit_signing(&mut signing);
        message.put("Signature", &signing.signature());
        Ok(message.bytes)
    }

    /// ERROR ResponseTooLarge if the requester cannot take `len` bytes.
    fn check_size(&self, len: usize) -> Result<(), Refusal> {
        if len <= self.agreed.response_limit() {
            return Ok(());
        }
        Err(Refusal {
            extended: (len as u32).to_le_bytes().to_vec(),
            ..Refusal::new(RESPONSE_TOO_LARGE)
        })
    }
}
