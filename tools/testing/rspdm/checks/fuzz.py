# SPDX-License-Identifier: GPL-2.0
"""Fuzzing for a while, and how much of the protocol the tests execute."""

import os
import sys

from harness import tools
from harness.report import Failed, say

sys.path.insert(0, str(tools.WORKSPACE / "fuzz"))

import fuzzer  # noqa: E402
import lines  # noqa: E402

# For each target; two targets at a time are done after a few minutes.
SECONDS = int(os.environ.get("RSPDM_FUZZ_SECONDS") or 60)
# What has to be executed of lib/rspdm/proto, in per cent of its lines.
LINES = 95


def check(step):
    binary = fuzzer.build(running(step))

    def done(run):
        step.test(f"nothing breaks the target {run.target} in {SECONDS} s", run.status == 0, run.why)
        step.note(f"{run.target}: {run.last}")

    names = fuzzer.targets()
    runs = fuzzer.run_all(binary, names, SECONDS, fuzzer.cpus(), lambda line: say(f"    fuzz: {line}"), done)
    step.test("every target tried inputs of its own", all(run.last for run in runs), [(run.target, run.last) for run in runs])
    finds(step, binary)
    coverage(step)


def finds(step, binary):
    """A fuzzer that finds nothing would prove nothing: this target breaks if the input is right."""
    run = fuzzer.Run(binary, "broken", SECONDS)
    run.fuzz()
    found = run.finding and run.finding.read_bytes()
    step.test("libFuzzer finds what breaks a target, and keeps it", run.status != 0 and found and found.startswith(b"SPDM"), run.why)
    again = fuzzer.Run(binary, "broken", 0)
    if found:
        again.try_input(run.finding)
        run.finding.unlink()
    step.test("what was found breaks it again", again.status and "panicked" in again.why, again.why)


def coverage(step):
    files = lines.measure(running(step))
    for file in files:
        for number in file.missed:
            step.note(f"not executed: {file.name}:{number}: {file.text[number - 1].strip()}")
    code, done, percent = lines.share(files)
    step.test(f"tests and corpora execute {LINES} % of the lines of lib/rspdm/proto", percent >= LINES, f"{done} of {code}: {percent:.1f} %")
    step.note(f"{done} of {code} lines: {percent:.1f} %")


def running(step):
    """Runs a command that must succeed, into the step's log."""
    def run(command):
        status, output = step.run(command)
        if status:
            raise Failed(f"{command[-1]} ended with status {status}:\n{output[-3000:]}")
        return output

    return run
