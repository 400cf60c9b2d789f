// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "device-evidence" as its users see it on the wire
 *
 * Of a device that CMA connects: the one named in $DEVICE, or the first there
 * is. It is connected before each test, and disconnected meanwhile by some.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "cma_device.h"
#include "evidence_client.h"

#define BIT(n)		(1U << (n))
#define BIT64(n)	(1ULL << (n))

#define CERTS		0xffU
#define VCA		BIT(DEVICE_EVIDENCE_OBJECT_TYPE_VCA)
#define REPORT		BIT(DEVICE_EVIDENCE_OBJECT_TYPE_REPORT)
#define CHALLENGE	BIT(DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE)
#define ALL		EVIDENCE_ALL

#define DIGEST		DEVICE_EVIDENCE_FLAG_DIGEST
#define DETAILS		DEVICE_EVIDENCE_FLAG_DETAILS

/* Attributes that stock clients do not know */
#define ADDITIONS	(~0ULL << DEVICE_EVIDENCE_A_OFFSET)

#define NOBODY		65534

FIXTURE(evidence) {
	struct cma_device device;
	char tsm[16];
	int sock;
	struct evidence_family family;
	struct evidence_request request;
	struct evidence_reply reply;
};

static void fill(unsigned char *nonce, unsigned char seed)
{
	for (int i = 0; i < DEVICE_EVIDENCE_MAX_NONCE_SIZE; i++)
		nonce[i] = seed + i;
}

/* All evidence as it is, in one go, on a socket of its own */
static int read_all(const struct evidence_family *family, const struct evidence_request *request,
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

static int refresh(const struct evidence_family *family, const struct evidence_request *request,
		   struct evidence_reply *reply)
{
	unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_request fresh = *request;

	fill(nonce, getpid());
	fresh.nonce = nonce;
	fresh.nonce_len = sizeof(nonce);
	return read_all(family, &fresh, reply);
}

static size_t total(const struct evidence_reply *reply)
{
	size_t sum = 0;

	for (int i = 0; i < EVIDENCE_TYPES; i++)
		sum += reply->objects[i].received;
	return sum;
}

/* The slot whose chain is in the reply, or -1 */
static int slot_of(const struct evidence_reply *reply)
{
	for (int slot = 0; slot < 8; slot++)
		if (reply->objects[slot].length)
			return slot;
	return -1;
}

FIXTURE_SETUP(evidence)
{
	const char *device = getenv("DEVICE");
	int sock, err;

	self->sock = -1;
	if (device && *device)
		snprintf(self->device.name, sizeof(self->device.name), "%s", device);
	else if (!cma_find_devices(&self->device, 1))
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
		.mask = ALL,
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

/*
 * What is read
 */

TEST_F(evidence, each_object_asked_for_comes_whole_and_in_order)
{
	ASSERT_EQ(0, evidence_read(self->sock, &self->family, EVIDENCE_BUFFER, &self->request,
				   &self->reply));
	ASSERT_EQ(0, self->reply.error);
	ASSERT_EQ(NULL, self->reply.defect) {
		TH_LOG("%s", self->reply.defect);
	}

	for (int type = 0; type < EVIDENCE_TYPES; type++) {
		struct evidence_object *object = &self->reply.objects[type];

		EXPECT_EQ(!!(ALL & BIT(type)), object->seen);
		if (!object->seen)
			continue;
		EXPECT_EQ(object->length, object->received);
		EXPECT_NE(0, object->generation);
		EXPECT_EQ(self->reply.objects[0].generation, object->generation);
		EXPECT_EQ(!!object->length, !!(object->attributes & BIT64(DEVICE_EVIDENCE_A_VAL)));
	}
	EXPECT_LE(0, slot_of(&self->reply));
	EXPECT_LT(0, self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_VCA].length);
	EXPECT_LT(0, self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE].length);
	EXPECT_EQ(0, self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_REPORT].length);
}

