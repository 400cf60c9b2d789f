// SPDX-License-Identifier: GPL-2.0
/*
 * What tests often do with evidence
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence_client.h"

int evidence_read_all(const struct evidence_family *family, const struct evidence_request *request,
		      struct evidence_reply *reply)
{
	int sock = evidence_socket();
	int err;

	if (sock < 0)
		return sock;
	err = evidence_read(sock, family, EVIDENCE_BUFFER, request, reply);
	close(sock);
	return err;
}

int evidence_refresh(const struct evidence_family *family, const struct evidence_request *request,
		     struct evidence_reply *reply)
{
	unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_request fresh = *request;

	evidence_nonce(nonce, getpid());
	fresh.nonce = nonce;
	fresh.nonce_len = sizeof(nonce);
	return evidence_read_all(family, &fresh, reply);
}

void evidence_nonce(unsigned char *nonce, unsigned char seed)
{
	for (int i = 0; i < DEVICE_EVIDENCE_MAX_NONCE_SIZE; i++)
		nonce[i] = seed + i;
}

int evidence_slot(const struct evidence_reply *reply)
{
	for (int slot = 0; slot < 8; slot++)
		if (reply->objects[slot].length)
			return slot;
	return -1;
}

bool evidence_digest(const char *hash, const void *data, size_t len, char *hex, size_t size)
{
	char path[] = "/tmp/evidence.XXXXXX";
	char command[64];
	bool good = false;
	int fd = mkstemp(path);
	FILE *pipe;

	if (fd < 0)
		return false;
	if (write(fd, data, len) == (ssize_t)len) {
		snprintf(command, sizeof(command), "%ssum %s 2>/dev/null", hash, path);
		pipe = popen(command, "re");
		good = pipe && fgets(hex, size, pipe) && strchr(hex, ' ');
		if (good)
			*strchr(hex, ' ') = '\0';
		if (pipe)
			pclose(pipe);
	}
	close(fd);
	unlink(path);
	return good;
}

bool evidence_is_same(const struct evidence_reply *one, const struct evidence_reply *other)
{
	for (int i = 0; i < EVIDENCE_TYPES; i++) {
		const struct evidence_object *a = &one->objects[i], *b = &other->objects[i];

		if (a->seen != b->seen || a->length != b->length || a->received != b->received ||
		    a->generation != b->generation ||
		    (a->received && memcmp(a->data, b->data, a->received)))
			return false;
	}
	return true;
}
