/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/patience.h"

#define PAUSE_MIN_USEC 500u
#define PAUSE_MAX_USEC 32000u

static int64_t time_left(const struct patience *p)
{
	return p->deadline_usec - p->kernel->now_usec(p->kernel->ctx);
}

bool patience_is_over(const struct patience *p)
{
	return time_left(p) <= 0;
}

bool patience_wait(struct patience *p)
{
	int64_t left = time_left(p);

	if (left <= 0)
		return false;
	p->pause_usec = p->pause_usec == 0		    ? PAUSE_MIN_USEC :
			p->pause_usec * 2 < PAUSE_MAX_USEC ? p->pause_usec * 2 :
							     PAUSE_MAX_USEC;
	p->kernel->wait(p->kernel->ctx, left < p->pause_usec ? (uint32_t)left : p->pause_usec);
	return true;
}
