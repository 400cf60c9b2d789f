// SPDX-License-Identifier: GPL-2.0

//! A connection after ALGORITHMS: what can be asked in any order, the
//! transcripts and the signatures over them.

use std::{
    collections::BTreeMap,
    sync::Arc, //
};

use crate::{
    chunk::Terms,
    config::Config,
    device::{
        Chain,
        Device, //
    },
    fault::Strike,
    message::{
        algorithms::Selection,
        capabilities::Requester,
        certificate,
        challenge,
        digests,
        error::{
            Refusal,
            INVALID_REQUEST,
            RESPONSE_TOO_LARGE,
            UNEXPECTED_REQUEST, //
        },
        key_pair_info::{
            self,
            GET_KEY_PAIR_INFO, //
        },
        measurements,
        Kind,
        Message, //
    },
    signing::{
        self,
        Signing, //
    },
    truth,
};

/// RESPOND_IF_READY.
pub const RESPOND_IF_READY: u8 = 0xff;

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

    /// Slots that hold something: a chain or, on multi-key connections, a key alone.
    pub fn provisioned(&self) -> u8 {
        let slots = (0..8).filter(|&slot| self.selection.multi_key || self.chain(slot).is_some());
        let mask = slots.fold(0, |mask, slot| mask | 1 << slot);
        mask & self.device.config.slots
    }

    /// The chain of a slot, if it has one.
    pub fn chain(&self, slot: u8) -> Option<&Chain> {
        let model = *self.device.config.models.get(usize::from(slot))?;
        self.chains().get(&slot).filter(|_| model != 0)
    }

    /// Whether the slot's key may be used for something, by its bit of KeyUsageMask.
    pub fn may(&self, slot: u8, usage: u16) -> bool {
        !self.selection.multi_key || self.device.config.usages[usize::from(slot)] & usage != 0
    }

    /// KeyPairID of a slot, 0 if it has no key: they are numbered from 1 on, without gaps.
    pub fn key_pair(&self, slot: u8) -> u8 {
        let Config {
            slots,
            distinct_keys,
            ..
        } = self.device.config;
        let up_to_slot = slots << (7 - slot);
        match slots >> slot & 1 {
            0 => 0,
            _ if distinct_keys => up_to_slot.count_ones() as u8,
            _ => 1,
        }
    }

    /// How many key pairs there are.
    pub fn key_pairs(&self) -> u8 {
        (0..8).map(|slot| self.key_pair(slot)).max().unwrap_or(0)
    }

    /// What both sides can take.
    pub fn terms(&self) -> Terms<'_> {
        Terms {
            version: self.version,
            requester: &self.requester,
            config: &self.device.config,
        }
    }

    /// Longest response that the requester can take, in bytes.
    pub fn response_limit(&self) -> usize {
        self.terms().response_limit()
    }
}

/// A connection after ALGORITHMS, with the transcripts' parts by their names in DSP0274.
pub struct Negotiated {
    /// What was agreed on.
    pub agreed: Agreed,
    a: Vec<u8>,
    b: Vec<u8>,
    m: Vec<u8>,
}

impl Negotiated {
    /// Begins after the exchanges `a`.
    pub fn new(agreed: Agreed, a: Vec<u8>) -> Self {
        Self {
            agreed,
            a,
            b: vec![],
            m: vec![],
        }
    }

    /// Forgets the measurements so far, as anything but a good GET_MEASUREMENTS does.
    pub fn forget_measurements(&mut self) {
        self.m.clear();
    }

    /// Answers one request.
    ///
    /// # Errors
    ///
    /// The ERROR to answer with.
    pub fn handle(
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
                truth::tell_challenge(&self.agreed, &self.a, &[&before, request, &message]);
                Ok(message)
            }
            Some(Kind::Measurements) => {
                // Measuring before the challenge is over takes B out of the challenge's transcript.
                self.b.clear();
                let ((message, len), slot) = measurements::respond(request, &self.agreed)?;
                let a: &[u8] = if self.agreed.version >= 0x12 {
                    &self.a
                } else {
                    &[]
                };
                let before = [a, &self.m].concat();
                let Some(slot) = slot else {
                    let message = self.unsigned(message, request, strike)?;
                    let request = &request[..len];
                    truth::tell_measurements(&self.agreed, &[&before, request, &message]);
                    self.m.extend_from_slice(request);
                    self.m.extend_from_slice(&message);
                    return Ok(message);
                };
                let request = &request[..len];
                let context = signing::MEASUREMENTS_CONTEXT;
                let message = self.signed(message, request, &before, context, slot, strike)?;
                self.m.clear();
                truth::tell_measurements(&self.agreed, &[&before, request, &message]);
                Ok(message)
            }
            // Asked out of turn.
            Some(Kind::Version | Kind::Capabilities | Kind::Algorithms) => {
                Err(Refusal::new(UNEXPECTED_REQUEST))
            }
            // Nothing is under way.
            Some(Kind::ChunkGet | Kind::ChunkSend) => Err(Refusal::new(UNEXPECTED_REQUEST)),
            // No answer is pending.
            None if request[1] == RESPOND_IF_READY => Err(Refusal::new(INVALID_REQUEST)),
            None if request[1] == GET_KEY_PAIR_INFO => {
                let (message, _) = key_pair_info::respond(request, &self.agreed)?;
                self.check_size(message.bytes.len())?;
                Ok(message.bytes)
            }
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
        strike.edit_signed(&mut message);
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
