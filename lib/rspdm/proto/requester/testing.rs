// SPDX-License-Identifier: GPL-2.0

//! Fakes of everything that a run needs, and runs with them.
//!
//! The hash is a toy, and a signature is the digest twice: what is tested is what the requester
//! makes of them.

use core::cell::{
    Cell,
    RefCell, //
};

use super::{
    connection::{
        ConnectionOf,
        EvidenceOf, //
    },
    testing_chunks::EditChunk,
    testing_device::{
        Bytes,
        Device,
        Edit, //
    },
    Clock,
    Environment,
    Freshness,
    Memory,
    Policy,
    Requester,
    Resources,
    Store, //
};
use crate::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash, //
    },
    crypto::{
        digest,
        ChainError,
        Crypto,
        Digest,
        Hasher,
        Leaf,
        Links,
        SigningInput,
        Verdict, //
    },
    error::{
        Error,
        Fault,
        Part, //
    },
    record::{
        Record,
        Stats, //
    },
    slot::PerSlot,
    wire::cert_chain::Certificates, //
};

/// What is wrong with the environment, when something shall be.
pub(super) const FAULT: Fault = Fault::new(-77);

/// What makes a run fresh.
pub(super) const FRESHNESS: Freshness = Freshness {
    nonce: [0x55; 32],
    context: *b"CONTEXT8",
};

/// What makes the run after it fresh.
const LATER: Freshness = Freshness {
    nonce: [0x66; 32],
    context: *b"context9",
};

/// A hash that keeps tests from mixing things up, and nobody else from anything: FNV-1a.
pub(super) struct ToyHasher(u64);

impl Hasher for ToyHasher {
    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(self) -> Digest {
        let mut digest = [0; 32];
        let words = [0, 16, 32, 48].map(|bits| self.0.rotate_left(bits).to_le_bytes());
        let bytes = words.iter().flatten();
        digest
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        Digest::from(digest)
    }
}

pub(super) fn toy_digest(bytes: &[u8]) -> Digest {
    let mut hasher = ToyHasher(0xcbf2_9ce4_8422_2325);
    hasher.update(bytes);
    hasher.finish()
}

/// Cryptography, such as it is.
#[derive(Clone, Copy)]
pub(super) struct Toys {
    /// What [`Crypto::leaf_key`] says.
    pub(super) leaf: Result<Leaf<()>, ChainError>,
    /// What [`Crypto::check_links`] says.
    pub(super) links: Result<Links, ChainError>,
    /// Whether hashing fails.
    pub(super) is_broken: bool,
}

impl Toys {
    pub(super) const HONEST: Self = Self {
        leaf: Ok(Leaf {
            key: (),
            links: Self::LINKS,
        }),
        links: Ok(Self::LINKS),
        is_broken: false,
    };

    /// Nothing is wrong with the links.
    pub(super) const LINKS: Links = Links {
        first_is_root: true,
        unverified_links: 0,
    };
}

impl Crypto for Toys {
    type Hasher = ToyHasher;
    type Key = ();

    fn hasher(&self, _hash: BaseHash) -> Result<ToyHasher, Fault> {
        if self.is_broken {
            return Err(FAULT);
        }
        Ok(ToyHasher(0xcbf2_9ce4_8422_2325))
    }

    fn check_links(&mut self, _: Certificates<'_>) -> Result<Links, ChainError> {
        self.links
    }

    fn leaf_key(&mut self, _: Certificates<'_>, _: AsymAlgo) -> Result<Leaf<()>, ChainError> {
        self.leaf
    }

    fn verify(
        &self,
        _key: &(),
        _asym: AsymAlgo,
        input: &SigningInput,
        signature: &[u8],
    ) -> Result<Verdict, Fault> {
        let SigningInput::Digest { digest, .. } = input else {
            return Err(FAULT);
        };
        let (first, second) = signature.split_at_checked(32).ok_or(FAULT)?;
        Ok(if *digest == *first && *digest == *second {
            Verdict::Valid
        } else {
            Verdict::Invalid
        })
    }
}

impl<const N: usize> Store for Bytes<N> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.push(bytes).then_some(()).ok_or(FAULT)
    }

    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }

    fn clear(&mut self) {
        self.truncate(0);
    }
}

