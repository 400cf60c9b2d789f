// SPDX-License-Identifier: GPL-2.0

//! Cases about messages as a whole: each number that makes a difference.

use super::{
    Case,
    Outcome, //
};
use crate::{
    fault,
    message::Kind, //
};

/// RequestResponseCode of ERROR.
const ERROR: u32 = 0x7f;
/// The newest version, as SPDMVersion.
pub(super) const NEWEST: u8 = 0x14;
/// What stands before a message in a frame: the frame's header and the data object's, in bytes.
const FRAME_OVERHEAD: u32 = 12 + 8;

/// All of them for a message of `len` bytes.
pub(super) fn cases(kind: Kind, version: u8, len: u32) -> Vec<Case> {
    let about = About { kind, version, len };
    let mut cases = vec![];
    cases.extend(about.lengths());
    cases.extend(about.headers());
    cases.extend(about.tampered());
    cases.extend(about.errors());
    cases.extend(about.order());
    cases.extend(about.cut_frames());
    if version == NEWEST {
        cases.extend(about.objects());
        cases.extend(about.frames());
    }
    cases
}

struct About {
    kind: Kind,
    version: u8,
    len: u32,
}

impl About {
    fn case(&self, what: &str, number: u32, outcome: Outcome) -> Case {
        Case::new(self.kind, what, Some(number), self.version, outcome)
    }

    /// These numbers; in all but the newest version only some of those that are many, because what
    /// they do does not depend on the version.
    fn some(&self, numbers: std::ops::Range<u32>) -> impl Iterator<Item = u32> + use<> {
        let (is_newest, end) = (self.version == NEWEST, numbers.end);
        numbers.filter(move |&number| {
            is_newest
                || number < 0x20
                // Codes of responses.
                || (0x60..0x70).contains(&number)
                || number.is_multiple_of(16)
                || number + 4 >= end
        })
    }

    /// Cut after each byte, and followed by some.
    fn lengths(&self) -> Vec<Case> {
        let padded = |len: u32| len.next_multiple_of(4);
        // What ends within the last dword is filled up to its length again.
        let cut = self.some(0..self.len);
        let cut = cut.filter(|&len| padded(len) < self.len);
        let cut = cut.map(|len| {
            // The zeros that fill up a dword may mean something.
            let outcome = match len % 4 {
                0 => Outcome::MALFORMED,
                _ => Outcome::any(&["EBADMSG", "EPROTO"]),
            };
            self.case("truncated", len, outcome)
        });
        let longer = [1, 2, 3, 4, 5, 8, 63, 64, 1000, 4096].map(|more| {
            let outcome = match padded(self.len + more) - self.len {
                // The last one has a response in it, and another length.
                0..=3 if self.kind == Kind::ChunkSend => Outcome::any(&["0", "EBADMSG"]),
                0..=3 => Outcome::ACCEPT,
                // There are those who take any number of bytes for padding.
                _ => Outcome::MALFORMED.left_open(),
            };
            self.case("extended", more, outcome)
        });
        cut.chain(longer).collect()
    }

    /// Each other version and each other code.
    fn headers(&self) -> Vec<Case> {
        let own_version = match self.kind {
            Kind::Version => 0x10,
            _ => u32::from(self.version),
        };
        let own_code = u32::from(self.kind.request_code() & 0x7f);
        let versions = self
            .some(0..0x100)
            .filter(|&version| version != own_version);
        let codes = self
            .some(0..0x100)
            .filter(|&code| code != own_code && code != ERROR);
        let versions = versions.map(|number| self.case("wrong-version", number, Outcome::ILLEGAL));
        let codes = codes.map(|number| self.case("wrong-code", number, Outcome::ILLEGAL));
        versions.chain(codes).collect()
    }

    /// A bit of each byte is another one on its way: whoever does not see it at once has to find
    /// it by the signature.
    fn tampered(&self) -> Vec<Case> {
        match self.kind {
            // Their own fields are not signed; what they carry is `spdm-chunk` and `response`.
            Kind::ChunkGet | Kind::ChunkSend => vec![],
            _ => self
                .some(0..self.len)
                .map(|at| self.case("tampered", at, Outcome::REFUSE))
                .collect(),
        }
    }

    /// ERROR with each code, and ResponseNotReady with each exponent.
    fn errors(&self) -> Vec<Case> {
        let kind = self.kind;
        let refused = Outcome::any(&["EREMOTEIO"]);
        let codes = self.some(0..0x100).map(|code| {
            let (errno, _) = fault::errnos_of_error(kind, code as u8);
            self.case("error", code, Outcome::of(errno))
        });
        let exponents = self.some(0..0x100).map(|exponent| {
            let outcome = match exponent {
                32.. => Outcome::MALFORMED,
                _ if kind == Kind::Version => refused,
                _ => Outcome::any(&["ETIMEDOUT"]),
            };
            self.case("error-response-not-ready", exponent, outcome)
        });
        codes.chain(exponents).collect()
    }

    /// Responses that come again, late, or in the place of another one.
    fn order(&self) -> Vec<Case> {
        let mut cases = vec![];
        let case = |what, outcome| Case::new(self.kind, what, None, self.version, outcome);
        if matches!(self.kind, Kind::ChunkGet | Kind::ChunkSend) {
            let mut replayed = case("replayed", Outcome::ILLEGAL);
            replayed.needs_another = true;
            cases.push(replayed);
        }
        cases.push(match self.kind {
            // There is no request afterwards.
            Kind::Measurements => case("twice", Outcome::ACCEPT),
            _ => case("twice", Outcome::ILLEGAL),
        });
        match self.kind {
            // Nothing was sent before.
            Kind::Version => (),
            // What was sent before is ERROR LargeResponse.
            Kind::ChunkGet => cases.push(case("stale", Outcome::any(&["EREMOTEIO"]))),
            _ => cases.push(case("stale", Outcome::ILLEGAL)),
        }
        cases.push(self.case("slow", 1500, Outcome::LATE));
        cases
    }

    /// Data objects that are none, or another one.
    fn objects(&self) -> Vec<Case> {
        let bits = (0..64).map(|bit| match bit {
            // Reserved, behind the type and behind the length.
            24..=31 | 50..=63 => self.case("object-bit", bit, Outcome::TOLERATE),
            _ => self.case("object-bit", bit, Outcome::BROKEN),
        });
        let short = (0..8).map(|len| self.case("object-short", len, Outcome::BROKEN));
        let garbage = [0, 1, 4, 7, 8, 9, 12, 64, 1000, 5000];
        let garbage = garbage.map(|len| self.case("garbage", len, Outcome::BROKEN));
        let socket = short.chain(garbage).map(Self::with_socket);
        bits.chain(socket).collect()
    }

    /// Frames that are none.
    fn frames(&self) -> Vec<Case> {
        // Command and size; the transport type in between is not looked at by everybody.
        let bits = (0..32).chain(64..96);
        let cases = bits.map(|bit| self.case("frame-bit", bit, Outcome::BROKEN));
        cases.map(Self::with_socket).collect()
    }

    /// Connections that end within a frame, or are silent from there on.
    fn cut_frames(&self) -> Vec<Case> {
        let len = FRAME_OVERHEAD + self.len;
        let dropped = self.some(0..len);
        let dropped = dropped.map(|at| self.case("dropped", at, Outcome::BROKEN));
        let stalled = [6, len / 2].map(|at| self.case("stalled", at, Outcome::LATE));
        dropped.chain(stalled).map(Self::with_socket).collect()
    }

    fn with_socket(case: Case) -> Case {
        Case {
            needs_socket: true,
            ..case
        }
    }
}
