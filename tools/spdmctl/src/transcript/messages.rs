// SPDX-License-Identifier: GPL-2.0

//! The messages of a transcript, in the order in which they must come.

use std::collections::BTreeMap;

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        AsymAlgoSet,
        BaseHash,
        BaseHashSet, //
    },
    capability::MeasurementCapability,
    message::Request,
    negotiated::{
        Measurable,
        NegotiatedState, //
    },
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
            Form,
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

use super::{
    cursor::{
        Walk,
        HEADER_LEN,
        PARAM1, //
    },
    Fault,
    Negotiation,
    CONTEXT_LEN,
    NONCE_LEN, //
};

impl<'a> Walk<'a> {
    pub(super) fn negotiation(&mut self) -> Result<Negotiation, Fault> {
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

        let (peer, algorithms) = (capabilities.peer, algorithms.algorithms);
        let is_signable = peer.flags.measurements() == MeasurementCapability::Signed;
        let can_measure = peer.flags.measurements() != MeasurementCapability::None;
        // Without a hash there is no format to tell measurements in.
        let hash = algorithms.measurement_hash.filter(|_| can_measure);
        let state = NegotiatedState {
            version,
            peer,
            algorithms,
            is_multi_key: offer.is_multi_key,
            measurements: hash.map(|hash| Measurable { is_signable, hash }),
        };
        Ok(Negotiation {
            state,
            highest_version: versions.highest(VersionSet::ALL).unwrap_or(version),
            len: self.position,
        })
    }

    /// The version that the requester chose, as its next request says.
    pub(super) fn version(&self, versions: &VersionResponse<'_>) -> Result<Version, Fault> {
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
    pub(super) fn offer(&mut self, version: Version) -> Result<Offer, Fault> {
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
        let hash = mask(12);
        let post_quantum = if version >= Version::V1_4 {
            mask(16)
        } else {
            0
        };
        let asym = u64::from(mask(8)) | u64::from(post_quantum) << 32;
        Ok(Offer {
            hashes: BaseHash::ALL
                .iter()
                .filter(|found| hash & found.to_wire() != 0)
                .fold(BaseHashSet::EMPTY, |set, found| set.with(*found)),
            signatures: AsymAlgo::ALL
                .iter()
                .filter(|found| asym & found.to_wire() != 0)
                .fold(AsymAlgoSet::EMPTY, |set, found| set.with(*found)),
            is_multi_key: version >= Version::V1_3 && request[7] & RESPONDER_MULTI_KEY != 0,
        })
    }

    pub(super) fn digests(
        &mut self,
        state: &NegotiatedState,
    ) -> Result<Option<Digests<'a>>, Fault> {
        if !self.next_is(Request::GetDigests) {
            return Ok(None);
        }
        let version = state.version;
        self.exact_request(Request::GetDigests, digests::encode(version).as_bytes())?;
        let context = digests::Terms {
            version,
            hash: state.algorithms.hash,
            is_multi_key: state.is_multi_key,
        };
        self.response(Request::GetDigests, context, |r: &Digests<'_>| r.bytes)
            .map(Some)
    }

    /// Every GET_CERTIFICATE and CERTIFICATE, and the chains that they make.
    pub(super) fn chains(
        &mut self,
        version: Version,
        digests: Option<&Digests<'_>>,
    ) -> Result<BTreeMap<SlotId, Vec<u8>>, Fault> {
        let mut chains = BTreeMap::new();
        let mut unfinished: Option<(SlotId, Vec<u8>, usize)> = None;
        while self.next_is(Request::GetCertificate) {
            let wanted = self.wanted(version, digests)?;
            let (slot, len) = unfinished
                .as_ref()
                .map_or((wanted.slot, 0), |(slot, chain, _)| (*slot, chain.len()));
            if wanted.slot != slot || wanted.offset as usize != len {
                let field = match wanted.form {
                    _ if wanted.slot != slot => PARAM1..PARAM1 + 1,
                    Form::Small => 4..6,
                    Form::Large => 8..12,
                };
                return Err(Fault {
                    range: self.position + field.start..self.position + field.end,
                    what: "GET_CERTIFICATE: does not go on where the last ended".to_owned(),
                    unsupported: false,
                });
            }
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
                let total = portion.portion.len() + portion.remainder as usize;
                (wanted.slot, Vec::new(), total)
            });
            chain.extend_from_slice(portion.portion);
            if chain.len() + portion.remainder as usize != total {
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
    pub(super) fn wanted(
        &self,
        version: Version,
        digests: Option<&Digests<'_>>,
    ) -> Result<Wanted, Fault> {
        let header = self.peek(HEADER_LEN, Request::GetCertificate)?;
        let (form, len, number) = match header[PARAM1] & LARGE_CERT_CHAIN {
            LARGE_CERT_CHAIN if version >= Version::V1_4 => {
                (Form::Large, 16, header[PARAM1] & !LARGE_CERT_CHAIN)
            }
            _ => (Form::Small, 8, header[PARAM1]),
        };
        let request = self.peek(len, Request::GetCertificate)?;
        let slot = SlotId::new(number).ok_or_else(|| Fault {
            unsupported: true,
            ..self.fault(
                len,
                format!("GET_CERTIFICATE: Param1 {:#04x}", header[PARAM1]),
            )
        })?;
        let field = |at: usize, bytes: usize| {
            let bytes = request[at..][..bytes].iter().rev();
            bytes.fold(0, |value: u32, byte| value << 8 | u32::from(*byte))
        };
        let (offset, len) = match form {
            Form::Small => (field(4, 2), field(6, 2)),
            Form::Large => (field(8, 4), field(12, 4)),
        };
        let key = digests.and_then(|digests| digests.key_of(slot));
        Ok(Wanted {
            slot,
            offset,
            len,
            form,
            model: key.map(|key| key.model),
        })
    }

    pub(super) fn challenge(&mut self, state: &NegotiatedState) -> Result<Asked, Fault> {
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
            nonce: [0; NONCE_LEN],
            context: [0; CONTEXT_LEN],
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

    pub(super) fn challenge_auth(&mut self, asked: &Asked) -> Result<ChallengeAuth<'a>, Fault> {
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
}

/// Bytes of NEGOTIATE_ALGORITHMS before its extended algorithms and tables.
const OFFER_FIXED_LEN: usize = 32;

/// OtherParams of NEGOTIATE_ALGORITHMS: ResponderMultiKeyConn, from 1.3 on.
const RESPONDER_MULTI_KEY: u8 = 1 << 4;

/// Param1 of GET_CERTIFICATE: offset and length have 32 bits, from 1.4 on.
const LARGE_CERT_CHAIN: u8 = 1 << 7;
