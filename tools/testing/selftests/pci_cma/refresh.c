// SPDX-License-Identifier: GPL-2.0
/*
 * New evidence: what a device signs when it is asked to, and what becomes of
 * those who read meanwhile
 */
#define _GNU_SOURCE
#include <time.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "evidence_fixture.h"

static size_t total(const struct evidence_reply *reply)
{
	size_t sum = 0;

	for (int i = 0; i < EVIDENCE_TYPES; i++)
		sum += reply->objects[i].received;
	return sum;
}

/*
 * New evidence
 */

TEST_F(evidence, a_nonce_makes_the_device_sign_it)
{
	unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_object *challenge, *before;
	struct evidence_reply old;

	self->request.flags = DETAILS;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &old));

	evidence_nonce(nonce, 0x5a);
	self->request.nonce = nonce;
	self->request.nonce_len = sizeof(nonce);
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	ASSERT_EQ(0, self->reply.error);
	ASSERT_EQ(NULL, self->reply.defect);

	before = &old.objects[DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE];
	challenge = &self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE];
	EXPECT_LT(before->generation, challenge->generation);
	EXPECT_EQ(before->values[DEVICE_EVIDENCE_A_COUNT] + 1,
		  challenge->values[DEVICE_EVIDENCE_A_COUNT]);
	ASSERT_LE(challenge->values[DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET] + sizeof(nonce),
		  challenge->length);
	EXPECT_EQ(0, memcmp(nonce, challenge->data +
			    challenge->values[DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET],
			    sizeof(nonce)));

	/* The device did its part: another nonce of its own, the same chain */
	EXPECT_NE(0, memcmp(before->data + before->values[DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET],
			    challenge->data +
			    challenge->values[DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET],
			    sizeof(nonce)));
	EXPECT_EQ(evidence_slot(&old), evidence_slot(&self->reply));
	evidence_reply_free(&old);

	/* And now it is what everybody gets */
	self->request.nonce = NULL;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &old));
	EXPECT_TRUE(evidence_is_same(&old, &self->reply));
	evidence_reply_free(&old);
}

TEST_F(evidence, the_slot_can_be_chosen)
{
	unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_reply other;
	int slot;

	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	slot = evidence_slot(&self->reply);

	evidence_nonce(nonce, 0x11);
	self->request.nonce = nonce;
	self->request.nonce_len = sizeof(nonce);
	self->request.slot = slot;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &other));
	EXPECT_EQ(0, other.error);
	EXPECT_EQ(slot, evidence_slot(&other));
	EXPECT_NE(self->reply.objects[slot].generation, other.objects[slot].generation);
	evidence_reply_free(&self->reply);

	/* Slot 7 of this device is empty: all that was collected stays */
	self->request.slot = 7;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	EXPECT_EQ(EOPNOTSUPP, self->reply.error);
	EXPECT_STREQ(REFUSAL, self->reply.text);
	self->request.slot = -1;
	self->request.nonce = NULL;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	EXPECT_TRUE(evidence_is_same(&other, &self->reply));
	evidence_reply_free(&other);
}

/*
 * What the device knows
 */

static const char *const names[EVIDENCE_TYPES] = {
	"cert0", "cert1", "cert2", "cert3", "cert4", "cert5", "cert6", "cert7", "vca",
	"measurements", [DEVICE_EVIDENCE_OBJECT_TYPE_CHALLENGE] = "challenge",
};

/* Each object of @reply is what the device sent and signed, according to its responder */
static void expect_truth(struct __test_metadata *_metadata, struct _test_data_evidence *self,
			 const struct evidence_reply *reply)
{
	int compared = 0;

	for (int type = 0; type < EVIDENCE_TYPES; type++) {
		const struct evidence_object *object = &reply->objects[type];
		char truth[128], digest[128];

		if (!object->length)
			continue;
		ASSERT_EQ(0, host_query(truth, sizeof(truth), "truth %d %s", self->device.number,
					names[type]));
		ASSERT_TRUE(evidence_digest("sha256", object->data, object->received, digest,
					    sizeof(digest)));
		EXPECT_STREQ(truth, digest) {
			TH_LOG("%s is not what the device knows", names[type]);
		}
		compared++;
	}
	/* A chain, VCA, the transcripts of CHALLENGE and of GET_MEASUREMENTS */
	EXPECT_EQ(4, compared);
}

static int requests_so_far(const struct _test_data_evidence *self)
{
	char answer[32];

	if (host_query(answer, sizeof(answer), "requests %d", self->device.number))
		return -1;
	return atoi(answer);
}

