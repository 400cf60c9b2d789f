// SPDX-License-Identifier: GPL-2.0

//! Why a device could not be authenticated, as the kernel names it.
//!
//! The same words stand in `tsm/failure`, in uevents and, as numbers, in events over netlink.

use std::fmt;

use serde::Serialize;

/// A reason, and the error code that the device sent if that is the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The kernel's word for it.
    pub reason: String,
    /// Param1 of the ERROR message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spdm_error_code: Option<u8>,
}

/// One reason.
struct Reason {
    number: u32,
    name: &'static str,
    /// With which errno it comes; 0 for any.
    errno: i32,
    /// What it means.
    text: &'static str,
}

impl Failure {
    /// Reads what stands in `tsm/failure`: a word, or a word and `0x…`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let reason = words.next()?.to_owned();
        let code = words.next().and_then(|word| word.strip_prefix("0x"));
        Some(Self {
            reason,
            spdm_error_code: code.and_then(|digits| u8::from_str_radix(digits, 16).ok()),
        })
    }

    /// Names the number of an event.
    pub fn from_numbers(reason: u32, error_code: Option<u32>) -> Self {
        let known = REASONS.iter().find(|known| known.number == reason);
        let name = known.map_or_else(|| format!("reason {reason}"), |known| known.name.to_owned());
        Self {
            reason: name,
            spdm_error_code: error_code.and_then(|code| u8::try_from(code).ok()),
        }
    }

    /// Whether an attempt that ended with `errno` can have ended for this reason.
    pub fn fits(&self, errno: i32) -> bool {
        self.known()
            .is_none_or(|known| known.errno == 0 || known.errno == errno)
    }

    /// What it means, in words.
    pub fn explanation(&self) -> String {
        let text = self
            .known()
            .map_or("unknown to this tool", |known| known.text);
        match self.spdm_error_code {
            None => text.to_owned(),
            Some(code) => match ERROR_CODES.iter().find(|(known, _)| *known == code) {
                Some((_, name)) => format!("{text}: {name}"),
                None => text.to_owned(),
            },
        }
    }

    fn known(&self) -> Option<&'static Reason> {
        REASONS.iter().find(|known| known.name == self.reason)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        match self.spdm_error_code {
            Some(code) => write!(f, " {code:#04x}"),
            None => Ok(()),
        }
    }
}

const REASONS: [Reason; 14] = [
    reason(
        1,
        "malformed",
        libc::EBADMSG,
        "what the device sent is malformed",
    ),
    reason(
        2,
        "illegal",
        libc::EPROTO,
        "the device breaks the rules of the protocol",
    ),
    reason(
        3,
        "unsupported",
        libc::EOPNOTSUPP,
        "the device lacks a version, algorithm, capability or chain that is needed",
    ),
    reason(
        4,
        "refused",
        libc::EREMOTEIO,
        "the device answered with an error",
    ),
    reason(
        5,
        "busy",
        libc::EBUSY,
        "the device said for too long that it is busy",
    ),
    reason(
        6,
        "signature",
        libc::EKEYREJECTED,
        "a signature of the device does not verify",
    ),
    reason(
        7,
        "digest",
        libc::EKEYREJECTED,
        "the certificate chain is not the one that the device announced",
    ),
    reason(
        8,
        "certificate",
        libc::EKEYREJECTED,
        "a certificate is not signed by the one before it, or the device's must not sign",
    ),
    reason(
        9,
        "identity",
        libc::EKEYREJECTED,
        "the device's certificate names another device",
    ),
    reason(
        10,
        "algorithm",
        libc::ENOPKG,
        "this kernel lacks an algorithm of the device's certificate",
    ),
    reason(
        11,
        "budget",
        libc::ETIMEDOUT,
        "the device took too long, or wanted to say too much",
    ),
    reason(
        12,
        "transport",
        0,
        "no message gets through to the device and back",
    ),
    reason(
        13,
        "interrupted",
        libc::EINTR,
        "a signal ended the wait for the device",
    ),
    reason(
        14,
        "resources",
        libc::ENOMEM,
        "the kernel is out of memory or other resources",
    ),
];

