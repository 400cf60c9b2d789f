// SPDX-License-Identifier: GPL-2.0

//! What can go wrong, and the exit code that says so.

use std::{
    fmt,
    io, //
};

use crate::reason::Failure;

/// Exit codes; scripts branch on them.
///
/// They keep apart "judged and refused", "cannot be judged because it is not well-formed" and
/// "cannot be judged because of this machine": only the first two say anything about the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, or every check passed.
    Pass = 0,
    /// The evidence is well-formed and does not satisfy a check or the caller's policy.
    Policy = 1,
    /// The evidence, or what the device sent, is not well-formed.
    Malformed = 2,
    /// Wrong usage, missing permission, missing device, kernel without support, I/O error.
    Environment = 3,
}

/// An error that ends a command.
#[derive(Debug)]
pub struct Error {
    exit: Exit,
    message: String,
    hint: Option<String>,
    /// Errno of the device's authentication, if that is what failed.
    errno: Option<i32>,
    failure: Option<Failure>,
}

/// Result of everything in this crate that may end a command.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// This machine, its kernel or the command line does not allow it.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Exit::Environment, message)
    }

    /// Input that was to be evidence is not well-formed.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(Exit::Malformed, message)
    }

    /// Well-formed and refused.
    pub fn policy(message: impl Into<String>) -> Self {
        Self::new(Exit::Policy, message)
    }

    /// A file or directory that could not be used.
    pub fn file(path: &std::path::Path, error: &io::Error) -> Self {
        Self::environment(format!("{}: {}", path.display(), plain(error)))
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
            errno: None,
            failure: None,
        }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that the device's authentication failed, and with which errno.
    #[must_use]
    pub fn authentication(mut self, errno: i32) -> Self {
        self.errno = Some(errno);
        self
    }

    /// Adds the kernel's reason, which `failure` looks up, if it is about this error.
    #[must_use]
    pub fn because(mut self, failure: impl FnOnce() -> Option<Failure>) -> Self {
        let Some(errno) = self.errno else {
            return self;
        };
        if let Some(failure) = failure().filter(|failure| failure.fits(errno)) {
            let explanation = failure.explanation();
            self.message
                .push_str(&format!("; reason: {failure} ({explanation})"));
            self.failure = Some(failure);
        }
        self
    }

    /// The kernel's reason.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The exit code that this error asks for.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The advice that goes with the message.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// An I/O error in words, without the "(os error N)" that helps nobody.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature() -> Option<Failure> {
        Failure::parse("signature")
    }

    #[test]
    fn the_reason_of_a_failed_authentication_is_told() {
        let error = Error::policy("connect").authentication(libc::EKEYREJECTED);
        let error = error.because(signature);
        assert_eq!(
            error.to_string(),
            "connect; reason: signature (a signature of the device does not verify)"
        );
        assert_eq!(error.failure(), signature().as_ref());
    }

    #[test]
    fn the_reason_of_an_earlier_attempt_is_not_told() {
        let error = Error::environment("connect").authentication(libc::EBUSY);
        assert_eq!(error.because(signature).to_string(), "connect");
        let error = Error::environment("connect").because(signature);
        assert_eq!(error.to_string(), "connect");
        assert_eq!(error.failure(), None);
    }
}
