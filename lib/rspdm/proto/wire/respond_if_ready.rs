// SPDX-License-Identifier: GPL-2.0

//! RESPOND_IF_READY: asks for a response that the device was not ready to give.
//!
//! DSP0274 1.0, "RESPOND_IF_READY request message format". Its answer is the response to the
//! original request, or another ERROR.

use super::{
    encode::RequestBytes,
    header::Header, //
};
use crate::proto::version::Version;

/// RequestResponseCode.
const RESPOND_IF_READY: u8 = 0xff;

/// Asks whether the response to the request with the code `original` is ready; `token` is what the
/// device gave for it.
pub fn encode(version: Version, original: u8, token: u8) -> RequestBytes {
    RequestBytes::new(&Header {
        version: version.to_wire(),
        code: RESPOND_IF_READY,
        param1: original,
        param2: token,
    })
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_respond_if_ready))]
mod tests {
    use super::*;

    #[test]
    fn request_names_the_original_and_the_token() {
        let request = encode(Version::V1_2, 0x83, 0x5a);
        // SPDMVersion, RESPOND_IF_READY, original code, token
        assert_eq!(request.as_bytes(), [0x12, 0xff, 0x83, 0x5a].as_slice());
    }
}
