// SPDX-License-Identifier: GPL-2.0

//! `spdmctl list`

use serde::Serialize;

use super::Output;
use crate::{
    error::{
        Exit,
        Result, //
    },
    evidence::ObjectType,
    netlink::client::{
        Client,
        ReadRequest, //
    },
    reason::Failure,
    sysfs::{
        Device,
        State,
        Sysfs, //
    },
    table::Table,
};

#[derive(Serialize)]
struct List {
    devices: Vec<DeviceRow>,
    tsms: Vec<TsmRow>,
}

#[derive(Serialize)]
struct DeviceRow {
    device: String,
    vendor: Option<String>,
    state: &'static str,
    tsm: Option<String>,
    generation: Option<u32>,
    accepted: Option<bool>,
    /// Which slot the next connect challenges.
    slot: Option<String>,
    /// Why the last attempt to authenticate the device failed.
    failure: Option<Failure>,
    driver: Option<String>,
}

#[derive(Serialize)]
struct TsmRow {
    tsm: String,
    provider: String,
    native_cma: bool,
}

pub(super) fn run(sysfs: &Sysfs, output: &mut Output<'_>) -> Result<Exit> {
    let list = List {
        devices: sysfs
            .devices()?
            .iter()
            .map(device_row)
            .collect::<Result<_>>()?,
        tsms: sysfs
            .tsms()?
            .into_iter()
            .map(|tsm| TsmRow {
                native_cma: tsm.is_native_cma(),
                tsm: tsm.name,
                provider: tsm.provider,
            })
            .collect(),
    };
    output.result(&list, || text(&list))?;
    Ok(Exit::Pass)
}

fn device_row(device: &Device) -> Result<DeviceRow> {
    let (state, tsm) = match device.state()? {
        State::NoTsm => ("no TSM", None),
        State::Disconnected => ("not connected", None),
        State::Connected(tsm) => ("connected", Some(tsm)),
    };
    let read = tsm.as_ref().and_then(|_| generation(device));
    // Without privilege, sysfs still tells what was accepted.
    let validated = device.tsm("validated").filter(|_| tsm.is_some());
    let generation = match (&read, &validated) {
        (Some((generation, _)), _) => Some(*generation),
        (None, Some(validated)) => validated.parse().ok(),
        (None, None) => None,
    };
    let accepted = match (&read, &validated) {
        (Some((_, accepted)), _) => Some(*accepted),
        (None, Some(validated)) => Some(!validated.is_empty()),
        (None, None) => None,
    };
    Ok(DeviceRow {
        device: device.address.to_string(),
        vendor: device
            .identity()
            .ok()
            .map(|identity| format!("{:04x}:{:04x}", identity.vendor, identity.device)),
        state,
        tsm,
        generation,
        accepted,
        slot: device.tsm("slot"),
        failure: device.failure(),
        driver: device.driver(),
    })
}

/// The generation of a connected device's evidence, and whether it was accepted; listing goes on
/// without.
fn generation(device: &Device) -> Option<(u32, bool)> {
    let request = ReadRequest {
        type_mask: ObjectType::Vca.mask(),
        ..ReadRequest::default()
    };
    let dump = Client::open()
        .ok()?
        .read(&device.address.to_string(), &request)
        .ok()?;
    Some((dump.generation, dump.validated))
}

fn text(list: &List) -> String {
    let mut devices = Table::new(&[
        "DEVICE",
        "ID",
        "STATE",
        "TSM",
        "GENERATION",
        "ACCEPTED",
        "SLOT",
        "FAILURE",
        "DRIVER",
    ]);
    let dash = || "-".to_owned();
    for row in &list.devices {
        devices.row([
            row.device.clone(),
            row.vendor.clone().unwrap_or_else(dash),
            row.state.to_owned(),
            row.tsm.clone().unwrap_or_else(dash),
            row.generation
                .map_or_else(dash, |generation| generation.to_string()),
            row.accepted
                .map_or_else(dash, |yes| if yes { "yes" } else { "no" }.to_owned()),
            row.slot.clone().unwrap_or_else(dash),
            row.failure
                .as_ref()
                .map_or_else(dash, |failure| failure.to_string()),
            row.driver.clone().unwrap_or_else(dash),
        ]);
    }
    let mut tsms = Table::new(&["TSM", "PROVIDER", "KIND"]);
    for row in &list.tsms {
        let kind = if row.native_cma {
            "native CMA"
        } else {
            "platform"
        };
        tsms.row([row.tsm.as_str(), row.provider.as_str(), kind]);
    }
    let mut text = if devices.is_empty() {
        "No device with a CMA mailbox.\n".to_owned()
    } else {
        devices.to_string()
    };
    text.push('\n');
    if tsms.is_empty() {
        text.push_str("No TSM: this kernel cannot connect to any device.\n");
    } else {
        text.push_str(&tsms.to_string());
    }
    text
}
