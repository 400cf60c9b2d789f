// SPDX-License-Identifier: GPL-2.0

//! A device to test SPDM requesters with.
//!
//! It answers SPDM 1.0 to 1.4 over the socket protocol of DMTF's emulator, so
//! that QEMU can put it behind the DOE mailbox of an emulated device and other
//! requesters can reach it directly. It is honest unless told otherwise: each
//! [`fault`] makes it break one rule.
//!
//! It is written from the standard alone and shares nothing with the
//! requester in `lib/rspdm/proto`; both would have to be wrong in the same way
//! for an error to stay unseen. The keys are public: see `keys/README`.
//!
//! | module | knows |
//! |---|---|
//! | [`server`], [`socket`], [`doe`], [`pcap`] | how messages travel |
//! | [`connection`], [`negotiated`], [`signing`] | order, transcripts, signatures |
//! | [`chunk`] | large messages on their way |
//! | [`message`] | each message's fields |
//! | [`layout`] | each field's length and rule |
//! | [`fault`] | what can go wrong |
//! | [`suite`] | how it has to end, with any requester |
//! | [`config`], [`device`], [`random`] | what the device is |
//! | [`authority`], [`keys`], [`der`] | how it came to its certificates |
//! | [`algorithm`] | bits, sizes and names of algorithms |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod algorithm;
pub mod authority;
pub mod chunk;
pub mod config;
pub mod connection;
pub mod der;
pub mod device;
pub mod doe;
pub mod fault;
pub mod keys;
pub mod layout;
pub mod message;
pub mod negotiated;
pub mod pcap;
pub mod random;
pub mod server;
pub mod signing;
pub mod socket;
pub mod suite;
pub mod truth;
