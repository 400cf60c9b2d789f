// SPDX-License-Identifier: GPL-2.0
/*
 * Device evidence: what a device said to prove its identity, for user space to judge
 *
 * Providers publish sets of evidence, user space reads them by the generic
 * netlink family "device-evidence". Nothing here interprets an object.
 *
 * Sets
 *	A set is filled by one owner, without a lock, and then published. From
 *	then on its objects never change and its memory is governed by a
 *	reference count: the device's evidence holds one reference, and each
 *	dump in progress another. What does change is set->state, whose bits go
 *	from clear to set and never back: a set that user space validated, that
 *	a later one replaced, or that was withdrawn. So acceptance belongs to
 *	one set, and any change of the evidence revokes it without further ado.
 *
 * Dumps
 *	A dump lasts as long as its reader likes: between two messages it holds
 *	its reference to the set, but no lock, and neither the device nor the
 *	provider. Before each batch of messages it looks at set->state, and
 *	ends with EAGAIN if its set is not the current one any more.
 *
 * Locks
 *	registry_lock protects both lists, evidence->set and the allotment of
 *	generations. It is held for a few instructions, and for sending events so
 *	that these come in the order of the changes that they tell. No provider
 *	is called under it. An event is queued for its listeners, never waits
 *	for them, and takes locks of netlink sockets and, for the uevent, of the
 *	lists that the driver core keeps; who holds these does not come here.
 *	The device is in sysfs meanwhile: it has evidence between device_add()
 *	and device_del() only.
 *
 *	evidence->lock serialises the collection of new evidence from one
 *	device, which may take seconds. It nests outside registry_lock. A refresh
 *	holds it while it checks that the device is registered still, calls the
 *	provider and publishes. device_evidence_unregister() first clears
 *	evidence->set, so that no further refresh gets past the check, and then
 *	takes and drops the lock, so that the one that had got past is over.
 *
 *	A refresh runs on behalf of the sender of the request, before the first
 *	message of the dump, so under locks of the sender's socket and of
 *	generic netlink (for reading); none of these is ever taken by a provider
 *	that connects or disconnects.
 */
#include <crypto/sha2.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/device/bus.h>
#include <linux/device/evidence.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "device-evidence-nl.h"

/* The types that the uAPI knows, bit n for type n */
#define EVIDENCE_TYPES (GENMASK(DEVICE_EVIDENCE_OBJECT_TYPE_REPORT, 0) |	\
			BIT(DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE))

#define EVIDENCE_TYPES_END (DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE + 1)

/* Most bytes of a VAL: an attribute's length is 16 bits wide and has the header in it */
#define EVIDENCE_VAL_MAX round_down(U16_MAX - NLA_HDRLEN, NLA_ALIGNTO)

/*
 * Fewest bytes of a VAL that has another one after it. Space at the end of a
 * buffer that is smaller is left unused, it would cost more than it carries.
 */
#define EVIDENCE_VAL_MIN 256

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

/**
 * struct evidence_provider - a bus whose devices may have evidence
 * @node: In provider_list.
 * @bus: The bus; its name is the subsystem in requests.
 * @users: How many providers registered it.
 */
struct evidence_provider {
	struct list_head node;
	const struct bus_type *bus;
	unsigned int users;
};

/**
 * struct evidence_dump - state of a READ between its messages
 * @set: What is read; referenced.
 * @types: Bit n for each object type n that is not complete yet.
 * @flags: Bits of &enum device_evidence_flag.
 * @offset: Bytes of the object with the lowest bit in @types that are done.
 */
struct evidence_dump {
	struct device_evidence_set *set;
	u32 types;
	u32 flags;
	u32 offset;
};

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(provider_list);
static LIST_HEAD(evidence_list);

/*
 * Digests
 */

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

/*
 * Sets
 */

static void evidence_set_put(struct device_evidence_set *set)
{
	if (IS_ERR_OR_NULL(set) || !refcount_dec_and_test(&set->refs))
		return;

	for (size_t i = 0; i < ARRAY_SIZE(set->objects); i++)
		kvfree(set->objects[i].data);
	kfree(set);
}

