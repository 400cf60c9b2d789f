// SPDX-License-Identifier: GPL-2.0

//! VERSION, as DSP0274 1.0 has it in "Successful VERSION response message format".

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    version::{
        Version,
        VersionSet, //
    },
    wire::get_version::VersionResponse, //
};

use super::{
    wire,
    Judge,
    Wrong, //
};

/// Compares parser and model.
pub fn check(bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let entries = read(&mut judge).unwrap_or_default();
    let found = Untrusted::from_ref(bytes).validate::<VersionResponse<'_>>();
    let Some(found) = judge.compare(found) else {
        return;
    };
    assert_eq!(found.bytes, &bytes[..judge.at()]);
    let sets = Version::ALL.map(|version| VersionSet::EMPTY.with(version));
    for set in [VersionSet::ALL].into_iter().chain(sets) {
        let common = entries.iter().filter_map(|[low, high]| {
            let mut ours = Version::ALL.into_iter().filter(|ours| set.contains(*ours));
            // Drafts do not count.
            ours.find(|ours| wire(*ours) == *high && *low & 0x0f == 0)
        });
        assert_eq!(found.highest(set), common.max());
    }
}

fn read<'a>(judge: &mut Judge<'a>) -> Option<Vec<&'a [u8; 2]>> {
    judge.header(Version::V1_0, 0x04)?;
    judge.byte()?;
    let count = judge.byte()?;
    judge.demand(count != 0, Wrong::Malformed);
    let entries = judge.take(2 * usize::from(count))?;
    judge.end();
    entries
        .chunks(2)
        .map(|entry| entry.try_into().ok())
        .collect()
}
