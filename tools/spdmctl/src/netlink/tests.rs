// SPDX-License-Identifier: GPL-2.0

//! The client against a kernel that answers what a test wants.

use std::{
    collections::VecDeque,
    io, //
};

use netlink_packet_core::{
    DefaultNla,
    Emitable, //
};

use super::{
    channel::Channel,
    client::{
        Client,
        Event,
        ReadRequest, //
    },
    family::{
        attribute,
        command, //
    },
    message::{
        number,
        text,
        Attributes, //
    },
};
use crate::{
    error::Exit,
    evidence::{
        ObjectType,
        Slot, //
    },
    reason::Failure,
};

const FAMILY: u16 = 0x1c;
const GROUP: u32 = 9;

/// A kernel: for each request the datagrams of its answer.
struct Kernel {
    answers: VecDeque<Vec<Message>>,
    waiting: VecDeque<Vec<u8>>,
    requests: Vec<Vec<u8>>,
}

/// A message but for its sequence number and, if it is an error, the echoed request.
#[derive(Clone)]
struct Message {
    kind: u16,
    flags: u16,
    payload: Vec<u8>,
    /// Answers another request than the one that was made.
    is_stray: bool,
}

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const CAPPED_WITH_TLVS: u16 = 0x300;
const DUMP_INTR: u16 = 0x10;

impl Message {
    fn new(command: u8, attributes: &[DefaultNla]) -> Self {
        let mut payload = vec![0; 4 + attributes.buffer_len()];
        payload[0] = command;
        attributes.emit(&mut payload[4..]);
        Self {
            kind: FAMILY,
            flags: 0,
            payload,
            is_stray: false,
        }
    }

    fn done() -> Self {
        Self {
            kind: NLMSG_DONE,
            flags: 0,
            payload: vec![0; 4],
            is_stray: false,
        }
    }

    fn failed_dump(errno: i32) -> Self {
        Self {
            payload: (-errno).to_ne_bytes().to_vec(),
            ..Self::done()
        }
    }

    fn acknowledged() -> Self {
        Self::refused(0, None)
    }

    fn refused(errno: i32, explanation: Option<&str>) -> Self {
        let mut payload = (-errno).to_ne_bytes().to_vec();
        payload.extend([0; 16]);
        if let Some(explanation) = explanation {
            let attributes = [text(1, explanation)];
            let mut tlvs = vec![0; attributes.as_slice().buffer_len()];
            attributes.as_slice().emit(&mut tlvs);
            payload.extend(tlvs);
        }
        Self {
            kind: NLMSG_ERROR,
            flags: CAPPED_WITH_TLVS,
            payload,
            is_stray: false,
        }
    }

    fn stray(mut self) -> Self {
        self.is_stray = true;
        self
    }

    fn interrupted(mut self) -> Self {
        self.flags |= DUMP_INTR;
        self
    }

