// SPDX-License-Identifier: GPL-2.0

//! What a run found and what it cost, for people and programs.

use std::fmt;

use rspdm_proto::proto::{
    error::Error,
    record::{
        MeasurementFacts,
        Record,
        Stats, //
    },
    requester::Store,
};
use serde::Serialize;

use crate::environment::HostEvidence;

/// Outcome of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether the device is authenticated.
    pub authenticated: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// Requests sent.
    pub exchanges: u32,
    /// Bytes of requests.
    pub sent: u32,
    /// Bytes of responses.
    pub received: u32,
    /// Microseconds.
    pub time_us: u64,
    /// Most bytes of the heap that the run held at a time, besides what its transport did.
    pub memory: u64,
}

/// What is known of an authenticated device.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// SPDM version.
    pub version: &'static str,
    /// Hash.
    pub hash: &'static str,
    /// Signature algorithm.
    pub signature_algorithm: &'static str,
    /// Flags of CAPABILITIES.
    pub capabilities: u32,
    /// The slot that was challenged.
    pub slot: u8,
    /// Mask of the slots that hold a chain.
    pub provisioned: u8,
    /// Certificates in the chain.
    pub certificates: usize,
    /// Digest of the chain.
    pub chain_digest: String,
    /// Whether the chain begins with a root.
    pub first_is_root: bool,
    /// Links that could not be verified.
    pub unverified_links: usize,
    /// Mask of the further slots whose chains were read.
    pub further: u8,
    /// What it measured, if it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurements: Option<Measurements>,
}

/// What is known of a device's measurements.
#[derive(Clone, Debug, Serialize)]
pub struct Measurements {
    /// Whether they are signed.
    pub signed: bool,
    /// How many there are.
    pub blocks: u8,
    /// Bytes of the transcript, signature included.
    pub transcript: usize,
}

impl Report {
    /// What to report of a run, which held so many bytes of the heap at a time.
    pub fn new(result: Result<&HostEvidence, &Error>, stats: Stats, memory: u64) -> Self {
        Self {
            authenticated: result.is_ok(),
            error: result.err().map(ToString::to_string),
            device: result.ok().map(Device::new),
            exchanges: stats.exchanges,
            sent: stats.sent,
            received: stats.received,
            time_us: stats.time_us,
            memory,
        }
    }
}

impl Device {
    fn new(evidence: &HostEvidence) -> Self {
        let record: &Record = evidence.record();
        let transcript = evidence.measurements.bytes().len();
        let measurements = |facts: MeasurementFacts| Measurements {
            signed: facts.is_signed(),
            blocks: facts.blocks,
            transcript,
        };
        Self {
            version: record.state.version.name(),
            hash: record.state.algorithms.hash.name(),
            signature_algorithm: record.state.algorithms.asym.name(),
            capabilities: record.state.peer.flags.to_wire(),
            slot: record.chain.slot.number(),
            provisioned: record.chain.provisioned.to_wire(),
            certificates: record.chain.certificates,
            chain_digest: hex::encode(record.chain.digest.as_bytes()),
            first_is_root: record.chain.first_is_root,
            unverified_links: record.chain.unverified_links,
            further: record.further.slots.to_wire(),
            measurements: record.measurements.map(measurements),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(device) = &self.device {
            writeln!(f, "authenticated       SPDM {}", device.version)?;
            let (asym, hash) = (device.signature_algorithm, device.hash);
            writeln!(f, "algorithms          {asym}, {hash}")?;
            let (slot, mask) = (device.slot, device.provisioned);
            writeln!(f, "slot                {slot} (provisioned: {mask:#04x})")?;
            let root = if device.first_is_root {
                "root first"
            } else {
                "without root"
            };
            writeln!(f, "certificates        {}, {root}", device.certificates)?;
            writeln!(f, "unverified links    {}", device.unverified_links)?;
            writeln!(f, "chain digest        {}", device.chain_digest)?;
            if device.further != 0 {
                writeln!(f, "further chains      {:#04x}", device.further)?;
            }
            match &device.measurements {
                None => writeln!(f, "measurements        none")?,
                Some(Measurements { signed, blocks, .. }) => {
                    let signed = if *signed { "signed" } else { "unsigned" };
                    writeln!(f, "measurements        {blocks}, {signed}")?;
                }
            }
        }
        if let Some(error) = &self.error {
            writeln!(f, "not authenticated   {error}")?;
        }
        let (exchanges, sent, received) = (self.exchanges, self.sent, self.received);
        writeln!(f, "exchanges           {exchanges}")?;
        writeln!(f, "bytes               {sent} sent, {received} received")?;
        writeln!(f, "time                {} us", self.time_us)?;
        write!(f, "memory              {} bytes", self.memory)
    }
}