TEST_F(evidence, each_object_is_what_the_device_sent)
{
	if (self->device.number < 0 || host_open())
		SKIP(return, "needs the host's help");

	ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/connect", self->tsm));
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	ASSERT_EQ(0, self->reply.error);
	expect_truth(_metadata, self, &self->reply);
	evidence_reply_free(&self->reply);

	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	ASSERT_EQ(0, self->reply.error);
	expect_truth(_metadata, self, &self->reply);
}

/* CHALLENGE and GET_MEASUREMENTS: all else is known */
TEST_F(evidence, a_refresh_takes_two_exchanges)
{
	int before;

	if (self->device.number < 0 || host_open())
		SKIP(return, "needs the host's help");

	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	for (int i = 0; i < 3; i++) {
		evidence_reply_free(&self->reply);
		before = requests_so_far(self);
		ASSERT_LT(0, before);
		ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
		ASSERT_EQ(0, self->reply.error);
		EXPECT_EQ(before + 2, requests_so_far(self));
	}
}

/* A device may lose its state, and then all is negotiated anew */
TEST_F(evidence, a_device_that_has_forgotten_is_asked_from_the_beginning)
{
	int before;

	if (self->device.number < 0 || host_open())
		SKIP(return, "needs the host's help");

	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	evidence_reply_free(&self->reply);
	/* The responder forgets when it is told of such a fault */
	ASSERT_EQ(0, host_ask("fault %d digests:slow=1", self->device.number));
	before = requests_so_far(self);
	ASSERT_EQ(0, evidence_refresh(&self->family, &self->request, &self->reply));
	EXPECT_EQ(0, self->reply.error);
	/* A CHALLENGE in vain, and then as for connect */
	EXPECT_EQ(before + 1 + 7, requests_so_far(self));
	expect_truth(_metadata, self, &self->reply);
	ASSERT_EQ(0, host_ask("fault %d", self->device.number));
}

TEST_F(evidence, measurements_are_a_transcript_that_is_signed)
{
	unsigned char nonce[DEVICE_EVIDENCE_MAX_NONCE_SIZE];
	struct evidence_object *measurements, *vca;
	size_t nonce_offset, message;

	evidence_nonce(nonce, 0x77);
	self->request.nonce = nonce;
	self->request.nonce_len = sizeof(nonce);
	self->request.flags = DETAILS;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	ASSERT_EQ(0, self->reply.error);

	vca = &self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_VCA];
	measurements = &self->reply.objects[DEVICE_EVIDENCE_OBJECT_TYPE_MEASUREMENTS];
	ASSERT_LT(0, measurements->length);
	EXPECT_EQ(measurements->length,
		  measurements->values[DEVICE_EVIDENCE_A_SIGNATURE_OFFSET] +
		  measurements->values[DEVICE_EVIDENCE_A_SIGNATURE_LENGTH]);
	EXPECT_LT(0, measurements->values[DEVICE_EVIDENCE_A_SIGNATURE_LENGTH]);

	/* From SPDM 1.2 on the negotiation is signed, too; then GET_MEASUREMENTS for all blocks */
	message = measurements->values[DEVICE_EVIDENCE_A_SPDM_VERSION] >= 0x12 ? vca->length : 0;
	ASSERT_LT(message + 4 + sizeof(nonce), measurements->length);
	EXPECT_EQ(0, memcmp(measurements->data, vca->data, message));
	EXPECT_EQ(0xe0, measurements->data[message + 1]);
	EXPECT_EQ(0x01, measurements->data[message + 2] & 0x01);
	EXPECT_EQ(0xff, measurements->data[message + 3]);
	nonce_offset = measurements->values[DEVICE_EVIDENCE_A_REQUESTER_NONCE_OFFSET];
	EXPECT_EQ(message + 4, nonce_offset);
	EXPECT_EQ(0, memcmp(measurements->data + nonce_offset, nonce, sizeof(nonce)));
	EXPECT_LT(nonce_offset, measurements->values[DEVICE_EVIDENCE_A_RESPONDER_NONCE_OFFSET]);
}

/*
 * Changes while somebody reads
 */

