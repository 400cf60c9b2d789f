# SPDX-License-Identifier: GPL-2.0
"""What a person sees of a long step: its name, how far it is, how long it took, and where its log is."""

import contextlib
import os
import subprocess
import sys
import threading
import time


class Failed(Exception):
    """A step failed for a reason that its text explains."""


def say(text):
    print(text, file=sys.stderr, flush=True)


class Step:
    """A named step in progress. Only the step that is under way writes to the terminal."""

    EVERY = 20  # seconds between progress lines where there is no terminal

    def __init__(self, name, log):
        self.name, self.log, self.progress = name, log, ""
        self.started = time.monotonic()
        self.tty = sys.stderr.isatty()
        self.done = threading.Event()

    @property
    def elapsed(self):
        return time.monotonic() - self.started

    def tick(self):
        while not self.done.wait(1 if self.tty else self.EVERY):
            line = f"    {self.name}: {self.elapsed:.0f} s{self.progress}"
            if self.tty:
                print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
            else:
                say(line)

    def run(self, command, on_line=None, **options):
        """Run COMMAND with its output in the log; ON_LINE sees each line. Fails if the command does."""
        with open(self.log, "ab", buffering=0) as log:
            log.write(f"$ {' '.join(map(str, command))}\n".encode())
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
            try:
                for line in child.stdout:
                    log.write(line)
                    if on_line:
                        on_line(line.decode(errors="replace"))
            except BaseException:
                child.terminate()
                raise
            finally:
                status = child.wait()
        if status:
            raise Failed(f"{os.path.basename(str(command[0]))} ended with status {status}")


@contextlib.contextmanager
def step(name, log):
    """Announce a long step, show that it lives, and print its time."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    current = Step(name, log)
    say(f"==> {name}")
    ticker = threading.Thread(target=current.tick, daemon=True)
    ticker.start()
    try:
        yield current
    except BaseException as error:
        finish(current, ticker)
        if isinstance(error, Exception):
            tail = log.read_text(errors="replace").splitlines()[-25:]
            say("".join(f"    | {line}\n" for line in tail) + f"    {name} failed after {current.elapsed:.0f} s; the whole log: {log}")
        raise
    finish(current, ticker)
    say(f"    {name}: done in {current.elapsed:.0f} s")


def finish(current, ticker):
    current.done.set()
    ticker.join()
    if current.tty:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
