// SPDX-License-Identifier: GPL-2.0
/*
 * Tests that devices share
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "worker.h"

static_assert(sizeof(struct outcome) <= PIPE_BUF, "writes of several processes must not mix");

bool expect(struct worker *worker, bool good, const char *format, ...)
{
	struct outcome *outcome = &worker->outcome;
	va_list args;

	if (!good && outcome->passed) {
		outcome->passed = false;
		va_start(args, format);
		vsnprintf(outcome->why, sizeof(outcome->why), format, args);
		va_end(args);
	}
	return good;
}

const char *error_name(int error)
{
	return error ? strerrorname_np(error) : "0";
}

bool expect_error(struct worker *worker, int expected, int got, const char *what)
{
	return expect(worker, expected == got, "%s: expected %s, got %s", what,
		      error_name(expected), error_name(got));
}

void read_evidence(struct worker *worker, int nonce, struct evidence_reply *reply)
{
	unsigned char bytes[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_request request = {
		.mask = EVIDENCE_ALL,
		.subsys = "pci",
		.device = worker->device->name,
		.slot = -1,
	};
	int err;

	memset(bytes, nonce, sizeof(bytes));
	if (nonce) {
		request.nonce = bytes;
		request.nonce_len = sizeof(bytes);
	}
	err = evidence_read(worker->sock, &worker->family, EVIDENCE_BUFFER, &request, reply);
	expect(worker, !err, "netlink: %s", strerror(-err));
	expect(worker, !reply->defect, "%s", reply->defect);
}

void learn(struct worker *worker)
{
	evidence_reply_free(&worker->known);
	read_evidence(worker, 0, &worker->known);
	expect_error(worker, 0, worker->known.error, "evidence of a connected device");
}

void learn_new(struct worker *worker)
{
	__u32 before = worker->known.objects[0].generation;

	evidence_reply_free(&worker->known);
	read_evidence(worker, 2, &worker->known);
	expect_error(worker, 0, worker->known.error, "refresh without a fault");
	expect(worker, worker->known.objects[0].generation > before,
	       "refresh without a fault: generation %u after %u",
	       worker->known.objects[0].generation, before);
}

void expect_known(struct worker *worker)
{
	struct evidence_reply reply;

	read_evidence(worker, 0, &reply);
	expect(worker, !reply.error && evidence_is_same(&worker->known, &reply),
	       "the evidence is not what it was");
	evidence_reply_free(&reply);
}

void be_connected(struct worker *worker)
{
	if (cma_is_connected(worker->device))
		return;
	expect_error(worker, 0, -cma_tell(worker->device, "tsm/connect", worker->tsm), "connect");
	learn(worker);
}

void be_disconnected(struct worker *worker)
{
	if (cma_is_connected(worker->device))
		expect_error(worker, 0, -cma_tell(worker->device, "tsm/disconnect", worker->tsm),
			     "disconnect");
	evidence_reply_free(&worker->known);
}

int next_event(struct worker *worker, struct evidence_event *event, int timeout_ms)
{
	int err;

	do
		err = evidence_next_event(worker->events, &worker->family, timeout_ms, event);
	while (!err && strcmp(event->device, worker->device->name));
	return err;
}

bool was_told(struct worker *worker, __u32 wanted)
{
	struct evidence_event event;
	int err;

	do
		err = next_event(worker, &event, 0);
	while (!err && event.event != wanted);
	return err != -ETIMEDOUT;
}

void forget_events(struct worker *worker)
{
	struct evidence_event event;

	while (next_event(worker, &event, 0) != -ETIMEDOUT)
		continue;
}

void misbehave(struct worker *worker, const char *fault)
{
	expect(worker, !host_ask("fault %d %s", worker->device->number, fault), "host fault");
}

void behave(struct worker *worker)
{
	expect(worker, !host_ask("fault %d", worker->device->number), "host fault");
}

void workers_find(struct workers *workers)
{
	workers->count = cma_find_devices(workers->devices, DEVICES_MAX);
	if (!cma_find_tsm(workers->tsm, sizeof(workers->tsm)) || !workers->count)
		ksft_exit_skip("no native CMA TSM, or no device with CMA\n");
}

void worker_open(struct worker *worker, const struct workers *workers, int device)
{
	*worker = (struct worker){
		.device = &workers->devices[device],
		.tsm = workers->tsm,
		.sock = evidence_socket(),
		.events = evidence_socket(),
	};
	if (worker->sock < 0 || worker->events < 0 ||
	    evidence_find_family(worker->sock, &worker->family) ||
	    evidence_join_events(worker->events, &worker->family))
		_exit(1);
}

/* Does what nobody else does, until all is done */
static void work(struct worker *worker, int tests, int *next, int report,
		 void (*try)(struct worker *worker, int test))
{
	struct outcome *outcome = &worker->outcome;

	be_disconnected(worker);
	for (;;) {
		memset(outcome, 0, sizeof(*outcome));
		outcome->passed = true;
		outcome->test = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
		if (outcome->test >= tests)
			break;
		try(worker, outcome->test);
		if (write(report, outcome, sizeof(*outcome)) != sizeof(*outcome))
			_exit(1);
	}
	be_disconnected(worker);
	_exit(0);
}

void workers_run(const struct workers *workers, int tests,
		 void (*try)(struct worker *worker, int test),
		 void (*describe)(int test, char *name, size_t size))
{
	struct outcome outcome;
	char name[128];
	int report[2];
	int *next;

	next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (next == MAP_FAILED || pipe(report))
		ksft_exit_fail_perror("no resources");
	ksft_set_plan(tests);
	fflush(stdout);

	for (int i = 0; i < workers->count; i++) {
		struct worker worker;

		if (!fork()) {
			worker_open(&worker, workers, i);
			work(&worker, tests, next, report[1], try);
		}
	}
	close(report[1]);
	while (read(report[0], &outcome, sizeof(outcome)) == sizeof(outcome)) {
		if (!outcome.passed)
			ksft_print_msg("%s\n", outcome.why);
		describe(outcome.test, name, sizeof(name));
		ksft_test_result(outcome.passed, "%s\n", name);
	}
	/* A process that died has left a test untold, which the plan finds */
	ksft_finished();
}
