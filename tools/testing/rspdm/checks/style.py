# SPDX-License-Identifier: GPL-2.0
"""What can be said about the files without building them: form, generated files, scripts."""

import re
import shlex
from pathlib import Path

from harness import cache, toolroot

from . import source_tree

# What checkpatch asks of a series on a mailing list, not of patches in a directory
PATCH_IGNORE = "FILE_PATH_CHANGES,MISSING_SIGN_OFF,NO_AUTHOR_SIGN_OFF,EMAIL_SUBJECT"
FILE_IGNORE = "FILE_PATH_CHANGES"

# Complaints that are known and right to ignore: (part of the path, type, why)
EXCEPTIONS = [
    ("X.509-Make-certificate-parser-public.patch", "UNSPECIFIED_INT|AVOID_EXTERNS|TABSTOP|TRAILING_STATEMENTS", "moves upstream code as it is"),
    ("lib/rspdm/glue.c", "EXPORT_SYMBOL", "exports functions that are defined in Rust"),
]


def kernel_files():
    """The overlay's own files at kernel paths, without the programs in tools/."""
    tops = [path.name for path in cache.REPO.iterdir() if path.is_dir() and not path.name.startswith(".") and path.name not in ("overlay", "tools")]
    return cache.sources(*tops, "tools/testing/selftests")


def is_generated(path):
    return path.suffix in (".c", ".h") and "/* YNL-GEN " in path.read_text()[:600]


def checkpatch(step):
    source = source_tree()
    files = [path for path in kernel_files() if not is_generated(path) and
             (path.suffix in (".c", ".h", ".rst", ".yaml", ".rs") or path.name in ("Kconfig", "Makefile"))]
    patches = sorted((cache.REPO / "overlay/patches").glob("*.patch"))
    for paths, options in ((files, ["--file", f"--ignore={FILE_IGNORE}"]), (patches, ["--patch", f"--ignore={PATCH_IGNORE}"])):
        status, output = step.run(toolroot.command(["perl", "scripts/checkpatch.pl", "--strict", "--terse", "--no-tree", "--no-summary",
                                                    "--show-types", *options, *paths], source))
        complaints = {path: [] for path in paths}
        for line in output.splitlines():
            if found := re.match(r"(/\S+?):\d+: (?:ERROR|WARNING|CHECK):(\w+):", line):
                excused = any(part in found[1] and re.fullmatch(types, found[2]) for part, types, _ in EXCEPTIONS)
                if not excused:
                    complaints[Path(found[1])].append(line)
        step.test(f"checkpatch looked at {len(paths)} files", status in (0, 1) and (status == 0 or "CHECK:" in output or "WARNING:" in output or "ERROR:" in output), output)
        for path, lines in complaints.items():
            step.test(f"checkpatch --strict {path.relative_to(cache.REPO)}", not lines, "\n".join(lines))


def rustfmt(step):
    source = source_tree()
    for path in kernel_files():
        if path.suffix == ".rs":
            # Through stdin, or rustfmt would follow every `mod` and report a file many times.
            format = f"rustfmt --edition 2021 --config-path {source}/.rustfmt.toml <{path} | diff -u {path} -"
            status, output = step.run(toolroot.command(["sh", "-o", "pipefail", "-c", format]))
            step.test(f"rustfmt {path.relative_to(cache.REPO)}", status == 0, output)


def scripts(step):
    for path in cache.sources("tools/testing", "overlay", ".ci"):
        first = path.read_bytes()[:80].split(b"\n")[0]
        name = path.relative_to(cache.REPO)
        if first.startswith(b"#!/bin/sh") or first.startswith(b"#!/bin/bash") or path.suffix == ".sh":
            status, output = step.run(toolroot.command(["shellcheck", "--severity=warning", "--external-sources", "--source-path=SCRIPTDIR",
                                                        "--shell=sh" if b"bash" not in first else "--shell=bash", path]))
            step.test(f"shellcheck {name}", status == 0, output)
        elif b"python3" in first or path.suffix == ".py":
            status, output = step.run(["python3", "-B", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])", path])
            step.test(f"python syntax of {name}", status == 0, output)


def spdx(step):
    missing = []
    for path in cache.sources(*[path.name for path in cache.REPO.iterdir() if path.name not in (".git", "COPYING")]):
        if path.suffix in (".c", ".h", ".rs", ".py", ".sh", ".yaml", ".rst", ".toml", ".asn1", ".config") or path.name in ("Makefile", "Kconfig"):
            head = path.read_text(errors="replace").split("\n")[:2]
            if not any("SPDX-License-Identifier: " in line for line in head):
                missing.append(str(path.relative_to(cache.REPO)))
    step.test("every file names its licence in line 1", not missing, "\n".join(missing))


def generated(step):
    """Files that say YNL-GEN must be what the generator makes of their specification today."""
    source = source_tree()
    found = 0
    for path in kernel_files():
        head = path.read_text(errors="replace")[:600] if path.suffix in (".c", ".h") else ""
        how = re.search(r"^/\* YNL-GEN (\w+) (\w+) \*/$", head, re.M)
        spec = re.search(r"^/\*\s+(Documentation/\S+\.yaml) \*/$", head, re.M)
        if not how or not spec:
            continue
        found += 1
        more = re.search(r"^/\* YNL-ARG (.*) \*/$", head, re.M)
        mode, part = how.groups()
        generate = ["python3", source / "tools/net/ynl/pyynl/ynl_gen_c.py", "--mode", mode, f"--{part}", "--spec", source / spec[1],
                    *(more[1].split() if more else []), "-o", f"/tmp/{path.name}"]
        script = f"{shlex.join(map(str, generate))} && diff -u {path} /tmp/{path.name}"
        status, output = step.run(toolroot.command(["sh", "-c", script], source))
        step.test(f"{path.relative_to(cache.REPO)} is up to date with {spec[1]}", status == 0, output)
    step.test("there are generated files to look at", found > 0)
    for path in cache.sources("Documentation/netlink/specs"):
        name = path.relative_to(cache.REPO)
        status, output = step.run(toolroot.command(["python3", source / "tools/net/ynl/pyynl/cli.py", "--spec", source / name, "--validate"]))
        step.test(f"{name} keeps to its schema", status == 0, output)
