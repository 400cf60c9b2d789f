#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What `make demo` shows, run inside the guest: one emulated NVMe device behind a
# root port, whose DOE mailbox is answered by the test responder. Every command is
# printed before it is run, and the first one that fails ends the demonstration.
set -eu

device=/sys/bus/pci/devices/${DEVICE:?}

step() {
	printf '\n--- %s\n' "$*"
}

show() {
	printf '\n# %s\n' "$*"
	sh -c "$*"
}

expect() {
	if [ "$1" != "$2" ]; then
		printf 'demo: expected "%s", got "%s"\n' "$2" "$1"
		exit 1
	fi
}

step "A device that can be authenticated: NVMe at $DEVICE, and the TSM that can do it"
show "ls -l /sys/class/tsm"
show "ls $device/tsm"
show spdmctl list
show "cat $device/authenticated"
expect "$(cat "$device/authenticated")" ""

step "Connect: the kernel runs SPDM with the device, from GET_VERSION to MEASUREMENTS"
tsm=$(ls /sys/class/tsm)
expect "$tsm" tsm0
before=$(cut -d' ' -f1 /proc/uptime)
show "echo $tsm > $device/tsm/connect"
after=$(cut -d' ' -f1 /proc/uptime)
awk -v before="$before" -v after="$after" 'BEGIN { printf "(%.2f s, in an emulated machine)\n", after - before }'
show "cat $device/authenticated"
expect "$(cat "$device/authenticated")" "$tsm"
show "dmesg | grep -F '$DEVICE: ' | tail -n 1"

step "Evidence: what the device said, for user space to judge"
show "spdmctl evidence $DEVICE"

step "Verify: chain up to the test root, and signatures over a nonce made just now; then accept what was judged"
show "spdmctl verify $DEVICE --trust /etc/rspdm/root-0.pem --accept"
show "cat $device/tsm/validated"

step "Disconnect: the evidence is gone with the connection"
show "echo $tsm > $device/tsm/disconnect"
show "cat $device/authenticated"
expect "$(cat "$device/authenticated")" ""
printf '\n'
