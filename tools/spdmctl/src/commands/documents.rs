// SPDX-License-Identifier: GPL-2.0

//! `spdmctl completions` and `spdmctl man`

use clap::CommandFactory;

use super::Output;
use crate::{
    cli::{
        Cli,
        Completions,
        Man, //
    },
    error::{
        Error,
        Exit,
        Result, //
    },
};

pub(super) fn completions(arguments: &Completions, output: &mut Output<'_>) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "spdmctl", &mut script);
    let script = text(script)?;
    let json = serde_json::json!({
        "shell": arguments.shell.to_string(),
        "script": script,
    });
    output.result(&json, || script)?;
    Ok(Exit::Pass)
}

pub(super) fn man(arguments: &Man, output: &mut Output<'_>) -> Result<Exit> {
    let command = Cli::command();
    match &arguments.out {
        Some(directory) => {
            clap_mangen::generate_to(command, directory)
                .map_err(|error| Error::file(directory, &error))?;
            if output.json {
                let json = serde_json::json!({ "directory": directory });
                output.result(&json, String::new)?;
            }
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map_err(|error| Error::environment(format!("manual page: {error}")))?;
            let page = text(page)?;
            let json = serde_json::json!({ "page": page });
            output.result(&json, || page)?;
        }
    }
    Ok(Exit::Pass)
}

fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| Error::environment(format!("UTF-8: {error}")))
}
