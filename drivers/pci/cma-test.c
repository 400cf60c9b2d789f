// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for the identity in the certificates of PCI devices
 */

#include <kunit/test.h>
#include <linux/string.h>

#include "cma.h"

/* What QEMU's NVMe controller is called */
static const char nvme[] =
	"Vendor=1b36:Device=0010:CC=010802:REV=02:SSVID=1af4:SSID=1100";

/*
 * DER is built from the inside out: put the contents, then wrap all that was
 * put since some mark in a tag and a length.
 */

struct der {
	size_t len;
	u8 data[1024];
};

static void insert(struct der *der, size_t at, const void *bytes, size_t len)
{
	if (WARN_ON(len > sizeof(der->data) - der->len))
		return;

	memmove(der->data + at + len, der->data + at, der->len - at);
	memcpy(der->data + at, bytes, len);
	der->len += len;
}

static void put(struct der *der, const void *bytes, size_t len)
{
	insert(der, der->len, bytes, len);
}

#define PUT(der, ...) do {						\
	static const u8 bytes_[] = { __VA_ARGS__ };			\
	put((der), bytes_, sizeof(bytes_));				\
} while (0)

static void wrap(struct der *der, size_t mark, u8 tag)
{
	size_t len = der->len - mark;
	u8 long_form[] = { tag, 0x82, len >> 8, len };
	u8 short_form[] = { tag, len };

	if (len < 0x80)
		insert(der, mark, short_form, sizeof(short_form));
	else
		insert(der, mark, long_form, sizeof(long_form));
}

enum {
	BOOLEAN		= 0x01,
	BIT_STRING	= 0x03,
	OCTET_STRING	= 0x04,
	OID		= 0x06,
	UTF8_STRING	= 0x0c,
	PRINTABLE_STRING = 0x13,
	IA5_STRING	= 0x16,
	SEQUENCE	= 0x30,
	CONTEXT_0	= 0xa0,
	CONTEXT_3	= 0xa3,
};

struct oid {
	size_t len;
	u8 bytes[12];
};

/* 2.23.147 */
static const struct oid pci_name = { 3, { 0x67, 0x81, 0x13 } };
/* 1.3.6.1.4.1.412.274.1 */
static const struct oid dmtf_device_info = {
	10, { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0x1c, 0x82, 0x12, 0x01 }
};

/* 2.5.29.17 */
static const struct oid subject_alt_name = { 3, { 0x55, 0x1d, 0x11 } };
/* 2.5.29.18 */
static const struct oid issuer_alt_name = { 3, { 0x55, 0x1d, 0x12 } };

/* otherName with a name of the given type of string */
static void put_other_name(struct der *der, const struct oid *oid,
			   u8 string_tag, const void *name, size_t name_len)
{
	size_t mark = der->len, value;

	put(der, oid->bytes, oid->len);
	wrap(der, mark, OID);
	value = der->len;
	put(der, name, name_len);
	wrap(der, value, string_tag);
	wrap(der, value, CONTEXT_0);
	wrap(der, mark, CONTEXT_0);
}

static void put_pci_name(struct der *der, const char *name)
{
	put_other_name(der, &pci_name, UTF8_STRING, name, strlen(name));
}

/* All that was put since @mark becomes the value of an extension */
static void wrap_extension(struct der *der, size_t mark, const struct oid *oid)
{
	u8 header[] = { OID, oid->len };

	wrap(der, mark, OCTET_STRING);
	insert(der, mark, oid->bytes, oid->len);
	insert(der, mark, header, sizeof(header));
	wrap(der, mark, SEQUENCE);
}

static void put_key_usage(struct der *der)
{
	PUT(der, SEQUENCE, 0x0e,
	    OID, 0x03, 0x55, 0x1d, 0x0f,		/* 2.5.29.15 */
	    BOOLEAN, 0x01, 0xff,
	    OCTET_STRING, 0x04, BIT_STRING, 0x02, 0x07, 0x80);
}

