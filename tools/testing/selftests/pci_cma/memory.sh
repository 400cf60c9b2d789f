#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# How much of the kernel's memory a connect takes at its most: devices have sent
# everything but the end of their last message, which does not come. All of them do
# so at the same time, as some pages come and go by chance.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# What a connect may take, in KiB: lib/rspdm/proto/limits.rs has RUN_MEMORY_MAX, but what grows
# is doubled; and the buffer for one transfer
BOUND=$((2 * 643 + 5))

COUNT=$(echo "$DEVICES" | wc -w)

# all COMMAND [ARGUMENT]...: it gets the number of each device as its first argument
all()
{
	command=$1
	shift
	each=0
	while [ $each -lt "$COUNT" ]; do
		"$command" $each "$@" || fail "$command $each $*"
		each=$((each + 1))
	done
}

# KiB that the kernel has for itself, once that is gone which goes by itself
taken()
{
	sleep 2
	awk '/^(SUnreclaim|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# of FREE: KiB that each device takes now that were free
of()
{
	echo $((($(taken) - $1) / COUNT))
}

be_empty()
{
	be_disconnected "$(device "$1")"
}

misbehave()
{
	host fault "$@"
}

count_requests()
{
	before=$(host requests "$1")
	expect 0 "$(connect "$(device "$1")")" "connect $1"
	echo $(($(host requests "$1") - before)) >"/tmp/requests-$1"
	be_disconnected "$(device "$1")"
}

begin_to_connect()
{
	echo $(($(host requests "$1") + $(cat "/tmp/requests-$1"))) >"/tmp/end-$1"
	connect "$(device "$1")" >"/tmp/connect-$1" &
}

has_got_so_far()
{
	[ "$(host requests "$1")" -ge "$(cat "/tmp/end-$1")" ]
}

gets_so_far()
{
	await 60 has_got_so_far "$1"
}

is_connected()
{
	expect 0 "$(cat "/tmp/connect-$1")" "connect $1"
}

# measure WHAT STALL [FAULT]...: connects all devices, which have these faults, and because of
# the fault STALL it takes some seconds until the last bytes come
measure()
{
	what=$1 stall=$2
	shift 2
	all be_empty
	all misbehave "$@"
	all count_requests
	all misbehave "$@" "$stall"
	free=$(taken)
	all begin_to_connect
	all gets_so_far
	waiting=$(of "$free")
	wait
	all is_connected
	connected=$(of "$free")
	all be_empty
	all misbehave
	echo "# memory $what: $waiting KiB for a connect that waits for its last bytes, $connected KiB once it is connected, $(of "$free") KiB afterwards (each of $COUNT)"
	[ "$waiting" -le $BOUND ] || fail "a connect takes $waiting KiB, more than $BOUND"
}

test_a_connect_takes_little_memory()
{
	needs_host
	measure "of devices as they are" measurements:error-response-not-ready=22@1-3
}

# The longest chain and the longest message that are taken
replug_longest()
{
	replug "$1" --asym ecdsa-p256 --hash sha-256 --chain-bytes 131072 --chain-certs 6
}

test_a_device_that_tries_gets_no_more_than_is_documented()
{
	needs_host
	all replug_longest
	# The device is busy before it sends the last of 29 chunks
	measure "of devices that take all they can" chunk-get:error-busy@29-42 measurements:long-record=130900
	all replug
}

run_tests
