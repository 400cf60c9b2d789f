# SPDX-License-Identifier: GPL-2.0
"""The quick part of the interoperability matrix: with our own programs, and with spdm-emu's if there are any."""

import os
import shutil

import matrix
from harness import tools
from matrix import peers, runner, tap


def check(step):
    reading(step)
    run = runner.Runner(matrix.programs(tools.ensure()), matrix.rows(quick=True))
    run.run(os.cpu_count())
    for row, results in run.results.items():
        for pair, result in results.items():
            verdict = None if result.verdict == runner.SKIP else result.verdict == runner.PASS
            step.test(f"{row}: {runner.REQUESTERS[pair.requester]} asks {runner.DEVICES[pair.device]}", verdict, result.why)
    failing(step)


def failing(step):
    """A matrix that cannot fail would prove nothing."""
    row = matrix.rows(quick=True)[0]
    for fault, why in {"challenge:bad-signature": "signature does not verify", "algorithms:unoffered-hash": "BaseHashSel was not offered"}.items():
        run = runner.Runner(matrix.programs(tools.ensure(), emu=None), [row], ["--fault", fault])
        run.run(1)
        result, = run.results[row].values()
        step.test(f"a device with {fault} fails", result.verdict == runner.FAIL and why in result.why, result)
        shutil.rmtree(run.directory)


def reading(step):
    """What was agreed on is read right from the bytes, in chunks too."""
    row = next(row for row in matrix.rows() if str(row) == "1.4 sha384 ecdsa-nist-p384 2 slots, 3 certs")
    capabilities = "14 61 00 00 00 00 00 00 f7 fb 9a b9 00 12 00 00 00 80 02 00"
    algorithms = "14 63 00 00 24 00 01 02 08 00 00 00 80 00 00 00 02 00 00 00 00 00 00 00" + " 00" * 12
    digests = "14 01 03 03" + " 00" * 96
    certificate = "14 02 80 00 00 00 00 00 02 00 00 00 00 ff 00 00 aa aa"  # large form: 2 bytes now, 0xff00 to come
    measurements = "14 60 00 20 00 00 00 00"
    first, last = "14 06 00 01 00 00 00 00 03 00 00 00 06 00 00 00 14 03 00", "14 06 01 01 01 00 00 00 03 00 00 00 03 bb bb"
    seen = converse(capabilities, algorithms, digests, certificate, first)
    step.test("half of a CHALLENGE_AUTH is none", peers.wrong_on_the_wire(row, seen) == "there was no CHALLENGE_AUTH", vars(seen))
    seen = converse(capabilities, algorithms, digests, certificate, first, last)
    step.test("no MEASUREMENTS are none", peers.wrong_on_the_wire(row, seen) == "there was no MEASUREMENTS", vars(seen))
    seen = converse(capabilities, algorithms, digests, certificate, first, last, measurements)
    step.test("a CHALLENGE_AUTH in two chunks is one", peers.wrong_on_the_wire(row, seen) is None and seen.chunks == 2, vars(seen))
    acknowledgment, end = bytes.fromhex("14 05 00 01 01 00 00 00" + measurements), bytes.fromhex("14 85 01 01 01 00 00 00 04 00 00 00 aa aa aa aa")
    seen.exchange(end, acknowledgment)
    step.test("a request in chunks is one, with its response in the last acknowledgment", (seen.large_requests, seen.answers[-1]) == (1, tap.MEASUREMENTS), vars(seen))
    step.test("slots and chains are read", (seen.slots, seen.chain) == (0x03, {0: 0xFF02}), vars(seen))
    costs = [converse(capabilities, algorithms, first, last, *more).cost[0]
             for more in ([digests], [digests, measurements, digests], [digests, measurements, first, last, measurements])]
    step.test("what comes after measurements, or the challenge without them, costs nothing", costs == [4, 6, 6], costs)
    for name, right, wrong in (("version", "14 61", "13 61"), ("signature and hash", "80 00 00 00 02 00", "10 00 00 00 02 00"),
                               ("hash", "80 00 00 00 02 00", "80 00 00 00 01 00")):
        seen = converse(capabilities.replace(right, wrong), algorithms.replace(right, wrong), first, last, measurements)
        step.test(f"another {name} is noticed", "agreed on" in (peers.wrong_on_the_wire(row, seen) or ""), vars(seen))


def converse(*responses):
    seen = tap.Conversation()
    for response in responses:
        seen.exchange(b"", bytes.fromhex(response))
    return seen