/* The extensions that were put so far become part of a certificate */
static void wrap_certificate(struct der *der)
{
	static const u8 before[] = {
		CONTEXT_0, 0x03, 0x02, 0x01, 0x02,	/* version: v3 */
		0x02, 0x02, 0x12, 0x34,			/* serialNumber */
		SEQUENCE, 0x0a, OID, 0x08, 0x2a, 0x86, 0x48, 0xce,
		0x3d, 0x04, 0x03, 0x03,			/* signature */
		SEQUENCE, 0x0e, 0x31, 0x0c, SEQUENCE, 0x0a, OID, 0x03,
		0x55, 0x04, 0x03, UTF8_STRING, 0x03, 'a', 'C', 'A', /* issuer */
		SEQUENCE, 0x04, 0x17, 0x00, 0x17, 0x00,	/* validity */
		SEQUENCE, 0x00,				/* subject */
		SEQUENCE, 0x05, SEQUENCE, 0x00, BIT_STRING, 0x01, 0x00, /* key */
	};
	if (der->len) {
		wrap(der, 0, SEQUENCE);
		wrap(der, 0, CONTEXT_3);
	}
	insert(der, 0, before, sizeof(before));
	wrap(der, 0, SEQUENCE);
	PUT(der, SEQUENCE, 0x00);			/* signatureAlgorithm */
	PUT(der, BIT_STRING, 0x02, 0x00, 0x5a);		/* signatureValue */
	wrap(der, 0, SEQUENCE);
}

/* The names that were put so far become a certificate's alternative names */
static void wrap_names(struct der *der)
{
	wrap(der, 0, SEQUENCE);
	wrap_extension(der, 0, &subject_alt_name);
	wrap_certificate(der);
}

static struct der *new_der(struct kunit *test)
{
	struct der *der = kunit_kzalloc(test, sizeof(*der), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, der);
	return der;
}

/* Just as long as the certificate, so that KASAN sees any read beyond it */
static int compare_len(struct kunit *test, const u8 *data, size_t len,
		       const char *expected, struct cma_name *other)
{
	u8 *copy = kunit_kmalloc(test, len ?: 1, GFP_KERNEL);
	int rc;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, data, len);
	rc = cma_compare_san(copy, len, expected, other);
	if (rc == CMA_SAN_MISMATCH) {
		KUNIT_EXPECT_TRUE(test, other->data >= copy &&
				  other->data + other->len <= copy + len);
		other->data = data + (other->data - copy);
	}
	kunit_kfree(test, copy);
	return rc;
}

static int compare(struct kunit *test, struct der *der)
{
	struct cma_name other;

	return compare_len(test, der->data, der->len, nvme, &other);
}

/*
 * The function's own name
 */

static void name_of_endpoint(struct kunit *test)
{
	static const struct cma_identity identity = {
		.vendor = 0x1b36, .device = 0x0010,
		.class = 0x010802, .revision = 0x02,
		.has_subsystem = true,
		.subsystem_vendor = 0x1af4, .subsystem_device = 0x1100,
	};
	char name[CMA_NAME_SIZE];

	cma_print_name(name, &identity);
	KUNIT_EXPECT_STREQ(test, name, nvme);
}

static void name_of_bridge_has_no_subsystem(struct kunit *test)
{
	static const struct cma_identity identity = {
		.vendor = 0xabcd, .device = 0xef01,
		.class = 0x060400, .revision = 0xff,
	};
	char name[CMA_NAME_SIZE];

	cma_print_name(name, &identity);
	KUNIT_EXPECT_STREQ(test, name,
			   "Vendor=abcd:Device=ef01:CC=060400:REV=ff");
}

static void name_ends_in_serial_number(struct kunit *test)
{
	struct cma_identity identity = {
		.vendor = 1, .device = 2, .class = 3, .revision = 4,
		.serial = 0x0123456789abcdef,
	};
	char name[CMA_NAME_SIZE];

	cma_print_name(name, &identity);
	KUNIT_EXPECT_STREQ(test, name,
			   "Vendor=0001:Device=0002:CC=000003:REV=04:0123456789abcdef");

	identity.has_subsystem = true;
	cma_print_name(name, &identity);
	KUNIT_EXPECT_STREQ(test, name,
			   "Vendor=0001:Device=0002:CC=000003:REV=04:SSVID=0000:SSID=0000:0123456789abcdef");
}

