# SPDX-License-Identifier: GPL-2.0
"""The examples of spdmctl, installed as their README tells, in a guest that has systemd."""

import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from harness import cache

EXAMPLES = cache.REPO / "tools/spdmctl/examples"
# Before the first example, and so before udev comes up: see there
PREPARE = """\
# SPDX-License-Identifier: GPL-2.0
[Unit]
DefaultDependencies=no
Before=spdm-hold.service systemd-udevd.service

[Service]
Type=oneshot
ExecStart=/selftests/pci_cma/systemd.sh prepare
"""


@contextmanager
def installed():
    """A directory with the files at their places in a guest, the unit that is to be enabled enabled."""
    table = re.findall(r"^\| `([^`]+)` \| `/([^`]+)/`(?:.*`systemctl enable (\S+)`)?", (EXAMPLES / "README.md").read_text(), re.M)
    with tempfile.TemporaryDirectory(prefix="rspdm-examples.", dir=cache.CACHE) as name:
        root = Path(name)
        wants = root / "etc/systemd/system/sysinit.target.wants"
        wants.mkdir(parents=True)
        for example, directory, _ in table:
            (root / directory).mkdir(parents=True, exist_ok=True)
            shutil.copy(EXAMPLES / example, root / directory)
        (wants.parent / "prepare.service").write_text(PREPARE)
        for unit in ("prepare", *(unit for *_, unit in table if unit)):
            (wants / f"{unit}.service").symlink_to(f"../{unit}.service")
        yield root
