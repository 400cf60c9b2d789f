// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that misbehave: each fault that the responder knows ends as it says,
 * is told in one line of the log, leaves the evidence as it was, and does no
 * lasting harm.
 *
 *	$FAULTS	  the responder's list of them
 *	$CASES	  cases of its suite, all of which are tried, too
 *
 * The devices share the work: each has a process of its own.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/times.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "cma_device.h"
#include "evidence_client.h"
#include "failure.h"
#include "fault_list.h"

#define DEVICES_MAX	8

/* What the kernel says to who asked for new evidence in vain */
#define REFUSAL		"device was not authenticated, the kernel log says why"

/*
 * The kernel logs ten lines in five seconds of a device; nobody but a test is so impatient.
 * These are seconds of its timer ticks, many of which an emulated machine may lose.
 */
#define TICKS_PER_LINE		(sysconf(_SC_CLK_TCK) * 6 / 10)

struct test {
	enum { REFRESH, CONNECT, KILLED_CONNECT } kind;
	const struct fault *fault;
};

/* What the process of a device tells about a test, in one write */
struct outcome {
	int test;
	bool passed;
	char why[400];
};

static_assert(sizeof(struct outcome) <= PIPE_BUF, "writes of several processes must not mix");

/* The process of a device; @known is the evidence that the kernel must have, if it has any */
struct worker {
	const struct cma_device *device;
	const char *tsm;
	clock_t logged;
	int log;
	int events;
	int sock;
	struct evidence_family family;
	struct evidence_reply known;
	struct outcome outcome;
};

/* The first time that it is wrong, the test has failed, and why */
static bool expect(struct worker *worker, bool good, const char *format, ...)
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

static const char *name_of(int error)
{
	return error ? strerrorname_np(error) : "0";
}

