// SPDX-License-Identifier: GPL-2.0

//! CERTIFICATE, with all of the chain in one portion.

use super::{
    Change::{
        Ones,
        Zeros, //
    },
    *,
};

/// More than there is, or than was asked for; or less, so that something follows.
const OTHER_LENGTH: Outcome = Outcome::any(&["EBADMSG", "EPROTO"]);
/// The requester asks for more than there is, or knows that there cannot be as much.
const MORE: Outcome = Outcome::any(&["EREMOTEIO", "EPROTO"]);
/// What the chain says of itself, its digest, or a certificate in it.
const ALTERED: Outcome = Outcome::any(&["EKEYREJECTED", "EBADMSG"]);

pub(super) const FIELDS: &[Field] = &[
    // SlotID, and LargeCertChain in 1.4.
    field("param1", "Param1", 1, Rule::Fixed).but(&[
        flip(0x70, Outcome::ACCEPT),
        flip(0x80, Outcome::ACCEPT).before(0x14),
        set(&[Zeros], Outcome::ACCEPT).before(0x14),
    ]),
    field("param2", "Param2", 1, Rule::Reserved),
    // PortionLength and RemainderLength of the small form.
    field("reserved", "Reserved", 4, Rule::Reserved).since(0x14),
    field("portion-length", "PortionLength", 2, Rule::Length)
        .before(0x14)
        .but(PORTION_LENGTH),
    field("large-portion-length", "PortionLength", 4, Rule::Length)
        .since(0x14)
        .but(PORTION_LENGTH),
    field("remainder-length", "RemainderLength", 2, Rule::Length)
        .before(0x14)
        .but(REMAINDER_LENGTH),
    field("large-remainder-length", "RemainderLength", 4, Rule::Length)
        .since(0x14)
        .but(REMAINDER_LENGTH),
    sized("cert-chain", "CertChain", Size::Chain, Rule::Proof).but(&[set(&Change::ALL, ALTERED)]),
    field("chain-length", "CertChain", 2, Rule::Length).inside(0),
    // The upper half of the length in 1.4; before, the digest tells.
    field("chain-reserved", "CertChain", 2, Rule::Length)
        .inside(2)
        .but(&[set(&[Zeros], Outcome::ACCEPT), set(&Change::ALL, ALTERED)]),
    field("root-hash", "CertChain", 32, Rule::Proof).inside(4),
];

const PORTION_LENGTH: &[Exception] = &[
    set(&[Zeros, Ones], Outcome::ILLEGAL),
    set(&Change::ALL, OTHER_LENGTH),
];

const REMAINDER_LENGTH: &[Exception] = &[set(&[Zeros], Outcome::ACCEPT), set(&Change::ALL, MORE)];
