// SPDX-License-Identifier: GPL-2.0

//! Large messages on their way: responses that are handed out chunk by chunk, and requests that
//! arrive so.
//!
//! DSP0274 1.2, "Large SPDM message transfer mechanism". The rest of the
//! responder sees whole messages only.

use crate::{
    config::{
        Config,
        CHUNK_CAP, //
    },
    fault::Strike,
    message::{
        capabilities::Requester,
        chunk::{
            self,
            Get,
            Put, //
        },
        error::{
            Refusal,
            INVALID_REQUEST,
            LARGE_RESPONSE,
            UNEXPECTED_REQUEST, //
        },
        require,
    },
};

/// ChunkSeqNo and what belongs to it, in front of a chunk; the first one has 4 bytes more.
const HEADER_LEN: usize = 12;
/// Least bytes of a chunk of a request that is not the last one, as the smallest transfer has room
/// for them.
const CHUNK_LEN_MIN: usize = 42 - 16;

/// What both sides can take, known after CAPABILITIES.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// SPDMVersion.
    pub version: u8,
    /// What the requester said about itself.
    pub requester: &'a Requester,
    /// The device.
    pub config: &'a Config,
}

impl Terms<'_> {
    /// Whether both sides know chunks.
    pub fn has_chunks(&self) -> bool {
        self.version >= 0x12 && self.requester.flags & self.config.capabilities & CHUNK_CAP != 0
    }

    /// Longest response that the requester can take, in chunks if need be, in bytes.
    pub fn response_limit(&self) -> usize {
        let limit = match self.has_chunks() {
            true => self.requester.max_message_size,
            false => self.requester.data_transfer_size,
        };
        limit.unwrap_or(self.config.transfer_size) as usize
    }

    /// Longest message that goes to the requester at once, in bytes.
    pub fn transfer_limit(&self) -> usize {
        let limit = self.requester.data_transfer_size;
        let limit = limit.unwrap_or(self.config.transfer_size);
        limit.min(self.config.send_size) as usize
    }
}

/// A response that is fetched in chunks.
struct Outgoing {
    bytes: Vec<u8>,
    /// Number of the last chunk that was sent, and where it began.
    last: Option<(u32, usize)>,
    /// Where the next one begins.
    next: usize,
}

/// A request that arrives in chunks.
struct Incoming {
    handle: u8,
    total: usize,
    /// Number of the next chunk.
    number: u32,
    bytes: Vec<u8>,
}

/// What is on its way.
#[derive(Default)]
pub struct Transfers {
    outgoing: Option<Outgoing>,
    incoming: Option<Incoming>,
    /// Handle of the last response in chunks.
    handle: u8,
}

/// What became of a chunk of a request.
pub enum Taken {
    /// More chunks follow.
    Part(Put),
    /// This was the last one of this request.
    Whole(Put, Vec<u8>),
    /// It does not belong there: the transfer is over.
    Refused(Put, Refusal),
}

impl Transfers {
    /// Forgets everything, as any other request does.
    pub fn forget(&mut self) {
        self.outgoing = None;
        self.incoming = None;
    }

    /// Keeps a response that is too long behind `overhead` bytes, and returns what to say instead.
    pub fn cut(&mut self, bytes: Vec<u8>, overhead: usize, terms: &Terms) -> Vec<u8> {
        let is_error = bytes.get(1) == Some(&0x7f);
        if !terms.has_chunks() || is_error || bytes.len() + overhead <= terms.transfer_limit() {
            return bytes;
        }
        self.handle = self.handle.wrapping_add(1);
        self.outgoing = Some(Outgoing {
            bytes,
            last: None,
            next: 0,
        });
        let refusal = Refusal {
            extended: vec![self.handle],
            ..Refusal::new(LARGE_RESPONSE)
        };
        refusal.to_bytes(terms.version)
    }

    /// Answers CHUNK_GET.
    ///
    /// # Errors
    ///
    /// InvalidRequest if there is nothing to fetch, and for another chunk than the next one or the
    /// last one again.
    pub fn send(
        &mut self,
        request: &[u8],
        terms: &Terms,
        strike: &Strike,
    ) -> Result<Vec<u8>, Refusal> {
        let get = Get::read(request)?;
        let outgoing = self
            .outgoing
            .as_mut()
            .ok_or(Refusal::new(INVALID_REQUEST))?;
        require(get.handle == self.handle)?;
        let offset = match outgoing.last {
            None if get.number == 0 => 0,
            Some((number, offset)) if get.number == number => offset,
            Some((number, _)) if get.number == number + 1 => outgoing.next,
            _ => return Err(Refusal::new(INVALID_REQUEST)),
        };
        let rest = outgoing.bytes.len() - offset;
        require(rest > 0)?;
        let header_len = HEADER_LEN + if get.number == 0 { 4 } else { 0 };
        let len = rest.min(terms.transfer_limit() - header_len);
        let mut message = chunk::response(terms.version, &get, &outgoing.bytes, offset, len);
        strike.edit_body(&mut message, request);
        outgoing.last = Some((get.number, offset));
        outgoing.next = offset + len;
        Ok(message.bytes)
    }

    /// Takes a chunk of a request.
    ///
    /// # Errors
    ///
    /// InvalidRequest if it is no chunk, UnexpectedRequest without CHUNK_CAP.
    pub fn take(&mut self, request: &[u8], terms: &Terms) -> Result<Taken, Refusal> {
        if !terms.has_chunks() {
            return Err(Refusal::new(UNEXPECTED_REQUEST));
        }
        let send = Put::read(request)?;
        if let Some(total) = send.total {
            self.incoming = Some(Incoming {
                handle: send.handle,
                total: total as usize,
                number: 0,
                bytes: vec![],
            });
        }
        let Some(incoming) = &mut self.incoming else {
            return Err(Refusal::new(UNEXPECTED_REQUEST));
        };
        let config = terms.config;
        let sizes = config.transfer_size as usize + 1..=config.message_size as usize;
        let len = incoming.bytes.len() + send.chunk.len();
        let is_good = sizes.contains(&incoming.total)
            && request.len() <= config.transfer_size.next_multiple_of(4) as usize
            && send.handle == incoming.handle
            && send.number == incoming.number
            && send.is_last == (len == incoming.total)
            && (send.is_last || (CHUNK_LEN_MIN..incoming.total).contains(&len));
        if !is_good {
            self.incoming = None;
            return Ok(Taken::Refused(send, Refusal::new(INVALID_REQUEST)));
        }
        incoming.bytes.extend_from_slice(&send.chunk);
        incoming.number += 1;
        if send.is_last {
            let bytes = std::mem::take(&mut incoming.bytes);
            self.incoming = None;
            // What must not be large is no less illegal in chunks.
            if matches!(bytes.get(1), None | Some(0x84..=0x86 | 0xe1 | 0xff)) {
                return Ok(Taken::Refused(send, Refusal::new(INVALID_REQUEST)));
            }
            return Ok(Taken::Whole(send, bytes));
        }
        Ok(Taken::Part(send))
    }
}
