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

/// What to read.
pub(super) enum Wanted {
    /// The objects that the request names.
    Named,
    /// Those, and every chain that the kernel has.
    WithChains,
}

/// Reads objects of `device`, but for empty ones.
pub(super) fn from_device(
    device: &Device,
    wanted: &Wanted,
    request: &ReadRequest,
) -> Result<Evidence> {
    let name = device.address.to_string();
    check_connected(device)?;
    let mut client = Client::open()?;
    let dump = match wanted {
        Wanted::Named => client.read(&name, request),
        Wanted::WithChains => client.read_with_chains(&name, request),
    };
    let mut dump = dump.map_err(|error| error.because(|| device.failure()))?;
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
