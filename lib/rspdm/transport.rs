// SPDX-License-Identifier: GPL-2.0

//! The bus that a device is on: exchanges messages, judges whose the leaf certificate is, and knows
//! whether there still is a device.

use core::ffi::c_void;

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    time::{
        Instant,
        Monotonic, //
    },
    validate::Untrusted, //
};

use crate::{
    crypto::fault,
    proto::{
        error::Fault,
        requester::Transport, //
    }, //
};

/// How long a pause may go on after the device is gone, in microseconds. Nobody is told when it
/// goes, so this is how often it is asked for.
const WAIT_SLICE_US: u64 = 100_000;

/// What a bus supplied to `spdm_create()`.
///
/// # Invariants
///
/// * `ops` points to operations that are valid for as long as this exists.
/// * `private` is what the operations take; they may be called from any thread.
pub(crate) struct Bus {
    ops: *const bindings::spdm_requester_ops,
    private: *mut c_void,
}

// SAFETY: By the type invariant, the operations may be called from any thread, and nothing else is
// done with the two pointers.
unsafe impl Send for Bus {}

// SAFETY: As above. That exchanges do not overlap is the bus' own interest, not a matter of memory
// safety; the session's mutex sees to it.
unsafe impl Sync for Bus {}

impl Bus {
    /// Takes what `spdm_create()` was given.
    ///
    /// # Safety
    ///
    /// The type invariants must hold until the result is dropped.
    pub(crate) unsafe fn new(
        ops: *const bindings::spdm_requester_ops,
        private: *mut c_void,
    ) -> Self {
        // INVARIANT: By the safety requirements.
        Self { ops, private }
    }

    /// Sends a request; returns how many bytes of `response` hold what came back.
    fn exchange(&self, request: &[u8], response: &mut [u8]) -> Result<usize> {
        self.check_presence()?;
        // SAFETY: By the type invariant, `ops` is valid.
        let exchange = unsafe { (*self.ops).exchange }.ok_or(EINVAL)?;
        // SAFETY: By the type invariant, `private` is what `exchange` takes. The request is valid
        // for reads of its length, the response for writes of its, and neither is kept.
        let received = unsafe {
            exchange(
                self.private,
                request.as_ptr().cast(),
                request.len(),
                response.as_mut_ptr().cast(),
                response.len(),
            )
        };
        if received < 0 {
            // An errno fits; a bus that returns something else is defective.
            to_result(i32::try_from(received).map_err(|_| EINVAL)?)?;
        }
        usize::try_from(received).map_err(|_| EINVAL)
    }

    /// Sleeps for so long, or until the task is being killed or the device goes away.
    pub(crate) fn wait(&self, us: u64) -> Result {
        let began = Instant::<Monotonic>::now();
        loop {
            self.check_presence()?;
            let passed_us = began.elapsed().as_micros_ceil().unsigned_abs();
            let left_us = us.saturating_sub(passed_us);
            if left_us == 0 {
                return Ok(());
            }
            // SAFETY: The caller of the C API may sleep, hence so may this.
            to_result(unsafe { bindings::rspdm_wait(left_us.min(WAIT_SLICE_US)) })?;
        }
    }

    /// Asks the bus whether there still is a device; `ENODEV` if not.
    fn check_presence(&self) -> Result {
        // SAFETY: By the type invariant, `ops` is valid.
        let Some(is_gone) = (unsafe { (*self.ops).is_gone }) else {
            return Ok(());
        };
        // SAFETY: By the type invariant, `private` is what `is_gone` takes.
        if unsafe { is_gone(self.private) } {
            return Err(ENODEV);
        }
        Ok(())
    }

    /// Asks the bus whether the leaf certificate is the device's.
    pub(crate) fn check_leaf(&self, der: &[u8]) -> Result {
        // SAFETY: By the type invariant, `ops` is valid.
        let Some(check_leaf) = (unsafe { (*self.ops).check_leaf }) else {
            return Ok(());
        };
        // SAFETY: By the type invariant, `private` is what `check_leaf` takes. The certificate is
        // valid for reads of its length, and is not kept.
        to_result(unsafe { check_leaf(self.private, der.as_ptr().cast(), der.len()) })
    }
}

impl Transport for &Bus {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        let received = Bus::exchange(self, request, response).map_err(fault)?;
        // A bus that claims more than there is room for is defective; nothing of that is believed.
        let response = response.get(..received).ok_or(fault(EIO))?;
        Ok(Untrusted::from_ref(response))
    }
}

#[cfg(CONFIG_RSPDM_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rspdm_transport)]
mod tests {
    use super::*;

