// SPDX-License-Identifier: GPL-2.0
/*
 * A reader of device evidence that hides nothing
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "evidence_client.h"
#include "genl_message.h"

int evidence_socket(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	const int on = 1;
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (sock < 0)
		return -errno;

	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on))) {
		int err = -errno;

		close(sock);
		return err;
	}
	return sock;
}

/* What an error message or the end of a dump says besides its number */
static void reply_ext_ack(struct evidence_reply *reply, struct nlattr *first, size_t len,
			  const struct genl_message *request)
{
	struct nlattr *attr;

	for_each_attribute(attr, first, len) {
		__u32 offset;

		switch (attr->nla_type & NLA_TYPE_MASK) {
		case NLMSGERR_ATTR_MSG:
			attribute_string(attr, reply->text, sizeof(reply->text));
			break;
		case NLMSGERR_ATTR_OFFS:
			offset = attribute_number(attr);
			if (request && offset <= request->header.nlmsg_len - NLA_HDRLEN)
				reply->attribute = ((struct nlattr *)((void *)request +
								      offset))->nla_type;
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			reply->missing = attribute_number(attr);
			break;
		}
	}
}

/* An error message, whose request is cut off to its header */
static void reply_error(struct evidence_reply *reply, struct nlmsghdr *header,
			const struct genl_message *request)
{
	struct nlmsgerr *error = NLMSG_DATA(header);

	reply->error = -error->error;
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		reply_ext_ack(reply, (void *)(error + 1),
			      header->nlmsg_len - NLMSG_LENGTH(sizeof(*error)), request);
}

static void reply_done(struct evidence_reply *reply, struct nlmsghdr *header)
{
	int *error = NLMSG_DATA(header);

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*error))) {
		reply->defect = "the end of the dump has no status";
		return;
	}
	reply->error = -*error;
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		reply_ext_ack(reply, (void *)(error + 1),
			      header->nlmsg_len - NLMSG_LENGTH(sizeof(*error)), NULL);
}

static void object_append(struct evidence_reply *reply, struct evidence_object *object,
			  const struct nlattr *attr, bool discard)
{
	size_t len = attribute_len(attr);

	if (object->received + len > object->length) {
		reply->defect = "more bytes than LENGTH says";
		return;
	}
	if (object->attributes & BIT64(DEVICE_EVIDENCE_A_OFFSET) &&
	    object->values[DEVICE_EVIDENCE_A_OFFSET] != object->received)
		reply->defect = "OFFSET does not continue the object";

	if (!discard) {
		if (!object->data)
			object->data = malloc(object->length + 1);
		if (!object->data)
			abort();
		memcpy(object->data + object->received, attribute_data(attr), len);
	}
	object->received += len;
}

/* The object that a message with TYPE begins */
static struct evidence_object *reply_begin_object(struct evidence_reply *reply, __u32 type)
{
	struct evidence_object *before = reply->last < 0 ? NULL : &reply->objects[reply->last];

	if (type >= EVIDENCE_TYPES) {
		reply->defect = "unknown TYPE";
		return NULL;
	}
	if ((int)type <= reply->last)
		reply->defect = "TYPEs are not in ascending order";
	if (before && before->received != before->length)
		reply->defect = "an object ends before LENGTH";

	reply->last = type;
	reply->objects[type].seen = true;
	return &reply->objects[type];
}

static void reply_message(struct evidence_reply *reply, struct nlmsghdr *header, bool discard)
{
	struct nlattr *first = NLMSG_DATA(header) + GENL_HDRLEN;
	size_t len = header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
	struct evidence_object *object = NULL;
	struct nlattr *attr;

	reply->messages++;
	if (reply->last >= 0)
		object = &reply->objects[reply->last];

	for_each_attribute(attr, first, len) {
		int type = attr->nla_type & NLA_TYPE_MASK;

		if (type == DEVICE_EVIDENCE_A_TYPE)
			object = reply_begin_object(reply, attribute_number(attr));
		if (!object) {
			reply->defect = "the first message has no TYPE at its begin";
			return;
		}
		if (type > DEVICE_EVIDENCE_A_MAX) {
			reply->defect = "unknown attribute";
			continue;
		}

		object->attributes |= BIT64(type);
		object->values[type] = attribute_number(attr);
		switch (type) {
		case DEVICE_EVIDENCE_A_LENGTH:
			object->length = attribute_number(attr);
			if (object->length > DEVICE_EVIDENCE_MAX_OBJECT_SIZE)
				reply->defect = "LENGTH is beyond its limit";
			break;
		case DEVICE_EVIDENCE_A_GENERATION:
			object->generation = attribute_number(attr);
			break;
		case DEVICE_EVIDENCE_A_HASH:
			attribute_string(attr, object->hash, sizeof(object->hash));
			break;
		case DEVICE_EVIDENCE_A_SIGNATURE_ALGORITHM:
			attribute_string(attr, object->signature, sizeof(object->signature));
			break;
		case DEVICE_EVIDENCE_A_VAL:
			object_append(reply, object, attr, discard);
			break;
		}
	}
}

