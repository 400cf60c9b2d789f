// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for device evidence
 *
 * The requests enter where generic netlink hands them over, after the policy
 * was applied, and the replies are taken from socket buffers of all sizes that
 * netlink may come with. The devices are on the faux bus.
 */
#include <crypto/sha2.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device/bus.h>
#include <linux/device/evidence.h>
#include <linux/device/faux.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "device-evidence-nl.h"

#define CERT0		DEVICE_EVIDENCE_OBJECT_TYPE_CERT0
#define CERT1		DEVICE_EVIDENCE_OBJECT_TYPE_CERT1
#define VCA		DEVICE_EVIDENCE_OBJECT_TYPE_VCA
#define REPORT		DEVICE_EVIDENCE_OBJECT_TYPE_REPORT
#define CHALLENGE	DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE

/* What netlink allocates for the first batch of a dump, and at most for a later one */
#define FIRST_BUFFER	NLMSG_GOODSIZE
#define LARGE_BUFFER	SKB_WITH_OVERHEAD(32768)

static const u8 test_nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE] = "0123456789abcdef0123456789ABCDEF";

/* A provider with one device */
struct fixture {
	struct faux_device *faux;
	struct device *dev;
	unsigned int refs;
	struct device_evidence *evidence;

	/* What the refresh operation does, and what it saw */
	struct device_evidence_set *next;
	unsigned int refreshes;
	u32 type_mask;
	u8 nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	u8 slot;
	struct completion entered;
	struct completion proceed;
	bool wait;
};

static struct device_evidence_set *fixture_refresh(void *priv,
						   const struct device_evidence_request *request,
						   struct device_evidence_failure *failure,
						   struct netlink_ext_ack *extack)
{
	struct fixture *fixture = priv;

	fixture->refreshes++;
	fixture->type_mask = request->type_mask;
	memcpy(fixture->nonce, request->nonce, sizeof(fixture->nonce));
	fixture->slot = request->slot;
	if (fixture->wait) {
		complete(&fixture->entered);
		wait_for_completion(&fixture->proceed);
	}
	if (PTR_ERR_OR_ZERO(fixture->next) == -EKEYREJECTED)
		NL_SET_ERR_MSG(extack, "signature does not verify");
	return fixture->next;
}

static const struct device_evidence_ops fixture_ops = { .refresh = fixture_refresh };
static const struct device_evidence_ops no_ops = {};

static struct device_evidence_set *set_create(struct kunit *test)
{
	struct device_evidence_set *set = device_evidence_set_create();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	return set;
}

/* Byte @i of the object of @type that set_add_pattern() adds */
static u8 pattern(u32 type, u32 i)
{
	return type + i + (i >> 8) * 3 + (i >> 16) * 5;
}

static void set_add_pattern(struct kunit *test, struct device_evidence_set *set,
			    u32 type, u32 len)
{
	u8 *data = kvmalloc(max(len, 1), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, data);
	for (u32 i = 0; i < len; i++)
		data[i] = pattern(type, i);
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, type, data, len), 0);
	kvfree(data);
}

static struct device_evidence_set *set_with(struct kunit *test, u32 type, u32 len)
{
	struct device_evidence_set *set = set_create(test);

	set_add_pattern(test, set, type, len);
	return set;
}

static void fixture_register(struct kunit *test, const struct device_evidence_ops *ops,
			     struct device_evidence_set *set)
{
	struct fixture *fixture = test->priv;

	fixture->evidence = device_evidence_register(fixture->dev, ops, fixture, set);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fixture->evidence);
}

static void fixture_unregister(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	device_evidence_unregister(fixture->evidence);
	fixture->evidence = NULL;
}

/* A request, and what was read in answer to it */
struct reader {
	struct sk_buff *request;
	struct nlattr *attrs[DEVICE_EVIDENCE_A_MAX + 1];
	struct nlmsghdr nlh;
	struct genl_dumpit_info dump_info;
	struct netlink_callback cb;
	struct netlink_ext_ack extack;
	bool started;

