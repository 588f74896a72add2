/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/claim.h"

#include "engine/lock-file.h"
#include "sys/sys.h"

/** struct record - contents of a claim's file; written by a process of the same machine, and of no use after it */
struct record {
	uint64_t request;
	int64_t ended_usec; /* monotonic clock */
	int64_t error;
};

enum claim_answer claim_take(struct claim *claim, const struct kernel *kernel, const char *dir,
			     const char *module, uint64_t request, int64_t wait_usec, int *ret_error)
{
	int64_t began = kernel->now_usec(kernel->ctx);
	struct record last;

	*claim = (struct claim){ lock_file_open(dir, module), request };
	if (claim->fd < 0)
		return CLAIM_OURS;
	if (lock_file_wait(claim->fd, kernel, LOCK_FILE_ALONE, began + wait_usec) < 0) {
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
