// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for the PCI/TSM core
 *
 * Most of them connect a PCI device to a TSM that does nothing, and are skipped
 * if the system has no device that could be connected. The device itself does
 * not notice.
 */

#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device/evidence.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/mount.h>
#include <linux/pci.h>
#include <linux/pci-tsm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tsm.h>

#include "pci.h"

#define TIMEOUT		(10 * HZ)

/* Time for a thread to run into a lock that is taken */
#define SETTLE_MS	200

/*
 * A TSM that does nothing
 */

/**
 * struct tsm_test - what happens and what is to happen
 * @pdev: The device to be connected.
 * @parent: Of all TSMs.
 * @link_count: Number of TSMs that were there before.
 * @tsm_failure: Of @pdev before.
 * @tsm_slot: Of @pdev before.
 * @probe_result: What probe is to return instead of a context, if it is not 0.
 * @connect_result: What connect is to return.
 * @failure: What connect is to give as the reason, if it fails and knows one.
 * @slot: Certificate slot that connect was to challenge.
 * @block: Let connect wait for @go.
 * @connecting: connect was called.
 * @go: Let connect return.
 * @contexts: Number of probes without remove.
 * @connections: Number of connects without disconnect.
 */
struct tsm_test {
	struct pci_dev *pdev;
	struct device *parent;
	int link_count;
	u16 tsm_failure;
	u8 tsm_slot;
	int probe_result;
	int connect_result;
	const struct device_evidence_failure *failure;
	u8 slot;
	bool block;
	struct completion connecting;
	struct completion go;
	int contexts;
	int connections;
};

static struct tsm_test tt;

static struct pci_tsm *tsm_test_probe(struct tsm_dev *tsm_dev,
				      struct pci_dev *pdev)
{
	int rc;

	if (tt.probe_result)
		return ERR_PTR(tt.probe_result);

	if (pdev != tt.pdev)
		return NULL;

	struct pci_tsm_pf0 *pf0 __free(kfree) = kzalloc_obj(*pf0);
	if (!pf0)
		return ERR_PTR(-ENOMEM);

	rc = pci_tsm_pf0_constructor(pdev, pf0, tsm_dev);
	if (rc)
		return ERR_PTR(rc);

	tt.contexts++;
	return &no_free_ptr(pf0)->base_tsm;
}

static void tsm_test_remove(struct pci_tsm *tsm)
{
	struct pci_tsm_pf0 *pf0 = container_of(tsm, struct pci_tsm_pf0, base_tsm);

	tt.contexts--;
	pci_tsm_pf0_destructor(pf0);
	kfree(pf0);
}

static int tsm_test_connect(struct pci_dev *pdev)
{
	complete(&tt.connecting);
	if (tt.block)
		wait_for_completion_timeout(&tt.go, TIMEOUT);

	tt.slot = pci_tsm_slot(pdev);
	if (tt.failure)
		pci_tsm_note_failure(pdev, tt.failure);
	if (tt.connect_result)
		return tt.connect_result;

	tt.connections++;
	return 0;
}

static void tsm_test_disconnect(struct pci_dev *pdev)
{
	tt.connections--;
}

static struct pci_tdi *tsm_test_bind(struct pci_dev *pdev, struct kvm *kvm,
				     u32 tdi_id)
{
	struct pci_tdi *tdi = kzalloc_obj(*tdi);

	if (!tdi)
		return ERR_PTR(-ENOMEM);

	pci_tsm_tdi_constructor(pdev, tdi, kvm, tdi_id);
	return tdi;
}

static void tsm_test_unbind(struct pci_tdi *tdi)
{
	kfree(tdi);
}

#define TSM_TEST_OPS			\
	.probe = tsm_test_probe,	\
	.remove = tsm_test_remove,	\
	.connect = tsm_test_connect,	\
	.disconnect = tsm_test_disconnect

static struct pci_tsm_ops tsm_test_ops = { .link_ops = { TSM_TEST_OPS } };

/*
 * Access to the files of the device, as user space has it
 */

static struct vfsmount *sysfs_mnt;

static struct file *open_file(const char *name, int flags)
{
	struct path root = { .mnt = sysfs_mnt, .dentry = sysfs_mnt->mnt_root };

