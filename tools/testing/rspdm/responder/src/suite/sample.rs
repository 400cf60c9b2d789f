// SPDX-License-Identifier: GPL-2.0

//! A representative part of the cases, for where each one takes its time.

use std::collections::BTreeMap;

use super::{
    outcome::Outcome,
    Case, //
};
use crate::{
    layout,
    message::Kind, //
};

/// The middle one of the cases of each field, and of each class of each message.
///
/// So there is at least one for each field and for each class of each message; one that has to be
/// refused, if there is any. It is the same each time. Faults that somebody thought of are left
/// out, as each of them is representative; so are those that a guest cannot be shown, or that take
/// it long.
pub fn sample(cases: &[Case]) -> Vec<Case> {
    let mut groups: BTreeMap<(Kind, Group), Vec<&Case>> = BTreeMap::new();
    for case in cases.iter().filter(is_for_guests) {
        // What all messages begin with has classes of its own: another version, another code.
        let field = case.field.filter(|field| !layout::is_of_header(field));
        let of_class = Group::Class(&case.class);
        for group in field.map(Group::Field).into_iter().chain([of_class]) {
            groups.entry((case.kind, group)).or_default().push(case);
        }
    }
    let mut chosen: Vec<Case> = vec![];
    for members in groups.values_mut() {
        if members.iter().any(|case| !case.outcome.has("0")) {
            members.retain(|case| !case.outcome.has("0"));
        }
        // One that stands for another group already will do.
        if !members.iter().any(|member| chosen.contains(member)) {
            chosen.push(members[members.len() / 2].clone());
        }
    }
    chosen
}

/// Whether a case can be tried in a guest, again and again.
fn is_for_guests(case: &&Case) -> bool {
    case.class != super::NAMED
        && !case.needs_socket
        && !case.needs_another
        // QEMU waits, and its guest with it.
        && case.outcome != Outcome::LATE
        // Ten seconds of patience each.
        && case.outcome != Outcome::of("EBUSY")
}

/// What cases have in common. A class comes before the fields, some of which its case stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group<'a> {
    Class(&'a str),
    Field(&'a str),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite;

    #[test]
    fn each_field_and_each_class_of_each_message_is_there() {
        let cases = suite::cases(0x14);
        let sample = sample(&cases);
        for kind in Kind::ALL {
            let fields = layout::fields(kind).filter(|field| field.is_in(0x14));
            for field in fields.filter(|field| !layout::is_of_header(field.stem)) {
                let about = |case: &&Case| (case.kind, case.field) == (kind, Some(field.stem));
                assert!(sample.iter().any(|case| about(&case)), "{}", field.stem);
            }
        }
        for case in cases.iter().filter(is_for_guests) {
            let is_like = |other: &&Case| (other.kind, &other.class) == (case.kind, &case.class);
            assert!(sample.iter().any(|one| is_like(&one)), "{}", case.fault);
        }
        assert!((130..220).contains(&sample.len()), "{}", sample.len());
    }
}
