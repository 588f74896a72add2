/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/conflict.h"

#include <errno.h>

int conflict_begin(struct conflict_guard *guard, const struct kernel *kernel, const char *dir,
		   const char *module, const struct plan_conflict *conflicts, uint32_t n,
		   int64_t wait_usec, uint32_t *ret_other)
{
	(void)guard;
	(void)dir;
	(void)module;
	(void)wait_usec;
	for (uint32_t i = 0; i < n; i++) {
		enum module_state state;

		if (kernel->state(kernel->ctx, conflicts[i].module, &state) < 0 || state == MODULE_ABSENT)
			continue;
		*ret_other = i;
		return -EADDRINUSE;
	}
	return 0;
}

void conflict_end(struct conflict_guard *guard)
{
	(void)guard;
}