	char *dir __free(kfree) = kobject_get_path(&tt.pdev->dev.kobj, GFP_KERNEL);
	if (!dir)
		return ERR_PTR(-ENOMEM);

	char *path __free(kfree) = kasprintf(GFP_KERNEL, "%s/%s", dir + 1, name);
	if (!path)
		return ERR_PTR(-ENOMEM);

	return file_open_root(&root, path, flags, 0);
}

static bool file_exists(const char *name)
{
	struct file *file __free(fput) = open_file(name, O_RDONLY);

	return !IS_ERR(file);
}

/* Without the newline */
static ssize_t read_file(const char *name, char *buf, size_t size)
{
	struct file *file __free(fput) = open_file(name, O_RDONLY);
	loff_t pos = 0;
	ssize_t len;

	if (IS_ERR(file))
		return PTR_ERR(file);

	len = kernel_read(file, buf, size - 1, &pos);
	if (len < 0)
		return len;

	buf[len] = '\0';
	strim(buf);
	return 0;
}

static int write_file(const char *name, const char *value)
{
	struct file *file __free(fput) = open_file(name, O_WRONLY);
	loff_t pos = 0;
	ssize_t len;

	if (IS_ERR(file))
		return PTR_ERR(file);

	len = kernel_write(file, value, strlen(value), &pos);
	return len < 0 ? len : 0;
}

static int connect_to(struct tsm_dev *tsm_dev)
{
	return write_file("tsm/connect", dev_name(&tsm_dev->dev));
}

static int disconnect_from(struct tsm_dev *tsm_dev)
{
	return write_file("tsm/disconnect", dev_name(&tsm_dev->dev));
}

static void expect_contents(struct kunit *test, const char *name, const char *expected)
{
	char contents[64];

	KUNIT_ASSERT_EQ(test, read_file(name, contents, sizeof(contents)), 0);
	KUNIT_EXPECT_STREQ(test, contents, expected);
}

static void expect_authenticated(struct kunit *test, const char *expected)
{
	expect_contents(test, "authenticated", expected);
	expect_contents(test, "tsm/connect", expected);
}

static struct tsm_dev *register_tsm(struct kunit *test)
{
	struct tsm_dev *tsm_dev = tsm_register(tt.parent, &tsm_test_ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tsm_dev));
	return tsm_dev;
}

/*
 * Registration
 */

static void expect_refused(struct kunit *test, const struct pci_tsm_link_ops *link)
{
	struct pci_tsm_ops *ops = kunit_kzalloc(test, sizeof(*ops), GFP_KERNEL);
	struct tsm_dev *tsm_dev;

	KUNIT_ASSERT_NOT_NULL(test, ops);
	ops->link_ops = *link;
	tsm_dev = tsm_register(tt.parent, ops);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(tsm_dev), -EINVAL);
	if (!IS_ERR(tsm_dev))
		tsm_unregister(tsm_dev);
}

static void operations_must_be_complete(struct kunit *test)
{
	struct pci_tsm_link_ops ops;

	ops = tsm_test_ops.link_ops;
	ops.remove = NULL;
	expect_refused(test, &ops);
	ops = tsm_test_ops.link_ops;
	ops.connect = NULL;
	expect_refused(test, &ops);
	ops = tsm_test_ops.link_ops;
	ops.disconnect = NULL;
	expect_refused(test, &ops);
	ops = tsm_test_ops.link_ops;
	ops.bind = tsm_test_bind;
	expect_refused(test, &ops);
	ops = tsm_test_ops.link_ops;
	ops.unbind = tsm_test_unbind;
	expect_refused(test, &ops);
}

static bool early_tsm_found;

/* As early as a driver in drivers/pci may register a TSM if it is built in */
static int __init register_early_tsm(void)
{
	struct tsm_dev *tsm_dev = tsm_register(NULL, NULL);
	struct tsm_dev *found;

	if (IS_ERR(tsm_dev))
		return PTR_ERR(tsm_dev);

	found = find_tsm_dev(tsm_dev->id);
	early_tsm_found = found == tsm_dev;
	if (found)
		put_device(&found->dev);
	tsm_unregister(tsm_dev);
	return 0;
}
device_initcall(register_early_tsm);

static void early_tsm_is_found(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, early_tsm_found);
}

