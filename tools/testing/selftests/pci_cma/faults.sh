#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices that misbehave: each fault that the responder knows ends as it says,
# is told in one line of the log, leaves the evidence as it was, and does no
# lasting harm.
#
#   $FAULTS   the responder's list of them: name, errno, errno if it happens
#             once, separated by tabs

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

: "${FAULTS:=/etc/rspdm/faults}"

# The faults to try, each with its errno: all that are of one message, and those that
# any message may have with one of them, DIGESTS: what becomes of them is decided in
# one place. Not
# - those of messages that nobody asks for,
# - those that no machine survives (silence), or no socket (hangup; see hotplug.sh),
# - those that take another configuration (unknown-flags, san-none).
# An old CHALLENGE_AUTH has an old RequesterContext, from SPDM 1.3 on; that is seen first.
choose()
{
	awk -F '\t' '
	function about(message) { sub(/:.*/, "", message); return message }
	function what(fault) { sub(/.*:/, "", fault); return fault }
	NR == FNR { messages[what($1)]++; next }
	about($1) == "measurements" || what($1) ~ /^(silence|hangup)$/ { next }
	$1 ~ /^(capabilities:unknown-flags|certificate:san-none)$/ { next }
	$1 == "challenge:replay" { $2 = $3 = "EPROTO" }
	messages[what($1)] > 5 && about($1) != "digests" { next }
	what($1) ~ /^error-/ && what($1) !~ /-(busy|unspecified|unexpected-request|large-response|response-not-ready|request-resynch|vendor-defined|code-unknown)$/ { next }
	{ print $1, $2 }
	$2 != $3 { print $1 "@1", $3 }' "$FAULTS" "$FAULTS"
}

# The log is limited to ten lines in five seconds. Nobody but a test is so impatient.
pace()
{
	until [ $(($(uptime_cs) - paced)) -ge 62 ]; do
		usleep 50000
	done
	paced=$(uptime_cs)
}

uptime_cs()
{
	cut -d ' ' -f 1 /proc/uptime | tr -d .
}

one_line_in_the_log()
{
	lines=$(log_lines "$DEVICE")
	case $lines in
	"" | *"
"*) fail "not one line in the log: $lines" ;;
	esac
}

is_refused()
{
	evidence "$DEVICE" 1
	expect "$1" "$error" refresh
	expect "device was not authenticated, the kernel log says why" "$text" "extended ACK"
	one_line_in_the_log
	evidence "$DEVICE"
	expect "$before" "$error $generation $sum" "evidence afterwards"
}

is_tolerated()
{
	evidence "$DEVICE" 1
	expect 0 "$error" "refresh: $(log_lines "$DEVICE")"
}

# refresh FAULT ERRNO
refresh()
{
	be_connected "$DEVICE"
	evidence "$DEVICE"
	before="$error $generation $sum"
	log_begin
	host fault 0 "$1"
	if [ "$2" = 0 ]; then
		is_tolerated
	else
		is_refused "$2"
	fi
	host fault 0
	last=$generation
	evidence "$DEVICE" 2
	expect 0 "$error" "refresh without the fault"
	[ "$generation" -gt "$last" ] || fail "generation $generation after $last"
}

# first_connect FAULT ERRNO
first_connect()
{
	be_disconnected "$DEVICE"
	log_begin
	host fault 0 "$1"
	expect "$2" "$(connect "$DEVICE")" connect
	one_line_in_the_log
	expect "" "$(authenticated "$DEVICE")" authenticated
	evidence "$DEVICE"
	expect ENXIO "$error" evidence
	host fault 0
	expect 0 "$(connect "$DEVICE")" "connect without the fault"
}

# A device that asks for patience must not hold up somebody who has none
a_connect_that_waits_can_be_killed()
{
	be_disconnected "$DEVICE"
	# RDTExponent: 2^23 us
	host fault 0 digests:error-response-not-ready=23
	connect "$DEVICE" >/dev/null &
	pid=$!
	sleep 2
	since=$(uptime_cs)
	killall -KILL write_attribute
	wait $pid 2>/dev/null
	expect "" "$(authenticated "$DEVICE")" authenticated
	[ $(($(uptime_cs) - since)) -lt 300 ] || fail "it takes $(($(uptime_cs) - since)) cs to die"
	host fault 0
	expect 0 "$(connect "$DEVICE")" "connect afterwards"
}

begin
if ! command -v host >/dev/null || [ ! -e "$FAULTS" ]; then
	ktap_skip_all "needs the host's help and the list of faults"
	exit "$KSFT_SKIP"
fi

# One fault for each errno is tried with connect, too: all that differs is who is told
all=$(choose)
by_errno=$(echo "$all" | awk '$2 != "0" && !seen[$2]++')

ktap_set_plan $(($(echo "$all" "
$by_errno" | wc -l) + 1))
paced=0
host fault 0
while read -r name errno; do
	pace
	run_one "refresh $name: $errno" refresh "$name" "$errno"
done <<-END
	$all
END
while read -r name errno; do
	pace
	run_one "connect $name: $errno" first_connect "$name" "$errno"
done <<-END
	$by_errno
END
run_one "a connect that waits can be killed" a_connect_that_waits_can_be_killed
ktap_finished
