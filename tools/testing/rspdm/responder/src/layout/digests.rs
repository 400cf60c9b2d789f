// SPDX-License-Identifier: GPL-2.0

//! DIGESTS, of a device with a chain in slot 0.

use super::{
    Change::{
        Ones,
        Zeros, //
    },
    *,
};
use crate::config::MULTI_KEY_NEG;

pub(super) const FIELDS: &[Field] = &[
    // SupportedSlotMask.
    field("param1", "Param1", 1, Rule::Own).but(&[
        flip(0x01, Outcome::ILLEGAL).since(0x13),
        set(&[Zeros], Outcome::ILLEGAL).since(0x13),
    ]),
    // SlotMask, ProvisionedSlotMask.
    field("param2", "Param2", 1, Rule::Count).but(&[
        flip(0xfe, Outcome::ILLEGAL).since(0x13),
        set(&[Ones], Outcome::ILLEGAL).since(0x13),
        // Slot 1 instead of slot 0, and none.
        set(&[Change::More], Outcome::any(&["EPROTO"])).since(0x13),
        set(
            &[Change::More],
            Outcome::any(&["EKEYREJECTED", "EREMOTEIO"]),
        ),
    ]),
    // Others compare nothing before CertChainHash.
    sized("digest", "Digest", Size::Digest, Rule::Proof)
        .but(&[set(&Change::ALL, Outcome::DISPROVED.left_open())]),
    field("key-pair-id", "KeyPairID", 1, Rule::Own)
        .since(0x13)
        .with(multi_key),
    field("certificate-info", "CertificateInfo", 1, Rule::Fixed)
        .since(0x13)
        .with(multi_key)
        .but(&[
            // Bits 7:3 are reserved.
            flip(0xf8, Outcome::ACCEPT),
        ]),
    field("key-usage-mask", "KeyUsageMask", 2, Rule::Own)
        .since(0x13)
        .with(multi_key)
        .but(&[
            // CHALLENGE.
            flip(0x0002, Outcome::LACKING),
            set(&[Zeros], Outcome::ILLEGAL),
        ]),
];

fn multi_key(config: &mut Config) {
    config.capabilities |= MULTI_KEY_NEG;
}