	/* The last buffer, and the attributes of the last message in it */
	struct sk_buff *skb;
	struct nlattr *reply[DEVICE_EVIDENCE_A_MAX + 1];
	/* Of the current object */
	u32 type;
	u32 len;
	u32 done;
	/* Of all */
	u32 seen;
	u32 generation;
	u32 messages;
	u32 buffers;
	u32 largest_val;
	bool mismatch;
};

static struct reader *reader_create(struct kunit *test)
{
	struct reader *reader = kunit_kzalloc(test, sizeof(*reader), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, reader);
	reader->request = alloc_skb(NLMSG_GOODSIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reader->request);
	return reader;
}

/* Forget the request and what came of it, and begin a new one */
static void reader_reset(struct reader *reader)
{
	struct sk_buff *request = reader->request;

	if (reader->started)
		device_evidence_nl_read_done(&reader->cb);
	kfree_skb(reader->skb);
	memset(reader, 0, sizeof(*reader));
	skb_trim(request, 0);
	reader->request = request;
}

static void reader_destroy(struct reader *reader)
{
	reader_reset(reader);
	kfree_skb(reader->request);
}

static void reader_name(struct reader *reader, const char *subsys, const char *name)
{
	if (subsys)
		nla_put_string(reader->request, DEVICE_EVIDENCE_A_SUBSYS, subsys);
	if (name)
		nla_put_string(reader->request, DEVICE_EVIDENCE_A_DEV_NAME, name);
}

static void reader_name_fixture(struct kunit *test, struct reader *reader)
{
	struct fixture *fixture = test->priv;

	reader_name(reader, fixture->dev->bus->name, dev_name(fixture->dev));
}

static void reader_u32(struct reader *reader, int attr, u32 value)
{
	nla_put_u32(reader->request, attr, value);
}

static const char *reader_text(const struct reader *reader)
{
	return reader->extack._msg ?: "";
}

static int reader_parse(struct reader *reader)
{
	return nla_parse(reader->attrs, DEVICE_EVIDENCE_A_MAX, (void *)reader->request->data,
			 reader->request->len, NULL, NULL);
}

static int reader_start(struct reader *reader)
{
	int err = reader_parse(reader);

	if (err)
		return err;

	reader->dump_info.info.attrs = reader->attrs;
	reader->dump_info.info.extack = &reader->extack;
	reader->cb.data = &reader->dump_info;
	reader->cb.skb = reader->request;
	reader->cb.nlh = &reader->nlh;
	reader->cb.extack = &reader->extack;
	err = device_evidence_nl_read_start(&reader->cb);
	reader->started = !err;
	return err;
}

static int reader_validate(struct reader *reader)
{
	struct genl_info info = { .attrs = reader->attrs, .extack = &reader->extack };

	return reader_parse(reader) ?: device_evidence_nl_validate_doit(reader->request, &info);
}

