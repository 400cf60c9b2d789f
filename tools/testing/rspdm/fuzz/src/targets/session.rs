// SPDX-License-Identifier: GPL-2.0

//! The whole requester, against a device that says what was recorded but for a few lies.
//!
//! The input is what the requester wants, what its surroundings do, and the lies. Whatever the
//! device says, the requester ends within its budget and its memory, succeeds only if the signature
//! was verified, and its evidence is what was said.

use std::{
    cell::{
        Cell,
        RefCell, //
    },
    rc::Rc,
};

use kernel::validate::Untrusted;
use rspdm_host::crypto::RustCrypto;
use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    crypto::{
        ChainError,
        Crypto,
        Leaf,
        Links,
        SigningInput,
        Verdict, //
    },
    error::Fault,
    limits::{
        Budget,
        CHAIN_LEN_MAX,
        REQUEST_LEN_MAX,
        RUN_MEMORY_MAX, //
    },
    requester::{
        connection::ConnectionOf,
        connection::EvidenceOf,
        Clock,
        Environment,
        Freshness,
        Memory,
        Policy,
        Requester,
        Resources,
        Store,
        Transport, //
    },
    slot::{
        PerSlot,
        SlotChoice,
        SlotId,
        SlotMask, //
    },
    version::{
        Version,
        VersionSet, //
    },
    wire::cert_chain::Certificates,
};

use super::take;
use crate::{
    model,
    peer::{
        Lie,
        Peer,
        What, //
    },
    recorded::{
        self,
        Recorded, //
    },
};

/// Runs the requester, and again on the connection that it made.
pub fn run(mut input: &[u8]) {
    thread_local! {
        static RECORDED: Vec<Rc<Recorded>> = recorded::all().into_iter().map(Rc::new).collect();
    }
    let wish = Wish::from_bytes(take(&mut input));
    let recorded = RECORDED.with(|all| all[usize::from(wish.session) % all.len()].clone());
    let mut lies = vec![];
    while !input.is_empty() && lies.len() < LIES_MAX {
        lies.push(lie(&mut input));
    }
    Scene::new(wish, recorded, lies).play();
}

/// Every session as it was; and each with one of its answers changed in one way.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![];
    for session in 0..recorded::all().len() as u8 {
        for transfer in 0..TRANSFER_SIZES.len() as u8 {
            seeds.push(vec![session, transfer, 0, 0, 0, 0, 0, 1]);
        }
        // A device that takes so little at once that requests go in chunks.
        seeds.push(vec![session, 0, 0, 0, 0, 0, 0, 1, 1, 3, 12, 0, 42, 0, 0, 0]);
        for answer in 0..10 {
            for code in [0x03, 0x42, 0x0f, 0x43, 0x10] {
                seeds.push(vec![session, 0, 0, 0, 0, 0, 0, 1, answer, 8, code, 0, 1]);
            }
            seeds.push(vec![session, 0, 0, 0, 0, 0, 0, 1, answer, 11]);
        }
    }
    seeds
}

/// Most lies of an input.
const LIES_MAX: usize = 24;

/// Sizes of the requester's buffer.
const TRANSFER_SIZES: [usize; 8] = [4600, 42, 44, 64, 100, 300, 1024, 70_000];

/// What the requester wants, and what its surroundings do.
#[derive(Clone, Copy, Debug)]
struct Wish {
    session: u8,
    transfer_size: usize,
    /// Versions that it does not speak, bit 0 for 1.0.
    without_versions: u8,
    /// The slot to authenticate, if it is not the recorded one.
    slot: Option<SlotId>,
    further: SlotMask,
    crypto: u8,
    /// After how many times there is no more memory.
    memory: Option<u8>,
    /// How often it goes on with the connection.
    refreshes: u8,
    is_poor: bool,
    /// Whether waiting is interrupted.
    is_interrupted: bool,
}

impl Wish {
    fn from_bytes(
        [session, transfer, versions, slot, further, crypto, memory, more]: [u8; 8],
    ) -> Self {
        let slot = usize::from(slot).checked_sub(1);
        Self {
            session,
            transfer_size: TRANSFER_SIZES[usize::from(transfer) % TRANSFER_SIZES.len()],
            without_versions: versions,
            slot: slot.map(|slot| SlotId::ALL[slot % 8]),
            further: SlotMask::from_wire(further),
            crypto,
            memory: (memory != 0).then_some(memory),
            refreshes: more & 3,
            is_poor: more & 4 != 0,
            is_interrupted: more & 8 != 0,
        }
    }

