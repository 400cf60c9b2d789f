// SPDX-License-Identifier: GPL-2.0
/*
 * Component Measurement and Authentication (CMA-SPDM)
 *
 * PCIe r6.1, sec 6.31: a device proves its identity by SPDM messages, which a
 * Data Object Exchange (DOE) mailbox in its config space conveys.
 *
 * To the PCI/TSM core this is a TSM like any other, but one that needs neither
 * a platform security manager nor a device with IDE or TDISP: connect
 * authenticates the device and offers its evidence to user space, disconnect
 * withdraws the evidence. The PCI/TSM core serialises both, see struct
 * pci_tsm_ops. What waits for the device is in cma_authenticate() and
 * cma_remove(), during which the core makes no other device wait.
 *
 * SPDM itself is in lib/rspdm. What is specific to PCI is here: the mailbox,
 * power management, and the name by which a certificate identifies a function.
 */

#define dev_fmt(fmt) "CMA: " fmt

#include <kunit/visibility.h>
#include <linux/asn1.h>
#include <linux/asn1_decoder.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/device/evidence.h>
#include <linux/device/faux.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/pci.h>
#include <linux/pci-doe.h>
#include <linux/pci-tsm.h>
#include <linux/pm_runtime.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/spdm.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/tsm.h>

#include "cma.h"
#include "pci.h"
#include "cma.asn1.c"
#include "cma_san.asn1.c"

/**
 * struct cma_device - a device that is connected, or about to be
 * @pf0: The core's context. Its mailbox outlives this struct: the core calls
 *	cma_remove() before it destroys the mailboxes.
 * @spdm: The requester for this device.
 * @set: What the device gave in cma_authenticate(), until cma_connect().
 * @evidence: The registration of that, from cma_connect() to cma_remove().
 * @log: Limits what the device can make the log say. Each device has its own
 *	limit, so that none can hide what is said of another.
 */
struct cma_device {
	struct pci_tsm_pf0 pf0;
	struct spdm_requester *spdm;
	struct device_evidence_set *set;
	struct device_evidence *evidence;
	struct ratelimit_state log;
};

static struct cma_device *to_cma_device(struct pci_tsm *tsm)
{
	return container_of(tsm, struct cma_device, pf0.base_tsm);
}

static struct pci_dev *cma_pci_dev(struct cma_device *cma)
{
	return cma->pf0.base_tsm.pdev;
}

#define cma_log(level, cma, fmt, ...) do {				\
	struct cma_device *cma_ = (cma);				\
	if (__ratelimit(&cma_->log))					\
		pci_##level(cma_pci_dev(cma_), fmt, ##__VA_ARGS__);	\
} while (0)

/*
 * Module parameters, see Documentation/ABI/testing/sysfs-module-cma. They may
 * be changed at any time.
 */

enum cma_san_policy {
	CMA_SAN_REQUIRE,
	CMA_SAN_IF_PRESENT,
	CMA_SAN_IGNORE,
};

static const char * const cma_san_policies[] = {
	[CMA_SAN_REQUIRE]	= "require",
	[CMA_SAN_IF_PRESENT]	= "match",
	[CMA_SAN_IGNORE]	= "ignore",
};

static enum cma_san_policy cma_san_policy = CMA_SAN_IF_PRESENT;

static int cma_set_san_policy(const char *val, const struct kernel_param *kp)
{
	int policy = sysfs_match_string(cma_san_policies, val);

	if (policy < 0)
		return policy;

	WRITE_ONCE(cma_san_policy, policy);
	return 0;
}

static int cma_get_san_policy(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n",
			  cma_san_policies[READ_ONCE(cma_san_policy)]);
}

static const struct kernel_param_ops cma_san_policy_ops = {
	.set = cma_set_san_policy,
	.get = cma_get_san_policy,
};

module_param_cb(san, &cma_san_policy_ops, NULL, 0644);
MODULE_PARM_DESC(san,
		 "Must a leaf certificate name the device in its Subject Alternative Name? require: yes; match: if it names any (default); ignore: no");

/* MinDataTransferSize, DSP0274 1.2, "CAPABILITIES response message format" */
#define CMA_DATA_TRANSFER_SIZE_MIN	42

/* 2^18 dwords, of which two are the header, PCIe r6.1 sec 6.30.1 */
#define CMA_DATA_TRANSFER_SIZE_MAX	0xffff8

/*
 * By default, what fits in 4.5 KiB together with the header: enough for most
 * certificate chains in one message, and not more than emulated devices offer.
 */
