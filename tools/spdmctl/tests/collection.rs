// SPDX-License-Identifier: GPL-2.0

//! Collections for other verifiers: their exact form, and that they are judged when read back.

mod common;

use std::{
    collections::BTreeMap,
    fs, //
};

use assert_cmd::assert::Assert;
use base64ct::{
    Base64UrlUnpadded,
    Encoding, //
};
use common::{
    device::{
        Measure,
        Recipe,
        NONCE, //
    },
    spdmctl,
};
use predicates::{
    prelude::PredicateBooleanExt,
    str::contains, //
};
use serde_json::{
    json,
    Value, //
};
use spdmctl::{
    evidence::{
        Evidence,
        ObjectType,
        Slot, //
    },
    store, //
};

const PASS: i32 = 0;
const POLICY: i32 = 1;
const MALFORMED: i32 = 2;
const ENVIRONMENT: i32 = 3;

const DEVICE: &str = "0000:01:00.0";

/// Saved evidence, and the collection made of it.
struct Exported {
    directory: tempfile::TempDir,
    evidence: Evidence,
}

impl Exported {
    fn new(recipe: &Recipe) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let evidence = recipe.evidence();
        let index = store::Index::new(&evidence, "2026-11-21T00:00:00Z".to_owned(), Some(&NONCE));
        let from = directory.path().join("evidence");
        store::save(&from, &evidence, &index, &BTreeMap::new()).unwrap();
        fs::write(directory.path().join("roots.pem"), recipe.roots()).unwrap();
        Self {
            directory,
            evidence,
        }
    }

    fn path(&self, name: &str) -> String {
        self.directory
            .path()
            .join(name)
            .to_str()
            .unwrap()
            .to_owned()
    }

    fn export(&self) -> Assert {
        let (from, to) = (self.path("evidence"), self.path("cmw.json"));
        let arguments = ["evidence", "--from", &from, "--format", "cmw", "--out", &to];
        spdmctl(&arguments).assert()
    }

    fn collection(&self) -> Value {
        self.export().code(PASS);
        serde_json::from_slice(&fs::read(self.path("cmw.json")).unwrap()).unwrap()
    }

    fn verify(&self, collection: &Value, arguments: &[&str]) -> Assert {
        let (from, roots) = (self.path("cmw.json"), self.path("roots.pem"));
        fs::write(&from, collection.to_string()).unwrap();
        let usual = ["verify", "--from", &from, "--trust", &roots];
        spdmctl(&[&usual, arguments].concat()).assert()
    }
}

fn decoded(wrapped: &Value, kind: &str) -> Vec<u8> {
    let [found, content] = wrapped.as_array().unwrap().as_slice() else {
        panic!("{wrapped}");
    };
    assert_eq!(found, kind);
    Base64UrlUnpadded::decode_vec(content.as_str().unwrap()).unwrap()
}

#[test]
fn a_collection_has_the_form_that_other_verifiers_take() {
    let exported = Exported::new(&Recipe::default());
    let collection = exported.collection();
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&collection), [DEVICE, "__cmwc_t", "nonce"]);
    assert_eq!(
        collection["__cmwc_t"],
        "tag:nvidia.com,2026:verifier-input/profiles/base/pre-1.0.0"
    );
    let item = &collection[DEVICE];
    assert_eq!(keys(item), ["__cmwc_t", "certificate", "evidence", "nonce"]);
    assert_eq!(item["__cmwc_t"], "tag:nvidia.com,2026:evidence-item/v1");
    for nonce in [&collection["nonce"], &item["nonce"]] {
        assert_eq!(decoded(nonce, "application/octet-stream"), NONCE);
    }
    let kind = "application/vnd.nvidia.spdm-measurement-transcript";
    let object = exported.evidence.bytes(ObjectType::Measurements).unwrap();
    assert_eq!(decoded(&item["evidence"], kind), object);

    // The device's certificate is the first, and its root the last.
    let kind = "application/vnd.nvidia.pem-cert-chain";
    let pem = String::from_utf8(decoded(&item["certificate"], kind)).unwrap();
    let certificates = spdmctl::trust::certificates(&pem).unwrap();
    let cert = ObjectType::Cert(Slot::new(0).unwrap());
    let chain = exported.evidence.bytes(cert).unwrap();
    let ders = spdmctl::chain::certificates(cert, chain, &exported.evidence).unwrap();
    let backwards: Vec<&[u8]> = certificates.iter().rev().map(Vec::as_slice).collect();
    assert_eq!(ders.collect::<Vec<_>>(), backwards);
}

