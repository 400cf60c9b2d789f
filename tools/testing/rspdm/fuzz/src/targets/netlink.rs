// SPDX-License-Identifier: GPL-2.0

//! What spdmctl makes of a kernel that says anything at all.
//!
//! The input is what spdmctl does, and datagrams of messages that are put into shape unless the
//! input wants them raw.

use std::{
    collections::VecDeque,
    io, //
};

use spdmctl::netlink::{
    channel::Channel,
    client::{
        Client,
        ReadRequest, //
    },
    family::{
        attribute,
        command,
        GROUP_EVENTS,
        MAX_OBJECT_SIZE, //
    },
};

use super::take;

/// Talks to the kernel of the input.
pub fn run(mut input: &[u8]) {
    let [what] = take(&mut input);
    let mut kernel = Kernel {
        sequence: 0,
        datagrams: VecDeque::new(),
    };
    if what & 0x80 == 0 {
        kernel.datagrams.push_back(family());
    }
    while !input.is_empty() {
        let datagram = datagram(&mut input);
        kernel.datagrams.push_back(datagram);
    }
    let Ok(mut client) = Client::new(kernel) else {
        return;
    };
    let device = "0000:01:00.0";
    let request = ReadRequest {
        type_mask: u32::MAX,
        nonce: (what & 0x40 != 0).then_some([7; 32]),
        slot: None,
    };
    let dump = match what & 3 {
        0 => client.read(device, &request),
        1 => client.read_with_chains(device, &request),
        2 => {
            if let Err(error) = client.validate(device, 1) {
                assert!(!error.to_string().is_empty());
            }
            return;
        }
        _ => {
            let mut events = 0;
            let result = client.listen(|event| {
                events += 1;
                assert!(!event.event.is_empty());
                Ok(events < 100)
            });
            if let Err(error) = result {
                assert!(!error.to_string().is_empty());
            }
            return;
        }
    };
    match dump {
        Ok(dump) => {
            assert!(!dump.objects.is_empty());
            let lens = dump.objects.values().map(|object| object.bytes.len());
            assert!(lens.into_iter().all(|len| len <= MAX_OBJECT_SIZE as usize));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// What a kernel says: objects in one and in several messages, errors, events.
pub fn seeds() -> Vec<Vec<u8>> {
    let object = |kind: u32, value: &[u8]| {
        let mut attributes = number(attribute::TYPE, kind);
        attributes.extend(number(attribute::GENERATION, 7));
        attributes.extend(number(attribute::LENGTH, value.len() as u32));
        attributes.extend(attribute_of(attribute::VAL, value));
        message(GENL | MULTI, &genl(command::READ, &attributes))
    };
    let transcript = {
        let mut attributes = number(attribute::TYPE, 16);
        attributes.extend(number(attribute::GENERATION, 7));
        attributes.extend(attribute_of(attribute::COUNT, &9u64.to_ne_bytes()));
        attributes.extend(attribute_of(attribute::VALIDATED, &[]));
        attributes.extend(number(attribute::LENGTH, 8));
        attributes.extend(number(attribute::SPDM_VERSION, 0x12));
        attributes.extend(attribute_of(attribute::HASH, b"sha384\0"));
        attributes.extend(attribute_of(
            attribute::SIGNATURE_ALGORITHM,
            b"ecdsa-nist-p384\0",
        ));
        for offset in attribute::REQUESTER_NONCE_OFFSET..=attribute::SIGNATURE_LENGTH {
            attributes.extend(number(offset, 4));
        }
        attributes.extend(attribute_of(attribute::VAL, b"first"));
        message(GENL | MULTI, &genl(command::READ, &attributes))
    };
    let more = {
        let mut attributes = number(attribute::OFFSET, 5);
        attributes.extend(attribute_of(attribute::VAL, b"end"));
        message(GENL | MULTI, &genl(command::READ, &attributes))
    };
    let done = message(DONE | MULTI, &0i32.to_ne_bytes());
    let refused = |errno: i32| {
        let mut payload = (-errno).to_ne_bytes().to_vec();
        // The header of the request, as NLM_F_CAPPED leaves it.
        payload.extend([0; 16]);
        payload.extend(attribute_of(1, b"no such device\0"));
        payload.extend(number(attribute::REASON, 3));
        message(ERROR | ACK_TLVS, &payload)
    };
    let event = |event: u32| {
        let mut attributes = number(attribute::EVENT, event);
        attributes.extend(attribute_of(attribute::SUBSYS, b"pci\0"));
        attributes.extend(attribute_of(attribute::DEV_NAME, b"0000:01:00.0\0"));
        attributes.extend(number(attribute::GENERATION, 7));
        attributes.extend(number(attribute::REASON, 2));
        attributes.extend(number(attribute::SPDM_ERROR_CODE, 5));
        message(GENL, &genl(command::NOTIFY, &attributes))
    };
    let join = |what: u8, messages: &[&[u8]]| {
        let mut seed = vec![what];
        messages.iter().for_each(|message| seed.extend(*message));
        seed
    };
    let mut seeds = vec![];
    for what in [0, 1, 0x40, 0x41] {
        let cert = object(0, b"chain");
        seeds.push(join(what, &[&cert, &transcript, &more, &done]));
        let vca = object(8, b"vca");
        seeds.push(join(what, &[&cert, &vca, &done, &cert, &done]));
    }
    for errno in [1, 2, 3, 11, 16, 19, 22, 95, 110, 116, 129] {
        for what in [0, 0x40, 2] {
            seeds.push(join(what, &[&refused(errno)]));
        }
    }
    let events: Vec<_> = (0..8).map(event).collect();
    let events: Vec<_> = events.iter().map(Vec::as_slice).collect();
    seeds.push(join(3, &events));
    // The kernel's own answer to a look-up, message for message.
    let mut raw = vec![0x80, RAW];
    let family = family();
    raw.extend((family.len() as u16).to_le_bytes());
    raw.extend(family);
    seeds.push(raw);
    seeds
}

/// The kernel's side of a socket.
struct Kernel {
    sequence: u32,
    datagrams: VecDeque<Vec<u8>>,
}

impl Channel for Kernel {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let sequence = datagram[8..12].try_into().expect("four bytes");
        self.sequence = u32::from_ne_bytes(sequence);
        Ok(())
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let datagram = self.datagrams.pop_front();
        *buffer = datagram.ok_or(io::ErrorKind::ConnectionReset)?;
        // All answers are to the last request.
        if let Some(sequence) = buffer.get_mut(8..12) {
            sequence.copy_from_slice(&self.sequence.to_ne_bytes());
        }
        Ok(())
    }

    fn join(&mut self, _group: u32) -> io::Result<()> {
        Ok(())
    }
}

// Bits of the byte that a message of an input begins with.
const DONE: u8 = 0;
const ERROR: u8 = 1;
const GENL: u8 = 2;
const RAW: u8 = 3;
const MULTI: u8 = 0x10;
const INTERRUPTED: u8 = 0x20;
const CAPPED: u8 = 0x40;
const ACK_TLVS: u8 = 0x80 | CAPPED;

const FAMILY_ID: u16 = 0x20;

fn datagram(input: &mut &[u8]) -> Vec<u8> {
    let [what, low, high] = take(input);
    let len = usize::from(u16::from_le_bytes([low, high]));
    let (payload, rest) = input.split_at(input.len().min(len));
    *input = rest;
    let kind = match what & 3 {
        DONE => 3,
        ERROR => 2,
        GENL => FAMILY_ID,
        _ => return payload.to_vec(),
    };
    // NLM_F_MULTI, NLM_F_DUMP_INTR, NLM_F_CAPPED, NLM_F_ACK_TLVS
    let flags = [
        (MULTI, 0x02),
        (INTERRUPTED, 0x10),
        (CAPPED, 0x100),
        (0x80, 0x200),
    ];
    let flags = flags.iter().filter(|(bit, _)| what & bit != 0);
    netlink(kind, flags.fold(0, |all, (_, flag)| all | flag), payload)
}

fn netlink(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut message = (16 + payload.len() as u32).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(payload);
    message.resize(message.len().next_multiple_of(4), 0);
    message
}

/// A message of an input.
fn message(what: u8, payload: &[u8]) -> Vec<u8> {
    let mut message = vec![what];
    message.extend((payload.len() as u16).to_le_bytes());
    message.extend(payload);
    message
}

fn genl(command: u8, attributes: &[u8]) -> Vec<u8> {
    [&[command, 1, 0, 0], attributes].concat()
}

fn number(kind: u16, value: u32) -> Vec<u8> {
    attribute_of(kind, &value.to_ne_bytes())
}

fn attribute_of(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut attribute = (4 + value.len() as u16).to_ne_bytes().to_vec();
    attribute.extend(kind.to_ne_bytes());
    attribute.extend(value);
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    attribute
}

/// The kernel's answer to a look-up of the family, and its acknowledgment.
fn family() -> Vec<u8> {
    let group = [
        attribute_of(1, &[GROUP_EVENTS.as_bytes(), &[0]].concat()),
        number(2, 5),
    ]
    .concat();
    let groups = attribute_of(7, &attribute_of(1, &group));
    let attributes = [attribute_of(1, &FAMILY_ID.to_ne_bytes()), groups].concat();
    let answer = netlink(0x10, 0, &genl(1, &attributes));
    let acknowledgment = netlink(2, 0x100, &[0; 20]);
    [answer, acknowledgment].concat()
}
