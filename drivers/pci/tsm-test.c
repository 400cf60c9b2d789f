// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for the PCI/TSM core
 *
 * Most of them connect a PCI device to a TSM that does nothing, and are skipped
 * if the system has no device that could be connected. The device itself does
 * not notice.
 */

#include <kunit/test.h>
#include <linux/device/evidence.h>
#include <linux/init.h>
#include <linux/pci.h>
#include <linux/pci-tsm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tsm.h>

#include "pci.h"
#include "tsm-test.h"

/*
 * Registration
 */

static void expect_refused(struct kunit *test, const struct pci_tsm_link_ops *link)
{
	struct pci_tsm_ops *ops = kunit_kzalloc(test, sizeof(*ops), GFP_KERNEL);
	struct tsm_dev *tsm_dev;

	KUNIT_ASSERT_NOT_NULL(test, ops);
	ops->link_ops = *link;
	tsm_dev = tsm_register(tsm_tt.parent, ops);
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

	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("authenticated"));
	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("tsm/connect"));

	first = register_tsm(test);
	second = register_tsm(test);
	expect_authenticated(test, "");
	tsm_unregister(first);
	expect_authenticated(test, "");
	tsm_unregister(second);

	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("authenticated"));
	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("tsm/connect"));
}

static void attributes_appear_for_a_device_added_meanwhile(struct kunit *test)
{
	/* As if a TSM registered while the device was not on the bus yet */
	pci_tsm_link_count = 1;
	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("authenticated"));
	pci_tsm_init(tsm_tt.pdev);
	expect_authenticated(test, "");

	/* And unregistered likewise */
	pci_tsm_link_count = 0;
	pci_tsm_init(tsm_tt.pdev);
	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("authenticated"));
	KUNIT_EXPECT_FALSE(test, tsm_test_file_exists("tsm/connect"));
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
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 1);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	expect_authenticated(test, "");
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void wrong_names_are_refused(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	KUNIT_EXPECT_EQ(test, write_own_file("tsm/connect", "tsm"), -EINVAL);
	KUNIT_EXPECT_EQ(test, write_own_file("tsm/connect", "mst0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, write_own_file("tsm/connect", "tsm2147483647"), -ENXIO);
	KUNIT_EXPECT_EQ(test, write_own_file("tsm/connect", "tsm-1"), -ENXIO);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
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
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 1);

	/* It is disconnected by the unregistration */
	tsm_unregister(second);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
}

static void failed_connect_leaves_nothing(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	tsm_tt.connect_result = -EKEYREJECTED;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	expect_authenticated(test, "");

	tsm_tt.connect_result = 0;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
}

static void failed_probe_says_why(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	tsm_tt.probe_result = -ENOMEM;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -ENOMEM);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	expect_authenticated(test, "");
	tsm_unregister(tsm_dev);
}

static void device_on_its_way_out_is_not_connected(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);
	int rc;

	/* As if pci_destroy_dev() were between pci_tsm_destroy() and device_del() */
	KUNIT_ASSERT_FALSE(test, pci_dev_test_and_set_removed(tsm_tt.pdev));
	pci_tsm_destroy(tsm_tt.pdev);
	rc = connect_to(tsm_dev);
	clear_bit(PCI_DEV_REMOVED, &tsm_tt.pdev->priv_flags);

	KUNIT_EXPECT_EQ(test, rc, -ENODEV);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	tsm_unregister(tsm_dev);
}

static void removal_disconnects(struct kunit *test)
{
	struct tsm_dev *tsm_dev = register_tsm(test);

	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	pci_tsm_destroy(tsm_tt.pdev);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
	KUNIT_EXPECT_EQ(test, tsm_tt.connections, 0);
	KUNIT_EXPECT_EQ(test, tsm_tt.contexts, 0);
	tsm_unregister(tsm_dev);
}

static void tsm_on_its_way_out_is_not_connected_to(struct kunit *test)
{
	struct tsm_dev *other = register_tsm(test);
	struct tsm_dev *tsm_dev = register_tsm(test);

	/* As if tsm_unregister() were between this and device_unregister() */
	pci_tsm_unregister(tsm_dev);
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -ENXIO);
	KUNIT_EXPECT_NULL(test, tsm_tt.pdev->tsm);
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
	KUNIT_EXPECT_EQ(test, tsm_tt.slot, PCI_TSM_SLOT_ANY);
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		KUNIT_EXPECT_EQ(test, write_own_file("tsm/slot", words[i]), 0);
		KUNIT_EXPECT_EQ(test, pci_tsm_slot(tsm_tt.pdev), slots[i]);
		KUNIT_ASSERT_EQ(test, connect_to(tsm_dev), 0);
		KUNIT_EXPECT_EQ(test, tsm_tt.slot, slots[i]);
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

	KUNIT_EXPECT_EQ(test, write_own_file("tsm/slot", "5"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		KUNIT_EXPECT_EQ_MSG(test, write_own_file("tsm/slot", words[i]), -EINVAL,
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

	tsm_tt.failure = &signature;
	tsm_tt.connect_result = -EKEYREJECTED;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	expect_contents(test, "tsm/failure", "signature");
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), -ENXIO);
	expect_contents(test, "tsm/failure", "signature");

	tsm_tt.failure = &refused;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	expect_contents(test, "tsm/failure", "refused 0x04");

	/* It is not this one that gave the reason */
	tsm_tt.failure = NULL;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	expect_contents(test, "tsm/failure", "");

	tsm_tt.failure = &signature;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), -EKEYREJECTED);
	tsm_tt.failure = NULL;
	tsm_tt.connect_result = 0;
	KUNIT_EXPECT_EQ(test, connect_to(tsm_dev), 0);
	expect_contents(test, "tsm/failure", "");

	/* While connected, the attempt to authenticate it again may fail, and then not */
	pci_tsm_note_failure(tsm_tt.pdev, &busy);
	expect_contents(test, "tsm/failure", "busy 0xff");
	expect_authenticated(test, dev_name(&tsm_dev->dev));
	pci_tsm_note_failure(tsm_tt.pdev, NULL);
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
	struct kvm *kvm = (struct kvm *)&tsm_tt;	/* Nobody looks into it */

	KUNIT_EXPECT_EQ(test, pci_tsm_bind(tsm_tt.pdev, kvm, 0), -EINVAL);
	KUNIT_ASSERT_EQ(test, connect_to(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test, pci_tsm_bind(tsm_tt.pdev, kvm, 0), -EOPNOTSUPP);
	pci_tsm_unbind(tsm_tt.pdev);
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
	struct tsm_dev *tsm_dev = tsm_register(tsm_tt.parent, &ops);
	struct kvm *kvm = (struct kvm *)&tsm_tt;
	sockptr_t none = KERNEL_SOCKPTR(NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tsm_dev));
	KUNIT_ASSERT_EQ(test, connect_to(tsm_dev), 0);
	KUNIT_EXPECT_EQ(test,
			pci_tsm_guest_req(tsm_tt.pdev, PCI_TSM_REQ_INFO, none, 0,
					  none, 0, NULL),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, pci_tsm_bind(tsm_tt.pdev, kvm, 0), 0);
	KUNIT_EXPECT_EQ(test,
			pci_tsm_guest_req(tsm_tt.pdev, PCI_TSM_REQ_INFO, none, 0,
					  none, 0, NULL),
			-EOPNOTSUPP);
	/* Disconnect unbinds */
	KUNIT_EXPECT_EQ(test, disconnect_from(tsm_dev), 0);
	tsm_unregister(tsm_dev);
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
