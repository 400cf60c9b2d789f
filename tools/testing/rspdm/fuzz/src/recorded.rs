// SPDX-License-Identifier: GPL-2.0

//! The recorded sessions, message by message.

use std::{
    fs,
    path::Path, //
};

use rspdm_host::session::{
    Exchange,
    Session, //
};
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash,
        MeasurementHash, //
    },
    slot::SlotId,
    version::Version,
};

use crate::targets::messages::Terms;

/// A session that took place once.
pub struct Recorded {
    /// The name of its file.
    pub name: String,
    /// What was wanted and said.
    pub session: Session,
    /// What was agreed on.
    pub terms: Terms,
    /// The responses, as they came.
    pub said: Vec<(Said, Vec<u8>)>,
    /// The responses but those about certificates, whole, by the codes of their requests.
    pub whole: Vec<(u8, Vec<u8>)>,
    /// The certificate chains of all slots; empty where none was read.
    pub chains: [Vec<u8>; 8],
    /// Param2 of CERTIFICATE, of all slots.
    pub infos: [u8; 8],
}

/// Which message it is, and what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// VERSION
    Version,
    /// CAPABILITIES
    Capabilities,
    /// ALGORITHMS
    Algorithms,
    /// DIGESTS
    Digests,
    /// CERTIFICATE
    Certificate {
        /// The slot.
        slot: SlotId,
        /// Whether it is of the large form.
        is_large: bool,
    },
    /// CHALLENGE_AUTH
    ChallengeAuth {
        /// The slot.
        slot: SlotId,
    },
    /// MEASUREMENTS
    Measurements {
        /// The slot whose key shall sign them.
        signer: Option<SlotId>,
    },
    /// CHUNK_RESPONSE
    Chunk {
        /// Whether it is the first chunk of its transfer.
        is_first: bool,
    },
    /// CHUNK_SEND_ACK
    ChunkSendAck,
    /// ERROR
    Error,
}

/// All sessions, in the order of their names.
///
/// # Panics
///
/// If one of them cannot be read.
pub fn all() -> Vec<Recorded> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let entries = fs::read_dir(directory).expect("a directory of sessions");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_session =
        |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "session");
    let mut paths: Vec<_> = paths.filter(is_session).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).expect("a session");
        let session = Session::from_text(&text).expect("a session");
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        Recorded::new(name, session)
    };
    paths.iter().map(read).collect()
}

impl Recorded {
    fn new(name: String, session: Session) -> Self {
        let mut recorded = Self {
            name,
            terms: Terms::from_bytes([0; 3]),
            said: vec![],
            whole: vec![],
            chains: Default::default(),
            infos: [0; 8],
            session,
        };
        // The last request that was not about chunks, and the chunks of its answer.
        let mut asked = vec![];
        let mut chunks = vec![];
        for Exchange { request, response } in recorded.session.exchanges.clone() {
            recorded.note_terms(&response);
            let said = said(&request, &response);
            recorded.said.push((said, response.clone()));
            let is_later = recorded.terms.version >= Version::V1_4;
            let whole = match said {
                Said::Chunk { is_first } => {
                    let size = u32_at(&response, 8) as usize;
                    let header = if is_first { 16 } else { 12 };
                    chunks.extend(&response[header..header + size]);
                    let is_last = response[2] & 1 == 1;
                    is_last.then(|| std::mem::take(&mut chunks))
                }
                Said::ChunkSendAck => {
                    let is_last = request[2] & 1 == 1;
                    let number = u32_at(&request, 4);
                    if number == 0 {
                        asked.clear();
                    }
                    let size = u32_at(&request, 8) as usize;
                    let header = if number == 0 { 16 } else { 12 };
                    asked.extend(&request[header..header + size]);
                    is_last.then(|| response[if is_later { 8 } else { 6 }..].to_vec())
                }
                _ => {
                    asked = request;
                    Some(response)
                }
            };
            if let Some(whole) = whole {
                recorded.note_whole(&asked, whole);
            }
        }
        recorded
    }

    fn note_terms(&mut self, response: &[u8]) {
        let terms = &mut self.terms;
        match response[1] {
            0x61 => {
                let version = Version::from_wire(response[0]).expect("a version");
                terms.version = version;
                let flags = u32_at(response, 8);
                terms.is_multi_key = version >= Version::V1_3 && flags >> 26 & 3 != 0;
            }
            0x63 => {
                let (measurement_hash, hash) = (u32_at(response, 8), u32_at(response, 16));
                let asym = AsymAlgo::from_selection(u32_at(response, 12), u32_at(response, 20));
                terms.asym = asym.expect("a signature algorithm");
                terms.hash = BaseHash::from_wire(hash).expect("a hash");
                if let Some(hash) = MeasurementHash::from_wire(measurement_hash) {
                    terms.measurement_hash = hash;
                }
            }
            _ => {}
        }
    }

    fn note_whole(&mut self, request: &[u8], response: Vec<u8>) {
        match response[1] {
            0x7f => {}
            0x02 => {
                let is_large = response[2] >= 0x80;
                let (header, len) = if is_large {
                    (16, u32_at(&response, 8) as usize)
                } else {
                    (8, u32_at(&response, 4) as usize & 0xffff)
                };
                let slot = usize::from(response[2] & 7);
                self.chains[slot].extend(&response[header..header + len]);
                self.infos[slot] = response[3];
            }
            _ => self.whole.push((request[1], response)),
        }
    }

    /// A message with [`Terms::CONTEXT`] in place of what was the context then.
    pub fn with_our_context(&self, bytes: &[u8]) -> Vec<u8> {
        self.with_context(bytes, &Terms::CONTEXT)
    }

    /// A message with this RequesterContext in place of what it was then.
    pub fn with_context(&self, bytes: &[u8], context: &[u8; 8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let refreshes = self.session.refreshes.iter();
        for freshness in [&self.session.freshness].into_iter().chain(refreshes) {
            let mut windows = bytes.windows(8);
            if let Some(at) = windows.position(|window| window == freshness.context) {
                bytes[at..at + 8].copy_from_slice(context);
            }
        }
        bytes
    }
}

fn said(request: &[u8], response: &[u8]) -> Said {
    match response[1] {
        0x04 => Said::Version,
        0x61 => Said::Capabilities,
        0x63 => Said::Algorithms,
        0x01 => Said::Digests,
        0x02 => Said::Certificate {
            slot: SlotId::ALL[usize::from(request[2] & 7)],
            is_large: request[2] >= 0x80,
        },
        0x03 => Said::ChallengeAuth {
            slot: SlotId::ALL[usize::from(request[2] & 7)],
        },
        0x60 => Said::Measurements {
            signer: (request[2] & 1 == 1).then(|| {
                let slot = request.get(36).copied().unwrap_or(0);
                SlotId::ALL[usize::from(slot & 7)]
            }),
        },
        0x06 => Said::Chunk {
            is_first: u32_at(request, 4) & 0xffff == 0,
        },
        0x05 => Said::ChunkSendAck,
        0x7f => Said::Error,
        other => panic!("response {other:#x}"),
    }
}

/// A little-endian number; what is missing of it is 0.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    let rest = bytes.get(at..).unwrap_or_default();
    number
        .iter_mut()
        .zip(rest)
        .for_each(|(to, from)| *to = *from);
    u32::from_le_bytes(number)
}
