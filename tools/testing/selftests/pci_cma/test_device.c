// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's test device, which is evidence of any size
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test_device.h"

#define TEST_DEVICE	"test-evidence"
#define SIZE		"/sys/devices/faux/" TEST_DEVICE "/size"

bool test_device_exists(void)
{
	return !access(SIZE, F_OK);
}

int test_device_resize(size_t size)
{
	int fd = open(SIZE, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%zu", size) < 0)
		err = -errno;
	close(fd);
	return err;
}

struct evidence_request test_device_request(void)
{
	return (struct evidence_request){
		.mask = 1U << DEVICE_EVIDENCE_OBJECT_TYPE_CERT0,
		.subsys = "faux",
		.device = TEST_DEVICE,
		.slot = -1,
	};
}

int test_device_refresh(const struct evidence_family *family, __u32 seed,
			struct evidence_reply *reply)
{
	struct evidence_request request = test_device_request();
	__u32 nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE / sizeof(__u32)] = { htole32(seed) };

	request.nonce = nonce;
	request.nonce_len = sizeof(nonce);
	return evidence_read_all(family, &request, reply);
}

/* Word n is n plus the seed, and the last one may be cut off */
bool test_device_gave(const struct evidence_reply *reply, __u32 seed)
{
	const struct evidence_object *object =
		&reply->objects[DEVICE_EVIDENCE_OBJECT_TYPE_CERT0];
	const __u32 *words = (const __u32 *)object->data;
	size_t count = object->received / sizeof(*words);
	__u32 last = htole32(count + seed);

	for (size_t i = 0; i < count; i++)
		if (words[i] != htole32(i + seed))
			return false;
	if (memcmp(&words[count], &last, object->received % sizeof(last)))
		return false;
	return reply->error || object->received == object->length;
}