DEFINE_FREE(evidence_set_put, struct device_evidence_set *, evidence_set_put(_T))

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
static void evidence_set_seal(struct device_evidence_set *set)
{
	if (!set->hash)
		return;

	for (size_t i = 0; i < ARRAY_SIZE(set->objects); i++) {
		struct evidence_object *object = &set->objects[i];

		if (object->len)
			set->hash->digest(object->data, object->len, object->digest);
	}
}

/*
 * Events
 */

static const char * const evidence_event_names[] = {
	[DEVICE_EVIDENCE_EVENT_CONNECTED] = "connected",
	[DEVICE_EVIDENCE_EVENT_DISCONNECTED] = "disconnected",
	[DEVICE_EVIDENCE_EVENT_REFRESHED] = "refreshed",
	[DEVICE_EVIDENCE_EVENT_VALIDATED] = "validated",
	[DEVICE_EVIDENCE_EVENT_REVOKED] = "revoked",
	[DEVICE_EVIDENCE_EVENT_FAILED] = "failed",
};

static const char * const evidence_reason_names[] = {
	[DEVICE_EVIDENCE_REASON_MALFORMED] = "malformed",
	[DEVICE_EVIDENCE_REASON_ILLEGAL] = "illegal",
	[DEVICE_EVIDENCE_REASON_UNSUPPORTED] = "unsupported",
	[DEVICE_EVIDENCE_REASON_REFUSED] = "refused",
	[DEVICE_EVIDENCE_REASON_BUSY] = "busy",
	[DEVICE_EVIDENCE_REASON_SIGNATURE] = "signature",
	[DEVICE_EVIDENCE_REASON_DIGEST] = "digest",
	[DEVICE_EVIDENCE_REASON_CERTIFICATE] = "certificate",
	[DEVICE_EVIDENCE_REASON_IDENTITY] = "identity",
	[DEVICE_EVIDENCE_REASON_ALGORITHM] = "algorithm",
	[DEVICE_EVIDENCE_REASON_BUDGET] = "budget",
	[DEVICE_EVIDENCE_REASON_TRANSPORT] = "transport",
	[DEVICE_EVIDENCE_REASON_INTERRUPTED] = "interrupted",
	[DEVICE_EVIDENCE_REASON_RESOURCES] = "resources",
};

/**
 * device_evidence_reason_name - the word for a reason
 * @reason: The reason.
 *
 * These are the words of Documentation/netlink/specs/device-evidence.yaml, so
 * that sysfs and uevents say the same as netlink.
 *
 * Context: Any.
 * Return: The word, or NULL if there is no such reason.
 */
const char *device_evidence_reason_name(enum device_evidence_reason reason)
{
	return reason < ARRAY_SIZE(evidence_reason_names) ? evidence_reason_names[reason] : NULL;
}
EXPORT_SYMBOL_GPL(device_evidence_reason_name);

static int evidence_put_u32_nonzero(struct sk_buff *skb, int attr, u32 value)
{
	return value ? nla_put_u32(skb, attr, value) : 0;
}

static int evidence_event_fill(struct sk_buff *skb, const struct device *dev,
			       enum device_evidence_event event, u32 generation,
			       const struct device_evidence_failure *failure)
{
	void *hdr = genlmsg_put(skb, 0, 0, &device_evidence_nl_family, 0,
				DEVICE_EVIDENCE_CMD_NOTIFY);

	if (!hdr ||
	    nla_put_u32(skb, DEVICE_EVIDENCE_A_EVENT, event) ||
	    nla_put_string(skb, DEVICE_EVIDENCE_A_SUBSYS, dev->bus->name) ||
	    nla_put_string(skb, DEVICE_EVIDENCE_A_DEV_NAME, dev_name(dev)) ||
	    evidence_put_u32_nonzero(skb, DEVICE_EVIDENCE_A_GENERATION, generation))
		return -EMSGSIZE;

	if (failure &&
	    (nla_put_u32(skb, DEVICE_EVIDENCE_A_REASON, failure->reason) ||
	     evidence_put_u32_nonzero(skb, DEVICE_EVIDENCE_A_SPDM_ERROR_CODE,
				      failure->spdm_error_code)))
		return -EMSGSIZE;

	genlmsg_end(skb, hdr);
	return 0;
}

