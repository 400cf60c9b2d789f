/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/device-evidence.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _UAPI_LINUX_DEVICE_EVIDENCE_H
#define _UAPI_LINUX_DEVICE_EVIDENCE_H

#define DEVICE_EVIDENCE_FAMILY_NAME	"device-evidence"
#define DEVICE_EVIDENCE_FAMILY_VERSION	1

#define DEVICE_EVIDENCE_MAX_OBJECT_SIZE	16777216
#define DEVICE_EVIDENCE_MAX_NONCE_SIZE	32
#define DEVICE_EVIDENCE_MAX_NAME_SIZE	32

/**
 * enum device_evidence_object_type - What an object is. Replies carry the
 *   objects in ascending order of these numbers.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CERT0: The SPDM certificate chain of slot 0 as
 *   received; length, root hash and the DER certificates from the root to the
 *   leaf.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CERT1: The same of slot 1.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CERT2: The same of slot 2.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CERT3: The same of slot 3.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CERT4: The same of slot 4.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CERT5: The same of slot 5.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CERT6: The same of slot 6.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CERT7: The same of slot 7.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_VCA: The six messages that negotiated version,
 *   capabilities and algorithms.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_MEASUREMENTS: The transcript of one
 *   GET_MEASUREMENTS exchange for all measurement blocks, which DMTF calls the
 *   single-request standard measurement transcript: from SPDM 1.2 on the
 *   messages of vca, then GET_MEASUREMENTS and MEASUREMENTS. It ends in the
 *   signature, and has signature-length 0 if the device cannot sign. Empty if
 *   the device takes no measurements.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_REPORT: The device interface report.
 * @DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE: The transcript of the CHALLENGE
 *   exchange, in the order in which it is signed, and the signature. Evidence
 *   that was collected over a nonce may lack the messages that read the
 *   chains; what is signed has the digest of the chain in it.
 */
enum device_evidence_object_type {
	DEVICE_EVIDENCE_OBJECT_TYPE_CERT0,
	DEVICE_EVIDENCE_OBJECT_TYPE_CERT1,
	DEVICE_EVIDENCE_OBJECT_TYPE_CERT2,
	DEVICE_EVIDENCE_OBJECT_TYPE_CERT3,
	DEVICE_EVIDENCE_OBJECT_TYPE_CERT4,
	DEVICE_EVIDENCE_OBJECT_TYPE_CERT5,
	DEVICE_EVIDENCE_OBJECT_TYPE_CERT6,
	DEVICE_EVIDENCE_OBJECT_TYPE_CERT7,
	DEVICE_EVIDENCE_OBJECT_TYPE_VCA,
	DEVICE_EVIDENCE_OBJECT_TYPE_MEASUREMENTS,
	DEVICE_EVIDENCE_OBJECT_TYPE_REPORT,
	DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE = 16,
};

/**
 * enum device_evidence_flag - How to answer a read request.
 * @DEVICE_EVIDENCE_FLAG_DIGEST: Return the digest of each object, made by the
 *   kernel with the negotiated hash, in place of the object. The length is 0
 *   if there is none.
 * @DEVICE_EVIDENCE_FLAG_DETAILS: Tell also what count, validated, offset and
 *   the attributes from spdm-version to signature-length say.
 */
enum device_evidence_flag {
	DEVICE_EVIDENCE_FLAG_DIGEST = 1,
	DEVICE_EVIDENCE_FLAG_DETAILS = 65536,
};

/**
 * enum device_evidence_event - What became of a device's evidence. Each is a
 *   uevent of the device, too, with the action "change" and the variables
 *   EVIDENCE (the name of the event), EVIDENCE_GENERATION and EVIDENCE_REASON
 *   (the name of the reason), as far as the event has them.
 * @DEVICE_EVIDENCE_EVENT_CONNECTED: There is evidence where there was none.
 * @DEVICE_EVIDENCE_EVENT_DISCONNECTED: There is no evidence any more.
 * @DEVICE_EVIDENCE_EVENT_REFRESHED: New evidence took the place of the old.
 * @DEVICE_EVIDENCE_EVENT_VALIDATED: User space accepted the evidence of this
 *   generation.
 * @DEVICE_EVIDENCE_EVENT_REVOKED: The evidence of this generation had been
 *   accepted and is gone. What made it go is the next event.
 * @DEVICE_EVIDENCE_EVENT_FAILED: The device could not be authenticated. With a
 *   generation, new evidence was to be collected and the old of this
 *   generation stays; without one, the device was to be connected and is not.
 */
enum device_evidence_event {
	DEVICE_EVIDENCE_EVENT_CONNECTED = 1,
	DEVICE_EVIDENCE_EVENT_DISCONNECTED,
	DEVICE_EVIDENCE_EVENT_REFRESHED,
	DEVICE_EVIDENCE_EVENT_VALIDATED,
	DEVICE_EVIDENCE_EVENT_REVOKED,
	DEVICE_EVIDENCE_EVENT_FAILED,
};