static void reader_message(struct kunit *test, struct reader *reader, const struct nlmsghdr *nlh)
{
	struct nlattr **reply = reader->reply;
	const struct nlattr *val;

	KUNIT_ASSERT_EQ(test, nlmsg_parse(nlh, GENL_HDRLEN, reply, DEVICE_EVIDENCE_A_MAX,
					  NULL, NULL), 0);
	reader->messages++;

	if (reply[DEVICE_EVIDENCE_A_TYPE]) {
		/* The object before is complete, and this one has a higher number */
		KUNIT_EXPECT_EQ(test, reader->done, reader->len);
		reader->type = nla_get_u32(reply[DEVICE_EVIDENCE_A_TYPE]);
		KUNIT_EXPECT_EQ(test, reader->seen >> reader->type, 0);
		reader->seen |= BIT(reader->type);
		KUNIT_ASSERT_NOT_NULL(test, reply[DEVICE_EVIDENCE_A_LENGTH]);
		KUNIT_ASSERT_NOT_NULL(test, reply[DEVICE_EVIDENCE_A_GENERATION]);
		reader->len = nla_get_u32(reply[DEVICE_EVIDENCE_A_LENGTH]);
		reader->generation = nla_get_u32(reply[DEVICE_EVIDENCE_A_GENERATION]);
		reader->done = 0;
	} else {
		KUNIT_EXPECT_NULL(test, reply[DEVICE_EVIDENCE_A_LENGTH]);
		KUNIT_EXPECT_NULL(test, reply[DEVICE_EVIDENCE_A_GENERATION]);
	}

	if (reply[DEVICE_EVIDENCE_A_OFFSET])
		KUNIT_EXPECT_EQ(test, nla_get_u32(reply[DEVICE_EVIDENCE_A_OFFSET]), reader->done);

	val = reply[DEVICE_EVIDENCE_A_VAL];
	KUNIT_EXPECT_EQ(test, !val, !reader->len);
	if (!val)
		return;

	KUNIT_EXPECT_GT(test, nla_len(val), 0);
	reader->largest_val = max(reader->largest_val, nla_len(val));
	for (int i = 0; i < nla_len(val); i++)
		if (((const u8 *)nla_data(val))[i] != pattern(reader->type, reader->done + i))
			reader->mismatch = true;
	reader->done += nla_len(val);
}

/* Take one batch into a buffer of @size bytes. Returns 0 at the end. */
static int reader_next(struct kunit *test, struct reader *reader, u32 size)
{
	struct sk_buff *skb = alloc_skb(size, GFP_KERNEL);
	int remaining, err;
	struct nlmsghdr *nlh;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	kfree_skb(reader->skb);
	reader->skb = skb;
	/* As netlink_dump() does, so that there is no more room than promised */
	skb_reserve(skb, skb_tailroom(skb) - size);

	err = device_evidence_nl_read_dumpit(skb, &reader->cb);
	/* As netlink_dump() does */
	if (err == -EMSGSIZE && skb->len)
		err = skb->len;

	reader->buffers++;
	remaining = skb->len;
	for (nlh = nlmsg_hdr(skb); nlmsg_ok(nlh, remaining); nlh = nlmsg_next(nlh, &remaining))
		reader_message(test, reader, nlh);
	KUNIT_EXPECT_EQ(test, remaining, 0);
	return err;
}

static int reader_rest(struct kunit *test, struct reader *reader, u32 size)
{
	int err;

	do {
		err = reader_next(test, reader, size);
	} while (err > 0);
	return err;
}

static void reader_ask(struct kunit *test, struct reader *reader, u32 mask, u32 flags)
{
	reader_reset(reader);
	reader_name_fixture(test, reader);
	reader_u32(reader, DEVICE_EVIDENCE_A_TYPE_MASK, mask);
	if (flags)
		reader_u32(reader, DEVICE_EVIDENCE_A_FLAGS, flags);
}

static void set_refuses_an_unknown_type(struct kunit *test)
{
	struct device_evidence_set *set = set_create(test);

	for (u32 type = REPORT + 1; type < CHALLENGE; type++)
		KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, type, "x", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, CHALLENGE + 1, "x", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, 32, "x", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, U32_MAX, "x", 1), -EINVAL);
	device_evidence_set_destroy(set);
}

static void set_refuses_a_second_object_of_a_type(struct kunit *test)
{
	struct device_evidence_set *set = set_create(test);

	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, CERT0, "x", 1), 0);
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, CERT0, "y", 1), -EEXIST);
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, CERT1, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, CERT1, "y", 1), -EEXIST);
	device_evidence_set_destroy(set);
}

static void set_refuses_an_object_above_16_mib(struct kunit *test)
{
	struct device_evidence_set *set = set_create(test);

	/* Refused by its length, before a byte of it is touched */
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, CERT0, NULL, SZ_16M + 1), -EMSGSIZE);
	device_evidence_set_destroy(set);
}

