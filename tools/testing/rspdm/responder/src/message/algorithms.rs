// SPDX-License-Identifier: GPL-2.0

//! NEGOTIATE_ALGORITHMS and ALGORITHMS.

use super::{
    error::Refusal,
    read,
    read_u16,
    read_u32,
    require,
    Answer,
    Kind,
    Message, //
};
use crate::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::{
        Config,
        MEAS_CAP,
        MULTI_KEY_CAP,
        MULTI_KEY_ONLY, //
    },
};

/// What the two sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Signature algorithm.
    pub asym: Asym,
    /// BaseHash.
    pub hash: Hash,
    /// Whether opaque data may be sent, and whether in OpaqueDataFmt1 (SPDM 1.2 and later).
    pub opaque_format: Option<u8>,
    /// Whether measurements in DMTF's format were agreed on.
    pub measurements: bool,
    /// Whether it is a multi-key connection.
    pub multi_key: bool,
}

/// Reads the offer and selects the first of the device's preferences that it contains.
///
/// # Errors
///
/// InvalidRequest for a malformed offer, or if nothing matches.
pub fn respond(request: &[u8], config: &Config) -> Result<(Answer, Selection), Refusal> {
    let version = request[0];
    let length = usize::from(read_u16(request, 4)?);
    let [measurement_specification, other_params] = read(request, 6)?;
    let asym_offer = read_u32(request, 8)?;
    let hash_offer = read_u32(request, 12)?;
    let post_quantum_offer = match version {
        0x14.. => read_u32(request, 16)?,
        _ => 0,
    };
    let [ext_asym_count, ext_hash_count] = read(request, 28)?;
    let ext_count = usize::from(ext_asym_count) + usize::from(ext_hash_count);
    require(ext_count <= if version == 0x10 { 8 } else { 20 })?;
    require(length <= if version == 0x10 { 64 } else { 128 })?;
    // DOE pads requests with up to three bytes.
    require(length <= request.len() && request.len() - length < 4)?;
    let tables = if version == 0x10 { 0 } else { request[2] };
    let tables = read_tables(&request[..length], 32 + 4 * ext_count, tables, version)?;

    let asym = config.asym.iter().find(|asym| {
        asym_offer & asym.bit() != 0 || post_quantum_offer & asym.post_quantum_bit() != 0
    });
    let hash = config.hash.iter().find(|hash| hash_offer & hash.bit() != 0);
    let (Some(&asym), Some(&hash)) = (asym, hash) else {
        require(false)?;
        unreachable!();
    };
    // ResponderMultiKeyConn: forbidden, demanded, or as the requester likes.
    let multi_key = version >= 0x13 && other_params & 0x10 != 0;
    match config.capabilities & MULTI_KEY_CAP {
        0 => require(!multi_key)?,
        cap if cap == MULTI_KEY_ONLY & MULTI_KEY_CAP => require(multi_key || version < 0x13)?,
        _ => (),
    }
    let opaque_format = match other_params {
        _ if version < 0x12 => Some(0),
        formats if formats & 0x02 != 0 => Some(1),
        formats if formats & 0x01 != 0 => Some(0),
        _ => None,
    };
    let selection = Selection {
        asym,
        hash,
        opaque_format,
        measurements: config.capabilities & MEAS_CAP != 0 && measurement_specification & 0x01 != 0,
        multi_key,
    };

    let other_params = match opaque_format {
        _ if version < 0x12 => 0,
        Some(format) => 1 << format,
        None => 0,
    };
    let measurement_hash = match selection.measurements {
        true => config.measurement_hash.measurement_bit(),
        false => 0,
    };
    let mut message = Message::new(version, Kind::Algorithms, tables.len() as u8, 0);
    message
        .put_u16("Length", 36 + 4 * tables.len() as u16)
        .put(
            "MeasurementSpecificationSel",
            &[u8::from(selection.measurements)],
        )
        .put("OtherParamsSelection", &[other_params])
        .put_u32("MeasurementHashAlgo", measurement_hash)
        .put_u32("BaseAsymSel", asym.bit())
        .put_u32("BaseHashSel", hash.bit())
        .put_u32("PqcAsymSel", asym.post_quantum_bit())
        .put("Reserved", &[0; 7])
        .put("MELspecificationSel", &[0])
        .put("ExtAsymSelCount", &[0])
        .put("ExtHashSelCount", &[0])
        .put("Reserved", &[0; 2]);
    for alg_type in tables {
        // No sessions, no mutual authentication: nothing of it is selected.
        message.put("RespAlgStruct", &[alg_type, 0x20, 0, 0]);
    }
    Ok(((message, length), selection))
}

