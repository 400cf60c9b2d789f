// SPDX-License-Identifier: GPL-2.0

//! One certificate, decoded once and completely.

use std::ops::Range;

use const_oid::{
    db::rfc5280,
    AssociatedOid, //
};
use der::{
    asn1::{
        ObjectIdentifier,
        Utf8StringRef, //
    },
    DateTime, Decode, Encode, Header, Reader, SliceReader, Tag,
};
use x509_cert::{
    ext::pkix::{
        name::GeneralName,
        ExtendedKeyUsage,
        KeyUsage,
        SubjectAltName, //
    },
    TbsCertificate,
    Version, //
};

use super::oid;

/// An X.509 certificate, version 3.
///
/// # Invariants
///
/// `tbs` is a range of `der`.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    /// The part of `der` that is signed. It is not encoded again: the signature is over the
    /// device's bytes.
    tbs: Range<usize>,
    parsed: x509_cert::Certificate,
    extensions: Extensions,
}

/// Who may sign what with a certificate's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasicConstraints {
    /// The key may sign certificates.
    pub ca: bool,
    /// How many certificate authorities may follow below it.
    pub path_len: Option<u8>,
}

#[derive(Clone, Debug, Default)]
struct Extensions {
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<Vec<ObjectIdentifier>>,
    pci_sig_names: Vec<String>,
    dmtf_names: Vec<String>,
    unknown_critical: Vec<ObjectIdentifier>,
}

impl Certificate {
    /// Decodes a certificate.
    ///
    /// # Errors
    ///
    /// What is wrong: not DER, not version 3, an extension that is there twice or cannot be
    /// decoded, two different signature algorithms.
    pub fn from_der(bytes: &[u8]) -> Result<Self, String> {
        let parsed = x509_cert::Certificate::from_der(bytes).map_err(|error| error.to_string())?;
        let tbs = tbs_range(bytes).map_err(|error| error.to_string())?;
        let inner = parsed.tbs_certificate();
        if inner.version() != Version::V3 {
            return Err("not version 3".to_owned());
        }
        // RFC 5280, 4.1.1.2: the signed algorithm identifier must be the one that is used.
        if inner.signature() != parsed.signature_algorithm() {
            return Err("signature algorithm differs inside and outside".to_owned());
        }
        let extensions = Extensions::from_tbs(inner)?;
        Ok(Self {
            der: bytes.to_vec(),
            tbs,
            parsed,
            extensions,
        })
    }

    /// The whole certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The part that is signed.
    pub fn tbs(&self) -> &[u8] {
        self.der.get(self.tbs.clone()).unwrap_or_default()
    }

    /// Algorithm of the signature, in DER.
    pub fn signature_algorithm(&self) -> &x509_cert::spki::AlgorithmIdentifierOwned {
        self.parsed.signature_algorithm()
    }

    /// The signature; empty, and so never valid, if it is not a whole number of bytes.
    pub fn signature(&self) -> &[u8] {
        self.parsed.signature().as_bytes().unwrap_or_default()
    }

    /// Subject's public key, in DER.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded, which what was decoded always can.
    pub fn public_key(&self) -> Result<Vec<u8>, String> {
        let key = self.parsed.tbs_certificate().subject_public_key_info();
        key.to_der().map_err(|error| error.to_string())
    }

    /// Subject, as people write it.
    pub fn subject(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    /// Issuer, as people write it.
    pub fn issuer(&self) -> String {
        self.parsed.tbs_certificate().issuer().to_string()
    }

    /// Subject and issuer are the same.
    pub fn is_self_issued(&self) -> bool {
        self.names_issuer(self)
    }

    /// The issuer's name in `self` is the subject's name in `issuer`.
    pub fn names_issuer(&self, issuer: &Self) -> bool {
        self.parsed.tbs_certificate().issuer() == issuer.parsed.tbs_certificate().subject()
    }

    /// First and last moment of its validity.
    pub fn validity(&self) -> (DateTime, DateTime) {
        let validity = self.parsed.tbs_certificate().validity();
        (
            validity.not_before.to_date_time(),
            validity.not_after.to_date_time(),
        )
    }

    /// Extension basicConstraints.
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.extensions.basic_constraints
    }

