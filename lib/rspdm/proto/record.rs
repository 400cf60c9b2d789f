// SPDX-License-Identifier: GPL-2.0

//! What a run leaves behind for its caller: facts, costs, and where to find what in the transcript.

use super::{
    crypto::Digest,
    key::SlotKey,
    negotiated::NegotiatedState,
    slot::{
        SlotId,
        SlotMask, //
    }, //
};

/// Where things are in the challenge transcript, in bytes from its start.
///
/// The transcript is M1/M2 of DSP0274, "Signature verification of CHALLENGE_AUTH": the messages
/// from GET_VERSION to CHALLENGE_AUTH without padding and without ERRORs; then the signature. If
/// the chain was known from before, nothing stands between ALGORITHMS and CHALLENGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeLayout {
    /// Length of VCA, which the transcript begins with: GET_VERSION to ALGORITHMS.
    pub vca_len: usize,
    /// Of the 32 bytes of our Nonce in CHALLENGE.
    pub requester_nonce: usize,
    /// Of the 32 bytes of the device's Nonce in CHALLENGE_AUTH.
    pub responder_nonce: usize,
    /// Of the signature. What stands before it is what is signed.
    pub signature: usize,
    /// Length of the signature, which the transcript ends with.
    pub signature_len: usize,
}

/// What is known of the certificate chain of the authenticated slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainFacts {
    /// The slot that was challenged.
    pub slot: SlotId,
    /// All slots that hold a chain.
    pub provisioned: SlotMask,
    /// Those of them whose key may answer CHALLENGE.
    pub challengeable: SlotMask,
    /// What the device said of the slot's key, on a multi-key connection.
    pub key: Option<SlotKey>,
    /// Digest of the chain by the negotiated hash, as in DIGESTS and CHALLENGE_AUTH.
    pub digest: Digest,
    /// Number of certificates.
    pub certificates: usize,
    /// Whether the first certificate is a root.
    pub first_is_root: bool,
    /// Links that nobody verified because the environment lacks the algorithm.
    pub unverified_links: usize,
}

/// What is known of the chains of other slots that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FurtherChains {
    /// The slots.
    pub slots: SlotMask,
    /// Number of certificates in all of them.
    pub certificates: usize,
    /// Links that nobody verified because the environment lacks the algorithm.
    pub unverified_links: usize,
}

impl FurtherChains {
    /// None was asked for, or there is none.
    pub const NONE: Self = Self {
        slots: SlotMask::EMPTY,
        certificates: 0,
        unverified_links: 0,
    };
}

/// Where things are in the measurement transcript, in bytes from its start.
///
/// The transcript is L1/L2 of DSP0274, "Signature verification of MEASUREMENTS": from 1.2 on VCA;
/// then GET_MEASUREMENTS and MEASUREMENTS without padding; then the signature, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasurementsLayout {
    /// Length of VCA, which the transcript begins with; 0 before 1.2.
    pub vca_len: usize,
    /// Of the 32 bytes of our Nonce in GET_MEASUREMENTS, which has one if a signature is wanted.
    pub requester_nonce: Option<usize>,
    /// Of the 32 bytes of the device's Nonce in MEASUREMENTS.
    pub responder_nonce: usize,
    /// Of the signature, or of the end if there is none. What stands before it is what is signed.
    pub signature: usize,
    /// Length of the signature, which the transcript ends with; 0 if there is none.
    pub signature_len: usize,
}

/// What is known of the device's measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasurementFacts {
    /// How many there are.
    pub blocks: u8,
    /// Where to find what in the transcript.
    pub layout: MeasurementsLayout,
}

impl MeasurementFacts {
    /// Whether the device signed them: the signature was verified then.
    pub const fn is_signed(&self) -> bool {
        self.layout.signature_len != 0
    }
}

/// Outcome of a successful authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What was negotiated.
    pub state: NegotiatedState,
    /// What is known of the chain.
    pub chain: ChainFacts,
    /// What is known of the chains of other slots.
    pub further: FurtherChains,
    /// Where to find what in the challenge transcript.
    pub layout: ChallengeLayout,
    /// What is known of the measurements, if the device can measure.
    pub measurements: Option<MeasurementFacts>,
}

/// What a run cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent, repeated ones included.
    pub exchanges: u32,
    /// Bytes of requests, without the transport's padding.
    pub sent: u32,
    /// Bytes of responses, with the transport's padding.
    pub received: u32,
    /// Time from the first request to the last response, in microseconds.
    pub time_us: u64,
}
