// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel sends is what it means to send: no memory that nobody wrote
 * between the attributes or behind them, and no address
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "evidence_fixture.h"
#include "genl_message.h"

/* Most bytes of all messages that a test looks at */
#define RECORD_SIZE	0x100000

/**
 * struct record - datagrams as they came, one behind the other
 * @bytes: The datagrams.
 * @len: Bytes of all of them.
 * @messages: How many messages.
 */
struct record {
	unsigned char bytes[RECORD_SIZE];
	size_t len;
	unsigned int messages;
};

/* Bytes of an attribute's value: a number if not negative, or else */
#define ANY		-1
#define STRING		-2
#define UNKNOWN		-3

static int value_size(int type)
{
	switch (type) {
	case DEVICE_EVIDENCE_A_VAL:
		return ANY;
	case DEVICE_EVIDENCE_A_SUBSYS:
	case DEVICE_EVIDENCE_A_DEV_NAME:
	case DEVICE_EVIDENCE_A_HASH:
	case DEVICE_EVIDENCE_A_SIGNATURE_ALGORITHM:
		return STRING;
	case DEVICE_EVIDENCE_A_COUNT:
		return sizeof(__u64);
	case DEVICE_EVIDENCE_A_PAD:
	case DEVICE_EVIDENCE_A_VALIDATED:
		return 0;
	case DEVICE_EVIDENCE_A_TYPE:
	case DEVICE_EVIDENCE_A_GENERATION:
	case DEVICE_EVIDENCE_A_LENGTH:
	case DEVICE_EVIDENCE_A_OFFSET:
	case DEVICE_EVIDENCE_A_EVENT:
	case DEVICE_EVIDENCE_A_SPDM_VERSION:
	case DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET:
	case DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET:
	case DEVICE_EVIDENCE_A_SIGNATURE_OFFSET:
	case DEVICE_EVIDENCE_A_SIGNATURE_LENGTH:
	case DEVICE_EVIDENCE_A_REASON:
	case DEVICE_EVIDENCE_A_SPDM_ERROR_CODE:
		return sizeof(__u32);
	default:
		return UNKNOWN;
	}
}

/* The same of what the kernel adds to an error */
static int error_value_size(int type)
{
	switch (type) {
	case NLMSGERR_ATTR_MSG:
		return STRING;
	case NLMSGERR_ATTR_OFFS:
	case NLMSGERR_ATTR_MISS_TYPE:
	case NLMSGERR_ATTR_MISS_NEST:
		return sizeof(__u32);
	default:
		return UNKNOWN;
	}
}

static bool is_zero(const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((const unsigned char *)bytes)[i])
			return false;
	return true;
}

/* Each of these returns what is wrong, or NULL */

static const char *attributes_defect(const void *bytes, size_t len, int (*size_of)(int type))
{
	while (len) {
		const struct nlattr *attr = bytes;
		size_t padded, value;
		int size;

		if (len < NLA_HDRLEN || attr->nla_len < NLA_HDRLEN)
			return "a part of an attribute";
		padded = NLA_ALIGN(attr->nla_len);
		if (padded > len)
			return "an attribute that is longer than its message";

		value = attribute_len(attr);
		size = size_of(attr->nla_type);
		if (size == UNKNOWN)
			return "an attribute that is not known";
		if (size == STRING &&
		    (!value || strnlen(attribute_data(attr), value) != value - 1))
			return "a string with more than its end behind it";
		if (size >= 0 && value != (size_t)size)
			return "a value of another size";
		if (!is_zero(bytes + attr->nla_len, padded - attr->nla_len))
			return "padding that is not zero";

		bytes += padded;
		len -= padded;
	}
	return NULL;
}

/* An error or the end of a dump: a number, sometimes a header, and attributes */
static const char *status_defect(const struct nlmsghdr *header, size_t len)
{
	if (header->nlmsg_len < NLMSG_LENGTH(len))
		return "a part of a status";
	return attributes_defect(NLMSG_DATA(header) + len, header->nlmsg_len - NLMSG_LENGTH(len),
				 error_value_size);
}

