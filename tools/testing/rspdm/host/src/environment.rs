// SPDX-License-Identifier: GPL-2.0

//! Memory, time, and the bundle of everything that a run needs.

use std::{
    marker::PhantomData,
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use rspdm_proto::proto::{
    error::Fault,
    requester::{
        connection::{
            Connection,
            Evidence, //
        },
        Clock,
        Environment,
        Memory,
        Resources,
        Store,
        Transport, //
    },
    slot::PerSlot,
};

use crate::crypto::{
    Key,
    RustCrypto, //
};

/// DataTransferSize by default, in bytes: the largest that QEMU's mailbox delivers.
pub const DATA_TRANSFER_SIZE: usize = 4600;

/// Memory that grows.
#[derive(Clone, Debug, Default)]
pub struct VecStore(Vec<u8>);

impl VecStore {
    /// Everything that was put into it.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Store for VecStore {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.0.extend(bytes);
        Ok(())
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// The system's clock.
#[derive(Clone, Debug)]
pub struct StdClock(Instant);

impl Default for StdClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for StdClock {
    fn now_us(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn wait_us(&mut self, us: u64) -> Result<(), Fault> {
        thread::sleep(Duration::from_micros(us));
        Ok(())
    }
}

/// User space, with a transport and a clock of one's choice.
pub struct Host<T, C = StdClock>(PhantomData<(T, C)>);

impl<T: Transport, C: Clock> Environment for Host<T, C> {
    type Transport = T;
    type Clock = C;
    type Crypto = RustCrypto;
    type Store = VecStore;
    type Buffer = Vec<u8>;
}

/// What a run finds in user space.
pub type HostEvidence = Evidence<Key, VecStore>;

/// The connection that it leaves.
pub type HostConnection = Connection<Key, VecStore>;

/// What a run works with, over `transport` and with `data_transfer_size` bytes for a response.
pub fn resources<T: Transport, C: Clock>(
    transport: T,
    clock: C,
    data_transfer_size: usize,
) -> Resources<Host<T, C>> {
    Resources {
        transport,
        clock,
        crypto: RustCrypto::new(),
        memory: Memory {
            vca: VecStore::default(),
            chains: PerSlot::default(),
            transcript: VecStore::default(),
            measurements: VecStore::default(),
        },
        buffer: vec![0; data_transfer_size],
        assembly: VecStore::default(),
    }
}