const fn reason(number: u32, name: &'static str, errno: i32, text: &'static str) -> Reason {
    Reason {
        number,
        name,
        errno,
        text,
    }
}

/// DSP0274 1.4, "Error code and error data".
const ERROR_CODES: [(u8, &str); 25] = [
    (0x01, "InvalidRequest"),
    (0x02, "InvalidSession"),
    (0x03, "Busy"),
    (0x04, "UnexpectedRequest"),
    (0x05, "Unspecified"),
    (0x06, "DecryptError"),
    (0x07, "UnsupportedRequest"),
    (0x08, "RequestInFlight"),
    (0x09, "InvalidResponseCode"),
    (0x0a, "SessionLimitExceeded"),
    (0x0b, "SessionRequired"),
    (0x0c, "ResetRequired"),
    (0x0d, "ResponseTooLarge"),
    (0x0e, "RequestTooLarge"),
    (0x0f, "LargeResponse"),
    (0x10, "MessageLost"),
    (0x11, "InvalidPolicy"),
    (0x12, "DataTooLarge"),
    (0x41, "VersionMismatch"),
    (0x42, "ResponseNotReady"),
    (0x43, "RequestResynch"),
    (0x44, "OperationFailed"),
    (0x45, "NoPendingRequests"),
    (0x47, "InvalidState"),
    (0xff, "VendorDefined"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(reason: &str, spdm_error_code: Option<u8>) -> Failure {
        Failure {
            reason: reason.to_owned(),
            spdm_error_code,
        }
    }

    #[test]
    fn the_attribute_reads_back_as_it_is_shown() {
        for (text, expected) in [
            ("signature\n", failure("signature", None)),
            ("refused 0x05\n", failure("refused", Some(5))),
        ] {
            let read = Failure::parse(text).unwrap();
            assert_eq!(read, expected);
            assert_eq!(read.to_string(), text.trim());
        }
        assert_eq!(Failure::parse("\n"), None);
    }

    #[test]
    fn numbers_and_names_mean_the_same() {
        assert_eq!(Failure::from_numbers(6, None), failure("signature", None));
        assert_eq!(
            Failure::from_numbers(4, Some(0x41)),
            failure("refused", Some(0x41))
        );
        assert_eq!(Failure::from_numbers(99, None), failure("reason 99", None));
        for (reason, number) in REASONS.iter().zip(1..) {
            assert_eq!(reason.number, number);
        }
    }

    #[test]
    fn an_error_code_is_named() {
        assert_eq!(
            failure("refused", Some(0x07)).explanation(),
            "the device answered with an error: UnsupportedRequest"
        );
        assert_eq!(
            failure("refused", Some(0x99)).explanation(),
            "the device answered with an error"
        );
        assert_eq!(failure("new", None).explanation(), "unknown to this tool");
    }

    #[test]
    fn a_reason_of_another_attempt_is_noticed() {
        assert!(failure("digest", None).fits(libc::EKEYREJECTED));
        assert!(!failure("digest", None).fits(libc::EBUSY));
        assert!(failure("transport", None).fits(libc::EIO));
        assert!(failure("new", None).fits(libc::EIO));
    }

    /// The numbers stand in the specification, from which the kernel's are generated.
    #[test]
    fn reasons_are_those_of_the_specification() {
        let header = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../include/uapi/linux/device-evidence.h"
        ));
        let (_, list) = header
            .split_once("\nenum device_evidence_reason {")
            .unwrap();
        let (list, _) = list.split_once('}').unwrap();
        let prefix = "DEVICE_EVIDENCE_REASON_";
        let names = list.split(prefix).skip(1).map(|entry| {
            let end = entry.find([',', ' ']).unwrap();
            entry[..end].to_lowercase()
        });
        let ours = REASONS.iter().map(|reason| reason.name);
        assert!(list.contains("MALFORMED = 1,"));
        assert!(names.eq(ours));
    }
}