static void attributes_come_and_go_with_tsms(struct kunit *test)
{
	struct tsm_dev *first, *second;

	KUNIT_EXPECT_FALSE(test, file_exists("authenticated"));
	KUNIT_EXPECT_FALSE(test, file_exists("tsm/connect"));

	first = register_tsm(test);
	second = register_tsm(test);
	expect_authenticated(test, "");
	tsm_unregister(first);
	expect_authenticated(test, "");
	tsm_unregister(second);

	KUNIT_EXPECT_FALSE(test, file_exists("authenticated"));
	KUNIT_EXPECT_FALSE(test, file_exists("tsm/connect"));
}

static void attributes_appear_for_a_device_added_meanwhile(struct kunit *test)
{
	/* As if a TSM registered while the device was not on the bus yet */
	pci_tsm_link_count = 1;
	KUNIT_EXPECT_FALSE(test, file_exists("authenticated"));
	pci_tsm_init(tt.pdev);
	expect_authenticated(test, "");

	/* And unregistered likewise */
	pci_tsm_link_count = 0;
	pci_tsm_init(tt.pdev);
	KUNIT_EXPECT_FALSE(test, file_exists("authenticated"));
	KUNIT_EXPECT_FALSE(test, file_exists("tsm/connect"));
}

/*
 * connect and disconnect
 */

