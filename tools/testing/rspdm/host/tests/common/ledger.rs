// SPDX-License-Identifier: GPL-2.0

//! Stores of which it is known what they hold together.

use std::{
    cell::Cell,
    rc::Rc, //
};

use rspdm_proto::proto::{
    error::Fault,
    requester::Store, //
};

/// What all stores hold together, and what is allocated for it.
#[derive(Default)]
pub struct Ledger {
    kept: Account,
    set_aside: Account,
}

#[derive(Default)]
struct Account {
    now: Cell<usize>,
    most: Cell<usize>,
}

impl Ledger {
    /// Forgets what was most so far.
    pub fn begin(&self) {
        for account in [&self.kept, &self.set_aside] {
            account.most.set(account.now.get());
        }
    }

    /// Most bytes that were in the stores at a time.
    pub fn kept(&self) -> usize {
        self.kept.most.get()
    }

    /// Most bytes that were allocated for them at a time.
    pub fn set_aside(&self) -> usize {
        self.set_aside.most.get()
    }
}

impl Account {
    fn change(&self, from: usize, to: usize) {
        self.now.set(self.now.get() - from + to);
        self.most.set(self.most.get().max(self.now.get()));
    }
}

/// A store that enters what it holds.
pub struct Shelf {
    bytes: Vec<u8>,
    ledger: Rc<Ledger>,
}

impl Shelf {
    /// An empty one.
    pub fn new(ledger: &Rc<Ledger>) -> Self {
        Self {
            bytes: vec![],
            ledger: ledger.clone(),
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        change(&mut self.bytes);
        self.ledger.kept.change(len, self.bytes.len());
        self.ledger
            .set_aside
            .change(capacity, self.bytes.capacity());
    }
}

impl Store for Shelf {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.change(|all| all.extend(bytes));
        Ok(())
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn clear(&mut self) {
        self.change(Vec::clear);
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.change(|all| *all = vec![]);
    }
}
