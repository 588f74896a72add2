/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Looks keys up in an index (.bin) in place: format 2.1, nodes in whatever order they stand in the
 * file (parents first as kmod 34 and we write them, or children first as earlier kmods did).
 *
 * No byte of the file is trusted. Every call ends in time linear in the file (index_reader_find():
 * in the key), whatever the file holds: see reader.c for why loops can't be followed.
 */
#include <stddef.h>
#include <stdint.h>

#include "bytes/bytes.h"

struct diag;

/* Longest key that a walk reports (as the writer's): an alias has ALIAS_MAX bytes at the most. */
#define INDEX_KEY_MAX 4095u

/* Four answers from each of the 65534 modules that kmod can number; more are no use. */
#define INDEX_VALUES_MAX ((size_t)4 * 65536)

/* Bytes of patterns that one search may look at; 50,000 modules whose aliases all start with a
 * star need a tenth of it. About a second. */
#define INDEX_SEARCH_STEPS_MAX ((uint64_t)1 << 28)

/** struct index_reader - an index in memory that somebody else owns; all zero is an empty one */
struct index_reader {
	struct bytes file;
	uint32_t root; /* reference to the first node; 0 in an empty index */
};

struct index_value {
	const char *text; /* inside the file */
	uint32_t priority;
	uint32_t order; /* in which it was found, from 0 */
};

/** struct index_values - what a lookup found; all zero is empty; the texts borrow from the file */
struct index_values {
	struct index_value *items;
	size_t n;
	size_t capacity;
};

/**
 * index_reader_open() - check the header of an index
 * @file: borrowed for the life of @ret_reader and of all values found through it
 * @ret_reader: written only on success
 *
 * A file of 0 bytes is an index without keys, as depmod publishes where modules.builtin is
 * missing; diag says so. Costs nothing: nodes are checked when they are read.
 * Return: 0; -EBADMSG no index, or of another version (diag: offset).
 * Source: doc/formats/index.md.
 */
int index_reader_open(struct bytes file, struct index_reader *ret_reader, struct diag *diag);

/**
 * index_reader_find() - values stored under exactly @key
 * @values: found ones are appended in the order of the file, lowest priority first; unchanged on
 *          failure
 *
 * Reads at most len(@key) + 1 nodes and the values of one.
 * Return: 0; -ENOENT no such key; -EBADMSG (diag: offset); -E2BIG over INDEX_VALUES_MAX; -ENOMEM.
 */
int index_reader_find(const struct index_reader *reader, const char *key,
		      struct index_values *values, struct diag *diag);

/**
 * index_reader_search() - values of all keys that match @request when they are taken as patterns
 * @request: already normalised, see name_normalize_alias()
 * @values:  found ones are appended, lowest priority first, equals in kmod's order (the last found
 *           first); unchanged on failure
 *
 * Reads the nodes along @request and every key below a `*`, `?` or `[` that branches off there;
 * for each of these bytes in @request itself, another time what lies below it.
 * A `\` in front of the first wildcard of a key is a byte like others; kmod does the same.
 * Return: 0; -ENOENT nothing matches; -EBADMSG (diag: offset); -E2BIG over INDEX_VALUES_MAX or
 * INDEX_SEARCH_STEPS_MAX; -ENOMEM.
 */
int index_reader_search(const struct index_reader *reader, const char *request,
			struct index_values *values, struct diag *diag);

/**
 * index_reader_search_counted() - the same
 * @work: bytes of the file and of patterns that were looked at are added to it
 */
int index_reader_search_counted(const struct index_reader *reader, const char *request,
				struct index_values *values, uint64_t *work, struct diag *diag);

/**
 * index_reader_dump() - call @each for every value in the index, keys in byte order
 * @each: key of @key_size bytes with a NUL behind, valid during the call; what it returns other
 *        than 0 ends the walk. NULL checks the whole file only.
 * Return: 0; what @each returned; -EBADMSG (diag: offset; what came before it has been given to
 * @each); -ENOMEM.
 */
int index_reader_dump(const struct index_reader *reader,
		      int (*each)(void *ctx, const char *key, size_t key_size,
				  const struct index_value *value),
		      void *ctx, struct diag *diag);

/** index_values_done() - free the list (not the texts) and make it empty; NULL is fine */
void index_values_done(struct index_values *values);

#define CLEANUP_INDEX_VALUES __attribute__((cleanup(index_values_done)))
