# SPDX-License-Identifier: GPL-2.0
"""Which lines of lib/rspdm/proto the tests and the corpora execute."""

import json
import re
import shutil
from pathlib import Path

from harness import cache, tools, toolroot
from harness.report import Failed

HERE = Path(__file__).resolve().parent
PROTO = cache.REPO / "lib/rspdm/proto"
# Tests of the module's own, and what they are made of: not counted.
TESTS = re.compile(r"(_test|/cases|/case_table|/case_table/\w+|/testing\w*)\.rs$")
# Whose tests are run, and which of them; all that there are if nothing is said.
PACKAGES = {"rspdm-proto": None, "rspdm-host": ["replay"], "rspdm-fuzz": ["corpus", "words"]}


class Lines:
    """One file: the lines that are code, and those that nothing executed."""

    def __init__(self, path, counts):
        self.path = path
        self.name = str(path.relative_to(PROTO))
        self.text = path.read_text().splitlines()
        end = next((number for number, line in enumerate(self.text, 1) if re.match(r"#\[cfg\(any\(test, ", line) and
                    any(re.match(r"mod tests \{", later) for later in self.text[number:number + 2])), len(self.text) + 1)
        self.code = {number: count for number, count in counts.items() if number < end}
        self.missed = sorted(number for number, count in self.code.items() if not count)


def measure(run):
    """The files, by name; RUN runs a command and returns its output."""
    profiles = cache.CACHE / "fuzz/profiles"
    shutil.rmtree(profiles, ignore_errors=True)
    profiles.mkdir(parents=True)
    environment = {"CARGO_TERM_COLOR": "never", "RUSTC_WORKSPACE_WRAPPER": str(HERE / "rustc-coverage"),
                   "LLVM_PROFILE_FILE": f"{profiles}/%m-%p.profraw"}
    packages = [argument for name in PACKAGES for argument in ("--package", name)]
    with cache.lock("cargo"):
        output = run(toolroot.command(["cargo", "test", "--locked", "--no-run", "--message-format=json", "--lib", "--tests", *packages], tools.WORKSPACE, **environment))
        programs = list(executables(output))
        for program, directory in programs:
            run(toolroot.command([program, "--test-threads=2"], directory, **environment))
    profile = profiles / "all"
    run(toolroot.command(["sh", "-c", f"llvm-profdata merge -sparse {profiles}/*.profraw -o {profile}"]))
    objects = [argument for program, _ in programs[1:] for argument in ("-object", program)]
    export = run(toolroot.command(["llvm-cov", "export", "-format=lcov", f"-instr-profile={profile}", programs[0][0], *objects]))
    return read(export)


def executables(output):
    """The test programs that cargo has built, and where each is run."""
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        message = json.loads(line)
        if message.get("executable") and message["profile"]["test"]:
            package = Path(message["manifest_path"]).parent
            name, kinds = message["target"]["name"], message["target"]["kind"]
            wanted = PACKAGES[f"rspdm-{package.name}"]
            if wanted is None or "test" in kinds and name in wanted:
                yield message["executable"], package


def read(export):
    files, current = {}, None
    for line in export.splitlines():
        if line.startswith("SF:"):
            path = Path(line[3:]).resolve()
            is_wanted = path.is_relative_to(PROTO) and not TESTS.search(str(path))
            current = files.setdefault(path, {}) if is_wanted else None
        elif current is not None and line.startswith("DA:"):
            number, count = map(int, line[3:].split(",")[:2])
            current[number] = max(current.get(number, 0), count)
    found = [Lines(path, counts) for path, counts in sorted(files.items())]
    if len(found) < 20:
        raise Failed(f"only {len(found)} files of lib/rspdm/proto were seen")
    return found


def share(files):
    """How many lines there are in FILES, how many were executed, and how many per cent that is."""
    code = sum(len(file.code) for file in files)
    done = code - sum(len(file.missed) for file in files)
    return code, done, 100 * done / max(1, code)
