// SPDX-License-Identifier: GPL-2.0

//! Faults of whole messages, of which there is one for each number: nobody wants them in a list.
//!
//! What has to come of them depends on the number; see [`crate::suite`].

use super::{
    table,
    Action::{
        self,
        Deliver,
        RefuseWith,
        Replay,
        Stale,
        Twice,
        Wire, //
    },
    Delivery, //
};
use crate::message::Kind;

/// What they are called, and what they do.
const FAULTS: [(&str, Action); 11] = [
    ("error", RefuseWith),
    (
        "tampered",
        Wire(|bytes, site| flip_bit(bytes, site.number(0))),
    ),
    ("replayed", Replay),
    ("stale", Stale),
    ("twice", Twice),
    ("object-bit", Deliver(Delivery::ObjectBit)),
    ("object-short", Deliver(Delivery::ShortObject)),
    ("garbage", Deliver(Delivery::Garbage)),
    ("frame-bit", Deliver(Delivery::FrameBit)),
    ("dropped", Deliver(Delivery::Dropped)),
    ("stalled", Deliver(Delivery::Stalled)),
];

/// What `message:what` does, if it is one of these.
pub(super) fn find(name: &str) -> Option<(Kind, Vec<Action>)> {
    let (stem, what) = name.split_once(':')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.stem() == stem)?;
    let (_, action) = FAULTS.iter().find(|(known, _)| *known == what)?;
    Some((kind, table::with_setup(kind, action.clone())))
}

/// Makes one bit of the byte with that number the opposite, another one for each byte.
fn flip_bit(bytes: &mut [u8], number: usize) {
    if let Some(byte) = bytes.get_mut(number) {
        *byte ^= 1 << (number % 8);
    }
}
