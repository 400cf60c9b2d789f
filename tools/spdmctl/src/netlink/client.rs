// SPDX-License-Identifier: GPL-2.0

//! Requests to the family, and what their failure means for the user.

use std::io;

use netlink_packet_core::DefaultNla;

use super::{
    channel::{
        Channel,
        KernelChannel, //
    },
    family::{
        self,
        attribute,
        command, //
    },
    genl::{
        Family,
        Genl,
        Heard, //
    },
    message::{
        self,
        Attributes,
        Failure,
        Refusal, //
    },
    read::{
        Assembly,
        Dump, //
    },
};
use crate::{
    error::{
        plain,
        Error,
        Result, //
    },
    evidence::{
        ObjectType,
        Slot, //
    },
    reason,
    refusal, //
};

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct ReadRequest {
    /// Bits of [`ObjectType::mask`](crate::evidence::ObjectType::mask).
    pub type_mask: u32,
    /// Refresh over this nonce first.
    pub nonce: Option<[u8; 32]>,
    /// Refresh from this slot.
    pub slot: Option<Slot>,
}

/// A change that the kernel told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Name of what happened; a number if this tool does not know it.
    pub event: String,
    /// Name of the bus.
    pub subsystem: String,
    /// Name of the device on it.
    pub device: String,
    /// Number of the evidence that it is about, or that is still there; `None` if there is none.
    pub generation: Option<u32>,
    /// Why the device could not be authenticated.
    pub failure: Option<reason::Failure>,
}

impl Event {
    /// Stands for those that came too fast, however many they were.
    fn lost() -> Self {
        Self {
            event: "lost".to_owned(),
            subsystem: String::new(),
            device: String::new(),
            generation: None,
            failure: None,
        }
    }
}

/// The family of a kernel.
pub struct Client<C> {
    genl: Genl<C>,
    family: Family,
}

impl Client<KernelChannel> {
    /// Looks for the family in the running kernel.
    ///
    /// # Errors
    ///
    /// An environment error if the kernel has none.
    pub fn open() -> Result<Self> {
        let channel = KernelChannel::open()
            .map_err(|error| Error::environment(format!("netlink: {}", plain(&error))))?;
        Self::new(channel)
    }
}

impl<C: Channel> Client<C> {
    /// Looks for the family behind `channel`.
    ///
    /// # Errors
    ///
    /// An environment error if there is none.
    pub fn new(channel: C) -> Result<Self> {
        let mut genl = Genl::new(channel);
        match genl.family(family::NAME) {
            Ok(family) => Ok(Self { genl, family }),
            Err(Failure::Refused(Refusal {
                errno: libc::ENOENT,
                ..
            })) => Err(
                Error::environment("this kernel has no netlink family \"device-evidence\"").hint(
                    "it needs a kernel with device evidence and a TSM driver that provides it",
                ),
            ),
            Err(failure) => Err(explain("look for the family", failure)),
        }
    }

    /// Reads objects of a PCI device, all of one generation.
    ///
    /// Without a nonce the device is not disturbed, and reading is repeated if the evidence changes
    /// meanwhile. With one, the kernel asks the device for fresh evidence first; that is done once.
    ///
    /// # Errors
    ///
    /// The kernel's refusal with its text and advice, or evidence that keeps changing.
    pub fn read(&mut self, device: &str, request: &ReadRequest) -> Result<Dump> {
        for _ in 0..READ_ATTEMPTS {
            match self.dump(device, request) {
                Ok(dump) => return Ok(dump),
                // With a nonce, the caller wants the evidence over that nonce and no other.
                Err(failure) if is_change(&failure) && request.nonce.is_none() => {}
                Err(failure) if request.nonce.is_some() => {
                    return Err(explain_refresh(
                        &format!("{device}: refresh evidence"),
                        failure,
                    ));
                }
                Err(failure) => return Err(explain(&format!("{device}: read evidence"), failure)),
            }
        }
        Err(Error::environment(format!(
            "{device}: the evidence changed {READ_ATTEMPTS} times while it was read"
        )))
    }

    /// Reads the objects of `request` and every chain that the kernel has; all of one generation.
    ///
    /// A request over a nonce makes the device send the chains that it names. So it names none but
    /// those that the caller wants anew, and what the kernel has is read behind it.
    ///
    /// # Errors
    ///
    /// As [`Self::read`]; evidence that changed between the two.
    pub fn read_with_chains(&mut self, device: &str, request: &ReadRequest) -> Result<Dump> {
        let chains = ObjectType::all().filter(|kind| matches!(kind, ObjectType::Cert(_)));
        let chains = chains.fold(0, |mask, kind| mask | kind.mask());
        if request.nonce.is_none() {
            let request = ReadRequest {
                type_mask: request.type_mask | chains,
                ..request.clone()
            };
            return self.read(device, &request);
        }
        let mut dump = self.read(device, request)?;
        let request = ReadRequest {
            type_mask: chains,
            ..ReadRequest::default()
        };
        let rest = self.read(device, &request)?;
        if rest.generation != dump.generation {
            let what = format!("{device}: refresh evidence");
            return Err(explain(&what, Failure::Interrupted));
        }
        dump.objects.extend(rest.objects);
        Ok(dump)
    }

