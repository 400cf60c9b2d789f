// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "device-evidence" as its users see it on the wire:
 * what is read, what is refused, and to whom
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "evidence_fixture.h"

#define VCA		BIT(DEVICE_EVIDENCE_OBJECT_TYPE_VCA)
#define ALL		EVIDENCE_ALL

#define DIGEST		DEVICE_EVIDENCE_FLAG_DIGEST

/* Attributes that stock clients do not know */
#define ADDITIONS	(~0ULL << DEVICE_EVIDENCE_A_OFFSET)

#define NOBODY		65534

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
	EXPECT_LE(0, evidence_slot(&self->reply));
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

	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &again));
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
	EXPECT_EQ(0, self->reply.objects[evidence_slot(&self->reply)].attributes &
		     BIT64(DEVICE_EVIDENCE_A_SPDM_VERSION));
}

TEST_F(evidence, digests_are_those_of_the_objects)
{
	struct evidence_reply digests;
	const char *hash;

	self->request.flags = DETAILS;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	self->request.flags = DETAILS | DIGEST;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &digests));
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
		if (!evidence_digest(hash, object->data, object->received, expected,
				     sizeof(expected)))
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

	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
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
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &reply));
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

		ASSERT_EQ(0, evidence_read_all(&self->family, &request, &self->reply));
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
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	EXPECT_EQ(ENXIO, self->reply.error);
	EXPECT_STREQ("device has no evidence", self->reply.text);

	/* Nor can any be asked for */
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
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

	if (evidence_read_all(&family, request, &reply) || reply.error != EPERM)
		passed |= READ_PASSED;
	if (evidence_refresh(&family, request, &reply) || reply.error != EPERM)
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
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	EXPECT_EQ(0, in_child(&self->request, self->reply.objects[0].generation, 0));
}

TEST_F(evidence, root_of_a_user_namespace_gets_nothing)
{
	int passed;

	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	passed = in_child(&self->request, self->reply.objects[0].generation, CLONE_NEWUSER);
	if (passed == NO_NAMESPACES)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, passed);
}

TEST_F(evidence, another_network_namespace_has_no_such_family)
{
	int passed;

	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	passed = in_child(&self->request, self->reply.objects[0].generation,
			  CLONE_NEWUSER | CLONE_NEWNET);
	if (passed == NO_NAMESPACES)
		SKIP(return, "no user or network namespaces");
	EXPECT_EQ(FAMILY_HIDDEN, passed);
}

TEST_HARNESS_MAIN
