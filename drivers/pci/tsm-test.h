/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit tests for the PCI/TSM core share: a TSM that does nothing, and
 * access to the files of a device
 */
#ifndef _PCI_TSM_TEST_H
#define _PCI_TSM_TEST_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/device/evidence.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/pci-tsm.h>
#include <linux/tsm.h>

#define TIMEOUT		(10 * HZ)

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

/* tsm-test-fixture.c */
extern struct tsm_test tsm_tt;

struct pci_tsm *tsm_test_probe(struct tsm_dev *tsm_dev, struct pci_dev *pdev);
void tsm_test_remove(struct pci_tsm *tsm);
int tsm_test_connect(struct pci_dev *pdev);
void tsm_test_disconnect(struct pci_dev *pdev);
struct pci_tdi *tsm_test_bind(struct pci_dev *pdev, struct kvm *kvm, u32 tdi_id);
void tsm_test_unbind(struct pci_tdi *tdi);

#define TSM_TEST_OPS			\
	.probe = tsm_test_probe,	\
	.remove = tsm_test_remove,	\
	.connect = tsm_test_connect,	\
	.disconnect = tsm_test_disconnect

extern struct pci_tsm_ops tsm_test_ops;
extern struct pci_tsm_ops tsm_test_split_ops;

bool tsm_test_file_exists(const char *name);
ssize_t tsm_test_read_file(const char *name, char *buf, size_t size);
int tsm_test_write_file(struct pci_dev *pdev, const char *name, const char *value);

int tsm_test_init(struct kunit *test);
int tsm_device_test_init(struct kunit *test);
void tsm_device_test_exit(struct kunit *test);

static inline int write_own_file(const char *name, const char *value)
{
	return tsm_test_write_file(tsm_tt.pdev, name, value);
}

static inline int connect_to(struct tsm_dev *tsm_dev)
{
	return write_own_file("tsm/connect", dev_name(&tsm_dev->dev));
}

static inline int disconnect_from(struct tsm_dev *tsm_dev)
{
	return write_own_file("tsm/disconnect", dev_name(&tsm_dev->dev));
}

static inline void expect_contents(struct kunit *test, const char *name, const char *expected)
{
	char contents[64];

	KUNIT_ASSERT_EQ(test, tsm_test_read_file(name, contents, sizeof(contents)), 0);
	KUNIT_EXPECT_STREQ(test, contents, expected);
}

static inline void expect_authenticated(struct kunit *test, const char *expected)
{
	expect_contents(test, "authenticated", expected);
	expect_contents(test, "tsm/connect", expected);
}

static inline int connect_other_to(struct tsm_dev *tsm_dev)
{
	return tsm_test_write_file(tsm_tt.other, "tsm/connect", dev_name(&tsm_dev->dev));
}

static inline int disconnect_other_from(struct tsm_dev *tsm_dev)
{
	return tsm_test_write_file(tsm_tt.other, "tsm/disconnect", dev_name(&tsm_dev->dev));
}

static inline struct tsm_dev *register_ops(struct kunit *test, struct pci_tsm_ops *ops)
{
	struct tsm_dev *tsm_dev = tsm_register(tsm_tt.parent, ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tsm_dev));
	return tsm_dev;
}

static inline struct tsm_dev *register_tsm(struct kunit *test)
{
	return register_ops(test, &tsm_test_ops);
}

static inline struct tsm_dev *register_split_tsm(struct kunit *test)
{
	return register_ops(test, &tsm_test_split_ops);
}

#endif /* _PCI_TSM_TEST_H */
