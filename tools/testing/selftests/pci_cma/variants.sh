#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Versions, algorithms and certificate chains: a device of each kind is connected,
# and what it gave as evidence is judged by user space.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

last_device

# kind [--ARGUMENT]...: such a device connects, and user space agrees
kind()
{
	needs_host
	replug $NUMBER "$@"
	connects
	verify --trust "$ROOTS"
	evidence "$DEVICE"
}

length_of()
{
	spdmctl evidence "$DEVICE" --type "$1" --format raw 2>/dev/null | wc -c
}

#
# Each version, signature algorithm and hash at least once
#

test_spdm_1_0_with_rsassa_2048_and_sha_256()
{
	kind --versions 1.0 --asym rsassa-2048 --hash sha-256
	expect 1.0/sha256/rsassa-2048 "$negotiated" "what was negotiated"
}

test_spdm_1_1_with_rsassa_3072_and_sha_384()
{
	kind --versions 1.1 --asym rsassa-3072 --hash sha-384
	expect 1.1/sha384/rsassa-3072 "$negotiated" "what was negotiated"
}

test_spdm_1_2_with_ecdsa_p256_and_sha_256()
{
	kind --versions 1.2 --asym ecdsa-p256 --hash sha-256
	expect 1.2/sha256/ecdsa-nist-p256 "$negotiated" "what was negotiated"
}

test_spdm_1_3_with_ecdsa_p384_and_sha_512()
{
	kind --versions 1.3 --asym ecdsa-p384 --hash sha-512
	expect 1.3/sha512/ecdsa-nist-p384 "$negotiated" "what was negotiated"
}

test_spdm_1_4_with_ecdsa_p521_and_sha_512()
{
	kind --versions 1.4 --asym ecdsa-p521 --hash sha-512
	expect 1.4/sha512/ecdsa-nist-p521 "$negotiated" "what was negotiated"
}

test_spdm_1_4_with_rsassa_4096_and_sha_384()
{
	kind --versions 1.4 --asym rsassa-4096 --hash sha-384
	expect 1.4/sha384/rsassa-4096 "$negotiated" "what was negotiated"
}

test_the_highest_common_version_is_used()
{
	kind --versions 1.3,1.0,1.1
	expect 1.3 "${negotiated%%/*}" version
}

#
# Certificate chains
#

test_a_chain_of_almost_64_kib()
{
	kind --asym ecdsa-p384 --hash sha-256 --chain-bytes 65535 --chain-certs 40
	expect 65535 "$(length_of cert0)" "length of cert0"
	[ "$(exchanges)" -gt 15 ] || fail "$(exchanges) exchanges are too few for it"

	# Some tests of evidence take as much as that
	if ! DEVICE=$DEVICE "$DIR/evidence" >/tmp/evidence 2>&1 || grep -q "# SKIP.*\(datagram\|sum\)" /tmp/evidence; then
		grep "^not ok\|SKIP\|^# .*:" /tmp/evidence | sed "s/^/# /"
		fail "evidence fails with so much evidence, or skips something"
	fi
}

test_a_chain_of_a_single_certificate()
{
	needs_host
	replug $NUMBER --chain-certs 1
	connects
	# It is its own root
	verify --any-root
}

test_a_chain_without_its_root()
{
	kind --omit-root
}

test_portions_of_a_few_bytes()
{
	kind --asym ecdsa-p256 --hash sha-256 --portion 200
	[ "$(exchanges)" -gt 10 ] || fail "$(exchanges) exchanges are too few for it"
}

test_the_lowest_of_several_slots_is_used()
{
	kind --slots 0xa4 --asym ecdsa-p256 --distinct-keys
	expect 0 "$(length_of cert0)" "length of cert0"
	[ "$(length_of cert2)" -gt 0 ] || fail "cert2 is empty"
	expect 0 "$(length_of cert5)" "length of cert5"
}

# The device of the test before
test_the_slot_can_be_chosen()
{
	needs_host
	be_connected "$DEVICE"
	verify --trust "$ROOTS" --slot 5
	[ "$(length_of cert5)" -gt 0 ] || fail "cert5 is empty"
	expect 0 "$(length_of cert2)" "length of cert2"
	evidence "$DEVICE"
	before="$generation $sum"
	evidence "$DEVICE" 1 3
	expect EOPNOTSUPP "$error" "refresh from an empty slot"
	evidence "$DEVICE"
	expect "$before" "$generation $sum" "evidence afterwards"
}

# Of the devices before, with chains in slots 2, 5 and 7
test_further_slots_come_when_they_are_asked_for()
{
	needs_host
	be_connected "$DEVICE"
	spdmctl evidence "$DEVICE" --nonce random --slots 5,7,1 >/dev/null || fail "spdmctl evidence"
	for slot in 2 5 7; do
		[ "$(length_of cert$slot)" -gt 0 ] || fail "cert$slot is empty"
	done
	for slot in 0 1 3; do
		expect 0 "$(length_of cert$slot)" "length of cert$slot"
	done
	verify --trust "$ROOTS"
}

