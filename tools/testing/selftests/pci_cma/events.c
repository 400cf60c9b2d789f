// SPDX-License-Identifier: GPL-2.0
/*
 * Acceptance of evidence, and events: what the kernel tells of devices
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/socket.h>
#include <linux/netlink.h>

#include "evidence_fixture.h"

/*
 * Acceptance
 */

TEST_F(evidence, acceptance_holds_until_the_evidence_changes)
{
	struct evidence_reply verdict;
	__u32 generation;

	self->request.flags = DETAILS;
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	generation = self->reply.objects[0].generation;
	EXPECT_EQ(0, self->reply.objects[0].attributes & BIT64(DEVICE_EVIDENCE_A_VALIDATED));
	evidence_reply_free(&self->reply);

	/* Twice is no mistake */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
					       &generation, &verdict));
		EXPECT_EQ(0, verdict.error);
	}
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	EXPECT_NE(0, self->reply.objects[0].attributes & BIT64(DEVICE_EVIDENCE_A_VALIDATED));
	evidence_reply_free(&self->reply);

	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	EXPECT_EQ(0, self->reply.objects[0].attributes & BIT64(DEVICE_EVIDENCE_A_VALIDATED));
	ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
				       &generation, &verdict));
	EXPECT_EQ(ESTALE, verdict.error);
	EXPECT_STREQ("evidence has changed since this generation", verdict.text);
	EXPECT_EQ(DEVICE_EVIDENCE_A_GENERATION, verdict.attribute);
}

TEST_F(evidence, what_cannot_be_accepted_is_refused)
{
	__u32 generation = 1;

	ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name, NULL,
				       &self->reply));
	EXPECT_EQ(EINVAL, self->reply.error);
	EXPECT_STREQ("generation is missing", self->reply.text);
	EXPECT_EQ(DEVICE_EVIDENCE_A_GENERATION, self->reply.missing);

	ASSERT_EQ(0, evidence_validate(self->sock, &self->family, NULL, self->device.name,
				       &generation, &self->reply));
	EXPECT_EQ(EINVAL, self->reply.error);
	EXPECT_STREQ("subsys is missing", self->reply.text);

	ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", "ffff:ff:1f.7",
				       &generation, &self->reply));
	EXPECT_EQ(ENODEV, self->reply.error);

	ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
				       &generation, &self->reply));
	EXPECT_EQ(ENXIO, self->reply.error);
	EXPECT_STREQ("device has no evidence", self->reply.text);
}

/*
 * Events
 */

TEST_F(evidence, each_change_is_told_once_and_in_order)
{
	static const int expected[] = {
		DEVICE_EVIDENCE_EVENT_REFRESHED, DEVICE_EVIDENCE_EVENT_VALIDATED,
		DEVICE_EVIDENCE_EVENT_REVOKED, DEVICE_EVIDENCE_EVENT_REFRESHED,
		DEVICE_EVIDENCE_EVENT_DISCONNECTED, DEVICE_EVIDENCE_EVENT_CONNECTED,
	};
	struct evidence_reply verdict;
	struct evidence_event event;
	__u32 first, generation[6];
	int listener = evidence_socket();

	ASSERT_LE(0, listener);
	ASSERT_NE(0, self->family.events);
	ASSERT_EQ(0, evidence_join_events(listener, &self->family));

	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	first = self->reply.objects[0].generation;
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
					       &first, &verdict));
	}
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/connect", self->tsm));

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		ASSERT_EQ(0, evidence_next_event(listener, &self->family, 2000, &event));
		EXPECT_EQ(expected[i], event.event);
		EXPECT_STREQ("pci", event.subsys);
		EXPECT_STREQ(self->device.name, event.device);
		generation[i] = event.generation;
	}
	EXPECT_EQ(-ETIMEDOUT, evidence_next_event(listener, &self->family, 200, &event));

	/* What was accepted is what is revoked, and what is refreshed is what goes */
	EXPECT_EQ(first, generation[0]);
	EXPECT_EQ(first, generation[1]);
	EXPECT_EQ(first, generation[2]);
	EXPECT_LT(first, generation[3]);
	EXPECT_EQ(generation[3], generation[4]);
	EXPECT_LT(generation[3], generation[5]);
	close(listener);
}

static const struct {
	const char *fault;
	int error;
	__u32 reason;
	const char *word;
	__u32 error_code;
} failures[] = {
	{ "digests:wrong-code", EPROTO, DEVICE_EVIDENCE_REASON_ILLEGAL, "illegal" },
	{ "challenge:truncated", EBADMSG, DEVICE_EVIDENCE_REASON_MALFORMED, "malformed" },
	{ "challenge:bad-signature", EKEYREJECTED, DEVICE_EVIDENCE_REASON_SIGNATURE, "signature" },
	{ "digests:error-unspecified", EREMOTEIO, DEVICE_EVIDENCE_REASON_REFUSED, "refused 0x05",
	  0x05 },
};

