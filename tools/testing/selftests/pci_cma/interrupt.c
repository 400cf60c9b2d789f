// SPDX-License-Identifier: GPL-2.0
/*
 * What may come between a device and who asks it, at each message that they
 * exchange: the death of who asks, a signal, the loss of the message, of the
 * driver, of the device, an error of the mailbox
 *
 * The device is made to ask for patience with the message, so that what happens
 * to others than the message comes while it is waited for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "worker.h"

/* Most seconds that a device takes to go or to come */
#define SLOT_SECONDS	60

/* In the order in which they are exchanged: by a connect all of them, by a refresh the last two */
static const char *const messages[] = {
	"version", "capabilities", "algorithms", "digests", "certificate", "challenge",
	"measurements",
};

#define CONNECT_MESSAGES	((int)ARRAY_SIZE(messages))
#define REFRESH_MESSAGES	2

/*
 * How to ask for patience for half a minute, in pauses of a second. VERSION cannot do so, but say
 * that the device is busy, for ten seconds at most.
 */
#define PATIENCE		"error-response-not-ready=20"
#define BUSY			"error-busy"

/**
 * struct interruption - what comes between
 * @name: What to call it.
 * @fault: What the device does with the message.
 * @happen: What happens while the device is waited for; NULL if @fault is all.
 * @expected: How the operation may end: errnos.
 * @restore: Makes good what cannot be used any more.
 */
struct interruption {
	const char *name;
	const char *fault;
	void (*happen)(struct worker *worker, pid_t child);
	int expected[3];
	void (*restore)(struct worker *worker);
};

static void await(struct worker *worker, bool there)
{
	for (int i = 0; i < SLOT_SECONDS * 20 && cma_exists(worker->device) != there; i++)
		usleep(50000);
	expect(worker, cma_exists(worker->device) == there,
	       there ? "it does not come back" : "it does not go");
}

static void kill_child(struct worker *worker, pid_t child)
{
	kill(child, SIGKILL);
}

/* The child handles it, so it is no reason to give up */
static void signal_child(struct worker *worker, pid_t child)
{
	kill(child, SIGUSR1);
	usleep(100000);
	behave(worker);
}

static void remove_device(struct worker *worker, pid_t child)
{
	expect_error(worker, 0, -cma_tell(worker->device, "remove", "1"), "remove");
}

static void rescan_bus(struct worker *worker)
{
	expect_error(worker, 0, -write_line("/sys/bus/pci/rescan", "1"), "rescan");
	await(worker, true);
}

/* The switch of the slot that the device is in; needs no human to think it over */
static void power_off(struct worker *worker, pid_t child)
{
	char path[64], address[16];

	for (int slot = 1; slot <= DEVICES_MAX; slot++) {
		FILE *file;
		int len;

		snprintf(path, sizeof(path), "/sys/bus/pci/slots/%d/address", slot);
		file = fopen(path, "re");
		if (!file)
			continue;
		len = fgets(address, sizeof(address), file) ? strcspn(address, "\n") : 0;
		fclose(file);
		if (len && !strncmp(worker->device->name, address, len)) {
			snprintf(path, sizeof(path), "/sys/bus/pci/slots/%d/power", slot);
			expect_error(worker, 0, -write_line(path, "0"), "power");
			await(worker, false);
			return;
		}
	}
	expect(worker, false, "no slot");
}

static void plug_in(struct worker *worker)
{
	expect(worker, !host_ask("plug %d", worker->device->number), "host plug");
	await(worker, true);
}

/* QEMU does not connect to a responder again, but to another one */
static void replace_device(struct worker *worker)
{
	power_off(worker, 0);
	plug_in(worker);
}

static void unbind_driver(struct worker *worker, pid_t child)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", worker->device->name);
	err = -write_line(path, worker->device->name);
	expect_error(worker, 0, err, "unbind");
	behave(worker);
}

static void bind_driver(struct worker *worker)
{
	int err = -write_line("/sys/bus/pci/drivers_probe", worker->device->name);

	expect_error(worker, 0, err, "bind");
}

static const struct interruption interruptions[] = {
	{ "no answer of the mailbox", "lost", NULL, { EIO }, NULL },
	{ "an error of the mailbox", "hangup", NULL, { EIO }, replace_device },
	{ "another data object", "other-object-type", NULL, { EIO }, NULL },
	{ "death", PATIENCE, kill_child, { EINTR }, NULL },
	{ "a signal", PATIENCE, signal_child, { 0 }, NULL },
	{ "unbinding of the driver", PATIENCE, unbind_driver, { 0 }, bind_driver },
	{ "removal", PATIENCE, remove_device, { ENODEV, ENXIO }, rescan_bus },
	{ "loss of power", PATIENCE, power_off, { ENODEV, ENXIO, EIO }, plug_in },
};

