# SPDX-License-Identifier: GPL-2.0
"""libFuzzer: built with the workspace's packages, run on targets, and what to keep of what it finds."""

import os
import re
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import cache, tools, toolroot
from harness.report import Failed

HERE = Path(__file__).resolve().parent
FUZZ = cache.CACHE / "fuzz"
CORPUS = HERE / "corpus"

# Larger inputs are no better: libFuzzer's time goes into copying them.
INPUT_LEN_MAX = 8192
# A target is far faster than this on any input, unless it never ends.
INPUT_SECONDS_MAX = 60
# What a corpus may have, in bytes of its file.
CORPUS_LEN_MAX = 300_000


def targets():
    return sorted(path.stem for path in CORPUS.glob("*.hex"))


def build(run):
    """The program that libFuzzer drives; RUN runs a command."""
    binary = FUZZ / "rspdm-fuzz"
    with cache.lock("cargo"):
        run(toolroot.command(["cargo", "build", "--locked", "--package", "rspdm-fuzz", "--features", "libfuzzer", "--bin", "rspdm-fuzz"],
                             tools.WORKSPACE, CARGO_TERM_COLOR="never", RUSTC_WORKSPACE_WRAPPER=str(HERE / "rustc-fuzz"), CC="clang", CXX="clang++"))
        FUZZ.mkdir(parents=True, exist_ok=True)
        shutil.copy(cache.CACHE / "target/debug/rspdm-fuzz", binary)
    return binary


def command(binary, target, *arguments, **extra):
    return toolroot.command([binary, *arguments], FUZZ, RSPDM_FUZZ_TARGET=target, **extra)


class Run:
    """libFuzzer on one target."""

    def __init__(self, binary, target, seconds):
        self.binary, self.target, self.seconds = binary, target, seconds
        self.live = FUZZ / "live" / target
        self.seeds = FUZZ / "seeds" / target
        self.findings = FUZZ / "findings"
        self.log = cache.LOGS / f"fuzz-{target}.log"
        self.status, self.last, self.finding = None, "", None

    def prepare(self):
        """Writes the seeds and the corpus where libFuzzer can read them."""
        shutil.rmtree(self.seeds, ignore_errors=True)
        for directory in (self.live, self.seeds, self.findings, self.log.parent):
            directory.mkdir(parents=True, exist_ok=True)
        result = subprocess.run(command(self.binary, self.target, RSPDM_FUZZ_SEEDS=str(self.seeds)), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if result.returncode:
            raise Failed(f"{self.target}: no seeds: {result.stdout[-2000:]}")

    def fuzz(self):
        """Runs; what it found is a file, and the end of the log says what happened."""
        self.prepare()
        arguments = [f"-max_total_time={self.seconds}", f"-max_len={INPUT_LEN_MAX}", f"-timeout={INPUT_SECONDS_MAX}", "-use_value_profile=1",
                     "-print_final_stats=1", f"-artifact_prefix={self.findings}/{self.target}-", self.live, self.seeds]
        self.execute(arguments)

    def try_input(self, path):
        """Runs once on the input in a file."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.execute([path])

    def execute(self, arguments):
        with open(self.log, "w") as log:
            child = subprocess.Popen(command(self.binary, self.target, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, errors="replace")
            try:
                for line in child.stdout:
                    log.write(line)
                    if found := re.search(r"^#(\d+)\s.* cov: (\d+) .*exec/s: (\d+)", line):
                        self.last = f"{found[1]} inputs, {found[2]} places, {found[3]} a second"
                    elif found := re.search(r"Test unit written to (\S+)", line):
                        self.finding = Path(found[1])
            except BaseException:
                child.terminate()
                raise
            finally:
                self.status = child.wait()

    @property
    def why(self):
        """What there is to know about a failure."""
        lines = self.log.read_text(errors="replace").splitlines()
        panics = [index for index, line in enumerate(lines) if "panicked at" in line]
        start = panics[0] if panics else max(0, len(lines) - 15)
        text = "\n".join(lines[start:start + 15])
        again = f"\nThe input is {self.finding}; try it again by\n    {HERE / 'run'} --input {self.finding} {self.target}" if self.finding else ""
        return f"{text}\nThe log is {self.log}{again}"

    def keep(self):
        """Puts what the seeds do not reach into the checked-in corpus, the smallest inputs first; returns how many."""
        self.prepare()
        merged = FUZZ / "merged" / self.target
        shutil.rmtree(merged, ignore_errors=True)
        merged.mkdir(parents=True)
        # The target's seeds are made by it, and not checked in.
        known = {bytes.fromhex(line) for line in self.path.read_text().splitlines() if not line.startswith("#")}
        checked_in = FUZZ / "checked-in" / self.target
        shutil.rmtree(checked_in, ignore_errors=True)
        checked_in.mkdir(parents=True)
        for path in self.seeds.iterdir():
            shutil.copy(path, (checked_in if path.read_bytes() in known else merged) / path.name)
        seeds = {path.name for path in merged.iterdir()}
        self.execute(["-merge=1", f"-max_len={INPUT_LEN_MAX}", f"-timeout={INPUT_SECONDS_MAX}", merged, checked_in, self.live])
        if self.status:
            raise Failed(f"{self.target}: {self.why}")
        inputs = sorted((path.read_bytes() for path in merged.iterdir() if path.name not in seeds), key=lambda input: (len(input), input))
        lines, total = [], 0
        for input in inputs:
            total += 2 * len(input) + 1
            if input and total <= CORPUS_LEN_MAX:
                lines.append(input.hex())
        self.path.write_text("# SPDX-License-Identifier: GPL-2.0\n" + "".join(f"{line}\n" for line in lines))
        return len(lines)

    @property
    def path(self):
        return CORPUS / f"{self.target}.hex"


def run_all(binary, names, seconds, jobs, on_progress, on_done):
    """Runs targets, JOBS at the same time; ON_PROGRESS gets a line now and then, ON_DONE each run that is over."""
    runs = [Run(binary, name, seconds) for name in names]
    started, over = time.monotonic(), threading.Event()

    def tick():
        while not over.wait(20):
            active = [f"{run.target}: {run.last}" for run in runs if run.last and run.status is None]
            on_progress(f"{time.monotonic() - started:.0f} s; " + "; ".join(active))

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        with ThreadPoolExecutor(jobs) as pool:
            futures = [(run, pool.submit(run.fuzz)) for run in runs]
            for run, future in futures:
                future.result()
                on_done(run)
    finally:
        over.set()
        ticker.join()
    return runs


def cpus():
    return len(os.sched_getaffinity(0))
