// SPDX-License-Identifier: GPL-2.0

//! What tests need.

// Each test file uses its own part of what is here.
#![allow(dead_code)]

pub mod device;
pub mod pki;