static bool expect_error(struct worker *worker, int expected, int got, const char *what)
{
	return expect(worker, expected == got, "%s: expected %s, got %s", what,
		      name_of(expected), name_of(got));
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static clock_t ticks(void)
{
	struct tms unused;

	return times(&unused);
}

/* Waits until one more line may be logged */
static void pace(struct worker *worker)
{
	while (ticks() - worker->logged < TICKS_PER_LINE)
		usleep(20000);
}

/* Reads all evidence, new one if @nonce is not 0; how it ended is in @reply->error */
static void read_evidence(struct worker *worker, int nonce, struct evidence_reply *reply)
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

/* New evidence is what the kernel must have from now on */
static void learn_new(struct worker *worker)
{
	__u32 before = worker->known.objects[0].generation;

	evidence_reply_free(&worker->known);
	read_evidence(worker, 2, &worker->known);
	expect_error(worker, 0, worker->known.error, "refresh without a fault");
	expect(worker, worker->known.objects[0].generation > before,
	       "refresh without a fault: generation %u after %u",
	       worker->known.objects[0].generation, before);
}

static void be_connected(struct worker *worker)
{
	if (cma_is_connected(worker->device))
		return;
	expect_error(worker, 0, -cma_tell(worker->device, "tsm/connect", worker->tsm), "connect");
	evidence_reply_free(&worker->known);
	read_evidence(worker, 0, &worker->known);
	expect_error(worker, 0, worker->known.error, "evidence of a connected device");
}

static void be_disconnected(struct worker *worker)
{
	if (cma_is_connected(worker->device))
		expect_error(worker, 0, -cma_tell(worker->device, "tsm/disconnect", worker->tsm),
			     "disconnect");
}

/* The next event that is about the device, or -ETIMEDOUT */
static int next_event(struct worker *worker, struct evidence_event *event, int timeout_ms)
{
	int err;

	do
		err = evidence_next_event(worker->events, &worker->family, timeout_ms, event);
	while (!err && strcmp(event->device, worker->device->name));
	return err;
}

/* From here on the device has this fault, and log and events are looked at */
static void misbehave(struct worker *worker, const char *fault)
{
	struct evidence_event event;
	char lines[8];

	log_read(worker->log, worker->device, lines, sizeof(lines));
	while (!next_event(worker, &event, 0))
		continue;
	expect(worker, !host_ask("fault %d %s", worker->device->number, fault), "host fault");
}

static void behave(struct worker *worker)
{
	expect(worker, !host_ask("fault %d", worker->device->number), "host fault");
}

/* One line in the log, one event, and one word in sysfs */
static void expect_told(struct worker *worker, int error)
{
	struct evidence_event event, next;
	char lines[300], failure[64];
	int count = log_read(worker->log, worker->device, lines, sizeof(lines));

	worker->logged = ticks();
	expect(worker, count == 1, "%d lines in the log: %s", count, lines);

	expect(worker, !next_event(worker, &event, 1000) &&
	       event.event == DEVICE_EVIDENCE_EVENT_FAILED, "no event that it failed");
	expect(worker, event.generation == worker->known.objects[0].generation,
	       "the event is about generation %u, not %u", event.generation,
	       worker->known.objects[0].generation);
	expect(worker, next_event(worker, &next, 0) == -ETIMEDOUT, "event %u, too", next.event);

	cma_ask(worker->device, "tsm/failure", failure, sizeof(failure));
	expect(worker, failure_fits(error, event.reason, failure),
	       "%s, reason %u and \"%s\" do not fit", name_of(error), event.reason, failure);
	expect(worker, (error == EREMOTEIO) == !!event.error_code || error == EBUSY,
	       "%s with SPDM error code 0x%02x", name_of(error), event.error_code);
}

static void try_refresh(struct worker *worker, const struct fault *fault)
{
	struct evidence_reply reply;
	int error;

	be_connected(worker);
	misbehave(worker, fault->name);
	read_evidence(worker, 1, &reply);
	error = fault_error(fault, reply.error);
	expect_error(worker, error, reply.error, "refresh");
	if (error) {
		expect(worker, !strcmp(reply.text, REFUSAL), "extended ACK: %s", reply.text);
		expect_told(worker, error);
		evidence_reply_free(&reply);
		read_evidence(worker, 0, &reply);
		expect(worker, !reply.error && evidence_is_same(&worker->known, &reply),
		       "the evidence is not what it was");
	}
	evidence_reply_free(&reply);
	behave(worker);
	learn_new(worker);
}

static void try_connect(struct worker *worker, const struct fault *fault)
{
	struct evidence_reply reply;

	be_disconnected(worker);
	evidence_reply_free(&worker->known);
	misbehave(worker, fault->name);
	expect_error(worker, fault->error,
		     -cma_tell(worker->device, "tsm/connect", worker->tsm), "connect");
	if (!fault->error) {
		behave(worker);
		return learn_new(worker);
	}

	expect_told(worker, fault->error);
	expect(worker, !cma_is_connected(worker->device), "it is authenticated");
	read_evidence(worker, 0, &reply);
	expect_error(worker, ENXIO, reply.error, "evidence");
	evidence_reply_free(&reply);
	behave(worker);
	be_connected(worker);
}

/* A device that asks for patience must not hold up somebody who has none */
static void try_killed_connect(struct worker *worker)
{
	double killed;
	pid_t child;

	be_disconnected(worker);
	/* RDTExponent: 2^23 us */
	misbehave(worker, "digests:error-response-not-ready=23");
	child = fork();
	if (!child)
		_exit(!!cma_tell(worker->device, "tsm/connect", worker->tsm));
	sleep(2);
	killed = now();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	expect(worker, now() - killed < 3, "it takes %.1f s to die", now() - killed);
	expect(worker, !cma_is_connected(worker->device), "it is authenticated");
	behave(worker);
	be_connected(worker);
}

static void try_test(struct worker *worker, const struct test *test)
{
	pace(worker);
	switch (test->kind) {
	case REFRESH:
		return try_refresh(worker, test->fault);
	case CONNECT:
		return try_connect(worker, test->fault);
	case KILLED_CONNECT:
		return try_killed_connect(worker);
	}
}

/* Does what nobody else does, until all is done */
static void work(struct worker *worker, const struct test *tests, int count, int *next, int report)
{
	struct outcome *outcome = &worker->outcome;

	worker->log = log_open();
	worker->sock = evidence_socket();
	worker->events = evidence_socket();
	if (worker->log < 0 || worker->sock < 0 || worker->events < 0 ||
	    evidence_find_family(worker->sock, &worker->family) ||
	    evidence_join_events(worker->events, &worker->family))
		_exit(1);

	behave(worker);
	be_disconnected(worker);
	for (;;) {
		memset(outcome, 0, sizeof(*outcome));
		outcome->passed = true;
		outcome->test = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
		if (outcome->test >= count)
			break;
		try_test(worker, &tests[outcome->test]);
		if (write(report, outcome, sizeof(*outcome)) != sizeof(*outcome))
			_exit(1);
	}
	be_disconnected(worker);
	_exit(0);
}

static void tell(const struct test *test, const struct outcome *outcome)
{
	if (!outcome->passed)
		ksft_print_msg("%s\n", outcome->why);
	switch (test->kind) {
	case REFRESH:
	case CONNECT:
		ksft_test_result(outcome->passed, "%s %s: %s\n",
				 test->kind == REFRESH ? "refresh" : "connect",
				 test->fault->name, name_of(test->fault->error));
		break;
	case KILLED_CONNECT:
		ksft_test_result(outcome->passed, "a connect that waits can be killed\n");
		break;
	}
}

/* One fault for each errno is tried with connect, too: all that differs is who is told */
static int plan(struct test *tests, const struct fault *faults, int count)
{
	int planned = 0;

	tests[planned++].kind = KILLED_CONNECT;
	for (int i = 0; i < count; i++)
		tests[planned++] = (struct test){
			.kind = faults[i].at_connect ? CONNECT : REFRESH,
			.fault = &faults[i],
		};
	for (int i = 0; i < count; i++) {
		bool seen = !faults[i].error;

		for (int j = 0; j < i; j++)
			seen |= faults[j].error == faults[i].error;
		if (!seen)
			tests[planned++] = (struct test){ .kind = CONNECT, .fault = &faults[i] };
	}
	return planned;
}

int main(void)
{
	const char *path = getenv("FAULTS") ?: "/etc/rspdm/faults";
	const char *cases = getenv("CASES") ?: "/etc/rspdm/cases";
	struct cma_device devices[DEVICES_MAX];
	int devices_count, count, planned;
	struct outcome outcome;
	struct fault *faults;
	struct test *tests;
	char tsm[16];
	int report[2];
	int *next;

	ksft_print_header();
	devices_count = cma_find_devices(devices, DEVICES_MAX);
	if (!cma_find_tsm(tsm, sizeof(tsm)) || !devices_count)
		ksft_exit_skip("no native CMA TSM, or no device with CMA\n");
	count = fault_list_read(path, cases, &faults);
	if (count == -ENOENT || host_open() == -ENOENT)
		ksft_exit_skip("needs the host's help and the list of faults\n");
	if (count < 0)
		ksft_exit_fail_msg("%s cannot be understood\n", path);

	tests = calloc(count * 2 + 1, sizeof(*tests));
	next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!tests || next == MAP_FAILED || pipe(report))
		ksft_exit_fail_perror("no resources");
	planned = plan(tests, faults, count);
	ksft_set_plan(planned);

	for (int i = 0; i < devices_count; i++) {
		struct worker worker = {
			.device = &devices[i],
			.tsm = tsm,
		};

		if (!fork())
			work(&worker, tests, planned, next, report[1]);
	}
	close(report[1]);
	while (read(report[0], &outcome, sizeof(outcome)) == sizeof(outcome))
		tell(&tests[outcome.test], &outcome);
	ksft_finished();
}
