#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# How much of the kernel's memory a connect takes: devices have sent all but the last
# message, for which they ask for patience. All of them do so at the same time, as
# some pages come and go by chance.

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

# A process takes memory, too
rest()
{
	sleep 100 &
	resting="$resting $!"
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

# Whether the connect is not over
waits()
{
	[ ! -s "/tmp/connect-$1" ] || waiting=
}

is_connected()
{
	expect 0 "$(cat "/tmp/connect-$1")" "connect $1"
}

try_to_measure()
{
	all be_empty
	all misbehave
	all count_requests
	# Some seconds each
	all misbehave measurements:error-response-not-ready=22@1-5

	resting=
	all rest
	free=$(taken)
	# shellcheck disable=SC2086 # several
	kill $resting
	all begin_to_connect
	all gets_so_far
	waiting=$(of "$free")
	all waits
	wait
	all is_connected
	connected=$(of "$free")
	all be_empty
	all misbehave
	[ "$waiting" ]
}

# measure WHAT
measure()
{
	# On a busy machine one of them may be over before the last one has got so far
	try_to_measure || try_to_measure || fail "they do not wait at the same time"
	echo "# memory of $1: $waiting KiB for a connect that waits for the last message, $connected KiB once it is connected, $(of "$free") KiB afterwards (each of $COUNT)"
	[ "$waiting" -le $BOUND ] || fail "a connect takes $waiting KiB, more than $BOUND"
}

test_a_connect_takes_little_memory()
{
	needs_host
	measure "devices as they are"
}

replug_longest()
{
	replug "$1" --asym ecdsa-p256 --hash sha-256 --chain-bytes 131072 --chain-certs 6
}

test_the_longest_chain_takes_no_more_than_is_documented()
{
	needs_host
	all replug_longest
	measure "devices with the longest chain"
	all replug
}

run_tests
