# SPDX-License-Identifier: GPL-2.0
"""The guest's root file system: two cpio archives, a cached one and one made for the run."""

import gzip
import os
import stat
import subprocess
from pathlib import Path

from . import cache, toolroot, tools

INIT = Path(__file__).with_name("init")
HOST = Path(__file__).with_name("host")


class Archive:
    """A cpio archive in the kernel's "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst)."""

    def __init__(self):
        self.data = bytearray()
        self.names = set()

    def entry(self, name, mode, content=b"", device=(0, 0)):
        path = name.encode() + b"\0"
        fields = (len(self.names) + 1, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(path), 0)
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self.data += bytes(-len(self.data) % 4) + content
        self.data += bytes(-len(self.data) % 4)
        self.names.add(name)

    def directory(self, name):
        parent = os.path.dirname(name)
        if name and name not in self.names:
            if parent:
                self.directory(parent)
            self.entry(name, stat.S_IFDIR | (0o1777 if name == "tmp" else 0o755))

    def file(self, name, content, executable=False):
        name = name.strip("/")
        self.directory(os.path.dirname(name))
        self.entry(name, stat.S_IFREG | (0o755 if executable else 0o644), content)

    def copy(self, source, name):
        """Copy a host file, or a directory with what is in it; links in it stay links."""
        if source.is_dir():
            for path in sorted(source.rglob("*")):
                if path.is_symlink():
                    self.link(f"{name}/{path.relative_to(source)}".lstrip("/"), os.readlink(path))
                elif path.is_file():
                    self.copy(path, f"{name}/{path.relative_to(source)}")
        else:
            self.file(name, source.read_bytes(), os.access(source, os.X_OK))

    def link(self, name, target):
        self.directory(os.path.dirname(name))
        self.entry(name, stat.S_IFLNK | 0o777, target.encode())

    def compressed(self):
        self.entry("TRAILER!!!", 0)
        return gzip.compress(bytes(self.data), compresslevel=3, mtime=0)


def base(programs):
    """What every guest holds: busybox, init and, if PROGRAMS is given, the tools of that directory."""
    root = toolroot.ensure()
    name = programs.name if programs else "bare"
    entry = cache.CACHE / "initramfs" / cache.key(root.name, name, INIT, HOST, Path(__file__))
    if entry.exists():
        return (entry / "cpio.gz").read_bytes()
    archive = Archive()
    for directory in ("dev", "etc", "proc", "root", "run", "sys", "tmp"):
        archive.directory(directory)
    archive.entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    busybox = (root / "usr/bin/busybox").read_bytes()
    archive.file("bin/busybox", busybox, True)
    for applet in subprocess.check_output(toolroot.command(["busybox", "--list"]), text=True).split():
        if applet != "busybox":
            archive.link(f"bin/{applet}", "busybox")
    archive.link("sbin", "bin")
    archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n")
    archive.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    archive.file("init", INIT.read_bytes(), True)
    archive.file("bin/host", HOST.read_bytes(), True)
    if programs:
        archive.copy(programs / "spdmctl", "bin/spdmctl")
        for library in tools.libraries(programs / "spdmctl"):
            archive.copy((root / library.lstrip("/")).resolve(), library)
    with cache.scratch(entry.parent) as path:
        (path / "cpio.gz").write_bytes(archive.compressed())
        if not entry.exists():
            cache.publish(path, entry)
    cache.prune(entry.parent, "", keep=6)
    return (entry / "cpio.gz").read_bytes()