TEST_F(evidence, only_what_was_asked_for_comes)
{
	self->request.mask = VCA;
	ASSERT_EQ(0, evidence_read(self->sock, &self->family, EVIDENCE_BUFFER, &self->request,
				   &self->reply));
	ASSERT_EQ(0, self->reply.error);
	EXPECT_EQ(1, self->reply.messages);
	EXPECT_TRUE(self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_VCA].seen);
}

TEST_F(evidence, stock_clients_get_no_attribute_they_do_not_know)
{
	ASSERT_EQ(0, evidence_read(self->sock, &self->family, EVIDENCE_BUFFER, &self->request,
				   &self->reply));
	for (int type = 0; type < EVIDENCE_TYPES; type++) {
		EXPECT_EQ(0, self->reply.objects[type].attributes & ADDITIONS);
		EXPECT_EQ(0, self->reply.objects[type].attributes & BIT64(DEVICE_EVIDENCE_A_COUNT));
	}
}

TEST_F(evidence, a_read_without_nonce_changes_nothing)
{
	struct evidence_reply again;

	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	ASSERT_EQ(0, read_all(&self->family, &self->request, &again));
	EXPECT_EQ(0, again.error);
	EXPECT_TRUE(evidence_is_same(&self->reply, &again));
	evidence_reply_free(&again);
}

TEST_F(evidence, details_say_where_the_parts_of_the_transcript_are)
{
	static const int numbers[] = {
		DEVICE_EVIDENCE_A_COUNT, DEVICE_EVIDENCE_A_OFFSET,
		DEVICE_EVIDENCE_A_SPDM_VERSION, DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET,
		DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET, DEVICE_EVIDENCE_A_SIGNATURE_OFFSET,
		DEVICE_EVIDENCE_A_SIGNATURE_LENGTH,
	};
	struct evidence_object *challenge, *vca;

	self->request.flags = DETAILS;
	ASSERT_EQ(0, evidence_read(self->sock, &self->family, EVIDENCE_BUFFER, &self->request,
				   &self->reply));
	ASSERT_EQ(0, self->reply.error);
	ASSERT_EQ(NULL, self->reply.defect);

	challenge = &self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE];
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_TRUE(challenge->attributes & BIT64(numbers[i])) {
			TH_LOG("attribute %d is missing", numbers[i]);
		}
	}
	EXPECT_EQ(challenge->length, challenge->values[DEVICE_EVIDENCE_A_SIGNATURE_OFFSET] +
				     challenge->values[DEVICE_EVIDENCE_A_SIGNATURE_LENGTH]);
	EXPECT_LT(challenge->values[DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET],
		  challenge->values[DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET]);
	EXPECT_LT(challenge->values[DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET],
		  challenge->values[DEVICE_EVIDENCE_A_SIGNATURE_OFFSET]);
	EXPECT_STRNE("", challenge->hash);
	EXPECT_STRNE("", challenge->signature);

	/* What is signed begins with the negotiation, and that with GET_VERSION and VERSION */
	vca = &self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_VCA];
	ASSERT_LT(vca->length, challenge->length);
	EXPECT_EQ(0, memcmp(vca->data, challenge->data, vca->length));
	EXPECT_EQ(0, memcmp(vca->data, "\x10\x84\x00\x00\x10\x04", 6));
	EXPECT_EQ(challenge->values[DEVICE_EVIDENCE_A_SPDM_VERSION],
		  vca->values[DEVICE_EVIDENCE_A_SPDM_VERSION]);

	/* A chain is no transcript */
	EXPECT_EQ(0, self->reply.objects[slot_of(&self->reply)].attributes &
		     BIT64(DEVICE_EVIDENCE_A_SPDM_VERSION));
}

/* The digest of @len bytes according to user space; false if there is no such tool */
static bool digest_of(const char *hash, const void *data, size_t len, char *hex, size_t size)
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

