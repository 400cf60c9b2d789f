// SPDX-License-Identifier: GPL-2.0

//! What kind of device this is: everything that stays the same over connections.

use std::path::PathBuf;

use crate::algorithm::{
    Asym,
    Hash, //
};

/// CERT_CAP: the device has certificates.
pub const CERT_CAP: u32 = 0x02;
/// CHAL_CAP: the device answers CHALLENGE.
pub const CHAL_CAP: u32 = 0x04;
/// MEAS_CAP: mask of the two-bit field.
pub const MEAS_CAP: u32 = 0x18;
/// MEAS_CAP = 1: measurements cannot be signed.
pub const MEAS_CAP_NO_SIG: u32 = 0x08;
/// MEAS_CAP = 2: measurements can be signed.
pub const MEAS_CAP_SIG: u32 = 0x10;

/// CHUNK_CAP: the device sends and takes large messages in chunks.
pub const CHUNK_CAP: u32 = 0x2_0000;

/// ALIAS_CERT_CAP: the firmware made the leaf's key, and the device certified it.
pub const ALIAS_CERT_CAP: u32 = 0x4_0000;
/// GET_KEY_PAIR_INFO_CAP: the device tells about its keys.
pub const GET_KEY_PAIR_INFO_CAP: u32 = 0x1000_0000;
/// MULTI_KEY_CAP = 1: every connection is a multi-key one; with GET_KEY_PAIR_INFO_CAP, as demanded.
pub const MULTI_KEY_ONLY: u32 = 0x0400_0000 | GET_KEY_PAIR_INFO_CAP;
/// MULTI_KEY_CAP = 2: the requester decides.
pub const MULTI_KEY_NEG: u32 = 0x0800_0000 | GET_KEY_PAIR_INFO_CAP;
/// MULTI_KEY_CAP: mask of the two-bit field.
pub const MULTI_KEY_CAP: u32 = 0x0c00_0000;
/// LARGE_RESP_CAP: CERTIFICATE has a large form.
pub const LARGE_RESP_CAP: u32 = 0x8000_0000;

/// Names that `--caps` takes in any case, with their bits. Only what is implemented.
pub const CAPABILITY_NAMES: [(&str, u32); 12] = [
    ("CACHE", 0x01),
    ("CERT", CERT_CAP),
    ("CHAL", CHAL_CAP),
    ("MEAS_NO_SIG", MEAS_CAP_NO_SIG),
    ("MEAS_SIG", MEAS_CAP_SIG),
    ("MEAS_FRESH", 0x20),
    ("CHUNK", CHUNK_CAP),
    ("ALIAS_CERT", ALIAS_CERT_CAP),
    ("GET_KEY_PAIR_INFO", GET_KEY_PAIR_INFO_CAP),
    ("MULTI_KEY_ONLY", MULTI_KEY_ONLY),
    ("MULTI_KEY_NEG", MULTI_KEY_NEG),
    ("LARGE_RESP", LARGE_RESP_CAP),
];

/// A device's fixed properties.
#[derive(Clone, Debug)]
pub struct Config {
    /// Versions that VERSION lists, as SPDMVersion bytes (0x10 to 0x14), in this order.
    pub versions: Vec<u8>,
    /// Signature algorithms, the preferred one first.
    pub asym: Vec<Asym>,
    /// Hashes, the preferred one first.
    pub hash: Vec<Hash>,
    /// Hash of measurement digests. Not BaseHash by default, as with spdm-emu.
    pub measurement_hash: Hash,
    /// Flags of CAPABILITIES.
    pub capabilities: u32,
    /// CTExponent of CAPABILITIES: 2^n microseconds.
    pub ct_exponent: u8,
    /// DataTransferSize, and the longest response to SPDM 1.0 and 1.1, in bytes.
    pub transfer_size: u32,
    /// MaxSPDMmsgSize with CHUNK_CAP, in bytes; DataTransferSize if that is larger.
    pub message_size: u32,
    /// Most bytes that the device sends at once, whatever the requester can take: longer responses
    /// go in chunks.
    pub send_size: u32,
    /// Provisioned slots, bit i for slot i.
    pub slots: u8,
    /// Slots that exist besides, but hold nothing; SPDM 1.3 tells of them.
    pub empty_slots: u8,
    /// CertificateInfo of each slot, for multi-key connections: 0 for a key without certificates, 1
    /// for a device's, 2 for alias, 3 for generic certificates.
    pub models: [u8; 8],
    /// KeyUsageMask of each slot, for multi-key connections: 2 for challenges, 4 for measurements.
    pub usages: [u16; 8],
    /// Whether each slot has a leaf key of its own.
    pub distinct_keys: bool,
    /// Longest portion in a CERTIFICATE message, in bytes.
    pub portion: u32,
    /// Wanted length of OpaqueData, in bytes; rounded up to what the format needs.
    pub opaque_len: u16,
    /// The certificate chains.
    pub chain: ChainShape,
    /// Directory that is told what was signed; see [`crate::truth`].
    pub truth: Option<PathBuf>,
}

