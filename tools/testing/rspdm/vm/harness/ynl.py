# SPDX-License-Identifier: GPL-2.0
"""The kernel's own netlink client, tools/net/ynl, for a guest that has no Python: the client, our
specification, and as much of the tool-chain root's Python as the client needs."""

import shutil
import subprocess
from pathlib import Path

from . import cache, kernel, toolroot, tools
from .report import step

SPECIFICATION = cache.REPO / "Documentation/netlink/specs/device-evidence.yaml"
CLIENT = "tools/net/ynl/pyynl"

# What a Python that just ran the client has loaded: its files, seen from the root
LOADED = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    import encodings.ascii, encodings.idna, json, subprocess, traceback
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None):
            print("loaded", module.__file__)
"""


def ensure():
    """The directory that holds all of it as it stands in a guest; the command there is `ynl`."""
    root = toolroot.ensure()
    source = kernel.ensure_source(*kernel.base_package())
    entry = cache.CACHE / "ynl" / cache.key(root.name, source.name, Path(__file__), SPECIFICATION)
    if not entry.exists():
        with cache.lock("ynl"), step("ynl, and a Python for it", cache.LOGS / "ynl.log") as current, cache.scratch(entry.parent) as path:
            make(source, path, current)
            cache.publish(path, entry)
        cache.prune(entry.parent, "", keep=4)
    return entry


def make(source, path, current):
    # With the one family that every kernel has
    listing = subprocess.check_output(
        toolroot.command(["python3", "-c", LOADED, source / CLIENT / "cli.py", "--family", "nlctrl", "--no-schema", "--list-ops"]), text=True)
    files = {line.split()[1] for line in listing.splitlines() if line.startswith("loaded /usr/lib/")}
    files.add("/usr/bin/python3")
    for name in [name for name in files if not name.endswith(".py")]:
        files.update(tools.libraries(name))
    current.run(toolroot.command(["cp", "--dereference", "--parents", *sorted(files), path]))
    # Where it stands after `make install`, as far as the client cares
    shutil.copytree(source / CLIENT, path / "usr/lib/ynl/pyynl")
    (path / "usr/share/ynl/specs").mkdir(parents=True)
    shutil.copy(SPECIFICATION, path / "usr/share/ynl/specs")
    (path / "bin").mkdir()
    (path / "bin/ynl").write_text('#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0\nexec python3 /usr/lib/ynl/pyynl/cli.py "$@"\n')
    (path / "bin/ynl").chmod(0o755)
    (path / "bin/python3").symlink_to("/usr/bin/python3")
    (path / "usr/bin/env").symlink_to("/bin/busybox")
    # Files of a guest have no time stamps, which others than unchecked byte code is compared with
    current.run(toolroot.command(["python3", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", path / "usr/lib"], PYTHONDONTWRITEBYTECODE=""))