    /// Extension keyUsage.
    pub fn key_usage(&self) -> Option<&KeyUsage> {
        self.extensions.key_usage.as_ref()
    }

    /// Extension extKeyUsage.
    pub fn extended_key_usage(&self) -> Option<&[ObjectIdentifier]> {
        self.extensions.extended_key_usage.as_deref()
    }

    /// Names in the form of PCI-SIG, from the Subject Alternative Name.
    pub fn pci_sig_names(&self) -> &[String] {
        &self.extensions.pci_sig_names
    }

    /// Names in the form of DMTF, from the Subject Alternative Name.
    pub fn dmtf_names(&self) -> &[String] {
        &self.extensions.dmtf_names
    }

    /// Extensions that the issuer declared critical, and that are not understood here.
    pub fn unknown_critical(&self) -> &[ObjectIdentifier] {
        &self.extensions.unknown_critical
    }
}

impl Extensions {
    fn from_tbs(tbs: &TbsCertificate) -> Result<Self, String> {
        let mut extensions = Self::default();
        let mut seen = Vec::new();
        for extension in tbs.extensions().into_iter().flatten() {
            let id = extension.extn_id;
            if seen.contains(&id) {
                return Err(format!("extension {id} is there twice"));
            }
            seen.push(id);
            let value = extension.extn_value.as_bytes();
            let known = extensions
                .take(id, value)
                .map_err(|error| format!("extension {}: {error}", oid::name(&id)))?;
            if !known && extension.critical {
                extensions.unknown_critical.push(id);
            }
        }
        Ok(extensions)
    }

    /// Takes an extension; false if it is not one that is judged, or known to need no judgement.
    fn take(&mut self, id: ObjectIdentifier, value: &[u8]) -> der::Result<bool> {
        match id {
            rfc5280::ID_CE_BASIC_CONSTRAINTS => {
                let decoded = x509_cert::ext::pkix::BasicConstraints::from_der(value)?;
                self.basic_constraints = Some(BasicConstraints {
                    ca: decoded.ca,
                    path_len: decoded.path_len_constraint,
                });
            }
            KeyUsage::OID => self.key_usage = Some(KeyUsage::from_der(value)?),
            ExtendedKeyUsage::OID => {
                self.extended_key_usage = Some(ExtendedKeyUsage::from_der(value)?.0);
            }
            SubjectAltName::OID => self.take_names(&SubjectAltName::from_der(value)?)?,
            // Policies restrict only what a relying party demands of them, and nobody demands any
            // here.
            rfc5280::ID_CE_CERTIFICATE_POLICIES => {}
            // What they carry is about firmware, for whoever judges measurements.
            oid::DMTF_SPDM_EXTENSION => {}
            id if oid::is_below(&id, &oid::TCG_DICE_ARC) => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_names(&mut self, names: &SubjectAltName) -> der::Result<()> {
        for name in &names.0 {
            let GeneralName::OtherName(other) = name else {
                continue;
            };
            let names = match other.type_id {
                oid::PCI_SIG_CMA_NAME => &mut self.pci_sig_names,
                oid::DMTF_DEVICE_INFO => &mut self.dmtf_names,
                _ => continue,
            };
            let text: Utf8StringRef<'_> = other.value.decode_as()?;
            names.push(text.as_str().to_owned());
        }
        Ok(())
    }
}

/// Where the first element of the outer SEQUENCE stands: the part that is signed.
fn tbs_range(bytes: &[u8]) -> der::Result<Range<usize>> {
    let mut reader = SliceReader::new(bytes)?;
    Header::decode(&mut reader)?
        .tag()
        .assert_eq(Tag::Sequence)?;
    let start = usize::try_from(reader.position())?;
    let tbs = reader.tlv_bytes()?;
    Ok(start..start + tbs.len())
}
