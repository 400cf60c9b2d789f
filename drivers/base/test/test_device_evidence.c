// SPDX-License-Identifier: GPL-2.0
/*
 * A device that is nothing but evidence of any size, for tests from user space
 *
 * Real devices give some kilobytes, but an object may have 16 MiB. The device
 * "test-evidence" on the faux bus has one object, CERT0, of as many bytes as its
 * attribute "size" says; none at first. Word n of the object is n plus the seed,
 * little endian. The seed is the first word of the nonce that the object was
 * collected over, and 0 if there was none.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/device/bus.h>
#include <linux/device/evidence.h>
#include <linux/device/faux.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/math.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/unaligned.h>

static struct faux_device *test_faux;

/* Protects the next two, but is not held by a refresh, for which it may wait */
static DEFINE_MUTEX(test_lock);
static struct device_evidence *test_evidence;
static u32 test_size;

static struct device_evidence_set *test_collect(u32 size, u32 seed)
{
	const u32 words = DIV_ROUND_UP(size, sizeof(__le32));
	struct device_evidence_set *set;
	int err;

	__le32 *data __free(kvfree) = kvmalloc_array(words, sizeof(*data), GFP_KERNEL);
	if (!data)
		return ERR_PTR(-ENOMEM);
	for (u32 i = 0; i < words; i++)
		data[i] = cpu_to_le32(i + seed);

	set = device_evidence_set_create();
	if (IS_ERR(set))
		return set;

	err = device_evidence_set_add(set, DEVICE_EVIDENCE_OBJECT_TYPE_CERT0, data, size);
	if (err) {
		device_evidence_set_destroy(set);
		return ERR_PTR(err);
	}
	return set;
}

static struct device_evidence_set *test_refresh(void *priv,
						const struct device_evidence_request *request,
						struct device_evidence_failure *failure,
						struct netlink_ext_ack *extack)
{
	struct device_evidence_set *set;

	/* Does not change as long as there is something to be refreshed */
	set = test_collect(test_size, get_unaligned_le32(request->nonce));
	if (IS_ERR(set))
		failure->reason = DEVICE_EVIDENCE_REASON_RESOURCES;
	return set;
}

static const struct device_evidence_ops test_ops = { .refresh = test_refresh };

static void test_withdraw(void)
{
	if (!test_evidence)
		return;

	device_evidence_unregister(test_evidence);
	device_evidence_provider_unregister(test_faux->dev.bus);
	test_evidence = NULL;
	test_size = 0;
}

/* The bus is announced as late as this, because other tests want it to be unknown */
static int test_offer(u32 size)
{
	const struct bus_type *bus = test_faux->dev.bus;
	struct device_evidence *evidence;
	struct device_evidence_set *set;
	int err;

	set = test_collect(size, 0);
	if (IS_ERR(set))
		return PTR_ERR(set);

	err = device_evidence_provider_register(bus);
	if (err) {
		device_evidence_set_destroy(set);
		return err;
	}

	test_size = size;
	evidence = device_evidence_register(&test_faux->dev, &test_ops, NULL, set);
	if (IS_ERR(evidence)) {
		device_evidence_provider_unregister(bus);
		test_size = 0;
		return PTR_ERR(evidence);
	}

	test_evidence = evidence;
	return 0;
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	guard(mutex)(&test_lock);
	return sysfs_emit(buf, "%u\n", test_size);
}

static ssize_t size_store(struct device *dev, struct device_attribute *attr, const char *buf,
			  size_t count)
{
	unsigned int size;
	int err;

	err = kstrtouint(buf, 0, &size);
	if (err)
		return err;
	if (size > DEVICE_EVIDENCE_MAX_OBJECT_SIZE)
		return -EMSGSIZE;

	guard(mutex)(&test_lock);

	test_withdraw();
	err = size ? test_offer(size) : 0;
	return err ?: count;
}

static DEVICE_ATTR_RW(size);

static struct attribute *test_attrs[] = {
	&dev_attr_size.attr,
	NULL
};

ATTRIBUTE_GROUPS(test);

static int test_probe(struct faux_device *faux)
{
	test_faux = faux;
	return 0;
}

/* The attribute is gone already */
static void test_remove(struct faux_device *faux)
{
	guard(mutex)(&test_lock);
	test_withdraw();
}

static const struct faux_device_ops test_faux_ops = {
	.probe = test_probe,
	.remove = test_remove,
};

static int __init test_device_evidence_init(void)
{
	if (!faux_device_create_with_groups("test-evidence", NULL, &test_faux_ops, test_groups))
		return -ENODEV;
	return 0;
}
module_init(test_device_evidence_init);

static void __exit test_device_evidence_exit(void)
{
	faux_device_destroy(test_faux);
}
module_exit(test_device_evidence_exit);

MODULE_DESCRIPTION("Device with evidence of any size, for tests");
MODULE_LICENSE("GPL");
