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
    netlink::client::{
        Client,
        Event, //
    },
    time,
};

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    event: &'a str,
    subsystem: &'a str,
    device: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spdm_error_code: Option<u8>,
}

impl<'a> Line<'a> {
    fn new(event: &'a Event, time: String) -> Self {
        let failure = event.failure.as_ref();
        Self {
            time,
            event: &event.event,
            subsystem: &event.subsystem,
            device: &event.device,
            generation: event.generation,
            reason: failure.map(|failure| failure.reason.as_str()),
            spdm_error_code: failure.and_then(|failure| failure.spdm_error_code),
        }
    }
}

/// An event for people.
fn text(line: &Line<'_>, event: &Event) -> String {
    let mut text = format!("{}  {:<14}  {:<12}", line.time, line.device, line.event);
    if let Some(generation) = event.generation {
        text.push_str(&format!("  generation {generation}"));
    }
    if let Some(failure) = &event.failure {
        text.push_str(&format!("  {failure}: {}", failure.explanation()));
    }
    text.trim_end().to_owned()
}

pub(super) fn run(arguments: &Monitor, output: &mut Output<'_>) -> Result<Exit> {
    let mut left = arguments.count;
    if left == Some(0) {
        return Ok(Exit::Pass);
    }
    Client::open()?.listen(|event| {
        let line = Line::new(&event, time::now().to_string());
        let text = if output.json {
            serde_json::to_string(&line)
                .map_err(|error| Error::environment(format!("JSON: {error}")))?
        } else {
            text(&line, &event)
        };
        let reader_left = output.bytes_or_gone(format!("{text}\n").as_bytes())?;
        left = left.map(|left| left - 1);
        Ok(!reader_left && left != Some(0))
    })?;
    Ok(Exit::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Failure;

    fn failed(generation: Option<u32>) -> Event {
        Event {
            event: "failed".to_owned(),
            subsystem: "pci".to_owned(),
            device: "0000:01:00.0".to_owned(),
            generation,
            failure: Some(Failure::from_numbers(4, Some(5))),
        }
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let event = failed(Some(7));
        let line = Line::new(&event, "now".to_owned());
        assert_eq!(
            text(&line, &event),
            "now  0000:01:00.0    failed        generation 7  refused 0x05: the device answered \
             with an error: Unspecified"
        );
    }

    #[test]
    fn json_has_only_what_was_told() {
        let event = failed(None);
        let line = Line::new(&event, "now".to_owned());
        assert_eq!(
            serde_json::to_value(&line).unwrap(),
            serde_json::json!({
                "time": "now", "event": "failed", "subsystem": "pci", "device": "0000:01:00.0",
                "reason": "refused", "spdm_error_code": 5,
            })
        );
    }
}
