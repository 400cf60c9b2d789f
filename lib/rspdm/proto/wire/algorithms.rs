// SPDX-License-Identifier: GPL-2.0

//! NEGOTIATE_ALGORITHMS and ALGORITHMS: we offer, the device selects.
//!
//! DSP0274 1.0 to 1.4, "NEGOTIATE_ALGORITHMS request and ALGORITHMS response messages".
//!
//! What is selected must be one bit, and one that was offered. The tables for sessions (1.1) are
//! not sent; implementations were seen that answer with tables all the same, all of them empty,
//! which is accepted. A table with a selection is not.

use kernel::validate::Validate;
use zerocopy::little_endian::{
    U16,
    U32, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    encode::RequestBytes,
    header::Header,
    reader::Reader, //
};
use crate::proto::{
    algorithm::{
        AsymAlgo,
        AsymAlgoSet,
        BaseHash,
        BaseHashSet,
        MeasurementHash, //
    },
    error::{
        Error,
        Malformed,
        Misbehaved,
        Unsupported, //
    },
    message::{
        Field,
        Request,
        Response, //
    },
    negotiated::{
        Algorithms,
        OpaqueFormat, //
    },
    version::Version, //
};

/// What we offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Hashes.
    pub hashes: BaseHashSet,
    /// Signature algorithms.
    pub signatures: AsymAlgoSet,
    /// Whether it shall be a multi-key connection, from 1.3 on: the device decided by
    /// MULTI_KEY_CAP.
    pub is_multi_key: bool,
}

/// Makes the request.
///
/// Besides the offer it says that we understand the DMTF's measurements and, from 1.2 on, the
/// standard's format of opaque data.
pub fn encode(version: Version, offer: Offer) -> RequestBytes {
    let other_params = match version {
        Version::V1_0 | Version::V1_1 => 0,
        Version::V1_3 | Version::V1_4 if offer.is_multi_key => OPAQUE_FORMAT_1 | MULTI_KEY,
        Version::V1_2 | Version::V1_3 | Version::V1_4 => OPAQUE_FORMAT_1,
    };
    let post_quantum = if version >= Version::V1_4 {
        offer.signatures.to_post_quantum()
    } else {
        0
    };
    RequestBytes::new(&NegotiateAlgorithms {
        header: Header::new(version, Request::NegotiateAlgorithms, 0, 0),
        length: U16::new(REQUEST_LEN),
        measurement_specification: MEASUREMENTS_DMTF,
        other_params,
        base_asym: U32::new(offer.signatures.to_base()),
        base_hash: U32::new(offer.hashes.to_wire()),
        pqc_asym: U32::new(post_quantum),
        reserved: [0; 8],
        ext_asym_count: 0,
        ext_hash_count: 0,
        reserved2: 0,
        mel_specification: 0,
    })
}

/// ALGORITHMS: everything selected was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmsResponse<'a> {
    /// The message, without padding.
    pub bytes: &'a [u8],
    /// What it says.
    pub algorithms: Algorithms,
}

impl<'a> Validate<'a, [u8], (Version, Offer)> for AlgorithmsResponse<'a> {
    type Error = Error;

    fn validate(raw: &'a [u8], (version, offer): (Version, Offer)) -> Result<Self, Error> {
        let mut reader = Reader::new(Response::Algorithms, raw);
        let header = Header::read(&mut reader, version, Request::NegotiateAlgorithms)?;
        let selected: &Selected = reader.read(Field::FixedPart)?;
        check_unoffered(&reader, version, selected)?;
        if version >= Version::V1_1 {
            skip_tables(&mut reader, version, header.param1)?;
        }
        if usize::from(selected.length.get()) != reader.position() {
            return Err(reader.malformed(Malformed::Contradiction(Field::Length)));
        }
        let algorithms = Algorithms {
            asym: asym(&reader, version, selected, offer)?,
            hash: hash(&reader, selected, offer)?,
            opaque: opaque(&reader, version, selected)?,
            measurement_hash: measurement_hash(&reader, selected)?,
        };
        let bytes = reader.finish()?;
        Ok(Self { bytes, algorithms })
    }
}

fn hash(reader: &Reader<'_>, selected: &Selected, offer: Offer) -> Result<BaseHash, Error> {
    match selected.base_hash.get() {
        0 => Err(Error::Unsupported(Unsupported::Hash)),
        mask => BaseHash::from_wire(mask)
            .filter(|hash| offer.hashes.contains(*hash))
            .ok_or(unoffered(reader, Field::BaseHashSel)),
    }
}

/// The signature algorithm is in one of two fields, from 1.4 on.
fn asym(
    reader: &Reader<'_>,
    version: Version,
    selected: &Selected,
    offer: Offer,
) -> Result<AsymAlgo, Error> {
    let base = selected.base_asym.get();
    let post_quantum = if version >= Version::V1_4 {
        selected.pqc_asym.get()
    } else {
        0
    };
    let field = match (base, post_quantum) {
        (0, 0) => return Err(Error::Unsupported(Unsupported::Signature)),
        (_, 0) => Field::BaseAsymSel,
        // Both are one too many.
        (_, _) => Field::PqcAsymSel,
    };
    AsymAlgo::from_selection(base, post_quantum)
        .filter(|asym| offer.signatures.contains(*asym))
        .ok_or(unoffered(reader, field))
}

