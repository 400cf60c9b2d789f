// SPDX-License-Identifier: GPL-2.0

//! Walks a CHALLENGE transcript from its first byte to its last.
//!
//! DSP0274, "Signature verification of CHALLENGE_AUTH": the transcript is `A ‖ B ‖ C`, the messages
//! in the order in which they went over the wire, without padding and without what was answered by
//! an ERROR; behind it stands the signature.
//!
//! | part | messages |
//! |---|---|
//! | A | GET_VERSION, VERSION, GET_CAPABILITIES, CAPABILITIES, NEGOTIATE_ALGORITHMS, ALGORITHMS |
//! | B | GET_DIGESTS and DIGESTS, each GET_CERTIFICATE and CERTIFICATE; all of it may be absent |
//! | C | CHALLENGE, CHALLENGE_AUTH |
//!
//! Responses are parsed by the same code as in the kernel. Requests are compared with what that
//! code would have sent, except for the two of the negotiation: there another requester may offer
//! other things, and only the offer itself is read. What a walk returns was consistent; whether it
//! is *true* is decided by the signature, elsewhere.
//!
//! The transcript of measurements is another one, see [`Measurements`].

mod cursor;
mod measurements;
mod messages;
mod record;

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range, //
};

use rspdm_proto::proto::{
    negotiated::NegotiatedState,
    slot::SlotId,
    version::Version,
    wire::{
        challenge::{
            self,
            Asked,
            ChallengeAuth, //
        },
        digests::Digests,
    },
};

use cursor::Walk;

pub use measurements::{
    Change,
    Measurements, //
};

/// Why a transcript is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The bytes of the object that are to blame.
    pub range: Range<usize>,
    /// What is wrong with them.
    pub what: String,
    /// Nothing is wrong with the form, but this tool cannot judge what was agreed on.
    pub unsupported: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.range;
        write!(f, "bytes {start} to {end}: {}", self.what)
    }
}

/// A message of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its name in the standard.
    pub name: &'static str,
    /// Sent by the requester, as against the device.
    pub is_request: bool,
    /// Where it is; CHALLENGE_AUTH without its signature.
    pub range: Range<usize>,
}

/// Part A: what was negotiated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiation {
    /// Version, capabilities, algorithms.
    pub state: NegotiatedState,
    /// The highest version that the device speaks, of those that this tool knows.
    pub highest_version: Version,
    /// Length of part A, in bytes.
    pub len: usize,
}

/// A transcript that was walked to its end.
#[derive(Clone, Debug)]
pub struct Transcript<'a> {
    /// Part A.
    pub negotiation: Negotiation,
    /// The messages, in order.
    pub messages: Vec<Message>,
    /// DIGESTS, if the requester asked for it.
    pub digests: Option<Digests<'a>>,
    /// The chains that the requester read, by slot.
    pub chains: BTreeMap<SlotId, Vec<u8>>,
    /// CHALLENGE.
    pub asked: Asked,
    /// CHALLENGE_AUTH.
    pub auth: ChallengeAuth<'a>,
    /// Where the requester's nonce is.
    pub requester_nonce: Range<usize>,
    /// Where the device's nonce is.
    pub responder_nonce: Range<usize>,
    /// Where the digest of the chain is that CHALLENGE_AUTH names.
    pub cert_chain_hash: Range<usize>,
    /// What is signed.
    pub signed: &'a [u8],
    /// Where the signature is: all that follows.
    pub signature: Range<usize>,
}

impl Negotiation {
    /// Walks part A, which is also the content of a VCA object.
    ///
    /// # Errors
    ///
    /// The first message that is not what it must be, or bytes behind the last one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut walk = Walk::new(bytes);
        let negotiation = walk.negotiation()?;
        match walk.rest() {
            [] => Ok(negotiation),
            rest => Err(walk.fault(rest.len(), "bytes behind ALGORITHMS")),
        }
    }

    /// Walks the part A that other messages follow.
    ///
    /// # Errors
    ///
    /// The first message that is not what it must be.
    pub fn parse_front(bytes: &[u8]) -> Result<Self, Fault> {
        Walk::new(bytes).negotiation()
    }
}

impl<'a> Transcript<'a> {
    /// Walks the content of a CHALLENGE object.
    ///
    /// # Errors
    ///
    /// The first message that is not what it must be.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut walk = Walk::new(bytes);
        let negotiation = walk.negotiation()?;
        let digests = walk.digests(&negotiation.state)?;
        let chains = walk.chains(negotiation.state.version, digests.as_ref())?;
        let request_at = walk.position;
        let asked = walk.challenge(&negotiation.state)?;
        let response_at = walk.position;
        let auth = walk.challenge_auth(&asked)?;

        let nonce_at = request_at + challenge::REQUEST_NONCE_OFFSET;
        let nonce_back_at = response_at + auth.nonce_offset;
        let hash_at = nonce_back_at - auth.cert_chain_hash.len();
        let signature_at = response_at + auth.signed.len();
        Ok(Self {
            negotiation,
            digests,
            chains,
            asked,
            auth,
            requester_nonce: nonce_at..nonce_at + NONCE_LEN,
            responder_nonce: nonce_back_at..nonce_back_at + NONCE_LEN,
            cert_chain_hash: hash_at..nonce_back_at,
            signed: &bytes[..signature_at],
            signature: signature_at..bytes.len(),
            messages: walk.messages,
        })
    }
}

/// Bytes of a nonce.
const NONCE_LEN: usize = 32;

/// Bytes of RequesterContext.
const CONTEXT_LEN: usize = 8;
