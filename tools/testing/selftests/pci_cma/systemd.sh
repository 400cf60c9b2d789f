#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The examples of spdmctl at work: udev and systemd give devices a driver once
# their evidence was accepted. To be run as a service, on a system that has them
# installed as their README tells, at least three devices with CMA, and with
#
#   systemd.sh prepare
#
# run before udev comes up. That has the policy trust the first two devices only,
# and takes the driver away from the second, as if it were not loaded yet.
#
# The driver of a device without CMA, the serial port of QEMU, is indeed not.

ROOTS=/etc/rspdm/root-
TRUSTED=/etc/spdm/roots.pem

prepare()
{
	cat ${ROOTS}0.pem ${ROOTS}1.pem >$TRUSTED
	take_driver "$(find /sys/bus/pci/drivers/nvme/ -name '0000:*' | sort | sed -n 2p)"
}

take_driver()
{
	echo "${1##*/}" >"$1/driver/unbind"
}

if [ "$*" = prepare ]; then
	prepare
	exit
fi

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# The device without CMA
serial_port()
{
	grep -l '^0x0700' $PCI/*/class | head -n 1 | cut -d / -f 6
}

driver()
{
	basename "$(readlink "$PCI/$1/driver")"
}

accepted()
{
	cat "$PCI/$1/tsm/validated"
}

# property DEVICE NAME: of its unit
property()
{
	systemctl show --property "$2" --value "spdm-verify@$1.service"
}

# is_judged DEVICE [INVOCATION]: its unit has come to an end that is not this one's
is_judged()
{
	[ "$(property "$1" InvocationID)" != "${2:-}" ] || return
	case $(property "$1" ActiveState) in
	active | failed) ;;
	*) return 1 ;;
	esac
}

# expect_judgement active|failed DEVICE [INVOCATION]
expect_judgement()
{
	await 60 is_judged "$2" "${3:-}" || fail "$2 is not judged; its unit is $(property "$2" ActiveState)"
	state=$(property "$2" ActiveState)
	[ "$state" = "$1" ] || fail "the unit of $2 is $state: $(journalctl --unit "spdm-verify@$2.service" --lines 40 --output cat)"
}

expect_driver()
{
	await 20 has_driver "$@" || fail "$2 has the driver \"$(driver "$2")\", not \"$1\""
}

has_driver()
{
	[ "$(driver "$2")" = "$1" ]
}

# A device that may not have a driver had time to get one
expect_no_driver()
{
	udevadm settle
	expect "" "$(driver "$1")" "driver of $1"
	expect "" "$(accepted "$1")" "accepted evidence of $1"
}

# put_in N: another device in the slot; $invocation is what was judged before
put_in()
{
	invocation=$(property "$(device "$1")" InvocationID)
	replug "$1"
}

test_at_boot_a_trusted_device_keeps_the_driver_that_it_has()
{
	expect_judgement active "$(device 0)"
	expect_driver nvme "$(device 0)"
	[ -n "$(accepted "$(device 0)")" ] || fail "its evidence is not accepted"
}

test_at_boot_a_trusted_device_without_driver_gets_one()
{
	expect_judgement active "$(device 1)"
	expect_driver nvme "$(device 1)"
	[ -n "$(accepted "$(device 1)")" ] || fail "its evidence is not accepted"
}

test_at_boot_a_device_that_is_not_trusted_loses_its_driver()
{
	expect_judgement failed "$(device 2)"
	expect_no_driver "$(device 2)"
	journalctl --unit "spdm-verify@$(device 2).service" --output cat | grep -q '^trust *REFUSED' ||
		fail "the journal does not tell why"
}

test_at_boot_a_device_without_cma_gets_its_driver()
{
	device=$(serial_port)
	[ -n "$device" ] || skip "needs a serial port"
	expect_driver serial "$device"
	lsmod | grep -q '^8250_pci ' || fail "its driver is no module"
}

test_from_then_on_the_kernel_binds_nothing_by_itself()
{
	expect 0 "$(cat /sys/bus/pci/drivers_autoprobe)" autoprobe
}

test_a_device_has_no_driver_until_it_was_accepted()
{
	device=$(device 1)
	host fault 1 digests:error-busy
	put_in 1
	await 20 is_activating "$device" "$invocation" || fail "its unit is $(property "$device" ActiveState)"
	usleep 1000000
	expect_no_driver "$device"
	is_activating "$device" "$invocation" || fail "its unit does not wait"
	host fault 1
	expect_judgement active "$device" "$invocation"
	expect_driver nvme "$device"
}

is_activating()
{
	[ "$(property "$1" InvocationID)" != "$2" ] && [ "$(property "$1" ActiveState)" = activating ]
}

test_a_unit_ends_with_its_device()
{
	device=$(device 1)
	echo 0 >"$(slot_power "$device")"
	await 20 is_inactive "$device" || fail "the unit is $(property "$device" ActiveState)"
	host plug 1
	await 20 is_there "$device" || fail "$device does not come back"
	expect_judgement active "$device"
	expect_driver nvme "$device"
}

is_inactive()
{
	[ "$(property "$1" ActiveState)" = inactive ]
}

test_a_device_that_is_not_trusted_gets_no_driver()
{
	put_in 2
	expect_judgement failed "$(device 2)" "$invocation"
	expect_no_driver "$(device 2)"
}

test_a_device_that_fails_gets_its_driver_when_it_does_not_any_more()
{
	device=$(device 1)
	host fault 1 challenge:bad-signature
	put_in 1
	expect_judgement failed "$device" "$invocation"
	expect_no_driver "$device"
	expect signature "$(cat "$PCI/$device/tsm/failure")" failure

	host fault 1
	systemctl --no-ask-password restart "spdm-verify@$device.service" || fail "restart"
	expect_driver nvme "$device"
}

test_a_device_without_cma_that_is_new_gets_its_driver()
{
	device=$(serial_port)
	[ -n "$device" ] || skip "needs a serial port"
	echo 1 >"$PCI/$device/remove"
	echo 1 >/sys/bus/pci/rescan
	expect_driver serial "$device"
}

test_evidence_that_has_changed_since_it_was_accepted_is_not_enough()
{
	device=$(device 1)
	take_driver "$PCI/$device"
	evidence "$device" 1
	expect 0 "$error" refresh
	! /usr/local/libexec/spdm-bind bind "$device" 2>/dev/null || fail "it is bound"
	expect_no_driver "$device"
	systemctl --no-ask-password restart "spdm-verify@$device.service" || fail "restart"
	expect_driver nvme "$device"
}

# What the rules have as a comment
test_evidence_that_changes_can_be_judged_again()
{
	rules=/etc/udev/rules.d/90-spdm.rules
	sed -i 's/^#\(.*ENV{EVIDENCE}=="revoked"\)/\1/' $rules
	udevadm control --reload

	device=$(device 1)
	invocation=$(property "$device" InvocationID)
	evidence "$device" 1
	expect_judgement active "$device" "$invocation"
	expect_driver nvme "$device"

	cat ${ROOTS}0.pem >$TRUSTED
	invocation=$(property "$device" InvocationID)
	evidence "$device" 2
	expect_judgement failed "$device" "$invocation"
	expect_no_driver "$device"
	expect_driver nvme "$(device 0)"
}

run_tests
