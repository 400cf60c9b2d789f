// SPDX-License-Identifier: GPL-2.0
/*
 * All at once, on all devices: they are connected, disconnected, refreshed, read,
 * accepted, looked at, removed, found again, and do what they should not do
 *
 *	$SECONDS  how long
 *
 * Nothing must end in a way that it never should, all must work sometimes, and
 * everything afterwards. What breaks inside of the kernel has to be found by its
 * own checkers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "worker.h"

#define SECONDS_DEFAULT	20

/* Most of the time that those without a success get besides, in multiples of what they had */
#define PATIENCE	10

/* Most seconds that a device takes to come back */
#define SLOT_SECONDS	60

/* How a device that comes and goes answers, and how one that does what it should not */
static const int gone[] = { ENODEV, ENOENT, ENXIO, 0 };
static const int wrong[] = { EBADMSG, EPROTO, EKEYREJECTED, EREMOTEIO, EIO, ETIMEDOUT, 0 };

/**
 * struct action - what is done to a device all the time
 * @name: What to call it.
 * @act: Does it once: 0, or an errno.
 * @pause_ms: Most milliseconds until it is done again.
 * @calm: Instead of it, when others get time for their success, which it spoils; NULL
 *	to go on.
 * @errors: Lists of errnos that it may end with.
 * @own_errors: Errnos besides that it may end with.
 */
struct action {
	const char *name;
	int (*act)(struct worker *worker);
	int pause_ms;
	int (*calm)(struct worker *worker);
	const int *errors[2];
	int own_errors[3];
};

/* How it went, for the one who waits for the processes */
struct result {
	unsigned int good;
	unsigned int vain;
	unsigned int bad;
	int error;
};

/**
 * struct board - what the processes share
 * @waiting: How many of them had no success yet.
 * @results: Of each action on each device.
 */
struct board {
	int waiting;
	struct result results[];
};

static int pause_at_random(int max_ms)
{
	return usleep(rand() % (max_ms * 1000));
}

static int do_connect(struct worker *worker)
{
	return -cma_tell(worker->device, "tsm/connect", worker->tsm);
}

static int do_disconnect(struct worker *worker)
{
	return -cma_tell(worker->device, "tsm/disconnect", worker->tsm);
}

/* Reads all evidence; what comes must be of one generation, and whole */
static int do_read(struct worker *worker, int nonce)
{
	struct evidence_reply reply;
	int error;

	read_evidence(worker, nonce, &reply);
	error = reply.error;
	for (int i = 0; i < EVIDENCE_TYPES && !error; i++) {
		const struct evidence_object *object = &reply.objects[i];

		if (object->seen && (object->received != object->length ||
				     object->generation != reply.objects[0].generation))
			error = EILSEQ;
	}
	evidence_reply_free(&reply);
	return worker->outcome.passed ? error : EILSEQ;
}

static int do_dump(struct worker *worker)
{
	return do_read(worker, 0);
}

static int do_refresh(struct worker *worker)
{
	return do_read(worker, 1 + rand() % 200);
}

static int do_validate(struct worker *worker)
{
	struct evidence_reply reply, verdict;
	__u32 generation;
	int err;

	read_evidence(worker, 0, &reply);
	if (reply.error) {
		err = reply.error;
		evidence_reply_free(&reply);
		return err;
	}
	generation = reply.objects[0].generation;
	evidence_reply_free(&reply);
	err = -evidence_validate(worker->sock, &worker->family, "pci", worker->device->name,
				 &generation, &verdict);
	return err ?: verdict.error;
}

static int do_look(struct worker *worker)
{
	static const char *const attributes[] = {
		"authenticated", "tsm/connect", "tsm/failure", "tsm/dsm", "tsm/slot",
		"tsm/validated",
	};
	char line[128];

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		cma_ask(worker->device, attributes[i], line, sizeof(line));
	return 0;
}

static int do_listen(struct worker *worker)
{
	struct evidence_event event;
	int err = -evidence_next_event(worker->events, &worker->family, 1000, &event);

	return err;
}

static int do_rebind(struct worker *worker)
{
	char path[128];
	int error;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", worker->device->name);
	error = -write_line(path, worker->device->name);
	pause_at_random(100);
	return error ?: -write_line("/sys/bus/pci/drivers_probe", worker->device->name);
}

static int do_replace(struct worker *worker)
{
	int error = -cma_tell(worker->device, "remove", "1");

	pause_at_random(200);
	return error ?: -write_line("/sys/bus/pci/rescan", "1");
}

static int do_wrong(struct worker *worker)
{
	static const char *const faults[] = {
		"", "digests:error-busy@1-2", "certificate:truncated", "challenge:bad-signature",
		"challenge:error-unspecified", "measurements:lost", "version:extended",
		"capabilities:error-request-resynch@1", "challenge:error-response-not-ready@1",
	};
	size_t choice = rand() % (4 * ARRAY_SIZE(faults));

	/* Most of the time it behaves */
	return -host_ask("fault %d %s", worker->device->number,
			 choice < ARRAY_SIZE(faults) ? faults[choice] : "");
}