#[test]
fn a_collection_is_judged() {
    for version in [0x12, 0x13, 0x14] {
        let recipe = Recipe {
            version,
            ..Recipe::default()
        };
        let exported = Exported::new(&recipe);
        let collection = exported.collection();
        let nonce = hex::encode(NONCE);
        exported
            .verify(&collection, &["--nonce", &nonce, "--san", "ignore"])
            .code(PASS)
            .stdout(
                contains("Device      0000:01:00.0\n")
                    .and(contains("\nGeneration").not())
                    .and(contains("measurements-signature  ok"))
                    .and(contains("trust                   ok"))
                    .and(contains("secure version number")),
            );
        exported
            .verify(&collection, &[])
            .code(PASS)
            .stdout(contains(
                "PASS, but not judged: identity, measurements-nonce\n",
            ));
        exported
            .verify(&collection, &["--nonce", &"00".repeat(32)])
            .code(POLICY)
            .stdout(contains("measurements-nonce      REFUSED"));
        exported
            .verify(&collection, &["--san", "require"])
            .code(POLICY)
            .stdout(contains("identity                REFUSED"));
    }
}

#[test]
fn certificates_may_come_in_either_order() {
    let exported = Exported::new(&Recipe::default());
    let mut collection = exported.collection();
    let kind = "application/vnd.nvidia.pem-cert-chain";
    let pem = decoded(&collection[DEVICE]["certificate"], kind);
    let pem = String::from_utf8(pem).unwrap();
    let mut blocks: Vec<&str> = pem.split_inclusive("-----END CERTIFICATE-----\n").collect();
    blocks.reverse();
    let reversed = Base64UrlUnpadded::encode_string(blocks.concat().as_bytes());
    collection[DEVICE]["certificate"] = json!([kind, reversed]);
    exported.verify(&collection, &[]).code(PASS);
}

#[test]
fn an_altered_collection_is_refused() {
    let exported = Exported::new(&Recipe::default());
    let good = exported.collection();
    let kind = "application/vnd.nvidia.spdm-measurement-transcript";
    let transcript = decoded(&good[DEVICE]["evidence"], kind);
    let with = |transcript: &[u8]| {
        let mut collection = good.clone();
        let content = Base64UrlUnpadded::encode_string(transcript);
        collection[DEVICE]["evidence"] = json!([kind, content]);
        collection
    };
    // Nothing but the signature vouches for anything here.
    let end = transcript.len();
    for offset in [end - 200, end - 1] {
        let mut bytes = transcript.clone();
        bytes[offset] ^= 1;
        let blamed = format!("(measurements, bytes 0 to {end})");
        exported
            .verify(&with(&bytes), &[])
            .code(POLICY)
            .stdout(contains("measurements-signature  REFUSED").and(contains(blamed)));
    }
    let mut bytes = transcript.clone();
    bytes[1] ^= 1;
    exported
        .verify(&with(&bytes), &[])
        .code(MALFORMED)
        .stdout(contains("(measurements, bytes 1 to 2)"));
    exported
        .verify(&with(&transcript[..end - 1]), &[])
        .code(MALFORMED);

    let mut collection = good.clone();
    let content = Base64UrlUnpadded::encode_string(&[7; 32]);
    let nonce = json!(["application/octet-stream", content]);
    collection["nonce"] = nonce.clone();
    collection[DEVICE]["nonce"] = nonce;
    exported
        .verify(&collection, &[])
        .code(MALFORMED)
        .stdout(contains(
            "the collection says another nonce than the transcript",
        ));

    // A chain of somebody else's.
    let other = Exported::new(&Recipe {
        asym: rspdm_responder::algorithm::Asym::EcdsaP384,
        ..Recipe::default()
    });
    let mut collection = good.clone();
    collection[DEVICE]["certificate"] = other.collection()[DEVICE]["certificate"].clone();
    exported
        .verify(&collection, &[])
        .code(POLICY)
        .stdout(contains("is not one for ecdsa-nist-p256"));
}

