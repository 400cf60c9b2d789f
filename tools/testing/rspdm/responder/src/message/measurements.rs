// SPDX-License-Identifier: GPL-2.0

//! GET_MEASUREMENTS and MEASUREMENTS.

use super::{
    error::Refusal,
    opaque,
    read,
    require,
    Answer,
    Kind,
    Message, //
};
use crate::{
    algorithm::Hash,
    config::{
        MEAS_CAP,
        MEAS_CAP_SIG, //
    },
    negotiated::Agreed,
};

/// Param1: a signature is wanted.
const SIGNATURE_REQUESTED: u8 = 0x01;
/// Param1: raw values are wanted instead of digests (SPDM 1.2 and later).
const RAW_REQUESTED: u8 = 0x02;
/// DMTFSpecMeasurementValueType: the value is raw, not a digest.
const RAW: u8 = 0x80;

/// Bit of KeyUsageMask.
const MEASUREMENT_USAGE: u16 = 0x04;

/// One thing that the device measures.
struct Measurement {
    index: u8,
    /// DMTFSpecMeasurementValueType without the raw bit.
    value_type: u8,
    /// First SPDM version that has this type.
    since: u8,
    /// Whether the value is sent as it is even if digests are wanted.
    always_raw: bool,
    /// Whether the trusted computing base consists of it.
    tcb: bool,
    value: &'static [u8],
}

/// What this device measures; indices have gaps.
const MEASUREMENTS: [Measurement; 8] = [
    digest(1, 0, true, b"rspdm test device: immutable ROM"),
    digest(2, 1, false, b"rspdm test device: mutable firmware"),
    digest(3, 2, false, b"rspdm test device: hardware configuration"),
    digest(4, 3, false, b"rspdm test device: firmware configuration"),
    // Secure version number, 64 bits.
    raw(0x10, 7, 0x12, &[7, 0, 0, 0, 0, 0, 0, 0]),
    digest(0x11, 6, false, b"1.2.3-rspdm"),
    // Measurement manifest, free form.
    raw(0xfd, 4, 0x11, b"rspdm test device: manifest"),
    // Device mode: capabilities and state of operation and debugging, 32 bits each.
    raw(
        0xfe,
        5,
        0x12,
        &[0x3f, 0, 0, 0, 0x04, 0, 0, 0, 0x1f, 0, 0, 0, 0, 0, 0, 0],
    ),
];

const fn digest(index: u8, value_type: u8, tcb: bool, value: &'static [u8]) -> Measurement {
    Measurement {
        index,
        value_type,
        since: if value_type > 4 { 0x12 } else { 0x10 },
        always_raw: false,
        tcb,
        value,
    }
}

const fn raw(index: u8, value_type: u8, since: u8, value: &'static [u8]) -> Measurement {
    Measurement {
        index,
        value_type,
        since,
        always_raw: true,
        tcb: false,
        value,
    }
}

impl Measurement {
    /// The measurement block: index, specification, size, DMTF header, value.
    fn block(&self, hash: Hash, raw_wanted: bool) -> Vec<u8> {
        let (value_type, value) = if raw_wanted || self.always_raw {
            (self.value_type | RAW, self.value.to_vec())
        } else {
            (self.value_type, hash.digest(&[self.value]))
        };
        let value_len = value.len() as u16;
        let mut block = vec![self.index, 0x01];
        block.extend((value_len + 3).to_le_bytes());
        block.push(value_type);
        block.extend(value_len.to_le_bytes());
        block.extend(value);
        block
    }
}

/// The measurements that exist in this SPDM version, in index order.
fn measurements(version: u8) -> impl Iterator<Item = &'static Measurement> {
    MEASUREMENTS.iter().filter(move |one| one.since <= version)
}

/// MeasurementSummaryHash of type `summary`: 1 for the TCB, 0xff for everything.
pub fn summary(agreed: &Agreed, summary: u8) -> Vec<u8> {
    let blocks: Vec<u8> = measurements(agreed.version)
        .filter(|one| summary == 0xff || one.tcb)
        .flat_map(|one| one.block(agreed.device.config.measurement_hash, false))
        .collect();
    agreed.selection.hash.digest(&[&blocks])
}

