# SPDX-License-Identifier: GPL-2.0
"""Stands in for the kernel's kernel-doc in a build with W=1, and looks at files of the overlay only.

W=1 runs kernel-doc on every C file. That nearly doubles the time of a build, for files that are
not ours to correct.
"""

import os
import sys

SOURCE, REPO = os.environ["RSPDM_SOURCE"], os.environ["RSPDM_OVERLAY_OF"]

if os.path.exists(os.path.join(REPO, os.path.relpath(sys.argv[-1], SOURCE))):
    tool = os.path.join(SOURCE, "tools/docs/kernel-doc")
    os.execv(sys.executable, [sys.executable, tool, *sys.argv[1:]])
