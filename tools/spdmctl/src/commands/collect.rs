// SPDX-License-Identifier: GPL-2.0

//! Evidence from a device, for the commands that need it.

use crate::{
    error::{
        Error,
        Result, //
    },
    evidence::Evidence,
    netlink::client::{
        Client,
        ReadRequest, //
    },
    sysfs::{
        Device,
        State, //
    },
};

/// Reads the objects of `device` that are not empty.
pub(super) fn from_device(device: &Device, request: &ReadRequest) -> Result<Evidence> {
    let name = device.address.to_string();
    check_connected(device)?;
    let mut dump = Client::open()?.read(&name, request)?;
    dump.objects.retain(|_, object| !object.bytes.is_empty());
    Ok(Evidence {
        device: device.identity()?,
        generation: dump.generation,
        count: dump.count,
        validated: dump.validated,
        objects: dump.objects,
    })
}

/// Says why a device that is not connected has no evidence.
pub(super) fn check_connected(device: &Device) -> Result<()> {
    let name = device.address;
    match device.state()? {
        State::Connected(_) => Ok(()),
        State::Disconnected => Err(Error::environment(format!(
            "{name}: not connected, so there is no evidence"
        ))
        .hint(format!("`spdmctl connect {name}` first"))),
        State::NoTsm => Err(
            Error::environment(format!("{name}: no TSM serves this device"))
                .hint("either it has no CMA mailbox, or no TSM is registered: see `spdmctl list`"),
        ),
    }
}

/// A nonce that nobody has seen before.
pub(super) fn random_nonce() -> Result<[u8; 32]> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce)
        .map_err(|error| Error::environment(format!("random numbers: {error}")))?;
    Ok(nonce)
}
