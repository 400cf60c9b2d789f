#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The kernel's own netlink client, tools/net/ynl, with our specification: it reads each object,
asks for new ones, accepts a generation, and is told of all that.

    $DEVICE  PCI address of the device under test; by default, the first with CMA
"""

import errno
import glob
import json
import os
import subprocess
import sys
import traceback

for place in (f"{os.path.dirname(os.path.realpath(__file__))}/../../../net/ynl", "/usr/lib/ynl"):
    sys.path.append(place)

PCI = "/sys/bus/pci/devices"
TYPES = [*(f"cert{slot}" for slot in range(8)), "vca", "measurements", "report", "challenge"]
SKIP = 4


def the_device():
    found = sorted(glob.glob(f"{PCI}/*/tsm/connect"))
    return os.environ.get("DEVICE") or (found[0].split("/")[-3] if found else None)


def the_tsm():
    found = glob.glob("/sys/devices/faux/cma/tsm/tsm*")
    return os.path.basename(found[0]) if found else None


DEVICE, TSM = the_device(), the_tsm()


def tell(attribute):
    with open(f"{PCI}/{DEVICE}/tsm/{attribute}", "w") as file:
        file.write(TSM)


def read(family, types=TYPES, **more):
    """The objects by their types; each is its first message, with all its bytes as `val`."""
    objects, current = {}, None
    for message in family.dump("read", {"type-mask": set(types), "subsys": "pci", "dev-name": DEVICE, **more}):
        if "type" in message:
            current = objects[message["type"]] = {**message, "val": b""}
        current["val"] += b"".join(message.get("val", []))
    return objects


def refused(error, function, *arguments, **more):
    """The text with which the kernel refuses with errno ERROR."""
    try:
        function(*arguments, **more)
    except NlError as got:
        assert got.error == error, f"{got}: expected {errno.errorcode[error]}"
        return got.nl_msg.extack["msg"]
    raise AssertionError("it is not refused")


def test_each_object_is_read(family):
    objects = read(family, flags={"details"})
    assert list(objects) == TYPES, list(objects)
    for name, each in objects.items():
        assert len(each["val"]) == each["length"], f"{name}: {len(each['val'])} bytes of {each['length']}"
        assert each["generation"] == objects["vca"]["generation"]
        command = ["spdmctl", "evidence", DEVICE, "--type", name, "--format", "raw"]
        if each["length"]:
            assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == each["val"], f"{name} is not what spdmctl reads"
    challenge = objects["challenge"]
    assert challenge["signature-offset"] + challenge["signature-length"] == challenge["length"]
    assert objects["cert0"]["length"] and objects["vca"]["length"] and challenge["length"]


def test_objects_are_read_one_by_one(family):
    objects = read(family)
    for name in TYPES:
        assert read(family, [name]) == {name: objects[name]}, name


def test_small_buffers_do(family):
    small = YnlFamily(family="device-evidence", schema="", recv_size=4096)
    assert read(small) == read(family)


def test_digests_are_read(family):
    digests = read(family, flags={"digest", "details"})
    assert digests["challenge"]["hash"].startswith("sha")
    size = int(digests["challenge"]["hash"].removeprefix("sha")) // 8
    for name, each in read(family).items():
        assert len(digests[name]["val"]) == (size if each["length"] else 0), name


def test_a_nonce_is_signed(family):
    before = read(family)
    nonce = bytes(range(32))
    after = read(family, nonce=nonce.hex(), flags={"details"})
    offset = after["challenge"]["requester-nonce-offset"]
    assert after["challenge"]["val"][offset:offset + 32] == nonce
    assert after["challenge"]["generation"] > before["challenge"]["generation"]


def test_refusals_come_with_their_reasons(family):
    assert refused(errno.EINVAL, read, family, nonce="00" * 31) == "nonce must have 32 bytes"
    request = {"type-mask": {"vca"}, "subsys": "pci", "dev-name": "ffff:ff:1f.7"}
    assert refused(errno.ENODEV, family.dump, "read", request) == "no such device"


def test_a_generation_is_accepted_while_it_is_current(family):
    generation = read(family, ["vca"])["vca"]["generation"]
    accept = {"subsys": "pci", "dev-name": DEVICE, "generation": generation}
    family.do("validate", accept)
    assert "validated" in read(family, ["vca"], flags={"details"})["vca"]
    read(family, nonce="11" * 32)
    assert "validated" not in read(family, ["vca"], flags={"details"})["vca"]
    assert refused(errno.ESTALE, family.do, "validate", accept) == "evidence has changed since this generation"


def test_events_are_told(family):
    listener = YnlFamily(family="device-evidence", schema="")
    listener.ntf_subscribe("events")
    generation = read(family, ["vca"], nonce="22" * 32)["vca"]["generation"]
    family.do("validate", {"subsys": "pci", "dev-name": DEVICE, "generation": generation})
    tell("disconnect")
    tell("connect")
    events = [each["msg"] for each in listener.poll_ntf(duration=2)]
    assert [each["event"] for each in events] == ["refreshed", "validated", "revoked", "disconnected", "connected"], events
    assert {each["dev-name"] for each in events} == {DEVICE}
    assert [each["generation"] for each in events[:4]] == [generation] * 4
    assert events[4]["generation"] > generation


def test_the_command_line_of_the_public_family_works(_family):
    request = json.dumps({"type-mask": 1 << TYPES.index("measurements"), "subsys": "pci", "dev-name": DEVICE, "flags": 0})
    command = ["ynl", "--family", "device-evidence", "--dump", "read", "--json", request, "--output-json"]
    [first, *_] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    assert first["type"] == "measurements"
    assert set(first) <= {"type", "generation", "length", "val"}, first


def run(number, name, function, family):
    words = name.removeprefix("test_").replace("_", " ")
    try:
        function(family)
    except Exception:
        print("\n".join(f"# {line}" for line in traceback.format_exc().splitlines()))
        print(f"not ok {number} {words}", flush=True)
        return False
    else:
        print(f"ok {number} {words}", flush=True)
    return True


def main():
    print("TAP version 13")
    if not DEVICE or not TSM:
        print("1..0 # SKIP no native CMA TSM, or no device with CMA")
        return SKIP
    if not open(f"{PCI}/{DEVICE}/authenticated").read().strip():
        tell("connect")
    tests = [(name, value) for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    family = YnlFamily(family="device-evidence", schema="")
    good = [run(number, *test, family) for number, test in enumerate(tests, 1)]
    tell("disconnect")
    return 0 if all(good) else 1


try:
    from pyynl.lib import NlError, YnlFamily
except ModuleNotFoundError as missing:
    print(f"TAP version 13\n1..0 # SKIP {missing}")
    sys.exit(SKIP)
sys.exit(main())
