# SPDX-License-Identifier: GPL-2.0
"""The devices and the requesters of the matrix: two of each, ours and spdm-emu's."""

import contextlib
import json
import os
import random
import re
import socket
import subprocess
import time
from pathlib import Path

from harness.report import Failed

from . import SIGNATURES, TRANSFERS, VERSIONS, tap

STARTING = 60  # seconds for a device to make its certificates and listen
RUNNING = 120  # seconds for one authentication
OWN_PORTS = (20000, 32000)  # below what Linux gives out
ATTEMPTS = 3  # to find a port that nobody else takes first
# What spdm_responder_emu can do by default, without multiple keys, which would change how many slots it has
EMU_CAPABILITIES = ("CACHE,CERT,CHAL,MEAS_SIG,MEAS_FRESH,ENCRYPT,MAC,MUT_AUTH,KEY_EX,PSK_WITH_CONTEXT,ENCAP,HBEAT,KEY_UPD,"
                    "HANDSHAKE_IN_CLEAR,CHUNK,SET_CERT,CSR,GET_KEY_PAIR_INFO,SET_KEY_PAIR_INFO,LARGE_RESP")


class Device:
    """A responder that runs; use as a context."""

    def __init__(self, command, log, directory=None):
        self.log = log
        self.output = open(log, "wb")
        self.process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.output.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_for(self, listens):
        end = time.monotonic() + STARTING
        while not (found := listens()):
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise Failed(f"the device does not listen; log: {self.log}\n{self.text()[-1000:]}")
            time.sleep(0.01)
        return found

    def text(self):
        return self.log.read_text(errors="replace")


class OurDevice(Device):
    """rspdm-responder with so many slots and such a chain; algorithms and versions are up to the requester."""

    leaves_with_client = False

    def __init__(self, programs, slots, chain, log, signature=None, hash=None, transfer=TRANSFERS[0], more=()):
        command = ["--port", "0", "--seed", "1", "--slots", slots, "--chain-certs", chain.certificates, "--log"]
        if chain.bytes:
            command += ["--chain-bytes", chain.bytes]  # with the first hash
        if transfer.device_takes:
            command += ["--transfer-size", transfer.device_takes]
        if transfer.device_sends:
            command += ["--send-size", transfer.device_sends]
        if hash:
            command += ["--hash", hash.device]
        command += ["--asym", ",".join(each.device for each in ([signature] if signature else SIGNATURES))]
        super().__init__(programs.command("rspdm-responder", *command, *more), log)
        self.port = int(self.wait_for(lambda: re.search(r"^listening on \S+:(\d+)$", self.text(), re.M))[1])


class EmuDevice(Device):
    """spdm_responder_emu for one row; it ends with its client."""

    leaves_with_client = True

    def __init__(self, programs, row, log):
        self.port = free_port()
        command = [programs.emu / "spdm_responder_emu", "--trans", "PCI_DOE", "--ip", "127.0.0.1", "--port", str(self.port),
                   *emu_algorithms(row), "--cap", EMU_CAPABILITIES, "--slot_count", str(row.slots), "--basic_mut_auth", "NO", "--mut_auth", "NO"]
        super().__init__(command, log, programs.emu)
        self.wait_for(lambda: listens(self.process.pid, self.port))

    @classmethod
    def start(cls, programs, row, log):
        """One that listens: its port may be taken at the last moment."""
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(Failed):
                return cls(programs, row, log)
        return cls(programs, row, log)


