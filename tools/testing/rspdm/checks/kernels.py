# SPDX-License-Identifier: GPL-2.0
"""The built kernels: that they build, without a warning about our files, and that the protocol cannot panic."""

import re

from harness import kernel, toolroot


def build(step, name):
    built = kernel.ensure(name)
    step.test(f"the {name} kernel builds (LLVM=1 W=1 CLIPPY=1), with every option that was asked for", built.image.exists())
    warnings = built.warnings
    step.test("no compiler, clippy, kernel-doc or objtool warning about a file of the overlay", not warnings, warnings)


# Most bytes that a function of lib/rspdm may have on the stack; CONFIG_FRAME_WARN says it of C only
FRAME_MAX = 2048

# Functions of Rust's core library that panic, or may
PANICS = re.compile(r"\b(core|alloc|kernel)::.*(panic|fail|unwrap|expect|overflow|copy_from_slice_impl)")


def panic_free(step):
    """Nothing that lib/rspdm calls may panic: a device must not be able to stop the kernel."""
    path = kernel.ensure("plain").objects / "lib/rspdm/rspdm-without-tests.o"
    status, listing = step.run(toolroot.command(["llvm-objdump", "-dr", "--demangle", "--no-show-raw-insn", path]))
    function, functions, calls, large = "", set(), set(), set()
    for line in listing.splitlines():
        if found := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = found[1]
            functions.add(function)
        elif (found := re.search(r"R_X86_64_\w+\s+(.*?)(?:[+-]0x[0-9a-f]+)?$", line)) and PANICS.search(found[1]):
            calls.add(f"{function} calls {found[1]}")
        elif (found := re.search(r"\bsubq\s+\$(0x[0-9a-f]+|\d+), %rsp", line)) and int(found[1], 0) > FRAME_MAX:
            large.add(f"{function} has {int(found[1], 0)} bytes")
    step.test("the object holds the protocol, and no tests",
              status == 0 and any("proto::" in name for name in functions) and not any("tests::" in name for name in functions), listing[-2000:])
    step.test("lib/rspdm calls nothing that panics", status == 0 and not calls, "\n".join(sorted(calls)))
    step.test(f"no function of lib/rspdm takes more than {FRAME_MAX} bytes of the stack", status == 0 and not large, "\n".join(sorted(large)))
