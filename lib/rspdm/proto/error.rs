// SPDX-License-Identifier: GPL-2.0

//! Why an operation failed, who is guilty and which field tells.
//!
//! The variants of [`Error`] are what callers decide by; everything below them is for people, and
//! [`core::fmt::Display`] puts it into words for one log line.

mod words;

use super::{
    message::{
        Field,
        Request,
        Response, //
    },
    wire::error_rsp::ErrorCode, //
};

/// An error code of the environment's own: the kernel's errno, say. Carried through untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(i32);

impl Fault {
    /// Wraps the environment's code.
    pub const fn new(code: i32) -> Self {
        Self(code)
    }

    /// The environment's code.
    pub const fn code(self) -> i32 {
        self.0
    }
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The device sent bytes that are not a message of its kind.
    Malformed {
        /// The response that they should have been.
        response: Response,
        /// What is wrong with them.
        what: Malformed,
    },
    /// The device sent a message that says something it must not say.
    Misbehaved {
        /// The response.
        response: Response,
        /// What it must not say.
        what: Misbehaved,
    },
    /// The device cannot do, or did not agree to do, what we need.
    Unsupported(Unsupported),
    /// The device answered ERROR.
    Refused {
        /// The request that it did not answer.
        request: Request,
        /// The reason that it gave.
        code: ErrorCode,
    },
    /// What the device sent does not prove its identity.
    Rejected(Rejected),
    /// The environment lacks an algorithm that a certificate of the device needs.
    Unusable {
        /// Position in the chain, 0 next to the root.
        position: usize,
    },
    /// The operation cost more than its budget.
    Exhausted {
        /// The request that was too much.
        request: Request,
        /// What ran out.
        what: Exhausted,
    },
    /// The environment failed.
    Environment {
        /// Which part of it.
        part: Part,
        /// Its own error code.
        fault: Fault,
    },
    /// The caller asked for something impossible; no message was sent.
    Misuse(Misuse),
}

/// What can be wrong with bytes that should be a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The bytes end before the field does.
    Truncated(Field),
    /// More bytes follow the message than a transport pads with.
    Excess {
        /// How many bytes follow the message.
        bytes: usize,
    },
    /// The field holds a length or count that contradicts the rest of the message.
    Contradiction(Field),
    /// The field's value exceeds the greatest that the standard allows.
    TooLarge(Field),
    /// There must be at least one of the field, and there is none.
    Empty(Field),
}

/// What a well-formed message must not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaved {
    /// Another SPDMVersion than negotiated.
    Version {
        /// What it must be.
        expected: u8,
        /// What it is.
        found: u8,
    },
    /// Another RequestResponseCode than the request's.
    Code {
        /// What it must be.
        expected: u8,
        /// What it is.
        found: u8,
    },
    /// A value that the standard reserves, or forbids in this combination.
    Illegal(Field),
    /// A selection of something that we did not offer, or of more than one thing.
    Unoffered(Field),
    /// Another slot than asked for.
    Slot {
        /// The slot in the request.
        asked: u8,
        /// The slot in the response.
        echoed: u8,
    },
    /// The slot that was challenged is not among those that hold a chain.
    SlotMask {
        /// The slot.
        slot: u8,
        /// The slots that hold a chain, as a mask.
        mask: u8,
    },
    /// A portion of no bytes, though some are left.
    NoProgress,
    /// A longer portion than asked for.
    Portion {
        /// Bytes asked for.
        asked: u32,
        /// Bytes sent.
        sent: u32,
    },
    /// Portion and remainder add up to another total than before, or to an impossible one.
    Total {
        /// Bytes according to the first portion, or the greatest possible.
        expected: u32,
        /// Bytes according to this one.
        found: u32,
    },
    /// An echoed value that is not ours.
    Echo(Field),
    /// Opaque data though no format for it was agreed on.
    Opaque,
    /// Two measurements with the same number.
    Repeated {
        /// The number.
        index: u8,
    },
}

/// What a device lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// A version in common.
    Version,
    /// CERT_CAP: it has no certificates.
    Certificates,
    /// CHAL_CAP: it cannot be challenged.
    Challenge,
    /// A hash in common.
    Hash,
    /// A signature algorithm in common.
    Signature,
    /// A format and a hash of measurements in common, though it can measure.
    Measurements,
    /// A chain in the slot asked for.
    Slot {
        /// The slot.
        slot: u8,
        /// The slots that hold a chain, as a mask.
        mask: u8,
    },
    /// A key in the slot asked for, or in any, that may answer CHALLENGE.
    KeyUsage {
        /// The slots whose keys may, as a mask.
        mask: u8,
    },
    /// A DataTransferSize that our request fits in.
    RequestLength {
        /// Bytes of the request.
        needed: u32,
        /// Bytes that the device takes.
        available: u32,
    },
}

/// What is wrong with the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The bytes of a certificate are not one.
    Certificate {
        /// Position in the chain, 0 next to the root.
        position: usize,
    },
    /// A certificate is not signed by the one before it, or that one must not sign certificates.
    Link {
        /// Position in the chain of the one that should be signed, 0 next to the root.
        position: usize,
    },
    /// The first certificate is a root, and RootHash is not its digest.
    RootHash,
    /// The digest in DIGESTS is not that of the chain.
    ChainDigest {
        /// The slot.
        slot: u8,
    },
    /// The leaf's key is not one for the negotiated signature algorithm.
    LeafKey,
    /// The leaf must not sign.
    LeafUsage,
    /// CertChainHash in CHALLENGE_AUTH is not the digest of the chain.
    CertChainHash,
    /// The signature does not verify.
    Signature {
        /// The response that it is in.
        response: Response,
    },
}

/// What ran out; see [`limits`](super::limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The number of exchanges.
    Exchanges,
    /// The number of bytes.
    Bytes,
    /// The time.
    Time,
    /// The number of times that a request may be answered by ResponseNotReady.
    NotReady,
}

/// Parts of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The means to exchange messages.
    Transport,
    /// Waiting: interrupted, or the device went away.
    Clock,
    /// Memory for what has to be kept.
    Memory,
    /// Hashes and signatures.
    Crypto,
    /// The judgement of who the leaf certificate belongs to.
    Identity,
}

/// What a caller can do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// The response buffer is smaller than DSP0274 allows, or larger than DOE does.
    Buffer,
    /// No version, no hash or no signature algorithm is offered.
    NothingOffered,
}

impl core::error::Error for Error {}
