/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/claim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bytes/name.h"
#include "sys/sys.h"

/* First and longest pause between two looks, microseconds: no file tells when a lock is free. */
#define PAUSE_MIN_USEC 500u
#define PAUSE_MAX_USEC 16000u

/** struct record - contents of a claim's file; written by a process of the same machine, and of no use after it */
struct record {
	uint64_t request;
	int64_t ended_usec; /* monotonic clock */
	int64_t error;
};

static int open_file(const char *dir, const char *module)
{
	char path[MODULE_NAME_MAX + 64];
	int fd;

	if (!dir || strchr(module, '/') ||
	    snprintf(path, sizeof(path), "%s/%s", dir, module) >= (int)sizeof(path))
		return -ENOENT;
	fd = sys_open_lock(path);
	if (fd != -ENOENT || sys_make_dirs(dir) < 0)
		return fd;
	return sys_open_lock(path);
}

/* Return: whether it is locked by us now. */
static bool wait_for_lock(const struct claim *claim, const struct kernel *kernel, int64_t wait_usec)
{
	int64_t deadline = kernel->now_usec(kernel->ctx) + wait_usec;
	uint32_t pause = PAUSE_MIN_USEC;
	int r;

	while ((r = sys_lock(claim->fd, false)) == -EWOULDBLOCK) {
		int64_t left = deadline - kernel->now_usec(kernel->ctx);

		if (left <= 0)
			return false;
		kernel->wait(kernel->ctx, left < pause ? (uint32_t)left : pause);
		pause = pause * 2 < PAUSE_MAX_USEC ? pause * 2 : PAUSE_MAX_USEC;
	}
	return r == 0;
}

enum claim_answer claim_take(struct claim *claim, const struct kernel *kernel, const char *dir,
			     const char *module, uint64_t request, int64_t wait_usec, int *ret_error)
{
	int64_t began = kernel->now_usec(kernel->ctx);
	struct record last;

	*claim = (struct claim){ open_file(dir, module), request };
	if (claim->fd < 0)
		return CLAIM_OURS;
	if (!wait_for_lock(claim, kernel, wait_usec)) {
		claim_drop(claim);
		return CLAIM_OURS;
	}
	if (sys_read_at(claim->fd, &last, sizeof(last), 0) < 0 || last.request != request ||
	    last.ended_usec < began || last.error > 0 || last.error < -4095)
		return CLAIM_OURS;
	*ret_error = (int)last.error;
	return CLAIM_ANSWERED;
}

void claim_finish(struct claim *claim, const struct kernel *kernel, int error)
{
	const struct record record = { claim->request, kernel->now_usec(kernel->ctx), error };

	if (claim->fd >= 0)
		(void)sys_write_at(claim->fd, &record, sizeof(record), 0);
	claim_drop(claim);
}

void claim_drop(struct claim *claim)
{
	sys_close(claim->fd);
	claim->fd = -1;
}
