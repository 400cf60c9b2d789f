#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# No test: measures the time of connect and of refresh, how often the device is asked
# meanwhile, and how fast evidence is read, of devices with certificate chains of
# several lengths; then how fast large objects are read, and what a slow device costs
# the others

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# asked COMMAND...: how many requests the device gets meanwhile
asked()
{
	before=$(host requests 0)
	"$@" >/dev/null
	echo $(($(host requests 0) - before))
}

# kind WHAT [--ARGUMENT]...
kind()
{
	echo "--- $1"
	shift
	replug 0 "$@"
	echo "connect asks the device $(asked connect "$DEVICE") times," \
		"refresh $(asked spdmctl evidence "$DEVICE" --nonce random)"
	"$DIR/speed" "$DEVICE" || exit 1
}

kind "short chain" --asym ecdsa-p384 --hash sha-384
kind "chain of 4 KiB" --asym ecdsa-p384 --hash sha-384 --chain-bytes 4096 --chain-certs 4
kind "chain of 64 KiB" --asym ecdsa-p384 --hash sha-384 --chain-bytes 65535 --chain-certs 40

if [ -e /sys/devices/faux/test-evidence ]; then
	echo "--- objects of 4 KiB, 64 KiB and 16 MiB"
	"$DIR/speed" || exit 1
fi

# Those that this was started with, if there are more than one
if [ -n "$(device 1)" ]; then
	echo "--- many devices, one of them slow"
	"$DIR/slow_device" | grep '^# [^T]'
fi