#define INTERRUPTIONS	((int)ARRAY_SIZE(interruptions))

static void do_nothing(int number)
{
}

/* In a process of its own, which exits with the errno that it gets */
static void operate(struct worker *worker, bool refresh)
{
	struct evidence_reply reply;

	signal(SIGUSR1, do_nothing);
	if (!refresh)
		_exit(-cma_tell(worker->device, "tsm/connect", worker->tsm));
	read_evidence(worker, 1, &reply);
	_exit(worker->outcome.passed ? reply.error : 255);
}

/* Waits until the device has been asked so often, more than before, and is asked again */
static void await_requests(struct worker *worker, int count, pid_t child)
{
	for (int i = 0; i < SLOT_SECONDS * 20; i++) {
		siginfo_t info = {};

		if (host_requests(worker->device) > count)
			return;
		if (waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			break;
		usleep(20000);
	}
	expect(worker, false, "it does not get as far as the message");
}

/* How many requests an operation takes that nothing comes between */
static int requests_of(struct worker *worker, bool refresh)
{
	int before;

	be_disconnected(worker);
	if (refresh)
		be_connected(worker);
	before = host_requests(worker->device);
	if (refresh)
		learn_new(worker);
	else
		be_connected(worker);
	return host_requests(worker->device) - before;
}

static void expect_outcome(struct worker *worker, const struct interruption *interruption,
			   int status, bool refresh)
{
	bool good = false;

	if (interruption->happen == kill_child) {
		expect(worker, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		       "it survived the signal that kills");
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(interruption->expected); i++)
			good |= WIFEXITED(status) &&
				WEXITSTATUS(status) == interruption->expected[i] &&
				(!i || interruption->expected[i]);
		expect(worker, good, "it ends with %s", error_name(WEXITSTATUS(status)));
	}

	if (interruption->expected[0] == ENODEV) {
		/* The device that was there is gone, and with it what it gave */
		evidence_reply_free(&worker->known);
	} else if (!interruption->expected[0]) {
		expect(worker, cma_is_connected(worker->device), "it is not authenticated");
	} else if (refresh) {
		expect_known(worker);
	} else {
		expect(worker, !cma_is_connected(worker->device), "it is authenticated");
	}
}

struct test {
	bool refresh;
	int message;
	const struct interruption *interruption;
};

static struct test test_of(int number)
{
	int place = number / INTERRUPTIONS;

	return (struct test){
		.refresh = place >= CONNECT_MESSAGES,
		.message = place < CONNECT_MESSAGES ? place : place - REFRESH_MESSAGES,
		.interruption = &interruptions[number % INTERRUPTIONS],
	};
}

static void try_test(struct worker *worker, int number)
{
	const struct test test = test_of(number);
	const struct interruption *interruption = test.interruption;
	int from_end = CONNECT_MESSAGES - test.message;
	int before, count, status;
	char fault[64];
	pid_t child;

	behave(worker);
	count = requests_of(worker, test.refresh);
	if (!test.refresh)
		be_disconnected(worker);

	/* A chain may take several messages, but only what comes before the last two */
	if (from_end <= REFRESH_MESSAGES)
		count -= from_end - 1;
	else
		count = test.message + 1;

	snprintf(fault, sizeof(fault), "%s:%s", messages[test.message],
		 interruption->happen && !test.message ? BUSY : interruption->fault);
	before = host_requests(worker->device);
	misbehave(worker, fault);
	child = fork();
	if (!child)
		operate(worker, test.refresh);
	if (interruption->happen) {
		await_requests(worker, before + count, child);
		interruption->happen(worker, child);
	}
	waitpid(child, &status, 0);
	behave(worker);
	expect_outcome(worker, interruption, status, test.refresh);
	if (interruption->restore)
		interruption->restore(worker);

	/* And then all is well */
	be_connected(worker);
	learn_new(worker);
}

static void describe(int number, char *name, size_t size)
{
	const struct test test = test_of(number);

	snprintf(name, size, "%s at %s: %s", test.refresh ? "refresh" : "connect",
		 messages[test.message], test.interruption->name);
}

int main(void)
{
	struct workers workers;

	ksft_print_header();
	workers_find(&workers);
	if (host_open() == -ENOENT)
		ksft_exit_skip("needs the host's help\n");
	workers_run(&workers, (CONNECT_MESSAGES + REFRESH_MESSAGES) * INTERRUPTIONS, try_test,
		    describe);
}
