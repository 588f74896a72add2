/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int grow_array(void *items, uint32_t n, uint32_t *capacity, size_t size, uint32_t max)
{
	uint32_t more;
	void *from, *to;

	if (n < *capacity)
		return 0;
	if (n >= max)
		return -E2BIG;
	more = *capacity ? *capacity * 2 : 16;
	memcpy(&from, items, sizeof(from)); /* whatever the pointer points to */
	to = realloc(from, more * size);
	if (!to)
		return -ENOMEM;
	memcpy(items, &to, sizeof(to));
	*capacity = more;
	return 0;
}
