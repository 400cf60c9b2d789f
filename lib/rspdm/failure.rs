// SPDX-License-Identifier: GPL-2.0

//! What an error is for those who called, and for those who listen: an errno, and a reason.
//!
//! Malformed, invalid and unknown stay distinct: `EBADMSG` says that the device sent what is no
//! message, `EPROTO` that the message lies, `EKEYREJECTED` that the proof is wrong; everything else
//! says that nothing was proven either way. A reason says a little more, in one word.

use kernel::{
    bindings::{
        device_evidence_failure as Failure,
        device_evidence_reason as Code, //
    },
    prelude::*, //
};

use crate::proto::{
    error::{
        Error as Reason,
        Fault,
        Part,
        Rejected, //
    },
    wire::error_rsp::ErrorCode, //
};

/// The errno that stands for an error.
pub(crate) fn to_errno(error: &Reason) -> Error {
    match error {
        Reason::Malformed { .. } => EBADMSG,
        Reason::Misbehaved { .. } => EPROTO,
        Reason::Unsupported(_) => EOPNOTSUPP,
        Reason::Refused {
            code: ErrorCode::Busy,
            ..
        } => EBUSY,
        Reason::Refused { .. } => EREMOTEIO,
        Reason::Rejected(Rejected::Certificate { .. }) => EBADMSG,
        Reason::Rejected(_) => EKEYREJECTED,
        Reason::Unusable { .. } => ENOPKG,
        Reason::Exhausted { .. } => ETIMEDOUT,
        Reason::Environment { fault, .. } => Error::from_errno(fault.code()),
        Reason::Misuse(_) => EINVAL,
    }
}

/// What C tells of an error.
pub(crate) fn to_failure(error: &Reason) -> Failure {
    Failure {
        reason: to_code(error),
        spdm_error_code: match error {
            Reason::Refused { code, .. } => code.to_wire(),
            _ => 0,
        },
    }
}

/// What C tells if it was no device's fault that there is no evidence.
pub(crate) fn lack_of_resources() -> Failure {
    Failure {
        reason: RESOURCES,
        spdm_error_code: 0,
    }
}

fn to_code(error: &Reason) -> Code {
    match error {
        Reason::Malformed { .. } => MALFORMED,
        Reason::Misbehaved { .. } => ILLEGAL,
        Reason::Unsupported(_) => UNSUPPORTED,
        Reason::Refused {
            code: ErrorCode::Busy,
            ..
        } => BUSY,
        Reason::Refused { .. } => REFUSED,
        Reason::Rejected(rejected) => match rejected {
            Rejected::Certificate { .. } => MALFORMED,
            Rejected::RootHash | Rejected::ChainDigest { .. } | Rejected::CertChainHash => DIGEST,
            Rejected::Link { .. } | Rejected::LeafKey | Rejected::LeafUsage => CERTIFICATE,
            Rejected::Signature { .. } => SIGNATURE,
        },
        Reason::Unusable { .. } => ALGORITHM,
        Reason::Exhausted { .. } => BUDGET,
        Reason::Environment { part, fault } => of_the_environment(*part, *fault),
        // Cannot happen: buffers are of the right size, and something is offered.
        Reason::Misuse(_) => RESOURCES,
    }
}

/// What an errno of the environment means: signals and lack of memory can strike everywhere.
fn of_the_environment(part: Part, fault: Fault) -> Code {
    match (Error::from_errno(fault.code()), part) {
        (error, _) if error == ENOMEM => RESOURCES,
        (error, _) if error == EINTR || error == ERESTARTSYS => INTERRUPTED,
        (_, Part::Transport) => TRANSPORT,
        // The device went away in a pause.
        (error, Part::Clock) if error == ENODEV => TRANSPORT,
        (_, Part::Clock) => INTERRUPTED,
        (_, Part::Memory) => RESOURCES,
        (_, Part::Crypto) => ALGORITHM,
        (_, Part::Identity) => IDENTITY,
    }
}

// Names of <uapi/linux/device-evidence.h> without what they all begin with.
use kernel::bindings::{
    device_evidence_reason_DEVICE_EVIDENCE_REASON_ALGORITHM as ALGORITHM,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_BUDGET as BUDGET,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_BUSY as BUSY,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_CERTIFICATE as CERTIFICATE,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_DIGEST as DIGEST,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_IDENTITY as IDENTITY,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_ILLEGAL as ILLEGAL,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_INTERRUPTED as INTERRUPTED,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_MALFORMED as MALFORMED,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_REFUSED as REFUSED,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_RESOURCES as RESOURCES,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_SIGNATURE as SIGNATURE,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_TRANSPORT as TRANSPORT,
    device_evidence_reason_DEVICE_EVIDENCE_REASON_UNSUPPORTED as UNSUPPORTED, //
};

