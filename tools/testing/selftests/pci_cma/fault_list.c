// SPDX-License-Identifier: GPL-2.0
/*
 * What devices can do wrong, according to the responder
 *
 * Its list has a line per fault: name, errno if it happens always, errno if it
 * happens once, and more, separated by tabs. A name is "message:what".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_list.h"

struct line {
	char name[64];
	int error;
	int error_once;
};

struct list {
	struct line *lines;
	int count;
};

static const char *what(const char *name)
{
	return strchr(name, ':') + 1;
}

static bool is_about(const char *name, const char *message)
{
	return !strncmp(name, message, strlen(message)) && name[strlen(message)] == ':';
}

static bool is_of_refresh(const char *name)
{
	return is_about(name, "challenge") || is_about(name, "measurements");
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words))
		words++;
	return *words;
}

/* The errno of a name, 0 of "0", or -1 */
static int errno_of(const char *name)
{
	if (!strcmp(name, "0"))
		return 0;
	for (int error = 1; error < 200; error++) {
		const char *known = strerrorname_np(error);

		if (known && !strcmp(known, name))
			return error;
	}
	return -1;
}

/* How many messages may have the fault of that name */
static int messages_with(const struct list *list, const char *name)
{
	int messages = 0;

	for (int i = 0; i < list->count; i++)
		messages += !strcmp(what(list->lines[i].name), what(name));
	return messages;
}

/*
 * All that are of one message are tried. Those that any message may have are tried
 * with one of them, DIGESTS: what becomes of them is decided in one place; but those
 * that make a requester begin anew matter with the messages of a refresh, too. Not
 * - those that no machine survives (silence), or no socket (hangup; see hotplug.sh),
 * - those that take another configuration (unknown-flags, san-none),
 * - those that end well when all slots are asked for, since more exchanges are
 *   allowed for them (one-byte-portions).
 */
static bool is_tried(const struct list *list, const char *name)
{
	static const char *const not_survived[] = { "silence", "hangup", NULL };
	static const char *const not_here[] = {
		"capabilities:unknown-flags", "certificate:san-none",
		"certificate:one-byte-portions", NULL
	};
	static const char *const errors[] = {
		"error-busy", "error-unspecified", "error-unexpected-request",
		"error-large-response", "error-response-not-ready", "error-request-resynch",
		"error-vendor-defined", "error-code-unknown", NULL
	};
	static const char *const anew[] = {
		"error-unexpected-request", "error-request-resynch", NULL
	};
	if (is_one_of(what(name), not_survived) || is_one_of(name, not_here))
		return false;
	if (messages_with(list, name) > 5 && !is_about(name, "digests"))
		return is_of_refresh(name) && is_one_of(what(name), anew);
	return strncmp(what(name), "error-", strlen("error-")) || is_one_of(what(name), errors);
}

static int read_lines(FILE *file, struct list *list)
{
	char text[512], name[64], always[32], once[32];

	while (fgets(text, sizeof(text), file)) {
		struct line *line;

		if (sscanf(text, "%63[^\t]\t%31[^\t]\t%31[^\t]", name, always, once) != 3 ||
		    !strchr(name, ':'))
			return -EBADMSG;
		list->lines = reallocarray(list->lines, list->count + 1, sizeof(*list->lines));
		if (!list->lines)
			abort();
		line = &list->lines[list->count++];
		snprintf(line->name, sizeof(line->name), "%s", name);
		line->error = errno_of(always);
		line->error_once = errno_of(once);
		if (line->error < 0 || line->error_once < 0)
			return -EBADMSG;
	}
	return list->count ? 0 : -EBADMSG;
}

static int choose(const struct list *list, struct fault **faults)
{
	int count = 0;

	*faults = calloc(list->count * 2, sizeof(**faults));
	if (!*faults)
		abort();
	for (int i = 0; i < list->count; i++) {
		const struct line *line = &list->lines[i];
		struct fault *fault;

		if (!is_tried(list, line->name))
			continue;
		fault = &(*faults)[count++];
		snprintf(fault->name, sizeof(fault->name), "%s", line->name);
		fault->error = line->error;
		if (line->error == line->error_once)
			continue;
		fault = &(*faults)[count++];
		snprintf(fault->name, sizeof(fault->name), "%.61s@1", line->name);
		fault->error = line->error_once;
		fault->at_connect = !is_of_refresh(line->name);
	}
	return count;
}

int fault_list_read(const char *path, struct fault **faults)
{
	FILE *file = fopen(path, "re");
	struct list list = {};
	int err;

	if (!file)
		return -ENOENT;
	err = read_lines(file, &list);
	if (!err)
		err = choose(&list, faults);
	free(list.lines);
	fclose(file);
	return err;
}