impl Config {
    /// All that chains depend on.
    pub fn shape(&self) -> impl PartialEq + use<'_> {
        let alias = self.capabilities & ALIAS_CERT_CAP;
        let hash = self.hash.first();
        (
            &self.chain,
            self.slots,
            self.distinct_keys,
            alias,
            hash,
            &self.asym,
        )
    }
}

/// How certificate chains look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainShape {
    /// Number of certificates from the root to the leaf, both included. One is a self-signed leaf.
    pub certificates: usize,
    /// Exact length of the SPDM certificate chain with its header, in bytes; as short as possible if absent.
    pub bytes: Option<usize>,
    /// Whether the root certificate is left out of what is sent.
    pub omit_root: bool,
    /// PCI-SIG subject alternative name of the leaf.
    pub san: Option<String>,
    /// What is wrong with the chain.
    pub defect: Option<Defect>,
}

/// A flaw of a certificate chain. Digests and hashes are made over the flawed chain, so that
/// nothing but the check for this flaw can find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The leaf is signed by a key that is not the issuer's.
    LinkSignature,
    /// The leaf names another issuer than the certificate before it.
    IssuerName,
    /// The issuer of the leaf is not a CA.
    IssuerNotCa,
    /// The root's own signature is wrong.
    RootSignature,
    /// The leaf's key is of another algorithm than the selected one.
    LeafKey,
    /// The leaf's keyUsage lacks digitalSignature.
    LeafKeyUsage,
    /// The leaf's basicConstraints has no contents, not even an empty SEQUENCE.
    EmptyConstraints,
    /// The leaf's keyUsage has no contents.
    EmptyKeyUsage,
    /// Certificates stand in the opposite order, leaf first.
    Order,
    /// Length in the chain's header is four too large.
    LengthTooLarge,
    /// Length in the chain's header is four too small.
    LengthTooSmall,
    /// RootHash is of something else.
    RootHash,
    /// The last certificate misses its last four bytes.
    CutCertificate,
    /// Four bytes follow the last certificate.
    TrailingBytes,
    /// There is a header, but no certificate.
    HeaderOnly,
    /// Instead of certificates there are bytes that are no DER.
    NotDer,
}

/// Subject alternative name that matches QEMU's NVMe controller, `-device nvme`.
pub const SAN_QEMU_NVME: &str = "Vendor=1b36:Device=0010:CC=010802:REV=02:SSVID=1af4:SSID=1100";
/// Subject alternative name of a device that nobody has.
pub const SAN_OTHER: &str = "Vendor=1b36:Device=0011:CC=010802:REV=02:SSVID=1af4:SSID=1100";

impl Default for Config {
    fn default() -> Self {
        Self {
            versions: vec![0x10, 0x11, 0x12, 0x13, 0x14],
            asym: Asym::ALL.to_vec(),
            hash: Hash::ALL.to_vec(),
            measurement_hash: Hash::Sha512,
            capabilities: CERT_CAP | CHAL_CAP | MEAS_CAP_SIG | 0x20 | CHUNK_CAP | LARGE_RESP_CAP,
            ct_exponent: 20,
            // QEMU's buffer of 0x1200 bytes less the DOE header.
            transfer_size: 4600,
            message_size: 0x1_0000,
            send_size: u32::MAX,
            slots: 0x01,
            empty_slots: 0,
            models: [1; 8],
            usages: [0x06; 8],
            distinct_keys: false,
            portion: u32::MAX,
            opaque_len: 0,
            chain: ChainShape {
                certificates: 3,
                bytes: None,
                omit_root: false,
                san: Some(SAN_QEMU_NVME.into()),
                defect: None,
            },
            truth: None,
        }
    }
}
