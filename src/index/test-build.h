/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Makes index files for tests, in the plainest way that the format allows, in both orders of
 * nodes. Shares nothing with the writer. Include after cmocka.h.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct built {
	uint8_t *base;
	size_t size;
	size_t capacity;
};

struct build_node {
	struct build_node *child[128];
	struct build_value {
		uint32_t priority;
		const char *text;
	} values[64];
	size_t n_values;
};

struct build_entry {
	const char *key;
	uint32_t priority;
	const char *value;
};

static inline struct build_node *build_node_new(void)
{
	struct build_node *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	return n;
}

static inline void build_add(struct build_node *n, const struct build_entry *e)
{
	size_t i = 0;

	for (const char *k = e->key; *k; k++) {
		unsigned char c = (unsigned char)*k;

		assert_true(c < 128);
		if (!n->child[c])
			n->child[c] = build_node_new();
		n = n->child[c];
	}
	assert_true(n->n_values < sizeof(n->values) / sizeof(n->values[0]));
	while (i < n->n_values && n->values[i].priority < e->priority)
		i++;
	memmove(&n->values[i + 1], &n->values[i], (n->n_values - i) * sizeof(n->values[0]));
	n->values[i] = (struct build_value){ e->priority, e->value };
	n->n_values++;
}

static inline void built_put(struct built *b, const void *p, size_t size)
{
	if (b->size + size > b->capacity) {
		b->capacity = 2 * (b->size + size);
		b->base = realloc(b->base, b->capacity);
		assert_non_null(b->base);
	}
	memcpy(b->base + b->size, p, size);
	b->size += size;
}

static inline void built_set_u32(struct built *b, size_t at, uint32_t v)
{
	uint8_t p[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	memcpy(b->base + at, p, 4);
}

static inline void built_u32(struct built *b, uint32_t v)
{
	built_put(b, "\0\0\0\0", 4);
	built_set_u32(b, b->size - 4, v);
}

static inline uint32_t build_write(struct built *b, struct build_node *n, bool is_root,
				   bool children_first)
{
	uint32_t refs[128] = { 0 }, reference;
	uint8_t prefix[4096], span[2] = { 255, 0 };
	size_t prefix_size = 0, table = 0;

	for (;;) {
		unsigned int only = 0, n_children = 0;

		for (unsigned int c = 1; c < 128; c++)
			if (n->child[c]) {
				only = c;
				n_children++;
			}
		if (is_root || n->n_values || n_children != 1)
			break;
		prefix[prefix_size++] = (uint8_t)only;
		n = n->child[only];
	}
	prefix[prefix_size] = 0;
	for (uint8_t c = 1; c < 128; c++)
		if (n->child[c]) {
			span[0] = span[0] == 255 ? c : span[0];
			span[1] = c;
		}
	for (unsigned int c = span[0]; children_first && c <= span[1]; c++)
		refs[c] = n->child[c] ? build_write(b, n->child[c], false, true) : 0;
	reference = (uint32_t)b->size;
	if (prefix_size) {
		built_put(b, prefix, prefix_size + 1);
		reference |= 0x80000000u;
	}
	if (span[1]) {
		built_put(b, span, 2);
		table = b->size;
		for (unsigned int c = span[0]; c <= span[1]; c++)
			built_u32(b, refs[c]);
		reference |= 0x20000000u;
	}
	if (n->n_values) {
		built_u32(b, (uint32_t)n->n_values);
		for (size_t i = 0; i < n->n_values; i++) {
			built_u32(b, n->values[i].priority);
			built_put(b, n->values[i].text, strlen(n->values[i].text) + 1);
		}
		reference |= 0x40000000u;
	}
	for (unsigned int c = span[0]; !children_first && c <= span[1]; c++)
		if (n->child[c])
			built_set_u32(b, table + 4 * (c - span[0]),
				      build_write(b, n->child[c], false, false));
	return reference;
}

static inline void build_node_free(struct build_node *n)
{
	for (size_t i = 0; i < 128; i++)
		if (n->child[i])
			build_node_free(n->child[i]);
	free(n);
}

/* An index with the entries, added in this order. The caller frees base. */
static inline struct built build(const struct build_entry *entries, size_t n, bool children_first)
{
	struct build_node *root = build_node_new();
	struct built b = { 0 };

	for (size_t i = 0; i < n; i++)
		build_add(root, &entries[i]);
	built_u32(&b, 0xb007f457u);
	built_u32(&b, 0x00020001u);
	built_u32(&b, 0);
	built_set_u32(&b, 8, build_write(&b, root, true, children_first));
	build_node_free(root);
	/* Without room behind, so that the sanitizer sees a read past the end. */
	b.base = realloc(b.base, b.size);
	b.capacity = b.size;
	assert_non_null(b.base);
	return b;
}

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