#define CMA_DATA_TRANSFER_SIZE_DEFAULT	4600

static unsigned int cma_data_transfer_size = CMA_DATA_TRANSFER_SIZE_DEFAULT;

static int cma_set_data_transfer_size(const char *val,
				      const struct kernel_param *kp)
{
	unsigned int size, clamped;
	int rc;

	rc = kstrtouint(val, 0, &size);
	if (rc)
		return rc;

	clamped = clamp(size, CMA_DATA_TRANSFER_SIZE_MIN,
			CMA_DATA_TRANSFER_SIZE_MAX);
	if (clamped != size)
		pr_warn("cma: data_transfer_size=%u is out of range, using %u\n",
			size, clamped);

	WRITE_ONCE(cma_data_transfer_size, clamped);
	return 0;
}

static const struct kernel_param_ops cma_data_transfer_size_ops = {
	.set = cma_set_data_transfer_size,
	.get = param_get_uint,
};

module_param_cb(data_transfer_size, &cma_data_transfer_size_ops,
		&cma_data_transfer_size, 0644);
MODULE_PARM_DESC(data_transfer_size,
		 "Longest SPDM message to receive in one piece, in bytes: 42 to 1048568, default "
		 __stringify(CMA_DATA_TRANSFER_SIZE_DEFAULT));

/* Room for all names that there are, and some */
#define CMA_ALGORITHMS_SIZE	256

/**
 * struct cma_algorithms - which algorithms devices may use
 * @is_listed: Whether there is a list, or everything is allowed.
 * @list: What it allows.
 * @text: The list as it was written.
 *
 * Protected by the lock of the kernel's parameters.
 */
static struct cma_algorithms {
	bool is_listed;
	struct spdm_algorithms list;
	char text[CMA_ALGORITHMS_SIZE];
} cma_algorithms;

static int cma_set_algorithms(const char *val, const struct kernel_param *kp)
{
	struct spdm_algorithms algorithms;
	char text[CMA_ALGORITHMS_SIZE];
	struct spdm_refusal refusal;
	int rc = -EINVAL;

	if (strscpy(text, val) < 0) {
		pr_err("cma: algorithms: the list is too long\n");
	} else {
		/* Written to sysfs, it ends with a newline */
		text[strcspn(text, "\n")] = '\0';

		rc = spdm_parse_algorithms(text, &algorithms, &refusal);
		if (rc)
			pr_err("cma: algorithms: \"%*pE\": %s\n",
			       (int)refusal.word_len, refusal.word, refusal.why);
	}

	/*
	 * A list that is not understood changes nothing. On the command line
	 * that would allow everything, which is more than was meant.
	 */
	if (rc && system_state < SYSTEM_RUNNING) {
		pr_err("cma: no device will be authenticated\n");
		algorithms = (struct spdm_algorithms) {};
		strscpy(text, "none");
	} else if (rc) {
		return rc;
	}

	cma_algorithms.is_listed = *text;
	cma_algorithms.list = algorithms;
	strscpy(cma_algorithms.text, text);
	return rc;
}

static int cma_get_algorithms(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", cma_algorithms.text);
}

static const struct kernel_param_ops cma_algorithms_ops = {
	.set = cma_set_algorithms,
	.get = cma_get_algorithms,
};

module_param_cb(algorithms, &cma_algorithms_ops, NULL, 0644);
MODULE_PARM_DESC(algorithms,
		 "Algorithms that devices may use, e.g. mldsa65,ecdsa-nist-p384,sha384; preferred kind of signature first (default: all)");

/* Take a copy, which does not change meanwhile; NULL if there is no list */
static const struct spdm_algorithms *
cma_get_listed(struct spdm_algorithms *algorithms)
{
	bool is_listed;

	kernel_param_lock(THIS_MODULE);
	is_listed = cma_algorithms.is_listed;
	*algorithms = cma_algorithms.list;
	kernel_param_unlock(THIS_MODULE);

	return is_listed ? algorithms : NULL;
}

/*
 * Identity. A leaf certificate may name the function that it was issued for, by
 * an otherName in its Subject Alternative Name, PCIe r6.1 sec 6.31.3. (PCIe r6.2
 * no longer defines the name. Certificates that have it still mean it.)
 *
 * The certificate comes from the device, so each byte of it may be a lie. The
 * ASN.1 decoder is what checks every length before a value gets here.
 */

/* 2.5.29.17, id-ce-subjectAltName */
static const u8 cma_oid_san[] = { 0x55, 0x1d, 0x11 };

