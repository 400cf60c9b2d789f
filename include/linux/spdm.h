/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SPDM (Security Protocol and Data Model) requester: authenticate a device
 *
 * DMTF DSP0274, versions 1.0 to 1.4. The requester is bus-agnostic: a bus
 * supplies the means to exchange messages and judges the identity in the leaf
 * certificate; the requester supplies everything in between.
 */
#ifndef _LINUX_SPDM_H
#define _LINUX_SPDM_H

#include <linux/types.h>

struct device;
struct device_evidence_failure;
struct device_evidence_set;
struct spdm_requester;

/* Octets of the nonce in CHALLENGE and GET_MEASUREMENTS, DSP0274 */
#define SPDM_NONCE_SIZE		32

/* Choose the lowest provisioned slot; otherwise slots are 0 to 7 */
#define SPDM_SLOT_ANY		0xff

/**
 * struct spdm_requester_ops - what a bus supplies to the requester
 * @exchange: Send @request and wait for its response. Writes at most
 *	@response_size bytes and returns the number written, which may include
 *	the transport's padding at the end, or a negative errno. A response
 *	that does not fit is cut and the full @response_size returned.
 *	Called with the requester's lock held, in process context; may sleep.
 * @check_leaf: Judge the identity in the leaf certificate @der of @der_len
 *	bytes, e.g. its Subject Alternative Name. It was parsed as X.509
 *	before, but is not trusted. Returns 0 to go on, or a negative errno to
 *	fail the authentication with; the callee logs its reason. Same context
 *	as @exchange. Optional.
 * @is_gone: Whether the device is being removed, so that whoever removes it
 *	should not have to wait any longer. Asked before each message, and again
 *	and again in pauses; if so, the authentication fails with -ENODEV. Same
 *	context as @exchange. Optional.
 */
struct spdm_requester_ops {
	ssize_t (*exchange)(void *priv, const void *request, size_t request_len,
			    void *response, size_t response_size);
	int (*check_leaf)(void *priv, const void *der, size_t der_len);
	bool (*is_gone)(void *priv);
};

/* Each offer has one of the signature algorithms that there are, or more */
#define SPDM_OFFERS_MAX		9

/**
 * struct spdm_algorithms - what a device may use
 * @hashes: Hashes, as in BaseHashAlgo of NEGOTIATE_ALGORITHMS.
 * @offers: Sets of signature algorithms that are offered together, first the one
 *	that is preferred; the lower half is as in BaseAsymAlgo, the upper one as
 *	in PqcAsymAlgo. If a device has nothing of one, it is offered the next.
 *
 * All zeroes allow nothing. To be filled in by spdm_parse_algorithms().
 */
struct spdm_algorithms {
	u32 hashes;
	u64 offers[SPDM_OFFERS_MAX];
};

/**
 * struct spdm_refusal - what is wrong with a list of algorithms
 * @word: The first wrong word of the list; it does not end with a NUL.
 * @word_len: Its length in bytes.
 * @why: What is wrong with it; static storage.
 */
struct spdm_refusal {
	const char *word;
	size_t word_len;
	const char *why;
};

/**
 * struct spdm_request - what is wanted of an authentication
 * @slot: Certificate slot to be challenged, 0 to 7, or SPDM_SLOT_ANY for the
 *	lowest that holds a chain.
 * @further_slots: Bit n: read the chain of slot n too, if there is one. Whether
 *	the bit of the challenged slot is set does not matter.
 * @algorithms: What the device may use; or NULL for all that this kernel has.
 * @nonce: SPDM_NONCE_SIZE bytes that the device has to sign; or NULL for random
 *	ones, and for all that is known of the device to be forgotten first.
 */
struct spdm_request {
	u8 slot;
	u8 further_slots;
	const struct spdm_algorithms *algorithms;
	const u8 *nonce;
};

/**
 * struct spdm_stats - what one authentication cost, and what was agreed on
 * @exchanges: Requests sent, repeated ones included.
 * @sent: Bytes of requests, without the transport's padding.
 * @received: Bytes of responses, with the transport's padding.
 * @duration_us: Wall time in microseconds.
 * @version: Negotiated version, as in the SPDMVersion field (0x12 is 1.2). Like
 *	all that follows, zero or NULL if the authentication failed.
 * @slot: Certificate slot that was challenged.
 * @hash: Name of the negotiated hash as the kernel's crypto names it
 *	("sha384"); static storage.
 * @signature_algorithm: Name of the negotiated signature algorithm
 *	("ecdsa-nist-p384", "rsassa-3072"); static storage.
 */
struct spdm_stats {
	u32 exchanges;
	u32 sent;
	u32 received;
	u32 duration_us;
	u8 version;
	u8 slot;
	const char *hash;
	const char *signature_algorithm;
};

/* kernel-doc of these: lib/rspdm/ffi.rs */
struct spdm_requester *spdm_create(struct device *dev,
				   const struct spdm_requester_ops *ops,
				   void *priv, u32 data_transfer_size);
struct device_evidence_set *spdm_authenticate(struct spdm_requester *spdm,
					      const struct spdm_request *request,
					      struct spdm_stats *stats,
					      struct device_evidence_failure *failure);
int spdm_parse_algorithms(const char *list, struct spdm_algorithms *algorithms,
			  struct spdm_refusal *refusal);
void spdm_destroy(struct spdm_requester *spdm);

#endif /* _LINUX_SPDM_H */