    fn policy(&self, recorded: &Recorded) -> Policy {
        let mut policy = recorded.session.policy;
        policy.further = self.further;
        let versions = Version::ALL.into_iter().enumerate();
        let versions = versions.filter(|(bit, _)| self.without_versions >> bit & 1 == 0);
        policy.versions = versions.fold(VersionSet::EMPTY, |set, (_, version)| set.with(version));
        policy.slot = self.slot.map_or(policy.slot, SlotChoice::Slot);
        if self.is_poor {
            policy.budget = Budget {
                exchanges: 9,
                bytes: 4000,
                time_us: 5_000_000,
            };
        }
        policy
    }

    fn can_succeed(&self) -> bool {
        self.crypto & 0x1f == 0
    }
}

fn lie(input: &mut &[u8]) -> Lie {
    let [answer, what, low, high, value] = take(input);
    let at = usize::from(u16::from_le_bytes([low, high]));
    let what_is = match what & 0x0f {
        0 => What::Byte(at, value),
        1 => What::Flip(at, value),
        2 => What::Short(at, u16::from_le_bytes([value, take::<1>(input)[0]])),
        3 => {
            let [second, third, fourth] = take(input);
            What::Long(at, u32::from_le_bytes([value, second, third, fourth]))
        }
        4 => What::Cut(at),
        5 => What::Remove(at, value.into()),
        6 => What::Insert(at, data(input, value)),
        7 => What::Replace(data(input, value)),
        8 => What::Error(low, [high, value, 0, 0]),
        9 => What::Error(low, take(input)),
        10 => What::Again,
        11 => What::Large,
        12 => What::Other(low),
        13 => What::Silence,
        14 => What::Late(1 << (value & 31)),
        // As with DOE: up to a dword, and perhaps too far.
        _ => What::Insert(usize::MAX, vec![low; usize::from(value & 7)]),
    };
    Lie {
        answer: answer.into(),
        is_for_ever: what & 0x80 != 0,
        what: what_is,
    }
}

fn data(input: &mut &[u8], len: u8) -> Vec<u8> {
    let (data, rest) = input.split_at(input.len().min(len.into()));
    *input = rest;
    data.to_vec()
}

/// A requester with its surroundings.
struct Scene {
    wish: Wish,
    recorded: Rc<Recorded>,
    peer: RefCell<Peer>,
    waited_us: Rc<Cell<u64>>,
    ledger: Rc<Ledger>,
}

impl Scene {
    fn new(wish: Wish, recorded: Rc<Recorded>, lies: Vec<Lie>) -> Self {
        let peer = Peer::new(recorded.clone(), lies, wish.transfer_size & !3);
        Self {
            wish,
            recorded,
            peer: RefCell::new(peer),
            waited_us: Rc::default(),
            ledger: Rc::new(Ledger {
                left: Cell::new(wish.memory),
                ..Ledger::default()
            }),
        }
    }

    fn play(&self) {
        let mut connection = None;
        let refreshes = self.recorded.session.refreshes.iter();
        let runs = [&self.recorded.session.freshness]
            .into_iter()
            .chain(refreshes);
        for freshness in runs.take(1 + usize::from(self.wish.refreshes)) {
            match self.run(connection, freshness) {
                Some(evidence) => connection = Some(evidence.connection),
                None => return,
            }
        }
    }

