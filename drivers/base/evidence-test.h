/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit tests for device evidence share: a provider and a reader
 *
 * The requests enter where generic netlink hands them over, after the policy
 * was applied, and the replies are taken from socket buffers of all sizes that
 * netlink may come with. The devices are on the faux bus.
 */
#ifndef _BASE_EVIDENCE_TEST_H
#define _BASE_EVIDENCE_TEST_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/device/bus.h>
#include <linux/device/evidence.h>
#include <linux/device/faux.h>
#include <linux/err.h>
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
	struct device_evidence_failure failure;
	unsigned int refreshes;
	u32 type_mask;
	u8 nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	u8 slot;
	struct completion entered;
	struct completion proceed;
	bool wait;
};

static inline struct device_evidence_set *
fixture_refresh(void *priv, const struct device_evidence_request *request,
		struct device_evidence_failure *failure, struct netlink_ext_ack *extack)
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
	if (IS_ERR(fixture->next))
		*failure = fixture->failure;
	return fixture->next;
}

static const struct device_evidence_ops fixture_ops = { .refresh = fixture_refresh };
static const struct device_evidence_ops no_ops = {};

static inline struct device_evidence_set *set_create(struct kunit *test)
{
	struct device_evidence_set *set = device_evidence_set_create();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	return set;
}

/* Byte @i of the object of @type that set_add_pattern() adds */
static inline u8 pattern(u32 type, u32 i)
{
	return type + i + (i >> 8) * 3 + (i >> 16) * 5;
}

static inline void set_add_pattern(struct kunit *test, struct device_evidence_set *set,
				   u32 type, u32 len)
{
	u8 *data = kvmalloc(max(len, 1), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, data);
	for (u32 i = 0; i < len; i++)
		data[i] = pattern(type, i);
	KUNIT_EXPECT_EQ(test, device_evidence_set_add(set, type, data, len), 0);
	kvfree(data);
}

static inline struct device_evidence_set *set_with(struct kunit *test, u32 type, u32 len)
{
	struct device_evidence_set *set = set_create(test);

	set_add_pattern(test, set, type, len);
	return set;
}

static inline void fixture_register(struct kunit *test, const struct device_evidence_ops *ops,
				    struct device_evidence_set *set)
{
	struct fixture *fixture = test->priv;

	fixture->evidence = device_evidence_register(fixture->dev, ops, fixture, set);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fixture->evidence);
}

static inline void fixture_unregister(struct kunit *test)
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

static inline struct reader *reader_create(struct kunit *test)
{
	struct reader *reader = kunit_kzalloc(test, sizeof(*reader), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, reader);
	reader->request = alloc_skb(NLMSG_GOODSIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reader->request);
	return reader;
}

/* Forget the request and what came of it, and begin a new one */
static inline void reader_reset(struct reader *reader)
{
	struct sk_buff *request = reader->request;

	if (reader->started)
		device_evidence_nl_read_done(&reader->cb);
	kfree_skb(reader->skb);
	memset(reader, 0, sizeof(*reader));
	skb_trim(request, 0);
	reader->request = request;
}

static inline void reader_destroy(struct reader *reader)
{
	reader_reset(reader);
	kfree_skb(reader->request);
}

static inline void reader_name(struct reader *reader, const char *subsys, const char *name)
{
	if (subsys)
		nla_put_string(reader->request, DEVICE_EVIDENCE_A_SUBSYS, subsys);
	if (name)
		nla_put_string(reader->request, DEVICE_EVIDENCE_A_DEV_NAME, name);
}

static inline void reader_name_fixture(struct kunit *test, struct reader *reader)
{
	struct fixture *fixture = test->priv;

	reader_name(reader, fixture->dev->bus->name, dev_name(fixture->dev));
}

static inline void reader_u32(struct reader *reader, int attr, u32 value)
{
	nla_put_u32(reader->request, attr, value);
}

static inline const char *reader_text(const struct reader *reader)
{
	return reader->extack._msg ?: "";
}

static inline int reader_parse(struct reader *reader)
{
	return nla_parse(reader->attrs, DEVICE_EVIDENCE_A_MAX, (void *)reader->request->data,
			 reader->request->len, NULL, NULL);
}

static inline int reader_start(struct reader *reader)
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

static inline int reader_validate(struct reader *reader)
{
	struct genl_info info = { .attrs = reader->attrs, .extack = &reader->extack };

	return reader_parse(reader) ?: device_evidence_nl_validate_doit(reader->request, &info);
}

static inline void reader_message(struct kunit *test, struct reader *reader,
				  const struct nlmsghdr *nlh)
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
static inline int reader_next(struct kunit *test, struct reader *reader, u32 size)
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

static inline int reader_rest(struct kunit *test, struct reader *reader, u32 size)
{
	int err;

	do {
		err = reader_next(test, reader, size);
	} while (err > 0);
	return err;
}

static inline void reader_ask(struct kunit *test, struct reader *reader, u32 mask, u32 flags)
{
	reader_reset(reader);
	reader_name_fixture(test, reader);
	reader_u32(reader, DEVICE_EVIDENCE_A_TYPE_MASK, mask);
	if (flags)
		reader_u32(reader, DEVICE_EVIDENCE_A_FLAGS, flags);
}

static inline void expect_u32(struct kunit *test, const struct nlattr *attr, u32 value)
{
	KUNIT_ASSERT_NOT_NULL(test, attr);
	KUNIT_EXPECT_EQ(test, nla_get_u32(attr), value);
}

static inline void ask_with_nonce(struct kunit *test, struct reader *reader, u32 mask, u32 flags)
{
	reader_ask(test, reader, mask, flags);
	nla_put(reader->request, DEVICE_EVIDENCE_A_NONCE, sizeof(test_nonce), test_nonce);
}

static inline void ask_to_validate(struct kunit *test, struct reader *reader, u32 generation)
{
	reader_reset(reader);
	reader_name_fixture(test, reader);
	reader_u32(reader, DEVICE_EVIDENCE_A_GENERATION, generation);
}

static inline int fixture_init(struct kunit *test)
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

static inline void fixture_exit(struct kunit *test)
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

#endif /* _BASE_EVIDENCE_TEST_H */
