// SPDX-License-Identifier: GPL-2.0

//! NEGOTIATE_ALGORITHMS and ALGORITHMS: we offer, the device selects.
//!
//! DSP0274 1.0 to 1.4, "NEGOTIATE_ALGORITHMS request and ALGORITHMS response messages".
//!
//! What is selected must be one bit, and one that was offered. The tables for sessions (1.1) are not
//! sent; implementations were seen that answer with tables all the same, all of them empty, which is
//! accepted. A table with a selection is not.

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
        BaseAsym,
        BaseAsymSet,
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
    pub signatures: BaseAsymSet,
}

/// Makes the request.
///
/// Besides the offer it says that we understand the DMTF's measurements and, from 1.2 on, the
/// standard's format of opaque data.
pub fn encode(version: Version, offer: Offer) -> RequestBytes {
    let other_params = match version {
        Version::V1_0 | Version::V1_1 => 0,
        Version::V1_2 | Version::V1_3 | Version::V1_4 => OPAQUE_FORMAT_1,
    };
    RequestBytes::new(&NegotiateAlgorithms {
        header: Header::new(version, Request::NegotiateAlgorithms, 0, 0),
        length: U16::new(REQUEST_LEN),
        measurement_specification: MEASUREMENTS_DMTF,
        other_params,
        base_asym: U32::new(offer.signatures.to_wire()),
        base_hash: U32::new(offer.hashes.to_wire()),
        pqc_asym: U32::ZERO,
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
            hash: hash(&reader, selected, offer)?,
            asym: asym(&reader, selected, offer)?,
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

fn asym(reader: &Reader<'_>, selected: &Selected, offer: Offer) -> Result<BaseAsym, Error> {
    match selected.base_asym.get() {
        0 => Err(Error::Unsupported(Unsupported::Signature)),
        mask => BaseAsym::from_wire(mask)
            .filter(|asym| offer.signatures.contains(*asym))
            .ok_or(unoffered(reader, Field::BaseAsymSel)),
    }
}

fn opaque(
    reader: &Reader<'_>,
    version: Version,
    selected: &Selected,
) -> Result<OpaqueFormat, Error> {
    if version < Version::V1_2 {
        return Ok(OpaqueFormat::Free);
    }
    match selected.other_params {
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
        (
            version >= Version::V1_4 && selected.pqc_asym != U32::ZERO,
            Field::PqcAsymSel,
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

/// OtherParams: OpaqueDataFmt1.
const OPAQUE_FORMAT_1: u8 = 1 << 1;

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_algorithms))]
mod tests {
    use super::*;

    use kernel::validate::Untrusted;

    const OFFER: Offer = Offer {
        hashes: BaseHashSet::ALL,
        signatures: BaseAsymSet::ALL,
    };

    /// As spdm-emu sends it.
    const ALGORITHMS: [u8; 36] = [
        0x14, // SPDMVersion
        0x63, // RequestResponseCode: ALGORITHMS
        0x00, 0x00, // Param1: number of tables, Param2
        0x24, 0x00, // Length
        0x01, // MeasurementSpecificationSel: DMTF
        0x02, // OtherParamsSelection: OpaqueDataFmt1
        0x08, 0x00, 0x00, 0x00, // MeasurementHashAlgo: SHA-512
        0x80, 0x00, 0x00, 0x00, // BaseAsymSel: ECDSA P-384
        0x02, 0x00, 0x00, 0x00, // BaseHashSel: SHA-384
        0x00, 0x00, 0x00, 0x00, // PqcAsymSel
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // reserved
        0x00, // MELspecificationSel
        0x00, // ExtAsymSelCount
        0x00, // ExtHashSelCount
        0x00, 0x00, // reserved
    ];

    fn parse(bytes: &[u8]) -> Result<Algorithms, Error> {
        let version = bytes.first().copied().and_then(Version::from_wire);
        let version = version.unwrap_or(Version::V1_4);
        let response: AlgorithmsResponse<'_> =
            Untrusted::from_ref(bytes).validate_with((version, OFFER))?;
        Ok(response.algorithms)
    }

    /// The message with other bytes at an offset.
    fn with(version: u8, offset: usize, bytes: &[u8]) -> [u8; 36] {
        let mut message = ALGORITHMS;
        let tail = message.iter_mut().skip(offset);
        tail.zip(bytes).for_each(|(to, from)| *to = *from);
        message.iter_mut().take(1).for_each(|to| *to = version);
        message
    }

    /// The message with its Length and Param1 changed and tables appended.
    fn with_tables(version: u8, tables: &[[u8; 4]]) -> ([u8; 60], usize) {
        let mut message = [0; 60];
        let count = u8::try_from(tables.len()).unwrap_or(0);
        let len = count.saturating_mul(4).saturating_add(36);
        let head = with(version, 2, &[count, 0, len, 0]);
        let bytes = head.into_iter().chain(tables.iter().copied().flatten());
        message
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        (message, len.into())
    }

    fn parse_tables(version: u8, tables: &[[u8; 4]]) -> Result<Algorithms, Error> {
        let (message, len) = with_tables(version, tables);
        parse(message.get(..len).unwrap_or_default())
    }

    fn malformed(what: Malformed) -> Result<Algorithms, Error> {
        let response = Response::Algorithms;
        Err(Error::Malformed { response, what })
    }

    fn unoffered(field: Field) -> Result<Algorithms, Error> {
        let response = Response::Algorithms;
        let what = Misbehaved::Unoffered(field);
        Err(Error::Misbehaved { response, what })
    }

    #[test]
    fn request_has_the_offer_in_its_places() {
        let request = encode(Version::V1_2, OFFER);
        let mut expected = [0; 32];
        let head = [
            0x12, 0xe3, 0x00, 0x00, // header, no tables
            0x20, 0x00, // Length
            0x01, // MeasurementSpecification: DMTF
            0x02, // OtherParamsSupport: OpaqueDataFmt1
            0xb5, 0x01, 0x00, 0x00, // BaseAsymAlgo
            0x07, 0x00, 0x00, 0x00, // BaseHashAlgo
        ];
        expected
            .iter_mut()
            .zip(head)
            .for_each(|(to, from)| *to = from);
        assert_eq!(request.as_bytes(), expected.as_slice());
    }

    #[test]
    fn opaque_format_is_offered_from_1_2_on() {
        let other_params = |version| encode(version, OFFER).as_bytes().get(7).copied();
        assert_eq!(other_params(Version::V1_0), Some(0));
        assert_eq!(other_params(Version::V1_1), Some(0));
        assert_eq!(other_params(Version::V1_3), Some(2));
    }

    #[test]
    fn fields_are_read_from_their_places() {
        let algorithms = Algorithms {
            hash: BaseHash::Sha384,
            asym: BaseAsym::EcdsaP384,
            opaque: OpaqueFormat::Format1,
            measurement_hash: Some(MeasurementHash::Sha512),
        };
        assert_eq!(parse(&ALGORITHMS), Ok(algorithms));
    }

    #[test]
    fn nothing_selected_means_nothing_in_common() {
        let error = Err(Error::Unsupported(Unsupported::Signature));
        assert_eq!(parse(&with(0x14, 12, &[0])), error);
        let error = Err(Error::Unsupported(Unsupported::Hash));
        assert_eq!(parse(&with(0x14, 16, &[0])), error);
    }

    #[test]
    fn selection_outside_the_offer_is_refused() {
        // RSAPSS-3072; SHA3-256
        assert_eq!(
            parse(&with(0x14, 12, &[0x08])),
            unoffered(Field::BaseAsymSel)
        );
        assert_eq!(
            parse(&with(0x14, 16, &[0x08])),
            unoffered(Field::BaseHashSel)
        );
        let less = Offer {
            hashes: BaseHashSet::ALL,
            signatures: BaseAsymSet::EMPTY.with(BaseAsym::EcdsaP256),
        };
        let raw: &Untrusted<[u8]> = Untrusted::from_ref(&ALGORITHMS);
        let response = raw.validate_with::<AlgorithmsResponse<'_>, _>((Version::V1_4, less));
        let response = response.map(|response| response.algorithms);
        assert_eq!(response, unoffered(Field::BaseAsymSel));
    }

    #[test]
    fn two_bits_are_refused() {
        assert_eq!(
            parse(&with(0x14, 12, &[0x90])),
            unoffered(Field::BaseAsymSel)
        );
        assert_eq!(
            parse(&with(0x14, 16, &[0x03])),
            unoffered(Field::BaseHashSel)
        );
        let what = Misbehaved::Illegal(Field::MeasurementHashAlgo);
        let response = Response::Algorithms;
        let error = Err(Error::Misbehaved { response, what });
        assert_eq!(parse(&with(0x14, 8, &[0x0c])), error);
    }

    #[test]
    fn what_we_never_offer_is_refused() {
        assert_eq!(parse(&with(0x14, 20, &[4])), unoffered(Field::PqcAsymSel));
        assert_eq!(
            parse(&with(0x13, 31, &[1])),
            unoffered(Field::MelSpecificationSel)
        );
        assert_eq!(
            parse(&with(0x12, 32, &[1])),
            unoffered(Field::ExtAsymSelCount)
        );
        assert_eq!(
            parse(&with(0x12, 33, &[1])),
            unoffered(Field::ExtHashSelCount)
        );
        assert_eq!(
            parse(&with(0x12, 6, &[2])),
            unoffered(Field::MeasurementSpecificationSel)
        );
        // OpaqueDataFmt0; both formats; multiple keys
        for other_params in [0x01, 0x03, 0x12] {
            let message = with(0x13, 7, &[other_params]);
            assert_eq!(parse(&message), unoffered(Field::OtherParamsSelection));
        }
    }

    #[test]
    fn reserved_bytes_of_older_versions_are_not_fields() {
        assert!(parse(&with(0x13, 20, &[4])).is_ok());
        assert!(parse(&with(0x12, 31, &[1])).is_ok());
        assert!(parse(&with(0x11, 7, &[0xff])).is_ok());
        // Param1 in 1.0 is not a number of tables.
        assert!(parse(&with(0x10, 2, &[4])).is_ok());
    }

    #[test]
    fn measurements_are_the_devices_own_business() {
        let measurement_hash = |message: &[u8]| parse(message).map(|all| all.measurement_hash);
        // No specification, and a hash that nobody can use
        assert_eq!(measurement_hash(&with(0x12, 6, &[0])), Ok(None));
        // A specification without hash
        assert_eq!(measurement_hash(&with(0x12, 8, &[0])), Ok(None));
    }

    #[test]
    fn empty_tables_that_nobody_asked_for_are_skipped() {
        // DHE, AEAD, ReqBaseAsymAlg, KeySchedule: type, count, selection
        let tables = [
            [2, 0x20, 0, 0],
            [3, 0x20, 0, 0],
            [4, 0x20, 0, 0],
            [5, 0x20, 0, 0],
        ];
        assert_eq!(parse_tables(0x12, &tables), parse(&ALGORITHMS));
        // ReqPqcAsymAlg and KEM came with 1.4.
        let tables = [[6, 0x20, 0, 0], [7, 0x20, 0, 0]];
        assert_eq!(parse_tables(0x14, &tables), parse(&ALGORITHMS));
        let error = malformed(Malformed::Contradiction(Field::RespAlgStruct));
        assert_eq!(parse_tables(0x13, &tables), error);
    }

    #[test]
    fn table_with_a_selection_is_refused() {
        let tables = [[2, 0x20, 0x10, 0]];
        assert_eq!(parse_tables(0x12, &tables), unoffered(Field::RespAlgStruct));
    }

    #[test]
    fn tables_out_of_order_or_form_are_refused() {
        let error = malformed(Malformed::Contradiction(Field::RespAlgStruct));
        // Descending; twice the same; unknown type; one byte; an extended algorithm; nibbles swapped
        for tables in [
            [[3, 0x20, 0, 0], [2, 0x20, 0, 0]].as_slice(),
            &[[2, 0x20, 0, 0], [2, 0x20, 0, 0]],
            &[[8, 0x20, 0, 0]],
            &[[2, 0x10, 0, 0]],
            &[[2, 0x21, 0, 0]],
            &[[2, 0x02, 0, 0]],
        ] {
            assert_eq!(parse_tables(0x14, tables), error);
        }
    }

    #[test]
    fn length_must_be_that_of_the_message() {
        let error = malformed(Malformed::Contradiction(Field::Length));
        for length in [[0x23, 0x00], [0x25, 0x00], [0xff, 0xff], [0x00, 0x00]] {
            assert_eq!(parse(&with(0x12, 4, &length)), error);
        }
    }

    #[test]
    fn truncation_is_refused_at_every_byte() {
        for len in 0..ALGORITHMS.len() {
            let field = if len < 4 {
                Field::Header
            } else {
                Field::FixedPart
            };
            let error = malformed(Malformed::Truncated(field));
            assert_eq!(ALGORITHMS.get(..len).map(parse), Some(error));
        }
        let (message, len) = with_tables(0x12, &[[2, 0x20, 0, 0], [3, 0x20, 0, 0]]);
        for len in 36..len {
            let error = malformed(Malformed::Truncated(Field::RespAlgStruct));
            assert_eq!(message.get(..len).map(parse), Some(error));
        }
    }
}
