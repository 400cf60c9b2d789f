// SPDX-License-Identifier: GPL-2.0

//! Generic netlink: sockets, framing, the kernel's errors in words.

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
use netlink_sys::{
    protocols::NETLINK_GENERIC,
    Socket,
    SocketAddr, //
};

/// Where datagrams go and come from: a socket, or a test.
pub trait Channel {
    /// Sends one datagram to the kernel.
    ///
    /// # Errors
    ///
    /// Those of `sendto(2)`.
    fn send(&mut self, datagram: &[u8]) -> io::Result<()>;

    /// Waits for one datagram from the kernel and puts it in place of the content of `buffer`.
    ///
    /// # Errors
    ///
    /// Those of `recvfrom(2)`; `InvalidData` if the datagram was cut.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<()>;

    /// Joins a multicast group.
    ///
    /// # Errors
    ///
    /// Those of `setsockopt(2)`.
    fn join(&mut self, group: u32) -> io::Result<()>;
}

/// A netlink socket that is bound, and set up to get extended errors.
pub struct KernelChannel(Socket);

impl KernelChannel {
    /// Opens a socket for generic netlink.
    ///
    /// # Errors
    ///
    /// Those of `socket(2)`, `bind(2)` and `setsockopt(2)`.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_GENERIC)?;
        socket.bind_auto()?;
        socket.set_ext_ack(true)?;
        socket.set_cap_ack(true)?;
        socket.set_netlink_get_strict_chk(true)?;
        socket.set_rx_buf_sz::<libc::c_int>(RECEIVE_QUEUE)?;
        Ok(Self(socket))
    }
}

impl Channel for KernelChannel {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let kernel = SocketAddr::new(0, 0);
        self.0.send_to(datagram, &kernel, 0).map(drop)
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        loop {
            buffer.clear();
            buffer.reserve(RECEIVE_BUFFER);
            match self.0.recv_from(buffer, libc::MSG_TRUNC) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
                // Other processes can send to this socket; they are not the kernel.
                Ok((_, from)) if from.port_number() != 0 => continue,
                Ok((length, _)) if length > buffer.len() => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("a message of {length} bytes was cut"),
                    ));
                }
                Ok(_) => return Ok(()),
            }
        }
    }

    fn join(&mut self, group: u32) -> io::Result<()> {
        self.0.add_membership(group)
    }
}

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
pub struct Attributes<'a>(Vec<(u16, &'a [u8])>);

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

/// Number and multicast groups of a family.
#[derive(Debug)]
pub struct Family {
    /// Message type of its messages.
    pub id: u16,
    groups: Vec<(String, u32)>,
}

impl Family {
    /// Number of the multicast group `name`.
    pub fn group(&self, name: &str) -> Option<u32> {
        let found = self.groups.iter().find(|(group, _)| group == name);
        found.map(|(_, id)| *id)
    }
}

/// Requests and answers over a [`Channel`].
pub struct Genl<C> {
    channel: C,
    sequence: u32,
    buffer: Vec<u8>,
}

impl<C: Channel> Genl<C> {
    /// Uses `channel`, on which nothing was sent before.
    pub fn new(channel: C) -> Self {
        Self {
            channel,
            sequence: 0,
            buffer: Vec::new(),
        }
    }

    /// Asks for the family called `name`.
    ///
    /// # Errors
    ///
    /// [`Failure::Refused`] with ENOENT if there is none.
    pub fn family(&mut self, name: &str) -> Result<Family, Failure> {
        let mut family = None;
        let attributes = [text(CTRL_ATTR_FAMILY_NAME, name)];
        let header = Header {
            family: GENL_ID_CTRL,
            command: CTRL_CMD_GETFAMILY,
            version: CTRL_VERSION,
            flags: NLM_F_ACK,
        };
        self.request(&header, &attributes, |reply| {
            let id = reply
                .first(CTRL_ATTR_FAMILY_ID)
                .and_then(|value| value.try_into().ok())
                .map(u16::from_ne_bytes)
                .ok_or_else(|| Failure::Garbled("a family without a number".to_owned()))?;
            let mut groups = Vec::new();
            if let Some(nested) = reply.first(CTRL_ATTR_MCAST_GROUPS) {
                for group in Attributes::parse(nested)?.0 {
                    let group = Attributes::parse(group.1)?;
                    let name = group.text(CTRL_ATTR_MCAST_GRP_NAME)?;
                    let id = group.number(CTRL_ATTR_MCAST_GRP_ID)?;
                    groups.extend(name.zip(id));
                }
            }
            family = Some(Family { id, groups });
            Ok(())
        })?;
        family.ok_or_else(|| Failure::Garbled("no answer to a look-up".to_owned()))
    }

    /// Sends a request that is not a dump, and waits for its acknowledgement.
    ///
    /// # Errors
    ///
    /// Every kind of [`Failure`].
    pub fn execute(
        &mut self,
        family: &Family,
        command: u8,
        version: u8,
        attributes: &[DefaultNla],
    ) -> Result<(), Failure> {
        let header = Header {
            family: family.id,
            command,
            version,
            flags: NLM_F_ACK,
        };
        self.request(&header, attributes, |_| Ok(()))
    }