#[cfg(CONFIG_RSPDM_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rspdm_failure)]
mod tests {
    use super::*;
    use crate::proto::{
        error::{
            Exhausted,
            Malformed,
            Misbehaved,
            Misuse,
            Unsupported, //
        },
        message::{
            Field,
            Request,
            Response, //
        }, //
    };

    const RESPONSE: Response = Response::Digests;
    const REQUEST: Request = Request::Challenge;

    const fn refused(code: ErrorCode) -> Reason {
        let request = REQUEST;
        Reason::Refused { request, code }
    }

    const fn environment(part: Part, errno: i32) -> Reason {
        let fault = Fault::new(errno);
        Reason::Environment { part, fault }
    }

    /// Errors, the errno of each, and the reason.
    fn table() -> [(Reason, Error, Code); 26] {
        let malformed = Reason::Malformed {
            response: RESPONSE,
            what: Malformed::Truncated(Field::Digest),
        };
        let misbehaved = Reason::Misbehaved {
            response: RESPONSE,
            what: Misbehaved::NoProgress,
        };
        let exhausted = Reason::Exhausted {
            request: REQUEST,
            what: Exhausted::Time,
        };
        let signature = Rejected::Signature { response: RESPONSE };
        let rejected = Reason::Rejected;
        let of = |part, error: Error| environment(part, error.to_errno());
        [
            (malformed, EBADMSG, MALFORMED),
            (misbehaved, EPROTO, ILLEGAL),
            (
                Reason::Unsupported(Unsupported::Hash),
                EOPNOTSUPP,
                UNSUPPORTED,
            ),
            (refused(ErrorCode::Busy), EBUSY, BUSY),
            (refused(ErrorCode::InvalidRequest), EREMOTEIO, REFUSED),
            (
                rejected(Rejected::Certificate { position: 1 }),
                EBADMSG,
                MALFORMED,
            ),
            (
                rejected(Rejected::Link { position: 1 }),
                EKEYREJECTED,
                CERTIFICATE,
            ),
            (rejected(Rejected::LeafKey), EKEYREJECTED, CERTIFICATE),
            (rejected(Rejected::LeafUsage), EKEYREJECTED, CERTIFICATE),
            (rejected(Rejected::RootHash), EKEYREJECTED, DIGEST),
            (
                rejected(Rejected::ChainDigest { slot: 0 }),
                EKEYREJECTED,
                DIGEST,
            ),
            (rejected(Rejected::CertChainHash), EKEYREJECTED, DIGEST),
            (rejected(signature), EKEYREJECTED, SIGNATURE),
            (Reason::Unusable { position: 2 }, ENOPKG, ALGORITHM),
            (exhausted, ETIMEDOUT, BUDGET),
            (of(Part::Transport, EIO), EIO, TRANSPORT),
            // The mailbox's own time-out is not the budget's.
            (of(Part::Transport, ETIMEDOUT), ETIMEDOUT, TRANSPORT),
            (of(Part::Transport, EINTR), EINTR, INTERRUPTED),
            (of(Part::Clock, EINTR), EINTR, INTERRUPTED),
            (of(Part::Clock, ENODEV), ENODEV, TRANSPORT),
            (of(Part::Memory, ENOMEM), ENOMEM, RESOURCES),
            (of(Part::Crypto, ENOMEM), ENOMEM, RESOURCES),
            (of(Part::Crypto, ENOENT), ENOENT, ALGORITHM),
            (of(Part::Identity, EKEYREJECTED), EKEYREJECTED, IDENTITY),
            (of(Part::Identity, ENOMEM), ENOMEM, RESOURCES),
            (Reason::Misuse(Misuse::Buffer), EINVAL, RESOURCES),
        ]
    }

    #[test]
    fn every_error_has_its_errno_and_reason() {
        for (error, errno, reason) in table() {
            assert_eq!(to_errno(&error).to_errno(), errno.to_errno());
            assert_eq!(to_failure(&error).reason, reason);
        }
    }

    #[test]
    fn every_reason_is_some_error() {
        for reason in MALFORMED..=RESOURCES {
            let mut errors = table().into_iter();
            assert!(errors.any(|(_, _, of_error)| of_error == reason));
        }
    }

    #[test]
    fn code_of_the_device_is_told_if_it_sent_one() {
        for (error, ..) in table() {
            let code = match error {
                Reason::Refused { code, .. } => code.to_wire(),
                _ => 0,
            };
            assert_eq!(to_failure(&error).spdm_error_code, code);
        }
        let vendor = refused(ErrorCode::VendorDefined);
        assert_eq!(to_failure(&vendor).spdm_error_code, 0xff);
    }
}
