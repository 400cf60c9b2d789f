#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# connect, disconnect and what sysfs shows

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Where there are many attributes to look at
has()
{
	[ -e "$PCI/$1/$2" ] || fail "$1 has no $2"
}

has_not()
{
	[ ! -e "$PCI/$1/$2" ] || fail "$1 has $2"
}

#
# What there is before anything was done
#

test_the_native_tsm_is_in_its_class()
{
	expect "$CMA/$TSM" "$(readlink -f "/sys/class/tsm/$TSM")" "/sys/class/tsm/$TSM"
}

test_the_native_tsm_is_known_by_its_parent()
{
	expect cma "$(basename "$(readlink -f "/sys/class/tsm/$TSM/device")")" "parent of $TSM"
}

test_a_device_with_cma_has_the_attributes()
{
	for each in $DEVICES; do
		has "$each" tsm/connect
		has "$each" tsm/disconnect
		has "$each" tsm/dsm
		has "$each" authenticated
	done
}

test_a_device_without_cma_has_none()
{
	for each in "$PCI"/*; do
		each=${each##*/}
		case " $(echo "$DEVICES" | tr '\n' ' ') " in
		*" $each "*) continue ;;
		esac
		has_not "$each" tsm
		has_not "$each" authenticated
	done
}

test_a_device_without_tdisp_cannot_be_bound()
{
	has_not "$DEVICE" tsm/bound
}

test_a_device_is_its_own_dsm()
{
	be_connected "$DEVICE"
	expect "$DEVICE" "$(cat "$PCI/$DEVICE/tsm/dsm")" dsm
}

test_nothing_is_authenticated_at_first()
{
	be_disconnected "$DEVICE"
	expect "" "$(authenticated "$DEVICE")" authenticated
	expect "" "$(cat "$PCI/$DEVICE/tsm/connect")" connect
	evidence "$DEVICE"
	expect ENXIO "$error" evidence
}

#
# connect
#

test_connect_authenticates()
{
	be_disconnected "$DEVICE"
	expect 0 "$(connect "$DEVICE")" connect
	expect "$TSM" "$(authenticated "$DEVICE")" authenticated
	expect "$TSM" "$(cat "$PCI/$DEVICE/tsm/connect")" connect
	evidence "$DEVICE"
	expect 0 "$error" evidence
}

# Version, capabilities, algorithms, digests, certificate, challenge, measurements
test_connect_takes_seven_exchanges_and_says_so()
{
	needs_host
	be_disconnected "$DEVICE"
	log_begin
	expect 0 "$(connect "$DEVICE")" connect
	case $(log_lines "$DEVICE") in
	"CMA: authenticated in 7 exchanges ("*) ;;
	*) fail "the log says: $(log_lines "$DEVICE")" ;;
	esac
}

test_connect_twice_is_busy_and_changes_nothing()
{
	be_connected "$DEVICE"
	evidence "$DEVICE"
	before="$generation $sum"
	expect EBUSY "$(connect "$DEVICE")" "second connect"
	expect "$TSM" "$(authenticated "$DEVICE")" authenticated
	evidence "$DEVICE"
	expect "$before" "$generation $sum" evidence
}

test_what_is_no_name_of_a_tsm_is_invalid()
{
	be_disconnected "$DEVICE"
	for name in "" 0 tsm cma "tsm x" TSM0; do
		expect EINVAL "$(connect "$DEVICE" "$name")" "connect to \"$name\""
	done
	expect "" "$(authenticated "$DEVICE")" authenticated
}

test_a_tsm_that_does_not_exist_is_not_found()
{
	be_disconnected "$DEVICE"
	for name in tsm99 tsm-1 tsm2147483647; do
		expect ENXIO "$(connect "$DEVICE" $name)" "connect to $name"
	done
	expect "" "$(authenticated "$DEVICE")" authenticated
	expect 0 "$(connect "$DEVICE")" "connect after all"
}

test_a_root_that_did_not_sign_itself_is_refused()
{
	needs_host
	be_connected "$DEVICE"
	evidence "$DEVICE"
	case $negotiated in
	*/ecdsa-*) ;;
	*) skip "one of another algorithm may be malformed" ;;
	esac
	be_disconnected "$DEVICE"
	host fault 0 certificate:root-signature
	result=$(connect "$DEVICE")
	host fault 0
	expect EKEYREJECTED "$result" connect
	expect "" "$(authenticated "$DEVICE")" authenticated
}

test_only_root_may_connect()
{
	be_disconnected "$DEVICE"
	chmod 755 "$DIR"
	as_nobody="su -s /bin/sh nobody -c"
	expect EACCES "$($as_nobody "$DIR/write_attribute $PCI/$DEVICE/tsm/connect $TSM")" connect
	expect 0 "$(connect "$DEVICE")" "connect as root"
	expect EACCES "$($as_nobody "$DIR/write_attribute $PCI/$DEVICE/tsm/disconnect $TSM")" disconnect
	expect "$TSM" "$($as_nobody "cat $PCI/$DEVICE/authenticated")" "authenticated as seen by nobody"
}

#
# disconnect
#

