// SPDX-License-Identifier: GPL-2.0

//! The test CA: root certificates, and the chains that it gives to devices.
//!
//! Certificates are what a Linux kernel accepts: X.509 v3 with basicConstraints,
//! keyUsage and both key identifiers; they have no expiration date. The leaf
//! names its PCI function as PCIe Base 6.1 says in 6.31.3. [`Defect`] tells
//! what they may lack.

use std::sync::Arc;

use crate::{
    algorithm::{
        key_identifier,
        Asym, //
    },
    config::{
        Config,
        Defect, //
    },
    der,
    device::Chain,
    keys::{
        Key,
        Role, //
    },
    random::Random,
};

/// A certificate in the making.
struct Certificate<'a> {
    serial: Vec<u8>,
    issuer: &'a str,
    issuer_key: &'a Key,
    /// Makes the signature: the issuer's key, unless the signature shall be wrong.
    signer: &'a Key,
    subject: &'a str,
    subject_key: &'a Key,
    is_ca: bool,
    key_usage: u8,
    san: Option<&'a str>,
    /// Length of a comment that makes the certificate longer, in bytes.
    padding: usize,
}

const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_CERT_SIGN: u8 = 0x04;
const CRL_SIGN: u8 = 0x02;

impl Certificate<'_> {
    fn to_der(&self) -> Vec<u8> {
        let extension = |oid: &[u8], critical: bool, value: &[u8]| {
            let critical: &[u8] = if critical { &[0x01, 0x01, 0xff] } else { &[] };
            der::sequence(&[oid, critical, &der::octet_string(value)])
        };
        let unused_bits = self.key_usage.trailing_zeros().min(7) as u8;
        let constraints: &[u8] = if self.is_ca { &[0x01, 0x01, 0xff] } else { &[] };
        let key_id = |key: &Key| key_identifier(&key.public_key_info());
        let mut extensions = vec![
            // basicConstraints
            extension(
                &der::oid(&[2, 5, 29, 19]),
                true,
                &der::sequence(&[constraints]),
            ),
            // keyUsage
            extension(
                &der::oid(&[2, 5, 29, 15]),
                true,
                &der::element(0x03, &[unused_bits, self.key_usage]),
            ),
            // subjectKeyIdentifier
            extension(
                &der::oid(&[2, 5, 29, 14]),
                false,
                &der::octet_string(&key_id(self.subject_key)),
            ),
            // authorityKeyIdentifier
            extension(
                &der::oid(&[2, 5, 29, 35]),
                false,
                &der::sequence(&[&der::implicit(0, &key_id(self.issuer_key))]),
            ),
        ];
        if let Some(san) = self.san {
            // subjectAltName: otherName of PCIe Base 6.1, 6.31.3.
            let other_name = der::explicit(
                0,
                &[der::oid(&[2, 23, 147]), der::explicit(0, &der::utf8(san))].concat(),
            );
            extensions.push(extension(
                &der::oid(&[2, 5, 29, 17]),
                false,
                &der::sequence(&[&other_name]),
            ));
        }
        if self.padding > 0 {
            // Netscape comment: free text that nobody interprets.
            let comment = vec![b'x'; self.padding - 1];
            extensions.push(extension(
                &der::oid(&[2, 16, 840, 1, 113730, 1, 13]),
                false,
                &der::element(0x16, &comment),
            ));
        }

        let algorithm = self.signer.signature_algorithm();
        let body = der::sequence(&[
            &der::explicit(0, &der::unsigned(&[2])), // v3
            &der::unsigned(&self.serial),
            &algorithm,
            &name(self.issuer),
            &der::sequence(&[
                &der::element(0x17, b"200101000000Z"),
                &der::element(0x18, b"99991231235959Z"),
            ]),
            &name(self.subject),
            &self.subject_key.public_key_info(),
            &der::explicit(3, &der::sequence(&[&extensions.concat()])),
        ]);
        let (algorithm, signature) = self.signer.sign_certificate(&body);
        der::sequence(&[&body, &algorithm, &der::bit_string(&signature)])
    }
}

/// Name with one attribute, the common name.
fn name(common_name: &str) -> Vec<u8> {
    let attribute = der::sequence(&[&der::oid(&[2, 5, 4, 3]), &der::utf8(common_name)]);
    der::sequence(&[&der::set(&attribute)])
}

/// Eight bytes with the highest bit clear.
fn serial(random: &Random, label: &str) -> Vec<u8> {
    let mut serial = random.derive(&format!("serial {label}"), 8);
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}

/// The root certificate of all chains with `asym`, and its key.
pub fn make_root(config: &Config, asym: Asym, random: &Random) -> (Key, Vec<u8>) {
    let key = Key::new(asym, Role::Ca, "root", random);
    let subject = format!("rspdm test root {}", asym.name());
    let root = Certificate {
        serial: serial(random, "root"),
        issuer: &subject,
        issuer_key: &key,
        signer: &key,
        subject: &subject,
        subject_key: &key,
        is_ca: true,
        key_usage: KEY_CERT_SIGN | CRL_SIGN,
        san: None,
        padding: 0,
    };
    let mut der = root.to_der();
    if config.chain.defect == Some(Defect::RootSignature) {
        let last = der.len() - 1;
        der[last] ^= 0x01;
    }
    (key, der)
}

