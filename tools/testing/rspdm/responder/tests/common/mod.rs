// SPDX-License-Identifier: GPL-2.0

//! A requester for the tests, which asks a fixed list of questions and judges nothing.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::sync::Arc;

use rspdm_responder::{
    config::Config,
    connection::{
        Connection,
        Reply, //
    },
    fault::Plan,
    random::Random, //
};

/// The requester's nonce.
pub const NONCE: [u8; 32] = [0x4e; 32];
/// The requester's context.
pub const CONTEXT: [u8; 8] = [0x43; 8];

/// A device that is the same in every test.
pub fn plan(config: Config, faults: &[&str]) -> Arc<Plan> {
    let faults: Vec<String> = faults.iter().map(|name| name.to_string()).collect();
    Arc::new(Plan::new(config, Arc::new(Random::new(Some(1))), &faults).unwrap())
}

/// A connection, and everything that was said on it.
pub struct Talk {
    pub version: u8,
    pub connection: Connection,
    pub said: Vec<(Vec<u8>, Reply)>,
    /// Whether the requester knows chunks.
    pub has_chunks: bool,
}

impl Talk {
    /// A connection on which nothing was said.
    pub fn new(plan: &Arc<Plan>, version: u8) -> Self {
        Self {
            version,
            connection: Connection::new(plan.clone()),
            said: vec![],
            has_chunks: false,
        }
    }

    /// A connection of a requester that knows chunks.
    pub fn with_chunks(plan: &Arc<Plan>, version: u8) -> Self {
        Self {
            has_chunks: true,
            ..Self::new(plan, version)
        }
    }

