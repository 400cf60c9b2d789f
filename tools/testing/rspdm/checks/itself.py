# SPDX-License-Identifier: GPL-2.0
"""What the other steps rely on: results are read right, what the kernel prints is taken for what it is, and nothing vanishes that is needed."""

import tempfile
from pathlib import Path

from harness import cache, guest

from . import ktap

LOG = """\
[    0.100000] KTAP version 1
[    0.100000] 1..2
[    0.100000]     KTAP version 1
[    0.100000]     # Subtest: numbers
[    0.100000]     1..3
[    0.100000]     ok 1 one
ok 9 printed by a program
[    0.100000]     # two: EXPECTATION FAILED at lib/numbers.c:2
[    0.100000]     not ok 2 two
[    0.100000]     ok 3 three # SKIP no three here
[    0.100000] # numbers: pass:1 fail:1 skip:1 total:3
[    0.100000] not ok 1 numbers
[    0.100000]     KTAP version 1
[    0.100000]     # Subtest: letters
[    0.100000]     1..1
[    0.100000]         KTAP version 1
[    0.100000]         # Subtest: each letter
[    0.100000]         ok 1 a
[    0.100000]         ok 2 b
[    0.100000]     ok 1 each letter
[    0.100000] ok 2 letters
"""

REPORTS = [
    "[    1.000000] BUG: KASAN: slab-use-after-free in cma_connect+0x1a/0x90",
    "[    1.000000] WARNING: drivers/pci/cma.c:12 at cma_connect+0x1a/0x90, CPU#0: sh/1",
    "[    1.000000] WARNING: possible circular locking dependency detected",
    "[    1.000000] UBSAN: shift-out-of-bounds in lib/x.c:3:4",
    "[    1.000000] INFO: task sh:12 blocked for more than 30 seconds.",
    "[    1.000000] Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#1]",
    "[    1.000000] kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "[    1.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
    "[    1.000000] BUG: sleeping function called from invalid context at mm/slab.h:1",
]
HARMLESS = [
    "[    1.000000] pci 0000:01:00.0: SPDM: CHALLENGE_AUTH: wrong signature",
    "[    1.000000] Warning: Processor Platform Limit event detected, but not handled.",
    "[    1.000000] FAULT_INJECTION: forcing a failure.",
    "[    1.000000] Debug: BUGS fixed",
]


def check(step):
    found = {name: good for name, good, _ in ktap.read(LOG)}
    expected = {"numbers: one": True, "numbers: two": False, "numbers: three": None, "letters: each letter: a": True, "letters: each letter: b": True}
    step.test("results, failures, skips and levels are told apart", found == expected, f"{found}\nexpected {expected}")
    why = next(why for name, _, why in ktap.read(LOG) if name == "numbers: two")
    step.test("a failure comes with what was printed before it", "EXPECTATION FAILED" in why, why)
    cut = LOG.split("[    0.100000]     ok 3")[0]
    step.test("a log that ends too early is a failure", any("planned" in name and not good for name, good, _ in ktap.read(cut)))
    step.test("no result at all is a failure", [good for _, good, _ in ktap.read("nothing\n")] == [False])
    for line in REPORTS:
        step.test(f"a report: {line[15:55]}", guest.SPLATS.search(line), line)
    for line in HARMLESS:
        step.test(f"no report: {line[15:55]}", not guest.SPLATS.search(line), line)
    prune(step)


def prune(step):
    """The cache forgets old entries, but none that somebody uses."""
    cache.CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rspdm-check.", dir=cache.CACHE) as directory:
        entries = [Path(directory) / name for name in ("one", "two", "three")]
        for entry in entries:
            (entry / "below").mkdir(parents=True)
        with cache.use(entries[0]), cache.use(entries[0], entries[1]):
            cache.prune(Path(directory), "", keep=0)
            step.test("what is used stays in the cache", [each.exists() for each in entries] == [True, True, False])
        cache.prune(Path(directory), "", keep=0)
        step.test("what is not used any more leaves the cache", not any(each.exists() for each in entries))
