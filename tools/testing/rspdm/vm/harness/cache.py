# SPDX-License-Identifier: GPL-2.0
"""Where everything fetched or built is kept, and why a stale entry cannot be used.

An entry's name ends in a hash of everything that it was made from, so that another
input is another entry. It is made in a scratch directory and renamed when it is
complete: an entry that exists is whole. One lock per kind of entry keeps two runs
from making the same one at the same time.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from .report import say

REPO = Path(__file__).resolve().parents[5]
CACHE = Path(os.environ.get("RSPDM_CACHE") or Path.home() / ".cache/rspdm").absolute()
LOGS = CACHE / "log"


def key(*parts):
    """A short hash of strings, bytes and files (a path stands for its content)."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            part = str(part.relative_to(REPO)).encode() + b"\0" + part.read_bytes()
        elif isinstance(part, str):
            part = part.encode()
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:16]


def sources(*names):
    """The files below the given paths of the repository, sorted, without what builds leave behind."""
    found = []
    for name in names:
        top = REPO / name
        if top.is_file():
            found.append(top)
        for where, dirs, files in os.walk(top):
            dirs[:] = [each for each in dirs if each not in ("target", "__pycache__")]
            found += [Path(where) / each for each in files if not each.endswith((".pyc", "~", ".swp"))]
    return sorted(found)


@contextlib.contextmanager
def lock(kind):
    """Keep other runs out of one kind of entry, for as long as the context lasts."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f".{kind}.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"    waiting for another run that holds {handle.name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def scratch(parent):
    """A directory that disappears again, unless publish() has made it an entry."""
    parent.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=".making-", dir=parent))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def publish(path, entry):
    """Make the complete directory PATH the entry ENTRY."""
    path.rename(entry)
    return entry


@contextlib.contextmanager
def use(*entries):
    """Keep prune() away from entries, for as long as the context and this process last."""
    with contextlib.ExitStack() as stack:
        for entry in entries:
            handle = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def is_used(entry):
    """Whether some process is in a context of use() with the entry."""
    handle = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def prune(parent, prefix, keep):
    """Drop all but the KEEP most recent entries whose names start with PREFIX, and those that are used."""
    entries = sorted(parent.glob(f"{prefix}*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[keep:]:
        # Another run may have dropped it meanwhile
        with contextlib.suppress(FileNotFoundError):
            if not is_used(path):
                shutil.rmtree(path, ignore_errors=True)