static void set_refuses_a_layout_outside_the_object(struct kunit *test)
{
	static const struct device_evidence_transcript good = {
		.spdm_version = 0x12,
		.hash = "sha384",
		.signature_algorithm = "ecdsa-nist-p384",
		.requester_nonce_offset = 4,
		.responder_nonce_offset = 68,
		.signature_offset = 100,
		.signature_len = 100,
	};
	struct device_evidence_set *set = set_create(test);
	struct device_evidence_transcript layout;
	u8 data[200] = {};

#define EXPECT_REFUSED(field, value) do {							\
	layout = good;										\
	layout.field = value;									\
	KUNIT_EXPECT_EQ(test, device_evidence_set_add_transcript(set, CHALLENGE, data,		\
								 sizeof(data), &layout),	\
			-EINVAL);								\
} while (0)
	EXPECT_REFUSED(requester_nonce_offset, 169);
	EXPECT_REFUSED(responder_nonce_offset, U32_MAX);
	EXPECT_REFUSED(signature_offset, 101);
	EXPECT_REFUSED(signature_len, 101);
	EXPECT_REFUSED(signature_len, U32_MAX);
	EXPECT_REFUSED(hash, NULL);
	EXPECT_REFUSED(signature_algorithm, NULL);
#undef EXPECT_REFUSED

	/* None of these left anything behind */
	KUNIT_EXPECT_EQ(test, device_evidence_set_add_transcript(set, CHALLENGE, data,
								 sizeof(data), &good), 0);
	device_evidence_set_destroy(set);
}

static void registering_takes_a_provider_and_a_device_once(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct device_evidence *second;

	device_evidence_provider_unregister(fixture->dev->bus);
	second = device_evidence_register(fixture->dev, NULL, NULL, set_create(test));
	KUNIT_EXPECT_PTR_EQ(test, second, ERR_PTR(-EOPNOTSUPP));

	/* Two providers of one bus do not get into each other's way */
	KUNIT_EXPECT_EQ(test, device_evidence_provider_register(fixture->dev->bus), 0);
	KUNIT_EXPECT_EQ(test, device_evidence_provider_register(fixture->dev->bus), 0);
	device_evidence_provider_unregister(fixture->dev->bus);

	fixture_register(test, NULL, set_create(test));
	second = device_evidence_register(fixture->dev, NULL, NULL, set_create(test));
	KUNIT_EXPECT_PTR_EQ(test, second, ERR_PTR(-EEXIST));
}

static void generation_is_never_used_again(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	u32 before = 0;

	for (int i = 0; i < 3; i++) {
		u32 generation;

		fixture_register(test, NULL, set_create(test));
		generation = device_evidence_generation(fixture->evidence);
		KUNIT_EXPECT_GT(test, generation, before);
		before = generation;
		fixture_unregister(test);
	}
}

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

static void expect_u32(struct kunit *test, const struct nlattr *attr, u32 value)
{
	KUNIT_ASSERT_NOT_NULL(test, attr);
	KUNIT_EXPECT_EQ(test, nla_get_u32(attr), value);
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

static void object_of_16_mib_fills_the_buffers(struct kunit *test)
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

static void ask_with_nonce(struct kunit *test, struct reader *reader, u32 mask, u32 flags)
{
	reader_ask(test, reader, mask, flags);
	nla_put(reader->request, DEVICE_EVIDENCE_A_NONCE, sizeof(test_nonce), test_nonce);
}

static void nonce_reads_what_was_collected_for_it(struct kunit *test)
{
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;
	u32 first;

	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10));
	first = device_evidence_generation(fixture->evidence);

	fixture->next = set_with(test, CERT0, 20);
	ask_with_nonce(test, reader, BIT(CERT0) | BIT(CERT1), DEVICE_EVIDENCE_FLAG_DETAILS);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, fixture->refreshes, 1);
	KUNIT_EXPECT_EQ(test, fixture->type_mask, BIT(CERT0) | BIT(CERT1));
	KUNIT_EXPECT_EQ(test, fixture->slot, DEVICE_EVIDENCE_SLOT_ANY);
	KUNIT_EXPECT_MEMEQ(test, fixture->nonce, test_nonce, sizeof(test_nonce));

	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_GT(test, reader->generation, first);
	KUNIT_EXPECT_EQ(test, reader->generation, device_evidence_generation(fixture->evidence));
	KUNIT_ASSERT_NOT_NULL(test, reader->reply[DEVICE_EVIDENCE_A_COUNT]);
	KUNIT_EXPECT_EQ(test, nla_get_u64(reader->reply[DEVICE_EVIDENCE_A_COUNT]), 2);

	fixture->next = set_with(test, CERT0, 30);
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	reader_u32(reader, DEVICE_EVIDENCE_A_SLOT, 5);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, fixture->slot, 5);
	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->len, 30);

	/* Without a nonce nobody troubles the device */
	reader_ask(test, reader, BIT(CERT0), 0);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->len, 30);
	KUNIT_EXPECT_EQ(test, fixture->refreshes, 2);
	reader_destroy(reader);
}

