/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which module needs which?
 *
 * All exports go into one hash table, then every import is looked up. Cycles are found among the
 * edges (cycles.c) and their members leave the graph; whoever needed one of them is looked up
 * again, since another exporter may answer, and leaves too when nobody does.
 */
#include <stdlib.h>

#include "bytes/hash.h"
#include "graph/cycles.h"
#include "graph/graph.h"

/* A round more is needed only when an exporter that steps in closes a new cycle. */
#define ROUNDS_MAX 16

/* Same-hash names in a row that a real symbol table never has. */
#define PROBES_MAX 4096u

/* Names that the compiler or linker makes up, so that no module can lack them. */
static const char *const always_there[] = { "__this_module", "_GLOBAL_OFFSET_TABLE_", "TOC." };

static struct graph_symbol *slot_of(const struct graph *g, const char *name, uint32_t hash)
{
	uint32_t mask = g->n_slots - 1;

	for (uint32_t n = 0; n < PROBES_MAX; n++) {
		struct graph_symbol *s = &g->symbols[(hash + n) & mask];

		if (!s->name || (s->name_hash == hash && strcmp(s->name, name) == 0))
			return s;
	}
	return NULL;
}

static int grow(struct graph *g, size_t n_symbols)
{
	struct graph bigger = *g;

	if (n_symbols * 2 <= g->n_slots)
		return 0;
	bigger.n_slots = g->n_slots ? g->n_slots : 1024;
	while (bigger.n_slots < n_symbols * 2) {
		if (bigger.n_slots > UINT32_MAX / 2)
			return -ENOMEM;
		bigger.n_slots *= 2;
	}
	bigger.symbols = calloc(bigger.n_slots, sizeof(*bigger.symbols));
	if (!bigger.symbols)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_slots; i++) {
		struct graph_symbol *to;

		if (!g->symbols[i].name)
			continue;
		to = slot_of(&bigger, g->symbols[i].name, g->symbols[i].name_hash);
		if (to)
			*to = g->symbols[i];
	}
	free(g->symbols);
	*g = bigger;
	return 0;
}

/* A name that finds no slot collides with thousands of others on purpose; nobody resolves it. */
static int put_symbol(struct graph *g, struct graph_symbol symbol)
{
	struct graph_symbol *to;
	int r;

	r = grow(g, (size_t)g->n_symbols + 1);
	if (r < 0)
		return r;
	to = slot_of(g, symbol.name, symbol.name_hash);
	if (!to)
		return 0;
	if (to->name) {
		buf_put(&g->older, to, sizeof(*to));
		if (g->older.error)
			return g->older.error;
		symbol.older = (uint32_t)(g->older.size / sizeof(*to));
	}
	g->n_symbols += !to->name;
	*to = symbol;
	return 0;
}

int graph_add_kernel_symbol(struct graph *g, const char *name, uint32_t flags, uint32_t crc,
			    const char *ns)
{
	struct graph_symbol symbol = {
		.name = name,
		.name_hash = hash_name(name, strlen(name)),
		.owner = GRAPH_NONE,
		.crc = crc,
		.flags = flags,
		.ns = ns,
	};

	return put_symbol(g, symbol);
}