static void device_is_connected_once(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), -ENXIO);
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	expect_authenticated(test, dev_name(&tsm_dev->dev));
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EBUSY);
	KUNIT_EXPECT_EQ(test, tt.connections, 1);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	expect_authenticated(test, "");
	KUNIT_EXPECT_EQ(test, tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void wrong_names_are_refused(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	KUNIT_EXPECT_EQ(test, write_file("tsm/connect", "tsm"), -EINVAL);
	KUNIT_EXPECT_EQ(test, write_file("tsm/connect", "mst0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, write_file("tsm/connect", "tsm2147483647"), -ENXIO);
	KUNIT_EXPECT_EQ(test, write_file("tsm/connect", "tsm-1"), -ENXIO);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void tsms_coexist(struct kunit *test)
{
	struct tsm_dev *first = register_tsm(test);
	struct tsm_dev *second = register_tsm(test);

	KUNIT_EXPECT_EQ(test, connect_to(second), 0);
	KUNIT_EXPECT_EQ(test, connect_to(first), -EBUSY);
	KUNIT_EXPECT_EQ(test, disconnect_from(first), -EINVAL);
	expect_authenticated(test, dev_name(&second->dev));

	/* The one goes, the other stays connected */
	tsm_unregister(first);
	expect_authenticated(test, dev_name(&second->dev));
	KUNIT_EXPECT_EQ(test, tt.connections, 1);

	/* It is disconnected by the unregistration */
	tsm_unregister(second);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
}

static void failed_connect_leaves_nothing(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	tt.connect_result = -EKEYREJECTED;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	expect_authenticated(test, "");

	tt.connect_result = 0;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
}

static void failed_probe_says_why(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	tt.probe_result = -ENOMEM;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -ENOMEM);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	expect_authenticated(test, "");
	tsm_unregister(tsm_dev);
}

static void device_on_its_way_out_is_not_connected(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);
	int rc;

	/* As if pci_destroy_dev() were between pci_tsm_destroy() and device_del() */
	KUNIT_ASSERT_FALSE(test, pci_dev_test_and_set_removed(tt.pdev));
	pci_tsm_destroy(tt.pdev);
	rc = connect_to(tsm_dev);
	clear_bit(PCI_DEV_REMOVED, &tt.pdev->priv_flags);

	KUNIT_EXPECT_EQ(test, rc, -ENODEV);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	tsm_unregister(tsm_dev);
}

static void removal_disconnects(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	pci_tsm_destroy(tt.pdev);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void tsm_on_its_way_out_is_not_connected_to(struct kunit *test)
{
	struct tsm_dev *other = register_tsm(test);
	struct tsm_dev *tsm_dev = register_tsm(test);

	/* As if tsm_unregister() were between this and device_unregister() */
	pci_tsm_unregister(tsm_dev);
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -ENXIO);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	tsm_unregister(tsm_dev);
	tsm_unregister(other);
}

/*
 * What user space chooses and learns
 */

static void slot_is_chosen_before_connect(struct kunit *test)
{
	static const char * const words[] = { "0", "7\n", "any", "3", "any\n" };
	static const u8 slots[] = { 0, 7, PCI_TSM_SLOT_ANY, 3, PCI_TSM_SLOT_ANY };
	struct tsm_dev *tsm_dev = register_tsm(test);

	expect_contents(test, "tsm/slot", "any");
	KUNIT_ASSERT_EQ(test, connect_to(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test, tt.slot, PCI_TSM_SLOT_ANY);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		KUNIT_EXPECT_EQ(test, write_file("tsm/slot", words[i]), 0);
		KUNIT_EXPECT_EQ(test, pci_tsm_slot(tt.pdev), slots[i]);
		KUNIT_ASSERT_EQ(test, connect_to(tsm_dev), 0);
		KUNIT_EXPECT_EQ(test, tt.slot, slots[i]);
		KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	}
	tsm_unregister(tsm_dev);
}

static void slots_that_do_not_exist_are_refused(struct kunit *test)
{
	static const char * const words[] = {
		"8", "-1", "255", "256", "4294967296", "\n", "Any", "any slot", "an", "3 4", "0x3",
	};
	struct tsm_dev *tsm_dev = register_tsm(test);

	KUNIT_EXPECT_EQ(test, write_file("tsm/slot", "5"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		KUNIT_EXPECT_EQ_MSG(test, write_file("tsm/slot", words[i]), -EINVAL,
				    "\"%s\"", words[i]);
	expect_contents(test, "tsm/slot", "5");
	tsm_unregister(tsm_dev);
}

static void failure_stays_until_the_next_connect(struct kunit *test)
{
	static const struct device_evidence_failure signature = {
		.reason = DEVICE_EVIDENCE_REASON_SIGNATURE,
	};
	static const struct device_evidence_failure refused = {
		.reason = DEVICE_EVIDENCE_REASON_REFUSED, .spdm_error_code = 0x04,
	};
	static const struct device_evidence_failure busy = {
		.reason = DEVICE_EVIDENCE_REASON_BUSY, .spdm_error_code = 0xff,
	};
	struct tsm_dev *tsm_dev;

	if (!IS_ENABLED(CONFIG_DEVICE_EVIDENCE))
		kunit_skip(test, "nobody knows the words");

	tsm_dev = register_tsm(test);

	tt.failure = &signature;
	tt.connect_result = -EKEYREJECTED;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	expect_contents(test, "tsm/failure", "signature");
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), -ENXIO);
	expect_contents(test, "tsm/failure", "signature");

	tt.failure = &refused;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	expect_contents(test, "tsm/failure", "refused 0x04");

	/* It is not this one that gave the reason */
	tt.failure = NULL;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	expect_contents(test, "tsm/failure", "");

	tt.failure = &signature;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	tt.failure = NULL;
	tt.connect_result = 0;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	expect_contents(test, "tsm/failure", "");

	/* While connected, the attempt to authenticate it again may fail, and then not */
	pci_tsm_note_failure(tt.pdev, &busy);
	expect_contents(test, "tsm/failure", "busy 0xff");
	expect_authenticated(test, dev_name(&tsm_dev->dev));
	pci_tsm_note_failure(tt.pdev, NULL);
	expect_contents(test, "tsm/failure", "");

	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
}

static void nothing_is_validated_without_user_space(struct kunit *test)
{
	struct tsm_dev *tsm_dev;

	if (!IS_ENABLED(CONFIG_DEVICE_EVIDENCE))
		kunit_skip(test, "there is no evidence");

	tsm_dev = register_tsm(test);
	expect_contents(test, "tsm/validated", "");
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	expect_contents(test, "tsm/validated", "");
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
}

/*
 * Operations that a TSM need not have
 */

static void bind_is_optional(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);
	struct kvm *kvm = (struct kvm *)&tt;	/* Nobody looks into it */

	KUNIT_EXPECT_EQ(test, pci_tsm_bind(tt.pdev, kvm, 0), -EINVAL);
	KUNIT_ASSERT_EQ(test, connect_to(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test, pci_tsm_bind(tt.pdev, kvm, 0), -EOPNOTSUPP);
	pci_tsm_unbind(tt.pdev);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
}

static void guest_req_is_optional(struct kunit *test)
{
	static struct pci_tsm_ops ops = {
		.link_ops = {
			TSM_TEST_OPS,
			.bind = tsm_test_bind,
			.unbind = tsm_test_unbind,
		},
	};
	struct tsm_dev *tsm_dev = tsm_register(tt.parent, &ops);
	struct kvm *kvm = (struct kvm *)&tt;
	sockptr_t none = KERNEL_SOCKPTR(NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tsm_dev));
	KUNIT_ASSERT_EQ(test, connect_to(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test,
			pci_tsm_guest_req(tt.pdev, PCI_TSM_REQ_INFO, none, 0,
					  none, 0, NULL),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, pci_tsm_bind(tt.pdev, kvm, 0), 0);
	KUNIT_EXPECT_EQ(test,
			pci_tsm_guest_req(tt.pdev, PCI_TSM_REQ_INFO, none, 0,
					  none, 0, NULL),
			-EOPNOTSUPP);
	/* Disconnect unbinds */
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
}

/*
 * Unregistration while the attributes are in use
 */

/**
 * struct tsm_test_thread - somebody else
 * @run: What he does.
 * @tsm_dev: The TSM that he does it with.
 * @result: What came of it.
 * @done: That was all.
 */
struct tsm_test_thread {
	int (*run)(struct tsm_dev *tsm_dev);
	struct tsm_dev *tsm_dev;
	int result;
	struct completion done;
};

static int thread_fn(void *data)
{
	struct tsm_test_thread *thread = data;

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
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, thread);
	thread->run = run;
	thread->tsm_dev = tsm_dev;
	init_completion(&thread->done);
	task = kthread_run(thread_fn, thread, "tsm-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	return thread;
}

static bool finish(struct tsm_test_thread *thread, int *result)
{
	if (!wait_for_completion_timeout(&thread->done, TIMEOUT))
		return false;

	*result = thread->result;
	kfree(thread);
	return true;
}

static int unregister(struct tsm_dev *tsm_dev)
{
	tsm_unregister(tsm_dev);
	return 0;
}

static int read_authenticated(struct tsm_dev *tsm_dev)
{
	char name[32];

	return read_file("authenticated", name, sizeof(name));
}

static void unregistration_does_not_block_readers(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);
	struct tsm_test_thread *connecting, *unregistering, *reading;
	int result;

	/* connect holds the lock, */
	tt.block = true;
	connecting = start(test, connect_to, tsm_dev);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&tt.connecting, TIMEOUT), 0);

	/* the unregistration is next to get it, */
	unregistering = start(test, unregister, tsm_dev);
	msleep(SETTLE_MS);

	/* and then comes a reader, within a file that is going to be hidden */
	reading = start(test, read_authenticated, NULL);
	msleep(SETTLE_MS);
	complete(&tt.go);

	KUNIT_ASSERT_TRUE(test, finish(connecting, &result));
	KUNIT_EXPECT_EQ(test, result, 0);
	KUNIT_ASSERT_TRUE(test, finish(unregistering, &result));
	KUNIT_ASSERT_TRUE(test, finish(reading, &result));
	KUNIT_EXPECT_EQ(test, result, 0);

	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	KUNIT_EXPECT_FALSE(test, file_exists("authenticated"));
}