/**
 * enum device_evidence_reason - Why a device could not be authenticated.
 * @DEVICE_EVIDENCE_REASON_MALFORMED: The device sent a message that is not
 *   well-formed.
 * @DEVICE_EVIDENCE_REASON_ILLEGAL: The device sent a well-formed message that
 *   breaks the rules of the protocol.
 * @DEVICE_EVIDENCE_REASON_UNSUPPORTED: The device and the kernel have no
 *   version, algorithm or capability in common that suffices, or the device
 *   has nothing in the slot.
 * @DEVICE_EVIDENCE_REASON_REFUSED: The device answered with an error message;
 *   spdm-error-code is its code.
 * @DEVICE_EVIDENCE_REASON_BUSY: The device said that it is busy for longer
 *   than is waited for.
 * @DEVICE_EVIDENCE_REASON_SIGNATURE: A signature does not verify.
 * @DEVICE_EVIDENCE_REASON_DIGEST: A certificate chain, or the root of it, does
 *   not have the digest that the device gave for it.
 * @DEVICE_EVIDENCE_REASON_CERTIFICATE: A certificate of the chain was not
 *   signed by the one above it, or the leaf certificate's key is not one to
 *   sign with.
 * @DEVICE_EVIDENCE_REASON_IDENTITY: The leaf certificate names another device,
 *   or none if it has to.
 * @DEVICE_EVIDENCE_REASON_ALGORITHM: The kernel lacks an algorithm that the
 *   leaf certificate needs.
 * @DEVICE_EVIDENCE_REASON_BUDGET: The device took too long, or it wanted to
 *   exchange too many messages or bytes.
 * @DEVICE_EVIDENCE_REASON_TRANSPORT: No message can be sent to the device, or
 *   none received from it.
 * @DEVICE_EVIDENCE_REASON_INTERRUPTED: A signal ended the wait for the device.
 * @DEVICE_EVIDENCE_REASON_RESOURCES: The kernel ran out of memory or of other
 *   resources.
 */
enum device_evidence_reason {
	DEVICE_EVIDENCE_REASON_MALFORMED = 1,
	DEVICE_EVIDENCE_REASON_ILLEGAL,
	DEVICE_EVIDENCE_REASON_UNSUPPORTED,
	DEVICE_EVIDENCE_REASON_REFUSED,
	DEVICE_EVIDENCE_REASON_BUSY,
	DEVICE_EVIDENCE_REASON_SIGNATURE,
	DEVICE_EVIDENCE_REASON_DIGEST,
	DEVICE_EVIDENCE_REASON_CERTIFICATE,
	DEVICE_EVIDENCE_REASON_IDENTITY,
	DEVICE_EVIDENCE_REASON_ALGORITHM,
	DEVICE_EVIDENCE_REASON_BUDGET,
	DEVICE_EVIDENCE_REASON_TRANSPORT,
	DEVICE_EVIDENCE_REASON_INTERRUPTED,
	DEVICE_EVIDENCE_REASON_RESOURCES,
};

enum {
	DEVICE_EVIDENCE_A_TYPE = 1,
	DEVICE_EVIDENCE_A_TYPE_MASK,
	DEVICE_EVIDENCE_A_FLAGS,
	DEVICE_EVIDENCE_A_SUBSYS,
	DEVICE_EVIDENCE_A_DEV_NAME,
	DEVICE_EVIDENCE_A_NONCE,
	DEVICE_EVIDENCE_A_GENERATION,
	DEVICE_EVIDENCE_A_COUNT,
	DEVICE_EVIDENCE_A_LENGTH,
	DEVICE_EVIDENCE_A_VAL,
	DEVICE_EVIDENCE_A_OFFSET = 32,
	DEVICE_EVIDENCE_A_EVENT,
	DEVICE_EVIDENCE_A_SPDM_VERSION,
	DEVICE_EVIDENCE_A_HASH,
	DEVICE_EVIDENCE_A_SIGNATURE_ALGORITHM,
	DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET,
	DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET,
	DEVICE_EVIDENCE_A_SIGNATURE_OFFSET,
	DEVICE_EVIDENCE_A_SIGNATURE_LENGTH,
	DEVICE_EVIDENCE_A_SLOT,
	DEVICE_EVIDENCE_A_VALIDATED,
	DEVICE_EVIDENCE_A_PAD,
	DEVICE_EVIDENCE_A_REASON,
	DEVICE_EVIDENCE_A_SPDM_ERROR_CODE,

	__DEVICE_EVIDENCE_A_MAX,
	DEVICE_EVIDENCE_A_MAX = (__DEVICE_EVIDENCE_A_MAX - 1)
};

enum {
	DEVICE_EVIDENCE_CMD_READ = 1,
	DEVICE_EVIDENCE_CMD_VALIDATE,
	DEVICE_EVIDENCE_CMD_NOTIFY = 16,

	__DEVICE_EVIDENCE_CMD_MAX,
	DEVICE_EVIDENCE_CMD_MAX = (__DEVICE_EVIDENCE_CMD_MAX - 1)
};

#define DEVICE_EVIDENCE_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_DEVICE_EVIDENCE_H */
