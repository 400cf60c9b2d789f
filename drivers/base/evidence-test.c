// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for device evidence: sets, registration, refresh and validation
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device/evidence.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sizes.h>
#include <net/genetlink.h>

#include "evidence-test.h"

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

static struct kunit_case evidence_cases[] = {
	KUNIT_CASE(set_refuses_an_unknown_type),
	KUNIT_CASE(set_refuses_a_second_object_of_a_type),
	KUNIT_CASE(set_refuses_an_object_above_16_mib),
	KUNIT_CASE(set_refuses_a_layout_outside_the_object),
	KUNIT_CASE(registering_takes_a_provider_and_a_device_once),
	KUNIT_CASE(generation_is_never_used_again),
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