    fn bytes(&self, sequence: [u8; 4]) -> Vec<u8> {
        let length = u32::try_from(16 + self.payload.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(self.kind.to_ne_bytes());
        bytes.extend(self.flags.to_ne_bytes());
        bytes.extend(if self.is_stray { [0xff; 4] } else { sequence });
        bytes.extend([0; 4]);
        bytes.extend(&self.payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }
}

impl Kernel {
    fn new(answers: &[&[Message]]) -> Self {
        let family = Message {
            kind: 16,
            ..Message::new(
                1,
                &[
                    DefaultNla::new(1, FAMILY.to_ne_bytes().to_vec()),
                    DefaultNla::new(7, {
                        let group = [text(1, "events"), number(2, GROUP)];
                        let mut nested = vec![0; group.as_slice().buffer_len()];
                        group.as_slice().emit(&mut nested);
                        let groups = [DefaultNla::new(1, nested)];
                        let mut bytes = vec![0; groups.as_slice().buffer_len()];
                        groups.as_slice().emit(&mut bytes);
                        bytes
                    }),
                ],
            )
        };
        let mut all = VecDeque::from([vec![family, Message::acknowledged()]]);
        all.extend(answers.iter().map(|answer| answer.to_vec()));
        Self {
            answers: all,
            waiting: VecDeque::new(),
            requests: Vec::new(),
        }
    }
}

impl Channel for &mut Kernel {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let sequence = datagram[8..12].try_into().unwrap();
        for message in self
            .answers
            .pop_front()
            .expect("no more requests than answers")
        {
            self.waiting.push_back(message.bytes(sequence));
        }
        self.requests.push(datagram.to_vec());
        Ok(())
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        *buffer = match self.waiting.pop_front() {
            Some(datagram) => datagram,
            // Events come without a request.
            None => match self.answers.pop_front() {
                Some(events) if events.is_empty() => {
                    return Err(io::Error::from_raw_os_error(libc::ENOBUFS));
                }
                Some(events) => events
                    .iter()
                    .flat_map(|event| event.bytes([0; 4]))
                    .collect(),
                None => return Err(io::ErrorKind::ConnectionReset.into()),
            },
        };
        Ok(())
    }

    fn join(&mut self, group: u32) -> io::Result<()> {
        assert_eq!(group, GROUP);
        Ok(())
    }
}

fn object(generation: u32, content: &[u8]) -> Message {
    Message::new(
        command::READ,
        &[
            number(attribute::TYPE, ObjectType::Vca.number()),
            number(attribute::GENERATION, generation),
            number(attribute::LENGTH, u32::try_from(content.len()).unwrap()),
            DefaultNla::new(attribute::VAL, content.to_vec()),
        ],
    )
}

fn read(kernel: &mut Kernel, request: &ReadRequest) -> crate::error::Result<Vec<u8>> {
    let dump = Client::new(kernel)?.read("0000:01:00.0", request)?;
    Ok(dump.objects[&ObjectType::Vca].bytes.clone())
}

#[track_caller]
fn assert_fails(answer: Message, exit: Exit, message: &str, hint: Option<&str>) {
    let error = read(&mut Kernel::new(&[&[answer]]), &ReadRequest::default()).unwrap_err();
    assert_eq!(error.exit(), exit);
    assert_eq!(error.to_string(), message);
    assert_eq!(error.advice(), hint);
}

#[test]
fn a_read_request_says_what_it_wants() {
    let mut kernel = Kernel::new(&[&[object(1, b"x"), Message::done()]]);
    let request = ReadRequest {
        type_mask: 0x101,
        nonce: Some([7; 32]),
        slot: Slot::new(3),
    };
    assert_eq!(read(&mut kernel, &request).unwrap(), b"x");

    let datagram = &kernel.requests[1];
    assert_eq!(datagram[4..6], FAMILY.to_ne_bytes());
    // NLM_F_REQUEST, NLM_F_DUMP
    assert_eq!(datagram[6..8], 0x0301u16.to_ne_bytes());
    assert_eq!(datagram[16..18], [command::READ, 1]);
    let attributes = Attributes::parse(&datagram[20..]).unwrap();
    assert_eq!(
        attributes.number(attribute::TYPE_MASK).unwrap(),
        Some(0x101)
    );
    assert_eq!(attributes.number(attribute::FLAGS).unwrap(), Some(0x10000));
    assert_eq!(attributes.first(attribute::SUBSYS), Some(&b"pci\0"[..]));
    assert_eq!(
        attributes.first(attribute::DEV_NAME),
        Some(&b"0000:01:00.0\0"[..])
    );
    assert_eq!(attributes.first(attribute::NONCE), Some(&[7; 32][..]));
    assert_eq!(attributes.number(attribute::SLOT).unwrap(), Some(3));
}

#[test]
fn reading_is_repeated_if_the_evidence_changes() {
    let mut kernel = Kernel::new(&[
        &[object(1, b"old"), Message::failed_dump(libc::EAGAIN)],
        &[object(2, b"older").interrupted(), Message::done()],
        &[object(3, b"new"), Message::done()],
    ]);
    assert_eq!(read(&mut kernel, &ReadRequest::default()).unwrap(), b"new");
}

#[test]
fn a_device_is_not_refreshed_twice() {
    let mut kernel = Kernel::new(&[&[object(1, b"x"), Message::failed_dump(libc::EAGAIN)]]);
    let request = ReadRequest {
        nonce: Some([7; 32]),
        ..ReadRequest::default()
    };
    let error = read(&mut kernel, &request).unwrap_err();
    assert_eq!(error.exit(), Exit::Environment);
    assert_eq!(kernel.requests.len(), 2);
}

fn chain(generation: u32, content: &[u8]) -> Message {
    let mut message = object(generation, content);
    // TYPE is the first attribute: CERT0.
    message.payload[8..12].copy_from_slice(&[0; 4]);
    message
}

#[test]
fn a_refresh_does_not_ask_the_device_for_its_chains() {
    let mut kernel = Kernel::new(&[
        &[object(4, b"vca"), Message::done()],
        &[chain(4, b"chain"), Message::done()],
    ]);
    let request = ReadRequest {
        type_mask: ObjectType::Vca.mask(),
        nonce: Some([7; 32]),
        slot: None,
    };
    let mut client = Client::new(&mut kernel).unwrap();
    let dump = client.read_with_chains("0000:01:00.0", &request).unwrap();
    assert_eq!(dump.objects[&ObjectType::Vca].bytes, b"vca");
    assert_eq!(
        dump.objects[&ObjectType::Cert(Slot::new(0).unwrap())].bytes,
        b"chain"
    );
    let attributes = |request: usize| Attributes::parse(&kernel.requests[request][20..]).unwrap();
    let mask = |request| attributes(request).number(attribute::TYPE_MASK).unwrap();
    assert_eq!(mask(1), Some(0x100));
    assert!(attributes(1).first(attribute::NONCE).is_some());
    assert_eq!(mask(2), Some(0xff));
    assert!(attributes(2).first(attribute::NONCE).is_none());
}

#[test]
fn chains_are_those_of_the_evidence_that_was_refreshed() {
    let mut kernel = Kernel::new(&[
        &[object(4, b"vca"), Message::done()],
        &[chain(5, b"chain"), Message::done()],
    ]);
    let request = ReadRequest {
        type_mask: ObjectType::Vca.mask(),
        nonce: Some([7; 32]),
        slot: None,
    };
    let error = Client::new(&mut kernel)
        .unwrap()
        .read_with_chains("0000:01:00.0", &request)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "0000:01:00.0: refresh evidence: the evidence changed meanwhile"
    );
}