    fn run<'s>(
        &'s self,
        connection: Option<ConnectionOf<World<'s>>>,
        freshness: &Freshness,
    ) -> Option<EvidenceOf<World<'s>>> {
        let store = || Shelf::new(&self.ledger);
        let policy = self.wish.policy(&self.recorded);
        let resources = Resources {
            transport: Wire(&self.peer),
            clock: Watch {
                peer: &self.peer,
                waited_us: self.waited_us.clone(),
                is_interrupted: self.wish.is_interrupted,
            },
            crypto: Stub(self.wish.crypto),
            memory: Memory {
                vca: store(),
                chains: PerSlot::new([(); 8].map(|()| store())),
                transcript: store(),
                measurements: store(),
            },
            buffer: vec![0; self.wish.transfer_size],
            assembly: store(),
        };
        let (exchanges, time_us) = (self.peer.borrow().count(), self.time_us());
        self.ledger.most.set(0);
        let Ok(requester) = Requester::<World<'_>>::new(resources, policy) else {
            // Whole dwords of the buffer are used.
            assert!(policy.versions.is_empty() || self.wish.transfer_size < 44);
            return None;
        };
        let (result, stats) = requester.run(connection, freshness);

        let budget = policy.budget.with_further_slots(policy.further.count());
        let made = self.peer.borrow().count() - exchanges;
        assert_eq!(made, stats.exchanges as usize);
        assert!(stats.exchanges <= budget.exchanges);
        // One exchange may exceed it by what it brings.
        let bytes = stats.sent as usize + stats.received as usize;
        assert!(bytes <= budget.bytes as usize + self.wish.transfer_size);
        let late = self.peer.borrow().time_us;
        assert!(self.time_us() - time_us <= budget.time_us + late);
        let slots = policy.further.count() + 1;
        let memory = RUN_MEMORY_MAX + slots * (CHAIN_LEN_MAX + Budget::FURTHER_SLOT.bytes);
        assert!(self.ledger.most.get() <= memory as usize);
        match result {
            Ok(evidence) => {
                assert!(self.wish.can_succeed());
                self.check(&evidence, freshness);
                Some(evidence)
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                None
            }
        }
    }

    fn time_us(&self) -> u64 {
        self.waited_us.get() + self.peer.borrow().time_us
    }

    /// The evidence is what was said, and its layout is that of the evidence.
    fn check(&self, evidence: &EvidenceOf<World<'_>>, freshness: &Freshness) {
        let record = evidence.record();
        let vca = evidence.connection.vca();
        let signature_len = model::signature_len(record.state.algorithms.asym);
        let transcript = evidence.transcript.bytes();
        let layout = record.layout;
        assert!(transcript.starts_with(vca) && layout.vca_len == vca.len());
        assert_eq!(transcript[layout.requester_nonce..][..32], freshness.nonce);
        assert!(layout.responder_nonce + 32 <= layout.signature);
        assert_eq!(layout.signature_len, signature_len);
        assert_eq!(layout.signature + signature_len, transcript.len());
        self.check_last(&transcript[layout.requester_nonce - 4..]);
        let chain = evidence.connection.chain(record.chain.slot);
        assert_eq!(recorded::u32_at(chain, 0) as usize, chain.len());
        let Some(facts) = record.measurements else {
            assert!(evidence.measurements.bytes().is_empty());
            return;
        };
        let (layout, transcript) = (facts.layout, evidence.measurements.bytes());
        assert_eq!(&transcript[..layout.vca_len], &vca[..layout.vca_len]);
        assert_eq!(layout.signature + layout.signature_len, transcript.len());
        assert!(layout.responder_nonce + 32 <= layout.signature);
        assert_eq!(facts.is_signed(), layout.requester_nonce.is_some());
        if let Some(nonce) = layout.requester_nonce {
            assert_eq!(transcript[nonce..][..32], freshness.nonce);
            assert_eq!(layout.signature_len, signature_len);
        }
        self.check_last(&transcript[layout.vca_len..]);
    }

    /// A request and its response end a transcript: that is what was said, without padding.
    fn check_last(&self, exchange: &[u8]) {
        let peer = self.peer.borrow();
        let has_chunks = peer
            .said
            .iter()
            .any(|said| matches!(said.get(1), Some(0x05 | 0x06)));
        let ends = |said: &Vec<u8>| {
            let paddings = 0..=said.len().min(3);
            said.len() > 4
                && paddings
                    .into_iter()
                    .any(|padding| exchange.ends_with(&said[..said.len() - padding]))
        };
        assert!(has_chunks || peer.said.iter().any(ends));
    }
}

/// What the requester works with.
struct World<'s>(std::marker::PhantomData<&'s ()>);