/* 2.23.147, by which the PCI-SIG marks the name of a function */
static const u8 cma_oid_name[] = { 0x67, 0x81, 0x13 };

/**
 * struct cma_leaf - where to find the Subject Alternative Name
 * @end: First byte after the certificate.
 * @is_san: The extension that is being decoded is the one.
 * @san: Its value, NULL if there is none.
 * @san_len: Length of @san in bytes.
 */
struct cma_leaf {
	const u8 *end;
	bool is_san;
	const u8 *san;
	size_t san_len;
};

int cma_note_certificate(void *context, size_t hdrlen, unsigned char tag,
			 const void *value, size_t vlen)
{
	struct cma_leaf *leaf = context;

	/* The decoder stops here, no matter whether something follows */
	return value + vlen == leaf->end ? 0 : -EBADMSG;
}

int cma_note_extension_id(void *context, size_t hdrlen, unsigned char tag,
			  const void *value, size_t vlen)
{
	struct cma_leaf *leaf = context;

	leaf->is_san = vlen == sizeof(cma_oid_san) &&
		       !memcmp(value, cma_oid_san, vlen);
	return 0;
}

int cma_note_extension_value(void *context, size_t hdrlen, unsigned char tag,
			     const void *value, size_t vlen)
{
	struct cma_leaf *leaf = context;

	if (!leaf->is_san)
		return 0;

	/* RFC 5280 sec 4.2: not more than one instance of an extension */
	if (leaf->san)
		return -EBADMSG;

	leaf->san = value;
	leaf->san_len = vlen;
	return 0;
}

/**
 * struct cma_names - outcome of the comparison with each name
 * @expected: The function's own name.
 * @end: First byte after the last name.
 * @is_cma: The otherName that is being decoded is a function's name.
 * @san: What is known after the names seen so far.
 * @other: The first name that is not @expected.
 */
struct cma_names {
	const char *expected;
	const u8 *end;
	bool is_cma;
	enum cma_san san;
	struct cma_name *other;
};

int cma_note_general_name(void *context, size_t hdrlen, unsigned char tag,
			  const void *value, size_t vlen)
{
	struct cma_names *names = context;

	names->end = value + vlen;
	return 0;
}

int cma_note_other_name_id(void *context, size_t hdrlen, unsigned char tag,
			   const void *value, size_t vlen)
{
	struct cma_names *names = context;

	names->is_cma = vlen == sizeof(cma_oid_name) &&
			!memcmp(value, cma_oid_name, vlen);
	return 0;
}

int cma_note_other_name(void *context, size_t hdrlen, unsigned char tag,
			const void *value, size_t vlen)
{
	struct cma_names *names = context;

	if (!names->is_cma)
		return 0;

	if (tag != ASN1_UTF8STR)
		return -EBADMSG;

	if (vlen == strlen(names->expected) &&
	    !memcmp(value, names->expected, vlen)) {
		names->san = CMA_SAN_MATCH;
	} else if (names->san == CMA_SAN_ABSENT) {
		names->san = CMA_SAN_MISMATCH;
		names->other->data = value;
		names->other->len = vlen;
	}
	return 0;
}

/**
 * cma_compare_san() - Look for the name of a function in a certificate
 * @der: The certificate, DER as sent by the device.
 * @der_len: Its length in bytes.
 * @expected: Name of the function.
 * @other: Takes the first name of another function if the result is
 *	CMA_SAN_MISMATCH.
 *
 * A certificate may have several names. One that is as expected is enough;
 * those of other kinds don't count. An empty list of names is against RFC 5280,
 * but as good as none.
 *
 * Context: Any.
 * Return: An &enum cma_san, or -EBADMSG if the certificate or the names in it
 * are malformed.
 */
VISIBLE_IF_KUNIT int cma_compare_san(const u8 *der, size_t der_len,
				     const char *expected,
				     struct cma_name *other)
{
	struct cma_leaf leaf = { .end = der + der_len };
	struct cma_names names = { .expected = expected, .other = other };

	/* Other errors than -EBADMSG come from certificates of 64 KiB or more */
	if (asn1_ber_decoder(&cma_decoder, &leaf, der, der_len))
		return -EBADMSG;

	if (!leaf.san)
		return CMA_SAN_ABSENT;

	if (asn1_ber_decoder(&cma_san_decoder, &names, leaf.san, leaf.san_len))
		return -EBADMSG;

	/* The decoder stops after the last name, no matter what follows */
	if (names.end != leaf.san + leaf.san_len)
		return -EBADMSG;

