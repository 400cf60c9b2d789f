# SPDX-License-Identifier: GPL-2.0
"""Runs the rows of the matrix with each pair of programs, several at a time."""

import itertools
import re
import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from harness import cache
from harness.report import Failed

from . import LOGS, USUAL_CHAIN, peers, tap

OURS, EMU, KERNEL = "ours", "spdm-emu", "kernel"
REQUESTERS = {OURS: "rspdm-requester", EMU: "spdm_requester_emu", KERNEL: "the kernel"}
DEVICES = {OURS: "rspdm-responder", EMU: "spdm_responder_emu"}
PASS, SKIP, FAIL = "ok", "skip", "FAIL"


@dataclass(frozen=True)
class Pair:
    """Who asks whom."""

    requester: str
    device: str


@dataclass
class Result:
    """How one row ended with one pair."""

    verdict: str
    why: str = ""
    exchanges: int = 0
    bytes: int = 0
    chunks: int = 0  # of responses
    large_requests: int = 0  # sent in chunks
    heap: int = 0  # most bytes that the run held at a time, if the requester tells
    resident: int = 0  # the same of memory that the requester's process had, if it could be seen


class Runner:
    """One run of the matrix. RESULTS: row -> pair -> result."""

    def __init__(self, programs, rows, device_arguments=()):
        self.programs, self.rows, self.device_arguments = programs, rows, device_arguments
        ends = [OURS, EMU] if programs.emu else [OURS]
        self.pairs = [Pair(*names) for names in itertools.product(ends, ends)]
        self.pairs.sort(key=lambda pair: pair.device == EMU)
        self.results = {row: {} for row in rows}
        self.emu_slots = None  # how many slots spdm_responder_emu has if it does not do as told
        self.stop = threading.Event()
        self.watch = lambda: None  # called after each group
        LOGS.mkdir(parents=True, exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix=time.strftime("%Y%m%d-%H%M%S-"), dir=LOGS))

    @property
    def total(self):
        return len(self.rows) * len(self.pairs)

    @property
    def done(self):
        return sum(len(results) for results in self.results.values())

    def count(self, verdict):
        return sum(result.verdict == verdict for results in self.results.values() for result in results.values())

    def run(self, jobs):
        """Run everything, JOBS groups of rows at a time. Logs of what failed are kept."""
        cache.prune(LOGS, "2", keep=10)
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for each in as_completed([pool.submit(function, group) for function, group in self.groups()]):
                    each.result()
                    self.watch()
            except BaseException:
                self.stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        if not self.count(FAIL):
            shutil.rmtree(self.directory)

    def groups(self):
        """Rows that can do with one process of our device; and one row each for spdm_responder_emu."""
        def same_device(row):
            return (row.slots, row.chain.name, row.transfer.name, (row.hash.name, row.signature.name) if row.chain.bytes else None)

        for _, group in itertools.groupby(sorted(self.rows, key=lambda row: str(same_device(row))), key=same_device):
            yield self.with_our_device, list(group)
        if self.programs.emu:
            for row in self.rows:
                yield self.with_emu_device, [row]

    def with_our_device(self, rows):
        first = rows[0]
        only = {"signature": first.signature, "hash": first.hash} if first.chain.bytes else {}
        log = self.log(first if first.chain.bytes else f"{first.slots} {first.shape}", "device", OURS)
        pairs = [pair for pair in self.pairs if pair.device == OURS]
        try:
            with peers.OurDevice(self.programs, first.slots, first.chain, log, transfer=first.transfer, more=self.device_arguments, **only) as device:
                for row, pair in itertools.product(rows, pairs):
                    self.one(row, pair, device)
        except Failed as error:
            for row, pair in itertools.product(rows, pairs):
                self.results[row].setdefault(pair, Result(FAIL, str(error)))

    def with_emu_device(self, rows):
        row, = rows
        for pair in (pair for pair in self.pairs if pair.device == EMU):
            if reason := self.cannot(row, pair):
                self.results[row][pair] = Result(SKIP, reason)
                continue
            try:
                with peers.EmuDevice.start(self.programs, row, self.log(row, "device", pair.requester)) as device:
                    self.one(row, pair, device)
            except Failed as error:
                self.results[row][pair] = Result(FAIL, str(error))

    def cannot(self, row, pair):
        if row.has_large_requests():
            return "spdm_responder_emu takes any request at once: how many bytes was fixed when it was built"
        if row.is_in_chunks() and pair.requester != OURS:
            return "neither program takes an option for the size of transfers"
        if row.chain.name != USUAL_CHAIN:
            return "spdm_responder_emu has chains of 3 certificates only"
        if self.emu_slots is not None and row.slots != self.emu_slots:
            return f"spdm_responder_emu has {self.emu_slots} slots, whatever --slot_count says"
        return None

    def one(self, row, pair, device):
        if self.stop.is_set():
            return
        requester = peers.our_requester if pair.requester == OURS else peers.emu_requester
        log = self.log(row, pair.requester, pair.device)
        with tap.Tap(device.port, shut_down=device.leaves_with_client) as relay:
            why, heap = requester(self.programs, row, relay, log)
        seen = relay.seen
        slots = bin(seen.slots or 0).count("1")
        if not why and pair.device == EMU and slots != row.slots:
            self.emu_slots = slots
            self.results[row][pair] = Result(SKIP, self.cannot(row, pair))
            return
        why = why or peers.wrong_on_the_wire(row, seen) or (f"{slots} slots hold a chain" if slots != row.slots else None)
        if why:
            note = f"last ERROR {seen.error:#04x}" if seen.error else ""
            with open(log, "a") as file:
                file.write(f"{why}\n{note}\nrelay: {relay.trouble or 'no trouble'}\nseen: {vars(seen)}\n")
            self.results[row][pair] = Result(FAIL, f"{why}{f' ({note})' if note else ''}; log: {log}")
        else:
            log.unlink()
            exchanges, size = seen.cost
            self.results[row][pair] = Result(PASS, "", exchanges, size, seen.chunks, seen.large_requests, heap, relay.resident)

    def log(self, row, *names):
        return self.directory / (re.sub(r"\W+", "-", str(row)) + "".join(f"-{name}" for name in names) + ".log")
