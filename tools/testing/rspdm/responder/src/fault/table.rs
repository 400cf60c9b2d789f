// SPDX-License-Identifier: GPL-2.0

//! The table of faults.
//!
//! A row of [`SPECIAL`] is about one message; a row of [`GENERAL`] and one of
//! [`ERRORS`] is about every message.

mod algorithms;
mod capabilities;
mod certificate;
mod chain;
mod challenge;
mod chunk;
mod digests;
mod errors;
mod keys;
mod measurements;
mod version;

pub use errors::errnos_of_error;
pub(super) use errors::{
    complete,
    refusal, //
};

use super::{
    Action::{
        self,
        Body,
        Cut,
        Deliver,
        Device,
        Replay,
        Setup,
        Sign,
        Wire, //
    },
    Delivery,
    Fault,
    Site, //
};
use crate::{
    algorithm::Asym,
    config::{
        Config,
        Defect,
        ALIAS_CERT_CAP,
        CHAL_CAP,
        CHUNK_CAP,
        MEAS_CAP,
        MEAS_CAP_NO_SIG,
        MULTI_KEY_NEG,
        MULTI_KEY_ONLY,
        SAN_OTHER, //
    },
    keys::{
        Key,
        Role, //
    },
    layout::{
        small_sends,
        small_transfers, //
    },
    message::{
        Kind,
        Message, //
    },
    random::Random,
    signing::{
        self,
        Signing, //
    },
};

/// Every fault there is.
pub fn all() -> Vec<Fault> {
    let mut faults = vec![];
    for kind in Kind::ALL {
        let special = SPECIAL.into_iter().flatten();
        let of_kind = special.filter(|(special, ..)| *special == kind);
        for (_, what, errno, since, effect, actions) in of_kind {
            let newer = NEWER
                .iter()
                .find(|(of, name, ..)| (of, name) == (&kind, what));
            faults.push(Fault {
                kind,
                what: (*what).into(),
                errno,
                errno_once: errno,
                newer: newer.map(|(_, _, since, errno)| (*since, *errno)),
                since: *since,
                effect: (*effect).into(),
                actions: actions.to_vec(),
            });
        }
        for (what, errno, effect, action) in GENERAL {
            faults.push(Fault {
                kind,
                what: (*what).into(),
                errno,
                errno_once: errno,
                newer: None,
                since: since(kind),
                effect: format!("{}: {effect}", kind.response_name()),
                actions: with_setup(kind, action.clone()),
            });
        }
        for (what, code, ..) in errors::ERRORS {
            let (errno, errno_once) = errnos_of_error(kind, *code);
            faults.push(Fault {
                kind,
                what: format!("error-{what}"),
                errno,
                errno_once,
                newer: None,
                since: since(kind),
                effect: format!(
                    "{}: ERROR with code {code:#04x} instead",
                    kind.response_name()
                ),
                actions: with_setup(kind, Action::Refuse(refusal(*code))),
            });
        }
    }
    faults
}

/// The first version that has messages of a kind, with the setup that they need.
pub fn since(kind: Kind) -> u8 {
    match kind {
        // The first request with more than 42 bytes is CHALLENGE of 1.3.
        Kind::ChunkSend => 0x13,
        Kind::ChunkGet => 0x12,
        _ => 0x10,
    }
}

/// The action, and what makes sure that there is a message to which it applies.
pub(super) fn with_setup(kind: Kind, action: Action) -> Vec<Action> {
    match kind {
        Kind::ChunkGet => vec![Setup(small_sends), action],
        Kind::ChunkSend => vec![Setup(small_transfers), action],
        _ => vec![action],
    }
}

/// One row per way to spoil any message.
const GENERAL: &[(&str, &str, &str, Action)] = &[
    (
        "truncated",
        "EBADMSG",
        "ends a dword too early, or after as many bytes as the argument says",
        Wire(|bytes, site| {
            // DOE would fill up what is cut within a dword.
            let len = bytes.len().saturating_sub(1) & !3;
            bytes.truncate(site.number(len));
        }),
    ),
    (
        "header-only",
        "EBADMSG",
        "ends after the four bytes that all messages begin with",
        Wire(|bytes, _| bytes.truncate(4)),
    ),
    (
        "empty",
        "EBADMSG",
        "a data object without content",
        Wire(|bytes, _| bytes.clear()),
    ),
    (
        "extended",
        "EBADMSG",
        "64 bytes follow, or as many as the argument says, which belong to no field",
        Wire(|bytes, site| bytes.resize(bytes.len() + site.number(64), 0xee)),
    ),
    (
        "wrong-version",
        "EPROTO",
        "SPDMVersion 0x1f, or the argument",
        Wire(|bytes, site| {
            if let Some(version) = bytes.first_mut() {
                *version = site.number(0x1f) as u8;
            }
        }),
    ),
    (
        "wrong-code",
        "EPROTO",
        "RequestResponseCode of another response, or the argument",
        Wire(|bytes, site| {
            if let Some(code) = bytes.get_mut(1) {
                let other = if *code == 0x01 { 0x02 } else { 0x01 };
                *code = site.number(other) as u8;
            }
        }),
    ),
    (
        "dirty-padding",
        "0",
        "bytes that fill the last dword are not zero",
        Deliver(Delivery::DirtyPadding),
    ),
    (
        "slow",
        "0",
        "comes after 300 ms, or as many as the argument says; more than 1000 are too many for DOE",
        Deliver(Delivery::Late),
    ),
    (
        "lost",
        "EIO",
        "a data object of impossible length: QEMU discards it, the mailbox stays silent",
        Deliver(Delivery::Lost),
    ),
    (
        "silence",
        "EIO",
        "never comes, on an open socket; blocks QEMU's guest as a whole",
        Deliver(Delivery::Silence),
    ),
    (
        "hangup",
        "EIO",
        "the socket is closed instead; QEMU does not connect again",
        Deliver(Delivery::Hangup),
    ),
    (
        "other-object-type",
        "EIO",
        "the data object is one for secured messages",
        Deliver(Delivery::OtherType),
    ),
    (
        "other-object-vendor",
        "EIO",
        "the data object is another vendor's",
        Deliver(Delivery::OtherVendor),
    ),
];