impl<'s> Environment for World<'s> {
    type Transport = Wire<'s>;
    type Clock = Watch<'s>;
    type Crypto = Stub;
    type Store = Shelf;
    type Buffer = Vec<u8>;
}

struct Wire<'s>(&'s RefCell<Peer>);

impl Transport for Wire<'_> {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        assert!((4..=REQUEST_LEN_MAX).contains(&request.len()));
        let mut peer = self.0.borrow_mut();
        let said = peer.exchange(request).ok_or(FAULT)?;
        let len = said.len().min(response.len());
        response[..len].copy_from_slice(&said[..len]);
        Ok(Untrusted::from_ref(&response[..len]))
    }
}

struct Watch<'s> {
    peer: &'s RefCell<Peer>,
    waited_us: Rc<Cell<u64>>,
    is_interrupted: bool,
}

impl Clock for Watch<'_> {
    fn now_us(&self) -> u64 {
        self.waited_us.get() + self.peer.borrow().time_us
    }

    fn wait_us(&mut self, us: u64) -> Result<(), Fault> {
        if self.is_interrupted {
            return Err(FAULT);
        }
        self.waited_us.set(self.waited_us.get() + us);
        Ok(())
    }
}

/// What all stores hold together.
#[derive(Default)]
struct Ledger {
    now: Cell<usize>,
    most: Cell<usize>,
    /// How often bytes may be put somewhere.
    left: Cell<Option<u8>>,
}

struct Shelf {
    bytes: Vec<u8>,
    ledger: Rc<Ledger>,
}

impl Shelf {
    fn new(ledger: &Rc<Ledger>) -> Self {
        Self {
            bytes: vec![],
            ledger: ledger.clone(),
        }
    }
}

impl Store for Shelf {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if let Some(left) = self.ledger.left.get() {
            self.ledger
                .left
                .set(Some(left.checked_sub(1).ok_or(FAULT)?));
        }
        self.bytes.extend(bytes);
        let now = self.ledger.now.get() + bytes.len();
        self.ledger.now.set(now);
        self.ledger.most.set(self.ledger.most.get().max(now));
        Ok(())
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn clear(&mut self) {
        self.ledger
            .now
            .set(self.ledger.now.get() - self.bytes.len());
        self.bytes.clear();
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Hashes as they are, but signatures and certificates as a byte says.
struct Stub(u8);

impl Stub {
    fn links(&self, chain: Certificates<'_>) -> Result<Links, ChainError> {
        let position = chain.count() - 1;
        match self.0 & 7 {
            0 => Ok(Links {
                first_is_root: self.0 & 0x20 == 0,
                unverified_links: usize::from(self.0 & 0x40 != 0),
            }),
            1 => Err(ChainError::Malformed { position }),
            2 => Err(ChainError::Link { position }),
            3 => Err(ChainError::Unusable { position }),
            4 => Err(ChainError::LeafKey),
            5 => Err(ChainError::LeafUsage),
            6 => Err(ChainError::Identity(FAULT)),
            _ => Err(ChainError::Fault(FAULT)),
        }
    }
}

impl Crypto for Stub {
    type Hasher = <RustCrypto as Crypto>::Hasher;
    type Key = ();

    fn hasher(&self, hash: BaseHash) -> Result<Self::Hasher, Fault> {
        if self.0 & 0x18 == 0x18 {
            return Err(FAULT);
        }
        RustCrypto::new().hasher(hash)
    }

    fn check_links(&mut self, chain: Certificates<'_>) -> Result<Links, ChainError> {
        self.links(chain)
    }

    fn leaf_key(
        &mut self,
        chain: Certificates<'_>,
        _asym: AsymAlgo,
    ) -> Result<Leaf<()>, ChainError> {
        let links = self.links(chain)?;
        Ok(Leaf { key: (), links })
    }

    fn verify(
        &self,
        _key: &(),
        asym: AsymAlgo,
        _input: &SigningInput,
        signature: &[u8],
    ) -> Result<Verdict, Fault> {
        assert_eq!(signature.len(), model::signature_len(asym));
        match self.0 & 0x18 {
            0x08 => Ok(Verdict::Invalid),
            0x10 => Err(FAULT),
            _ => Ok(Verdict::Valid),
        }
    }
}

const FAULT: Fault = Fault::new(5);
