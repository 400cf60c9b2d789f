// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family `device-evidence`.
//!
//! `genl` knows sockets and framing, `family` the numbers of the family, `read` how an object is
//! put together from the messages of a dump, `client` the requests. Only `genl` does I/O, through a
//! trait, so that everything else is tested with messages made by hand.

pub mod client;
pub mod family;
pub mod genl;
mod read;
#[cfg(test)]
mod tests;
