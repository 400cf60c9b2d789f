// SPDX-License-Identifier: GPL-2.0

//! CHUNK_RESPONSE and CHUNK_SEND_ACK, as DSP0274 1.2 to 1.4 have them in "Large SPDM message
//! transfer mechanism".

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    version::Version,
    wire::chunk::{
        Arrived,
        ChunkResponse,
        ChunkSendAck,
        Place, //
    },
};

use super::{
    place,
    Judge,
    Wrong, //
};

/// Compares parser and model of CHUNK_RESPONSE.
pub fn check_response(asked: Place, arrived: Arrived, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let facts = read_response(&mut judge, asked, arrived);
    let context = (asked, arrived);
    let found = Untrusted::from_ref(bytes).validate_with::<ChunkResponse<'_>, _>(context);
    let Some(found) = judge.compare(found) else {
        return;
    };
    let (chunk, len, total) = facts.expect("read to the end");
    assert_eq!(place(bytes, found.chunk), chunk);
    assert_eq!((u64::from(found.len), found.total), (len, total));
    assert_eq!(found.is_last(), len == u64::from(total));
    assert!(found.len <= found.total);
}

/// Where the chunk is, how much there is with it, and how long the whole is.
fn read_response(
    judge: &mut Judge<'_>,
    asked: Place,
    arrived: Arrived,
) -> Option<((usize, usize), u64, u32)> {
    let (param1, handle) = judge.header(asked.version, 0x06)?;
    judge.demand(handle == asked.handle, Wrong::Misbehaved);
    let mut number = judge.number(4)?;
    if asked.version < Version::V1_4 {
        number %= 0x1_0000;
    }
    judge.demand(number == u32::from(asked.number), Wrong::Misbehaved);
    let size = judge.number(4)?;
    let (before, total) = match arrived {
        Arrived::Nothing {
            longer_than,
            longest,
        } => {
            let total = judge.number(4)?;
            let is_possible = longer_than < total && total <= longest;
            judge.demand(is_possible, Wrong::Misbehaved);
            (0, total)
        }
        Arrived::Part { len, total } => (len, total),
    };
    let len = u64::from(before) + u64::from(size);
    let is_last = param1 & 1 == 1;
    judge.demand(size != 0, Wrong::Misbehaved);
    judge.demand(len <= u64::from(total), Wrong::Misbehaved);
    judge.demand(is_last == (len == u64::from(total)), Wrong::Misbehaved);
    // What the smallest transfer has room for, behind the longest header.
    judge.demand(is_last || size >= 42 - 16, Wrong::Misbehaved);
    let from = judge.at();
    judge.take(size as usize)?;
    judge.end();
    Some(((from, from + size as usize), len, total))
}

/// Compares parser and model of CHUNK_SEND_ACK.
pub fn check_ack(asked: Place, is_last: bool, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let early_error = read_ack(&mut judge, asked, is_last);
    let context = (asked, is_last);
    let found = Untrusted::from_ref(bytes).validate_with::<ChunkSendAck<'_>, _>(context);
    let found = found.map(|found| {
        (
            found.early_error,
            found.response_offset,
            found.response.len(),
        )
    });
    if let Some((early, offset, len)) = judge.compare(found) {
        assert_eq!(Some(early), early_error);
        assert_eq!((offset, offset + len), (judge.at(), bytes.len()));
    }
}

/// EarlyErrorDetected.
fn read_ack(judge: &mut Judge<'_>, asked: Place, is_last: bool) -> Option<bool> {
    let (param1, handle) = judge.header(asked.version, 0x05)?;
    judge.demand(handle == asked.handle, Wrong::Misbehaved);
    let number = judge.number(if asked.version == Version::V1_4 { 4 } else { 2 })?;
    judge.demand(number == u32::from(asked.number), Wrong::Misbehaved);
    let early_error = param1 & 1 == 1;
    if !early_error && !is_last {
        judge.end();
    }
    Some(early_error)
}
