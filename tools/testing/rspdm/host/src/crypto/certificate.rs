// SPDX-License-Identifier: GPL-2.0

//! What the requester has to know about an X.509 certificate.

use der::{
    Decode,
    Encode,
    Reader,
    SliceReader, //
};
use rspdm_proto::proto::algorithm::BaseHash;
use x509_cert::{
    ext::pkix::{
        BasicConstraints,
        KeyUsage, //
    },
    spki::ObjectIdentifier,
    Certificate, //
};

use super::{
    key::{
        ml_dsa,
        Family,
        Key, //
    },
    verify_x509_signature,
    LinkError, //
};

/// A parsed certificate.
pub(super) struct Parsed {
    certificate: Certificate,
    /// The signed part, as received: encoding it anew would hide what the encoder mends.
    tbs: Vec<u8>,
    spki: Vec<u8>,
    usage: Option<KeyUsage>,
    is_authority: bool,
}

impl Parsed {
    pub(super) fn from_der(der: &[u8]) -> der::Result<Self> {
        let certificate = Certificate::from_der(der)?;
        let tbs = first_element(der)?;
        let info = certificate.tbs_certificate();
        let spki = info.subject_public_key_info().to_der()?;
        let usage = info.get_extension::<KeyUsage>()?.map(|(_, usage)| usage);
        let constraints = info.get_extension::<BasicConstraints>()?;
        let is_authority = constraints.is_some_and(|(_, constraints)| constraints.ca);
        Ok(Self {
            certificate,
            tbs,
            spki,
            usage,
            is_authority,
        })
    }

    pub(super) fn is_self_issued(&self) -> bool {
        let info = self.certificate.tbs_certificate();
        info.issuer() == info.subject()
    }

    /// Checks that `issuer` is who the certificate says, may issue certificates, and signed it.
    pub(super) fn check_issued_by(&self, issuer: &Self) -> Result<(), LinkError> {
        let names = self.certificate.tbs_certificate().issuer();
        let is_named = names == issuer.certificate.tbs_certificate().subject();
        if !is_named || !issuer.may_sign_certificates() {
            return Err(LinkError::Invalid);
        }
        self.check_signed_by(issuer)
    }

    pub(super) fn check_signed_by(&self, issuer: &Self) -> Result<(), LinkError> {
        let signature = self.certificate.signature().as_bytes().unwrap_or_default();
        let algorithm = self.certificate.signature_algorithm();
        verify_x509_signature(&issuer.spki, algorithm, &self.tbs, signature)
    }

    /// Whether the key may sign SPDM messages: a leaf's that says so.
    pub(super) fn may_sign_messages(&self) -> bool {
        !self.is_authority && self.usage.is_some_and(|usage| usage.digital_signature())
    }

    fn may_sign_certificates(&self) -> bool {
        self.is_authority && self.usage.is_none_or(|usage| usage.key_cert_sign())
    }

    /// The key, if it is one of those that are known here.
    pub(super) fn key(&self) -> Option<Key> {
        Key::from_spki_der(&self.spki)
    }
}

/// The first element of a SEQUENCE, in DER.
fn first_element(der: &[u8]) -> der::Result<Vec<u8>> {
    SliceReader::new(der)?.sequence(|reader| {
        let element = reader.tlv_bytes()?.to_vec();
        while !reader.is_finished() {
            reader.tlv_bytes()?;
        }
        Ok(element)
    })
}

/// What a certificate's signature algorithm is made of; ML-DSA needs no hash.
pub(super) fn signature_algorithm(oid: ObjectIdentifier) -> Option<(Family, Option<BaseHash>)> {
    if let Some(set) = ml_dsa(oid) {
        return Some((Family::MlDsa(set), None));
    }
    let algorithms = [
        ("1.2.840.113549.1.1.11", Family::Rsassa, BaseHash::Sha256),
        ("1.2.840.113549.1.1.12", Family::Rsassa, BaseHash::Sha384),
        ("1.2.840.113549.1.1.13", Family::Rsassa, BaseHash::Sha512),
        ("1.2.840.10045.4.3.2", Family::Ecdsa, BaseHash::Sha256),
        ("1.2.840.10045.4.3.3", Family::Ecdsa, BaseHash::Sha384),
        ("1.2.840.10045.4.3.4", Family::Ecdsa, BaseHash::Sha512),
    ];
    algorithms
        .into_iter()
        .find(|(known, _, _)| oid == ObjectIdentifier::new_unwrap(known))
        .map(|(_, family, hash)| (family, Some(hash)))
}