    /// Sends a dump request and hands each message of the answer to `each`.
    ///
    /// # Errors
    ///
    /// Every kind of [`Failure`]; those of `each` once the dump is over.
    pub fn dump(
        &mut self,
        family: &Family,
        command: u8,
        version: u8,
        attributes: &[DefaultNla],
        each: impl FnMut(&Attributes<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let header = Header {
            family: family.id,
            command,
            version,
            flags: NLM_F_DUMP,
        };
        self.request(&header, attributes, each)
    }

    /// Joins `group` and hands each message that arrives there to `each`, until `each` fails or
    /// says stop.
    ///
    /// # Errors
    ///
    /// Those of the socket and of `each`.
    pub fn listen(
        &mut self,
        family: &Family,
        group: u32,
        mut each: impl FnMut(u8, &Attributes<'_>) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        self.channel.join(group)?;
        loop {
            self.channel.receive(&mut self.buffer)?;
            for message in Messages(&self.buffer) {
                let message = message?;
                if message.message_type() != family.id {
                    continue;
                }
                let (command, attributes) = split_genl(message.payload())?;
                if !each(command, &Attributes::parse(attributes)?)? {
                    return Ok(());
                }
            }
        }
    }

    fn request(
        &mut self,
        header: &Header,
        attributes: &[DefaultNla],
        mut each: impl FnMut(&Attributes<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.sequence += 1;
        let sequence = self.sequence;
        self.channel.send(&header.message(sequence, attributes))?;
        let mut interrupted = false;
        let mut result = Ok(());
        loop {
            self.channel.receive(&mut self.buffer)?;
            for message in Messages(&self.buffer) {
                let message = message?;
                if message.sequence_number() != sequence {
                    continue;
                }
                interrupted |= message.flags() & NLM_F_DUMP_INTR != 0;
                match message.message_type() {
                    NLMSG_ERROR | NLMSG_DONE => {
                        end_of_answer(&message)?;
                        return if interrupted {
                            Err(Failure::Interrupted)
                        } else {
                            result
                        };
                    }
                    NLMSG_NOOP => {}
                    NLMSG_OVERRUN => {
                        return Err(Failure::Garbled("the kernel lost messages".to_owned()));
                    }
                    kind if kind == header.family && result.is_ok() => {
                        result = split_genl(message.payload())
                            .and_then(|(_, attributes)| Attributes::parse(attributes))
                            .and_then(|attributes| each(&attributes));
                    }
                    _ => {}
                }
            }
        }
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
struct Header {
    family: u16,
    command: u8,
    version: u8,
    flags: u16,
}

impl Header {
    fn message(&self, sequence: u32, attributes: &[DefaultNla]) -> Vec<u8> {
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
struct Messages<'a>(&'a [u8]);

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
fn split_genl(payload: &[u8]) -> Result<(u8, &[u8]), Failure> {
    let (header, attributes) = payload
        .split_at_checked(GENL_HEADER)
        .ok_or_else(|| Failure::Garbled("a message without a header".to_owned()))?;
    Ok((header[0], attributes))
}

/// Reads NLMSG_ERROR or NLMSG_DONE: an errno and perhaps its explanation.
fn end_of_answer(message: &NetlinkBuffer<&[u8]>) -> Result<(), Failure> {
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

/// Room for one datagram: the kernel sends at most 64 KiB.
const RECEIVE_BUFFER: usize = 64 << 10;

/// Room for datagrams that wait; a dump of the largest object is far faster with it.
const RECEIVE_QUEUE: libc::c_int = 1 << 20;

const NLMSG_HEADER: usize = 16;
const NLMSG_ALIGN: usize = 4;
const GENL_HEADER: usize = 4;
const NLA_HEADER: usize = 4;

// <linux/netlink.h>
const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_ACK: u16 = 0x04;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;
const NLMSGERR_ATTR_MSG: u16 = 1;

// <linux/genetlink.h>
const GENL_ID_CTRL: u16 = 16;
const CTRL_VERSION: u8 = 2;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const CTRL_ATTR_MCAST_GROUPS: u16 = 7;
const CTRL_ATTR_MCAST_GRP_NAME: u16 = 1;
const CTRL_ATTR_MCAST_GRP_ID: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_kernel_knows_its_own_controller() {
        let mut genl = Genl::new(KernelChannel::open().unwrap());
        let family = genl.family("nlctrl").unwrap();
        assert_eq!(family.id, GENL_ID_CTRL);
        assert!(family.group("notify").is_some());
    }

    #[test]
    fn a_family_that_does_not_exist_is_refused_with_enoent() {
        let mut genl = Genl::new(KernelChannel::open().unwrap());
        match genl.family("no-such-family") {
            Err(Failure::Refused(refusal)) => assert_eq!(refusal.errno, libc::ENOENT),
            other => panic!("{other:?}"),
        }
    }
}
