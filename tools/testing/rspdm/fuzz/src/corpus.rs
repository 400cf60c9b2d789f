// SPDX-License-Identifier: GPL-2.0

//! Inputs of a target in one text file: a line of hexadecimal digits for each.

use std::{
    fs,
    path::{
        Path,
        PathBuf, //
    },
};

/// The file with the inputs of a target.
pub fn path(target: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    directory.join(format!("{target}.hex"))
}

/// The inputs of a target.
///
/// # Panics
///
/// If the file cannot be read.
pub fn inputs(target: &str) -> Vec<Vec<u8>> {
    let path = path(target);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| bytes(line).unwrap_or_else(|| panic!("{path:?}: {line}")))
        .collect()
}

fn bytes(line: &str) -> Option<Vec<u8>> {
    let pairs = line
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok());
    pairs
        .map(|pair| {
            pair.filter(|pair| pair.len() == 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect()
}