    /// Accepts a generation of a device's evidence.
    ///
    /// # Errors
    ///
    /// A policy error if it is not the current one any more.
    pub fn validate(&mut self, device: &str, generation: u32) -> Result<()> {
        let mut attributes = names(device);
        attributes.push(message::number(attribute::GENERATION, generation));
        self.genl
            .execute(
                &self.family,
                command::VALIDATE,
                family::VERSION,
                &attributes,
            )
            .map_err(|failure| match failure {
                Failure::Refused(refusal) if refusal.errno == libc::ESTALE => Error::policy(
                    format!("{device}: generation {generation} is not the current one: {refusal}"),
                )
                .hint("the evidence changed since it was judged: verify it again"),
                failure => explain(&format!("{device}: accept evidence"), failure),
            })
    }

    /// Waits for changes and hands each to `each`, until that says stop; that some were lost is an
    /// event called "lost".
    ///
    /// # Errors
    ///
    /// An environment error if the kernel has no such group, or the socket fails.
    pub fn listen(&mut self, mut each: impl FnMut(Event) -> Result<bool>) -> Result<()> {
        let group = self.family.group(family::GROUP_EVENTS).ok_or_else(|| {
            Error::environment("this kernel tells no events of the family \"device-evidence\"")
        })?;
        let mut ended = Ok(());
        self.genl
            .listen(&self.family, group, |heard| {
                let event = match heard {
                    Heard::Message(command::NOTIFY, attributes) => event(&attributes)?,
                    Heard::Message(..) => return Ok(true),
                    Heard::Loss => Event::lost(),
                };
                match each(event) {
                    Ok(go_on) => Ok(go_on),
                    Err(error) => {
                        ended = Err(error);
                        Ok(false)
                    }
                }
            })
            .map_err(|failure| explain("wait for events", failure))?;
        ended
    }

    fn dump(&mut self, device: &str, request: &ReadRequest) -> std::result::Result<Dump, Failure> {
        let mut attributes = vec![
            message::number(attribute::TYPE_MASK, request.type_mask),
            message::number(attribute::FLAGS, family::FLAG_DETAILS),
        ];
        attributes.extend(names(device));
        attributes.extend(
            request
                .nonce
                .map(|nonce| DefaultNla::new(attribute::NONCE, nonce.to_vec())),
        );
        attributes.extend(
            request
                .slot
                .map(|slot| message::number(attribute::SLOT, slot.number().into())),
        );
        let mut assembly = Assembly::default();
        self.genl.dump(
            &self.family,
            command::READ,
            family::VERSION,
            &attributes,
            |message| assembly.message(message),
        )?;
        assembly.finish()
    }
}

fn names(device: &str) -> Vec<DefaultNla> {
    vec![
        message::text(attribute::SUBSYS, "pci"),
        message::text(attribute::DEV_NAME, device),
    ]
}

fn event(attributes: &Attributes<'_>) -> std::result::Result<Event, Failure> {
    let number = attributes.number(attribute::EVENT)?.unwrap_or_default();
    let known = family::EVENTS.iter().find(|(known, _)| *known == number);
    Ok(Event {
        event: known.map_or_else(|| format!("event {number}"), |(_, name)| (*name).to_owned()),
        subsystem: attributes.text(attribute::SUBSYS)?.unwrap_or_default(),
        device: attributes.text(attribute::DEV_NAME)?.unwrap_or_default(),
        generation: attributes.number(attribute::GENERATION)?,
        failure: match attributes.number(attribute::REASON)? {
            Some(number) => {
                let code = attributes.number(attribute::SPDM_ERROR_CODE)?;
                Some(reason::Failure::from_numbers(number, code))
            }
            None => None,
        },
    })
}

fn is_change(failure: &Failure) -> bool {
    match failure {
        Failure::Interrupted => true,
        Failure::Refused(refusal) => refusal.errno == libc::EAGAIN,
        _ => false,
    }
}

/// The same if the kernel was to ask the device for fresh evidence, and the device may be to blame.
fn explain_refresh(what: &str, failure: Failure) -> Error {
    if let Failure::Refused(refusal) = &failure {
        let error = refusal::authentication(what, refusal.errno, &refusal.to_string());
        if let Some(error) = error {
            return error;
        }
    }
    explain(what, failure)
}

/// The error that ends a command when the kernel did not do `what`, with advice where there is
/// some.
fn explain(what: &str, failure: Failure) -> Error {
    let refusal = match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Interrupted => {
            return Error::environment(format!("{what}: the evidence changed meanwhile"))
                .hint("somebody else refreshed or reconnected the device: try again");
        }
        Failure::Io(error) => {
            let message = format!("{what}: {}", plain(&error));
            return match error.kind() {
                io::ErrorKind::PermissionDenied => Error::environment(message).hint(NEEDS_ROOT),
                _ => Error::environment(message),
            };
        }
        Failure::Garbled(text) => {
            return Error::environment(format!(
                "{what}: the kernel's answer makes no sense: {text}"
            ))
            .hint("this tool and the running kernel may not belong together");
        }
    };
    let error = Error::environment(format!("{what}: {refusal}"));
    match refusal.errno {
        libc::EPERM | libc::EACCES => error.hint(NEEDS_ROOT),
        libc::ENXIO => error.hint("the device is not connected: `spdmctl connect` it first"),
        libc::ENODEV => error.hint("`spdmctl list` shows the devices"),
        libc::EAGAIN => error.hint("somebody else refreshed or reconnected the device: try again"),
        _ => error,
    }
}

const NEEDS_ROOT: &str = "this needs the capability CAP_NET_ADMIN: run it as root";

/// How often evidence may change while it is read before the user is told.
const READ_ATTEMPTS: u32 = 5;