/// A clock that goes on whenever it is looked at.
pub(super) struct Ticking {
    now_us: Cell<u64>,
    tick_us: u64,
    is_interrupted: bool,
}

impl Clock for Ticking {
    fn now_us(&self) -> u64 {
        let now = self.now_us.get().saturating_add(self.tick_us);
        self.now_us.set(now);
        now
    }

    fn wait_us(&mut self, us: u64) -> Result<(), Fault> {
        self.now_us.set(self.now_us.get().saturating_add(us));
        if self.is_interrupted {
            return Err(FAULT);
        }
        Ok(())
    }
}

/// The environment.
pub(super) struct Fake<'a>(core::marker::PhantomData<&'a ()>);

impl<'a> Environment for Fake<'a> {
    type Transport = &'a RefCell<Device>;
    type Clock = Ticking;
    type Crypto = Toys;
    type Store = &'a mut dyn Store;
    type Buffer = &'a mut [u8];
}

/// Memory for one run, `N` bytes of it for the challenge transcript.
struct Room<const N: usize> {
    buffer: [u8; 160],
    vca: Bytes<160>,
    /// The device has chains in slots 0 and 2.
    chains: [Bytes<64>; 3],
    no_chains: [Bytes<0>; 5],
    transcript: Bytes<N>,
    measurements: Bytes<320>,
    assembly: Bytes<160>,
}

impl<const N: usize> Room<N> {
    const EMPTY: Self = Self {
        buffer: [0; 160],
        vca: Bytes::EMPTY,
        chains: [Bytes::EMPTY; 3],
        no_chains: [Bytes::EMPTY; 5],
        transcript: Bytes::EMPTY,
        measurements: Bytes::EMPTY,
        assembly: Bytes::EMPTY,
    };

    fn resources<'a>(
        &'a mut self,
        scene: &Scene,
        device: &'a RefCell<Device>,
    ) -> Resources<Fake<'a>> {
        let [a, b, c] = &mut self.chains;
        let [d, e, f, g, h] = &mut self.no_chains;
        let chains: [&'a mut dyn Store; 8] = [a, b, c, d, e, f, g, h];
        Resources {
            transport: device,
            clock: Ticking {
                now_us: Cell::new(0),
                tick_us: scene.tick_us,
                is_interrupted: scene.is_interrupted,
            },
            crypto: scene.crypto,
            memory: Memory {
                vca: &mut self.vca,
                chains: PerSlot::new(chains),
                transcript: &mut self.transcript,
                measurements: &mut self.measurements,
            },
            buffer: self.buffer.get_mut(..scene.buffer_len).unwrap_or_default(),
            assembly: &mut self.assembly,
        }
    }
}

/// Memory that is not of the stack, which is small in the kernel.
#[cfg(test)]
type Heap<T> = std::boxed::Box<T>;
#[cfg(not(test))]
type Heap<T> = kernel::alloc::KBox<T>;
#[cfg(not(test))]
use kernel::alloc::flags::GFP_KERNEL;

// Not inlined, so that what is put there is on the stack no longer than that.
#[inline(never)]
fn empty_room<const N: usize>() -> Option<Heap<Room<N>>> {
    #[cfg(test)]
    let room = Some(Heap::new(Room::EMPTY));
    #[cfg(not(test))]
    let room = Heap::new(Room::EMPTY, GFP_KERNEL).ok();
    room
}

#[inline(never)]
fn new_device(scene: &Scene) -> Option<Heap<RefCell<Device>>> {
    #[cfg(test)]
    let device = Some(Heap::new(RefCell::new(Device::new(scene))));
    #[cfg(not(test))]
    let device = Heap::new(RefCell::new(Device::new(scene)), GFP_KERNEL).ok();
    device
}

/// No test expects this.
const NO_MEMORY: Error = Error::Environment {
    part: Part::Memory,
    fault: Fault::new(-12),
};

/// A test's wishes.
#[derive(Clone, Copy)]
pub(super) struct Scene {
    pub(super) is_silent: bool,
    pub(super) edit: Edit,
    pub(super) damage: Edit,
    /// Most bytes that the device sends at once; 0 if it knows no chunks.
    pub(super) chunk_len: usize,
    pub(super) edit_chunk: EditChunk,
    pub(super) crypto: Toys,
    pub(super) policy: Policy,
    pub(super) buffer_len: usize,
    pub(super) tick_us: u64,
    pub(super) is_interrupted: bool,
}

