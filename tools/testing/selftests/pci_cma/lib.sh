# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests of PCI CMA share. Each test is a function test_*, whose name is
# the sentence that is reported; it calls expect, fail or skip, and runs in a
# shell of its own.
#
#   $DEVICES  PCI addresses of the devices under test; by default, all with CMA
#
# Some tests need more than a kernel with such devices: the command `host`,
# which does to the machine what cannot be done from inside, that is
#
#   host unplug N; host plug N [--ARGUMENT]...
#   host fault N [FAULT]...
#
# takes device N out and puts one back whose responder gets these arguments, and
# has the responder of device N misbehave from now on, or not any more.

# shellcheck disable=SC2034 # used by the scripts
DIR=$(dirname "$(readlink -f "$0")")
PATH=$PATH:$DIR
KTAP_HELPERS=$DIR/../kselftest/ktap_helpers.sh
# shellcheck source=/dev/null
. "$KTAP_HELPERS"

PCI=/sys/bus/pci/devices
CMA=/sys/devices/faux/cma/tsm
TSM=$(ls $CMA 2>/dev/null)

if [ -z "${DEVICES:-}" ]; then
	DEVICES=$(cd $PCI && for each in *; do [ ! -e "$each/tsm/connect" ] || echo "$each"; done)
fi
DEVICE=$(echo "$DEVICES" | head -n 1 | cut -d ' ' -f 1)

# A test ends here, and why
fail()
{
	echo "# $*"
	exit "$KSFT_FAIL"
}

skip()
{
	echo "# $*"
	exit "$KSFT_SKIP"
}

# expect WANTED GOT WHAT
expect()
{
	[ "$1" = "$2" ] || fail "$3: expected \"$1\", got \"$2\""
}

needs_host()
{
	command -v host >/dev/null || skip "needs the host's help"
}

# device N: its address
device()
{
	echo "$DEVICES" | tr ' ' '\n' | sed -n "$(($1 + 1))p"
}

# Each prints 0 or an errno
connect()
{
	write_attribute "$PCI/$1/tsm/connect" "${2-$TSM}"
}

disconnect()
{
	write_attribute "$PCI/$1/tsm/disconnect" "${2-$TSM}"
}

authenticated()
{
	cat "$PCI/$1/authenticated"
}

# The device is connected, or is not, no matter what it was before
be_connected()
{
	[ "$(authenticated "$1")" = "$TSM" ] || expect 0 "$(connect "$1")" "connect $1"
}

be_disconnected()
{
	[ -z "$(authenticated "$1")" ] || expect 0 "$(disconnect "$1")" "disconnect $1"
}

# evidence DEVICE [NONCE [SLOT]]: sets these five
evidence()
{
	# shellcheck disable=SC2034
	read -r error generation sum negotiated text <<-END
		$(read_evidence "$@")
	END
}

# From here on, log_lines prints what the kernel logs about a device in the name of its drivers
log_begin()
{
	echo "pci_cma: $$ looks from here on" >/dev/kmsg
}

log_lines()
{
	dmesg | awk -v mark="pci_cma: $$ looks" '
		index($0, mark) { text = ""; next }
		{ text = text $0 "\n" }
		END { printf "%s", text }' |
		sed -n "s/.* $1: \(\(SPDM\|CMA\): .*\)/\1/p"
}

# await SECONDS COMMAND...: until it succeeds
await()
{
	tries=$(($1 * 10))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 100000
	done
}

is_there()
{
	[ -e "$PCI/$1/tsm/connect" ]
}

is_gone()
{
	[ ! -e "$PCI/$1" ]
}

# The switch of the slot that a device is in
slot_power()
{
	for slot in /sys/bus/pci/slots/*; do
		[ "$(cat "$slot/address")" != "${1%.*}" ] || echo "$slot/power"
	done
}

# replug N [--ARGUMENT]...: a device with another responder in the same slot. A
# slot without power can be emptied at once; who asks the system waits for five
# seconds, in which a human may think better of it.
replug()
{
	number=$1
	shift
	address=$(device "$number")
	echo 0 >"$(slot_power "$address")"
	is_gone "$address" || fail "$address is there though its slot has no power"
	host plug "$number" "$@" || fail "plug $*"
	await 20 is_there "$address" || fail "$address does not come back"
}

# From here on $DEVICE is the last device, the $NUMBER-th, to be replaced by others, and $ROOTS,
# unless given, has its root certificates, and those of all that take its place
last_device()
{
	NUMBER=$(($(echo "$DEVICES" | wc -w) - 1))
	DEVICE=$(device $NUMBER)
	: "${ROOTS:=/etc/rspdm/root-$NUMBER.pem}"
}

# verify [--ARGUMENT]...: user space agrees
verify()
{
	spdmctl verify "$DEVICE" "$@" >/tmp/verify 2>&1 && return
	status=$?
	sed 's/^/# /' /tmp/verify
	fail "spdmctl verify ends with $status"
}

connects()
{
	log_begin
	expect 0 "$(connect "$DEVICE")" "connect: $(log_lines "$DEVICE")"
}

# What the log says of the last connect
exchanges()
{
	log_lines "$DEVICE" | sed -n 's/.*authenticated in \([0-9]*\) exchanges.*/\1/p'
}

# run_one DESCRIPTION FUNCTION [ARGUMENT]...
run_one()
{
	description=$1
	shift
	("$@" </dev/null)
	case $? in
	0) ktap_test_pass "$description" ;;
	"$KSFT_SKIP") ktap_test_skip "$description" ;;
	*) ktap_test_fail "$description" ;;
	esac
}

begin()
{
	ktap_print_header
	if [ -z "$TSM" ] || [ -z "$DEVICE" ]; then
		ktap_skip_all "no native CMA TSM, or no device with CMA"
		exit "$KSFT_SKIP"
	fi
}

# All functions test_* of the script
run_tests()
{
	tests=$(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$0")
	begin
	ktap_set_plan "$(echo "$tests" | wc -l)"
	for each in $tests; do
		run_one "$(echo "${each#test_}" | tr _ ' ')" "$each"
	done
	ktap_finished
}
