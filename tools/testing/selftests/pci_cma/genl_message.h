/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of generic netlink: making them, and going through their attributes
 */
#ifndef GENL_MESSAGE_H
#define GENL_MESSAGE_H

#include <stddef.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "evidence_client.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

#define BIT64(n)	(1ULL << (n))

/* Where messages are received */
union genl_buffer {
	struct nlmsghdr header;
	unsigned char bytes[EVIDENCE_BUFFER];
};

/* A message in the making. All requests of this family are short. */
struct genl_message {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	unsigned char attributes[512];
};

void message_begin(struct genl_message *message, __u16 type, __u16 flags, __u8 command,
		   __u8 version);
void message_put(struct genl_message *message, __u16 type, const void *data, size_t len);
/* 0 or a negative errno */
int message_send(int sock, const struct genl_message *message);
/* Receives the answer to a request that is no dump, and what comes before it */
int evidence_receive_ack(int sock, const struct genl_message *request,
			 struct evidence_reply *reply,
			 void (*on_message)(struct nlmsghdr *header, void *priv), void *priv);

/* Attributes that were not looked at yet */
struct attributes {
	struct nlattr *next;
	size_t len;
};

/* The next one, or NULL at the end, or where a length leads beyond it */
struct nlattr *next_attribute(struct attributes *attributes);

#define for_each_attribute(attr, first, len)					\
	for (struct attributes attributes = { (void *)(first), len };		\
	     (attr = next_attribute(&attributes));)

size_t attribute_len(const struct nlattr *attr);
const void *attribute_data(const struct nlattr *attr);
__u64 attribute_number(const struct nlattr *attr);
void attribute_string(const struct nlattr *attr, char *text, size_t size);

#endif /* GENL_MESSAGE_H */
