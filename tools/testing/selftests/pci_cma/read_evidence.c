// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the evidence of a PCI device for the scripts beside this
 *
 *	read_evidence DEVICE [NONCE [SLOT]]
 *
 * Prints one line: how it ended (0 or the name of an errno), the generation, a
 * checksum of all objects, what was negotiated (version/hash/signature), and
 * what the kernel says. NONCE is one byte that 32 of are sent.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence_client.h"

int main(int argc, char **argv)
{
	unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_request request = {
		.mask = EVIDENCE_ALL,
		.flags = DEVICE_EVIDENCE_FLAG_DETAILS,
		.subsys = "pci",
		.slot = -1,
	};
	struct evidence_family family;
	struct evidence_object *challenge;
	struct evidence_reply reply;
	__u64 sum = 0xcbf29ce484222325; /* FNV-1a */
	int sock, err, version;

	if (argc < 2)
		return 2;
	request.device = argv[1];
	if (argc > 2) {
		memset(nonce, atoi(argv[2]), sizeof(nonce));
		request.nonce = nonce;
		request.nonce_len = sizeof(nonce);
	}
	if (argc > 3)
		request.slot = atoi(argv[3]);

	sock = evidence_socket();
	err = sock < 0 ? sock : evidence_find_family(sock, &family);
	if (!err)
		err = evidence_read(sock, &family, EVIDENCE_BUFFER, &request, &reply);
	if (err) {
		fprintf(stderr, "read_evidence: %s\n", strerror(-err));
		return 1;
	}

	for (int type = 0; type < EVIDENCE_TYPES; type++)
		for (size_t i = 0; i < reply.objects[type].received; i++)
			sum = (sum ^ reply.objects[type].data[i]) * 0x100000001b3;

	challenge = &reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE];
	version = challenge->values[DEVICE_EVIDENCE_A_SPDM_VERSION];
	printf("%s %u %016llx %x.%x/%s/%s %s\n", reply.error ? strerrorname_np(reply.error) : "0",
	       reply.objects[0].generation, (unsigned long long)sum, version >> 4, version & 0xf,
	       challenge->hash, challenge->signature, reply.defect ? reply.defect : reply.text);
	return 0;
}