TEST_F(evidence, digests_are_those_of_the_objects)
{
	struct evidence_reply digests;
	const char *hash;

	self->request.flags = DETAILS;
	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	self->request.flags = DETAILS | DIGEST;
	ASSERT_EQ(0, read_all(&self->family, &self->request, &digests));
	ASSERT_EQ(0, digests.error);
	ASSERT_EQ(NULL, digests.defect);
	hash = self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE].hash;

	for (int type = 0; type < EVIDENCE_TYPES; type++) {
		struct evidence_object *object = &self->reply.objects[type];
		struct evidence_object *digest = &digests.objects[type];
		char expected[256], got[256] = "";

		if (!object->length) {
			EXPECT_EQ(0, digest->length);
			continue;
		}
		EXPECT_STREQ(hash, digest->hash);
		EXPECT_EQ(atoi(hash + strlen("sha")) / 8, digest->received);
		if (!digest_of(hash, object->data, object->received, expected, sizeof(expected)))
			SKIP(return, "user space has no %ssum", hash);
		for (size_t i = 0; i < digest->received; i++)
			sprintf(got + 2 * i, "%02x", digest->data[i]);
		EXPECT_STREQ(expected, got);
	}
	evidence_reply_free(&digests);
}

TEST_F(evidence, small_and_large_buffers_get_the_same)
{
	struct evidence_reply small;
	int sock = evidence_socket();

	ASSERT_LE(0, sock);
	ASSERT_EQ(0, evidence_read(sock, &self->family, 4096, &self->request, &small));
	close(sock);
	ASSERT_EQ(0, small.error);
	ASSERT_EQ(NULL, small.defect);
	EXPECT_GE(4096, small.largest);

	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	EXPECT_TRUE(evidence_is_same(&self->reply, &small));
	EXPECT_GE(small.messages, self->reply.messages);

	/* Nobody gets datagrams of more than 32 KiB, which would be hard to allocate */
	EXPECT_GE(32768, self->reply.largest);
	evidence_reply_free(&small);
}

TEST_F(evidence, a_dump_may_be_left_in_the_middle)
{
	struct evidence_reply reply = { .last = -1 };

	ASSERT_EQ(0, evidence_send(self->sock, &self->family, &self->request));
	ASSERT_LE(0, evidence_receive(self->sock, &self->family, EVIDENCE_BUFFER, &self->request,
				      &reply));
	close(self->sock);
	evidence_reply_free(&reply);

	/* Nothing is locked any more */
	self->sock = evidence_socket();
	ASSERT_EQ(0, refresh(&self->family, &self->request, &reply));
	EXPECT_EQ(0, reply.error);
	evidence_reply_free(&reply);
}

/*
 * What is refused
 */

struct refusal {
	const char *what;
	struct evidence_request change;
	int error;
	const char *text;
	int attribute;
	int missing;
};

static const unsigned char nonce_of_33[33];

