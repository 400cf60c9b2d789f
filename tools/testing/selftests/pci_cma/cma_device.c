// SPDX-License-Identifier: GPL-2.0
/*
 * The devices under test, what can be done to them, and what the kernel logs
 * about them
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cma_device.h"

static int has_cma(const struct dirent *entry)
{
	char path[512];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/tsm/connect", entry->d_name);
	return !access(path, F_OK);
}

int cma_find_devices(struct cma_device *devices, int max)
{
	char *names = getenv("DEVICES") ? strdup(getenv("DEVICES")) : NULL;
	struct dirent **entries;
	int found = 0, n;

	if (names && *names) {
		char *rest = names, *name;

		while (found < max && (name = strsep(&rest, "\n ")))
			snprintf(devices[found++].name, sizeof(devices->name), "%s", name);
	} else {
		n = scandir(PCI_DEVICES, &entries, has_cma, alphasort);
		for (int i = 0; i < n; i++) {
			if (found < max)
				snprintf(devices[found++].name, sizeof(devices->name), "%s",
					 entries[i]->d_name);
			free(entries[i]);
		}
		if (n >= 0)
			free(entries);
	}
	free(names);

	for (int i = 0; i < found; i++)
		devices[i].number = i;
	return found;
}

bool cma_find_device(struct cma_device *device)
{
	const char *name = getenv("DEVICE");
	struct cma_device devices[16];
	int count = cma_find_devices(devices, 16);

	if (!name || !*name) {
		*device = devices[0];
		return count > 0;
	}
	device->number = -1;
	snprintf(device->name, sizeof(device->name), "%s", name);
	for (int i = 0; i < count; i++)
		if (!strcmp(devices[i].name, name))
			device->number = i;
	return true;
}

bool cma_find_tsm(char *tsm, size_t size)
{
	DIR *dir = opendir(CMA_TSM);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		found = !strncmp(entry->d_name, "tsm", strlen("tsm"));
		if (found)
			snprintf(tsm, size, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

bool cma_exists(const struct cma_device *device)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/tsm/connect", device->name);
	return !access(path, F_OK);
}

int write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, line, strlen(line)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int cma_tell(const struct cma_device *device, const char *attribute, const char *line)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device->name, attribute);
	return write_line(path, line);
}

void cma_ask(const struct cma_device *device, const char *attribute, char *line, size_t size)
{
	char path[128];
	ssize_t len = 0;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device->name, attribute);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, line, size - 1);
		close(fd);
	}
	line[len > 0 ? len : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

bool cma_is_connected(const struct cma_device *device)
{
	char tsm[16];

	cma_ask(device, "authenticated", tsm, sizeof(tsm));
	return *tsm;
}

/* Requests go to @to, answers come from @from: both for the one who took the byte out of @turn */
static struct {
	FILE *to;
	FILE *from;
	int turn[2];
} host;

int host_open(void)
{
	int to[2], from[2];

	if (system("command -v host >/dev/null"))
		return -ENOENT;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC) || pipe2(host.turn, O_CLOEXEC) ||
	    write(host.turn[1], "", 1) != 1)
		return -errno;

	switch (fork()) {
	case -1:
		return -errno;
	case 0:
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execlp("host", "host", "-", NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	host.to = fdopen(to[1], "w");
	/* No byte of an answer to another process must stay in a buffer of ours */
	host.from = fdopen(from[0], "r");
	if (!host.to || !host.from)
		return -errno;
	setvbuf(host.from, NULL, _IONBF, 0);
	return 0;
}

static int host_talk(char *answer, size_t size, const char *format, va_list args)
{
	char line[512], turn;

	if (read(host.turn[0], &turn, 1) != 1)
		return -errno;
	vfprintf(host.to, format, args);
	fputc('\n', host.to);
	fflush(host.to);
	if (!fgets(line, sizeof(line), host.from))
		snprintf(line, sizeof(line), "error no answer");
	if (write(host.turn[1], &turn, 1) != 1)
		return -errno;

	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "ok", strlen("ok"))) {
		printf("# host: %s\n", line);
		return -EIO;
	}
	snprintf(answer, size, "%s", line + strlen("ok") + strspn(line + strlen("ok"), " "));
	return 0;
}

int host_ask(const char *format, ...)
{
	char answer[8];
	va_list args;
	int err;

	va_start(args, format);
	err = host_talk(answer, sizeof(answer), format, args);
	va_end(args);
	return err;
}

int host_query(char *answer, size_t size, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = host_talk(answer, size, format, args);
	va_end(args);
	return err;
}

int host_requests(const struct cma_device *device)
{
	char answer[16];
	int err = host_query(answer, sizeof(answer), "requests %d", device->number);

	return err ?: atoi(answer);
}

int log_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log < 0)
		return -errno;
	if (lseek(log, 0, SEEK_END) < 0) {
		close(log);
		return -errno;
	}
	return log;
}

int log_read(int log, const struct cma_device *device, char *lines, size_t size)
{
	char record[2048], prefix[2][64];
	int count = 0;
	size_t len = 0;

	snprintf(prefix[0], sizeof(prefix[0]), "%s: SPDM: ", device->name);
	snprintf(prefix[1], sizeof(prefix[1]), "%s: CMA: ", device->name);
	lines[0] = '\0';

	for (;;) {
		/* One record at a time: "priority,number,time,flags;text\n", then " KEY=value\n" */
		ssize_t got = read(log, record, sizeof(record) - 1);
		char *text;

		if (got < 0)
			return errno == EAGAIN ? count : -errno;
		record[got] = '\0';
		text = strchr(record, ';');
		if (!text || (!strstr(text, prefix[0]) && !strstr(text, prefix[1])))
			continue;
		text[strcspn(text, "\n")] = '\0';
		count++;
		if (len < size)
			len += snprintf(lines + len, size - len, "%s%s", len ? "\n" : "", text + 1);
	}
}
