// SPDX-License-Identifier: GPL-2.0

//! Root certificates that the user trusts.

use std::{
    fs,
    path::Path, //
};

use crate::{
    error::{
        Error,
        Result, //
    },
    x509::{
        Anchor,
        Certificate, //
    },
};

/// Reads the certificates in a file: PEM, as many as there are, or one in DER.
///
/// # Errors
///
/// An environment error if the file cannot be read, or has no certificate in it.
pub fn load(path: &Path) -> Result<Vec<Anchor>> {
    let bytes = fs::read(path).map_err(|error| Error::file(path, &error))?;
    let source = path.display().to_string();
    parse(&bytes, &source).map_err(|what| Error::environment(format!("{source}: {what}")))
}

fn parse(bytes: &[u8], source: &str) -> std::result::Result<Vec<Anchor>, String> {
    let anchor = |der: &[u8]| {
        let certificate = Certificate::from_der(der)?;
        let source = source.to_owned();
        Ok::<_, String>(Anchor {
            certificate,
            source,
        })
    };
    if bytes.first() == Some(&DER_SEQUENCE) {
        return Ok(vec![anchor(bytes)?]);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "neither PEM nor DER")?;
    certificates(text)?.iter().map(|der| anchor(der)).collect()
}

/// The certificates in PEM text, in DER and in the same order.
///
/// # Errors
///
/// What is wrong with the text, if only that there is no certificate in it.
pub fn certificates(text: &str) -> std::result::Result<Vec<Vec<u8>>, String> {
    let mut certificates = Vec::new();
    let mut rest = text;
    // Text around the certificates is usual, and means nothing.
    while let Some(start) = rest.find(BEGIN) {
        let block = &rest[start..];
        let end = block.find(END).ok_or("a certificate without its end")? + END.len();
        let (label, der) =
            pem_rfc7468::decode_vec(&block.as_bytes()[..end]).map_err(|error| error.to_string())?;
        debug_assert_eq!(label, "CERTIFICATE");
        certificates.push(der);
        rest = &block[end..];
    }
    if certificates.is_empty() {
        return Err("no certificate in it".to_owned());
    }
    Ok(certificates)
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// First byte of a certificate in DER.
const DER_SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert_eq!(parse(b"", "f").unwrap_err(), "no certificate in it");
        assert_eq!(parse(b"\xff\xfe", "f").unwrap_err(), "neither PEM nor DER");
        assert!(parse(b"\x30\x00", "f").is_err());
    }

    #[test]
    fn a_certificate_that_is_cut_is_refused() {
        let text = format!("{BEGIN}\nMAA=\n");
        assert_eq!(
            parse(text.as_bytes(), "f").unwrap_err(),
            "a certificate without its end"
        );
    }
}
