// SPDX-License-Identifier: GPL-2.0

//! The user's side of SPDM device authentication.
//!
//! | module | what it knows |
//! |---|---|
//! | [`sysfs`], [`identity`] | devices, TSMs, configuration space |
//! | [`netlink`] | the family `device-evidence` |
//! | [`error`], [`table`], [`time`] | exit codes, output |
//!
//! Only [`sysfs`] and [`netlink::genl`] do I/O.

pub mod error;
pub mod evidence;
pub mod identity;
pub mod netlink;
pub mod sysfs;
pub mod table;
pub mod time;