/* Tell those who joined the group. One who cannot be told learns that he missed something. */
static void evidence_event_multicast(const struct device *dev,
				     enum device_evidence_event event, u32 generation,
				     const struct device_evidence_failure *failure)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&device_evidence_nl_family, &init_net,
				DEVICE_EVIDENCE_NLGRP_EVENTS))
		return;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (skb && !evidence_event_fill(skb, dev, event, generation, failure)) {
		genlmsg_multicast(&device_evidence_nl_family, skb, 0,
				  DEVICE_EVIDENCE_NLGRP_EVENTS, GFP_KERNEL);
		return;
	}

	nlmsg_free(skb);
	genl_set_err(&device_evidence_nl_family, &init_net, 0,
		     DEVICE_EVIDENCE_NLGRP_EVENTS, -ENOBUFS);
}

/*
 * Tell udev, in words that its rules can compare. Others may listen, too, but
 * nothing of this is secret: sysfs shows it to everybody.
 */
static void evidence_event_uevent(struct device *dev,
				  enum device_evidence_event event, u32 generation,
				  const struct device_evidence_failure *failure)
{
	char event_var[32], generation_var[32], reason_var[32];
	char *envp[4] = { event_var };
	int n = 1;

	snprintf(event_var, sizeof(event_var), "EVIDENCE=%s", evidence_event_names[event]);
	if (generation) {
		snprintf(generation_var, sizeof(generation_var), "EVIDENCE_GENERATION=%u",
			 generation);
		envp[n++] = generation_var;
	}
	if (failure) {
		snprintf(reason_var, sizeof(reason_var), "EVIDENCE_REASON=%s",
			 device_evidence_reason_name(failure->reason));
		envp[n++] = reason_var;
	}
	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, envp);
}

/* @generation is 0 if there is no evidence, and @failure NULL if nothing failed */
static void evidence_event(struct device *dev, enum device_evidence_event event,
			   u32 generation, const struct device_evidence_failure *failure)
{
	lockdep_assert_held(&registry_lock);

	evidence_event_multicast(dev, event, generation, failure);
	evidence_event_uevent(dev, event, generation, failure);
}

/*
 * Publishing
 */

static void evidence_put(struct device_evidence *evidence)
{
	if (IS_ERR_OR_NULL(evidence) || !refcount_dec_and_test(&evidence->refs))
		return;

	mutex_destroy(&evidence->lock);
	kfree(evidence);
}

DEFINE_FREE(evidence_put, struct device_evidence *, evidence_put(_T))

/* Mark the current set as one that is not current any more, for the reason @why */
static struct device_evidence_set *evidence_retire(struct device_evidence *evidence,
						   enum evidence_state why)
{
	struct device_evidence_set *set = evidence->set;

	lockdep_assert_held(&registry_lock);

	set_bit(why, &set->state);
	if (test_bit(EVIDENCE_VALIDATED, &set->state))
		evidence_event(evidence->dev, DEVICE_EVIDENCE_EVENT_REVOKED,
			       set->generation, NULL);
	evidence->set = NULL;
	return set;
}

/* Make a sealed set the current one; consumes the caller's reference */
static void evidence_publish(struct device_evidence *evidence,
			     struct device_evidence_set *set,
			     enum device_evidence_event event)
{
	static u32 generation;

	lockdep_assert_held(&registry_lock);

	/*
	 * One counter for all devices: a reader who kept a number over a
	 * disconnect, or for another device, never finds it current again. It
	 * would take years of refreshing at the speed of a device to wrap.
	 */
	if (!++generation)
		++generation;

	set->generation = generation;
	set->count = ++evidence->count;
	evidence->set = set;
	evidence_event(evidence->dev, event, generation, NULL);
}

/* The current set with a reference, or NULL if not registered any more */
static struct device_evidence_set *evidence_current(struct device_evidence *evidence)
{
	guard(mutex)(&registry_lock);
	if (evidence->set)
		refcount_inc(&evidence->set->refs);
	return evidence->set;
}

static bool evidence_registered(struct device_evidence *evidence)
{
	guard(mutex)(&registry_lock);
	return evidence->set;
}

static struct evidence_provider *evidence_provider_find(const struct bus_type *bus)
{
	struct evidence_provider *provider;

	lockdep_assert_held(&registry_lock);

