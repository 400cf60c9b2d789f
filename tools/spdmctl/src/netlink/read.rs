// SPDX-License-Identifier: GPL-2.0

//! Puts objects together from the messages of a READ dump.
//!
//! An object's first message carries its type, generation and length; the messages behind it carry
//! the rest of it. Kernel and tool are built and updated apart, so nothing is taken on trust: an
//! object that is incomplete, too long, out of order or of another generation ends the dump.

use std::collections::BTreeMap;

use super::{
    family::{
        attribute,
        MAX_OBJECT_SIZE, //
    },
    message::{
        Attributes,
        Failure, //
    },
};
use crate::evidence::{
    Layout,
    Object,
    ObjectType, //
};

/// What a complete dump said.
#[derive(Debug, PartialEq, Eq)]
pub struct Dump {
    /// Number of the set of objects.
    pub generation: u32,
    /// How many sets were published since the device connected.
    pub count: Option<u64>,
    /// User space accepted this generation.
    pub validated: bool,
    /// The objects; empty ones, too.
    pub objects: BTreeMap<ObjectType, Object>,
}

/// A dump that is not over yet.
#[derive(Default)]
pub struct Assembly {
    header: Option<(u32, Option<u64>, bool)>,
    objects: BTreeMap<ObjectType, Object>,
    /// The object that messages without a type continue, and its announced length.
    current: Option<(ObjectType, usize)>,
}

impl Assembly {
    /// Takes the next message.
    ///
    /// # Errors
    ///
    /// [`Failure::Garbled`] if it does not fit to those before.
    pub fn message(&mut self, message: &Attributes<'_>) -> Result<(), Failure> {
        if let Some(number) = message.number(attribute::TYPE)? {
            self.end_object()?;
            self.start_object(number, message)?;
        }
        let (kind, length) = self
            .current
            .ok_or_else(|| garbled("an object that does not say what it is"))?;
        let object = self
            .objects
            .get_mut(&kind)
            .ok_or_else(|| garbled("an object that was not started"))?;
        if let Some(offset) = message.number(attribute::OFFSET)? {
            if usize::try_from(offset) != Ok(object.bytes.len()) {
                return Err(garbled(format!(
                    "{kind}: part at offset {offset}, {} expected",
                    object.bytes.len()
                )));
            }
        }
        for part in message.all(attribute::VAL) {
            if part.len() > length - object.bytes.len() {
                return Err(garbled(format!(
                    "{kind}: more than the announced {length} bytes"
                )));
            }
            object.bytes.extend_from_slice(part);
        }
        Ok(())
    }

    /// Ends the dump.
    ///
    /// # Errors
    ///
    /// [`Failure::Garbled`] if there was no object, or the last one is incomplete.
    pub fn finish(mut self) -> Result<Dump, Failure> {
        self.end_object()?;
        let (generation, count, validated) = self
            .header
            .ok_or_else(|| garbled("a dump without objects"))?;
        Ok(Dump {
            generation,
            count,
            validated,
            objects: self.objects,
        })
    }

    fn start_object(&mut self, number: u32, message: &Attributes<'_>) -> Result<(), Failure> {
        let kind = ObjectType::from_number(number)
            .ok_or_else(|| garbled(format!("an object of unknown type {number}")))?;
        if self
            .objects
            .last_key_value()
            .is_some_and(|(last, _)| *last >= kind)
        {
            return Err(garbled(format!("{kind}: out of order")));
        }
        let required = |attribute, name: &str| {
            message
                .number(attribute)?
                .ok_or_else(|| garbled(format!("{kind}: no {name}")))
        };
        let generation = required(attribute::GENERATION, "generation")?;
        let length = required(attribute::LENGTH, "length")?;
        if length > MAX_OBJECT_SIZE {
            return Err(garbled(format!("{kind}: length {length}")));
        }
        match self.header {
            Some((first, ..)) if first != generation => return Err(Failure::Interrupted),
            Some(_) => {}
            None => {
                let validated = message.first(attribute::VALIDATED).is_some();
                self.header = Some((generation, count(message)?, validated));
            }
        }
        let length = usize::try_from(length).map_err(|_| garbled("length"))?;
        let object = Object {
            bytes: Vec::with_capacity(length),
            layout: layout(message)?,
        };
        self.objects.insert(kind, object);
        self.current = Some((kind, length));
        Ok(())
    }

    fn end_object(&mut self) -> Result<(), Failure> {
        let Some((kind, length)) = self.current.take() else {
            return Ok(());
        };
        let received = self
            .objects
            .get(&kind)
            .map_or(0, |object| object.bytes.len());
        if received != length {
            return Err(garbled(format!("{kind}: {received} of {length} bytes")));
        }
        Ok(())
    }
}

fn layout(message: &Attributes<'_>) -> Result<Option<Layout>, Failure> {
    let Some(spdm_version) = message.number(attribute::SPDM_VERSION)? else {
        return Ok(None);
    };
    let number = |kind| Ok::<_, Failure>(message.number(kind)?.unwrap_or_default());
    Ok(Some(Layout {
        spdm_version,
        hash: message.text(attribute::HASH)?.unwrap_or_default(),
        signature_algorithm: message
            .text(attribute::SIGNATURE_ALGORITHM)?
            .unwrap_or_default(),
        requester_nonce_offset: number(attribute::REQUESTER_NONCE_OFFSET)?,
        responder_nonce_offset: number(attribute::RESPONDER_NONCE_OFFSET)?,
        signature_offset: number(attribute::SIGNATURE_OFFSET)?,
        signature_length: number(attribute::SIGNATURE_LENGTH)?,
    }))
}

