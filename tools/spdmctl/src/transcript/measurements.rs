// SPDX-License-Identifier: GPL-2.0

//! Walks the transcript of a GET_MEASUREMENTS exchange.
//!
//! DMTF's single-request standard measurement transcript: from SPDM 1.2 on part A, then one
//! GET_MEASUREMENTS for everything and its MEASUREMENTS; the signature, if there is one, stands at
//! the end and is over all before it. Before 1.2 part A is missing, and with it what was
//! negotiated: that comes from elsewhere.
//!
//! No code of the kernel's has a part in reading it: every field is taken from the tables of
//! DSP0274, "GET_MEASUREMENTS request message format" and "Successful MEASUREMENTS response message
//! format".

use std::ops::Range;

use rspdm_proto::proto::{
    algorithm::MeasurementHash,
    negotiated::{
        NegotiatedState,
        OpaqueFormat, //
    },
    version::Version,
};

use super::{
    record,
    Fault,
    Message,
    CONTEXT_LEN,
    NONCE_LEN, //
};
use crate::measurement::Block;

/// A transcript of measurements that was walked to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurements<'a> {
    /// GET_MEASUREMENTS and MEASUREMENTS, the latter without its signature.
    pub messages: [Message; 2],
    /// Slot whose key was asked to sign, if the version has a field for it.
    pub slot: Option<u8>,
    /// Slot whose key the device says that it signed with, as far as it says so.
    pub slot_back: Option<u8>,
    /// The requester's nonce and where it is, if a signature was asked for.
    pub requester_nonce: Option<([u8; 32], Range<usize>)>,
    /// Where the device's nonce is.
    pub responder_nonce: Range<usize>,
    /// What the device says about changes since an earlier answer.
    pub change: Change,
    /// The measurements, in the device's order.
    pub blocks: Vec<Block<'a>>,
    /// Algorithm of their digests.
    pub hash: MeasurementHash,
    /// What is signed, if something is.
    pub signed: &'a [u8],
    /// Where the signature is: all that follows. `None` if none was asked for.
    pub signature: Option<Range<usize>>,
}

/// What the device says about changes since an earlier answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the version has no field for it, or the device does not look.
    NotTold,
    /// Something changed.
    Changed,
    /// Nothing changed.
    Unchanged,
}

impl<'a> Measurements<'a> {
    /// Walks the content of a MEASUREMENTS object, the part A of which must be `negotiation`, with
    /// `state` as its outcome.
    ///
    /// # Errors
    ///
    /// The first bytes that are not what they must be.
    pub fn parse(
        bytes: &'a [u8],
        negotiation: &[u8],
        state: &NegotiatedState,
    ) -> Result<Self, Fault> {
        let mut reader = Reader { bytes, position: 0 };
        if state.version >= Version::V1_2 {
            reader.negotiation(negotiation)?;
        }
        let start = reader.position;
        let asked = Asked::read(&mut reader, state.version)?;
        let request = start..reader.position;

        let start = reader.position;
        let header = reader.take(RESPONSE_HEADER, "MEASUREMENTS")?;
        let at = |offset: usize| start + offset;
        let version = state.version.to_wire();
        if header[..2] != [version, MEASUREMENTS] {
            let what = format!(
                "code {:#04x} of version {:#04x} where MEASUREMENTS of {} should be",
                header[1], header[0], state.version
            );
            return Err(fault(at(0)..at(2), what));
        }
        let change = change(state.version, &asked, header[3]).map_err(|what| {
            let param2 = at(3)..at(4);
            fault(param2, what)
        })?;
        let hash = state
            .measurements
            .map(|measurable| measurable.hash)
            .ok_or_else(|| fault(request.clone(), "the device told that it has none"))?;
        let announced = record::Announced {
            count: header[4],
            len: usize::from(header[5])
                | usize::from(header[6]) << 8
                | usize::from(header[7]) << 16,
            count_at: at(4)..at(5),
            len_at: at(5)..at(8),
        };
        let record_at = reader.position;
        let blocks = record::blocks(bytes, record_at, &announced, state.version, hash)?;
        reader.take(announced.len, "MeasurementRecord")?;

        let nonce_at = reader.position;
        reader.take(NONCE_LEN, "the device's nonce")?;
        let signature_len = match asked.nonce {
            Some(_) => state.algorithms.asym.signature_len(),
            None => 0,
        };
        reader.opaque_data(state.algorithms.opaque, asked.context, signature_len)?;
        if let Some(context) = asked.context {
            let echo = reader.take(CONTEXT_LEN, "RequesterContext")?;
            if echo != context {
                // Either of them may be the wrong one.
                let range = request.end - CONTEXT_LEN..reader.position;
                return Err(fault(
                    range,
                    "RequesterContext: not that of GET_MEASUREMENTS",
                ));
            }
        }
        let end = reader.position;
        reader.take(signature_len, "the signature")?;
        if reader.position != bytes.len() {
            return Err(fault(
                reader.position..bytes.len(),
                "bytes behind MEASUREMENTS",
            ));
        }
        let message = |name, is_request, range| Message {
            name,
            is_request,
            range,
        };
        Ok(Self {
            messages: [
                message("GET_MEASUREMENTS", true, request),
                message("MEASUREMENTS", false, start..end),
            ],
            slot: asked.slot,
            slot_back: asked.slot.map(|_| header[3] & 0x0f),
            signature: asked.nonce.as_ref().map(|_| end..bytes.len()),
            requester_nonce: asked.nonce,
            responder_nonce: nonce_at..nonce_at + NONCE_LEN,
            change,
            blocks,
            hash,
            signed: &bytes[..end],
        })
    }
}

