// SPDX-License-Identifier: GPL-2.0

//! A device made of bytes.
//!
//! It speaks any version, has chains in slots 0 and 2 and two measurements, and is honest unless a
//! test edits what it says. Its signature is the digest twice.

use core::cell::RefCell;

use kernel::validate::Untrusted;

use super::{
    testing::{
        toy_digest,
        Scene,
        Toys,
        FAULT, //
    },
    testing_chunks::Chunks,
    Transport, //
};
use crate::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    crypto::{
        Digest,
        SigningInput, //
    },
    error::Fault,
    message::Request,
    signing::{
        signing_input,
        Purpose, //
    },
    version::Version, //
};

/// Room for bytes.
#[derive(Clone, Copy)]
pub(super) struct Bytes<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Bytes<N> {
    pub(super) const EMPTY: Self = Self {
        bytes: [0; N],
        len: 0,
    };

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Appends bytes; whether there was room for them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        let room = self.bytes.get_mut(self.len..);
        let Some((room, _)) = room.and_then(|room| room.split_at_mut_checked(bytes.len())) else {
            return false;
        };
        room.copy_from_slice(bytes);
        self.len = self.len.saturating_add(bytes.len());
        true
    }

    /// Puts bytes in place of others.
    pub(super) fn set(&mut self, offset: usize, bytes: &[u8]) {
        let places = self.bytes.iter_mut().skip(offset);
        places.zip(bytes).for_each(|(to, from)| *to = *from);
    }

    /// Puts bytes in place of all.
    pub(super) fn replace(&mut self, bytes: &[u8]) {
        self.len = 0;
        self.push(bytes);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

/// What the device is about to say.
pub(super) struct Answer {
    /// What it was asked.
    pub(super) request: Request,
    /// Which time it is asked that, from 1 on.
    pub(super) number: u8,
    /// Whether it was asked by RESPOND_IF_READY.
    pub(super) is_reminder: bool,
    /// The response.
    pub(super) bytes: Bytes<192>,
}

/// Changes an answer.
pub(super) type Edit = fn(&mut Answer);

/// Changes the bytes at an offset of the response to a request.
pub(super) fn set(answer: &mut Answer, request: Request, offset: usize, bytes: &[u8]) {
    if answer.request == request {
        answer.bytes.set(offset, bytes);
    }
}

/// Puts another message in place of the response to a request.
pub(super) fn replace(answer: &mut Answer, request: Request, bytes: &[u8]) {
    if answer.request == request {
        answer.bytes.replace(bytes);
    }
}

/// Has the device speak one of the versions.
pub(super) const VERSIONS: [Edit; 5] = [
    |answer| set(answer, Request::GetVersion, 6, &[0x00, 0x10]),
    |answer| set(answer, Request::GetVersion, 6, &[0x00, 0x11]),
    |answer| set(answer, Request::GetVersion, 6, &[0x00, 0x12]),
    |answer| set(answer, Request::GetVersion, 6, &[0x00, 0x13]),
    |answer| set(answer, Request::GetVersion, 6, &[0x00, 0x14]),
];

/// The device.
pub(super) struct Device {
    /// Whether nothing is said at all.
    is_silent: bool,
    /// Changes what is said before it is signed.
    edit: Edit,
    /// Changes what is said after that.
    damage: Edit,
    /// The request that RESPOND_IF_READY is about.
    pending: Bytes<64>,
    /// The messages that the next CHALLENGE_AUTH signs.
    transcript: Bytes<512>,
    /// How much of them is VCA.
    vca_len: usize,
    asked: [u8; 7],
    /// What is on its way in chunks.
    pub(super) chunks: Chunks,
}

impl Device {
    pub(super) fn new(scene: &Scene) -> Self {
        Self {
            is_silent: scene.is_silent,
            edit: scene.edit,
            damage: scene.damage,
            pending: Bytes::EMPTY,
            transcript: Bytes::EMPTY,
            vca_len: 0,
            asked: [0; 7],
            chunks: Chunks::new(scene.chunk_len, scene.edit_chunk),
        }
    }

    /// Goes on in a later scene: it remembers the connection, and nothing else.
    pub(super) fn go_on(&mut self, scene: &Scene) {
        self.is_silent = scene.is_silent;
        self.edit = scene.edit;
        self.damage = scene.damage;
        self.pending = Bytes::EMPTY;
        self.asked = [0; 7];
        self.chunks = Chunks::new(scene.chunk_len, scene.edit_chunk);
    }

    pub(super) fn answer(&mut self, question: &[u8]) -> Option<Answer> {
        if self.is_silent {
            return None;
        }
        let is_reminder = question.get(1) == Some(&0xff);
        if !is_reminder {
            self.pending.replace(question);
        }
        let question = self.pending;
        let (number, request) = self.count(*question.as_bytes().get(1)?)?;
        let mut answer = Answer {
            request,
            number,
            is_reminder,
            bytes: Bytes::EMPTY,
        };
        if request == Request::GetVersion {
            self.transcript = Bytes::EMPTY;
        }
        respond(request, question.as_bytes(), &mut answer.bytes)?;
        (self.edit)(&mut answer);
        let is_error = answer.bytes.as_bytes().get(1) == Some(&0x7f);
        if !is_error {
            self.conclude(question.as_bytes(), &mut answer)?;
        }
        (self.damage)(&mut answer);
        Some(answer)
    }

    /// Notes an exchange down, and signs what has to be signed.
    fn conclude(&mut self, question: &[u8], answer: &mut Answer) -> Option<()> {
        let version = Version::from_wire(*question.first()?)?;
        let mut transcript = self.transcript;
        if answer.request == Request::GetMeasurements {
            let vca_len = if version >= Version::V1_2 {
                self.vca_len
            } else {
                0
            };
            transcript.truncate(vca_len);
        }
        transcript.push(question);
        transcript.push(answer.bytes.as_bytes());
        let purpose = match answer.request {
            Request::Challenge => Purpose::ChallengeAuth,
            Request::GetMeasurements if question.get(2)? & 1 == 0 => return Some(()),
            Request::GetMeasurements => Purpose::Measurements,
            request => {
                self.transcript = transcript;
                if request == Request::NegotiateAlgorithms {
                    self.vca_len = transcript.as_bytes().len();
                }
                return Some(());
            }
        };
        // What was said before the challenge is not signed again by the next one.
        self.transcript.truncate(self.vca_len);
        let algorithms = (AsymAlgo::EcdsaP256, BaseHash::Sha256);
        let transcript = transcript.as_bytes();
        let input = signing_input(&Toys::HONEST, version, purpose, algorithms, transcript).ok()?;
        let SigningInput::Digest { digest, .. } = input else {
            return None;
        };
        answer.bytes.push(digest.as_bytes());
        answer.bytes.push(digest.as_bytes());
        Some(())
    }

    fn count(&mut self, code: u8) -> Option<(u8, Request)> {
        let mut all = self.asked.iter_mut().zip(Request::ALL);
        let (count, request) = all.find(|(_, request)| request.code() == code)?;
        *count = count.saturating_add(1);
        Some((*count, *request))
    }
}

impl Transport for &RefCell<Device> {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        let mut device = self.try_borrow_mut().map_err(|_| FAULT)?;
        let answer = device.answer_in_chunks(request).ok_or(FAULT)?;
        let bytes = answer.as_bytes();
        let places = response.iter_mut().zip(bytes);
        places.for_each(|(to, from)| *to = *from);
        let len = bytes.len().min(response.len());
        Ok(Untrusted::from_ref(response.get(..len).unwrap_or_default()))
    }
}

