// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with the keys of a multi-key connection, which DIGESTS tells of.

use super::*;

pub(super) const FAULTS: &[Special] = &[
    (
        Kind::Capabilities,
        "multi-key-3",
        "EPROTO",
        0x13,
        "MULTI_KEY_CAP has the reserved value 3",
        &[Body(|message, _| {
            or(message, "Flags", &0x0c00_0000u32.to_le_bytes())
        })],
    ),
    (
        Kind::Capabilities,
        "multi-key-only",
        "0",
        0x13,
        "the device demands a multi-key connection",
        &[Setup(|config| multi_key(config, MULTI_KEY_ONLY))],
    ),
    (
        Kind::Digests,
        "keys",
        "0",
        0x13,
        "four slots, each with a key of its own: a device's, alias, generic, and no certificate",
        &[Setup(|config| {
            multi_key(config, MULTI_KEY_NEG);
            config.slots = 0x0f;
            config.asym = vec![Asym::EcdsaP256];
            config.distinct_keys = true;
            config.models = [1, 2, 3, 0, 1, 1, 1, 1];
        })],
    ),
    (
        Kind::Digests,
        "keys-missing",
        "EBADMSG",
        0x13,
        "the arrays of a multi-key connection are absent",
        &[
            Setup(|config| multi_key(config, MULTI_KEY_NEG)),
            Body(|message, _| {
                for field in ["KeyPairID", "CertificateInfo", "KeyUsageMask"] {
                    message.replace(field, &[]);
                }
            }),
        ],
    ),
    (
        Kind::Digests,
        "keys-too-many",
        "EBADMSG",
        0x13,
        "the arrays of a multi-key connection have an element more than there are slots",
        &[
            Setup(|config| multi_key(config, MULTI_KEY_NEG)),
            Body(|message, _| {
                message.put("KeyPairID", &[1]);
                message.put("KeyUsageMask", &[0x06, 0, 0]);
            }),
        ],
    ),
    (
        Kind::Digests,
        "keys-unasked",
        "EBADMSG",
        0x13,
        "the arrays of a multi-key connection follow on another one",
        &[Body(|message, _| {
            message.put("KeyPairID", &[1]);
            message.put("CertificateInfo", &[1]);
            message.put("KeyUsageMask", &[0x06, 0]);
        })],
    ),
    (
        Kind::Digests,
        "model-reserved",
        "EPROTO",
        0x13,
        "CertificateInfo of the first slot is reserved",
        &[
            Setup(|config| multi_key(config, MULTI_KEY_NEG)),
            Body(|message, _| {
                edit(message, "CertificateInfo", 0, &[7]);
            }),
        ],
    ),
    (
        Kind::Digests,
        "model-generic",
        "EPROTO",
        0x13,
        "CertificateInfo of slot 0 is the generic model, which it must not be",
        &[
            Setup(|config| multi_key(config, MULTI_KEY_NEG)),
            Body(|message, _| {
                edit(message, "CertificateInfo", 0, &[3]);
            }),
        ],
    ),
    (
        Kind::Digests,
        "usage-none",
        "EPROTO",
        0x13,
        "the key of slot 0 may be used for nothing",
        &[
            Setup(|config| multi_key(config, MULTI_KEY_NEG)),
            Body(|message, _| {
                edit(message, "KeyUsageMask", 0, &[0, 0]);
            }),
        ],
    ),
    (
        Kind::Digests,
        "usage-not-challenge",
        "EOPNOTSUPP",
        0x13,
        "no key may answer CHALLENGE",
        &[
            Setup(|config| multi_key(config, MULTI_KEY_NEG)),
            Body(|message, _| {
                edit(message, "KeyUsageMask", 0, &[0x04, 0]);
            }),
        ],
    ),
    (
        Kind::Digests,
        "usage-not-measurements",
        "0",
        0x13,
        "the key of slot 0 may not sign measurements, which are told unsigned then",
        &[Setup(|config| {
            multi_key(config, MULTI_KEY_NEG);
            config.usages = [0x02; 8];
        })],
    ),
    (
        Kind::Digests,
        "usage-second-slot",
        "0",
        0x13,
        "only the key of slot 1 may answer CHALLENGE",
        &[Setup(|config| {
            multi_key(config, MULTI_KEY_NEG);
            config.slots = 0x03;
            config.usages = [0x04, 0x06, 6, 6, 6, 6, 6, 6];
        })],
    ),
    (
        Kind::Digests,
        "key-with-digest",
        "EPROTO",
        0x13,
        "a slot has a digest, but no certificate",
        &[
            Setup(|config| {
                multi_key(config, MULTI_KEY_NEG);
                config.slots = 0x03;
            }),
            Body(|message, _| edit(message, "CertificateInfo", 0, &[0])),
        ],
    ),
    (
        Kind::Certificate,
        "model-other",
        "EPROTO",
        0x13,
        "Param2 has another CertificateInfo than DIGESTS",
        &[
            Setup(|config| multi_key(config, MULTI_KEY_NEG)),
            Body(|message, _| {
                message.replace("Param2", &[0x02]);
            }),
        ],
    ),
    (
        Kind::Certificate,
        "alias",
        "0",
        0x12,
        "the leaf is of a key that the firmware made",
        &[Setup(|config| config.capabilities |= ALIAS_CERT_CAP)],
    ),
];

/// Gives the device multiple keys.
fn multi_key(config: &mut Config, capability: u32) {
    config.capabilities |= capability;
}
