// SPDX-License-Identifier: GPL-2.0

//! Names of versions and algorithms on command lines and in files.

use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        AsymAlgoSet,
        BaseHash,
        BaseHashSet, //
    },
    version::{
        Version,
        VersionSet, //
    },
};

/// The version called `name`: "1.2".
///
/// # Errors
///
/// A sentence with the names that there are.
pub fn version(name: &str) -> Result<Version, String> {
    find(&Version::ALL, Version::name, name)
}

/// The hash called `name`: "sha384".
///
/// # Errors
///
/// A sentence with the names that there are.
pub fn hash(name: &str) -> Result<BaseHash, String> {
    find(BaseHash::ALL, BaseHash::name, name)
}

/// The signature algorithm called `name`: "ecdsa-nist-p384".
///
/// # Errors
///
/// A sentence with the names that there are.
pub fn asym(name: &str) -> Result<AsymAlgo, String> {
    find(AsymAlgo::ALL, AsymAlgo::name, name)
}

/// The set of these versions; all of them if there are none.
pub fn versions(versions: &[Version]) -> VersionSet {
    match versions {
        [] => VersionSet::ALL,
        some => some
            .iter()
            .fold(VersionSet::EMPTY, |set, version| set.with(*version)),
    }
}

/// The set of these hashes; all of them if there are none.
pub fn hashes(hashes: &[BaseHash]) -> BaseHashSet {
    match hashes {
        [] => BaseHashSet::ALL,
        some => some
            .iter()
            .fold(BaseHashSet::EMPTY, |set, hash| set.with(*hash)),
    }
}

/// The set of these signature algorithms; all of them if there are none.
pub fn signatures(signatures: &[AsymAlgo]) -> AsymAlgoSet {
    match signatures {
        [] => AsymAlgoSet::ALL,
        some => some
            .iter()
            .fold(AsymAlgoSet::EMPTY, |set, asym| set.with(*asym)),
    }
}

fn find<T: Copy>(all: &[T], name_of: fn(T) -> &'static str, name: &str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| name_of(*one) == name);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().copied().map(name_of).collect();
        format!("{name} is none of {}", names.join(", "))
    })
}
