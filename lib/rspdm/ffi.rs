// SPDX-License-Identifier: GPL-2.0

//! What `<linux/spdm.h>` declares: turns pointers into references, and results into pointers.

use core::ffi::c_void;

use kernel::{
    bindings,
    device::Device,
    ffi::{
        c_char,
        c_int, //
    },
    prelude::*,
    types::ForeignOwnable, //
};

use crate::{
    algorithms,
    failure::lack_of_resources,
    proto::{
        record::Stats,
        slot::{
            SlotChoice,
            SlotId,
            SlotMask, //
        }, //
    },
    session::{
        Failed,
        Session,
        Wanted, //
    },
    transport::Bus, //
};

/// What C holds: a pointer to the session, under an opaque name.
type Handle = Pin<KBox<Session>>;

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
/// * `request`: What is wanted.
/// * `stats`: Where to store what it cost, also in case of failure, and what was agreed on; or
///   NULL.
/// * `failure`: Where to store the reason of a failure; left alone if there is none.
///
/// Success says that the device has the private key of the leaf certificate of the slot, that it
/// signed the nonce and everything that was said, and its measurements if it can, and that those
/// links of its certificate chains verify whose algorithms the kernel has. Whether the chain is to
/// be trusted is left to user space.
///
/// Without a nonce, the whole conversation runs, from GET_VERSION to MEASUREMENTS. With one, and if
/// the last call for the device was successful and read the chains that are wanted now, the device
/// is challenged and asked for its measurements on that connection: two exchanges. If that fails
/// because either side has forgotten the connection, the whole conversation follows.
///
/// The reason of a failure is logged. Nothing is kept of a failed attempt.
///
/// Context: Process context; sleeps, for as long as the device takes: at most about 40 seconds, 9
/// more for each further slot, and one exchange. A pause that the device asks for ends when the
/// task is killed or the device goes away. Calls for the same device are serialised.
/// Return: The evidence, to be published or destroyed by the caller, or an `ERR_PTR()`:
///
/// * `-EBADMSG`: the device sent malformed data;
/// * `-EPROTO`: it sent a well-formed message that the standard forbids at that point;
/// * `-EKEYREJECTED`: a digest, certificate or signature is wrong, or the identity another
///   device's;
/// * `-EOPNOTSUPP`: it lacks a version, capability, algorithm or slot that is needed, or may use no
///   algorithm;
/// * `-ENOPKG`: its leaf certificate has an algorithm that this kernel lacks;
/// * `-EREMOTEIO`: it answered with an ERROR; `-EBUSY`: with nothing but ERROR Busy;
/// * `-ETIMEDOUT`: it took more time, bytes or exchanges than any authentication needs;
/// * `-ENODEV`: it is being removed;
/// * `-EINVAL`: no such slot can exist; `-ENOMEM`; `-EINTR`;
/// * what the operations of the bus returned.
///
/// # Safety
///
/// `spdm` must be valid and not be destroyed meanwhile, `request` valid, its algorithms NULL or
/// valid, its nonce NULL or valid for reads of 32 bytes, `stats` NULL or valid for writes,
/// `failure` valid for writes.
#[export]
pub(crate) unsafe extern "C" fn spdm_authenticate(
    spdm: *mut bindings::spdm_requester,
    request: *const bindings::spdm_request,
    stats: *mut bindings::spdm_stats,
    failure: *mut bindings::device_evidence_failure,
) -> *mut bindings::device_evidence_set {
    // SAFETY: The caller ensures that `spdm` came from `spdm_create()` and is not destroyed
    // meanwhile; nobody borrows it mutably, ever.
    let session = unsafe { Handle::borrow(spdm.cast()) };
    // SAFETY: The caller ensures that `request` is valid.
    let request = unsafe { &*request };
    // SAFETY: The caller ensures that the nonce is NULL or valid for reads of 32 bytes.
    let nonce = unsafe { request.nonce.cast::<[u8; 32]>().as_ref() };
    // SAFETY: The caller ensures that `stats` is NULL or valid for writes; every bit pattern is a
    // valid value of its integers.
    let stats = unsafe { stats.as_mut() };

    let slot = match (u32::from(request.slot), SlotId::new(request.slot)) {
        (bindings::SPDM_SLOT_ANY, _) => Some(SlotChoice::Lowest),
        (_, Some(slot)) => Some(SlotChoice::Slot(slot)),
        (_, None) => None,
    };
    let wanted = slot.map(|slot| Wanted {
        slot,
        further: SlotMask::from_wire(request.further_slots),
        // SAFETY: The caller ensures that it is NULL or valid.
        allowed: unsafe { request.algorithms.as_ref() }.map(algorithms::from_c),
        nonce: nonce.copied(),
    });
    let (result, cost) = match wanted {
        Some(wanted) => session.authenticate(wanted),
        None => {
            let failed = Failed {
                errno: EINVAL,
                failure: lack_of_resources(),
            };
            (Err(failed), Stats::default())
        }
    };
    if let Some(stats) = stats {
        let costs = bindings::spdm_stats {
            exchanges: cost.exchanges,
            sent: cost.sent,
            received: cost.received,
            duration_us: u32::try_from(cost.time_us).unwrap_or(u32::MAX),
            ..pin_init::zeroed()
        };
        *stats = match &result {
            Ok((_, agreed)) => bindings::spdm_stats {
                version: agreed.version,
                slot: agreed.slot,
                hash: agreed.hash.as_char_ptr(),
                signature_algorithm: agreed.asym.as_char_ptr(),
                ..costs
            },
            Err(_) => costs,
        };
    }
    match result {
        Ok((evidence, _)) => evidence.into_raw(),
        Err(failed) => {
            // SAFETY: The caller ensures that `failure` is valid for writes.
            unsafe { failure.write(failed.failure) };
            failed.errno.to_ptr()
        }
    }
}

