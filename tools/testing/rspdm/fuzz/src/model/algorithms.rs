// SPDX-License-Identifier: GPL-2.0

//! ALGORITHMS, as DSP0274 1.0 to 1.4 have it in "Successful ALGORITHMS response message format".

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    negotiated::OpaqueFormat,
    version::Version,
    wire::algorithms::{
        AlgorithmsResponse,
        Offer, //
    },
};

use super::{
    Judge,
    Wrong, //
};

/// Compares parser and model.
pub fn check(version: Version, offer: Offer, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let facts = read(&mut judge, version, offer);
    let context = (version, offer);
    let found = Untrusted::from_ref(bytes).validate_with::<AlgorithmsResponse<'_>, _>(context);
    let Some(found) = judge.compare(found) else {
        return;
    };
    let facts = facts.expect("read to the end");
    assert_eq!(found.bytes, &bytes[..judge.at()]);
    let found = found.algorithms;
    assert_eq!(found.hash.to_wire(), facts.hash);
    assert_eq!(found.asym.to_wire(), facts.asym);
    let measurement_hash = found.measurement_hash.map(|hash| hash.to_wire());
    assert_eq!(measurement_hash, facts.measurement_hash);
    let opaque = match (version >= Version::V1_2, facts.parameters) {
        (false, _) => OpaqueFormat::Free,
        (true, 0) => OpaqueFormat::None,
        (true, _) => OpaqueFormat::Format1,
    };
    assert_eq!(found.opaque, opaque);
}

struct Facts {
    hash: u32,
    /// PqcAsymSel above BaseAsymSel.
    asym: u64,
    measurement_hash: Option<u32>,
    parameters: u8,
}

fn read(judge: &mut Judge<'_>, version: Version, offer: Offer) -> Option<Facts> {
    let (tables, _) = judge.header(version, 0x63)?;
    let length = judge.number(2)?;
    let specification = judge.byte()?;
    let other_params = judge.byte()?;
    let mut measurement_hash = Some(judge.number(4)?);
    let mut asym = u64::from(judge.number(4)?);
    let hash = judge.number(4)?;
    let post_quantum = u64::from(judge.number(4)?);
    if version >= Version::V1_4 {
        asym |= post_quantum << 32;
    }
    judge.take(7)?;
    let log = judge.byte()?;
    let extended = judge.number(2)?;
    judge.take(2)?;

    // We offer the DMTF's measurements, OpaqueDataFmt1, no log, and nothing from other standards.
    judge.demand(specification <= 1, Wrong::Misbehaved);
    // Bits 3:0 are the format, bit 4 is from 1.3 on, and no bit above is of any version.
    let parameters = match version {
        Version::V1_0 | Version::V1_1 => 0,
        Version::V1_2 => other_params % 16,
        Version::V1_3 | Version::V1_4 => other_params % 32,
    };
    let is_format = parameters == 0 || parameters == 2;
    judge.demand(is_format, Wrong::Misbehaved);
    judge.demand(version < Version::V1_3 || log == 0, Wrong::Misbehaved);
    judge.demand(extended == 0, Wrong::Misbehaved);
    demand_selection(judge, hash.into(), offer.hashes.to_wire().into());
    demand_selection(judge, asym, offer.signatures.to_wire());
    if specification == 1 {
        let bits = measurement_hash.map_or(0, u32::count_ones);
        judge.demand(bits <= 1, Wrong::Misbehaved);
    }
    // It means something if there are measurements, and if we know it.
    measurement_hash = measurement_hash.filter(|bit| specification == 1 && (1..256).contains(bit));

    if version > Version::V1_0 {
        let mut types = if version < Version::V1_4 {
            2..=5
        } else {
            2..=7
        };
        for _ in 0..tables {
            let (kind, count, selected) = (judge.byte()?, judge.byte()?, judge.number(2)?);
            // Each type at most once, in ascending order.
            let is_due = types.any(|due| due == kind);
            judge.demand(is_due && count == 0x20, Wrong::Malformed);
            judge.demand(selected == 0, Wrong::Misbehaved);
        }
    }
    let is_length = length as usize == judge.at();
    judge.demand(is_length, Wrong::Malformed);
    judge.end();
    Some(Facts {
        hash,
        asym,
        measurement_hash,
        parameters,
    })
}

/// One of those that were offered must be selected.
fn demand_selection(judge: &mut Judge<'_>, selected: u64, offered: u64) {
    if selected == 0 {
        judge.demand(false, Wrong::Unsupported);
    } else {
        let is_one = selected.count_ones() == 1 && selected & !offered == 0;
        judge.demand(is_one, Wrong::Misbehaved);
    }
}
