// SPDX-License-Identifier: GPL-2.0

//! Messages that are longer than a transfer, chunk by chunk.
//!
//! Each chunk is an exchange of its own, which the budget counts, and in which the device may be
//! busy or not ready as in any other. Who asked for the exchange sees whole messages only.

use kernel::validate::Untrusted;

use super::{
    Answer,
    Channel,
    Delays,
    Next,
    Terms, //
};
use crate::proto::{
    error::{
        Error,
        Exhausted,
        Misbehaved,
        Unsupported, //
    },
    limits::DATA_TRANSFER_SIZE_MIN,
    message::{
        Field,
        Request,
        Response, //
    },
    requester::{
        Environment,
        Store, //
    },
    transcript::memory,
    wire::{
        chunk::{
            self,
            Arrived,
            ChunkResponse,
            ChunkSendAck,
            Place,
            CHUNK_GET,
            CHUNK_SEND, //
        },
        encode::RequestBytes,
        error_rsp::{
            self,
            ErrorCode, //
        },
        respond_if_ready, //
    }, //
};

impl<E: Environment> Channel<E> {
    /// Sends a request in chunks, again if need be, and returns where its answer is.
    pub(super) fn send_large(
        &mut self,
        request: Request,
        bytes: &RequestBytes,
        terms: Terms,
    ) -> Result<Answer, Error> {
        let mut delays = Delays::default();
        loop {
            let (next, answer) = self.send_chunks(request, bytes, terms, &mut delays)?;
            match next {
                Next::Take => return Ok(answer),
                Next::Fetch { handle } => {
                    // What fits behind the header of an acknowledgment needs no chunks.
                    let header_len = chunk::ack_header_len(terms.version);
                    return Ok(Answer::Device {
                        handle,
                        longer_than: DATA_TRANSFER_SIZE_MIN.saturating_sub(header_len),
                    });
                }
                // The device was busy with the request, not with a chunk.
                Next::Repeat { pause_us } => self.pause(request, pause_us)?,
                Next::Ask { pause_us, token } => {
                    self.pause(request, pause_us)?;
                    let code = request.code();
                    let question = respond_if_ready::encode(terms.version, code, token);
                    return self.ask(request, code, &question, terms);
                }
            }
        }
    }

    /// Sends all chunks of a request, unless the device has enough of it earlier, and decides what
    /// the last acknowledgment means.
    fn send_chunks(
        &mut self,
        request: Request,
        bytes: &RequestBytes,
        terms: Terms,
        delays: &mut Delays,
    ) -> Result<(Next, Answer), Error> {
        let mut place = Place {
            version: terms.version,
            handle: self.handle,
            number: 0,
        };
        self.handle = self.handle.wrapping_add(1);
        let size = terms.transfer_size.unwrap_or(u32::MAX);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut rest = bytes.as_bytes();
        loop {
            // The error is never returned: even the smallest transfer has room for a chunk.
            let (question, left) =
                chunk::encode_send(place, rest, size).ok_or(too_long(bytes, terms))?;
            let is_last = left.is_empty();
            let to = match self.ask(request, CHUNK_SEND, &question, terms)? {
                Answer::Buffer { to, .. } => to,
                // Belongs into the acknowledgment, but devices were seen that leave that out.
                answer @ Answer::Device { handle, .. } if is_last => {
                    return Ok((Next::Fetch { handle }, answer))
                }
                Answer::Device { .. } => return Err(refused(request)),
            };
            let raw = Untrusted::from_ref(self.buffer.get(..to).unwrap_or_default());
            let ack: ChunkSendAck<'_> = raw.validate_with((place, is_last))?;
            if is_last || ack.early_error {
                let error = error_rsp::detect(ack.response, request.code(), terms.version)?;
                if ack.early_error && error.is_none() {
                    return Err(Error::Misbehaved {
                        response: Response::ChunkSendAck,
                        what: Misbehaved::Illegal(Field::EarlyErrorDetected),
                    });
                }
                let from = ack.response_offset;
                let next = delays.next(request, terms, error)?;
                return Ok((next, Answer::Buffer { from, to }));
            }
            rest = left;
            place.number = next_number(request, place.number)?;
        }
    }

    /// Fetches a response in chunks.
    pub(super) fn fetch_large(
        &mut self,
        request: Request,
        handle: u8,
        longer_than: u32,
        terms: Terms,
    ) -> Result<&[u8], Error> {
        let mut place = Place {
            version: terms.version,
            handle,
            number: 0,
        };
        let mut arrived = Arrived::Nothing {
            longer_than,
            longest: self.own.max_spdm_msg_size,
        };
        self.assembly.clear();
        loop {
            let question = chunk::encode_get(place);
            let Answer::Buffer { to, .. } = self.ask(request, CHUNK_GET, &question, terms)? else {
                // A chunk cannot be in chunks.
                return Err(refused(request));
            };
            let raw = Untrusted::from_ref(self.buffer.get(..to).unwrap_or_default());
            let response: ChunkResponse<'_> = raw.validate_with((place, arrived))?;
            self.assembly.append(response.chunk).map_err(memory)?;
            if response.is_last() {
                return Ok(self.assembly.bytes());
            }
            arrived = Arrived::Part {
                len: response.len,
                total: response.total,
            };
            place.number = next_number(request, place.number)?;
        }
    }
}

/// The number of the next chunk. It does not wrap, by the limits on the length of messages.
fn next_number(request: Request, number: u16) -> Result<u16, Error> {
    number.checked_add(1).ok_or(Error::Exhausted {
        request,
        what: Exhausted::Exchanges,
    })
}

fn refused(request: Request) -> Error {
    Error::Refused {
        request,
        code: ErrorCode::LargeResponse,
    }
}

fn too_long(bytes: &RequestBytes, terms: Terms) -> Error {
    Error::Unsupported(Unsupported::RequestLength {
        needed: u32::try_from(bytes.as_bytes().len()).unwrap_or(u32::MAX),
        available: terms.transfer_size.unwrap_or(u32::MAX),
    })
}
