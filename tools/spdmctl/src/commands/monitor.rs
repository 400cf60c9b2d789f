// SPDX-License-Identifier: GPL-2.0

//! `spdmctl monitor`

use serde::Serialize;

use super::Output;
use crate::{
    cli::Monitor,
    error::{
        Error,
        Exit,
        Result, //
    },
    netlink::client::Client,
    time,
};

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    event: &'a str,
    subsystem: &'a str,
    device: &'a str,
    generation: u32,
}

pub(super) fn run(arguments: &Monitor, output: &mut Output<'_>) -> Result<Exit> {
    let mut left = arguments.count;
    if left == Some(0) {
        return Ok(Exit::Pass);
    }
    Client::open()?.listen(|event| {
        let line = Line {
            time: time::now().to_string(),
            event: &event.event,
            subsystem: &event.subsystem,
            device: &event.device,
            generation: event.generation,
        };
        let text = if output.json {
            serde_json::to_string(&line)
                .map_err(|error| Error::environment(format!("JSON: {error}")))?
        } else {
            format!(
                "{}  {:<14}  {:<12}  generation {}",
                line.time, line.device, line.event, line.generation
            )
        };
        let reader_left = output.bytes_or_gone(format!("{text}\n").as_bytes())?;
        left = left.map(|left| left - 1);
        Ok(!reader_left && left != Some(0))
    })?;
    Ok(Exit::Pass)
}
