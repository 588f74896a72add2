/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In which order do modules stand in the index files?
 */
#include <stdlib.h>

#include "bytes/hash.h"
#include "bytes/name.h"
#include "graph/graph.h"

#define ORDER_BUCKETS 512u

/* Longer lines of modules.order name no file. */
#define ORDER_LINE_MAX 4094u

struct sort_item {
	struct graph_module module;
	uint32_t line;	 /* in modules.order; UINT32_MAX when it is not there */
	uint32_t bucket; /* of the module's name */
};

static int compare(const void *a, const void *b)
{
	const struct sort_item *x = a, *y = b;
	int c;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	c = strcmp(x->module.name, y->module.name);
	return c ? c : strcmp(x->module.path, y->module.path);
}

/* modules.order names files as "dir/name.ko", whatever the file's own ending is. */
static size_t order_name_size(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	return (size_t)(base - path) + strcspn(base, ".") + 3;
}

static bool order_name_is(const struct sort_item *item, const uint8_t *line, size_t size)
{
	return order_name_size(item->module.path) == size &&
	       memcmp(item->module.path, line, size - 3) == 0 &&
	       memcmp(line + size - 3, ".ko", 3) == 0;
}

static uint32_t order_name_hash(const char *path)
{
	size_t size = order_name_size(path);

	/* The ".ko" is the same everywhere, so the hash can do without. */
	return hash_name(path, size - 3);
}

static void read_lines(struct sort_item *items, struct bytes order, const uint32_t *slots,
		       uint32_t mask)
{
	uint32_t line = 0;

	for (size_t at = 0; at < order.size;) {
		const uint8_t *s = order.base + at;
		const uint8_t *end = memchr(s, '\n', order.size - at);
		size_t size = end ? (size_t)(end - s) : order.size - at;

		at += size + 1;
		line++;
		if (size < 4 || size > ORDER_LINE_MAX)
			continue;
		for (uint32_t i = hash_name((const char *)s, size - 3) & mask; slots[i];
		     i = (i + 1) & mask) {
			struct sort_item *item = &items[slots[i] - 1];

			if (!order_name_is(item, s, size))
				continue;
			if (item->line == UINT32_MAX)
				item->line = line;
			break;
		}
	}
}

int graph_order(struct graph_module *modules, uint32_t n, struct bytes order)
{
	struct sort_item *items;
	uint32_t n_slots = 64;
	uint32_t *slots;

	while (n_slots < 2 * n)
		n_slots *= 2;
	items = calloc((size_t)n + 1, sizeof(*items));
	slots = calloc(n_slots, sizeof(*slots));
	if (!items || !slots) {
		free(items);
		free(slots);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		const char *name = modules[i].name;
		uint32_t k = order_name_hash(modules[i].path) & (n_slots - 1);

		items[i].module = modules[i];
		items[i].line = UINT32_MAX;
		items[i].bucket = hash_order(name, strlen(name)) & (ORDER_BUCKETS - 1);
		while (slots[k])
			k = (k + 1) & (n_slots - 1);
		slots[k] = i + 1;
	}
	read_lines(items, order, slots, n_slots - 1);
	qsort(items, n, sizeof(*items), compare);
	for (uint32_t i = 0; i < n; i++)
		modules[i] = items[i].module;
	free(items);
	free(slots);
	return 0;
}
