// SPDX-License-Identifier: GPL-2.0

//! How a case has to end, how it ended, and whether that is the same.

/// How a connect has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Outcome {
    /// Errnos of a Linux requester, any of which is right; 0 if it has to accept the device.
    pub errnos: &'static [&'static str],
    /// Whether other requesters may do the opposite: the standard leaves it open.
    pub has_leeway: bool,
}

impl Outcome {
    /// The device did nothing that matters.
    pub const ACCEPT: Self = Self::any(&["0"]);
    /// The same, but some will mind.
    pub const TOLERATE: Self = Self::ACCEPT.left_open();
    /// The bytes are no message of the kind.
    pub const MALFORMED: Self = Self::any(&["EBADMSG"]);
    /// The message says what it must not say.
    pub const ILLEGAL: Self = Self::any(&["EPROTO"]);
    /// The device lacks what is needed.
    pub const LACKING: Self = Self::any(&["EOPNOTSUPP"]);
    /// The device did not prove its identity.
    pub const DISPROVED: Self = Self::any(&["EKEYREJECTED"]);
    /// There is no response.
    pub const BROKEN: Self = Self::any(&["EIO"]);
    /// There is none in time, and how much time there is differs.
    pub const LATE: Self = Self::BROKEN.left_open();
    /// It must not succeed, whatever the reason.
    pub const REFUSE: Self = Self::any(&[
        "EBADMSG",
        "EPROTO",
        "EOPNOTSUPP",
        "EKEYREJECTED",
        "EREMOTEIO",
        "ETIMEDOUT",
        "ENOPKG",
        "EBUSY",
    ]);

    /// This errno alone is right.
    ///
    /// # Panics
    ///
    /// If it is none of those that the responder's tables have.
    pub fn of(errno: &str) -> Self {
        let known: [&'static [&'static str]; 9] = [
            &["0"],
            &["EBADMSG"],
            &["EBUSY"],
            &["EIO"],
            &["EKEYREJECTED"],
            &["EOPNOTSUPP"],
            &["EPROTO"],
            &["EREMOTEIO"],
            &["ETIMEDOUT"],
        ];
        let errnos = known.into_iter().find(|known| known[0] == errno);
        Self::any(errnos.expect("the tables have no other errno"))
    }

    /// Any of these is right.
    pub const fn any(errnos: &'static [&'static str]) -> Self {
        Self {
            errnos,
            has_leeway: false,
        }
    }

    /// The same, but the standard leaves it open.
    pub const fn left_open(self) -> Self {
        Self {
            has_leeway: true,
            ..self
        }
    }

    /// Whether it may end with this errno.
    pub fn has(&self, errno: &str) -> bool {
        self.errnos.contains(&errno)
    }

    /// Why a case has failed that ended so, if it has.
    pub fn judge(&self, ending: &Ending) -> Option<String> {
        let wanted = self.errnos.join(" or ");
        match ending {
            Ending::Errno(errno) if !self.has(errno) => {
                Some(format!("ended with {errno}, must end with {wanted}"))
            }
            Ending::Accepted if !self.has("0") && !self.has_leeway => {
                Some(format!("accepted the device, must refuse it ({wanted})"))
            }
            Ending::Refused if self.errnos == ["0"] && !self.has_leeway => {
                Some("refused the device, must accept it".into())
            }
            Ending::Crashed(how) => Some(format!("crashed: {how}")),
            Ending::Hung => Some("did not end".into()),
            Ending::Errno(_) | Ending::Accepted | Ending::Refused => None,
        }
    }
}

/// How a requester ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this errno; 0 if it accepted the device.
    Errno(&'static str),
    /// It accepted the device.
    Accepted,
    /// It did not, and does not tell why.
    Refused,
    /// It was ended by a signal, or a panic.
    Crashed(String),
    /// It did not end in time.
    Hung,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_right(outcome: Outcome, ending: Ending) -> bool {
        outcome.judge(&ending).is_none()
    }

    #[test]
    fn errno_must_be_one_of_those_that_are_right() {
        assert!(is_right(Outcome::ILLEGAL, Ending::Errno("EPROTO")));
        assert!(!is_right(Outcome::ILLEGAL, Ending::Errno("EBADMSG")));
        assert!(!is_right(Outcome::ILLEGAL, Ending::Errno("0")));
        assert!(!is_right(Outcome::ACCEPT, Ending::Errno("EPROTO")));
        assert!(!is_right(Outcome::TOLERATE, Ending::Errno("EPROTO")));
    }

    #[test]
    fn who_tells_no_errno_is_judged_by_success() {
        assert!(is_right(Outcome::ILLEGAL, Ending::Refused));
        assert!(!is_right(Outcome::ILLEGAL, Ending::Accepted));
        assert!(is_right(Outcome::ACCEPT, Ending::Accepted));
        assert!(!is_right(Outcome::ACCEPT, Ending::Refused));
        for ending in [Ending::Accepted, Ending::Refused] {
            assert!(is_right(Outcome::TOLERATE, ending.clone()));
            assert!(is_right(Outcome::LATE, ending));
        }
    }

    #[test]
    fn crashes_and_hangs_are_never_right() {
        for outcome in [Outcome::ACCEPT, Outcome::TOLERATE, Outcome::REFUSE] {
            assert!(!is_right(outcome, Ending::Crashed("SIGSEGV".into())));
            assert!(!is_right(outcome, Ending::Hung));
        }
    }
}
