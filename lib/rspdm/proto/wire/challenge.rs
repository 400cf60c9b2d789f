// SPDX-License-Identifier: GPL-2.0

//! CHALLENGE and CHALLENGE_AUTH: a nonce, and a signature over everything that was said.
//!
//! DSP0274 1.0 to 1.4, "CHALLENGE request and CHALLENGE_AUTH response messages". No measurement
//! summary is asked for, and no raw public key.

use kernel::validate::Validate;
use zerocopy_derive::{
    Immutable,
    IntoBytes, //
};

use super::{
    encode::RequestBytes,
    freshness::{
        has_context,
        Tail,
        WithNonce,
        CONTEXT_LEN,
        NONCE_LEN, //
    },
    header::Header,
    reader::Reader, //
};
use crate::proto::{
    error::{
        Error,
        Misbehaved, //
    },
    message::{
        Field,
        Request,
        Response, //
    },
    negotiated::Algorithms,
    slot::{
        SlotId,
        SlotMask, //
    },
    version::Version, //
};

/// Where the Nonce is in the request, in bytes.
pub const REQUEST_NONCE_OFFSET: usize = 4;

/// What the request asks and what its answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The negotiated version.
    pub version: Version,
    /// The negotiated algorithms.
    pub algorithms: Algorithms,
    /// The slot whose key is to sign.
    pub slot: SlotId,
    /// Our nonce.
    pub nonce: [u8; NONCE_LEN],
    /// Our context, which 1.3 and later send and echo.
    pub context: [u8; CONTEXT_LEN],
}

/// Makes the request.
pub fn encode(asked: &Asked) -> RequestBytes {
    let challenge = WithNonce {
        header: Header::new(
            asked.version,
            Request::Challenge,
            asked.slot.number(),
            NO_SUMMARY,
        ),
        nonce: asked.nonce,
    };
    if has_context(asked.version) {
        RequestBytes::new(&Challenge1_3 {
            challenge,
            context: asked.context,
        })
    } else {
        RequestBytes::new(&challenge)
    }
}

/// CHALLENGE_AUTH: everything in it is as it must be, but the signature is not verified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeAuth<'a> {
    /// The message without the signature and padding: what the signature is over.
    pub signed: &'a [u8],
    /// The digest of the chain whose key signed.
    pub cert_chain_hash: &'a [u8],
    /// Where the device's Nonce is, in bytes from the start of the message.
    pub nonce_offset: usize,
    /// Data of the device's own.
    pub opaque_data: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> Validate<'a, [u8], &Asked> for ChallengeAuth<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], asked: &Asked) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::ChallengeAuth, raw);
        let header = Header::read(&mut reader, asked.version, Request::Challenge)?;
        check_slot(&reader, header, asked)?;
        let digest_len = asked.algorithms.hash.digest_len();
        let cert_chain_hash = reader.take(digest_len, Field::CertChainHash)?;
        let format = asked.algorithms.opaque;
        let tail = Tail::read(&mut reader, asked.version, format, &asked.context)?;
        let signed = reader.consumed();
        let signature_len = asked.algorithms.asym.signature_len();
        let signature = reader.take(signature_len, Field::Signature)?;
        reader.finish()?;
        Ok(Self {
            signed,
            cert_chain_hash,
            nonce_offset: tail.nonce_offset,
            opaque_data: tail.opaque_data,
            signature,
        })
    }
}

/// Checks Param1 and Param2: the slot, and no demand for mutual authentication.
fn check_slot(reader: &Reader<'_>, header: &Header, asked: &Asked) -> Result<(), Error> {
    let echoed = match asked.version {
        Version::V1_0 => header.param1,
        _ => header.param1 & SLOT_ID,
    };
    if echoed != asked.slot.number() {
        return Err(reader.misbehaved(Misbehaved::Slot {
            asked: asked.slot.number(),
            echoed,
        }));
    }
    // Deprecated in 1.2, but whoever sets it waits for our certificates.
    if header.param1 & BASIC_MUT_AUTH_REQ != 0 {
        return Err(reader.misbehaved(Misbehaved::Unoffered(Field::BasicMutAuthReq)));
    }
    if !SlotMask::from_wire(header.param2).contains(asked.slot) {
        return Err(reader.misbehaved(Misbehaved::SlotMask {
            slot: asked.slot.number(),
            mask: header.param2,
        }));
    }
    Ok(())
}

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct Challenge1_3 {
    challenge: WithNonce,
    context: [u8; CONTEXT_LEN],
}

const _: () = assert!(size_of::<Challenge1_3>() == 44);

/// Param2 of the request: no MeasurementSummaryHash.
const NO_SUMMARY: u8 = 0;

/// Bits of the response's Param1 that hold the slot, from 1.1 on.
const SLOT_ID: u8 = 0x0f;

/// Bit of the response's Param1 that demands that we authenticate ourselves.
const BASIC_MUT_AUTH_REQ: u8 = 0x80;
