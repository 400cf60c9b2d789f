# SPDX-License-Identifier: GPL-2.0
"""One guest from power-on to its exit status: QEMU, the responders behind its devices, and the talk with both."""

import argparse
import fcntl
import hashlib
import json
import os
import re
import selectors
import shlex
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import cache, initramfs, toolroot, tools
from .report import Failed, say

TIMED_OUT, SPLAT, BROKEN = 124, 70, 125  # exit statuses of the harness's own

# What the kernel prints when one of its checkers has found something. Only the kernel log is
# searched, which nothing but the kernel (and /dev/kmsg) writes to.
SPLATS = re.compile(
    r"\bBUG: |\bBUG at |\bWARNING: |\bKASAN: |\bKFENCE: |\bUBSAN: |\bODEBUG: |\bOops: |\bOops\b|general protection fault"
    r"|Kernel panic|kernel BUG|INFO: (task|possible|trying|inconsistent|rcu|lockdep)|circular locking dependency"
    r"|possible recursive locking|inconsistent lock state|suspicious RCU usage|DEBUG_LOCKS_WARN_ON|sleeping function called"
    r"|scheduling while atomic|rcu_\w+ (self-)?detected (stall|expedited)|soft lockup|blocked for more than \d+ seconds"
    r"|kmemleak: \d+ new suspected memory leaks|unreferenced object 0x|refcount_t: |list_(add|del) corruption|Bad page state")

SHUTDOWN = 60  # seconds for a guest to turn off after its script
LISTENING = 30  # seconds for a responder to listen
PROBE = 20  # seconds for KVM to boot and end a guest without devices
UNPLUGGED = 30  # seconds for a guest to let go of a device


@dataclass
class Options:
    """What `vm/run` was asked for; see there."""

    image: Path
    programs: Path | None
    script: bytes | None = None
    files: list = field(default_factory=list)
    responder: str = "builtin"
    responder_arguments: list = field(default_factory=list)
    devices: int = 1
    timeout: float = 600
    memory: int = 512
    qemu_arguments: list = field(default_factory=list)
    kernel_arguments: list = field(default_factory=list)
    qmp: Path | None = None
    interactive: bool = False
    kernel_log: bool = True  # on stdout, beside what the script prints
    accelerator: str | None = None  # found out if not given
    output: object = None  # called with each line instead of stdout


@dataclass
class Result:
    """How a guest ended. A status of None means that it ended without one."""

    status: int | None
    splats: list
    log: Path
    timed_out: bool = False


