// SPDX-License-Identifier: GPL-2.0

//! CHALLENGE_AUTH, of slot 0, without a measurement summary.

use super::{
    Change::{
        Ones,
        Zeros, //
    },
    *,
};

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
];