test_disconnect_withdraws_the_evidence()
{
	be_connected "$DEVICE"
	expect 0 "$(disconnect "$DEVICE")" disconnect
	expect "" "$(authenticated "$DEVICE")" authenticated
	evidence "$DEVICE"
	expect ENXIO "$error" evidence
}

test_disconnect_wants_the_right_name()
{
	be_connected "$DEVICE"
	for name in "" tsm99 cma; do
		expect EINVAL "$(disconnect "$DEVICE" "$name")" "disconnect from \"$name\""
	done
	expect "$TSM" "$(authenticated "$DEVICE")" authenticated
}

test_disconnect_twice_finds_nothing()
{
	be_connected "$DEVICE"
	expect 0 "$(disconnect "$DEVICE")" disconnect
	expect ENXIO "$(disconnect "$DEVICE")" "second disconnect"
}

test_reconnect_brings_new_evidence()
{
	be_connected "$DEVICE"
	evidence "$DEVICE"
	before=$generation
	for _ in 1 2 3; do
		expect 0 "$(disconnect "$DEVICE")" disconnect
		expect 0 "$(connect "$DEVICE")" connect
		evidence "$DEVICE"
		expect 0 "$error" evidence
		[ "$generation" -gt "$before" ] || fail "generation $generation after $before"
		before=$generation
	done
}

#
# Several devices, and what else may be the case
#

test_several_devices_connect_at_the_same_time()
{
	[ -n "$(device 1)" ] || skip "there is one device only"
	for each in $DEVICES; do
		be_disconnected "$each"
	done
	for each in $DEVICES; do
		connect "$each" >"/tmp/connect.$each" &
	done
	wait
	generations=
	for each in $DEVICES; do
		expect 0 "$(cat "/tmp/connect.$each")" "connect $each"
		expect "$TSM" "$(authenticated "$each")" "authenticated of $each"
		evidence "$each"
		expect 0 "$error" "evidence of $each"
		case " $generations " in
		*" $generation "*) fail "generation $generation twice" ;;
		esac
		generations="$generations $generation"
	done

	# None of them is affected by the others
	expect 0 "$(disconnect "$DEVICE")" disconnect
	expect "$TSM" "$(authenticated "$(device 1)")" "authenticated of the other"
}

test_a_device_that_takes_its_time_does_not_take_that_of_others()
{
	needs_host
	other=$(device 1)
	[ -n "$other" ] || skip "there is one device only"
	be_disconnected "$DEVICE"
	be_disconnected "$other"

	# Busy as often as is tolerated, which takes ten seconds
	host fault 0 digests:error-busy
	connect "$DEVICE" >/tmp/connect &
	usleep 500000
	expect "" "$(authenticated "$DEVICE")" "authenticated meanwhile"
	expect 0 "$(connect "$other")" "connect another device meanwhile"
	expect "$TSM" "$(authenticated "$other")" "authenticated of the other"
	expect 0 "$(disconnect "$other")" "disconnect it meanwhile"
	expect "" "$(cat /tmp/connect)" "outcome of the first before it can have one"

	wait
	host fault 0
	expect EBUSY "$(cat /tmp/connect)" "connect a device that is busy all the time"
	rm -f /tmp/connect
}

test_of_many_who_connect_one_succeeds()
{
	be_disconnected "$DEVICE"
	for each in 1 2 3 4; do
		connect "$DEVICE" >"/tmp/connect.$each" &
	done
	wait
	expect "0 EBUSY EBUSY EBUSY" "$(sort /tmp/connect.[1234] | tr '\n' ' ' | sed 's/ $//')" outcomes
	rm -f /tmp/connect.*
}

# Only a device that nobody drives may suspend, so give its driver a rest
test_a_suspended_device_is_resumed()
{
	power=$PCI/$DEVICE/power
	case $(cat "$power/runtime_status" 2>/dev/null) in
	active | suspended) ;;
	*) skip "no runtime power management" ;;
	esac
	be_disconnected "$DEVICE"
	driver=$(readlink -f "$PCI/$DEVICE/driver") && [ -d "$driver" ] || driver=
	[ -z "$driver" ] || echo "$DEVICE" >"$driver/unbind"
	echo auto >"$power/control"
	await 5 grep -q suspended "$power/runtime_status" || outcome="it does not suspend"
	before=$(cat "$power/runtime_active_time")
	connected=$(connect "$DEVICE")
	after=$(cat "$power/runtime_active_time")
	await 5 grep -q suspended "$power/runtime_status" || outcome="it does not suspend again"
	echo on >"$power/control"
	[ -z "$driver" ] || echo "$DEVICE" >"$driver/bind"

	[ -z "${outcome:-}" ] || fail "$outcome"
	expect 0 "$connected" connect
	[ "$after" -gt "$before" ] || fail "it was not resumed"
}

test_the_driver_does_not_matter()
{
	driver=$(readlink -f "$PCI/$DEVICE/driver")
	[ -d "$driver" ] || skip "there is none"
	be_connected "$DEVICE"
	evidence "$DEVICE"
	before="$generation $sum"
	echo "$DEVICE" >"$driver/unbind"
	echo "$DEVICE" >"$driver/bind"
	expect "$TSM" "$(authenticated "$DEVICE")" authenticated
	evidence "$DEVICE"
	expect "$before" "$generation $sum" evidence
}

run_tests
