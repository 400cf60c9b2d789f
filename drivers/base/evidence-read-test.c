// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for reading device evidence
 */
#include <crypto/sha2.h>
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/device/evidence.h>
#include <linux/sizes.h>
#include <net/genetlink.h>

#include "evidence-test.h"

static void every_requested_object_is_read_in_order(struct kunit *test)
{
	const u32 mask = GENMASK(REPORT, 0) | BIT(CHALLENGE);
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;
	struct device_evidence_set *set = set_create(test);

	set_add_pattern(test, set, CHALLENGE, 700);
	set_add_pattern(test, set, CERT1, 300);
	set_add_pattern(test, set, VCA, 150);
	fixture_register(test, NULL, set);

	reader_ask(test, reader, mask, 0);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->seen, mask);
	KUNIT_EXPECT_EQ(test, reader->messages, hweight32(mask));
	KUNIT_EXPECT_EQ(test, reader->generation, device_evidence_generation(fixture->evidence));
	KUNIT_EXPECT_FALSE(test, reader->mismatch);

	reader_ask(test, reader, BIT(VCA), 0);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->seen, BIT(VCA));
	KUNIT_EXPECT_EQ(test, reader->done, 150);

	reader_destroy(reader);
}

static void reply_without_details_has_no_unknown_attribute(struct kunit *test)
{
	static const struct device_evidence_transcript layout = {
		.spdm_version = 0x10, .hash = "sha256", .signature_algorithm = "rsassa-2048",
	};
	struct reader *reader = reader_create(test);
	struct device_evidence_set *set = set_create(test);
	u8 *data = kunit_kmalloc(test, 5000, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, data);
	for (u32 i = 0; i < 5000; i++)
		data[i] = pattern(VCA, i);
	KUNIT_ASSERT_EQ(test, device_evidence_set_add_transcript(set, VCA, data, 5000,
								 &layout), 0);
	fixture_register(test, NULL, set);

	for (u32 flags = 0; flags <= DEVICE_EVIDENCE_FLAG_DIGEST; flags++) {
		int err;

		reader_ask(test, reader, BIT(VCA), flags);
		KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
		do {
			err = reader_next(test, reader, FIRST_BUFFER);
			KUNIT_EXPECT_NULL(test, reader->reply[DEVICE_EVIDENCE_A_COUNT]);
			for (int i = DEVICE_EVIDENCE_A_VAL + 1; i <= DEVICE_EVIDENCE_A_MAX; i++)
				KUNIT_EXPECT_NULL(test, reader->reply[i]);
		} while (err > 0);
		KUNIT_EXPECT_EQ(test, err, 0);
	}
	reader_destroy(reader);
}

static void details_tell_the_layout(struct kunit *test)
{
	static const struct device_evidence_transcript layout = {
		.spdm_version = 0x13,
		.hash = "sha512",
		.signature_algorithm = "ecdsa-nist-p521",
		.requester_nonce_offset = 260,
		.responder_nonce_offset = 380,
		.signature_offset = 500,
		.signature_len = 132,
	};
	struct reader *reader = reader_create(test);
	struct device_evidence_set *set = set_create(test);
	struct nlattr **reply = reader->reply;
	u8 data[632] = {};

	KUNIT_ASSERT_EQ(test, device_evidence_set_add_transcript(set, CHALLENGE, data,
								 sizeof(data), &layout), 0);
	fixture_register(test, NULL, set);

	reader_ask(test, reader, BIT(CHALLENGE), DEVICE_EVIDENCE_FLAG_DETAILS);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_next(test, reader, FIRST_BUFFER), 0);
	KUNIT_ASSERT_EQ(test, reader->messages, 1);

	expect_u32(test, reply[DEVICE_EVIDENCE_A_OFFSET], 0);
	expect_u32(test, reply[DEVICE_EVIDENCE_A_SPDM_VERSION], 0x13);
	expect_u32(test, reply[DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET], 260);
	expect_u32(test, reply[DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET], 380);
	expect_u32(test, reply[DEVICE_EVIDENCE_A_SIGNATURE_OFFSET], 500);
	expect_u32(test, reply[DEVICE_EVIDENCE_A_SIGNATURE_LENGTH], 132);
	KUNIT_ASSERT_NOT_NULL(test, reply[DEVICE_EVIDENCE_A_HASH]);
	KUNIT_EXPECT_STREQ(test, nla_data(reply[DEVICE_EVIDENCE_A_HASH]), "sha512");
	KUNIT_ASSERT_NOT_NULL(test, reply[DEVICE_EVIDENCE_A_SIGNATURE_ALGORITHM]);
	KUNIT_EXPECT_STREQ(test, nla_data(reply[DEVICE_EVIDENCE_A_SIGNATURE_ALGORITHM]),
			   "ecdsa-nist-p521");
	KUNIT_ASSERT_NOT_NULL(test, reply[DEVICE_EVIDENCE_A_COUNT]);
	KUNIT_EXPECT_EQ(test, nla_get_u64(reply[DEVICE_EVIDENCE_A_COUNT]), 1);
	KUNIT_EXPECT_NULL(test, reply[DEVICE_EVIDENCE_A_VALIDATED]);
	reader_destroy(reader);
}

