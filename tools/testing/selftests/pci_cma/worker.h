/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests that devices share: each device has a process of its own, which takes the
 * next test that nobody else did
 */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>

#include "cma_device.h"
#include "evidence_client.h"

#define DEVICES_MAX	16

/* What the kernel says to who asked for new evidence in vain */
#define REFUSAL		"device was not authenticated, the kernel log says why"

/* What the process of a device tells about a test, in one write */
struct outcome {
	int test;
	bool passed;
	char why[400];
};

/**
 * struct worker - the process of a device
 * @device: The device.
 * @tsm: Name of the native TSM.
 * @sock: Where evidence is read.
 * @events: Where events come in.
 * @family: What netlink tells about the family.
 * @known: The evidence that the kernel must have, if it has any.
 * @outcome: Of the current test.
 */
struct worker {
	const struct cma_device *device;
	const char *tsm;
	int sock;
	int events;
	struct evidence_family family;
	struct evidence_reply known;
	struct outcome outcome;
};

/**
 * struct workers - the devices, and what they share
 * @count: Of the devices.
 * @devices: The devices.
 * @tsm: Name of the native TSM.
 */
struct workers {
	int count;
	struct cma_device devices[DEVICES_MAX];
	char tsm[16];
};

/* Finds the devices, or ends the program with its tests skipped */
void workers_find(struct workers *workers);
/*
 * Has the devices share @tests tests: each is done by @try, in the process of a
 * device, and told by the name that @describe gives it. Exits.
 */
void workers_run(const struct workers *workers, int tests,
		 void (*try)(struct worker *worker, int test),
		 void (*describe)(int test, char *name, size_t size));
/* In the process of a device: opens its sockets, or exits */
void worker_open(struct worker *worker, const struct workers *workers, int device);

/* The first time that it is wrong, the test has failed, and why */
__printf(3, 4) bool expect(struct worker *worker, bool good, const char *format, ...);
bool expect_error(struct worker *worker, int expected, int got, const char *what);
const char *error_name(int error);

/* Reads all evidence, new one if @nonce is not 0; how it ended is in @reply->error */
void read_evidence(struct worker *worker, int nonce, struct evidence_reply *reply);
/* The evidence that there is, or new evidence, is what the kernel must have from now on */
void learn(struct worker *worker);
void learn_new(struct worker *worker);
/* The evidence must be what it was */
void expect_known(struct worker *worker);

void be_connected(struct worker *worker);
void be_disconnected(struct worker *worker);

/* The next event that is about the device, or -ETIMEDOUT */
int next_event(struct worker *worker, struct evidence_event *event, int timeout_ms);
/* Whether there was such an event, or one was lost, since the last look */
bool was_told(struct worker *worker, __u32 wanted);
void forget_events(struct worker *worker);

/* From here on the device has this fault, or none */
void misbehave(struct worker *worker, const char *fault);
void behave(struct worker *worker);

#endif /* WORKER_H */
