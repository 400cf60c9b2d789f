// SPDX-License-Identifier: GPL-2.0

//! Sessions in files: recorded while they happen, replayed without the device.
//!
//! A session is text. Lines that begin with `#` are for people; `versions`, `hashes`, `signatures`,
//! `slot` and `further` say what the requester wanted, `transfer` is its DataTransferSize, `nonce`
//! and `context` are its own numbers, as are those of each `refresh`. Then requests (`>`) and
//! responses (`<`, with padding) alternate, in hexadecimal.

use std::fmt::Write;

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    error::Fault,
    requester::{
        Freshness,
        Policy,
        Transport, //
    },
    slot::{
        SlotChoice,
        SlotId,
        SlotMask, //
    },
};

use crate::{
    names,
    transport::{
        copy,
        EIO, //
    },
};

/// One request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was sent.
    pub request: Vec<u8>,
    /// What came back, with padding.
    pub response: Vec<u8>,
}

/// A transport that notes down what passes through.
pub struct Recorder<T> {
    inner: T,
    exchanges: Vec<Exchange>,
}

impl<T: Transport> Recorder<T> {
    /// Wraps a transport.
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            exchanges: vec![],
        }
    }

    /// The transport, and what passed through it.
    pub fn into_parts(self) -> (T, Vec<Exchange>) {
        (self.inner, self.exchanges)
    }
}

impl<T: Transport> Transport for Recorder<T> {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        let len = self.inner.exchange(request, response)?.len();
        self.exchanges.push(Exchange {
            request: request.to_vec(),
            response: response[..len].to_vec(),
        });
        Ok(Untrusted::from_ref(&response[..len]))
    }
}

/// A transport that answers as was recorded, and only to the same requests.
pub struct Replay {
    exchanges: std::vec::IntoIter<Exchange>,
}

impl Replay {
    /// Replays these exchanges, in order.
    pub fn new(exchanges: Vec<Exchange>) -> Self {
        Self {
            exchanges: exchanges.into_iter(),
        }
    }

    /// Whether all of them took place.
    pub fn is_finished(&self) -> bool {
        self.exchanges.len() == 0
    }
}

impl Transport for Replay {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        match self.exchanges.next() {
            Some(exchange) if exchange.request == request => Ok(copy(&exchange.response, response)),
            _ => Err(Fault::new(EIO)),
        }
    }
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// What it is, for people.
    pub title: String,
    /// What the requester wanted.
    pub policy: Policy,
    /// Its DataTransferSize.
    pub data_transfer_size: usize,
    /// Its own numbers.
    pub freshness: Freshness,
    /// Its numbers for each time that it went on with the connection.
    pub refreshes: Vec<Freshness>,
    /// What was said.
    pub exchanges: Vec<Exchange>,
}

impl Session {
    /// The session as text.
    pub fn to_text(&self) -> String {
        let mut text = String::from("# SPDX-License-Identifier: GPL-2.0\n");
        let mut line = |key: &str, value: String| {
            let _ = writeln!(text, "{key} {value}");
        };
        line("#", self.title.clone());
        let policy = &self.policy;
        let versions = rspdm_proto::proto::version::Version::ALL.iter();
        let versions = versions.filter(|version| policy.versions.contains(**version));
        line("versions", join(versions.map(|version| version.name())));
        let hashes = rspdm_proto::proto::algorithm::BaseHash::ALL.iter();
        let hashes = hashes.filter(|hash| policy.hashes.contains(**hash));
        line("hashes", join(hashes.map(|hash| hash.name())));
        let signatures = rspdm_proto::proto::algorithm::AsymAlgo::ALL.iter();
        let signatures = signatures.filter(|asym| policy.signatures.contains(**asym));
        line("signatures", join(signatures.map(|asym| asym.name())));
        if let SlotChoice::Slot(slot) = policy.slot {
            line("slot", slot.to_string());
        }
        if policy.further != SlotMask::EMPTY {
            line("further", format!("{:#04x}", policy.further.to_wire()));
        }
        line("transfer", self.data_transfer_size.to_string());
        line("nonce", hex::encode(self.freshness.nonce));
        line("context", hex::encode(self.freshness.context));
        for Freshness { nonce, context } in &self.refreshes {
            let (nonce, context) = (hex::encode(nonce), hex::encode(context));
            line("refresh", format!("{nonce} {context}"));
        }
        for exchange in &self.exchanges {
            line(">", hex::encode(&exchange.request));
            line("<", hex::encode(&exchange.response));
        }
        text
    }

    /// Reads a session.
    ///
    /// # Errors
    ///
    /// The line that cannot be understood.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut session = Self {
            title: String::new(),
            policy: Policy::DEFAULT,
            data_transfer_size: crate::environment::DATA_TRANSFER_SIZE,
            freshness: Freshness {
                nonce: [0; 32],
                context: [0; 8],
            },
            refreshes: vec![],
            exchanges: vec![],
        };
        for line in text.lines() {
            session
                .line(line)
                .map_err(|error| format!("{line}: {error}"))?;
        }
        Ok(session)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (key, value) = line.split_once(' ').ok_or("no value")?;
        let bytes = || hex::decode(value).map_err(|error| error.to_string());
        match key {
            "#" if value.starts_with("SPDX") => (),
            "#" => self.title = value.to_owned(),
            "versions" => self.policy.versions = names::versions(&list(value, names::version)?),
            "hashes" => self.policy.hashes = names::hashes(&list(value, names::hash)?),
            "signatures" => self.policy.signatures = names::signatures(&list(value, names::asym)?),
            "slot" => {
                let slot = value.parse().ok().and_then(SlotId::new).ok_or("no slot")?;
                self.policy.slot = SlotChoice::Slot(slot);
            }
            "further" => {
                let mask = value.strip_prefix("0x").ok_or("no mask")?;
                let mask = u8::from_str_radix(mask, 16).map_err(|error| error.to_string())?;
                self.policy.further = SlotMask::from_wire(mask);
            }
            "refresh" => {
                let (nonce, context) = value.split_once(' ').ok_or("no context")?;
                let bytes = |text| hex::decode(text).map_err(|error| error.to_string());
                self.refreshes.push(Freshness {
                    nonce: bytes(nonce)?.try_into().map_err(|_| "not 32 bytes")?,
                    context: bytes(context)?.try_into().map_err(|_| "not 8 bytes")?,
                });
            }
            "transfer" => self.data_transfer_size = value.parse().map_err(|_| "no number")?,
            "nonce" => self.freshness.nonce = bytes()?.try_into().map_err(|_| "not 32 bytes")?,
            "context" => self.freshness.context = bytes()?.try_into().map_err(|_| "not 8 bytes")?,
            ">" => self.exchanges.push(Exchange {
                request: bytes()?,
                response: vec![],
            }),
            "<" => {
                self.exchanges
                    .last_mut()
                    .ok_or("no request before it")?
                    .response = bytes()?
            }
            _ => return Err("unknown key".to_owned()),
        }
        Ok(())
    }
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(",")
}

fn list<T>(names: &str, find: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    names.split(',').map(find).collect()
}
