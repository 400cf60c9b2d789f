// SPDX-License-Identifier: GPL-2.0

//! What somebody demands of devices, written down in a file.
//!
//! ```toml
//! # Every line may be left out.
//! roots = ["vendor-root.pem"]        # trusted roots, relative to this file
//! san = "require"                    # name in the certificate: require, match, ignore
//! minimum-version = "1.2"            # of SPDM
//! hashes = ["sha384", "sha512"]
//! signature-algorithms = ["ecdsa-nist-p384", "rsassa-3072"]
//! leaf-sha256 = ["0123…"]            # the devices' own certificates, by their digests
//! ```
//!
//! A line that is not understood is an error: a demand must not get lost by a misspelling.

use std::{
    fs,
    path::{
        Path,
        PathBuf, //
    },
};

use rspdm_proto::proto::{
    algorithm::{
        BaseAsym,
        BaseHash, //
    },
    version::Version,
};
use serde::Deserialize;

use crate::{
    error::{
        Error,
        Result, //
    },
    verify::{
        IdentityDemand,
        Limits, //
    },
};

/// A policy that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Files of trusted roots.
    pub roots: Vec<PathBuf>,
    /// What to demand of the name in the device's certificate.
    pub identity: Option<IdentityDemand>,
    /// Everything else.
    pub limits: Limits,
}

/// The file, as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    #[serde(default)]
    roots: Vec<PathBuf>,
    san: Option<String>,
    minimum_version: Option<String>,
    hashes: Option<Vec<String>>,
    signature_algorithms: Option<Vec<String>>,
    leaf_sha256: Option<Vec<String>>,
}

/// Reads the policy in a file.
///
/// # Errors
///
/// An environment error if the file cannot be read or understood.
pub fn load(path: &Path) -> Result<Policy> {
    let text = fs::read_to_string(path).map_err(|error| Error::file(path, &error))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    parse(&text, directory)
        .map_err(|what| Error::environment(format!("{}: {what}", path.display())))
}

fn parse(text: &str, directory: &Path) -> std::result::Result<Policy, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let version = |name: &str| {
        let known = Version::ALL.into_iter();
        find("version of SPDM", name, known, Version::name)
    };
    let hash = |name: &String| {
        let known = BaseHash::ALL.iter().copied();
        find("hash", name, known, BaseHash::name)
    };
    let asym = |name: &String| {
        let known = BaseAsym::ALL.iter().copied();
        find("signature algorithm", name, known, BaseAsym::name)
    };
    Ok(Policy {
        roots: file.roots.iter().map(|root| directory.join(root)).collect(),
        identity: file.san.as_deref().map(identity).transpose()?,
        limits: Limits {
            minimum_version: file.minimum_version.as_deref().map(version).transpose()?,
            hashes: each(file.hashes, hash)?,
            signature_algorithms: each(file.signature_algorithms, asym)?,
            leaf_sha256: each(file.leaf_sha256, fingerprint)?,
        },
    })
}

fn each<T>(
    names: Option<Vec<String>>,
    read: impl Fn(&String) -> std::result::Result<T, String>,
) -> std::result::Result<Option<Vec<T>>, String> {
    names
        .map(|names| names.iter().map(read).collect())
        .transpose()
}

fn find<T>(
    what: &str,
    name: &str,
    mut known: impl Iterator<Item = T>,
    name_of: impl Fn(T) -> &'static str,
) -> std::result::Result<T, String>
where
    T: Copy,
{
    known
        .find(|known| name_of(*known) == name)
        .ok_or_else(|| format!("{name:?} is no {what} that is known here"))
}

fn identity(name: &str) -> std::result::Result<IdentityDemand, String> {
    use clap::ValueEnum;
    IdentityDemand::from_str(name, false)
        .map_err(|_| format!("san is {name:?}, and not \"require\", \"match\" or \"ignore\""))
}

/// SHA-256 in hex; colons, as other tools write them, do not matter.
fn fingerprint(text: &String) -> std::result::Result<[u8; 32], String> {
    hex::decode(text.replace(':', ""))
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("{text:?} is no SHA-256 in hex"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        parse(text, Path::new("")).unwrap_err()
    }

    #[test]
    fn every_line_is_understood() {
        let digest = "AB:".repeat(31) + "ab";
        let text = format!(
            "roots = [\"a.pem\", \"/b.pem\"]\n\
             san = \"require\"\n\
             minimum-version = \"1.2\"\n\
             hashes = [\"sha384\"]\n\
             signature-algorithms = [\"ecdsa-nist-p384\"]\n\
             leaf-sha256 = [\"{digest}\"]\n"
        );
        assert_eq!(
            parse(&text, Path::new("/etc/spdm")),
            Ok(Policy {
                roots: vec!["/etc/spdm/a.pem".into(), "/b.pem".into()],
                identity: Some(IdentityDemand::Require),
                limits: Limits {
                    minimum_version: Some(Version::V1_2),
                    hashes: Some(vec![BaseHash::Sha384]),
                    signature_algorithms: Some(vec![BaseAsym::EcdsaP384]),
                    leaf_sha256: Some(vec![[0xab; 32]]),
                },
            })
        );
    }

    #[test]
    fn every_line_may_be_left_out() {
        assert_eq!(parse("", Path::new("")), Ok(Policy::default()));
    }

    #[test]
    fn a_line_that_is_not_understood_is_an_error() {
        assert!(complaint("root = []").contains("unknown field `root`"));
        assert!(complaint("san = \"reqire\"").contains("san is \"reqire\""));
        assert!(complaint("minimum-version = \"1.5\"").contains("\"1.5\" is no version of SPDM"));
        assert!(complaint("hashes = [\"md5\"]").contains("\"md5\" is no hash"));
        assert!(complaint("leaf-sha256 = [\"ab\"]").contains("\"ab\" is no SHA-256"));
    }
}
