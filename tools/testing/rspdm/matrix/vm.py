# SPDX-License-Identifier: GPL-2.0
"""The kernel as the requester: chosen rows, each a device of its own, in one guest."""

import contextlib
import re
import socket
import subprocess
from pathlib import Path

from harness.report import Failed

from . import CHAINS, HASHES, SIGNATURES, TRANSFERS, Row, called, peers, tap
from .runner import EMU, FAIL, KERNEL, OURS, PASS, SKIP, Pair, Result, Runner

ATTEMPTS = 20  # to find as many free ports in a row as there are devices

# Each version, hash and signature algorithm at least once, and what is large
CHOSEN = [
    ("1.0", "sha256", "rsassa-3072", 2, "3 certs"),
    ("1.1", "sha512", "ecdsa-nist-p256", 2, "3 certs"),
    ("1.2", "sha384", "ecdsa-nist-p384", 2, "3 certs"),
    ("1.2", "sha256", "rsassa-2048", 2, "3 certs"),
    ("1.3", "sha512", "rsassa-4096", 2, "3 certs"),
    ("1.4", "sha256", "ecdsa-nist-p521", 2, "3 certs"),
    ("1.4", "sha384", "ecdsa-nist-p384", 8, "64 KiB"),
    ("1.4", "sha384", "mldsa65", 2, "3 certs"),
    ("1.4", "sha512", "mldsa87", 2, "3 certs"),
    ("1.0", "sha384", "ecdsa-nist-p384", 1, "1 cert"),
    ("1.3", "sha384", "ecdsa-nist-p384", 2, "3 certs", "42 B in"),
    ("1.4", "sha384", "ecdsa-nist-p256", 2, "3 certs", "42 B in"),
]

SCRIPT = """\
number=0
for device in $DEVICES; do
	path=/sys/bus/pci/devices/$device
	if ! (echo tsm0 >$path/tsm/connect) 2>/tmp/why; then
		echo "connect: $(cat /tmp/why)" >/tmp/why
	elif [ "$(cat $path/authenticated)" != tsm0 ]; then
		echo "authenticated: $(cat $path/authenticated)" >/tmp/why
	elif spdmctl verify "$device" --any-root --no-refresh >/tmp/why 2>&1; then
		: >/tmp/why
	fi
	echo "device $number: $(tail -n 1 /tmp/why)"
	number=$((number + 1))
done
"""


def rows():
    return [Row(version, called(hash, HASHES), called(signature, SIGNATURES), slots, called(chain, CHAINS), called("".join(transfer), TRANSFERS))
            for version, hash, signature, slots, chain, *transfer in CHOSEN]


class VmRunner(Runner):
    """One run of the chosen rows in a guest."""

    def __init__(self, programs, rows, device_arguments=(), vm_arguments=()):
        super().__init__(programs, rows, device_arguments)
        self.pairs = [Pair(KERNEL, device) for device in ((OURS, EMU) if programs.emu else (OURS,))]
        self.vm_arguments = vm_arguments

    def run(self, _jobs):
        cells = []
        for row in self.rows:
            for pair in self.pairs:
                if pair.device == EMU and (reason := self.cannot(row, pair)):
                    self.results[row][pair] = Result(SKIP, reason)
                else:
                    cells.append((row, pair))
        with contextlib.ExitStack() as stack:
            port = free_ports(len(cells))
            relays = [stack.enter_context(self.relay(stack, row, pair, port + number)) for number, (row, pair) in enumerate(cells)]
            verdicts = self.boot(port, len(cells))
            for number, ((row, pair), relay) in enumerate(zip(cells, relays)):
                self.results[row][pair] = self.judge(row, pair, verdicts.get(number, "the guest did not come to it"), relay.seen)

    def relay(self, stack, row, pair, port):
        log = self.log(row, "device", pair.device)
        if pair.device == EMU:
            device = peers.EmuDevice.start(self.programs, row, log)
        else:
            more = ["--versions", row.version, *self.device_arguments]
            device = peers.OurDevice(self.programs, row.slots, row.chain, log, row.signature, row.hash, row.transfer, more)
        stack.enter_context(device)
        return tap.Tap(device.port, device.leaves_with_client, port, silence=None)

    def boot(self, port, devices):
        script = self.directory / "script"
        script.write_text(SCRIPT)
        log = self.directory / "vm.log"
        command = [Path(__file__).resolve().parents[1] / "vm/run", "--devices", str(devices), "--responder", f"tcp:{port}", "--no-kernel-log",
                   *self.vm_arguments, script]
        with open(log, "w") as output:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, text=True, errors="replace")
        log.write_text(log.read_text() + done.stdout + f"status {done.returncode}\n")
        if done.returncode:
            raise Failed(f"vm/run ended with status {done.returncode}; log: {log}\n{log.read_text()[-1000:]}")
        return {int(number): why.strip() for number, why in re.findall(r"^device (\d+):(.*)$", done.stdout, re.M)}

    def judge(self, row, pair, why, seen):
        slots = bin(seen.slots or 0).count("1")
        if not why and pair.device == EMU and slots != row.slots:
            self.emu_slots = slots
            return Result(SKIP, self.cannot(row, pair))
        if why := why or peers.wrong_on_the_wire(row, seen) or (f"{slots} slots hold a chain" if slots != row.slots else None):
            return Result(FAIL, f"{why}; logs: {self.directory}")
        return Result(PASS, "", *seen.cost, seen.chunks, seen.large_requests)


def free_ports(count):
    """The first of so many ports in a row that were free a moment ago."""
    for _ in range(ATTEMPTS):
        first = peers.free_port()
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
                return first
            except (OSError, OverflowError):
                continue
    raise Failed(f"there are no {count} free ports in a row")
