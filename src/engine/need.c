/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/need.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/lock-file.h"
#include "engine/patience.h"
#include "sys/sys.h"

/* No module's name has a '-' once it is folded. */
#define REMOVALS "-removals"

static bool is_there(const struct kernel *k, const char *module)
{
	enum module_state state;

	/* One whose state cannot be read is not known to be gone. */
	return k->state(k->ctx, module, &state) < 0 ||
	       (state != MODULE_ABSENT && state != MODULE_GOING);
}

/* Shared locks wait for no other shared one, so that their order does not matter. */
static int share(struct need_guard *guard, const struct kernel *kernel, const char *dir,
		 const char *const *modules, uint32_t n, int64_t deadline_usec, uint32_t *ret_gone)
{
	guard->fds = calloc(n, sizeof(*guard->fds));
	if (!guard->fds)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		int fd = lock_file_open(dir, modules[i]), r;

		if (fd < 0)
			continue;
		r = lock_file_wait(fd, kernel, LOCK_FILE_SHARED, deadline_usec);
		if (r == 0) {
			guard->fds[guard->n++] = fd;
			continue;
		}
		sys_close(fd);
		if (r == -ETIMEDOUT) {
			*ret_gone = i;
			return -ESTALE;
		}
	}
	return 0;
}

int need_begin(struct need_guard *guard, const struct kernel *kernel, const char *dir,
	       const char *const *modules, uint32_t n, int64_t wait_usec, uint32_t *ret_gone)
{
	int r = 0;

	*guard = (struct need_guard){ 0 };
	if (n == 0)
		return 0;
	if (dir)
		r = share(guard, kernel, dir, modules, n, kernel->now_usec(kernel->ctx) + wait_usec,
			  ret_gone);
	for (uint32_t i = 0; i < n && r == 0; i++) {
		if (is_there(kernel, modules[i]))
			continue;
		*ret_gone = i;
		r = -ESTALE;
	}
	if (r < 0)
		need_end(guard);
	return r;
}

void need_end(struct need_guard *guard)
{
	for (uint32_t i = 0; i < guard->n; i++)
		sys_close(guard->fds[i]);
	free(guard->fds);
	*guard = (struct need_guard){ 0 };
}

/* A file that cannot be had, or not be locked, does without. Return: false: somebody has it. */
static bool try_lock(const char *dir, const char *name, int *ret_fd)
{
	*ret_fd = lock_file_open(dir, name);
	return *ret_fd < 0 || sys_lock(*ret_fd, false) != -EWOULDBLOCK;
}

static bool try_both(struct removal_guard *guard, const char *dir, const char *module)
{
	if (try_lock(dir, REMOVALS, &guard->removals_fd) && try_lock(dir, module, &guard->fd))
		return true;
	removal_end(guard);
	return false;
}

int removal_begin(struct removal_guard *guard, const struct kernel *kernel, const char *dir,
		  const char *module, int64_t wait_usec, int (*look)(void *ctx, const char *module),
		  void *ctx)
{
	struct patience patience = patience_until(kernel, kernel->now_usec(kernel->ctx) + wait_usec);
	bool is_alone;
	int r;

	do {
		*guard = (struct removal_guard){ -1, -1 };
		is_alone = try_both(guard, dir, module);
		r = look(ctx, module);
	} while (r == 0 && !is_alone && patience_wait(&patience));
	if (r < 0)
		removal_end(guard);
	return r;
}

void removal_end(struct removal_guard *guard)
{
	sys_close(guard->fd);
	sys_close(guard->removals_fd);
	*guard = (struct removal_guard){ -1, -1 };
}
