// SPDX-License-Identifier: GPL-2.0

//! Names of messages and of their fields, as errors tell them.

use core::fmt;

/// Generates an enum whose variants have a name in the standard's spelling.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident; $($(#[$variant_doc:meta])* $variant:ident: $text:literal;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All variants.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in the standard's spelling.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

names! {
    /// A request of ours.
    Request;
    /// Asks for the versions that the responder speaks.
    GetVersion: "GET_VERSION";
    /// Tells our capabilities and asks for the responder's.
    GetCapabilities: "GET_CAPABILITIES";
    /// Offers algorithms.
    NegotiateAlgorithms: "NEGOTIATE_ALGORITHMS";
    /// Asks for the digests of all certificate chains.
    GetDigests: "GET_DIGESTS";
    /// Asks for a portion of a certificate chain.
    GetCertificate: "GET_CERTIFICATE";
    /// Asks for a signature over everything said so far and a nonce.
    Challenge: "CHALLENGE";
    /// Asks for what the device measured.
    GetMeasurements: "GET_MEASUREMENTS";
}

impl Request {
    /// RequestResponseCode of the request; that of its response has bit 7 cleared.
    ///
    /// DSP0274 1.0, "SPDM request codes".
    pub const fn code(self) -> u8 {
        match self {
            Self::GetDigests => 0x81,
            Self::GetCertificate => 0x82,
            Self::Challenge => 0x83,
            Self::GetVersion => 0x84,
            Self::GetMeasurements => 0xe0,
            Self::GetCapabilities => 0xe1,
            Self::NegotiateAlgorithms => 0xe3,
        }
    }

    /// The response that answers the request.
    pub const fn response(self) -> Response {
        match self {
            Self::GetVersion => Response::Version,
            Self::GetCapabilities => Response::Capabilities,
            Self::NegotiateAlgorithms => Response::Algorithms,
            Self::GetDigests => Response::Digests,
            Self::GetCertificate => Response::Certificate,
            Self::Challenge => Response::ChallengeAuth,
            Self::GetMeasurements => Response::Measurements,
        }
    }
}

names! {
    /// A response of the device's.
    Response;
    /// Answers GET_VERSION.
    Version: "VERSION";
    /// Answers GET_CAPABILITIES.
    Capabilities: "CAPABILITIES";
    /// Answers NEGOTIATE_ALGORITHMS.
    Algorithms: "ALGORITHMS";
    /// Answers GET_DIGESTS.
    Digests: "DIGESTS";
    /// Answers GET_CERTIFICATE.
    Certificate: "CERTIFICATE";
    /// Answers CHALLENGE.
    ChallengeAuth: "CHALLENGE_AUTH";
    /// Answers GET_MEASUREMENTS.
    Measurements: "MEASUREMENTS";
    /// Answers CHUNK_GET: a piece of a response.
    Chunk: "CHUNK_RESPONSE";
    /// Answers CHUNK_SEND: a piece of a request has arrived.
    ChunkSendAck: "CHUNK_SEND_ACK";
    /// Answers any request that cannot be answered.
    Error: "ERROR";
}

