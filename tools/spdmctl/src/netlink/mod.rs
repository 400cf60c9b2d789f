// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family `device-evidence`.
//!
//! `channel` and `message` know sockets and framing, `genl` requests and answers, `family` the
//! numbers of the family, `read` how an object is put together from the messages of a dump,
//! `client` the requests. Only `channel` does I/O, through a trait, so that everything else is
//! tested with messages made by hand.

pub mod channel;
pub mod client;
pub mod family;
pub mod genl;
pub mod message;
mod read;
#[cfg(test)]
mod tests;
