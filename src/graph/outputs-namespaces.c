/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which exported symbols are in a namespace, and who exports into one: keys of modules.modsure.bin.
 */
#include <stdlib.h>

#include "bytes/name.h"
#include "graph/outputs.h"
#include "index/namespaces.h"
#include "index/writer.h"

/** struct exporter - @owner exports something into @ns; GRAPH_NONE is the kernel, and comes last */
struct exporter {
	const char *ns;
	uint32_t owner;
};

struct putting {
	const struct graph *g;
	bool with_kernel;
	struct arena *arena;
	struct findings *findings;
	int (*put)(void *ctx, const char *key, const char *value, uint32_t priority);
	void *ctx;
	struct exporter *exporters;
	size_t n_exporters;
	size_t size; /* of what was put */
	bool is_full;
};

static const char over_limit[] =
	"is over the limit of all of them together, and so are those of the symbols behind it";

static const char *owner_name(const struct putting *p, uint32_t owner)
{
	return owner == GRAPH_NONE ? NAMESPACES_KERNEL : p->g->modules[owner].name;
}

static int put(struct putting *p, const char *prefix, const char *name, const struct buf *value,
	       uint32_t priority)
{
	CLEANUP_BUF struct buf key = { 0 };
	const char *k, *v;

	buf_put_string(&key, prefix);
	buf_put_string(&key, name);
	if (key.error || value->error)
		return -ENOMEM;
	p->size += key.size + value->size + INDEX_NODE_MAX;
	k = arena_string(p->arena, (const char *)key.base, key.size);
	v = arena_string(p->arena, (const char *)value->base, value->size);
	return k && v ? p->put(p->ctx, k, v, priority) : -ENOMEM;
}

static int leave_out(struct putting *p, const struct graph_symbol *s, const char *why)
{
	struct finding *x = findings_add(p->findings, FINDING_BAD_NAMESPACE, s->owner);

	if (!x)
		return -ENOMEM;
	x->symbol = s->name;
	x->why = why;
	return 0;
}

static int put_export(struct putting *p, const struct graph_symbol *s, uint32_t priority)
{
	const char *why = namespaces_may_hold(s->ns);
	CLEANUP_BUF struct buf value = { 0 };

	if (!why && p->size > NAMESPACES_SIZE_MAX) {
		p->is_full = true;
		why = over_limit;
	}
	if (why)
		return leave_out(p, s, why);
	namespaces_put_symbol(owner_name(p, s->owner), s->ns, &value);
	p->exporters[p->n_exporters++] = (struct exporter){ s->ns, s->owner };
	return put(p, NAMESPACES_SYMBOL, s->name, &value, priority);
}

static bool is_wanted(const struct putting *p, const struct graph_symbol *s)
{
	if (!(s->flags & SYMBOL_NAMESPACE) || !s->ns)
		return false;
	return s->owner == GRAPH_NONE ? p->with_kernel : !p->g->modules[s->owner].is_left_out;
}

static int put_symbols(struct putting *p)
{
	int r = 0;

	for (uint32_t i = 0; i < p->g->n_slots; i++) {
		const struct graph_symbol *s = &p->g->symbols[i];
		uint32_t priority = 0;

		/* modules.symbols reports such names, and leaves them out. */
		if (!s->name || !name_is_clean(s->name))
			continue;
		for (; s && r == 0 && !p->is_full; s = graph_older_symbol(p->g, s))
			if (is_wanted(p, s))
				r = put_export(p, s, priority++);
	}
	return r;
}

static int compare_exporters(const void *a, const void *b)
{
	const struct exporter *x = a, *y = b;
	int r = strcmp(x->ns, y->ns);

	return r ? r : (x->owner > y->owner) - (x->owner < y->owner);
}

static int put_exporters(struct putting *p)
{
	const struct exporter *x = p->exporters;
	int r = 0;

	if (p->n_exporters > 1)
		qsort(p->exporters, p->n_exporters, sizeof(*x), compare_exporters);
	for (size_t i = 0; i < p->n_exporters && r == 0; i++) {
		CLEANUP_BUF struct buf value = { 0 };

		if (i > 0 && compare_exporters(&x[i - 1], &x[i]) == 0)
			continue;
		buf_put_string(&value, owner_name(p, x[i].owner));
		r = put(p, NAMESPACES_EXPORTER, x[i].ns, &value, x[i].owner);
	}
	return r;
}

int outputs_namespaces(const struct graph *g, bool with_kernel, struct arena *arena,
		       struct findings *findings,
		       int (*put_one)(void *ctx, const char *key, const char *value, uint32_t priority),
		       void *ctx)
{
	struct putting p = { .g = g, .with_kernel = with_kernel, .arena = arena, .findings = findings,
			     .put = put_one, .ctx = ctx };
	size_t n_older = g->older.size / sizeof(struct graph_symbol);
	int r;

	p.exporters = malloc(((size_t)g->n_symbols + n_older + 1) * sizeof(*p.exporters));
	if (!p.exporters)
		return -ENOMEM;
	r = put_symbols(&p);
	if (r == 0)
		r = put_exporters(&p);
	free(p.exporters);
	return r;
}
