// SPDX-License-Identifier: GPL-2.0

//! `spdmctl connect` and `spdmctl disconnect`

use std::io;

use serde::Serialize;

use super::Output;
use crate::{
    cli::{
        Connect,
        Disconnect,
        SlotChoice, //
    },
    error::{
        plain,
        Error,
        Exit,
        Result, //
    },
    refusal,
    sysfs::{
        Device,
        State,
        Sysfs, //
    },
};

#[derive(Serialize)]
struct Change<'a> {
    device: String,
    state: &'static str,
    tsm: Option<&'a str>,
    changed: bool,
}

pub(super) fn connect(sysfs: &Sysfs, arguments: &Connect, output: &mut Output<'_>) -> Result<Exit> {
    let device = sysfs.device(&arguments.device.name)?;
    let name = device.address;
    let tsm = match &arguments.tsm {
        Some(tsm) => tsm.clone(),
        None => native_tsm(sysfs)?,
    };
    let changed = match device.state()? {
        State::NoTsm => return Err(no_tsm_directory(&device)),
        State::Connected(current) if current == tsm && arguments.slot.is_none() => false,
        State::Connected(current) => {
            return Err(
                Error::environment(format!("{name}: already connected through {current}"))
                    .hint(format!("`spdmctl disconnect {name}` first")),
            );
        }
        State::Disconnected => {
            if let Some(slot) = arguments.slot {
                choose_slot(&device, slot)?;
            }
            device
                .write_tsm("connect", &tsm)
                .map_err(|error| connect_error(&device, &tsm, &error))?;
            true
        }
    };
    let change = Change {
        device: name.to_string(),
        state: "connected",
        tsm: Some(&tsm),
        changed,
    };
    output.result(&change, || {
        if changed {
            format!("{name}: connected through {tsm}; evidence is ready\n")
        } else {
            format!("{name}: already connected through {tsm}\n")
        }
    })?;
    Ok(Exit::Pass)
}

pub(super) fn disconnect(
    sysfs: &Sysfs,
    arguments: &Disconnect,
    output: &mut Output<'_>,
) -> Result<Exit> {
    let device = sysfs.device(&arguments.device.name)?;
    let name = device.address;
    let changed = match device.state()? {
        State::NoTsm => return Err(no_tsm_directory(&device)),
        State::Disconnected => false,
        State::Connected(tsm) => {
            device
                .write_tsm("disconnect", &tsm)
                .map_err(|error| write_error(&format!("{name}: disconnect from {tsm}"), &error))?;
            true
        }
    };
    let change = Change {
        device: name.to_string(),
        state: "not connected",
        tsm: None,
        changed,
    };
    output.result(&change, || {
        if changed {
            format!("{name}: disconnected\n")
        } else {
            format!("{name}: was not connected\n")
        }
    })?;
    Ok(Exit::Pass)
}

/// The kernel's own requester, which serves every device with a CMA mailbox.
fn native_tsm(sysfs: &Sysfs) -> Result<String> {
    let tsms = sysfs.tsms()?;
    if let Some(tsm) = tsms.iter().find(|tsm| tsm.is_native_cma()) {
        return Ok(tsm.name.clone());
    }
    if tsms.is_empty() {
        return Err(Error::environment("no TSM is registered")
            .hint("the kernel needs PCI/TSM and its CMA driver, built in or loaded"));
    }
    let names: Vec<&str> = tsms.iter().map(|tsm| tsm.name.as_str()).collect();
    Err(Error::environment(format!(
        "the kernel's own CMA driver is not among the registered TSMs ({})",
        names.join(", ")
    ))
    .hint("choose one with --tsm, or load the CMA driver"))
}

/// Says which slot the kernel is to challenge.
fn choose_slot(device: &Device, slot: SlotChoice) -> Result<()> {
    let slot = match slot {
        SlotChoice::Any => "any".to_owned(),
        SlotChoice::Slot(slot) => slot.number().to_string(),
    };
    let what = format!("{}: choose slot {slot}", device.address);
    device
        .write_tsm("slot", &slot)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::environment(what)
                .hint("this kernel lets no slot be chosen before a device is connected"),
            _ => write_error(&what, &error),
        })
}

fn no_tsm_directory(device: &Device) -> Error {
    Error::environment(format!("{}: no TSM serves this device", device.address))
        .hint("either it has no CMA mailbox, or no TSM is registered: see `spdmctl list`")
}

fn connect_error(device: &Device, tsm: &str, error: &io::Error) -> Error {
    let what = format!("{}: connect through {tsm}", device.address);
    let errno = error.raw_os_error().unwrap_or_default();
    if let Some(error) = refusal::authentication(&what, errno, &plain(error)) {
        return error.because(|| device.failure());
    }
    if errno == libc::ENXIO {
        return Error::environment(format!(
            "{what}: there is no {tsm}, or it does not serve this device ({})",
            plain(error)
        ))
        .hint("`spdmctl list` shows the registered TSMs");
    }
    write_error(&what, error)
}

fn write_error(what: &str, error: &io::Error) -> Error {
    let message = format!("{what}: {}", plain(error));
    match error.kind() {
        io::ErrorKind::PermissionDenied => Error::environment(message).hint("run it as root"),
        _ => Error::environment(message),
    }
}
