// SPDX-License-Identifier: GPL-2.0

//! The table of all ways in which a run can fail, and what brings each about.

mod device;
mod environment;
mod message;

use super::{
    testing::{
        Scene,
        Toys, //
    },
    testing_device::Answer,
    Policy, //
};
use crate::proto::{
    crypto::ChainError,
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    message::{
        Request,
        Response, //
    }, //
};

pub(super) const fn malformed(response: Response, what: Malformed) -> Error {
    Error::Malformed { response, what }
}

pub(super) const fn misbehaved(response: Response, what: Misbehaved) -> Error {
    Error::Misbehaved { response, what }
}

/// Changes the bytes at an offset of the response to a request.
pub(super) fn set(answer: &mut Answer, request: Request, offset: usize, bytes: &[u8]) {
    if answer.request == request {
        answer.bytes.set(offset, bytes);
    }
}

pub(super) fn with_leaf(error: ChainError) -> Option<Error> {
    let scene = Scene {
        crypto: Toys {
            leaf: Err(error),
            ..Toys::HONEST
        },
        ..Scene::HONEST
    };
    scene.error()
}

fn with_policy(policy: Policy) -> Option<Error> {
    let scene = Scene {
        policy,
        ..Scene::HONEST
    };
    scene.error()
}

/// A run that fails, and how.
pub(super) type Case = (fn() -> Option<Error>, Error);

/// What happens, and what must come of it: for each kind of error once, in the order of kinds.
pub(super) fn cases() -> impl Iterator<Item = Case> {
    let tables = [message::CASES, device::CASES, environment::CASES];
    tables.into_iter().flatten().copied()
}
