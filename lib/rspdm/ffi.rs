// SPDX-License-Identifier: GPL-2.0

//! What `<linux/spdm.h>` declares: turns pointers into references, and errors into an errno.

use core::ffi::c_void;

use kernel::{
    bindings,
    device::Device,
    prelude::*,
    types::ForeignOwnable, //
};

use crate::{
    proto::{
        error::{
            Error as Reason,
            Rejected, //
        },
        slot::{
            SlotChoice,
            SlotId, //
        },
        wire::error_rsp::ErrorCode, //
    },
    session::Session,
    transport::Bus, //
};

/// What C holds: a pointer to the session, under an opaque name.
type Handle = Pin<KBox<Session>>;

/// The errno that stands for a reason.
///
/// Malformed, invalid and unknown stay distinct: `EBADMSG` says that the device sent what is no
/// message, `EPROTO` that the message lies, `EKEYREJECTED` that the proof is wrong; everything else
/// says that nothing was proven either way.
pub(crate) fn to_errno(reason: &Reason) -> Error {
    match reason {
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

/// Prepares to authenticate a device.
///
/// * `dev`: The device; a reference is taken.
/// * `ops`: How to reach it; must stay valid until `spdm_destroy()`, as must what `priv_` points
///   to.
/// * `priv_`: Handed to `ops`.
/// * `data_transfer_size`: Largest response that the transport can deliver, in bytes: 42 to
///   1048568, rounded up to whole dwords. The device is told, and keeps to it from SPDM 1.2 on.
///
/// Context: Process context, may sleep.
/// Return: The requester, or an `ERR_PTR()`: `-EINVAL` if the size is out of range, `-ENOMEM`.
///
/// # Safety
///
/// `dev` and `ops` must be valid, `ops->exchange` set; and see above.
#[export]
pub(crate) unsafe extern "C" fn spdm_create(
    dev: *mut bindings::device,
    ops: *const bindings::spdm_requester_ops,
    priv_: *mut c_void,
    data_transfer_size: u32,
) -> *mut bindings::spdm_requester {
    // SAFETY: The caller ensures that `dev` is valid.
    let device = unsafe { Device::get_device(dev) };
    // SAFETY: The caller ensures that both stay valid until `spdm_destroy()`, which drops the bus.
    let bus = unsafe { Bus::new(ops, priv_) };

    match Session::new(device, bus, data_transfer_size) {
        Ok(session) => session.into_foreign().cast(),
        Err(error) => error.to_ptr(),
    }
}

/// Authenticates a device.
///
/// * `spdm`: What `spdm_create()` returned.
/// * `slot`: The certificate slot, 0 to 7, or `SPDM_SLOT_ANY` for the lowest that holds a chain.
/// * `nonce`: 32 bytes that the device has to sign, or NULL for random ones.
/// * `stats`: Where to store what it cost, also in case of failure, and what was agreed on; or
///   NULL.
///
/// The whole conversation runs, from GET_VERSION to CHALLENGE_AUTH. Success says that the device
/// has the private key of the leaf certificate of the slot, that it signed the nonce and everything
/// that was said, and that those links of its certificate chain verify whose algorithms the kernel
/// has. Whether the chain is to be trusted is left to user space.
///
/// The reason of a failure is logged. Nothing is kept of a failed attempt.
///
/// Context: Process context; sleeps, for as long as the device takes: at most about 30 seconds and
/// one exchange. A pause that the device asks for ends when the task is killed. Calls for the same
/// device are serialised.
/// Return: The evidence, to be published or destroyed by the caller, or an `ERR_PTR()`:
///
/// * `-EBADMSG`: the device sent malformed data;
/// * `-EPROTO`: it sent a well-formed message that the standard forbids at that point;
/// * `-EKEYREJECTED`: a digest, certificate or signature is wrong, or the identity another
///   device's;
/// * `-EOPNOTSUPP`: it lacks a version, capability, algorithm or slot that is needed;
/// * `-ENOPKG`: its leaf certificate has an algorithm that this kernel lacks;
/// * `-EREMOTEIO`: it answered with an ERROR; `-EBUSY`: with nothing but ERROR Busy;
/// * `-ETIMEDOUT`: it took more time, bytes or exchanges than any authentication needs;
/// * `-EINVAL`: no such slot can exist; `-ENOMEM`; `-EINTR`;
/// * what the operations of the bus returned.
///
/// # Safety
///
/// `spdm` must be valid and not be destroyed meanwhile, `nonce` NULL or valid for reads of 32
/// bytes, `stats` NULL or valid for writes.
#[export]
pub(crate) unsafe extern "C" fn spdm_authenticate(
    spdm: *mut bindings::spdm_requester,
    slot: u8,
    nonce: *const u8,
    stats: *mut bindings::spdm_stats,
) -> *mut bindings::device_evidence_set {
    // SAFETY: The caller ensures that `spdm` came from `spdm_create()` and is not destroyed
    // meanwhile; nobody borrows it mutably, ever.
    let session = unsafe { Handle::borrow(spdm.cast()) };
    // SAFETY: The caller ensures that `nonce` is NULL or valid for reads of 32 bytes.
    let nonce = unsafe { nonce.cast::<[u8; 32]>().as_ref() };
    // SAFETY: The caller ensures that `stats` is NULL or valid for writes; every bit pattern is a
    // valid value of its integers.
    let stats = unsafe { stats.as_mut() };

    let slot = match (u32::from(slot), SlotId::new(slot)) {
        (bindings::SPDM_SLOT_ANY, _) => SlotChoice::Lowest,
        (_, Some(slot)) => SlotChoice::Slot(slot),
        (_, None) => return EINVAL.to_ptr(),
    };

    let (result, cost) = session.authenticate(slot, nonce.copied());
    if let Some(stats) = stats {
        let costs = bindings::spdm_stats {
            exchanges: cost.exchanges,
            sent: cost.sent,
            received: cost.received,
            duration_us: u32::try_from(cost.time_us).unwrap_or(u32::MAX),
            ..pin_init::zeroed()
        };
        *stats = match &result {
            Ok((_, record)) => bindings::spdm_stats {
                version: record.state.version.to_wire(),
                slot: record.chain.slot.number(),
                hash: record.state.algorithms.hash.c_name().as_char_ptr(),
                signature_algorithm: record.state.algorithms.asym.c_name().as_char_ptr(),
                ..costs
            },
            Err(_) => costs,
        };
    }
    match result {
        Ok((evidence, _)) => evidence.into_raw(),
        Err(error) => error.to_ptr(),
    }
}

/// Frees a requester.
///
/// * `spdm`: What `spdm_create()` returned, not an `ERR_PTR()`; or NULL, which does nothing.
///
/// Context: Process context, may sleep. No other call for `spdm` may be under way.
///
/// # Safety
///
/// See above.
#[export]
pub(crate) unsafe extern "C" fn spdm_destroy(spdm: *mut bindings::spdm_requester) {
    if !spdm.is_null() {
        // SAFETY: The caller ensures that `spdm` came from `spdm_create()`, and that nobody uses it
        // any more.
        drop(unsafe { Handle::from_foreign(spdm.cast()) });
    }
}

#[cfg(CONFIG_RSPDM_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rspdm_ffi)]
mod tests {
    use super::*;
    use crate::proto::{
        error::{
            Exhausted,
            Fault,
            Malformed,
            Misbehaved,
            Misuse,
            Part,
            Unsupported, //
        },
        message::{
            Field,
            Request,
            Response, //
        }, //
    };

    #[test]
    fn malformed_invalid_and_unknown_are_distinct() {
        let response = Response::Digests;
        let request = Request::Challenge;
        let errno = |reason| to_errno(&reason).to_errno();
        let errno_of = |error: Error| error.to_errno();

        let what = Malformed::Truncated(Field::Digest);
        assert_eq!(
            errno(Reason::Malformed { response, what }),
            errno_of(EBADMSG)
        );
        let reason = Reason::Rejected(Rejected::Certificate { position: 1 });
        assert_eq!(errno(reason), errno_of(EBADMSG));
        let what = Misbehaved::NoProgress;
        assert_eq!(
            errno(Reason::Misbehaved { response, what }),
            errno_of(EPROTO)
        );
        assert_eq!(
            errno(Reason::Rejected(Rejected::Signature)),
            errno_of(EKEYREJECTED)
        );
        assert_eq!(
            errno(Reason::Unsupported(Unsupported::Hash)),
            errno_of(EOPNOTSUPP)
        );
        assert_eq!(errno(Reason::Unusable { position: 2 }), errno_of(ENOPKG));
        let what = Exhausted::Time;
        assert_eq!(
            errno(Reason::Exhausted { request, what }),
            errno_of(ETIMEDOUT)
        );
        assert_eq!(errno(Reason::Misuse(Misuse::Buffer)), errno_of(EINVAL));
        let code = ErrorCode::Busy;
        assert_eq!(errno(Reason::Refused { request, code }), errno_of(EBUSY));
        let code = ErrorCode::InvalidRequest;
        assert_eq!(
            errno(Reason::Refused { request, code }),
            errno_of(EREMOTEIO)
        );
    }

    #[test]
    fn errors_of_the_bus_arrive_untouched() {
        for error in [EIO, ENOMEM, EKEYREJECTED, ETIMEDOUT] {
            let reason = Reason::Environment {
                part: Part::Transport,
                fault: Fault::new(error.to_errno()),
            };
            assert_eq!(to_errno(&reason).to_errno(), error.to_errno());
        }
    }
}
