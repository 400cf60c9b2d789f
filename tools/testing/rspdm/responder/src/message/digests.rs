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
    let provisioned = agreed.provisioned();
    // SupportedSlotMask since 1.3.
    let supported = if agreed.version >= 0x13 {
        provisioned | config.empty_slots
    } else {
        0
    };
    let mut message = Message::new(agreed.version, Kind::Digests, supported, provisioned);
    let hash = agreed.selection.hash;
    let slots: Vec<usize> = (0..8).filter(|slot| provisioned & 1 << slot != 0).collect();
    for &slot in &slots {
        let digest = match agreed.chain(slot as u8) {
            Some(chain) => hash.digest(&[&chain.to_bytes(hash)]),
            None => vec![0; hash.digest_len()],
        };
        message.put("Digest", &digest);
    }
    if agreed.selection.multi_key {
        // Array by array, not slot by slot.
        let pairs = slots.iter().map(|&slot| agreed.key_pair(slot as u8));
        message.put("KeyPairID", &pairs.collect::<Vec<_>>());
        let models = slots.iter().map(|&slot| config.models[slot]);
        message.put("CertificateInfo", &models.collect::<Vec<_>>());
        let usages = slots
            .iter()
            .flat_map(|&slot| config.usages[slot].to_le_bytes());
        message.put("KeyUsageMask", &usages.collect::<Vec<_>>());
    }
    Ok((message, 4))
}
