/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/conflict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/name.h"
#include "engine/lock-file.h"
#include "engine/patience.h"
#include "sys/sys.h"

/** struct pair - a lock's name, and which conflict it is for */
struct pair {
	char name[2 * MODULE_NAME_MAX + 2];
	uint32_t i;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : x->i < y->i ? -1 : x->i > y->i;
}

/* The same name for both of them. */
static void name_pair(struct pair *pair, const char *a, const char *b)
{
	bool is_ordered = strcmp(a, b) < 0;

	snprintf(pair->name, sizeof(pair->name), "%s+%s", is_ordered ? a : b, is_ordered ? b : a);
}

/*
 * The locks in the order of their names; one that cannot be had does without. No name twice: a second
 * lock on one file would wait for the first.
 */
static int lock_pairs(struct conflict_guard *guard, const struct kernel *kernel, const char *dir,
		      const struct pair *pairs, uint32_t n, int64_t deadline_usec,
		      uint32_t *ret_other)
{
	for (uint32_t p = 0; p < n; p++) {
		int fd, r;

		if (p > 0 && strcmp(pairs[p].name, pairs[p - 1].name) == 0)
			continue;
		fd = lock_file_open(dir, pairs[p].name);
		if (fd < 0)
			continue;
		r = lock_file_wait(fd, kernel, LOCK_FILE_ALONE, deadline_usec);
		if (r == 0) {
			guard->fds[guard->n++] = fd;
			continue;
		}
		sys_close(fd);
		if (r == -ETIMEDOUT) {
			*ret_other = pairs[p].i;
			return -EADDRINUSE;
		}
	}
	return 0;
}

static int lock_all(struct conflict_guard *guard, const struct kernel *kernel, const char *dir,
		    const char *module, const struct plan_conflict *conflicts, uint32_t n,
		    int64_t deadline_usec, uint32_t *ret_other)
{
	struct pair *pairs = calloc(n, sizeof(*pairs));
	int r = -ENOMEM;

	guard->fds = calloc(n, sizeof(*guard->fds));
	if (pairs && guard->fds) {
		for (uint32_t i = 0; i < n; i++) {
			name_pair(&pairs[i], module, conflicts[i].module);
			pairs[i].i = i;
		}
		qsort(pairs, n, sizeof(*pairs), compare_pairs);
		r = lock_pairs(guard, kernel, dir, pairs, n, deadline_usec, ret_other);
	}
	free(pairs);
	return r;
}

/* What is on its way out is waited for: the plan has not counted it either. */
static bool is_there(const struct kernel *kernel, const char *module, int64_t deadline_usec)
{
	struct patience patience = patience_until(kernel, deadline_usec);
	enum module_state state;

	do {
		if (kernel->state(kernel->ctx, module, &state) < 0 || state == MODULE_ABSENT)
			return false;
	} while (state == MODULE_GOING && patience_wait(&patience));
	return true;
}

int conflict_begin(struct conflict_guard *guard, const struct kernel *kernel, const char *dir,
		   const char *module, const struct plan_conflict *conflicts, uint32_t n,
		   int64_t wait_usec, uint32_t *ret_other)
{
	int64_t deadline;
	int r = 0;

	*guard = (struct conflict_guard){ 0 };
	if (n == 0)
		return 0;
	deadline = kernel->now_usec(kernel->ctx) + wait_usec;
	if (dir)
		r = lock_all(guard, kernel, dir, module, conflicts, n, deadline, ret_other);
	for (uint32_t i = 0; i < n && r == 0; i++) {
		if (!is_there(kernel, conflicts[i].module, deadline))
			continue;
		*ret_other = i;
		r = -EADDRINUSE;
	}
	if (r < 0)
		conflict_end(guard);
	return r;
}

void conflict_end(struct conflict_guard *guard)
{
	for (uint32_t i = 0; i < guard->n; i++)
		sys_close(guard->fds[i]);
	free(guard->fds);
	*guard = (struct conflict_guard){ 0 };
}
