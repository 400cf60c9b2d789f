// SPDX-License-Identifier: GPL-2.0

//! The one loop that talks to the transport: retries, pauses and the budget.
//!
//! A step hands in a request and gets bytes that are not an ERROR, or an error. Whatever it takes
//! in between stays in here: what was sent is sent again after ERROR Busy, RESPOND_IF_READY is sent
//! after ERROR ResponseNotReady, and chunks of a large message are cut and joined. So each request
//! and each response can stand in a transcript only once, and whole.

mod large;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod large_test;

use kernel::validate::Untrusted;

use super::{
    Clock,
    Environment,
    Transport, //
};
use crate::proto::{
    error::{
        Error,
        Exhausted,
        Misuse,
        Part,
        Unsupported, //
    },
    limits::{
        self,
        Budget, //
    },
    message::Request,
    negotiated::{
        NegotiatedState,
        PeerCapabilities, //
    },
    record::Stats,
    version::Version,
    wire::{
        capabilities::OwnSizes,
        encode::RequestBytes,
        error_rsp::{
            self,
            ErrorCode,
            ErrorResponse,
            NotReady, //
        },
        respond_if_ready, //
    }, //
};

/// What both sides know before a request is sent.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// The negotiated version; 1.0 before there is one.
    version: Version,
    /// Longest message that the device takes at once, in bytes, if it told.
    transfer_size: Option<u32>,
    /// Longest request that the device takes in chunks, in bytes, if it knows chunks.
    chunked_len_max: Option<u32>,
}

impl Terms {
    /// Before CAPABILITIES.
    pub(super) fn early(version: Version) -> Self {
        Self {
            version,
            transfer_size: None,
            chunked_len_max: None,
        }
    }

    /// After CAPABILITIES.
    pub(super) fn with(version: Version, peer: &PeerCapabilities) -> Self {
        Self {
            version,
            transfer_size: peer.data_transfer_size,
            chunked_len_max: peer.max_spdm_msg_size,
        }
    }

    pub(super) fn of(state: &NegotiatedState) -> Self {
        Self::with(state.version, &state.peer)
    }
}

/// The way to the device, and what using it has cost.
pub(super) struct Channel<E: Environment> {
    transport: E::Transport,
    clock: E::Clock,
    buffer: E::Buffer,
    /// Where chunks are joined.
    assembly: E::Store,
    /// What the device is told: how much of the buffer is used, and how much is joined.
    own: OwnSizes,
    /// Handle of the next request that is sent in chunks.
    handle: u8,
    budget: Budget,
    stats: Stats,
    /// When the first request was sent, by the clock.
    started_us: Option<u64>,
}

/// Where the answer to a message is.
enum Answer {
    /// In the buffer, between these two offsets.
    Buffer { from: usize, to: usize },
    /// Still with the device, which hands it out in chunks; the whole is longer than so many bytes.
    Device { handle: u8, longer_than: u32 },
}

/// What to do after an answer.
enum Next {
    /// Take it: it is a response.
    Take,
    /// Fetch the response in chunks.
    Fetch { handle: u8 },
    /// Wait, then send the same again.
    Repeat { pause_us: u64 },
    /// Wait, then ask whether the response is ready.
    Ask { pause_us: u64, token: u8 },
}

/// How often one request was put off.
#[derive(Default)]
struct Delays {
    busy: u8,
    not_ready: u8,
}

impl<E: Environment> Channel<E> {
    pub(super) fn new(
        transport: E::Transport,
        clock: E::Clock,
        buffer: E::Buffer,
        assembly: E::Store,
        budget: Budget,
    ) -> Result<Self, Error> {
        // Whole dwords only: padding must fit too.
        let len = u32::try_from(buffer.len()).map_or(u32::MAX, |len| len & !3);
        if !(limits::DATA_TRANSFER_SIZE_MIN..=limits::DATA_TRANSFER_SIZE_MAX).contains(&len) {
            return Err(Error::Misuse(Misuse::Buffer));
        }
        Ok(Self {
            transport,
            clock,
            buffer,
            assembly,
            own: OwnSizes {
                data_transfer_size: len,
                max_spdm_msg_size: len.max(limits::MESSAGE_LEN_MAX),
            },
            handle: 0,
            budget,
            stats: Stats::default(),
            started_us: None,
        })
    }

