/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/check-others.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/grow.h"
#include "sys/sys.h"

/* Entries of the folder that are looked at. */
#define ENTRIES_MAX 1024u

struct names {
	char **items;
	uint32_t n, capacity;
};

static int keep_name(void *ctx, int dir_fd, const char *name, bool is_regular)
{
	struct names *names = ctx;
	char *copy;
	int r;

	(void)dir_fd;
	if (is_regular || name[0] == '.' || names->n == ENTRIES_MAX)
		return 0;
	r = grow_array(&names->items, names->n, &names->capacity, sizeof(*names->items),
		       ENTRIES_MAX);
	copy = r < 0 ? NULL : strdup(name);
	if (!copy)
		return -ENOMEM;
	names->items[names->n++] = copy;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Opens its index of symbols; the tree counts if there is a good one. Return: is it kept? */
static bool open_tree(struct check_others *others, const char *base, const char *version)
{
	struct indexes *ix = &others->indexes[others->n];
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	CLEANUP_BUF struct buf dir = { 0 };
	char *name;

	buf_printf(&dir, "%s/%s", base, version);
	buf_put_u8(&dir, 0);
	if (dir.error || lookup_begin("symbol:", false, &answer) < 0 ||
	    indexes_open(ix, (const char *)dir.base) < 0)
		return false;
	(void)indexes_ask(ix, LOOKUP_SYMBOLS, LOOKUP_SYMBOLS, false, &answer);
	name = ix->lookup.parts[LOOKUP_SYMBOLS].is_open ? strdup(version) : NULL;
	if (!name) {
		indexes_close(ix);
		return false;
	}
	others->trees[others->n++] = (struct check_other_tree){ name, &ix->lookup };
	return true;
}

static void open_trees(struct check_others *others)
{
	const char *slash = strrchr(others->module_dir, '/');
	char *base =
		slash ? strndup(others->module_dir, (size_t)(slash - others->module_dir)) : NULL;
	struct names names = { 0 };

	if (base && sys_list_names(AT_FDCWD, base, keep_name, &names) == 0 && names.n > 1)
		qsort(names.items, names.n, sizeof(*names.items), compare_names);
	for (uint32_t i = 0; i < names.n; i++) {
		if (others->n < CHECK_OTHERS_MAX && strcmp(names.items[i], slash + 1) != 0)
			(void)open_tree(others, base, names.items[i]);
		free(names.items[i]);
	}
	free(names.items);
	free(base);
}

const struct check_other_tree *check_others_get(void *ctx, size_t *ret_n)
{
	struct check_others *others = ctx;

	if (!others->is_open)
		open_trees(others);
	others->is_open = true;
	*ret_n = others->n;
	return others->trees;
}

void check_others_done(struct check_others *others)
{
	for (size_t i = 0; i < others->n; i++) {
		free((char *)(uintptr_t)others->trees[i].version);
		indexes_close(&others->indexes[i]);
	}
	*others = (struct check_others){ 0 };
}
