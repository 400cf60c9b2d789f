// SPDX-License-Identifier: GPL-2.0

//! Log lines about a device: how many, and errors in words.

use kernel::{
    bindings,
    fmt,
    prelude::*,
    types::Opaque, //
};

use crate::proto;

/// The rate limit of one device's log lines: devices decide how often there is a reason for one.
///
/// # Invariants
///
/// Initialised by `rspdm_log_limit_init()`.
#[pin_data]
pub(crate) struct LogLimit {
    #[pin]
    state: Opaque<bindings::ratelimit_state>,
}

// SAFETY: By the type invariant, the state is initialised; it has a lock of its own, and belongs to
// no thread.
unsafe impl Send for LogLimit {}

// SAFETY: As above; `rspdm_may_log()` may be called by several threads at once.
unsafe impl Sync for LogLimit {}

impl LogLimit {
    /// Makes a limit of 10 lines in 5 seconds.
    pub(crate) fn new() -> impl PinInit<Self> {
        // INVARIANT: Initialised here.
        pin_init!(Self {
            state <- Opaque::ffi_init(|state| {
                // SAFETY: `state` is valid for writes, and is not moved any more.
                unsafe { bindings::rspdm_log_limit_init(state) }
            }),
        })
    }

    /// Whether one more line may be logged.
    pub(crate) fn may_log(&self) -> bool {
        // SAFETY: By the type invariant, the state is initialised.
        unsafe { bindings::rspdm_may_log(self.state.get()) }
    }
}

/// An error in words, as the kernel's printing wants it.
pub(crate) struct Words<'a>(pub(crate) &'a proto::error::Error);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self.0, f)
    }
}

#[cfg(CONFIG_RSPDM_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rspdm_log)]
mod tests {
    use super::*;

    #[test]
    fn each_device_has_a_limit_of_its_own() -> Result {
        let loud = KBox::pin_init(LogLimit::new(), GFP_KERNEL)?;
        let quiet = KBox::pin_init(LogLimit::new(), GFP_KERNEL)?;
        let lines = (0..100).filter(|_| loud.may_log()).count();
        // Another 10 if 5 seconds have passed meanwhile.
        assert!((10..=20).contains(&lines));
        assert!(quiet.may_log());
        Ok(())
    }
}
