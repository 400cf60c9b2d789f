/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the requester needs of the kernel and Rust has no abstraction for.
 */
#ifndef _RSPDM_GLUE_H
#define _RSPDM_GLUE_H

#include <linux/types.h>

int rspdm_wait(u64 microseconds);
bool rspdm_may_log(void);

#endif /* _RSPDM_GLUE_H */
