// SPDX-License-Identifier: GPL-2.0

//! GET_MEASUREMENTS and MEASUREMENTS: what the device measured, signed if it can.
//!
//! DSP0274 1.0 to 1.4, "GET_MEASUREMENTS request and MEASUREMENTS response messages". All blocks
//! are asked for at once: one request makes a transcript that speaks for itself, and devices with
//! gaps in their numbers need not be searched.
//!
//! RawBitStreamRequested and NewMeasurementRequested are not set. The first would turn a digest,
//! which reference values are compared with, into the firmware itself, which fits no message; what
//! has a meaning only in the raw (version numbers, the device's mode, manifests) is raw anyway. And
//! the DMTF's standard measurement transcript, which verifiers know how to read, has neither.

use kernel::validate::Validate;
use zerocopy::little_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
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
    measurement_record::MeasurementRecord,
    reader::Reader, //
};
use crate::proto::{
    algorithm::MeasurementHash,
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
    slot::SlotId,
    version::Version, //
};

/// Where the Nonce is in a request for signed measurements, in bytes.
pub const REQUEST_NONCE_OFFSET: usize = 4;

/// What the request asks and what its answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The negotiated version.
    pub version: Version,
    /// The negotiated algorithms.
    pub algorithms: Algorithms,
    /// The negotiated hash of measurements.
    pub hash: MeasurementHash,
    /// The slot whose key is to sign, if a signature is wanted. SPDM 1.0 has no field for it.
    pub signer: Option<SlotId>,
    /// Our nonce, which goes with a signature only.
    pub nonce: [u8; NONCE_LEN],
    /// Our context, which 1.3 and later send and echo, signed or not.
    pub context: [u8; CONTEXT_LEN],
}

/// Makes the request.
pub fn encode(asked: &Asked) -> RequestBytes {
    let attributes = match asked.signer {
        Some(_) => SIGNATURE_REQUESTED,
        None => 0,
    };
    let header = Header::new(
        asked.version,
        Request::GetMeasurements,
        attributes,
        ALL_MEASUREMENTS,
    );
    let context = asked.context;
    let Some(slot) = asked.signer else {
        return if has_context(asked.version) {
            RequestBytes::new(&Unsigned1_3 { header, context })
        } else {
            RequestBytes::new(&header)
        };
    };
    let signed = WithNonce {
        header,
        nonce: asked.nonce,
    };
    if asked.version < Version::V1_1 {
        return RequestBytes::new(&signed);
    }
    let signed = Signed1_1 {
        signed,
        slot: slot.number(),
    };
    if has_context(asked.version) {
        RequestBytes::new(&Signed1_3 { signed, context })
    } else {
        RequestBytes::new(&signed)
    }
}

/// Whether the measurements changed since the device last told them, or while it told them.
///
/// Data for user space: a device whose firmware was updated a moment ago says so honestly, and its
/// measurements are as good as any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentChange {
    /// The device did not look, or the version has no way to say.
    NotDetected,
    /// They changed.
    Changed,
    /// They did not.
    Unchanged,
}

/// MEASUREMENTS: everything in it is as it must be, but the signature is not verified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measurements<'a> {
    /// The message without the signature and padding: what the signature is over.
    pub signed: &'a [u8],
    /// The measurements.
    pub record: MeasurementRecord<'a>,
    /// Whether they changed.
    pub content_change: ContentChange,
    /// Where the device's Nonce is, in bytes from the start of the message.
    pub nonce_offset: usize,
    /// Data of the device's own.
    pub opaque_data: &'a [u8],
    /// The signature; empty if none was asked for.
    pub signature: &'a [u8],
}

impl<'a> Validate<'a, [u8], &Asked> for Measurements<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], asked: &Asked) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Measurements, raw);
        let header = Header::read(&mut reader, asked.version, Request::GetMeasurements)?;
        check_slot(&reader, header.param2, asked)?;
        let content_change = content_change(&reader, header.param2, asked)?;
        let announced: &Announced = reader.read(Field::MeasurementRecordLength)?;
        let record = reader.take(announced.record_len(), Field::MeasurementRecord)?;
        let record = MeasurementRecord::new(record, announced.blocks, asked.hash)?;
        let format = asked.algorithms.opaque;
        let tail = Tail::read(&mut reader, asked.version, format, &asked.context)?;
        let signed = reader.consumed();
        let signature = match asked.signer {
            Some(_) => reader.take(asked.algorithms.asym.signature_len(), Field::Signature)?,
            None => &[],
        };
        reader.finish()?;
        Ok(Self {
            signed,
            record,
            content_change,
            nonce_offset: tail.nonce_offset,
            opaque_data: tail.opaque_data,
            signature,
        })
    }
}

/// Checks the slot in Param2, which means something if a signature was asked for, from 1.1 on.
fn check_slot(reader: &Reader<'_>, param2: u8, asked: &Asked) -> Result<(), Error> {
    let echoed = param2 & SLOT_ID;
    match asked.signer {
        Some(slot) if asked.version >= Version::V1_1 && echoed != slot.number() => Err(reader
            .misbehaved(Misbehaved::Slot {
                asked: slot.number(),
                echoed,
            })),
        _ => Ok(()),
    }
}

/// Reads what Param2 says about changes, from 1.2 on.
fn content_change(reader: &Reader<'_>, param2: u8, asked: &Asked) -> Result<ContentChange, Error> {
    if asked.version < Version::V1_2 {
        return Ok(ContentChange::NotDetected);
    }
    match (param2 & CONTENT_CHANGED, asked.signer) {
        (0x00, _) => Ok(ContentChange::NotDetected),
        (0x10, Some(_)) => Ok(ContentChange::Changed),
        (0x20, Some(_)) => Ok(ContentChange::Unchanged),
        // Reserved, or a statement that nobody signs.
        _ => Err(reader.misbehaved(Misbehaved::Illegal(Field::ContentChanged))),
    }
}

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct Unsigned1_3 {
    header: Header,
    context: [u8; CONTEXT_LEN],
}

const _: () = assert!(size_of::<Unsigned1_3>() == 12);

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct Signed1_1 {
    signed: WithNonce,
    /// SlotIDParam.
    slot: u8,
}

const _: () = assert!(size_of::<Signed1_1>() == 37);

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct Signed1_3 {
    signed: Signed1_1,
    context: [u8; CONTEXT_LEN],
}

const _: () = assert!(size_of::<Signed1_3>() == 45);

/// What follows the header of MEASUREMENTS.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Announced {
    /// NumberOfBlocks.
    blocks: u8,
    /// MeasurementRecordLength, 24 bits: lower half, then the rest.
    record_len_low: U16,
    record_len_high: u8,
}

const _: () = assert!(size_of::<Announced>() == 4);

impl Announced {
    fn record_len(&self) -> usize {
        let [low, middle] = self.record_len_low.get().to_le_bytes();
        let len = u32::from_le_bytes([low, middle, self.record_len_high, 0]);
        usize::try_from(len).unwrap_or(usize::MAX)
    }
}

/// Param1 of the request: the response is to be signed.
const SIGNATURE_REQUESTED: u8 = 1 << 0;

/// Param2 of the request: tell all measurements.
const ALL_MEASUREMENTS: u8 = 0xff;

/// Bits of the response's Param2 that hold the slot.
const SLOT_ID: u8 = 0x0f;

/// Bits of the response's Param2 that say whether measurements changed.
const CONTENT_CHANGED: u8 = 0x30;
