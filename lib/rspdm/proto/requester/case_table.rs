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
    Policy, //
};
use crate::proto::{
    crypto::ChainError,
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    message::Response, //
};

pub(super) const fn malformed(response: Response, what: Malformed) -> Error {
    Error::Malformed { response, what }
}

pub(super) const fn misbehaved(response: Response, what: Misbehaved) -> Error {
    Error::Misbehaved { response, what }
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
