// SPDX-License-Identifier: GPL-2.0

//! The forms in which evidence is shown.

use std::{
    collections::BTreeMap,
    fmt::Write as _, //
};

use base64ct::{
    Base64,
    Encoding, //
};
use serde::Serialize;

use crate::{
    chain,
    cli::Format,
    error::{
        Error,
        Result, //
    },
    evidence::{
        Evidence,
        Layout,
        ObjectType, //
    },
    measured,
    pcap::Capture,
    policy, report,
    table::Table,
    transcript::Transcript,
    x509::Certificate,
};

/// Objects in a form for programs; `complete` has what else is needed to read them.
pub(super) fn render(format: Format, evidence: &Evidence, complete: &Evidence) -> Result<Vec<u8>> {
    match format {
        Format::Raw => {
            let mut objects = evidence.objects.iter();
            match (objects.next(), objects.next()) {
                (Some((_, object)), None) => Ok(object.bytes.clone()),
                _ => Err(
                    Error::environment("several objects in one stream cannot be told apart")
                        .hint("choose one with --type, or save all of them with --out DIR alone"),
                ),
            }
        }
        Format::Pem => {
            let mut text = String::new();
            for (kind, object) in &evidence.objects {
                if matches!(kind, ObjectType::Cert(_)) {
                    text.push_str(&chain::pem(*kind, &object.bytes, complete)?);
                }
            }
            if text.is_empty() {
                return Err(Error::environment("none of the objects has certificates")
                    .hint("choose one of cert0 to cert7 with --type"));
            }
            Ok(text.into_bytes())
        }
        Format::Hex => {
            let mut text = String::new();
            for (kind, object) in &evidence.objects {
                if evidence.objects.len() > 1 {
                    let _ = writeln!(text, "{kind}:");
                }
                hex_dump(&mut text, &object.bytes);
            }
            Ok(text.into_bytes())
        }
        Format::Pcap => {
            let missing = || Error::environment("there is no transcript of a challenge");
            let object = evidence.bytes(ObjectType::Challenge).ok_or_else(missing)?;
            let transcript = Transcript::parse(object)
                .map_err(|fault| Error::malformed(format!("{}: {fault}", ObjectType::Challenge)))?;
            let mut capture = Capture::new();
            capture.challenge(object, &transcript);
            if let Some(object) = evidence.bytes(ObjectType::Measurements) {
                capture.measurements(object, &measured::measurements(complete)?);
            }
            Ok(capture.into_bytes())
        }
        Format::Cmw => measured::collection(complete).map(String::into_bytes),
        Format::Policy => {
            let measurements = measured::measurements(complete)?;
            Ok(policy::expecting(&measurements).into_bytes())
        }
        Format::Json => {
            let json = serde_json::to_vec_pretty(&Document::new(evidence, complete))
                .map_err(|error| Error::environment(format!("JSON: {error}")))?;
            Ok([json, b"\n".to_vec()].concat())
        }
    }
}