static void connect_loses_against_unregistration(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);
	struct tsm_test_thread *connecting, *unregistering, *again;
	int result;

	tt.block = true;
	connecting = start(test, connect_to, tsm_dev);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&tt.connecting, TIMEOUT), 0);
	unregistering = start(test, unregister, tsm_dev);
	msleep(SETTLE_MS);

	/* The name is from before, @tsm_dev may be gone when it is looked up */
	get_device(&tsm_dev->dev);
	again = start(test, connect_to, tsm_dev);
	msleep(SETTLE_MS);
	complete(&tt.go);

	KUNIT_ASSERT_TRUE(test, finish(connecting, &result));
	KUNIT_EXPECT_EQ(test, result, 0);
	KUNIT_ASSERT_TRUE(test, finish(unregistering, &result));
	KUNIT_ASSERT_TRUE(test, finish(again, &result));
	KUNIT_EXPECT_EQ(test, result, -ENXIO);
	put_device(&tsm_dev->dev);

	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	KUNIT_EXPECT_FALSE(test, file_exists("tsm/connect"));
}

/*
 * Before the first and after the last test, everything is as it was without the
 * tests. In between it looks as if no TSM had been registered yet.
 */

static struct pci_dev *find_device(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev)
		if (is_pci_tsm_pf0(pdev) && pdev->doe_cma && !pdev->tsm)
			return pdev;
	return NULL;
}