	list_for_each_entry(provider, &provider_list, node)
		if (provider->bus == bus)
			return provider;
	return NULL;
}

static struct device_evidence *evidence_find(const struct device *dev)
{
	struct device_evidence *evidence;

	lockdep_assert_held(&registry_lock);

	list_for_each_entry(evidence, &evidence_list, node)
		if (evidence->dev == dev)
			return evidence;
	return NULL;
}

/**
 * device_evidence_provider_register - announce that devices of a bus may have evidence
 * @bus: The bus. It must outlive the registration.
 *
 * Requests for a bus that nobody announced are refused with EOPNOTSUPP. Several
 * providers may announce the same bus.
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int device_evidence_provider_register(const struct bus_type *bus)
{
	struct evidence_provider *provider;

	guard(mutex)(&registry_lock);

	provider = evidence_provider_find(bus);
	if (!provider) {
		provider = kzalloc_obj(*provider);
		if (!provider)
			return -ENOMEM;
		provider->bus = bus;
		list_add_tail(&provider->node, &provider_list);
	}
	provider->users++;
	return 0;
}
EXPORT_SYMBOL_GPL(device_evidence_provider_register);

/**
 * device_evidence_provider_unregister - undo device_evidence_provider_register()
 * @bus: The bus, of which no device of the caller is registered any more.
 *
 * Context: May sleep.
 */
void device_evidence_provider_unregister(const struct bus_type *bus)
{
	struct evidence_provider *provider;

	guard(mutex)(&registry_lock);

	provider = evidence_provider_find(bus);
	if (WARN_ON(!provider) || --provider->users)
		return;

	list_del(&provider->node);
	kfree(provider);
}
EXPORT_SYMBOL_GPL(device_evidence_provider_unregister);

/**
 * device_evidence_register - publish the first evidence of a device
 * @dev: The device, on a bus that was announced. It is referenced until
 *	device_evidence_unregister().
 * @ops: What the provider does for this device; may be NULL.
 * @priv: Argument for @ops. Valid until device_evidence_unregister() returned.
 * @set: The evidence; consumed, also on failure.
 *
 * Context: May sleep. Takes no lock that is held during @ops.
 * Return: The registration, for device_evidence_unregister(), or an ERR_PTR():
 * -EOPNOTSUPP if nobody announced the bus, -EEXIST if @dev is registered
 * already, or -ENOMEM.
 */
struct device_evidence *device_evidence_register(struct device *dev,
						 const struct device_evidence_ops *ops,
						 void *priv,
						 struct device_evidence_set *set)
{
	struct device_evidence_set *unpublished __free(evidence_set_put) = set;
	struct device_evidence *evidence __free(kfree) = kzalloc_obj(*evidence);

	if (!evidence)
		return ERR_PTR(-ENOMEM);

	evidence_set_seal(set);

	guard(mutex)(&registry_lock);

	if (!evidence_provider_find(dev->bus))
		return ERR_PTR(-EOPNOTSUPP);
	if (evidence_find(dev))
		return ERR_PTR(-EEXIST);

	refcount_set(&evidence->refs, 1);
	mutex_init(&evidence->lock);
	evidence->dev = get_device(dev);
	evidence->ops = ops;
	evidence->priv = priv;
	list_add_tail(&evidence->node, &evidence_list);
	evidence_publish(evidence, no_free_ptr(unpublished), DEVICE_EVIDENCE_EVENT_CONNECTED);
	return_ptr(evidence);
}
EXPORT_SYMBOL_GPL(device_evidence_register);

/**
 * device_evidence_unregister - withdraw the evidence of a device
 * @evidence: From device_evidence_register().
 *
 * Dumps in progress end with EAGAIN. When this returns, no call of
 * &device_evidence_ops is running for the device, and none will be made.
 *
 * Context: May sleep. Waits for a call of &device_evidence_ops.refresh in
 * flight, so the caller must hold no lock that this takes.
 */