/* Why it fails is the same for all who are told: listeners, and who looks into sysfs */
TEST_F(evidence, failures_are_told_with_their_reasons)
{
	struct evidence_event event;
	int listener;
	char line[64];

	if (self->device.number < 0 || host_open())
		SKIP(return, "needs the host's help");

	listener = evidence_socket();
	ASSERT_LE(0, listener);
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		__u32 generation;

		/* Of a refresh: what there was stays */
		ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
		generation = self->reply.objects[0].generation;
		evidence_reply_free(&self->reply);
		cma_ask(&self->device, "tsm/failure", line, sizeof(line));
		EXPECT_STREQ("", line);

		ASSERT_EQ(0, evidence_join_events(listener, &self->family));
		ASSERT_EQ(0, host_ask("fault %d %s", self->device.number, failures[i].fault));
		ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
		EXPECT_EQ(failures[i].error, self->reply.error) {
			TH_LOG("for %s", failures[i].fault);
		}
		ASSERT_EQ(0, evidence_next_event(listener, &self->family, 2000, &event));
		EXPECT_EQ(DEVICE_EVIDENCE_EVENT_FAILED, event.event);
		EXPECT_EQ(generation, event.generation);
		EXPECT_EQ(failures[i].reason, event.reason);
		EXPECT_EQ(failures[i].error_code, event.error_code);
		EXPECT_EQ(!!failures[i].error_code,
			  !!(event.attributes & BIT64(DEVICE_EVIDENCE_A_SPDM_ERROR_CODE)));
		EXPECT_STREQ(self->device.name, event.device);
		cma_ask(&self->device, "tsm/failure", line, sizeof(line));
		EXPECT_STREQ(failures[i].word, line);

		/* Of a connect: there is nothing */
		ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
		ASSERT_EQ(0, evidence_next_event(listener, &self->family, 2000, &event));
		EXPECT_EQ(DEVICE_EVIDENCE_EVENT_DISCONNECTED, event.event);
		EXPECT_EQ(-failures[i].error,
			  cma_tell(&self->device, "tsm/connect", self->tsm));
		ASSERT_EQ(0, evidence_next_event(listener, &self->family, 2000, &event));
		EXPECT_EQ(DEVICE_EVIDENCE_EVENT_FAILED, event.event);
		EXPECT_EQ(0, event.attributes & BIT64(DEVICE_EVIDENCE_A_GENERATION));
		EXPECT_EQ(failures[i].reason, event.reason);
		cma_ask(&self->device, "tsm/failure", line, sizeof(line));
		EXPECT_STREQ(failures[i].word, line);

		ASSERT_EQ(0, host_ask("fault %d", self->device.number));
		ASSERT_EQ(0, cma_tell(&self->device, "tsm/connect", self->tsm));
		ASSERT_EQ(0, evidence_next_event(listener, &self->family, 2000, &event));
		EXPECT_EQ(DEVICE_EVIDENCE_EVENT_CONNECTED, event.event);
		cma_ask(&self->device, "tsm/failure", line, sizeof(line));
		EXPECT_STREQ("", line);
		EXPECT_EQ(-ETIMEDOUT, evidence_next_event(listener, &self->family, 100, &event));

		/* Not those of the refresh that follows */
		close(listener);
		listener = evidence_socket();
		ASSERT_LE(0, listener);
	}
	close(listener);
}

TEST_F(evidence, acceptance_shows_in_sysfs)
{
	char line[64], expected[16];
	__u32 generation;

	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	generation = self->reply.objects[0].generation;
	evidence_reply_free(&self->reply);
	cma_ask(&self->device, "tsm/validated", line, sizeof(line));
	EXPECT_STREQ("", line);

	ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
				       &generation, &self->reply));
	snprintf(expected, sizeof(expected), "%u", generation);
	cma_ask(&self->device, "tsm/validated", line, sizeof(line));
	EXPECT_STREQ(expected, line);

	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	cma_ask(&self->device, "tsm/validated", line, sizeof(line));
	EXPECT_STREQ("", line);
}

/* The value of @name in an event for udev, or NULL */
static const char *uevent_value(const char *uevent, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	for (const char *word = uevent; word < uevent + len; word += strlen(word) + 1)
		if (!strncmp(word, name, name_len) && word[name_len] == '=')
			return word + name_len + 1;
	return NULL;
}

/* The next event for udev that is about evidence of the device, or NULL */
static const char *next_uevent(const struct _test_data_evidence *self, int sock, char *uevent,
			       size_t size, size_t *len)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = sock, .events = POLLIN };
		const char *name;
		ssize_t got;

		if (poll(&poll_fd, 1, 2000) != 1)
			return NULL;
		got = recv(sock, uevent, size - 1, 0);
		if (got < 0)
			return NULL;
		uevent[got] = '\0';
		*len = got;
		name = uevent_value(uevent, got, "PCI_SLOT_NAME");
		if (name && !strcmp(name, self->device.name) &&
		    uevent_value(uevent, got, "EVIDENCE"))
			return uevent_value(uevent, got, "EVIDENCE");
	}
}

TEST_F(evidence, each_change_is_told_to_udev)
{
	static const char *const expected[] = {
		"refreshed", "validated", "revoked", "disconnected", "connected"
	};
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int sock = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	char uevent[4096], number[16];
	__u32 generation;
	size_t len;

	ASSERT_LE(0, sock);
	ASSERT_EQ(0, bind(sock, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	generation = self->reply.objects[0].generation;
	snprintf(number, sizeof(number), "%u", generation);
	evidence_reply_free(&self->reply);
	ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
				       &generation, &self->reply));
	ASSERT_EQ(0, self->reply.error);
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/connect", self->tsm));

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const char *event = next_uevent(self, sock, uevent, sizeof(uevent), &len);

		ASSERT_NE(NULL, event);
		EXPECT_STREQ(expected[i], event);
		EXPECT_STREQ("change", uevent_value(uevent, len, "ACTION"));
		if (i < ARRAY_SIZE(expected) - 1)
			EXPECT_STREQ(number, uevent_value(uevent, len, "EVIDENCE_GENERATION"));
		EXPECT_EQ(NULL, uevent_value(uevent, len, "EVIDENCE_REASON"));
	}
	close(sock);
}

TEST_HARNESS_MAIN
