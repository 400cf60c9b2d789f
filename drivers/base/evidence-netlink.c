// SPDX-License-Identifier: GPL-2.0
/*
 * Device evidence: the requests of the generic netlink family "device-evidence"
 *
 * The policies in device-evidence-nl.c have been applied before a request gets
 * here. See Documentation/netlink/specs/device-evidence.yaml.
 */
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/device/evidence.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <net/genetlink.h>

#include "device-evidence-nl.h"
#include "evidence.h"

/* Most bytes of a VAL: an attribute's length is 16 bits wide and has the header in it */
#define EVIDENCE_VAL_MAX round_down(U16_MAX - NLA_HDRLEN, NLA_ALIGNTO)

/*
 * Fewest bytes of a VAL that has another one after it. Space at the end of a
 * buffer that is smaller is left unused, it would cost more than it carries.
 */
#define EVIDENCE_VAL_MIN 256

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

static bool evidence_attr_missing(const struct genl_info *info, int attr, const char *text)
{
	if (!GENL_REQ_ATTR_CHECK(info, attr))
		return false;

	NL_SET_ERR_MSG_FMT(info->extack, "%s is missing", text);
	return true;
}

/* The evidence of the device that the request names, with a reference */
static struct device_evidence *evidence_named(const struct genl_info *info)
{
	if (evidence_attr_missing(info, DEVICE_EVIDENCE_A_SUBSYS, "subsys") ||
	    evidence_attr_missing(info, DEVICE_EVIDENCE_A_DEV_NAME, "dev-name"))
		return ERR_PTR(-EINVAL);

	return evidence_get(info->attrs[DEVICE_EVIDENCE_A_SUBSYS],
			    info->attrs[DEVICE_EVIDENCE_A_DEV_NAME], info->extack);
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

	struct device_evidence *evidence __free(evidence_put) = evidence_named(info);
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

static int evidence_put_u32_nonzero(struct sk_buff *skb, int attr, u32 value)
{
	return value ? nla_put_u32(skb, attr, value) : 0;
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
	if (evidence_attr_missing(info, DEVICE_EVIDENCE_A_GENERATION, "generation"))
		return -EINVAL;

	struct device_evidence *evidence __free(evidence_put) = evidence_named(info);
	if (IS_ERR(evidence))
		return PTR_ERR(evidence);

	return evidence_validate(evidence, info->attrs[DEVICE_EVIDENCE_A_GENERATION],
				 info->extack);
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
