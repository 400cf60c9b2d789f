// SPDX-License-Identifier: GPL-2.0

//! Numbers of the family, as in `Documentation/netlink/specs/device-evidence.yaml`.

/// Name to look the family up by.
pub const NAME: &str = "device-evidence";

/// Version in the generic netlink header.
pub const VERSION: u8 = 1;

/// Name of the multicast group that tells changes.
pub const GROUP_EVENTS: &str = "events";

/// Most bytes that an object may have.
pub const MAX_OBJECT_SIZE: u32 = 16 << 20;

/// `DEVICE_EVIDENCE_CMD_*`
pub mod command {
    /// Read objects (dump).
    pub const READ: u8 = 1;
    /// Accept a generation.
    pub const VALIDATE: u8 = 2;
    /// Something changed (event).
    pub const NOTIFY: u8 = 16;
}

/// `DEVICE_EVIDENCE_A_*`
pub mod attribute {
    /// u32: which object a message starts.
    pub const TYPE: u16 = 1;
    /// u32: which objects to return.
    pub const TYPE_MASK: u16 = 2;
    /// u32: how to answer.
    pub const FLAGS: u16 = 3;
    /// String: name of the bus.
    pub const SUBSYS: u16 = 4;
    /// String: name of the device on its bus.
    pub const DEV_NAME: u16 = 5;
    /// 32 bytes: collect new evidence over this nonce first.
    pub const NONCE: u16 = 6;
    /// u32: number of this state of the evidence.
    pub const GENERATION: u16 = 7;
    /// u64: how many sets were published since the device connected.
    pub const COUNT: u16 = 8;
    /// u32: bytes of the whole object.
    pub const LENGTH: u16 = 9;
    /// Bytes: the next part of the object.
    pub const VAL: u16 = 10;
    /// u32: where in the object the first VAL of a message begins.
    pub const OFFSET: u16 = 32;
    /// u32: what happened.
    pub const EVENT: u16 = 33;
    /// u32: negotiated version as in the SPDMVersion field.
    pub const SPDM_VERSION: u16 = 34;
    /// String: negotiated hash.
    pub const HASH: u16 = 35;
    /// String: negotiated signature algorithm.
    pub const SIGNATURE_ALGORITHM: u16 = 36;
    /// u32: offset of the requester's nonce in the object.
    pub const REQUESTER_NONCE_OFFSET: u16 = 37;
    /// u32: offset of the responder's nonce in the object.
    pub const RESPONDER_NONCE_OFFSET: u16 = 38;
    /// u32: offset of the signature in the object.
    pub const SIGNATURE_OFFSET: u16 = 39;
    /// u32: bytes of the signature.
    pub const SIGNATURE_LENGTH: u16 = 40;
    /// u32: certificate slot to refresh from.
    pub const SLOT: u16 = 41;
    /// Flag: user space accepted this generation.
    pub const VALIDATED: u16 = 42;
    /// u32: why the device could not be authenticated.
    pub const REASON: u16 = 44;
    /// u32: error code that the device sent.
    pub const SPDM_ERROR_CODE: u16 = 45;
}

/// Flag: describe the objects, too.
pub const FLAG_DETAILS: u32 = 1 << 16;

/// What became of a device's evidence, by number.
pub const EVENTS: [(u32, &str); 6] = [
    (1, "connected"),
    (2, "disconnected"),
    (3, "refreshed"),
    (4, "validated"),
    (5, "revoked"),
    (6, "failed"),
];
