// SPDX-License-Identifier: GPL-2.0

//! Every bound on what a peer can make us do: bytes, counts, retries and time.
//!
//! The peer chooses most numbers of the protocol. Each of them meets a bound from here before it
//! costs anything, and [`Budget`] bounds what one operation can cost altogether, however its single
//! steps are spread.

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

/// Most bytes that a transport may append to a response, e.g. to fill a DOE dword.
///
/// More than that is not padding: somebody sent bytes that no field of the message accounts for.
pub const PADDING_MAX: usize = 3;

/// Longest request that we ever send, in bytes, with room to spare: CHALLENGE of SPDM 1.3 has 44.
pub const REQUEST_LEN_MAX: usize = 64;

/// Longest OpaqueData in a response, in bytes.
///
/// DSP0274 1.0, "CHALLENGE_AUTH response message format": OpaqueLength.
pub const OPAQUE_LEN_MAX: u16 = 1024;

/// Longest SPDM certificate chain, in bytes, header included.
///
/// DSP0274 1.0, "Certificate chain format": Length has 16 bits.
pub const CHAIN_LEN_MAX: u32 = 0xffff;

/// Most certificates in a chain.
///
/// Each costs two signature verifications at most. A certificate with a P-256 key is hardly shorter
/// than 512 bytes, so that no real chain within [`CHAIN_LEN_MAX`] has more.
pub const CERTIFICATES_MAX: usize = 128;

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
    /// For one authentication, GET_VERSION to CHALLENGE_AUTH.
    ///
    /// * Exchanges: the longest chain in portions of 128 bytes, which is far below what any device
    ///   was seen to choose. A hostile one that sends single bytes is cut off here.
    /// * Bytes: the longest chain, four times over.
    /// * Time: three requests that need the device's key or flash (DIGESTS, CERTIFICATE,
    ///   CHALLENGE_AUTH) at the 8.4 s that CMA allows for each, and some. Locks are held meanwhile.
    pub const AUTHENTICATE: Self = Self {
        exchanges: 544,
        bytes: 4 * (CHAIN_LEN_MAX + 1),
        time_us: 30_000_000,
    };
}
