# SPDX-License-Identifier: GPL-2.0
"""The steps of `check`, one module per subject; the table of them is in `check` itself."""

import functools
import subprocess
import sys
import time

from harness import cache, kernel
from harness.report import say


@functools.cache
def source_tree():
    """The base kernel's source with the overlay on it, as it was when the first step asked for it."""
    return kernel.source_tree()


class Step:
    """One named step while it runs: counts its tests and keeps its log."""

    def __init__(self, name):
        self.name = name
        self.passed, self.skipped, self.failures = 0, 0, []
        self.log = cache.LOGS / "check" / f"{name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        self.started = time.monotonic()
        self.shown = self.started

    def note(self, text):
        with open(self.log, "a") as log:
            log.write(text if text.endswith("\n") else text + "\n")
        if time.monotonic() - self.shown > 20:
            self.shown = time.monotonic()
            say(f"    {self.name}: {self.shown - self.started:.0f} s, {self.passed} passed so far")

    def test(self, name, good, why=""):
        """Record one test; WHY is shown if it failed. One that was skipped (None) does not count."""
        self.note(f"{'skipped' if good is None else 'ok' if good else 'not ok'} - {name}")
        if good is None:
            self.skipped += 1
        elif good:
            self.passed += 1
        else:
            self.failures.append(name)
            text = str(why).rstrip()
            self.note(text)
            say(f"    FAILED: {name}")
            for line in text.splitlines()[-20:]:
                say(f"        {line}")

    def run(self, command, **options):
        """Run a command into the log; return its exit status and its output."""
        self.note(f"$ {' '.join(map(str, command))}")
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 errors="replace", **options)
        lines = []
        for line in child.stdout:
            lines.append(line)
            self.note(line)
        return child.wait(), "".join(lines)

    def summary(self):
        say(f"    {self.name}: {self.passed} passed, {len(self.failures)} failed{f', {self.skipped} skipped' if self.skipped else ''}, {time.monotonic() - self.started:.0f} s"
            + (f"; log: {self.log}" if self.failures else ""))
        sys.stderr.flush()
