// SPDX-License-Identifier: GPL-2.0

//! What shall go wrong, and when: the device as it should be, and the faults that were chosen.

use std::{
    collections::HashMap,
    sync::{
        atomic::{
            AtomicBool,
            AtomicU32,
            Ordering, //
        },
        Arc,
        Mutex, //
    },
};

use super::{
    parse,
    table,
    Action,
    Chosen,
    Delivery,
    Site, //
};
use crate::{
    config::Config,
    device::Device,
    layout,
    message::{
        error::Refusal,
        Kind,
        Message, //
    },
    random::Random,
    signing::Signing,
};

/// A fault chosen by the user, and what there was to show it.
struct Active {
    chosen: Chosen,
    /// How many messages of the kind there were.
    messages: AtomicU32,
    /// How many connections there were.
    connections: AtomicU32,
}

/// The device as it should be, and what shall go wrong with it.
pub struct Plan {
    honest: Arc<Device>,
    faults: Vec<Active>,
    previous: Arc<Mutex<HashMap<Kind, Vec<u8>>>>,
    has_struck: AtomicBool,
}

impl Plan {
    /// A device with `config` that has the faults named in `names`.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn new(config: Config, random: Arc<Random>, names: &[String]) -> Result<Self, String> {
        Self::of(&Arc::new(Device::new(config, random)?), names)
    }

    /// The device with the faults named in `names`.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn of(device: &Arc<Device>, names: &[String]) -> Result<Self, String> {
        let faults = names
            .iter()
            .map(|name| Ok(Active::new(parse(name)?)))
            .collect::<Result<Vec<_>, String>>()?;
        let actions = faults.iter().flat_map(|active| &active.chosen.actions);
        let setups: Vec<_> = actions
            .filter_map(|action| match action {
                Action::Setup(change) => Some(change),
                _ => None,
            })
            .collect();
        let mut config = device.config.clone();
        for change in &setups {
            change(&mut config);
        }
        let honest = match setups.is_empty() {
            true => device.clone(),
            false => Arc::new(device.changed(config)?),
        };
        Ok(Self {
            honest,
            faults,
            previous: Arc::default(),
            has_struck: AtomicBool::new(false),
        })
    }

    /// The same, with the memory of what `other` sent.
    pub fn after(self, other: &Self) -> Self {
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
            matches!(active.chosen.kind, Kind::Challenge | Kind::Measurements)
                && !active.chosen.actions.iter().any(is_of_the_device)
        })
    }

    /// Whether a connection cannot go on when this plan follows another one.
    pub fn ends_connections_of(&self, other: &Self) -> bool {
        !self.is_about_signatures() || !other.is_about_signatures()
    }

    /// The device without faults.
    pub fn honest(&self) -> &Arc<Device> {
        &self.honest
    }

    /// Whether there was a message that could show one of the faults.
    pub fn has_struck(&self) -> bool {
        self.has_struck.load(Ordering::Relaxed)
    }

    /// What goes wrong when a request of this kind is answered now.
    pub fn strike(&self, kind: Kind) -> Strike {
        let mut strike = Strike::default();
        for active in &self.faults {
            let Chosen {
                occurrences,
                argument,
                ..
            } = &active.chosen;
            let count = |counter: &AtomicU32| {
                let number = counter.fetch_add(1, Ordering::Relaxed) + 1;
                occurrences.contains(&number)
            };
            let message = kind == active.chosen.kind && count(&active.messages);
            let connection = kind == Kind::Version && count(&active.connections);
            if message {
                self.has_struck.store(true, Ordering::Relaxed);
            }
            for action in &active.chosen.actions {
                let applies = match action {
                    Action::Device(_) => connection,
                    _ => message,
                };
                if applies {
                    strike.actions.push((action.clone(), *argument));
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
        match self.honest.changed(config) {
            Ok(device) => Arc::new(device),
            Err(_) => self.honest.clone(),
        }
    }

    /// Swaps `bytes` for the first response of the kind, if that is the fault.
    pub fn replay(&self, kind: Kind, strike: &Strike, bytes: &mut Vec<u8>) {
        let mut previous = self
            .previous
            .lock()
            .expect("no thread panics with this lock");
        let current = bytes.clone();
        if strike.has(|action| matches!(action, Action::Replay)) {
            if let Some(previous) = previous.get(&kind) {
                bytes.clone_from(previous);
            }
        }
        previous.entry(kind).or_insert(current);
    }
}

impl Active {
    fn new(chosen: Chosen) -> Self {
        Self {
            chosen,
            messages: AtomicU32::new(0),
            connections: AtomicU32::new(0),
        }
    }
}

/// What goes wrong with one answer.
#[derive(Default)]
pub struct Strike {
    actions: Vec<(Action, Option<u32>)>,
}

impl Strike {
    fn has(&self, what: fn(&Action) -> bool) -> bool {
        self.actions.iter().any(|(action, _)| what(action))
    }

    /// Whether the response that was sent before is sent instead.
    pub fn is_stale(&self) -> bool {
        self.has(|action| matches!(action, Action::Stale))
    }

    /// Whether the response is sent twice.
    pub fn is_twice(&self) -> bool {
        self.has(|action| matches!(action, Action::Twice))
    }

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
                Action::RefuseWith => {
                    let mut refusal = table::refusal(argument.unwrap_or(0) as u8);
                    table::complete(&mut refusal, request, None);
                    Some(refusal)
                }
                _ => None,
            })
    }

    /// Changes the response before it is recorded and signed.
    pub fn edit_body(&self, message: &mut Message, request: &[u8]) {
        for (action, argument) in &self.actions {
            let site = Site {
                request,
                argument: *argument,
            };
            match action {
                Action::Body(edit) => edit(message, &site),
                Action::Alter(field, change) if field.name != layout::SIGNATURE => {
                    field.alter(message, *change, argument.unwrap_or(0));
                }
                _ => (),
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

    /// Changes a signed response: its signature, or leaves out what is to be left out.
    pub fn edit_signed(&self, message: &mut Message) {
        for (action, argument) in &self.actions {
            match action {
                Action::Cut(field) => message.replace(field, &[]),
                Action::Alter(field, change) if field.name == layout::SIGNATURE => {
                    field.alter(message, *change, argument.unwrap_or(0));
                }
                _ => (),
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