#[test]
fn chains_are_read_at_once_if_the_device_is_not_asked() {
    let mut kernel = Kernel::new(&[&[chain(4, b"chain"), object(4, b"vca"), Message::done()]]);
    let request = ReadRequest {
        type_mask: ObjectType::Vca.mask(),
        ..ReadRequest::default()
    };
    let mut client = Client::new(&mut kernel).unwrap();
    let dump = client.read_with_chains("0000:01:00.0", &request).unwrap();
    assert_eq!(dump.objects.len(), 2);
    assert_eq!(kernel.requests.len(), 2);
}

#[test]
fn reading_is_not_repeated_forever() {
    let change: &[Message] = &[Message::failed_dump(libc::EAGAIN)];
    let error = read(&mut Kernel::new(&[change; 5]), &ReadRequest::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "0000:01:00.0: the evidence changed 5 times while it was read"
    );
}

#[test]
fn answers_to_other_requests_are_ignored() {
    let mut kernel = Kernel::new(&[&[
        object(9, b"old").stray(),
        Message::failed_dump(libc::EIO).stray(),
        object(1, b"x"),
        Message::done(),
    ]]);
    assert_eq!(read(&mut kernel, &ReadRequest::default()).unwrap(), b"x");
}

#[test]
fn a_kernel_without_the_family_says_what_is_missing() {
    let mut kernel = Kernel::new(&[]);
    kernel.answers = VecDeque::from([vec![Message::refused(libc::ENOENT, None)]]);
    let error = Client::new(&mut kernel).map(drop).unwrap_err();
    assert_eq!(error.exit(), Exit::Environment);
    assert_eq!(
        error.to_string(),
        "this kernel has no netlink family \"device-evidence\""
    );
}

