/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's test device, which is evidence of any size: test_device_evidence.c there
 */
#ifndef TEST_DEVICE_H
#define TEST_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "evidence_client.h"

bool test_device_exists(void);
/* Has it begin anew with an object of so many bytes, none if 0: 0 or a negative errno */
int test_device_resize(size_t size);
/* A READ of its object */
struct evidence_request test_device_request(void);
/* The same after it has collected evidence with @seed */
int test_device_refresh(const struct evidence_family *family, __u32 seed,
			struct evidence_reply *reply);
/* Whether what there is in the reply, be it a part, was made with @seed */
bool test_device_gave(const struct evidence_reply *reply, __u32 seed);

#endif /* TEST_DEVICE_H */
