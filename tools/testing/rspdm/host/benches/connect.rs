// SPDX-License-Identifier: GPL-2.0

//! What one authentication costs: exchanges, bytes and time, the median of 20.
//!
//! Both sides are seen from the middle: a proxy counts DOE objects and takes the time from the
//! first request to the last response, so that starting programs does not count, but verifying
//! certificates does: by RustCrypto here, by OpenSSL in libspdm's requester. With `SPDM_EMU_BIN`
//! set to a directory that has DMTF's `spdm_requester_emu` and `spdm_responder_emu`, libspdm's
//! requester does the same against the same responder.

use std::{
    env,
    io::{
        self,
        Read,
        Write, //
    },
    net::{
        Ipv4Addr,
        SocketAddr,
        TcpListener,
        TcpStream, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Child,
        Command,
        Stdio, //
    },
    sync::{
        Arc,
        Mutex, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use rspdm_host::{
    environment::{
        resources,
        StdClock,
        DATA_TRANSFER_SIZE, //
    },
    names,
    transport::Socket,
};
use rspdm_proto::proto::{
    requester::{
        Freshness,
        Policy,
        Requester, //
    },
    version::Version,
};
use rspdm_responder::{
    config::Config,
    fault::Plans,
    random::Random,
    server::Server, //
};

/// How often everything is done.
const RUNS: usize = 20;

/// What one run cost.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    exchanges: usize,
    bytes: usize,
    started: Option<Instant>,
    time: Duration,
}

fn main() -> io::Result<()> {
    println!("median of {RUNS} authentications, ECDSA P-384 with SHA-384, one slot read");
    println!("{:28} {:>9} {:>9} {:>12}", "", "exchanges", "bytes", "time");
    for version in [Version::V1_0, Version::V1_2, Version::V1_4] {
        let builtin = builtin()?;
        let cost = median(|| ours(builtin, version))?;
        print(&format!("rspdm, built-in, {version}"), cost);
    }
    let Some(directory) = env::var_os("SPDM_EMU_BIN").map(PathBuf::from) else {
        println!("libspdm skipped: SPDM_EMU_BIN names no directory with spdm_requester_emu");
        return Ok(());
    };
    for version in [Version::V1_0, Version::V1_2, Version::V1_4] {
        let us = median(|| with_emulator(&directory, version, |port| ours(port, version)))?;
        print(&format!("rspdm, spdm-emu, {version}"), us);
        let libspdm = |port| theirs(&directory, port, version);
        let them = median(|| with_emulator(&directory, version, libspdm))?;
        print(&format!("libspdm, spdm-emu, {version}"), them);
        println!(
            "{:28} {:>8.2}x {:>8.2}x {:>11.2}x",
            "ratio",
            ratio(us.exchanges as f64, them.exchanges as f64),
            ratio(us.bytes as f64, them.bytes as f64),
            ratio(us.time.as_secs_f64(), them.time.as_secs_f64()),
        );
    }
    Ok(())
}

fn ratio(ours: f64, theirs: f64) -> f64 {
    ours / theirs
}

fn print(name: &str, cost: Cost) {
    let (exchanges, bytes) = (cost.exchanges, cost.bytes);
    println!(
        "{name:28} {exchanges:>9} {bytes:>9} {:>9} us",
        cost.time.as_micros()
    );
}

/// Runs it again and again; the cost of the run with the median time.
fn median(mut run: impl FnMut() -> io::Result<Cost>) -> io::Result<Cost> {
    let mut costs = (0..RUNS).map(|_| run()).collect::<io::Result<Vec<_>>>()?;
    costs.sort_by_key(|cost| cost.time);
    Ok(costs[RUNS / 2])
}

/// Starts the test responder; returns its address.
fn builtin() -> io::Result<SocketAddr> {
    let random = Arc::new(Random::new(Some(1)));
    let plans = Plans::new(Config::default(), random, &[], None).map_err(io::Error::other)?;
    let server = Server {
        plans,
        pcap: None,
        log: false,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming() {
            // What goes wrong shows at the requester.
            let _ = stream.and_then(|stream| server.serve(stream));
        }
    });
    Ok(address)
}

/// Starts DMTF's responder for one run.
fn with_emulator(
    directory: &Path,
    version: Version,
    run: impl FnOnce(SocketAddr) -> io::Result<Cost>,
) -> io::Result<Cost> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let mut command = emulator(directory, "spdm_responder_emu", port, version);
    command.args([
        "--basic_mut_auth",
        "NO",
        "--mut_auth",
        "NO",
        "--slot_count",
        "1",
    ]);
    let responder = Guard(command.spawn()?);
    let result = run(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    drop(responder);
    result
}

