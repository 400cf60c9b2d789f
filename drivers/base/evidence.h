/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of device evidence share, see evidence.c for how they interact
 */
#ifndef _BASE_EVIDENCE_H
#define _BASE_EVIDENCE_H

#include <crypto/sha2.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/device/evidence.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct nlattr;

/* The types that the uAPI knows, bit n for type n */
#define EVIDENCE_TYPES (GENMASK(DEVICE_EVIDENCE_OBJECT_TYPE_REPORT, 0) |	\
			BIT(DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE))

#define EVIDENCE_TYPES_END (DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE + 1)

/**
 * struct evidence_hash - a hash that digests can be made with
 * @name: As in &device_evidence_transcript.hash.
 * @len: Bytes of a digest.
 * @digest: Makes a digest.
 */
struct evidence_hash {
	const char *name;
	u32 len;
	void (*digest)(const u8 *data, size_t len, u8 *digest);
};

/**
 * struct evidence_object - one object of a set
 * @data: The object; NULL if it is empty.
 * @len: Bytes of @data.
 * @present: It was added, be it empty.
 * @has_layout: It is a transcript, @layout is valid.
 * @layout: What is where in the transcript.
 * @digest: Of @data with the hash of the set; made when the set is published.
 */
struct evidence_object {
	const void *data;
	u32 len;
	bool present;
	bool has_layout;
	struct device_evidence_transcript layout;
	u8 digest[SHA512_DIGEST_SIZE];
};

/* Bits of &device_evidence_set.state; each is set once and never cleared */
enum evidence_state {
	EVIDENCE_VALIDATED,	/* user space accepted this set */
	EVIDENCE_REPLACED,	/* a newer one took its place */
	EVIDENCE_WITHDRAWN,	/* the device was unregistered */
};

/**
 * struct device_evidence_set - all evidence of a device at one time
 * @refs: Who frees it.
 * @hash: What the digests are made with, or NULL if no transcript named a hash
 *	that is known here; then there are no digests.
 * @objects: Indexed by &enum device_evidence_object_type.
 * @generation: Of this set among all that were ever published; not 0.
 * @count: Of this set among those of its device since that was registered,
 *	from 1.
 * @state: Bits of &enum evidence_state, set under registry_lock.
 */
struct device_evidence_set {
	refcount_t refs;
	const struct evidence_hash *hash;
	struct evidence_object objects[EVIDENCE_TYPES_END];
	u32 generation;
	u64 count;
	unsigned long state;
};

/**
 * struct device_evidence - a device that has evidence
 * @refs: The registration holds one, and so does each request on its way to a
 *	set; they pin this structure only.
 * @node: In evidence_list while registered; under registry_lock.
 * @dev: The device; referenced and valid while registered.
 * @ops: What the provider does.
 * @priv: The provider's argument to @ops.
 * @lock: Serialises calls of @ops, see above for the order.
 * @set: The current set, NULL exactly when not registered any more; under
 *	registry_lock.
 * @count: Sets published so far; under registry_lock.
 */
struct device_evidence {
	refcount_t refs;
	struct list_head node;
	struct device *dev;
	const struct device_evidence_ops *ops;
	void *priv;
	struct mutex lock; /* serialises calls of @ops */
	struct device_evidence_set *set;
	u64 count;
};

/* evidence-set.c */
void evidence_set_seal(struct device_evidence_set *set);
void evidence_set_put(struct device_evidence_set *set);
DEFINE_FREE(evidence_set_put, struct device_evidence_set *, evidence_set_put(_T))

/* evidence-event.c */
void evidence_event(struct device *dev, enum device_evidence_event event,
		    u32 generation, const struct device_evidence_failure *failure);

/* evidence.c */
struct device_evidence *evidence_get(const struct nlattr *subsys, const struct nlattr *name,
				     struct netlink_ext_ack *extack);
void evidence_put(struct device_evidence *evidence);
DEFINE_FREE(evidence_put, struct device_evidence *, evidence_put(_T))
struct device_evidence_set *evidence_current(struct device_evidence *evidence);
struct device_evidence_set *evidence_refresh(struct device_evidence *evidence,
					     const struct device_evidence_request *request,
					     struct netlink_ext_ack *extack);
int evidence_validate(struct device_evidence *evidence, const struct nlattr *generation,
		      struct netlink_ext_ack *extack);

#endif /* _BASE_EVIDENCE_H */