impl Scene {
    /// Nothing is wrong.
    pub(super) const HONEST: Self = Self {
        is_silent: false,
        edit: |_| (),
        damage: |_| (),
        chunk_len: 0,
        edit_chunk: |_| (),
        crypto: Toys::HONEST,
        policy: Policy::DEFAULT,
        buffer_len: 160,
        tick_us: 1,
        is_interrupted: false,
    };

    /// Authenticates the device, with `N` bytes for the transcript, and looks at the evidence.
    ///
    #[inline(never)]
    pub(super) fn look_in<const N: usize, R>(
        &self,
        look: impl FnOnce(&EvidenceOf<Fake<'_>>) -> R,
    ) -> (Result<R, Error>, Stats) {
        let (Some(mut room), Some(device)) = (empty_room::<N>(), new_device(self)) else {
            return (Err(NO_MEMORY), Stats::default());
        };
        let (result, stats) = self.run(&mut room, &device, None);
        (result.map(|evidence| look(&evidence)), stats)
    }

    /// Authenticates the device, with memory enough, and looks at the evidence.
    pub(super) fn look<R>(
        &self,
        look: impl FnOnce(&EvidenceOf<Fake<'_>>) -> R,
    ) -> (Result<R, Error>, Stats) {
        self.look_in::<512, R>(look)
    }

    /// Authenticates the device, with memory enough.
    pub(super) fn play(&self) -> (Result<Record, Error>, Stats) {
        self.look(|evidence| *evidence.record())
    }

    /// Authenticates the device, then refreshes its evidence as `then` has it, and looks at that.
    ///
    /// The cost is that of the second time only.
    #[inline(never)]
    pub(super) fn look_again<R>(
        &self,
        then: &Self,
        look: impl FnOnce(&EvidenceOf<Fake<'_>>) -> R,
    ) -> (Result<R, Error>, Stats) {
        let rooms = (empty_room::<512>(), empty_room::<512>());
        let ((Some(mut first), Some(mut second)), Some(device)) = (rooms, new_device(self)) else {
            return (Err(NO_MEMORY), Stats::default());
        };
        let connection = match self.run(&mut first, &device, None).0 {
            Ok(evidence) => evidence.connection,
            Err(error) => return (Err(error), Stats::default()),
        };
        device.borrow_mut().go_on(then);
        let (result, stats) = then.run(&mut second, &device, Some(connection));
        (result.map(|evidence| look(&evidence)), stats)
    }

    #[inline(never)]
    fn run<'a, const N: usize>(
        &self,
        room: &'a mut Room<N>,
        device: &'a RefCell<Device>,
        connection: Option<ConnectionOf<Fake<'a>>>,
    ) -> (Result<EvidenceOf<Fake<'a>>, Error>, Stats) {
        match Requester::new(room.resources(self, device), self.policy) {
            Ok(requester) if connection.is_some() => requester.run(connection, &LATER),
            Ok(requester) => requester.authenticate(&FRESHNESS),
            Err(error) => (Err(error), Stats::default()),
        }
    }

    /// How it ends.
    pub(super) fn error(&self) -> Option<Error> {
        self.play().0.err()
    }
}

/// A scene in which the device says something else.
pub(super) fn scene(edit: Edit) -> Scene {
    Scene {
        edit,
        ..Scene::HONEST
    }
}

/// A scene in which something happens to what the device says, of which it does not know.
pub(super) fn damaged(damage: Edit) -> Scene {
    Scene {
        damage,
        ..Scene::HONEST
    }
}

/// How it ends if the device says something else than an honest one before it signs.
pub(super) fn edited(edit: Edit) -> Option<Error> {
    let scene = Scene {
        edit,
        ..Scene::HONEST
    };
    scene.error()
}

/// Checks that the toy is of use: other bytes have another digest.
pub(super) fn toys_work() -> bool {
    let whole = digest(&Toys::HONEST, BaseHash::Sha256, &[b"ab", b"c"]);
    whole == Ok(toy_digest(b"abc")) && whole != Ok(toy_digest(b"abd"))
}
