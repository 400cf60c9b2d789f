// SPDX-License-Identifier: GPL-2.0

//! Stand-in for the `kernel` crate: only what is pure enough to run in user space.
//!
//! The files are the kernel's own, so that user-space tests and fuzzers exercise
//! the very code that the kernel runs.

#![no_std]

// Tests and documentation say `kernel::validate`, as they do in the kernel.
extern crate self as kernel;

#[path = "../../../../../rust/kernel/validate.rs"]
pub mod validate;