type Special = (
    Kind,
    &'static str,
    &'static str,
    u8,
    &'static str,
    &'static [Action],
);

/// One row per way to spoil a certain message: message, what, errno, first version in which it is
/// one, effect, actions. A file per message.
const SPECIAL: [&[Special]; 10] = [
    version::FAULTS,
    capabilities::FAULTS,
    algorithms::FAULTS,
    digests::FAULTS,
    certificate::FAULTS,
    chain::FAULTS,
    challenge::FAULTS,
    measurements::FAULTS,
    chunk::FAULTS,
    keys::FAULTS,
];

/// Faults that are found by another check in newer versions: message, what, since when, errno.
const NEWER: &[(Kind, &str, u8, &str)] = &[
    // RequesterContext tells before the signature does.
    (Kind::Challenge, "replay", 0x13, "EPROTO"),
    (Kind::Measurements, "replay", 0x13, "EPROTO"),
];

/// Signs with a key that no certificate is about.
fn other_key(signing: &mut Signing) {
    let random = Random::new(Some(0));
    let (role, label) = (Role::Ca, "not the leaf");
    signing.key = Key::new(signing.key.asym(), role, label, &random).into();
}

/// Says whether measurements changed; there is no way to before SPDM 1.2, or without a signature.
fn content_changed(message: &mut Message, value: u8) {
    if message.bytes[0] >= 0x12 {
        let slot = message.field("Param2")[0] & 0x0f;
        message.replace("Param2", &[slot | value]);
    }
}

/// Makes sure that the chain comes in several portions.
fn small_portions(config: &mut Config) {
    config.portion = 512;
}

/// Makes sure that more of the chain is left than the first portion brings.
fn long_chain(config: &mut Config) {
    config.chain.bytes = Some(7000);
}

fn each_entry(message: &mut Message, edit: fn(&mut [u8])) {
    message
        .field("VersionNumberEntry")
        .chunks_mut(2)
        .for_each(edit);
}

/// Flips the lowest bit of the field's first byte.
fn flip(message: &mut Message, field: &str) {
    if let Some(first) = message.field(field).first_mut() {
        *first ^= 0x01;
    }
}

/// Sets bits of a field.
fn or(message: &mut Message, field: &str, bits: &[u8]) {
    for (byte, bits) in message.field(field).iter_mut().zip(bits) {
        *byte |= bits;
    }
}

/// Writes over some bytes of a field.
fn edit(message: &mut Message, field: &str, offset: usize, bytes: &[u8]) {
    for (byte, new) in message.field(field).iter_mut().skip(offset).zip(bytes) {
        *byte = *new;
    }
}

/// Puts another chunk in place of one, and tells its length.
fn put_chunk(message: &mut Message, chunk: &[u8]) {
    message.replace("ChunkSize", &(chunk.len() as u32).to_le_bytes());
    message.replace("SPDMChunk", chunk);
}

/// What GET_CERTIFICATE asks for, in either form.
fn offset_and_length(request: &[u8]) -> (usize, usize) {
    let small = |at: usize| u16::from_le_bytes([request[at], request[at + 1]]) as usize;
    let large = |at: usize| small(at) | small(at + 2) << 16;
    match request[2] & 0x80 {
        0 => (small(4), small(6)),
        _ => (large(8), large(12)),
    }
}

/// A length of 16 or 32 bits.
fn get_len(message: &mut Message, field: &str) -> i64 {
    let bytes = message.field(field).iter().rev();
    bytes.fold(0, |len, &byte| len << 8 | i64::from(byte))
}

fn add_len(message: &mut Message, field: &str, difference: i64) {
    let len = get_len(message, field) + difference;
    for (byte, new) in message.field(field).iter_mut().zip(len.to_le_bytes()) {
        *byte = new;
    }
}

fn replace_u32(message: &mut Message, field: &str, value: usize) {
    message.replace(field, &(value as u32).to_le_bytes());
}

fn get_u16(message: &mut Message, field: &str) -> u16 {
    <[u8; 2]>::try_from(&*message.field(field)).map_or(0, u16::from_le_bytes)
}

fn add_u16(message: &mut Message, field: &str, difference: i32) {
    let value = i32::from(get_u16(message, field)) + difference;
    message.replace(field, &(value as u16).to_le_bytes());
}

/// Appends an algorithm structure table and counts it.
fn put_table(message: &mut Message, table: [u8; 4]) {
    let count = message.field("Param1")[0];
    message.replace("Param1", &[count + 1]);
    message.put("RespAlgStruct", &table);
    add_u16(message, "Length", 4);
}
