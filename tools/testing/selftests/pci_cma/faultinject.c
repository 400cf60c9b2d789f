// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that runs out: whichever allocation of an operation fails, the operation
 * fails with ENOMEM or does without, and leaves things as they were.
 *
 *	$STRIDE	  one of how many allocations is tried; 1 for all
 *
 * The devices share the work: each has a process of its own. That nothing is lost
 * in memory has to be found by others, such as kmemleak.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "worker.h"

#define STRIDE_DEFAULT	5

/* Seconds after which a request that has no answer never has one */
#define FOREVER		60

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define DEBUG		"/sys/kernel/debug/"

/* Allocations of all kinds fail if told to, and not a word of it in the log */
static const struct {
	const char *path;
	const char *value;
} settings[] = {
	{ DEBUG "failslab/ignore-gfp-wait", "N" },
	{ DEBUG "failslab/verbose", "0" },
	{ DEBUG "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUG "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUG "fail_page_alloc/min-order", "0" },
	{ DEBUG "fail_page_alloc/verbose", "0" },
};

/* Files of the process that need no memory to be opened any more */
static int connect_fd, disconnect_fd, fail_nth_fd;

/**
 * struct operation - what fails
 * @name: What to call it.
 * @needs_connection: The device is connected before, or not.
 * @run: Does it: 0 or an errno.
 * @check: Looks at what became of it.
 */
struct operation {
	const char *name;
	bool needs_connection;
	int (*run)(struct worker *worker, int sock);
	void (*check)(struct worker *worker, int error);
};

/**
 * struct progress - how far the processes have come with an operation
 * @next: Number of the allocation that nobody has taken yet, less one.
 * @tried: How many failed.
 * @absorbed: In spite of how many of these the operation succeeded.
 * @broken: How many of these did harm.
 */
struct progress {
	int next;
	int tried;
	int absorbed;
	int broken;
};

static int tell(int fd, const char *line)
{
	return pwrite(fd, line, strlen(line), 0) < 0 ? errno : 0;
}

static int run_connect(struct worker *worker, int sock)
{
	return tell(connect_fd, worker->tsm);
}

static int run_disconnect(struct worker *worker, int sock)
{
	return tell(disconnect_fd, worker->tsm);
}

/* Reads all and keeps nothing, new evidence if @nonce is not NULL */
static int run_read(struct worker *worker, int sock, const void *nonce)
{
	const struct evidence_request request = {
		.mask = EVIDENCE_ALL,
		.subsys = "pci",
		.device = worker->device->name,
		.nonce = nonce,
		.nonce_len = DEVICE_EVIDENCE_MAX_NONCE_SIZE,
		.slot = -1,
		.discard = true,
	};
	struct evidence_reply reply;
	int err = -evidence_read(sock, &worker->family, EVIDENCE_BUFFER, &request, &reply);

	return err ?: reply.error;
}

static int run_refresh(struct worker *worker, int sock)
{
	static const unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE] = { 1 };

	return run_read(worker, sock, nonce);
}

static int run_dump(struct worker *worker, int sock)
{
	return run_read(worker, sock, NULL);
}

static int run_validate(struct worker *worker, int sock)
{
	struct evidence_reply reply;
	int err = -evidence_validate(sock, &worker->family, "pci", worker->device->name,
				     &worker->known.objects[0].generation, &reply);

	return err ?: reply.error;
}

static void check_connect(struct worker *worker, int error)
{
	struct evidence_reply reply;
	char failure[64];

	expect(worker, cma_is_connected(worker->device) == !error,
	       "%s, but it is authenticated, or not", error_name(error));
	if (!error) {
		expect(worker, was_told(worker, DEVICE_EVIDENCE_EVENT_CONNECTED),
		       "no event that it is connected");
		return learn(worker);
	}

	read_evidence(worker, 0, &reply);
	expect_error(worker, ENXIO, reply.error, "evidence");
	evidence_reply_free(&reply);

	/* Nothing, if the kernel could not even take the request */
	cma_ask(worker->device, "tsm/failure", failure, sizeof(failure));
	expect(worker, !*failure || !strcmp(failure, "resources"), "failure: %s", failure);
	expect(worker, !*failure || was_told(worker, DEVICE_EVIDENCE_EVENT_FAILED),
	       "no event that it failed");
}

static void check_disconnect(struct worker *worker, int error)
{
	expect(worker, cma_is_connected(worker->device) == !!error,
	       "%s, but it is authenticated, or not", error_name(error));
	if (!error)
		expect(worker, was_told(worker, DEVICE_EVIDENCE_EVENT_DISCONNECTED),
		       "no event that it is disconnected");
}