void device_evidence_unregister(struct device_evidence *evidence)
{
	struct device_evidence_set *set;

	scoped_guard(mutex, &registry_lock) {
		u32 generation = evidence->set->generation;

		list_del(&evidence->node);
		set = evidence_retire(evidence, EVIDENCE_WITHDRAWN);
		evidence_event(evidence->dev, DEVICE_EVIDENCE_EVENT_DISCONNECTED, generation, NULL);
	}

	/* No refresh starts any more; let the one that did come to its end */
	mutex_lock(&evidence->lock);
	mutex_unlock(&evidence->lock);

	put_device(evidence->dev);
	evidence_set_put(set);
	evidence_put(evidence);
}
EXPORT_SYMBOL_GPL(device_evidence_unregister);

/**
 * device_evidence_generation - number of the current state of the evidence
 * @evidence: From device_evidence_register(), and not unregistered.
 *
 * Context: May sleep.
 * Return: The number; it is not 0, and was never given to another state of any
 * device.
 */
u32 device_evidence_generation(struct device_evidence *evidence)
{
	guard(mutex)(&registry_lock);
	return evidence->set->generation;
}
EXPORT_SYMBOL_GPL(device_evidence_generation);

/**
 * device_evidence_failed - tell that a device could not be connected
 * @dev: The device, which is registered with the driver core, but not here.
 * @failure: Why.
 *
 * For the provider, whose device has no evidence that anyone could ask for. If
 * &device_evidence_ops.refresh fails, the core tells so itself.
 *
 * Context: May sleep.
 */
void device_evidence_failed(struct device *dev,
			    const struct device_evidence_failure *failure)
{
	guard(mutex)(&registry_lock);
	evidence_event(dev, DEVICE_EVIDENCE_EVENT_FAILED, 0, failure);
}
EXPORT_SYMBOL_GPL(device_evidence_failed);

/**
 * device_evidence_validated - did user space accept the current evidence?
 * @dev: Any device.
 *
 * Context: May sleep.
 * Return: The generation that it accepted and that still is the current one, or
 * 0 if there is none.
 */
u32 device_evidence_validated(const struct device *dev)
{
	const struct device_evidence *evidence;

	guard(mutex)(&registry_lock);

	evidence = evidence_find(dev);
	if (!evidence || !test_bit(EVIDENCE_VALIDATED, &evidence->set->state))
		return 0;
	return evidence->set->generation;
}
EXPORT_SYMBOL_GPL(device_evidence_validated);

/*
 * Requests
 */

static bool evidence_attr_missing(const struct genl_info *info, int attr, const char *text)
{
	if (!GENL_REQ_ATTR_CHECK(info, attr))
		return false;

	NL_SET_ERR_MSG_FMT(info->extack, "%s is missing", text);
	return true;
}

/*
 * Find what a request is about. The reference to the device does not outlast
 * the look-up: a dump must not keep a device alive that is long unplugged.
 */
static struct device_evidence *evidence_get(const struct genl_info *info)
{
	struct device *dev __free(put_device) = NULL;
	struct evidence_provider *provider;
	struct device_evidence *evidence;

	if (evidence_attr_missing(info, DEVICE_EVIDENCE_A_SUBSYS, "subsys") ||
	    evidence_attr_missing(info, DEVICE_EVIDENCE_A_DEV_NAME, "dev-name"))
		return ERR_PTR(-EINVAL);

	/* Dropped before the device is, whose release may take any lock */
	guard(mutex)(&registry_lock);

	list_for_each_entry(provider, &provider_list, node) {
		if (nla_strcmp(info->attrs[DEVICE_EVIDENCE_A_SUBSYS], provider->bus->name))
			continue;

		dev = bus_find_device_by_name(provider->bus, NULL,
					      nla_data(info->attrs[DEVICE_EVIDENCE_A_DEV_NAME]));
		if (!dev) {
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DEVICE_EVIDENCE_A_DEV_NAME],
					    "no such device");
			return ERR_PTR(-ENODEV);
		}

		evidence = evidence_find(dev);
		if (!evidence) {
			NL_SET_ERR_MSG(info->extack, "device has no evidence");
			return ERR_PTR(-ENXIO);
		}

		refcount_inc(&evidence->refs);
		return evidence;
	}

	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DEVICE_EVIDENCE_A_SUBSYS],
			    "no provider of evidence for this subsystem");
	return ERR_PTR(-EOPNOTSUPP);
}

