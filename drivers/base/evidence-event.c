// SPDX-License-Identifier: GPL-2.0
/*
 * Device evidence: events, for the netlink group and for udev
 */
#include <linux/array_size.h>
#include <linux/device.h>
#include <linux/device/bus.h>
#include <linux/device/evidence.h>
#include <linux/export.h>
#include <linux/kobject.h>
#include <linux/sprintf.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "device-evidence-nl.h"
#include "evidence.h"

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

/**
 * evidence_event - tell what became of a device's evidence
 * @dev: The device.
 * @event: What happened.
 * @generation: Of the evidence, or 0 if there is none.
 * @failure: Why @event is DEVICE_EVIDENCE_EVENT_FAILED, otherwise NULL.
 *
 * Context: May sleep. The lock that puts the changes in order is held.
 */
void evidence_event(struct device *dev, enum device_evidence_event event,
		    u32 generation, const struct device_evidence_failure *failure)
{
	evidence_event_multicast(dev, event, generation, failure);
	evidence_event_uevent(dev, event, generation, failure);
}
