// SPDX-License-Identifier: GPL-2.0

//! What CHALLENGE and GET_MEASUREMENTS have in common, and their responses: how these prove that
//! they are new.
//!
//! Both requests begin with our nonce. Both responses end in the device's nonce, opaque data, and
//! from 1.3 on a value of ours; then the signature.

use zerocopy::little_endian::U16;
use zerocopy_derive::{
    Immutable,
    IntoBytes, //
};

use super::{
    header::Header,
    reader::Reader, //
};
use crate::proto::{
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    limits::OPAQUE_LEN_MAX,
    message::Field,
    negotiated::OpaqueFormat,
    version::Version, //
};

/// Length of a Nonce, in bytes.
pub const NONCE_LEN: usize = 32;

/// Length of RequesterContext, in bytes.
pub const CONTEXT_LEN: usize = 8;

/// Whether requests and responses have a RequesterContext.
pub(super) fn has_context(version: Version) -> bool {
    version >= Version::V1_3
}

/// A request for something signed, in 1.0; later versions append to it.
#[derive(Immutable, IntoBytes)]
#[repr(C)]
pub(super) struct WithNonce {
    pub(super) header: Header,
    pub(super) nonce: [u8; NONCE_LEN],
}

const _: () = assert!(size_of::<WithNonce>() == 36);

/// The fields from Nonce to RequesterContext of a response.
pub(super) struct Tail<'a> {
    /// Where the device's Nonce is, in bytes from the start of the message.
    pub(super) nonce_offset: usize,
    /// Data of the device's own.
    pub(super) opaque_data: &'a [u8],
}

impl<'a> Tail<'a> {
    /// Reads the fields; `context` is what the request had.
    pub(super) fn read(
        reader: &mut Reader<'a>,
        version: Version,
        format: OpaqueFormat,
        context: &[u8; CONTEXT_LEN],
    ) -> Result<Self, Error> {
        let nonce_offset = reader.position();
        reader.take(NONCE_LEN, Field::Nonce)?;
        let opaque_data = opaque_data(reader, format)?;
        if has_context(version) {
            let echoed = reader.take(CONTEXT_LEN, Field::RequesterContext)?;
            if echoed != context {
                return Err(reader.misbehaved(Misbehaved::Echo(Field::RequesterContext)));
            }
        }
        Ok(Self {
            nonce_offset,
            opaque_data,
        })
    }
}

/// Reads OpaqueDataLength and OpaqueData. What is in it is for user space to read.
fn opaque_data<'a>(reader: &mut Reader<'a>, format: OpaqueFormat) -> Result<&'a [u8], Error> {
    let len = reader.read::<U16>(Field::OpaqueDataLength)?.get();
    if len > OPAQUE_LEN_MAX {
        return Err(reader.malformed(Malformed::TooLarge(Field::OpaqueDataLength)));
    }
    if len != 0 && format == OpaqueFormat::None {
        return Err(reader.misbehaved(Misbehaved::Opaque));
    }
    reader.take(len.into(), Field::OpaqueData)
}
