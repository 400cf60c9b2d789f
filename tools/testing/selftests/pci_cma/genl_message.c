// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of generic netlink: making them, and going through their attributes
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "genl_message.h"

void message_begin(struct genl_message *message, __u16 type, __u16 flags, __u8 command,
		   __u8 version)
{
	static __u32 sequence;

	memset(message, 0, sizeof(*message));
	message->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	message->header.nlmsg_type = type;
	message->header.nlmsg_flags = NLM_F_REQUEST | flags;
	message->header.nlmsg_seq = ++sequence;
	message->genl.cmd = command;
	message->genl.version = version;
}

void message_put(struct genl_message *message, __u16 type, const void *data, size_t len)
{
	struct nlattr *attr = (void *)message + message->header.nlmsg_len;
	size_t padded = NLA_HDRLEN + NLA_ALIGN(len);

	if (message->header.nlmsg_len + padded > sizeof(*message))
		abort();

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy((void *)attr + NLA_HDRLEN, data, len);
	message->header.nlmsg_len += padded;
}

int message_send(int sock, const struct genl_message *message)
{
	if (send(sock, message, message->header.nlmsg_len, 0) < 0)
		return -errno;
	return 0;
}

struct nlattr *next_attribute(struct attributes *attributes)
{
	struct nlattr *attr = attributes->next;
	size_t step;

	if (attributes->len < NLA_HDRLEN || attr->nla_len < NLA_HDRLEN ||
	    attr->nla_len > attributes->len)
		return NULL;

	step = NLA_ALIGN(attr->nla_len);
	if (step > attributes->len)
		step = attributes->len;
	attributes->next = (void *)attr + step;
	attributes->len -= step;
	return attr;
}

size_t attribute_len(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

const void *attribute_data(const struct nlattr *attr)
{
	return (const void *)attr + NLA_HDRLEN;
}

__u64 attribute_number(const struct nlattr *attr)
{
	__u64 large = 0;
	__u32 small = 0;

	if (attribute_len(attr) == sizeof(large)) {
		memcpy(&large, attribute_data(attr), sizeof(large));
		return large;
	}
	if (attribute_len(attr) == sizeof(small))
		memcpy(&small, attribute_data(attr), sizeof(small));
	return small;
}

void attribute_string(const struct nlattr *attr, char *text, size_t size)
{
	size_t len = strnlen(attribute_data(attr), attribute_len(attr));

	if (len >= size)
		len = size - 1;
	memcpy(text, attribute_data(attr), len);
	text[len] = '\0';
}