static const char *message_defect(const struct nlmsghdr *header,
				  const struct evidence_family *family)
{
	const struct genlmsghdr *genl = NLMSG_DATA(header);

	switch (header->nlmsg_type) {
	case NLMSG_DONE:
		return status_defect(header, sizeof(int));
	case NLMSG_ERROR:
		return status_defect(header, sizeof(struct nlmsgerr));
	}
	if (header->nlmsg_type != family->id || header->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return "a message of another family, or a part of one";
	if (genl->version != DEVICE_EVIDENCE_FAMILY_VERSION || genl->reserved)
		return "a header that is not as it should be";
	return attributes_defect((void *)genl + GENL_HDRLEN,
				 header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), value_size);
}

/* What differs from one dump to the next on purpose */
static void forget_who_asked(struct nlmsghdr *header)
{
	header->nlmsg_seq = 0;
	header->nlmsg_pid = 0;
}

/* Receives one datagram of at most @size bytes, and looks at each byte of it */
static const char *record_datagram(int sock, const struct evidence_family *family, size_t size,
				   struct record *record, bool *is_last)
{
	static union genl_buffer buffer;
	struct nlmsghdr *header = &buffer.header;
	ssize_t received = recv(sock, &buffer, size, 0);
	ssize_t len = received;

	*is_last = true;
	if (received < 0 || record->len + received > sizeof(record->bytes))
		return "nothing, or too much";

	for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		const char *defect = message_defect(header, family);

		if (defect)
			return defect;
		if (NLMSG_ALIGN(header->nlmsg_len) > len ||
		    !is_zero((void *)header + header->nlmsg_len,
			     NLMSG_ALIGN(header->nlmsg_len) - header->nlmsg_len))
			return "padding of a message that is not there or not zero";
		*is_last = header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR;
		forget_who_asked(header);
		if (header->nlmsg_type == NLMSG_ERROR)
			forget_who_asked(&((struct nlmsgerr *)NLMSG_DATA(header))->msg);
		record->messages++;
	}
	if (len)
		return "bytes behind the last message";

	memcpy(record->bytes + record->len, &buffer, received);
	record->len += received;
	return NULL;
}

static const char *record_dump(const struct evidence_family *family, size_t size,
			       const struct evidence_request *request, struct record *record)
{
	const char *defect = "no socket";
	int sock = evidence_socket();
	bool is_last = false;

	record->len = 0;
	record->messages = 0;
	if (sock >= 0 && !evidence_send(sock, family, request)) {
		do
			defect = record_datagram(sock, family, size, record, &is_last);
		while (!defect && !is_last);
	}
	close(sock);
	return defect;
}

/* 16 hexadecimal digits that begin as addresses of the kernel do, or the %p of one */
static bool has_address(const char *text)
{
	size_t digits = 0;

	for (; *text; text++) {
		digits = isxdigit(*text) ? digits + 1 : 0;
		if (digits >= 16 && (!strncasecmp(text - 15, "ffff", 4) ||
				     !strncmp(text - 15, "00000000", 8)))
			return true;
	}
	return false;
}

/* Each request is a dump, whether it is refused or not */
static const struct {
	__u32 mask;
	__u32 flags;
	int stray;
	bool is_refused;
} dumps[] = {
	{ EVIDENCE_ALL },
	{ EVIDENCE_ALL, DETAILS },
	{ EVIDENCE_ALL, DEVICE_EVIDENCE_FLAG_DIGEST },
	{ EVIDENCE_ALL, DETAILS | DEVICE_EVIDENCE_FLAG_DIGEST },
	{ 0, .is_refused = true },
	{ ~0U, .is_refused = true },
	{ EVIDENCE_ALL, ~0U, .is_refused = true },
	{ EVIDENCE_ALL, .stray = DEVICE_EVIDENCE_A_LENGTH, .is_refused = true },
	{ EVIDENCE_ALL, .stray = DEVICE_EVIDENCE_A_MAX + 1, .is_refused = true },
};

