/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the requester needs of the kernel and Rust has no abstraction for.
 */
#ifndef _RSPDM_GLUE_H
#define _RSPDM_GLUE_H

#include <linux/ratelimit_types.h>
#include <linux/types.h>

int rspdm_wait(u64 microseconds);
void rspdm_log_limit_init(struct ratelimit_state *limit);
bool rspdm_may_log(struct ratelimit_state *limit);
void rspdm_log_missing(void);

#endif /* _RSPDM_GLUE_H */
