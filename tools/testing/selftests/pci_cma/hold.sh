#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices that get a driver once their evidence was accepted: what the unit
# spdm-verify@.service among the examples of spdmctl does, done by hand
#
#   $EXAMPLES  the directory with them
#   $ROOTS     the root certificates of the last device

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

: "${EXAMPLES:=/examples}"
AUTOPROBE=/sys/bus/pci/drivers_autoprobe
NUMBER=$(($(echo "$DEVICES" | wc -w) - 1))
DEVICE=$(device $NUMBER)
: "${ROOTS:=/etc/rspdm/root-$NUMBER.pem}"

# The unit's commands of a kind, for the device and with the files of this test
commands()
{
	sed -n "s/^$1=//p" "$EXAMPLES/spdm-verify@.service" |
		sed "s|%i|$DEVICE|g; s|/usr/bin/||; s|/usr/local/libexec/|$EXAMPLES/|; s|/etc/spdm/|/tmp/hold/|"
}

# start ROOTS: what the service manager does, and whether the unit is active then
start()
{
	rm -rf /tmp/hold
	mkdir /tmp/hold
	cp "$EXAMPLES/policy.toml" /tmp/hold
	cp "$1" /tmp/hold/roots.pem
	commands ExecStart >/tmp/hold/start
	[ "$(wc -l </tmp/hold/start)" -ge 3 ] || fail "the unit has too few commands"
	result=success
	while read -r command; do
		$command </dev/null >/tmp/hold/log 2>&1 || { result=exit-code; break; }
	done </tmp/hold/start
	[ $result = success ] && return

	commands ExecStopPost >/tmp/hold/stop
	while read -r command; do
		SERVICE_RESULT=$result $command || fail "$command"
	done </tmp/hold/stop
	return 1
}

driver()
{
	basename "$(readlink "$PCI/$DEVICE/driver")"
}

# plug 0|1: a new device, while the kernel binds drivers by itself or does not
plug()
{
	echo "$1" >$AUTOPROBE
	replug $NUMBER
	echo 1 >$AUTOPROBE
}

needs_examples()
{
	needs_host
	[ -e "$EXAMPLES/spdm-bind" ] || skip "needs the examples"
	[ -s "$ROOTS" ] || skip "needs the root certificates"
}

test_a_trusted_device_gets_its_driver_when_it_was_accepted()
{
	needs_examples
	plug 0
	expect "" "$(driver)" "driver of a new device"
	start "$ROOTS" || fail "$(cat /tmp/hold/log)"
	expect nvme "$(driver)" "driver"
	[ -n "$(cat "$PCI/$DEVICE/tsm/validated")" ] || fail "the evidence is not accepted"

	# Once more, as after `systemctl restart`
	start "$ROOTS" || fail "$(cat /tmp/hold/log)"
	expect nvme "$(driver)" "driver"
}

test_a_device_that_is_not_trusted_gets_none()
{
	needs_examples
	[ "$NUMBER" != 0 ] || skip "there is one device only"
	plug 0
	! start "${ROOTS%-*}-0.pem" || fail "it is trusted"
	expect "" "$(driver)" driver
	expect "" "$(cat "$PCI/$DEVICE/tsm/validated")" validated
}

test_a_device_that_fails_gets_none()
{
	needs_examples
	plug 0
	host fault $NUMBER challenge:bad-signature
	! start "$ROOTS" || fail "it is trusted"
	host fault $NUMBER
	expect "" "$(driver)" driver
	expect signature "$(cat "$PCI/$DEVICE/tsm/failure")" failure
}

test_a_device_that_has_its_driver_already_loses_it_if_it_is_not_trusted()
{
	needs_examples
	[ "$NUMBER" != 0 ] || skip "there is one device only"
	plug 1
	expect nvme "$(driver)" "driver of a new device"
	! start "${ROOTS%-*}-0.pem" || fail "it is trusted"
	expect "" "$(driver)" driver
}

test_evidence_that_has_changed_since_is_not_enough()
{
	needs_examples
	plug 0
	connect "$DEVICE" >/dev/null
	spdmctl verify "$DEVICE" --trust "$ROOTS" --accept >/dev/null || fail "spdmctl verify"
	evidence "$DEVICE" 1
	! "$EXAMPLES/spdm-bind" bind "$DEVICE" 2>/dev/null || fail "it is bound"
	expect "" "$(driver)" driver
}

run_tests
