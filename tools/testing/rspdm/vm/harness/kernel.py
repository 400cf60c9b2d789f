# SPDX-License-Identifier: GPL-2.0
"""The kernel: base source, overlay, configuration, build.

There is one source tree and one object tree per configuration, both reused: make
sees by itself what a changed overlay or configuration makes it rebuild. What others
use is not the object tree but an entry made from it, named after everything that
went in: the image, the configuration, the objects that the checks look at.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import cache, toolroot
from .report import Failed, say, step

NAMES = ("plain", "debug")
OVERLAY = cache.REPO / "overlay"
FRAGMENTS = {name: [OVERLAY / "configs" / f"{part}.config" for part in NAMES[: NAMES.index(name) + 1]] for name in NAMES}
KERNELDOC = Path(__file__).with_name("kerneldoc.py")

# Object files of a first build, for the percentage; later builds are as long as they are.
OBJECTS = {"plain": 1500, "debug": 1800}


@dataclass
class Kernel:
    """A built kernel: what stands in its entry of the cache."""

    name: str
    path: Path

    @property
    def image(self):
        return self.path / "bzImage"

    @property
    def modules(self):
        """A directory that holds lib/modules as it stands in a guest."""
        return self.path / "modules"

    @property
    def config(self):
        return self.path / "config"

    @property
    def warnings(self):
        """Compiler warnings about files of the overlay; empty if there are none."""
        return (self.path / "warnings").read_text()

    @property
    def objects(self):
        return self.path / "objects"


def base():
    lines = (OVERLAY / "base").read_text().splitlines()
    return dict(re.split(r" *= *", line, maxsplit=1) for line in lines if line and not line.startswith("#"))


def ensure(name):
    """The built kernel NAME, built first if any input changed."""
    package, version = base_package()
    if (entry := current_entry(name, version)).exists():
        entry.touch()
        return Kernel(name, entry)
    with cache.lock("kernel"):
        while not (entry := current_entry(name, version)).exists():
            source = ensure_source(package, version)
            with step(f"{name} kernel", cache.LOGS / f"kernel-{name}.log") as current, cache.scratch(entry.parent) as path:
                apply_overlay(source, current)
                if current_entry(name, version) == entry:  # else the overlay changed meanwhile: once more
                    build(name, source, path, current)
                    cache.publish(path, entry)
            cache.prune(entry.parent, f"{name}-", keep=6)
    return Kernel(name, entry)


def current_entry(name, version):
    directories = [path.name for path in cache.REPO.iterdir()
                   if path.is_dir() and not path.name.startswith(".") and path.name not in ("Documentation", "overlay", "tools")]
    inputs = [OVERLAY / "base", OVERLAY / "apply", *cache.sources("overlay/patches", *directories), *FRAGMENTS[name]]
    return cache.CACHE / "kernel" / f"{name}-{cache.key(toolroot.ensure().name, version, Path(__file__), *inputs)}"


def base_package():
    package = base()["package"]
    return package, toolroot.version_of(toolroot.ensure(), package)


def source_tree():
    """The source tree with the overlay as it is now (for checks that read it)."""
    with cache.lock("kernel"):
        source = ensure_source(*base_package())
        with step("overlay", cache.LOGS / "overlay.log") as current:
            apply_overlay(source, current)
    return source


def ensure_source(package, version):
    source = cache.CACHE / "kernel" / f"source-{cache.key(package, version)}"
    if not source.exists():
        with step(f"unpacking {package} {version}", cache.LOGS / "source.log") as current, cache.scratch(source.parent) as path:
            archive = f"/usr/src/{package}.tar.xz"
            current.run(toolroot.command(["tar", "-xf", archive, "--strip-components=1", "-C", path]))
            cache.publish(path, source)
    return source


def apply_overlay(source, current):
    current.run(toolroot.command([OVERLAY / "apply", source]))


def make(source, objects, *arguments):
    return toolroot.command(["make", "-C", source, f"O={objects}", "ARCH=x86", "LLVM=1", f"KERNELDOC={KERNELDOC}", *arguments],
                            RSPDM_SOURCE=str(source), RSPDM_OVERLAY_OF=str(cache.REPO))


def build(name, source, entry, current):
    objects = source.with_name(f"{name}-objects-{source.name.removeprefix('source-')}")
    objects.mkdir(exist_ok=True)
    configure(name, source, objects, current)

    count = 0
    first = not (objects / "vmlinux").exists()
    lines = []

    def progress(line):
        nonlocal count
        lines.append(line)
        if re.match(r"  (CC|RUSTC|AS|CLIPPY)\b", line):
            count += 1
            share = f" of about {OBJECTS[name]} ({min(99, 100 * count // OBJECTS[name])} %)" if first else ""
            current.progress = f", {count} files compiled{share}"

    jobs = f"-j{len(os.sched_getaffinity(0))}"
    current.run(make(source, objects, jobs, "W=1", "CLIPPY=1", "bzImage", "modules"), progress)
    current.run(make(source, objects, f"INSTALL_MOD_PATH={entry / 'modules'}", "INSTALL_MOD_STRIP=1", "modules_install"))

    shutil.copy(objects / "arch/x86/boot/bzImage", entry / "bzImage")
    shutil.copy(objects / ".config", entry / "config")
    for path in our_objects(objects):
        target = entry / "objects" / path.relative_to(objects)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    if name == "plain":
        compile_without_tests(objects, entry, current)
    warnings = our_warnings(lines, source)
    (entry / "warnings").write_text(warnings)
    if warnings:
        # A warning is only seen when the file is compiled: compile ours again next time.
        for path in our_objects(objects):
            path.unlink()


def compile_without_tests(objects, entry, current):
    """Compile the requester once more as a production kernel has it, for the check that it cannot panic: tests may."""
    saved = (objects / "lib/rspdm/.rspdm.o.cmd").read_text()
    command = re.search(r"^savedcmd_\S+ := (.*)$", saved, re.M)[1].split(";")[0]
    settings = (objects / "include/generated/rustc_cfg").read_text().splitlines(keepends=True)
    (entry / "rustc_cfg").write_text("".join(line for line in settings if "KUNIT" not in line))
    command = command.replace("@./include/generated/rustc_cfg", f"@{entry}/rustc_cfg")
    command = re.sub(r"--emit=(dep-info|metadata)=\S+", "", command)
    command = re.sub(r"--emit=obj=\S+", f"--emit=obj={entry}/objects/lib/rspdm/rspdm-without-tests.o", command)
    command = command.replace("-Coverflow-checks=y", "-Coverflow-checks=n").replace("-Cdebug-assertions=y", "-Cdebug-assertions=n")
    # Kbuild exports it, for the unstable features that the kernel uses
    current.run(toolroot.command(["sh", "-c", "RUSTC_BOOTSTRAP=1 " + command], objects))


def configure(name, source, objects, current):
    """Configure from tinyconfig and the fragments, and insist on every line of them."""
    wanted = "".join(path.read_text() for path in FRAGMENTS[name])
    stamp = objects / ".rspdm-fragments"
    if not (objects / ".config").exists() or not stamp.exists() or stamp.read_text() != wanted:
        current.run(make(source, objects, "tinyconfig"))
        with open(objects / ".config", "a") as config:
            config.write(wanted)
    current.run(make(source, objects, "olddefconfig"))
    stamp.unlink(missing_ok=True)
    settings = parse(wanted)
    got = parse((objects / ".config").read_text())
    missing = [f"{option}={value} (is {got.get(option, 'n')})" for option, value in settings.items() if got.get(option, "n") != value]
    if missing:
        raise Failed("these options of overlay/configs did not survive olddefconfig: " + ", ".join(missing))
    stamp.write_text(wanted)


def parse(text):
    """CONFIG_ lines as a dictionary; `is not set` is n."""
    settings = {}
    for line in text.splitlines():
        if found := re.match(r"(CONFIG_\w+)=(.*)$", line):
            settings[found[1]] = found[2]
        elif found := re.match(r"# (CONFIG_\w+) is not set$", line):
            settings[found[1]] = "n"
    return settings


def our_stems():
    """Where the overlay's own C and Rust files stand, without their suffixes."""
    directories = [path.name for path in cache.REPO.iterdir() if path.is_dir() and path.name not in (".git", "overlay", "tools", "Documentation")]
    return [str(path.relative_to(cache.REPO).with_suffix("")) for path in cache.sources(*directories) if path.suffix in (".c", ".rs", ".h", ".asn1")]


def our_objects(objects):
    """Object files made from the overlay's own sources."""
    return [path for stem in our_stems() if (path := objects / f"{stem}.o").exists()]


def our_warnings(lines, source):
    """The diagnostics of a build that point at a file of the overlay, each with its lines."""
    stems = our_stems()
    ours = re.compile(r"(?:^|[\s/:])(" + "|".join(map(re.escape, stems)) + r")\.(?:c|h|rs|o|asn1)\b") if stems else None
    found, block = [], []
    for line in [*lines, "  END"]:
        starts = re.search(r"\bwarning\b", line)
        ends = re.match(r"  [A-Z]+\b", line)  # make's own `  CC      file.o`
        if starts or ends:
            if block and ours and any(ours.search(each) for each in block):
                found.append("".join(block))
            block = []
        if starts or block:
            block.append(line)
    return "".join(found)
