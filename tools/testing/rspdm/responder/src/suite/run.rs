// SPDX-License-Identifier: GPL-2.0

//! Tries cases with a requester: for each one a device that shows the fault.

use std::{
    collections::HashMap,
    net::{
        Ipv4Addr,
        SocketAddr,
        TcpListener,
        TcpStream, //
    },
    panic::{
        self,
        AssertUnwindSafe, //
    },
    sync::{
        atomic::{
            AtomicUsize,
            Ordering, //
        },
        Arc,
        Mutex, //
    },
    thread,
};

use super::{
    config,
    outcome::Ending,
    Case, //
};
use crate::{
    config::Config,
    device::Device,
    fault::{
        Plan,
        Plans, //
    },
    random::Random,
    server::Server, //
};

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It ended as it must.
    Passed(Ending),
    /// It did not, and why.
    Failed(String),
    /// The requester never asked for the message.
    NotReached,
}

/// A device with `config`, the same each time.
pub fn honest(config: Config) -> Arc<Device> {
    let device = Device::new(config, Arc::new(Random::new(Some(7))));
    Arc::new(device.expect("no chain is wished for that cannot be"))
}

/// Tries all cases, so many at a time, and tells what became of each, in their order.
///
/// `requester` authenticates the device at the address, which speaks the version only; `tell` hears
/// of each verdict.
pub fn run(
    cases: &[Case],
    jobs: usize,
    requester: &(impl Fn(SocketAddr, u8) -> Ending + Sync),
    tell: &(impl Fn(&Case, &Verdict) + Sync),
) -> Vec<Verdict> {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(vec![None; cases.len()]);
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                let mut stand = Stand::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else {
                        break;
                    };
                    let verdict = stand.run(case, requester);
                    tell(case, &verdict);
                    let mut verdicts = verdicts.lock().expect("no thread panics with this lock");
                    verdicts[index] = Some(verdict);
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().expect("all threads have ended");
    verdicts.into_iter().flatten().collect()
}

/// How a requester ends with a device of this version that has no fault.
pub fn control(requester: &(impl Fn(SocketAddr, u8) -> Ending + Sync), version: u8) -> Ending {
    let mut stand = Stand::new();
    let device = stand.device(version);
    stand.serve(Plan::of(&device, &[]).expect("no fault has no bad name"));
    stand.ask(requester, version)
}

/// A port, and what serves those who connect to it.
struct Stand {
    address: SocketAddr,
    server: Arc<Mutex<Option<Arc<Server>>>>,
    /// By version.
    devices: HashMap<u8, Arc<Device>>,
}

impl Stand {
    fn new() -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are ports to listen at");
        let address = listener
            .local_addr()
            .expect("who listens does so somewhere");
        let server: Arc<Mutex<Option<Arc<Server>>>> = Arc::default();
        let current = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let server = current.lock().expect("no thread panics with this lock");
                let Some(server) = server.clone() else {
                    break;
                };
                // What becomes of a client is the client's to judge.
                thread::spawn(move || stream.and_then(|stream| server.serve(stream)));
            }
        });
        Self {
            address,
            server,
            devices: HashMap::new(),
        }
    }

    fn device(&mut self, version: u8) -> Arc<Device> {
        let device = self.devices.entry(version);
        device.or_insert_with(|| honest(config(version))).clone()
    }

    fn serve(&self, plan: Plan) -> Arc<Plan> {
        let plan = Arc::new(plan);
        let server = Server {
            plans: Plans::fixed(plan.clone()),
            pcap: None,
            log: false,
        };
        let mut current = self.server.lock().expect("no thread panics with this lock");
        *current = Some(Arc::new(server));
        plan
    }

    fn ask(&self, requester: &impl Fn(SocketAddr, u8) -> Ending, version: u8) -> Ending {
        panic::catch_unwind(AssertUnwindSafe(|| requester(self.address, version)))
            .unwrap_or_else(|_| Ending::Crashed("it panicked".into()))
    }

    fn run(&mut self, case: &Case, requester: &impl Fn(SocketAddr, u8) -> Ending) -> Verdict {
        let device = self.device(case.version);
        let mut plan = match Plan::of(&device, std::slice::from_ref(&case.fault)) {
            Ok(plan) => plan,
            Err(error) => return Verdict::Failed(error),
        };
        if case.needs_another {
            // On the same device as it will be, but without the fault.
            let before = Plan::of(plan.honest(), &[]);
            let before = self.serve(before.expect("no fault has no bad name"));
            let ending = self.ask(requester, case.version);
            if !matches!(ending, Ending::Accepted | Ending::Errno("0")) {
                return Verdict::Failed(format!("the session before ended with {ending:?}"));
            }
            plan = plan.after(&before);
        }
        let plan = self.serve(plan);
        let ending = self.ask(requester, case.version);
        match case.outcome.judge(&ending) {
            Some(why) => Verdict::Failed(why),
            None if !plan.has_struck() => Verdict::NotReached,
            None => Verdict::Passed(ending),
        }
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        *self.server.lock().expect("no thread panics with this lock") = None;
        // Wakes the thread that listens, so that it sees.
        let _ = TcpStream::connect(self.address);
    }
}