static void failed_refresh_leaves_the_evidence_untouched(struct kunit *test)
{
	struct reader *dump = reader_create(test);
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;
	u32 generation;

	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10000));
	generation = device_evidence_generation(fixture->evidence);

	reader_ask(test, dump, BIT(CERT0), 0);
	KUNIT_ASSERT_EQ(test, reader_start(dump), 0);
	KUNIT_EXPECT_GT(test, reader_next(test, dump, FIRST_BUFFER), 0);

	fixture->next = ERR_PTR(-EKEYREJECTED);
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), -EKEYREJECTED);
	KUNIT_EXPECT_STREQ(test, reader_text(reader), "signature does not verify");

	/* A provider that is at a loss for words */
	fixture->next = ERR_PTR(-EIO);
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), -EIO);
	KUNIT_EXPECT_STREQ(test, reader_text(reader), "new evidence could not be collected");

	KUNIT_EXPECT_EQ(test, device_evidence_generation(fixture->evidence), generation);
	KUNIT_EXPECT_EQ(test, reader_rest(test, dump, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, dump->done, 10000);
	KUNIT_EXPECT_FALSE(test, dump->mismatch);
	reader_destroy(reader);
	reader_destroy(dump);
}

static void dump_ends_when_the_evidence_changes(struct kunit *test)
{
	struct reader *dump = reader_create(test);
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;

	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10000));

	reader_ask(test, dump, BIT(CERT0), 0);
	KUNIT_ASSERT_EQ(test, reader_start(dump), 0);
	KUNIT_EXPECT_GT(test, reader_next(test, dump, FIRST_BUFFER), 0);

	fixture->next = set_with(test, CERT0, 10000);
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);

	KUNIT_EXPECT_EQ(test, reader_next(test, dump, FIRST_BUFFER), -EAGAIN);
	KUNIT_EXPECT_STREQ(test, reader_text(dump), "evidence updated during read");

	/* The reader of the new evidence sees it withdrawn */
	KUNIT_EXPECT_GT(test, reader_next(test, reader, FIRST_BUFFER), 0);
	fixture_unregister(test);
	KUNIT_EXPECT_EQ(test, reader_next(test, reader, FIRST_BUFFER), -EAGAIN);
	KUNIT_EXPECT_STREQ(test, reader_text(reader), "evidence withdrawn during read");

	/* Neither dump keeps the device from being registered anew, nor sees what it says then */
	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10000));
	KUNIT_EXPECT_EQ(test, reader_next(test, reader, FIRST_BUFFER), -EAGAIN);
	reader_destroy(reader);
	reader_destroy(dump);
}

static void ask_to_validate(struct kunit *test, struct reader *reader, u32 generation)
{
	reader_reset(reader);
	reader_name_fixture(test, reader);
	reader_u32(reader, DEVICE_EVIDENCE_A_GENERATION, generation);
}

