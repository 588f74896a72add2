/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Where a reader gets the bytes of one file from: memory that holds all of it, or an owner that
 * brings only the ranges asked for. The reader asks; it never knows which of the two answers.
 */
#include "bytes/bytes.h"

/**
 * struct source - random access to a file of @size bytes
 * @fetch: makes [off, off + size) available; called only with ranges inside of @size.
 *         Returns 0 and a pointer valid as long as the source, or -errno (I/O, memory).
 */
struct source {
	int (*fetch)(void *ctx, uint64_t off, size_t size, const uint8_t **ret_p);
	void *ctx;
	uint64_t size;
};

/**
 * source_get() - a range of the file
 * Return: 0; -EBADMSG when the range leaves the file; what @fetch returns.
 */
static inline int source_get(const struct source *s, uint64_t off, uint64_t size,
			     struct bytes *ret_b)
{
	const uint8_t *p = NULL;
	int r;

	if (off > s->size || size > s->size - off || size > SIZE_MAX)
		return -EBADMSG;
	if (size > 0) {
		r = s->fetch(s->ctx, off, (size_t)size, &p);
		if (r < 0)
			return r;
	}
	*ret_b = bytes_of(p, (size_t)size);
	return 0;
}

/** source_of_bytes() - a source over memory; @b must outlive it */
struct source source_of_bytes(const struct bytes *b);
