/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the generic netlink family "device-evidence" begin with
 *
 * They are about a device that CMA connects: the one named in $DEVICE, or the
 * first there is. It is connected before each test, and disconnected meanwhile
 * by some.
 */
#ifndef EVIDENCE_FIXTURE_H
#define EVIDENCE_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cma_device.h"
#include "evidence_client.h"

#define BIT(n)		(1U << (n))
#define BIT64(n)	(1ULL << (n))

#define DETAILS		DEVICE_EVIDENCE_FLAG_DETAILS

/* What the kernel says to who asked for new evidence in vain */
#define REFUSAL		"device was not authenticated, the kernel log says why"

FIXTURE(evidence) {
	struct cma_device device;
	char tsm[16];
	int sock;
	struct evidence_family family;
	struct evidence_request request;
	struct evidence_reply reply;
};

FIXTURE_SETUP(evidence)
{
	int sock, err;

	self->sock = -1;
	if (!cma_find_device(&self->device))
		SKIP(return, "no PCI device with CMA");
	if (!cma_find_tsm(self->tsm, sizeof(self->tsm)))
		SKIP(return, "no native CMA TSM");

	err = cma_tell(&self->device, "tsm/connect", self->tsm);
	ASSERT_TRUE(err == 0 || err == -EBUSY) {
		TH_LOG("%s: connect: %s", self->device.name, strerror(-err));
	}

	/* Not the socket of the test: who once offered a large buffer gets large datagrams */
	sock = evidence_socket();
	ASSERT_LE(0, sock);
	ASSERT_EQ(0, evidence_find_family(sock, &self->family));
	close(sock);
	self->sock = evidence_socket();
	ASSERT_LE(0, self->sock);

	self->request = (struct evidence_request) {
		.mask = EVIDENCE_ALL,
		.subsys = "pci",
		.device = self->device.name,
		.slot = -1,
	};
}

FIXTURE_TEARDOWN(evidence)
{
	evidence_reply_free(&self->reply);
	close(self->sock);
}

#endif /* EVIDENCE_FIXTURE_H */
