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
#include <linux/sched/signal.h>
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
 * @other: Another one, or NULL if there is none.
 * @parent: Of all TSMs.
 * @link_count: Number of TSMs that were there before.
 * @tsm_failure: Of @pdev before.
 * @other_failure: Of @other before.
 * @tsm_slot: Of @pdev before.
 * @probe_result: What probe is to return instead of a context, if it is not 0.
 * @authenticate_result: What authenticate is to return.
 * @connect_result: What connect is to return.
 * @failure: What connect is to give as the reason, if it fails and knows one.
 * @slot: Certificate slot that connect was to challenge.
 * @block: Let connect wait for @go.
 * @block_authenticate: Let authenticate wait for @go, or until it is killed.
 * @block_remove: Let remove wait for @go.
 * @connecting: connect was called, or whatever is to wait.
 * @go: Let it return.
 * @gave_up: It waited for @go in vain.
 * @contexts: Number of probes without remove.
 * @connections: Number of connects without disconnect.
 */
struct tsm_test {
	struct pci_dev *pdev;
	struct pci_dev *other;
	struct device *parent;
	int link_count;
	u16 tsm_failure;
	u16 other_failure;
	u8 tsm_slot;
	int probe_result;
	int authenticate_result;
	int connect_result;
	const struct device_evidence_failure *failure;
	u8 slot;
	bool block;
	bool block_authenticate;
	bool block_remove;
	struct completion connecting;
	struct completion go;
	bool gave_up;
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

	if (pdev != tt.pdev && pdev != tt.other)
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

	if (tt.block_remove && tsm->pdev == tt.pdev) {
		complete(&tt.connecting);
		if (!wait_for_completion_timeout(&tt.go, TIMEOUT))
			tt.gave_up = true;
	}

	tt.contexts--;
	pci_tsm_pf0_destructor(pf0);
	kfree(pf0);
}

static int tsm_test_authenticate(struct pci_tsm *tsm)
{
	long rc;

	if (tt.authenticate_result)
		return tt.authenticate_result;
	if (!tt.block_authenticate || tsm->pdev != tt.pdev)
		return 0;

	complete(&tt.connecting);
	rc = wait_for_completion_killable_timeout(&tt.go, TIMEOUT);
	if (!rc)
		tt.gave_up = true;
	return rc < 0 ? rc : 0;
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

/* The same, in two steps */
static struct pci_tsm_ops tsm_test_split_ops = {
	.link_ops = {
		TSM_TEST_OPS,
		.authenticate = tsm_test_authenticate,
	},
};

/*
 * Access to the files of a device, as user space has it
 */

static struct vfsmount *sysfs_mnt;

static struct file *open_file_of(struct pci_dev *pdev, const char *name, int flags)
{
	struct path root = { .mnt = sysfs_mnt, .dentry = sysfs_mnt->mnt_root };

	char *dir __free(kfree) = kobject_get_path(&pdev->dev.kobj, GFP_KERNEL);
	if (!dir)
		return ERR_PTR(-ENOMEM);

	char *path __free(kfree) = kasprintf(GFP_KERNEL, "%s/%s", dir + 1, name);
	if (!path)
		return ERR_PTR(-ENOMEM);

	return file_open_root(&root, path, flags, 0);
}

static bool file_exists(const char *name)
{
	struct file *file __free(fput) = open_file_of(tt.pdev, name, O_RDONLY);

	return !IS_ERR(file);
}

/* Without the newline */
static ssize_t read_file(const char *name, char *buf, size_t size)
{
	struct file *file __free(fput) = open_file_of(tt.pdev, name, O_RDONLY);
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

static int write_file_of(struct pci_dev *pdev, const char *name, const char *value)
{
	struct file *file __free(fput) = open_file_of(pdev, name, O_WRONLY);
	loff_t pos = 0;
	ssize_t len;

	if (IS_ERR(file))
		return PTR_ERR(file);

	len = kernel_write(file, value, strlen(value), &pos);
	return len < 0 ? len : 0;
}

static int write_file(const char *name, const char *value)
{
	return write_file_of(tt.pdev, name, value);
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

static int connect_other_to(struct tsm_dev *tsm_dev)
{
	return write_file_of(tt.other, "tsm/connect", dev_name(&tsm_dev->dev));
}

static int disconnect_other_from(struct tsm_dev *tsm_dev)
{
	return write_file_of(tt.other, "tsm/disconnect", dev_name(&tsm_dev->dev));
}

static struct tsm_dev *register_ops(struct kunit *test, struct pci_tsm_ops *ops)
{
	struct tsm_dev *tsm_dev = tsm_register(tt.parent, ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tsm_dev));
	return tsm_dev;
}

static struct tsm_dev *register_tsm(struct kunit *test)
{
	return register_ops(test, &tsm_test_ops);
}

static struct tsm_dev *register_split_tsm(struct kunit *test)
{
	return register_ops(test, &tsm_test_split_ops);
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
 * Several at a time
 */

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
	/* It finds the TSM on its way out, or the device connected still */
	KUNIT_EXPECT_TRUE(test, result == -ENXIO || result == -EBUSY);
	put_device(&tsm_dev->dev);

	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	KUNIT_EXPECT_FALSE(test, file_exists("tsm/connect"));
}

static int destroy(struct tsm_dev *tsm_dev)
{
	pci_tsm_destroy(tt.pdev);
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

	tt.block_authenticate = true;
	connecting = start(test, connect_to, tsm_dev);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&tt.connecting, TIMEOUT), 0);
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
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, pci_tsm_bind(tt.pdev, (struct kvm *)&tt, 0), -EINVAL);
	pci_tsm_init(tt.pdev);

	/* and this takes the lock of all devices, even if there is no other */
	registered = register_tsm(test);

	if (tt.other) {
		KUNIT_EXPECT_EQ(test, connect_other_to(tsm_dev), 0);
		KUNIT_EXPECT_EQ(test, connect_other_to(tsm_dev), -EBUSY);
		KUNIT_EXPECT_EQ(test, disconnect_other_from(tsm_dev), 0);
		KUNIT_EXPECT_EQ(test, connect_other_to(registered), 0);
		KUNIT_EXPECT_EQ(test, disconnect_other_from(registered), 0);
	}

	KUNIT_EXPECT_FALSE(test, tt.gave_up);
	complete(&tt.go);
	expect_result(test, slow, 0);
	tsm_unregister(registered);
}