static int do_right(struct worker *worker)
{
	return -host_ask("fault %d", worker->device->number);
}

static int do_nothing(struct worker *worker)
{
	return 0;
}

static const struct action actions[] = {
	{ "connect", do_connect, 500, NULL, { gone, wrong }, { EBUSY } },
	{ "disconnect", do_disconnect, 6000, do_nothing, { gone }, { EBUSY } },
	{ "refresh", do_refresh, 1000, NULL, { gone, wrong }, { EAGAIN, EBUSY } },
	{ "dump", do_dump, 200, NULL, { gone }, { EAGAIN } },
	{ "validate", do_validate, 400, NULL, { gone }, { EAGAIN, ESTALE } },
	{ "look at sysfs", do_look, 200, NULL, {}, {} },
	{ "listen", do_listen, 1, NULL, {}, { ETIMEDOUT, ENOBUFS } },
	{ "rebind the driver", do_rebind, 4000, do_nothing, { gone }, { EBUSY } },
	{ "remove and find", do_replace, 20000, do_nothing, { gone }, {} },
	{ "misbehave", do_wrong, 2000, do_right, {}, {} },
};

#define ACTIONS		((int)ARRAY_SIZE(actions))

static bool is_expected(const struct action *action, int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(action->errors); i++)
		for (const int *each = action->errors[i]; each && *each; each++)
			if (*each == error)
				return true;
	for (size_t i = 0; i < ARRAY_SIZE(action->own_errors); i++)
		if (action->own_errors[i] == error)
			return true;
	return false;
}

/* Does it until the time is up, or a little longer if somebody had no success yet */
static void act(struct worker *worker, const struct action *action, struct board *board,
		struct result *result, int seconds)
{
	time_t begin = time(NULL), elapsed;

	srand(getpid());
	while (elapsed = time(NULL) - begin,
	       elapsed < seconds || (__atomic_load_n(&board->waiting, __ATOMIC_RELAXED) &&
				     elapsed < seconds * PATIENCE)) {
		bool calm = action->calm && result->good && elapsed >= seconds;
		int error;

		worker->outcome.passed = true;
		error = calm ? action->calm(worker) : action->act(worker);
		if (!error && !result->good++)
			__atomic_fetch_sub(&board->waiting, 1, __ATOMIC_RELAXED);
		if (error)
			result->vain++;
		if (error && !is_expected(action, error)) {
			result->bad++;
			result->error = error;
		}
		pause_at_random(action->pause_ms);
	}
	_exit(0);
}

/* Whether all is well afterwards */
static bool works(const struct workers *workers, int device, bool host, struct worker *worker)
{
	for (int i = 0; i < SLOT_SECONDS * 10 && !cma_exists(&workers->devices[device]); i++) {
		write_line("/sys/bus/pci/rescan", "1");
		usleep(100000);
	}

	worker_open(worker, workers, device);
	worker->outcome.passed = true;
	if (host)
		behave(worker);
	be_disconnected(worker);
	be_connected(worker);
	learn_new(worker);
	be_disconnected(worker);
	return worker->outcome.passed;
}

int main(void)
{
	int seconds = getenv("SECONDS") ? atoi(getenv("SECONDS")) : SECONDS_DEFAULT;
	struct workers workers;
	pid_t processes[DEVICES_MAX * ACTIONS] = {};
	struct worker worker;
	struct board *board;
	bool host;
	int count;

	ksft_print_header();
	workers_find(&workers);
	host = !host_open();
	count = workers.count * ACTIONS;
	board = mmap(NULL, sizeof(*board) + sizeof(*board->results) * count,
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		ksft_exit_fail_perror("no resources");
	ksft_set_plan(workers.count * (ACTIONS + 1));

	fflush(stdout);
	board->waiting = host ? count : count - workers.count;
	for (int i = 0; i < count; i++) {
		const struct action *action = &actions[i % ACTIONS];

		if (action->act == do_wrong && !host)
			continue;
		processes[i] = fork();
		if (processes[i])
			continue;
		worker_open(&worker, &workers, i / ACTIONS);
		act(&worker, action, board, &board->results[i], seconds);
	}
	for (int i = 0; i < count; i++)
		if (processes[i])
			waitpid(processes[i], NULL, 0);

	for (int i = 0; i < count; i++) {
		const struct result *result = &board->results[i];
		const char *device = workers.devices[i / ACTIONS].name;
		const struct action *action = &actions[i % ACTIONS];

		if (action->act == do_wrong && !host) {
			ksft_test_result_skip("%s: %s\n", device, action->name);
			continue;
		}
		ksft_print_msg("%u times, and %u times in vain, of which unexpectedly %u: %s\n",
			       result->good, result->vain, result->bad,
			       error_name(result->error));
		ksft_test_result(result->good && !result->bad, "%s: %s\n", device, action->name);
	}
	for (int i = 0; i < workers.count; i++) {
		bool good = works(&workers, i, host, &worker);

		if (!good)
			ksft_print_msg("%s\n", worker.outcome.why);
		ksft_test_result(good, "%s: works afterwards\n", workers.devices[i].name);
	}
	ksft_finished();
}