fn emulator(directory: &Path, program: &str, port: u16, version: Version) -> Command {
    let mut command = Command::new(directory.join(program));
    let port = port.to_string();
    command
        .current_dir(directory)
        .args([
            "--trans",
            "PCI_DOE",
            "--ip",
            "127.0.0.1",
            "--port",
            port.as_str(),
        ])
        .args([
            "--ver",
            version.name(),
            "--hash",
            "SHA_384",
            "--asym",
            "ECDSA_P384",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A program that ends when it is no longer needed.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Our requester.
fn ours(responder: SocketAddr, version: Version) -> io::Result<Cost> {
    let proxy = Proxy::new(responder)?;
    let mut socket = Socket::connect(proxy.address, Duration::from_secs(5))?;
    let resources = resources(&mut socket, StdClock::default(), DATA_TRANSFER_SIZE);
    let policy = Policy {
        versions: names::versions(&[version]),
        ..Policy::DEFAULT
    };
    let requester = Requester::new(resources, policy).map_err(io::Error::other)?;
    let mut freshness = Freshness {
        nonce: [0; 32],
        context: [0; 8],
    };
    getrandom::fill(&mut freshness.nonce).map_err(io::Error::other)?;
    let (result, _) = requester.authenticate(&freshness);
    result.map_err(io::Error::other)?;
    socket.disconnect()?;
    Ok(proxy.cost())
}

/// libspdm's requester.
fn theirs(directory: &Path, responder: SocketAddr, version: Version) -> io::Result<Cost> {
    let proxy = Proxy::new(responder)?;
    let mut command = emulator(
        directory,
        "spdm_requester_emu",
        proxy.address.port(),
        version,
    );
    command.args([
        "--exe_conn",
        "DIGEST,CERT,CHAL,MEAS",
        "--exe_session",
        "APP",
    ]);
    command.args(["--meas_op", "ALL"]);
    command.args(["--slot_count", "1"]);
    let status = command.status()?;
    if !status.success() {
        return Err(io::Error::other(format!("spdm_requester_emu: {status}")));
    }
    Ok(proxy.cost())
}

/// Stands between a requester and a responder, and counts.
struct Proxy {
    address: SocketAddr,
    cost: Arc<Mutex<Cost>>,
}

impl Proxy {
    fn new(responder: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let cost = Arc::new(Mutex::new(Cost::default()));
        let shared = cost.clone();
        thread::spawn(move || {
            // What goes wrong shows at the requester.
            let _ = forward(&listener, responder, &shared);
        });
        Ok(Self { address, cost })
    }

    fn cost(&self) -> Cost {
        *self.cost.lock().expect("no thread panics with this lock")
    }
}

/// Forwards frames, always one to and one fro.
fn forward(listener: &TcpListener, responder: SocketAddr, cost: &Mutex<Cost>) -> io::Result<()> {
    let (mut near, _) = listener.accept()?;
    let mut far = connect(responder)?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    loop {
        let request = frame(&mut near)?;
        let started = Instant::now();
        far.write_all(&request)?;
        let response = frame(&mut far)?;
        if is_spdm(&request) {
            let mut cost = cost.lock().expect("no thread panics with this lock");
            cost.exchanges += 1;
            // Without the headers of frame and DOE object
            cost.bytes += request.len() + response.len() - 2 * (12 + 8);
            cost.time = cost.started.get_or_insert(started).elapsed();
        }
        near.write_all(&response)?;
    }
}

/// Connects as soon as the other side listens.
fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    for _ in 0..500 {
        if let Ok(stream) = TcpStream::connect(address) {
            return Ok(stream);
        }
        thread::sleep(Duration::from_millis(10));
    }
    TcpStream::connect(address)
}

/// Reads a frame, its header included.
fn frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 12];
    stream.read_exact(&mut frame)?;
    let size = u32::from_be_bytes([frame[8], frame[9], frame[10], frame[11]]);
    let size = usize::try_from(size).map_err(io::Error::other)?;
    frame.resize(12 + size, 0);
    stream.read_exact(&mut frame[12..])?;
    Ok(frame)
}

/// Whether a frame holds a DOE object with a message of SPDM, not one of DOE discovery.
fn is_spdm(frame: &[u8]) -> bool {
    frame.starts_with(&[0, 0, 0, 1, 0, 0, 0, 2]) && frame.get(12..15) == Some(&[1, 0, 1])
}
