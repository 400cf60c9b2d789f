// SPDX-License-Identifier: GPL-2.0

//! The protocol code of `lib/rspdm`, built for user space.
//!
//! There is no code here: every file of the module is the kernel's.
//!
//! # Steps in the wrong order do not compile
//!
//! One after the other they do:
//!
//! ```
//! use rspdm_proto::proto::{
//!     error::Error,
//!     requester::{Environment, Freshness, Requester},
//! };
//!
//! fn run<E: Environment>(requester: &mut Requester<E>, fresh: &Freshness) -> Result<(), Error> {
//!     let authenticated = requester.start().negotiate()?.identify()?.challenge(fresh)?;
//!     authenticated.measure(fresh)?;
//!     Ok(())
//! }
//! ```
//!
//! Or, if the device was authenticated before, without the first two:
//!
//! ```
//! use rspdm_proto::proto::{
//!     error::Error,
//!     requester::{connection::ConnectionOf, Environment, Freshness, Requester},
//! };
//!
//! fn run<E: Environment>(
//!     requester: &mut Requester<E>,
//!     connection: ConnectionOf<E>,
//!     fresh: &Freshness,
//! ) -> Result<(), Error> {
//!     requester.resume(connection)?.challenge(fresh)?.measure(fresh)?;
//!     Ok(())
//! }
//! ```
//!
//! There are no measurements without a challenge:
//!
//! ```compile_fail,E0599
//! # use rspdm_proto::proto::{error::Error, requester::{Environment, Freshness, Requester}};
//! fn run<E: Environment>(requester: &mut Requester<E>, fresh: &Freshness) -> Result<(), Error> {
//!     requester.start().negotiate()?.identify()?.measure(fresh)?;
//!     Ok(())
//! }
//! ```
//!
//! No connection is gone on with twice: what a failure leaves is nothing.
//!
//! ```compile_fail,E0382
//! # use rspdm_proto::proto::{
//! #     error::Error,
//! #     requester::{connection::ConnectionOf, Environment, Freshness, Requester},
//! # };
//! fn run<E: Environment>(
//!     requester: &mut Requester<E>,
//!     connection: ConnectionOf<E>,
//!     fresh: &Freshness,
//! ) -> Result<(), Error> {
//!     requester.resume(connection)?.challenge(fresh)?;
//!     requester.resume(connection)?;
//!     Ok(())
//! }
//! ```
//!
//! There is no challenge without a certificate chain:
//!
//! ```compile_fail,E0599
//! # use rspdm_proto::proto::{error::Error, requester::{Environment, Freshness, Requester}};
//! fn run<E: Environment>(requester: &mut Requester<E>, fresh: &Freshness) -> Result<(), Error> {
//!     requester.start().negotiate()?.challenge(fresh)?;
//!     Ok(())
//! }
//! ```
//!
//! No certificate chain without a negotiation:
//!
//! ```compile_fail,E0599
//! # use rspdm_proto::proto::{error::Error, requester::{Environment, Requester}};
//! fn run<E: Environment>(requester: &mut Requester<E>) -> Result<(), Error> {
//!     requester.start().identify()?;
//!     Ok(())
//! }
//! ```
//!
//! No state is used twice, after it has become another:
//!
//! ```compile_fail,E0382
//! # use rspdm_proto::proto::{error::Error, requester::{Environment, Freshness, Requester}};
//! fn run<E: Environment>(requester: &mut Requester<E>, fresh: &Freshness) -> Result<(), Error> {
//!     let identified = requester.start().negotiate()?.identify()?;
//!     identified.challenge(fresh)?;
//!     identified.challenge(fresh)?;
//!     Ok(())
//! }
//! ```
//!
//! And no state outlives another start, which is when the transcript is forgotten:
//!
//! ```compile_fail,E0499
//! # use rspdm_proto::proto::{error::Error, requester::{Environment, Requester}};
//! fn run<E: Environment>(requester: &mut Requester<E>) -> Result<(), Error> {
//!     let negotiated = requester.start().negotiate()?;
//!     requester.start();
//!     negotiated.identify()?;
//!     Ok(())
//! }
//! ```

#![cfg_attr(not(test), no_std)]

#[path = "../../../../../lib/rspdm/proto/mod.rs"]
pub mod proto;
