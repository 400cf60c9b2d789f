// SPDX-License-Identifier: GPL-2.0

//! GET_DIGESTS and DIGESTS.

use super::{
    error::Refusal,
    Answer,
    Kind,
    Message, //
};
use crate::{
    config::CERT_CAP,
    negotiated::Agreed, //
};

/// A digest of each provisioned slot's chain.
///
/// # Errors
///
/// UnsupportedRequest without CERT_CAP.
pub fn respond(agreed: &Agreed) -> Result<Answer, Refusal> {
    let config = &agreed.device.config;
    if config.capabilities & CERT_CAP == 0 {
        return Err(Refusal::unsupported(Kind::Digests.request_code()));
    }
    // SupportedSlotMask since 1.3: every slot of this device is provisioned.
    let supported = if agreed.version >= 0x13 {
        config.slots
    } else {
        0
    };
    let mut message = Message::new(agreed.version, Kind::Digests, supported, config.slots);
    let hash = agreed.selection.hash;
    for chain in agreed.chains().values() {
        message.put("Digest", &hash.digest(&[&chain.to_bytes(hash)]));
    }
    Ok((message, 4))
}
