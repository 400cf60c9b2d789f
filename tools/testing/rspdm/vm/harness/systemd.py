# SPDX-License-Identifier: GPL-2.0
"""systemd and its udevd as a guest's first processes: of Debian's packages, what manages services and
devices. Left out are the services and the hardware data base that most of a boot's time would go to."""

import shutil
from pathlib import Path

from . import cache, toolroot, tools
from .report import step

PACKAGES = ("systemd", "udev", "kmod")
PROGRAMS = ("usr/lib/systemd/systemd", "usr/lib/systemd/systemd-executor", "usr/lib/systemd/systemd-journald",
            "usr/bin/systemctl", "usr/bin/journalctl", "usr/bin/udevadm", "usr/bin/kmod")
# Loaded by name, so that no list of what a program needs has them
PLUGINS = ("usr/lib/x86_64-linux-gnu/libkmod.so.2",)
LINKS = {"usr/lib/systemd/systemd-udevd": "../../bin/udevadm", "usr/bin/spdmctl": "../../bin/spdmctl"}
TREES = ("usr/lib/systemd/system", "usr/lib/udev/rules.d")

# What each boot starts, instead of all that the packages want
WANTED = {
    "sysinit.target": ("systemd-journald.service", "systemd-udevd.service", "systemd-udev-trigger.service"),
    "sockets.target": ("systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket"),
}
FILES = {
    # The journal has all the rest
    "etc/systemd/system.conf": "# SPDX-License-Identifier: GPL-2.0\n[Manager]\nShowStatus=error\nLogColor=no\n",
    # An identity, or every boot were the first one, at which systemd enables all that there is
    "etc/machine-id": "0123456789abcdef" * 2 + "\n",
    "etc/systemd/system/script.service": """\
# SPDX-License-Identifier: GPL-2.0
[Unit]
Description=The script
Requires=basic.target
After=basic.target

[Service]
Type=oneshot
ExecStart=/init
""",
    "etc/systemd/system/default.target": """\
# SPDX-License-Identifier: GPL-2.0
[Unit]
Description=What the guest is there for
Requires=script.service
""",
}


def ensure():
    """The directory that holds all of it as it stands in a guest."""
    root = toolroot.ensure()
    entry = cache.CACHE / "systemd" / cache.key(root.name, Path(__file__))
    if not entry.exists():
        with cache.lock("systemd"), step("systemd, for a guest", cache.LOGS / "systemd.log") as current, \
                cache.scratch(entry.parent) as packages, cache.scratch(entry.parent) as path:
            toolroot.bootstrap(packages, current, "extract", PACKAGES)
            make(packages, path, current)
            cache.publish(path, entry)
        cache.prune(entry.parent, "", keep=4)
    return entry


def make(packages, path, current):
    current.run(["cp", "--parents", *PROGRAMS, path], cwd=packages)
    libraries = packages / "usr/lib/x86_64-linux-gnu"
    needed = {library for name in (*PROGRAMS, *PLUGINS)
              for library in tools.libraries(packages / name, LD_LIBRARY_PATH=f"{libraries}:{libraries}/systemd")}
    # In place of those of the tool-chain root, which may be older
    target = path / "lib/x86_64-linux-gnu"
    target.mkdir(parents=True)
    for name in (*needed, *(str(packages / name) for name in PLUGINS)):
        if name.startswith(str(packages)):
            shutil.copy(name, target)
    for tree in TREES:
        shutil.copytree(packages / tree, path / tree, symlinks=True, ignore=shutil.ignore_patterns("*.wants"))
    for unit, names in WANTED.items():
        wants = path / "usr/lib/systemd/system" / f"{unit}.wants"
        wants.mkdir()
        for name in names:
            (wants / name).symlink_to(f"../{name}")
    for name, text in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    for name, to in LINKS.items():
        (path / name).symlink_to(to)
