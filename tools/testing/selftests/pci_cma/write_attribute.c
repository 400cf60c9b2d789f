// SPDX-License-Identifier: GPL-2.0
/*
 * Writes a line into an attribute of sysfs and prints how it ended
 *
 *	write_attribute FILE TEXT
 *
 * Prints 0 or the name of an errno, which a shell does not tell.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char line[1024];
	int fd, len;

	if (argc != 3 || strlen(argv[2]) >= sizeof(line) - 1)
		return 2;

	len = snprintf(line, sizeof(line), "%s\n", argv[2]);
	fd = open(argv[1], O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, line, len) != len)
		puts(strerrorname_np(errno));
	else
		puts("0");
	return 0;
}
