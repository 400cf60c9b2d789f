// SPDX-License-Identifier: GPL-2.0
/*
 * A device that makes us wait must not make those wait who deal with other devices
 *
 * All devices but the first are connected and refreshed at the same time, and once
 * more while the first one asks for patience. How long that takes is told, but not
 * tested: what counts is that they are done before the first one is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "timing.h"
#include "worker.h"

/* RDTExponent: 2^22 us, again and again until 40 s are over */
#define SLOW		"digests:error-response-not-ready=22"

/* Requests that come before the one for patience */
#define REQUESTS_BEFORE	4

/* Seconds after which a device that is never asked is never asked */
#define FOREVER		60

/* How it went with a device */
struct result {
	bool connected;
	bool refreshed;
	double connect;
	double refresh;
};

static void work(struct worker *worker, struct result *result)
{
	double begin;

	worker->outcome.passed = true;
	be_disconnected(worker);
	begin = now();
	be_connected(worker);
	result->connect = now() - begin;
	result->connected = worker->outcome.passed;

	begin = now();
	learn_new(worker);
	result->refresh = now() - begin;
	result->refreshed = worker->outcome.passed;
	if (!worker->outcome.passed)
		ksft_print_msg("%s: %s\n", worker->device->name, worker->outcome.why);
	be_disconnected(worker);
	_exit(0);
}

/* All but the first device at the same time */
static void round_of_others(const struct workers *workers, struct result *results)
{
	pid_t children[DEVICES_MAX];
	struct worker worker;

	memset(results, 0, sizeof(*results) * DEVICES_MAX);
	fflush(stdout);
	for (int i = 1; i < workers->count; i++) {
		children[i] = fork();
		if (!children[i]) {
			worker_open(&worker, workers, i);
			work(&worker, &results[i]);
		}
	}
	for (int i = 1; i < workers->count; i++)
		waitpid(children[i], NULL, 0);
}

/* The median of both: of connect times, and of refresh times */
static void tell(const char *when, const struct workers *workers, const struct result *results)
{
	double connects[DEVICES_MAX], refreshes[DEVICES_MAX], connect, refresh;
	int count = workers->count - 1;

	for (int i = 0; i < count; i++) {
		connects[i] = results[i + 1].connect;
		refreshes[i] = results[i + 1].refresh;
	}
	connect = median(connects, count);
	refresh = median(refreshes, count);
	ksft_print_msg("%s: connect %.0f ms (longest %.0f), refresh %.0f ms (longest %.0f)\n",
		       when, connect * 1e3, connects[count - 1] * 1e3, refresh * 1e3,
		       refreshes[count - 1] * 1e3);
}

static bool all(const struct workers *workers, const struct result *results, bool refreshed)
{
	for (int i = 1; i < workers->count; i++)
		if (refreshed ? !results[i].refreshed : !results[i].connected)
			return false;
	return true;
}

/* The process that connects the slow device, once that has asked for patience */
static pid_t connect_slowly(const struct workers *workers)
{
	int before = host_requests(&workers->devices[0]);
	pid_t child = fork();

	if (!child)
		_exit(-cma_tell(&workers->devices[0], "tsm/connect", workers->tsm));
	for (int i = 0; i < FOREVER * 20; i++) {
		if (host_requests(&workers->devices[0]) >= before + REQUESTS_BEFORE)
			break;
		usleep(50000);
	}
	return child;
}

int main(void)
{
	struct result *results;
	struct workers workers;
	bool connected, refreshed, waiting;
	siginfo_t info = {};
	pid_t slow;
	int status;

	ksft_print_header();
	workers_find(&workers);
	if (workers.count < 2 || host_open())
		ksft_exit_skip("needs two devices and the host's help\n");
	results = mmap(NULL, sizeof(*results) * DEVICES_MAX, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		ksft_exit_fail_perror("no resources");
	ksft_set_plan(4);

	if (cma_is_connected(&workers.devices[0]))
		cma_tell(&workers.devices[0], "tsm/disconnect", workers.tsm);
	round_of_others(&workers, results);
	ksft_print_msg("%d devices at the same time, medians:\n", workers.count - 1);
	tell("without a slow device", &workers, results);
	ksft_test_result(all(&workers, results, true), "all devices work\n");

	if (host_ask("fault 0 %s", SLOW))
		ksft_exit_fail_msg("no slow device\n");
	slow = connect_slowly(&workers);
	round_of_others(&workers, results);
	waiting = !waitid(P_PID, slow, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
	tell("beside a slow device", &workers, results);
	connected = all(&workers, results, false);
	refreshed = all(&workers, results, true);
	ksft_test_result(connected && waiting, "others are connected while one makes us wait\n");
	ksft_test_result(refreshed && waiting, "others are refreshed while one makes us wait\n");

	host_ask("fault 0");
	waitpid(slow, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		ksft_print_msg("connect: %s\n", strerror(WEXITSTATUS(status)));
	ksft_test_result(WIFEXITED(status) && !WEXITSTATUS(status) &&
			 cma_is_connected(&workers.devices[0]),
			 "the one that made us wait is connected in the end\n");
	cma_tell(&workers.devices[0], "tsm/disconnect", workers.tsm);
	ksft_finished();
}
