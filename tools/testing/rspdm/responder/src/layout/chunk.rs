// SPDX-License-Identifier: GPL-2.0

//! CHUNK_RESPONSE, the first of several, and CHUNK_SEND_ACK.

use super::{
    Change::{
        Ones,
        Zeros, //
    },
    *,
};
use crate::config::CHUNK_CAP;

/// Part of a message is changed after it was signed: it may be any part of any message.
const ALTERED: Outcome = Outcome::any(&["EBADMSG", "EKEYREJECTED", "EPROTO", "EREMOTEIO"]);
/// The chunk ends elsewhere, or the message does.
const OTHER_LENGTH: Outcome = Outcome::any(&["EPROTO", "EBADMSG"]);

pub(super) const RESPONSE_FIELDS: &[Field] = &[
    // LastChunk.
    field("param1", "Param1", 1, Rule::Reserved).but(&[
        flip(0x01, Outcome::ILLEGAL),
        set(&[Ones, Zeros], Outcome::ILLEGAL),
    ]),
    field("handle", "Param2", 1, Rule::Fixed),
    field("chunk-seq-no", "ChunkSeqNo", 2, Rule::Fixed).before(0x14),
    field("large-chunk-seq-no", "ChunkSeqNo", 4, Rule::Fixed).since(0x14),
    field("reserved", "Reserved", 2, Rule::Reserved).before(0x14),
    field("chunk-size", "ChunkSize", 4, Rule::Length).but(&[set(&Change::ALL, OTHER_LENGTH)]),
    field("large-message-size", "LargeMessageSize", 4, Rule::Length)
        .but(&[set(&Change::ALL, OTHER_LENGTH)]),
    sized("spdm-chunk", "SPDMChunk", Size::UpTo(144), Rule::Proof)
        .but(&[set(&Change::ALL, ALTERED)]),
];

pub(super) const ACKNOWLEDGEMENT_FIELDS: &[Field] = &[
    // EarlyErrorDetected.
    field("param1", "Param1", 1, Rule::Reserved)
        .but(&[flip(0x01, Outcome::ILLEGAL), set(&[Ones], Outcome::ILLEGAL)]),
    field("handle", "Param2", 1, Rule::Fixed).but(&[
        // The requester's first one is up to it.
        set(&[Zeros, Ones], Outcome::any(&["EPROTO", "0"])),
    ]),
    field("chunk-seq-no", "ChunkSeqNo", 2, Rule::Fixed).before(0x14),
    field("large-chunk-seq-no", "ChunkSeqNo", 4, Rule::Fixed).since(0x14),
    sized(
        "response",
        "ResponseToLargeRequest",
        Size::UpTo(142),
        Rule::Proof,
    )
    .but(&[set(&Change::ALL, ALTERED)]),
];

/// Makes sure that responses go in chunks.
pub(crate) fn small_sends(config: &mut Config) {
    config.capabilities |= CHUNK_CAP;
    config.send_size = 160;
}

/// Makes sure that CHALLENGE comes in chunks.
pub(crate) fn small_transfers(config: &mut Config) {
    config.capabilities |= CHUNK_CAP;
    config.transfer_size = 42;
}
