# SPDX-License-Identifier: GPL-2.0
"""The built kernels: that they build, without a warning about our files, and that the protocol cannot panic."""

import re

from harness import kernel, toolroot


def build(step, name):
    built = kernel.ensure(name)
    step.test(f"the {name} kernel builds (LLVM=1 W=1 CLIPPY=1), with every option that was asked for", built.image.exists())
    warnings = built.warnings
    step.test("no compiler, clippy, kernel-doc or objtool warning about a file of the overlay", not warnings, warnings)


def panic_free(step):
    """No function of lib/rspdm may call into core::panicking: a device must not be able to stop the kernel.

    Looked at is the plain kernel's object, compiled again without KUnit tests, which may panic.
    """
    path = kernel.ensure("plain").objects / "lib/rspdm/rspdm-without-tests.o"
    _, settings = step.run(["grep", "-E", "^CONFIG_RUST_(OVERFLOW_CHECKS|DEBUG_ASSERTIONS)=y", kernel.ensure("plain").config])
    step.test("the plain kernel is built without overflow checks and debug assertions", not settings, settings)
    status, listing = step.run(toolroot.command(["llvm-nm", "--demangle", path]))
    defined = [line for line in listing.splitlines() if re.search(r" [tT] .*\bproto\b", line)]
    step.test("the object holds the protocol's code", status == 0 and defined, listing[-2000:])
    panics = [line for line in listing.splitlines() if re.search(r" U .*core::(panicking|option::(unwrap|expect)_failed|result::unwrap_failed|slice::index|str::slice_error)", line)]
    step.test("lib/rspdm calls nothing that panics", status == 0 and not panics, "\n".join(panics))
