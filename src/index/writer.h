/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Writes an index (.bin): keys with values, laid out as a trie that readers search in place.
 */
#include <stddef.h>
#include <stdint.h>

#include "bytes/buf.h"

/* Node offsets have 28 bits. */
#define INDEX_SIZE_MAX 0x0fffffffu

/* What a key adds at the most besides its and its value's bytes: a fork of 127 ways, and its own end. */
#define INDEX_NODE_MAX 528u

/* Deeper than any alias; bounds the recursion of writer and readers. */
#define INDEX_KEY_MAX 4095u

struct index_entry {
	const char *key;   /* borrowed until index_writer_write() */
	const char *value; /* borrowed likewise */
	uint32_t key_size;
	uint32_t value_size;
	uint32_t priority;
	uint32_t order; /* of writing among values of one key and priority; the writer's own */
};

/** struct index_writer - all zero is empty */
struct index_writer {
	struct index_entry *entries;
	size_t n_entries;
	size_t capacity;
	int error; /* the first; sticks */
};

/**
 * index_writer_add() - put @value under @key
 * @key:      1 to INDEX_KEY_MAX bytes of 7 bits, no NUL inside; borrowed
 * @priority: values under one key are stored by it, lowest first; among equals the later added
 *            one comes first
 * Return: 0; -EINVAL a key that the format cannot hold (nothing added, no sticky error); -ENOMEM.
 */
int index_writer_add(struct index_writer *w, const char *key, size_t key_size, const char *value,
		     size_t value_size, uint32_t priority);

/**
 * index_writer_write() - lay the index out
 * @out: appended to; must be empty; its max is lowered to INDEX_SIZE_MAX
 *
 * The bytes depend on the entries and, for equal keys and priorities, on the order of adding.
 * Sorts in O(n log n) steps plus one pass over the distinguishing bytes of the keys.
 * Return: 0; -E2BIG the index would exceed INDEX_SIZE_MAX; -ENOMEM.
 * Source: doc/formats/index.md.
 */
int index_writer_write(struct index_writer *w, struct buf *out);

/** index_writer_done() - free the entries (not the strings); NULL is fine */
void index_writer_done(struct index_writer *w);

/**
 * index_writer_duplicates() - call @found for each value that stands twice under one key
 * Only after index_writer_write(); in key order.
 */
void index_writer_duplicates(const struct index_writer *w,
			     void (*found)(void *ctx, const struct index_entry *entry), void *ctx);