static void only_the_current_generation_can_be_validated(struct kunit *test)
{
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;
	u32 generation;

	reader_name_fixture(test, reader);
	KUNIT_EXPECT_EQ(test, reader_validate(reader), -EINVAL);
	KUNIT_EXPECT_STREQ(test, reader_text(reader), "generation is missing");

	ask_to_validate(test, reader, 1);
	KUNIT_EXPECT_EQ(test, reader_validate(reader), -ENXIO);
	KUNIT_EXPECT_STREQ(test, reader_text(reader), "device has no evidence");

	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10));
	generation = device_evidence_generation(fixture->evidence);

	for (int diff = -1; diff <= 1; diff += 2) {
		ask_to_validate(test, reader, generation + diff);
		KUNIT_EXPECT_EQ(test, reader_validate(reader), -ESTALE);
		KUNIT_EXPECT_STREQ(test, reader_text(reader),
				   "evidence has changed since this generation");
	}
	KUNIT_EXPECT_FALSE(test, device_evidence_validated(fixture->dev));

	ask_to_validate(test, reader, generation);
	KUNIT_EXPECT_EQ(test, reader_validate(reader), 0);
	KUNIT_EXPECT_TRUE(test, device_evidence_validated(fixture->dev));
	ask_to_validate(test, reader, generation);
	KUNIT_EXPECT_EQ(test, reader_validate(reader), 0);

	reader_ask(test, reader, BIT(CERT0), DEVICE_EVIDENCE_FLAG_DETAILS);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_NOT_NULL(test, reader->reply[DEVICE_EVIDENCE_A_VALIDATED]);
	reader_destroy(reader);
}

static void change_revokes_the_validation(struct kunit *test)
{
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;

	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10));
	ask_to_validate(test, reader, device_evidence_generation(fixture->evidence));
	KUNIT_EXPECT_EQ(test, reader_validate(reader), 0);

	/* A refresh that fails changes nothing */
	fixture->next = ERR_PTR(-EIO);
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), -EIO);
	KUNIT_EXPECT_TRUE(test, device_evidence_validated(fixture->dev));

	fixture->next = set_with(test, CERT0, 10);
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_FALSE(test, device_evidence_validated(fixture->dev));

	ask_to_validate(test, reader, device_evidence_generation(fixture->evidence));
	KUNIT_EXPECT_EQ(test, reader_validate(reader), 0);
	fixture_unregister(test);
	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10));
	KUNIT_EXPECT_FALSE(test, device_evidence_validated(fixture->dev));
	reader_destroy(reader);
}

static int reading_thread(void *data)
{
	struct reader *reader = data;

	return reader_start(reader);
}

struct unregistration {
	struct device_evidence *evidence;
	struct completion done;
};

static int unregistering_thread(void *data)
{
	struct unregistration *unregistration = data;

	device_evidence_unregister(unregistration->evidence);
	complete_all(&unregistration->done);
	return 0;
}

static struct task_struct *run(struct kunit *test, int (*fn)(void *), void *data)
{
	struct task_struct *task = kthread_create(fn, data, "evidence-test");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	/* So that its result can be collected by kthread_stop() */
	get_task_struct(task);
	wake_up_process(task);
	return task;
}

