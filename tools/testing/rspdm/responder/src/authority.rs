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
        Defect,
        ALIAS_CERT_CAP, //
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
    /// Last arc of what the DMTF's extension says of the certificate.
    dmtf: Option<u32>,
    /// Length of a comment that makes the certificate longer, in bytes.
    padding: usize,
    /// What is wrong inside of an extension.
    defect: Option<Defect>,
}

/// id-DMTF-hardware-identity: the key that the device got when it was made.
const HARDWARE_IDENTITY: u32 = 2;
/// id-DMTF-mutable-certificate: the device's firmware made the certificate.
const MUTABLE: u32 = 5;

const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_AGREEMENT: u8 = 0x08;
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
        let unless = |defect, value: Vec<u8>| match self.defect == Some(defect) {
            true => vec![],
            false => value,
        };
        let mut extensions = vec![
            // basicConstraints
            extension(
                &der::oid(&[2, 5, 29, 19]),
                true,
                &unless(Defect::EmptyConstraints, der::sequence(&[constraints])),
            ),
            // keyUsage
            extension(
                &der::oid(&[2, 5, 29, 15]),
                true,
                &unless(
                    Defect::EmptyKeyUsage,
                    der::element(0x03, &[unused_bits, self.key_usage]),
                ),
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
        if let Some(arc) = self.dmtf {
            // id-DMTF-SPDM-extension: a list of what holds.
            let said = der::sequence(&[&der::oid(&[1, 3, 6, 1, 4, 1, 412, 274, arc])]);
            extensions.push(extension(
                &der::oid(&[1, 3, 6, 1, 4, 1, 412, 274, 6]),
                false,
                &der::sequence(&[&said]),
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

/// A CA: its name, key and certificate.
pub struct Issuer {
    subject: String,
    key: Key,
    /// The certificate, DER.
    pub der: Vec<u8>,
}

/// The root of all chains with `asym`.
pub fn make_root(config: &Config, asym: Asym, random: &Random) -> Issuer {
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
        dmtf: None,
        padding: 0,
        defect: None,
    };
    let mut der = root.to_der();
    if config.chain.defect == Some(Defect::RootSignature) {
        let last = der.len() - 1;
        der[last] ^= 0x01;
    }
    Issuer { subject, key, der }
}

/// All issuers of a chain, the root first; each below it gets `padding`.
fn make_issuers(
    config: &Config,
    asym: Asym,
    slot: u8,
    random: &Random,
    padding: usize,
) -> Vec<Issuer> {
    let count = config.chain.certificates - 1;
    if count == 0 {
        return vec![];
    }
    let mut issuer = make_root(config, asym, random);
    let mut issuers = vec![];
    for number in 1..count {
        let is_last = number == count - 1;
        let is_ca = !(is_last && config.chain.defect == Some(Defect::IssuerNotCa));
        let key = Key::new(asym, Role::Ca, &format!("intermediate {number}"), random);
        let subject = format!("rspdm test CA {number} {} slot {slot}", asym.name());
        let certificate = Certificate {
            serial: serial(random, &subject),
            issuer: &issuer.subject,
            issuer_key: &issuer.key,
            signer: &issuer.key,
            subject: &subject,
            subject_key: &key,
            is_ca,
            key_usage: match is_ca {
                true => KEY_CERT_SIGN | CRL_SIGN,
                false => DIGITAL_SIGNATURE,
            },
            san: None,
            dmtf: (is_last && is_alias(config)).then_some(HARDWARE_IDENTITY),
            padding,
            defect: None,
        };
        let der = certificate.to_der();
        issuers.push(std::mem::replace(&mut issuer, Issuer { subject, key, der }));
    }
    issuers.push(issuer);
    issuers
}

/// The leaf certificate, signed by `issuer` or by itself. Each `attempt` is another certificate.
fn make_leaf(
    config: &Config,
    subject: &str,
    key: &Key,
    issuer: Option<&Issuer>,
    random: &Random,
    (padding, attempt): (usize, usize),
) -> Vec<u8> {
    let (issuer, issuer_key) = match issuer {
        Some(issuer) => (issuer.subject.as_str(), &issuer.key),
        None => (subject, key),
    };
    let stranger = Key::new(issuer_key.asym(), Role::Leaf, "stranger", random);
    let defect = config.chain.defect;
    let certificate = Certificate {
        serial: serial(random, &format!("{subject} {attempt}")),
        issuer: match defect {
            Some(Defect::IssuerName) => "nobody",
            _ => issuer,
        },
        issuer_key,
        signer: match defect {
            Some(Defect::LinkSignature) => &stranger,
            _ => issuer_key,
        },
        subject,
        subject_key: key,
        is_ca: false,
        key_usage: match defect {
            Some(Defect::LeafKeyUsage) => KEY_AGREEMENT,
            _ => DIGITAL_SIGNATURE,
        },
        san: config.chain.san.as_deref(),
        dmtf: is_alias(config).then_some(MUTABLE),
        padding,
        defect,
    };
    certificate.to_der()
}

/// Whether the issuer of the leaf is the device itself.
fn is_alias(config: &Config) -> bool {
    config.capabilities & ALIAS_CERT_CAP != 0
}

/// The chain of `slot`, or nothing if it cannot have the wished length.
pub fn make_chain(config: &Config, asym: Asym, slot: u8, random: &Random) -> Option<Chain> {
    let shape = &config.chain;
    let key_asym = match shape.defect {
        Some(Defect::LeafKey) if asym == Asym::EcdsaP256 => Asym::EcdsaP384,
        Some(Defect::LeafKey) => Asym::EcdsaP256,
        _ => asym,
    };
    let key_label = match config.distinct_keys {
        true => format!("leaf {slot}"),
        false => "leaf".into(),
    };
    let key = Key::new(key_asym, Role::Leaf, &key_label, random);
    let subject = format!("rspdm test device {} slot {slot}", asym.name());
    let leaf = |issuers: &[Issuer], padding, attempt| {
        make_leaf(
            config,
            &subject,
            &key,
            issuers.last(),
            random,
            (padding, attempt),
        )
    };

    // The wished length is that of connections with the preferred hash; RootHash differs with others.
    let header_len = 4 + config.hash.first().map_or(0, |hash| hash.digest_len());
    let omitted = usize::from(shape.omit_root && shape.certificates > 1);
    let total = |issuers: &[Issuer], der: &[u8]| {
        let sent = issuers.iter().skip(omitted).map(|issuer| issuer.der.len());
        header_len + sent.sum::<usize>() + der.len()
    };

    let mut issuers = make_issuers(config, asym, slot, random, 0);
    let mut der = leaf(&issuers, 0, 0);
    if let Some(wished) = shape.bytes {
        let missing = wished.checked_sub(total(&issuers, &der))?;
        // Everybody below the root gets a share; the leaf gets what is left.
        let sharers = shape.certificates.saturating_sub(2) + 1;
        let share = (missing / sharers).saturating_sub(PADDING_OVERHEAD);
        if share > 0 && sharers > 1 {
            issuers = make_issuers(config, asym, slot, random, share);
        }
        let mut padding = 0;
        // ECDSA signatures differ in length by a byte or two: try until it fits.
        for attempt in 1.. {
            let len = total(&issuers, &der);
            if len == wished {
                break;
            }
            if attempt > ATTEMPTS {
                return None;
            }
            padding = (padding + wished).checked_sub(len)?;
            der = leaf(&issuers, padding, attempt);
        }
    }

    let root = issuers.first().map_or(&der, |root| &root.der).clone();
    let mut certificates: Vec<Vec<u8>> = issuers.into_iter().map(|issuer| issuer.der).collect();
    certificates.push(der);
    certificates.drain(..omitted);
    if shape.defect == Some(Defect::Order) {
        certificates.reverse();
    }
    Some(Chain {
        certificates,
        root,
        key: Arc::new(key),
        defect: shape.defect,
    })
}

/// More than what a padding extension costs besides the padding, in bytes.
const PADDING_OVERHEAD: usize = 40;
/// How many leaves are made in the hope that one has the wished length.
const ATTEMPTS: usize = 500;
