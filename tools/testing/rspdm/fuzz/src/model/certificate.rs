// SPDX-License-Identifier: GPL-2.0

//! CERTIFICATE, as DSP0274 1.0 to 1.4 have it in "Successful CERTIFICATE response message format".

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    key::CertificateModel,
    version::Version,
    wire::certificate::{
        Certificate,
        Form,
        Wanted, //
    },
};

use super::{
    place,
    Judge,
    Wrong, //
};

/// Compares parser and model.
pub fn check(version: Version, wanted: Wanted, bytes: &[u8]) {
    let mut judge = Judge::new(bytes);
    let facts = read(&mut judge, version, wanted);
    let context = (version, wanted);
    let found = Untrusted::from_ref(bytes).validate_with::<Certificate<'_>, _>(context);
    let Some(found) = judge.compare(found) else {
        return;
    };
    let (header, remainder) = facts.expect("read to the end");
    assert_eq!(found.bytes, &bytes[..judge.at()]);
    assert_eq!(place(bytes, found.portion), (header, judge.at()));
    assert_eq!(found.remainder, remainder);
}

/// Where the portion begins, and RemainderLength.
fn read(judge: &mut Judge<'_>, version: Version, wanted: Wanted) -> Option<(usize, u32)> {
    let (param1, param2) = judge.header(version, 0x02)?;
    judge.demand(param1 % 16 == wanted.slot.number(), Wrong::Misbehaved);
    let is_large = version >= Version::V1_4 && param1 >= 0x80;
    judge.demand(is_large == (wanted.form == Form::Large), Wrong::Misbehaved);
    let model = wanted.model.map(|model| match model {
        CertificateModel::None => 0,
        CertificateModel::Device => 1,
        CertificateModel::Alias => 2,
        CertificateModel::Generic => 3,
    });
    judge.demand(
        model.is_none_or(|model| param2 % 8 == model),
        Wrong::Misbehaved,
    );
    let mut lengths = (judge.number(2)?, judge.number(2)?);
    if wanted.form == Form::Large {
        lengths = (judge.number(4)?, judge.number(4)?);
    }
    let (portion, remainder) = lengths;
    judge.demand((1..=wanted.len).contains(&portion), Wrong::Misbehaved);
    let header = judge.at();
    judge.take(portion as usize)?;
    judge.end();
    Some((header, remainder))
}
