// SPDX-License-Identifier: GPL-2.0

//! The path from a device's leaf certificate to a trusted root: RFC 5280, section 6, and DSP0274's
//! additions.
//!
//! Not judged, because nothing here could: revocation (devices come without a list), certificate
//! policies. Name constraints are not evaluated: a certificate that has them is refused if they are
//! critical, as RFC 5280 demands.

use std::fmt;

use der::DateTime;
use rspdm_host::crypto::{
    self,
    LinkError, //
};

use super::{
    oid,
    Certificate, //
};

/// A chain of certificates, root side first, leaf last: at least one.
pub struct Path<'a> {
    certificates: &'a [Certificate],
    leaf: &'a Certificate,
}

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Position of the certificate, 0 next to the root.
    pub position: usize,
    /// In words.
    pub what: String,
}

/// A root that the user trusts.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The root's certificate.
    pub certificate: Certificate,
    /// Where it came from.
    pub source: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate {}: {}", self.position, self.what)
    }
}

impl<'a> Path<'a> {
    /// A path of these certificates; `None` if there are none.
    pub fn new(certificates: &'a [Certificate]) -> Option<Self> {
        let leaf = certificates.last()?;
        Some(Self { certificates, leaf })
    }

    /// The device's own certificate.
    pub fn leaf(&self) -> &'a Certificate {
        self.leaf
    }

    /// The first certificate was issued to itself.
    pub fn begins_with_root(&self) -> bool {
        self.certificates
            .first()
            .is_some_and(Certificate::is_self_issued)
    }

    /// Checks that each certificate was issued and signed by the one before it, and a root by
    /// itself.
    ///
    /// # Errors
    ///
    /// The first link that does not hold, or that cannot be verified: both break the path.
    pub fn links(&self) -> Result<(), Problem> {
        if let Some(first) = self.certificates.first() {
            if first.is_self_issued() {
                signed_by(first, first).map_err(problem_at(0))?;
            }
        }
        for (index, pair) in self.certificates.windows(2).enumerate() {
            if let [issuer, subject] = pair {
                signed_by(subject, issuer).map_err(problem_at(index + 1))?;
            }
        }
        Ok(())
    }

    /// Checks what the certificates allow their keys to be used for.
    ///
    /// # Errors
    ///
    /// The first certificate that is used for more.
    pub fn constraints(&self) -> Result<(), Problem> {
        let issuers = self.certificates.len() - 1;
        for (position, certificate) in self.certificates.iter().enumerate() {
            let problem = problem_at(position);
            if let Some(extension) = certificate.unknown_critical().first() {
                return Err(problem(format!(
                    "critical extension {} is not understood here",
                    oid::name(extension)
                )));
            }
            if position < issuers {
                // Certificate authorities between this one and the leaf that were not issued to
                // themselves.
                let below = self.certificates.iter().take(issuers).skip(position + 1);
                let below = below.filter(|below| !below.is_self_issued()).count();
                is_authority(certificate, below).map_err(problem)?;
            } else {
                is_leaf(certificate).map_err(problem)?;
            }
        }
        Ok(())
    }

    /// Checks that every certificate is valid at `time`.
    ///
    /// # Errors
    ///
    /// The first one that is not.
    pub fn validity(&self, time: DateTime) -> Result<(), Problem> {
        for (position, certificate) in self.certificates.iter().enumerate() {
            is_valid_at(certificate, time).map_err(problem_at(position))?;
        }
        Ok(())
    }

    /// Finds the anchor that the path begins with, or that issued its first certificate.
    ///
    /// # Errors
    ///
    /// Why none of them will do.
    pub fn anchor<'b>(&self, anchors: &'b [Anchor], time: DateTime) -> Result<&'b Anchor, Problem> {
        let problem = problem_at(0);
        let Some(first) = self.certificates.first() else {
            return Err(problem("no certificate".to_owned()));
        };
        if let Some(same) = anchors
            .iter()
            .find(|anchor| anchor.certificate.der() == first.der())
        {
            // Its validity and constraints were judged as those of a certificate of the chain.
            return Ok(same);
        }
        let mut why = format!(
            "{} is none of the trusted roots, and none of them issued it",
            first.subject()
        );
        for anchor in anchors {
            let root = &anchor.certificate;
            if !first.names_issuer(root) {
                continue;
            }
            let below = self.certificates.iter().take(self.certificates.len() - 1);
            let below = below.filter(|below| !below.is_self_issued()).count();
            let judged = signed_by(first, root)
                .and_then(|()| is_authority(root, below))
                .and_then(|()| is_valid_at(root, time));
            match judged {
                Ok(()) => return Ok(anchor),
                Err(reason) => why = format!("trusted root {}: {reason}", root.subject()),
            }
        }
        Err(problem(why))
    }
}

