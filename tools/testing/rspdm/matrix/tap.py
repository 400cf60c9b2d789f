# SPDX-License-Identifier: GPL-2.0
"""A relay between a requester and a device that counts and reads what passes through.

So one measure holds for every pair of programs, and what was agreed on is read from the
bytes, by neither of the two implementations. The frames are those of the emulator socket
protocol: three big-endian words (command, transport type, size) and a payload, which is a
DOE data object: vendor and type, length in dwords, SPDM message, padding.
"""

import re
import socket
import struct
import threading
from pathlib import Path

NORMAL, CONTINUE, SHUTDOWN = 0x0001, 0xFFFD, 0xFFFE
PCI_DOE = 2
CMA = b"\x01\x00\x01\x00"  # vendor ID PCI-SIG, type CMA/SPDM
SILENCE = 100  # seconds without a byte after which an end is given up: keys and chains are made when asked for


class Closed(Exception):
    """An end closed its connection."""


class Conversation:
    """What a relay has seen. Bytes are those of messages, with DOE's padding."""

    def __init__(self):
        self.exchanges = self.sent = self.received = 0
        self.cost = (0, 0)  # exchanges and bytes up to the first measurements, or the challenge if there are none
        self.version = self.hash = self.signature = self.post_quantum = self.slots = None
        self.chain = {}  # slot -> length of its chain
        self.answers = []  # codes of responses, in order
        self.error = None  # the last ERROR's code
        self.chunks = 0  # of responses
        self.large_requests = 0  # that were sent in chunks as a whole
        self.large = b""

    def exchange(self, request, response):
        self.exchanges += 1
        self.sent += len(request)
        self.received += len(response)
        self.read(request, response)
        is_proof = self.answers and self.answers[-1] in (CHALLENGE_AUTH, MEASUREMENTS)
        if is_proof and MEASUREMENTS not in self.answers[:-1]:
            self.cost = (self.exchanges, self.sent + self.received)

    def read(self, request, response):
        if len(response) < 4:
            return
        code = response[1]
        self.answers.append(code)
        if code == ERROR:
            self.error = response[2]
        elif code == CAPABILITIES:
            self.version = response[0]
        elif code == ALGORITHMS and len(response) >= 24:
            self.signature, self.hash, self.post_quantum = struct.unpack_from("<III", response, 12)
            if self.version < 0x14:
                self.post_quantum = 0
        elif code == DIGESTS:
            self.slots = response[3]
        elif code == CERTIFICATE and len(response) >= 8:
            large = self.version >= 0x14 and response[2] & 0x80 and len(response) >= 16
            portion, remainder = struct.unpack_from("<II", response, 8) if large else struct.unpack_from("<HH", response, 4)
            self.chain.setdefault(response[2] & 0x0F, portion + remainder)
        elif code == CHUNK_RESPONSE and len(response) >= 12:
            self.chunk(request, response)
        elif code == CHUNK_SEND_ACK and len(request) >= 4 and request[2] & 0x01:
            # The last chunk: what answers the request as a whole stands behind handle and number
            self.large_requests += 1
            self.read(request, response[8 if self.version >= 0x14 else 6:])

    def chunk(self, request, response):
        number, size = struct.unpack_from("<II" if self.version >= 0x14 else "<HxxI", response, 4)
        start = 16 if number == 0 else 12
        self.chunks += 1
        self.large = (self.large if number else b"") + response[start:start + size]
        if response[2] & 0x01:
            whole, self.large = self.large, b""
            self.read(request, whole)


DIGESTS, CERTIFICATE, CHALLENGE_AUTH, CHUNK_SEND_ACK, CHUNK_RESPONSE = 0x01, 0x02, 0x03, 0x05, 0x06
MEASUREMENTS, CAPABILITIES, ALGORITHMS, ERROR = 0x60, 0x61, 0x63, 0x7F


class Tap:
    """A relay to the device at PORT, for one client; use as a context. The client connects to `port`."""

    def __init__(self, device_port, shut_down, port=0, silence=SILENCE):
        self.device_port, self.shut_down, self.silence = device_port, shut_down, silence
        self.seen = Conversation()
        self.trouble = None
        self.client = None  # process of the client, if somebody tells
        self.resident = 0  # most bytes of memory that it had, when it took leave
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.relay, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        # Not close(): that would not wake accept() if the client never came.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(SILENCE)
        self.listener.close()

    def relay(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        try:
            with client, socket.create_connection(("127.0.0.1", self.device_port)) as device:
                for end in (client, device):
                    end.settimeout(self.silence)
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.talk(client, device)
        except (Closed, OSError) as error:
            self.trouble = str(error)

    def talk(self, client, device):
        while True:
            try:
                command, transport, payload = receive(client)
            except Closed:
                command, transport, payload = None, PCI_DOE, b""
            if command in (None, CONTINUE, SHUTDOWN):
                self.resident = resident(self.client)
                if self.shut_down:
                    send(device, SHUTDOWN, PCI_DOE)
                    receive(device)
                if command is not None:
                    send(client, command, transport)
                return
            send(device, command, transport, payload)
            answer = receive(device)
            if command == NORMAL and payload.startswith(CMA):
                self.seen.exchange(payload[8:], answer[2][8:])
            send(client, *answer)


def resident(process):
    """Most bytes of memory that PROCESS had at a time; 0 if it has gone.

    Not what wait() tells: that knows of the program that started it, too.
    """
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB$", Path(f"/proc/{process}/status").read_text(), re.M)
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else 0


def send(end, command, transport, payload=b""):
    end.sendall(struct.pack(">III", command, transport, len(payload)) + payload)


def receive(end):
    command, transport, size = struct.unpack(">III", exactly(end, 12))
    return command, transport, exactly(end, size)


def exactly(end, size):
    data = b""
    while len(data) < size:
        more = end.recv(size - len(data))
        if not more:
            raise Closed("the connection was closed")
        data += more
    return data