    /// Our own DataTransferSize and MaxSPDMmsgSize: always the same.
    pub(super) fn own_sizes(&self) -> OwnSizes {
        self.own
    }

    /// Allows the run to cost so much in all, what it has cost already included.
    pub(super) fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
    }

    pub(super) fn stats(&self) -> Stats {
        self.stats
    }

    /// Sends a request and returns the bytes that answer it, which are not an ERROR.
    pub(super) fn exchange(
        &mut self,
        request: Request,
        bytes: &RequestBytes,
        terms: Terms,
    ) -> Result<&Untrusted<[u8]>, Error> {
        let answer = if is_large(bytes, terms)? {
            self.send_large(request, bytes, terms)?
        } else {
            self.ask(request, request.code(), bytes, terms)?
        };
        // The fallbacks are never taken: the transport returned a part of the buffer.
        let response = match answer {
            Answer::Buffer { from, to } => self.buffer.get(from..to).unwrap_or_default(),
            Answer::Device {
                handle,
                longer_than,
            } => self.fetch_large(request, handle, longer_than, terms)?,
        };
        Ok(Untrusted::from_ref(response))
    }

    /// Sends one message, again if need be, and returns where its answer is.
    ///
    /// `request` is the request that it is about, `code` its own RequestResponseCode: they differ
    /// for chunks.
    fn ask(
        &mut self,
        request: Request,
        code: u8,
        bytes: &RequestBytes,
        terms: Terms,
    ) -> Result<Answer, Error> {
        let mut delays = Delays::default();
        let mut question = *bytes;
        loop {
            let len = self.attempt(request, question.as_bytes())?;
            let response = Untrusted::from_ref(self.buffer.get(..len).unwrap_or_default());
            let error = error_rsp::detect(response, code, terms.version)?;
            match delays.next(request, terms, error)? {
                Next::Take => return Ok(Answer::Buffer { from: 0, to: len }),
                Next::Fetch { handle } => {
                    return Ok(Answer::Device {
                        handle,
                        longer_than: limits::DATA_TRANSFER_SIZE_MIN,
                    })
                }
                // What is repeated is what was just sent: while a response is not ready, no other
                // request may be sent than RESPOND_IF_READY.
                Next::Repeat { pause_us } => self.pause(request, pause_us)?,
                Next::Ask { pause_us, token } => {
                    self.pause(request, pause_us)?;
                    question = respond_if_ready::encode(terms.version, code, token);
                }
            }
        }
    }

    /// Exchanges once and returns how many bytes of the buffer hold the answer.
    fn attempt(&mut self, request: Request, bytes: &[u8]) -> Result<usize, Error> {
        self.charge(request, bytes.len())?;
        let size = usize::try_from(self.own.data_transfer_size).unwrap_or(usize::MAX);
        let buffer = self.buffer.get_mut(..size).unwrap_or_default();
        let response =
            self.transport
                .exchange(bytes, buffer)
                .map_err(|fault| Error::Environment {
                    part: Part::Transport,
                    fault,
                })?;
        let len = response.len();
        let received = u32::try_from(len).unwrap_or(u32::MAX);
        self.stats.received = self.stats.received.saturating_add(received);
        self.stats.time_us = self.elapsed_us();
        // What is beyond the budget is not kept: a transfer may be larger than all of it.
        if self.stats.sent.saturating_add(self.stats.received) > self.budget.bytes {
            let what = Exhausted::Bytes;
            return Err(Error::Exhausted { request, what });
        }
        Ok(len)
    }

    /// Accounts for one more request, if the budget allows it.
    ///
    /// A single exchange takes as long as the transport lets it, so that the budget's time is
    /// exceeded by one of these at most.
    fn charge(&mut self, request: Request, len: usize) -> Result<(), Error> {
        let exhausted = |what| Err(Error::Exhausted { request, what });
        if self.stats.exchanges >= self.budget.exchanges {
            return exhausted(Exhausted::Exchanges);
        }
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        let sent = self.stats.sent.saturating_add(len);
        if sent.saturating_add(self.stats.received) > self.budget.bytes {
            return exhausted(Exhausted::Bytes);
        }
        if self.elapsed_us() >= self.budget.time_us {
            return exhausted(Exhausted::Time);
        }
        if self.started_us.is_none() {
            self.started_us = Some(self.clock.now_us());
        }
        self.stats.exchanges = self.stats.exchanges.saturating_add(1);
        self.stats.sent = sent;
        Ok(())
    }

    /// Waits, unless the wait alone would exceed the budget.
    fn pause(&mut self, request: Request, us: u64) -> Result<(), Error> {
        if self.elapsed_us().saturating_add(us) >= self.budget.time_us {
            return Err(Error::Exhausted {
                request,
                what: Exhausted::Time,
            });
        }
        self.clock.wait_us(us).map_err(|fault| Error::Environment {
            part: Part::Clock,
            fault,
        })
    }

    fn elapsed_us(&self) -> u64 {
        match self.started_us {
            Some(started) => self.clock.now_us().saturating_sub(started),
            None => 0,
        }
    }
}

