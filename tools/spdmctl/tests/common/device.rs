// SPDX-License-Identifier: GPL-2.0

//! Evidence of a device that does not exist: the test responder, asked by requests written by hand.
//!
//! Neither the requester nor the parsers of `lib/rspdm/proto` have a part in making it, and nothing
//! stands between a faulty device and the evidence: it signs whatever it said.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::Arc, //
};

use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::{
        Config,
        MEAS_CAP, //
    },
    connection::Connection,
    device::Device,
    fault::Plan,
    random::Random,
};
use spdmctl::{
    evidence::{
        Evidence,
        Layout,
        Object,
        ObjectType,
        Slot, //
    },
    identity::{
        PciIdentity,
        Serial, //
    },
    time, trust,
    verify::{
        Demands,
        IdentityDemand,
        Limits,
        MeasurementDemands, //
    },
};

/// The nonce that evidence answers unless a test wants another.
pub const NONCE: [u8; 32] = [0x5a; 32];

/// How the device is asked for measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Not at all.
    No,
    /// Without a signature.
    Unsigned,
    /// With one.
    Signed,
}

/// What evidence is made of.
pub struct Recipe {
    /// SPDMVersion.
    pub version: u8,
    /// Signature algorithm.
    pub asym: Asym,
    /// Hash.
    pub hash: Hash,
    /// Slot to challenge.
    pub slot: u8,
    /// Whether GET_DIGESTS is sent.
    pub ask_digests: bool,
    /// Slots whose chains are read, too.
    pub further_slots: Vec<u8>,
    /// Whether the device is challenged a second time, and only the second time is kept.
    pub refresh: bool,
    /// Whether and how GET_MEASUREMENTS is sent.
    pub measure: Measure,
    /// Most bytes of the chain that one GET_CERTIFICATE asks for; 0: none is sent.
    pub portion: u16,
    /// Whether GET_CERTIFICATE has the large form of 1.4.
    pub large: bool,
    /// What is wrong with the device, as the responder calls it.
    pub faults: Vec<String>,
    /// What else the device is.
    pub config: Config,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            version: 0x12,
            asym: Asym::EcdsaP256,
            hash: Hash::Sha256,
            slot: 0,
            ask_digests: true,
            further_slots: Vec::new(),
            refresh: false,
            measure: Measure::Signed,
            portion: 0x300,
            large: false,
            faults: Vec::new(),
            config: Config::default(),
        }
    }
}

impl Recipe {
    /// A device with one fault.
    pub fn with_fault(name: &str) -> Self {
        Self {
            faults: vec![name.to_owned()],
            ..Self::default()
        }
    }

    /// A device that does not measure.
    pub fn without_measurements() -> Self {
        let capabilities = Config::default().capabilities & !MEAS_CAP & !0x20;
        Self {
            measure: Measure::No,
            config: Config {
                capabilities,
                ..Config::default()
            },
            ..Recipe::default()
        }
    }

    /// A device that measures and does not sign.
    pub fn unsigned(version: u8) -> Self {
        let capabilities = Config::default().capabilities & !MEAS_CAP | 0x08;
        Self {
            version,
            measure: Measure::Unsigned,
            config: Config {
                capabilities,
                ..Config::default()
            },
            ..Recipe::default()
        }
    }
    /// The certificates of the roots that the device's maker published, PEM.
    pub fn roots(&self) -> String {
        let device = Device::new(self.device_config(), Arc::new(random()));
        device.unwrap().roots_pem()
    }

    /// Demands of somebody who trusts the device's maker.
    pub fn demands(&self) -> Demands {
        let roots = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(roots.path(), self.roots()).unwrap();
        Demands {
            nonce: Some(NONCE),
            roots: Some(trust::load(roots.path()).unwrap()),
            time: time::parse("2026-11-21").unwrap(),
            identity: IdentityDemand::Match,
            measurements: MeasurementDemands::default(),
            limits: Limits::default(),
        }
    }

