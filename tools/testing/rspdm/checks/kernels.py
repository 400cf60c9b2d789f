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
    """Nothing that lib/rspdm calls may panic: a device must not be able to stop the kernel."""
    path = kernel.ensure("plain").objects / "lib/rspdm/rspdm-without-tests.o"
    status, listing = step.run(toolroot.command(["llvm-nm", "--demangle", path]))
    defined = [line for line in listing.splitlines() if re.search(r" [tT] .*\bproto::", line)]
    step.test("the object holds the protocol, and no tests", status == 0 and defined and "tests::" not in listing, listing[-2000:])
    panics = [line for line in listing.splitlines() if re.search(r" U .*\b(core|alloc|kernel)::.*(panic|fail|unwrap|expect|overflow)", line)]
    step.test("lib/rspdm calls nothing that panics", status == 0 and not panics, "\n".join(panics))