static const struct refusal refusals[] = {
	{
		.what = "no type-mask",
		.change.absent = BIT64(DEVICE_EVIDENCE_A_TYPE_MASK),
		.error = EINVAL,
		.text = "type-mask is missing",
		.missing = DEVICE_EVIDENCE_A_TYPE_MASK,
	}, {
		.what = "an empty type-mask",
		.change.mask = 0,
		.error = EINVAL,
		.text = "type-mask asks for nothing",
		.attribute = DEVICE_EVIDENCE_A_TYPE_MASK,
	}, {
		.what = "an unknown type",
		.change.mask = ALL | BIT(11),
		.error = EINVAL,
		.text = "reserved bit set",
		.attribute = DEVICE_EVIDENCE_A_TYPE_MASK,
	}, {
		.what = "an unknown flag",
		.change = { .mask = ALL, .flags = BIT(1) },
		.error = EINVAL,
		.text = "reserved bit set",
		.attribute = DEVICE_EVIDENCE_A_FLAGS,
	}, {
		.what = "no subsys",
		.change = { .mask = ALL, .absent = BIT64(DEVICE_EVIDENCE_A_SUBSYS) },
		.error = EINVAL,
		.text = "subsys is missing",
		.missing = DEVICE_EVIDENCE_A_SUBSYS,
	}, {
		.what = "no dev-name",
		.change = { .mask = ALL, .absent = BIT64(DEVICE_EVIDENCE_A_DEV_NAME) },
		.error = EINVAL,
		.text = "dev-name is missing",
		.missing = DEVICE_EVIDENCE_A_DEV_NAME,
	}, {
		.what = "an unknown subsystem",
		.change = { .mask = ALL, .subsys = "pcx" },
		.error = EOPNOTSUPP,
		.text = "no provider of evidence for this subsystem",
		.attribute = DEVICE_EVIDENCE_A_SUBSYS,
	}, {
		.what = "a subsystem that begins like a known one",
		.change = { .mask = ALL, .subsys = "pci0" },
		.error = EOPNOTSUPP,
		.text = "no provider of evidence for this subsystem",
		.attribute = DEVICE_EVIDENCE_A_SUBSYS,
	}, {
		.what = "an unknown device",
		.change = { .mask = ALL, .device = "ffff:ff:1f.7" },
		.error = ENODEV,
		.text = "no such device",
		.attribute = DEVICE_EVIDENCE_A_DEV_NAME,
	}, {
		.what = "a name of 33 bytes",
		.change = { .mask = ALL, .device = "0123456789abcdef0123456789abcdef0" },
		.error = EINVAL,
		.text = "Attribute failed policy validation",
		.attribute = DEVICE_EVIDENCE_A_DEV_NAME,
	}, {
		.what = "a nonce of 31 bytes",
		.change = { .mask = ALL, .nonce = nonce_of_33, .nonce_len = 31 },
		.error = EINVAL,
		.text = "nonce must have 32 bytes",
		.attribute = DEVICE_EVIDENCE_A_NONCE,
	}, {
		.what = "an empty nonce",
		.change = { .mask = ALL, .nonce = nonce_of_33, .nonce_len = 0 },
		.error = EINVAL,
		.text = "nonce must have 32 bytes",
		.attribute = DEVICE_EVIDENCE_A_NONCE,
	}, {
		.what = "a nonce of 33 bytes",
		.change = { .mask = ALL, .nonce = nonce_of_33, .nonce_len = 33 },
		.error = ERANGE,
		.text = "binary attribute size out of range",
		.attribute = DEVICE_EVIDENCE_A_NONCE,
	}, {
		.what = "a slot without a nonce",
		.change = { .mask = ALL, .slot = 1 },
		.error = EINVAL,
		.text = "slot chooses what a nonce is sent to, and there is no nonce",
		.attribute = DEVICE_EVIDENCE_A_SLOT,
	}, {
		.what = "slot 8",
		.change = { .mask = ALL, .nonce = nonce_of_33, .nonce_len = 32, .slot = 9 },
		.error = ERANGE,
		.text = "integer out of range",
		.attribute = DEVICE_EVIDENCE_A_SLOT,
	}, {
		.what = "an attribute of replies",
		.change = { .mask = ALL, .stray = DEVICE_EVIDENCE_A_GENERATION },
		.error = EINVAL,
		.text = "Unsupported attribute",
		.attribute = DEVICE_EVIDENCE_A_GENERATION,
	}, {
		.what = "an attribute of the future",
		.change = { .mask = ALL, .stray = DEVICE_EVIDENCE_A_MAX + 1 },
		.error = EINVAL,
		.text = "Unknown attribute type",
		.attribute = DEVICE_EVIDENCE_A_MAX + 1,
	},
};

