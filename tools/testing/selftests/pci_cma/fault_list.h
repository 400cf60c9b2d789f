/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What devices can do wrong, according to the responder
 */
#ifndef FAULT_LIST_H
#define FAULT_LIST_H

#include <stdbool.h>

/**
 * struct fault - one that a device can be told to show
 * @name: What to tell it.
 * @error: Errno that it has to end with, or 0 if it is to be tolerated.
 * @at_connect: To be tried with a connect. Devices forget the connection when they are
 *	told of a fault, unless it is of the messages of a refresh; a refresh then begins
 *	anew, and would not do so once more if that is what the fault should make it do.
 */
struct fault {
	char name[64];
	int error;
	bool at_connect;
};

/* The faults to try; -ENOENT if there is no list, -EBADMSG if it cannot be read */
int fault_list_read(const char *path, struct fault **faults);

#endif /* FAULT_LIST_H */
