// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with CAPABILITIES.

use super::*;

pub(super) const FAULTS: &[Special] = &[
    (
        Kind::Capabilities,
        "ct-exponent",
        "EBADMSG",
        0x10,
        "CTExponent is 255, or the argument; 32 and more are illegal",
        &[Body(|message, site| {
            message.replace("CTExponent", &[site.number(255) as u8])
        })],
    ),
    (
        Kind::Capabilities,
        "ct-exponent-long",
        "0",
        0x10,
        "CTExponent is 31, more than half an hour",
        &[Body(|message, _| message.replace("CTExponent", &[31]))],
    ),
    (
        Kind::Capabilities,
        "no-certificates",
        "EOPNOTSUPP",
        0x10,
        "the device has no certificates: no CERT_CAP, CHAL_CAP, signed measurements",
        &[Action::Device(|config| config.capabilities = 0)],
    ),
    (
        Kind::Capabilities,
        "no-challenge",
        "EOPNOTSUPP",
        0x10,
        "the device cannot be challenged: no CHAL_CAP",
        &[Action::Device(|config| config.capabilities &= !CHAL_CAP)],
    ),
    (
        Kind::Capabilities,
        "no-measurements",
        "0",
        0x10,
        "the device cannot measure: no MEAS_CAP, no MEAS_FRESH_CAP",
        &[Action::Device(|config| {
            config.capabilities &= !(MEAS_CAP | 0x20)
        })],
    ),
    (
        Kind::Capabilities,
        "measurements-3",
        "EPROTO",
        0x10,
        "MEAS_CAP has the reserved value 3",
        &[Body(|message, _| {
            or(message, "Flags", &0x18u32.to_le_bytes())
        })],
    ),
    (
        Kind::Capabilities,
        "unknown-flags",
        "0",
        0x10,
        "flags that SPDM 1.1 does not know are set; the device speaks only that",
        &[
            Setup(|config| config.versions = vec![0x11]),
            Body(|message, _| or(message, "Flags", &0xfffe_0000u32.to_le_bytes())),
        ],
    ),
    (
        Kind::Capabilities,
        "transfer-size-41",
        "EPROTO",
        0x12,
        "both sizes are 41, one less than allowed, or the argument",
        &[Body(|message, site| {
            let size = (site.number(41) as u32).to_le_bytes();
            message.replace("DataTransferSize", &size);
            message.replace("MaxSPDMmsgSize", &size);
        })],
    ),
    (
        Kind::Capabilities,
        "max-size-below",
        "EPROTO",
        0x12,
        "MaxSPDMmsgSize is below DataTransferSize",
        &[Body(|message, _| {
            message.replace("MaxSPDMmsgSize", &42u32.to_le_bytes())
        })],
    ),
    (
        Kind::Capabilities,
        "max-size-above",
        "EPROTO",
        0x12,
        "MaxSPDMmsgSize exceeds DataTransferSize without CHUNK_CAP",
        &[
            Device(|config| config.capabilities &= !CHUNK_CAP),
            Body(|message, _| message.replace("MaxSPDMmsgSize", &0x1_0000u32.to_le_bytes())),
        ],
    ),
    (
        Kind::Capabilities,
        "reserved-set",
        "0",
        0x10,
        "reserved fields are not zero",
        &[Body(|message, _| {
            // Bit 0 of Param1 would announce a block of supported algorithms.
            message.replace("Param1", &[0xa4]);
            message.replace("Param2", &[0xa5]);
            message.replace("Reserved", &[0xa5]);
        })],
    ),
];
