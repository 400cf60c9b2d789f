// SPDX-License-Identifier: GPL-2.0

//! Messages: how they look on the wire, one file per pair of request and response.
//!
//! Every file has the same parts in the same order: `encode()` makes the request; the response is a
//! type whose [`Validate`](kernel::validate::Validate) implementation is its parser and takes what
//! the request asked for as context. A value of such a type is the proof that
//!
//! * SPDMVersion, RequestResponseCode and every echoed field are what they must be;
//! * every length and count is consistent with the bytes that are there;
//! * the message ends where its own fields say, with no more behind it than a transport pads with.
//!
//! That there is too much behind a message is only found if all else is right with it, so whoever
//! has several messages in a row learns from [`Malformed::Excess`](super::error::Malformed::Excess)
//! where the next one begins.
//!
//! `bytes` of a response is the message without padding: what a transcript gets. All integers are
//! little-endian. Reserved fields are sent as 0 and not looked at.
//!
//! There is no state in here: whether a message may come now is for the requester to know.

pub mod cert_chain;
pub mod encode;
pub mod error_rsp;
pub mod freshness;
pub mod header;
mod reader;

pub mod algorithms;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod algorithms_test;
pub mod capabilities;
pub mod certificate;
pub mod challenge;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod challenge_test;
pub mod chunk;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod chunk_test;
pub mod digests;
pub mod get_version;
pub mod measurement_record;
pub mod measurements;
#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
mod measurements_test;
pub mod respond_if_ready;
