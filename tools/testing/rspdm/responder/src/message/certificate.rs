// SPDX-License-Identifier: GPL-2.0

//! GET_CERTIFICATE and CERTIFICATE.

use super::{
    error::Refusal,
    read_u16,
    require,
    Answer,
    Kind,
    Message, //
};
use crate::{
    config::CERT_CAP,
    negotiated::Agreed, //
};

/// Bytes of CERTIFICATE in front of the portion.
const HEADER_LEN: usize = 8;

/// As much of the slot's chain as the requester asks for and the sizes allow.
///
/// # Errors
///
/// UnsupportedRequest without CERT_CAP; InvalidRequest for a slot that is not
/// provisioned or an offset behind the chain.
pub fn respond(request: &[u8], agreed: &Agreed) -> Result<Answer, Refusal> {
    let config = &agreed.device.config;
    if config.capabilities & CERT_CAP == 0 {
        return Err(Refusal::unsupported(Kind::Certificate.request_code()));
    }
    let offset = usize::from(read_u16(request, 4)?);
    let length = usize::from(read_u16(request, 6)?);
    // Bits 7:4 are reserved, or ask for the large form, which is for chains beyond 64 KiB.
    let slot = request[2];
    let Some(chain) = agreed.chains().get(&slot) else {
        return Err(Refusal::new(super::INVALID_REQUEST));
    };
    let chain = chain.to_bytes(agreed.selection.hash);
    require(offset < chain.len() && length > 0)?;

    let portion = (chain.len() - offset)
        .min(length)
        .min(agreed.response_limit() - HEADER_LEN)
        .min(usize::from(config.portion));
    let remainder = chain.len() - offset - portion;
    let mut message = Message::new(agreed.version, Kind::Certificate, slot, 0);
    message
        .put_u16("PortionLength", portion as u16)
        .put_u16("RemainderLength", remainder as u16)
        .put("CertChain", &chain[offset..offset + portion]);
    Ok((message, HEADER_LEN))
}
