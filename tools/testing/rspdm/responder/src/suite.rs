// SPDX-License-Identifier: GPL-2.0

//! A conformance suite for requesters: everything that a device can do wrong, one case each, and
//! how each of them has to end.
//!
//! The cases are made from tables: each field of each message with each change
//! ([`crate::layout`]), each message as a whole with each number that makes a
//! difference ([`whole`]), and the faults that somebody thought of
//! ([`crate::fault`]), always and just once. [`run`] tries them with a
//! requester, [`report`] tells what came of it. `rspdm-suite` does both with
//! any requester that speaks the socket protocol of DMTF's emulator.

pub mod outcome;
pub mod report;
pub mod run;
pub mod sample;
mod whole;

use crate::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::Config,
    fault,
    layout::{
        self,
        Field,
        Size, //
    },
    message::{
        measurements,
        Kind, //
    },
};
use outcome::Outcome;
use run::honest;

/// Something that the device does wrong, and how a connect has to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The message that it is about.
    pub kind: Kind,
    /// The field, if it is about one.
    pub field: Option<&'static str>,
    /// What is done, without its number.
    pub class: String,
    /// The fault's name, with number and occurrence.
    pub fault: String,
    /// The version that the device speaks, as SPDMVersion.
    pub version: u8,
    /// How it has to end.
    pub outcome: Outcome,
    /// Whether there must be a session before, of which something is repeated.
    pub needs_another: bool,
    /// Whether it takes a socket of one's own: QEMU has but one for the life of a device.
    pub needs_socket: bool,
}

impl Case {
    fn new(kind: Kind, what: &str, number: Option<u32>, version: u8, outcome: Outcome) -> Self {
        let number = number.map_or(String::new(), |number| format!("={number}"));
        Self {
            kind,
            field: None,
            class: what.into(),
            fault: format!("{}:{what}{number}", kind.stem()),
            version,
            outcome,
            needs_another: false,
            needs_socket: false,
        }
    }

    /// What tells it from other cases.
    pub fn name(&self) -> String {
        format!("1.{} {}", self.version & 0x0f, self.fault)
    }
}

/// The device that the cases are made for: the one whose signatures take the least time.
pub fn config(version: u8) -> Config {
    Config {
        versions: vec![version],
        asym: vec![Asym::EcdsaP256],
        hash: vec![Hash::Sha256],
        ..Config::default()
    }
}

/// All cases for a version.
pub fn cases(version: u8) -> Vec<Case> {
    cases_for(&config(version))
}

/// All cases for another device that speaks one version, and has one algorithm of each kind.
///
/// # Panics
///
/// If it has none.
pub fn cases_for(config: &Config) -> Vec<Case> {
    let version = config.versions[0];
    let lengths = Lengths::of(config);
    let mut cases = vec![];
    for kind in Kind::ALL {
        if version < fault::since(kind) {
            continue;
        }
        cases.extend(known(kind, version));
        cases.extend(whole::cases(kind, version, lengths.message(kind, version)));
        for field in layout::fields(kind).filter(|field| field.is_in(version)) {
            cases.extend(field_cases(kind, field, version, &lengths));
        }
    }
    cases
}

/// Those that somebody thought of, always and once.
fn known(kind: Kind, version: u8) -> Vec<Case> {
    let of_kind = fault::all()
        .into_iter()
        .filter(|fault| fault.kind == kind && fault.since <= version);
    let mut cases = vec![];
    for fault in of_kind {
        let name = fault.name();
        let (always, once) = fault.errnos(version);
        let is_open = LEFT_OPEN.contains(&&*name) || fault.what == "extended";
        let outcome = |errno| match errno {
            _ if OF_THE_BUS.contains(&&*name) => Outcome::TOLERATE,
            "EIO" => Outcome::LATE,
            errno if is_open => Outcome::of(errno).left_open(),
            errno => Outcome::of(errno),
        };
        let mut case = Case::new(kind, &fault.what, None, version, outcome(always));
        case.class = NAMED.into();
        case.needs_another = IN_THE_SECOND_SESSION.contains(&&*name);
        case.needs_socket = ["silence", "hangup"].contains(&&*fault.what);
        if once != always {
            let mut at_first = case.clone();
            at_first.fault = format!("{name}@1");
            // Nobody has to try again.
            at_first.outcome = outcome(once).left_open();
            cases.push(at_first);
        }
        cases.push(case);
    }
    cases
}