/* Either there is new evidence, or the old is what it was */
static void check_refresh(struct worker *worker, int error)
{
	struct evidence_reply reply;

	read_evidence(worker, 0, &reply);
	expect_error(worker, 0, reply.error, "evidence");
	if (evidence_is_same(&worker->known, &reply)) {
		expect(worker, error, "no new evidence");
		return evidence_reply_free(&reply);
	}

	expect(worker, reply.objects[0].generation > worker->known.objects[0].generation,
	       "the evidence is not what it was");
	expect(worker, was_told(worker, DEVICE_EVIDENCE_EVENT_REFRESHED),
	       "no event that it is refreshed");
	evidence_reply_free(&worker->known);
	worker->known = reply;
}

static void check_same(struct worker *worker, int error)
{
	expect_known(worker);
}

static const struct operation operations[] = {
	{ "connect", false, run_connect, check_connect },
	{ "disconnect", true, run_disconnect, check_disconnect },
	{ "refresh", true, run_refresh, check_refresh },
	{ "dump", true, run_dump, check_same },
	{ "validate", true, run_validate, check_same },
};

/* Runs it with a failure of the nth allocation; false if there are not so many */
static bool fails(struct worker *worker, const struct operation *operation, int nth, int *error)
{
	const struct timeval forever = { .tv_sec = FOREVER };
	int sock = evidence_socket();
	char left[16] = "";

	snprintf(left, sizeof(left), "%d", nth);
	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever)) ||
	    tell(fail_nth_fd, left))
		_exit(1);

	*error = operation->run(worker, sock);

	memset(left, 0, sizeof(left));
	if (pread(fail_nth_fd, left, sizeof(left) - 1, 0) < 0 || tell(fail_nth_fd, "0"))
		_exit(1);
	close(sock);
	return !atoi(left);
}

static bool step(struct worker *worker, const struct operation *operation, int nth,
		 struct progress *progress)
{
	bool failed;
	int error;

	worker->outcome.passed = true;
	if (operation->needs_connection)
		be_connected(worker);
	else
		be_disconnected(worker);
	forget_events(worker);

	failed = fails(worker, operation, nth, &error);
	expect(worker, !error || (failed && (error == ENOMEM || error == ENOBUFS)),
	       "it ends with %s", error_name(error));
	operation->check(worker, error);

	__atomic_fetch_add(&progress->tried, failed, __ATOMIC_RELAXED);
	__atomic_fetch_add(&progress->absorbed, failed && !error, __ATOMIC_RELAXED);
	if (!worker->outcome.passed) {
		ksft_print_msg("%s, allocation %d: %s\n", operation->name, nth,
			       worker->outcome.why);
		__atomic_fetch_add(&progress->broken, 1, __ATOMIC_RELAXED);
	}
	return failed;
}

static int open_attribute(const struct cma_device *device, const char *attribute)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device->name, attribute);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static void work(struct worker *worker, struct progress *progress, int stride)
{
	connect_fd = open_attribute(worker->device, "tsm/connect");
	disconnect_fd = open_attribute(worker->device, "tsm/disconnect");
	fail_nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (connect_fd < 0 || disconnect_fd < 0 || fail_nth_fd < 0)
		_exit(1);

	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		int nth;

		do
			nth = 1 + __atomic_fetch_add(&progress[i].next, stride, __ATOMIC_RELAXED);
		while (step(worker, &operations[i], nth, &progress[i]));
	}
	be_disconnected(worker);
	_exit(0);
}

static void set_up(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		int fd = open(settings[i].path, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, settings[i].value, strlen(settings[i].value)) < 0)
			ksft_exit_skip("%s: %s\n", settings[i].path, strerror(errno));
		close(fd);
	}
}

int main(void)
{
	int stride = getenv("STRIDE") ? atoi(getenv("STRIDE")) : STRIDE_DEFAULT;
	struct progress *progress;
	struct workers workers;
	struct worker worker;
	bool ended = true;

	ksft_print_header();
	workers_find(&workers);
	if (access(FAIL_NTH, F_OK))
		ksft_exit_skip("no fault injection\n");
	if (stride < 1)
		ksft_exit_fail_msg("STRIDE is no number\n");
	set_up();
	progress = mmap(NULL, sizeof(*progress) * ARRAY_SIZE(operations), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		ksft_exit_fail_perror("no resources");
	ksft_set_plan(ARRAY_SIZE(operations) + 1);

	fflush(stdout);
	for (int i = 0; i < workers.count; i++) {
		if (!fork()) {
			worker_open(&worker, &workers, i);
			work(&worker, progress, stride);
		}
	}
	for (int i = 0; i < workers.count; i++) {
		int status;

		ended &= wait(&status) > 0 && !status;
	}

	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		ksft_print_msg("%d allocations failed, it did without %d of them\n",
			       progress[i].tried, progress[i].absorbed);
		ksft_test_result(!progress[i].broken && progress[i].tried,
				 "%s copes with a failure of each allocation\n",
				 operations[i].name);
	}
	ksft_test_result(ended, "all processes come to their ends\n");
	ksft_finished();
}
