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
//! is
//! *true* is decided by the signature, elsewhere.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range, //
};

use kernel::validate::{
    Untrusted,
    Validate, //
};
use rspdm_proto::proto::{
    algorithm::{
        BaseAsym,
        BaseAsymSet,
        BaseHash,
        BaseHashSet, //
    },
    error::{
        Error,
        Malformed, //
    },
    message::Request,
    negotiated::NegotiatedState,
    slot::SlotId,
    version::{
        Version,
        VersionSet, //
    },
    wire::{
        algorithms::{
            AlgorithmsResponse,
            Offer, //
        },
        capabilities::Capabilities,
        certificate::{
            self,
            Certificate,
            Wanted, //
        },
        challenge::{
            self,
            Asked,
            ChallengeAuth, //
        },
        digests::{
            self,
            Digests, //
        },
        get_version::{
            self,
            VersionResponse, //
        },
    },
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
        let chains = walk.chains(negotiation.state.version)?;
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
            requester_nonce: nonce_at..nonce_at + challenge::NONCE_LEN,
            responder_nonce: nonce_back_at..nonce_back_at + challenge::NONCE_LEN,
            cert_chain_hash: hash_at..nonce_back_at,
            signed: &bytes[..signature_at],
            signature: signature_at..bytes.len(),
            messages: walk.messages,
        })
    }
}

