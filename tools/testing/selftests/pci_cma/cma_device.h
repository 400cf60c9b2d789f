/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices under test, what can be done to them, and what the kernel logs
 * about them
 */
#ifndef CMA_DEVICE_H
#define CMA_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/device-evidence.h>

#include "../kselftest.h"

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define CMA_TSM		"/sys/devices/faux/cma/tsm"

/**
 * struct cma_device - a device under test
 * @number: Which one it is to the command `host`, or -1.
 * @name: Its PCI address.
 */
struct cma_device {
	int number;
	char name[DEVICE_EVIDENCE_MAX_NAME_SIZE + 1];
};

/* Those in $DEVICES, or else all with CMA, but at most @max: how many there are */
int cma_find_devices(struct cma_device *devices, int max);
/* The one in $DEVICE, or else the first of them; false if there is none */
bool cma_find_device(struct cma_device *device);
/* The name of the native TSM; false if there is none */
bool cma_find_tsm(char *tsm, size_t size);

/* Whether it is there, and its attributes */
bool cma_exists(const struct cma_device *device);

/* Writes a line into a file that exists: 0 or a negative errno */
int write_line(const char *path, const char *line);
/* The same with an attribute */
int cma_tell(const struct cma_device *device, const char *attribute, const char *line);
/* What an attribute says, without the end of the line; "" if there is no such attribute */
void cma_ask(const struct cma_device *device, const char *attribute, char *line, size_t size);
bool cma_is_connected(const struct cma_device *device);

/*
 * Begins the talk with the command `host` (see lib.sh), which processes that are
 * forked from now on take part in: 0 or a negative errno, -ENOENT if there is no
 * such command.
 */
int host_open(void);
/* Asks it to do something: 0, or -EIO if it did not, and says why */
__printf(1, 2) int host_ask(const char *format, ...);

/* The same, and what it answers, without the end of the line */
__printf(3, 4) int host_query(char *answer, size_t size, const char *format, ...);

/* How many requests the device has got so far, or a negative errno */
int host_requests(const struct cma_device *device);

/* A view on what the kernel logs from now on, or a negative errno */
int log_open(void);
/*
 * How many lines in the name of its drivers there are about the device since the
 * last time, and these lines; -EPIPE if some were lost.
 */
int log_read(int log, const struct cma_device *device, char *lines, size_t size);

#endif /* CMA_DEVICE_H */
