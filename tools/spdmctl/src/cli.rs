// SPDX-License-Identifier: GPL-2.0

//! The command line; help, man page and shell completions come from here.

mod values;

use std::path::PathBuf;

use clap::{
    Args,
    Parser,
    Subcommand,
    ValueEnum, //
};

use clap_complete::Shell;
use der::DateTime;

use values::{
    parse_nonce,
    parse_slot,
    parse_slot_choice, //
};

pub use values::{
    Nonce,
    SlotChoice, //
};

use crate::{
    evidence::{
        ObjectType,
        Slot, //
    },
    time,
    verify::{
        IdentityDemand,
        Presence, //
    }, //
};

/// Connect, inspect and verify devices that authenticate themselves with SPDM.
///
/// The kernel asks a device for its certificates and for a signature over a fresh nonce, and checks
/// that the answers are consistent. Whether the device is to be trusted is decided here, in user
/// space: `verify` judges the evidence against root certificates that you give.
#[derive(Debug, Parser)]
#[command(name = "spdmctl", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,

    /// Use this directory in place of /sys.
    #[arg(
        long,
        global = true,
        hide = true,
        env = "SPDMCTL_SYSFS",
        default_value = "/sys"
    )]
    pub sysfs: PathBuf,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One of the tool's commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show devices that can be authenticated, their state, and the TSMs that could do it.
    List,
    /// Have a device authenticate itself through a TSM.
    Connect(Connect),
    /// End a device's connection and drop its evidence.
    Disconnect(Disconnect),
    /// Show or save a device's evidence.
    Evidence(Evidence),
    /// Judge evidence, from a device or from files.
    Verify(Verify),
    /// Tell the kernel that the present evidence was judged and found good.
    Accept(Accept),
    /// Print what becomes of the evidence of all devices, until interrupted.
    Monitor(Monitor),
    /// Print a script that completes this tool's command line in a shell.
    Completions(Completions),
    /// Print this tool's manual page, or write the pages of all commands.
    Man(Man),
}

/// Arguments of `connect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --tsm, the kernel's own SPDM requester is used. If the device cannot be authenticated, the \
kernel's reason is told.

Examples:
  spdmctl connect 01:00.0
  spdmctl connect 01:00.0 --slot 1")]
pub struct Connect {
    /// The device.
    #[command(flatten)]
    pub device: DeviceName,

    /// Connect through this TSM.
    #[arg(long, value_name = "tsmN")]
    pub tsm: Option<String>,

    /// Challenge this certificate slot, or "any"; remembered for later connects.
    #[arg(long, value_name = "0-7|any", value_parser = parse_slot_choice)]
    pub slot: Option<SlotChoice>,
}

/// Arguments of `disconnect`.
#[derive(Debug, Args)]
pub struct Disconnect {
    /// The device.
    #[command(flatten)]
    pub device: DeviceName,
}

/// Arguments of `evidence`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("source").required(true).args(["device", "from"]),
    after_help = "\
Without --format and --out, a table of the objects is printed. --out without --format saves all \
that `spdmctl verify --from` needs in a directory: objects as they are (certN.spdm, vca.bin, \
challenge.bin, measurements.bin), the certificates as PEM (certN.pem), and evidence.json.

A refresh (--nonce) makes the device sign again; it sends its certificates again only for slots \
that are named with --slots or --type.

Examples:
  spdmctl evidence 01:00.0
  spdmctl evidence 01:00.0 --type cert0 --format pem > chain.pem
  spdmctl evidence 01:00.0 --nonce random --out ./nvme0-evidence
  spdmctl evidence 01:00.0 --nonce random --slots 0,2 --out ./both-slots
  spdmctl evidence 01:00.0 --type measurements --format policy >> nvme.toml
  spdmctl evidence --from ./nvme0-evidence --format pcap --out exchange.pcap"
)]
pub struct Evidence {
    /// PCI device: 0000:01:00.0, 01:00.0, or a path under /sys.
    #[arg(value_name = "DEV")]
    pub device: Option<String>,

    /// Show evidence that was saved in this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "nonce")]
    pub from: Option<PathBuf>,

    /// Only this object: cert0 to cert7, vca, challenge, measurements, report. Can be repeated.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<ObjectType>,

    /// How to print.
    #[arg(long, value_enum)]
    pub format: Option<Format>,

    /// Write to this file, or, without --format, save into this directory.
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,

    /// Ask the device for fresh evidence first: over these 32 bytes, given as 64 hex digits, or
    /// "random" ones.
    #[arg(long, value_name = "HEX|random", value_parser = parse_nonce)]
    pub nonce: Option<Nonce>,

    /// Ask for the evidence of this certificate slot.
    #[arg(long, value_name = "0-7", value_parser = parse_slot, requires = "nonce")]
    pub slot: Option<Slot>,

    /// Have the device send the chains of these slots, too.
    #[arg(long, value_name = "0-7,...", value_delimiter = ',', value_parser = parse_slot,
        requires = "nonce")]
    pub slots: Vec<Slot>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("source").required(true).args(["device", "from"]),
    after_help = "\
By default the device is asked for fresh evidence over a random nonce, and its certificates must \
lead to one of the roots given with --trust. Every check is listed with its result and the reason.

