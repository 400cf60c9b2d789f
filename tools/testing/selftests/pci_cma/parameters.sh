#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The parameters of the native TSM: what they allow, and what they refuse.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

PARAMETERS=/sys/module/cma/parameters
last_device

#
# san: whom a certificate may name
#

# san POLICY ERRNO: what connect comes to
san()
{
	echo "$1" >$PARAMETERS/san
	log_begin
	result=$(connect "$DEVICE")
	[ "$result" != 0 ] || disconnect "$DEVICE" >/dev/null
	echo match >$PARAMETERS/san
	expect "$2" "$result" "connect with san=$1"
}

test_a_certificate_may_name_another_device()
{
	needs_host
	replug $NUMBER --san other
	san require EKEYREJECTED
	san match EKEYREJECTED
	case $(log_lines "$DEVICE") in
	*another*Device=0011:*Device=0010:*) ;;
	*) fail "the log does not name both: $(log_lines "$DEVICE")" ;;
	esac
	san ignore 0
}

test_a_certificate_may_name_no_device()
{
	needs_host
	replug $NUMBER --san none
	san require EKEYREJECTED
	san match 0
	log_lines "$DEVICE" | grep -q "does not name the device" || fail "nothing of it in the log"
	san ignore 0
}

test_a_certificate_may_name_the_device()
{
	needs_host
	replug $NUMBER
	san require 0
	san match 0
	san ignore 0
}

test_there_are_three_policies()
{
	expect match "$(cat $PARAMETERS/san)" san
	expect EINVAL "$(write_attribute $PARAMETERS/san sometimes)" "san=sometimes"
	expect match "$(cat $PARAMETERS/san)" san
}

#
# data_transfer_size: how much the device may send at once
#

transfer_size()
{
	write_attribute $PARAMETERS/data_transfer_size "$1"
}

test_responses_are_as_small_as_wished()
{
	be_disconnected "$DEVICE"
	expect 0 "$(transfer_size 1024)" "data_transfer_size=1024"
	connects
	verify --trust "$ROOTS"
	small=$(exchanges)
	expect 0 "$(disconnect "$DEVICE")" disconnect
	expect 0 "$(transfer_size 4600)" "data_transfer_size=4600"
	connects
	[ "$small" -gt "$(exchanges)" ] || fail "$small exchanges, and $(exchanges) with long responses"
}

# QEMU's mailbox gives no more than that
test_responses_may_be_larger_than_the_device_has_any()
{
	be_disconnected "$DEVICE"
	expect 0 "$(transfer_size 1048568)" "data_transfer_size=1048568"
	connects
	expect 0 "$(transfer_size 4600)" "data_transfer_size=4600"
	verify --trust "$ROOTS"
}

test_sizes_are_clamped()
{
	expect 0 "$(transfer_size 1)" "data_transfer_size=1"
	expect 42 "$(cat $PARAMETERS/data_transfer_size)" data_transfer_size
	expect 0 "$(transfer_size 1048569)" "data_transfer_size=1048569"
	expect 1048568 "$(cat $PARAMETERS/data_transfer_size)" data_transfer_size
	expect EINVAL "$(transfer_size many)" "data_transfer_size=many"
	expect 0 "$(transfer_size 4600)" "data_transfer_size=4600"
}

#
# algorithms: what devices may use
#

# allow [ALGORITHM,...]: from here to the end of the test
allow()
{
	trap 'write_attribute $PARAMETERS/algorithms "" >/dev/null' EXIT
	expect 0 "$(write_attribute $PARAMETERS/algorithms "$1")" "algorithms=$1"
	expect "$1" "$(cat $PARAMETERS/algorithms)" algorithms
}

# negotiates VERSION/HASH/SIGNATURE [ALGORITHM,...]: if these are allowed
negotiates()
{
	be_disconnected "$DEVICE"
	allow "$2"
	connects
	evidence "$DEVICE"
	expect "$1" "$negotiated" "what was negotiated of algorithms=$2"
}