static int add_exports(struct graph *g, uint32_t owner)
{
	const struct facts *f = g->modules[owner].facts;
	const struct facts_export *e = facts_exports(f);

	for (uint32_t i = 0; i < f->n_exports; i++) {
		struct graph_symbol symbol = {
			.name = facts_string(f, e[i].name),
			.name_hash = e[i].name_hash,
			.owner = owner,
			.crc = e[i].crc,
			.flags = e[i].flags,
			.ns = e[i].flags & SYMBOL_NAMESPACE ? facts_string(f, e[i].ns) : NULL,
		};
		int r;

		if (g->symbol_prefix && symbol.name[0] == g->symbol_prefix) {
			symbol.name++;
			symbol.name_hash = hash_name(symbol.name, strlen(symbol.name));
		}
		r = put_symbol(g, symbol);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Left-out exporters are dropped for good as they are met, so that nobody meets them twice. */
const struct graph_symbol *graph_find_symbol(struct graph *g, const char *name, uint32_t hash)
{
	struct graph_symbol *s = g->n_slots ? slot_of(g, name, hash) : NULL;

	if (!s || !s->name)
		return NULL;
	while (!s->is_gone && s->owner != GRAPH_NONE && g->modules[s->owner].is_left_out) {
		uint32_t left_out = s->owner;

		if (s->older && !g->no_older) {
			*s = ((struct graph_symbol *)(void *)g->older.base)[s->older - 1];
		} else {
			s->is_gone = true;
			s->left_out = left_out;
		}
	}
	return s;
}

/* The exporter of an import, after what ppc64 and -P put before its name. */
static const struct graph_symbol *find_import(struct graph *g, const struct facts *f,
					      const struct facts_import *import)
{
	const char *name = facts_string(f, import->name);
	const char *bare = name;

	if (bare[0] == '.')
		bare++;
	if (g->symbol_prefix && bare[0] == g->symbol_prefix)
		bare++;
	return graph_find_symbol(g, bare,
				 bare == name ? import->name_hash : hash_name(bare, strlen(bare)));
}

const struct graph_symbol *graph_find_import(struct graph *g, uint32_t i, uint32_t k)
{
	const struct facts *f = g->modules[i].facts;

	return find_import(g, f, &facts_imports(f)[k]);
}

const struct graph_symbol *graph_older_symbol(const struct graph *g, const struct graph_symbol *s)
{
	return s->older ? &((const struct graph_symbol *)(const void *)g->older.base)[s->older - 1] : NULL;
}

/* Dependencies of module @i into @deps; @stamp[owner] == i + 1 marks those already there. */
static uint32_t find_deps(struct graph *g, uint32_t i, uint32_t *deps, uint32_t *stamp)
{
	const struct facts *f = g->modules[i].facts;
	const struct facts_import *imports = facts_imports(f);
	uint32_t n = 0;

	for (uint32_t k = 0; k < f->n_imports; k++) {
		const struct graph_symbol *s = find_import(g, f, &imports[k]);

		if (!s || s->is_gone || s->owner == GRAPH_NONE || stamp[s->owner] == i + 1)
			continue;
		if (s->owner == i && (imports[k].flags & SYMBOL_WEAK))
			continue;
		stamp[s->owner] = i + 1;
		deps[n++] = s->owner;
	}
	return n;
}

/* All edges; a module that needs itself keeps that edge, as a cycle of one. */
static int find_edges(struct graph *g)
{
	uint32_t *deps = malloc(((size_t)g->n_modules + 1) * sizeof(*deps));
	uint32_t *stamp = calloc((size_t)g->n_modules + 1, sizeof(*stamp));
	int r = deps && stamp ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct graph_module *m = &g->modules[i];
		uint32_t *kept;

		m->n_deps = 0;
		if (m->is_left_out)
			continue;
		m->n_deps = find_deps(g, i, deps, stamp);
		kept = arena_alloc(&g->arena, m->n_deps * sizeof(*kept));
		if (!kept) {
			r = -ENOMEM;
			break;
		}
		memcpy(kept, deps, m->n_deps * sizeof(*kept));
		m->deps = kept;
	}
	free(deps);
	free(stamp);
	return r;
}

const char *graph_symbol_between(struct graph *g, uint32_t user, uint32_t owner)
{
	const struct facts *f = g->modules[user].facts;
	const struct facts_import *imports = facts_imports(f);

	for (uint32_t k = 0; k < f->n_imports; k++) {
		const struct graph_symbol *s = find_import(g, f, &imports[k]);

		if (s && s->owner == owner)
			return s->name;
	}
	return "";
}

/* Leaves @i out when only left-out modules answer an import of it. Return: 1 if so; 0; -ENOMEM. */
static int leave_out_if_unanswered(struct graph *g, uint32_t i, struct findings *findings)
{
	const struct facts *f = g->modules[i].facts;
	const struct facts_import *imports = facts_imports(f);

	for (uint32_t k = 0; k < f->n_imports; k++) {
		const struct graph_symbol *s;
		struct finding *x;

		if (imports[k].flags & SYMBOL_WEAK)
			continue;
		s = find_import(g, f, &imports[k]);
		if (!s || !s->is_gone)
			continue;
		x = findings_add(findings, FINDING_NEEDS_LEFT_OUT, i);
		if (!x)
			return -ENOMEM;
		x->other = s->left_out;
		x->symbol = s->name;
		g->modules[i].is_left_out = true;
		return 1;
	}
	return 0;
}

/* Who needs whom, turned around: users of @i are users[start[i]] up to users[start[i + 1]]. */
struct reverse {
	uint32_t *start;
	uint32_t *users;
};

static int reverse_edges(const struct graph *g, struct reverse *ret)
{
	uint32_t *start = calloc((size_t)g->n_modules + 2, sizeof(*start));
	uint32_t *users;
	size_t n = 0;

	if (!start)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_modules; i++)
		for (uint32_t k = 0; k < g->modules[i].n_deps; k++, n++)
			start[g->modules[i].deps[k] + 2]++;
	for (uint32_t i = 2; i < g->n_modules + 2; i++)
		start[i] += start[i - 1];
	users = malloc((n + 1) * sizeof(*users));
	if (!users) {
		free(start);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < g->n_modules; i++)
		for (uint32_t k = 0; k < g->modules[i].n_deps; k++)
			users[start[g->modules[i].deps[k] + 1]++] = i;
	*ret = (struct reverse){ start, users };
	return 0;
}

