// SPDX-License-Identifier: GPL-2.0

//! Devices that try to cost as much memory and time as they can get no more than `limits.rs` says.
//!
//! All memory that depends on a device is in stores: the protocol code allocates nothing. Time is
//! the test's own: a pause takes as long as it says, an exchange as long as the scene says, and
//! nobody waits for any of it.

mod common;

use std::{
    cell::Cell,
    rc::Rc, //
};

use common::{
    errno,
    ledger::{
        Ledger,
        Shelf, //
    },
    Device, //
};
use kernel::validate::Untrusted;
use rspdm_host::{
    crypto::RustCrypto,
    transport::{
        Socket,
        DOE_TIMEOUT, //
    }, //
};
use rspdm_proto::proto::{
    error::Fault,
    limits::{
        Budget,
        CHAIN_LEN_MAX,
        DATA_TRANSFER_SIZE_MAX,
        MESSAGE_LEN_MAX,
        RUN_MEMORY_MAX, //
    },
    requester::{
        Clock,
        Environment,
        Freshness,
        Memory,
        Policy,
        Requester,
        Resources,
        Transport, //
    },
    slot::{
        PerSlot,
        SlotMask, //
    },
};
use rspdm_responder::{
    algorithm::Asym,
    config::{
        ChainShape,
        Config, //
    },
};

/// A device, and how it is met.
struct Scene {
    name: &'static str,
    config: Config,
    faults: Vec<String>,
    /// Our own DataTransferSize.
    transfer_size: u32,
    /// The slots whose chains are read besides the first.
    further: u8,
    /// How long an exchange takes, in microseconds.
    exchange_us: u64,
}

impl Scene {
    fn new(name: &'static str, config: Config, faults: &[&str]) -> Self {
        Self {
            name,
            config,
            faults: faults.iter().map(|&fault| fault.to_owned()).collect(),
            transfer_size: 4600,
            further: 0,
            exchange_us: 0,
        }
    }

    fn with_transfers_of(mut self, transfer_size: u32) -> Self {
        self.transfer_size = transfer_size;
        self
    }

    fn with_all_slots(mut self) -> Self {
        self.config.slots = 0xff;
        self.further = 0xfe;
        self
    }

    /// Authenticates the device, and refreshes the evidence until it fails or was done twice.
    fn play(&self) -> Vec<Cost> {
        let device = Device::new(self.config.clone(), &self.faults);
        let mut socket = device.connect();
        let mut connection = None;
        let mut costs = vec![];
        let ledger = Rc::<Ledger>::default();
        for number in 0..3 {
            let freshness = Freshness {
                nonce: [number; 32],
                context: [number; 8],
            };
            let policy = Policy {
                further: SlotMask::from_wire(self.further),
                ..Policy::DEFAULT
            };
            let now_us = Rc::default();
            let resources = self.resources(&mut socket, &ledger, &now_us);
            ledger.begin();
            let requester = Requester::<World<'_>>::new(resources, policy).unwrap();
            let (result, _) = requester.run(connection.take(), &freshness);
            costs.push(Cost {
                kept: ledger.kept(),
                set_aside: ledger.set_aside(),
                time_us: now_us.get(),
                errno: errno(&result),
            });
            let Ok(evidence) = result else {
                break;
            };
            connection = Some(evidence.connection);
        }
        costs
    }

    fn resources<'s>(
        &self,
        socket: &'s mut Socket,
        ledger: &Rc<Ledger>,
        now_us: &Rc<Cell<u64>>,
    ) -> Resources<World<'s>> {
        let store = || Shelf::new(ledger);
        Resources {
            transport: Slow {
                socket,
                exchange_us: self.exchange_us,
                now_us: now_us.clone(),
            },
            clock: Watch(now_us.clone()),
            crypto: RustCrypto::new(),
            memory: Memory {
                vca: store(),
                chains: PerSlot::new([(); 8].map(|()| store())),
                transcript: store(),
                measurements: store(),
            },
            buffer: vec![0; self.transfer_size as usize],
            assembly: store(),
        }
    }

    /// Most bytes that a run may keep.
    fn memory_max(&self) -> usize {
        let further = self.further.count_ones() * (CHAIN_LEN_MAX + Budget::FURTHER_SLOT.bytes);
        let most_at_once = self.transfer_size.min(Budget::AUTHENTICATE.bytes);
        let more_in_chunks = most_at_once.saturating_sub(MESSAGE_LEN_MAX);
        (RUN_MEMORY_MAX + further + more_in_chunks) as usize
    }

    /// Longest time that a run may take: the last exchange may begin when hardly any is left.
    fn time_max(&self) -> u64 {
        let budget = Budget::AUTHENTICATE.with_further_slots(self.further.count_ones());
        budget.time_us + self.exchange_us
    }
}

/// What a run has cost.
struct Cost {
    /// Most bytes that it kept at a time.
    kept: usize,
    /// Most bytes that were allocated for them at a time.
    set_aside: usize,
    time_us: u64,
    errno: &'static str,
}

#[test]
fn memory_has_the_bound_that_is_documented() {
    let costs: Vec<_> = hungry_devices()
        .iter()
        .map(|scene| (scene.name, scene.memory_max(), scene.play()))
        .collect();
    for (name, bound, costs) in &costs {
        for cost in costs {
            let (kept, set_aside) = (cost.kept, cost.set_aside);
            println!(
                "{name}: {kept} kept, {set_aside} set aside, {bound} allowed, {}",
                cost.errno
            );
            assert!(kept <= *bound, "{name}: {kept} bytes of {bound}");
            assert!(
                set_aside <= 2 * bound,
                "{name}: {set_aside} bytes set aside"
            );
        }
    }
    // They do try.
    let most = |(_, bound, costs): &(_, usize, Vec<Cost>)| {
        costs.iter().map(|cost| 100 * cost.kept / bound).max()
    };
    assert!(costs.iter().filter_map(most).max() >= Some(75));
}

