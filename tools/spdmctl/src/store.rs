// SPDX-License-Identifier: GPL-2.0

//! Evidence as a directory of files, to be judged elsewhere or later.
//!
//! ```text
//! evidence.json    what is here: format, device, generation, objects with their length and layout
//! cert0.spdm       object files: the bytes exactly as the kernel returned them
//! vca.bin
//! challenge.bin
//! measurements.bin
//! cert0.pem        the certificates of cert0.spdm for other tools; not read back
//! ```
//!
//! `evidence.json`:
//!
//! ```json
//! {
//!   "format": "spdmctl-evidence-1",
//!   "collected": "2026-11-21T00:00:00Z",
//!   "device": {
//!     "address": "0000:01:00.0",
//!     "vendor": "0x1b36", "device": "0x10", "class": "0x10802", "revision": "0x2",
//!     "subsystem": ["0x1af4", "0x1100"],
//!     "serial": "absent"
//!   },
//!   "generation": 1,
//!   "nonce": "64 hex digits, if the collector chose one",
//!   "objects": {
//!     "challenge": {
//!       "file": "challenge.bin", "length": 1234,
//!       "layout": {
//!         "spdm_version": 18, "hash": "sha384", "signature_algorithm": "ecdsa-nist-p384",
//!         "requester_nonce_offset": 900, "responder_nonce_offset": 980,
//!         "signature_offset": 1138, "signature_length": 96
//!       }
//!     }
//!   }
//! }
//! ```
//!
//! `serial` is `"unknown"`, `"absent"` or `{"number": "0x…"}`. Nothing in the directory is signed
//! but the transcripts themselves: the device's identity in `evidence.json` is the word of whoever
//! collected it.

use std::{
    collections::BTreeMap,
    fs,
    io::{
        self,
        Read, //
    },
    path::Path,
};

use serde::{
    Deserialize,
    Serialize, //
};

use crate::{
    cmw,
    error::{
        Error,
        Result, //
    },
    evidence::{
        Evidence,
        Layout,
        Object,
        ObjectType, //
    },
    identity::PciIdentity,
    netlink::family::MAX_OBJECT_SIZE,
};

/// `evidence.json`
#[derive(Debug, Serialize, Deserialize)]
pub struct Index {
    format: String,
    collected: String,
    device: PciIdentity,
    generation: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    objects: BTreeMap<ObjectType, Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    file: String,
    length: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layout: Option<Layout>,
}

impl Index {
    /// Describes `evidence`, which was collected at `collected` over `nonce` if the collector chose
    /// one.
    pub fn new(evidence: &Evidence, collected: String, nonce: Option<&[u8; 32]>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            collected,
            device: evidence.device.clone(),
            generation: evidence.generation,
            count: evidence.count,
            nonce: nonce.map(hex::encode),
            objects: evidence
                .objects
                .iter()
                .map(|(kind, object)| {
                    let entry = Entry {
                        file: kind.file_name(),
                        length: object.bytes.len(),
                        layout: object.layout.clone(),
                    };
                    (*kind, entry)
                })
                .collect(),
        }
    }
}

/// Saves `evidence` in `directory`, which is made if it does not exist.
///
/// `evidence.json` is written last: a directory that holds one is complete.
///
/// # Errors
///
/// An environment error if `directory` already holds evidence, or something cannot be written.
pub fn save(
    directory: &Path,
    evidence: &Evidence,
    index: &Index,
    pem: &BTreeMap<ObjectType, String>,
) -> Result<()> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| Error::file(&path, &error)
    };
    fs::create_dir_all(directory).map_err(failed(directory))?;
    let index_path = directory.join(INDEX);
    if index_path.exists() {
        return Err(Error::environment(format!(
            "{}: there is evidence in this directory already",
            directory.display()
        )));
    }
    for (kind, object) in &evidence.objects {
        let path = directory.join(kind.file_name());
        fs::write(&path, &object.bytes).map_err(failed(&path))?;
    }
    for (kind, text) in pem {
        let path = directory.join(format!("{kind}.pem"));
        fs::write(&path, text).map_err(failed(&path))?;
    }
    let text = serde_json::to_string_pretty(index)
        .map_err(|error| Error::environment(format!("JSON: {error}")))?;
    fs::write(&index_path, format!("{text}\n")).map_err(failed(&index_path))
}

/// What somebody saved.
pub enum Saved {
    /// A directory of objects.
    Directory(Evidence),
    /// A collection for other verifiers, about one device.
    Collection(cmw::Item),
}

/// Reads what was saved in a directory, or in the file of a collection.
///
/// # Errors
///
/// As [`load`]; an environment error if a collection is about several devices.
pub fn open(path: &Path) -> Result<Saved> {
    if path.is_dir() || !path.exists() {
        return load(path).map(Saved::Directory);
    }
    let text = read(path, MAX_COLLECTION_SIZE)?;
    let mut items = cmw::parse(&text)
        .map_err(|what| Error::malformed(format!("{}: {what}", path.display())))?;
    match (items.pop(), items.as_slice()) {
        (Some(item), []) => Ok(Saved::Collection(item)),
        _ => Err(Error::environment(format!(
            "{}: a collection about several devices",
            path.display()
        ))
        .hint("split it: every device is judged alone")),
    }
}

