// SPDX-License-Identifier: GPL-2.0

//! A device in a thread, and a requester that talks to it.

// Every test program uses another part of this.
#![allow(dead_code)]

pub mod ledger;

use std::{
    net::{
        Ipv4Addr,
        SocketAddr,
        TcpListener, //
    },
    sync::{
        atomic::{
            AtomicU64,
            Ordering, //
        },
        Arc,
    },
    thread,
    time::{
        Duration,
        Instant, //
    }, //
};

use rspdm_host::{
    environment::{
        resources,
        HostConnection,
        HostEvidence,
        DATA_TRANSFER_SIZE, //
    },
    transport::{
        Socket,
        DOE_TIMEOUT, //
    },
};
use rspdm_proto::proto::{
    error::{
        Error,
        Fault,
        Rejected, //
    },
    record::Stats,
    requester::{
        Clock,
        Freshness,
        Policy,
        Requester, //
    },
    wire::error_rsp::ErrorCode,
};
use rspdm_responder::{
    config::Config,
    fault::Plans,
    random::Random,
    server::Server, //
};

/// What makes the next challenge fresh: never the same twice.
fn freshness() -> Freshness {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let mut nonce = *b"a nonce of exactly thirty-two by";
    nonce[..8].copy_from_slice(&number);
    Freshness {
        nonce,
        context: number,
    }
}

/// A clock whose pauses take no time, but count.
#[derive(Debug)]
pub struct Impatient {
    start: Instant,
    skipped: u64,
}

impl Default for Impatient {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            skipped: 0,
        }
    }
}

impl Clock for Impatient {
    fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap() + self.skipped
    }

    fn wait_us(&mut self, us: u64) -> Result<(), Fault> {
        self.skipped += us;
        Ok(())
    }
}

/// How long a device may take, whose keys and chains are made when they are asked for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device that serves in the background.
pub struct Device {
    address: SocketAddr,
    timeout: Duration,
}

impl Device {
    /// Starts a device with these faults.
    pub fn new(config: Config, faults: &[String]) -> Self {
        let plans = Plans::new(config, Arc::new(Random::new(Some(7))), faults, None).unwrap();
        let server = Arc::new(Server {
            plans,
            pcap: None,
            log: false,
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let server = server.clone();
                // What becomes of a client is the client's to judge.
                thread::spawn(move || stream.and_then(|stream| server.serve(stream)));
            }
        });
        Self {
            address,
            timeout: PATIENCE,
        }
    }

    /// The same device, waited for no longer than DOE allows: it may be silent.
    pub fn that_may_be_silent(self) -> Self {
        Self {
            timeout: DOE_TIMEOUT,
            ..self
        }
    }

    pub fn connect(&self) -> Socket {
        Socket::connect(self.address, self.timeout).unwrap()
    }

    /// Authenticates the device.
    pub fn authenticate(&self, policy: Policy) -> Run {
        self.authenticate_with(policy, DATA_TRANSFER_SIZE)
    }

    pub fn authenticate_with(&self, policy: Policy, data_transfer_size: usize) -> Run {
        run(&mut self.connect(), None, policy, data_transfer_size)
    }
}

/// Authenticates the device behind a socket, or goes on with a connection.
pub fn run(
    socket: &mut Socket,
    connection: Option<HostConnection>,
    policy: Policy,
    data_transfer_size: usize,
) -> Run {
    let resources = resources(socket, Impatient::default(), data_transfer_size);
    let requester = Requester::new(resources, policy).unwrap();
    let freshness = freshness();
    let (result, stats) = match connection {
        Some(connection) => requester.refresh(connection, &freshness),
        None => requester.authenticate(&freshness),
    };
    Run {
        freshness,
        result,
        stats,
    }
}

/// What came of it.
pub struct Run {
    pub freshness: Freshness,
    pub result: Result<HostEvidence, Error>,
    pub stats: Stats,
}

/// How connect ends in the kernel.
pub fn errno<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "0",
        Err(Error::Malformed { .. }) => "EBADMSG",
        Err(Error::Misbehaved { .. }) => "EPROTO",
        Err(Error::Unsupported(_)) => "EOPNOTSUPP",
        Err(Error::Refused {
            code: ErrorCode::Busy,
            ..
        }) => "EBUSY",
        Err(Error::Refused { .. }) => "EREMOTEIO",
        Err(Error::Rejected(Rejected::Certificate { .. })) => "EBADMSG",
        Err(Error::Rejected(_)) => "EKEYREJECTED",
        Err(Error::Unusable { .. }) => "ENOPKG",
        Err(Error::Exhausted { .. }) => "ETIMEDOUT",
        Err(Error::Environment { .. }) => "EIO",
        Err(Error::Misuse(_)) => "EINVAL",
    }
}
