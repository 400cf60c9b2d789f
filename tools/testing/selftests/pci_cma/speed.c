// SPDX-License-Identifier: GPL-2.0
/*
 * How fast the evidence of a device is made and read
 *
 *	speed DEVICE	  the one that is given
 *	speed		  the kernel's test device, with objects of several sizes
 *
 * Compares with what no system call can do without: /dev/zero is read in pieces of
 * the same size.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cma_device.h"
#include "evidence_client.h"
#include "test_device.h"
#include "timing.h"

/* Seconds that each speed is measured for */
#define LONG_ENOUGH	1.0

#define RUNS		11

static void give_up(const char *what, int err)
{
	fprintf(stderr, "speed: %s: %s\n", what, strerror(err));
	exit(1);
}

/* Bytes per second of /dev/zero in pieces of @size bytes */
static double speed_of_zero(size_t size)
{
	static char buffer[EVIDENCE_BUFFER];
	int fd = open("/dev/zero", O_RDONLY);
	double begin = now(), bytes = 0;

	if (fd < 0)
		give_up("/dev/zero", errno);
	while (now() - begin < LONG_ENOUGH)
		bytes += read(fd, buffer, size);
	close(fd);
	return bytes / (now() - begin);
}

/* Bytes per second of dumps into buffers of @size bytes; how many are in one dump goes to @len */
static double speed_of_dumps(const struct evidence_family *family,
			     const struct evidence_request *request, size_t size, size_t *len)
{
	double begin = now(), bytes = 0;
	int sock = evidence_socket();

	while (now() - begin < LONG_ENOUGH) {
		struct evidence_reply reply;
		int err = -evidence_read(sock, family, size, request, &reply);

		if (err || reply.error)
			give_up("read", err ? err : reply.error);
		*len = 0;
		for (int i = 0; i < EVIDENCE_TYPES; i++)
			*len += reply.objects[i].received;
		bytes += *len;
		evidence_reply_free(&reply);
	}
	close(sock);
	return bytes / (now() - begin);
}

/*
 * What is read is looked through, but not kept: where to keep it is the reader's
 * business, and memory that he gets for it costs as much as the rest.
 */
static void tell_speed(const struct evidence_family *family,
		       const struct evidence_request *request, size_t size)
{
	struct evidence_request discarding = *request;
	double dumps;
	size_t len;

	discarding.discard = true;
	dumps = speed_of_dumps(family, &discarding, size, &len);
	printf("%zu bytes of evidence, buffers of %zu bytes: %.1f MiB/s, %.2f of /dev/zero\n",
	       len, size, dumps / 0x100000, dumps / speed_of_zero(size));
}

static void tell_speeds(const struct evidence_family *family,
			const struct evidence_request *request)
{
	static const size_t buffers[] = { 4096, 8192, 32768, EVIDENCE_BUFFER };

	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++)
		tell_speed(family, request, buffers[i]);
}

static void tell_test_device(const struct evidence_family *family)
{
	static const size_t sizes[] = { 4096, 65536, DEVICE_EVIDENCE_MAX_OBJECT_SIZE };
	const struct evidence_request request = test_device_request();

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int err = test_device_resize(sizes[i]);

		if (err)
			give_up("test device", -err);
		tell_speeds(family, &request);
	}
	test_device_resize(0);
}

static void tell_times(const struct cma_device *device, const char *tsm,
		       const struct evidence_family *family,
		       const struct evidence_request *request)
{
	double connects[RUNS], refreshes[RUNS];

	for (int i = 0; i < RUNS; i++) {
		struct evidence_reply reply;
		double begin;
		int err;

		cma_tell(device, "tsm/disconnect", tsm);
		begin = now();
		err = -cma_tell(device, "tsm/connect", tsm);
		connects[i] = now() - begin;
		if (err)
			give_up("connect", err);

		begin = now();
		err = -evidence_refresh(family, request, &reply);
		refreshes[i] = now() - begin;
		if (err || reply.error)
			give_up("refresh", err ? err : reply.error);
		evidence_reply_free(&reply);
	}
	printf("connect %.1f ms, refresh %.1f ms, medians of %d\n", median(connects, RUNS) * 1e3,
	       median(refreshes, RUNS) * 1e3, RUNS);
}

int main(int argc, char **argv)
{
	struct evidence_request request = {
		.mask = EVIDENCE_ALL, .subsys = "pci", .slot = -1
	};
	struct evidence_family family;
	struct cma_device device = {};
	int sock = evidence_socket();
	char tsm[16];
	int err;

	err = sock < 0 ? sock : evidence_find_family(sock, &family);
	if (err)
		give_up("netlink", -err);
	if (argc == 1) {
		tell_test_device(&family);
		return 0;
	}
	if (argc != 2 || !cma_find_tsm(tsm, sizeof(tsm))) {
		fprintf(stderr, "usage: speed [DEVICE]\n");
		return 2;
	}

	snprintf(device.name, sizeof(device.name), "%s", argv[1]);
	request.device = device.name;
	tell_times(&device, tsm, &family, &request);
	tell_speeds(&family, &request);
	return 0;
}