/// What GET_MEASUREMENTS asks for.
struct Asked<'a> {
    nonce: Option<([u8; 32], Range<usize>)>,
    slot: Option<u8>,
    context: Option<&'a [u8]>,
}

impl<'a> Asked<'a> {
    fn read(reader: &mut Reader<'a>, version: Version) -> Result<Self, Fault> {
        let start = reader.position;
        let header = reader.take(REQUEST_HEADER, "GET_MEASUREMENTS")?;
        // All measurements at once, digests where the device has the choice, nothing measured anew.
        let signature = header[2] & SIGNATURE_REQUESTED;
        let expected = [version.to_wire(), GET_MEASUREMENTS, signature, ALL];
        let differs = header
            .iter()
            .zip(&expected)
            .position(|(is, must)| is != must);
        if let Some(offset) = differs {
            let what = format!(
                "GET_MEASUREMENTS: byte {offset} is {:#04x}, {:#04x} expected",
                header[offset], expected[offset]
            );
            return Err(fault(start + offset..start + offset + 1, what));
        }
        let mut asked = Self {
            nonce: None,
            slot: None,
            context: None,
        };
        if signature != 0 {
            let at = reader.position;
            let nonce = reader.take(NONCE_LEN, "the nonce of GET_MEASUREMENTS")?;
            let nonce = nonce.try_into().unwrap_or([0; NONCE_LEN]);
            asked.nonce = Some((nonce, at..reader.position));
            if version >= Version::V1_1 {
                let at = reader.position;
                let slot = reader.take(1, "the slot of GET_MEASUREMENTS")?[0];
                if slot > MAX_SLOT {
                    let what = format!("GET_MEASUREMENTS: SlotIDParam {slot:#04x}");
                    return Err(fault(at..at + 1, what));
                }
                asked.slot = Some(slot);
            }
        }
        if version >= Version::V1_3 {
            asked.context = Some(reader.take(CONTEXT_LEN, "the context of GET_MEASUREMENTS")?);
        }
        Ok(asked)
    }
}

/// Reads bits 5:4 of MEASUREMENTS' Param2: whether something changed.
fn change(version: Version, asked: &Asked<'_>, param2: u8) -> Result<Change, String> {
    if asked.nonce.is_none() {
        return Ok(Change::NotTold);
    }
    match param2 >> 4 & 0b11 {
        _ if version < Version::V1_2 => Ok(Change::NotTold),
        0b00 => Ok(Change::NotTold),
        0b01 => Ok(Change::Changed),
        0b10 => Ok(Change::Unchanged),
        _ => Err("MEASUREMENTS: the reserved value of \"content changed\"".to_owned()),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize, what: &str) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.position..];
        let taken = rest.get(..len).ok_or_else(|| {
            let range = self.position..self.bytes.len();
            fault(range, format!("ends within {what}"))
        })?;
        self.position += len;
        Ok(taken)
    }

    /// Part A, which must be the one that is known.
    fn negotiation(&mut self, known: &[u8]) -> Result<(), Fault> {
        let len = known.len().min(self.bytes.len());
        let differs = |index: &usize| self.bytes[*index] != known[*index];
        let Some(first) = (0..len).find(differs) else {
            return self.take(known.len(), "the negotiation").map(drop);
        };
        let last = (0..len).rev().find(differs).unwrap_or(first);
        Err(fault(
            first..last + 1,
            "another negotiation than the one before the challenge",
        ))
    }

    /// OpaqueData, which `context` and a signature of `signature_len` bytes follow.
    fn opaque_data(
        &mut self,
        format: OpaqueFormat,
        context: Option<&[u8]>,
        signature_len: usize,
    ) -> Result<(), Fault> {
        let at = self.position;
        let len = self.take(2, "OpaqueDataLength")?;
        let len = usize::from(u16::from_le_bytes([len[0], len[1]]));
        let refused = |what: String| Err(fault(at..at + 2, format!("OpaqueDataLength: {what}")));
        if len > MAX_OPAQUE {
            return refused(format!("{len} bytes, {MAX_OPAQUE} are allowed"));
        }
        let rest = &self.bytes[self.position..];
        let tail = context.map_or(0, <[u8]>::len) + signature_len;
        let left = rest.len().checked_sub(tail);
        // If the context is where the length says, something else is wrong.
        let behind = rest.get(len..).unwrap_or_default();
        let is_context = context.is_some_and(|context| behind.starts_with(context));
        if left.is_some_and(|left| len > left || context.is_some() && len != left) && !is_context {
            let left = left.unwrap_or_default();
            return refused(format!("{len} bytes, {left} are there"));
        }
        if len > 0 && format == OpaqueFormat::None {
            return refused(format!("{len} bytes, no format was negotiated"));
        }
        self.take(len, "OpaqueData").map(drop)
    }
}

fn fault(range: Range<usize>, what: impl Into<String>) -> Fault {
    Fault {
        range,
        what: what.into(),
        unsupported: false,
    }
}

// Codes of the messages.
const GET_MEASUREMENTS: u8 = 0xe0;
const MEASUREMENTS: u8 = 0x60;

/// Param1 of GET_MEASUREMENTS: a signature is wanted.
const SIGNATURE_REQUESTED: u8 = 0x01;

/// Param2 of GET_MEASUREMENTS: all measurements.
const ALL: u8 = 0xff;

// Sizes, in bytes.
const REQUEST_HEADER: usize = 4;
const RESPONSE_HEADER: usize = 8;
const MAX_OPAQUE: usize = 1024;

/// The highest slot.
const MAX_SLOT: u8 = 7;
