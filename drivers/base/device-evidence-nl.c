// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/device-evidence.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "device-evidence-nl.h"

#include <uapi/linux/device-evidence.h>

/* DEVICE_EVIDENCE_CMD_READ - dump */
static const struct nla_policy device_evidence_read_nl_policy[DEVICE_EVIDENCE_A_SLOT + 1] = {
	[DEVICE_EVIDENCE_A_TYPE_MASK] = NLA_POLICY_MASK(NLA_U32, 0x107ff),
	[DEVICE_EVIDENCE_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x10001),
	[DEVICE_EVIDENCE_A_SUBSYS] = { .type = NLA_NUL_STRING, .len = DEVICE_EVIDENCE_MAX_NAME_SIZE, },
	[DEVICE_EVIDENCE_A_DEV_NAME] = { .type = NLA_NUL_STRING, .len = DEVICE_EVIDENCE_MAX_NAME_SIZE, },
	[DEVICE_EVIDENCE_A_NONCE] = NLA_POLICY_MAX_LEN(DEVICE_EVIDENCE_MAX_NONCE_SIZE),
	[DEVICE_EVIDENCE_A_SLOT] = NLA_POLICY_MAX(NLA_U32, DEVICE_EVIDENCE_MAX_SLOT),
};

/* DEVICE_EVIDENCE_CMD_VALIDATE - do */
static const struct nla_policy device_evidence_validate_nl_policy[DEVICE_EVIDENCE_A_GENERATION + 1] = {
	[DEVICE_EVIDENCE_A_SUBSYS] = { .type = NLA_NUL_STRING, .len = DEVICE_EVIDENCE_MAX_NAME_SIZE, },
	[DEVICE_EVIDENCE_A_DEV_NAME] = { .type = NLA_NUL_STRING, .len = DEVICE_EVIDENCE_MAX_NAME_SIZE, },
	[DEVICE_EVIDENCE_A_GENERATION] = { .type = NLA_U32, },
};

/* Ops table for device_evidence */
static const struct genl_split_ops device_evidence_nl_ops[] = {
	{
		.cmd		= DEVICE_EVIDENCE_CMD_READ,
		.start		= device_evidence_nl_read_start,
		.dumpit		= device_evidence_nl_read_dumpit,
		.done		= device_evidence_nl_read_done,
		.policy		= device_evidence_read_nl_policy,
		.maxattr	= DEVICE_EVIDENCE_A_SLOT,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DEVICE_EVIDENCE_CMD_VALIDATE,
		.doit		= device_evidence_nl_validate_doit,
		.policy		= device_evidence_validate_nl_policy,
		.maxattr	= DEVICE_EVIDENCE_A_GENERATION,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group device_evidence_nl_mcgrps[] = {
	[DEVICE_EVIDENCE_NLGRP_EVENTS] = { "events", },
};

struct genl_family device_evidence_nl_family __ro_after_init = {
	.name		= DEVICE_EVIDENCE_FAMILY_NAME,
	.version	= DEVICE_EVIDENCE_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= device_evidence_nl_ops,
	.n_split_ops	= ARRAY_SIZE(device_evidence_nl_ops),
	.mcgrps		= device_evidence_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(device_evidence_nl_mcgrps),
};
