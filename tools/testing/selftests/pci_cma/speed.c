// SPDX-License-Identifier: GPL-2.0
/*
 * How fast the evidence of a device is made and read
 *
 *	speed DEVICE
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
#include <time.h>
#include <unistd.h>

#include "cma_device.h"
#include "evidence_client.h"

/* Seconds that each speed is measured for */
#define LONG_ENOUGH	1.0

#define RUNS		11

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void give_up(const char *what, int err)
{
	fprintf(stderr, "speed: %s: %s\n", what, strerror(err));
	exit(1);
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference < 0 ? -1 : difference > 0;
}

static double median(double *values)
{
	qsort(values, RUNS, sizeof(*values), compare);
	return values[RUNS / 2];
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

static void tell_speed(const struct evidence_family *family,
		       const struct evidence_request *request, size_t size)
{
	size_t len;
	double dumps = speed_of_dumps(family, request, size, &len);

	printf("%zu bytes of evidence, buffers of %zu bytes: %.1f MiB/s, %.2f of /dev/zero\n",
	       len, size, dumps / 0x100000, dumps / speed_of_zero(size));
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
	printf("connect %.1f ms, refresh %.1f ms, medians of %d\n", median(connects) * 1e3,
	       median(refreshes) * 1e3, RUNS);
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

	if (argc != 2 || !cma_find_tsm(tsm, sizeof(tsm))) {
		fprintf(stderr, "usage: speed DEVICE\n");
		return 2;
	}
	snprintf(device.name, sizeof(device.name), "%s", argv[1]);
	request.device = device.name;
	err = sock < 0 ? sock : evidence_find_family(sock, &family);
	if (err)
		give_up("netlink", -err);

	tell_times(&device, tsm, &family, &request);
	tell_speed(&family, &request, 4096);
	tell_speed(&family, &request, EVIDENCE_BUFFER);
	return 0;
}
