/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The first chunk is small, each next one twice as large, up to what is worth its malloc and whose
 * unused end does not count: a short life costs little, a long one few calls. */
#define CHUNK_MIN ((size_t)4 * 1024 - 64)
#define CHUNK_MAX ((size_t)256 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	_Alignas(16) unsigned char data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->chunks;
	size_t chunk_size;
	void *p;

	if (size > SIZE_MAX - 64)
		return NULL;
	size = (size + 7) & ~(size_t)7;
	if (!c || c->size - a->used < size) {
		chunk_size = !c ? CHUNK_MIN : c->size < CHUNK_MAX / 2 ? 2 * c->size : CHUNK_MAX;
		if (chunk_size < size)
			chunk_size = size;
		if (chunk_size > SIZE_MAX - sizeof(*c))
			return NULL;
		c = malloc(sizeof(*c) + chunk_size);
		if (!c)
			return NULL;
		c->size = chunk_size;
		c->next = a->chunks;
		a->chunks = c;
		a->used = 0;
	}
	p = c->data + a->used;
	a->used += size;
	return p;
}

char *arena_string(struct arena *a, const char *s, size_t size)
{
	char *to = size < SIZE_MAX ? arena_alloc(a, size + 1) : NULL;

	if (to) {
		if (size > 0)
			memcpy(to, s, size);
		to[size] = '\0';
	}
	return to;
}

static void free_chain(struct arena_chunk *c)
{
	while (c) {
		struct arena_chunk *next = c->next;

		free(c);
		c = next;
	}
}

void arena_reset(struct arena *a, size_t keep)
{
	struct arena_chunk *c = a->chunks;

	if (c && c->size <= keep) {
		free_chain(c->next);
		c->next = NULL;
	} else {
		free_chain(c);
		a->chunks = NULL;
	}
	a->used = 0;
}

void arena_absorb(struct arena *a, struct arena *from)
{
	struct arena_chunk *last = from->chunks;

	if (!last)
		return;
	if (!a->chunks) {
		*a = *from;
	} else {
		/* @a goes on filling its own newest chunk; the others' room is given up. */
		while (last->next)
			last = last->next;
		last->next = a->chunks->next;
		a->chunks->next = from->chunks;
	}
	*from = (struct arena){ 0 };
}

void arena_done(struct arena *a)
{
	if (!a)
		return;
	free_chain(a->chunks);
	*a = (struct arena){ 0 };
}
