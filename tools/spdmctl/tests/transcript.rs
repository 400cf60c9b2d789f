// SPDX-License-Identifier: GPL-2.0

//! Every reason for which a walk through a transcript ends early.
//!
//! A walk does not look at the signature, so transcripts can be changed at will.

mod common;

use std::ops::Range;

use common::device::Recipe;
use spdmctl::{
    evidence::ObjectType,
    transcript::{
        Fault,
        Negotiation,
        Transcript, //
    },
};

/// A transcript, and where its messages are.
struct Sample {
    bytes: Vec<u8>,
    messages: Vec<(&'static str, Range<usize>)>,
}

impl Sample {
    /// Two portions of a chain, and everything else once.
    fn new(version: u8) -> Self {
        let recipe = Recipe {
            version,
            ..Recipe::default()
        };
        let evidence = recipe.evidence();
        let bytes = evidence.bytes(ObjectType::Challenge).unwrap().to_vec();
        let transcript = Transcript::parse(&bytes).unwrap();
        let messages = transcript.messages.iter();
        let messages = messages.map(|message| (message.name, message.range.clone()));
        Self {
            messages: messages.collect(),
            bytes,
        }
    }

    /// Where the message of this name is, counted from 0 among those of the same name.
    fn find(&self, name: &str, number: usize) -> Range<usize> {
        let mut found = self.messages.iter().filter(|(other, _)| *other == name);
        found.nth(number).unwrap().1.clone()
    }

    /// Changes bytes of a message.
    fn set(&mut self, name: &str, number: usize, offset: usize, bytes: &[u8]) -> &mut Self {
        let start = self.find(name, number).start + offset;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Takes a message and its answer out.
    fn remove(&mut self, request: &str, response: &str, number: usize) -> &mut Self {
        let range = self.find(request, number).start..self.find(response, number).end;
        self.bytes.drain(range);
        self
    }

    fn fault(&self) -> Fault {
        Transcript::parse(&self.bytes).unwrap_err()
    }

    #[track_caller]
    fn assert_fault(&self, what: &str) {
        let fault = self.fault();
        assert_eq!(fault.what, what);
        assert!(!fault.unsupported);
    }

    #[track_caller]
    fn assert_unsupported(&self, what: &str) {
        let fault = self.fault();
        assert_eq!(fault.what, what);
        assert!(fault.unsupported);
    }
}

#[test]
fn messages_and_fields_are_found() {
    let sample = Sample::new(0x13);
    let names: Vec<&str> = sample.messages.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "GET_VERSION",
            "VERSION",
            "GET_CAPABILITIES",
            "CAPABILITIES",
            "NEGOTIATE_ALGORITHMS",
            "ALGORITHMS",
            "GET_DIGESTS",
            "DIGESTS",
            "GET_CERTIFICATE",
            "CERTIFICATE",
            "GET_CERTIFICATE",
            "CERTIFICATE",
            "CHALLENGE",
            "CHALLENGE_AUTH",
        ]
    );
    let transcript = Transcript::parse(&sample.bytes).unwrap();
    assert_eq!(transcript.asked.nonce, common::device::NONCE);
    assert_eq!(transcript.asked.context, *b"CONTEXT8");
    assert_eq!(
        sample.bytes[transcript.requester_nonce],
        common::device::NONCE
    );
    assert_eq!(transcript.signature.end, sample.bytes.len());
    assert_eq!(transcript.signature.len(), 64);
    // Nothing lies between two messages, and the signature follows the last.
    let mut position = 0;
    for (_, range) in &sample.messages {
        assert_eq!(range.start, position);
        position = range.end;
    }
    assert_eq!(transcript.signature.start, position);
}

#[test]
fn a_version_that_the_device_did_not_offer_is_refused() {
    let mut sample = Sample::new(0x12);
    sample.set("GET_CAPABILITIES", 0, 0, &[0x13]);
    sample.assert_fault("VERSION does not offer version 1.3");
    sample.set("GET_CAPABILITIES", 0, 0, &[0x20]);
    sample.assert_unsupported("SPDM version 0x20 is not known here");
}

#[test]
fn a_request_of_another_version_or_code_is_refused() {
    let mut sample = Sample::new(0x12);
    sample.set("NEGOTIATE_ALGORITHMS", 0, 0, &[0x11]);
    sample.assert_fault("code 0xe3 of version 0x11 where NEGOTIATE_ALGORITHMS of 1.2 should be");
    let mut sample = Sample::new(0x12);
    sample.set("NEGOTIATE_ALGORITHMS", 0, 1, &[0xe4]);
    sample.assert_fault("code 0xe4 of version 0x12 where NEGOTIATE_ALGORITHMS of 1.2 should be");
}

#[test]
fn a_list_of_algorithms_is_not_supported() {
    let mut sample = Sample::new(0x13);
    sample.set("GET_CAPABILITIES", 0, 2, &[1]);
    sample.assert_unsupported(
        "GET_CAPABILITIES: asks for the list of supported algorithms, which is not supported here",
    );
}