fn problem_at(position: usize) -> impl Fn(String) -> Problem + Copy {
    move |what| Problem { position, what }
}

fn signed_by(subject: &Certificate, issuer: &Certificate) -> Result<(), String> {
    if !subject.names_issuer(issuer) {
        return Err(format!(
            "issued by {}, not by {}",
            subject.issuer(),
            issuer.subject()
        ));
    }
    let key = issuer.public_key()?;
    let algorithm = subject.signature_algorithm();
    // An RSA signature is as long as the modulus, or it does not verify.
    let bits = 8 * subject.signature().len();
    if oid::is_below(&algorithm.oid, &oid::PKCS_1) && bits < RSA_BITS_MIN {
        return Err(format!("its RSA signature of {bits} bits is too weak"));
    }
    crypto::verify_x509_signature(&key, algorithm, subject.tbs(), subject.signature()).map_err(
        |error| match error {
            LinkError::Invalid => {
                format!("its signature is not that of {}", issuer.subject())
            }
            LinkError::Unsupported(algorithm) => {
                format!("its signature algorithm {algorithm} is not supported here")
            }
        },
    )
}

fn is_authority(certificate: &Certificate, below: usize) -> Result<(), String> {
    let Some(constraints) = certificate.basic_constraints().filter(|found| found.ca) else {
        return Err("issues certificates and is no certificate authority".to_owned());
    };
    if let Some(limit) = constraints.path_len {
        if below > usize::from(limit) {
            return Err(format!(
                "allows {limit} certificate authorities below it, {below} are there"
            ));
        }
    }
    if certificate
        .key_usage()
        .is_some_and(|usage| !usage.key_cert_sign())
    {
        return Err("its key must not sign certificates".to_owned());
    }
    Ok(())
}

/// DSP0274, "Leaf certificate": no authority, may sign, and not for requesters only.
fn is_leaf(certificate: &Certificate) -> Result<(), String> {
    if certificate
        .basic_constraints()
        .is_some_and(|found| found.ca)
    {
        return Err("the device's own certificate is a certificate authority".to_owned());
    }
    match certificate.key_usage() {
        Some(usage) if usage.digital_signature() => {}
        Some(_) => return Err("its key must not sign".to_owned()),
        None => return Err("it does not say that its key may sign (keyUsage)".to_owned()),
    }
    if let Some(usages) = certificate.extended_key_usage() {
        let has = |oid| usages.contains(&oid);
        if has(oid::DMTF_EKU_REQUESTER_AUTH)
            && !has(oid::DMTF_EKU_RESPONDER_AUTH)
            && !has(oid::ANY_EXTENDED_KEY_USAGE)
        {
            return Err("it is for requesters only".to_owned());
        }
    }
    Ok(())
}

fn is_valid_at(certificate: &Certificate, time: DateTime) -> Result<(), String> {
    let (first, last) = certificate.validity();
    if time < first {
        Err(format!("not valid before {first}"))
    } else if time > last {
        Err(format!("not valid after {last}"))
    } else {
        Ok(())
    }
}

/// Fewest bits of an RSA modulus: DSP0274 and CMA know no smaller ones.
const RSA_BITS_MIN: usize = 2048;
