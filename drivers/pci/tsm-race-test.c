// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for the PCI/TSM core: several at a time
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/pci.h>
#include <linux/pci-tsm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/tsm.h>

#include "pci.h"
#include "tsm-test.h"

/* Time for a thread to run into a lock that is taken */
#define SETTLE_MS	200

/**
 * struct tsm_test_thread - somebody else
 * @run: What he does.
 * @tsm_dev: The TSM that he does it with.
 * @task: He himself, until @done.
 * @result: What came of it.
 * @done: That was all.
 */
struct tsm_test_thread {
	int (*run)(struct tsm_dev *tsm_dev);
	struct tsm_dev *tsm_dev;
	struct task_struct *task;
	int result;
	struct completion done;
};

static int thread_fn(void *data)
{
	struct tsm_test_thread *thread = data;

	allow_signal(SIGKILL);
	thread->result = thread->run(thread->tsm_dev);
	complete(&thread->done);
	return 0;
}

/* Never freed: if the test fails, the thread stays where it is */
static struct tsm_test_thread *start(struct kunit *test,
				     int (*run)(struct tsm_dev *tsm_dev),
				     struct tsm_dev *tsm_dev)
{
	struct tsm_test_thread *thread = kzalloc_obj(*thread);

	KUNIT_ASSERT_NOT_NULL(test, thread);
	thread->run = run;
	thread->tsm_dev = tsm_dev;
	init_completion(&thread->done);
	thread->task = kthread_create(thread_fn, thread, "tsm-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread->task));
	get_task_struct(thread->task);
	wake_up_process(thread->task);
	return thread;
}

static bool finish(struct tsm_test_thread *thread, int *result)
{
	if (!wait_for_completion_timeout(&thread->done, TIMEOUT))
		return false;

	*result = thread->result;
	put_task_struct(thread->task);
	kfree(thread);
	return true;
}

/* Give him the time to run into whatever he has to wait for */
static bool is_waiting(struct tsm_test_thread *thread)
{
	msleep(SETTLE_MS);
	return !completion_done(&thread->done);
}

static void kill(struct tsm_test_thread *thread)
{
	send_sig(SIGKILL, thread->task, 1);
}

static int unregister(struct tsm_dev *tsm_dev)
{
	tsm_unregister(tsm_dev);
	return 0;
}

static int read_authenticated(struct tsm_dev *tsm_dev)
{
	char name[32];

	return tsm_test_read_file("authenticated", name, sizeof(name));
}

static void unregistration_does_not_block_readers(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);
	struct tsm_test_thread *connecting, *unregistering, *reading;
	int result;

	/* connect holds the lock, */
	tsm_tt.block = true;
	connecting = start(test, connect_to, tsm_dev);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&tsm_tt.connecting, TIMEOUT), 0);

	/* the unregistration is next to get it, */
	unregistering = start(test, unregister, tsm_dev);
	msleep(SETTLE_MS);

	/* and then comes a reader, within a file that is going to be hidden */
	reading = start(test, read_authenticated, NULL);
	msleep(SETTLE_MS);
	complete(&tsm_tt.go);

	KUNIT_ASSERT_TRUE(test, finish(connecting, &result));
	KUNIT_EXPECT_EQ(test, result, 0);
	KUNIT_ASSERT_TRUE(test, finish(unregistering, &result));
	KUNIT_ASSERT_TRUE(test, finish(reading, &result));
	KUNIT_EXPECT_EQ(test, result, 0);

	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("authenticated"));
}

static void connect_loses_against_unregistration(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);
	struct tsm_test_thread *connecting, *unregistering, *again;
	int result;

	tsm_tt.block = true;
	connecting = start(test, connect_to, tsm_dev);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&tsm_tt.connecting, TIMEOUT), 0);
	unregistering = start(test, unregister, tsm_dev);
	msleep(SETTLE_MS);

	/* The name is from before, @tsm_dev may be gone when it is looked up */
	get_device(&tsm_dev->dev);
	again = start(test, connect_to, tsm_dev);
	msleep(SETTLE_MS);
	complete(&tsm_tt.go);

	KUNIT_ASSERT_TRUE(test, finish(connecting, &result));
	KUNIT_EXPECT_EQ(test, result, 0);
	KUNIT_ASSERT_TRUE(test, finish(unregistering, &result));
	KUNIT_ASSERT_TRUE(test, finish(again, &result));
	/* It finds the TSM on its way out, or the device connected still */
	KUNIT_EXPECT_TRUE(test, result == -ENXIO || result == -EBUSY);
	put_device(&tsm_dev->dev);

	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("tsm/connect"));
}

static int destroy(struct tsm_dev *tsm_dev)
{
	pci_tsm_destroy(tsm_tt.pdev);
	return 0;
}

static void expect_result(struct kunit *test, struct tsm_test_thread *thread, int expected)
{
	int result;

	KUNIT_ASSERT_TRUE(test, finish(thread, &result));
	KUNIT_EXPECT_EQ(test, result, expected);
}

/* Connect the device, and have it take its time */
static struct tsm_test_thread *start_slow_connect(struct kunit *test, struct tsm_dev *tsm_dev)
{
	struct tsm_test_thread *connecting;

	tsm_tt.block_authenticate = true;
	connecting = start(test, connect_to, tsm_dev);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&tsm_tt.connecting, TIMEOUT), 0);
	return connecting;
}

/*
 * Do all that could depend on a lock, while @slow waits for the device. What
 * waits for @slow in turn goes on when the TSM gives up.
 */
static void expect_no_influence_on_others(struct kunit *test, struct tsm_dev *tsm_dev,
					  struct tsm_test_thread *slow)
{
	struct tsm_dev *registered;

