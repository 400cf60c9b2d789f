// SPDX-License-Identifier: GPL-2.0
/*
 * Device evidence: what a device said to prove its identity, for user space to judge
 *
 * Providers publish sets of evidence, user space reads them by the generic
 * netlink family "device-evidence". Nothing here interprets an object.
 *
 * This file publishes sets and keeps them in order; evidence-set.c fills them,
 * evidence-netlink.c answers requests, and evidence-event.c tells of changes.
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
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/device/bus.h>
#include <linux/device/evidence.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "evidence.h"

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

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(provider_list);
static LIST_HEAD(evidence_list);

/* Drop a reference that pins nothing but the structure */
void evidence_put(struct device_evidence *evidence)
{
	if (IS_ERR_OR_NULL(evidence) || !refcount_dec_and_test(&evidence->refs))
		return;

	mutex_destroy(&evidence->lock);
	kfree(evidence);
}

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
struct device_evidence_set *evidence_current(struct device_evidence *evidence)
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
 * Find what a request is about. The reference to the device does not outlast
 * the look-up: a dump must not keep a device alive that is long unplugged.
 */
struct device_evidence *evidence_get(const struct nlattr *subsys, const struct nlattr *name,
				     struct netlink_ext_ack *extack)
{
	struct device *dev __free(put_device) = NULL;
	struct evidence_provider *provider;
	struct device_evidence *evidence;

	/* Dropped before the device is, whose release may take any lock */
	guard(mutex)(&registry_lock);

	list_for_each_entry(provider, &provider_list, node) {
		if (nla_strcmp(subsys, provider->bus->name))
			continue;

		dev = bus_find_device_by_name(provider->bus, NULL, nla_data(name));
		if (!dev) {
			NL_SET_ERR_MSG_ATTR(extack, name, "no such device");
			return ERR_PTR(-ENODEV);
		}

		evidence = evidence_find(dev);
		if (!evidence) {
			NL_SET_ERR_MSG(extack, "device has no evidence");
			return ERR_PTR(-ENXIO);
		}

		refcount_inc(&evidence->refs);
		return evidence;
	}

	NL_SET_ERR_MSG_ATTR(extack, subsys,
			    "no provider of evidence for this subsystem");
	return ERR_PTR(-EOPNOTSUPP);
}

/* Collect and publish new evidence; returns the new set with a reference for the caller */
struct device_evidence_set *evidence_refresh(struct device_evidence *evidence,
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

/* Accept the current set, if it is the one that @generation names */
int evidence_validate(struct device_evidence *evidence, const struct nlattr *generation,
		      struct netlink_ext_ack *extack)
{
	struct device_evidence_set *set;

	guard(mutex)(&registry_lock);

	set = evidence->set;
	if (!set) {
		NL_SET_ERR_MSG(extack, "device has no evidence");
		return -ENXIO;
	}
	if (set->generation != nla_get_u32(generation)) {
		NL_SET_ERR_MSG_ATTR(extack, generation,
				    "evidence has changed since this generation");
		return -ESTALE;
	}

	/* To accept twice is no mistake and no news */
	if (!test_and_set_bit(EVIDENCE_VALIDATED, &set->state))
		evidence_event(evidence->dev, DEVICE_EVIDENCE_EVENT_VALIDATED, set->generation,
			       NULL);
	return 0;
}
