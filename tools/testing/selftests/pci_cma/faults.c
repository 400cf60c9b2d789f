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
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/times.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "failure.h"
#include "fault_list.h"
#include "timing.h"
#include "worker.h"

/*
 * The kernel logs ten lines in five seconds of a device; nobody but a test is so impatient.
 * These are seconds of its timer ticks, many of which an emulated machine may lose.
 */
#define TICKS_PER_LINE		(sysconf(_SC_CLK_TCK) * 6 / 10)

struct test {
	enum { REFRESH, CONNECT, KILLED_CONNECT } kind;
	const struct fault *fault;
};

/* Where the process of a device looks at the log, and when it last made it longer */
static int kernel_log;
static clock_t logged;

static clock_t ticks(void)
{
	struct tms unused;

	return times(&unused);
}

/* Waits until one more line may be logged */
static void pace(void)
{
	while (ticks() - logged < TICKS_PER_LINE)
		usleep(20000);
}

/* From here on the device has this fault, and log and events are looked at */
static void misbehave_visibly(struct worker *worker, const char *fault)
{
	char lines[8];

	log_read(kernel_log, worker->device, lines, sizeof(lines));
	forget_events(worker);
	misbehave(worker, fault);
}

/* One line in the log, one event, and one word in sysfs */
static void expect_told(struct worker *worker, int error)
{
	struct evidence_event event, next;
	char lines[300], failure[64];
	int count = log_read(kernel_log, worker->device, lines, sizeof(lines));

	logged = ticks();
	expect(worker, count == 1, "%d lines in the log: %s", count, lines);

	expect(worker, !next_event(worker, &event, 1000) &&
	       event.event == DEVICE_EVIDENCE_EVENT_FAILED, "no event that it failed");
	expect(worker, event.generation == worker->known.objects[0].generation,
	       "the event is about generation %u, not %u", event.generation,
	       worker->known.objects[0].generation);
	expect(worker, next_event(worker, &next, 0) == -ETIMEDOUT, "event %u, too", next.event);

	cma_ask(worker->device, "tsm/failure", failure, sizeof(failure));
	expect(worker, failure_fits(error, event.reason, failure),
	       "%s, reason %u and \"%s\" do not fit", error_name(error), event.reason, failure);
	expect(worker, (error == EREMOTEIO) == !!event.error_code || error == EBUSY,
	       "%s with SPDM error code 0x%02x", error_name(error), event.error_code);
}

static void try_refresh(struct worker *worker, const struct fault *fault)
{
	struct evidence_reply reply;
	int error;

	be_connected(worker);
	misbehave_visibly(worker, fault->name);
	read_evidence(worker, 1, &reply);
	error = fault_error(fault, reply.error);
	expect_error(worker, error, reply.error, "refresh");
	if (error) {
		expect(worker, !strcmp(reply.text, REFUSAL), "extended ACK: %s", reply.text);
		expect_told(worker, error);
		expect_known(worker);
	}
	evidence_reply_free(&reply);
	behave(worker);
	learn_new(worker);
}

static void try_connect(struct worker *worker, const struct fault *fault)
{
	struct evidence_reply reply;
	int error, got;

	be_disconnected(worker);
	misbehave_visibly(worker, fault->name);
	got = -cma_tell(worker->device, "tsm/connect", worker->tsm);
	error = fault_error(fault, got);
	expect_error(worker, error, got, "connect");
	if (!error) {
		behave(worker);
		return learn_new(worker);
	}

	expect_told(worker, error);
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
	misbehave_visibly(worker, "digests:error-response-not-ready=23");
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

/* All tests there are, in each process */
static struct test *tests;

static void try_test(struct worker *worker, int number)
{
	const struct test *test = &tests[number];

	if (!kernel_log) {
		kernel_log = log_open();
		if (kernel_log < 0)
			_exit(1);
		behave(worker);
	}
	pace();
	switch (test->kind) {
	case REFRESH:
		return try_refresh(worker, test->fault);
	case CONNECT:
		return try_connect(worker, test->fault);
	case KILLED_CONNECT:
		return try_killed_connect(worker);
	}
}

static void describe(int number, char *name, size_t size)
{
	const struct test *test = &tests[number];

	switch (test->kind) {
	case REFRESH:
	case CONNECT:
		snprintf(name, size, "%s %s: %s", test->kind == REFRESH ? "refresh" : "connect",
			 test->fault->name, error_name(test->fault->error));
		break;
	case KILLED_CONNECT:
		snprintf(name, size, "a connect that waits can be killed");
		break;
	}
}

/*
 * One fault for each errno is tried with connect, too: all that differs is who is told. These
 * come first, as some take long, for which the other devices should not have to wait.
 */
static int plan(const struct fault *faults, int count)
{
	int planned = 0;

	tests[planned++].kind = KILLED_CONNECT;
	for (int i = 0; i < count; i++) {
		bool seen = !faults[i].error;

		for (int j = 0; j < i; j++)
			seen |= faults[j].error == faults[i].error;
		if (!seen)
			tests[planned++] = (struct test){ .kind = CONNECT, .fault = &faults[i] };
	}
	for (int i = 0; i < count; i++)
		tests[planned++] = (struct test){
			.kind = faults[i].at_connect ? CONNECT : REFRESH,
			.fault = &faults[i],
		};
	return planned;
}

int main(void)
{
	const char *path = getenv("FAULTS") ?: "/etc/rspdm/faults";
	const char *cases = getenv("CASES") ?: "/etc/rspdm/cases";
	struct workers workers;
	struct fault *faults;
	int count;

	ksft_print_header();
	workers_find(&workers);
	count = fault_list_read(path, cases, &faults);
	if (count == -ENOENT || host_open() == -ENOENT)
		ksft_exit_skip("needs the host's help and the list of faults\n");
	if (count < 0)
		ksft_exit_fail_msg("%s cannot be understood\n", path);

	tests = calloc(count * 2 + 1, sizeof(*tests));
	if (!tests)
		ksft_exit_fail_perror("no resources");
	workers_run(&workers, plan(faults, count), try_test, describe);
}