static void longest_name_fits(struct kunit *test)
{
	static const struct cma_identity identity = {
		.vendor = 0xffff, .device = 0xffff,
		.class = 0xffffff, .revision = 0xff,
		.has_subsystem = true,
		.subsystem_vendor = 0xffff, .subsystem_device = 0xffff,
		.serial = U64_MAX,
	};
	char name[CMA_NAME_SIZE];

	cma_print_name(name, &identity);
	KUNIT_EXPECT_TRUE(test, strends(name, ":ffffffffffffffff"));
}

/*
 * Names that are there, or not
 */

static void matching_name_is_found(struct kunit *test)
{
	struct der *der = new_der(test);

	put_pci_name(der, nvme);
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_MATCH);
}

static void name_of_another_device_is_reported(struct kunit *test)
{
	static const char nic[] = "Vendor=8086:Device=10d3:CC=020000:REV=00";
	struct der *der = new_der(test);
	struct cma_name other;

	put_pci_name(der, nic);
	wrap_names(der);
	KUNIT_ASSERT_EQ(test,
			compare_len(test, der->data, der->len, nvme, &other),
			CMA_SAN_MISMATCH);
	KUNIT_ASSERT_EQ(test, other.len, strlen(nic));
	KUNIT_EXPECT_MEMEQ(test, other.data, nic, other.len);
}

static void part_of_the_name_is_a_mismatch(struct kunit *test)
{
	for (size_t len = 0; len < strlen(nvme); len++) {
		struct der *der = new_der(test);

		put_other_name(der, &pci_name, UTF8_STRING, nvme, len);
		wrap_names(der);
		KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_MISMATCH);
		kunit_kfree(test, der);
	}
}

static void more_than_the_name_is_a_mismatch(struct kunit *test)
{
	struct der *der = new_der(test);

	/* With the final NUL */
	put_other_name(der, &pci_name, UTF8_STRING, nvme, sizeof(nvme));
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_MISMATCH);
}

static void serial_number_of_another_device_is_a_mismatch(struct kunit *test)
{
	static const char ours[] = "Vendor=0001:Device=0002:CC=000003:REV=04:0000000000000001";
	static const char theirs[] = "Vendor=0001:Device=0002:CC=000003:REV=04:0000000000000002";
	static const char model[] = "Vendor=0001:Device=0002:CC=000003:REV=04";
	struct cma_name other;
	struct der *der;

	der = new_der(test);
	put_pci_name(der, ours);
	wrap_names(der);
	KUNIT_EXPECT_EQ(test,
			compare_len(test, der->data, der->len, ours, &other),
			CMA_SAN_MATCH);
	KUNIT_EXPECT_EQ(test,
			compare_len(test, der->data, der->len, theirs, &other),
			CMA_SAN_MISMATCH);
	KUNIT_EXPECT_EQ(test,
			compare_len(test, der->data, der->len, model, &other),
			CMA_SAN_MISMATCH);

	der = new_der(test);
	put_pci_name(der, model);
	wrap_names(der);
	KUNIT_EXPECT_EQ(test,
			compare_len(test, der->data, der->len, ours, &other),
			CMA_SAN_MISMATCH);
}

static void certificate_without_extensions_names_nobody(struct kunit *test)
{
	struct der *der = new_der(test);

	wrap_certificate(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_ABSENT);
}

static void certificate_with_other_extensions_names_nobody(struct kunit *test)
{
	static const struct oid longer = { 4, { 0x55, 0x1d, 0x11, 0x01 } };
	struct der *der = new_der(test);
	size_t mark;

	put_key_usage(der);
	/* The right bytes in the wrong extension */
	mark = der->len;
	put_pci_name(der, "somebody else");
	wrap(der, mark, SEQUENCE);
	wrap_extension(der, mark, &issuer_alt_name);
	/* An extension whose identifier begins like the right one */
	mark = der->len;
	put_pci_name(der, "somebody else");
	wrap(der, mark, SEQUENCE);
	wrap_extension(der, mark, &longer);
	wrap_certificate(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_ABSENT);
}