/* Collect and publish new evidence; returns the new set with a reference for the caller */
static struct device_evidence_set *evidence_refresh(struct device_evidence *evidence,
						    const struct device_evidence_request *request,
						    struct netlink_ext_ack *extack)
{
	struct device_evidence_set *old __free(evidence_set_put) = NULL;
	struct device_evidence_set *set __free(evidence_set_put) = NULL;
	struct device_evidence_failure failure = {};
	int err;

	if (!evidence->ops || !evidence->ops->refresh) {
		NL_SET_ERR_MSG(extack, "provider cannot collect new evidence");
		return ERR_PTR(-EOPNOTSUPP);
	}

	ACQUIRE(mutex_intr, lock)(&evidence->lock);
	err = ACQUIRE_ERR(mutex_intr, &lock);
	if (err)
		return ERR_PTR(err);

	if (!evidence_registered(evidence)) {
		NL_SET_ERR_MSG(extack, "device has no evidence");
		return ERR_PTR(-ENXIO);
	}

	set = evidence->ops->refresh(evidence->priv, request, &failure, extack);
	if (!IS_ERR(set))
		evidence_set_seal(set);

	guard(mutex)(&registry_lock);

	if (IS_ERR(set)) {
		if (!extack->_msg)
			NL_SET_ERR_MSG(extack, "new evidence could not be collected");
		/* Once it is withdrawn, nobody cares what could not replace it */
		if (evidence->set)
			evidence_event(evidence->dev, DEVICE_EVIDENCE_EVENT_FAILED,
				       evidence->set->generation, &failure);
		return set;
	}
	if (!evidence->set) {
		NL_SET_ERR_MSG(extack, "evidence withdrawn during refresh");
		return ERR_PTR(-ENXIO);
	}

	old = evidence_retire(evidence, EVIDENCE_REPLACED);
	evidence_publish(evidence, set, DEVICE_EVIDENCE_EVENT_REFRESHED);
	refcount_inc(&set->refs);
	return no_free_ptr(set);
}

/* READ with a nonce: the set to be read is one that is collected for it */
static struct device_evidence_set *evidence_refresh_for(struct device_evidence *evidence,
							const struct genl_info *info)
{
	const struct nlattr *nonce = info->attrs[DEVICE_EVIDENCE_A_NONCE];
	const struct nlattr *slot = info->attrs[DEVICE_EVIDENCE_A_SLOT];
	struct device_evidence_request request = {
		.type_mask = nla_get_u32(info->attrs[DEVICE_EVIDENCE_A_TYPE_MASK]),
		.nonce = nla_data(nonce),
		.slot = nla_get_u32_default(slot, DEVICE_EVIDENCE_SLOT_ANY),
	};

	return evidence_refresh(evidence, &request, info->extack);
}

static int evidence_read_check(const struct genl_info *info)
{
	const struct nlattr *mask = info->attrs[DEVICE_EVIDENCE_A_TYPE_MASK];
	const struct nlattr *nonce = info->attrs[DEVICE_EVIDENCE_A_NONCE];
	const struct nlattr *slot = info->attrs[DEVICE_EVIDENCE_A_SLOT];

	if (evidence_attr_missing(info, DEVICE_EVIDENCE_A_TYPE_MASK, "type-mask"))
		return -EINVAL;
	if (!nla_get_u32(mask)) {
		NL_SET_ERR_MSG_ATTR(info->extack, mask, "type-mask asks for nothing");
		return -EINVAL;
	}
	/* The policy refuses a longer one */
	if (nonce && nla_len(nonce) != DEVICE_EVIDENCE_MAX_NONCE_SIZE) {
		NL_SET_ERR_MSG_ATTR(info->extack, nonce, "nonce must have 32 bytes");
		return -EINVAL;
	}
	if (slot && !nonce) {
		NL_SET_ERR_MSG_ATTR(info->extack, slot,
				    "slot chooses what a nonce is sent to, and there is no nonce");
		return -EINVAL;
	}
	return 0;
}