class Guest:
    """A running machine. Use run()."""

    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.selector = selectors.DefaultSelector()
        self.qemu = None
        self.responders = {}  # device number -> process
        self.status = None
        self.splats = []
        self.deadline = time.monotonic() + options.timeout
        self.pending = []  # (what QMP event to wait for, device, give up at)
        self.qmp_id = 0
        self.kernel_log = open(directory / "kernel.log", "wb", buffering=0)
        self.console_log = open(directory / "console.log", "wb", buffering=0)

    # ------------------------------------------------------------ start ---

    def start(self):
        options = self.options
        archive = initramfs.Archive()
        if options.script is not None:
            archive.file("script", options.script, True)
        for source, name in options.files:
            archive.copy(source, name)
        ports = [self.serve(number) for number in range(options.devices)]
        for path in sorted(self.directory.glob("root-*.pem")):
            archive.copy(path, f"etc/rspdm/{path.name}")
        if self.responders:
            faults = toolroot.command([options.programs / "rspdm-responder", "--list-faults"])
            archive.file("etc/rspdm/faults", subprocess.check_output(faults))
            cases = toolroot.command([options.programs / "rspdm-suite", "--list", "--sample", "--versions", "1.4", *algorithms(options.responder_arguments)])
            archive.file("etc/rspdm/cases", subprocess.check_output(cases))
        image = self.directory / "bzImage"
        shutil.copy(options.image, image)
        work = self.directory / "initramfs"
        work.write_bytes(initramfs.base(options.programs) + archive.compressed())

        # la57: while the kernel identifies its processor, KASAN takes it for one without, and the addresses of an interrupt for wild
        command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
                   "-machine", "q35", "-accel", options.accelerator or accelerator(options.image), "-cpu", "max,la57=off", "-smp", "2", "-m", str(options.memory),
                   # native PCIe hot-plug instead of ACPI's
                   "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                   "-kernel", image, "-initrd", work, "-append", self.kernel_command_line()]
        inherited = []
        for name, handler in {"console": self.console_line, "kernel": self.kernel_line}.items():
            if name == "console" and options.interactive:
                command += ["-chardev", "stdio,id=console,signal=off"]
            else:
                # A pipe, because a socket holds few of the single bytes that a serial line writes
                ours, theirs = os.pipe()
                fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 1 << 20)
                command += ["-chardev", f"file,id={name},path=/proc/self/fd/{theirs}"]
                self.watch(os.fdopen(ours, "rb", buffering=0), handler)
                inherited.append(os.fdopen(theirs, "wb"))
            command += ["-serial", f"chardev:{name}"]
        for name, handler in {"control": self.control_line, "qmp": self.qmp_line}.items():
            ours, theirs = socket.socketpair()
            setattr(self, name, ours)
            command += ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]
            command += ["-qmp" if name == "qmp" else "-serial", f"chardev:{name}"]
            self.watch(ours, handler)
            inherited.append(theirs)
        if options.qmp:
            command += ["-qmp", "unix:qmp,server=on,wait=off"]
            options.qmp.unlink(missing_ok=True)
            options.qmp.symlink_to(self.directory / "qmp")
        for number, port in enumerate(ports):
            # x-speed: at the default speed Linux waits for a link report that QEMU never makes after an error
            command += ["-device", f"pcie-root-port,id=slot{number},chassis={number + 1},slot={number + 1},x-speed=5",
                        "-blockdev", f"driver=null-co,node-name=drive{number},size=16777216,read-zeroes=on",
                        "-device", ",".join(f"{key}={value}" for key, value in self.device(number, port).items())]
        command += options.qemu_arguments
        stdio = {} if options.interactive else {"stdin": subprocess.DEVNULL}
        self.qemu = self.spawn(command, "qemu", stdio, [each.fileno() for each in inherited])
        for each in inherited:
            each.close()
        self.qmp_send("qmp_capabilities")

    def kernel_command_line(self):
        # no_timer_check: on a busy host an emulated timer may be too late for the kernel to believe in it, and it panics
        words = ["console=ttyS1", "panic=-1", "no_timer_check", f"vm.devices={self.options.devices}"]
        if self.options.interactive:
            words.append("vm.interactive=1")
        if not any(word.startswith("kunit.") for word in self.options.kernel_arguments):
            words.append("kunit.enable=0")
        return " ".join([*words, *self.options.kernel_arguments])

    def device(self, number, port):
        return {"driver": "nvme", "id": f"device{number}", "bus": f"slot{number}", "serial": f"device{number}",
                "drive": f"drive{number}", "spdm_port": port, "spdm_trans": "doe"}

    def serve(self, number, arguments=()):
        """Have a responder for device NUMBER; return its port. ARGUMENTS are for the built-in one."""
        kind, _, argument = self.options.responder.partition(":")
        if kind == "tcp":
            port = int(argument) + number
            if not listens(port):
                raise Failed(f"nothing listens on 127.0.0.1:{port} for device {number}: start the responder first")
            return port
        # One that hung up still waits for somebody else, if its device went without a request here
        self.stop_responder(number)
        faults = self.directory / f"faults-{number}"
        if not faults.exists():
            faults.write_text(f"{argument}\n" if argument else "")
        truth = self.directory / f"truth-{number}"
        truth.mkdir(exist_ok=True)
        # With a seed, the keys of a device are the same after it was out of its slot
        command = [self.options.programs / "rspdm-responder", "--port", "0", "--seed", number, "--fault-file", faults, "--truth", truth, "--log",
                   "--root-out", self.directory / f"root-{number}.pem", *self.options.responder_arguments, *arguments]
        log = self.directory / f"responder-{number}.log"
        with open(log, "wb") as output:
            process = self.spawn(command, f"responder-{number}", {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output})
        self.responders[number] = process
        end = time.monotonic() + LISTENING
        while True:
            text = log.read_text(errors="replace")
            if found := re.search(r"^listening on \S+:(\d+)$", text, re.M):
                return int(found[1])
            if process.poll() is not None or time.monotonic() > end:
                raise Failed(f"the responder of device {number} does not listen:\n{text[-2000:].rstrip()}")
            time.sleep(0.05)

    def spawn(self, command, name, stdio, descriptors=()):
        """Start a process inside the tool-chain root."""
        command = [str(word) for word in command]
        (self.directory / f"{name}.command").write_text(shlex.join(command) + "\n")
        return subprocess.Popen(toolroot.command(command, self.directory), pass_fds=descriptors, **stdio)

    # ------------------------------------------------------------- lines ---

    def watch(self, stream, handler):
        self.selector.register(stream, selectors.EVENT_READ, Lines(handler))

    def print(self, line):
        if self.options.output:
            self.options.output(line)
        else:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    def console_line(self, line):
        self.console_log.write(line)
        self.print(line)

    def kernel_line(self, line):
        line = line.replace(b"\r", b"")
        self.kernel_log.write(line)
        text = line.decode(errors="replace").rstrip()
        if SPLATS.search(text):
            self.splats.append(text)
        if self.options.kernel_log and not self.options.interactive:
            self.print(line)

    def control_line(self, line):
        """A request of the guest's `host` command."""
        words = line.decode(errors="replace").split()
        match words:
            case ["exit", status] if status.isdecimal():
                self.status = int(status)
                self.deadline = min(self.deadline, time.monotonic() + SHUTDOWN)
                self.reply("ok")
            case ["unplug", number] if self.has(number):
                self.qmp_send("device_del", id=f"device{number}")
                self.pending.append(("DEVICE_DELETED", int(number), time.monotonic() + UNPLUGGED))
            case ["plug", number, *arguments] if self.has(number):
                try:
                    device = self.device(int(number), self.serve(int(number), arguments))
                    self.qmp_send("device_add", **device)
                    self.pending.append(("return", int(number), time.monotonic() + UNPLUGGED))
                except Failed as error:
                    self.reply(f"error {error}".replace("\n", " "))
            case ["fault", number, *faults] if self.has(number):
                (self.directory / f"faults-{number}").write_text("".join(f"{fault}\n" for fault in faults))
                self.reply("ok")
            case ["requests", number] if self.has(number):
                log = (self.directory / f"responder-{number}.log").read_text(errors="replace")
                self.reply(f"ok {len(re.findall('^> ', log, re.M))}")
            case ["truth", number, name] if self.has(number) and name.isalnum():
                truth = self.directory / f"truth-{number}" / name
                self.reply(f"ok {hashlib.sha256(truth.read_bytes()).hexdigest()}" if truth.exists() else f"error nothing is known of {name}")
            case _:
                self.reply(f"error no such request: {' '.join(words)}")

    def has(self, number):
        return number.isdecimal() and int(number) < self.options.devices

    def reply(self, text):
        self.control.sendall(text.encode() + b"\n")

    def qmp_line(self, line):
        message = json.loads(line)
        event = message.get("event")
        for wait in list(self.pending):
            what, number, _ = wait
            deleted = event == what and message["data"].get("device") == f"device{number}"
            if deleted or (what in message and message.get("id") == self.qmp_id):
                self.pending.remove(wait)
                if deleted:
                    self.stop_responder(number)
                self.reply("ok")
            elif "error" in message and message.get("id") == self.qmp_id:
                self.pending.remove(wait)
                self.reply(f"error {message['error']['desc']}")

    def qmp_send(self, command, **arguments):
        self.qmp_id += 1
        text = json.dumps({"execute": command, "arguments": arguments, "id": self.qmp_id})
        self.qmp.sendall(text.encode() + b"\n")

    # --------------------------------------------------------------- end ---

    def wait(self):
        """Serve the lines until the machine is off; True if it was in time."""
        while self.qemu.poll() is None or self.selector.get_map():
            now = time.monotonic()
            if now > self.deadline:
                return False
            for wait in [each for each in self.pending if each[2] < now]:
                self.pending.remove(wait)
                self.reply(f"error device{wait[1]}: no {wait[0]} in {UNPLUGGED} s")
            for key, _ in self.selector.select(timeout=0.2):
                try:
                    chunk = os.read(key.fd, 65536)
                except ConnectionResetError:
                    chunk = b""
                if chunk:
                    key.data.feed(chunk)
                else:
                    key.data.close()
                    self.selector.unregister(key.fileobj)
        return True

    def stop_responder(self, number):
        process = self.responders.pop(number, None)
        if process:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def close(self):
        if self.qemu and self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()
        for number in list(self.responders):
            self.stop_responder(number)
        if self.options.qmp and self.options.qmp.is_symlink():
            self.options.qmp.unlink()
        for name in ("initramfs", "bzImage", "qmp"):
            (self.directory / name).unlink(missing_ok=True)