static void read_message(struct genl_message *message, const struct evidence_family *family,
			 const struct evidence_request *request)
{
	message_begin(message, family->id, NLM_F_DUMP, DEVICE_EVIDENCE_CMD_READ,
		      DEVICE_EVIDENCE_FAMILY_VERSION);
	if (!(request->absent & BIT64(DEVICE_EVIDENCE_A_TYPE_MASK)))
		message_put(message, DEVICE_EVIDENCE_A_TYPE_MASK, &request->mask,
			    sizeof(request->mask));
	if (request->flags)
		message_put(message, DEVICE_EVIDENCE_A_FLAGS, &request->flags,
			    sizeof(request->flags));
	if (!(request->absent & BIT64(DEVICE_EVIDENCE_A_SUBSYS)))
		message_put(message, DEVICE_EVIDENCE_A_SUBSYS, request->subsys,
			    strlen(request->subsys) + 1);
	if (!(request->absent & BIT64(DEVICE_EVIDENCE_A_DEV_NAME)))
		message_put(message, DEVICE_EVIDENCE_A_DEV_NAME, request->device,
			    strlen(request->device) + 1);
	if (request->nonce)
		message_put(message, DEVICE_EVIDENCE_A_NONCE, request->nonce, request->nonce_len);
	if (request->slot >= 0)
		message_put(message, DEVICE_EVIDENCE_A_SLOT, &request->slot,
			    sizeof(request->slot));
	if (request->stray)
		message_put(message, request->stray, &request->mask, sizeof(request->mask));
}

int evidence_send(int sock, const struct evidence_family *family,
		  const struct evidence_request *request)
{
	struct genl_message message;

	read_message(&message, family, request);
	return message_send(sock, &message);
}

int evidence_receive(int sock, const struct evidence_family *family, size_t size,
		     const struct evidence_request *request, struct evidence_reply *reply)
{
	static union genl_buffer buffer;
	struct iovec iov = { &buffer, size < sizeof(buffer) ? size : sizeof(buffer) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct nlmsghdr *header = &buffer.header;
	struct genl_message sent;
	ssize_t len = recvmsg(sock, &msg, 0);

	if (len < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -ENOSPC;
	if ((size_t)len > reply->largest)
		reply->largest = len;

	for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		switch (header->nlmsg_type) {
		case NLMSG_ERROR:
			read_message(&sent, family, request);
			reply_error(reply, header, &sent);
			return 0;
		case NLMSG_DONE:
			reply_done(reply, header);
			return 0;
		default:
			if (header->nlmsg_type == family->id)
				reply_message(reply, header, request->discard);
			else
				reply->defect = "a message of another family";
		}
	}
	return 1;
}

int evidence_read(int sock, const struct evidence_family *family, size_t size,
		  const struct evidence_request *request, struct evidence_reply *reply)
{
	int more;

	memset(reply, 0, sizeof(*reply));
	reply->last = -1;
	more = evidence_send(sock, family, request);
	if (more)
		return more;

	do
		more = evidence_receive(sock, family, size, request, reply);
	while (more > 0);
	return more;
}

int evidence_receive_ack(int sock, const struct genl_message *request,
			 struct evidence_reply *reply,
			 void (*on_message)(struct nlmsghdr *header, void *priv), void *priv)
{
	static union genl_buffer buffer;

	for (;;) {
		struct nlmsghdr *header = &buffer.header;
		ssize_t len = recv(sock, &buffer, sizeof(buffer), 0);

		if (len < 0)
			return -errno;

		for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
			if (header->nlmsg_type == NLMSG_ERROR) {
				reply_error(reply, header, request);
				return 0;
			}
			if (on_message)
				on_message(header, priv);
		}
	}
}

int evidence_validate(int sock, const struct evidence_family *family, const char *subsys,
		      const char *device, const __u32 *generation, struct evidence_reply *reply)
{
	struct genl_message message;
	int err;

	memset(reply, 0, sizeof(*reply));
	message_begin(&message, family->id, NLM_F_ACK, DEVICE_EVIDENCE_CMD_VALIDATE,
		      DEVICE_EVIDENCE_FAMILY_VERSION);
	if (subsys)
		message_put(&message, DEVICE_EVIDENCE_A_SUBSYS, subsys, strlen(subsys) + 1);
	if (device)
		message_put(&message, DEVICE_EVIDENCE_A_DEV_NAME, device, strlen(device) + 1);
	if (generation)
		message_put(&message, DEVICE_EVIDENCE_A_GENERATION, generation,
			    sizeof(*generation));

	err = message_send(sock, &message);
	return err ? err : evidence_receive_ack(sock, &message, reply, NULL, NULL);
}

void evidence_reply_free(struct evidence_reply *reply)
{
	for (size_t i = 0; i < EVIDENCE_TYPES; i++)
		free(reply->objects[i].data);
	memset(reply, 0, sizeof(*reply));
	reply->last = -1;
}
