// SPDX-License-Identifier: GPL-2.0

//! One file per command.

mod collect;
mod connect;
mod documents;
mod evidence;
mod list;
mod monitor;
mod verify;

use std::io::{
    self,
    Write, //
};

use serde::Serialize;

use crate::{
    cli::{
        Cli,
        Command, //
    },
    error::{
        Error,
        Exit,
        Result, //
    },
    sysfs::Sysfs,
};

/// Does what the command line says and writes its result to `out`.
///
/// # Errors
///
/// Whatever ends the command; nothing was written to `out` then, except by commands that run until
/// they are stopped.
pub fn run(cli: &Cli, out: &mut dyn Write) -> Result<Exit> {
    let sysfs = Sysfs::new(&cli.sysfs);
    let mut output = Output {
        json: cli.json,
        out,
    };
    match &cli.command {
        Command::List => list::run(&sysfs, &mut output),
        Command::Connect(arguments) => connect::connect(&sysfs, arguments, &mut output),
        Command::Disconnect(arguments) => connect::disconnect(&sysfs, arguments, &mut output),
        Command::Evidence(arguments) => evidence::run(&sysfs, arguments, &mut output),
        Command::Verify(arguments) => verify::run(&sysfs, arguments, &mut output),
        Command::Accept(arguments) => verify::accept(&sysfs, arguments, &mut output),
        Command::Monitor(arguments) => monitor::run(arguments, &mut output),
        Command::Completions(arguments) => documents::completions(arguments, &mut output),
        Command::Man(arguments) => documents::man(arguments, &mut output),
    }
}

/// Where results go, and in which form.
struct Output<'a> {
    json: bool,
    out: &'a mut dyn Write,
}

impl Output<'_> {
    /// Writes a result in the form that the user wants.
    fn result(&mut self, json: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        if self.json {
            let json = serde_json::to_string_pretty(json)
                .map_err(|error| Error::environment(format!("JSON: {error}")))?;
            self.bytes(format!("{json}\n").as_bytes())
        } else {
            self.bytes(text().as_bytes())
        }
    }

    /// Writes bytes as they are.
    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        // Whoever read the output has seen enough: `spdmctl list | head -1`.
        self.bytes_or_gone(bytes).map(drop)
    }

    /// Writes bytes as they are; true if nobody reads them any more.
    fn bytes_or_gone(&mut self, bytes: &[u8]) -> Result<bool> {
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Ok(()) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
            Err(error) => {
                let error = crate::error::plain(&error);
                Err(Error::environment(format!("standard output: {error}")))
            }
        }
    }
}