#[test]
fn an_offer_has_at_least_its_fixed_part() {
    let mut sample = Sample::new(0x12);
    sample.set("NEGOTIATE_ALGORITHMS", 0, 4, &[31, 0]);
    sample.assert_fault("NEGOTIATE_ALGORITHMS: shorter than its fixed part");
    sample.set("NEGOTIATE_ALGORITHMS", 0, 4, &[0xff, 0xff]);
    sample.assert_fault("ends within NEGOTIATE_ALGORITHMS");
}

#[test]
fn what_was_selected_must_have_been_offered() {
    let mut sample = Sample::new(0x12);
    sample.set("NEGOTIATE_ALGORITHMS", 0, 8, &[0x80, 0x01, 0, 0]);
    sample.assert_fault("ALGORITHMS: BaseAsymSel was not offered");
    let mut sample = Sample::new(0x12);
    sample.set("NEGOTIATE_ALGORITHMS", 0, 12, &[0x06, 0, 0, 0]);
    sample.assert_fault("ALGORITHMS: BaseHashSel was not offered");
}

#[test]
fn a_chain_is_read_from_its_first_byte_to_its_last() {
    let mut sample = Sample::new(0x12);
    sample.set("GET_CERTIFICATE", 1, 4, &[0x01, 0x03]);
    sample.assert_fault("GET_CERTIFICATE: does not go on where the last ended");

    let mut sample = Sample::new(0x12);
    sample.set("GET_CERTIFICATE", 1, 2, &[1]);
    sample.set("CERTIFICATE", 1, 2, &[1]);
    sample.assert_fault("GET_CERTIFICATE: does not go on where the last ended");

    let mut sample = Sample::new(0x12);
    sample.remove("GET_CERTIFICATE", "CERTIFICATE", 0);
    sample.assert_fault("GET_CERTIFICATE: does not go on where the last ended");

    let mut sample = Sample::new(0x12);
    let total = chain_len(&sample);
    sample.remove("GET_CERTIFICATE", "CERTIFICATE", 1);
    sample.assert_fault(&format!("768 of {total} bytes of the chain of slot 0"));
}

#[test]
fn the_length_of_a_chain_does_not_change() {
    let mut sample = Sample::new(0x12);
    let total = chain_len(&sample);
    sample.set("CERTIFICATE", 1, 6, &[1, 0]);
    sample.assert_fault(&format!(
        "CERTIFICATE: 1 bytes remain of a chain of {total}, {total} were read"
    ));
}

#[test]
fn a_chain_is_not_read_twice() {
    let mut sample = Sample::new(0x12);
    let again = sample.find("GET_CERTIFICATE", 0).start..sample.find("CERTIFICATE", 1).end;
    let copy = sample.bytes[again.clone()].to_vec();
    sample.bytes.splice(again.end..again.end, copy);
    sample.assert_fault("the chain of slot 0 was read twice");
}

#[test]
fn a_slot_is_one_of_eight() {
    // The highest bit asks for the large form in 1.4 only.
    let mut sample = Sample::new(0x13);
    sample.set("GET_CERTIFICATE", 0, 2, &[0x80]);
    sample.assert_unsupported("GET_CERTIFICATE: Param1 0x80");
    let mut sample = Sample::new(0x14);
    sample.set("GET_CERTIFICATE", 0, 2, &[0x88]);
    sample.assert_unsupported("GET_CERTIFICATE: Param1 0x88");
    let mut sample = Sample::new(0x12);
    sample.set("CHALLENGE", 0, 2, &[0xff]);
    sample.assert_unsupported("CHALLENGE: Param1 0xff");
}

#[test]
fn a_request_is_what_the_requester_would_have_sent() {
    let mut sample = Sample::new(0x12);
    sample.set("CHALLENGE", 0, 3, &[0xff]);
    sample.assert_fault("CHALLENGE: byte 3 is 0xff, 0x00 expected");
    let mut sample = Sample::new(0x12);
    sample.set("GET_DIGESTS", 0, 3, &[1]);
    sample.assert_fault("GET_DIGESTS: byte 3 is 0x01, 0x00 expected");
}

#[test]
fn a_transcript_can_be_cut_nowhere() {
    for version in 0x10..=0x14 {
        let sample = Sample::new(version);
        for length in 0..sample.bytes.len() {
            assert!(
                Transcript::parse(&sample.bytes[..length]).is_err(),
                "{length} bytes"
            );
        }
    }
}

#[test]
fn a_negotiation_ends_with_algorithms() {
    let sample = Sample::new(0x12);
    let end = sample.find("ALGORITHMS", 0).end;
    assert!(Negotiation::parse(&sample.bytes[..end]).is_ok());
    let fault = Negotiation::parse(&sample.bytes[..end + 1]).unwrap_err();
    assert_eq!(
        fault.to_string(),
        format!("bytes {end} to {}: bytes behind ALGORITHMS", end + 1)
    );
    for length in 0..end {
        assert!(
            Negotiation::parse(&sample.bytes[..length]).is_err(),
            "{length} bytes"
        );
    }
}

fn chain_len(sample: &Sample) -> usize {
    let portions = sample
        .messages
        .iter()
        .filter(|(name, _)| *name == "CERTIFICATE");
    portions.map(|(_, range)| range.len() - 8).sum()
}
