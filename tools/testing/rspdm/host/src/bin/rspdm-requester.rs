// SPDX-License-Identifier: GPL-2.0

//! Authenticates a device behind a TCP port, with the kernel's protocol code.

use std::{
    fs, io,
    net::{
        IpAddr,
        Ipv4Addr,
        SocketAddr, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use rspdm_host::{
    environment::{
        resources,
        StdClock,
        DATA_TRANSFER_SIZE, //
    },
    names,
    report::Report,
    session::{
        Recorder,
        Session, //
    },
    transport::Socket,
};
use rspdm_proto::proto::{
    algorithm::{
        BaseAsym,
        BaseHash, //
    },
    limits::Budget,
    requester::{
        Freshness,
        Policy,
        Requester, //
    },
    slot::{
        SlotChoice,
        SlotId, //
    },
    version::Version,
};

/// Authenticates an SPDM device over the emulator socket protocol, as the kernel would.
///
/// Exit status: 0 if the device is authenticated, 1 if not, 3 if it could not be tried.
#[derive(Parser)]
#[command(name = "rspdm-requester", version)]
struct Options {
    /// TCP port of the device.
    #[arg(long, default_value_t = 2323)]
    port: u16,

    /// Address of the device.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    ip: IpAddr,

    /// Versions to speak; all by default.
    #[arg(long, value_delimiter = ',', value_parser = names::version)]
    versions: Vec<Version>,

    /// Hashes to offer; all by default.
    #[arg(long, value_delimiter = ',', value_parser = names::hash)]
    hash: Vec<BaseHash>,

    /// Signature algorithms to offer; all by default.
    #[arg(long, value_delimiter = ',', value_parser = names::asym)]
    asym: Vec<BaseAsym>,

    /// Slot to authenticate; the lowest that holds a chain by default.
    #[arg(long, value_parser = slot)]
    slot: Option<SlotId>,

    /// DataTransferSize to announce, in bytes.
    #[arg(long, default_value_t = DATA_TRANSFER_SIZE)]
    data_transfer_size: usize,

    /// Nonce of the challenge, 64 hexadecimal digits; random by default.
    #[arg(long, value_parser = nonce)]
    nonce: Option<[u8; 32]>,

    /// Longest time for a response, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    timeout: u64,

    /// Print the report as JSON.
    #[arg(long)]
    json: bool,

    /// Write the certificate chain, as received, to this file.
    #[arg(long)]
    chain: Option<PathBuf>,

    /// Write the challenge transcript with its signature to this file.
    #[arg(long)]
    transcript: Option<PathBuf>,

    /// Record the session in this file.
    #[arg(long)]
    record: Option<PathBuf>,

    /// Let the responder end afterwards.
    #[arg(long)]
    shutdown: bool,
}

fn slot(text: &str) -> Result<SlotId, String> {
    text.parse()
        .ok()
        .and_then(SlotId::new)
        .ok_or("slots are 0 to 7".to_owned())
}

fn nonce(text: &str) -> Result<[u8; 32], String> {
    let bytes = hex::decode(text).map_err(|error| error.to_string())?;
    bytes
        .try_into()
        .map_err(|_| "a nonce has 32 bytes".to_owned())
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("rspdm-requester: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(options: &Options) -> io::Result<bool> {
    let policy = Policy {
        versions: names::versions(&options.versions),
        hashes: names::hashes(&options.hash),
        signatures: names::signatures(&options.asym),
        slot: options.slot.map_or(SlotChoice::Lowest, SlotChoice::Slot),
        budget: Budget::AUTHENTICATE,
    };
    let mut freshness = Freshness {
        nonce: options.nonce.unwrap_or_default(),
        context: [0; 8],
    };
    if options.nonce.is_none() {
        getrandom::fill(&mut freshness.nonce).map_err(io::Error::other)?;
        getrandom::fill(&mut freshness.context).map_err(io::Error::other)?;
    }

    let address = SocketAddr::new(options.ip, options.port);
    let socket = Socket::connect(address, Duration::from_millis(options.timeout))?;
    let resources = resources(
        Recorder::new(socket),
        StdClock::default(),
        options.data_transfer_size,
    );
    let mut requester = Requester::new(resources, policy).map_err(io::Error::other)?;
    let result = requester.authenticate(&freshness);
    let report = Report::new(&result, requester.stats());
    let resources = requester.into_resources();
    let (mut socket, exchanges) = resources.transport.into_parts();

    if let Some(path) = &options.record {
        let session = Session {
            title: title(path),
            policy,
            data_transfer_size: options.data_transfer_size,
            freshness,
            exchanges,
        };
        fs::write(path, session.to_text())?;
    }
    if result.is_ok() {
        write(options.chain.as_deref(), &resources.chain.into_bytes())?;
        write(
            options.transcript.as_deref(),
            &resources.transcript.into_bytes(),
        )?;
    }
    if options.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&report).map_err(io::Error::other)?
        );
    } else {
        println!("{report}");
    }
    match socket.take_error() {
        Some(error) => eprintln!("rspdm-requester: {error}"),
        None if options.shutdown => socket.shut_down()?,
        None => socket.disconnect()?,
    }
    Ok(report.authenticated)
}

fn write(path: Option<&Path>, bytes: &[u8]) -> io::Result<()> {
    path.map_or(Ok(()), |path| fs::write(path, bytes))
}

fn title(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
