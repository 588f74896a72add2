/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Bounded reading of untrusted memory: turns (offset, length) into a pointer or an error, once,
 * so that no other code indexes bytes that came from a file.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** struct bytes - a borrowed run of bytes; @base may be NULL only when @size is 0 */
struct bytes {
	const uint8_t *base;
	size_t size;
};

/** struct table - a run of bytes known to hold @n whole records of @entry_size bytes */
struct table {
	const uint8_t *base;
	size_t n;
	size_t entry_size;
};

/** bytes_of() - wrap @size bytes at @base */
static inline struct bytes bytes_of(const void *base, size_t size)
{
	return (struct bytes){ base, size };
}

/**
 * bytes_slice() - part of @b
 * @ret_part: written only on success; borrows from @b
 * Return: 0; -EBADMSG when [@off, @off + @size) does not lie inside @b.
 */
static inline int bytes_slice(struct bytes b, uint64_t off, uint64_t size, struct bytes *ret_part)
{
	if (off > b.size || size > b.size - off)
		return -EBADMSG;
	ret_part->base = b.base ? b.base + off : NULL;
	ret_part->size = (size_t)size;
	return 0;
}

/**
 * bytes_string() - the NUL-terminated string that starts at @off
 * @ret_s: borrows from @b
 * Return: 0; -EBADMSG when @off lies outside or no NUL follows inside @b.
 */
static inline int bytes_string(struct bytes b, uint64_t off, const char **ret_s)
{
	if (off >= b.size || !memchr(b.base + off, 0, b.size - (size_t)off))
		return -EBADMSG;
	*ret_s = (const char *)b.base + off;
	return 0;
}

/**
 * bytes_string_within() - the same for a string of at most @max bytes: looks at no more of them
 * Use it wherever a file may say @off more than once.
 * Return: 0; -EBADMSG likewise, and for a longer string.
 */
static inline int bytes_string_within(struct bytes b, uint64_t off, size_t max, const char **ret_s,
				      size_t *ret_size)
{
	size_t left, n;
	const char *s;

	if (off >= b.size)
		return -EBADMSG;
	left = b.size - (size_t)off;
	s = (const char *)b.base + off;
	n = strnlen(s, left <= max ? left : max + 1);
	if (n == left || n > max)
		return -EBADMSG;
	*ret_s = s;
	*ret_size = n;
	return 0;
}

/** bytes_table() - @b as records of @entry_size (> 0) bytes; a partial last record is not part of it */
static inline struct table bytes_table(struct bytes b, size_t entry_size)
{
	return (struct table){ b.base, b.size / entry_size, entry_size };
}

/** table_entry() - record @i (must be < @t->n); @t->entry_size bytes may be read there */
static inline const uint8_t *table_entry(const struct table *t, size_t i)
{
	return t->base + i * t->entry_size;
}

static inline uint16_t get_u16(const uint8_t *p, bool big)
{
	return big ? (uint16_t)(p[0] << 8 | p[1]) : (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t get_u32(const uint8_t *p, bool big)
{
	uint32_t v;

	memcpy(&v, p, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return big ? __builtin_bswap32(v) : v;
#else
	return big ? v : __builtin_bswap32(v);
#endif
}

static inline uint64_t get_u64(const uint8_t *p, bool big)
{
	uint64_t v;

	memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return big ? __builtin_bswap64(v) : v;
#else
	return big ? v : __builtin_bswap64(v);
#endif
}

/** bytes_u32() - 32-bit integer at @off. Return: 0; -EBADMSG outside of @b. */
static inline int bytes_u32(struct bytes b, uint64_t off, bool big, uint32_t *ret_v)
{
	if (off > b.size || b.size - off < 4)
		return -EBADMSG;
	*ret_v = get_u32(b.base + off, big);
	return 0;
}
