# SPDX-License-Identifier: GPL-2.0
"""The interoperability matrix: its dimensions, and what each program calls their values."""

import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from harness import cache, toolroot
from harness.report import Failed

LOGS = cache.LOGS / "interop"


@dataclass(frozen=True)
class Algorithm:
    """A hash or a signature algorithm."""

    name: str  # what rspdm-requester calls it
    device: str  # what rspdm-responder calls it
    emu: str  # what spdm-emu calls it
    bit: int  # in BaseHashSel or BaseAsymSel
    post_quantum_bit: int = 0  # in PqcAsymSel


VERSIONS = {"1.0": 0x10, "1.1": 0x11, "1.2": 0x12, "1.3": 0x13, "1.4": 0x14}
HASHES = [
    Algorithm("sha256", "sha-256", "SHA_256", 0x01),
    Algorithm("sha384", "sha-384", "SHA_384", 0x02),
    Algorithm("sha512", "sha-512", "SHA_512", 0x04),
    Algorithm("sha3-256", "sha3-256", "SHA3_256", 0x08),
    Algorithm("sha3-384", "sha3-384", "SHA3_384", 0x10),
    Algorithm("sha3-512", "sha3-512", "SHA3_512", 0x20),
]
SIGNATURES = [
    Algorithm("rsassa-2048", "rsassa-2048", "RSASSA_2048", 0x001),
    Algorithm("rsassa-3072", "rsassa-3072", "RSASSA_3072", 0x004),
    Algorithm("rsassa-4096", "rsassa-4096", "RSASSA_4096", 0x020),
    Algorithm("ecdsa-nist-p256", "ecdsa-p256", "ECDSA_P256", 0x010),
    Algorithm("ecdsa-nist-p384", "ecdsa-p384", "ECDSA_P384", 0x080),
    Algorithm("ecdsa-nist-p521", "ecdsa-p521", "ECDSA_P521", 0x100),
    Algorithm("mldsa44", "ml-dsa-44", "ML_DSA_44", 0, 0x1),
    Algorithm("mldsa65", "ml-dsa-65", "ML_DSA_65", 0, 0x2),
    Algorithm("mldsa87", "ml-dsa-87", "ML_DSA_87", 0, 0x4),
]
SLOTS = [1, 2, 8]


@dataclass(frozen=True)
class Transfer:
    """How many bytes our programs take or send at once; as many as they like if 0."""

    name: str = ""
    requester_takes: int = 0
    device_takes: int = 0
    device_sends: int = 0


# Responses in chunks: most signed messages have more. Requests in chunks: from 1.3 on, those for something signed have more.
TRANSFERS = [Transfer(), Transfer("256 B", 256, 256, 256), Transfer("42 B in", device_takes=42)]


@dataclass(frozen=True)
class Chain:
    """What a certificate chain is like."""

    name: str
    certificates: int
    bytes: int = 0  # of the whole SPDM certificate chain; as many as it takes if 0


CHAINS = [Chain("1 cert", 1), Chain("3 certs", 3), Chain("64 KiB", 3, 65535)]


def called(name, known):
    return next(each for each in known if each.name == name)


# What --quick varies the others with. spdm-emu's device has two slots and chains of three certificates.
USUAL_HASH, USUAL_SIGNATURE, USUAL_SLOTS, USUAL_CHAIN = "sha384", "ecdsa-nist-p384", 2, "3 certs"


@dataclass(frozen=True)
class Row:
    """One configuration."""

    version: str
    hash: Algorithm
    signature: Algorithm
    slots: int
    chain: Chain
    transfer: Transfer = TRANSFERS[0]

    def __str__(self):
        return f"{self.version} {self.hash.name:6} {self.signature.name:15} {self.slots} {'slot' if self.slots == 1 else 'slots'}, {self.shape}"

    @property
    def shape(self):
        return self.chain.name + (f", {self.transfer.name}" if self.is_in_chunks() else "")

    def is_in_chunks(self):
        return bool(self.transfer.name)

    def has_large_requests(self):
        return bool(self.transfer.device_takes and not self.transfer.device_sends)

    def is_usual(self):
        return (self.slots, self.chain.name) == (USUAL_SLOTS, USUAL_CHAIN)

    def is_possible(self):
        """Whether the version has it all. What is new with SHA-3 and chunks is new whatever the slots and chains are."""
        if self.signature.post_quantum_bit and self.version < "1.4":
            return False
        if self.is_in_chunks() and (self.version < ("1.3" if self.has_large_requests() else "1.2") or self.hash.name != USUAL_HASH):
            return False
        return self.is_usual() or not (self.is_in_chunks() or self.hash.name.startswith("sha3-"))

    def is_quick(self):
        is_common = (self.hash.name, self.signature.name) == (USUAL_HASH, USUAL_SIGNATURE)
        return is_common or self.is_usual() and not self.is_in_chunks() and (
            self.signature.name == USUAL_SIGNATURE or not self.hash.name.startswith("sha3-"))


def rows(quick=False):
    everything = (Row(*values) for values in itertools.product(VERSIONS, HASHES, SIGNATURES, SLOTS, CHAINS, TRANSFERS))
    return [row for row in everything if row.is_possible() and (row.is_quick() or not quick)]


@dataclass
class Programs:
    """Where the programs are. Ours run in the tool-chain root unless a directory is given; spdm-emu's run as they are."""

    ours: Path
    in_root: bool
    emu: Path | None

    def command(self, name, *arguments):
        command = [self.ours / name, *arguments]
        return toolroot.command(command) if self.in_root else [str(word) for word in command]


def programs(ours, in_root=True, emu=os.environ.get("SPDM_EMU_BIN")):
    """Our programs in the directory OURS, and spdm-emu's in the one that the environment names."""
    emu = Path(emu).absolute() if emu else None
    for path in (*(ours / name for name in ("rspdm-requester", "rspdm-responder")),
                 *([emu / "spdm_requester_emu", emu / "spdm_responder_emu"] if emu else [])):
        if not os.access(path, os.X_OK):
            raise Failed(f"{path} is not there")
    return Programs(ours, in_root, emu)