static void extensions_around_do_not_matter(struct kunit *test)
{
	struct der *der = new_der(test);
	size_t mark;

	put_key_usage(der);
	mark = der->len;
	put_pci_name(der, nvme);
	wrap(der, mark, SEQUENCE);
	wrap_extension(der, mark, &subject_alt_name);
	put_key_usage(der);
	wrap_certificate(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_MATCH);
}

static void unknown_other_names_are_ignored(struct kunit *test)
{
	static const struct oid shorter = { 2, { 0x67, 0x81 } };
	struct der *der = new_der(test);

	put_other_name(der, &dmtf_device_info, UTF8_STRING, "ACME:WIDGET:1", 13);
	/* Not even a string; and an identifier that is but a part of ours */
	put_other_name(der, &dmtf_device_info, BIT_STRING, "\0", 1);
	put_other_name(der, &shorter, UTF8_STRING, nvme, strlen(nvme));
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_ABSENT);

	der = new_der(test);
	put_other_name(der, &dmtf_device_info, UTF8_STRING, "ACME:WIDGET:1", 13);
	put_pci_name(der, nvme);
	put_other_name(der, &dmtf_device_info, UTF8_STRING, "ACME:WIDGET:2", 13);
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_MATCH);
}

static void other_kinds_of_names_are_ignored(struct kunit *test)
{
	struct der *der = new_der(test);

	PUT(der, 0x81, 0x03, 'a', '@', 'b');		/* rfc822Name */
	PUT(der, 0x82, 0x01, 'c');			/* dNSName */
	PUT(der, 0xa3, 0x04, SEQUENCE, 0x00, SEQUENCE, 0x00); /* x400Address */
	PUT(der, 0xa4, 0x02, SEQUENCE, 0x00);		/* directoryName */
	PUT(der, 0xa5, 0x04, 0xa0, 0x00, 0xa1, 0x00);	/* ediPartyName */
	PUT(der, 0x86, 0x01, 'd');			/* URI */
	PUT(der, 0x87, 0x04, 127, 0, 0, 1);		/* iPAddress */
	PUT(der, 0x88, 0x03, 0x67, 0x81, 0x13);	/* registeredID */
	put_pci_name(der, nvme);
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_MATCH);
}

static void one_of_several_names_is_enough(struct kunit *test)
{
	struct cma_name other;
	struct der *der;

	der = new_der(test);
	put_pci_name(der, "first");
	put_pci_name(der, nvme);
	put_pci_name(der, "last");
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_MATCH);

	der = new_der(test);
	put_pci_name(der, "first");
	put_pci_name(der, "last");
	wrap_names(der);
	KUNIT_ASSERT_EQ(test,
			compare_len(test, der->data, der->len, nvme, &other),
			CMA_SAN_MISMATCH);
	KUNIT_ASSERT_EQ(test, other.len, 5);
	KUNIT_EXPECT_MEMEQ(test, other.data, "first", 5);
}

/*
 * Certificates that nobody in his right mind would issue
 */

static void name_must_be_an_utf8_string(struct kunit *test)
{
	static const u8 tags[] = {
		OCTET_STRING, PRINTABLE_STRING, IA5_STRING, SEQUENCE, 0x80,
	};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		struct der *der = new_der(test);

		put_other_name(der, &pci_name, tags[i], nvme, strlen(nvme));
		wrap_names(der);
		KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);
	}
}

static void malformed_name_after_a_match_is_refused(struct kunit *test)
{
	struct der *der = new_der(test);

	put_pci_name(der, nvme);
	put_other_name(der, &pci_name, IA5_STRING, nvme, strlen(nvme));
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);
}

static void unknown_kind_of_name_is_refused(struct kunit *test)
{
	struct der *der = new_der(test);

	put_pci_name(der, nvme);
	PUT(der, 0x89, 0x00);
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);
}

