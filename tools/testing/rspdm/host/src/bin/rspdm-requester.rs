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
use kernel::validate::Untrusted;
use rspdm_host::{
    environment::{
        resources,
        HostEvidence,
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
        AsymAlgo,
        BaseHash, //
    },
    error::{
        Error,
        Fault, //
    },
    requester::{
        Freshness,
        Policy,
        Requester,
        Store,
        Transport, //
    },
    slot::{
        SlotChoice,
        SlotId,
        SlotMask, //
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
    asym: Vec<AsymAlgo>,

    /// Slot to authenticate; the lowest that holds a chain by default.
    #[arg(long, value_parser = slot)]
    slot: Option<SlotId>,

    /// Slots whose chains are read too, if they hold one.
    #[arg(long, value_name = "SLOT", value_delimiter = ',', value_parser = slot)]
    further: Vec<SlotId>,

    /// How often to go on with the connection afterwards, with a new nonce each time.
    #[arg(long, value_name = "N", default_value_t = 0)]
    refresh: u32,

    /// DataTransferSize to announce, in bytes.
    #[arg(long, default_value_t = DATA_TRANSFER_SIZE)]
    data_transfer_size: usize,

    /// Nonce of the first challenge, 64 hexadecimal digits; random by default.
    #[arg(long, value_parser = nonce)]
    nonce: Option<[u8; 32]>,

    /// Longest time for a response, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    timeout: u64,

    /// Print the report as JSON.
    #[arg(long)]
    json: bool,

    /// Write the certificate chain that was challenged last, as received, to this file.
    #[arg(long)]
    chain: Option<PathBuf>,

    /// Write the last challenge transcript with its signature to this file.
    #[arg(long)]
    transcript: Option<PathBuf>,

    /// Write the last measurement transcript with its signature to this file.
    #[arg(long)]
    measurements: Option<PathBuf>,

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
        further: options
            .further
            .iter()
            .copied()
            .fold(SlotMask::EMPTY, SlotMask::with),
        ..Policy::DEFAULT
    };
    let mut freshness = random()?;
    if let Some(nonce) = options.nonce {
        freshness.nonce = nonce;
        freshness.context = [0; 8];
    }
    let refreshes = (0..options.refresh)
        .map(|_| random())
        .collect::<io::Result<Vec<_>>>()?;

    let address = SocketAddr::new(options.ip, options.port);
    let socket = Socket::connect(address, Duration::from_millis(options.timeout))?;
    let mut transport = Recorder::new(socket);
    let mut found: Option<HostEvidence> = None;
    for freshness in [&freshness].into_iter().chain(&refreshes) {
        let connection = found.take().map(|evidence| evidence.connection);
        let (outcome, memory) = measure(|| {
            let transport = Uncounted(&mut transport);
            let clock = StdClock::default();
            let resources = resources(transport, clock, options.data_transfer_size);
            let requester = Requester::new(resources, policy)?;
            Ok(requester.run(connection, freshness))
        });
        let (result, stats) = outcome.map_err(|error: Error| io::Error::other(error))?;
        tell(options, &Report::new(result.as_ref(), stats, memory))?;
        found = result.ok();
        if found.is_none() {
            break;
        }
    }

    let (mut socket, exchanges) = transport.into_parts();
    if let Some(path) = &options.record {
        let session = Session {
            title: title(path),
            policy,
            data_transfer_size: options.data_transfer_size,
            freshness,
            refreshes,
            exchanges,
        };
        fs::write(path, session.to_text())?;
    }
    if let Some(evidence) = &found {
        let chain = evidence.connection.chain(evidence.record().chain.slot);
        write(options.chain.as_deref(), chain)?;
        write(options.transcript.as_deref(), evidence.transcript.bytes())?;
        let measurements = evidence.measurements.bytes();
        write(options.measurements.as_deref(), measurements)?;
    }
    match socket.take_error() {
        Some(error) => eprintln!("rspdm-requester: {error}"),
        None if options.shutdown => socket.shut_down()?,
        None => socket.disconnect()?,
    }
    Ok(found.is_some())
}

/// Does something; returns its result, and the most bytes of the heap that were held meanwhile.
fn measure<R>(action: impl FnOnce() -> R) -> (R, u64) {
    let mut result = None;
    let heap = allocation_counter::measure(|| result = Some(action()));
    (result.expect("the action was done"), heap.bytes_max)
}

/// A transport whose memory does not count: in the kernel it is the bus's.
struct Uncounted<T>(T);

impl<T: Transport> Transport for Uncounted<T> {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        let mut result = None;
        allocation_counter::opt_out(|| result = Some(self.0.exchange(request, response)));
        result.expect("the exchange was tried")
    }
}

/// Numbers that nobody can foresee.
fn random() -> io::Result<Freshness> {
    let mut freshness = Freshness {
        nonce: [0; 32],
        context: [0; 8],
    };
    getrandom::fill(&mut freshness.nonce).map_err(io::Error::other)?;
    getrandom::fill(&mut freshness.context).map_err(io::Error::other)?;
    Ok(freshness)
}

fn tell(options: &Options, report: &Report) -> io::Result<()> {
    if options.json {
        let json = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
        println!("{json}");
    } else {
        println!("{report}");
    }
    Ok(())
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
