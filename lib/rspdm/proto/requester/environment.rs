// SPDX-License-Identifier: GPL-2.0

//! What a run needs of its surroundings, as traits: the kernel and user space each have their own.

use core::ops::DerefMut;

use kernel::validate::Untrusted;

use crate::proto::{
    crypto::Crypto,
    error::Fault,
    slot::PerSlot, //
};

/// The means to exchange messages with the device.
pub trait Transport {
    /// Sends `request` and waits for its response.
    ///
    /// Writes the response to the start of `response` and returns that part of it. The response may
    /// be followed by padding, which is returned too. A response that is longer than `response` is
    /// cut; the message's own length will tell.
    ///
    /// # Errors
    ///
    /// If no response came.
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault>;
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        T::exchange(self, request, response)
    }
}

/// A clock that can be waited for.
pub trait Clock {
    /// Microseconds since some moment; never goes back.
    fn now_us(&self) -> u64;

    /// Waits for `us` microseconds or a little longer.
    ///
    /// # Errors
    ///
    /// If the wait was interrupted.
    fn wait_us(&mut self, us: u64) -> Result<(), Fault>;
}

/// Memory that grows with what is put into it.
///
/// How much that can be is bounded by [`limits`](crate::proto::limits): a chain by its greatest
/// length, a transcript by the budget's bytes and a signature, a response in chunks by the greatest
/// length of a message.
pub trait Store {
    /// Appends `bytes`, all or nothing.
    ///
    /// # Errors
    ///
    /// If there is no memory.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault>;

    /// Everything appended since the last [`Store::clear`].
    fn bytes(&self) -> &[u8];

    /// Forgets everything.
    fn clear(&mut self);
}

impl<S: Store + ?Sized> Store for &mut S {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        S::append(self, bytes)
    }

    fn bytes(&self) -> &[u8] {
        S::bytes(self)
    }

    fn clear(&mut self) {
        S::clear(self);
    }
}

/// The types that a run gets from its surroundings.
pub trait Environment {
    /// The means to exchange messages.
    type Transport: Transport;
    /// The clock.
    type Clock: Clock;
    /// Hashes, certificates, signatures.
    type Crypto: Crypto;
    /// Memory for chains and transcripts.
    type Store: Store;
    /// Memory for one transfer.
    type Buffer: DerefMut<Target = [u8]>;
}

/// Memory for what a run finds.
pub struct Memory<S> {
    /// For the messages from GET_VERSION to ALGORITHMS.
    pub vca: S,
    /// For certificate chains.
    pub chains: PerSlot<S>,
    /// For the challenge transcript.
    pub transcript: S,
    /// For the measurement transcript.
    pub measurements: S,
}

/// What a run works with.
pub struct Resources<E: Environment> {
    /// The means to exchange messages.
    pub transport: E::Transport,
    /// The clock.
    pub clock: E::Clock,
    /// Hashes, certificates, signatures.
    pub crypto: E::Crypto,
    /// Memory for what it finds.
    pub memory: Memory<E::Store>,
    /// Memory for one transfer. Its length, rounded down to whole dwords, is the DataTransferSize
    /// that the device is told: neither less nor more than [`limits`](crate::proto::limits) allows.
    /// It stays the same however small the device's own is.
    pub buffer: E::Buffer,
    /// Memory for a response that comes in several transfers; grows with what arrives of it.
    pub assembly: E::Store,
}
