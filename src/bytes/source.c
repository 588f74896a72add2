/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/source.h"

static int fetch_memory(void *ctx, uint64_t off, size_t size, const uint8_t **ret_p)
{
	const struct bytes *b = ctx;

	(void)size;
	*ret_p = b->base + off;
	return 0;
}

struct source source_of_bytes(const struct bytes *b)
{
	return (struct source){ fetch_memory, (void *)b, b->size };
}
