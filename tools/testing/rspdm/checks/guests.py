# SPDX-License-Identifier: GPL-2.0
"""What needs a running guest: KUnit, the harness's own promises, the in-guest selftests, the demonstration."""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness import cache, selftests, ynl

from . import examples, ktap

RUN = cache.REPO / "tools/testing/rspdm/vm/run"


def script(text):
    file = tempfile.NamedTemporaryFile("w", prefix="rspdm-check.", suffix=".sh", dir=cache.CACHE)
    file.write(text)
    file.flush()
    return file


def boot(step, text, *options):
    with script(text) as file:
        return step.run([RUN, *options, "--", file.name])


def kunit(step, name):
    status, output = boot(step, "true\n", "--kernel", name, "--append", "kunit.enable=1", "--timeout", "600")
    for test, good, why in ktap.read(output):
        step.test(test, good, why)
    step.test(f"the {name} kernel boots, and its log has no report of an error", status == 0, tail(output))


def harness(step):
    """The interface of vm/run, as its users see it: two guests at a time."""
    with ThreadPoolExecutor(max_workers=2) as pool, tempfile.TemporaryDirectory(prefix="rspdm-check.", dir=cache.CACHE) as directory:
        promises(step, pool, Path(directory))


def promises(step, pool, directory):
    expected = []

    def expect(name, wanted, text, *options, prints=None):
        expected.append((name, wanted, prints, pool.submit(boot, step, text, "--devices", "0", "--timeout", "60", *options)))

    expect("the script's status is the exit status", 7, "exit 7\n")
    expect("the script's output is on stdout", 0, "echo out of the guest\n", prints="out of the guest\n")
    expect("a script that does not end is ended", 124, "sleep 1000\n", "--timeout", "15")
    expect("a WARNING in the kernel log is found", 70, "echo '<4>WARNING: made up' >/dev/kmsg\n")
    expect("a report that only the script prints is none", 0, "echo 'WARNING: made up'; echo 'BUG: made up'; echo exit 9\n")
    expect("a crash is found", 70, "echo c >/proc/sysrq-trigger || echo '<0>BUG: no sysrq' >/dev/kmsg\n")
    expect("an unknown request of the guest is refused", 1, "host open sesame\n", prints="no such request")
    expect("systemd is the first process if that is asked for", 7, '[ "$(cat /proc/1/comm)" = systemd ] && exit 7\n', "--systemd")
    (directory / "tree/below").mkdir(parents=True)
    (directory / "tree/below/file").write_text("carried in\n")
    expect("files and directories are carried in", 0, "cat /given/below/file\n", "--file", f"{directory}/tree:/given", prints="carried in\n")
    expect("a responder that does not listen is reported before anything boots", 125, "true\n", "--responder", "tcp:1", "--devices", "1", prints="nothing listens")

    plug = 'host unplug 0 && [ ! -e /sys/bus/pci/devices/$DEVICE ] && host plug 0 && sleep 8 && [ -e /sys/bus/pci/devices/$DEVICE ]\n'
    expect("a device can be taken out and put back", 0, plug, "--devices", "1")
    expect("four devices are found in their order", 0, '[ "$(echo $DEVICES | wc -w)" = 4 ]\n', "--devices", "4")

    for name, wanted, prints, guest in expected:
        status, output = guest.result()
        good = status == wanted and (prints is None or prints in output)
        step.test(name, good, f"exit status {status}, expected {wanted}{f', and {prints!r}' if prints else ''}\n{tail(output)}")


@dataclass
class Guest:
    """The selftests that one guest runs: a boot of the debug kernel takes longer than most of them."""

    name: str
    kernel: str
    tests: tuple
    options: tuple = ()
    needs: tuple = ()  # what it has to hold besides the selftests


def device(asym):
    """All algorithms are tried by variants.sh. The chain is too long for a dump in one message, and not for one CERTIFICATE."""
    return tuple(f"--responder-arg={each}" for each in ("--asym", asym, "--hash", "sha-256", "--chain-bytes", "4000"))


# A connect under KASAN takes a second with the smallest curve, and less than half of it with RSA
SMALL, QUICK = device("ecdsa-p256"), device("rsassa-2048")

# Those that take longest first
GUESTS = (
    Guest("debug-faults", "debug", ("faults", "faultinject", "stress"), QUICK),
    Guest("debug", "debug", ("connect.sh", "evidence", "refresh", "events", "messages", "privileges", "faultinject", "hotplug.sh"), SMALL),
    Guest("plain", "plain", ("variants.sh", "parameters.sh", "memory.sh", "large", "interrupt", "slow_device", "ynl.py"), needs=("ynl",)),
    Guest("systemd", "plain", ("systemd.sh",), ("--systemd", "--qemu-arg=-device", "--qemu-arg=pci-serial"), ("examples",)),
)


def selftest(step):
    """The selftests, two guests at a time: one of them alone often waits."""
    with examples.installed() as directory:
        files = {"selftests": f"{selftests.ensure()}:/selftests", "ynl": f"{ynl.ensure()}:/", "examples": f"{directory}:/"}

        def run(guest):
            text = "cd /selftests/pci_cma\n" + "".join(f"echo '### {name}'; ./{name}; echo '### ended with' $?\n" for name in guest.tests)
            return boot(step, text, "--kernel", guest.kernel, "--no-kernel-log", "--devices", "3", "--timeout", "1200",
                        *(f"--file={files[each]}" for each in ("selftests", *guest.needs)), *guest.options)

        with ThreadPoolExecutor(max_workers=2) as pool:
            results = list(zip(GUESTS, pool.map(run, GUESTS)))
    for guest, (status, output) in results:
        for name in guest.tests:
            part = re.search(rf"^### {re.escape(name)}$(.*?)^### ended with (\d+)$", output, re.M | re.S)
            for test, good, why in ktap.read(part[1] if part else ""):
                # The guests with a plain kernel have all that the scripts need
                if good is None and guest.kernel == "plain":
                    good, why = False, "skipped"
                step.test(f"{guest.name}: {name}: {test}", good, why)
            step.test(f"{guest.name}: {name}: ends well", part and part[2] == "0", part[1][-2000:] if part else "it did not end")
        step.test(f"{guest.name}: the kernel log has no report of an error", status == 0, f"exit status {status}\n{tail(output)}")


def demo(step):
    status, output = step.run([cache.REPO / "tools/testing/rspdm/vm/demo"])
    step.test("make demo shows all it has to show", status == 0, tail(output))


def tail(output):
    return "\n".join(output.splitlines()[-15:])
