// SPDX-License-Identifier: GPL-2.0

//! Faults: everything that the device can do wrong, as one table.
//!
//! A fault is `message:what`, the message by the stem of its file. On the
//! command line it may take a number and be confined to some occurrences of
//! its message:
//!
//! ```text
//! digests:mismatch          at every DIGESTS
//! certificate:truncated=6   with the argument 6
//! challenge:bad-signature@2 at the second CHALLENGE_AUTH only
//! digests:error-busy@1-3    at the first three
//! ```
//!
//! Occurrences count over all connections, so that a requester can be seen to
//! recover. A fault of the device itself (its certificates, its capabilities)
//! counts connections, which begin with GET_VERSION.
//!
//! When the faults change while the responder runs, see `--fault-file`, and one
//! of them is about more than CHALLENGE_AUTH and MEASUREMENTS, the device loses
//! its state: whoever goes on with a connection has to begin anew, and sees it.
//!
//! Besides those that somebody thought of, each field of each message can be
//! changed (see [`crate::layout`]), and there are some that take a number:
//!
//! ```text
//! algorithms:base-asym-sel:flip=3   bit 3 of the field is the opposite
//! challenge:signature:zeros         all of the field is zero
//! certificate:dropped=40            the socket is closed after 40 bytes of the frame
//! ```
//!
//! Each row names the errno that a connect has to end with in a Linux
//! requester:
//!
//! | errno | the device |
//! |---|---|
//! | EBADMSG | sent bytes that are no message of the kind |
//! | EPROTO | sent a message that says what it must not say |
//! | EOPNOTSUPP | cannot do, or did not agree to, what is needed |
//! | EREMOTEIO | answered ERROR |
//! | EBUSY | answered ERROR Busy too often |
//! | EKEYREJECTED | did not prove its identity |
//! | ETIMEDOUT | cost more time or exchanges than it is worth |
//! | EIO | gave no data object that belongs to the request |
//! | 0 | did something odd that is to be tolerated |
//!
//! Edits come in two kinds. Those of the *body* happen before the message is
//! recorded and signed, so that signature and transcript agree with what the
//! requester receives, and nothing but the check for this very fault can find
//! it. Those on the *wire* happen last.

use std::ops::RangeInclusive;

use crate::{
    config::Config,
    layout::{
        self,
        Change,
        Field, //
    },
    message::{
        error::Refusal,
        Kind,
        Message, //
    },
    signing::Signing,
};

mod numbered;
mod plan;
mod plans;
mod table;

pub use plan::{
    Plan,
    Strike, //
};
pub use plans::Plans;
pub use table::{
    all,
    errnos_of_error,
    since, //
};

/// Something that the device can do wrong.
pub struct Fault {
    /// The message that it is about.
    pub kind: Kind,
    /// What is wrong, the name's second half.
    pub what: String,
    /// How connect ends if it happens every time: an errno, or 0.
    pub errno: &'static str,
    /// How connect ends if it happens once, at the first occurrence.
    pub errno_once: &'static str,
    /// From which version on both are another errno, and which.
    pub newer: Option<(u8, &'static str)>,
    /// The first version in which it is a fault, as SPDMVersion; none of those before cares.
    pub since: u8,
    /// One sentence about what the device does.
    pub effect: String,
    actions: Vec<Action>,
}

impl Fault {
    /// `message:what`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.kind.stem(), self.what)
    }

    /// How connect ends in this version: if it happens every time, and if it happens once.
    pub fn errnos(&self, version: u8) -> (&'static str, &'static str) {
        match self.newer {
            Some((since, errno)) if version >= since => (errno, errno),
            _ => (self.errno, self.errno_once),
        }
    }
}