static void objects_of_all_lengths_pass_through_buffers_of_all_sizes(struct kunit *test)
{
	static const u32 sizes[] = {
		FIRST_BUFFER, 4096, 8192, LARGE_BUFFER, SZ_64K, SZ_64K + 200, SZ_128K,
	};
	static const u32 lens[] = {
		1, 3, 4, 255, 256, 257, 3000, 4095, 7000, 8150, 32420, 65527, 65528, 65529, 200001,
	};
	struct reader *reader = reader_create(test);

	for (size_t l = 0; l < ARRAY_SIZE(lens); l++) {
		struct device_evidence_set *set = set_with(test, CERT0, lens[l]);

		set_add_pattern(test, set, CERT1, 1000);
		set_add_pattern(test, set, CHALLENGE, lens[ARRAY_SIZE(lens) - 1 - l]);
		fixture_register(test, NULL, set);

		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			reader_ask(test, reader, BIT(CERT0) | BIT(CERT1) | BIT(CHALLENGE),
				   s % 2 ? DEVICE_EVIDENCE_FLAG_DETAILS : 0);
			KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
			KUNIT_EXPECT_EQ(test, reader_rest(test, reader, sizes[s]), 0);
			KUNIT_EXPECT_EQ(test, reader->seen,
					BIT(CERT0) | BIT(CERT1) | BIT(CHALLENGE));
			KUNIT_EXPECT_EQ(test, reader->done, reader->len);
			KUNIT_EXPECT_FALSE(test, reader->mismatch);
		}
		fixture_unregister(test);
	}
	reader_destroy(reader);
}

/* The first buffer is small, later ones have the size of those that the reader offers */
static void buffers_may_grow_during_a_dump(struct kunit *test)
{
	struct reader *reader = reader_create(test);
	int err;

	fixture_register(test, NULL, set_with(test, CERT0, 100000));
	reader_ask(test, reader, BIT(CERT0), 0);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	for (u32 size = FIRST_BUFFER; (err = reader_next(test, reader, size)) > 0; size += 1001)
		;
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, reader->done, 100000);
	KUNIT_EXPECT_FALSE(test, reader->mismatch);
	reader_destroy(reader);
}

static void object_of_16_mib_arrives_intact(struct kunit *test)
{
	/* Headers of the message and of VAL */
	const u32 room = LARGE_BUFFER - NLMSG_HDRLEN - GENL_HDRLEN - NLA_HDRLEN;
	struct reader *reader = reader_create(test);

	fixture_register(test, NULL, set_with(test, CHALLENGE, SZ_16M));
	reader_ask(test, reader, BIT(CHALLENGE), 0);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, LARGE_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->done, SZ_16M);
	KUNIT_EXPECT_FALSE(test, reader->mismatch);
	KUNIT_EXPECT_EQ(test, reader->largest_val, room);
	KUNIT_EXPECT_EQ(test, reader->buffers, DIV_ROUND_UP(SZ_16M, room));

	/* Nor does it get lost in small ones, with offsets in every message */
	reader_ask(test, reader, BIT(CHALLENGE), DEVICE_EVIDENCE_FLAG_DETAILS);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->done, SZ_16M);
	KUNIT_EXPECT_FALSE(test, reader->mismatch);
	reader_destroy(reader);
}

static void digest_stands_for_the_object(struct kunit *test)
{
	static const struct device_evidence_transcript layout = {
		.spdm_version = 0x12, .hash = "sha384", .signature_algorithm = "ecdsa-nist-p384",
	};
	struct device_evidence_set *set = set_create(test);
	struct reader *reader = reader_create(test);
	struct nlattr **reply = reader->reply;
	u8 digest[SHA384_DIGEST_SIZE];

	KUNIT_ASSERT_EQ(test, device_evidence_set_add(set, CERT0, "chain", 5), 0);
	KUNIT_ASSERT_EQ(test, device_evidence_set_add_transcript(set, VCA, "vca", 3, &layout), 0);
	fixture_register(test, NULL, set);
	sha384("chain", 5, digest);

	reader_ask(test, reader, BIT(CERT0),
		   DEVICE_EVIDENCE_FLAG_DIGEST | DEVICE_EVIDENCE_FLAG_DETAILS);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_next(test, reader, FIRST_BUFFER), 0);
	KUNIT_ASSERT_EQ(test, reader->len, SHA384_DIGEST_SIZE);
	KUNIT_ASSERT_EQ(test, nla_len(reply[DEVICE_EVIDENCE_A_VAL]), SHA384_DIGEST_SIZE);
	KUNIT_EXPECT_MEMEQ(test, nla_data(reply[DEVICE_EVIDENCE_A_VAL]), digest, sizeof(digest));
	KUNIT_ASSERT_NOT_NULL(test, reply[DEVICE_EVIDENCE_A_HASH]);
	KUNIT_EXPECT_STREQ(test, nla_data(reply[DEVICE_EVIDENCE_A_HASH]), "sha384");

	/* What is not there has no digest either */
	reader_ask(test, reader, BIT(CERT1), DEVICE_EVIDENCE_FLAG_DIGEST);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_next(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->seen, BIT(CERT1));
	KUNIT_EXPECT_EQ(test, reader->len, 0);
	reader_destroy(reader);
}

