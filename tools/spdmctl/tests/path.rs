// SPDX-License-Identifier: GPL-2.0

//! Which chains of certificates are accepted, and which are not.

mod common;

use std::path::Path;

use common::pki::{
    anchor,
    chain,
    extended_key_usage,
    extension,
    key_usage,
    Entity,
    Template,
    KEY_CERT_SIGN, //
};
use rspdm_responder::der;
use spdmctl::{
    time,
    trust,
    x509::{
        self,
        Certificate, //
    }, //
};

/// Root, an authority below it, a device; made by three templates.
fn three(root: &Template, authority: &Template, device: &Template) -> Vec<Vec<u8>> {
    let (top, middle, leaf) = (
        Entity::new("root"),
        Entity::new("CA"),
        Entity::new("device"),
    );
    vec![
        root.certify(&top, &top),
        authority.certify(&top, &middle),
        device.certify(&middle, &leaf),
    ]
}

fn good() -> Vec<Vec<u8>> {
    three(
        &Template::authority(None),
        &Template::authority(None),
        &Template::device(),
    )
}

#[track_caller]
fn constraints(certificates: &[Vec<u8>]) -> Result<(), String> {
    let certificates = chain(certificates);
    let path = x509::Path::new(&certificates).unwrap();
    path.links().unwrap();
    path.constraints().map_err(|problem| problem.to_string())
}

#[track_caller]
fn refusal(der: &[u8]) -> String {
    Certificate::from_der(der).unwrap_err()
}

#[test]
fn a_good_chain_is_accepted() {
    assert_eq!(constraints(&good()), Ok(()));
}

#[test]
fn the_number_of_authorities_below_is_limited() {
    let with = |limit| {
        let [root, authority, device] = [
            Template::authority(Some(limit)),
            Template::authority(None),
            Template::device(),
        ];
        constraints(&three(&root, &authority, &device))
    };
    assert_eq!(with(1), Ok(()));
    assert_eq!(
        with(0).unwrap_err(),
        "certificate 0: allows 0 certificate authorities below it, 1 are there"
    );
}

#[test]
fn an_issuer_must_be_an_authority() {
    let not_ca = Template::bare().with(key_usage(KEY_CERT_SIGN));
    assert_eq!(
        constraints(&three(
            &Template::authority(None),
            &not_ca,
            &Template::device()
        ))
        .unwrap_err(),
        "certificate 1: issues certificates and is no certificate authority"
    );
}

#[test]
fn an_issuer_must_be_allowed_to_sign_certificates() {
    let mut authority = Template::authority(None);
    authority.extensions[1] = key_usage(common::pki::DIGITAL_SIGNATURE);
    assert_eq!(
        constraints(&three(
            &Template::authority(None),
            &authority,
            &Template::device()
        ))
        .unwrap_err(),
        "certificate 1: its key must not sign certificates"
    );
}

#[test]
fn a_device_must_be_allowed_to_sign_and_be_no_authority() {
    let with = |device: &Template| {
        let authority = Template::authority(None);
        constraints(&three(&authority, &authority, device)).unwrap_err()
    };
    assert_eq!(
        with(&Template::bare()),
        "certificate 2: it does not say that its key may sign (keyUsage)"
    );
    assert_eq!(
        with(&Template::bare().with(key_usage(0x08))),
        "certificate 2: its key must not sign"
    );
    assert_eq!(
        with(&Template::authority(None)),
        "certificate 2: the device's own certificate is a certificate authority"
    );
}

#[test]
fn a_device_must_not_be_for_requesters_only() {
    const DMTF: [u32; 8] = [1, 3, 6, 1, 4, 1, 412, 274];
    let purpose = |last| [&DMTF[..], &[last]].concat();
    let (responder, requester) = (purpose(3), purpose(4));
    let server_auth: &[u32] = &[1, 3, 6, 1, 5, 5, 7, 3, 1];
    let with = |purposes: &[&[u32]]| {
        let authority = Template::authority(None);
        let device = Template::device().with(extended_key_usage(purposes));
        constraints(&three(&authority, &authority, &device))
    };
    assert_eq!(with(&[&responder]), Ok(()));
    assert_eq!(with(&[&requester, &responder]), Ok(()));
    assert_eq!(with(&[server_auth]), Ok(()));
    assert_eq!(
        with(&[&requester]).unwrap_err(),
        "certificate 2: it is for requesters only"
    );
}

#[test]
fn a_critical_extension_must_be_understood() {
    let with = |oid: &[u32], critical| {
        let authority = Template::authority(None);
        let device = Template::device().with(extension(oid, critical, &[0x05, 0x00]));
        constraints(&three(&authority, &authority, &device))
    };
    let name_constraints = [2, 5, 29, 30];
    assert_eq!(
        with(&name_constraints, true).unwrap_err(),
        "certificate 2: critical extension nameConstraints is not understood here"
    );
    assert_eq!(with(&name_constraints, false), Ok(()));
    assert_eq!(
        with(&[1, 2, 3], true).unwrap_err(),
        "certificate 2: critical extension 1.2.3 is not understood here"
    );
    // TCG DICE, for whoever judges firmware.
    assert_eq!(with(&[2, 23, 133, 5, 4, 1], true), Ok(()));
}