TEST_F(evidence, each_wrong_request_is_refused_with_its_reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];
		struct evidence_request request = refusal->change;

		if (!request.subsys)
			request.subsys = "pci";
		if (!request.device)
			request.device = self->device.name;
		/* 0 stands for none in the table */
		request.slot--;

		ASSERT_EQ(0, read_all(&self->family, &request, &self->reply));
		EXPECT_EQ(refusal->error, self->reply.error) {
			TH_LOG("for %s", refusal->what);
		}
		EXPECT_STREQ(refusal->text, self->reply.text) {
			TH_LOG("for %s", refusal->what);
		}
		EXPECT_EQ(refusal->attribute, self->reply.attribute) {
			TH_LOG("for %s", refusal->what);
		}
		EXPECT_EQ(refusal->missing, self->reply.missing) {
			TH_LOG("for %s", refusal->what);
		}
		EXPECT_EQ(0, self->reply.messages);
		evidence_reply_free(&self->reply);
	}
}

TEST_F(evidence, a_device_that_is_not_connected_has_none)
{
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	EXPECT_EQ(ENXIO, self->reply.error);
	EXPECT_STREQ("device has no evidence", self->reply.text);

	/* Nor can any be asked for */
	ASSERT_EQ(0, refresh(&self->family, &self->request, &self->reply));
	EXPECT_EQ(ENXIO, self->reply.error);
}

/* A process that lost its privileges: which of its attempts did not fail with @expected? */
#define READ_PASSED	BIT(0)
#define REFRESH_PASSED	BIT(1)
#define VALIDATE_PASSED	BIT(2)
#define JOIN_PASSED	BIT(3)
#define FAMILY_HIDDEN	BIT(4)
#define NO_NAMESPACES	BIT(5)
#define NO_SOCKET	BIT(6)

static int try_unprivileged(const struct evidence_request *request, __u32 generation)
{
	struct evidence_family family;
	struct evidence_reply reply;
	int sock = evidence_socket();
	int passed = 0;

	if (sock < 0)
		return NO_SOCKET;
	if (evidence_find_family(sock, &family) == -ENOENT)
		return FAMILY_HIDDEN;

	if (read_all(&family, request, &reply) || reply.error != EPERM)
		passed |= READ_PASSED;
	if (refresh(&family, request, &reply) || reply.error != EPERM)
		passed |= REFRESH_PASSED;
	if (evidence_validate(sock, &family, "pci", request->device, &generation, &reply) ||
	    reply.error != EPERM)
		passed |= VALIDATE_PASSED;
	if (evidence_join_events(sock, &family) != -EPERM)
		passed |= JOIN_PASSED;
	return passed;
}

static int in_child(const struct evidence_request *request, __u32 generation, int namespaces)
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(NO_SOCKET);
		if (namespaces && unshare(namespaces))
			_exit(NO_NAMESPACES);
		_exit(try_unprivileged(request, generation));
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST_F(evidence, an_unprivileged_user_gets_nothing)
{
	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	EXPECT_EQ(0, in_child(&self->request, self->reply.objects[0].generation, 0));
}

TEST_F(evidence, root_of_a_user_namespace_gets_nothing)
{
	int passed;

	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	passed = in_child(&self->request, self->reply.objects[0].generation, CLONE_NEWUSER);
	if (passed == NO_NAMESPACES)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, passed);
}

TEST_F(evidence, another_network_namespace_has_no_such_family)
{
	int passed;

	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	passed = in_child(&self->request, self->reply.objects[0].generation,
			  CLONE_NEWUSER | CLONE_NEWNET);
	if (passed == NO_NAMESPACES)
		SKIP(return, "no user or network namespaces");
	EXPECT_EQ(FAMILY_HIDDEN, passed);
}

/*
 * New evidence
 */

