// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with CHUNK_RESPONSE and CHUNK_SEND_ACK.

use super::*;

pub(super) const FAULTS: &[Special] = &[
    (
        Kind::ChunkGet,
        "wrong-handle",
        "EPROTO",
        0x12,
        "Handle is that of another transfer",
        &[
            Setup(small_sends),
            Body(|message, _| flip(message, "Param2")),
        ],
    ),
    (
        Kind::ChunkGet,
        "wrong-number",
        "EPROTO",
        0x12,
        "ChunkSeqNo is not the one asked for",
        &[
            Setup(small_sends),
            Body(|message, _| flip(message, "ChunkSeqNo")),
        ],
    ),
    (
        Kind::ChunkGet,
        "high-number",
        "EPROTO",
        0x14,
        "the upper half of ChunkSeqNo is not 0; before 1.4 those bytes are reserved",
        &[
            Setup(small_sends),
            Body(|message, _| {
                edit(message, "ChunkSeqNo", 2, &[1]);
                message.replace("Reserved", &[1, 0]);
            }),
        ],
    ),
    (
        Kind::ChunkGet,
        "empty-chunk",
        "EPROTO",
        0x12,
        "a chunk of no bytes",
        &[
            Setup(small_sends),
            Body(|message, _| put_chunk(message, &[])),
        ],
    ),
    (
        Kind::ChunkGet,
        "short-chunk",
        "EPROTO",
        0x12,
        "a chunk of one byte, though it is not the last one",
        &[
            Setup(small_sends),
            Body(|message, _| {
                let chunk = message.field("SPDMChunk").to_vec();
                message.field("Param1")[0] &= !0x01;
                put_chunk(message, &chunk[..1]);
            }),
        ],
    ),
    (
        Kind::ChunkGet,
        "size-too-large",
        "EBADMSG",
        0x12,
        "the last bytes of each chunk are missing",
        &[
            Setup(small_sends),
            Body(|message, _| {
                let chunk = message.field("SPDMChunk").to_vec();
                message.replace("SPDMChunk", &chunk[..chunk.len() - chunk.len().min(16)]);
            }),
        ],
    ),
    (
        Kind::ChunkGet,
        "total-too-large",
        "EPROTO",
        0x12,
        "LargeMessageSize is 4 GiB - 1, or the argument",
        &[
            Setup(small_sends),
            Body(|message, site| {
                replace_u32(message, "LargeMessageSize", site.number(0xffff_ffff));
            }),
        ],
    ),
    (
        Kind::ChunkGet,
        "total-too-small",
        "EPROTO",
        0x12,
        "LargeMessageSize is 42: no chunks are needed",
        &[
            Setup(small_sends),
            Body(|message, _| replace_u32(message, "LargeMessageSize", 42)),
        ],
    ),
    (
        Kind::ChunkGet,
        "beyond-total",
        "EPROTO",
        0x12,
        "the chunks have more bytes than LargeMessageSize says",
        &[
            Setup(small_sends),
            Body(|message, _| {
                if let Some(first) = message.field("LargeMessageSize").first_mut() {
                    *first = first.wrapping_sub(4);
                }
            }),
        ],
    ),
    (
        Kind::ChunkGet,
        "endless",
        "EPROTO",
        0x12,
        "there is always one chunk more, as many bytes as LargeMessageSize says there may be",
        &[
            Setup(small_sends),
            Body(|message, _| {
                message.field("Param1")[0] &= !0x01;
                let size = message.field("ChunkSize").to_vec();
                message.replace("LargeMessageSize", &size);
            }),
        ],
    ),
    (
        Kind::ChunkGet,
        "early-last",
        "EPROTO",
        0x12,
        "the first chunk claims to be the last one",
        &[
            Setup(small_sends),
            Body(|message, _| or(message, "Param1", &[0x01])),
        ],
    ),
    (
        Kind::ChunkGet,
        "large-response-inside",
        "EPROTO",
        0x12,
        "the chunks add up to ERROR LargeResponse",
        &[
            Setup(small_sends),
            Body(|message, _| {
                if message.find("LargeMessageSize").is_some() {
                    edit(message, "SPDMChunk", 1, &[0x7f, 0x0f, 0x00, 0x01]);
                }
            }),
        ],
    ),
    (
        Kind::ChunkGet,
        "chunk-inside",
        "EPROTO",
        0x12,
        "the chunks add up to CHUNK_RESPONSE",
        &[
            Setup(small_sends),
            Body(|message, _| {
                if message.find("LargeMessageSize").is_some() {
                    edit(message, "SPDMChunk", 1, &[0x06]);
                }
            }),
        ],
    ),
    (
        Kind::ChunkGet,
        "smallest",
        "0",
        0x12,
        "chunks of 100 bytes",
        &[Setup(|config| {
            small_sends(config);
            config.send_size = 112;
        })],
    ),
    (
        Kind::ChunkGet,
        "reserved-set",
        "0",
        0x12,
        "reserved bits are not zero",
        &[
            Setup(small_sends),
            Body(|message, _| {
                or(message, "Param1", &[0xa4]);
                message.replace("Reserved", &[0xa5, 0xa5]);
            }),
        ],
    ),
    (
        Kind::ChunkSend,
        "wrong-handle",
        "EPROTO",
        0x13,
        "Handle is that of another transfer",
        &[
            Setup(small_transfers),
            Body(|message, _| flip(message, "Param2")),
        ],
    ),
    (
        Kind::ChunkSend,
        "wrong-number",
        "EPROTO",
        0x13,
        "ChunkSeqNo is not the one that was sent",
        &[
            Setup(small_transfers),
            Body(|message, _| flip(message, "ChunkSeqNo")),
        ],
    ),
    (
        Kind::ChunkSend,
        "early-error",
        "EREMOTEIO",
        0x13,
        "the request is refused before all of it is there",
        &[
            Setup(small_transfers),
            Body(|message, _| {
                let version = message.field("SPDMVersion")[0];
                or(message, "Param1", &[0x01]);
                message.replace("ResponseToLargeRequest", &[version, 0x7f, 0x01, 0x00]);
            }),
        ],
    ),
    (
        Kind::ChunkSend,
        "early-error-alone",
        "EPROTO",
        0x13,
        "EarlyErrorDetected is set, but there is no ERROR",
        &[
            Setup(small_transfers),
            Body(|message, _| or(message, "Param1", &[0x01])),
        ],
    ),
    (
        Kind::ChunkSend,
        "early-response",
        "EBADMSG",
        0x13,
        "there is a response before the last chunk was sent",
        &[
            Setup(small_transfers),
            Body(|message, _| {
                let version = message.field("SPDMVersion")[0];
                if message.field("ResponseToLargeRequest").is_empty() {
                    message.replace("ResponseToLargeRequest", &[version, 0x03, 0x00, 0x01]);
                }
            }),
        ],
    ),
    (
        Kind::ChunkSend,
        "no-response",
        "EBADMSG",
        0x13,
        "there is no response though all chunks were sent",
        &[
            Setup(small_transfers),
            Body(|message, _| message.replace("ResponseToLargeRequest", &[])),
        ],
    ),
    (
        Kind::ChunkSend,
        "acknowledgment-inside",
        "EPROTO",
        0x13,
        "the response is itself an acknowledgment",
        &[
            Setup(small_transfers),
            Body(|message, _| {
                edit(message, "ResponseToLargeRequest", 1, &[0x05]);
            }),
        ],
    ),
    (
        Kind::ChunkSend,
        "large-response",
        "0",
        0x13,
        "responses go in chunks too, and the last acknowledgment says so",
        &[Setup(|config| {
            small_transfers(config);
            small_sends(config);
            config.send_size = 96;
        })],
    ),
    (
        Kind::ChunkSend,
        "large-response-outside",
        "0",
        0x13,
        "the same, but the ERROR comes instead of the last acknowledgment",
        &[
            Setup(|config| {
                small_transfers(config);
                small_sends(config);
                config.send_size = 96;
            }),
            Wire(|bytes, _| {
                let header_len = if bytes.first() == Some(&0x14) { 8 } else { 6 };
                if bytes.len() > header_len {
                    bytes.drain(..header_len);
                }
            }),
        ],
    ),
];
