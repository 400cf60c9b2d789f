// SPDX-License-Identifier: GPL-2.0

//! Takes one message after the other, and says where it stopped.

use kernel::validate::{
    Untrusted,
    Validate, //
};
use rspdm_proto::proto::{
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    message::Request,
    version::Version,
};

use super::{
    Fault,
    Message, //
};

/// How far a walk has come.
pub(super) struct Walk<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) position: usize,
    pub(super) messages: Vec<Message>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            messages: Vec::new(),
        }
    }

    /// Takes a request of `len` bytes and checks its header.
    pub(super) fn request(
        &mut self,
        request: Request,
        version: Version,
        len: usize,
    ) -> Result<&'a [u8], Fault> {
        let bytes = self.peek(len, request)?;
        if bytes[..PARAM1] != [version.to_wire(), request.code()] {
            return Err(self.fault(
                HEADER_LEN,
                format!(
                    "code {:#04x} of version {:#04x} where {request} of {version} should be",
                    bytes[1], bytes[0]
                ),
            ));
        }
        self.passed(request.name(), true, len);
        Ok(bytes)
    }

    /// Takes a request that must be exactly `expected`.
    pub(super) fn exact_request(&mut self, request: Request, expected: &[u8]) -> Result<(), Fault> {
        let bytes = self.peek(expected.len(), request)?;
        let differs = bytes.iter().zip(expected).position(|(is, must)| is != must);
        if let Some(offset) = differs {
            let at = self.position + offset;
            return Err(Fault {
                range: at..at + 1,
                what: format!(
                    "{request}: byte {offset} is {:#04x}, {:#04x} expected",
                    bytes[offset], expected[offset]
                ),
                unsupported: false,
            });
        }
        self.passed(request.name(), true, expected.len());
        Ok(())
    }

    /// Takes the response to a request.
    ///
    /// Where it ends is known only to its parser, which is made for a single message and tells how
    /// many bytes are too many.
    pub(super) fn response<T, C>(
        &mut self,
        request: Request,
        context: C,
        bytes_of: impl FnOnce(&T) -> &'a [u8],
    ) -> Result<T, Fault>
    where
        T: Validate<'a, [u8], C, Error = Error>,
        C: Copy,
    {
        let name = request.response().name();
        let rest = self.rest();
        let parse = |bytes: &'a [u8]| Untrusted::from_ref(bytes).validate_with(context);
        let response: Result<T, Error> = match parse(rest) {
            Err(Error::Malformed {
                what: Malformed::Excess { bytes },
                ..
            }) => parse(&rest[..rest.len().saturating_sub(bytes)]),
            result => result,
        };
        let response = response.map_err(|error| self.refused(name, rest.len(), &error))?;
        let len = bytes_of(&response).len();
        self.passed(name, false, len);
        Ok(response)
    }

    /// Looks at the next `len` bytes, which are the beginning of a request.
    pub(super) fn peek(&self, len: usize, request: Request) -> Result<&'a [u8], Fault> {
        self.rest()
            .get(..len)
            .ok_or_else(|| self.fault(self.rest().len(), format!("ends within {request}")))
    }

    pub(super) fn next_is(&self, request: Request) -> bool {
        self.rest().get(1) == Some(&request.code())
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.position..]
    }

    pub(super) fn passed(&mut self, name: &'static str, is_request: bool, len: usize) {
        let range = self.position..self.position + len;
        self.position = range.end;
        self.messages.push(Message {
            name,
            is_request,
            range,
        });
    }

    /// A fault in the next `len` bytes.
    pub(super) fn fault(&self, len: usize, what: impl Into<String>) -> Fault {
        Fault {
            range: self.position..self.position + len,
            what: what.into(),
            unsupported: false,
        }
    }

    /// A fault in the message that was taken last.
    pub(super) fn last_fault(&self, what: impl Into<String>) -> Fault {
        Fault {
            range: self
                .messages
                .last()
                .map_or(0..0, |message| message.range.clone()),
            what: what.into(),
            unsupported: false,
        }
    }

    pub(super) fn last_unsupported(&self, what: &str) -> Fault {
        let name = self.messages.last().map_or("", |message| message.name);
        Fault {
            unsupported: true,
            ..self.last_fault(format!("{name}: {what}, which is not supported here"))
        }
    }

    /// A response to the message that was taken last, which the parser refused.
    pub(super) fn refused(&self, name: &str, len: usize, error: &Error) -> Fault {
        let what = error.to_string();
        let what = if what.contains(name) {
            what
        } else {
            format!("{name}: {what}")
        };
        let mut fault = Fault {
            unsupported: matches!(error, Error::Unsupported(_)),
            ..self.fault(len, what)
        };
        // Of two messages that contradict each other either may be the wrong one.
        let request = self.messages.last().filter(|_| is_about_request(error));
        fault.range.start = request.map_or(fault.range.start, |one| one.range.start);
        fault
    }
}

/// Whether an answer is refused since it does not fit to what was asked.
fn is_about_request(error: &Error) -> bool {
    let Error::Misbehaved { what, .. } = error else {
        return false;
    };
    matches!(
        what,
        Misbehaved::Echo(_) | Misbehaved::Slot { .. } | Misbehaved::SlotMask { .. }
    )
}

/// Bytes of a header.
pub(super) const HEADER_LEN: usize = 4;

/// Where Param1 is in a header.
pub(super) const PARAM1: usize = 2;
