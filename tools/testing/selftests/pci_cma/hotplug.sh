#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices that go away, and come back, at every moment

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

remove()
{
	echo 1 >"$PCI/$1/remove"
}

rescan()
{
	echo 1 >/sys/bus/pci/rescan
	await 20 is_there "$1" || fail "$1 does not come back"
}

is_new()
{
	expect "" "$(authenticated "$1")" "authenticated of a new device"
	evidence "$1"
	expect ENXIO "$error" "evidence of a new device"
	expect 0 "$(connect "$1")" "connect a new device"
	expect "$TSM" "$(authenticated "$1")" authenticated
}

test_a_connected_device_may_be_removed()
{
	be_connected "$DEVICE"
	remove "$DEVICE"
	evidence "$DEVICE"
	expect ENODEV "$error" "evidence of what is gone"
	rescan "$DEVICE"
	is_new "$DEVICE"
}

test_a_device_may_go_while_it_is_refreshed()
{
	be_connected "$DEVICE"
	outcomes=/tmp/refresh
	: >$outcomes
	for nonce in 1 2 3; do
		(
			while :; do
				evidence "$DEVICE" $nonce
				echo "$error" >>$outcomes
				[ "$error" != ENODEV ] || break
			done
		) &
	done
	await 10 grep -q '^0$' $outcomes || fail "no refresh succeeds"
	remove "$DEVICE"
	wait
	rescan "$DEVICE"
	others=$(grep -v -x -e 0 -e ENXIO -e ENODEV $outcomes | sort -u)
	rm $outcomes
	[ -z "$others" ] || fail "refreshes end with $others"
	is_new "$DEVICE"
}

test_a_device_may_go_while_it_is_connected()
{
	needs_host
	be_disconnected "$DEVICE"
	host fault 0 version:slow=900
	connect "$DEVICE" >/tmp/connect &
	usleep 300000
	remove "$DEVICE"
	wait
	host fault 0
	# Either was the first, but nothing is left of it
	case $(cat /tmp/connect) in
	0 | ENODEV) ;;
	*) fail "connect ends with $(cat /tmp/connect)" ;;
	esac
	rescan "$DEVICE"
	is_new "$DEVICE"
}

test_a_removal_does_not_wait_until_the_device_is_ready()
{
	needs_host
	be_disconnected "$DEVICE"

	# Without the removal it would end with EBUSY, ten seconds later
	host fault 0 digests:error-busy
	connect "$DEVICE" >/tmp/connect &
	usleep 500000
	remove "$DEVICE"
	wait
	host fault 0
	expect ENODEV "$(cat /tmp/connect)" "connect a device that goes meanwhile"
	rm -f /tmp/connect
	rescan "$DEVICE"
	is_new "$DEVICE"
}

# A write that comes after the device was disconnected for good must not connect it again
test_a_device_that_goes_cannot_be_connected()
{
	for _ in 1 2 3 4; do
		be_disconnected "$DEVICE"
		(
			while [ -e "$PCI/$DEVICE" ]; do
				connect "$DEVICE"
				disconnect "$DEVICE"
			done
		) >/tmp/connect &
		usleep 200000
		remove "$DEVICE"
		wait
		others=$(grep -v -x -e 0 -e EBUSY -e ENODEV -e ENOENT -e ENXIO /tmp/connect | sort -u)
		rescan "$DEVICE"
		[ -z "$others" ] || fail "connect or disconnect ends with $others"
	done
	rm /tmp/connect
	is_new "$DEVICE"
}

test_readers_do_not_mind_a_removal()
{
	be_connected "$DEVICE"
	for _ in 1 2 3; do
		(
			while [ -e "$PCI/$DEVICE" ]; do
				cat "$PCI/$DEVICE/authenticated" "$PCI/$DEVICE/tsm/connect" "$PCI/$DEVICE/tsm/dsm"
			done
		) >/dev/null 2>&1 &
	done
	usleep 300000
	remove "$DEVICE"
	wait
	rescan "$DEVICE"
	is_new "$DEVICE"
}

test_another_device_stays_as_it_is()
{
	other=$(device 1)
	[ -n "$other" ] || skip "there is one device only"
	be_connected "$DEVICE"
	be_connected "$other"
	evidence "$other"
	before="$generation $sum"
	remove "$DEVICE"
	expect "$TSM" "$(authenticated "$other")" "authenticated of the other"
	evidence "$other"
	expect "$before" "$generation $sum" "evidence of the other"
	rescan "$DEVICE"
	is_new "$DEVICE"
}

test_a_connected_device_may_be_unplugged()
{
	needs_host
	be_connected "$DEVICE"
	host unplug 0 || fail "unplug"
	await 10 is_gone "$DEVICE" || fail "it is there though it was unplugged"
	host plug 0 || fail "plug"
	await 20 is_there "$DEVICE" || fail "it does not come back"
	is_new "$DEVICE"
}

test_a_connected_device_may_lose_its_power()
{
	needs_host
	be_connected "$DEVICE"
	replug 0
	is_new "$DEVICE"
}

test_a_device_that_hangs_up_can_be_replaced()
{
	needs_host
	be_connected "$DEVICE"
	evidence "$DEVICE"
	before="$generation $sum"
	host fault 0 challenge:hangup
	evidence "$DEVICE" 1
	expect EIO "$error" refresh
	host fault 0
	evidence "$DEVICE"
	expect "$before" "$generation $sum" "evidence afterwards"
	replug 0
	is_new "$DEVICE"
}

run_tests
