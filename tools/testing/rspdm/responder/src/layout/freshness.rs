// SPDX-License-Identifier: GPL-2.0

//! What CHALLENGE_AUTH and MEASUREMENTS end with.

use super::*;

/// What follows begins elsewhere then, and RequesterContext or the signature is none.
const OTHER_LENGTH: Outcome = Outcome::any(&["EBADMSG", "EPROTO", "EKEYREJECTED"]);

pub(super) const FIELDS: &[Field] = &[
    field("nonce", "Nonce", 32, Rule::Own),
    field("opaque-data-length", "OpaqueDataLength", 2, Rule::Length)
        .with(opaque_data)
        .but(&[set(&Change::ALL, OTHER_LENGTH)]),
    // It has a format from 1.2 on.
    field("opaque-data", "OpaqueData", 16, Rule::Own)
        .with(opaque_data)
        .but(&[set(&Change::ALL, Outcome::TOLERATE).since(0x12)]),
    field("requester-context", "RequesterContext", 8, Rule::Fixed).since(0x13),
    sized("signature", SIGNATURE, Size::Signature, Rule::Proof),
];

/// Makes sure that there is opaque data.
pub(super) fn opaque_data(config: &mut Config) {
    config.opaque_len = 16;
}
