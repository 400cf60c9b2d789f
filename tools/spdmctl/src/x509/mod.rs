// SPDX-License-Identifier: GPL-2.0

//! Certificates and the path from a device's leaf to a trusted root.
//!
//! Decoding is `x509-cert`'s, signatures are RustCrypto's; what is judged, and how strictly, stands
//! here.

mod certificate;
pub mod oid;
mod path;

pub use certificate::{
    BasicConstraints,
    Certificate, //
};
pub use path::{
    Anchor,
    Path,
    Problem, //
};
