// SPDX-License-Identifier: GPL-2.0

//! GET_KEY_PAIR_INFO and KEY_PAIR_INFO, which no authentication needs: who has several keys has to
//! answer (DSP0274 1.3, MULTI_KEY_CAP).

use super::{
    error::{
        Refusal,
        INVALID_REQUEST, //
    },
    read,
    require,
    Answer,
    Message, //
};
use crate::{
    algorithm::Asym,
    config::GET_KEY_PAIR_INFO_CAP,
    negotiated::Agreed, //
};

/// RequestResponseCode of the request.
pub const GET_KEY_PAIR_INFO: u8 = 0xfc;

/// What is known of one key pair, which never changes: nothing here can be set.
///
/// # Errors
///
/// UnsupportedRequest without GET_KEY_PAIR_INFO_CAP, or before SPDM 1.3; InvalidRequest for a pair
/// that does not exist.
pub fn respond(request: &[u8], agreed: &Agreed) -> Result<Answer, Refusal> {
    let config = &agreed.device.config;
    let version = agreed.version;
    if version < 0x13 || config.capabilities & GET_KEY_PAIR_INFO_CAP == 0 {
        return Err(Refusal::unsupported(GET_KEY_PAIR_INFO));
    }
    let [pair] = read(request, 4)?;
    require(pair != 0)?;
    let slots: Vec<u8> = (0..8)
        .filter(|&slot| agreed.key_pair(slot) == pair)
        .collect();
    // There is none without a slot.
    let first = *slots.first().ok_or(Refusal::new(INVALID_REQUEST))?;

    let asym = agreed.selection.asym;
    let usage = slots
        .iter()
        .fold(0, |usage, &slot| usage | config.usages[usize::from(slot)]);
    let slot_mask = slots.iter().fold(0, |mask, slot| mask | 1 << slot);
    let algorithm = agreed.chains()[&first].key.public_key_algorithm();
    let mut message = Message::with_code(version, GET_KEY_PAIR_INFO & 0x7f, 0, 0);
    message
        .put("TotalKeyPairs", &[agreed.key_pairs()])
        .put("KeyPairID", &[pair])
        .put_u16("Capabilities", 0)
        .put_u16("KeyUsageCapabilities", usage)
        .put_u16("CurrentKeyUsage", usage)
        .put_u32("AsymAlgoCapabilities", key_bit(asym))
        .put_u32("CurrentAsymAlgo", key_bit(asym))
        .put_u16("PublicKeyInfoLen", algorithm.len() as u16)
        .put("AssocCertSlotMask", &[slot_mask])
        .put("PublicKeyInfo", &algorithm);
    if version >= 0x14 {
        let post_quantum = asym.post_quantum_bit();
        message
            .put("PqcAsymAlgoCapLen", &[4])
            .put_u32("PqcAsymAlgoCapabilities", post_quantum)
            .put("CurrentPqcAsymAlgoLen", &[4])
            .put_u32("CurrentPqcAsymAlgo", post_quantum);
    }
    Ok((message, 5))
}

/// The algorithm's bit in AsymAlgoCapabilities, which are not those of BaseAsymAlgo: a key may be
/// used with several of these.
fn key_bit(asym: Asym) -> u32 {
    match asym {
        Asym::Rsassa2048 => 0x01,
        Asym::Rsassa3072 => 0x02,
        Asym::Rsassa4096 => 0x04,
        Asym::EcdsaP256 => 0x08,
        Asym::EcdsaP384 => 0x10,
        Asym::EcdsaP521 => 0x20,
        Asym::MlDsa44 | Asym::MlDsa65 | Asym::MlDsa87 => 0,
    }
}