fn opaque(
    reader: &Reader<'_>,
    version: Version,
    selected: &Selected,
) -> Result<OpaqueFormat, Error> {
    if version < Version::V1_2 {
        return Ok(OpaqueFormat::Free);
    }
    let known = if version >= Version::V1_3 {
        OPAQUE_FORMATS | MULTI_KEY
    } else {
        OPAQUE_FORMATS
    };
    match selected.other_params & known {
        0 => Ok(OpaqueFormat::None),
        OPAQUE_FORMAT_1 => Ok(OpaqueFormat::Format1),
        // Another format, two of them, or multiple keys on our side.
        _ => Err(unoffered(reader, Field::OtherParamsSelection)),
    }
}

/// The hash of measurements is the device's own choice; without DMTF measurements it means nothing.
fn measurement_hash(
    reader: &Reader<'_>,
    selected: &Selected,
) -> Result<Option<MeasurementHash>, Error> {
    let mask = selected.measurement_hash.get();
    match selected.measurement_specification {
        0 => Ok(None),
        MEASUREMENTS_DMTF if mask == 0 => Ok(None),
        MEASUREMENTS_DMTF if !mask.is_power_of_two() => {
            Err(reader.misbehaved(Misbehaved::Illegal(Field::MeasurementHashAlgo)))
        }
        MEASUREMENTS_DMTF => Ok(MeasurementHash::from_wire(mask)),
        _ => Err(unoffered(reader, Field::MeasurementSpecificationSel)),
    }
}

/// Checks the selections of what we never offer.
fn check_unoffered(
    reader: &Reader<'_>,
    version: Version,
    selected: &Selected,
) -> Result<(), Error> {
    let must_be_zero = [
        (selected.ext_asym_count != 0, Field::ExtAsymSelCount),
        (selected.ext_hash_count != 0, Field::ExtHashSelCount),
        (
            version >= Version::V1_3 && selected.mel_specification != 0,
            Field::MelSpecificationSel,
        ),
    ];
    match must_be_zero
        .into_iter()
        .find(|(is_selected, _)| *is_selected)
    {
        Some((_, field)) => Err(unoffered(reader, field)),
        None => Ok(()),
    }
}

/// Reads the tables for sessions and makes sure that they select nothing.
fn skip_tables(reader: &mut Reader<'_>, version: Version, count: u8) -> Result<(), Error> {
    let types = if version >= Version::V1_4 {
        2..=7
    } else {
        2..=5
    };
    let mut last_type = 0;
    for _ in 0..count {
        let table: &Table = reader.read(Field::RespAlgStruct)?;
        let is_in_order = table.alg_type > last_type && types.contains(&table.alg_type);
        if !is_in_order || table.alg_count != TWO_BYTES_NO_EXTENSION {
            return Err(reader.malformed(Malformed::Contradiction(Field::RespAlgStruct)));
        }
        if table.selected != U16::ZERO {
            return Err(unoffered(reader, Field::RespAlgStruct));
        }
        last_type = table.alg_type;
    }
    Ok(())
}

fn unoffered(reader: &Reader<'_>, field: Field) -> Error {
    reader.misbehaved(Misbehaved::Unoffered(field))
}

#[derive(Immutable, IntoBytes)]
#[repr(C)]
struct NegotiateAlgorithms {
    header: Header,
    length: U16,
    measurement_specification: u8,
    /// From 1.2 on.
    other_params: u8,
    base_asym: U32,
    base_hash: U32,
    /// From 1.4 on.
    pqc_asym: U32,
    reserved: [u8; 8],
    ext_asym_count: u8,
    ext_hash_count: u8,
    reserved2: u8,
    /// From 1.3 on.
    mel_specification: u8,
}

const _: () = assert!(size_of::<NegotiateAlgorithms>() == 32);

/// Length of [`NegotiateAlgorithms`], as the message tells it.
const REQUEST_LEN: u16 = 32;

/// What follows the header of ALGORITHMS.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Selected {
    length: U16,
    measurement_specification: u8,
    /// From 1.2 on.
    other_params: u8,
    measurement_hash: U32,
    base_asym: U32,
    base_hash: U32,
    /// From 1.4 on.
    pqc_asym: U32,
    _reserved: [u8; 7],
    /// From 1.3 on.
    mel_specification: u8,
    ext_asym_count: u8,
    ext_hash_count: u8,
    _reserved2: [u8; 2],
}

const _: () = assert!(size_of::<Selected>() == 32);

/// A table for sessions.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Table {
    alg_type: u8,
    /// In bits 7:4 the bytes of `selected`, in 3:0 the number of extended algorithms.
    alg_count: u8,
    selected: U16,
}

const _: () = assert!(size_of::<Table>() == 4);

/// AlgCount of a table as long as [`Table`]: extended algorithms were never offered.
const TWO_BYTES_NO_EXTENSION: u8 = 0x20;

/// MeasurementSpecification: the DMTF's format.
const MEASUREMENTS_DMTF: u8 = 1;

/// OtherParams: bits of the formats of opaque data. Those above are reserved, but for one.
const OPAQUE_FORMATS: u8 = 0x0f;

/// OtherParams: OpaqueDataFmt1.
const OPAQUE_FORMAT_1: u8 = 1 << 1;

/// OtherParams from 1.3 on: ResponderMultiKeyConn in the request. In the response the bit is about
/// our own keys.
const MULTI_KEY: u8 = 1 << 4;
