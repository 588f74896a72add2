/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How do keys and values become a trie in a file?
 *
 *   header  | magic B007F457 | version 00020001 | root |                        u32 big endian
 *   node    | prefix, NUL | first u8 | last u8 | child u32 ... | n u32 | priority u32, value, NUL ...
 *             PREFIX        CHILDS (first..last, 0 = none)       VALUES
 *
 * A reference to a node has in its top bits which of the three parts are there, below them the
 * node's offset. A node stands before its subtree, children by ascending byte. The root never has
 * a prefix.
 *
 * Entries are sorted first; then every node is a range of them, and nothing is allocated for it.
 */
#include "index/writer.h"

#include <stdlib.h>

#define INDEX_MAGIC 0xb007f457u
#define INDEX_VERSION 0x00020001u
#define NODE_PREFIX 0x80000000u
#define NODE_VALUES 0x40000000u
#define NODE_CHILDS 0x20000000u

int index_writer_add(struct index_writer *w, const char *key, size_t key_size, const char *value,
		     size_t value_size, uint32_t priority)
{
	if (key_size == 0 || key_size > INDEX_KEY_MAX || value_size > INDEX_SIZE_MAX)
		return -EINVAL;
	for (size_t i = 0; i < key_size; i++)
		if (key[i] == '\0' || (unsigned char)key[i] >= 0x80)
			return -EINVAL;
	if (w->error)
		return w->error;
	if (w->n_entries == w->capacity) {
		size_t capacity = w->capacity ? w->capacity * 2 : 256;
		struct index_entry *entries;

		if (capacity > UINT32_MAX / 2) {
			w->error = -E2BIG;
			return w->error;
		}
		entries = realloc(w->entries, capacity * sizeof(*entries));
		if (!entries) {
			w->error = -ENOMEM;
			return w->error;
		}
		w->entries = entries;
		w->capacity = capacity;
	}
	w->entries[w->n_entries++] = (struct index_entry){
		.key = key,
		.value = value,
		.key_size = (uint32_t)key_size,
		.value_size = (uint32_t)value_size,
		.priority = priority,
	};
	return 0;
}

void index_writer_done(struct index_writer *w)
{
	if (!w)
		return;
	free(w->entries);
	*w = (struct index_writer){ 0 };
}

/*
 * Sorting goes by words of eight key bytes at a time: the keys of one index share long beginnings,
 * and a comparison of whole strings would read those again and again.
 */
struct sort_item {
	uint64_t word; /* key bytes from the current depth on, big endian, zero padded */
	uint32_t index;
};

static uint64_t word_at(const struct index_entry *e, size_t depth)
{
	uint64_t word = 0;
	size_t n;

	if (depth >= e->key_size)
		return 0;
	n = e->key_size - depth;
	if (n >= 8)
		return get_u64((const uint8_t *)e->key + depth, true);
	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)(uint8_t)e->key[depth + i] << (56 - 8 * i);
	return word;
}

/* By word, and for equal words the later added first: that order holds until priorities count. */
static int compare_items(const void *a, const void *b)
{
	const struct sort_item *x = a, *y = b;

	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	return x->index > y->index ? -1 : x->index < y->index;
}

static void sort_items(const struct index_entry *entries, struct sort_item *items, size_t n,
		       size_t depth)
{
	bool all_equal = true, sorted = true;

	for (size_t i = 0; i < n; i++) {
		items[i].word = word_at(&entries[items[i].index], depth);
		if (i > 0) {
			all_equal = all_equal && items[i].word == items[0].word;
			sorted = sorted && compare_items(&items[i - 1], &items[i]) <= 0;
		}
	}
	if (!sorted)
		qsort(items, n, sizeof(*items), compare_items);
	for (size_t lo = 0, hi; lo < n; lo = hi) {
		uint64_t word = items[lo].word;

		for (hi = lo + 1; hi < n && items[hi].word == word; hi++)
			;
		/* A zero last byte means that the keys end inside the word, so all are equal. */
		if (hi - lo > 1 && (word & 0xff) != 0)
			sort_items(entries, items + lo, hi - lo, depth + 8);
	}
}

static bool same_key(const struct index_entry *a, const struct index_entry *b)
{
	return a->key_size == b->key_size && memcmp(a->key, b->key, a->key_size) == 0;
}