/*
 * Leaves out, from cycles outwards, whoever needs a left-out module.
 * Return: how many; -ENOMEM.
 */
static int leave_users_out(struct graph *g, struct findings *findings)
{
	uint32_t *queue = malloc(((size_t)g->n_modules + 1) * sizeof(*queue));
	struct reverse reverse = { 0 };
	uint32_t n = 0;
	int r;

	r = queue ? reverse_edges(g, &reverse) : -ENOMEM;
	for (uint32_t i = 0; r >= 0 && i < g->n_modules; i++) {
		r = g->modules[i].is_left_out ? 0 : leave_out_if_unanswered(g, i, findings);
		if (r > 0)
			queue[n++] = i;
	}
	for (uint32_t at = 0; r >= 0 && at < n; at++) {
		for (uint32_t k = reverse.start[queue[at]]; k < reverse.start[queue[at] + 1]; k++) {
			uint32_t user = reverse.users[k];

			r = g->modules[user].is_left_out
				    ? 0
				    : leave_out_if_unanswered(g, user, findings);
			if (r < 0)
				break;
			if (r > 0)
				queue[n++] = user;
		}
	}
	free(queue);
	free(reverse.start);
	free(reverse.users);
	return r < 0 ? r : (int)n;
}

int graph_needs(struct graph *g, uint32_t i,
		int (*each)(void *ctx, const char *symbol, const struct graph_module *owner), void *ctx)
{
	const struct facts *f = g->modules[i].facts;
	const struct facts_import *imports = facts_imports(f);

	for (uint32_t k = 0; k < f->n_imports; k++) {
		const struct graph_symbol *s = find_import(g, f, &imports[k]);
		int r;

		if (!s || s->is_gone || s->owner == GRAPH_NONE || s->owner == i)
			continue;
		r = each(ctx, s->name, &g->modules[s->owner]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_symbols(struct graph *g)
{
	size_t n = g->n_symbols + sizeof(always_there) / sizeof(always_there[0]);
	int r;

	for (uint32_t i = 0; i < g->n_modules; i++)
		n += g->modules[i].facts->n_exports;
	r = grow(g, n);
	for (size_t i = 0; r == 0 && i < sizeof(always_there) / sizeof(always_there[0]); i++)
		r = graph_add_kernel_symbol(g, always_there[i], 0, 0, NULL);
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++)
		r = add_exports(g, i);
	return r;
}

int graph_resolve(struct graph *g, struct findings *findings)
{
	bool has_cycles = false;
	int r, n;

	r = fill_symbols(g);
	for (int round = 0; r == 0; round++) {
		g->no_older = round >= ROUNDS_MAX;
		r = find_edges(g);
		if (r < 0)
			break;
		n = cycles_leave_out(g, findings);
		has_cycles = has_cycles || n > 0;
		if (n == 0 && has_cycles)
			n = leave_users_out(g, findings);
		if (n <= 0) {
			r = n;
			break;
		}
	}
	return r < 0 ? r : cycles_rank(g);
}

void graph_done(struct graph *g)
{
	if (!g)
		return;
	free(g->symbols);
	buf_done(&g->older);
	arena_done(&g->arena);
	*g = (struct graph){ 0 };
}
