// SPDX-License-Identifier: GPL-2.0

//! The part of the device made of bytes that takes and sends chunks, of 1.2 and 1.4.

use super::{
    super::message::Request,
    testing_device::{
        Bytes,
        Device, //
    }, //
};

/// A chunk or an acknowledgment that the device is about to send.
pub(super) struct Chunk {
    /// Whether it acknowledges CHUNK_SEND.
    pub(super) is_ack: bool,
    /// Its number.
    pub(super) number: u8,
    /// How many of its kind there were, this one included.
    pub(super) count: u8,
    /// The message.
    pub(super) bytes: Bytes<192>,
}

/// Changes a chunk or an acknowledgment.
pub(super) type EditChunk = fn(&mut Chunk);

/// What is on its way.
pub(super) struct Chunks {
    /// Most bytes that the device sends at once; 0 if it knows no chunks.
    len_max: usize,
    edit: EditChunk,
    /// What the requester fetches.
    outgoing: Bytes<192>,
    handle: u8,
    /// The last CHUNK_GET.
    asked: Bytes<64>,
    /// What the requester has sent so far.
    incoming: Bytes<64>,
    /// Acknowledgments and chunks so far.
    counts: [u8; 2],
}

impl Chunks {
    pub(super) fn new(len_max: usize, edit: EditChunk) -> Self {
        Self {
            len_max,
            edit,
            outgoing: Bytes::EMPTY,
            handle: 0x70,
            asked: Bytes::EMPTY,
            incoming: Bytes::EMPTY,
            counts: [0; 2],
        }
    }
}

impl Device {
    /// Answers anything, in chunks if need be.
    pub(super) fn answer_in_chunks(&mut self, question: &[u8]) -> Option<Bytes<192>> {
        match question.get(1) {
            Some(0x85) => self.take_chunk(question),
            Some(0x86) => {
                self.chunks.asked.replace(question);
                self.send_chunk(question)
            }
            // RESPOND_IF_READY for CHUNK_GET
            Some(0xff) if question.get(2) == Some(&0x86) => {
                let asked = self.chunks.asked;
                self.send_chunk(asked.as_bytes())
            }
            _ => {
                let answer = self.answer(question)?.bytes;
                Some(self.cut(answer, 0))
            }
        }
    }

    /// Keeps an answer that is too long behind so many bytes, and says so.
    fn cut(&mut self, answer: Bytes<192>, overhead: usize) -> Bytes<192> {
        let len = answer.as_bytes().len().saturating_add(overhead);
        if self.chunks.len_max == 0 || len <= self.chunks.len_max {
            return answer;
        }
        let version = answer.as_bytes().first().copied().unwrap_or(0);
        self.chunks.outgoing = answer;
        self.chunks.handle = self.chunks.handle.wrapping_add(1);
        let mut error = Bytes::EMPTY;
        error.push(&[version, 0x7f, 0x0f, 0, self.chunks.handle]);
        error
    }

    fn send_chunk(&mut self, question: &[u8]) -> Option<Bytes<192>> {
        let (version, number) = (*question.first()?, *question.get(4)?);
        let header_len: usize = if number == 0 { 16 } else { 12 };
        let room = self.chunks.len_max.checked_sub(header_len)?;
        // The first chunk has 4 bytes less.
        let later = self.chunks.len_max.checked_sub(12)?;
        let before = usize::from(number).checked_mul(later)?;
        let before = before.saturating_sub(if number == 0 { 0 } else { 4 });
        let all = self.chunks.outgoing.as_bytes();
        let rest = all.get(before..)?;
        let chunk = rest.get(..room).unwrap_or(rest);
        let len = |bytes: &[u8]| u8::try_from(bytes.len()).ok();
        let last = u8::from(rest.len() <= room);
        let mut bytes = Bytes::EMPTY;
        bytes.push(&[version, 0x06, last, self.chunks.handle, number, 0, 0, 0]);
        bytes.push(&[len(chunk)?, 0, 0, 0]);
        if number == 0 {
            bytes.push(&[len(all)?, 0, 0, 0]);
        }
        bytes.push(chunk);
        Some(self.edited(bytes, false, number))
    }

    fn take_chunk(&mut self, question: &[u8]) -> Option<Bytes<192>> {
        let (version, handle, number) = (*question.first()?, *question.get(3)?, *question.get(4)?);
        // Only CHALLENGE is that long: 26 bytes, and the rest. Either may come again.
        let before = if number == 0 { 0 } else { 26 };
        self.chunks.incoming.truncate(before);
        let chunk = question.get(if number == 0 { 16 } else { 12 }..)?;
        self.chunks.incoming.push(chunk);
        let mut ack = Bytes::EMPTY;
        ack.push(&[version, 0x05, 0, handle, number, 0]);
        if version == 0x14 {
            ack.push(&[0, 0]);
        }
        if question.get(2) == Some(&1) {
            let request = self.chunks.incoming;
            let answer = self.answer(request.as_bytes())?.bytes;
            let answer = self.cut(answer, ack.as_bytes().len());
            ack.push(answer.as_bytes());
        }
        Some(self.edited(ack, true, number))
    }

    fn edited(&mut self, bytes: Bytes<192>, is_ack: bool, number: u8) -> Bytes<192> {
        let [chunks, acks] = &mut self.chunks.counts;
        let count = if is_ack { acks } else { chunks };
        *count = count.saturating_add(1);
        let mut chunk = Chunk {
            is_ack,
            number,
            count: *count,
            bytes,
        };
        (self.chunks.edit)(&mut chunk);
        chunk.bytes
    }
}

/// Lets CAPABILITIES tell that the device knows chunks and takes 42 bytes at once.
pub(super) fn with_chunks(request: Request, bytes: &mut Bytes<192>) {
    if request == Request::GetCapabilities {
        // Flags: CERT_CAP, CHAL_CAP, CHUNK_CAP; DataTransferSize; MaxSPDMmsgSize
        bytes.set(8, &[0x06, 0, 2, 0, 42, 0, 0, 0, 0, 1, 0, 0]);
    }
}
