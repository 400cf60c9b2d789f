/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What devices can do wrong, according to the responder
 */
#ifndef FAULT_LIST_H
#define FAULT_LIST_H

#include <stdbool.h>

#define FAULT_ERRORS_MAX	9

/**
 * struct fault - one that a device can be told to show
 * @name: What to tell it.
 * @error: Errno that it has to end with, or 0 if it is to be tolerated.
 * @others: Errnos that will do as well, where it depends on more than the fault; then -1.
 * @at_connect: To be tried with a connect. Devices forget the connection when they are
 *	told of a fault, unless it is of the messages of a refresh; a refresh then begins
 *	anew, and would not do so once more if that is what the fault should make it do.
 */
struct fault {
	char name[64];
	int error;
	int others[FAULT_ERRORS_MAX];
	bool at_connect;
};

/* The errno that it has to end with, which is @got if that will do */
int fault_error(const struct fault *fault, int got);

/*
 * The faults to try: those of the list that is_tried() tells of, and all of the list
 * of cases, if there is one. -ENOENT if there is no list of faults, -EBADMSG if one
 * cannot be read.
 */
int fault_list_read(const char *path, const char *cases, struct fault **faults);

#endif /* FAULT_LIST_H */
