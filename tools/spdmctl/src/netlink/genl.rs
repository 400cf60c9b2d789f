// SPDX-License-Identifier: GPL-2.0

//! Generic netlink: families, requests and their answers.

use netlink_packet_core::DefaultNla;

use super::{
    channel::Channel,
    message::{
        end_of_answer,
        split_genl,
        text,
        Attributes,
        Failure,
        Header,
        Messages,
        NLMSG_ERROR, //
    },
};

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

/// What comes from a multicast group.
pub enum Heard<'a> {
    /// A message: command and attributes.
    Message(u8, Attributes<'a>),
    /// The reader was too slow, and the kernel dropped messages.
    Loss,
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

    /// Sends a request that is not a dump, and waits for its acknowledgment.
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

    /// Joins `group` and hands what arrives there to `each`, until `each` fails or says stop.
    ///
    /// # Errors
    ///
    /// Those of the socket and of `each`.
    pub fn listen(
        &mut self,
        family: &Family,
        group: u32,
        mut each: impl FnMut(Heard<'_>) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        self.channel.join(group)?;
        loop {
            match self.channel.receive(&mut self.buffer) {
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    if !each(Heard::Loss)? {
                        return Ok(());
                    }
                    continue;
                }
                result => result?,
            }
            for message in Messages(&self.buffer) {
                let message = message?;
                if message.message_type() != family.id {
                    continue;
                }
                let (command, attributes) = split_genl(message.payload())?;
                if !each(Heard::Message(command, Attributes::parse(attributes)?))? {
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

// <linux/netlink.h>
const NLM_F_ACK: u16 = 0x04;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_NOOP: u16 = 1;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;

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
    use crate::netlink::channel::KernelChannel;

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
