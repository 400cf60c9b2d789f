// SPDX-License-Identifier: GPL-2.0
/*
 * Why a device could not be authenticated, as it is told in several ways
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <linux/device-evidence.h>

#include "../kselftest.h"
#include "failure.h"

/* Most reasons that share an errno */
#define REASONS_MAX	4

/* What an errno stands for: words of tsm/failure, by the first reason of netlink for it */
static const struct {
	int error;
	__u32 reason;
	const char *words[REASONS_MAX];
} meanings[] = {
	{ EBADMSG, DEVICE_EVIDENCE_REASON_MALFORMED, { "malformed" } },
	{ EPROTO, DEVICE_EVIDENCE_REASON_ILLEGAL, { "illegal" } },
	{ EOPNOTSUPP, DEVICE_EVIDENCE_REASON_UNSUPPORTED, { "unsupported" } },
	{ EREMOTEIO, DEVICE_EVIDENCE_REASON_REFUSED, { "refused" } },
	{ EBUSY, DEVICE_EVIDENCE_REASON_BUSY, { "busy" } },
	{ EKEYREJECTED, DEVICE_EVIDENCE_REASON_SIGNATURE,
	  { "signature", "digest", "certificate", "identity" } },
	{ ENOPKG, DEVICE_EVIDENCE_REASON_ALGORITHM, { "algorithm" } },
	{ ETIMEDOUT, DEVICE_EVIDENCE_REASON_BUDGET, { "budget" } },
	{ EIO, DEVICE_EVIDENCE_REASON_TRANSPORT, { "transport" } },
};

bool failure_fits(int error, __u32 reason, const char *failure)
{
	size_t word_len = strcspn(failure, " ");

	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		int word = reason - meanings[i].reason;

		if (meanings[i].error == error)
			return word >= 0 && word < REASONS_MAX && meanings[i].words[word] &&
			       strlen(meanings[i].words[word]) == word_len &&
			       !strncmp(meanings[i].words[word], failure, word_len);
	}
	return false;
}
