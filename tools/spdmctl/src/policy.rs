// SPDX-License-Identifier: GPL-2.0

//! What somebody demands of devices, written down in a file.
//!
//! ```toml
//! # Every line may be left out.
//! roots = ["vendor-root.pem"]        # trusted roots, relative to this file
//! san = "require"                    # name in the certificate: require, match, ignore
//! minimum-version = "1.2"            # of SPDM
//! hashes = ["sha384", "sha512"]
//! signature-algorithms = ["ecdsa-nist-p384", "mldsa65"]
//! leaf-sha256 = ["0123…"]            # the devices' own certificates, by their digests
//! measurements = "signed"            # optional, present, signed
//! measurement-hashes = ["sha384"]    # of the digests in them
//! other-measurements = "refuse"      # those that are not listed below: allow, refuse
//!
//! [[measurement]]
//! index = 2
//! type = "mutable-firmware"          # as `spdmctl evidence --json` names it
//! values = ["0123…", "4567…"]        # any of these
//!
//! [[measurement]]
//! index = 0x10
//! minimum-svn = 7                    # a secure version number, at least this
//! ```
//!
//! Each `[[measurement]]` must be there. If anything is expected of measurements they must be
//! signed, unless `measurements` says otherwise.
//!
//! A line that is not understood is an error: a demand must not get lost by a misspelling.

use std::{
    fmt::Write as _,
    fs,
    path::{
        Path,
        PathBuf, //
    },
};

use rspdm_proto::proto::{
    algorithm::{
        AsymAlgo,
        BaseHash,
        MeasurementHash, //
    },
    version::Version,
};
use serde::Deserialize;

use crate::{
    error::{
        Error,
        Result, //
    },
    measurement::Kind,
    transcript::Measurements,
    verify::{
        Expected,
        IdentityDemand,
        Limits,
        MeasurementDemands,
        Presence, //
    },
};

/// A policy that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Files of trusted roots.
    pub roots: Vec<PathBuf>,
    /// What to demand of the name in the device's certificate.
    pub identity: Option<IdentityDemand>,
    /// What to demand of measurements.
    pub measurements: MeasurementDemands,
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
    measurements: Option<String>,
    measurement_hashes: Option<Vec<String>>,
    other_measurements: Option<String>,
    #[serde(default)]
    measurement: Vec<Measurement>,
}

/// One `[[measurement]]`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Measurement {
    index: u8,
    #[serde(rename = "type")]
    kind: Option<String>,
    values: Option<Vec<String>>,
    minimum_svn: Option<u64>,
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

