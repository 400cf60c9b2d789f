// SPDX-License-Identifier: GPL-2.0

//! Evidence in files, and the tool that judges it.

use std::{
    collections::BTreeMap,
    fs, //
};

use assert_cmd::Command;
use spdmctl::{
    chain,
    evidence::{
        ObjectType,
        Slot, //
    },
    store, //
};

use super::{
    device::{
        Recipe,
        NONCE, //
    },
    spdmctl,
};

/// A directory with saved evidence and the file of roots to judge it by.
pub struct Saved(tempfile::TempDir);

impl Saved {
    /// The evidence of a device that is made like that.
    pub fn new(recipe: &Recipe) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let evidence = recipe.evidence();
        let index = store::Index::new(&evidence, "2026-11-21T00:00:00Z".to_owned(), Some(&NONCE));
        let cert = ObjectType::Cert(Slot::new(0).unwrap());
        let pem = chain::pem(cert, evidence.bytes(cert).unwrap(), &evidence).unwrap();
        let pem = BTreeMap::from([(cert, pem)]);
        store::save(&directory.path().join("evidence"), &evidence, &index, &pem).unwrap();
        fs::write(directory.path().join("roots.pem"), recipe.roots()).unwrap();
        Self(directory)
    }

    /// A file of the directory; `evidence` is what was saved.
    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// `verify` with these arguments behind the usual ones.
    pub fn verify(&self, arguments: &[&str]) -> Command {
        let (from, roots) = (self.path("evidence"), self.path("roots.pem"));
        let usual = ["verify", "--from", &from, "--trust", &roots];
        spdmctl(&[&usual, arguments].concat())
    }

    /// Alters a bit of an object.
    pub fn flip(&self, file: &str, offset: usize) {
        let path = self.path(&format!("evidence/{file}"));
        let mut bytes = fs::read(&path).unwrap();
        bytes[offset] ^= 1;
        fs::write(path, bytes).unwrap();
    }
}
