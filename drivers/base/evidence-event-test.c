// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for events of device evidence
 *
 * The test joins the groups as any listener does, by sockets of its own.
 */
#include <kunit/test.h>
#include <linux/device/evidence.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "evidence-test.h"

/**
 * struct listener - who is told by netlink and by uevents
 * @events: Has joined the group of the family.
 * @uevents: Is where udev is.
 * @attrs: Of the last event; NULL those that it does not have.
 * @event: The last event.
 * @uevent: The last uevent, of which each variable is a string.
 * @uevent_len: Bytes of @uevent.
 */
struct listener {
	struct socket *events;
	struct socket *uevents;
	struct nlattr *attrs[DEVICE_EVIDENCE_A_MAX + 1];
	char event[512];
	char uevent[UEVENT_BUFFER_SIZE + 512];
	int uevent_len;
};

static struct socket *listen(struct kunit *test, int protocol, u32 group)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct socket *socket;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, PF_NETLINK, SOCK_RAW, protocol,
					       &socket), 0);
	KUNIT_ASSERT_EQ(test, kernel_bind(socket, (void *)&address, sizeof(address)), 0);
	KUNIT_ASSERT_EQ(test, socket->ops->setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
						      KERNEL_SOCKPTR(&group), sizeof(group)), 0);
	return socket;
}

static int receive(struct socket *socket, void *buf, size_t size)
{
	struct kvec vec = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {};

	return kernel_recvmsg(socket, &msg, &vec, 1, size, MSG_DONTWAIT);
}

static struct listener *listener_create(struct kunit *test)
{
	struct listener *listener = kunit_kzalloc(test, sizeof(*listener), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, listener);
	listener->events = listen(test, NETLINK_GENERIC, device_evidence_nl_family.mcgrp_offset +
				  DEVICE_EVIDENCE_NLGRP_EVENTS);
	listener->uevents = listen(test, NETLINK_KOBJECT_UEVENT, 1);
	return listener;
}

static void listener_destroy(struct listener *listener)
{
	sock_release(listener->events);
	sock_release(listener->uevents);
}

/* Take the next event of the fixture's device. Returns 0 if there is none. */
static u32 next_event(struct kunit *test, struct listener *listener)
{
	struct fixture *fixture = test->priv;
	const struct nlmsghdr *nlh = (void *)listener->event;
	struct nlattr **attrs = listener->attrs;
	int len;

	while ((len = receive(listener->events, listener->event, sizeof(listener->event))) > 0) {
		KUNIT_ASSERT_TRUE(test, nlmsg_ok(nlh, len));
		KUNIT_ASSERT_EQ(test, nlmsg_parse(nlh, GENL_HDRLEN, attrs, DEVICE_EVIDENCE_A_MAX,
						  NULL, NULL), 0);
		KUNIT_ASSERT_NOT_NULL(test, attrs[DEVICE_EVIDENCE_A_DEV_NAME]);
		KUNIT_ASSERT_NOT_NULL(test, attrs[DEVICE_EVIDENCE_A_EVENT]);
		if (!nla_strcmp(attrs[DEVICE_EVIDENCE_A_DEV_NAME], dev_name(fixture->dev)))
			return nla_get_u32(attrs[DEVICE_EVIDENCE_A_EVENT]);
	}
	KUNIT_EXPECT_EQ(test, len, -EAGAIN);
	memset(attrs, 0, sizeof(listener->attrs));
	return 0;
}

/* What the last uevent says of @name, or "" */
static const char *uevent_var(const struct listener *listener, const char *name)
{
	size_t len = strlen(name);

	for (const char *var = listener->uevent; var < listener->uevent + listener->uevent_len;
	     var += strlen(var) + 1)
		if (!strncmp(var, name, len) && var[len] == '=')
			return var + len + 1;
	return "";
}

/* Take the next uevent about evidence of the fixture's device; false if there is none */
static bool next_uevent(struct kunit *test, struct listener *listener)
{
	struct fixture *fixture = test->priv;
	int len;

	while ((len = receive(listener->uevents, listener->uevent,
			      sizeof(listener->uevent) - 1)) > 0) {
		listener->uevent[len] = '\0';
		listener->uevent_len = len;
		if (strends(uevent_var(listener, "DEVPATH"), dev_name(fixture->dev)) &&
		    *uevent_var(listener, "EVIDENCE"))
			return true;
	}
	KUNIT_EXPECT_EQ(test, len, -EAGAIN);
	listener->uevent_len = 0;
	return false;
}

