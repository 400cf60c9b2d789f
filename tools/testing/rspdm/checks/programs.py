# SPDX-License-Identifier: GPL-2.0
"""The cargo workspace: form, lints, tests."""

import re

from harness import cache, tools


def check(step):
    with cache.lock("cargo"):
        status, output = step.run(tools.cargo("fmt", "--all", "--check"))
        step.test("cargo fmt --check", status == 0, output)
        status, output = step.run(tools.cargo("clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"))
        step.test("cargo clippy -D warnings", status == 0, output)
        status, output = step.run(tools.cargo("test", "--locked", "--workspace", "--no-fail-fast"))
    count(step, output)
    step.test("cargo test ends well", status == 0, output[-4000:])


def count(step, output):
    """One test per line of libtest; the text of a failed one stands further below."""
    program = ""
    for line in output.splitlines():
        if found := re.match(r"\s+(?:Running (?:unittests )?(\S+)|Doc-tests (\S+))", line):
            program = found[1] or f"{found[2]} (documentation)"
        elif found := re.match(r"test (.+?) \.\.\. (ok|FAILED|ignored)", line):
            if found[2] != "ignored":
                why = re.search(rf"^---- {re.escape(found[1])} stdout ----\n(.*?)\n\n", output, re.M | re.S)
                step.test(f"{program}: {found[1]}", found[2] == "ok", why[1] if why else "")