/// Writes measurements down as what a policy expects.
pub fn expecting(measurements: &Measurements<'_>) -> String {
    let mut text = String::new();
    for block in &measurements.blocks {
        let _ = writeln!(text, "[[measurement]]\nindex = {:#04x}", block.index);
        if matches!(block.kind, Kind::Known(_)) {
            let _ = writeln!(text, "type = \"{}\"", block.kind);
        }
        // Firmware gets newer: a number is a minimum.
        let _ = match block.secure_version_number() {
            Some(number) => writeln!(text, "minimum-svn = {number}\n"),
            None => writeln!(text, "values = [\"{}\"]\n", hex::encode(block.value)),
        };
    }
    text
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
        let known = AsymAlgo::ALL.iter().copied();
        find("signature algorithm", name, known, AsymAlgo::name)
    };
    let measurement_hash = |name: &String| {
        let known = MeasurementHash::ALL.iter().copied();
        find("hash of measurements", name, known, MeasurementHash::name)
    };
    let no_others = match file.other_measurements.as_deref() {
        None | Some("allow") => false,
        Some("refuse") => true,
        Some(other) => {
            return Err(format!(
                "other-measurements is {other:?}, and not \"allow\" or \"refuse\""
            ))
        }
    };
    let presence = file.measurements.as_deref().map(presence).transpose()?;
    let expected = file.measurement.iter().map(expected);
    let measurements = MeasurementDemands {
        presence,
        hashes: each(file.measurement_hashes, measurement_hash)?,
        expected: expected.collect::<std::result::Result<_, _>>()?,
        no_others,
    };
    let mut indices: Vec<u8> = measurements.expected.iter().map(|one| one.index).collect();
    indices.sort_unstable();
    if let Some(twice) = indices.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("measurement {:#04x} is there twice", twice[0]));
    }
    Ok(Policy {
        roots: file.roots.iter().map(|root| directory.join(root)).collect(),
        identity: file.san.as_deref().map(identity).transpose()?,
        measurements,
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
    known: impl Iterator<Item = T> + Clone,
    name_of: impl Fn(T) -> &'static str,
) -> std::result::Result<T, String>
where
    T: Copy,
{
    known
        .clone()
        .find(|known| name_of(*known) == name)
        .ok_or_else(|| {
            let names: Vec<&str> = known.map(name_of).collect();
            format!(
                "{name:?} is no {what} that is known here: {}",
                names.join(", ")
            )
        })
}

fn identity(name: &str) -> std::result::Result<IdentityDemand, String> {
    use clap::ValueEnum;
    IdentityDemand::from_str(name, false)
        .map_err(|_| format!("san is {name:?}, and not \"require\", \"match\" or \"ignore\""))
}

fn presence(name: &str) -> std::result::Result<Presence, String> {
    use clap::ValueEnum;
    Presence::from_str(name, false).map_err(|_| {
        format!("measurements is {name:?}, and not \"optional\", \"present\" or \"signed\"")
    })
}

fn expected(measurement: &Measurement) -> std::result::Result<Expected, String> {
    let index = measurement.index;
    if index == 0 || index == 0xff {
        return Err(format!("no measurement has the index {index:#04x}"));
    }
    let kind = |name: &String| {
        Kind::from_name(name).ok_or_else(|| format!("{name:?} is no type of measurement"))
    };
    let value = |text: &String| {
        hex::decode(text).map_err(|_| format!("measurement {index:#04x}: {text:?} is not hex"))
    };
    Ok(Expected {
        index,
        kind: measurement.kind.as_ref().map(kind).transpose()?,
        values: each(measurement.values.clone(), value)?,
        minimum_svn: measurement.minimum_svn,
    })
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
             leaf-sha256 = [\"{digest}\"]\n\
             measurements = \"present\"\n\
             measurement-hashes = [\"sha512\", \"sha3-256\"]\n\
             other-measurements = \"refuse\"\n\
             [[measurement]]\n\
             index = 0x10\n\
             type = \"secure-version-number\"\n\
             minimum-svn = 7\n\
             [[measurement]]\n\
             index = 1\n\
             values = [\"00ff\", \"\"]\n"
        );
        assert_eq!(
            parse(&text, Path::new("/etc/spdm")),
            Ok(Policy {
                roots: vec!["/etc/spdm/a.pem".into(), "/b.pem".into()],
                identity: Some(IdentityDemand::Require),
                measurements: MeasurementDemands {
                    presence: Some(Presence::Present),
                    hashes: Some(vec![MeasurementHash::Sha512, MeasurementHash::Sha3_256]),
                    expected: vec![
                        Expected {
                            index: 0x10,
                            kind: Kind::from_name("secure-version-number"),
                            values: None,
                            minimum_svn: Some(7),
                        },
                        Expected {
                            index: 1,
                            kind: None,
                            values: Some(vec![vec![0x00, 0xff], vec![]]),
                            minimum_svn: None,
                        },
                    ],
                    no_others: true,
                },
                limits: Limits {
                    minimum_version: Some(Version::V1_2),
                    hashes: Some(vec![BaseHash::Sha384]),
                    signature_algorithms: Some(vec![AsymAlgo::EcdsaP384]),
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
        assert!(complaint("signature-algorithms = [\"md5\"]").contains(", mldsa65, mldsa87"));
        assert!(complaint("leaf-sha256 = [\"ab\"]").contains("\"ab\" is no SHA-256"));
        assert!(complaint("measurements = \"yes\"").contains("measurements is \"yes\""));
        assert!(complaint("measurement-hashes = [\"md5\"]").contains("is no hash of meas"));
        assert!(complaint("other-measurements = \"no\"").contains("other-measurements is \"no\""));
    }

    #[test]
    fn a_measurement_that_cannot_be_is_an_error() {
        let complaint = |lines: &str| complaint(&format!("[[measurement]]\n{lines}"));
        assert!(complaint("values = []").contains("missing field `index`"));
        assert!(complaint("index = 1\nvalue = \"00\"").contains("unknown field `value`"));
        assert!(complaint("index = 0").contains("no measurement has the index 0x00"));
        assert!(complaint("index = 256").contains("invalid value"));
        assert!(complaint("index = 1\ntype = \"rom\"").contains("\"rom\" is no type"));
        assert!(complaint("index = 1\nvalues = [\"0\"]").contains("\"0\" is not hex"));
        let twice = "index = 1\n[[measurement]]\nindex = 1";
        assert_eq!(complaint(twice), "measurement 0x01 is there twice");
    }
}
