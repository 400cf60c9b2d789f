// SPDX-License-Identifier: GPL-2.0
/*
 * Device evidence: sets, from their creation to the moment when they are published
 *
 * Until then a set belongs to whoever fills it, and needs no lock.
 */
#include <crypto/sha2.h>
#include <linux/array_size.h>
#include <linux/device/evidence.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "evidence.h"

static const struct evidence_hash evidence_hashes[] = {
	{ "sha256", SHA256_DIGEST_SIZE, sha256 },
	{ "sha384", SHA384_DIGEST_SIZE, sha384 },
	{ "sha512", SHA512_DIGEST_SIZE, sha512 },
};

static const struct evidence_hash *evidence_hash_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(evidence_hashes); i++)
		if (!strcmp(evidence_hashes[i].name, name))
			return &evidence_hashes[i];
	return NULL;
}

void evidence_set_put(struct device_evidence_set *set)
{
	if (IS_ERR_OR_NULL(set) || !refcount_dec_and_test(&set->refs))
		return;

	for (size_t i = 0; i < ARRAY_SIZE(set->objects); i++)
		kvfree(set->objects[i].data);
	kfree(set);
}

/**
 * device_evidence_set_create - begin to collect evidence
 *
 * The set belongs to the caller until it is registered, returned from
 * &device_evidence_ops.refresh, or destroyed. Until then it is not locked.
 *
 * Context: May sleep.
 * Return: An empty set, or an ERR_PTR() of -ENOMEM.
 */
struct device_evidence_set *device_evidence_set_create(void)
{
	struct device_evidence_set *set = kzalloc_obj(*set);

	if (!set)
		return ERR_PTR(-ENOMEM);

	refcount_set(&set->refs, 1);
	return set;
}
EXPORT_SYMBOL_GPL(device_evidence_set_create);

/**
 * device_evidence_set_destroy - drop a set that was not handed over
 * @set: From device_evidence_set_create(); may be NULL.
 *
 * Context: May sleep.
 */
void device_evidence_set_destroy(struct device_evidence_set *set)
{
	evidence_set_put(set);
}
EXPORT_SYMBOL_GPL(device_evidence_set_destroy);

/**
 * device_evidence_set_add - add an object to a set
 * @set: From device_evidence_set_create().
 * @type: What the object is.
 * @data: The object, which is copied.
 * @len: Bytes of @data, at most DEVICE_EVIDENCE_MAX_OBJECT_SIZE. An object of 0
 *	bytes reads like one that was not added.
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if there is no such @type, -EEXIST if the set has one of
 * this @type already, -EMSGSIZE if @len is too large, or -ENOMEM.
 */
int device_evidence_set_add(struct device_evidence_set *set,
			    enum device_evidence_object_type type,
			    const void *data, size_t len)
{
	struct evidence_object *object;

	if (type >= EVIDENCE_TYPES_END || !(EVIDENCE_TYPES & BIT(type)))
		return -EINVAL;
	if (len > DEVICE_EVIDENCE_MAX_OBJECT_SIZE)
		return -EMSGSIZE;

	object = &set->objects[type];
	if (object->present)
		return -EEXIST;

	if (len) {
		object->data = kvmemdup(data, len, GFP_KERNEL);
		if (!object->data)
			return -ENOMEM;
	}
	object->len = len;
	object->present = true;
	return 0;
}
EXPORT_SYMBOL_GPL(device_evidence_set_add);

/* Do @size bytes at @offset lie inside an object of @len bytes? */
static bool evidence_inside(u32 offset, u32 size, size_t len)
{
	return size <= len && offset <= len - size;
}

static bool evidence_layout_valid(const struct device_evidence_transcript *layout, size_t len)
{
	return layout->hash && layout->signature_algorithm &&
	       evidence_inside(layout->requester_nonce_offset,
			       layout->requester_nonce_offset ?
			       DEVICE_EVIDENCE_MAX_NONCE_SIZE : 0, len) &&
	       evidence_inside(layout->responder_nonce_offset,
			       layout->responder_nonce_offset ?
			       DEVICE_EVIDENCE_MAX_NONCE_SIZE : 0, len) &&
	       evidence_inside(layout->signature_offset, layout->signature_len, len);
}

/**
 * device_evidence_set_add_transcript - add an object whose parts are known
 * @set: From device_evidence_set_create().
 * @type: What the object is.
 * @data: The object, which is copied.
 * @len: Bytes of @data, at most DEVICE_EVIDENCE_MAX_OBJECT_SIZE.
 * @layout: What is where in @data. The structure is copied, but the names that
 *	it points to are not.
 *
 * The digests of all objects in the set are made with the hash that the first
 * transcript names.
 *
 * Context: May sleep.
 * Return: As device_evidence_set_add(), and -EINVAL if @layout names no
 * algorithm or does not lie inside the object.
 */
int device_evidence_set_add_transcript(struct device_evidence_set *set,
				       enum device_evidence_object_type type,
				       const void *data, size_t len,
				       const struct device_evidence_transcript *layout)
{
	int err;

	if (!evidence_layout_valid(layout, len))
		return -EINVAL;

	err = device_evidence_set_add(set, type, data, len);
	if (err)
		return err;

	set->objects[type].layout = *layout;
	set->objects[type].has_layout = true;
	if (!set->hash)
		set->hash = evidence_hash_find(layout->hash);
	return 0;
}
EXPORT_SYMBOL_GPL(device_evidence_set_add_transcript);

/* The last thing that is done to a set before it is published */
void evidence_set_seal(struct device_evidence_set *set)
{
	if (!set->hash)
		return;

	for (size_t i = 0; i < ARRAY_SIZE(set->objects); i++) {
		struct evidence_object *object = &set->objects[i];

		if (object->len)
			set->hash->digest(object->data, object->len, object->digest);
	}
}
