// SPDX-License-Identifier: GPL-2.0

//! A chain of more than 64 KiB, which CERTIFICATE has a form for in SPDM 1.4.

mod common;

use common::{
    device::Recipe,
    judge::{
        assert_outcome,
        assert_passes, //
    },
};
use rspdm_responder::config::Config;
use spdmctl::{
    evidence::{
        ObjectType,
        Slot, //
    },
    report::{
        Outcome,
        Subject, //
    },
    verify::verify,
};

const CHAIN_LEN: usize = 0x1_2345;

fn recipe() -> Recipe {
    let mut config = Config::default();
    config.chain.bytes = Some(CHAIN_LEN);
    Recipe {
        version: 0x14,
        portion: 0x8000,
        large: true,
        config,
        ..Recipe::default()
    }
}

#[test]
fn it_passes() {
    let recipe = recipe();
    let evidence = recipe.evidence();
    let cert = ObjectType::Cert(Slot::new(0).unwrap());
    assert_eq!(evidence.bytes(cert).unwrap().len(), CHAIN_LEN);
    assert_passes(&verify(&evidence, &recipe.demands()));
}

#[test]
fn its_last_bytes_matter() {
    let recipe = recipe();
    let mut evidence = recipe.evidence();
    let cert = ObjectType::Cert(Slot::new(0).unwrap());
    evidence.objects.get_mut(&cert).unwrap().bytes[CHAIN_LEN - 1] ^= 1;
    let report = verify(&evidence, &recipe.demands());
    assert_outcome(&report, Subject::Chain, Outcome::Malformed);
    let check = report.check(Subject::Chain).unwrap();
    assert_eq!(check.bytes, Some((CHAIN_LEN - 1, CHAIN_LEN)));
}