/// How far a walk has come.
struct Walk<'a> {
    bytes: &'a [u8],
    position: usize,
    messages: Vec<Message>,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            messages: Vec::new(),
        }
    }

    fn negotiation(&mut self) -> Result<Negotiation, Fault> {
        self.exact_request(Request::GetVersion, get_version::encode().as_bytes())?;
        let versions: VersionResponse<'_> =
            self.response(Request::GetVersion, (), |r: &VersionResponse<'_>| r.bytes)?;

        let version = self.version(&versions)?;
        let request_len = match version {
            Version::V1_0 => 4,
            Version::V1_1 => 12,
            Version::V1_2 | Version::V1_3 | Version::V1_4 => 20,
        };
        let request = self.request(Request::GetCapabilities, version, request_len)?;
        if request[PARAM1] != 0 {
            return Err(self.last_unsupported("asks for the list of supported algorithms"));
        }
        let capabilities: Capabilities<'_> =
            self.response(Request::GetCapabilities, version, |r: &Capabilities<'_>| {
                r.bytes
            })?;

        let offer = self.offer(version)?;
        let algorithms: AlgorithmsResponse<'_> = self.response(
            Request::NegotiateAlgorithms,
            (version, offer),
            |r: &AlgorithmsResponse<'_>| r.bytes,
        )?;

        let state = NegotiatedState {
            version,
            peer: capabilities.peer,
            algorithms: algorithms.algorithms,
        };
        Ok(Negotiation {
            state,
            highest_version: versions.highest(VersionSet::ALL).unwrap_or(version),
            len: self.position,
        })
    }

    /// The version that the requester chose, as its next request says.
    fn version(&self, versions: &VersionResponse<'_>) -> Result<Version, Fault> {
        let Some(byte) = self.rest().first() else {
            return Err(self.fault(0, "ends where GET_CAPABILITIES should be"));
        };
        let version = Version::from_wire(*byte).ok_or_else(|| Fault {
            unsupported: true,
            ..self.fault(1, format!("SPDM version {byte:#04x} is not known here"))
        })?;
        // The requester picks from what the device offered: else somebody else did.
        match versions.highest(VersionSet::EMPTY.with(version)) {
            Some(_) => Ok(version),
            None => Err(self.fault(1, format!("VERSION does not offer version {version}"))),
        }
    }

    /// NEGOTIATE_ALGORITHMS.
    fn offer(&mut self, version: Version) -> Result<Offer, Fault> {
        // Its own length stands in it.
        let fixed = self.peek(OFFER_FIXED_LEN, Request::NegotiateAlgorithms)?;
        let len = usize::from(u16::from_le_bytes([fixed[4], fixed[5]]));
        if len < OFFER_FIXED_LEN {
            return Err(self.fault(
                OFFER_FIXED_LEN,
                "NEGOTIATE_ALGORITHMS: shorter than its fixed part",
            ));
        }
        let request = self.request(Request::NegotiateAlgorithms, version, len)?;
        let mask = |at: usize| {
            let bytes = [
                request[at],
                request[at + 1],
                request[at + 2],
                request[at + 3],
            ];
            u32::from_le_bytes(bytes)
        };
        let (asym, hash) = (mask(8), mask(12));
        let offered = |mask: u32, bit: u32| mask & bit != 0;
        Ok(Offer {
            hashes: BaseHash::ALL
                .iter()
                .filter(|found| offered(hash, found.to_wire()))
                .fold(BaseHashSet::EMPTY, |set, found| set.with(*found)),
            signatures: BaseAsym::ALL
                .iter()
                .filter(|found| offered(asym, found.to_wire()))
                .fold(BaseAsymSet::EMPTY, |set, found| set.with(*found)),
        })
    }

    fn digests(&mut self, state: &NegotiatedState) -> Result<Option<Digests<'a>>, Fault> {
        if !self.next_is(Request::GetDigests) {
            return Ok(None);
        }
        let version = state.version;
        self.exact_request(Request::GetDigests, digests::encode(version).as_bytes())?;
        let context = (version, state.algorithms.hash);
        self.response(Request::GetDigests, context, |r: &Digests<'_>| r.bytes)
            .map(Some)
    }

    /// Every GET_CERTIFICATE and CERTIFICATE, and the chains that they make.
    fn chains(&mut self, version: Version) -> Result<BTreeMap<SlotId, Vec<u8>>, Fault> {
        let mut chains = BTreeMap::new();
        let mut unfinished: Option<(SlotId, Vec<u8>, usize)> = None;
        while self.next_is(Request::GetCertificate) {
            let wanted = self.wanted()?;
            self.exact_request(
                Request::GetCertificate,
                certificate::encode(version, wanted).as_bytes(),
            )?;
            let portion: Certificate<'_> = self.response(
                Request::GetCertificate,
                (version, wanted),
                |r: &Certificate<'_>| r.bytes,
            )?;

            let (slot, mut chain, total) = unfinished.take().unwrap_or_else(|| {
                let total = portion.portion.len() + usize::from(portion.remainder);
                (wanted.slot, Vec::new(), total)
            });
            if wanted.slot != slot || usize::from(wanted.offset) != chain.len() {
                return Err(self.last_fault("GET_CERTIFICATE: does not go on where the last ended"));
            }
            chain.extend_from_slice(portion.portion);
            if chain.len() + usize::from(portion.remainder) != total {
                return Err(self.last_fault(format!(
                    "CERTIFICATE: {} bytes remain of a chain of {total}, {} were read",
                    portion.remainder,
                    chain.len()
                )));
            }
            if portion.remainder > 0 {
                unfinished = Some((slot, chain, total));
            } else if chains.insert(slot, chain).is_some() {
                return Err(self.last_fault(format!("the chain of slot {slot} was read twice")));
            }
        }
        match unfinished {
            None => Ok(chains),
            Some((slot, chain, total)) => Err(self.last_fault(format!(
                "{} of {total} bytes of the chain of slot {slot}",
                chain.len()
            ))),
        }
    }

    /// What the GET_CERTIFICATE that comes next asks for.
    fn wanted(&self) -> Result<Wanted, Fault> {
        let request = self.peek(GET_CERTIFICATE_LEN, Request::GetCertificate)?;
        let slot = SlotId::new(request[PARAM1]).ok_or_else(|| Fault {
            unsupported: true,
            ..self.fault(
                GET_CERTIFICATE_LEN,
                format!("GET_CERTIFICATE: Param1 {:#04x}", request[PARAM1]),
            )
        })?;
        Ok(Wanted {
            slot,
            offset: u16::from_le_bytes([request[4], request[5]]),
            len: u16::from_le_bytes([request[6], request[7]]),
        })
    }

    fn challenge(&mut self, state: &NegotiatedState) -> Result<Asked, Fault> {
        let header = self.peek(HEADER_LEN, Request::Challenge)?;
        let slot = SlotId::new(header[PARAM1]).ok_or_else(|| Fault {
            unsupported: true,
            ..self.fault(
                HEADER_LEN,
                format!("CHALLENGE: Param1 {:#04x}", header[PARAM1]),
            )
        })?;
        let mut asked = Asked {
            version: state.version,
            algorithms: state.algorithms,
            slot,
            nonce: [0; challenge::NONCE_LEN],
            context: [0; challenge::CONTEXT_LEN],
        };
        let len = challenge::encode(&asked).as_bytes().len();
        let request = self.peek(len, Request::Challenge)?;
        let (_, fields) = request.split_at(challenge::REQUEST_NONCE_OFFSET);
        if let Some((nonce, context)) = fields.split_first_chunk() {
            asked.nonce = *nonce;
            asked.context = context.first_chunk().copied().unwrap_or_default();
        }
        self.exact_request(Request::Challenge, challenge::encode(&asked).as_bytes())?;
        Ok(asked)
    }

    fn challenge_auth(&mut self, asked: &Asked) -> Result<ChallengeAuth<'a>, Fault> {
        let rest = self.rest();
        let name = Request::Challenge.response().name();
        let auth: ChallengeAuth<'_> = Untrusted::from_ref(rest)
            .validate_with(asked)
            .map_err(|error| self.refused(name, rest.len(), &error))?;
        let end = auth.signed.len() + auth.signature.len();
        // The parser lets pass what a transport pads with; a transcript has no transport.
        if end != rest.len() {
            self.position += end;
            return Err(self.fault(rest.len() - end, "bytes behind the signature"));
        }
        self.passed(name, false, auth.signed.len());
        Ok(auth)
    }

    /// Takes a request of `len` bytes and checks its header.
    fn request(
        &mut self,
        request: Request,
        version: Version,
        len: usize,
    ) -> Result<&'a [u8], Fault> {
        let bytes = self.peek(len, request)?;
        if bytes[..PARAM1] != [version.to_wire(), request.code()] {
            return Err(self.fault(
                HEADER_LEN,
                format!(
                    "code {:#04x} of version {:#04x} where {request} of {version} should be",
                    bytes[1], bytes[0]
                ),
            ));
        }
        self.passed(request.name(), true, len);
        Ok(bytes)
    }

    /// Takes a request that must be exactly `expected`.
    fn exact_request(&mut self, request: Request, expected: &[u8]) -> Result<(), Fault> {
        let bytes = self.peek(expected.len(), request)?;
        let differs = bytes.iter().zip(expected).position(|(is, must)| is != must);
        if let Some(offset) = differs {
            let at = self.position + offset;
            return Err(Fault {
                range: at..at + 1,
                what: format!(
                    "{request}: byte {offset} is {:#04x}, {:#04x} expected",
                    bytes[offset], expected[offset]
                ),
                unsupported: false,
            });
        }
        self.passed(request.name(), true, expected.len());
        Ok(())
    }

    /// Takes the response to a request.
    ///
    /// Where it ends is known only to its parser, which is made for a single message and tells how
    /// many bytes are too many.
    fn response<T, C>(
        &mut self,
        request: Request,
        context: C,
        bytes_of: impl FnOnce(&T) -> &'a [u8],
    ) -> Result<T, Fault>
    where
        T: Validate<'a, [u8], C, Error = Error>,
        C: Copy,
    {
        let name = request.response().name();
        let rest = self.rest();
        let parse = |bytes: &'a [u8]| Untrusted::from_ref(bytes).validate_with(context);
        let response: Result<T, Error> = match parse(rest) {
            Err(Error::Malformed {
                what: Malformed::Excess { bytes },
                ..
            }) => parse(&rest[..rest.len().saturating_sub(bytes)]),
            result => result,
        };
        let response = response.map_err(|error| self.refused(name, rest.len(), &error))?;
        let len = bytes_of(&response).len();
        self.passed(name, false, len);
        Ok(response)
    }

    /// Looks at the next `len` bytes, which are the beginning of a request.
    fn peek(&self, len: usize, request: Request) -> Result<&'a [u8], Fault> {
        self.rest()
            .get(..len)
            .ok_or_else(|| self.fault(self.rest().len(), format!("ends within {request}")))
    }

    fn next_is(&self, request: Request) -> bool {
        self.rest().get(1) == Some(&request.code())
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.position..]
    }

    fn passed(&mut self, name: &'static str, is_request: bool, len: usize) {
        let range = self.position..self.position + len;
        self.position = range.end;
        self.messages.push(Message {
            name,
            is_request,
            range,
        });
    }

    /// A fault in the next `len` bytes.
    fn fault(&self, len: usize, what: impl Into<String>) -> Fault {
        Fault {
            range: self.position..self.position + len,
            what: what.into(),
            unsupported: false,
        }
    }

    /// A fault in the message that was taken last.
    fn last_fault(&self, what: impl Into<String>) -> Fault {
        Fault {
            range: self
                .messages
                .last()
                .map_or(0..0, |message| message.range.clone()),
            what: what.into(),
            unsupported: false,
        }
    }

    fn last_unsupported(&self, what: &str) -> Fault {
        let name = self.messages.last().map_or("", |message| message.name);
        Fault {
            unsupported: true,
            ..self.last_fault(format!("{name}: {what}, which is not supported here"))
        }
    }

    /// A response that the parser refused.
    fn refused(&self, name: &str, len: usize, error: &Error) -> Fault {
        let what = error.to_string();
        let what = if what.contains(name) {
            what
        } else {
            format!("{name}: {what}")
        };
        Fault {
            unsupported: matches!(error, Error::Unsupported(_)),
            ..self.fault(len, what)
        }
    }
}

/// Bytes of a header.
const HEADER_LEN: usize = 4;

/// Where Param1 is in a header.
const PARAM1: usize = 2;

/// Bytes of NEGOTIATE_ALGORITHMS before its extended algorithms and tables.
const OFFER_FIXED_LEN: usize = 32;

/// Bytes of GET_CERTIFICATE with lengths of 16 bits.
const GET_CERTIFICATE_LEN: usize = 8;