/// The class of the faults that somebody thought of.
pub const NAMED: &str = "named";

/// Faults that nobody but a bus can find: elsewhere there is no device to compare with.
pub const OF_THE_BUS: [&str; 2] = ["certificate:san-other", "certificate:san-none"];

/// Faults of which the standard does not say what has to come, or that depend on what a requester
/// asks for.
const LEFT_OPEN: [&str; 9] = [
    "version:alpha-only",
    "capabilities:no-measurements",
    "capabilities:unknown-flags",
    "algorithms:unasked-tables",
    "digests:mismatch",
    "certificate:root-signature",
    "certificate:portion-too-long",
    "certificate:one-byte-portions",
    "chunk-send:large-response-outside",
];

/// Faults that need a session to repeat something of.
pub const IN_THE_SECOND_SESSION: [&str; 2] = ["challenge:replay", "measurements:replay"];

fn field_cases(kind: Kind, field: &'static Field, version: u8, lengths: &Lengths) -> Vec<Case> {
    let len = lengths.field(field.size);
    let mut cases = vec![];
    for change in field.changes() {
        let what = format!("{}:{}", field.stem, change.name());
        let numbers = change.numbers(len);
        let has_numbers = numbers.len() > 1;
        let is_some =
            |number: &u32| len <= 64 || number.is_multiple_of(16) || version == whole::NEWEST;
        for number in numbers.filter(is_some) {
            let outcome = field.outcome(*change, number, version);
            let number = has_numbers.then_some(number);
            let mut case = Case::new(kind, &what, number, version, outcome);
            case.field = Some(field.stem);
            case.class = change.name().into();
            cases.push(case);
        }
    }
    cases
}

/// How long things are that are not always as long.
pub(crate) struct Lengths {
    digest: u32,
    signature: u32,
    chain: u32,
    record: u32,
}

impl Lengths {
    #[cfg(test)]
    pub(crate) fn new(version: u8) -> Self {
        Self::of(&config(version))
    }

    fn of(config: &Config) -> Self {
        let (asym, hash) = (config.asym[0], config.hash[0]);
        let record = measurements::record(config.versions[0], config.measurement_hash);
        let device = honest(config.clone());
        let chain = device.chains(asym)[&0].to_bytes(hash);
        Self {
            digest: hash.digest_len() as u32,
            signature: asym.signature_len() as u32,
            chain: chain.len() as u32,
            record: record.len() as u32,
        }
    }

    pub(crate) fn field(&self, size: Size) -> u32 {
        match size {
            Size::Bytes(len) | Size::UpTo(len) => len,
            Size::Digest => self.digest,
            Size::Signature => self.signature,
            Size::Chain => self.chain,
            Size::Record => self.record,
        }
    }

    /// The length of a message.
    fn message(&self, kind: Kind, version: u8) -> u32 {
        match kind {
            Kind::ChunkGet => 160,
            // Not the last one, which has a response in it.
            Kind::ChunkSend if version < 0x14 => 6,
            Kind::ChunkSend => 8,
            _ => layout::fields(kind)
                .filter(|field| field.is_in(version) && field.inside.is_none())
                .filter(|field| field.setup.is_none() || field.stem == "opaque-data-length")
                .map(|field| self.field(field.size))
                .sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_have_the_lengths_of_the_device() {
        let has = |asym: Asym, fault: &str| {
            let device = Config {
                asym: vec![asym],
                ..config(0x14)
            };
            cases_for(&device).iter().any(|case| case.fault == fault)
        };
        for (fault, of_p256, of_rsa) in [
            ("challenge:signature:flip=63", true, true),
            ("challenge:signature:flip=64", false, true),
            ("challenge:signature:flip=255", false, true),
            ("challenge:signature:flip=256", false, false),
        ] {
            assert_eq!(has(Asym::EcdsaP256, fault), of_p256, "{fault}");
            assert_eq!(has(Asym::Rsassa2048, fault), of_rsa, "{fault}");
        }
    }
}