/// MeasurementRecord with all measurements, digests by `hash`.
pub fn record(version: u8, hash: Hash) -> Vec<u8> {
    let blocks = measurements(version).map(|one| one.block(hash, false));
    blocks.collect::<Vec<_>>().concat()
}

/// MEASUREMENTS without its signature, and the slot whose key has to sign, if any.
///
/// # Errors
///
/// UnsupportedRequest without MEAS_CAP; InvalidRequest for an index or a slot that does not
/// exist, or a signature that the device cannot make.
pub fn respond(request: &[u8], agreed: &Agreed) -> Result<(Answer, Option<u8>), Refusal> {
    let config = &agreed.device.config;
    if config.capabilities & MEAS_CAP == 0 {
        return Err(Refusal::unsupported(Kind::Measurements.request_code()));
    }
    if !agreed.selection.measurements {
        return Err(Refusal::new(super::error::UNEXPECTED_REQUEST));
    }
    let version = agreed.version;
    let (attributes, operation) = (request[2], request[3]);
    let mut len = 4;
    let mut slot = None;
    if attributes & SIGNATURE_REQUESTED != 0 {
        require(config.capabilities & MEAS_CAP == MEAS_CAP_SIG)?;
        let _nonce: [u8; 32] = read(request, len)?;
        len += 32;
        // Before SlotIDParam existed, slot 0 signed.
        let mut number = 0;
        if version >= 0x11 {
            let [param] = read(request, len)?;
            len += 1;
            number = param & 0x0f;
        }
        require(agreed.chain(number).is_some())?;
        require(agreed.may(number, MEASUREMENT_USAGE))?;
        slot = Some(number);
    }

    let raw_wanted = version >= 0x12 && attributes & RAW_REQUESTED != 0;
    let all = measurements(version);
    let (count, record): (usize, Vec<u8>) = match operation {
        0 => (0, vec![]),
        _ => {
            let blocks: Vec<Vec<u8>> = all
                .filter(|one| operation == 0xff || operation == one.index)
                .map(|one| one.block(config.measurement_hash, raw_wanted))
                .collect();
            require(!blocks.is_empty())?;
            (blocks.len(), blocks.concat())
        }
    };
    let total = match operation {
        0 => measurements(version).count() as u8,
        _ => 0,
    };
    let param2 = match slot {
        // Bits 5:4 = 2: no change detected.
        Some(slot) if version >= 0x12 => slot | 0x20,
        Some(slot) => slot,
        None => 0,
    };
    let mut message = Message::new(version, Kind::Measurements, total, param2);
    message
        .put("NumberOfBlocks", &[count as u8])
        .put(
            "MeasurementRecordLength",
            &(record.len() as u32).to_le_bytes()[..3],
        )
        .put("MeasurementRecord", &record)
        .put("Nonce", &agreed.device.random.nonce());
    opaque::put(&mut message, agreed);
    if version >= 0x13 {
        let context: [u8; 8] = read(request, len)?;
        message.put("RequesterContext", &context);
        len += context.len();
    }
    Ok(((message, len), slot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_block_has_the_header_that_spdm_emu_sends() {
        let block = MEASUREMENTS[0].block(Hash::Sha512, false);
        assert_eq!(block[..7], [0x01, 0x01, 0x43, 0x00, 0x00, 0x40, 0x00]);
        assert_eq!(block.len(), 4 + 0x43);
    }

    #[test]
    fn raw_block_carries_the_value() {
        let block = MEASUREMENTS[0].block(Hash::Sha512, true);
        assert_eq!(block[..7], [0x01, 0x01, 0x23, 0x00, 0x80, 0x20, 0x00]);
        assert_eq!(block[7..], *MEASUREMENTS[0].value);
    }

    #[test]
    fn types_of_later_versions_are_absent_before() {
        let of = |version| {
            measurements(version)
                .map(|one| one.index)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(0x10), [1, 2, 3, 4]);
        assert_eq!(of(0x11), [1, 2, 3, 4, 0xfd]);
        assert_eq!(of(0x12), [1, 2, 3, 4, 0x10, 0x11, 0xfd, 0xfe]);
    }
}