#[test]
fn what_is_no_collection_is_told() {
    let exported = Exported::new(&Recipe::default());
    let good = exported.collection();
    let refuses = |change: &dyn Fn(&mut Value), why: &str| {
        let mut collection = good.clone();
        change(&mut collection);
        exported
            .verify(&collection, &[])
            .code(MALFORMED)
            .stderr(contains(why));
    };
    refuses(&|c| *c = json!([]), "the collection is no object");
    refuses(&|c| c["__cmwc_t"] = json!("x"), "__cmwc_t is \"x\", not");
    refuses(
        &|c| drop(c.as_object_mut().unwrap().remove("__cmwc_t")),
        "no __cmwc_t",
    );
    refuses(
        &|c| drop(c.as_object_mut().unwrap().remove(DEVICE)),
        "about no device",
    );
    refuses(
        &|c| c[DEVICE] = json!(1),
        "0000:01:00.0: the item is no object",
    );
    refuses(
        &|c| c[DEVICE]["evidence"] = json!("x"),
        "evidence: no pair of type and content",
    );
    refuses(
        &|c| c[DEVICE]["evidence"][0] = json!("text/plain"),
        "evidence: type \"text/plain\", not \"application/vnd.nvidia.spdm",
    );
    refuses(
        &|c| c[DEVICE]["evidence"][1] = json!("AAA="),
        "evidence: not base64url without padding",
    );
    refuses(
        &|c| c[DEVICE]["nonce"][1] = json!("AAAA"),
        "nonce: 3 bytes, not 32",
    );
    refuses(
        &|c| c["nonce"][1] = json!(Base64UrlUnpadded::encode_string(&[0; 32])),
        "two nonces that differ",
    );
    refuses(
        &|c| c[DEVICE]["certificate"][1] = json!("AAAA"),
        "certificate: no certificate in it",
    );

    let mut several = good.clone();
    several["another"] = good[DEVICE].clone();
    exported
        .verify(&several, &[])
        .code(ENVIRONMENT)
        .stderr(contains("a collection about several devices"));
}

#[test]
fn what_no_other_verifier_can_judge_is_not_exported() {
    for (recipe, why) in [
        (
            Recipe {
                version: 0x11,
                ..Recipe::default()
            },
            "measurements of SPDM 1.1 do not say what was negotiated",
        ),
        (
            Recipe {
                measure: Measure::Unsigned,
                ..Recipe::default()
            },
            "the measurements are not signed",
        ),
        (
            Recipe {
                measure: Measure::No,
                ..Recipe::default()
            },
            "there is no object measurements",
        ),
    ] {
        let exported = Exported::new(&recipe);
        exported.export().code(ENVIRONMENT).stderr(contains(why));
    }
}

#[test]
fn an_old_transcript_in_a_collection_is_refused() {
    let exported = Exported::new(&Recipe::default());
    let mut collection = exported.collection();
    let old = Recipe {
        version: 0x11,
        ..Recipe::default()
    };
    let old = old.evidence();
    let bytes = old.bytes(ObjectType::Measurements).unwrap();
    collection[DEVICE]["evidence"][1] = json!(Base64UrlUnpadded::encode_string(bytes));
    exported
        .verify(&collection, &[])
        .code(POLICY)
        .stdout(contains("a transcript of SPDM 1.0 or 1.1 does not say"));
}

#[test]
fn a_policy_holds_for_a_collection() {
    let exported = Exported::new(&Recipe::default());
    let collection = exported.collection();
    fs::write(exported.path("cmw.json"), collection.to_string()).unwrap();
    let (from, policy) = (exported.path("cmw.json"), exported.path("policy.toml"));
    let verify = |lines: &str| {
        fs::write(&policy, format!("roots = [\"roots.pem\"]\n{lines}")).unwrap();
        spdmctl(&["verify", "--from", &from, "--policy", &policy]).assert()
    };
    verify("[[measurement]]\nindex = 0x10\nminimum-svn = 7\n").code(PASS);
    verify("[[measurement]]\nindex = 0x10\nminimum-svn = 8\n").code(POLICY);
    verify("minimum-version = \"1.3\"\n").code(POLICY);
}

#[test]
fn only_verify_reads_collections() {
    let exported = Exported::new(&Recipe::default());
    exported.collection();
    spdmctl(&["evidence", "--from", &exported.path("cmw.json")])
        .assert()
        .code(ENVIRONMENT)
        .stderr(contains("a collection, not a directory").and(contains("spdmctl verify --from")));
}
