// SPDX-License-Identifier: GPL-2.0

//! Errors in words, for one log line.

use core::fmt;

use super::{
    Error,
    Exhausted,
    Malformed,
    Misbehaved,
    Misuse,
    Part,
    Rejected,
    Unsupported, //
};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { response, what } => write!(f, "{response}: {what}"),
            Self::Misbehaved { response, what } => write!(f, "{response}: {what}"),
            Self::Unsupported(what) => write!(f, "device has no {what}"),
            Self::Refused { request, code } => write!(f, "{request}: device answers {code}"),
            Self::Rejected(what) => what.fmt(f),
            Self::Unusable { position } => {
                write!(
                    f,
                    "certificate {position}: algorithm of its key or signature is not available"
                )
            }
            Self::Exhausted { request, what } => write!(f, "{request}: {what}"),
            Self::Environment { part, fault } => write!(f, "{part} failed: {}", fault.code()),
            Self::Misuse(what) => what.fmt(f),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(field) => write!(f, "ends before {field} does"),
            Self::Excess { bytes } => write!(f, "{bytes} bytes after its end"),
            Self::Contradiction(field) => write!(f, "{field} contradicts the rest"),
            Self::TooLarge(field) => write!(f, "{field} exceeds what is allowed"),
            Self::Empty(field) => write!(f, "no {field}"),
        }
    }
}

impl fmt::Display for Misbehaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { expected, found } => {
                write!(f, "version {found:#04x}, must be {expected:#04x}")
            }
            Self::Code { expected, found } => {
                write!(f, "response code {found:#04x}, must be {expected:#04x}")
            }
            Self::Illegal(field) => write!(f, "illegal {field}"),
            Self::Unoffered(field) => write!(f, "{field} was not offered"),
            Self::Slot { asked, echoed } => write!(f, "slot {echoed} echoed, {asked} asked"),
            Self::SlotMask { slot, mask } => write!(f, "slot {slot} is not in mask {mask:#04x}"),
            Self::NoProgress => f.write_str("portion of no bytes"),
            Self::Portion { asked, sent } => write!(f, "portion of {sent} bytes, {asked} asked"),
            Self::Total { expected, found } => {
                write!(f, "portions of {found} bytes in total, must be {expected}")
            }
            Self::Echo(field) => write!(f, "{field} is not ours"),
            Self::Opaque => f.write_str("opaque data without a format agreed on"),
            Self::Repeated { index } => write!(f, "measurement {index} twice"),
        }
    }
}

/// Completes "device has no ...".
impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => f.write_str("SPDM version in common with us"),
            Self::Certificates => f.write_str("certificates (CERT_CAP)"),
            Self::Challenge => f.write_str("answer to CHALLENGE (CHAL_CAP)"),
            Self::Hash => f.write_str("hash in common with us"),
            Self::Signature => f.write_str("signature algorithm in common with us"),
            Self::Measurements => f.write_str("format and hash of measurements in common with us"),
            Self::Slot { slot, mask } => {
                write!(
                    f,
                    "certificate chain in slot {slot}, only in those of mask {mask:#04x}"
                )
            }
            Self::KeyUsage { mask } => {
                write!(
                    f,
                    "key that may answer CHALLENGE in the slot, only in those of mask {mask:#04x}"
                )
            }
            Self::RequestLength { needed, available } => {
                write!(
                    f,
                    "room for a request of {needed} bytes, only for {available}"
                )
            }
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate { position } => write!(f, "certificate {position}: not X.509"),
            Self::Link { position } => {
                write!(f, "certificate {position}: not signed by its issuer")
            }
            Self::RootHash => f.write_str("RootHash is not the digest of the root certificate"),
            Self::ChainDigest { slot } => {
                write!(
                    f,
                    "certificate chain of slot {slot} is not the one in DIGESTS"
                )
            }
            Self::LeafKey => f.write_str("leaf certificate: key is not of the algorithm selected"),
            Self::LeafUsage => f.write_str("leaf certificate: key must not sign"),
            Self::CertChainHash => {
                f.write_str("CHALLENGE_AUTH: CertChainHash is not the digest of the chain")
            }
            Self::Signature { response } => write!(f, "{response}: signature does not verify"),
        }
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exchanges => "too many exchanges",
            Self::Bytes => "too many bytes",
            Self::Time => "too much time",
            Self::NotReady => "response is never ready",
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transport => "transport",
            Self::Clock => "waiting",
            Self::Memory => "memory",
            Self::Crypto => "cryptography",
            Self::Identity => "identity check of the leaf certificate",
        })
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buffer => "size of the response buffer is out of range",
            Self::NothingOffered => "no version, hash or signature algorithm to offer",
        })
    }
}