class Lines:
    """Cuts a stream into lines; an unfinished one is flushed at the end, and a prompt when it waits."""

    def __init__(self, handler):
        self.handler, self.rest = handler, b""

    def feed(self, chunk):
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        for line in lines:
            self.handler(line + b"\n")

    def close(self):
        if self.rest:
            self.handler(self.rest + b"\n")


def run(options):
    """Boot a guest, run its script, and say how it ended."""
    parent = cache.LOGS / "vm"
    directory = parent / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{options.accelerator or 'vm'}"
    directory.mkdir(parents=True)
    # The programs serve a device that is plugged in later
    with cache.use(directory, *([options.programs] if options.programs else [])):
        cache.prune(parent, "", keep=40)
        guest = Guest(options, directory)
        try:
            guest.start()
            in_time = guest.wait()
        finally:
            guest.close()
    return Result(guest.status, guest.splats, directory, timed_out=not in_time)


def exit_status(result):
    """The exit status of the harness for a result, with the reason on stderr."""
    if result.splats:
        say("vm: the kernel log has a report of an error:")
        for line in result.splats[:10]:
            say(f"    {line}")
        say(f"vm: the whole kernel log: {result.log / 'kernel.log'}")
        return SPLAT
    if result.timed_out:
        say(f"vm: timed out{'' if result.status is None else ' while turning off'}; logs: {result.log}")
        return TIMED_OUT
    if result.status is None:
        say(f"vm: the guest ended without a status; logs: {result.log}")
        return BROKEN
    return result.status


def algorithms(responder_arguments):
    """Those of a responder's arguments that the suite's cases depend on."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in ("--asym", "--hash"):
        parser.add_argument(name)
    found, _ = parser.parse_known_args(responder_arguments)
    return [f"--{name}={value.partition(',')[0]}" for name, value in vars(found).items() if value]


def listens(port):
    """Whether something listens on a loopback port. Looks instead of connecting: a responder serves one connection."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for row in rows:
            fields = row.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == "0A":
                return True
    return False


def accelerator(image):
    """kvm if it runs IMAGE to the end of its boot, tcg if not. /dev/kvm may exist and hang, so it is tried once."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    answer = cache.CACHE / "kvm" / boot
    with cache.lock("kvm"):
        if not answer.exists():
            probe = Options(image, programs=None, script=b"true", devices=0, timeout=PROBE, accelerator="kvm", output=lambda line: None)
            answer.parent.mkdir(exist_ok=True)
            say(f"vm: trying whether /dev/kvm runs a guest (at most {PROBE} s)")
            works = run(probe).status == 0
            answer.write_text("kvm" if works else "tcg")
            say(f"vm: /dev/kvm {'works' if works else 'does not run a guest: using emulation'}")
    return answer.read_text()