TEST_F(evidence, each_byte_of_a_dump_is_meant_and_comes_again)
{
	static const size_t sizes[] = { 4096, EVIDENCE_BUFFER };
	static struct record record, again;

	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
		self->request.mask = dumps[i].mask;
		self->request.flags = dumps[i].flags;
		self->request.stray = dumps[i].stray;
		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			const char *defect = record_dump(&self->family, sizes[j], &self->request,
							 &record);

			if (!defect)
				defect = record_dump(&self->family, sizes[j], &self->request,
						     &again);
			ASSERT_EQ(NULL, defect) {
				TH_LOG("dump %zu: %s", i, defect);
			}
			EXPECT_EQ(dumps[i].is_refused, record.messages == 1);
			ASSERT_EQ(record.len, again.len);
			EXPECT_EQ(0, memcmp(record.bytes, again.bytes, record.len)) {
				TH_LOG("dump %zu is not twice the same", i);
			}
		}
	}
}

TEST_F(evidence, each_byte_of_an_event_is_meant)
{
	static struct record record;
	struct pollfd poll_fd = { .fd = evidence_socket(), .events = POLLIN };
	struct evidence_reply *reply = &self->reply;
	__u32 generation;
	bool is_last;

	/* What somebody accepted before would be told, too */
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, reply));
	generation = reply->objects[0].generation;
	ASSERT_EQ(0, evidence_join_events(poll_fd.fd, &self->family));

	/* validated; revoked, refreshed; failed, for want of a chain; disconnected; connected */
	ASSERT_EQ(0, evidence_validate(self->sock, &self->family, "pci", self->device.name,
				       &generation, reply));
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, reply));
	self->request.slot = 7;
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, reply));
	EXPECT_NE(0, reply->error);
	EXPECT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	EXPECT_EQ(0, cma_tell(&self->device, "tsm/connect", self->tsm));

	while (poll(&poll_fd, 1, 100) == 1) {
		const char *defect = record_datagram(poll_fd.fd, &self->family, EVIDENCE_BUFFER,
						     &record, &is_last);

		ASSERT_EQ(NULL, defect) {
			TH_LOG("event %u: %s", record.messages, defect);
		}
	}
	EXPECT_EQ(6, record.messages);
	close(poll_fd.fd);
}

TEST_F(evidence, no_text_has_an_address)
{
	static const char * const attributes[] = {
		"authenticated", "uevent", "tsm/connect", "tsm/failure", "tsm/slot",
		"tsm/validated",
	};
	char lines[4096];
	int log = log_open();

	ASSERT_LE(0, log);
	ASSERT_TRUE(has_address("in 0xffff888003a1c000"));
	ASSERT_TRUE(has_address("in 00000000d5f6ec3a"));
	ASSERT_FALSE(has_address("0123456789abcdef0123"));

	/* What is logged about a device that is refused */
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	if (!host_open()) {
		EXPECT_EQ(0, host_ask("fault %d challenge:bad-signature", self->device.number));
		EXPECT_NE(0, cma_tell(&self->device, "tsm/connect", self->tsm));
		EXPECT_EQ(0, host_ask("fault %d", self->device.number));
		EXPECT_LT(0, log_read(log, &self->device, lines, sizeof(lines)));
		EXPECT_FALSE(has_address(lines)) {
			TH_LOG("%s", lines);
		}
	}
	EXPECT_EQ(0, cma_tell(&self->device, "tsm/connect", self->tsm));
	EXPECT_LE(0, log_read(log, &self->device, lines, sizeof(lines)));
	EXPECT_FALSE(has_address(lines)) {
		TH_LOG("%s", lines);
	}
	close(log);

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		cma_ask(&self->device, attributes[i], lines, sizeof(lines));
		EXPECT_FALSE(has_address(lines)) {
			TH_LOG("%s: %s", attributes[i], lines);
		}
	}
}

TEST_HARNESS_MAIN