/// Devices that send as much as they can.
fn hungry_devices() -> Vec<Scene> {
    let longest = || Config {
        chain: ChainShape {
            // The parsers of certificates take 64 KiB.
            certificates: 6,
            bytes: Some(CHAIN_LEN_MAX as usize),
            ..Config::default().chain
        },
        ..quick()
    };
    // With header, nonce, context and signature
    let message = "measurements:long-record=130900";
    vec![
        Scene::new("the longest chain", longest(), &[]),
        Scene::new("and the longest message", longest(), &[message]),
        Scene::new(
            "and that again, for it has forgotten all",
            longest(),
            &[message, "measurements:error-request-resynch@1"],
        ),
        Scene::new(
            "single bytes",
            Config {
                portion: 1,
                ..longest()
            },
            &[],
        ),
        Scene::new(
            "single bytes in chunks",
            Config {
                send_size: 42,
                ..longest()
            },
            &[message],
        ),
        Scene::new(
            "one transfer that exceeds everything",
            longest(),
            &["measurements:long-record=1000000"],
        )
        .with_transfers_of(DATA_TRANSFER_SIZE_MAX),
        Scene::new(
            "as much of it as is taken",
            longest(),
            &["measurements:long-record=250000"],
        )
        .with_transfers_of(DATA_TRANSFER_SIZE_MAX),
        Scene::new(
            "the same in chunks",
            Config {
                send_size: 4600,
                ..longest()
            },
            &["measurements:long-record=250000"],
        )
        .with_transfers_of(DATA_TRANSFER_SIZE_MAX),
        Scene::new("eight slots", longest(), &[message]).with_all_slots(),
    ]
}

#[test]
fn time_has_the_bound_that_is_documented() {
    let mut longest = 0;
    for scene in slow_devices() {
        let name = scene.faults.join(" ");
        for cost in scene.play() {
            let (time_us, bound) = (cost.time_us, scene.time_max());
            assert!(time_us <= bound, "{name}: {time_us} us of {bound}");
            if scene.further == 0 {
                longest = longest.max(time_us);
            }
        }
    }
    // They do try.
    assert!(
        longest >= Budget::AUTHENTICATE.time_us - EXCHANGE_US,
        "{longest} us"
    );
}

/// Devices that take as long as they can.
fn slow_devices() -> Vec<Scene> {
    let scene = |config, faults: Vec<String>| Scene {
        faults,
        exchange_us: EXCHANGE_US,
        ..Scene::new("", config, &[])
    };
    let everywhere = |what: &str| MESSAGES.map(|message| format!("{message}:{what}")).to_vec();
    let few_at_once = |size| Config {
        send_size: size,
        transfer_size: size,
        ..quick()
    };
    let mut scenes = vec![];
    for config in [quick(), few_at_once(64)] {
        // As often as is tolerated, at each request
        scenes.push(scene(config.clone(), everywhere("error-busy@1-16")));
        scenes.push(scene(config.clone(), everywhere("error-busy@1-5")));
        // A millisecond to half an hour
        for exponent in 10..=31 {
            let what = format!("error-response-not-ready={exponent}@1-2");
            scenes.push(scene(config.clone(), everywhere(&what)));
            // For ever
            let fault = format!("challenge:error-response-not-ready={exponent}");
            scenes.push(scene(config.clone(), vec![fault]));
        }
    }
    let both = vec![
        "digests:error-busy@1-10".to_owned(),
        "digests:error-response-not-ready=22@11-13".to_owned(),
    ];
    scenes.push(scene(quick(), both));
    let single_bytes = vec!["certificate:one-byte-portions".to_owned()];
    scenes.push(scene(quick(), single_bytes.clone()));
    scenes.push(scene(quick(), single_bytes).with_all_slots());
    scenes.push(scene(quick(), everywhere("error-busy@1-5")).with_all_slots());
    scenes
}

/// Stems of all messages that carry no others.
const MESSAGES: [&str; 7] = [
    "version",
    "capabilities",
    "algorithms",
    "digests",
    "certificate",
    "challenge",
    "measurements",
];

/// A device whose keys are made in no time.
fn quick() -> Config {
    Config {
        asym: vec![Asym::EcdsaP256],
        // As much as the requester takes
        message_size: u32::MAX,
        ..Config::default()
    }
}

/// Longest time that an exchange may take with DOE.
const EXCHANGE_US: u64 = DOE_TIMEOUT.as_micros() as u64;

/// What the requester works with.
struct World<'s>(std::marker::PhantomData<&'s ()>);

impl<'s> Environment for World<'s> {
    type Transport = Slow<'s>;
    type Clock = Watch;
    type Crypto = RustCrypto;
    type Store = Shelf;
    type Buffer = Vec<u8>;
}

/// A transport that takes its time.
struct Slow<'s> {
    socket: &'s mut Socket,
    exchange_us: u64,
    now_us: Rc<Cell<u64>>,
}

impl Transport for Slow<'_> {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        self.now_us.set(self.now_us.get() + self.exchange_us);
        self.socket.exchange(request, response)
    }
}

struct Watch(Rc<Cell<u64>>);

impl Clock for Watch {
    fn now_us(&self) -> u64 {
        self.0.get()
    }

    fn wait_us(&mut self, us: u64) -> Result<(), Fault> {
        self.0.set(self.0.get() + us);
        Ok(())
    }
}
