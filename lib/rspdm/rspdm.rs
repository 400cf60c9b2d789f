// SPDX-License-Identifier: GPL-2.0

//! SPDM requester: asks a device to prove its identity. DMTF DSP0274, versions 1.0 to 1.4.
//!
//! # Threat model
//!
//! The device is hostile until it has proven otherwise, and everything that it sends is hostile. It
//! may lie in every field, contradict itself, answer too late, too long, in tiny pieces or not at
//! all, and be replaced while it speaks. Who puts it into a slot may know this code by heart.
//!
//! * It gains nothing by malformed messages: [`proto`] has no `unsafe` code and no path to a panic,
//!   and bytes from the device are of a type of their own until a parser has looked at all of them.
//! * It cannot cost more than [`proto::limits`] says: time, memory, exchanges, log lines.
//! * It cannot pass for another device: what it says is in the transcript that its leaf key signs,
//!   together with a nonce that it could not foresee.
//! * It cannot leave half an answer behind: evidence is complete and consistent, or not there.
//!
//! What is not defended against: a device that holds the private key of another one, an
//! administrator who trusts the wrong root, and a bus that delivers to another device than it
//! authenticated; the first two are judged in user space, the last one needs a link that is
//! encrypted (PCIe IDE).
//!
//! # Map
//!
//! * [`ffi`]: the functions of `<linux/spdm.h>`.
//! * [`session`]: what lives between two calls: the device, the lock, the connection.
//! * [`algorithms`]: what this kernel has of them, and what an administrator allows.
//! * [`failure`], [`log`]: an error for callers and listeners, and for people.
//! * [`transport`], [`crypto`], [`evidence`]: the bus, the kernel's cryptography, and the place
//!   where evidence goes, each behind a trait of `proto`'s or a safe type.
//! * [`proto`]: the protocol, which knows nothing of the kernel. It begins at [`proto::requester`].

mod algorithms;
mod crypto;
mod evidence;
mod failure;
mod ffi;
mod log;
mod proto;
mod session;
mod transport;