/// The AlgTypes of the request's algorithm structure tables.
fn read_tables(
    request: &[u8],
    mut offset: usize,
    count: u8,
    version: u8,
) -> Result<Vec<u8>, Refusal> {
    let last_type = if version >= 0x14 { 7 } else { 5 };
    let mut types: Vec<u8> = vec![];
    for _ in 0..count {
        let [alg_type, alg_count] = read(request, offset)?;
        require((2..=last_type).contains(&alg_type))?;
        require(types.last().is_none_or(|&last| last < alg_type))?;
        // Bits 7:4: bytes of AlgSupported. Bits 3:0: number of external algorithms.
        require(alg_count >> 4 == 2)?;
        let external = usize::from(alg_count & 0x0f);
        types.push(alg_type);
        offset += 4 + 4 * external;
    }
    require(offset == request.len())?;
    Ok(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offer of SPDM 1.2 with P-384 and SHA-384, as spdm-emu was asked.
    const OFFER: [u8; 32] = [
        0x12, 0xe3, 0x00, 0x00, // header
        0x20, 0x00, 0x01, 0x02, // Length, MeasurementSpecification, OtherParams
        0x80, 0x00, 0x00, 0x00, // BaseAsymAlgo
        0x02, 0x00, 0x00, 0x00, // BaseHashAlgo
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // reserved
        0, 0, 0, 0, // ExtAsymCount, ExtHashCount, reserved
    ];

    #[test]
    fn algorithms_has_the_bytes_that_spdm_emu_sends() {
        let ((message, len), _) = respond(&OFFER, &Config::default()).unwrap();
        let mut expected = vec![
            0x12, 0x63, 0x00, 0x00, // header
            0x24, 0x00, 0x01, 0x02, // Length, MeasurementSpecificationSel, OtherParams
            0x08, 0x00, 0x00, 0x00, // MeasurementHashAlgo SHA-512
            0x80, 0x00, 0x00, 0x00, // BaseAsymSel
            0x02, 0x00, 0x00, 0x00, // BaseHashSel
        ];
        expected.extend([0; 16]);
        assert_eq!((message.bytes, len), (expected, 32));
    }

    #[test]
    fn the_preferred_of_classical_and_post_quantum_algorithms_is_selected() {
        let mut offer = OFFER;
        offer[16] = 0x06; // PqcAsymAlgo: ML-DSA-65 and ML-DSA-87
        let selected = |version, asym: &[Asym]| {
            offer[0] = version;
            let config = Config {
                asym: asym.to_vec(),
                ..Config::default()
            };
            let ((message, _), selection) = respond(&offer, &config).ok()?;
            Some((selection.asym, message.bytes[12], message.bytes[20]))
        };
        let mut selected = selected;
        let (classical, post_quantum) = (Asym::EcdsaP384, Asym::MlDsa87);
        let both = [post_quantum, classical];
        assert_eq!(selected(0x14, &both), Some((post_quantum, 0x00, 0x04)));
        let both = [classical, post_quantum];
        assert_eq!(selected(0x14, &both), Some((classical, 0x80, 0x00)));
        // Reserved bytes in 1.3; not offered.
        assert_eq!(selected(0x13, &[post_quantum]), None);
        assert_eq!(selected(0x14, &[Asym::MlDsa44]), None);
    }

    #[test]
    fn tables_are_answered_with_nothing_selected() {
        let mut offer = OFFER.to_vec();
        offer[2] = 2;
        offer[4] = 40;
        offer.extend([0x02, 0x20, 0x10, 0x00, 0x03, 0x20, 0x02, 0x00]);
        let ((message, len), _) = respond(&offer, &Config::default()).unwrap();
        assert_eq!((message.bytes[2], message.bytes[4], len), (2, 44, 40));
        assert_eq!(message.bytes[36..], [0x02, 0x20, 0, 0, 0x03, 0x20, 0, 0]);
    }

    #[test]
    fn malformed_offers_are_refused() {
        let altered = |index: usize, value: u8| {
            let mut offer = OFFER.to_vec();
            offer[index] = value;
            respond(&offer, &Config::default())
        };
        assert!(altered(4, 0x1f).is_err());
        assert!(altered(4, 0x21).is_err());
        assert!(altered(28, 21).is_err());
        assert!(altered(29, 21).is_err());
        assert!(altered(8, 0x02).is_err()); // RSAPSS only
        for table in [
            [2, 0x10, 0, 0],
            [2, 0x30, 0, 0],
            [2, 0x2f, 0, 0],
            [1, 0x20, 0, 0],
        ] {
            let mut offer = OFFER.to_vec();
            offer[2] = 1;
            offer[4] = 36;
            offer.extend(table);
            assert!(respond(&offer, &Config::default()).is_err());
        }
    }

    #[test]
    fn tables_out_of_order_are_refused() {
        let mut offer = OFFER.to_vec();
        offer[2] = 2;
        offer[4] = 40;
        offer.extend([0x03, 0x20, 0x02, 0x00, 0x02, 0x20, 0x10, 0x00]);
        assert!(respond(&offer, &Config::default()).is_err());
    }
}
