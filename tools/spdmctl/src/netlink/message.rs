// SPDX-License-Identifier: GPL-2.0

//! Messages and attributes, and the kernel's errors in words.

use std::{
    fmt,
    io, //
};

use netlink_packet_core::{
    DefaultNla,
    Emitable,
    NetlinkBuffer,
    NlasIterator, //
};

/// The kernel's refusal of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Positive errno.
    pub errno: i32,
    /// The kernel's own explanation, if it gave one.
    pub text: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = crate::error::plain(&io::Error::from_raw_os_error(self.errno));
        match &self.text {
            Some(text) => write!(f, "{text}: {name}"),
            None => f.write_str(&name),
        }
    }
}

/// Why a request did not yield its answer.
#[derive(Debug)]
pub enum Failure {
    /// The kernel said no.
    Refused(Refusal),
    /// The objects changed while the dump ran.
    Interrupted,
    /// The socket failed.
    Io(io::Error),
    /// The kernel's answer is not what the family's specification says.
    Garbled(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Attributes of a message, of one level.
pub struct Attributes<'a>(pub(super) Vec<(u16, &'a [u8])>);

impl<'a> Attributes<'a> {
    /// Splits `bytes` into attributes.
    ///
    /// # Errors
    ///
    /// [`Failure::Garbled`] if a length does not fit.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Failure> {
        NlasIterator::new(bytes)
            .map(|nla| {
                let nla = nla.map_err(|error| Failure::Garbled(error.to_string()))?;
                let kind = nla.kind();
                let length = usize::from(nla.length());
                // The buffer behind an attribute holds its successors, too.
                let value = nla.into_inner().get(NLA_HEADER..length).unwrap_or_default();
                Ok((kind, value))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// All values of `kind`, in order.
    pub fn all(&self, kind: u16) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.0
            .iter()
            .filter(move |(found, _)| *found == kind)
            .map(|(_, value)| *value)
    }

    /// The first value of `kind`.
    pub fn first(&self, kind: u16) -> Option<&'a [u8]> {
        self.all(kind).next()
    }

    /// The first value of `kind`, which must be a u32.
    ///
    /// # Errors
    ///
    /// [`Failure::Garbled`] if it has another size.
    pub fn number(&self, kind: u16) -> Result<Option<u32>, Failure> {
        self.first(kind)
            .map(|value| {
                let bytes = value.try_into().map_err(|_| {
                    Failure::Garbled(format!("attribute {kind} is not a 32-bit number"))
                })?;
                Ok(u32::from_ne_bytes(bytes))
            })
            .transpose()
    }

    /// The first value of `kind`, which must be a string.
    ///
    /// # Errors
    ///
    /// [`Failure::Garbled`] if it is not UTF-8.
    pub fn text(&self, kind: u16) -> Result<Option<String>, Failure> {
        self.first(kind)
            .map(|value| {
                let value = value.strip_suffix(&[0]).unwrap_or(value);
                String::from_utf8(value.to_vec())
                    .map_err(|_| Failure::Garbled(format!("attribute {kind} is not text")))
            })
            .transpose()
    }
}

/// An attribute that holds a u32.
pub fn number(kind: u16, value: u32) -> DefaultNla {
    DefaultNla::new(kind, value.to_ne_bytes().to_vec())
}

/// An attribute that holds a string.
pub fn text(kind: u16, value: &str) -> DefaultNla {
    let mut bytes = value.as_bytes().to_vec();
    bytes.push(0);
    DefaultNla::new(kind, bytes)
}

/// What a request says in front of its attributes.
pub(super) struct Header {
    pub(super) family: u16,
    pub(super) command: u8,
    pub(super) version: u8,
    pub(super) flags: u16,
}

impl Header {
    pub(super) fn message(&self, sequence: u32, attributes: &[DefaultNla]) -> Vec<u8> {
        let length = NLMSG_HEADER + GENL_HEADER + attributes.buffer_len();
        let mut message = vec![0; length];
        let mut netlink = NetlinkBuffer::new(&mut message);
        netlink.set_length(u32::try_from(length).unwrap_or(u32::MAX));
        netlink.set_message_type(self.family);
        netlink.set_flags(NLM_F_REQUEST | self.flags);
        netlink.set_sequence_number(sequence);
        let payload = netlink.payload_mut();
        payload[0] = self.command;
        payload[1] = self.version;
        attributes.emit(&mut payload[GENL_HEADER..]);
        message
    }
}

/// The messages of a datagram.
pub(super) struct Messages<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Result<NetlinkBuffer<&'a [u8]>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.0);
        let message = NetlinkBuffer::new_checked(rest);
        if let Ok(message) = &message {
            let length = (message.length() as usize).next_multiple_of(NLMSG_ALIGN);
            self.0 = rest.get(length..).unwrap_or_default();
        }
        Some(message.map_err(|error| Failure::Garbled(error.to_string())))
    }
}

/// Command and attributes of a generic netlink message.
pub(super) fn split_genl(payload: &[u8]) -> Result<(u8, &[u8]), Failure> {
    let (header, attributes) = payload
        .split_at_checked(GENL_HEADER)
        .ok_or_else(|| Failure::Garbled("a message without a header".to_owned()))?;
    Ok((header[0], attributes))
}

/// Reads NLMSG_ERROR or NLMSG_DONE: an errno and perhaps its explanation.
pub(super) fn end_of_answer(message: &NetlinkBuffer<&[u8]>) -> Result<(), Failure> {
    let payload = message.payload();
    let Some((code, rest)) = payload.split_first_chunk() else {
        // The kernel may end a dump with nothing in it.
        return Ok(());
    };
    let code = i32::from_ne_bytes(*code);
    if code >= 0 {
        return Ok(());
    }
    let mut explanation = rest;
    if message.message_type() == NLMSG_ERROR {
        // The request's header is echoed, and the rest of the request unless NLM_F_CAPPED says that
        // it was left out.
        let echoed = if message.flags() & NLM_F_CAPPED != 0 {
            NLMSG_HEADER
        } else {
            let length = rest
                .first_chunk()
                .map_or(0, |length| u32::from_ne_bytes(*length));
            (length as usize).next_multiple_of(NLMSG_ALIGN)
        };
        explanation = rest.get(echoed..).unwrap_or_default();
    }
    let text = if message.flags() & NLM_F_ACK_TLVS != 0 {
        Attributes::parse(explanation)?.text(NLMSGERR_ATTR_MSG)?
    } else {
        None
    };
    Err(Failure::Refused(Refusal {
        errno: code.wrapping_neg(),
        text,
    }))
}

const NLMSG_HEADER: usize = 16;
const NLMSG_ALIGN: usize = 4;
const GENL_HEADER: usize = 4;
const NLA_HEADER: usize = 4;

// <linux/netlink.h>
const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSGERR_ATTR_MSG: u16 = 1;
pub(super) const NLMSG_ERROR: u16 = 2;