#[test]
fn refusals_carry_the_text_of_the_kernel_and_advice() {
    assert_fails(
        Message::refused(libc::EPERM, None),
        Exit::Environment,
        "0000:01:00.0: read evidence: Operation not permitted",
        Some("this needs the capability CAP_NET_ADMIN: run it as root"),
    );
    assert_fails(
        Message::refused(libc::ENXIO, Some("no evidence")),
        Exit::Environment,
        "0000:01:00.0: read evidence: no evidence: No such device or address",
        Some("the device is not connected: `spdmctl connect` it first"),
    );
    assert_fails(
        Message::refused(libc::EINVAL, Some("unknown bits")),
        Exit::Environment,
        "0000:01:00.0: read evidence: unknown bits: Invalid argument",
        None,
    );
}

#[test]
fn a_failed_refresh_says_what_the_device_did() {
    let rejected = Message::refused(libc::EKEYREJECTED, Some("device was not authenticated"));
    let request = ReadRequest {
        nonce: Some([7; 32]),
        ..ReadRequest::default()
    };
    let answer: &[Message] = &[rejected];
    let error = read(&mut Kernel::new(&[answer]), &request).unwrap_err();
    assert_eq!(error.exit(), Exit::Policy);
    assert_eq!(
        error.to_string(),
        "0000:01:00.0: refresh evidence: the device's signature, certificate chain or name does \
         not hold (device was not authenticated: Key was rejected by service)"
    );
    // Without a refresh the device has no part in it.
    let answer: &[Message] = &[Message::refused(libc::EOPNOTSUPP, Some("no provider"))];
    let error = read(&mut Kernel::new(&[answer]), &ReadRequest::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "0000:01:00.0: read evidence: no provider: Operation not supported"
    );
}

#[test]
fn garbage_is_not_evidence() {
    let mut cut = object(1, b"x");
    cut.payload.truncate(6);
    let error = read(
        &mut Kernel::new(&[&[cut, Message::done()]]),
        &ReadRequest::default(),
    )
    .unwrap_err();
    assert_eq!(error.exit(), Exit::Environment);
    assert!(error.to_string().contains("makes no sense"), "{error}");
}

#[test]
fn accepting_names_the_generation() {
    let mut kernel = Kernel::new(&[&[Message::acknowledged()]]);
    Client::new(&mut kernel)
        .unwrap()
        .validate("0000:01:00.0", 7)
        .unwrap();
    let datagram = &kernel.requests[1];
    assert_eq!(datagram[16], command::VALIDATE);
    let attributes = Attributes::parse(&datagram[20..]).unwrap();
    assert_eq!(attributes.number(attribute::GENERATION).unwrap(), Some(7));
}

#[test]
fn accepting_a_generation_that_is_gone_is_refused() {
    let answer: &[Message] = &[Message::refused(libc::ESTALE, Some("generation is 8"))];
    let mut kernel = Kernel::new(&[answer]);
    let error = Client::new(&mut kernel)
        .unwrap()
        .validate("0000:01:00.0", 7)
        .unwrap_err();
    assert_eq!(error.exit(), Exit::Policy);
    assert_eq!(
        error.to_string(),
        "0000:01:00.0: generation 7 is not the current one: generation is 8: Stale file handle"
    );
}

#[test]
fn events_are_told_until_the_listener_has_enough() {
    let event = |event, generation| {
        Message::new(
            command::NOTIFY,
            &[
                number(attribute::EVENT, event),
                text(attribute::SUBSYS, "pci"),
                text(attribute::DEV_NAME, "0000:01:00.0"),
                number(attribute::GENERATION, generation),
            ],
        )
    };
    let failed = Message::new(
        command::NOTIFY,
        &[
            number(attribute::EVENT, 6),
            text(attribute::SUBSYS, "pci"),
            text(attribute::DEV_NAME, "0000:01:00.0"),
            number(attribute::REASON, 4),
            number(attribute::SPDM_ERROR_CODE, 5),
        ],
    );
    let mut kernel = Kernel::new(&[&[event(1, 4), event(99, 5)], &[], &[event(2, 6), failed]]);
    let mut events = Vec::new();
    Client::new(&mut kernel)
        .unwrap()
        .listen(|event| {
            events.push(event);
            Ok(events.len() < 5)
        })
        .unwrap();
    // An answer without messages stands for those that were lost.
    let lost = events.remove(2);
    assert_eq!(lost.event, "lost");
    assert_eq!(lost.generation, None);
    let failed = events.pop().unwrap();
    assert_eq!((failed.event.as_str(), failed.generation), ("failed", None));
    assert_eq!(failed.failure, Failure::parse("refused 0x05"));
    let expected = |event: &str, generation| Event {
        event: event.to_owned(),
        subsystem: "pci".to_owned(),
        device: "0000:01:00.0".to_owned(),
        generation: Some(generation),
        failure: None,
    };
    assert_eq!(
        events,
        [
            expected("connected", 4),
            expected("event 99", 5),
            expected("disconnected", 6),
        ]
    );
}