    /// A bus whose device answers with the request, and then says that it answered with as many
    /// bytes as `private` points to, or failed with that errno.
    ///
    /// # Safety
    ///
    /// `private` must point to an `isize`; the rest is as [`Bus::exchange`] has it.
    unsafe extern "C" fn echo(
        private: *mut c_void,
        request: *const c_void,
        request_len: usize,
        response: *mut c_void,
        response_size: usize,
    ) -> isize {
        let len = request_len.min(response_size);
        // SAFETY: `Bus::exchange()` passes slices, which do not overlap.
        unsafe { core::ptr::copy_nonoverlapping(request.cast::<u8>(), response.cast(), len) };
        // SAFETY: By the safety requirements.
        unsafe { *private.cast::<isize>() }
    }

    fn exchange(mut answer: isize, response: &mut [u8]) -> Result<usize, Fault> {
        let ops = bindings::spdm_requester_ops {
            exchange: Some(echo),
            check_leaf: None,
            is_gone: None,
        };
        // SAFETY: Both outlive the bus.
        let bus = unsafe { Bus::new(&ops, (&raw mut answer).cast()) };
        Transport::exchange(&mut &bus, &[0x10, 0x84, 0, 0], response).map(Untrusted::len)
    }

    #[test]
    fn response_is_as_long_as_the_bus_says() {
        let mut response = [0; 8];
        assert_eq!(exchange(3, &mut response), Ok(3));
        assert_eq!(response, [0x10, 0x84, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn empty_response_is_left_to_the_parser() {
        assert_eq!(exchange(0, &mut [0; 8]), Ok(0));
    }

    #[test]
    fn bus_that_claims_more_than_fits_is_not_believed() {
        assert_eq!(exchange(8, &mut [0; 8]), Ok(8));
        assert_eq!(exchange(9, &mut [0; 8]), Err(fault(EIO)));
        assert_eq!(exchange(isize::MAX, &mut [0; 8]), Err(fault(EIO)));
    }

    #[test]
    fn errno_of_the_bus_is_passed_on() {
        assert_eq!(exchange(-110, &mut [0; 8]), Err(fault(ETIMEDOUT)));
        // No errno at all.
        assert_eq!(exchange(isize::MIN, &mut [0; 8]), Err(fault(EINVAL)));
    }

    #[test]
    fn bus_without_an_opinion_accepts_any_leaf() {
        let ops = bindings::spdm_requester_ops {
            exchange: Some(echo),
            check_leaf: None,
            is_gone: None,
        };
        // SAFETY: The operations outlive the bus, and `check_leaf` is not called.
        let bus = unsafe { Bus::new(&ops, core::ptr::null_mut()) };
        assert!(bus.check_leaf(&[]).is_ok());
    }

    /// A bus whose device is there as often as `private` points to.
    ///
    /// # Safety
    ///
    /// `private` must point to a `u32` that nobody else uses.
    unsafe extern "C" fn goes_away(private: *mut c_void) -> bool {
        // SAFETY: By the safety requirements.
        let left = unsafe { &mut *private.cast::<u32>() };
        match left.checked_sub(1) {
            Some(fewer) => {
                *left = fewer;
                false
            }
            None => true,
        }
    }

    const FLEETING: bindings::spdm_requester_ops = bindings::spdm_requester_ops {
        exchange: Some(nobody),
        check_leaf: None,
        is_gone: Some(goes_away),
    };

    /// There is nobody to send anything to.
    ///
    /// # Safety
    ///
    /// None of the pointers is used.
    unsafe extern "C" fn nobody(
        _private: *mut c_void,
        _request: *const c_void,
        _request_len: usize,
        _response: *mut c_void,
        _response_size: usize,
    ) -> isize {
        -110
    }

    #[test]
    fn nothing_is_sent_to_a_device_that_is_gone() {
        let mut times = 1_u32;
        // SAFETY: Both outlive the bus.
        let bus = unsafe { Bus::new(&FLEETING, (&raw mut times).cast()) };
        let exchange = || bus.exchange(&[0x10], &mut [0; 8]);
        assert_eq!(exchange().map_err(fault), Err(fault(ETIMEDOUT)));
        assert_eq!(exchange().map_err(fault), Err(fault(ENODEV)));
    }

    #[test]
    fn pause_ends_when_the_device_goes() {
        let mut times = 2_u32;
        // SAFETY: Both outlive the bus.
        let bus = unsafe { Bus::new(&FLEETING, (&raw mut times).cast()) };
        const HOUR_US: u64 = 3_600_000_000;
        assert_eq!(bus.wait(HOUR_US).map_err(fault), Err(fault(ENODEV)));
    }

    #[test]
    fn pause_is_not_cut_short_while_there_is_a_device() {
        const PAUSE_US: u64 = 250_000;
        let mut times = u32::MAX;
        // SAFETY: Both outlive the bus.
        let bus = unsafe { Bus::new(&FLEETING, (&raw mut times).cast()) };
        let began = Instant::<Monotonic>::now();
        assert!(bus.wait(PAUSE_US).is_ok());
        let passed_us = began.elapsed().as_micros_ceil().unsigned_abs();
        assert!(passed_us >= PAUSE_US);
    }
}
