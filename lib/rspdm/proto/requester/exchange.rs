// SPDX-License-Identifier: GPL-2.0

//! The one loop that talks to the transport: retries, pauses and the budget.
//!
//! A step hands in a request and gets bytes that are not an ERROR, or an error. Whatever it takes
//! in between stays in here: what was sent is sent again after ERROR Busy, RESPOND_IF_READY is sent
//! after ERROR ResponseNotReady. So each request and each response can stand in a transcript only
//! once.

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
    negotiated::NegotiatedState,
    record::Stats,
    version::Version,
    wire::{
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
    pub(super) version: Version,
    /// Longest request that the device takes, in bytes, if it told.
    pub(super) request_len_max: Option<u32>,
}

impl Terms {
    pub(super) fn of(state: &NegotiatedState) -> Self {
        Self {
            version: state.version,
            request_len_max: state.peer.data_transfer_size,
        }
    }
}

/// The way to the device, and what using it has cost.
pub(super) struct Channel<E: Environment> {
    transport: E::Transport,
    clock: E::Clock,
    buffer: E::Buffer,
    /// Length of what is used of the buffer: our DataTransferSize.
    data_transfer_size: u32,
    budget: Budget,
    stats: Stats,
    /// When the first request was sent, by the clock.
    started_us: Option<u64>,
}

/// What to do after an answer.
enum Next {
    /// The response is the first so many bytes of the buffer.
    Done(usize),
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
            data_transfer_size: len,
            budget,
            stats: Stats::default(),
            started_us: None,
        })
    }

    /// Our own DataTransferSize, in bytes: always the same.
    pub(super) fn data_transfer_size(&self) -> u32 {
        self.data_transfer_size
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
        check_len(bytes, terms)?;
        let mut delays = Delays::default();
        let mut question = *bytes;
        let len = loop {
            match self.attempt(request, question.as_bytes(), terms, &mut delays)? {
                Next::Done(len) => break len,
                // What is repeated is what was just sent: while a response is not ready, no other
                // request may be sent than RESPOND_IF_READY.
                Next::Repeat { pause_us } => self.pause(request, pause_us)?,
                Next::Ask { pause_us, token } => {
                    self.pause(request, pause_us)?;
                    question = respond_if_ready::encode(terms.version, request, token);
                }
            }
        };
        // The fallback is never taken: the transport returned a part of the buffer.
        let response = self.buffer.get(..len).unwrap_or_default();
        Ok(Untrusted::from_ref(response))
    }

    /// Exchanges once and decides what the answer means.
    fn attempt(
        &mut self,
        request: Request,
        bytes: &[u8],
        terms: Terms,
        delays: &mut Delays,
    ) -> Result<Next, Error> {
        self.charge(request, bytes.len())?;
        let size = usize::try_from(self.data_transfer_size).unwrap_or(usize::MAX);
        let buffer = self.buffer.get_mut(..size).unwrap_or_default();
        let response =
            self.transport
                .exchange(bytes, buffer)
                .map_err(|fault| Error::Environment {
                    part: Part::Transport,
                    fault,
                })?;
        let len = response.len();
        let outcome = error_rsp::detect(response, request, terms.version);
        let received = u32::try_from(len).unwrap_or(u32::MAX);
        self.stats.received = self.stats.received.saturating_add(received);
        self.stats.time_us = self.elapsed_us();
        match outcome? {
            None => Ok(Next::Done(len)),
            Some(error) => delays.next(request, error),
        }
    }

    /// Accounts for one more request, if the budget allows it.
    ///
    /// A single exchange takes as long as the transport lets it, and brings a buffer full of bytes
    /// at most, so that the budget is exceeded by one of these at most.
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
    /// What an ERROR asks for.
    fn next(&mut self, request: Request, error: ErrorResponse) -> Result<Next, Error> {
        match error {
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

/// Whether the device can take a request that long.
fn check_len(bytes: &RequestBytes, terms: Terms) -> Result<(), Error> {
    let needed = u32::try_from(bytes.as_bytes().len()).unwrap_or(u32::MAX);
    match terms.request_len_max {
        Some(available) if needed > available => {
            Err(Error::Unsupported(Unsupported::RequestLength {
                needed,
                available,
            }))
        }
        _ => Ok(()),
    }
}