#[test]
fn a_link_needs_the_name_and_the_signature_of_the_issuer() {
    let problem = |certificates: &[Vec<u8>]| {
        let certificates = chain(certificates);
        let path = x509::Path::new(&certificates).unwrap();
        path.links().unwrap_err().to_string()
    };
    let mut without_middle = good();
    without_middle.remove(1);
    assert_eq!(
        problem(&without_middle),
        "certificate 1: issued by CN=CA, not by CN=root"
    );
    let mut altered = good();
    *altered[2].last_mut().unwrap() ^= 1;
    assert_eq!(
        problem(&altered),
        "certificate 2: its signature is not that of CN=CA"
    );
    let mut altered_root = good();
    *altered_root[0].last_mut().unwrap() ^= 1;
    assert_eq!(
        problem(&altered_root),
        "certificate 0: its signature is not that of CN=root"
    );
}

#[test]
fn a_short_rsa_key_is_too_weak() {
    let anchors = trust::load(Path::new("tests/data/rsa1024.pem")).unwrap();
    let certificates = [anchors[0].certificate.clone()];
    let path = x509::Path::new(&certificates).unwrap();
    assert_eq!(
        path.links().unwrap_err().to_string(),
        "certificate 0: its RSA signature of 1024 bits is too weak"
    );
}

#[test]
fn a_certificate_is_valid_from_its_first_second_to_its_last() {
    let mut device = Template::device();
    device.not_before = b"20260101000000Z";
    device.not_after = b"20261231235959Z";
    let authority = Template::authority(None);
    let certificates = chain(&three(&authority, &authority, &device));
    let path = x509::Path::new(&certificates).unwrap();
    let at = |text| {
        let time = time::parse(text).unwrap();
        path.validity(time).map_err(|problem| problem.to_string())
    };
    assert_eq!(at("2026-01-01T00:00:00Z"), Ok(()));
    assert_eq!(at("2026-12-31T23:59:59Z"), Ok(()));
    assert_eq!(
        at("2025-12-31T23:59:59Z").unwrap_err(),
        "certificate 2: not valid before 2026-01-01T00:00:00Z"
    );
    assert_eq!(
        at("2027-01-01").unwrap_err(),
        "certificate 2: not valid after 2026-12-31T23:59:59Z"
    );
}

#[test]
fn a_chain_is_anchored_in_its_first_certificate_or_in_the_issuer_of_that() {
    let all = good();
    let certificates = chain(&all);
    let time = time::parse("2026-11-21").unwrap();
    let root = anchor(&all[0]);

    let whole = x509::Path::new(&certificates).unwrap();
    assert!(whole.anchor(std::slice::from_ref(&root), time).is_ok());
    let without_root = x509::Path::new(&certificates[1..]).unwrap();
    assert!(without_root
        .anchor(std::slice::from_ref(&root), time)
        .is_ok());
    // The issuer of the second certificate does not vouch for the third.
    let leaf_only = x509::Path::new(&certificates[2..]).unwrap();
    assert!(leaf_only.anchor(&[root], time).is_err());
}

#[test]
fn a_root_of_the_same_name_with_another_key_is_no_anchor() {
    let certificates = chain(&good());
    let path = x509::Path::new(&certificates).unwrap();
    let impostor = Entity::named("root", "the key of an impostor");
    let der = Template::authority(None).certify(&impostor, &impostor);
    let time = time::parse("2026-11-21").unwrap();
    assert_eq!(
        path.anchor(&[anchor(&der)], time).unwrap_err().what,
        "trusted root CN=root: its signature is not that of CN=root"
    );
}

#[test]
fn an_anchor_must_itself_be_fit_to_issue() {
    let all = good();
    let certificates = chain(&all);
    let without_root = x509::Path::new(&certificates[1..]).unwrap();
    let time = time::parse("2026-11-21").unwrap();
    let root = Entity::new("root");
    let problem = |template: &Template| {
        let anchor = anchor(&template.certify(&root, &root));
        without_root.anchor(&[anchor], time).unwrap_err().what
    };
    assert_eq!(
        problem(&Template::device()),
        "trusted root CN=root: issues certificates and is no certificate authority"
    );
    assert_eq!(
        problem(&Template::authority(Some(0))),
        "trusted root CN=root: allows 0 certificate authorities below it, 1 are there"
    );
    let mut old = Template::authority(None);
    old.not_after = b"20250101000000Z";
    assert_eq!(
        problem(&old),
        "trusted root CN=root: not valid after 2025-01-01T00:00:00Z"
    );
}

#[test]
fn a_certificate_that_is_not_well_formed_is_refused() {
    let somebody = Entity::new("somebody");
    let twice = Template::device().with(key_usage(KEY_CERT_SIGN));
    assert_eq!(
        refusal(&twice.certify(&somebody, &somebody)),
        "extension 2.5.29.15 is there twice"
    );
    let broken = Template::bare().with(extension(&[2, 5, 29, 15], true, &[0x05, 0x00]));
    assert!(refusal(&broken.certify(&somebody, &somebody)).starts_with("extension 2.5.29.15: "));
    let mut old = Template::bare();
    old.version = 0;
    assert!(Certificate::from_der(&old.certify(&somebody, &somebody)).is_err());
    let good = Template::device().certify(&somebody, &somebody);
    assert!(Certificate::from_der(&[good.clone(), vec![0]].concat()).is_err());
    assert!(Certificate::from_der(&good[..good.len() - 1]).is_err());
}

#[test]
fn the_signed_algorithm_must_be_the_one_that_is_used() {
    let somebody = Entity::new("somebody");
    let der = Template::device().certify(&somebody, &somebody);
    // The last of the two ecdsa-with-SHA256 becomes ecdsa-with-SHA384.
    let oid = der::oid(&[1, 2, 840, 10045, 4, 3, 2]);
    let at = der
        .windows(oid.len())
        .rposition(|window| window == oid)
        .unwrap();
    let mut altered = der;
    altered[at + oid.len() - 1] = 3;
    assert_eq!(
        refusal(&altered),
        "signature algorithm differs inside and outside"
    );
}
