// SPDX-License-Identifier: GPL-2.0
/*
 * Objects as large as they may be: each byte arrives, whatever the reader's buffer
 *
 * They are those of the kernel's test device, see CONFIG_TEST_DEVICE_EVIDENCE.
 */
#define _GNU_SOURCE
#include <time.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "evidence_client.h"
#include "test_device.h"

#define LARGEST		DEVICE_EVIDENCE_MAX_OBJECT_SIZE

/* What netlink makes of a dump's first datagram fits in it */
#define SMALL_BUFFER	4096

#define RACE_SECONDS	5

/* Seconds for any test on any machine, be it emulated and busy */
#define LONG_ENOUGH	900

FIXTURE(large) {
	struct evidence_family family;
	struct evidence_request request;
	struct evidence_reply reply;
};

FIXTURE_SETUP(large)
{
	int sock;

	if (!test_device_exists())
		SKIP(return, "no test device");
	sock = evidence_socket();
	ASSERT_LE(0, sock);
	ASSERT_EQ(0, evidence_find_family(sock, &self->family));
	close(sock);
	self->request = test_device_request();
}

FIXTURE_TEARDOWN(large)
{
	evidence_reply_free(&self->reply);
	test_device_resize(0);
}

static int read_into(struct _test_data_large *self, size_t buffer)
{
	/* A socket of its own: who once offered a large buffer gets large datagrams */
	int sock = evidence_socket();
	int err;

	if (sock < 0)
		return sock;
	evidence_reply_free(&self->reply);
	err = evidence_read(sock, &self->family, buffer, &self->request, &self->reply);
	close(sock);
	return err;
}

TEST_F_TIMEOUT(large, each_byte_arrives_in_buffers_of_all_sizes, LONG_ENOUGH)
{
	static const size_t sizes[] = { 1, 4096, 65535 - 4, 65536, (1 << 20) - 1, LARGEST };
	static const size_t buffers[] = { SMALL_BUFFER, 8192, EVIDENCE_BUFFER };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, test_device_resize(sizes[i]));
		for (size_t j = 0; j < ARRAY_SIZE(buffers); j++) {
			ASSERT_EQ(0, read_into(self, buffers[j])) {
				TH_LOG("%zu bytes, buffer of %zu", sizes[i], buffers[j]);
			}
			EXPECT_EQ(0, self->reply.error);
			EXPECT_EQ(NULL, self->reply.defect);
			EXPECT_EQ(sizes[i], self->reply.objects[0].length);
			EXPECT_TRUE(test_device_gave(&self->reply, 0)) {
				TH_LOG("%zu bytes, buffer of %zu", sizes[i], buffers[j]);
			}
		}
	}
}

TEST_F_TIMEOUT(large, no_datagram_exceeds_what_the_first_one_took, LONG_ENOUGH)
{
	size_t first;

	ASSERT_EQ(0, test_device_resize(LARGEST));
	ASSERT_EQ(0, read_into(self, SMALL_BUFFER));
	first = self->reply.largest;

	/* The smallest buffer that a dump fits into */
	ASSERT_EQ(0, read_into(self, first));
	EXPECT_EQ(first, self->reply.largest);
	EXPECT_TRUE(test_device_gave(&self->reply, 0));

	/* And from a large one, netlink takes 32 KiB at most */
	ASSERT_EQ(0, read_into(self, EVIDENCE_BUFFER));
	EXPECT_LT(first, self->reply.largest);
	EXPECT_GE(32768, self->reply.largest);
	EXPECT_GE(LARGEST / 30000, self->reply.messages);
}

TEST_F_TIMEOUT(large, nothing_is_larger_than_16_mib, LONG_ENOUGH)
{
	ASSERT_EQ(0, test_device_resize(1));
	EXPECT_EQ(-EMSGSIZE, test_device_resize(LARGEST + 1));
	ASSERT_EQ(0, read_into(self, SMALL_BUFFER));
	EXPECT_TRUE(test_device_gave(&self->reply, 0));
}

TEST_F_TIMEOUT(large, a_reader_in_the_middle_never_gets_what_is_newer, LONG_ENOUGH)
{
	struct evidence_reply fresh;
	int sock = evidence_socket();
	int more = 1;

	ASSERT_LE(0, sock);
	ASSERT_EQ(0, test_device_resize(LARGEST));
	self->reply.last = -1;
	ASSERT_EQ(0, evidence_send(sock, &self->family, &self->request));
	for (int i = 0; i < 100 && more == 1; i++)
		more = evidence_receive(sock, &self->family, EVIDENCE_BUFFER, &self->request,
					&self->reply);
	ASSERT_EQ(1, more);

	ASSERT_EQ(0, test_device_refresh(&self->family, 0x12345678, &fresh));
	EXPECT_EQ(0, fresh.error);
	EXPECT_TRUE(test_device_gave(&fresh, 0x12345678));
	evidence_reply_free(&fresh);

	while (more == 1)
		more = evidence_receive(sock, &self->family, EVIDENCE_BUFFER, &self->request,
					&self->reply);
	close(sock);
	EXPECT_EQ(0, more);
	EXPECT_EQ(EAGAIN, self->reply.error);
	EXPECT_GT(LARGEST, self->reply.objects[0].received);
	EXPECT_TRUE(test_device_gave(&self->reply, 0));
}

/* Exits with 0 if all that it read was of one seed, and it read something */
static void race_reader(struct _test_data_large *self, size_t buffer)
{
	time_t end = time(NULL) + RACE_SECONDS;
	bool good = false;

	while (time(NULL) < end) {
		const struct evidence_object *object = &self->reply.objects[0];
		__u32 seed;

		if (read_into(self, buffer) || self->reply.defect ||
		    (self->reply.error && self->reply.error != EAGAIN))
			_exit(1);
		if (self->reply.error && object->received < sizeof(seed))
			continue;
		memcpy(&seed, object->data, sizeof(seed));
		if (!test_device_gave(&self->reply, seed))
			_exit(2);
		good = true;
	}
	_exit(!good);
}

TEST_F_TIMEOUT(large, readers_and_refreshes_do_not_mix, LONG_ENOUGH)
{
	static const size_t buffers[] = { SMALL_BUFFER, EVIDENCE_BUFFER };
	time_t end = time(NULL) + RACE_SECONDS;
	pid_t children[ARRAY_SIZE(buffers)];
	struct evidence_reply reply;

	ASSERT_EQ(0, test_device_resize(1 << 20));
	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (!children[i])
			race_reader(self, buffers[i]);
	}
	for (__u32 seed = 1; time(NULL) < end; seed++) {
		EXPECT_EQ(0, test_device_refresh(&self->family, seed, &reply));
		EXPECT_EQ(0, reply.error);
		EXPECT_TRUE(test_device_gave(&reply, seed));
		evidence_reply_free(&reply);
		usleep(100000);
	}
	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		int status;

		ASSERT_EQ(children[i], waitpid(children[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

TEST_HARNESS_MAIN
