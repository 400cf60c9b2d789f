// SPDX-License-Identifier: GPL-2.0
/*
 * What devices can do wrong, according to the responder
 *
 * Its list has a line per fault: name, errno if it happens always, errno if it
 * happens once, and more, separated by tabs. A name is "message:what". Several
 * errnos are separated by commas: any of them is right.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_list.h"

struct line {
	char name[64];
	int errors[FAULT_ERRORS_MAX + 1];
	int errors_once[FAULT_ERRORS_MAX + 1];
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

/* The errnos of names with commas in between, and -1 behind them; whether all are known */
static bool errnos_of(char *names, int *errors)
{
	int count = 0;

	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		if (count == FAULT_ERRORS_MAX)
			return false;
		errors[count] = errno_of(name);
		if (errors[count++] < 0)
			return false;
	}
	errors[count] = -1;
	return count;
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
 * - those that take another configuration (unknown-flags, san-none).
 */
static bool is_tried(const struct list *list, const char *name)
{
	static const char *const not_survived[] = { "silence", "hangup", NULL };
	static const char *const not_here[] = {
		"capabilities:unknown-flags", "certificate:san-none", NULL
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

/*
 * The kernel's parser of certificates looks at a root's own signature. One of ECDSA it finds
 * wrong; see connect.sh. One of RSA, whose padding is gone, it takes for malformed.
 */
static void allow_for_rsa(struct line *line)
{
	const int errors[] = { line->errors[0], EBADMSG, -1 };

	if (strcmp(line->name, "certificate:root-signature"))
		return;
	memcpy(line->errors, errors, sizeof(errors));
	memcpy(line->errors_once, errors, sizeof(errors));
}

static int read_lines(FILE *file, struct list *list)
{
	char text[512], always[96], once[96];

	while (fgets(text, sizeof(text), file)) {
		struct line *line;

		list->lines = reallocarray(list->lines, list->count + 1, sizeof(*list->lines));
		if (!list->lines)
			abort();
		line = &list->lines[list->count++];
		if (sscanf(text, "%63[^\t]\t%95[^\t]\t%95[^\t]", line->name, always, once) != 3 ||
		    !strchr(line->name, ':') || !errnos_of(always, line->errors) ||
		    !errnos_of(once, line->errors_once))
			return -EBADMSG;
		allow_for_rsa(line);
	}
	return list->count ? 0 : -EBADMSG;
}

static int read_list(const char *path, struct list *list)
{
	FILE *file = fopen(path, "re");
	int err;

	if (!file)
		return -ENOENT;
	err = read_lines(file, list);
	fclose(file);
	return err;
}

static void set_fault(struct fault *fault, const char *name, const char *when, const int *errors)
{
	snprintf(fault->name, sizeof(fault->name), "%.60s%s", name, when);
	fault->error = errors[0];
	memcpy(fault->others, errors + 1, sizeof(fault->others));
}

/* Adds those of a list that are tried, or all of them */
static int choose(const struct list *list, bool all, struct fault *faults)
{
	int count = 0;

	for (int i = 0; i < list->count; i++) {
		const struct line *line = &list->lines[i];

		if (!all && !is_tried(list, line->name))
			continue;
		set_fault(&faults[count++], line->name, "", line->errors);
		if (line->errors[0] == line->errors_once[0])
			continue;
		set_fault(&faults[count], line->name, "@1", line->errors_once);
		faults[count++].at_connect = !is_of_refresh(line->name);
	}
	return count;
}

int fault_error(const struct fault *fault, int got)
{
	for (const int *other = fault->others; *other >= 0; other++)
		if (*other == got)
			return got;
	return fault->error;
}

int fault_list_read(const char *path, const char *cases, struct fault **faults)
{
	struct list known = {}, generated = {};
	int err, count = 0;

	err = read_list(path, &known);
	if (!err)
		err = read_list(cases, &generated);
	if (err == -ENOENT && known.count)
		err = 0;
	if (!err) {
		*faults = calloc((known.count + generated.count) * 2, sizeof(**faults));
		if (!*faults)
			abort();
		count = choose(&known, false, *faults);
		count += choose(&generated, true, *faults + count);
	}
	free(known.lines);
	free(generated.lines);
	return err ?: count;
}
