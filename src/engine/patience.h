/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Look again and again until something has changed, where nothing tells that it has: states of modules
 * and locks of other processes. Pauses grow from half a millisecond to 32.
 */
#include <stdbool.h>
#include <stdint.h>

#include "sys/kernel.h"

/** struct patience - of one wait */
struct patience {
	const struct kernel *kernel;
	int64_t deadline_usec; /* of the kernel's clock */
	uint32_t pause_usec;   /* 0 before the first */
};

/** patience_until() - nothing is waited for yet */
static inline struct patience patience_until(const struct kernel *kernel, int64_t deadline_usec)
{
	return (struct patience){ .kernel = kernel, .deadline_usec = deadline_usec };
}

/** patience_is_over() - has the time run out? */
bool patience_is_over(const struct patience *p);

/** patience_wait() - pause a little, not beyond the deadline. Return: false when the time had run out before. */
bool patience_wait(struct patience *p);
