// SPDX-License-Identifier: GPL-2.0

//! ERROR with each code instead of a response.

use crate::message::{
    error::{
        Refusal,
        RESPONSE_NOT_READY,
        RESPONSE_NOT_READY_TOKEN,
        UNSUPPORTED_REQUEST, //
    },
    Kind, //
};

/// How connect ends if ERROR with this code comes instead of a response: always, and once.
pub fn errnos_of_error(kind: Kind, code: u8) -> (&'static str, &'static str) {
    match (kind, code) {
        // There is nothing before GET_VERSION to start again with, nor may it be put off.
        (Kind::Version, 0x04 | 0x41..=0x43) => REFUSED,
        _ => {
            let row = ERRORS.iter().find(|(_, known, ..)| *known == code);
            row.map_or(REFUSED, |(.., always, once)| (*always, *once))
        }
    }
}

const REFUSED: (&str, &str) = ("EREMOTEIO", "EREMOTEIO");

/// ERROR with this code, and as much extended data as belongs to it.
pub(in crate::fault) fn refusal(code: u8) -> Refusal {
    let row = ERRORS.iter().find(|(_, known, ..)| *known == code);
    let extended = row.map_or(&[][..], |(_, _, extended, ..)| extended);
    Refusal {
        extended: extended.to_vec(),
        ..Refusal::new(code)
    }
}

/// Fills in what depends on the request.
pub(in crate::fault) fn complete(refusal: &mut Refusal, request: &[u8], argument: Option<u32>) {
    let code = request.get(1).copied().unwrap_or(0);
    if refusal.code == RESPONSE_NOT_READY {
        // RDTExponent, RequestCode, Token, RDTM.
        refusal.extended[1] = code;
        if let Some(exponent) = argument {
            refusal.extended[0] = exponent as u8;
        }
    } else {
        let data = if refusal.code == UNSUPPORTED_REQUEST {
            code
        } else {
            0
        };
        refusal.data = argument.map_or(data, |data| data as u8);
    }
}

/// One row per error code: name, code, extended data, errno always, errno once.
#[rustfmt::skip]
pub(super) const ERRORS: &[(&str, u8, &[u8], &str, &str)] = &[
    ("invalid-request", 0x01, &[], "EREMOTEIO", "EREMOTEIO"),
    ("invalid-session", 0x02, &[], "EREMOTEIO", "EREMOTEIO"),
    ("busy", 0x03, &[], "EBUSY", "0"),
    ("unexpected-request", 0x04, &[], "EREMOTEIO", "0"),
    ("unspecified", 0x05, &[], "EREMOTEIO", "EREMOTEIO"),
    ("decrypt-error", 0x06, &[], "EREMOTEIO", "EREMOTEIO"),
    ("unsupported-request", 0x07, &[], "EREMOTEIO", "EREMOTEIO"),
    ("request-in-flight", 0x08, &[], "EREMOTEIO", "EREMOTEIO"),
    ("invalid-response-code", 0x09, &[], "EREMOTEIO", "EREMOTEIO"),
    ("session-limit-exceeded", 0x0a, &[], "EREMOTEIO", "EREMOTEIO"),
    ("session-required", 0x0b, &[], "EREMOTEIO", "EREMOTEIO"),
    ("reset-required", 0x0c, &[], "EREMOTEIO", "EREMOTEIO"),
    ("response-too-large", 0x0d, &[0, 0, 1, 0], "EREMOTEIO", "EREMOTEIO"),
    ("request-too-large", 0x0e, &[], "EREMOTEIO", "EREMOTEIO"),
    // Handle of a transfer that does not exist.
    ("large-response", 0x0f, &[1], "EREMOTEIO", "EREMOTEIO"),
    ("message-lost", 0x10, &[], "EREMOTEIO", "0"),
    ("invalid-policy", 0x11, &[], "EREMOTEIO", "EREMOTEIO"),
    ("data-too-large", 0x12, &[0, 0, 2, 0], "EREMOTEIO", "EREMOTEIO"),
    ("version-mismatch", 0x41, &[], "EREMOTEIO", "0"),
    // RDTExponent: about a millisecond, or the argument. RESPOND_IF_READY gets the answer.
    ("response-not-ready", 0x42, &[10, 0, RESPONSE_NOT_READY_TOKEN, 2], "ETIMEDOUT", "0"),
    ("request-resynch", 0x43, &[], "EREMOTEIO", "0"),
    ("operation-failed", 0x44, &[], "EREMOTEIO", "EREMOTEIO"),
    ("no-pending-requests", 0x45, &[], "EREMOTEIO", "EREMOTEIO"),
    ("session-terminated", 0x46, &[], "EREMOTEIO", "EREMOTEIO"),
    ("invalid-state", 0x47, &[], "EREMOTEIO", "EREMOTEIO"),
    ("vendor-defined", 0xff, &[], "EREMOTEIO", "EREMOTEIO"),
    ("code-0", 0x00, &[], "EREMOTEIO", "EREMOTEIO"),
    ("code-unknown", 0x7b, &[], "EREMOTEIO", "EREMOTEIO"),
];
