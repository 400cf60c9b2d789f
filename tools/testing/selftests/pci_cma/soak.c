// SPDX-License-Identifier: GPL-2.0
/*
 * No test by default: connects devices again and again, and tells whether the
 * kernel has less memory afterwards
 *
 *	soak COUNT
 *
 * The devices share the work. The kernel's caches of memory are warm after the
 * first tenth, and only what it uses from then on matters.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "worker.h"

#define COUNT_DEFAULT	300
#define REFRESH_EVERY	10

/*
 * KiB that may come and go by chance, for half-filled pages of caches in each CPU.
 * An object of 112 bytes that each connect loses takes more after 10 000.
 */
#define CHANCE		1024

/* What takes memory that is not given back by itself */
static const char *const kinds[] = {
	"SUnreclaim:", "VmallocUsed:", "PageTables:", "KernelStack:", "Percpu:",
};

#define KINDS	((int)ARRAY_SIZE(kinds))

struct usage {
	long kib[KINDS];
	long available;
};

static void measure(struct usage *usage)
{
	FILE *file;
	char name[32];
	long kib;

	memset(usage, 0, sizeof(*usage));
	/* What is freed by RCU or in a work item is free by then */
	sleep(2);
	file = fopen("/proc/meminfo", "re");
	while (file && fscanf(file, "%31s %ld%*[^\n]", name, &kib) == 2) {
		for (int i = 0; i < KINDS; i++)
			if (!strcmp(name, kinds[i]))
				usage->kib[i] = kib;
		if (!strcmp(name, "MemFree:"))
			usage->available = kib;
	}
	if (file)
		fclose(file);
}

/* Connects, reads the evidence, new one sometimes, and disconnects: so many times */
static void work(struct worker *worker, int count)
{
	worker->outcome.passed = true;
	be_disconnected(worker);
	for (int i = 0; i < count && worker->outcome.passed; i++) {
		be_connected(worker);
		if (!(i % REFRESH_EVERY))
			learn_new(worker);
		be_disconnected(worker);
	}
	if (!worker->outcome.passed)
		ksft_print_msg("%s: %s\n", worker->device->name, worker->outcome.why);
	_exit(!worker->outcome.passed);
}

static bool share(const struct workers *workers, int count)
{
	struct worker worker;
	bool good = true;

	fflush(stdout);
	for (int i = 0; i < workers->count; i++) {
		if (!fork()) {
			worker_open(&worker, workers, i);
			work(&worker, count / workers->count + 1);
		}
	}
	for (int i = 0; i < workers->count; i++) {
		int status;

		good &= wait(&status) > 0 && !status;
	}
	return good;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : COUNT_DEFAULT;
	struct usage before, after;
	struct workers workers;
	bool good;

	ksft_print_header();
	workers_find(&workers);
	ksft_set_plan(1 + KINDS);

	good = share(&workers, count / 10);
	measure(&before);
	good &= share(&workers, count);
	measure(&after);

	ksft_test_result(good, "%d connects and disconnects\n", count);
	for (int i = 0; i < KINDS; i++) {
		ksft_print_msg("%s %ld KiB before, %ld KiB afterwards\n", kinds[i], before.kib[i],
			       after.kib[i]);
		ksft_test_result(after.kib[i] - before.kib[i] < CHANCE,
				 "%.*s is what it was\n", (int)strlen(kinds[i]) - 1, kinds[i]);
	}
	ksft_print_msg("MemFree: %ld KiB before, %ld KiB afterwards\n", before.available,
		       after.available);
	ksft_finished();
}
