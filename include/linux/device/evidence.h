/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device evidence: what a device said to prove its identity, for user space to judge
 *
 * A provider (the driver of a protocol such as SPDM) collects the evidence of a
 * device into a set, publishes the set whole, and withdraws it when the device
 * is disconnected. User space reads it by the generic netlink family described
 * in Documentation/netlink/specs/device-evidence.yaml.
 */
#ifndef _LINUX_DEVICE_EVIDENCE_H
#define _LINUX_DEVICE_EVIDENCE_H

#include <linux/types.h>
#include <uapi/linux/device-evidence.h>

struct bus_type;
struct device;
struct device_evidence;
struct device_evidence_set;
struct netlink_ext_ack;

/* Leave the choice of the certificate slot to the provider */
#define DEVICE_EVIDENCE_SLOT_ANY	0xff

/**
 * struct device_evidence_transcript - where to find what in a transcript object
 * @spdm_version: Negotiated version, as in the SPDMVersion field (0x12 is 1.2).
 * @hash: Name of the negotiated hash as the kernel's crypto names it
 *	("sha384"); static storage.
 * @signature_algorithm: Name of the negotiated signature algorithm
 *	("ecdsa-nist-p384", "rsassa-3072"); static storage.
 * @requester_nonce_offset: Of the 32 bytes in the request, in bytes from the
 *	start of the object; 0 if there are none.
 * @responder_nonce_offset: Of the 32 bytes in the response; 0 if there are none.
 * @signature_offset: Of the signature; what stands before it is what is signed.
 *	0 if there is none.
 * @signature_len: Bytes of the signature; 0 if there is none.
 */
struct device_evidence_transcript {
	u8 spdm_version;
	const char *hash;
	const char *signature_algorithm;
	u32 requester_nonce_offset;
	u32 responder_nonce_offset;
	u32 signature_offset;
	u32 signature_len;
};

/**
 * struct device_evidence_request - what new evidence is to be collected
 * @type_mask: The objects that the reader asked for, bit n for &enum
 *	device_evidence_object_type n. The set may hold others as well.
 * @nonce: DEVICE_EVIDENCE_MAX_NONCE_SIZE bytes for the device to sign.
 * @slot: Certificate slot to be challenged, or DEVICE_EVIDENCE_SLOT_ANY.
 */
struct device_evidence_request {
	u32 type_mask;
	const u8 *nonce;
	u8 slot;
};

/**
 * struct device_evidence_failure - why a device could not be authenticated
 * @reason: In one word.
 * @spdm_error_code: Param1 of the ERROR message that the device sent, or 0 if it
 *	sent none.
 */
struct device_evidence_failure {
	enum device_evidence_reason reason;
	u8 spdm_error_code;
};

/**
 * struct device_evidence_ops - what a provider does for a device
 * @refresh: Collect new evidence as @request says and return the complete set,
 *	or an ERR_PTR() with @failure and @extack set; the evidence published
 *	before then stays, and the core tells the failure to those who listen.
 *	Runs in process context and may sleep. Calls for one device are
 *	serialised, and none runs after device_evidence_unregister() returned.
 *	As that waits for a call in flight, @refresh must not take a lock that
 *	is held over it. Optional.
 */
struct device_evidence_ops {
	struct device_evidence_set *(*refresh)(void *priv,
					       const struct device_evidence_request *request,
					       struct device_evidence_failure *failure,
					       struct netlink_ext_ack *extack);
};

struct device_evidence_set *device_evidence_set_create(void);
int device_evidence_set_add(struct device_evidence_set *set,
			    enum device_evidence_object_type type,
			    const void *data, size_t len);
int device_evidence_set_add_transcript(struct device_evidence_set *set,
				       enum device_evidence_object_type type,
				       const void *data, size_t len,
				       const struct device_evidence_transcript *layout);
void device_evidence_set_destroy(struct device_evidence_set *set);

int device_evidence_provider_register(const struct bus_type *bus);
void device_evidence_provider_unregister(const struct bus_type *bus);

struct device_evidence *device_evidence_register(struct device *dev,
						 const struct device_evidence_ops *ops,
						 void *priv,
						 struct device_evidence_set *set);
void device_evidence_unregister(struct device_evidence *evidence);
u32 device_evidence_generation(struct device_evidence *evidence);
void device_evidence_failed(struct device *dev,
			    const struct device_evidence_failure *failure);

#ifdef CONFIG_DEVICE_EVIDENCE
u32 device_evidence_validated(const struct device *dev);
const char *device_evidence_reason_name(enum device_evidence_reason reason);
#else
static inline u32 device_evidence_validated(const struct device *dev)
{
	return 0;
}

static inline const char *device_evidence_reason_name(enum device_evidence_reason reason)
{
	return NULL;
}
#endif

#endif /* _LINUX_DEVICE_EVIDENCE_H */
