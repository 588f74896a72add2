/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A growing run of bytes to write into. The first error sticks, so that a writer checks once, at
 * the end.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes/bytes.h"

/** struct buf - all zero is an empty buffer without limit; @max (bytes) of 0 means SIZE_MAX */
struct buf {
	uint8_t *base;
	size_t size;
	size_t capacity;
	size_t max;
	int error;
};

/**
 * buf_reserve() - room for @more bytes after the end
 * Return: where they start; NULL once @b->error is set (-ENOMEM, or -E2BIG over @b->max).
 */
uint8_t *buf_reserve(struct buf *b, size_t more);

/** buf_done() - free what @b owns and make it empty; NULL is fine */
void buf_done(struct buf *b);

/** buf_steal() - hand the memory (malloc) to the caller, @b becomes empty */
uint8_t *buf_steal(struct buf *b, size_t *ret_size);

/** buf_printf() - append formatted text without its NUL */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void buf_put(struct buf *b, const void *p, size_t size)
{
	uint8_t *to;

	if (!size)
		return;
	to = buf_reserve(b, size);
	if (to) {
		memcpy(to, p, size);
		b->size += size;
	}
}

static inline void buf_put_string(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

static inline void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

static inline void put_u32_big(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void buf_put_u32_big(struct buf *b, uint32_t v)
{
	uint8_t p[4];

	put_u32_big(p, v);
	buf_put(b, p, 4);
}

static inline struct bytes buf_bytes(const struct buf *b)
{
	return bytes_of(b->base, b->size);
}

#define CLEANUP_BUF __attribute__((cleanup(buf_done)))