static void names_twice_are_refused(struct kunit *test)
{
	struct der *der = new_der(test);
	size_t mark;

	for (int i = 0; i < 2; i++) {
		mark = der->len;
		put_pci_name(der, nvme);
		wrap(der, mark, SEQUENCE);
		wrap_extension(der, mark, &subject_alt_name);
	}
	wrap_certificate(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);
}

static void empty_list_of_names_names_nobody(struct kunit *test)
{
	struct der *der = new_der(test);

	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_ABSENT);
}

static void extension_without_a_list_is_refused(struct kunit *test)
{
	struct der *der = new_der(test);

	wrap_extension(der, 0, &subject_alt_name);
	wrap_certificate(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);
}

static void trailing_bytes_are_refused(struct kunit *test)
{
	struct der *der;

	/* After the certificate */
	der = new_der(test);
	put_pci_name(der, nvme);
	wrap_names(der);
	PUT(der, 0x00);
	KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);

	/* After the names */
	der = new_der(test);
	put_pci_name(der, nvme);
	wrap(der, 0, SEQUENCE);
	PUT(der, 0x00);
	wrap_extension(der, 0, &subject_alt_name);
	wrap_certificate(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);

	/* After the name, in its otherName */
	der = new_der(test);
	PUT(der, OID, 0x03, 0x67, 0x81, 0x13,
	    CONTEXT_0, 0x06, UTF8_STRING, 0x01, 'a', UTF8_STRING, 0x01, 'b');
	wrap(der, 0, CONTEXT_0);
	wrap_names(der);
	KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);
}

static void truncation_at_every_byte_is_refused(struct kunit *test)
{
	struct der *der = new_der(test);
	struct cma_name other;

	put_pci_name(der, "another");
	put_pci_name(der, nvme);
	wrap_names(der);

	for (size_t len = 0; len < der->len; len++)
		KUNIT_EXPECT_EQ_MSG(test,
				    compare_len(test, der->data, len, nvme, &other),
				    -EBADMSG, "cut to %zu of %zu bytes",
				    len, der->len);
}

/* Offset of the length of the TLV that begins with @bytes */
static size_t find_length(struct kunit *test, struct der *der, const u8 *bytes,
			  size_t len)
{
	for (size_t i = 0; i + len < der->len; i++)
		if (!memcmp(der->data + i, bytes, len))
			return i + 1;

	KUNIT_FAIL_AND_ABORT(test, "no such bytes");
	return 0;
}

static void wrong_lengths_are_refused(struct kunit *test)
{
	/* Too many; 64 KiB and more; indefinite; reserved */
	static const u8 lengths[] = { 0x7f, 0x81, 0x82, 0x83, 0x84, 0x80, 0xff };
	struct der *der = new_der(test);
	u8 string[] = { UTF8_STRING, strlen(nvme), 'V', 'e' };
	u8 san[] = { OID, 0x03, 0x55, 0x1d, 0x11 };
	u8 name[] = { OID, 0x03, 0x67, 0x81, 0x13 };
	size_t offsets[3];

	put_pci_name(der, nvme);
	wrap_names(der);

	offsets[0] = find_length(test, der, string, sizeof(string));
	offsets[1] = find_length(test, der, san, sizeof(san));
	offsets[2] = find_length(test, der, name, sizeof(name));

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		u8 *length = der->data + offsets[i];
		u8 good = *length;

		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			*length = lengths[j];
			KUNIT_EXPECT_EQ_MSG(test, compare(test, der), -EBADMSG,
					    "length %02x at %zu", lengths[j],
					    offsets[i]);
		}

		/* One more than there is, one less */
		*length = good + 1;
		KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);
		*length = good - 1;
		KUNIT_EXPECT_EQ(test, compare(test, der), -EBADMSG);
		*length = good;
	}

	KUNIT_EXPECT_EQ(test, compare(test, der), CMA_SAN_MATCH);
}

