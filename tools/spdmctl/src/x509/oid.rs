// SPDX-License-Identifier: GPL-2.0

//! Object identifiers that mean something here.

use der::asn1::ObjectIdentifier;

/// PCI-SIG: a name that identifies a function; PCI Express Base 6.1, 6.31.3.
pub const PCI_SIG_CMA_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.147");

/// DMTF: "manufacturer:product:serialNumber"; DSP0274, "Leaf certificate".
pub const DMTF_DEVICE_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.412.274.1");

/// DMTF: key usage of a responder.
pub const DMTF_EKU_RESPONDER_AUTH: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.412.274.3");

/// DMTF: key usage of a requester.
pub const DMTF_EKU_REQUESTER_AUTH: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.412.274.4");

/// DMTF: container of hardware-identity and mutable-certificate marks.
pub const DMTF_SPDM_EXTENSION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.412.274.6");

/// TCG DICE attestation extensions; their content is for a measurement verifier.
pub const TCG_DICE_ARC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.5.4");

/// PKCS #1: RSA signatures.
pub const PKCS_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1");

/// RFC 5280, 4.2.1.14: a key usage that includes every other.
pub const ANY_EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// `arc` itself or something below it.
pub fn is_below(oid: &ObjectIdentifier, arc: &ObjectIdentifier) -> bool {
    let mut arcs = oid.arcs();
    arc.arcs().all(|expected| arcs.next() == Some(expected))
}

/// The name of an extension that is known to people, or its number.
pub fn name(oid: &ObjectIdentifier) -> String {
    let known = match *oid {
        const_oid::db::rfc5280::ID_CE_NAME_CONSTRAINTS => "nameConstraints",
        const_oid::db::rfc5280::ID_CE_POLICY_CONSTRAINTS => "policyConstraints",
        const_oid::db::rfc5280::ID_CE_INHIBIT_ANY_POLICY => "inhibitAnyPolicy",
        const_oid::db::rfc5280::ID_CE_POLICY_MAPPINGS => "policyMappings",
        _ => return oid.to_string(),
    };
    known.to_owned()
}
