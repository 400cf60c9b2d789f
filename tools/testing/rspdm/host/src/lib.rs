// SPDX-License-Identifier: GPL-2.0

//! A user-space environment for the SPDM requester in `lib/rspdm/proto`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod crypto;
