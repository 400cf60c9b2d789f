// SPDX-License-Identifier: GPL-2.0

//! The protocol, pure: parsers, transcripts, and the requester's steps.
//!
//! Everything here works on bytes that were handed in, and on traits that the environment
//! implements: there is no I/O, no allocation, no logging, no clock and no randomness. So the same
//! files run in the kernel, in user-space tests and under fuzzers.
//!
//! ```text
//!   requester --> transcript, signing, negotiated, record --> wire --> algorithm, limits, error
//! ```
//!
//! Arrows never point back; nothing here knows who uses it.
//!
//! Nothing here can panic, whatever the device sends: there is no indexing, no arithmetic that can
//! overflow, and no unwrapping.

#![cfg_attr(not(CONFIG_RSPDM_KUNIT_TEST), forbid(unsafe_code))]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used
)]
// What one environment uses is unused in another: the kernel has its own names for errors, user
// space for keys. Both see the whole of the module as its public face.
#![allow(unreachable_pub)]
#![allow(dead_code)]

pub mod algorithm;
pub mod capability;
pub mod crypto;
pub mod error;
pub mod key;
pub mod limits;
pub mod message;
pub mod negotiated;
pub mod preference;
pub mod record;
pub mod requester;
pub mod signing;
pub mod slot;
mod transcript;
pub mod version;
pub mod wire;