	return names.san;
}
EXPORT_SYMBOL_IF_KUNIT(cma_compare_san);

/**
 * cma_print_name() - Name of a function as a certificate has it
 * @name: Takes the name.
 * @identity: What it is made of.
 *
 * PCIe r6.1, sec 6.31.3.
 *
 * Context: Any.
 */
VISIBLE_IF_KUNIT void cma_print_name(char name[at_least CMA_NAME_SIZE],
				     const struct cma_identity *identity)
{
	size_t len;

	len = scnprintf(name, CMA_NAME_SIZE,
			"Vendor=%04x:Device=%04x:CC=%06x:REV=%02x",
			identity->vendor, identity->device, identity->class,
			identity->revision);

	if (identity->has_subsystem)
		len += scnprintf(name + len, CMA_NAME_SIZE - len,
				 ":SSVID=%04x:SSID=%04x",
				 identity->subsystem_vendor,
				 identity->subsystem_device);

	if (identity->serial)
		scnprintf(name + len, CMA_NAME_SIZE - len, ":%016llx",
			  identity->serial);
}
EXPORT_SYMBOL_IF_KUNIT(cma_print_name);

static int cma_identify(struct pci_dev *pdev, struct cma_identity *identity)
{
	u32 class_revision;
	int rc;

	/* The device as it says it is, not as a quirk wants it: pdev->class */
	rc = pci_read_config_dword(pdev, PCI_CLASS_REVISION, &class_revision);
	if (rc)
		return pcibios_err_to_errno(rc);

	*identity = (struct cma_identity) {
		.vendor = pdev->vendor,
		.device = pdev->device,
		.class = class_revision >> 8,
		.revision = class_revision & 0xff,
		.has_subsystem = pdev->hdr_type == PCI_HEADER_TYPE_NORMAL,
		.subsystem_vendor = pdev->subsystem_vendor,
		.subsystem_device = pdev->subsystem_device,
		.serial = pci_get_dsn(pdev),
	};
	return 0;
}

/*
 * Called by the requester, in the midst of cma_run(), after it parsed
 * the certificate and before it trusts its key.
 */
static int cma_check_leaf(void *priv, const void *der, size_t der_len)
{
	struct cma_device *cma = priv;
	struct pci_dev *pdev = cma_pci_dev(cma);
	enum cma_san_policy policy = READ_ONCE(cma_san_policy);
	struct cma_identity identity;
	char expected[CMA_NAME_SIZE];
	struct cma_name other;
	int rc;

	if (policy == CMA_SAN_IGNORE)
		return 0;

	rc = cma_identify(pdev, &identity);
	if (rc) {
		cma_log(err, cma, "cannot read config space: %d\n", rc);
		return rc;
	}
	cma_print_name(expected, &identity);

	rc = cma_compare_san(der, der_len, expected, &other);
	switch (rc) {
	case CMA_SAN_MATCH:
		return 0;

	case CMA_SAN_ABSENT:
		if (policy != CMA_SAN_REQUIRE) {
			cma_log(info, cma, "leaf certificate does not name the device\n");
			return 0;
		}
		cma_log(err, cma, "leaf certificate does not name the device, which is %s\n",
			expected);
		return -EKEYREJECTED;

	case CMA_SAN_MISMATCH:
		/* Twice the longest name will do, the rest is noise */
		cma_log(err, cma,
			"leaf certificate names another device: \"%*pE\", but this is %s\n",
			(int)min(other.len, 2 * CMA_NAME_SIZE), other.data, expected);
		return -EKEYREJECTED;

	default:
		cma_log(err, cma,
			"leaf certificate has a malformed Subject Alternative Name\n");
		return rc;
	}
}

/*
 * The mailbox takes and gives whole dwords, so a response may be up to three
 * bytes longer than the message in it, and is cut to @response_size. Both is
 * what the requester expects of a transport.
 */
static ssize_t cma_exchange(void *priv, const void *request, size_t request_len,
			    void *response, size_t response_size)
{
	struct cma_device *cma = priv;

	return pci_doe(cma->pf0.doe_mb, PCI_VENDOR_ID_PCI_SIG,
		       PCI_DOE_FEATURE_CMA, request, request_len, response,
		       response_size);
}

/* Its removal waits for the run to end, and other removals for that */
static bool cma_is_gone(void *priv)
{
	struct cma_device *cma = priv;

	return pci_dev_is_removed(cma_pci_dev(cma));
}

