# SPDX-License-Identifier: GPL-2.0
"""Where the requester's Rust code does what the compiler cannot check, and whether it says why it may."""

import re

from harness import cache

WHERE = ("lib/rspdm", "rust/kernel/validate.rs")
PROTO = cache.REPO / "lib/rspdm/proto"
# How far above an `unsafe` the statement that it is in may begin, in lines
STATEMENT_LEN_MAX = 6


def check(step):
    files = [path for path in cache.sources(*WHERE) if path.suffix == ".rs"]
    found = {path: list(uses(path.read_text().splitlines())) for path in files}
    for path, lines in found.items():
        name = path.relative_to(cache.REPO)
        for number, line, reason in lines:
            step.note(f"{name}:{number}: {line.strip()}\n    {reason or 'no reason'}")
        bare = [f"{name}:{number}: {line.strip()}" for number, line, reason in lines if not reason]
        if path.is_relative_to(PROTO):
            step.test(f"no unsafe in {name}", not lines, lines)
        elif lines:
            step.test(f"every unsafe in {name} has its reason", not bare, "\n".join(bare))
    forbidden = re.search(r"^#!\[cfg_attr\(not\(CONFIG_RSPDM_KUNIT_TEST\), forbid\(unsafe_code\)\)\]$", (PROTO / "mod.rs").read_text(), re.M)
    step.test("the compiler refuses unsafe in the protocol", forbidden)
    step.test("there is some unsafe to look at", sum(map(len, found.values())) > 20)
    finds_bare_ones(step)


def uses(lines):
    """The lines with `unsafe` in them, by number, each with the comment that justifies it, if there is one."""
    for index, line in enumerate(lines):
        if re.search(r"\bunsafe\b", code(line)):
            yield index + 1, line, reason(lines, index)


def code(line):
    """A line without comments and strings."""
    return re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]


def reason(lines, index):
    """What the comment says above the statement or function that a line belongs to."""
    above = index - 1
    while above >= 0 and index - above <= STATEMENT_LEN_MAX and code(lines[above]).strip() and not ends(lines[above]):
        above -= 1
    comment = []
    while above >= 0 and re.match(r"\s*//", lines[above]):
        comment.insert(0, re.sub(r"^\s*//[/!]?\s?", "", lines[above]))
        above -= 1
    text = " ".join(comment)
    found = re.search(r"(?:SAFETY:|# Safety)\s*(\S.*)", text)
    return found and found[1]


def ends(line):
    """Whether a statement or a block ends or begins there; attributes belong to what follows."""
    return re.search(r"[;{}]\s*$", code(line))


def finds_bare_ones(step):
    good = ["fn f() {", "    // SAFETY: `p` is valid.", "    let x =", "        unsafe { *p };", "}",
            "/// Reads.", "///", "/// # Safety", "///", "/// `p` must be valid.", "#[inline]", "unsafe fn g() {}"]
    bad = ["// SAFETY: About another one.", "unsafe { f() };", "unsafe { g() };"]
    step.test("a reason is found above the statement, and above the function", all(reason for _, _, reason in uses(good)), list(uses(good)))
    step.test("an unsafe without a reason is found", [number for number, _, reason in uses(bad) if not reason] == [3], list(uses(bad)))