    /// Asks, and returns the answer's bytes.
    pub fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        // As DOE does.
        let mut padded = request.to_vec();
        padded.resize(request.len().next_multiple_of(4), 0);
        let reply = self.connection.answer(&padded);
        let bytes = reply.bytes.clone();
        self.said.push((request.to_vec(), reply));
        bytes
    }

    /// Asks, in chunks if the device takes no more than `limit` bytes, and fetches the answer in
    /// chunks if it has to be.
    pub fn ask_whole(&mut self, request: &[u8], limit: usize) -> Vec<u8> {
        let mut answer = vec![];
        if request.len() <= limit {
            answer = self.ask(request);
        } else {
            let (mut rest, mut number) = (request, 0);
            while !rest.is_empty() {
                let total = (request.len() as u32).to_le_bytes();
                let total: &[u8] = if number == 0 { &total } else { &[] };
                let (chunk, left) = rest.split_at(rest.len().min(limit - 12 - total.len()));
                let last = u8::from(left.is_empty());
                let mut message = vec![self.version, 0x85, last, 0x77];
                message.extend([number, 0, 0, 0, chunk.len() as u8, 0, 0, 0]);
                message.extend([total, chunk].concat());
                answer = self.ask(&message);
                (rest, number) = (left, number + 1);
            }
            answer.drain(..answer.len().min(self.ack_header_len()));
        }
        if answer.get(1..3) != Some(&[0x7f, 0x0f]) || answer.len() < 5 {
            return answer;
        }
        let (handle, mut whole) = (answer[4], vec![]);
        // Faulty devices never end.
        for number in 0..64 {
            let mut message = vec![self.version, 0x86, 0, handle, number, 0];
            if self.version >= 0x14 {
                message.extend([0, 0]);
            }
            let chunk = self.ask(&message);
            let start = if number == 0 { 16 } else { 12 };
            whole.extend_from_slice(chunk.get(start..).unwrap_or_default());
            if chunk.get(1..3) != Some(&[0x06, 0x00]) {
                break;
            }
        }
        whole
    }

    fn ack_header_len(&self) -> usize {
        match self.version {
            0x14 => 8,
            _ => 6,
        }
    }

    /// Everything said since the `from`-th exchange, requests and responses.
    pub fn transcript(&self, from: usize) -> Vec<u8> {
        let exchanges = self.said[from..].iter();
        exchanges
            .flat_map(|(request, reply)| [&request[..], &reply.bytes].concat())
            .collect()
    }

    /// GET_VERSION, GET_CAPABILITIES and NEGOTIATE_ALGORITHMS with these masks.
    pub fn negotiate(&mut self, asym: u32, hash: u32) {
        self.ask(&[0x10, 0x84, 0x00, 0x00]);
        self.ask(&self.get_capabilities());
        self.ask(&self.negotiate_algorithms(asym, hash));
    }

    /// The same with a mask of post-quantum signature algorithms, and none of the others.
    pub fn negotiate_post_quantum(&mut self, asym: u32, hash: u32) {
        self.ask(&[0x10, 0x84, 0x00, 0x00]);
        self.ask(&self.get_capabilities());
        let mut request = self.negotiate_algorithms(0, hash);
        request[16..20].copy_from_slice(&asym.to_le_bytes());
        self.ask(&request);
    }

    pub fn get_capabilities(&self) -> Vec<u8> {
        let mut request = vec![self.version, 0xe1, 0x00, 0x00];
        if self.version >= 0x11 {
            request.extend([0x00, 0x14, 0x00, 0x00]); // CTExponent
            let chunk_cap = if self.has_chunks { 0x02 } else { 0x00 };
            request.extend([0x00, 0x00, chunk_cap, 0x00]); // Flags
        }
        if self.version >= 0x12 {
            request.extend([0xf8, 0x11, 0x00, 0x00]); // DataTransferSize 4600
            match self.has_chunks {
                false => request.extend([0xf8, 0x11, 0x00, 0x00]), // MaxSPDMmsgSize
                true => request.extend([0x00, 0x00, 0x02, 0x00]),
            }
        }
        request
    }

    pub fn negotiate_algorithms(&self, asym: u32, hash: u32) -> Vec<u8> {
        let other_params = if self.version >= 0x12 { 0x02 } else { 0x00 };
        let mut request = vec![self.version, 0xe3, 0x00, 0x00];
        request.extend([0x20, 0x00, 0x01, other_params]);
        request.extend(asym.to_le_bytes());
        request.extend(hash.to_le_bytes());
        request.extend([0; 16]);
        request
    }

    /// GET_CERTIFICATE with offsets and lengths of 32 bits.
    pub fn get_large_certificate(&self, slot: u8, offset: u32, length: u32) -> Vec<u8> {
        let mut request = vec![self.version, 0x82, 0x80 | slot, 0x00, 0, 0, 0, 0];
        request.extend(offset.to_le_bytes());
        request.extend(length.to_le_bytes());
        request
    }

    pub fn get_digests(&self) -> Vec<u8> {
        vec![self.version, 0x81, 0x00, 0x00]
    }

    pub fn get_certificate(&self, slot: u8, offset: usize, length: u16) -> Vec<u8> {
        let mut request = vec![self.version, 0x82, slot, 0x00];
        request.extend((offset as u16).to_le_bytes());
        request.extend(length.to_le_bytes());
        request
    }

    pub fn challenge(&self, slot: u8, summary: u8) -> Vec<u8> {
        let mut request = vec![self.version, 0x83, slot, summary];
        request.extend(NONCE);
        if self.version >= 0x13 {
            request.extend(CONTEXT);
        }
        request
    }

    pub fn get_measurements(&self, signed: bool, operation: u8) -> Vec<u8> {
        let mut request = vec![self.version, 0xe0, u8::from(signed), operation];
        if signed {
            request.extend(NONCE);
            if self.version >= 0x11 {
                request.push(0x00); // SlotIDParam
            }
        }
        if self.version >= 0x13 {
            request.extend(CONTEXT);
        }
        request
    }

    /// The whole chain of `slot`.
    pub fn chain(&mut self, slot: u8) -> Vec<u8> {
        let mut chain = vec![];
        loop {
            let response = self.ask(&self.get_certificate(slot, chain.len(), 1024));
            assert_eq!(response[..3], [self.version, 0x02, slot]);
            let portion = usize::from(u16::from_le_bytes([response[4], response[5]]));
            chain.extend_from_slice(&response[8..8 + portion]);
            if response[6..8] == [0, 0] {
                return chain;
            }
        }
    }
}