/// Objects for people.
pub(super) fn summary(
    evidence: &Evidence,
    complete: &Evidence,
    nonce: Option<&[u8; 32]>,
) -> String {
    let mut text = format!(
        "Device      {}\nGeneration  {}{}\n",
        evidence.device.address,
        evidence.generation,
        if evidence.validated {
            " (accepted)"
        } else {
            ""
        }
    );
    let mut layouts = evidence
        .objects
        .values()
        .filter_map(|object| object.layout.as_ref());
    if let Some(layout) = layouts.next_back() {
        let _ = writeln!(
            text,
            "SPDM        {}.{}, {}, {}",
            layout.spdm_version >> 4,
            layout.spdm_version & 0xf,
            layout.hash,
            layout.signature_algorithm
        );
    }
    if let Some(nonce) = nonce {
        let _ = writeln!(text, "Nonce       {}", hex::encode(nonce));
    }
    text.push('\n');
    let mut table = Table::new(&["OBJECT", "BYTES", "WHAT"]);
    for (kind, object) in &evidence.objects {
        table.row([
            kind.to_string(),
            object.bytes.len().to_string(),
            description(*kind).to_owned(),
        ]);
    }
    text.push_str(&table.to_string());
    let mut subjects = Table::new(&["OBJECT", "CERTIFICATE", "SUBJECT"]);
    let chains = evidence
        .objects
        .iter()
        .filter(|(kind, _)| matches!(kind, ObjectType::Cert(_)));
    for (kind, object) in chains {
        match chain::certificates(*kind, &object.bytes, complete) {
            Ok(certificates) => {
                for (index, der) in certificates.enumerate() {
                    let subject = Certificate::from_der(der).map_or_else(
                        |what| format!("no certificate: {what}"),
                        |certificate| certificate.subject(),
                    );
                    subjects.row([kind.to_string(), index.to_string(), subject]);
                }
            }
            Err(error) => subjects.row([kind.to_string(), "-".to_owned(), error.to_string()]),
        }
    }
    if !subjects.is_empty() {
        text.push('\n');
        text.push_str(&subjects.to_string());
    }
    if evidence.objects.contains_key(&ObjectType::Measurements) {
        text.push('\n');
        match measured::measurements(complete) {
            Ok(measurements) => {
                text.push_str(&report::Measurements::new(&measurements).text());
                text.push_str(match measurements.signature {
                    Some(_) => "Signed; whether by the device, `spdmctl verify` tells.\n",
                    None => "Not signed: anybody on the way to the device may have made them up.\n",
                });
            }
            Err(error) => {
                let _ = writeln!(text, "{error}");
            }
        }
    }
    text
}

fn description(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::Cert(_) => "certificate chain as received",
        ObjectType::Vca => "messages of version, capabilities, algorithms",
        ObjectType::Measurements => "transcript of measurements",
        ObjectType::Report => "device interface report",
        ObjectType::Challenge => "transcript of the challenge, and its signature",
    }
}

#[derive(Serialize)]
struct Document<'a> {
    device: &'a crate::identity::PciIdentity,
    generation: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    measurements: Option<report::Measurements>,
    objects: BTreeMap<ObjectType, DocumentObject<'a>>,
}

#[derive(Serialize)]
struct DocumentObject<'a> {
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<&'a Layout>,
    base64: String,
}

impl<'a> Document<'a> {
    fn new(evidence: &'a Evidence, complete: &Evidence) -> Self {
        let is_shown = evidence.objects.contains_key(&ObjectType::Measurements);
        let measurements = is_shown.then(|| measured::measurements(complete).ok());
        let measurements = measurements.flatten();
        let objects = evidence.objects.iter().map(|(kind, object)| {
            let object = DocumentObject {
                length: object.bytes.len(),
                layout: object.layout.as_ref(),
                base64: Base64::encode_string(&object.bytes),
            };
            (*kind, object)
        });
        Self {
            device: &evidence.device,
            generation: evidence.generation,
            count: evidence.count,
            accepted: evidence.validated,
            measurements: measurements.as_ref().map(report::Measurements::new),
            objects: objects.collect(),
        }
    }
}

/// Offset, sixteen bytes in hex, and as text.
fn hex_dump(text: &mut String, bytes: &[u8]) {
    for (index, line) in bytes.chunks(16).enumerate() {
        let digits: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let printable: String = line
            .iter()
            .map(|byte| match byte {
                0x20..=0x7e => char::from(*byte),
                _ => '.',
            })
            .collect();
        let _ = writeln!(
            text,
            "{:06x}  {:<47}  {printable}",
            index * 16,
            digits.join(" ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hex_dump_has_offset_digits_and_text() {
        let mut text = String::new();
        hex_dump(&mut text, b"0123456789abcdef\x00\xff");
        assert_eq!(
            text,
            "000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n\
             000010  00 ff                                            ..\n"
        );
    }
}