static void expect_uevent(struct kunit *test, struct listener *listener, const char *event,
			  u32 generation, const char *reason)
{
	char number[12] = "";

	if (generation)
		snprintf(number, sizeof(number), "%u", generation);
	KUNIT_EXPECT_TRUE(test, next_uevent(test, listener));
	KUNIT_EXPECT_STREQ(test, uevent_var(listener, "ACTION"), "change");
	KUNIT_EXPECT_STREQ(test, uevent_var(listener, "EVIDENCE"), event);
	KUNIT_EXPECT_STREQ(test, uevent_var(listener, "EVIDENCE_GENERATION"), number);
	KUNIT_EXPECT_STREQ(test, uevent_var(listener, "EVIDENCE_REASON"), reason);
}

static void expect_event(struct kunit *test, struct listener *listener, u32 event, u32 generation)
{
	struct fixture *fixture = test->priv;
	struct nlattr **attrs = listener->attrs;

	KUNIT_ASSERT_EQ(test, next_event(test, listener), event);
	KUNIT_ASSERT_NOT_NULL(test, attrs[DEVICE_EVIDENCE_A_SUBSYS]);
	KUNIT_EXPECT_STREQ(test, nla_data(attrs[DEVICE_EVIDENCE_A_SUBSYS]),
			   fixture->dev->bus->name);
	if (generation)
		expect_u32(test, attrs[DEVICE_EVIDENCE_A_GENERATION], generation);
	else
		KUNIT_EXPECT_NULL(test, attrs[DEVICE_EVIDENCE_A_GENERATION]);
	if (event == DEVICE_EVIDENCE_EVENT_FAILED)
		return;
	KUNIT_EXPECT_NULL(test, attrs[DEVICE_EVIDENCE_A_REASON]);
	KUNIT_EXPECT_NULL(test, attrs[DEVICE_EVIDENCE_A_SPDM_ERROR_CODE]);
}

static void expect_silence(struct kunit *test, struct listener *listener)
{
	KUNIT_EXPECT_EQ(test, next_event(test, listener), 0);
	KUNIT_EXPECT_FALSE(test, next_uevent(test, listener));
}

static void every_change_is_told_once_and_in_order(struct kunit *test)
{
	struct listener *listener = listener_create(test);
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;
	u32 first, second;

	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10));
	first = device_evidence_generation(fixture->evidence);
	ask_to_validate(test, reader, first);
	KUNIT_EXPECT_EQ(test, reader_validate(reader), 0);
	/* No news */
	ask_to_validate(test, reader, first);
	KUNIT_EXPECT_EQ(test, reader_validate(reader), 0);
	reader_ask(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), 0);

	fixture->next = set_with(test, CERT0, 20);
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), 0);
	second = device_evidence_generation(fixture->evidence);
	fixture_unregister(test);

	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_CONNECTED, first);
	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_VALIDATED, first);
	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_REVOKED, first);
	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_REFRESHED, second);
	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_DISCONNECTED, second);

	expect_uevent(test, listener, "connected", first, "");
	expect_uevent(test, listener, "validated", first, "");
	expect_uevent(test, listener, "revoked", first, "");
	expect_uevent(test, listener, "refreshed", second, "");
	expect_uevent(test, listener, "disconnected", second, "");

	expect_silence(test, listener);
	reader_destroy(reader);
	listener_destroy(listener);
}