    /// Asks the device, and keeps what was said.
    pub fn evidence(&self) -> Evidence {
        let plan = Plan::new(self.device_config(), Arc::new(random()), &self.faults).unwrap();
        let mut said = Said {
            connection: Connection::new(Arc::new(plan)),
            transcript: Vec::new(),
        };
        let version = self.version;

        said.ask(&[0x10, 0x84, 0x00, 0x00]);
        said.ask(&get_capabilities(version));
        said.ask(&self.negotiate_algorithms());
        let vca = said.transcript.clone();
        if self.ask_digests {
            said.ask(&[version, 0x81, 0x00, 0x00]);
        }
        let mut objects = BTreeMap::new();
        for slot in self.further_slots.iter().chain([&self.slot]) {
            let chain = self.read_chain(&mut said, *slot);
            let cert = ObjectType::Cert(Slot::new(*slot).unwrap());
            objects.insert(cert, object(chain, None));
        }
        if self.refresh {
            said.ask(&challenge(version, self.slot));
            said.transcript = vca.clone();
        }
        objects.insert(ObjectType::Challenge, self.challenge(&mut said));
        if self.measure != Measure::No {
            said.transcript = match version {
                0x10 | 0x11 => Vec::new(),
                _ => vca.clone(),
            };
            objects.insert(ObjectType::Measurements, self.measurements(&mut said));
        }
        objects.insert(ObjectType::Vca, object(vca, None));
        Evidence {
            device: nvme(),
            generation: 1,
            count: Some(1),
            validated: false,
            objects,
        }
    }

    fn challenge(&self, said: &mut Said) -> Object {
        let requester_nonce = said.transcript.len() + 4;
        let response = said.ask(&challenge(self.version, self.slot));
        let responder_nonce = response.start + 4 + self.hash.digest_len();
        let signature_len = self.asym.signature_len();
        self.object(said, requester_nonce, responder_nonce, signature_len)
    }

    fn measurements(&self, said: &mut Said) -> Object {
        let is_signed = self.measure == Measure::Signed;
        let start = said.transcript.len();
        let mut request = vec![self.version, 0xe0, u8::from(is_signed), 0xff];
        if is_signed {
            request.extend(NONCE);
            if self.version >= 0x11 {
                request.push(self.slot);
            }
        }
        if self.version >= 0x13 {
            request.extend(*b"8CONTEXT");
        }
        let response = said.ask(&request);
        let bytes = &said.transcript[response.clone()];
        let record = bytes.get(5..8).map_or(0, |len| {
            usize::from(len[0]) | usize::from(len[1]) << 8 | usize::from(len[2]) << 16
        });
        let responder_nonce = response.start + 8 + record;
        let signature_len = if is_signed {
            self.asym.signature_len()
        } else {
            0
        };
        let requester_nonce = if is_signed { start + 4 } else { 0 };
        self.object(said, requester_nonce, responder_nonce, signature_len)
    }

    fn object(
        &self,
        said: &Said,
        requester_nonce: usize,
        responder_nonce: usize,
        signature_len: usize,
    ) -> Object {
        let bytes = said.transcript.clone();
        let signature = if signature_len == 0 {
            0
        } else {
            bytes.len() - signature_len
        };
        let layout = Layout {
            spdm_version: self.version.into(),
            hash: hash_name(self.hash).to_owned(),
            signature_algorithm: asym_name(self.asym).to_owned(),
            requester_nonce_offset: number(requester_nonce),
            responder_nonce_offset: number(responder_nonce),
            signature_offset: number(signature),
            signature_length: number(signature_len),
        };
        object(bytes, Some(layout))
    }

    fn device_config(&self) -> Config {
        Config {
            versions: vec![self.version],
            asym: vec![self.asym],
            hash: vec![self.hash],
            ..self.config.clone()
        }
    }

    fn negotiate_algorithms(&self) -> Vec<u8> {
        let other_params = if self.version < 0x12 { 0x00 } else { 0x02 };
        let mut request = vec![
            self.version,
            0xe3,
            0x00,
            0x00, // header
            0x20,
            0x00,         // Length
            0x01,         // MeasurementSpecification: DMTF
            other_params, // OtherParamsSupport: OpaqueDataFmt1
        ];
        request.extend(self.asym.bit().to_le_bytes());
        request.extend(self.hash.bit().to_le_bytes());
        request.extend(self.asym.post_quantum_bit().to_le_bytes()); // PqcAsymAlgo, from 1.4 on
        request.resize(32, 0);
        request
    }