Evidence that was saved with `spdmctl evidence DEV --out DIR` is judged with --from, on any \
machine and without privilege. Give --nonce then, the one that was asked for: without it, old \
evidence cannot be told from new. FILE is a JSON CMW collection, which \
`spdmctl evidence --format cmw` and other tools write: it has measurements and certificates, and no \
challenge.

Measurements are judged if the device has some. That they are not signed, or that evidence of a \
device that can measure has none, is told and does no harm unless --measurements or a policy \
demands them.

A policy file has any of these lines:
  roots = [\"vendor-root.pem\"]
  san = \"require\"
  minimum-version = \"1.2\"
  hashes = [\"sha384\"]
  signature-algorithms = [\"ecdsa-nist-p384\", \"mldsa65\"]
  leaf-sha256 = [\"0123...\"]
  measurements = \"signed\"
  measurement-hashes = [\"sha384\"]
  other-measurements = \"refuse\"
  [[measurement]]
  index = 2
  type = \"mutable-firmware\"
  values = [\"0123...\", \"4567...\"]
  [[measurement]]
  index = 0x10
  minimum-svn = 7
`spdmctl evidence --format policy` prints those of a device that is known to be good.

Examples:
  spdmctl verify 01:00.0 --trust vendor-root.pem
  spdmctl verify 01:00.0 --policy /etc/spdm/nvme.toml --accept
  spdmctl verify --from ./nvme0-evidence --trust vendor-root.pem --nonce $NONCE"
)]
pub struct Verify {
    /// PCI device: 0000:01:00.0, 01:00.0, or a path under /sys.
    #[arg(value_name = "DEV")]
    pub device: Option<String>,

    /// Judge evidence that was saved in this directory or file.
    #[arg(long, value_name = "DIR|FILE", conflicts_with_all = ["slot", "no_refresh", "accept"])]
    pub from: Option<PathBuf>,

    /// Trust the root certificates in this file (PEM or DER). Can be repeated.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["any_root", "policy"])]
    pub trust: Vec<PathBuf>,

    /// Demand what this file says: trusted roots, algorithms, known devices (TOML).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Leave it open whether the root is to be trusted: only judge consistency.
    #[arg(long, conflicts_with = "trust")]
    pub any_root: bool,

    /// The nonce that the evidence must answer: 64 hex digits, or "fresh" to make one.
    #[arg(long, value_name = "HEX|fresh", value_parser = parse_nonce)]
    pub nonce: Option<Nonce>,

    /// Judge the evidence that the kernel has; do not ask the device for fresh one.
    #[arg(long)]
    pub no_refresh: bool,

    /// Ask for the evidence of this certificate slot.
    #[arg(long, value_name = "0-7", value_parser = parse_slot, conflicts_with = "no_refresh")]
    pub slot: Option<Slot>,

    /// The moment at which certificates must be valid: 2026-11-21, 2026-11-21T00:00:00Z or @SECONDS
    /// [default: now].
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub at: Option<DateTime>,

    /// What to demand of the device's name in its certificate [default: match].
    #[arg(long, value_enum)]
    pub san: Option<IdentityDemand>,

    /// What to demand of measurements [default: optional; signed if the policy expects values].
    #[arg(long, value_enum)]
    pub measurements: Option<Presence>,

    /// If all checks pass, accept exactly the evidence that was judged.
    #[arg(long)]
    pub accept: bool,
}

/// Arguments of `accept`.
#[derive(Debug, Args)]
#[command(after_help = "\
Any later change of the evidence revokes the acceptance. `spdmctl verify --accept` judges and \
accepts in one step.")]
pub struct Accept {
    /// The device.
    #[command(flatten)]
    pub device: DeviceName,

    /// Number of the evidence that was judged, as `spdmctl verify` shows it.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub generation: u32,
}

/// Arguments of `monitor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Events: connected, disconnected, refreshed, validated (somebody accepted the evidence), revoked \
(what was accepted is gone), failed (the device could not be authenticated, and why), lost (they \
came faster than they could be read). With --json, every event is one line.")]
pub struct Monitor {
    /// End after this many events.
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  spdmctl completions bash > /usr/share/bash-completion/completions/spdmctl")]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spdmctl man | man -l -
  spdmctl man --out /usr/share/man/man1")]
pub struct Man {
    /// Write spdmctl.1 and a page for each command into this directory.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// The device that a command is about.
#[derive(Debug, Args)]
pub struct DeviceName {
    /// PCI device: 0000:01:00.0, 01:00.0, or a path under /sys.
    #[arg(value_name = "DEV")]
    pub name: String,
}

/// How to print objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The bytes as they are.
    Raw,
    /// The certificates of a chain, without the SPDM header.
    Pem,
    /// A hex dump.
    Hex,
    /// JSON, content as base64.
    Json,
    /// The messages of the transcripts, for spdm_dump and Wireshark.
    Pcap,
    /// Measurements and certificates as a JSON CMW collection (RFC 9999), for other verifiers.
    Cmw,
    /// The measurements as reference values for a policy file.
    Policy,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, or every check passed; 1 the evidence was refused; 2 the evidence, or what the \
device sent, is malformed; 3 usage, permission, missing device or kernel support, I/O.

Examples:
  spdmctl list
  spdmctl connect 01:00.0
  spdmctl verify 01:00.0 --trust vendor-root.pem";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