static void slow_authentication_does_not_block_others(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);

	expect_no_influence_on_others(test, tsm_dev, start_slow_connect(test, tsm_dev));
	expect_authenticated(test, dev_name(&tsm_dev->dev));
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void slow_removal_of_a_context_does_not_block_others(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *disconnecting;

	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	reinit_completion(&tt.connecting);
	tt.block_remove = true;
	disconnecting = start(test, disconnect_from, tsm_dev);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&tt.connecting, TIMEOUT), 0);

	expect_no_influence_on_others(test, tsm_dev, disconnecting);
	expect_authenticated(test, "");
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void failed_authentication_leaves_nothing(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);

	tt.authenticate_result = -EKEYREJECTED;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	KUNIT_EXPECT_FALSE(test, completion_done(&tt.connecting));
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);

	/* And what was authenticated, but cannot be connected */
	tt.authenticate_result = 0;
	tt.connect_result = -ENOMEM;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -ENOMEM);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void killed_authentication_leaves_nothing(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *connecting = start_slow_connect(test, tsm_dev);

	kill(connecting);
	expect_result(test, connecting, -ERESTARTSYS);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);

	tt.block_authenticate = false;
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
	KUNIT_EXPECT_EQ(test, tt.contexts, 1);

	complete(&tt.go);
	expect_result(test, first, 0);
	expect_result(test, second, -EBUSY);
	KUNIT_EXPECT_EQ(test, tt.contexts, 1);
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

	complete(&tt.go);
	expect_result(test, connecting, 0);
	expect_result(test, disconnecting, 0);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void removal_waits_for_connect(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *connecting = start_slow_connect(test, tsm_dev);
	struct tsm_test_thread *removing = start(test, destroy, NULL);

	KUNIT_EXPECT_TRUE(test, is_waiting(removing));
	KUNIT_EXPECT_EQ(test, tt.contexts, 1);

	complete(&tt.go);
	expect_result(test, connecting, 0);
	expect_result(test, removing, 0);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void unregistration_waits_for_connect_and_lets_none_begin(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_split_tsm(test);
	struct tsm_test_thread *connecting = start_slow_connect(test, tsm_dev);
	struct tsm_test_thread *unregistering = start(test, unregister, tsm_dev);

	KUNIT_EXPECT_TRUE(test, is_waiting(unregistering));
	KUNIT_EXPECT_EQ(test, tt.contexts, 1);
	expect_authenticated(test, "");
	if (tt.other)
		KUNIT_EXPECT_EQ(test, connect_other_to(tsm_dev), -ENXIO);

	KUNIT_EXPECT_FALSE(test, tt.gave_up);
	complete(&tt.go);
	expect_result(test, connecting, 0);
	expect_result(test, unregistering, 0);
	KUNIT_EXPECT_NULL(test, tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tt.contexts, 0);
	KUNIT_EXPECT_FALSE(test, file_exists("authenticated"));
}

/*
 * Before the first and after the last test, everything is as it was without the
 * tests. In between it looks as if no TSM had been registered yet.
 */

static struct pci_dev *find_device(struct pci_dev *pdev)
{
	pci_dev_get(pdev);
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

	tt.pdev = find_device(NULL);
	if (!tt.pdev) {
		kern_unmount(sysfs_mnt);
		kunit_skip(test, "no PCI device that supports CMA");
	}

	tt.tsm_failure = tt.pdev->tsm_failure;
	tt.tsm_slot = tt.pdev->tsm_slot;
	tt.pdev->tsm_failure = 0;
	tt.pdev->tsm_slot = 0;

	tt.other = find_device(tt.pdev);
	if (tt.other)
		tt.other_failure = tt.other->tsm_failure;

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
	if (tt.other)
		tt.other->tsm_failure = tt.other_failure;
	pci_dev_put(tt.other);
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
