// SPDX-License-Identifier: GPL-2.0

//! DIGESTS, as DSP0274 1.0 to 1.4 have it in "Successful DIGESTS response message format".

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    key::CertificateModel,
    slot::SlotId,
    version::Version,
    wire::digests::{
        Digests,
        Terms, //
    },
};

use super::{
    Judge,
    Wrong, //
};

/// Compares parser and model.
pub fn check(terms: Terms, digest_len: usize, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let slots = read(&mut judge, terms, digest_len);
    let found = Untrusted::from_ref(bytes).validate_with::<Digests<'_>, _>(terms);
    let Some(found) = judge.compare(found) else {
        return;
    };
    let slots = slots.expect("read to the end");
    assert_eq!(found.bytes, &bytes[..judge.at()]);
    for slot in SlotId::ALL {
        let expected = slots.iter().find(|one| one.number == slot.number());
        let expected = expected.filter(|one| one.has_chain());
        assert_eq!(found.provisioned.contains(slot), expected.is_some());
        let challengeable = expected.is_some_and(|one| one.may_be_challenged());
        assert_eq!(found.challengeable.contains(slot), challengeable);
        let digest = found.of(slot);
        let digest = digest.as_ref().map(|digest| digest.as_bytes());
        assert_eq!(digest, expected.map(|one| one.digest));
        let key = found.key_of(slot);
        let key = key.map(|key| (key.pair, number_of(key.model), key.usage.to_wire()));
        assert_eq!(key, expected.and_then(|one| one.key));
    }
}

/// What there is of a slot.
struct Slot<'a> {
    number: u8,
    digest: &'a [u8],
    /// KeyPairID, CertModel and KeyUsageMask.
    key: Option<(u8, u8, u16)>,
}

impl Slot<'_> {
    fn has_chain(&self) -> bool {
        self.key.is_none_or(|(_, model, _)| model != 0)
    }

    fn may_be_challenged(&self) -> bool {
        self.key.is_none_or(|(_, _, usage)| usage & 2 != 0)
    }
}

fn read<'a>(judge: &mut Judge<'a>, terms: Terms, digest_len: usize) -> Option<Vec<Slot<'a>>> {
    let (supported, present) = judge.header(terms.version, 0x01)?;
    let is_known = terms.version < Version::V1_3 || present & !supported == 0;
    judge.demand(is_known, Wrong::Misbehaved);
    let mut slots = vec![];
    for number in (0..8).filter(|number| present >> number & 1 == 1) {
        slots.push(Slot {
            number,
            digest: judge.take(digest_len)?,
            key: None,
        });
    }
    if terms.is_multi_key {
        let pairs = judge.take(slots.len())?;
        let infos = judge.take(slots.len())?;
        for (index, slot) in slots.iter_mut().enumerate() {
            let usage = judge.number(2)? as u16;
            let model = infos[index] & 7;
            slot.key = Some((pairs[index], model, usage));
            judge.demand(model <= 3, Wrong::Misbehaved);
            let is_fit = slot.number != 0 || model != 3 && usage & 0x000f != 0;
            judge.demand(is_fit, Wrong::Misbehaved);
            let is_zero = slot.digest.iter().all(|byte| *byte == 0);
            judge.demand(model != 0 || is_zero, Wrong::Misbehaved);
        }
    }
    judge.demand(slots.iter().any(Slot::has_chain), Wrong::Malformed);
    judge.end();
    Some(slots)
}

fn number_of(model: CertificateModel) -> u8 {
    match model {
        CertificateModel::None => 0,
        CertificateModel::Device => 1,
        CertificateModel::Alias => 2,
        CertificateModel::Generic => 3,
    }
}
