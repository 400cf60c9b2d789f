// SPDX-License-Identifier: GPL-2.0

//! The user's side of SPDM device authentication.
//!
//! | module | what it knows |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`commands`] | one file per command: from arguments to output |
//! | [`sysfs`], [`identity`] | devices, TSMs, configuration space |
//! | [`netlink`] | the family `device-evidence` |
//! | [`evidence`], [`store`] | evidence objects, in memory and as a directory of files |
//! | [`cmw`], [`measured`] | measurements in the form that other verifiers take |
//! | [`transcript`], [`chain`] | what is in a transcript, and in a certificate chain |
//! | [`measurement`] | what a device measured |
//! | [`x509`], [`trust`] | certificates, the path to a trusted root |
//! | [`policy`] | demands in a file |
//! | [`verify`], [`report`] | the judgement, and how it is told |
//! | [`pcap`] | a transcript for packet analysers |
//! | [`error`], [`refusal`], [`reason`] | exit codes, and why the kernel refused |
//! | [`table`], [`time`] | output |
//!
//! Only [`sysfs`], [`netlink::channel`], [`store`], [`trust`], [`policy`] and [`commands`] do I/O;
//! evidence is judged from bytes in memory, so that a saved directory on another machine is judged
//! exactly like a device.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod chain;
pub mod cli;
pub mod cmw;
pub mod commands;
pub mod error;
pub mod evidence;
pub mod identity;
pub mod measured;
pub mod measurement;
pub mod netlink;
pub mod pcap;
pub mod policy;
pub mod reason;
pub mod refusal;
pub mod report;
pub mod store;
pub mod sysfs;
pub mod table;
pub mod time;
pub mod transcript;

pub mod trust;
pub mod verify;
pub mod x509;
