// SPDX-License-Identifier: GPL-2.0

//! ERROR.

/// InvalidRequest.
pub const INVALID_REQUEST: u8 = 0x01;
/// UnexpectedRequest.
pub const UNEXPECTED_REQUEST: u8 = 0x04;
/// Unspecified.
pub const UNSPECIFIED: u8 = 0x05;
/// UnsupportedRequest; error data is the request's code.
pub const UNSUPPORTED_REQUEST: u8 = 0x07;
/// ResponseTooLarge; extended data is the response's size, 32 bits.
pub const RESPONSE_TOO_LARGE: u8 = 0x0d;
/// LargeResponse; extended data is the Handle of the transfer, 8 bits.
pub const LARGE_RESPONSE: u8 = 0x0f;
/// DataTooLarge; extended data is the chain's length, 32 bits.
pub const DATA_TOO_LARGE: u8 = 0x12;
/// ResponseNotReady.
pub const RESPONSE_NOT_READY: u8 = 0x42;
/// Token of every ResponseNotReady.
pub const RESPONSE_NOT_READY_TOKEN: u8 = 0x5a;
/// VersionMismatch.
pub const VERSION_MISMATCH: u8 = 0x41;

/// A reason to answer with ERROR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Error code, Param1.
    pub code: u8,
    /// Error data, Param2.
    pub data: u8,
    /// Extended error data.
    pub extended: Vec<u8>,
}

impl Refusal {
    /// ERROR with this code, no data.
    pub fn new(code: u8) -> Self {
        Self {
            code,
            data: 0,
            extended: vec![],
        }
    }

    /// ERROR UnsupportedRequest for a request with this code.
    pub fn unsupported(request_code: u8) -> Self {
        Self {
            data: request_code,
            ..Self::new(UNSUPPORTED_REQUEST)
        }
    }

    /// The ERROR message.
    pub fn to_bytes(&self, version: u8) -> Vec<u8> {
        [&[version, 0x7f, self.code, self.data], &self.extended[..]].concat()
    }
}
