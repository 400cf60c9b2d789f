/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Component Measurement and Authentication (CMA-SPDM): what the tests see of it
 */
#ifndef _PCI_CMA_H
#define _PCI_CMA_H

#include <linux/compiler_types.h>
#include <linux/types.h>

/* Fits the longest name that a function can have, and the final NUL */
#define CMA_NAME_SIZE		96

/**
 * struct cma_identity - what the name of a function is made of
 * @vendor: Vendor ID.
 * @device: Device ID.
 * @class: Class Code: base class, subclass and programming interface.
 * @revision: Revision ID.
 * @has_subsystem: The function has a type 0 header, and so the next two.
 * @subsystem_vendor: Subsystem Vendor ID.
 * @subsystem_device: Subsystem ID.
 * @serial: Device Serial Number; 0 if there is none.
 */
struct cma_identity {
	u16 vendor;
	u16 device;
	u32 class;
	u8 revision;
	bool has_subsystem;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u64 serial;
};

/**
 * enum cma_san - what a leaf certificate says about the device's identity
 * @CMA_SAN_ABSENT: Nothing.
 * @CMA_SAN_MATCH: It names the device.
 * @CMA_SAN_MISMATCH: It names one or more devices, and none of them is this.
 */
enum cma_san {
	CMA_SAN_ABSENT,
	CMA_SAN_MATCH,
	CMA_SAN_MISMATCH,
};

/**
 * struct cma_name - a name in a certificate
 * @data: UTF-8 as sent by the device, not terminated. Points into the
 *	certificate.
 * @len: Its length in bytes.
 */
struct cma_name {
	const u8 *data;
	size_t len;
};

#if IS_ENABLED(CONFIG_KUNIT)
void cma_print_name(char name[at_least CMA_NAME_SIZE],
		    const struct cma_identity *identity);
int cma_compare_san(const u8 *der, size_t der_len, const char *expected,
		    struct cma_name *other);
#endif

#endif /* _PCI_CMA_H */