TEST_F(evidence, a_nonce_makes_the_device_sign_it)
{
	unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_object *challenge, *before;
	struct evidence_reply old;

	self->request.flags = DETAILS;
	ASSERT_EQ(0, read_all(&self->family, &self->request, &old));

	fill(nonce, 0x5a);
	self->request.nonce = nonce;
	self->request.nonce_len = sizeof(nonce);
	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	ASSERT_EQ(0, self->reply.error);
	ASSERT_EQ(NULL, self->reply.defect);

	before = &old.objects[DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE];
	challenge = &self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE];
	EXPECT_LT(before->generation, challenge->generation);
	EXPECT_EQ(before->values[DEVICE_EVIDENCE_A_COUNT] + 1,
		  challenge->values[DEVICE_EVIDENCE_A_COUNT]);
	ASSERT_LE(challenge->values[DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET] + sizeof(nonce),
		  challenge->length);
	EXPECT_EQ(0, memcmp(nonce, challenge->data +
			    challenge->values[DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET],
			    sizeof(nonce)));

	/* The device did its part: another nonce of its own, the same chain */
	EXPECT_NE(0, memcmp(before->data + before->values[DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET],
			    challenge->data +
			    challenge->values[DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET],
			    sizeof(nonce)));
	EXPECT_EQ(slot_of(&old), slot_of(&self->reply));
	evidence_reply_free(&old);

	/* And now it is what everybody gets */
	self->request.nonce = NULL;
	ASSERT_EQ(0, read_all(&self->family, &self->request, &old));
	EXPECT_TRUE(evidence_is_same(&old, &self->reply));
	evidence_reply_free(&old);
}

TEST_F(evidence, the_slot_can_be_chosen)
{
	unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_reply other;
	int slot;

	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	slot = slot_of(&self->reply);

	fill(nonce, 0x11);
	self->request.nonce = nonce;
	self->request.nonce_len = sizeof(nonce);
	self->request.slot = slot;
	ASSERT_EQ(0, read_all(&self->family, &self->request, &other));
	EXPECT_EQ(0, other.error);
	EXPECT_EQ(slot, slot_of(&other));
	EXPECT_NE(self->reply.objects[slot].generation, other.objects[slot].generation);
	evidence_reply_free(&self->reply);

	/* Slot 7 of this device is empty: all that was collected stays */
	self->request.slot = 7;
	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	EXPECT_EQ(EOPNOTSUPP, self->reply.error);
	EXPECT_STREQ("device was not authenticated, the kernel log says why", self->reply.text);
	self->request.slot = -1;
	self->request.nonce = NULL;
	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	EXPECT_TRUE(evidence_is_same(&other, &self->reply));
	evidence_reply_free(&other);
}

/* Starts a dump, has @change happen, and reads on */
static void interrupt_dump(struct __test_metadata *_metadata, struct _test_data_evidence *self,
			   void (*change)(struct _test_data_evidence *self), const char *text)
{
	int more;

	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	if (total(&self->reply) < 4096)
		SKIP(return, "all evidence fits in one datagram");
	evidence_reply_free(&self->reply);

	ASSERT_EQ(0, evidence_send(self->sock, &self->family, &self->request));
	change(self);
	do
		more = evidence_receive(self->sock, &self->family, 4096, &self->request,
					&self->reply);
	while (more > 0);
	ASSERT_EQ(0, more);
	EXPECT_EQ(EAGAIN, self->reply.error);
	EXPECT_STREQ(text, self->reply.text);
	EXPECT_LT(0, self->reply.messages);
}

static void change_by_refresh(struct _test_data_evidence *self)
{
	struct evidence_reply reply;

	if (refresh(&self->family, &self->request, &reply) || reply.error)
		abort();
	evidence_reply_free(&reply);
}

static void change_by_disconnect(struct _test_data_evidence *self)
{
	if (cma_tell(&self->device, "tsm/disconnect", self->tsm))
		abort();
}

TEST_F(evidence, a_dump_ends_when_new_evidence_comes)
{
	interrupt_dump(_metadata, self, change_by_refresh, "evidence updated during read");
}

TEST_F(evidence, a_dump_ends_when_the_device_is_disconnected)
{
	interrupt_dump(_metadata, self, change_by_disconnect, "evidence withdrawn during read");
}

TEST_F(evidence, no_generation_comes_twice)
{
	__u32 before;

	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	before = self->reply.objects[0].generation;
	evidence_reply_free(&self->reply);

	ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/connect", self->tsm));
	self->request.flags = DETAILS;
	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	EXPECT_LT(before, self->reply.objects[0].generation);
	EXPECT_EQ(1, self->reply.objects[0].values[DEVICE_EVIDENCE_A_COUNT]);
}

