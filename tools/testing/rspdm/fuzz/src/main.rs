// SPDX-License-Identifier: GPL-2.0

//! The program that libFuzzer drives; `run` builds and calls it.
//!
//! RSPDM_FUZZ_TARGET names the target. If RSPDM_FUZZ_SEEDS names a directory, the target's seeds and
//! the inputs of its corpus are written there, and that is all.

#![no_main]

use std::{
    env,
    fs,
    path::Path,
    process,
    sync::OnceLock, //
};

use libfuzzer_sys::fuzz_target;
use rspdm_fuzz::{
    corpus,
    targets::{
        self,
        Target, //
    },
};

static TARGET: OnceLock<Target> = OnceLock::new();

/// A target that breaks, to see that this is found. It has no corpus.
const BROKEN: Target = Target {
    name: "broken",
    // As a number: what memcmp() compares, nobody tells libFuzzer.
    run: |input| {
        let first = input.first_chunk().map(|first| u32::from_le_bytes(*first));
        assert_ne!(first, Some(u32::from_le_bytes(*b"SPDM")));
    },
    seeds: || vec![vec![0; 8]],
};

fuzz_target!(
    init: {
        let name = env::var("RSPDM_FUZZ_TARGET").expect("RSPDM_FUZZ_TARGET");
        let mut known = targets::ALL.into_iter().chain([BROKEN]);
        let target = known.find(|target| target.name == name);
        let target = *TARGET.get_or_init(|| target.expect("a target"));
        if let Some(directory) = env::var_os("RSPDM_FUZZ_SEEDS") {
            write_seeds(target, Path::new(&directory));
            process::exit(0);
        }
    },
    |input: &[u8]| {
        if let Some(target) = TARGET.get() {
            (target.run)(input);
        }
    }
);

fn write_seeds(target: Target, directory: &Path) {
    let mut seeds = (target.seeds)();
    if target.name != BROKEN.name {
        seeds.extend(corpus::inputs(target.name));
    }
    for (number, seed) in seeds.into_iter().enumerate() {
        fs::write(directory.join(format!("{number:06}")), seed)
            .expect("a file that can be written");
    }
}
