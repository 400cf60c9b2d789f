// SPDX-License-Identifier: GPL-2.0

//! One message, or a certificate chain: parser and model must agree.
//!
//! The first byte says what it is, three more what was agreed on before; then comes the message.

use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        AsymAlgoSet,
        BaseHash,
        BaseHashSet,
        MeasurementHash, //
    },
    key::CertificateModel,
    negotiated::{
        Algorithms,
        OpaqueFormat, //
    },
    slot::SlotId,
    version::Version,
    wire::{
        algorithms::Offer,
        certificate::{
            Form,
            Wanted, //
        },
        challenge,
        chunk::{
            Arrived,
            Place, //
        },
        digests,
        measurements, //
    },
};

use super::take;
use crate::{
    model,
    recorded::{
        self,
        Said, //
    }, //
};

/// What a message can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// VERSION
    Version,
    /// CAPABILITIES
    Capabilities,
    /// ALGORITHMS
    Algorithms,
    /// DIGESTS
    Digests,
    /// CERTIFICATE
    Certificate,
    /// CHALLENGE_AUTH
    ChallengeAuth,
    /// MEASUREMENTS
    Measurements,
    /// CHUNK_RESPONSE
    Chunk,
    /// CHUNK_SEND_ACK
    ChunkSendAck,
    /// ERROR, or not
    Error,
    /// A certificate chain
    Chain,
    /// The certificates of one
    Certificates,
}

impl Kind {
    /// All kinds; the first byte of an input is an index of this.
    pub const ALL: [Self; 12] = [
        Self::Version,
        Self::Capabilities,
        Self::Algorithms,
        Self::Digests,
        Self::Certificate,
        Self::ChallengeAuth,
        Self::Measurements,
        Self::Chunk,
        Self::ChunkSendAck,
        Self::Error,
        Self::Chain,
        Self::Certificates,
    ];
}

/// What was agreed on and asked before a message, as far as that matters.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The version.
    pub version: Version,
    /// The hash.
    pub hash: BaseHash,
    /// The signature algorithm.
    pub asym: AsymAlgo,
    /// The hash of measurements.
    pub measurement_hash: MeasurementHash,
    /// The slot that was asked for.
    pub slot: SlotId,
    /// Whether slots have keys of their own.
    pub is_multi_key: bool,
    /// Whether measurements shall be signed.
    pub is_signed: bool,
    /// Whether the large form of CERTIFICATE was asked for.
    pub is_large: bool,
    /// Whether there is no format of opaque data.
    pub is_opaque_forbidden: bool,
    /// Whether some chunks were there before, or the last one was sent.
    pub is_later: bool,
}

impl Terms {
    /// What three bytes stand for.
    pub fn from_bytes([first, second, third]: [u8; 3]) -> Self {
        let bit = |bit: u8| first & bit != 0;
        Self {
            version: Version::ALL[usize::from(first & 7) % Version::ALL.len()],
            is_multi_key: bit(0x08),
            is_signed: bit(0x10),
            is_large: bit(0x20),
            is_opaque_forbidden: bit(0x40),
            is_later: bit(0x80),
            hash: BaseHash::ALL[usize::from(second & 7) % BaseHash::ALL.len()],
            asym: AsymAlgo::ALL[usize::from(second >> 3) % AsymAlgo::ALL.len()],
            slot: SlotId::ALL[usize::from(third & 7)],
            measurement_hash: MeasurementHash::ALL[usize::from(third >> 3 & 7)],
        }
    }

    /// The bytes that stand for it.
    pub fn to_bytes(self) -> [u8; 3] {
        let index = |position: Option<usize>| position.unwrap_or(0) as u8;
        let version = Version::ALL.iter().position(|one| *one == self.version);
        let hash = BaseHash::ALL.iter().position(|one| *one == self.hash);
        let asym = AsymAlgo::ALL.iter().position(|one| *one == self.asym);
        let measurement_hash = MeasurementHash::ALL
            .iter()
            .position(|one| *one == self.measurement_hash);
        let first = index(version)
            | u8::from(self.is_multi_key) << 3
            | u8::from(self.is_signed) << 4
            | u8::from(self.is_large) << 5
            | u8::from(self.is_opaque_forbidden) << 6
            | u8::from(self.is_later) << 7;
        let second = index(hash) | index(asym) << 3;
        [
            first,
            second,
            self.slot.number() | index(measurement_hash) << 3,
        ]
    }

    /// RequesterContext of all requests.
    pub const CONTEXT: [u8; 8] = *b"context.";

