// SPDX-License-Identifier: GPL-2.0

//! Proofs by exhaustion: the parsers in `lib/rspdm/proto` on every message of small spaces.
//!
//! For each message in a space it is proved, by trying it, that the parser
//!
//! * returns: no panic, no overflow (the build has the checks), no endless loop;
//! * accepts it if and only if the model in `src/model`, which was made from the standard's tables
//!   alone, finds nothing wrong with it, and names a reason of the model's if it refuses;
//! * finds in an accepted message what the model finds, each part within the message, and no more
//!   than the message's own length is consumed; so that nothing depends on the padding behind it.
//!
//! The spaces, for each version and, where that matters, each hash, signature algorithm and form:
//!
//! | messages | space |
//! |---|---|
//! | all | legal messages cut at every byte, and with 1 to 8 bytes behind them |
//! | all | legal messages with each byte as each of 256 values |
//! | all | legal messages with any two bytes of header, lengths and counts as any of 19 values that are at the edges of fields |
//! | ERROR | every version, code and three values of each data byte; every length to 9 |
//! | VERSION | every count with every length to 520; every entry |
//! | CAPABILITIES | every value of both halves of Flags, and of CTExponent; pairs of sizes around all limits |
//! | ALGORITHMS | every choice of up to two bits in each selection; every number of tables, and every table |
//! | DIGESTS | every pair of Param1 and Param2, with the length that they demand and around it; with keys every CertificateInfo and KeyUsageMask |
//! | CERTIFICATE | every pair of Param1 and Param2; every PortionLength with lengths around it |
//! | CHALLENGE_AUTH | every pair of Param1 and Param2; every OpaqueDataLength with lengths around it |
//! | MEASUREMENTS | every Param2 and NumberOfBlocks; every MeasurementRecordLength below 65536; every pair of indices; every MeasurementSize and DMTFSpecMeasurementValueSize |
//! | chunks | every Param1, Handle and lower half of ChunkSeqNo; every ChunkSize below 65536 |
//! | certificates | every string of up to 6 bytes of an alphabet of 9 that has all forms of DER lengths; every length of 1, 2 and 3 bytes |
//! | chain | every Length below 65536 |
//!
//! Numbers of 32 bits are tried at all powers of two and around them instead.

mod enumerate {
    pub mod challenge;
    pub mod chunks;
    pub mod every;
    pub mod identify;
    pub mod measurements;
    pub mod negotiate;
    pub mod space;
}