static void no_digest_without_a_known_hash(struct kunit *test)
{
	static const struct device_evidence_transcript layout = {
		.spdm_version = 0x12, .hash = "sm3", .signature_algorithm = "sm2",
	};
	struct device_evidence_set *set = set_create(test);
	struct reader *reader = reader_create(test);

	KUNIT_ASSERT_EQ(test, device_evidence_set_add_transcript(set, VCA, "vca", 3, &layout), 0);
	fixture_register(test, NULL, set);
	reader_ask(test, reader, BIT(VCA), DEVICE_EVIDENCE_FLAG_DIGEST);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_next(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->len, 0);
	reader_destroy(reader);
}

static void faulty_requests_are_refused_in_words(struct kunit *test)
{
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;
	const char *subsys = fixture->dev->bus->name;
	const char *name = dev_name(fixture->dev);

#define EXPECT_REFUSED(err, text) do {							\
	KUNIT_EXPECT_EQ(test, reader_start(reader), err);				\
	KUNIT_EXPECT_STREQ(test, reader_text(reader), text);				\
	reader_reset(reader);								\
} while (0)
	reader_name(reader, subsys, name);
	EXPECT_REFUSED(-EINVAL, "type-mask is missing");

	reader_ask(test, reader, 0, 0);
	EXPECT_REFUSED(-EINVAL, "type-mask asks for nothing");

	reader_u32(reader, DEVICE_EVIDENCE_A_TYPE_MASK, 1);
	reader_name(reader, NULL, name);
	EXPECT_REFUSED(-EINVAL, "subsys is missing");

	reader_u32(reader, DEVICE_EVIDENCE_A_TYPE_MASK, 1);
	reader_name(reader, subsys, NULL);
	EXPECT_REFUSED(-EINVAL, "dev-name is missing");

	reader_u32(reader, DEVICE_EVIDENCE_A_TYPE_MASK, 1);
	reader_name(reader, "no-such-bus", name);
	EXPECT_REFUSED(-EOPNOTSUPP, "no provider of evidence for this subsystem");

	reader_u32(reader, DEVICE_EVIDENCE_A_TYPE_MASK, 1);
	reader_name(reader, subsys, "no-such-device");
	EXPECT_REFUSED(-ENODEV, "no such device");

	reader_ask(test, reader, 1, 0);
	EXPECT_REFUSED(-ENXIO, "device has no evidence");

	fixture_register(test, &no_ops, set_with(test, CERT0, 10));

	reader_ask(test, reader, 1, 0);
	nla_put(reader->request, DEVICE_EVIDENCE_A_NONCE, 31, test_nonce);
	EXPECT_REFUSED(-EINVAL, "nonce must have 32 bytes");

	reader_ask(test, reader, 1, 0);
	nla_put(reader->request, DEVICE_EVIDENCE_A_NONCE, 0, NULL);
	EXPECT_REFUSED(-EINVAL, "nonce must have 32 bytes");

	reader_ask(test, reader, 1, 0);
	reader_u32(reader, DEVICE_EVIDENCE_A_SLOT, 0);
	EXPECT_REFUSED(-EINVAL, "slot chooses what a nonce is sent to, and there is no nonce");

	reader_ask(test, reader, 1, 0);
	nla_put(reader->request, DEVICE_EVIDENCE_A_NONCE, sizeof(test_nonce), test_nonce);
	EXPECT_REFUSED(-EOPNOTSUPP, "provider cannot collect new evidence");

	fixture_unregister(test);
	fixture_register(test, NULL, set_with(test, CERT0, 10));
	reader_ask(test, reader, 1, 0);
	nla_put(reader->request, DEVICE_EVIDENCE_A_NONCE, sizeof(test_nonce), test_nonce);
	EXPECT_REFUSED(-EOPNOTSUPP, "provider cannot collect new evidence");
#undef EXPECT_REFUSED

	reader_destroy(reader);
}

static struct kunit_case evidence_read_cases[] = {
	KUNIT_CASE(every_requested_object_is_read_in_order),
	KUNIT_CASE(reply_without_details_has_no_unknown_attribute),
	KUNIT_CASE(details_tell_the_layout),
	KUNIT_CASE(objects_of_all_lengths_pass_through_buffers_of_all_sizes),
	KUNIT_CASE(buffers_may_grow_during_a_dump),
	KUNIT_CASE_SLOW(object_of_16_mib_arrives_intact),
	KUNIT_CASE(digest_stands_for_the_object),
	KUNIT_CASE(no_digest_without_a_known_hash),
	KUNIT_CASE(faulty_requests_are_refused_in_words),
	{}
};

static struct kunit_suite evidence_read_suite = {
	.name = "device-evidence-read",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = evidence_read_cases,
};

kunit_test_suite(evidence_read_suite);

MODULE_DESCRIPTION("KUnit tests for reading device evidence");
MODULE_LICENSE("GPL");