static int compare_priority(const void *a, const void *b)
{
	const struct index_entry *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int sort_entries(struct index_writer *w)
{
	size_t n = w->n_entries;
	struct index_entry *sorted;
	struct sort_item *items;

	if (n == 0)
		return 0;
	items = malloc(n * sizeof(*items));
	sorted = malloc(n * sizeof(*sorted));
	if (!items || !sorted) {
		free(items);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		items[i].index = (uint32_t)i;
	sort_items(w->entries, items, n, 0);
	for (size_t i = 0; i < n; i++) {
		sorted[i] = w->entries[items[i].index];
		sorted[i].order = (uint32_t)i;
	}
	free(items);
	free(w->entries);
	w->entries = sorted;
	w->capacity = n;
	for (size_t lo = 0, hi; lo < n; lo = hi) {
		for (hi = lo + 1; hi < n && same_key(&sorted[lo], &sorted[hi]); hi++)
			;
		if (hi - lo > 1)
			qsort(sorted + lo, hi - lo, sizeof(*sorted), compare_priority);
	}
	return 0;
}

static size_t common_prefix(const struct index_entry *a, const struct index_entry *b, size_t depth)
{
	size_t n = a->key_size < b->key_size ? a->key_size : b->key_size;
	size_t i = depth;

	while (i < n && a->key[i] == b->key[i])
		i++;
	return i - depth;
}

static uint8_t byte_at(const struct index_entry *e, size_t depth)
{
	return (uint8_t)e->key[depth];
}

static void put_values(struct buf *out, const struct index_entry *e, size_t n)
{
	buf_put_u32_big(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		buf_put_u32_big(out, e[i].priority);
		buf_put(out, e[i].value, e[i].value_size);
		buf_put_u8(out, 0);
	}
}

/* Room for the references to children first..last; filled in as they are written. */
static size_t put_children(struct buf *out, uint8_t first, uint8_t last)
{
	size_t size = 4 * ((size_t)last - first + 1), at;
	uint8_t *to;

	buf_put_u8(out, first);
	buf_put_u8(out, last);
	at = out->size;
	to = buf_reserve(out, size);
	if (to) {
		memset(to, 0, size);
		out->size += size;
	}
	return at;
}

/* Writes the node of entries [0, n), which agree up to @depth, and all below it. */
static uint32_t write_node(struct buf *out, const struct index_entry *e, size_t n, size_t depth,
			   bool is_root)
{
	size_t prefix = is_root || n == 0 ? 0 : common_prefix(&e[0], &e[n - 1], depth);
	uint32_t node = (uint32_t)out->size;
	size_t n_values = 0, refs = 0;
	uint8_t first = 0;

	if (prefix > 0) {
		node |= NODE_PREFIX;
		buf_put(out, e[0].key + depth, prefix);
		buf_put_u8(out, 0);
	}
	depth += prefix;
	while (n_values < n && e[n_values].key_size == depth)
		n_values++;
	if (n_values < n) {
		node |= NODE_CHILDS;
		first = byte_at(&e[n_values], depth);
		refs = put_children(out, first, byte_at(&e[n - 1], depth));
	}
	if (n_values > 0) {
		node |= NODE_VALUES;
		put_values(out, e, n_values);
	}
	for (size_t lo = n_values, hi; lo < n && !out->error; lo = hi) {
		uint8_t byte = byte_at(&e[lo], depth);
		uint32_t child;

		for (hi = lo + 1; hi < n && byte_at(&e[hi], depth) == byte; hi++)
			;
		child = write_node(out, e + lo, hi - lo, depth + 1, false);
		if (!out->error)
			put_u32_big(out->base + refs + 4 * ((size_t)byte - first), child);
	}
	return node;
}

int index_writer_write(struct index_writer *w, struct buf *out)
{
	uint32_t root;
	int r;

	if (w->error)
		return w->error;
	r = sort_entries(w);
	if (r < 0)
		return r;
	if (!out->max || out->max > INDEX_SIZE_MAX)
		out->max = INDEX_SIZE_MAX;
	buf_put_u32_big(out, INDEX_MAGIC);
	buf_put_u32_big(out, INDEX_VERSION);
	buf_put_u32_big(out, 0);
	root = write_node(out, w->entries, w->n_entries, 0, true);
	if (out->error)
		return out->error;
	put_u32_big(out->base + 8, root);
	return 0;
}

void index_writer_duplicates(const struct index_writer *w,
			     void (*found)(void *ctx, const struct index_entry *entry), void *ctx)
{
	const struct index_entry *e = w->entries;

	for (size_t i = 1; i < w->n_entries; i++)
		if (same_key(&e[i - 1], &e[i]) && e[i - 1].value_size == e[i].value_size &&
		    memcmp(e[i - 1].value, e[i].value, e[i].value_size) == 0)
			found(ctx, &e[i]);
}
