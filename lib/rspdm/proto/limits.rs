// SPDX-License-Identifier: GPL-2.0

//! Every bound on what a peer can make us do: bytes, counts, retries and time.
//!
//! The peer chooses most numbers of the protocol. Each of them meets a bound from here before it
//! costs anything, and [`Budget`] bounds what one operation can cost altogether, however its single
//! steps are spread.
//!
//! # Memory
//!
//! What a run keeps for one slot, besides the buffer for one transfer (DataTransferSize, which its
//! owner chooses), at most and for a common device (ECDSA P-384, four certificates):
//!
//! | bytes | bound | at most | common |
//! |---|---|---|---|
//! | chain | [`CHAIN_LEN_MAX`] | 128 KiB | 2 KiB |
//! | both transcripts | [`Budget::bytes`]: nothing else gets there | 384 KiB | 4 KiB |
//! | VCA, in front of both and alone | VERSION of 516 bytes, and the rest | 3 KiB | 1 KiB |
//! | response in chunks | [`MESSAGE_LEN_MAX`] | 128 KiB | 0 |
//!
//! That is [`RUN_MEMORY_MAX`]. Who takes more than [`MESSAGE_LEN_MAX`] in one transfer takes as
//! much in chunks, and has to add the difference. Memory is taken as bytes arrive, never because a
//! device says that they will. What grows is doubled, so that up to twice as much may be set aside.
//! Whoever publishes the evidence copies all of it but the last row. Each further slot adds another
//! chain, and the bytes of [`Budget::FURTHER_SLOT`] to the transcript.
//!
//! # Time
//!
//! [`Budget::time_us`], and one exchange more, which may begin when hardly any of it is left: how
//! long that takes is up to the transport.

/// Smallest DataTransferSize that a peer may announce, in bytes.
///
/// DSP0274 1.2, "GET_CAPABILITIES request message format": DataTransferSize is at least
/// MinDataTransferSize, 42.
pub const DATA_TRANSFER_SIZE_MIN: u32 = 42;

/// Largest DataTransferSize of our own, in bytes: a DOE data object holds 2^18 dwords, two of which
/// are its header.
///
/// PCIe r6.1 6.30.1, "Data Object Header 2": Length is 18 bits wide and counts dwords.
pub const DATA_TRANSFER_SIZE_MAX: u32 = (1 << 20) - 8;

/// MaxSPDMmsgSize of our own, in bytes, unless one transfer can bring more: the longest message
/// that is put together from chunks.
///
/// CHALLENGE_AUTH with the longest signature there is, of SLH-DSA, has 51 KiB; the rest is room for
/// measurements with manifests. A device can claim that a message has this length for nothing, but
/// memory is taken only for what has arrived.
pub const MESSAGE_LEN_MAX: u32 = 1 << 17;

/// Fewest bytes of a message in any of its chunks but the last: what the smallest transfer has room
/// for behind the longest header.
///
/// DSP0274 1.2, "CHUNK_RESPONSE response message format": a header of 16 bytes in the first chunk.
pub const CHUNK_LEN_MIN: u32 = DATA_TRANSFER_SIZE_MIN - 16;

// No transfer has more chunks than ChunkSeqNo can count, which has 16 bits before 1.4.
const _: () = assert!(MESSAGE_LEN_MAX / CHUNK_LEN_MIN < 0xffff);
const _: () = assert!(DATA_TRANSFER_SIZE_MAX / CHUNK_LEN_MIN < 0xffff);

/// Most bytes that a transport may append to a response, e.g. to fill a DOE dword.
///
/// More than that is not padding: somebody sent bytes that no field of the message accounts for.
pub const PADDING_MAX: usize = 3;

/// Longest request that we ever send, in bytes, with room to spare: GET_MEASUREMENTS of SPDM 1.3
/// has 45.
pub const REQUEST_LEN_MAX: usize = 64;

/// Longest OpaqueData in a response, in bytes.
///
/// DSP0274 1.0, "CHALLENGE_AUTH response message format": OpaqueLength.
pub const OPAQUE_LEN_MAX: u16 = 1024;

/// Longest SPDM certificate chain in the small form of CERTIFICATE, in bytes, header included.
///
/// DSP0274 1.0, "Certificate chain format": Length has 16 bits.
pub const SMALL_CHAIN_LEN_MAX: u32 = 0xffff;

/// Longest SPDM certificate chain in the large form, which could tell 4 GiB; in bytes, header
/// included.
///
/// Seventeen certificates with keys and signatures of ML-DSA-87, the longest that a kernel can
/// verify, of 7.6 KiB each. Chains of devices have three to five.
pub const CHAIN_LEN_MAX: u32 = 1 << 17;

