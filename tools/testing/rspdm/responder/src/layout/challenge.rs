// SPDX-License-Identifier: GPL-2.0

//! CHALLENGE_AUTH, of slot 0, without a measurement summary.

use super::{
    Change::{
        Ones,
        Zeros, //
    },
    *,
};

/// What follows begins elsewhere then, and RequesterContext or the signature is none.
pub(super) const OTHER_LENGTH: Outcome = Outcome::any(&["EBADMSG", "EPROTO", "EKEYREJECTED"]);

pub(super) const FIELDS: &[Field] = &[
    // SlotID; BasicMutAuthReq from 1.1 on.
    field("param1", "Param1", 1, Rule::Fixed).but(&[
        flip(0x70, Outcome::ACCEPT).since(0x11),
        set(&[Zeros], Outcome::ACCEPT),
    ]),
    // The slots that hold a chain.
    field("param2", "Param2", 1, Rule::Fixed).but(&[
        flip(0xfe, Outcome::TOLERATE),
        set(&[Ones], Outcome::TOLERATE),
    ]),
    sized(
        "cert-chain-hash",
        "CertChainHash",
        Size::Digest,
        Rule::Proof,
    ),
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
