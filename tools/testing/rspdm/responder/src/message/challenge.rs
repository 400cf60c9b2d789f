// SPDX-License-Identifier: GPL-2.0

//! CHALLENGE and CHALLENGE_AUTH.

use super::{
    error::Refusal,
    measurements,
    opaque,
    read,
    require,
    Answer,
    Kind,
    Message, //
};
use crate::{
    config::{
        CHAL_CAP,
        MEAS_CAP, //
    },
    negotiated::Agreed, //
};

/// Bit of KeyUsageMask.
const CHALLENGE_USAGE: u16 = 0x02;

/// CHALLENGE_AUTH without its signature, and the slot whose key has to sign.
///
/// # Errors
///
/// UnsupportedRequest without CHAL_CAP; InvalidRequest for a slot that is not provisioned, a key
/// that is for something else, or a measurement summary that does not exist.
pub fn respond(request: &[u8], agreed: &Agreed) -> Result<(Answer, u8), Refusal> {
    let config = &agreed.device.config;
    if config.capabilities & CHAL_CAP == 0 {
        return Err(Refusal::unsupported(Kind::Challenge.request_code()));
    }
    let _nonce: [u8; 32] = read(request, 4)?;
    let (slot, summary) = (request[2], request[3]);
    let Some(chain) = agreed.chain(slot) else {
        return Err(Refusal::new(super::INVALID_REQUEST));
    };
    require(agreed.may(slot, CHALLENGE_USAGE))?;
    require(matches!(summary, 0 | 1 | 0xff))?;
    require(summary == 0 || config.capabilities & MEAS_CAP != 0)?;

    let hash = agreed.selection.hash;
    let mut message = Message::new(agreed.version, Kind::Challenge, slot, agreed.provisioned());
    message
        .put("CertChainHash", &hash.digest(&[&chain.to_bytes(hash)]))
        .put("Nonce", &agreed.device.random.nonce());
    if summary != 0 {
        let summary = measurements::summary(agreed, summary);
        message.put("MeasurementSummaryHash", &summary);
    }
    opaque::put(&mut message, agreed);
    let mut len = 36;
    if agreed.version >= 0x13 {
        let context: [u8; 8] = read(request, len)?;
        message.put("RequesterContext", &context);
        len += context.len();
    }
    Ok(((message, len), slot))
}
