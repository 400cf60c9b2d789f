# SPDX-License-Identifier: GPL-2.0
"""The in-guest selftests, built and put together by kselftest's own makefiles."""

import shutil
from pathlib import Path

from . import cache, kernel, toolroot
from .report import step


def ensure():
    """The directory that holds the selftests as a guest needs them."""
    root = toolroot.ensure()
    entry = cache.CACHE / "selftests" / cache.key(root.name, Path(__file__), *cache.sources("tools/testing/selftests", "include/uapi"))
    if not entry.exists():
        source = kernel.source_tree()
        with cache.lock("kernel"), step("selftests", cache.LOGS / "selftests.log") as current, cache.scratch(entry.parent) as path:
            here = source / "tools/testing/selftests/pci_cma"
            headers, build = path / "headers", path / "build"
            build.mkdir()
            current.run(toolroot.command(["make", "-C", source, f"O={headers}", "ARCH=x86", "LLVM=1", "headers"]))
            # Static, because the guest has no C library but the one that spdmctl brings
            current.run(toolroot.command(["make", "-C", here, f"OUTPUT={build}", "LLVM=1", "LDFLAGS=-static",
                                          f"KHDR_INCLUDES=-isystem {headers}/usr/include", f"INSTALL_PATH={path / 'selftests/pci_cma'}", "all", "install"]))
            shutil.copytree(here.parent / "kselftest", path / "selftests/kselftest")
            for each in (headers, build):
                shutil.rmtree(each)
            cache.publish(path, entry)
        cache.prune(entry.parent, "", keep=4)
    return entry / "selftests"
