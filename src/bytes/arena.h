/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Memory that lives together and dies together: facts about thousands of modules, path names,
 * rules. Nothing in it is freed alone.
 */
#include <stddef.h>

struct arena_chunk;

/** struct arena - all zero is an empty arena */
struct arena {
	struct arena_chunk *chunks;
	size_t used; /* bytes used of the newest chunk */
};

/** arena_alloc() - @size bytes, aligned to 8, not cleared; NULL without memory */
void *arena_alloc(struct arena *a, size_t size);

/** arena_string() - copy of the first @size bytes at @s (NULL for none), with a NUL behind; NULL without memory */
char *arena_string(struct arena *a, const char *s, size_t size);

/** arena_reset() - empty it but keep one chunk of at most @keep bytes for reuse */
void arena_reset(struct arena *a, size_t keep);

/** arena_absorb() - move all of @from into @a; @from is empty afterwards */
void arena_absorb(struct arena *a, struct arena *from);

/** arena_done() - free everything; NULL is fine */
void arena_done(struct arena *a);

#define CLEANUP_ARENA __attribute__((cleanup(arena_done)))