static void unregistering_waits_for_a_refresh(struct kunit *test)
{
	struct unregistration unregistration = {};
	struct reader *reader = reader_create(test);
	struct reader *late = reader_create(test);
	struct reader *old = reader_create(test);
	struct fixture *fixture = test->priv;
	struct task_struct *first, *second, *third;

	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10));
	fixture->next = set_with(test, CERT0, 20);
	fixture->wait = true;

	ask_with_nonce(test, reader, BIT(CERT0), 0);
	first = run(test, reading_thread, reader);
	wait_for_completion(&fixture->entered);

	/* This one found the device, and queues behind the first */
	ask_with_nonce(test, late, BIT(CERT0), 0);
	third = run(test, reading_thread, late);
	msleep(50);

	/* Readers do not wait for the device, they see the old set */
	reader_ask(test, old, BIT(CERT0), 0);
	KUNIT_ASSERT_EQ(test, reader_start(old), 0);
	KUNIT_EXPECT_EQ(test, reader_rest(test, old, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, old->len, 10);
	reader_destroy(old);

	init_completion(&unregistration.done);
	unregistration.evidence = fixture->evidence;
	fixture->evidence = NULL;
	second = run(test, unregistering_thread, &unregistration);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&unregistration.done,
							  msecs_to_jiffies(100)), 0);

	fixture->wait = false;
	complete(&fixture->proceed);
	wait_for_completion(&unregistration.done);

	KUNIT_EXPECT_EQ(test, kthread_stop_put(second), 0);
	KUNIT_EXPECT_EQ(test, kthread_stop_put(first), -ENXIO);
	KUNIT_EXPECT_STREQ(test, reader_text(reader), "evidence withdrawn during refresh");
	KUNIT_EXPECT_EQ(test, kthread_stop_put(third), -ENXIO);
	KUNIT_EXPECT_STREQ(test, reader_text(late), "device has no evidence");
	KUNIT_EXPECT_EQ(test, fixture->refreshes, 1);
	reader_destroy(late);
	reader_destroy(reader);
}

static int fixture_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	init_completion(&fixture->entered);
	init_completion(&fixture->proceed);
	fixture->faux = faux_device_create("evidence-test", NULL, NULL);
	KUNIT_ASSERT_NOT_NULL(test, fixture->faux);
	fixture->dev = &fixture->faux->dev;
	fixture->refs = kref_read(&fixture->dev->kobj.kref);
	test->priv = fixture;
	return device_evidence_provider_register(fixture->dev->bus);
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (!fixture)
		return;
	if (!IS_ERR_OR_NULL(fixture->evidence))
		device_evidence_unregister(fixture->evidence);
	device_evidence_provider_unregister(fixture->dev->bus);
	/* The registrations left no reference to the device behind */
	KUNIT_EXPECT_EQ(test, kref_read(&fixture->dev->kobj.kref), fixture->refs);
	faux_device_destroy(fixture->faux);
}

static struct kunit_case evidence_cases[] = {
	KUNIT_CASE(set_refuses_an_unknown_type),
	KUNIT_CASE(set_refuses_a_second_object_of_a_type),
	KUNIT_CASE(set_refuses_an_object_above_16_mib),
	KUNIT_CASE(set_refuses_a_layout_outside_the_object),
	KUNIT_CASE(registering_takes_a_provider_and_a_device_once),
	KUNIT_CASE(generation_is_never_used_again),
	KUNIT_CASE(every_requested_object_is_read_in_order),
	KUNIT_CASE(reply_without_details_has_no_unknown_attribute),
	KUNIT_CASE(details_tell_the_layout),
	KUNIT_CASE(objects_of_all_lengths_pass_through_buffers_of_all_sizes),
	KUNIT_CASE(buffers_may_grow_during_a_dump),
	KUNIT_CASE_SLOW(object_of_16_mib_fills_the_buffers),
	KUNIT_CASE(digest_stands_for_the_object),
	KUNIT_CASE(no_digest_without_a_known_hash),
	KUNIT_CASE(faulty_requests_are_refused_in_words),
	KUNIT_CASE(nonce_reads_what_was_collected_for_it),
	KUNIT_CASE(failed_refresh_leaves_the_evidence_untouched),
	KUNIT_CASE(dump_ends_when_the_evidence_changes),
	KUNIT_CASE(only_the_current_generation_can_be_validated),
	KUNIT_CASE(change_revokes_the_validation),
	KUNIT_CASE(unregistering_waits_for_a_refresh),
	{}
};

static struct kunit_suite evidence_suite = {
	.name = "device-evidence",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = evidence_cases,
};

kunit_test_suite(evidence_suite);

MODULE_DESCRIPTION("KUnit tests for device evidence");
MODULE_LICENSE("GPL");
