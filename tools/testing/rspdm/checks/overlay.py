# SPDX-License-Identifier: GPL-2.0
"""The overlay: what `overlay/apply` promises about a tree, tried on trees that hold just the files it patches."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from harness import cache, kernel
from harness.report import Failed

from . import source_tree

BASE = kernel.base()
VERSION = BASE["version"]


def check(step):
    source = source_tree()
    with tempfile.TemporaryDirectory(prefix="rspdm-check.", dir=cache.CACHE) as temporary:
        scratch = Scratch(step, source, Path(temporary))
        for trial in TRIALS:
            step.note(f"--- {trial.__name__}")
            trial(scratch)


class Scratch:
    """A pristine tree of the files that the overlay touches, and copies of it to play with."""

    def __init__(self, step, source, directory):
        self.step, self.directory, self.count = step, directory, 0
        self.pristine = directory / "pristine"
        recorded = source / ".rspdm-overlay"
        shutil.copytree(recorded / "pristine", self.pristine)
        for name in ("Makefile", "Kbuild"):
            if not (self.pristine / name).exists():
                shutil.copy(source / name, self.pristine / name)
        # All trials see the same overlay, even if somebody works on it meanwhile.
        self.snapshot = self.repository()
        tree = self.tree()
        good, output = self.apply(tree)
        if not good:
            raise Failed(f"the overlay does not apply:\n{output}")
        self.names = json.loads((tree / ".rspdm-overlay/state.json").read_text())["files"]

    def tree(self):
        self.count += 1
        return Path(shutil.copytree(self.pristine, self.directory / f"tree-{self.count}"))

    def repository(self):
        """A copy of what the overlay is made of, to be changed."""
        self.count += 1
        copy = self.directory / f"repository-{self.count}"
        for top in cache.REPO.iterdir():
            if top.is_dir() and not top.name.startswith("."):
                shutil.copytree(top, copy / top.name, ignore=shutil.ignore_patterns("target", "__pycache__"))
        return copy

    def apply(self, tree, *options, repository=None):
        status, output = self.step.run([(repository or self.snapshot) / "overlay/apply", *options, tree])
        return status == 0, output

    def expect(self, name, condition, why=""):
        self.step.test(name, condition, why)


def content(tree):
    """Every file's name, mode and hash, without the overlay's own record."""
    return {str(path.relative_to(tree)): (path.stat().st_mode & 0o777, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(tree.rglob("*")) if path.is_file() and ".rspdm-overlay" not in path.parts and ".git" not in path.parts}


def set_version(tree, version):
    values = dict(zip(("VERSION", "PATCHLEVEL", "SUBLEVEL"), version.split(".")))
    lines = (tree / "Makefile").read_text().splitlines(keepends=True)
    for index, line in enumerate(lines[:8]):
        if line.split(" ")[0] in values:
            lines[index] = f"{line.split(' ')[0]} = {values[line.split(' ')[0]]}\n"
    (tree / "Makefile").write_text("".join(lines))


def replace(path, old, new):
    text = path.read_text()
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new, 1))


# ----------------------------------------------------------------- trials ---


def applies_and_reverts(scratch):
    tree = scratch.tree()
    before = content(tree)
    good, output = scratch.apply(tree)
    scratch.expect("the overlay applies to the base kernel", good, output)
    applied = content(tree)
    added = applied.keys() - before.keys()
    scratch.expect("new files and edits are there", added and any(applied[name] != before[name] for name in before), output)

    stamps = {name: (tree / name).stat().st_mtime_ns for name in applied}
    good, output = scratch.apply(tree)
    scratch.expect("applying it again writes nothing", good and " 0 written" in output, output)
    scratch.expect("applying it again keeps all time stamps",
                   stamps == {name: (tree / name).stat().st_mtime_ns for name in applied})

    good, output = scratch.apply(tree, "--revert")
    scratch.expect("reverting it restores every byte", good and content(tree) == before, output)
    scratch.expect("reverting it leaves no record and no empty directory",
                   not (tree / ".rspdm-overlay").exists() and not [path for path in tree.rglob("*") if path.is_dir() and not any(path.iterdir())])


def minds_the_version(scratch):
    major, minor, patch = VERSION.split(".")
    tree = scratch.tree()
    set_version(tree, f"{major}.{minor}.{int(patch) + 1}")
    good, output = scratch.apply(tree)
    scratch.expect("another release of the series is accepted with a note", good and "note:" in output, output)
    set_version(tree, f"{major}.{minor}.{int(patch) + 2}")
    good, output = scratch.apply(tree)
    scratch.expect("a kernel that changed under the overlay is refused", not good and "--revert" in output, output)
    for version in (f"{major}.{int(minor) + 1}.0", f"6.{minor}.{patch}", "6.12.9"):
        tree = scratch.tree()
        set_version(tree, version)
        before = content(tree)
        good, output = scratch.apply(tree)
        scratch.expect(f"Linux {version} is refused", not good and version in output and content(tree) == before, output)
    empty = scratch.directory / "empty"
    empty.mkdir()
    good, output = scratch.apply(empty)
    scratch.expect("a directory that is no kernel is refused", not good and not any(empty.iterdir()), output)


def is_never_half_applied(scratch):
    names = [name for name, entry in scratch.names.items() if entry["kind"] == "patched"]
    tree = scratch.tree()
    (tree / names[-1]).write_text("nothing that a patch could fit\n")
    before = content(tree)
    good, output = scratch.apply(tree)
    scratch.expect("a patch that does not fit is refused by name, and nothing is changed",
                   not good and ".patch" in output and content(tree) == before and not (tree / ".rspdm-overlay").exists(), output)

    tree = scratch.tree()
    added = next(name for name, entry in scratch.names.items() if entry["kind"] == "new")
    (tree / added).parent.mkdir(parents=True, exist_ok=True)
    (tree / added).write_text("somebody else's\n")
    before = content(tree)
    good, output = scratch.apply(tree)
    scratch.expect("a new file that exists already is refused", not good and added in output and content(tree) == before, output)

    tree = scratch.tree()
    scratch.apply(tree)
    complete = content(tree)
    (tree / added).unlink()
    shutil.copy(scratch.pristine / names[0], tree / names[0])
    good, output = scratch.apply(tree)
    scratch.expect("an interrupted run is completed by the next one", good and content(tree) == complete, output)


def respects_changes_by_hand(scratch):
    patched = next(name for name, entry in scratch.names.items() if entry["kind"] == "patched")
    added = next(name for name, entry in scratch.names.items() if entry["kind"] == "new")
    for name in (patched, added):
        tree = scratch.tree()
        scratch.apply(tree)
        with open(tree / name, "a") as file:
            file.write("\n/* mine */\n")
        before = content(tree)
        for options in ([], ["--revert"]):
            good, output = scratch.apply(tree, *options)
            action = "reverted" if options else "overwritten"
            scratch.expect(f"{name}, changed by hand, is not {action}", not good and name in output and content(tree) == before, output)


def follows_the_overlay(scratch):
    tree = scratch.tree()
    repository = scratch.repository()
    good, output = scratch.apply(tree, repository=repository)
    names = [name for name, entry in scratch.names.items() if entry["kind"] == "new" and name.startswith("lib/")]
    changed, dropped = names[0], names[1]
    untouched = (tree / names[2]).stat().st_mtime_ns
    (repository / changed).write_text("changed\n")
    (repository / dropped).unlink()
    good, output = scratch.apply(tree, repository=repository)
    scratch.expect("an upgrade writes what changed", good and (tree / changed).read_text() == "changed\n", output)
    scratch.expect("an upgrade removes what left the overlay", not (tree / dropped).exists(), output)
    scratch.expect("an upgrade keeps the time stamps of the rest", (tree / names[2]).stat().st_mtime_ns == untouched, output)

    last = sorted((repository / "overlay/patches").glob("*.patch"))[-1]
    only = {name for name in patched_by(last) if not any(name in patched_by(path) for path in last.parent.glob("*.patch") if path != last)}
    last.unlink()
    good, output = scratch.apply(tree, repository=repository)
    scratch.expect("an upgrade restores what is no longer patched",
                   good and only and all(not (scratch.pristine / name).exists() or (tree / name).read_bytes() == (scratch.pristine / name).read_bytes() for name in only), output)

    (repository / "lib/stray.c").write_text("/* in no unit */\n")
    good, output = scratch.apply(tree, repository=repository)
    scratch.expect("a file in no unit is refused by name", not good and "lib/stray.c" in output, output)


def patched_by(path):
    return {line.split("\t")[0].strip()[6:] for line in path.read_text().splitlines() if line.startswith("+++ b/")}


def exports_a_series(scratch):
    tree, applied = scratch.tree(), scratch.tree()
    before = content(tree)
    series = scratch.directory / "series"
    good, output = scratch.apply(tree, "--export", series)
    scratch.expect("the overlay is exported as a series", good and any(series.glob("0001-*.patch")), output)
    scratch.expect("exporting changes nothing in the tree", content(tree) == before and not (tree / ".rspdm-overlay").exists(), output)

    def git(*arguments):
        identity = ["-c", "user.name=check", "-c", "user.email=check@localhost", "-c", "core.excludesFile=/dev/null"]
        return scratch.step.run(["git", *identity, "-C", tree, *arguments], env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1"})

    git("init", "-q")
    git("add", "-f", ".")
    git("commit", "-q", "-m", "base")
    status, output = git("am", "-q", *sorted(series.glob("*.patch")))
    scratch.expect("git am applies the series", status == 0, output)
    scratch.apply(applied)
    scratch.expect("git am and overlay/apply give the same tree", content(tree) == content(applied),
                   "\n".join(sorted(name for name, _ in content(tree).items() ^ content(applied).items())))
    second = scratch.directory / "series-from-applied"
    good, output = scratch.apply(applied, "--export", second)
    same = good and {path.name: path.read_bytes() for path in series.iterdir()} == {path.name: path.read_bytes() for path in second.iterdir()}
    scratch.expect("a series exported from an applied tree is the same", same, output)


TRIALS = [applies_and_reverts, minds_the_version, is_never_half_applied, respects_changes_by_hand, follows_the_overlay, exports_a_series]