fn count(message: &Attributes<'_>) -> Result<Option<u64>, Failure> {
    message
        .first(attribute::COUNT)
        .map(|value| {
            let bytes = value.try_into().map_err(|_| garbled("count"))?;
            Ok(u64::from_ne_bytes(bytes))
        })
        .transpose()
}

fn garbled(what: impl Into<String>) -> Failure {
    Failure::Garbled(what.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::Slot,
        netlink::message, //
    };
    use netlink_packet_core::{
        DefaultNla,
        Emitable, //
    };

    const CERT0: u32 = 0;
    const VCA: u32 = 8;

    fn start(kind: u32, generation: u32, length: u32, part: &[u8]) -> Vec<DefaultNla> {
        vec![
            message::number(attribute::TYPE, kind),
            message::number(attribute::GENERATION, generation),
            message::number(attribute::LENGTH, length),
            DefaultNla::new(attribute::VAL, part.to_vec()),
        ]
    }

    fn more(offset: u32, part: &[u8]) -> Vec<DefaultNla> {
        vec![
            message::number(attribute::OFFSET, offset),
            DefaultNla::new(attribute::VAL, part.to_vec()),
        ]
    }

    fn assemble(messages: &[Vec<DefaultNla>]) -> Result<Dump, Failure> {
        let mut assembly = Assembly::default();
        for message in messages {
            let attributes = message.as_slice();
            let mut bytes = vec![0; attributes.buffer_len()];
            attributes.emit(&mut bytes);
            assembly.message(&Attributes::parse(&bytes)?)?;
        }
        assembly.finish()
    }

    fn complaint(messages: &[Vec<DefaultNla>]) -> String {
        match assemble(messages) {
            Err(Failure::Garbled(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn parts_are_joined_and_empty_objects_kept() {
        let dump = assemble(&[
            start(CERT0, 7, 5, b"ab"),
            more(2, b"cd"),
            more(4, b"e"),
            start(VCA, 7, 0, b""),
        ])
        .unwrap();
        assert_eq!(dump.generation, 7);
        let cert0 = ObjectType::Cert(Slot::new(0).unwrap());
        assert_eq!(dump.objects[&cert0].bytes, b"abcde");
        assert_eq!(dump.objects[&ObjectType::Vca].bytes, b"");
    }

    #[test]
    fn the_layout_of_a_transcript_is_kept() {
        let mut message = start(16, 7, 1, b"a");
        message.extend([
            message::number(attribute::SPDM_VERSION, 0x12),
            message::text(attribute::HASH, "sha384"),
            message::text(attribute::SIGNATURE_ALGORITHM, "ecdsa-nist-p384"),
            message::number(attribute::REQUESTER_NONCE_OFFSET, 1),
            message::number(attribute::RESPONDER_NONCE_OFFSET, 2),
            message::number(attribute::SIGNATURE_OFFSET, 3),
            message::number(attribute::SIGNATURE_LENGTH, 4),
            DefaultNla::new(attribute::VALIDATED, Vec::new()),
            DefaultNla::new(attribute::COUNT, 9u64.to_ne_bytes().to_vec()),
        ]);
        let dump = assemble(&[message]).unwrap();
        assert!(dump.validated);
        assert_eq!(dump.count, Some(9));
        let layout = dump.objects[&ObjectType::Challenge].layout.clone();
        assert_eq!(
            layout,
            Some(Layout {
                spdm_version: 0x12,
                hash: "sha384".to_owned(),
                signature_algorithm: "ecdsa-nist-p384".to_owned(),
                requester_nonce_offset: 1,
                responder_nonce_offset: 2,
                signature_offset: 3,
                signature_length: 4,
            })
        );
    }

    #[test]
    fn a_part_that_is_missing_is_noticed() {
        assert_eq!(
            complaint(&[start(CERT0, 7, 5, b"ab"), more(3, b"de")]),
            "cert0: part at offset 3, 2 expected"
        );
        assert_eq!(
            complaint(&[start(CERT0, 7, 5, b"ab")]),
            "cert0: 2 of 5 bytes"
        );
        assert_eq!(
            complaint(&[start(CERT0, 7, 5, b"ab"), start(VCA, 7, 0, b"")]),
            "cert0: 2 of 5 bytes"
        );
    }

    #[test]
    fn more_than_announced_is_refused() {
        assert_eq!(
            complaint(&[start(CERT0, 7, 3, b"ab"), more(2, b"cd")]),
            "cert0: more than the announced 3 bytes"
        );
        assert_eq!(
            complaint(&[start(CERT0, 7, MAX_OBJECT_SIZE + 1, b"")]),
            "cert0: length 16777217"
        );
    }

    #[test]
    fn objects_come_once_and_in_order() {
        assert_eq!(
            complaint(&[start(VCA, 7, 0, b""), start(CERT0, 7, 0, b"")]),
            "cert0: out of order"
        );
        assert_eq!(
            complaint(&[start(VCA, 7, 0, b""), start(VCA, 7, 0, b"")]),
            "vca: out of order"
        );
    }

    #[test]
    fn a_message_that_belongs_to_no_object_is_refused() {
        assert_eq!(
            complaint(&[more(0, b"a")]),
            "an object that does not say what it is"
        );
        assert_eq!(complaint(&[]), "a dump without objects");
        assert_eq!(
            complaint(&[start(11, 7, 0, b"")]),
            "an object of unknown type 11"
        );
    }

    #[test]
    fn two_generations_in_one_dump_are_an_interrupted_dump() {
        let result = assemble(&[start(CERT0, 7, 0, b""), start(VCA, 8, 0, b"")]);
        assert!(matches!(result, Err(Failure::Interrupted)));
    }
}
