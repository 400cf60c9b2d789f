# SPDX-License-Identifier: GPL-2.0
"""The tool-chain root: a Debian 13 with backports that holds every compiler and emulator used here.

The host lends its kernel, its network and its package mirror; nothing else of it
matters, and nothing is left behind on it. Commands run in the root inside a mount
name space of their own, with the cache mounted at its own path and the checkout
read-only at its own path, so that paths in messages mean the same inside and outside.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cache
from .report import Failed, step

SUITE = "trixie"
PACKAGES = """
    ca-certificates
    linux-source-7.3
    rustc rust-src rustfmt rust-clippy cargo bindgen
    clang-19 lld-19 llvm-19
    make flex bison bc cpio kmod rsync patch git perl xz-utils libelf-dev libssl-dev
    python3 python3-yaml python3-jsonschema
    qemu-system-x86 seabios busybox-static shellcheck
""".split()

# Backports count as much as the release itself: the newer version wins, for libraries
# as for the tools that are linked to them.
PREFERENCES = f"Package: *\nPin: release n={SUITE}-backports\nPin-Priority: 500\n"

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

ENVIRONMENT = re.compile(r"(?i)^(TERM|.*_proxy|CARGO_(HTTP|NET|SOURCE|REGISTR).*|RSPDM_.*|SPDM_EMU_BIN)$")
MOUNTS = Path(__file__).with_name("mounts.sh")


def ensure():
    """The path of the root, built first if it is not there."""
    entry = cache.CACHE / "root" / cache.key(SUITE, " ".join(PACKAGES), PREFERENCES)
    if os.geteuid() != 0:
        raise Failed("the tool-chain root is entered by chroot and bind mounts: run this as root")
    if entry.exists():
        return entry
    with cache.lock("root"):
        if not entry.exists():
            with step("tool-chain root (Debian 13: compilers, QEMU, kernel source)", cache.LOGS / "root.log") as current, \
                    cache.scratch(entry.parent) as path:
                make(path, current)
                cache.publish(path, entry)
    return entry


def make(path, current):
    bootstrap(path, current, "minbase", PACKAGES)
    (path / "etc/resolv.conf").touch()


def bootstrap(path, current, variant, packages):
    """Fill the directory PATH with packages, and with what else mmdebstrap's VARIANT has."""
    machine = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip() if shutil.which("dpkg") else "no Debian"
    if machine != "amd64":
        raise Failed(f"this host is {machine}: a Debian 12 or 13 on amd64 is needed")
    prepare_host(current)
    uri = mirror()
    proxies = re.findall(r'^(Acquire::\S*[Pp]roxy\S* ".+";)$', subprocess.check_output(["apt-config", "dump"], text=True), re.M)
    command = ["mmdebstrap", "--verbose", "--mode=root", f"--variant={variant}", f"--include={','.join(packages)}",
               '--setup-hook=mkdir -p "$1"/etc/apt/preferences.d',
               f"--setup-hook=printf '%s' '{PREFERENCES}' > \"$1\"/etc/apt/preferences.d/backports",
               "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
               "--dpkgopt=path-exclude=/usr/share/locale/*"]
    command += [f"--aptopt={option}" for option in proxies]
    command += [SUITE, str(path), *(f"deb [signed-by={KEYRING}] {uri} {suite} main" for suite in (SUITE, f"{SUITE}-backports"))]

    def progress(line):
        if line.startswith(("I: ", "Setting up ", "Unpacking ")):
            current.progress = f", {line.strip()[:70]}"

    try:
        current.run(command, progress, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})
    except Failed as error:
        raise Failed(f"{error}. If a package is not found: the mirror {uri} must carry {SUITE} and {SUITE}-backports") from None


def prepare_host(current):
    """Install what makes the root, and the keys that its packages are signed with."""
    wanted = []
    if not shutil.which("mmdebstrap"):
        wanted.append("mmdebstrap")
    if not list(Path("/usr/share/keyrings").glob(f"debian-archive-{SUITE}-automatic.*")):
        wanted.append("debian-archive-keyring")
    if wanted or not mirrors():
        current.run(["apt-get", "update", "-q"])
    if wanted:
        current.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *wanted],
                    env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def mirrors():
    found = subprocess.check_output(["apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)", "Identifier: Packages", "Origin: Debian"], text=True)
    return [line.partition("|")[2] for line in found.splitlines() if line.startswith("Debian|")]


def mirror():
    """The Debian mirror that this host's own apt configuration names."""
    if os.environ.get("RSPDM_MIRROR"):
        return os.environ["RSPDM_MIRROR"]
    found = mirrors()
    if not found:
        raise Failed("apt on this host knows no Debian mirror: name one in RSPDM_MIRROR")
    listed = re.match(r"mirror\+file:/*(/.*?)/?$", found[0])
    if listed:
        lines = Path(listed[1]).read_text().split("\n")
        return next(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))
    return found[0]


def version_of(root, package):
    """The version of an installed package."""
    status = (root / "var/lib/dpkg/status").read_text()
    found = re.search(rf"^Package: {re.escape(package)}\n(?:.+\n)*?Version: (\S+)$", status, re.M)
    if not found:
        raise Failed(f"{package} is not in the tool-chain root {root}")
    return found[1]


def command(arguments, directory=None, **extra):
    """How to run ARGUMENTS inside the root; EXTRA are environment variables. The command ends with who starts it."""
    root = ensure()
    environment = {name: value for name, value in os.environ.items() if ENVIRONMENT.match(name)}
    environment |= {
        "PATH": "/usr/lib/llvm-19/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CARGO_HOME": str(cache.CACHE / "cargo"),
        "CARGO_TARGET_DIR": str(cache.CACHE / "target"),
        **extra,
    }
    return ["unshare", "--mount", "--propagation", "private", "sh", str(MOUNTS), str(root), str(cache.REPO), str(cache.CACHE),
            str(directory or cache.CACHE), "setpriv", "--pdeathsig", "TERM", "env", "-i", *(f"{name}={value}" for name, value in environment.items()), *map(str, arguments)]
