// SPDX-License-Identifier: GPL-2.0

//! ERROR, as DSP0274 1.0 to 1.4 have it in "ERROR response message format".

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    version::Version,
    wire::error_rsp::{
        detect,
        ErrorResponse, //
    },
};

use super::{
    wire,
    Judge,
    Wrong, //
};

/// What an ERROR says.
#[derive(Debug, PartialEq)]
enum Said {
    /// It is none.
    Nothing,
    /// ResponseNotReady: RDTExponent and Token.
    NotReady(u32, u8),
    /// LargeResponse: Handle.
    Large(u8),
    /// Another code.
    Code(u8),
}

/// Compares parser and model; `code` is the request's.
pub fn check(code: u8, version: Version, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let said = read(&mut judge, code, version);
    let found = detect(Untrusted::from_ref(bytes), code, version);
    let Some(found) = judge.compare(found) else {
        return;
    };
    let found = match found {
        None => Said::Nothing,
        Some(ErrorResponse::NotReady(not_ready)) => {
            let delay = not_ready.delay_us();
            assert!(delay.is_power_of_two());
            Said::NotReady(delay.trailing_zeros(), not_ready.token())
        }
        Some(ErrorResponse::Large { handle }) => Said::Large(handle),
        Some(ErrorResponse::Other(code)) => Said::Code(code.to_wire()),
    };
    assert_eq!(Some(found), said);
}

fn read(judge: &mut Judge<'_>, code: u8, version: Version) -> Option<Said> {
    if judge.rest().get(1) != Some(&0x7f) {
        return Some(Said::Nothing);
    }
    let header = judge.take(4)?;
    // Devices were seen that always send 1.0.
    let is_version = header[0] == 0x10 || header[0] == wire(version);
    judge.demand(is_version, Wrong::Misbehaved);
    match header[2] {
        0x42 => {
            let data = judge.take(4)?;
            judge.demand(data[1] == code, Wrong::Misbehaved);
            judge.demand(data[0] <= 31, Wrong::Malformed);
            Some(Said::NotReady(data[0].into(), data[2]))
        }
        0x0f if version >= Version::V1_2 => Some(Said::Large(judge.byte()?)),
        code => Some(Said::Code(code)),
    }
}
