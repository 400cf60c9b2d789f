// SPDX-License-Identifier: GPL-2.0

//! What the two sides agreed on: the outcome of the first three exchanges.

use super::{
    algorithm::{
        AsymAlgo,
        BaseHash,
        MeasurementHash, //
    },
    capability::ResponderFlags,
    version::Version, //
};

/// What CAPABILITIES said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCapabilities {
    /// What the device can do.
    pub flags: ResponderFlags,
    /// The device takes at most 2^n microseconds for what needs cryptography; at most
    /// [`EXPONENT_MAX`](super::limits::EXPONENT_MAX).
    pub ct_exponent: u8,
    /// Bytes of the longest message that the device takes at once; before 1.2 no limit is told.
    pub data_transfer_size: Option<u32>,
    /// Bytes of the longest request that the device takes in chunks, if it does that at all.
    pub max_spdm_msg_size: Option<u32>,
}

/// Format of OpaqueData.
///
/// DSP0274 1.2, "NEGOTIATE_ALGORITHMS request message format": OtherParamsSupport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpaqueFormat {
    /// Nothing agreed on, which forbids opaque data.
    None,
    /// Nothing to agree on before SPDM 1.2: any content.
    Free,
    /// OpaqueDataFmt1: a list of elements.
    Format1,
}

/// What ALGORITHMS said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithms {
    /// Hash of digests, transcripts and signatures.
    pub hash: BaseHash,
    /// Signature algorithm of the device.
    pub asym: AsymAlgo,
    /// Format of OpaqueData.
    pub opaque: OpaqueFormat,
    /// Hash of measurements, if the device has measurements in the DMTF's format.
    pub measurement_hash: Option<MeasurementHash>,
}

/// What a device can tell of its measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measurable {
    /// Whether it can sign them.
    pub is_signable: bool,
    /// Hash of those that are digests.
    pub hash: MeasurementHash,
}

/// The negotiated state: everything that later messages depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegotiatedState {
    /// The version that both sides speak from GET_CAPABILITIES on.
    pub version: Version,
    /// What the device can do.
    pub peer: PeerCapabilities,
    /// The algorithms in use.
    pub algorithms: Algorithms,
    /// Whether it is a multi-key connection: slots may have different keys.
    pub is_multi_key: bool,
    /// What the device can tell of its measurements, if it has any.
    pub measurements: Option<Measurable>,
}