/// The numbers stand in the specification, from which the kernel's are generated.
#[test]
fn numbers_are_those_of_the_specification() {
    let header = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../include/uapi/linux/device-evidence.h"
    ));
    let number = |name: &str| enumerator(header, name).unwrap_or_else(|| panic!("no {name}"));
    for (name, value) in [
        ("TYPE", attribute::TYPE),
        ("TYPE_MASK", attribute::TYPE_MASK),
        ("FLAGS", attribute::FLAGS),
        ("SUBSYS", attribute::SUBSYS),
        ("DEV_NAME", attribute::DEV_NAME),
        ("NONCE", attribute::NONCE),
        ("GENERATION", attribute::GENERATION),
        ("COUNT", attribute::COUNT),
        ("LENGTH", attribute::LENGTH),
        ("VAL", attribute::VAL),
        ("OFFSET", attribute::OFFSET),
        ("EVENT", attribute::EVENT),
        ("SPDM_VERSION", attribute::SPDM_VERSION),
        ("HASH", attribute::HASH),
        ("SIGNATURE_ALGORITHM", attribute::SIGNATURE_ALGORITHM),
        ("REQUESTER_NONCE_OFFSET", attribute::REQUESTER_NONCE_OFFSET),
        ("RESPONDER_NONCE_OFFSET", attribute::RESPONDER_NONCE_OFFSET),
        ("SIGNATURE_OFFSET", attribute::SIGNATURE_OFFSET),
        ("SIGNATURE_LENGTH", attribute::SIGNATURE_LENGTH),
        ("SLOT", attribute::SLOT),
        ("VALIDATED", attribute::VALIDATED),
        ("REASON", attribute::REASON),
        ("SPDM_ERROR_CODE", attribute::SPDM_ERROR_CODE),
    ] {
        assert_eq!(
            number(&format!("DEVICE_EVIDENCE_A_{name}")),
            u32::from(value),
            "{name}"
        );
    }
    for (name, value) in [
        ("READ", command::READ),
        ("VALIDATE", command::VALIDATE),
        ("NOTIFY", command::NOTIFY),
    ] {
        assert_eq!(
            number(&format!("DEVICE_EVIDENCE_CMD_{name}")),
            u32::from(value),
            "{name}"
        );
    }
    for kind in ObjectType::all() {
        let name = kind.to_string().to_uppercase();
        assert_eq!(
            number(&format!("DEVICE_EVIDENCE_OBJECT_TYPE_{name}")),
            kind.number()
        );
    }
    for (value, name) in super::family::EVENTS {
        let name = name.to_uppercase();
        assert_eq!(number(&format!("DEVICE_EVIDENCE_EVENT_{name}")), value);
    }
}

/// Value of an enumerator in a C header.
fn enumerator(header: &str, name: &str) -> Option<u32> {
    let mut next = 0;
    for line in header.lines() {
        let line = line.trim();
        if line.starts_with("enum ") {
            next = 0;
        }
        let Some(entry) = line.strip_suffix(',') else {
            continue;
        };
        let (entry, value) = match entry.split_once(" = ") {
            Some((entry, value)) => (entry, value.parse().ok()),
            None => (entry, Some(next)),
        };
        let Some(value) = value else {
            continue;
        };
        if entry == name {
            return Some(value);
        }
        next = value + 1;
    }
    None
}
