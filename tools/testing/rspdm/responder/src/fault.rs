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

use std::{
    collections::HashMap,
    ops::RangeInclusive,
    sync::{
        atomic::{
            AtomicU32,
            Ordering, //
        },
        Arc,
        Mutex, //
    },
};

use crate::{
    config::Config,
    device::Device,
    message::{
        error::Refusal,
        Kind,
        Message, //
    },
    random::Random,
    signing::Signing,
};

mod plans;
mod table;

pub use plans::Plans;
pub use table::all;

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
    /// Sends the previous response of the kind instead.
    Replay,
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
struct Active {
    fault: Fault,
    argument: Option<u32>,
    occurrences: RangeInclusive<u32>,
    /// How many messages of the kind there were.
    messages: AtomicU32,
    /// How many connections there were.
    connections: AtomicU32,
}

/// The device as it should be, and what shall go wrong with it.
pub struct Plan {
    honest: Arc<Device>,
    random: Arc<Random>,
    faults: Vec<Active>,
    previous: Arc<Mutex<HashMap<Kind, Vec<u8>>>>,
}

impl Plan {
    /// A device with `config` that has the faults named in `names`.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn new(config: Config, random: Arc<Random>, names: &[String]) -> Result<Self, String> {
        let faults = names
            .iter()
            .map(|name| parse(name))
            .collect::<Result<Vec<_>, _>>()?;
        let mut config = config;
        for action in faults.iter().flat_map(|active| &active.fault.actions) {
            if let Action::Setup(change) = action {
                change(&mut config);
            }
        }
        Ok(Self {
            honest: Arc::new(Device::new(config, random.clone())?),
            random,
            faults,
            previous: Arc::default(),
        })
    }

    /// The same, with the memory of what `other` sent.
    fn after(self, other: &Self) -> Self {
        Self {
            previous: other.previous.clone(),
            ..self
        }
    }

    /// Whether all faults show on a connection that goes on with a challenge.
    fn is_about_signatures(&self) -> bool {
        self.faults.iter().all(|active| {
            let is_of_the_device =
                |action: &Action| matches!(action, Action::Device(_) | Action::Setup(_));
            matches!(active.fault.kind, Kind::Challenge | Kind::Measurements)
                && !active.fault.actions.iter().any(is_of_the_device)
        })
    }

    /// Whether a connection cannot go on when this plan follows another one.
    pub fn ends_connections_of(&self, other: &Self) -> bool {
        !self.is_about_signatures() || !other.is_about_signatures()
    }

    /// The device without faults.
    pub fn honest(&self) -> &Device {
        &self.honest
    }

    /// What goes wrong when a request of this kind is answered now.
    pub fn strike(&self, kind: Kind) -> Strike {
        let mut strike = Strike::default();
        for active in &self.faults {
            let count = |counter: &AtomicU32| {
                let number = counter.fetch_add(1, Ordering::Relaxed) + 1;
                active.occurrences.contains(&number)
            };
            let message = kind == active.fault.kind && count(&active.messages);
            let connection = kind == Kind::Version && count(&active.connections);
            for action in &active.fault.actions {
                let applies = match action {
                    Action::Device(_) => connection,
                    _ => message,
                };
                if applies {
                    strike.actions.push((action.clone(), active.argument));
                }
            }
        }
        strike
    }

    /// The device for a new connection.
    pub fn device(&self, strike: &Strike) -> Arc<Device> {
        let mut config = self.honest.config.clone();
        let mut is_honest = true;
        for (action, _) in &strike.actions {
            if let Action::Device(change) = action {
                change(&mut config);
                is_honest = false;
            }
        }
        if is_honest {
            return self.honest.clone();
        }
        match Device::new(config, self.random.clone()) {
            Ok(device) => Arc::new(device),
            Err(_) => self.honest.clone(),
        }
    }

    /// Swaps `bytes` for the previous response of the kind, if that is the fault.
    pub fn replay(&self, kind: Kind, strike: &Strike, bytes: &mut Vec<u8>) {
        let mut previous = self
            .previous
            .lock()
            .expect("no thread panics with this lock");
        let current = bytes.clone();
        if strike
            .actions
            .iter()
            .any(|(action, _)| matches!(action, Action::Replay))
        {
            if let Some(previous) = previous.get(&kind) {
                bytes.clone_from(previous);
            }
        }
        previous.entry(kind).or_insert(current);
    }
}

/// What goes wrong with one answer.
#[derive(Default)]
pub struct Strike {
    actions: Vec<(Action, Option<u32>)>,
}

impl Strike {
    /// The ERROR to answer with, if any.
    pub fn refusal(&self, request: &[u8]) -> Option<Refusal> {
        self.actions
            .iter()
            .find_map(|(action, argument)| match action {
                Action::Refuse(refusal) => {
                    let mut refusal = refusal.clone();
                    table::complete(&mut refusal, request, *argument);
                    Some(refusal)
                }
                _ => None,
            })
    }

    /// Changes the response before it is recorded and signed.
    pub fn edit_body(&self, message: &mut Message, request: &[u8]) {
        for (action, argument) in &self.actions {
            if let Action::Body(edit) = action {
                edit(
                    message,
                    &Site {
                        request,
                        argument: *argument,
                    },
                );
            }
        }
    }

    /// Changes how the signature is made.
    pub fn edit_signing(&self, signing: &mut Signing) {
        for (action, _) in &self.actions {
            if let Action::Sign(edit) = action {
                edit(signing);
            }
        }
    }

    /// Leaves out what is to be left out of a signed response.
    pub fn cut(&self, message: &mut Message) {
        for (action, _) in &self.actions {
            if let Action::Cut(field) = action {
                message.replace(field, &[]);
            }
        }
    }

    /// Changes the response's bytes after all is done.
    pub fn edit_wire(&self, bytes: &mut Vec<u8>, request: &[u8]) {
        for (action, argument) in &self.actions {
            if let Action::Wire(edit) = action {
                edit(
                    bytes,
                    &Site {
                        request,
                        argument: *argument,
                    },
                );
            }
        }
    }

    /// What happens to the response on its way.
    pub fn deliveries(&self) -> Vec<(Delivery, Option<u32>)> {
        self.actions
            .iter()
            .filter_map(|(action, argument)| match action {
                Action::Deliver(delivery) => Some((*delivery, *argument)),
                _ => None,
            })
            .collect()
    }
}

/// Reads `message:what[=argument][@occurrence[-occurrence]]`.
fn parse(text: &str) -> Result<Active, String> {
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
    let fault = all()
        .into_iter()
        .find(|fault| fault.name() == name)
        .ok_or(format!("there is no fault {name}: see --list-faults"))?;
    Ok(Active {
        fault,
        argument,
        occurrences,
        messages: AtomicU32::new(0),
        connections: AtomicU32::new(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrences(name: &str) -> Vec<u32> {
        let active = parse(name).unwrap();
        (1..6)
            .filter(|number| active.occurrences.contains(number))
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
            "nonsense",
            "digests:mismatch@x",
            "digests:truncated=x",
        ] {
            assert!(parse(name).is_err());
        }
    }
}