names! {
    /// A field of a response, or of the certificate chain that CERTIFICATE transports.
    Field;
    /// The four bytes that every message begins with.
    Header: "header";
    /// VERSION: how many entries follow.
    VersionNumberEntryCount: "VersionNumberEntryCount";
    /// VERSION: the versions.
    VersionNumberEntry: "VersionNumberEntry";
    /// CAPABILITIES: exponent of the time that cryptography takes.
    CtExponent: "CTExponent";
    /// CAPABILITIES: what the responder can do.
    Flags: "Flags";
    /// CAPABILITIES: what the responder can receive at once.
    DataTransferSize: "DataTransferSize";
    /// CAPABILITIES: what the responder can receive in pieces.
    MaxSpdmMsgSize: "MaxSPDMmsgSize";
    /// ALGORITHMS: length of the message.
    Length: "Length";
    /// ALGORITHMS: everything between Length and the counts.
    FixedPart: "fixed part";
    /// ALGORITHMS: format of measurements.
    MeasurementSpecificationSel: "MeasurementSpecificationSel";
    /// ALGORITHMS: format of opaque data, and multi-key.
    OtherParamsSelection: "OtherParamsSelection";
    /// ALGORITHMS: hash of measurements.
    MeasurementHashAlgo: "MeasurementHashAlgo";
    /// ALGORITHMS: signature algorithm.
    BaseAsymSel: "BaseAsymSel";
    /// ALGORITHMS: hash.
    BaseHashSel: "BaseHashSel";
    /// ALGORITHMS: post-quantum signature algorithm.
    PqcAsymSel: "PqcAsymSel";
    /// ALGORITHMS: format of the measurement extension log.
    MelSpecificationSel: "MELspecificationSel";
    /// ALGORITHMS: number of signature algorithms outside the standard.
    ExtAsymSelCount: "ExtAsymSelCount";
    /// ALGORITHMS: number of hashes outside the standard.
    ExtHashSelCount: "ExtHashSelCount";
    /// ALGORITHMS: a table of algorithms for sessions.
    RespAlgStruct: "RespAlgStruct";
    /// DIGESTS, CHALLENGE_AUTH: which slots hold a chain.
    SlotMask: "SlotMask";
    /// DIGESTS: the digests.
    Digest: "Digest";
    /// DIGESTS: which key each slot has.
    KeyPairId: "KeyPairID";
    /// DIGESTS, CERTIFICATE: what kind of certificates a slot holds.
    CertificateInfo: "CertificateInfo";
    /// DIGESTS: what the key of each slot may be used for.
    KeyUsageMask: "KeyUsageMask";
    /// CERTIFICATE, CHALLENGE_AUTH, MEASUREMENTS: the slot that is meant.
    SlotId: "SlotID";
    /// CERTIFICATE: which layout the lengths have.
    LargeCertChain: "LargeCertChain";
    /// CERTIFICATE: how much is here.
    PortionLength: "PortionLength";
    /// CERTIFICATE: how much is still to come.
    RemainderLength: "RemainderLength";
    /// CERTIFICATE: a piece of the chain.
    Portion: "certificate chain portion";
    /// Chain: its length.
    ChainLength: "certificate chain length";
    /// Chain: digest of the root certificate.
    RootHash: "RootHash";
    /// Chain: its certificates.
    Certificates: "certificates";
    /// CHALLENGE_AUTH: demand that we authenticate ourselves.
    BasicMutAuthReq: "BasicMutAuthReq";
    /// CHALLENGE_AUTH: digest of the chain whose key signed.
    CertChainHash: "CertChainHash";
    /// CHALLENGE_AUTH, MEASUREMENTS: the responder's random number.
    Nonce: "Nonce";
    /// CHALLENGE_AUTH, MEASUREMENTS: how much opaque data there is.
    OpaqueDataLength: "OpaqueDataLength";
    /// CHALLENGE_AUTH, MEASUREMENTS: data of the device's own.
    OpaqueData: "OpaqueData";
    /// CHALLENGE_AUTH, MEASUREMENTS: value of ours, sent back.
    RequesterContext: "RequesterContext";
    /// CHALLENGE_AUTH, MEASUREMENTS: the signature.
    Signature: "Signature";
    /// MEASUREMENTS: whether they changed while they were told.
    ContentChanged: "content changed";
    /// MEASUREMENTS: how many blocks the record has.
    NumberOfBlocks: "NumberOfBlocks";
    /// MEASUREMENTS: length of the record.
    MeasurementRecordLength: "MeasurementRecordLength";
    /// MEASUREMENTS: the blocks, one after the other.
    MeasurementRecord: "MeasurementRecord";
    /// Measurement block: its number.
    MeasurementIndex: "Index of a measurement";
    /// Measurement block: who says what the rest of it means.
    MeasurementSpecification: "MeasurementSpecification of a measurement";
    /// Measurement block: length of the measurement.
    MeasurementSize: "MeasurementSize";
    /// Measurement block: what was measured, and whether the value is a digest.
    MeasurementValueType: "DMTFSpecMeasurementValueType";
    /// Measurement block: length of the value.
    MeasurementValueSize: "DMTFSpecMeasurementValueSize";
    /// CHUNK_RESPONSE, CHUNK_SEND_ACK: which transfer it is.
    Handle: "Handle";
    /// CHUNK_RESPONSE, CHUNK_SEND_ACK: which chunk of the transfer it is.
    ChunkSeqNo: "ChunkSeqNo";
    /// CHUNK_RESPONSE: length of the chunk.
    ChunkSize: "ChunkSize";
    /// CHUNK_RESPONSE: length of the whole.
    LargeMessageSize: "LargeMessageSize";
    /// CHUNK_RESPONSE: whether there is no chunk after this one.
    LastChunk: "LastChunk";
    /// CHUNK_RESPONSE: a piece of the response.
    Chunk: "chunk";
    /// CHUNK_SEND_ACK: whether the request is refused.
    EarlyErrorDetected: "EarlyErrorDetected";
    /// ERROR: what is to be known beside the code.
    ExtendedErrorData: "ExtendedErrorData";
}