test_connect_may_be_told_the_slot()
{
	needs_host
	slot=$PCI/$DEVICE/tsm/slot
	expect any "$(cat "$slot")" slot
	for wrong in 8 -1 none ""; do
		expect EINVAL "$(write_attribute "$slot" "$wrong")" "slot \"$wrong\""
	done
	be_disconnected "$DEVICE"
	expect 0 "$(write_attribute "$slot" 7)" "slot 7"
	expect 7 "$(cat "$slot")" slot
	connects
	[ "$(length_of cert7)" -gt 0 ] || fail "cert7 is empty"
	expect 0 "$(length_of cert2)" "length of cert2"
	expect 0 "$(disconnect "$DEVICE")" disconnect
	expect 0 "$(write_attribute "$slot" 0)" "slot 0"
	expect EOPNOTSUPP "$(connect "$DEVICE")" "connect with an empty slot"
	expect unsupported "$(cat "$PCI/$DEVICE/tsm/failure")" failure
	expect 0 "$(write_attribute "$slot" any)" "any slot"
	connects
	[ "$(length_of cert2)" -gt 0 ] || fail "cert2 is empty"
}

#
# Measurements
#

test_a_device_that_cannot_measure_has_no_measurements()
{
	kind --asym ecdsa-p256 --caps CERT,CHAL
	expect 6 "$(exchanges)" exchanges
	expect 0 "$(length_of measurements)" "length of measurements"
}

test_measurements_without_signature_are_told_from_others()
{
	kind --asym ecdsa-p256 --caps CERT,CHAL,MEAS_NO_SIG
	[ "$(length_of measurements)" -gt 0 ] || fail "there are none"
	verify --trust "$ROOTS" --measurements present
	! spdmctl verify "$DEVICE" --trust "$ROOTS" --measurements signed >/tmp/verify 2>&1 ||
		fail "they pass for signed ones"
}

test_measurements_of_spdm_1_0_are_signed_without_the_negotiation()
{
	kind --versions 1.0 --asym ecdsa-p256 --hash sha-256
	verify --trust "$ROOTS" --measurements signed
}

#
# What user space makes of it
#

test_user_space_does_not_trust_just_anybody()
{
	be_connected "$DEVICE"
	: >/tmp/nobody.pem
	spdmctl evidence "$DEVICE" --type cert0 --format pem |
		sed '1,/END CERTIFICATE/d; /END CERTIFICATE/q' >/tmp/nobody.pem
	spdmctl verify "$DEVICE" --trust /tmp/nobody.pem --no-refresh >/tmp/verify 2>&1
	case $? in
	1) ;;
	*) sed 's/^/# /' /tmp/verify; fail "spdmctl verify trusts it" ;;
	esac
}

test_evidence_can_be_saved_and_judged_later()
{
	be_connected "$DEVICE"
	rm -rf /tmp/saved
	spdmctl evidence "$DEVICE" --nonce random --out /tmp/saved >/dev/null || fail "spdmctl evidence"
	be_disconnected "$DEVICE"
	spdmctl verify --from /tmp/saved --trust "$ROOTS" >/tmp/verify 2>&1 || {
		sed 's/^/# /' /tmp/verify
		fail "spdmctl verify"
	}
}

# monitor sees each event once: what it tells of the device, in order
test_monitor_tells_each_event_once()
{
	needs_host
	be_disconnected "$DEVICE"
	host fault $NUMBER
	spdmctl monitor --json --count 8 >/tmp/monitor &
	monitor=$!
	sleep 1
	expect 0 "$(connect "$DEVICE")" connect
	verify --trust "$ROOTS" --accept
	host fault $NUMBER challenge:bad-signature
	evidence "$DEVICE" 1
	expect EKEYREJECTED "$error" refresh
	host fault $NUMBER
	evidence "$DEVICE" 2
	expect 0 "$(disconnect "$DEVICE")" disconnect
	expect 0 "$(connect "$DEVICE")" connect
	await 10 is_over $monitor || fail "monitor waits for more than $(cat /tmp/monitor)"
	expect "connected refreshed validated failed revoked refreshed disconnected connected" \
		"$(sed -n 's/.*"event": *"\([a-z]*\)".*/\1/p' /tmp/monitor | tr '\n' ' ' | sed 's/ $//')" events
	expect signature "$(sed -n 's/.*"reason": *"\([a-z]*\)".*/\1/p' /tmp/monitor)" reason
}

is_over()
{
	! kill -0 "$1" 2>/dev/null
}

run_tests