/// Reads a list of algorithms.
///
/// * `list`: Names as in `struct spdm_stats`, separated by commas: what devices may use, see
///   `struct spdm_algorithms`. Hashes are not restricted if none is listed, nor are signature
///   algorithms. An empty list allows all that this kernel has; "none" allows nothing.
/// * `algorithms`: Where to store the result.
/// * `refusal`: Where to store what is wrong, if something is.
///
/// Neighbours in the list are offered together if they are of the same kind: either all of them
/// withstand quantum computers, or none. Where the kind changes, another offer begins, which a
/// device gets only if it can do nothing of the one before; and within an offer, the device
/// chooses. To insist on something is therefore to list nothing else.
///
/// Context: Any.
/// Return: 0, or `-EINVAL`: a name is unknown or there twice, or the kernel is configured not to
/// have the algorithm.
///
/// # Safety
///
/// `list` must end with a NUL and outlive `refusal`, which points into it; both others must be
/// valid for writes.
#[export]
pub(crate) unsafe extern "C" fn spdm_parse_algorithms(
    list: *const c_char,
    algorithms: *mut bindings::spdm_algorithms,
    refusal: *mut bindings::spdm_refusal,
) -> c_int {
    // SAFETY: The caller ensures that it ends with a NUL, and does not change it meanwhile.
    let list = unsafe { CStr::from_char_ptr(list) };
    match algorithms::everything().listed(list.to_bytes()) {
        Ok(allowed) => {
            // SAFETY: The caller ensures that it is valid for writes.
            unsafe { algorithms.write(algorithms::to_c(allowed)) };
            0
        }
        Err((word, refused)) => {
            let what = bindings::spdm_refusal {
                word: word.as_ptr().cast(),
                word_len: word.len(),
                why: algorithms::why(refused).as_char_ptr(),
            };
            // SAFETY: As above.
            unsafe { refusal.write(what) };
            EINVAL.to_errno()
        }
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
