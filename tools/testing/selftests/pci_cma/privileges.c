// SPDX-License-Identifier: GPL-2.0
/*
 * Whose privileges count: those of who opened a socket and of who uses it, and
 * for attributes in sysfs nothing but their owner
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "evidence_fixture.h"

#define NOBODY		65534

/* What an attempt returns if there was none; else it is 0, an errno or a number of files */
#define NOT_TRIED	255

/**
 * struct attempt - what a process with other privileges needs
 * @family: The family.
 * @request: What is to be read.
 * @generation: What is to be accepted.
 * @sock: A socket that root has opened.
 * @namespaces: What the process is to have of its own, CLONE_NEWUSER and the like.
 */
struct attempt {
	const struct evidence_family *family;
	const struct evidence_request *request;
	__u32 generation;
	int sock;
	int namespaces;
};

/* What @try returns in a process of its own */
static int in_child(int (*try)(const struct attempt *attempt), const struct attempt *attempt)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(try(attempt));
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return NOT_TRIED;
	return WEXITSTATUS(status);
}

/* READ and VALIDATE on a socket: the errno that both end with, or NOT_TRIED */
static int read_and_validate(int sock, const struct attempt *attempt)
{
	struct evidence_reply read, validate;

	if (evidence_read(sock, attempt->family, EVIDENCE_BUFFER, attempt->request, &read) ||
	    evidence_validate(sock, attempt->family, "pci", attempt->request->device,
			      &attempt->generation, &validate) ||
	    read.error != validate.error)
		return NOT_TRIED;
	return read.error;
}

static int become_nobody(void)
{
	return setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY);
}

/* All that are effective from now on; bits of CAP_ */
static int set_capabilities(__u64 effective, __u64 permitted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = effective, .permitted = permitted },
		{ .effective = effective >> 32, .permitted = permitted >> 32 },
	};

	return syscall(SYS_capset, &header, data);
}

static int with_a_socket_of_root(const struct attempt *attempt)
{
	if (become_nobody())
		return NOT_TRIED;
	return read_and_validate(attempt->sock, attempt);
}

static int with_a_socket_of_nobody(const struct attempt *attempt)
{
	int sock;

	if (seteuid(NOBODY))
		return NOT_TRIED;
	sock = evidence_socket();
	if (sock < 0 || seteuid(0))
		return NOT_TRIED;
	return read_and_validate(sock, attempt);
}

static int with_one_capability(const struct attempt *attempt)
{
	__u64 net_admin = BIT64(CAP_NET_ADMIN);

	if (prctl(PR_SET_KEEPCAPS, 1) || become_nobody() || set_capabilities(net_admin, net_admin))
		return NOT_TRIED;
	return read_and_validate(evidence_socket(), attempt);
}

static int without_one_capability(const struct attempt *attempt)
{
	__u64 others = (BIT64(CAP_LAST_CAP + 1) - 1) & ~BIT64(CAP_NET_ADMIN);

	if (set_capabilities(others, others))
		return NOT_TRIED;
	return read_and_validate(evidence_socket(), attempt);
}

/* How many attributes of the device and of CMA can be opened for writing, or NOT_TRIED */
static int writable_attributes(const struct attempt *attempt)
{
	static const char * const directories[] = {
		PCI_DEVICES "/%s/tsm", "/sys/module/cma/parameters",
	};
	int writable = 0;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		char path[128];
		struct dirent *entry;
		DIR *directory;

		snprintf(path, sizeof(path), directories[i], attempt->request->device);
		directory = opendir(path);
		if (!directory)
			return NOT_TRIED;
		while ((entry = readdir(directory))) {
			int fd = openat(dirfd(directory), entry->d_name, O_WRONLY | O_CLOEXEC);

			if (fd >= 0) {
				writable++;
				close(fd);
			}
		}
		closedir(directory);
	}
	return writable;
}

static int writable_attributes_to_nobody(const struct attempt *attempt)
{
	if (become_nobody() || (attempt->namespaces && unshare(attempt->namespaces)))
		return NOT_TRIED;
	return writable_attributes(attempt);
}

/* What is tried ends with @expected */
#define EXPECT_ATTEMPT(expected, try)						\
do {										\
	struct attempt attempt = {						\
		.family = &self->family,					\
		.request = &self->request,					\
		.sock = self->sock,						\
	};									\
										\
	ASSERT_EQ(0, evidence_read_all(&self->family, &self->request,		\
				       &self->reply));				\
	ASSERT_EQ(0, self->reply.error);					\
	attempt.generation = self->reply.objects[0].generation;			\
	EXPECT_EQ(expected, in_child(try, &attempt));				\
} while (0)

TEST_F(evidence, a_socket_that_root_has_opened_is_of_no_use_to_others)
{
	EXPECT_ATTEMPT(EPERM, with_a_socket_of_root);
}

TEST_F(evidence, root_does_not_lend_its_privileges_to_a_socket_of_others)
{
	EXPECT_ATTEMPT(EPERM, with_a_socket_of_nobody);
}

TEST_F(evidence, the_capability_to_administer_networks_is_enough)
{
	EXPECT_ATTEMPT(0, with_one_capability);
}

TEST_F(evidence, all_other_capabilities_are_not)
{
	EXPECT_ATTEMPT(EPERM, without_one_capability);
}

TEST_F(evidence, attributes_can_be_written_by_root_only)
{
	static const int namespaces[] = { 0, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWNET };
	struct attempt attempt = { .request = &self->request };

	/* There are some: connect and disconnect, and at least two of the module */
	EXPECT_LE(4, writable_attributes(&attempt));
	ASSERT_NE(NOT_TRIED, writable_attributes(&attempt));

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		int writable;

		attempt.namespaces = namespaces[i];
		writable = in_child(writable_attributes_to_nobody, &attempt);
		if (writable == NOT_TRIED && namespaces[i])
			SKIP(return, "no user or network namespaces");
		EXPECT_EQ(0, writable);
	}
}

TEST_HARNESS_MAIN
