// SPDX-License-Identifier: GPL-2.0

//! A user-space environment for the SPDM requester in `lib/rspdm/proto`.
//!
//! | module | implements |
//! |---|---|
//! | [`transport`] | `Transport` over the emulator socket protocol, with DOE objects in it |
//! | [`session`] | `Transport` that records, and one that replays what was recorded |
//! | [`crypto`] | `Crypto` by the RustCrypto crates |
//! | [`environment`] | `Store`, `Clock`, and the bundle of all of them |
//! | [`report`] | what a run found, for people and programs |
//! | [`names`] | names of versions and algorithms on command lines and in files |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod crypto;
pub mod environment;
pub mod names;
pub mod report;
pub mod session;
pub mod transport;
