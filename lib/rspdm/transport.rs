// SPDX-License-Identifier: GPL-2.0

//! The bus that a device is on: exchanges messages, and judges whose the leaf certificate is.

use core::ffi::c_void;

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    validate::Untrusted, //
};

use crate::{
    crypto::fault,
    proto::{
        error::Fault,
        requester::Transport, //
    }, //
};

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
        };
        // SAFETY: The operations outlive the bus, and `check_leaf` is not called.
        let bus = unsafe { Bus::new(&ops, core::ptr::null_mut()) };
        assert!(bus.check_leaf(&[]).is_ok());
    }
}
