/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>
#include <linux/types.h>

/* Whether the errno, the reason in the event and what tsm/failure shows tell the same */
bool failure_fits(int error, __u32 reason, const char *failure);

#endif /* FAILURE_H */
