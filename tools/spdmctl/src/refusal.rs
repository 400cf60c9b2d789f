// SPDX-License-Identifier: GPL-2.0

//! What the kernel means by the errno with which an authentication ended.
//!
//! `tsm/connect` and a refresh over netlink run the same authentication, and keep apart by errno
//! what the device did wrong and what nobody did wrong.

use crate::error::Error;

/// The error of an authentication that failed with `errno`; `None` if that is about something else.
///
/// `what` says what was tried with which device, `kernel` what the kernel said about it.
pub fn authentication(what: &str, errno: i32, kernel: &str) -> Option<Error> {
    let (make, reason): (fn(String) -> Error, &str) = match errno {
        libc::EKEYREJECTED => (
            Error::policy,
            "the device's signature, certificate chain or name does not hold",
        ),
        libc::EBADMSG => (Error::malformed, "the device's answer is malformed"),
        libc::EPROTO => (Error::malformed, "the device breaks the protocol"),
        libc::EOPNOTSUPP => (
            Error::environment,
            "the device lacks a version, algorithm, capability or chain that is needed",
        ),
        libc::ENOPKG => (
            Error::environment,
            "this kernel cannot use an algorithm of the device's certificates",
        ),
        libc::EREMOTEIO => (Error::environment, "the device answered with an error"),
        libc::ETIMEDOUT => (Error::environment, "the device took too long"),
        libc::EBUSY => (
            Error::environment,
            "the device is busy, or just being connected",
        ),
        libc::EIO => (Error::environment, "the device did not answer"),
        libc::ENOMEM => (Error::environment, "the kernel is out of memory"),
        libc::EINTR => (Error::environment, "a signal ended the wait for the device"),
        _ => return None,
    };
    let error = make(format!("{what}: {reason} ({kernel})")).authentication(errno);
    Some(error.hint("the kernel log (`dmesg`) has a line about this device that says why"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    #[test]
    fn whose_fault_it_is_makes_the_exit_code() {
        let exit = |errno| authentication("connect", errno, "").map(|error| error.exit());
        assert_eq!(exit(libc::EKEYREJECTED), Some(Exit::Policy));
        assert_eq!(exit(libc::EBADMSG), Some(Exit::Malformed));
        assert_eq!(exit(libc::EPROTO), Some(Exit::Malformed));
        for errno in [
            libc::EOPNOTSUPP,
            libc::ENOPKG,
            libc::EREMOTEIO,
            libc::ETIMEDOUT,
            libc::EBUSY,
            libc::EIO,
            libc::ENOMEM,
            libc::EINTR,
        ] {
            assert_eq!(exit(errno), Some(Exit::Environment));
        }
        assert_eq!(exit(libc::EPERM), None);
    }

    #[test]
    fn the_message_says_what_was_tried_and_why_it_failed() {
        let error = authentication("x: connect", libc::ETIMEDOUT, "Timer expired").unwrap();
        assert_eq!(
            error.to_string(),
            "x: connect: the device took too long (Timer expired)"
        );
    }
}
