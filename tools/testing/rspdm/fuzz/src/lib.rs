// SPDX-License-Identifier: GPL-2.0

//! Hostile bytes for the parsers and the requester of `lib/rspdm/proto`, and for the programs
//! around it.
//!
//! | module | what it has |
//! |---|---|
//! | [`targets`] | what is done with bytes, and what must hold whatever they are |
//! | [`model`] | a second opinion on every message |
//! | [`peer`] | a device that says what was recorded, and lies on demand |
//! | [`recorded`] | the sessions in `vectors`, message by message |
//! | [`corpus`] | bytes that were worth keeping, in text files |
//!
//! A target is a function of bytes. libFuzzer calls it with bytes that it makes up (`run`), the
//! tests with those in `corpus`. The tests also enumerate what there is in small spaces of messages:
//! see `tests/enumerate`.

#![forbid(unsafe_code)]

pub mod corpus;
pub mod model;
pub mod peer;
pub mod recorded;
pub mod targets;