static void failed_refresh_is_told_with_what_stays(struct kunit *test)
{
	struct listener *listener = listener_create(test);
	struct reader *reader = reader_create(test);
	struct fixture *fixture = test->priv;
	struct nlattr **attrs = listener->attrs;
	u32 generation;

	fixture_register(test, &fixture_ops, set_with(test, CERT0, 10));
	generation = device_evidence_generation(fixture->evidence);
	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_CONNECTED, generation);
	expect_uevent(test, listener, "connected", generation, "");

	fixture->next = ERR_PTR(-EKEYREJECTED);
	fixture->failure.reason = DEVICE_EVIDENCE_REASON_SIGNATURE;
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), -EKEYREJECTED);

	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_FAILED, generation);
	expect_u32(test, attrs[DEVICE_EVIDENCE_A_REASON], DEVICE_EVIDENCE_REASON_SIGNATURE);
	KUNIT_EXPECT_NULL(test, attrs[DEVICE_EVIDENCE_A_SPDM_ERROR_CODE]);
	expect_uevent(test, listener, "failed", generation, "signature");

	fixture->next = ERR_PTR(-EREMOTEIO);
	fixture->failure.reason = DEVICE_EVIDENCE_REASON_REFUSED;
	fixture->failure.spdm_error_code = 0x04;
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), -EREMOTEIO);

	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_FAILED, generation);
	expect_u32(test, attrs[DEVICE_EVIDENCE_A_REASON], DEVICE_EVIDENCE_REASON_REFUSED);
	expect_u32(test, attrs[DEVICE_EVIDENCE_A_SPDM_ERROR_CODE], 0x04);
	expect_uevent(test, listener, "failed", generation, "refused");

	/* The old set is there to be read */
	reader_ask(test, reader, BIT(CERT0), 0);
	KUNIT_ASSERT_EQ(test, reader_start(reader), 0);
	KUNIT_EXPECT_EQ(test, reader_rest(test, reader, FIRST_BUFFER), 0);
	KUNIT_EXPECT_EQ(test, reader->generation, generation);
	KUNIT_EXPECT_EQ(test, reader->done, 10);

	expect_silence(test, listener);
	reader_destroy(reader);
	listener_destroy(listener);
}

static void failed_connect_is_told_without_generation(struct kunit *test)
{
	static const struct device_evidence_failure failure = {
		.reason = DEVICE_EVIDENCE_REASON_BUSY,
		.spdm_error_code = 0x03,
	};
	struct listener *listener = listener_create(test);
	struct fixture *fixture = test->priv;

	device_evidence_failed(fixture->dev, &failure);

	expect_event(test, listener, DEVICE_EVIDENCE_EVENT_FAILED, 0);
	expect_u32(test, listener->attrs[DEVICE_EVIDENCE_A_REASON], DEVICE_EVIDENCE_REASON_BUSY);
	expect_u32(test, listener->attrs[DEVICE_EVIDENCE_A_SPDM_ERROR_CODE], 0x03);
	expect_uevent(test, listener, "failed", 0, "busy");
	expect_silence(test, listener);
	listener_destroy(listener);
}

static void refused_request_is_no_event(struct kunit *test)
{
	struct reader *reader = reader_create(test);
	struct listener *listener;

	fixture_register(test, &no_ops, set_with(test, CERT0, 10));
	listener = listener_create(test);

	/* Nobody asked the device, so it did not fail */
	ask_with_nonce(test, reader, BIT(CERT0), 0);
	KUNIT_EXPECT_EQ(test, reader_start(reader), -EOPNOTSUPP);
	ask_to_validate(test, reader, 0);
	KUNIT_EXPECT_EQ(test, reader_validate(reader), -ESTALE);
	expect_silence(test, listener);
	reader_destroy(reader);
	listener_destroy(listener);
}

static void every_reason_has_a_word_of_its_own(struct kunit *test)
{
	const u32 last = DEVICE_EVIDENCE_REASON_RESOURCES;

	for (u32 a = DEVICE_EVIDENCE_REASON_MALFORMED; a <= last; a++) {
		KUNIT_ASSERT_NOT_NULL(test, device_evidence_reason_name(a));
		for (u32 b = DEVICE_EVIDENCE_REASON_MALFORMED; b < a; b++)
			KUNIT_EXPECT_STRNEQ(test, device_evidence_reason_name(a),
					    device_evidence_reason_name(b));
	}
	KUNIT_EXPECT_NULL(test, device_evidence_reason_name(0));
	KUNIT_EXPECT_NULL(test, device_evidence_reason_name(last + 1));
	KUNIT_EXPECT_NULL(test, device_evidence_reason_name(U32_MAX));
}

static struct kunit_case evidence_event_cases[] = {
	KUNIT_CASE(every_change_is_told_once_and_in_order),
	KUNIT_CASE(failed_refresh_is_told_with_what_stays),
	KUNIT_CASE(failed_connect_is_told_without_generation),
	KUNIT_CASE(refused_request_is_no_event),
	KUNIT_CASE(every_reason_has_a_word_of_its_own),
	{}
};

static struct kunit_suite evidence_event_suite = {
	.name = "device-evidence-events",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = evidence_event_cases,
};

kunit_test_suite(evidence_event_suite);

MODULE_DESCRIPTION("KUnit tests for events of device evidence");
MODULE_LICENSE("GPL");
