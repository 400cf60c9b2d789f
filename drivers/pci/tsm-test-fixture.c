// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for the PCI/TSM core: what the tests share
 */

#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/mount.h>
#include <linux/pci.h>
#include <linux/pci-tsm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tsm.h>

#include "pci.h"
#include "tsm-test.h"

/*
 * A TSM that does nothing
 */

struct tsm_test tsm_tt;

struct pci_tsm *tsm_test_probe(struct tsm_dev *tsm_dev, struct pci_dev *pdev)
{
	int rc;

	if (tsm_tt.probe_result)
		return ERR_PTR(tsm_tt.probe_result);

	if (pdev != tsm_tt.pdev && pdev != tsm_tt.other)
		return NULL;

	struct pci_tsm_pf0 *pf0 __free(kfree) = kzalloc_obj(*pf0);
	if (!pf0)
		return ERR_PTR(-ENOMEM);

	rc = pci_tsm_pf0_constructor(pdev, pf0, tsm_dev);
	if (rc)
		return ERR_PTR(rc);

	tsm_tt.contexts++;
	return &no_free_ptr(pf0)->base_tsm;
}

void tsm_test_remove(struct pci_tsm *tsm)
{
	struct pci_tsm_pf0 *pf0 = container_of(tsm, struct pci_tsm_pf0, base_tsm);

	if (tsm_tt.block_remove && tsm->pdev == tsm_tt.pdev) {
		complete(&tsm_tt.connecting);
		if (!wait_for_completion_timeout(&tsm_tt.go, TIMEOUT))
			tsm_tt.gave_up = true;
	}

	tsm_tt.contexts--;
	pci_tsm_pf0_destructor(pf0);
	kfree(pf0);
}

static int tsm_test_authenticate(struct pci_tsm *tsm)
{
	long rc;

	if (tsm_tt.authenticate_result)
		return tsm_tt.authenticate_result;
	if (!tsm_tt.block_authenticate || tsm->pdev != tsm_tt.pdev)
		return 0;

	complete(&tsm_tt.connecting);
	rc = wait_for_completion_killable_timeout(&tsm_tt.go, TIMEOUT);
	if (!rc)
		tsm_tt.gave_up = true;
	return rc < 0 ? rc : 0;
}

int tsm_test_connect(struct pci_dev *pdev)
{
	complete(&tsm_tt.connecting);
	if (tsm_tt.block)
		wait_for_completion_timeout(&tsm_tt.go, TIMEOUT);

	tsm_tt.slot = pci_tsm_slot(pdev);
	if (tsm_tt.failure)
		pci_tsm_note_failure(pdev, tsm_tt.failure);
	if (tsm_tt.connect_result)
		return tsm_tt.connect_result;

	tsm_tt.connections++;
	return 0;
}

void tsm_test_disconnect(struct pci_dev *pdev)
{
	tsm_tt.connections--;
}

struct pci_tdi *tsm_test_bind(struct pci_dev *pdev, struct kvm *kvm, u32 tdi_id)
{
	struct pci_tdi *tdi = kzalloc_obj(*tdi);

	if (!tdi)
		return ERR_PTR(-ENOMEM);

	pci_tsm_tdi_constructor(pdev, tdi, kvm, tdi_id);
	return tdi;
}

void tsm_test_unbind(struct pci_tdi *tdi)
{
	kfree(tdi);
}

struct pci_tsm_ops tsm_test_ops = { .link_ops = { TSM_TEST_OPS } };

/* The same, in two steps */
struct pci_tsm_ops tsm_test_split_ops = {
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

bool tsm_test_file_exists(const char *name)
{
	struct file *file __free(fput) = open_file_of(tsm_tt.pdev, name, O_RDONLY);

	return !IS_ERR(file);
}

/* Without the newline */
ssize_t tsm_test_read_file(const char *name, char *buf, size_t size)
{
	struct file *file __free(fput) = open_file_of(tsm_tt.pdev, name, O_RDONLY);
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

int tsm_test_write_file(struct pci_dev *pdev, const char *name, const char *value)
{
	struct file *file __free(fput) = open_file_of(pdev, name, O_WRONLY);
	loff_t pos = 0;
	ssize_t len;

	if (IS_ERR(file))
		return PTR_ERR(file);

	len = kernel_write(file, value, strlen(value), &pos);
	return len < 0 ? len : 0;
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

int tsm_test_init(struct kunit *test)
{
	tsm_tt = (struct tsm_test) { .link_count = pci_tsm_link_count };
	init_completion(&tsm_tt.connecting);
	init_completion(&tsm_tt.go);

	tsm_tt.parent = kunit_device_register(test, "tsm-test");
	if (IS_ERR(tsm_tt.parent))
		return PTR_ERR(tsm_tt.parent);

	return 0;
}

int tsm_device_test_init(struct kunit *test)
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

	tsm_tt.pdev = find_device(NULL);
	if (!tsm_tt.pdev) {
		kern_unmount(sysfs_mnt);
		kunit_skip(test, "no PCI device that supports CMA");
	}

	tsm_tt.tsm_failure = tsm_tt.pdev->tsm_failure;
	tsm_tt.tsm_slot = tsm_tt.pdev->tsm_slot;
	tsm_tt.pdev->tsm_failure = 0;
	tsm_tt.pdev->tsm_slot = 0;

	tsm_tt.other = find_device(tsm_tt.pdev);
	if (tsm_tt.other)
		tsm_tt.other_failure = tsm_tt.other->tsm_failure;

	pci_tsm_link_count = 0;
	return update_attributes(tsm_tt.parent);
}

void tsm_device_test_exit(struct kunit *test)
{
	if (!tsm_tt.pdev)
		return;

	pci_tsm_link_count = tsm_tt.link_count;
	KUNIT_EXPECT_EQ(test, update_attributes(tsm_tt.parent), 0);
	KUNIT_EXPECT_EQ(test, tsm_test_file_exists("authenticated"), !!tsm_tt.link_count);

	tsm_tt.pdev->tsm_failure = tsm_tt.tsm_failure;
	tsm_tt.pdev->tsm_slot = tsm_tt.tsm_slot;
	pci_dev_put(tsm_tt.pdev);
	if (tsm_tt.other)
		tsm_tt.other->tsm_failure = tsm_tt.other_failure;
	pci_dev_put(tsm_tt.other);
	kern_unmount(sysfs_mnt);
}
