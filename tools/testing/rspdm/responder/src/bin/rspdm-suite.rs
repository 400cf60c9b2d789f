// SPDX-License-Identifier: GPL-2.0

//! Command line of the conformance suite for requesters.

use std::{
    fs,
    io::{
        self,
        IsTerminal,
        Write, //
    },
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{
        Command,
        ExitCode,
        Stdio, //
    },
    sync::atomic::{
        AtomicUsize,
        Ordering, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use clap::Parser;
use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::Config,
    suite::{
        self,
        outcome::Ending,
        report::Report,
        run::Verdict,
        sample,
        Case, //
    },
};

/// Tests an SPDM requester with devices that misbehave in every way there is.
///
/// COMMAND is run once per case, against a device that speaks one version of SPDM over DOE in the
/// socket protocol of DMTF's emulator (--trans PCI_DOE), signs with ECDSA P-256 and SHA-256, and
/// has one fault. In its arguments {port} becomes the device's port on 127.0.0.1, and {version} the
/// version, such as 1.2. It has to authenticate the device: GET_VERSION to CHALLENGE, and
/// GET_MEASUREMENTS if it can. Its exit status must be 0 if it accepts the device, and another one
/// if not.
///
/// A case fails if the requester accepts what it has to refuse, refuses what it has to accept, ends
/// by a signal, or does not end in time. Where the standard leaves a choice, both are right. A case
/// is not reached if the requester did not ask for the message. The device's certificates are of a
/// test CA: see --root-out; a requester that cannot be told to trust it accepts nothing.
///
/// Exit status: 0 if no case failed, 1 if some did, 2 if nothing could be tried.
#[derive(Parser)]
#[command(
    name = "rspdm-suite",
    version,
    after_help = "Examples:
  rspdm-suite -- rspdm-requester --port {port}
  rspdm-suite --versions 1.2 --filter 'challenge:*' -- ./spdm_requester_emu --trans PCI_DOE \\
      --port {port} --ver {version} --exe_conn DIGEST,CERT,CHAL --exe_session APP
  rspdm-suite --list --filter 'algorithms:base-asym-sel:*'"
)]
struct Options {
    /// Versions of SPDM that devices speak, one device for each.
    #[arg(long, value_delimiter = ',', default_value = "1.0,1.1,1.2,1.3,1.4", value_parser = version)]
    versions: Vec<u8>,

    /// Only cases whose fault has a name like this; * stands for anything.
    #[arg(long, value_name = "PATTERN")]
    filter: Vec<String>,

    /// Only a representative part: each field, and each class of faults of each message.
    #[arg(long)]
    sample: bool,

    /// List the cases instead: fault, how a Linux requester has to end (an errno, or several
    /// with commas, or 0), the same again, first version, class. As rspdm-responder --list-faults.
    #[arg(long)]
    list: bool,

    /// List the cases for a device with this signature algorithm.
    #[arg(long, value_enum, default_value_t = Asym::EcdsaP256, requires = "list")]
    asym: Asym,

    /// List the cases for a device with this hash.
    #[arg(long, value_enum, default_value_t = Hash::Sha256, requires = "list")]
    hash: Hash,

    /// Seconds that the requester may take for a case.
    #[arg(long, default_value_t = 20.0)]
    timeout: f64,

    /// Cases at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,

    /// Write a line per case to this file: verdict, version, fault, how it had to end, how it did.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Write the test CA's root certificates to this file, PEM.
    #[arg(long, value_name = "FILE")]
    root_out: Option<PathBuf>,

    /// Let the requester's output be seen.
    #[arg(long)]
    show: bool,

    /// The requester with its arguments.
    #[arg(last = true, required_unless_present_any = ["list", "root_out"])]
    command: Vec<String>,
}

fn version(text: &str) -> Result<u8, String> {
    match text.strip_prefix("1.").map(str::parse) {
        Some(Ok(minor @ 0..=4u8)) => Ok(0x10 | minor),
        _ => Err("versions are 1.0, 1.1, 1.2, 1.3 and 1.4".into()),
    }
}

/// Whether `name` is like `pattern`, in which * stands for anything.
fn is_like(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).any(|at| name.get(at..).is_some_and(|name| is_like(name, rest)))
        }),
    }
}

