// SPDX-License-Identifier: GPL-2.0

//! Certificates of every kind, good and bad.

use rspdm_responder::{
    algorithm::Asym,
    der,
    keys::{
        Key,
        Role, //
    },
    random::Random,
};
use spdmctl::x509::{
    Anchor,
    Certificate, //
};

pub const DIGITAL_SIGNATURE: u8 = 0x80;
pub const KEY_CERT_SIGN: u8 = 0x04;

const BASIC_CONSTRAINTS: [u32; 4] = [2, 5, 29, 19];
const KEY_USAGE: [u32; 4] = [2, 5, 29, 15];
const EXTENDED_KEY_USAGE: [u32; 4] = [2, 5, 29, 37];

/// Who somebody is: a name and a key that follows from it.
pub struct Entity {
    name: &'static str,
    key: Key,
}

impl Entity {
    /// Somebody of this name.
    pub fn new(name: &'static str) -> Self {
        Self::named(name, name)
    }

    /// Somebody of this name whose key follows from `label`.
    pub fn named(name: &'static str, label: &str) -> Self {
        let random = Random::new(Some(7));
        Self {
            name,
            key: Key::new(Asym::EcdsaP256, Role::Ca, label, &random),
        }
    }
}

/// A certificate that can be like no other.
pub struct Template {
    pub not_before: &'static [u8],
    pub not_after: &'static [u8],
    pub version: u8,
    /// Extensions in DER.
    pub extensions: Vec<Vec<u8>>,
}

impl Template {
    fn new(extensions: Vec<Vec<u8>>) -> Self {
        Self {
            not_before: b"20200101000000Z",
            not_after: b"99991231235959Z",
            version: 2,
            extensions,
        }
    }

    /// A certificate authority with at most so many others below it.
    pub fn authority(path_len: Option<u8>) -> Self {
        let limit = path_len.map_or(Vec::new(), |limit| der::unsigned(&[limit]));
        let is_ca = [0x01, 0x01, 0xff];
        Self::new(vec![
            extension(&BASIC_CONSTRAINTS, true, &der::sequence(&[&is_ca, &limit])),
            key_usage(KEY_CERT_SIGN),
        ])
    }

    /// A device.
    pub fn device() -> Self {
        Self::new(vec![key_usage(DIGITAL_SIGNATURE)])
    }

    /// No extension at all.
    pub fn bare() -> Self {
        Self::new(Vec::new())
    }

    /// With one more extension.
    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Has `issuer` certify `subject`.
    pub fn certify(&self, issuer: &Entity, subject: &Entity) -> Vec<u8> {
        let extensions = self.extensions.concat();
        let extensions = if extensions.is_empty() {
            Vec::new()
        } else {
            der::explicit(3, &der::sequence(&[&extensions]))
        };
        let body = der::sequence(&[
            &der::explicit(0, &der::unsigned(&[self.version])),
            &der::unsigned(&[1]),
            &issuer.key.signature_algorithm(),
            &name(issuer.name),
            &der::sequence(&[
                &der::element(0x18, self.not_before),
                &der::element(0x18, self.not_after),
            ]),
            &name(subject.name),
            &subject.key.public_key_info(),
            &extensions,
        ]);
        let (algorithm, signature) = issuer.key.sign_certificate(&body);
        der::sequence(&[&body, &algorithm, &der::bit_string(&signature)])
    }
}

/// An extension.
pub fn extension(oid: &[u32], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[0x01, 0x01, 0xff] } else { &[] };
    der::sequence(&[&der::oid(oid), critical, &der::octet_string(value)])
}

/// keyUsage with these bits, the first one highest.
pub fn key_usage(bits: u8) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros().min(7)).unwrap();
    extension(&KEY_USAGE, true, &der::element(0x03, &[unused, bits]))
}

/// extKeyUsage.
pub fn extended_key_usage(purposes: &[&[u32]]) -> Vec<u8> {
    let purposes: Vec<u8> = purposes.iter().flat_map(|oid| der::oid(oid)).collect();
    extension(&EXTENDED_KEY_USAGE, false, &der::sequence(&[&purposes]))
}

/// A decoded chain.
pub fn chain(certificates: &[Vec<u8>]) -> Vec<Certificate> {
    certificates
        .iter()
        .map(|der| Certificate::from_der(der).unwrap())
        .collect()
}

/// A trusted root.
pub fn anchor(der: &[u8]) -> Anchor {
    Anchor {
        certificate: Certificate::from_der(der).unwrap(),
        source: "test".to_owned(),
    }
}

fn name(common_name: &str) -> Vec<u8> {
    let attribute = der::sequence(&[&der::oid(&[2, 5, 4, 3]), &der::utf8(common_name)]);
    der::sequence(&[&der::set(&attribute)])
}
