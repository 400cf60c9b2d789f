// SPDX-License-Identifier: GPL-2.0

//! Measurements as a JSON collection of conceptual message wrappers (RFC 9999), the form that
//! NVIDIA's attestation tools take.
//!
//! ```json
//! {
//!   "__cmwc_t": "tag:nvidia.com,2026:verifier-input/profiles/base/pre-1.0.0",
//!   "nonce": ["application/octet-stream", "BASE64URL"],
//!   "0000:01:00.0": {
//!     "__cmwc_t": "tag:nvidia.com,2026:evidence-item/v1",
//!     "evidence": ["application/vnd.nvidia.spdm-measurement-transcript", "BASE64URL"],
//!     "certificate": ["application/vnd.nvidia.pem-cert-chain", "BASE64URL"],
//!     "nonce": ["application/octet-stream", "BASE64URL"]
//!   }
//! }
//! ```
//!
//! Values are base64url without padding. `evidence` is the object `measurements`, `certificate` the
//! chain whose key signed it as PEM, the device's own certificate first. A collection has neither
//! the challenge nor what the device is: `spdmctl verify` judges less of it than of a directory.

use base64ct::{
    Base64UrlUnpadded,
    Encoding, //
};
use serde_json::{
    json,
    Map,
    Value, //
};

use crate::{
    trust,
    x509::Certificate, //
};

/// What a collection says about one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What the collection calls the device.
    pub label: String,
    /// The object `measurements`.
    pub transcript: Vec<u8>,
    /// The certificates in DER, root side first.
    pub certificates: Vec<Vec<u8>>,
    /// The nonce that the measurements answer, if the collection says.
    pub nonce: Option<[u8; 32]>,
}

/// Writes a collection about a device; `pem` has its certificates in the order of the collection.
pub fn render(label: &str, transcript: &[u8], pem: &str, nonce: &[u8; 32]) -> String {
    let wrap = |kind: &str, bytes: &[u8]| json!([kind, Base64UrlUnpadded::encode_string(bytes)]);
    let collection = json!({
        TYPE: COLLECTION,
        NONCE: wrap(OCTETS, nonce),
        label: {
            TYPE: ITEM,
            EVIDENCE: wrap(TRANSCRIPT, transcript),
            CERTIFICATE: wrap(CHAIN, pem.as_bytes()),
            NONCE: wrap(OCTETS, nonce),
        },
    });
    format!("{collection:#}\n")
}

/// Reads a collection.
///
/// # Errors
///
/// What is not as it must be.
pub fn parse(text: &[u8]) -> Result<Vec<Item>, String> {
    let collection: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let collection = object(&collection, "the collection")?;
    expect_type(collection, COLLECTION)?;
    let common = nonce(collection)?;
    let mut items = Vec::new();
    for (label, value) in collection {
        if label == TYPE || label == NONCE {
            continue;
        }
        let in_item = |what: String| format!("{label}: {what}");
        let item = object(value, "the item").map_err(in_item)?;
        items.push(read_item(label, item, common).map_err(in_item)?);
    }
    if items.is_empty() {
        return Err("the collection is about no device".to_owned());
    }
    Ok(items)
}

fn read_item(
    label: &str,
    item: &Map<String, Value>,
    common: Option<[u8; 32]>,
) -> Result<Item, String> {
    expect_type(item, ITEM)?;
    let own = nonce(item)?;
    if own.is_some() && common.is_some() && own != common {
        return Err("two nonces that differ".to_owned());
    }
    let required = |name: &str, kind: &str| {
        let value = item.get(name).ok_or_else(|| format!("no {name}"))?;
        unwrap(value, name, kind)
    };
    let pem = required(CERTIFICATE, CHAIN)?;
    let pem = String::from_utf8(pem).map_err(|_| "certificate: not PEM".to_owned())?;
    let mut certificates =
        trust::certificates(&pem).map_err(|what| format!("certificate: {what}"))?;
    if begins_with_device(&certificates) {
        certificates.reverse();
    }
    Ok(Item {
        label: label.to_owned(),
        transcript: required(EVIDENCE, TRANSCRIPT)?,
        certificates,
        nonce: own.or(common),
    })
}

/// Others write chains in the opposite order: who issued whom tells.
fn begins_with_device(certificates: &[Vec<u8>]) -> bool {
    let [first, second, ..] = certificates else {
        return false;
    };
    let parsed = (Certificate::from_der(first), Certificate::from_der(second));
    matches!(parsed, (Ok(first), Ok(second))
        if first.names_issuer(&second) && !first.is_self_issued())
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{what} is no object"))
}

fn expect_type(object: &Map<String, Value>, expected: &str) -> Result<(), String> {
    match object.get(TYPE).and_then(Value::as_str) {
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(format!("{TYPE} is {found:?}, not {expected:?}")),
        None => Err(format!("no {TYPE}")),
    }
}

fn nonce(object: &Map<String, Value>) -> Result<Option<[u8; 32]>, String> {
    let Some(value) = object.get(NONCE) else {
        return Ok(None);
    };
    let bytes = unwrap(value, NONCE, OCTETS)?;
    let length = bytes.len();
    let nonce = bytes.try_into();
    nonce
        .map(Some)
        .map_err(|_| format!("{NONCE}: {length} bytes, not 32"))
}

/// Reads `[type, content]`.
fn unwrap(value: &Value, name: &str, kind: &str) -> Result<Vec<u8>, String> {
    let wrapper = value.as_array().map(Vec::as_slice);
    let Some([found, content]) = wrapper else {
        return Err(format!("{name}: no pair of type and content"));
    };
    if found.as_str() != Some(kind) {
        return Err(format!("{name}: type {found}, not {kind:?}"));
    }
    content
        .as_str()
        .and_then(|content| Base64UrlUnpadded::decode_vec(content).ok())
        .ok_or_else(|| format!("{name}: not base64url without padding"))
}

// Names of members.
const TYPE: &str = "__cmwc_t";
const NONCE: &str = "nonce";
const EVIDENCE: &str = "evidence";
const CERTIFICATE: &str = "certificate";

// Types of collections, and of what is wrapped.
const COLLECTION: &str = "tag:nvidia.com,2026:verifier-input/profiles/base/pre-1.0.0";
const ITEM: &str = "tag:nvidia.com,2026:evidence-item/v1";
const OCTETS: &str = "application/octet-stream";
const TRANSCRIPT: &str = "application/vnd.nvidia.spdm-measurement-transcript";
const CHAIN: &str = "application/vnd.nvidia.pem-cert-chain";
