// SPDX-License-Identifier: GPL-2.0

//! GET_CERTIFICATE and CERTIFICATE.

use super::{
    error::{
        Refusal,
        DATA_TOO_LARGE,
        UNSPECIFIED, //
    },
    read_u16,
    read_u32,
    require,
    Answer,
    Kind,
    Message, //
};
use crate::{
    config::{
        CERT_CAP,
        LARGE_RESP_CAP, //
    },
    negotiated::Agreed, //
};

/// LargeCertChain, in Param1.
const LARGE: u8 = 0x80;

/// As much of the slot's chain as the requester asks for and the sizes allow.
///
/// # Errors
///
/// UnsupportedRequest without CERT_CAP; InvalidRequest for a slot that is not
/// provisioned or an offset behind the chain; DataTooLarge if the small form
/// cannot tell the chain's length, or Unspecified where that does not exist.
pub fn respond(request: &[u8], agreed: &Agreed) -> Result<Answer, Refusal> {
    let config = &agreed.device.config;
    if config.capabilities & CERT_CAP == 0 {
        return Err(Refusal::unsupported(Kind::Certificate.request_code()));
    }
    let has_large = agreed.version >= 0x14 && config.capabilities & LARGE_RESP_CAP != 0;
    let is_large = has_large && request[2] & LARGE != 0;
    // The other bits are reserved.
    let slot = if is_large {
        request[2] & !LARGE
    } else {
        request[2]
    };
    let (offset, length, header_len) = match is_large {
        true => (read_u32(request, 8)?, read_u32(request, 12)?, 16),
        false => (
            read_u16(request, 4)?.into(),
            read_u16(request, 6)?.into(),
            8,
        ),
    };
    let (offset, length) = (offset as usize, length as usize);
    let Some(chain) = agreed.chain(slot) else {
        return Err(Refusal::new(super::INVALID_REQUEST));
    };
    let chain = chain.to_bytes(agreed.selection.hash);
    if !is_large && chain.len() > 0xffff {
        return Err(match agreed.version {
            0x14.. => Refusal {
                extended: (chain.len() as u32).to_le_bytes().to_vec(),
                ..Refusal::new(DATA_TOO_LARGE)
            },
            _ => Refusal::new(UNSPECIFIED),
        });
    }
    require(offset < chain.len() && length > 0)?;

    let portion = (chain.len() - offset)
        .min(length)
        .min(agreed.response_limit() - header_len)
        .min(config.portion as usize);
    let remainder = chain.len() - offset - portion;
    let model = match agreed.selection.multi_key {
        true => config.models[usize::from(slot)],
        false => 0,
    };
    let mut message = Message::new(agreed.version, Kind::Certificate, request[2], model);
    if is_large {
        message
            .put("Reserved", &[0; 4])
            .put_u32("PortionLength", portion as u32)
            .put_u32("RemainderLength", remainder as u32);
    } else {
        message
            .put_u16("PortionLength", portion as u16)
            .put_u16("RemainderLength", remainder as u16);
    }
    message.put("CertChain", &chain[offset..offset + portion]);
    // The request is as long as the response's header.
    Ok((message, header_len))
}
