/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One table of what the kernel exports, searched by name.
 */
#include "elf/kernel-exports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/grow.h"
#include "bytes/hash.h"

static const char *const source_names[] = {
	[KERNEL_EXPORTS_NONE] = "",
	[KERNEL_EXPORTS_SYMVERS] = "Module.symvers",
	[KERNEL_EXPORTS_IMAGE] = "kernel image",
	[KERNEL_EXPORTS_SYSTEM_MAP] = "System.map",
	[KERNEL_EXPORTS_KALLSYMS] = "kallsyms",
};

const char *kernel_exports_source_name(enum kernel_exports_source source)
{
	return source_names[source];
}

int kernel_exports_add(struct kernel_exports *x, const char *name, size_t name_size, const char *ns,
		       size_t ns_size, uint32_t flags, uint32_t crc)
{
	struct kernel_export *e;
	int r;

	r = grow_array(&x->items, x->n, &x->capacity, sizeof(*x->items), KERNEL_EXPORTS_MAX);
	if (r < 0)
		return r;
	e = &x->items[x->n];
	*e = (struct kernel_export){ .flags = flags & ~(uint32_t)SYMBOL_NAMESPACE, .crc = crc, .order = x->n };
	e->name = arena_string(&x->arena, name, name_size);
	if (!e->name)
		return -ENOMEM;
	e->name_hash = hash_name(e->name, name_size);
	if (ns_size > 0) {
		e->ns = arena_string(&x->arena, ns, ns_size);
		if (!e->ns)
			return -ENOMEM;
		e->flags |= SYMBOL_NAMESPACE;
	}
	x->n++;
	return 0;
}

int kernel_exports_add_foreign(struct kernel_exports *x, const char *name, size_t name_size,
			       const char *owner, size_t owner_size)
{
	struct kernel_foreign *f;
	int r;

	r = grow_array(&x->foreign, x->n_foreign, &x->foreign_capacity, sizeof(*x->foreign),
		       KERNEL_EXPORTS_MAX);
	if (r < 0)
		return r;
	f = &x->foreign[x->n_foreign];
	f->name = arena_string(&x->arena, name, name_size);
	f->owner = arena_string(&x->arena, owner, owner_size);
	if (!f->name || !f->owner)
		return -ENOMEM;
	x->n_foreign++;
	return 0;
}

static int compare_exports(const void *a, const void *b)
{
	const struct kernel_export *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->order < y->order ? -1 : x->order > y->order;
}

static int compare_name(const void *name, const void *item)
{
	return strcmp(name, ((const struct kernel_export *)item)->name);
}

static int compare_foreign(const void *a, const void *b)
{
	return strcmp(((const struct kernel_foreign *)a)->name, ((const struct kernel_foreign *)b)->name);
}

void kernel_exports_finish(struct kernel_exports *x)
{
	uint32_t n = 0;

	if (x->n > 1)
		qsort(x->items, x->n, sizeof(*x->items), compare_exports);
	for (uint32_t i = 0; i < x->n; i++)
		if (n == 0 || strcmp(x->items[n - 1].name, x->items[i].name) != 0)
			x->items[n++] = x->items[i];
	x->n = n;
	if (x->n_foreign > 1)
		qsort(x->foreign, x->n_foreign, sizeof(*x->foreign), compare_foreign);
}

const struct kernel_export *kernel_exports_find(const struct kernel_exports *x, const char *name)
{
	return x->n ? bsearch(name, x->items, x->n, sizeof(*x->items), compare_name) : NULL;
}

const char *kernel_exports_owner(const struct kernel_exports *x, const char *name)
{
	const struct kernel_foreign key = { .name = name };
	const struct kernel_foreign *found;

	if (x->n_foreign == 0)
		return NULL;
	found = bsearch(&key, x->foreign, x->n_foreign, sizeof(*x->foreign), compare_foreign);
	return found ? found->owner : NULL;
}

void kernel_exports_done(struct kernel_exports *x)
{
	if (!x)
		return;
	arena_done(&x->arena);
	free(x->items);
	free(x->foreign);
	*x = (struct kernel_exports){ 0 };
}