# refuses ERRNO FAILURE [ALGORITHM,...]: does the kernel, if no others are allowed
refuses()
{
	be_disconnected "$DEVICE"
	allow "$3"
	log_begin
	expect "$1" "$(connect "$DEVICE")" "connect with algorithms=$3"
	expect "$2" "$(cat "$PCI/$DEVICE/tsm/failure")" "failure with algorithms=$3"
	expect "" "$(authenticated "$DEVICE")" authenticated
}

test_without_a_list_the_device_chooses()
{
	needs_host
	replug $NUMBER --asym ecdsa-p384,ecdsa-p256,ml-dsa-65 --hash sha-512,sha-384,sha3-256
	negotiates 1.4/sha512/ecdsa-nist-p384 ""
	verify --trust "$ROOTS"
}

# The device of the test before, and in those below
test_only_what_is_listed_is_used()
{
	needs_host
	negotiates 1.4/sha384/ecdsa-nist-p256 ecdsa-nist-p256,sha384
	verify --trust "$ROOTS"
	negotiates 1.4/sha384/mldsa65 mldsa65,sha384
	negotiates 1.4/sha3-256/ecdsa-nist-p384 sha3-256
	negotiates 1.4/sha512/ecdsa-nist-p256 rsassa-3072,ecdsa-nist-p256
}

test_the_preferred_kind_of_signature_is_used()
{
	needs_host
	negotiates 1.4/sha512/mldsa65 mldsa65,ecdsa-nist-p384
	negotiates 1.4/sha512/ecdsa-nist-p384 ecdsa-nist-p384,mldsa65
	# It has none of this kind
	negotiates 1.4/sha512/ecdsa-nist-p384 mldsa87,ecdsa-nist-p384
}

test_a_list_counts_for_refreshes()
{
	needs_host
	negotiates 1.4/sha512/ecdsa-nist-p384 ""
	allow ecdsa-nist-p256
	evidence "$DEVICE" 1
	expect "0 1.4/sha512/ecdsa-nist-p256" "$error $negotiated" "refresh after a change"
	before="$generation $sum"
	allow none
	evidence "$DEVICE" 2
	expect EOPNOTSUPP "$error" "refresh if nothing is allowed"
	expect unsupported "$(cat "$PCI/$DEVICE/tsm/failure")" failure
	evidence "$DEVICE"
	expect "$before" "$generation $sum" "evidence afterwards"
}

test_a_device_without_what_is_listed_is_refused()
{
	needs_host
	# The responder says so with an error message
	refuses EREMOTEIO "refused 0x01" rsassa-2048,rsassa-4096
	refuses EREMOTEIO "refused 0x01" sha256
	replug $NUMBER --versions 1.3
	refuses EOPNOTSUPP unsupported mldsa65
	log_lines "$DEVICE" | grep -q "no signature algorithm in common" || fail "the log does not say why"
	refuses EOPNOTSUPP unsupported none
}

# wrong LIST WHY
wrong()
{
	expect EINVAL "$(write_attribute $PARAMETERS/algorithms "$1")" "algorithms=$1"
	expect "$2" "$(dmesg | sed -n 's/.*cma: algorithms: \(.*\)/\1/p' | tail -n 1)" "the log"
	expect ecdsa-nist-p384,sha384 "$(cat $PARAMETERS/algorithms)" algorithms
}

test_a_list_that_is_wrong_changes_nothing()
{
	allow ecdsa-nist-p384,sha384
	wrong md5 '"md5": no such algorithm'
	wrong sha256,md5,sha384 '"md5": no such algorithm'
	wrong sha256, '"": no such algorithm'
	wrong "sha256, sha384" '" sha384": no such algorithm'
	wrong none,sha256 '"none": no such algorithm'
	wrong sha256,sha256 '"sha256": listed twice'
	wrong mldsa65,sha384,mldsa65 '"mldsa65": listed twice'
	wrong "sha256,$(printf '%0256d' 0)" "the list is too long"
	# Nor is it forgotten
	be_disconnected "$DEVICE"
	connects
	evidence "$DEVICE"
	expect sha384/ecdsa-nist-p384 "${negotiated#*/}" "what was negotiated"
}

run_tests