/* Let the attributes of all devices follow a change to pci_tsm_link_count */
static int update_attributes(struct device *parent)
{
	struct tsm_dev *tsm_dev = tsm_register(parent, &tsm_test_ops);

	if (IS_ERR(tsm_dev))
		return PTR_ERR(tsm_dev);
	tsm_unregister(tsm_dev);
	return 0;
}

static int tsm_test_init(struct kunit *test)
{
	tt = (struct tsm_test) { .link_count = pci_tsm_link_count };
	init_completion(&tt.connecting);
	init_completion(&tt.go);

	tt.parent = kunit_device_register(test, "tsm-test");
	if (IS_ERR(tt.parent))
		return PTR_ERR(tt.parent);

	return 0;
}

static int tsm_device_test_init(struct kunit *test)
{
	struct file_system_type *type;
	int rc;

	rc = tsm_test_init(test);
	if (rc)
		return rc;

	type = get_fs_type("sysfs");
	if (!type)
		return -ENODEV;
	sysfs_mnt = kern_mount(type);
	put_filesystem(type);
	if (IS_ERR(sysfs_mnt))
		return PTR_ERR(sysfs_mnt);

	tt.pdev = find_device();
	if (!tt.pdev) {
		kern_unmount(sysfs_mnt);
		kunit_skip(test, "no PCI device that supports CMA");
	}

	tt.tsm_failure = tt.pdev->tsm_failure;
	tt.tsm_slot = tt.pdev->tsm_slot;
	tt.pdev->tsm_failure = 0;
	tt.pdev->tsm_slot = 0;

	pci_tsm_link_count = 0;
	return update_attributes(tt.parent);
}

static void tsm_device_test_exit(struct kunit *test)
{
	if (!tt.pdev)
		return;

	pci_tsm_link_count = tt.link_count;
	KUNIT_EXPECT_EQ(test, update_attributes(tt.parent), 0);
	KUNIT_EXPECT_EQ(test, file_exists("authenticated"), !!tt.link_count);

	tt.pdev->tsm_failure = tt.tsm_failure;
	tt.pdev->tsm_slot = tt.tsm_slot;
	pci_dev_put(tt.pdev);
	kern_unmount(sysfs_mnt);
}

static struct kunit_case tsm_cases[] = {
	KUNIT_CASE(operations_must_be_complete),
	KUNIT_CASE(early_tsm_is_found),
	{}
};

static struct kunit_case tsm_device_cases[] = {
	KUNIT_CASE(attributes_come_and_go_with_tsms),
	KUNIT_CASE(attributes_appear_for_a_device_added_meanwhile),
	KUNIT_CASE(device_is_connected_once),
	KUNIT_CASE(wrong_names_are_refused),
	KUNIT_CASE(tsms_coexist),
	KUNIT_CASE(failed_connect_leaves_nothing),
	KUNIT_CASE(failed_probe_says_why),
	KUNIT_CASE(device_on_its_way_out_is_not_connected),
	KUNIT_CASE(removal_disconnects),
	KUNIT_CASE(tsm_on_its_way_out_is_not_connected_to),
	KUNIT_CASE(slot_is_chosen_before_connect),
	KUNIT_CASE(slots_that_do_not_exist_are_refused),
	KUNIT_CASE(failure_stays_until_the_next_connect),
	KUNIT_CASE(nothing_is_validated_without_user_space),
	KUNIT_CASE(bind_is_optional),
	KUNIT_CASE(guest_req_is_optional),
	KUNIT_CASE_SLOW(unregistration_does_not_block_readers),
	KUNIT_CASE_SLOW(connect_loses_against_unregistration),
	{}
};

static struct kunit_suite tsm_suite = {
	.name = "pci_tsm",
	.init = tsm_test_init,
	.test_cases = tsm_cases,
};

static struct kunit_suite tsm_device_suite = {
	.name = "pci_tsm_device",
	.init = tsm_device_test_init,
	.exit = tsm_device_test_exit,
	.test_cases = tsm_device_cases,
};

kunit_test_suites(&tsm_suite, &tsm_device_suite);