impl Delays {
    /// What an answer asks for, which may be an ERROR.
    fn next(
        &mut self,
        request: Request,
        terms: Terms,
        error: Option<ErrorResponse>,
    ) -> Result<Next, Error> {
        let Some(error) = error else {
            return Ok(Next::Take);
        };
        match error {
            ErrorResponse::Large { handle } if terms.chunked_len_max.is_some() => {
                Ok(Next::Fetch { handle })
            }
            ErrorResponse::Large { .. } => Err(Error::Refused {
                request,
                code: ErrorCode::LargeResponse,
            }),
            ErrorResponse::NotReady(not_ready) if request != Request::GetVersion => {
                self.not_ready(request, not_ready)
            }
            ErrorResponse::NotReady(_) => Err(Error::Refused {
                request,
                code: ErrorCode::ResponseNotReady,
            }),
            ErrorResponse::Other(ErrorCode::Busy | ErrorCode::MessageLost)
                if self.busy < limits::BUSY_ANSWERS_MAX =>
            {
                let pause = limits::BUSY_PAUSE_MIN_US
                    .saturating_mul(1u64.checked_shl(self.busy.into()).unwrap_or(u64::MAX));
                self.busy = self.busy.saturating_add(1);
                Ok(Next::Repeat {
                    pause_us: pause.min(limits::BUSY_PAUSE_MAX_US),
                })
            }
            ErrorResponse::Other(code) => Err(Error::Refused { request, code }),
        }
    }

    fn not_ready(&mut self, request: Request, answer: NotReady) -> Result<Next, Error> {
        if self.not_ready >= limits::NOT_READY_ANSWERS_MAX {
            return Err(Error::Exhausted {
                request,
                what: Exhausted::NotReady,
            });
        }
        self.not_ready = self.not_ready.saturating_add(1);
        Ok(Next::Ask {
            pause_us: answer.delay_us().max(limits::NOT_READY_PAUSE_MIN_US),
            token: answer.token(),
        })
    }
}

/// Whether a request has to be sent in chunks, if the device can take it at all.
fn is_large(bytes: &RequestBytes, terms: Terms) -> Result<bool, Error> {
    let needed = u32::try_from(bytes.as_bytes().len()).unwrap_or(u32::MAX);
    let Some(available) = terms.transfer_size.filter(|size| needed > *size) else {
        return Ok(false);
    };
    let available = terms.chunked_len_max.unwrap_or(available);
    if needed > available {
        return Err(Error::Unsupported(Unsupported::RequestLength {
            needed,
            available,
        }));
    }
    Ok(true)
}