/// Reads evidence that was saved in a directory.
///
/// # Errors
///
/// An environment error if a file cannot be read; a malformed one if it is not what the format
/// says.
pub fn load(directory: &Path) -> Result<Evidence> {
    let index_path = directory.join(INDEX);
    let malformed = |what: &dyn std::fmt::Display| {
        Error::malformed(format!("{}: {what}", index_path.display()))
    };
    let text = read(&index_path, MAX_INDEX_SIZE)?;
    let index: Index = serde_json::from_slice(&text).map_err(|error| malformed(&error))?;
    if index.format != FORMAT {
        return Err(malformed(&format!(
            "format {:?}, not {FORMAT:?}",
            index.format
        )));
    }
    let mut objects = BTreeMap::new();
    for (kind, entry) in index.objects {
        // The name follows from the type: a path in the index must not lead anywhere else.
        if entry.file != kind.file_name() {
            return Err(malformed(&format!("{kind} in a file {:?}", entry.file)));
        }
        let path = directory.join(&entry.file);
        let bytes = read(&path, u64::from(MAX_OBJECT_SIZE))?;
        if bytes.len() != entry.length {
            return Err(Error::malformed(format!(
                "{}: {} bytes, {} expected",
                path.display(),
                bytes.len(),
                entry.length
            )));
        }
        let layout = entry.layout;
        objects.insert(kind, Object { bytes, layout });
    }
    Ok(Evidence {
        device: index.device,
        generation: index.generation,
        count: index.count,
        validated: false,
        objects,
    })
}

/// Reads a file of at most `limit` bytes.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| Error::file(path, &error))?;
    if bytes.len() as u64 > limit {
        return Err(Error::malformed(format!(
            "{}: more than {limit} bytes",
            path.display()
        )));
    }
    Ok(bytes)
}

/// The file that says what the others are.
const INDEX: &str = "evidence.json";

/// Version of the format; a reader refuses what it does not know.
const FORMAT: &str = "spdmctl-evidence-1";

/// Most bytes of a collection that are read: in base64 a transcript grows by a third.
const MAX_COLLECTION_SIZE: u64 = 2 * MAX_OBJECT_SIZE as u64;

/// Most bytes of an index that are read: a dozen objects need a hundredth of it.
const MAX_INDEX_SIZE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::Exit,
        evidence::Slot,
        identity::Serial, //
    };

    fn evidence() -> Evidence {
        let object = |bytes: &[u8], layout| Object {
            bytes: bytes.to_vec(),
            layout,
        };
        let layout = Layout {
            spdm_version: 0x12,
            hash: "sha384".to_owned(),
            signature_algorithm: "ecdsa-nist-p384".to_owned(),
            requester_nonce_offset: 1,
            responder_nonce_offset: 2,
            signature_offset: 3,
            signature_length: 4,
        };
        Evidence {
            device: PciIdentity {
                address: "0000:01:00.0".to_owned(),
                vendor: 0x1b36,
                device: 0x10,
                class: 0x01_0802,
                revision: 2,
                subsystem: Some((0x1af4, 0x1100)),
                serial: Serial::Absent,
            },
            generation: 3,
            count: Some(2),
            validated: false,
            objects: BTreeMap::from([
                (
                    ObjectType::Cert(Slot::new(0).unwrap()),
                    object(b"chain", None),
                ),
                (ObjectType::Challenge, object(b"transcript", Some(layout))),
            ]),
        }
    }

    fn saved() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let evidence = evidence();
        let index = Index::new(&evidence, "2026-11-21T00:00:00Z".to_owned(), Some(&[7; 32]));
        save(directory.path(), &evidence, &index, &BTreeMap::new()).unwrap();
        directory
    }

    fn edit(directory: &tempfile::TempDir, from: &str, to: &str) {
        let path = directory.path().join(INDEX);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    #[test]
    fn evidence_reads_back_as_it_was_saved() {
        assert_eq!(load(saved().path()).unwrap(), evidence());
    }

    #[test]
    fn evidence_is_never_overwritten() {
        let directory = saved();
        let evidence = evidence();
        let index = Index::new(&evidence, String::new(), None);
        let error = save(directory.path(), &evidence, &index, &BTreeMap::new()).unwrap_err();
        assert_eq!(error.exit(), Exit::Environment);
    }

    #[test]
    fn a_file_of_another_length_is_malformed() {
        let directory = saved();
        fs::write(directory.path().join("cert0.spdm"), b"chai").unwrap();
        let error = load(directory.path()).unwrap_err();
        assert_eq!(error.exit(), Exit::Malformed);
        assert!(error
            .to_string()
            .ends_with("cert0.spdm: 4 bytes, 5 expected"));
    }

    #[test]
    fn a_file_name_cannot_lead_out_of_the_directory() {
        let directory = saved();
        edit(&directory, "cert0.spdm", "../cert0.spdm");
        assert_eq!(load(directory.path()).unwrap_err().exit(), Exit::Malformed);
    }

    #[test]
    fn another_format_is_refused() {
        let directory = saved();
        edit(&directory, FORMAT, "spdmctl-evidence-2");
        assert_eq!(load(directory.path()).unwrap_err().exit(), Exit::Malformed);
    }

    #[test]
    fn a_missing_file_is_an_environment_error() {
        let directory = saved();
        fs::remove_file(directory.path().join("challenge.bin")).unwrap();
        assert_eq!(
            load(directory.path()).unwrap_err().exit(),
            Exit::Environment
        );
    }
}
