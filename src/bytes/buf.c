/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t *make_room(struct buf *b, size_t need)
{
	size_t capacity = b->capacity < 256 ? 256 : b->capacity;
	uint8_t *base;

	if (need <= b->capacity && b->base)
		return b->base + b->size;
	while (capacity < need)
		capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
	base = realloc(b->base, capacity);
	if (!base) {
		b->error = -ENOMEM;
		return NULL;
	}
	b->base = base;
	b->capacity = capacity;
	return b->base + b->size;
}

uint8_t *buf_reserve(struct buf *b, size_t more)
{
	size_t max = b->max ? b->max : SIZE_MAX;
	size_t need;

	if (b->error)
		return NULL;
	if (__builtin_add_overflow(b->size, more, &need) || need > max) {
		b->error = -E2BIG;
		return NULL;
	}
	return make_room(b, need);
}

void buf_done(struct buf *b)
{
	if (!b)
		return;
	free(b->base);
	*b = (struct buf){ .max = b->max };
}

uint8_t *buf_steal(struct buf *b, size_t *ret_size)
{
	uint8_t *base = b->base;

	*ret_size = b->size;
	*b = (struct buf){ .max = b->max };
	return base;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	uint8_t *to;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return;
	/* The NUL counts for the memory, not for the limit. */
	to = buf_reserve(b, (size_t)n) ? make_room(b, b->size + (size_t)n + 1) : NULL;
	if (!to)
		return;
	va_start(args, format);
	(void)vsnprintf((char *)to, (size_t)n + 1, format, args);
	va_end(args);
	b->size += (size_t)n;
}