impl Options {
    fn cases(&self, version: u8) -> Vec<Case> {
        let mut cases = suite::cases_for(&Config {
            asym: vec![self.asym],
            hash: vec![self.hash],
            ..suite::config(version)
        });
        if self.sample {
            cases = sample::sample(&cases);
        }
        let has_filter = !self.filter.is_empty();
        cases.retain(|case| {
            let mut filters = self.filter.iter();
            !has_filter || filters.any(|pattern| is_like(&case.fault, pattern))
        });
        cases
    }

    /// Runs the requester once.
    fn ask(&self, address: SocketAddr, version: u8) -> Ending {
        let version = format!("1.{}", version & 0x0f);
        let fill = |argument: &String| {
            let argument = argument.replace("{port}", &address.port().to_string());
            argument.replace("{version}", &version)
        };
        let arguments: Vec<String> = self.command.iter().map(fill).collect();
        let output = || match self.show {
            true => Stdio::inherit(),
            false => Stdio::null(),
        };
        let mut child = Command::new(&arguments[0])
            .args(&arguments[1..])
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .spawn()
            .expect("the command ran a moment ago");
        let deadline = Instant::now() + Duration::from_secs_f64(self.timeout);
        loop {
            match child.try_wait().expect("the child is ours to wait for") {
                Some(status) if status.success() => return Ending::Accepted,
                Some(status) => {
                    let signal = status.signal();
                    return signal.map_or(Ending::Refused, |signal| {
                        Ending::Crashed(format!("signal {signal}"))
                    });
                }
                None if Instant::now() > deadline => {
                    // It may have ended at last; then there is nothing to end.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Ending::Hung;
                }
                None => thread::sleep(Duration::from_millis(2)),
            }
        }
    }
}

fn list(cases: &[Case]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for case in cases {
        let errnos = case.outcome.errnos.join(",");
        let (fault, class) = (&case.fault, &case.class);
        let version = format!("1.{}", case.version & 0x0f);
        writeln!(out, "{fault}\t{errnos}\t{errnos}\t{version}\t{class}")?;
    }
    Ok(())
}

/// Whether no case failed.
fn run(options: &Options) -> Result<bool, String> {
    if let Some(path) = &options.root_out {
        let device = suite::run::honest(suite::config(0x14));
        fs::write(path, device.roots_pem()).map_err(|error| error.to_string())?;
    }
    let mut cases: Vec<Case> = vec![];
    for &version in &options.versions {
        cases.extend(options.cases(version));
    }
    if options.list {
        let listed = list(&cases).map_err(|error| error.to_string());
        return listed.map(|()| true);
    }
    let Some(program) = options.command.first() else {
        return Ok(true);
    };
    let found = Command::new(program)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match found {
        Ok(mut child) => {
            let _ = child.kill();
            let _ = child.wait();
        }
        Err(error) => return Err(format!("{program}: {error}")),
    }
    let requester = |address: SocketAddr, version: u8| options.ask(address, version);
    cases.retain({
        let mut answers = std::collections::HashMap::new();
        move |case| {
            *answers.entry(case.version).or_insert_with(|| {
                let ending = suite::run::control(&requester, case.version);
                let is_good = ending == Ending::Accepted;
                if !is_good {
                    let minor = case.version & 0x0f;
                    eprintln!("1.{minor} is left out: without a fault, {ending:?}");
                }
                is_good
            })
        }
    });
    if cases.is_empty() {
        return Err("there is no case to try".into());
    }
    let done = AtomicUsize::new(0);
    let is_terminal = io::stderr().is_terminal();
    let tell = |case: &Case, verdict: &Verdict| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Verdict::Failed(why) = verdict {
            println!("failed: {}: {why}", case.name());
        }
        if is_terminal && done.is_multiple_of(16) {
            eprint!("{done} of {}\r", cases.len());
        }
    };
    let verdicts = suite::run::run(&cases, options.jobs, &requester, &tell);
    let report = Report::new(&cases, &verdicts);
    if let Some(path) = &options.report {
        fs::write(path, report.to_table()).map_err(|error| error.to_string())?;
    }
    println!("{report}");
    Ok(report.failures().is_empty())
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("rspdm-suite: {error}");
            ExitCode::from(2)
        }
    }
}
