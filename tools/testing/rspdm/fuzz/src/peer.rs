// SPDX-License-Identifier: GPL-2.0

//! A device that says what was recorded, and lies on demand.
//!
//! It answers whatever it is asked with the message that was recorded for such a request; portions
//! of certificate chains and chunks are cut as the requester wants them. So a lie does not end the
//! conversation by itself, and what the requester makes of it is seen.

use std::rc::Rc;

use crate::recorded::{
    u32_at,
    Recorded, //
};

/// A change to what the device says.
#[derive(Clone, Debug)]
pub struct Lie {
    /// Which answer it is about, the first one being 0.
    pub answer: usize,
    /// Whether it is about all later ones, too.
    pub is_for_ever: bool,
    /// What happens to the answer.
    pub what: What,
}

/// What happens to an answer.
#[derive(Clone, Debug)]
pub enum What {
    /// A byte is another one.
    Byte(usize, u8),
    /// Bits of a byte are flipped.
    Flip(usize, u8),
    /// Two bytes are this number.
    Short(usize, u16),
    /// Four bytes are this number.
    Long(usize, u32),
    /// It is cut.
    Cut(usize),
    /// Bytes are missing.
    Remove(usize, usize),
    /// There are more bytes.
    Insert(usize, Vec<u8>),
    /// It is something else.
    Replace(Vec<u8>),
    /// It is an ERROR with this code and data.
    Error(u8, [u8; 4]),
    /// It is what was said before.
    Again,
    /// It is the answer to another request.
    Other(u8),
    /// It is too large to be sent at once.
    Large,
    /// Nothing is said.
    Silence,
    /// It takes so many microseconds.
    Late(u64),
}

/// The device.
pub struct Peer {
    recorded: Rc<Recorded>,
    lies: Vec<Lie>,
    /// Longest message that the requester takes at once.
    transfer_size: usize,
    /// Exchanges so far.
    count: usize,
    /// How often each request was answered.
    answered: [usize; 256],
    /// The last request that may be asked for by RESPOND_IF_READY.
    pending: Vec<u8>,
    /// The request that comes in chunks.
    incoming: Vec<u8>,
    /// The response that goes in chunks, and how much of it is gone.
    outgoing: (Vec<u8>, usize),
    handle: u8,
    /// All that was said.
    pub said: Vec<Vec<u8>>,
    /// Time that it took, in microseconds.
    pub time_us: u64,
}

impl Peer {
    /// A device that tells these lies.
    pub fn new(recorded: Rc<Recorded>, lies: Vec<Lie>, transfer_size: usize) -> Self {
        Self {
            recorded,
            lies,
            transfer_size,
            count: 0,
            answered: [0; 256],
            pending: vec![],
            incoming: vec![],
            outgoing: (vec![], 0),
            handle: 0,
            said: vec![],
            time_us: 0,
        }
    }

    /// How often it was asked.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Answers a request, or not.
    pub fn exchange(&mut self, request: &[u8]) -> Option<&[u8]> {
        let mut answer = Some(self.answer(request));
        let count = self.count;
        self.count += 1;
        for lie in self.lies.clone() {
            if lie.answer == count || lie.is_for_ever && lie.answer < count {
                answer = self.lie(&lie.what, request, answer?);
            }
        }
        self.said.push(answer?);
        self.said.last().map(Vec::as_slice)
    }

    fn lie(&mut self, what: &What, request: &[u8], mut answer: Vec<u8>) -> Option<Vec<u8>> {
        let len = answer.len();
        let mut put = |at: usize, bytes: &[u8]| {
            let at = at % len.max(1);
            answer
                .iter_mut()
                .skip(at)
                .zip(bytes)
                .for_each(|(to, from)| *to = *from);
        };
        match what {
            What::Byte(at, byte) => put(*at, &[*byte]),
            What::Short(at, number) => put(*at, &number.to_le_bytes()),
            What::Long(at, number) => put(*at, &number.to_le_bytes()),
            What::Flip(at, bits) => {
                if len != 0 {
                    answer[at % len] ^= bits;
                }
            }
            What::Cut(at) => answer.truncate(*at),
            What::Remove(at, count) => {
                let from = (*at).min(len);
                answer.drain(from..from.saturating_add(*count).min(len));
            }
            What::Insert(at, bytes) => {
                let at = (*at).min(len);
                answer.splice(at..at, bytes.iter().copied());
            }
            What::Replace(bytes) => answer = bytes.clone(),
            What::Error(code, data) => answer = self.error(request, *code, data),
            What::Again => answer = self.said.last().cloned().unwrap_or_default(),
            What::Other(code) => answer = self.whole(*code, request),
            What::Large => answer = self.keep(request, answer),
            What::Silence => return None,
            What::Late(us) => self.time_us += us,
        }
        Some(answer)
    }

    fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        match request.get(1) {
            Some(0x85) => self.take_chunk(request),
            Some(0x86) => self.give_chunk(request),
            Some(0xff) => {
                let pending = std::mem::take(&mut self.pending);
                let answer = match pending.get(1) {
                    Some(0x86) => self.give_chunk(&pending),
                    _ => self.answer_whole(&pending),
                };
                self.pending = pending;
                answer
            }
            _ => {
                self.pending = request.to_vec();
                self.answer_whole(request)
            }
        }
    }

    fn answer_whole(&mut self, request: &[u8]) -> Vec<u8> {
        let answer = match request.get(1) {
            Some(0x82) => self.certificate(request),
            Some(code) => self.whole(*code, request),
            None => vec![],
        };
        let is_chunkable = !matches!(request.get(1), Some(0x84 | 0xe1));
        if answer.len() > self.transfer_size && is_chunkable {
            return self.keep(request, answer);
        }
        answer
    }

    /// What was recorded for a request; the last of it if that is not enough.
    fn whole(&mut self, code: u8, request: &[u8]) -> Vec<u8> {
        let count = &mut self.answered[usize::from(code)];
        let whole = self
            .recorded
            .whole
            .iter()
            .filter(|(asked, _)| *asked == code);
        let said = whole.clone().nth(*count).or(whole.clone().next_back());
        *count += 1;
        let Some((_, said)) = said else {
            return self.error(request, 0x07, &[code, 0, 0, 0]);
        };
        match request.last_chunk() {
            Some(context) if request.len() > 8 => self.recorded.with_context(said, context),
            _ => said.clone(),
        }
    }

    fn certificate(&self, request: &[u8]) -> Vec<u8> {
        let (version, param1) = (request[0], request[2]);
        let slot = usize::from(param1 & 7);
        let is_large = param1 >= 0x80;
        let (offset, len) = if is_large {
            (u32_at(request, 8), u32_at(request, 12))
        } else {
            (u32_at(request, 4) & 0xffff, u32_at(request, 6) & 0xffff)
        };
        let rest = self.recorded.chains[slot]
            .get(offset as usize..)
            .unwrap_or_default();
        let (portion, remainder) = rest.split_at(rest.len().min(len as usize));
        let mut answer = vec![version, 0x02, param1, self.recorded.infos[slot]];
        let lens = [portion.len() as u32, remainder.len() as u32];
        if is_large {
            answer.extend([0; 4]);
            lens.iter().for_each(|len| answer.extend(len.to_le_bytes()));
        } else {
            lens.iter()
                .for_each(|len| answer.extend((*len as u16).to_le_bytes()));
        }
        answer.extend(portion);
        answer
    }

    fn error(&self, request: &[u8], code: u8, data: &[u8; 4]) -> Vec<u8> {
        let version = request.first().copied().unwrap_or(0x10);
        let mut answer = vec![version, 0x7f, code, 0];
        if code == 0x42 {
            // What is not ready is what was asked, or something else if the data says so.
            let asked = match request.get(1) {
                Some(0xff) => request.get(2),
                asked => asked,
            };
            let asked = asked.copied().unwrap_or(0) ^ data[3];
            answer.extend([data[0], asked, data[1], data[2]]);
        } else {
            answer.extend(data);
        }
        answer
    }

    /// Keeps a response to hand it out in chunks.
    fn keep(&mut self, request: &[u8], answer: Vec<u8>) -> Vec<u8> {
        self.outgoing = (answer, 0);
        self.handle = self.handle.wrapping_add(1);
        self.error(request, 0x0f, &[self.handle, 0, 0, 0])
    }

    fn give_chunk(&mut self, request: &[u8]) -> Vec<u8> {
        self.pending = request.to_vec();
        let (version, number) = (request[0], u32_at(request, 4));
        let is_first = number == 0;
        let header = if is_first { 16 } else { 12 };
        let (outgoing, gone) = &mut self.outgoing;
        if is_first {
            *gone = 0;
        }
        let rest = &outgoing[*gone..];
        let chunk = &rest[..rest.len().min(self.transfer_size.saturating_sub(header))];
        *gone += chunk.len();
        let is_last = chunk.len() == rest.len();
        let mut answer = vec![version, 0x06, is_last.into(), self.handle];
        answer.extend(number.to_le_bytes());
        answer.extend((chunk.len() as u32).to_le_bytes());
        if is_first {
            answer.extend((outgoing.len() as u32).to_le_bytes());
        }
        answer.extend(chunk);
        answer
    }

    fn take_chunk(&mut self, request: &[u8]) -> Vec<u8> {
        let (version, handle, number) = (request[0], request[3], u32_at(request, 4));
        let is_last = request[2] & 1 == 1;
        let header = if number == 0 { 16 } else { 12 };
        if number == 0 {
            self.incoming.clear();
        }
        self.incoming.extend(&request[header..]);
        let mut answer = vec![version, 0x05, 0, handle];
        let number_len = if version >= 0x14 { 4 } else { 2 };
        answer.extend(&number.to_le_bytes()[..number_len]);
        if is_last {
            let whole = std::mem::take(&mut self.incoming);
            self.pending = whole.clone();
            let mut response = self.answer_whole(&whole);
            if answer.len() + response.len() > self.transfer_size {
                response = self.keep(&whole, response);
            }
            answer.extend(response);
        }
        answer
    }
}