int device_evidence_nl_read_start(struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	struct evidence_dump *dump = (void *)cb->ctx;
	struct device_evidence_set *set;
	int err;

	NL_ASSERT_CTX_FITS(struct evidence_dump);

	err = evidence_read_check(info);
	if (err)
		return err;

	struct device_evidence *evidence __free(evidence_put) = evidence_get(info);
	if (IS_ERR(evidence))
		return PTR_ERR(evidence);

	if (info->attrs[DEVICE_EVIDENCE_A_NONCE])
		set = evidence_refresh_for(evidence, info);
	else
		set = evidence_current(evidence);
	if (IS_ERR(set))
		return PTR_ERR(set);
	if (!set) {
		NL_SET_ERR_MSG(info->extack, "device has no evidence");
		return -ENXIO;
	}

	dump->set = set;
	dump->types = nla_get_u32(info->attrs[DEVICE_EVIDENCE_A_TYPE_MASK]);
	dump->flags = nla_get_u32_default(info->attrs[DEVICE_EVIDENCE_A_FLAGS], 0);
	dump->offset = 0;
	return 0;
}

static int evidence_put_layout(struct sk_buff *skb,
			       const struct device_evidence_transcript *layout)
{
	if (nla_put_u32(skb, DEVICE_EVIDENCE_A_SPDM_VERSION, layout->spdm_version) ||
	    nla_put_string(skb, DEVICE_EVIDENCE_A_HASH, layout->hash) ||
	    nla_put_string(skb, DEVICE_EVIDENCE_A_SIGNATURE_ALGORITHM,
			   layout->signature_algorithm) ||
	    evidence_put_u32_nonzero(skb, DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET,
				     layout->requester_nonce_offset) ||
	    evidence_put_u32_nonzero(skb, DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET,
				     layout->responder_nonce_offset))
		return -EMSGSIZE;

	if (!layout->signature_len)
		return 0;

	if (nla_put_u32(skb, DEVICE_EVIDENCE_A_SIGNATURE_OFFSET, layout->signature_offset) ||
	    nla_put_u32(skb, DEVICE_EVIDENCE_A_SIGNATURE_LENGTH, layout->signature_len))
		return -EMSGSIZE;
	return 0;
}

/* What the first message of an object says to those who asked for details */
static int evidence_put_details(struct sk_buff *skb, const struct evidence_dump *dump,
				const struct evidence_object *object)
{
	const struct device_evidence_set *set = dump->set;

	if (nla_put_u64_64bit(skb, DEVICE_EVIDENCE_A_COUNT, set->count,
			      DEVICE_EVIDENCE_A_PAD))
		return -EMSGSIZE;
	if (test_bit(EVIDENCE_VALIDATED, &set->state) &&
	    nla_put_flag(skb, DEVICE_EVIDENCE_A_VALIDATED))
		return -EMSGSIZE;
	if (object->has_layout)
		return evidence_put_layout(skb, &object->layout);
	if (dump->flags & DEVICE_EVIDENCE_FLAG_DIGEST && set->hash)
		return nla_put_string(skb, DEVICE_EVIDENCE_A_HASH, set->hash->name);
	return 0;
}

/* How many of @len bytes go into a VAL at the end of @skb; 0 if that is not worth while */
static u32 evidence_val_len(const struct sk_buff *skb, u32 len)
{
	u32 room = skb_tailroom(skb);

	if (room < NLA_HDRLEN)
		return 0;

	room = round_down(min(room - NLA_HDRLEN, EVIDENCE_VAL_MAX), NLA_ALIGNTO);
	if (len <= room)
		return len;
	return room < EVIDENCE_VAL_MIN ? 0 : room;
}

static int evidence_message_fill(struct sk_buff *skb, struct evidence_dump *dump)
{
	const struct device_evidence_set *set = dump->set;
	u32 type = __ffs(dump->types);
	const struct evidence_object *object = &set->objects[type];
	const void *data = object->data;
	u32 len = object->len;
	u32 val_len;

	if (dump->flags & DEVICE_EVIDENCE_FLAG_DIGEST) {
		len = set->hash && object->len ? set->hash->len : 0;
		data = object->digest;
	}

	if (!dump->offset) {
		if (nla_put_u32(skb, DEVICE_EVIDENCE_A_TYPE, type) ||
		    nla_put_u32(skb, DEVICE_EVIDENCE_A_GENERATION, set->generation) ||
		    nla_put_u32(skb, DEVICE_EVIDENCE_A_LENGTH, len))
			return -EMSGSIZE;
		if (dump->flags & DEVICE_EVIDENCE_FLAG_DETAILS &&
		    evidence_put_details(skb, dump, object))
			return -EMSGSIZE;
	}

	if (len) {
		if (dump->flags & DEVICE_EVIDENCE_FLAG_DETAILS &&
		    nla_put_u32(skb, DEVICE_EVIDENCE_A_OFFSET, dump->offset))
			return -EMSGSIZE;

		val_len = evidence_val_len(skb, len - dump->offset);
		if (!val_len ||
		    nla_put(skb, DEVICE_EVIDENCE_A_VAL, val_len, data + dump->offset))
			return -EMSGSIZE;
		dump->offset += val_len;
	}

	if (dump->offset == len) {
		dump->types &= ~BIT(type);
		dump->offset = 0;
	}
	return 0;
}

