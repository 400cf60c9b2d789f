// SPDX-License-Identifier: GPL-2.0

//! CAPABILITIES, as DSP0274 1.0 to 1.4 have it in "Successful CAPABILITIES response message format".

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    capability::MeasurementCapability,
    version::Version,
    wire::capabilities::Capabilities, //
};

use super::{
    Judge,
    Wrong, //
};

/// Compares parser and model.
pub fn check(version: Version, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let facts = read(&mut judge, version);
    let found = Untrusted::from_ref(bytes).validate_with::<Capabilities<'_>, _>(version);
    let Some(found) = judge.compare(found) else {
        return;
    };
    let facts = facts.expect("read to the end");
    assert_eq!(found.bytes, &bytes[..judge.at()]);
    let (peer, flags) = (found.peer, facts.flags);
    assert_eq!(peer.flags.to_wire(), flags);
    assert_eq!(peer.ct_exponent, facts.ct_exponent);
    assert_eq!(peer.data_transfer_size, facts.sizes.map(|sizes| sizes.0));
    let joins = facts.sizes.filter(|_| bit(flags, 17));
    assert_eq!(peer.max_spdm_msg_size, joins.map(|sizes| sizes.1));
    assert_eq!(peer.flags.has_certificates(), bit(flags, 1));
    assert_eq!(peer.flags.can_be_challenged(), bit(flags, 2));
    assert_eq!(peer.flags.can_chunk(), bit(flags, 17));
    assert_eq!(peer.flags.has_large_responses(), bit(flags, 31));
    assert_eq!(peer.flags.can_multi_key(), bit(flags, 26) || bit(flags, 27));
    let measurements = match (bit(flags, 3), bit(flags, 4)) {
        (false, false) => MeasurementCapability::None,
        (true, false) => MeasurementCapability::Unsigned,
        _ => MeasurementCapability::Signed,
    };
    assert_eq!(peer.flags.measurements(), measurements);
}

struct Facts {
    ct_exponent: u8,
    flags: u32,
    sizes: Option<(u32, u32)>,
}

fn read(judge: &mut Judge<'_>, version: Version) -> Option<Facts> {
    judge.header(version, 0x61)?;
    judge.byte()?;
    let ct_exponent = judge.byte()?;
    judge.take(2)?;
    // How many bits of Flags the version defines, from the lowest on.
    let defined = match version {
        Version::V1_0 => 6,
        Version::V1_1 => 17,
        Version::V1_2 => 22,
        Version::V1_3 => 30,
        Version::V1_4 => 32,
    };
    let flags = judge.number(4)? & (u32::MAX >> (32 - defined));
    judge.demand(ct_exponent <= 31, Wrong::Malformed);
    // MEAS_CAP, PSK_CAP, EP_INFO_CAP, MULTI_KEY_CAP
    for lowest in [3, 10, 22, 26] {
        let is_reserved = bit(flags, lowest) && bit(flags, lowest + 1);
        judge.demand(!is_reserved, Wrong::Misbehaved);
    }
    let mut sizes = None;
    if version >= Version::V1_2 {
        let (transfer, message) = (judge.number(4)?, judge.number(4)?);
        judge.demand(transfer >= 42, Wrong::Misbehaved);
        judge.demand(message >= transfer, Wrong::Misbehaved);
        judge.demand(message == transfer || bit(flags, 17), Wrong::Misbehaved);
        sizes = Some((transfer, message));
    }
    judge.end();
    Some(Facts {
        ct_exponent,
        flags,
        sizes,
    })
}

fn bit(flags: u32, number: u32) -> bool {
    flags >> number & 1 == 1
}