static void indefinite_length_is_refused(struct kunit *test)
{
	struct der *der = new_der(test);
	struct der *ber = new_der(test);

	/* BER allows it, DER does not */
	put_pci_name(der, nvme);
	wrap_names(der);
	KUNIT_ASSERT_EQ(test, der->data[1], 0x81 + 1);
	PUT(ber, SEQUENCE, 0x80);
	put(ber, der->data + 4, der->len - 4);
	PUT(ber, 0x00, 0x00);
	KUNIT_EXPECT_EQ(test, compare(test, ber), -EBADMSG);
}

static void certificate_of_64_kib_is_refused(struct kunit *test)
{
	size_t len = 0x10000;
	struct cma_name other;
	u8 *der = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, der);
	der[0] = SEQUENCE;
	der[1] = 0x83;
	der[2] = 0x00;
	der[3] = 0xff;
	der[4] = 0xfb;
	KUNIT_EXPECT_EQ(test, cma_compare_san(der, len, nvme, &other),
			-EBADMSG);
}

/* Whatever becomes of the certificate: no crash, no read beyond it */
static void every_bit_may_flip(struct kunit *test)
{
	struct der *der = new_der(test);
	unsigned int matches = 0, mismatches = 0, absent = 0, refused = 0;

	put_pci_name(der, nvme);
	wrap_names(der);

	for (size_t bit = 0; bit < 8 * der->len; bit++) {
		int rc;

		der->data[bit / 8] ^= BIT(bit % 8);
		rc = compare(test, der);
		der->data[bit / 8] ^= BIT(bit % 8);

		switch (rc) {
		case CMA_SAN_MATCH:
			matches++;
			break;
		case CMA_SAN_MISMATCH:
			mismatches++;
			break;
		case CMA_SAN_ABSENT:
			absent++;
			break;
		case -EBADMSG:
			refused++;
			break;
		default:
			KUNIT_FAIL(test, "returned %d with bit %zu flipped",
				   rc, bit);
		}
	}

	/* Each bit of the name; of both object identifiers, and of some tags */
	KUNIT_EXPECT_EQ(test, mismatches, 8 * strlen(nvme));
	KUNIT_EXPECT_GE(test, absent, 8 * (3 + 3));
	KUNIT_EXPECT_NE(test, matches, 0);
	KUNIT_EXPECT_NE(test, refused, 0);
}

static struct kunit_case cma_cases[] = {
	KUNIT_CASE(name_of_endpoint),
	KUNIT_CASE(name_of_bridge_has_no_subsystem),
	KUNIT_CASE(name_ends_in_serial_number),
	KUNIT_CASE(longest_name_fits),
	KUNIT_CASE(matching_name_is_found),
	KUNIT_CASE(name_of_another_device_is_reported),
	KUNIT_CASE(part_of_the_name_is_a_mismatch),
	KUNIT_CASE(more_than_the_name_is_a_mismatch),
	KUNIT_CASE(serial_number_of_another_device_is_a_mismatch),
	KUNIT_CASE(certificate_without_extensions_names_nobody),
	KUNIT_CASE(certificate_with_other_extensions_names_nobody),
	KUNIT_CASE(extensions_around_do_not_matter),
	KUNIT_CASE(unknown_other_names_are_ignored),
	KUNIT_CASE(other_kinds_of_names_are_ignored),
	KUNIT_CASE(one_of_several_names_is_enough),
	KUNIT_CASE(name_must_be_an_utf8_string),
	KUNIT_CASE(malformed_name_after_a_match_is_refused),
	KUNIT_CASE(unknown_kind_of_name_is_refused),
	KUNIT_CASE(names_twice_are_refused),
	KUNIT_CASE(empty_list_of_names_names_nobody),
	KUNIT_CASE(extension_without_a_list_is_refused),
	KUNIT_CASE(trailing_bytes_are_refused),
	KUNIT_CASE(truncation_at_every_byte_is_refused),
	KUNIT_CASE(wrong_lengths_are_refused),
	KUNIT_CASE(indefinite_length_is_refused),
	KUNIT_CASE(certificate_of_64_kib_is_refused),
	KUNIT_CASE(every_bit_may_flip),
	{}
};

static struct kunit_suite cma_suite = {
	.name = "pci_cma",
	.test_cases = cma_cases,
};

kunit_test_suite(cma_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit tests for PCI CMA");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