static int evidence_message(struct sk_buff *skb, struct netlink_callback *cb,
			    struct evidence_dump *dump)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				&device_evidence_nl_family, NLM_F_MULTI,
				DEVICE_EVIDENCE_CMD_READ);
	int err;

	if (!hdr)
		return -EMSGSIZE;

	err = evidence_message_fill(skb, dump);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/*
 * Each message takes what is left of @skb, whose size netlink derives from the
 * buffers that the reader offered so far: some 3.5 KiB for the first one, which
 * any reader can take, and up to 32 KiB later on. To ask for more by
 * min_dump_alloc would cut off the messages of those who offer less.
 */
int device_evidence_nl_read_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct evidence_dump *dump = (void *)cb->ctx;
	int err;

	if (test_bit(EVIDENCE_REPLACED, &dump->set->state)) {
		NL_SET_ERR_MSG(cb->extack, "evidence updated during read");
		return -EAGAIN;
	}
	if (test_bit(EVIDENCE_WITHDRAWN, &dump->set->state)) {
		NL_SET_ERR_MSG(cb->extack, "evidence withdrawn during read");
		return -EAGAIN;
	}

	while (dump->types) {
		/* -EMSGSIZE for a buffer with messages in it means: to be continued */
		err = evidence_message(skb, cb, dump);
		if (err)
			return err;
	}
	return 0;
}

int device_evidence_nl_read_done(struct netlink_callback *cb)
{
	struct evidence_dump *dump = (void *)cb->ctx;

	evidence_set_put(dump->set);
	return 0;
}

int device_evidence_nl_validate_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct device_evidence *evidence __free(evidence_put) = NULL;
	struct device_evidence_set *set;
	u32 generation;

	if (evidence_attr_missing(info, DEVICE_EVIDENCE_A_GENERATION, "generation"))
		return -EINVAL;
	generation = nla_get_u32(info->attrs[DEVICE_EVIDENCE_A_GENERATION]);

	evidence = evidence_get(info);
	if (IS_ERR(evidence))
		return PTR_ERR(evidence);

	guard(mutex)(&registry_lock);

	set = evidence->set;
	if (!set) {
		NL_SET_ERR_MSG(info->extack, "device has no evidence");
		return -ENXIO;
	}
	if (set->generation != generation) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DEVICE_EVIDENCE_A_GENERATION],
				    "evidence has changed since this generation");
		return -ESTALE;
	}

	/* To accept twice is no mistake and no news */
	if (!test_and_set_bit(EVIDENCE_VALIDATED, &set->state))
		evidence_event(evidence->dev, DEVICE_EVIDENCE_EVENT_VALIDATED, generation, NULL);
	return 0;
}

/* As generated, but events are for those only who may read the evidence */
static const struct genl_multicast_group evidence_mcgrps[] = {
	[DEVICE_EVIDENCE_NLGRP_EVENTS] = {
		.name = DEVICE_EVIDENCE_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

static int __init device_evidence_init(void)
{
	/*
	 * Two things that the YAML spec cannot say: who may join the group, and
	 * that the family is absent from network namespaces other than the
	 * initial one. Devices are not divided among namespaces; whoever
	 * administers a container's network has no business with them.
	 */
	device_evidence_nl_family.mcgrps = evidence_mcgrps;
	device_evidence_nl_family.n_mcgrps = ARRAY_SIZE(evidence_mcgrps);
	device_evidence_nl_family.netnsok = false;

	return genl_register_family(&device_evidence_nl_family);
}
subsys_initcall(device_evidence_init);