def free_port():
    """A port that was free a moment ago, for those that cannot choose one themselves.

    Not one of those that the system gives to whoever asks for any.
    """
    while True:
        port = random.randrange(*OWN_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def listens(process, port):
    """Whether this very process listens on a loopback port. Looks instead of connecting: the emulator serves one client."""
    with contextlib.suppress(OSError):
        mine = {os.readlink(entry) for entry in os.scandir(f"/proc/{process}/fd")}
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = row.split()[:10]
            if int(local.rpartition(":")[2], 16) == port and state == "0A":
                return f"socket:[{inode}]" in mine
    return False


def run(command, relay, log, directory=None):
    """Run a requester, which connects to RELAY, into LOG; return its exit status and its output."""
    with subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace") as process:
        relay.client = process.pid
        try:
            output, _ = process.communicate(timeout=RUNNING)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            status, output = None, f"{output}\nno end after {RUNNING} s\n"
    log.write_text(f"$ {' '.join(map(str, command))}\n{output}status {status}\n")
    return status, output


def emu_algorithms(row):
    base, post_quantum = ("NONE", row.signature.emu) if row.signature.post_quantum_bit else (row.signature.emu, "NONE")
    return ["--ver", row.version, "--hash", row.hash.emu, "--asym", base, "--pqc_asym", post_quantum]


def our_requester(programs, row, relay, log):
    """Have rspdm-requester authenticate the device behind RELAY; return why that is not right, or nothing; and what it held on the heap."""
    command = programs.command("rspdm-requester", "--port", relay.port, "--versions", row.version, "--hash", row.hash.name,
                               "--asym", row.signature.name, "--timeout", RUNNING * 1000, "--refresh", 1, "--json",
                               *(["--data-transfer-size", row.transfer.requester_takes] if row.transfer.requester_takes else []))
    status, output = run(command, relay, log)
    reports = re.findall(r"^{$.*?^}$", output, re.M | re.S)
    if len(reports) != 2:
        return f"no two reports: {output.strip()[-200:]}", 0
    first, second = map(json.loads, reports)
    return wrong_in_reports(row, status, first, second), first["memory"]


def wrong_in_reports(row, status, first, second):
    """What rspdm-requester says of the first run and of the refresh that differs from ROW, or nothing."""
    for report in (first, second):
        if not report["authenticated"] or not report["device"]["measurements"]["signed"]:
            return report.get("error", "not authenticated, or measurements not signed")
    # No GET_VERSION to GET_CERTIFICATE; the others may come in chunks
    if status or second["exchanges"] > first["exchanges"] - 5:
        return f"status {status}, {second['exchanges']} exchanges for a new nonce"
    device = first["device"]
    if not row.chain.bytes and device["certificates"] != row.chain.certificates:
        return f"{device['certificates']} certificates"
    if device["unverified_links"] or not device["first_is_root"]:
        return f"{device['unverified_links']} links not verified, first certificate {'a' if device['first_is_root'] else 'no'} root"
    return None


def emu_requester(programs, row, relay, log):
    """The same with spdm_requester_emu, which has nothing but its status to tell."""
    command = [programs.emu / "spdm_requester_emu", "--trans", "PCI_DOE", "--ip", "127.0.0.1", "--port", str(relay.port),
               *emu_algorithms(row),
               # As much as ours does: no summary in the challenge, all measurements at once, no session, no key pairs
               "--cap", "CHUNK", "--meas_sum", "NO", "--meas_op", "ALL", "--exe_conn", "DIGEST,CERT,CHAL,MEAS", "--exe_session", "NO_END"]
    status, output = run(command, relay, log, programs.emu)
    if status:
        errors = re.findall(r"^ERROR: .*$", output, re.M)
        return errors[-1] if errors else f"status {status}", 0
    return None, 0


def wrong_on_the_wire(row, seen):
    """What the bytes say that differs from ROW, or nothing."""
    if seen.version != VERSIONS[row.version]:
        return f"version {seen.version or 0:#x} was agreed on"
    if (seen.hash, seen.signature, seen.post_quantum) != (row.hash.bit, row.signature.bit, row.signature.post_quantum_bit):
        return f"hash {seen.hash or 0:#x} and signature {seen.signature or 0:#x} or {seen.post_quantum or 0:#x} were agreed on"
    if row.has_large_requests() and not seen.large_requests:
        return "no request was sent in chunks"
    if row.is_in_chunks() and not row.has_large_requests() and not seen.chunks:
        return "nothing came in chunks"
    if row.chain.bytes and row.chain.bytes not in seen.chain.values():
        return f"chain lengths are {sorted(seen.chain.values())}"
    for code, name in ((tap.CHALLENGE_AUTH, "CHALLENGE_AUTH"), (tap.MEASUREMENTS, "MEASUREMENTS")):
        if code not in seen.answers:
            return f"there was no {name}"
    return None