/*
 * Acceptance
 */

TEST_F(evidence, acceptance_holds_until_the_evidence_changes)
{
	struct evidence_reply verdict;
	__u32 generation;

	self->request.flags = DETAILS;
	ASSERT_EQ(0, refresh(&self->family, &self->request, &self->reply));
	generation = self->reply.objects[0].generation;
	EXPECT_EQ(0, self->reply.objects[0].attributes & BIT64(DEVICE_EVIDENCE_A_VALIDATED));
	evidence_reply_free(&self->reply);

	/* Twice is no mistake */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
					       &generation, &verdict));
		EXPECT_EQ(0, verdict.error);
	}
	ASSERT_EQ(0, read_all(&self->family, &self->request, &self->reply));
	EXPECT_NE(0, self->reply.objects[0].attributes & BIT64(DEVICE_EVIDENCE_A_VALIDATED));
	evidence_reply_free(&self->reply);

	ASSERT_EQ(0, refresh(&self->family, &self->request, &self->reply));
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

	ASSERT_EQ(0, refresh(&self->family, &self->request, &self->reply));
	first = self->reply.objects[0].generation;
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
					       &first, &verdict));
	}
	ASSERT_EQ(0, refresh(&self->family, &self->request, &self->reply));
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

/*
 * All at once
 */

#define RACE_SECONDS	15

/* Reads, refreshing if @refreshes, until time is up; exits with 1 if it saw a mixture */
static void race_reader(const struct _test_data_evidence *self, bool refreshes,
			unsigned int *good)
{
	time_t end = time(NULL) + RACE_SECONDS;

	while (time(NULL) < end) {
		struct evidence_reply reply;
		int err = refreshes ? refresh(&self->family, &self->request, &reply) :
				      read_all(&self->family, &self->request, &reply);

		if (err)
			_exit(2);
		if (!reply.error) {
			__atomic_fetch_add(good, 1, __ATOMIC_RELAXED);
			for (int type = 0; type < EVIDENCE_TYPES; type++)
				if (reply.objects[type].seen &&
				    (reply.objects[type].generation !=
				     reply.objects[0].generation ||
				     reply.objects[type].received != reply.objects[type].length))
					_exit(1);
		} else if (reply.error != EAGAIN && reply.error != ENXIO) {
			_exit(3);
		}
		if (reply.defect)
			_exit(4);
		evidence_reply_free(&reply);
	}
	_exit(0);
}

/* Reconnects, but lets each of the others have a success in between */
static void race_connector(const struct _test_data_evidence *self, unsigned int *good,
			   int readers)
{
	time_t end = time(NULL) + RACE_SECONDS;

	while (time(NULL) < end) {
		if (cma_tell(&self->device, "tsm/disconnect", self->tsm) ||
		    cma_tell(&self->device, "tsm/connect", self->tsm))
			_exit(1);
		for (int i = 0; i < readers; i++) {
			unsigned int before = __atomic_load_n(&good[i], __ATOMIC_RELAXED);

			while (__atomic_load_n(&good[i], __ATOMIC_RELAXED) == before &&
			       time(NULL) < end)
				usleep(1000);
		}
		usleep(rand() % 200000);
	}
	_exit(0);
}

TEST_F_TIMEOUT(evidence, readers_refreshes_and_reconnects_do_not_mix, 60)
{
	unsigned int *good = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				  -1, 0);
	pid_t children[4];

	ASSERT_NE(MAP_FAILED, good);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (children[i])
			continue;
		if (i == 3)
			race_connector(self, good, 3);
		race_reader(self, i == 0, &good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		int status;

		ASSERT_EQ(children[i], waitpid(children[i], &status, 0));
		EXPECT_EQ(0, status) {
			TH_LOG("process %zu of those that race", i);
		}
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_LT(0, good[i]) {
			TH_LOG("process %d had no success", i);
		}
	}
}

TEST_HARNESS_MAIN
