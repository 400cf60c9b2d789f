# SPDX-License-Identifier: GPL-2.0
"""The documentation names tests for what it claims: they must exist, and each claim must have one."""

import fnmatch
import re
import subprocess

from harness import cache, toolroot, tools

DIRECTORY = cache.REPO / "Documentation/security/spdm"
TABLE = DIRECTORY / "conformance.rst"

SENTENCE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+|_\*){2,}")
FAULT = re.compile(r"(\*|[a-z-]+):(\*?[a-z0-9-]+\*?|\*)")
FILE = re.compile(r"[\w./-]+\.(rs|sh|c|h|rst|yaml)")
UNTESTED = re.compile(r"\(no test: [^)]+\)")


def check(step):
    tests, faults = known_tests(), known_faults()
    step.test("there are tests and faults", len(tests) > 300 and len(faults) > 100, f"{len(tests)} tests, {len(faults)} faults")
    for path in (TABLE, DIRECTORY / "testing.rst"):
        missing = [name for name in literals(path.read_text()) if not exists(name, tests, faults)]
        step.test(f"what {path.name} names exists", not missing, "\n".join(missing))
    claims(step, TABLE.read_text())
    named = [name for name in literals(TABLE.read_text()) if FAULT.fullmatch(name)]
    missing = [fault for fault in faults if not any(fnmatch.fnmatch(fault, name) for name in named)]
    step.test(f"{TABLE.name} accounts for each fault of the responder", not missing, "\n".join(missing))
    failing(step, tests, faults)


def claims(step, text):
    """Each item below Done has a test or says why not; each below the other two has a text."""
    parts = sections(text)
    step.test("there are the three lists", {"Done", "Tolerated", "Not done"} <= set(parts), list(parts))
    for item in re.findall(r"^\* (.*(?:\n  .*)*)", parts.get("Done", ""), re.M):
        words = " ".join(item.split())
        tested = any(SENTENCE.fullmatch(name) or FAULT.fullmatch(name) for name in literals(words))
        step.test(f"done: {words[:70]}", tested or bool(UNTESTED.search(words)), "it names no test, and no reason why there is none")
    for title in ("Tolerated", "Not done"):
        for name, reason in re.findall(r"(?<=\n\n)(\S.*)\n((?:  \S.*\n)*)(?:\n|$)", f"\n\n{parts.get(title, '')}"):
            step.test(f"{title.lower()}: {name[:70]}", len(reason.split()) > 2, "it has no reason")
        for cells in re.findall(r"^   \* - (.*(?:\n     .*)*)", parts.get(title, ""), re.M):
            first, *others = (" ".join(cell.split()) for cell in cells.split("\n     - "))
            step.test(f"{title.lower()}: {first[:70]}", len(others) == 2 and all(others), "its row is not whole")


def sections(text):
    """Top-level title -> text."""
    found = re.split(r"^(\S.*)\n=+\n", text, flags=re.M)
    return dict(zip(found[1::2], found[2::2]))


def literals(text):
    return dict.fromkeys(re.findall(r"``([^`\s]+)``", text))


def exists(name, tests, faults):
    if FAULT.fullmatch(name):
        return fnmatch.filter(faults, name)
    if SENTENCE.fullmatch(name):
        return fnmatch.filter(tests, name)
    if FILE.fullmatch(name):
        return any(str(path).endswith(f"/{name.lstrip('/')}") for path in known_files())
    return True


def known_files():
    return cache.sources("Documentation", "drivers", "include", "lib", "rust", "tools")


def known_faults():
    listing = subprocess.check_output(toolroot.command([tools.ensure() / "rspdm-responder", "--list-faults"]), text=True)
    return [line.split("\t")[0] for line in listing.splitlines()]


def known_tests():
    """Names of unit tests, KUnit tests and suites, and selftests."""
    found = set()
    for path in known_files():
        if path.suffix not in (".rs", ".c", ".sh"):
            continue
        text = path.read_text()
        if path.suffix == ".rs":
            found.update(re.findall(r"#\[test\]\n(?:\s*#\[.*\]\n)*\s*fn (\w+)\(", text))
            found.update(re.findall(r"kunit_tests\((\w+)\)", text))
        elif path.suffix == ".c":
            found.update(re.findall(r"^static void (\w+)\(struct kunit \*", text, re.M))
            found.update(re.findall(r"struct kunit_suite .*?\.name = \"(\w+)\"", text, re.S))
            found.update(re.findall(r"^TEST_F(?:_TIMEOUT)?\(\w+, (\w+)", text, re.M))
        else:
            found.update(re.findall(r"^(test_\w+)\(\)", text, re.M))
    return found


def failing(step, tests, faults):
    """These checks must be able to fail."""
    wrong = [name for name in ("no_such_test_exists", "test_no_such_*", "challenge:no-such", "no/such.rs") if exists(name, tests, faults)]
    step.test("names of nothing are noticed", not wrong, wrong)
    text = "Done\n====\n\n* A claim without a test.\n\nTolerated\n=========\n\nThis\n  For a good reason.\n\nNot done\n========\n\nThat\n"
    trial = Trial()
    claims(trial, text)
    step.test("claims without tests or reasons are noticed", trial.failures == ["done: A claim without a test.", "not done: That"], trial.failures)


class Trial:
    """Takes the place of a step."""

    def __init__(self):
        self.failures = []

    def test(self, name, good, _why=""):
        if not good:
            self.failures.append(name)
