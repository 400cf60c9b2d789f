// SPDX-License-Identifier: GPL-2.0

//! `spdmctl`: see [`spdmctl::cli`].

use std::{
    io::Write,
    process::ExitCode, //
};

use clap::Parser;
use spdmctl::{
    cli::Cli,
    commands,
    error::{
        Error,
        Exit, //
    }, //
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own code for wrong usage is 2, which here means malformed evidence.
            let exit = if error.use_stderr() {
                Exit::Environment
            } else {
                Exit::Pass
            };
            // Nobody is left to be told if the terminal is gone.
            let _ = error.print();
            return ExitCode::from(exit as u8);
        }
    };
    let exit =
        commands::run(&cli, &mut std::io::stdout()).unwrap_or_else(|error| report(&cli, &error));
    ExitCode::from(exit as u8)
}

/// Tells why a command ended, and what can be done about it.
fn report(cli: &Cli, error: &Error) -> Exit {
    if cli.json {
        let object = serde_json::json!({
            "error": error.to_string(),
            "hint": error.advice(),
            "failure": error.failure(),
            "exit_code": error.exit() as u8,
        });
        // Without a reader of stdout the exit code still tells.
        let _ = writeln!(std::io::stdout(), "{object:#}");
    }
    eprintln!("spdmctl: {error}");
    if let Some(advice) = error.advice() {
        eprintln!("hint: {advice}");
    }
    error.exit()
}