/// Most certificates in a chain.
///
/// Each costs two signature verifications at most. A certificate with a P-256 key is hardly shorter
/// than 512 bytes, so that no real chain within [`SMALL_CHAIN_LEN_MAX`] has more; chains are longer
/// than that because their keys are, not because they have more certificates.
pub const CERTIFICATES_MAX: usize = 128;

/// Most measurements that a device can tell of: their numbers are 1 to 254, and none may be used
/// twice.
///
/// DSP0274 1.0, "GET_MEASUREMENTS request message format": 0 and 0xff have other meanings. How long
/// they are together is bounded by the response, which they have to fit in.
pub const MEASUREMENT_INDEX_MAX: u8 = 0xfe;

/// Largest exponent in CTExponent and RDTExponent; 2^31 microseconds are 36 minutes.
///
/// No exponent reaches a shift unchecked. PCIe r6.1 6.31 allows a CMA device 2^23 microseconds; the
/// 31 is what other implementations of the protocol refuse to exceed.
pub const EXPONENT_MAX: u8 = 31;

/// How often one request may be answered by ERROR Busy before we give up.
pub const BUSY_ANSWERS_MAX: u8 = 16;

/// First pause after ERROR Busy, in microseconds; every further one is twice as long.
pub const BUSY_PAUSE_MIN_US: u64 = 10_000;

/// Longest pause after ERROR Busy, in microseconds.
pub const BUSY_PAUSE_MAX_US: u64 = 1_000_000;

/// How often one request may be answered by ERROR ResponseNotReady before we give up.
///
/// Devices were seen that need several rounds; the pauses between them are what takes time.
pub const NOT_READY_ANSWERS_MAX: u8 = 32;

/// Shortest pause before RESPOND_IF_READY, in microseconds: peers announce a single microsecond.
pub const NOT_READY_PAUSE_MIN_US: u64 = 1_000;

/// How often an operation starts again with GET_VERSION because the peer lost its state.
pub const RESTARTS_MAX: u8 = 1;

/// Most bytes that a run for one slot keeps at a time.
pub const RUN_MEMORY_MAX: u32 =
    CHAIN_LEN_MAX + Budget::AUTHENTICATE.bytes + VCA_COPIES_LEN_MAX + MESSAGE_LEN_MAX;

/// VCA three times: 4 + 516, 20 + 20 and 32 + 60 bytes.
const VCA_COPIES_LEN_MAX: u32 = 3 << 10;

// What the table above says.
const _: () = assert!(RUN_MEMORY_MAX == (128 + 384 + 3 + 128) << 10);

/// What one operation may cost altogether.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Requests sent, repeated ones included.
    pub exchanges: u32,
    /// Bytes of requests and responses together, with the transport's padding.
    pub bytes: u32,
    /// Time from the first request on, in microseconds.
    pub time_us: u64,
}

impl Budget {
    /// For one authentication with the chain of one slot, GET_VERSION to MEASUREMENTS.
    ///
    /// * Exchanges: the longest chain in portions of 256 bytes, and all but the longest in portions
    ///   of 128, which is far below what any device was seen to choose. A hostile one that sends
    ///   single bytes is cut off here.
    /// * Bytes: the longest chain twice over, and the longest message.
    /// * Time: four requests that need the device's key or flash (DIGESTS, CERTIFICATE,
    ///   CHALLENGE_AUTH, MEASUREMENTS) at the 8.4 s that CMA allows for each, and some. Locks are
    ///   held meanwhile.
    pub const AUTHENTICATE: Self = Self {
        exchanges: 544,
        bytes: 2 * CHAIN_LEN_MAX + MESSAGE_LEN_MAX,
        time_us: 40_000_000,
    };

    /// What the chain of each further slot may cost besides. It counts if the slot was asked for
    /// and DIGESTS says that it holds a chain, not before.
    ///
    /// The longest chain in portions of 256 bytes, which make it hardly longer; and the time that
    /// CMA allows for one request.
    pub const FURTHER_SLOT: Self = Self {
        exchanges: 512,
        bytes: 2 * CHAIN_LEN_MAX,
        time_us: 8_400_000,
    };

    /// The budget for the chains of so many slots more.
    pub fn with_further_slots(self, slots: u32) -> Self {
        let each = Self::FURTHER_SLOT;
        let time_us = each.time_us.saturating_mul(slots.into());
        Self {
            exchanges: self
                .exchanges
                .saturating_add(each.exchanges.saturating_mul(slots)),
            bytes: self.bytes.saturating_add(each.bytes.saturating_mul(slots)),
            time_us: self.time_us.saturating_add(time_us),
        }
    }
}