/// The certificates of the chain: an authority and a leaf, as far as anybody here can tell.
const CERTIFICATES: [u8; 11] = *b"\x30\x03CA1\x30\x04LEAF";

/// The chain: Length, RootHash, certificates.
fn chain() -> Bytes<64> {
    let mut chain = Bytes::EMPTY;
    chain.push(&[4 + 32 + 11, 0, 0, 0]);
    chain.push(toy_digest(b"\x30\x03CA1").as_bytes());
    chain.push(&CERTIFICATES);
    chain
}

/// Digest of the chain with 0xee as the first byte of RootHash.
pub(super) fn other_root_hash() -> Digest {
    let mut chain = chain();
    chain.set(4, &[0xee]);
    toy_digest(chain.as_bytes())
}

/// What an honest device says, without signature.
fn respond(request: Request, question: &[u8], response: &mut Bytes<192>) -> Option<()> {
    let version = *question.first()?;
    let is_1_2 = version >= 0x12;
    let byte = |offset: usize| question.get(offset).copied();
    response.push(&[version, request.code() & 0x7f, 0, 0]);
    match request {
        // One entry: 1.2
        Request::GetVersion => response.push(&[0, 1, 0x00, 0x12]),
        Request::GetCapabilities => {
            // CTExponent 0; Flags: CERT_CAP, CHAL_CAP, MEAS_CAP 2
            response.push(&[0, 0, 0, 0, 0x16, 0, 0, 0]);
            // DataTransferSize and MaxSPDMmsgSize: 256
            !is_1_2 || response.push(&[0, 1, 0, 0, 0, 1, 0, 0])
        }
        Request::NegotiateAlgorithms => {
            // Length; DMTF's measurements; opaque format; SHA-256 of them; ECDSA P-256; SHA-256
            response.push(&[36, 0, 1, if is_1_2 { 2 } else { 0 }]);
            response.push(&[2, 0, 0, 0, 0x10, 0, 0, 0, 0x01, 0, 0, 0]);
            response.push(&[0; 16])
        }
        Request::GetDigests => {
            response.set(2, &[0x05, 0x05]);
            let digest = toy_digest(chain().as_bytes());
            response.push(digest.as_bytes()) && response.push(digest.as_bytes())
        }
        Request::GetCertificate => {
            let chain = chain();
            let is_large = byte(2)? & 0x80 != 0;
            let at = if is_large { 8 } else { 4 };
            let second = if is_large { 12 } else { 6 };
            let wanted = u16::from_le_bytes([byte(second)?, byte(second.checked_add(1)?)?]);
            let offset = byte(at)?;
            let rest = chain.as_bytes().get(offset.into()..)?;
            let (portion, remainder) = rest.split_at(rest.len().min(wanted.into()));
            response.set(2, &[byte(2)?]);
            let len = |bytes: &[u8]| u8::try_from(bytes.len()).ok();
            if is_large {
                response.push(&[0; 4]);
                response.push(&[len(portion)?, 0, 0, 0, len(remainder)?, 0, 0, 0]);
            } else {
                response.push(&[len(portion)?, 0, len(remainder)?, 0]);
            }
            response.push(portion)
        }
        Request::Challenge => {
            response.set(2, &[byte(2)?, 0x05]);
            response.push(toy_digest(chain().as_bytes()).as_bytes());
            response.push(&[0x22; 32]);
            response.push(&[0, 0]);
            let context = question.get(36..).unwrap_or_default();
            response.push(context)
        }
        Request::GetMeasurements => {
            let is_signed = byte(2)? & 1 != 0;
            let slot = if is_signed && version >= 0x11 {
                byte(36)?
            } else {
                0
            };
            response.set(3, &[slot]);
            response.push(&[2, 18, 0, 0]);
            // Index, DMTF's, size; raw firmware, size; value
            response.push(&[1, 1, 5, 0, 0x81, 2, 0, b'f', b'w']);
            response.push(&[16, 1, 5, 0, 0x82, 2, 0, b'h', b'w']);
            response.push(&[0x33; 32]);
            response.push(&[0, 0]);
            let has_context = version >= 0x13;
            let offset = if is_signed { 37 } else { 4 };
            !has_context || response.push(question.get(offset..)?)
        }
    }
    .then_some(())
}
