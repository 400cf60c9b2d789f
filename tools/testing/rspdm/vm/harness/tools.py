# SPDX-License-Identifier: GPL-2.0
"""The programs of the cargo workspace that a guest, its devices or the interoperability matrix need."""

import shutil
import subprocess
from pathlib import Path

from . import cache, toolroot
from .report import step

WORKSPACE = cache.REPO / "tools/testing/rspdm"
PROGRAMS = {"rspdm-requester": "rspdm-host", "rspdm-responder": "rspdm-responder", "rspdm-suite": "rspdm-responder",
            "spdmctl": "spdmctl"}  # and their packages
SOURCES = ("lib/rspdm/proto", "rust/kernel/validate.rs", "tools/spdmctl", "tools/testing/rspdm")


def sources():
    """What cargo reads; the harness itself lives below the workspace but is none of it."""
    return [path for path in cache.sources(*SOURCES)
            if not any(path.is_relative_to(WORKSPACE / name) for name in ("vm", "check", "checks", "fuzz", "interop", "matrix"))]


def cargo(*arguments):
    return toolroot.command(["cargo", *arguments], WORKSPACE, CARGO_TERM_COLOR="never")


def ensure():
    """The directory that holds the built programs."""
    if (entry := current_entry()).exists():
        return entry
    with cache.lock("cargo"):
        while not (entry := current_entry()).exists():
            with step("user-space programs (cargo)", cache.LOGS / "tools.log") as current, cache.scratch(entry.parent) as path:
                build(path, current)
                if current_entry() == entry:  # else the sources changed meanwhile: once more
                    cache.publish(path, entry)
            cache.prune(entry.parent, "", keep=6)
    return entry


def current_entry():
    return cache.CACHE / "tools" / cache.key(toolroot.ensure().name, Path(__file__), *sources())


def build(path, current):
    def progress(line):
        if line.lstrip().startswith(("Downloaded", "Downloading", "Compiling")):
            current.progress = f", {line.strip()[:70]}"

    packages = [argument for package in dict.fromkeys(PROGRAMS.values()) for argument in ("--package", package)]
    current.run(cargo("build", "--locked", *packages), progress)
    for program in PROGRAMS:
        shutil.copy(cache.CACHE / "target/debug" / program, path / program)
    current.run(toolroot.command(["llvm-strip", *(path / program for program in PROGRAMS)]))


def libraries(program, **environment):
    """The shared objects that PROGRAM needs, as paths inside the root."""
    listing = subprocess.check_output(toolroot.command(["ldd", program], **environment), text=True)
    words = [word for line in listing.splitlines() for word in line.split()]
    return [word for word in words if word.startswith("/")]