static const struct spdm_requester_ops cma_spdm_ops = {
	.exchange = cma_exchange,
	.check_leaf = cma_check_leaf,
	.is_gone = cma_is_gone,
};

/**
 * cma_run() - Authenticate a device
 * @cma: The device.
 * @request: What it has to show.
 * @stats: Takes what it cost, if successful.
 * @failure: Takes the reason if not.
 *
 * The device stays in D0 meanwhile. Config space of a device in D3cold reads as
 * ones, after which the DOE core gives up on its mailbox for good.
 *
 * Context: Process context, sleeps. Called with tsm_lock of the device held by
 * connect, and with the lock of the evidence held by refresh. To resume the
 * device or a bridge above it takes neither of them, but may take pci_bus_sem,
 * as the PCI/TSM core does with tsm_lock held.
 * Return: The evidence, or an ERR_PTR() after the reason was logged.
 */
static struct device_evidence_set *cma_run(struct cma_device *cma,
					   const struct spdm_request *request,
					   struct spdm_stats *stats,
					   struct device_evidence_failure *failure)
{
	int rc;

	PM_RUNTIME_ACQUIRE(&cma_pci_dev(cma)->dev, pm);
	rc = PM_RUNTIME_ACQUIRE_ERR(&pm);
	if (rc) {
		cma_log(err, cma, "cannot be resumed: %d\n", rc);
		*failure = (struct device_evidence_failure) {
			.reason = DEVICE_EVIDENCE_REASON_TRANSPORT,
		};
		return ERR_PTR(rc);
	}

	return spdm_authenticate(cma->spdm, request, stats, failure);
}

static_assert(SPDM_SLOT_ANY == DEVICE_EVIDENCE_SLOT_ANY);
static_assert(SPDM_NONCE_SIZE == DEVICE_EVIDENCE_MAX_NONCE_SIZE);

static_assert(PCI_TSM_SLOT_ANY == SPDM_SLOT_ANY);

/* Bit n for the certificate chain of slot n */
#define CMA_CHAINS	GENMASK(DEVICE_EVIDENCE_OBJECT_TYPE_CERT7,	\
				DEVICE_EVIDENCE_OBJECT_TYPE_CERT0)

/*
 * Runs with the lock of the evidence held, for which cma_remove() waits with
 * tsm_lock of the device held: must not take the latter, nor look at pdev->tsm.
 */
static struct device_evidence_set *
cma_refresh(void *priv, const struct device_evidence_request *request,
	    struct device_evidence_failure *failure,
	    struct netlink_ext_ack *extack)
{
	struct cma_device *cma = priv;
	struct spdm_algorithms algorithms;
	struct device_evidence_set *set;
	struct spdm_stats stats;
	struct spdm_request spdm_request = {
		.slot = request->slot,
		.further_slots = request->type_mask & CMA_CHAINS,
		.algorithms = cma_get_listed(&algorithms),
		.nonce = request->nonce,
	};

	set = cma_run(cma, &spdm_request, &stats, failure);
	pci_tsm_note_failure(cma_pci_dev(cma), IS_ERR(set) ? failure : NULL);
	if (IS_ERR(set))
		NL_SET_ERR_MSG(extack, "device was not authenticated, the kernel log says why");
	else
		pci_dbg(cma_pci_dev(cma),
			"authenticated again in %u exchanges and %u us\n",
			stats.exchanges, stats.duration_us);

	return set;
}

static const struct device_evidence_ops cma_evidence_ops = {
	.refresh = cma_refresh,
};

static struct pci_tsm *cma_probe(struct tsm_dev *tsm_dev, struct pci_dev *pdev)
{
	struct spdm_requester *spdm;
	int rc;

	/* What a function does not say itself, CMA has no way to find out */
	if (!is_pci_tsm_pf0(pdev) || !pdev->doe_cma)
		return NULL;

	struct cma_device *cma __free(kfree) = kzalloc_obj(*cma);
	if (!cma)
		return ERR_PTR(-ENOMEM);

	rc = pci_tsm_pf0_constructor(pdev, &cma->pf0, tsm_dev);
	if (rc)
		return ERR_PTR(rc);

	spdm = spdm_create(&pdev->dev, &cma_spdm_ops, cma,
			   READ_ONCE(cma_data_transfer_size));
	if (IS_ERR(spdm)) {
		pci_tsm_pf0_destructor(&cma->pf0);
		return ERR_CAST(spdm);
	}

	cma->spdm = spdm;
	ratelimit_default_init(&cma->log);
	return &no_free_ptr(cma)->pf0.base_tsm;
}

