// SPDX-License-Identifier: GPL-2.0
/*
 * What generic netlink tells about the family "device-evidence", and its events
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "evidence_client.h"
#include "genl_message.h"

/* Of the nested list of multicast groups, the number of the one named "events" */
static __u32 find_events(struct nlattr *groups)
{
	struct nlattr *group;

	for_each_attribute(group, attribute_data(groups), attribute_len(groups)) {
		struct nlattr *attr;
		char name[GENL_NAMSIZ] = "";
		__u32 id = 0;

		for_each_attribute(attr, attribute_data(group),
				   attribute_len(group)) {
			if ((attr->nla_type & NLA_TYPE_MASK) == CTRL_ATTR_MCAST_GRP_NAME)
				attribute_string(attr, name, sizeof(name));
			if ((attr->nla_type & NLA_TYPE_MASK) == CTRL_ATTR_MCAST_GRP_ID)
				id = attribute_number(attr);
		}
		if (!strcmp(name, DEVICE_EVIDENCE_MCGRP_EVENTS))
			return id;
	}
	return 0;
}

static void note_family(struct nlmsghdr *header, void *priv)
{
	struct evidence_family *family = priv;
	struct nlattr *attr;

	for_each_attribute(attr, NLMSG_DATA(header) + GENL_HDRLEN,
			   header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)) {
		switch (attr->nla_type & NLA_TYPE_MASK) {
		case CTRL_ATTR_FAMILY_ID:
			memcpy(&family->id, attribute_data(attr), sizeof(family->id));
			break;
		case CTRL_ATTR_VERSION:
			family->version = attribute_number(attr);
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			family->events = find_events(attr);
			break;
		}
	}
}

int evidence_find_family(int sock, struct evidence_family *family)
{
	const char name[] = DEVICE_EVIDENCE_FAMILY_NAME;
	struct evidence_reply reply = {};
	struct genl_message message;
	int err;

	memset(family, 0, sizeof(*family));
	message_begin(&message, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY, 2);
	message_put(&message, CTRL_ATTR_FAMILY_NAME, name, sizeof(name));
	err = message_send(sock, &message);
	if (!err)
		err = evidence_receive_ack(sock, &message, &reply, note_family, family);
	return err ? err : -reply.error;
}

int evidence_join_events(int sock, const struct evidence_family *family)
{
	if (setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &family->events,
		       sizeof(family->events)))
		return -errno;
	return 0;
}

int evidence_next_event(int sock, const struct evidence_family *family, int timeout_ms,
			struct evidence_event *event)
{
	static union genl_buffer buffer;
	struct nlmsghdr *header = &buffer.header;
	struct pollfd poll_fd = { .fd = sock, .events = POLLIN };
	struct genlmsghdr *genl = NLMSG_DATA(header);
	struct nlattr *attr;
	ssize_t len;

	memset(event, 0, sizeof(*event));
	if (poll(&poll_fd, 1, timeout_ms) != 1)
		return -ETIMEDOUT;
	len = recv(sock, &buffer, sizeof(buffer), 0);
	if (len < 0)
		return -errno;
	if (!NLMSG_OK(header, len) || header->nlmsg_type != family->id ||
	    genl->cmd != DEVICE_EVIDENCE_CMD_NOTIFY)
		return -EBADMSG;

	for_each_attribute(attr, (void *)genl + GENL_HDRLEN,
			   header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)) {
		int type = attr->nla_type & NLA_TYPE_MASK;

		event->attributes |= BIT64(type);
		switch (type) {
		case DEVICE_EVIDENCE_A_EVENT:
			event->event = attribute_number(attr);
			break;
		case DEVICE_EVIDENCE_A_REASON:
			event->reason = attribute_number(attr);
			break;
		case DEVICE_EVIDENCE_A_SPDM_ERROR_CODE:
			event->error_code = attribute_number(attr);
			break;
		case DEVICE_EVIDENCE_A_GENERATION:
			event->generation = attribute_number(attr);
			break;
		case DEVICE_EVIDENCE_A_DEV_NAME:
			attribute_string(attr, event->device, sizeof(event->device));
			break;
		case DEVICE_EVIDENCE_A_SUBSYS:
			attribute_string(attr, event->subsys, sizeof(event->subsys));
			break;
		}
	}
	return 0;
}
