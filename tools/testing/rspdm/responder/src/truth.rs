// SPDX-License-Identifier: GPL-2.0

//! What the device knows to be true, in files: to compare with what arrived elsewhere.
//!
//! The files hold the last of each kind: `vca`, the messages from GET_VERSION to ALGORITHMS;
//! `challenge` and `measurements`, the transcript of the message and its signature; `cert0` to
//! `cert7`, the certificate chains. Faults that strike on the wire do not show in them.

use std::{
    fs,
    path::Path, //
};

use crate::negotiated::Agreed;

/// Tells of a CHALLENGE_AUTH: `a` is the negotiation, `transcript` in pieces.
pub fn tell_challenge(agreed: &Agreed, a: &[u8], transcript: &[&[u8]]) {
    let Some(directory) = &agreed.device.config.truth else {
        return;
    };
    write(directory, "vca", a);
    write(directory, "challenge", &transcript.concat());
    for (slot, chain) in agreed.chains() {
        let chain = chain.to_bytes(agreed.selection.hash);
        write(directory, &format!("cert{slot}"), &chain);
    }
}

/// Tells of a MEASUREMENTS: `transcript` in pieces.
pub fn tell_measurements(agreed: &Agreed, transcript: &[&[u8]]) {
    if let Some(directory) = &agreed.device.config.truth {
        write(directory, "measurements", &transcript.concat());
    }
}

/// Replaces a file at once, as somebody may be reading it.
fn write(directory: &Path, name: &str, bytes: &[u8]) {
    let new = directory.join(format!(".{name}.new"));
    let result = fs::write(&new, bytes).and_then(|()| fs::rename(&new, directory.join(name)));
    if let Err(error) = result {
        eprintln!("{}: {error}", directory.join(name).display());
    }
}
