// SPDX-License-Identifier: GPL-2.0
/*
 * What the requester needs of the kernel and Rust has no abstraction for, and
 * what modules may call of it: #[export] makes a Rust function callable from
 * C, but only C can put it into the kernel's symbol table.
 */

#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spdm.h>

#include "glue.h"

EXPORT_SYMBOL_GPL(spdm_create);
EXPORT_SYMBOL_GPL(spdm_authenticate);
EXPORT_SYMBOL_GPL(spdm_parse_algorithms);
EXPORT_SYMBOL_GPL(spdm_destroy);

/**
 * rspdm_wait() - Sleep until a device may be ready
 * @microseconds: How long, rounded up to a jiffy; the caller bounds it
 *
 * Context: Process context, sleeps.
 * Return: 0, or -EINTR as soon as the task is being killed.
 */
int rspdm_wait(u64 microseconds)
{
	unsigned int us = min_t(u64, microseconds, UINT_MAX);

	schedule_timeout_killable(usecs_to_jiffies(us));

	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * rspdm_log_limit_init() - Prepare the rate limit of one device's log lines
 * @limit: The limit, which stays where it is
 *
 * What is left out is not counted in the log: the line that would say so has no
 * room for the device's name.
 */
void rspdm_log_limit_init(struct ratelimit_state *limit)
{
	ratelimit_default_init(limit);
	ratelimit_set_flags(limit, RATELIMIT_MSG_ON_RELEASE);
}

/**
 * rspdm_may_log() - Ask whether one more failure may be logged
 * @limit: What rspdm_log_limit_init() prepared
 *
 * Devices decide how often they fail, hence the rate limit; each has its own,
 * lest one that fails all the time silence the others.
 *
 * Context: Any.
 * Return: True if it may.
 */
bool rspdm_may_log(struct ratelimit_state *limit)
{
	return __ratelimit(limit);
}

/**
 * rspdm_log_missing() - Say once which algorithms no device is offered
 *
 * Context: Any.
 */
void rspdm_log_missing(void)
{
	if (!IS_ENABLED(CONFIG_RSPDM_MLDSA))
		pr_info_once("SPDM: ML-DSA is not offered, CONFIG_RSPDM_MLDSA is not set\n");

	if (!IS_ENABLED(CONFIG_RSPDM_SHA3))
		pr_info_once("SPDM: SHA-3 is not offered, CONFIG_RSPDM_SHA3 is not set\n");
}