/// How a fault is brought about.
#[derive(Clone)]
enum Action {
    /// Answers ERROR instead of looking at the request.
    Refuse(Refusal),
    /// Answers ERROR with the code that the argument says.
    RefuseWith,
    /// Changes a field, before the response is recorded and signed unless it is the signature.
    Alter(&'static Field, Change),
    /// Changes the response before it is recorded and signed.
    Body(fn(&mut Message, &Site)),
    /// Changes the response's bytes after all is done.
    Wire(fn(&mut Vec<u8>, &Site)),
    /// Changes how the signature is made.
    Sign(fn(&mut Signing)),
    /// Leaves this field, which is the last one, out of the message.
    Cut(&'static str),
    /// Changes the device, from the connection's begin on.
    Device(fn(&mut Config)),
    /// Sets the device up so that the fault can show; holds for all connections.
    Setup(fn(&mut Config)),
    /// Sends the first response of the kind instead.
    Replay,
    /// Sends the response that was sent before, of whatever kind.
    Stale,
    /// Sends the response twice: the second one answers the next request.
    Twice,
    /// Changes what happens to the data object.
    Deliver(Delivery),
}

/// What may happen to a response on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It comes late, by so many milliseconds as the argument says, or 300.
    Late,
    /// It never comes, and the connection stays open.
    Silence,
    /// Its data object has a length that cannot be, so that a DOE mailbox discards it.
    Lost,
    /// The connection is closed instead.
    Hangup,
    /// The data object is padded with ones instead of zeros.
    DirtyPadding,
    /// The data object is of the type for secured messages.
    OtherType,
    /// The data object is of another vendor.
    OtherVendor,
    /// The data object's header has one bit wrong, that with the number that the argument is.
    ObjectBit,
    /// The data object has only as many bytes as the argument says.
    ShortObject,
    /// Instead of a data object there are as many bytes without meaning as the argument says.
    Garbage,
    /// The frame's header has one bit wrong, that with the number that the argument is; then the
    /// connection is closed.
    FrameBit,
    /// The connection is closed after as many bytes of the frame as the argument says.
    Dropped,
    /// Nothing comes after as many bytes of the frame as the argument says, on an open connection.
    Stalled,
}

/// Where an edit takes place.
pub struct Site<'a> {
    /// The request that is answered, with its padding.
    pub request: &'a [u8],
    /// The number given with the fault's name.
    pub argument: Option<u32>,
}

impl Site<'_> {
    /// The argument, or `default`.
    fn number(&self, default: usize) -> usize {
        self.argument.map_or(default, |argument| argument as usize)
    }
}

/// A fault chosen by the user.
struct Chosen {
    kind: Kind,
    actions: Vec<Action>,
    argument: Option<u32>,
    occurrences: RangeInclusive<u32>,
}

/// Reads `message:what[=argument][@occurrence[-occurrence]]`.
fn parse(text: &str) -> Result<Chosen, String> {
    let bad = |part: &str| format!("fault {text}: {part} is not a number");
    let (rest, occurrences) = match text.split_once('@') {
        None => (text, 1..=u32::MAX),
        Some((rest, range)) => {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let first: u32 = first.parse().map_err(|_| bad(first))?;
            let last: u32 = last.parse().map_err(|_| bad(last))?;
            (rest, first..=last)
        }
    };
    let (name, argument) = match rest.split_once('=') {
        None => (rest, None),
        Some((name, number)) => (name, Some(number.parse().map_err(|_| bad(number))?)),
    };
    let (kind, actions) = field_fault(name)
        .or_else(|| numbered::find(name))
        .or_else(|| {
            let fault = all().into_iter().find(|fault| fault.name() == name)?;
            Some((fault.kind, fault.actions))
        })
        .ok_or(format!("there is no fault {name}: see --list-faults"))?;
    Ok(Chosen {
        kind,
        actions,
        argument,
        occurrences,
    })
}

/// What `message:field:change` does.
fn field_fault(name: &str) -> Option<(Kind, Vec<Action>)> {
    let mut parts = name.split(':');
    let (stem, field, change) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = Kind::ALL.into_iter().find(|kind| kind.stem() == stem)?;
    let field = layout::find(kind, field)?;
    let change = Change::ALL
        .into_iter()
        .find(|known| known.name() == change)?;
    let setups = [layout::setup(kind), field.setup];
    let setups = setups.into_iter().flatten().map(Action::Setup);
    let actions = setups.chain([Action::Alter(field, change)]).collect();
    Some((kind, actions))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrences(name: &str) -> Vec<u32> {
        let chosen = parse(name).unwrap();
        (1..6)
            .filter(|number| chosen.occurrences.contains(number))
            .collect()
    }

    #[test]
    fn occurrences_are_all_or_one_or_a_range() {
        assert_eq!(occurrences("digests:mismatch"), [1, 2, 3, 4, 5]);
        assert_eq!(occurrences("digests:mismatch@2"), [2]);
        assert_eq!(occurrences("digests:mismatch@2-3"), [2, 3]);
    }

    #[test]
    fn argument_stands_before_the_occurrence() {
        assert_eq!(parse("digests:truncated=6@1").unwrap().argument, Some(6));
    }

    #[test]
    fn unknown_names_and_numbers_are_refused() {
        for name in [
            "digests:nonsense",
            "digests:nonsense:flip",
            "digests:digest:nonsense",
            "nonsense",
            "digests:mismatch@x",
            "digests:truncated=x",
        ] {
            assert!(parse(name).is_err());
        }
    }
}