/// The chain of `slot`, or nothing if it cannot have the wished length.
pub fn make_chain(config: &Config, asym: Asym, slot: u8, random: &Random) -> Option<Chain> {
    let shape = &config.chain;
    let leaf_asym = match shape.defect {
        Some(Defect::LeafKey) if asym == Asym::EcdsaP256 => Asym::EcdsaP384,
        Some(Defect::LeafKey) => Asym::EcdsaP256,
        _ => asym,
    };
    let leaf_label = if config.distinct_keys {
        format!("leaf {slot}")
    } else {
        "leaf".into()
    };
    let leaf_key = Arc::new(Key::new(leaf_asym, Role::Leaf, &leaf_label, random));
    let leaf_subject = format!("rspdm test device {} slot {slot}", asym.name());
    let leaf_usage = match shape.defect {
        Some(Defect::LeafKeyUsage) => 0x08, // keyAgreement
        _ => DIGITAL_SIGNATURE,
    };

    // Issuers from the root downwards: subject, key, DER.
    let mut issuers: Vec<(String, Key, Vec<u8>)> = vec![];
    if shape.certificates > 1 {
        let (key, der) = make_root(config, asym, random);
        issuers.push((format!("rspdm test root {}", asym.name()), key, der));
    }
    let sent_before = |issuers: &[(String, Key, Vec<u8>)]| -> usize {
        let skip = usize::from(shape.omit_root && shape.certificates > 1);
        issuers.iter().skip(skip).map(|(_, _, der)| der.len()).sum()
    };
    // The wished length is that of connections with the preferred hash; RootHash differs with others.
    let header = 4 + config.hash.first().map_or(0, |hash| hash.digest_len());
    let share = shape.bytes.map_or(0, |bytes| {
        let bare = 900 * shape.certificates + header;
        bytes.saturating_sub(bare) / (shape.certificates.max(2) - 1)
    });
    for number in 1..shape.certificates.saturating_sub(1) {
        let key = Key::new(asym, Role::Ca, &format!("intermediate {number}"), random);
        let subject = format!("rspdm test CA {number} {} slot {slot}", asym.name());
        let last = number == shape.certificates - 2;
        let not_ca = last && shape.defect == Some(Defect::IssuerNotCa);
        let der = {
            let (issuer, issuer_key, _) = issuers.last().expect("the root is there");
            Certificate {
                serial: serial(random, &subject),
                issuer,
                issuer_key,
                signer: issuer_key,
                subject: &subject,
                subject_key: &key,
                is_ca: !not_ca,
                key_usage: if not_ca {
                    DIGITAL_SIGNATURE
                } else {
                    KEY_CERT_SIGN | CRL_SIGN
                },
                san: None,
                padding: share,
            }
            .to_der()
        };
        issuers.push((subject, key, der));
    }

    let stranger = Key::new(asym, Role::Leaf, "stranger", random);
    let leaf = |padding: usize, attempt: usize| {
        let (issuer, issuer_key) = match issuers.last() {
            Some((subject, key, _)) => (subject.as_str(), key),
            None => (leaf_subject.as_str(), &*leaf_key),
        };
        let issuer = match shape.defect {
            Some(Defect::IssuerName) => "nobody",
            _ => issuer,
        };
        let certificate = Certificate {
            serial: serial(random, &format!("{leaf_subject} {attempt}")),
            issuer,
            issuer_key,
            signer: match shape.defect {
                Some(Defect::LinkSignature) => &stranger,
                _ => issuer_key,
            },
            subject: &leaf_subject,
            subject_key: &leaf_key,
            is_ca: false,
            key_usage: leaf_usage,
            san: shape.san.as_deref(),
            padding,
        };
        certificate.to_der()
    };
    let before = header + sent_before(&issuers);
    let mut der = leaf(0, 0);
    if let Some(wished) = shape.bytes {
        // ECDSA signatures differ in length by a byte or two: try until it fits.
        let mut padding = 0usize;
        for attempt in 1.. {
            let len = before + der.len();
            if len == wished {
                break;
            }
            if attempt == 500 {
                return None;
            }
            padding = (padding + wished).checked_sub(len)?;
            der = leaf(padding, attempt);
        }
    }

    let root = issuers.first().map_or(&der, |(_, _, der)| der).clone();
    let mut certificates: Vec<Vec<u8>> = issuers.into_iter().map(|(_, _, der)| der).collect();
    certificates.push(der);
    if shape.omit_root && certificates.len() > 1 {
        certificates.remove(0);
    }
    if shape.defect == Some(Defect::Order) {
        certificates.reverse();
    }
    Some(Chain {
        certificates,
        root,
        key: leaf_key,
        defect: shape.defect,
    })
}
