// SPDX-License-Identifier: GPL-2.0

//! What is done with bytes. A target panics if something does not hold that must hold.

pub mod evidence;
pub mod messages;
pub mod netlink;
pub mod responder;
pub mod session;

/// A target.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, on command lines and of its corpus.
    pub name: &'static str,
    /// What it does with bytes.
    pub run: fn(&[u8]),
    /// Bytes to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const ALL: [Target; 5] = [
    Target {
        name: "messages",
        run: messages::run,
        seeds: messages::seeds,
    },
    Target {
        name: "session",
        run: session::run,
        seeds: session::seeds,
    },
    Target {
        name: "evidence",
        run: evidence::run,
        seeds: evidence::seeds,
    },
    Target {
        name: "netlink",
        run: netlink::run,
        seeds: netlink::seeds,
    },
    Target {
        name: "responder",
        run: responder::run,
        seeds: responder::seeds,
    },
];

/// Takes the first bytes off; zeroes if there are not so many.
fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (first, rest) = bytes.split_at(bytes.len().min(N));
    *bytes = rest;
    let mut array = [0; N];
    array[..first.len()].copy_from_slice(first);
    array
}