/* Starts a dump, has @change happen, and reads on */
static void interrupt_dump(struct __test_metadata *_metadata, struct _test_data_evidence *self,
			   void (*change)(struct _test_data_evidence *self), const char *text)
{
	int more;

	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	if (total(&self->reply) < 4096)
		SKIP(return, "all evidence fits in one datagram");
	evidence_reply_free(&self->reply);

	ASSERT_EQ(0, evidence_send(self->sock, &self->family, &self->request));
	change(self);
	do
		more = evidence_receive(self->sock, &self->family, 4096, &self->request,
					&self->reply);
	while (more > 0);
	ASSERT_EQ(0, more);
	EXPECT_EQ(EAGAIN, self->reply.error);
	EXPECT_STREQ(text, self->reply.text);
	EXPECT_LT(0, self->reply.messages);
}

static void change_by_refresh(struct _test_data_evidence *self)
{
	struct evidence_reply reply;

	if (evidence_refresh(&self->family, &self->request, &reply) || reply.error)
		abort();
	evidence_reply_free(&reply);
}

static void change_by_disconnect(struct _test_data_evidence *self)
{
	if (cma_tell(&self->device, "tsm/disconnect", self->tsm))
		abort();
}

TEST_F(evidence, a_dump_ends_when_new_evidence_comes)
{
	interrupt_dump(_metadata, self, change_by_refresh, "evidence updated during read");
}

TEST_F(evidence, a_dump_ends_when_the_device_is_disconnected)
{
	interrupt_dump(_metadata, self, change_by_disconnect, "evidence withdrawn during read");
}

TEST_F(evidence, no_generation_comes_twice)
{
	__u32 before;

	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	before = self->reply.objects[0].generation;
	evidence_reply_free(&self->reply);

	ASSERT_EQ(0, cma_tell(&self->device, "tsm/disconnect", self->tsm));
	ASSERT_EQ(0, cma_tell(&self->device, "tsm/connect", self->tsm));
	self->request.flags = DETAILS;
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request, &self->reply));
	EXPECT_LT(before, self->reply.objects[0].generation);
	EXPECT_EQ(1, self->reply.objects[0].values[DEVICE_EVIDENCE_A_COUNT]);
}

/*
 * All at once
 */

#define RACE_SECONDS	15

/* Reads, refreshing if @refreshes, until time is up; exits with 1 if it saw a mixture */
static void race_reader(const struct _test_data_evidence *self, bool refreshes,
			unsigned int *good)
{
	time_t end = time(NULL) + RACE_SECONDS;

	while (time(NULL) < end) {
		struct evidence_reply reply;
		int err = refreshes ? evidence_refresh(&self->family, &self->request, &reply) :
				      evidence_read_all(&self->family, &self->request, &reply);

		if (err)
			_exit(2);
		if (!reply.error) {
			__atomic_fetch_add(good, 1, __ATOMIC_RELAXED);
			for (int type = 0; type < EVIDENCE_TYPES; type++)
				if (reply.objects[type].seen &&
				    (reply.objects[type].generation !=
				     reply.objects[0].generation ||
				     reply.objects[type].received != reply.objects[type].length))
					_exit(1);
		} else if (reply.error != EAGAIN && reply.error != ENXIO) {
			_exit(3);
		}
		if (reply.defect)
			_exit(4);
		evidence_reply_free(&reply);
	}
	_exit(0);
}

/* Reconnects, but lets each of the others have a success in between */
static void race_connector(const struct _test_data_evidence *self, unsigned int *good,
			   int readers)
{
	time_t end = time(NULL) + RACE_SECONDS;

	while (time(NULL) < end) {
		if (cma_tell(&self->device, "tsm/disconnect", self->tsm) ||
		    cma_tell(&self->device, "tsm/connect", self->tsm))
			_exit(1);
		for (int i = 0; i < readers; i++) {
			unsigned int before = __atomic_load_n(&good[i], __ATOMIC_RELAXED);

			while (__atomic_load_n(&good[i], __ATOMIC_RELAXED) == before &&
			       time(NULL) < end)
				usleep(1000);
		}
		usleep(rand() % 200000);
	}
	_exit(0);
}

TEST_F_TIMEOUT(evidence, readers_refreshes_and_reconnects_do_not_mix, 60)
{
	unsigned int *good = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				  -1, 0);
	pid_t children[4];

	ASSERT_NE(MAP_FAILED, good);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (children[i])
			continue;
		if (i == 3)
			race_connector(self, good, 3);
		race_reader(self, i == 0, &good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		int status;

		ASSERT_EQ(children[i], waitpid(children[i], &status, 0));
		EXPECT_EQ(0, status) {
			TH_LOG("process %zu of those that race", i);
		}
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_LT(0, good[i]) {
			TH_LOG("process %d had no success", i);
		}
	}
}

TEST_HARNESS_MAIN