    /// What is wanted of CERTIFICATE.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            slot: self.slot,
            offset: 0,
            len: if self.is_later { 40 } else { 0xffff },
            form: if self.is_large {
                Form::Large
            } else {
                Form::Small
            },
            model: self.is_multi_key.then_some(CertificateModel::Device),
        }
    }

    /// What is offered.
    pub fn offer(&self) -> Offer {
        // All, or only one of each.
        let (hashes, signatures) = if self.is_later {
            (
                BaseHashSet::EMPTY.with(self.hash),
                AsymAlgoSet::EMPTY.with(self.asym),
            )
        } else {
            (BaseHashSet::ALL, AsymAlgoSet::ALL)
        };
        Offer {
            hashes,
            signatures,
            is_multi_key: self.is_multi_key,
        }
    }

    /// What there is of a large response before the next chunk.
    pub fn arrived(&self) -> Arrived {
        if self.is_later {
            Arrived::Part {
                len: 100,
                total: 200,
            }
        } else {
            Arrived::Nothing {
                longer_than: 42,
                longest: 0x2_0000,
            }
        }
    }

    /// The chunk that is asked for.
    pub fn place(&self) -> Place {
        Place {
            version: self.version,
            handle: 1,
            number: self.is_later.into(),
        }
    }

    /// What was agreed on.
    pub fn algorithms(&self) -> Algorithms {
        Algorithms {
            hash: self.hash,
            asym: self.asym,
            opaque: match self.version {
                Version::V1_0 | Version::V1_1 => OpaqueFormat::Free,
                _ if self.is_opaque_forbidden => OpaqueFormat::None,
                _ => OpaqueFormat::Format1,
            },
            measurement_hash: Some(self.measurement_hash),
        }
    }

    /// Compares parser and model.
    pub fn check(&self, kind: Kind, bytes: &[u8]) {
        let version = self.version;
        let digest_len = model::digest_len(self.hash);
        let signature_len = model::signature_len(self.asym);
        match kind {
            Kind::Version => model::version::check(bytes),
            Kind::Capabilities => model::capabilities::check(version, bytes),
            Kind::Algorithms => model::algorithms::check(version, self.offer(), bytes),
            Kind::Digests => {
                let terms = digests::Terms {
                    version,
                    hash: self.hash,
                    is_multi_key: self.is_multi_key,
                };
                model::digests::check(terms, digest_len, bytes);
            }
            Kind::Certificate => model::certificate::check(version, self.wanted(), bytes),
            Kind::ChallengeAuth => {
                let asked = challenge::Asked {
                    version,
                    algorithms: self.algorithms(),
                    slot: self.slot,
                    nonce: [0; 32],
                    context: Self::CONTEXT,
                };
                model::challenge::check(&asked, digest_len, signature_len, bytes);
            }
            Kind::Measurements => {
                let asked = measurements::Asked {
                    version,
                    algorithms: self.algorithms(),
                    hash: self.measurement_hash,
                    signer: self.is_signed.then_some(self.slot),
                    nonce: [0; 32],
                    context: Self::CONTEXT,
                };
                let lens = model::measurements::Lens {
                    digest: model::measurement_len(self.measurement_hash),
                    signature: signature_len,
                };
                model::measurements::check(&asked, lens, bytes);
            }
            Kind::Chunk => model::chunk::check_response(self.place(), self.arrived(), bytes),
            Kind::ChunkSendAck => model::chunk::check_ack(self.place(), self.is_later, bytes),
            Kind::Error => model::error_rsp::check(0x83, version, bytes),
            Kind::Chain => model::cert_chain::check(self.hash, digest_len, bytes),
            Kind::Certificates => model::cert_chain::check_split(bytes),
        }
    }
}

/// Compares parser and model.
pub fn run(mut input: &[u8]) {
    let [kind] = take(&mut input);
    let terms = Terms::from_bytes(take(&mut input));
    terms.check(Kind::ALL[usize::from(kind) % Kind::ALL.len()], input);
}

/// The messages of all recorded sessions.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for session in recorded::all() {
        for (kind, terms, bytes) in messages(&session) {
            let index = Kind::ALL.iter().position(|one| *one == kind);
            let mut seed = vec![index.unwrap_or(0) as u8];
            seed.extend(terms.to_bytes());
            seed.extend(bytes);
            seeds.push(seed);
        }
    }
    seeds
}

/// The messages of a recorded session, each with what it depends on.
pub fn messages(session: &recorded::Recorded) -> Vec<(Kind, Terms, Vec<u8>)> {
    let mut messages = vec![];
    for (said, bytes) in &session.said {
        let mut terms = session.terms;
        let kind = match said {
            Said::Version => Kind::Version,
            Said::Capabilities => Kind::Capabilities,
            Said::Algorithms => Kind::Algorithms,
            Said::Digests => Kind::Digests,
            Said::Certificate { slot, is_large } => {
                terms.slot = *slot;
                terms.is_large = *is_large;
                Kind::Certificate
            }
            Said::ChallengeAuth { slot } => {
                terms.slot = *slot;
                Kind::ChallengeAuth
            }
            Said::Measurements { signer } => {
                terms.slot = signer.unwrap_or(terms.slot);
                terms.is_signed = signer.is_some();
                Kind::Measurements
            }
            Said::Chunk { is_first } => {
                terms.is_later = !is_first;
                Kind::Chunk
            }
            Said::ChunkSendAck => {
                terms.is_later = true;
                Kind::ChunkSendAck
            }
            Said::Error => Kind::Error,
        };
        messages.push((kind, terms, session.with_our_context(bytes)));
    }
    for chain in session.chains.iter().filter(|chain| !chain.is_empty()) {
        messages.push((Kind::Chain, session.terms, chain.clone()));
    }
    messages
}