    /// Reads a slot's chain; from a device that sends none, what it would have sent.
    fn read_chain(&self, said: &mut Said, slot: u8) -> Vec<u8> {
        if self.portion == 0 {
            let device = Device::new(self.device_config(), Arc::new(random())).unwrap();
            return device.chains(self.asym)[&slot].to_bytes(self.hash);
        }
        let mut chain = Vec::new();
        loop {
            let response = said.ask(&self.get_certificate(slot, chain.len()));
            let bytes = &said.transcript[response];
            let header_len = if self.large { 16 } else { 8 };
            let Some((header, portion)) = bytes.split_at_checked(header_len) else {
                return chain;
            };
            chain.extend_from_slice(portion);
            let remainder = if self.large { 12..16 } else { 6..8 };
            if header[remainder].iter().all(|byte| *byte == 0) || portion.is_empty() {
                return chain;
            }
        }
    }

    fn get_certificate(&self, slot: u8, offset: usize) -> Vec<u8> {
        if self.large {
            let mut request = vec![self.version, 0x82, 0x80 | slot, 0x00, 0, 0, 0, 0];
            request.extend(number(offset).to_le_bytes());
            request.extend(u32::from(self.portion).to_le_bytes());
            return request;
        }
        let mut request = vec![self.version, 0x82, slot, 0x00];
        request.extend(u16::try_from(offset).unwrap().to_le_bytes());
        request.extend(self.portion.to_le_bytes());
        request
    }
}

/// A conversation.
struct Said {
    connection: Connection,
    transcript: Vec<u8>,
}

impl Said {
    /// Says `request` and keeps it and its answer; returns where the answer is.
    fn ask(&mut self, request: &[u8]) -> Range<usize> {
        let reply = self.connection.answer(request).bytes;
        self.transcript.extend_from_slice(request);
        let start = self.transcript.len();
        self.transcript.extend_from_slice(&reply);
        start..self.transcript.len()
    }
}

fn object(bytes: Vec<u8>, layout: Option<Layout>) -> Object {
    Object { bytes, layout }
}

/// QEMU's NVMe controller.
pub fn nvme() -> PciIdentity {
    PciIdentity {
        address: "0000:01:00.0".to_owned(),
        vendor: 0x1b36,
        device: 0x0010,
        class: 0x01_0802,
        revision: 0x02,
        subsystem: Some((0x1af4, 0x1100)),
        serial: Serial::Absent,
    }
}

fn get_capabilities(version: u8) -> Vec<u8> {
    let mut request = vec![
        version, 0xe1, 0x00, 0x00, // header
        0x00, 0x14, // reserved, CTExponent
        0x00, 0x00, // reserved
        0x00, 0x00, 0x00, 0x00, // Flags
    ];
    // Nothing comes in chunks: a transcript has whole messages.
    request.extend(0x1_0000u32.to_le_bytes()); // DataTransferSize
    request.extend(0x1_0000u32.to_le_bytes()); // MaxSPDMmsgSize
    request.truncate(match version {
        0x10 => 4,
        0x11 => 12,
        _ => 20,
    });
    request
}

fn challenge(version: u8, slot: u8) -> Vec<u8> {
    let mut request = vec![version, 0x83, slot, 0x00];
    request.extend(NONCE);
    if version >= 0x13 {
        request.extend(*b"CONTEXT8");
    }
    request
}

/// What the kernel calls a hash.
fn hash_name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha256 => "sha256",
        Hash::Sha384 => "sha384",
        Hash::Sha512 => "sha512",
        Hash::Sha3_256 => "sha3-256",
        Hash::Sha3_384 => "sha3-384",
        Hash::Sha3_512 => "sha3-512",
    }
}

/// What the kernel calls a signature algorithm.
fn asym_name(asym: Asym) -> &'static str {
    match asym {
        Asym::Rsassa2048 => "rsassa-2048",
        Asym::Rsassa3072 => "rsassa-3072",
        Asym::Rsassa4096 => "rsassa-4096",
        Asym::EcdsaP256 => "ecdsa-nist-p256",
        Asym::EcdsaP384 => "ecdsa-nist-p384",
        Asym::EcdsaP521 => "ecdsa-nist-p521",
        Asym::MlDsa44 => "mldsa44",
        Asym::MlDsa65 => "mldsa65",
        Asym::MlDsa87 => "mldsa87",
    }
}

fn random() -> Random {
    Random::new(Some(7))
}

fn number(length: usize) -> u32 {
    length.try_into().unwrap()
}
