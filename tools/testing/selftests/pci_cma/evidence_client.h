/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader of device evidence that hides nothing: requests may be wrong in any
 * way, buffers may be small, and what comes back is kept attribute by attribute.
 */
#ifndef EVIDENCE_CLIENT_H
#define EVIDENCE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <linux/device-evidence.h>

#define EVIDENCE_TYPES		(DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE + 1)

/* Bits of all types there are */
#define EVIDENCE_ALL		(0x7ffU | 1U << DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE)

/* A buffer that any message of the family fits in */
#define EVIDENCE_BUFFER		65536

/**
 * struct evidence_family - what generic netlink tells about the family
 * @id: Its message type.
 * @version: Its version.
 * @events: Number of the multicast group "events".
 */
struct evidence_family {
	__u16 id;
	__u32 version;
	__u32 events;
};

/**
 * struct evidence_request - what to ask
 * @absent: Bit n to leave out attribute n of those that a READ must have.
 * @mask: Bits of the types asked for.
 * @flags: Bits of &enum device_evidence_flag; the attribute is left out if 0.
 * @subsys: Name of the bus.
 * @device: Name of the device.
 * @nonce: NULL to ask for no new evidence.
 * @nonce_len: Bytes of @nonce.
 * @slot: Attribute SLOT, left out if negative.
 * @stray: An attribute of this type and four bytes is added, unless 0.
 * @discard: Count the bytes of the objects, but do not keep them.
 */
struct evidence_request {
	__u64 absent;
	__u32 mask;
	__u32 flags;
	const char *subsys;
	const char *device;
	const void *nonce;
	size_t nonce_len;
	int slot;
	int stray;
	bool discard;
};

/**
 * struct evidence_object - one object as it came
 * @seen: There was a message that began it.
 * @length: Attribute LENGTH.
 * @generation: Attribute GENERATION.
 * @data: The VALs, joined; NULL if they were to be discarded.
 * @received: Bytes of the VALs.
 * @attributes: Bit n if attribute n came in one of its messages.
 * @values: The last value of each attribute that is a number.
 * @hash: Attribute HASH.
 * @signature: Attribute SIGNATURE_ALGORITHM.
 */
struct evidence_object {
	bool seen;
	__u32 length;
	__u32 generation;
	unsigned char *data;
	size_t received;
	__u64 attributes;
	__u64 values[DEVICE_EVIDENCE_A_MAX + 1];
	char hash[32];
	char signature[32];
};

/**
 * struct evidence_reply - what came back
 * @error: Errno that ended it, or 0.
 * @text: What the kernel said about @error.
 * @attribute: Type of the attribute that the kernel blames, or 0.
 * @missing: Type of the attribute that the kernel misses, or 0.
 * @defect: What is wrong with the form of the reply, or NULL.
 * @last: Type of the object of the last message, or -1.
 * @messages: Messages with a part of an object.
 * @largest: Bytes of the largest datagram.
 * @objects: Indexed by &enum device_evidence_object_type.
 */
struct evidence_reply {
	int error;
	char text[128];
	int attribute;
	int missing;
	const char *defect;
	int last;
	unsigned int messages;
	size_t largest;
	struct evidence_object objects[EVIDENCE_TYPES];
};

/**
 * struct evidence_event - a message of the group "events"
 * @event: What happened.
 * @generation: Of which evidence.
 * @attributes: Bit n if attribute n came.
 * @reason: Why, of a failure.
 * @error_code: What the device said, of a failure.
 * @device: To which device.
 * @subsys: On which bus.
 */
struct evidence_event {
	__u32 event;
	__u32 generation;
	__u64 attributes;
	__u32 reason;
	__u32 error_code;
	char device[DEVICE_EVIDENCE_MAX_NAME_SIZE + 1];
	char subsys[DEVICE_EVIDENCE_MAX_NAME_SIZE + 1];
};

/* All of these return 0 or a negative errno, unless stated otherwise */

/* A socket of generic netlink that gets extended ACKs, or a negative errno */
int evidence_socket(void);
int evidence_find_family(int sock, struct evidence_family *family);
int evidence_join_events(int sock, const struct evidence_family *family);

/* The two halves of evidence_read() */
int evidence_send(int sock, const struct evidence_family *family,
		  const struct evidence_request *request);
/* Receives one datagram of at most @size bytes: 1 if there are more to come, 0 if not */
int evidence_receive(int sock, const struct evidence_family *family, size_t size,
		     const struct evidence_request *request, struct evidence_reply *reply);

/* Reads all, in datagrams of at most @size bytes; how it ended is in @reply->error */
int evidence_read(int sock, const struct evidence_family *family, size_t size,
		  const struct evidence_request *request, struct evidence_reply *reply);

/* The same on a socket of its own, in large datagrams */
int evidence_read_all(const struct evidence_family *family, const struct evidence_request *request,
		      struct evidence_reply *reply);
/* The same after the device has signed a nonce that is made of the number of the process */
int evidence_refresh(const struct evidence_family *family, const struct evidence_request *request,
		     struct evidence_reply *reply);
/* A nonce of DEVICE_EVIDENCE_MAX_NONCE_SIZE bytes, another for each @seed */
void evidence_nonce(unsigned char *nonce, unsigned char seed);

/* VALIDATE; only error, text, attribute and missing of @reply are set */
int evidence_validate(int sock, const struct evidence_family *family, const char *subsys,
		      const char *device, const __u32 *generation, struct evidence_reply *reply);

/* Waits at most @timeout_ms; -ETIMEDOUT if there is no event */
int evidence_next_event(int sock, const struct evidence_family *family, int timeout_ms,
			struct evidence_event *event);

/* The first slot whose chain is in the reply, or -1 */
int evidence_slot(const struct evidence_reply *reply);
/*
 * The digest of @len bytes in hexadecimal according to user space; @hash is named as
 * the kernel does. False if there is no such tool.
 */
bool evidence_digest(const char *hash, const void *data, size_t len, char *hex, size_t size);
/* Whether both brought the same objects, of the same generation */
bool evidence_is_same(const struct evidence_reply *one, const struct evidence_reply *other);
void evidence_reply_free(struct evidence_reply *reply);

#endif /* EVIDENCE_CLIENT_H */