	/* The device itself is not connected, to whoever looks at it, */
	expect_authenticated(test, "");
	expect_contents(test, "tsm/dsm", "");
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, pci_tsm_bind(tsm_tt.pdev, (struct kvm *)&tsm_tt, 0), -EINVAL);
	pci_tsm_init(tsm_tt.pdev);

	/* and this takes the lock of all devices, even if there is no other */
	registered = register_tsm(test);

	if (tsm_tt.other) {
		KUNIT_EXPECT_EQ(test, connect_other_to(tsm_dev), 0);
		KUNIT_EXPECT_EQ(test, connect_other_to(tsm_dev), -EBUSY);
		KUNIT_EXPECT_EQ(test, disconnect_other_from(tsm_dev), 0);
		KUNIT_EXPECT_EQ(test, connect_other_to(registered), 0);
		KUNIT_EXPECT_EQ(test, disconnect_other_from(registered), 0);
	}

	KUNIT_EXPECT_FALSE(test, tsm_tt.gave_up);
	complete(&tsm_tt.go);
	expect_result(test, slow, 0);
	tsm_unregister(registered);
}

static void slow_authentication_does_not_block_others(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);

	expect_no_influence_on_others(test, tsm_dev, start_slow_connect(test, tsm_dev));
	expect_authenticated(test, dev_name(&tsm_dev->dev));
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void slow_removal_of_a_context_does_not_block_others(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *disconnecting;

	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	reinit_completion(&tsm_tt.connecting);
	tsm_tt.block_remove = true;
	disconnecting = start(test, disconnect_from, tsm_dev);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&tsm_tt.connecting, TIMEOUT), 0);

	expect_no_influence_on_others(test, tsm_dev, disconnecting);
	expect_authenticated(test, "");
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void failed_authentication_leaves_nothing(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);

	tsm_tt.authenticate_result = -EKEYREJECTED;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	KUNIT_EXPECT_FALSE(test, completion_done(&tsm_tt.connecting));
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);

	/* And what was authenticated, but cannot be connected */
	tsm_tt.authenticate_result = 0;
	tsm_tt.connect_result = -ENOMEM;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -ENOMEM);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void killed_authentication_leaves_nothing(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *connecting = start_slow_connect(test, tsm_dev);

	kill(connecting);
	expect_result(test, connecting, -ERESTARTSYS);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);

	tsm_tt.block_authenticate = false;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
}

static void second_connect_waits_for_the_first(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *first = start_slow_connect(test, tsm_dev);
	struct tsm_test_thread *second = start(test, connect_to, tsm_dev);
	struct tsm_test_thread *killed = start(test, connect_to, tsm_dev);

	KUNIT_EXPECT_TRUE(test, is_waiting(second));
	KUNIT_EXPECT_TRUE(test, is_waiting(killed));
	kill(killed);
	expect_result(test, killed, -EINTR);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 1);

	complete(&tsm_tt.go);
	expect_result(test, first, 0);
	expect_result(test, second, -EBUSY);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 1);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
}

static void disconnect_waits_for_connect(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *connecting = start_slow_connect(test, tsm_dev);
	struct tsm_test_thread *disconnecting = start(test, disconnect_from, tsm_dev);
	struct tsm_test_thread *killed = start(test, disconnect_from, tsm_dev);

	KUNIT_EXPECT_TRUE(test, is_waiting(disconnecting));
	KUNIT_EXPECT_TRUE(test, is_waiting(killed));
	kill(killed);
	expect_result(test, killed, -EINTR);

	complete(&tsm_tt.go);
	expect_result(test, connecting, 0);
	expect_result(test, disconnecting, 0);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void removal_waits_for_connect(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *connecting = start_slow_connect(test, tsm_dev);
	struct tsm_test_thread *removing = start(test, destroy, NULL);

	KUNIT_EXPECT_TRUE(test, is_waiting(removing));
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 1);

	complete(&tsm_tt.go);
	expect_result(test, connecting, 0);
	expect_result(test, removing, 0);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void unregistration_waits_for_connect_and_lets_none_begin(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *connecting = start_slow_connect(test, tsm_dev);
	struct tsm_test_thread *unregistering = start(test, unregister, tsm_dev);

	KUNIT_EXPECT_TRUE(test, is_waiting(unregistering));
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 1);
	expect_authenticated(test, "");
	if (tsm_tt.other)
		KUNIT_EXPECT_EQ(test, connect_other_to(tsm_dev), -ENXIO);

	KUNIT_EXPECT_FALSE(test, tsm_tt.gave_up);
	complete(&tsm_tt.go);
	expect_result(test, connecting, 0);
	expect_result(test, unregistering, 0);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("authenticated"));
}

static struct kunit_case tsm_race_cases[] = {
	KUNIT_CASE_SLOW(unregistration_does_not_block_readers),
	KUNIT_CASE_SLOW(connect_loses_against_unregistration),
	KUNIT_CASE(slow_authentication_does_not_block_others),
	KUNIT_CASE(slow_removal_of_a_context_does_not_block_others),
	KUNIT_CASE(failed_authentication_leaves_nothing),
	KUNIT_CASE(killed_authentication_leaves_nothing),
	KUNIT_CASE_SLOW(second_connect_waits_for_the_first),
	KUNIT_CASE_SLOW(disconnect_waits_for_connect),
	KUNIT_CASE_SLOW(removal_waits_for_connect),
	KUNIT_CASE_SLOW(unregistration_waits_for_connect_and_lets_none_begin),
	{}
};

static struct kunit_suite tsm_race_suite = {
	.name = "pci_tsm_race",
	.init = tsm_device_test_init,
	.exit = tsm_device_test_exit,
	.test_cases = tsm_race_cases,
};

kunit_test_suite(tsm_race_suite);
