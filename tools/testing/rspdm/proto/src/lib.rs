// SPDX-License-Identifier: GPL-2.0

//! The protocol code of `lib/rspdm`, built for user space.
//!
//! There is no code here: every file of the module is the kernel's.

#![cfg_attr(not(test), no_std)]

#[path = "../../../../../lib/rspdm/proto/mod.rs"]
pub mod proto;

pub use proto::*;