static void cma_remove(struct pci_tsm *tsm)
{
	struct cma_device *cma = to_cma_device(tsm);

	/* Waits for cma_refresh(), so that nobody needs what is freed next */
	if (cma->evidence)
		device_evidence_unregister(cma->evidence);

	device_evidence_set_destroy(cma->set);
	spdm_destroy(cma->spdm);
	pci_tsm_pf0_destructor(&cma->pf0);
	kfree(cma);
}

/* The error goes to the writer of tsm/connect; others want to know more, and why */
static void cma_connect_failed(struct pci_dev *pdev,
			       const struct device_evidence_failure *failure)
{
	pci_tsm_note_failure(pdev, failure);
	device_evidence_failed(&pdev->dev, failure);
}

static int cma_authenticate(struct pci_tsm *tsm)
{
	struct pci_dev *pdev = tsm->pdev;
	struct spdm_algorithms algorithms;
	const struct spdm_request request = {
		.slot = pci_tsm_slot(pdev),
		.algorithms = cma_get_listed(&algorithms),
	};
	struct cma_device *cma = to_cma_device(tsm);
	struct device_evidence_failure failure;
	struct device_evidence_set *set;
	struct spdm_stats stats;

	set = cma_run(cma, &request, &stats, &failure);
	if (IS_ERR(set)) {
		cma_connect_failed(pdev, &failure);
		return PTR_ERR(set);
	}

	cma->set = set;
	pci_info(pdev,
		 "authenticated in %u exchanges (%u bytes sent, %u received) and %u us: SPDM %u.%u, %s, %s, slot %u\n",
		 stats.exchanges, stats.sent, stats.received,
		 stats.duration_us, stats.version >> 4, stats.version & 0xf,
		 stats.signature_algorithm, stats.hash, stats.slot);
	return 0;
}

static int cma_connect(struct pci_dev *pdev)
{
	static const struct device_evidence_failure no_memory = {
		.reason = DEVICE_EVIDENCE_REASON_RESOURCES,
	};
	struct cma_device *cma = to_cma_device(pdev->tsm);
	struct device_evidence *evidence;

	/* From here on, cma_refresh() may run at any time */
	evidence = device_evidence_register(&pdev->dev, &cma_evidence_ops, cma,
					    no_free_ptr(cma->set));
	if (IS_ERR(evidence)) {
		pci_err(pdev, "cannot offer evidence: %pe\n", evidence);
		cma_connect_failed(pdev, &no_memory);
		return PTR_ERR(evidence);
	}

	cma->evidence = evidence;
	return 0;
}

/*
 * SPDM has no message to end a connection, so there is nothing to tell the
 * device. The evidence is withdrawn by cma_remove(), which comes next and may
 * wait.
 */
static void cma_disconnect(struct pci_dev *pdev)
{
}

/* TDISP takes a secure session: there is no bind, unbind and guest_req */
static struct pci_tsm_ops cma_tsm_ops = {
	.link_ops = {
		.probe = cma_probe,
		.remove = cma_remove,
		.authenticate = cma_authenticate,
		.connect = cma_connect,
		.disconnect = cma_disconnect,
	},
};

/* By its name, user space knows which TSM is this one: faux/cma/tsm/tsmN */
static struct faux_device *cma_faux;
static struct tsm_dev *cma_tsm;

static int __init cma_init(void)
{
	int rc;

	rc = device_evidence_provider_register(&pci_bus_type);
	if (rc)
		return rc;

	cma_faux = faux_device_create("cma", NULL, NULL);
	if (!cma_faux) {
		device_evidence_provider_unregister(&pci_bus_type);
		return -ENODEV;
	}

	/* From here on, devices may be connected */
	cma_tsm = tsm_register(&cma_faux->dev, &cma_tsm_ops);
	if (IS_ERR(cma_tsm)) {
		faux_device_destroy(cma_faux);
		device_evidence_provider_unregister(&pci_bus_type);
		return PTR_ERR(cma_tsm);
	}

	return 0;
}

static void __exit cma_exit(void)
{
	/* Disconnects all devices; nobody runs code of this module afterwards */
	tsm_unregister(cma_tsm);
	faux_device_destroy(cma_faux);
	device_evidence_provider_unregister(&pci_bus_type);
}

/* After platform TSM drivers, which so keep the numbers that they have */
late_initcall(cma_init);
module_exit(cma_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("PCI Component Measurement and Authentication (CMA-SPDM)");
