/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is there an order in which all modules are loaded after what they have to be loaded after?
 *
 *     dependencies (free of cycles) + harddep lines of modprobe.d --> hard cycles
 *     all these + soft dependencies                               --> soft cycles
 *
 * An edge goes from a module that waits to the one that it waits for. A cycle lies in one strongly
 * connected component, and each component is said once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/grow.h"
#include "check/claims.h"
#include "check/rules-internal.h"
#include "graph/cycles.h"
#include "graph/declarations.h"

/* Edges of claims; soft dependencies of a real kernel make a hundred. */
#define EDGES_MAX (1u << 22)

/* Modules of a cycle that a message names. */
#define NAMED_MAX 16u

/* Edges that searches for ways look at, together: a fraction of a second. */
#define WAYS_MAX ((uint64_t)1 << 24)

struct edge {
	uint32_t from, to;
	const struct claim *claim;
};

/** struct order - who waits for whom */
struct order {
	struct check *c;
	struct claims *claims;
	struct edge *edges; /* of claims */
	uint32_t n, capacity;
	struct graph graph; /* modules with all that they wait for */
	uint32_t *deps;
	uint32_t *component, *from, *seen, *queue, *weight;
	uint32_t n_searches;
	uint64_t steps;
	bool is_cut;
};

static bool is_soft(const struct edge *e)
{
	return e->claim->kind != CLAIM_HARD;
}

static int add(struct order *o, uint32_t owner, uint32_t answer, const struct claim *claim)
{
	bool is_post = claim->kind == CLAIM_SOFT_POST;
	const struct graph_module *modules = o->c->in->graph->modules;
	int r;

	if (owner == answer || modules[owner].is_left_out || modules[answer].is_left_out)
		return 0;
	r = grow_array(&o->edges, o->n, &o->capacity, sizeof(*o->edges), EDGES_MAX);
	if (r == 0)
		o->edges[o->n++] = (struct edge){ is_post ? answer : owner, is_post ? owner : answer, claim };
	o->is_cut |= r == -E2BIG;
	return r == -ENOMEM ? r : 0;
}

static int add_owner(struct order *o, uint32_t owner, const struct claim *claim)
{
	const struct word_answers *a = claim->answers;
	int r = 0;

	/* A tag that a line takes back waits for nobody. */
	if (!claim->rule && o->claims->taken_back[MODPROBE_SOFTDEP][owner])
		return 0;
	/* Of several that answer to a hard dependency another one may do. */
	if (claim->kind == CLAIM_HARD && a->n != 1)
		return 0;
	for (uint32_t i = 0; r == 0 && i < a->n - a->n_builtin; i++)
		r = add(o, owner, a->items[i].module, claim);
	return r;
}

static int collect(struct order *o, bool with_soft)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < o->claims->n; i++) {
		const struct claim *claim = &o->claims->items[i];
		const struct claim_line *line = &o->claims->lines[claim->line];
		bool is_wanted = claim->kind == CLAIM_HARD || (with_soft && (claim->kind == CLAIM_SOFT_PRE ||
									     claim->kind == CLAIM_SOFT_POST));

		if (!is_wanted || !claim->answers)
			continue;
		if (!claim->rule)
			r = add_owner(o, claim->module, claim);
		for (uint32_t k = 0; claim->rule && r == 0 && k < line->n_counting; k++)
			r = add_owner(o, o->claims->matches[line->first + k], claim);
	}
	return r;
}

/* Each module's own dependencies, and behind them the edges of claims. */
static int join(struct order *o)
{
	const struct graph *g = o->c->in->graph;
	struct graph_module *modules = calloc((size_t)g->n_modules + 1, sizeof(*modules));
	size_t n = o->n;
	uint32_t *at;

	o->graph = (struct graph){ .modules = modules, .n_modules = g->n_modules };
	if (!modules)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_modules; i++) {
		modules[i] = g->modules[i];
		n += g->modules[i].n_deps;
	}
	for (uint32_t e = 0; e < o->n; e++)
		modules[o->edges[e].from].n_deps++;
	at = o->deps = malloc((n + 1) * sizeof(*at));
	if (!at)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_modules; i++) {
		if (g->modules[i].n_deps)
			memcpy(at, g->modules[i].deps, g->modules[i].n_deps * sizeof(*at));
		modules[i].deps = at;
		at += modules[i].n_deps;
		modules[i].n_deps = g->modules[i].n_deps;
	}
	for (uint32_t e = 0; e < o->n; e++) {
		struct graph_module *m = &modules[o->edges[e].from];

		o->deps[m->deps - o->deps + m->n_deps++] = o->edges[e].to;
	}
	return 0;
}

static int make(struct order *o, struct check *c, bool with_soft)
{
	size_t n = (size_t)c->in->graph->n_modules + 1;
	int r;

	*o = (struct order){ .c = c, .steps = WAYS_MAX };
	r = claims_get(c, &o->claims);
	if (r == 0)
		r = collect(o, with_soft);
	if (r < 0 || o->n == 0)
		return r;
	o->component = calloc(5 * n, sizeof(*o->component));
	if (!o->component)
		return -ENOMEM;
	o->from = o->component + n;
	o->seen = o->component + 2 * n;
	o->queue = o->component + 3 * n;
	o->weight = o->component + 4 * n;
	r = join(o);
	return r < 0 ? r : cycles_components(&o->graph, o->component);
}

static void done(struct order *o)
{
	free(o->edges);
	free(o->graph.modules);
	free(o->deps);
	free(o->component);
}

static bool is_inside(const struct order *o, const struct edge *e)
{
	return o->component[e->from] == o->component[e->to];
}

/* A shortest way from @start to @end in their component; o->from leads back from @end. */
static bool find_way(struct order *o, uint32_t start, uint32_t end)
{
	uint32_t head = 0, tail = 0;

	o->n_searches++;
	o->queue[tail++] = start;
	o->seen[start] = o->n_searches;
	while (head < tail) {
		uint32_t i = o->queue[head++];
		const struct graph_module *m = &o->graph.modules[i];

		for (uint32_t k = 0; k < m->n_deps; k++) {
			uint32_t d = m->deps[k];

			if (o->steps == 0)
				return false;
			o->steps--;
			if (o->seen[d] == o->n_searches || o->component[d] != o->component[start])
				continue;
			o->seen[d] = o->n_searches;
			o->from[d] = i;
			if (d == end)
				return true;
			o->queue[tail++] = d;
		}
	}
	return false;
}

/* "a -> b -> c -> a", with the edge first and the way back behind it. */
static void put_cycle(struct order *o, const struct edge *e, const char *between, struct buf *out)
{
	const struct graph_module *modules = o->graph.modules;
	uint32_t n = 0, at;

	if (!find_way(o, e->to, e->from)) {
		buf_printf(out, "%s%s%s%s...", modules[e->from].name, between, modules[e->to].name, between);
		return;
	}
	for (at = e->from; at != e->to; at = o->from[at])
		o->queue[n++] = at;
	o->queue[n++] = e->to;
	buf_put_string(out, modules[e->from].name);
	for (uint32_t named = 0; n > 0; named++) {
		at = o->queue[--n];
		if (named == NAMED_MAX)
			buf_printf(out, "%s...", between);
		if (named < NAMED_MAX || n == 0)
			buf_printf(out, "%s%s", between, modules[at].name);
	}
}

static int report(struct order *o, const struct edge *e)
{
	CLEANUP_BUF struct buf path = { 0 };
	uint32_t owner = e->claim->kind == CLAIM_SOFT_POST ? e->to : e->from;
	struct check_about about = claims_about(e->claim, owner);
	const struct graph_module *modules = o->graph.modules;

	put_cycle(o, e, " -> ", &path);
	buf_put_u8(&path, 0);
	if (path.error)
		return -ENOMEM;
	if (is_soft(e))
		return check_add(o->c, &about, "these wait for each other to be loaded: %s; %s does not wait for %s",
				 (const char *)path.base, modules[e->from].name, modules[e->to].name);
	return check_add(o->c, &about, "would close a cycle, so modprobe drops the need of %s for '%s': %s",
			 modules[e->from].name, e->claim->text, (const char *)path.base);
}

static int report_declared(struct check *c, const struct finding *x)
{
	struct check_about about = check_about_finding(x);
	CLEANUP_BUF struct buf path = { 0 };

	for (uint32_t i = 0; i < x->n_path && i < NAMED_MAX; i++)
		buf_printf(&path, "%s -> ", c->in->graph->modules[x->path[i]].name);
	if (x->is_path_cut || x->n_path > NAMED_MAX)
		buf_put_string(&path, "... -> ");
	buf_put_string(&path, x->n_path ? c->in->graph->modules[x->path[0]].name
					: "its modules need each other in too many ways");
	buf_put_u8(&path, 0);
	return path.error ? -ENOMEM
			  : check_add(c, &about, "would close a cycle, so depmod drops the need of %s for '%s': %s",
				      c->in->graph->modules[x->module].name, x->symbol, (const char *)path.base);
}

static int skip_if_cut(struct order *o)
{
	return o->is_cut ? check_skip(o->c, "not about all: there are too many dependencies")
			 : claims_skip_if_cut(o->c, o->claims);
}

int check_harddep_cycle(struct check *c)
{
	struct order o;
	int r = make(&o, c, false);

	for (size_t i = 0; i < c->in->n_findings; i++)
		for (const struct finding *x = c->in->findings[i]->first; r == 0 && x; x = x->next)
			if (x->kind == FINDING_HARD_CYCLE)
				r = report_declared(c, x);
	for (uint32_t e = 0; r == 0 && e < o.n; e++)
		if (is_inside(&o, &o.edges[e]))
			r = report(&o, &o.edges[e]);
	if (r == 0)
		r = skip_if_cut(&o);
	done(&o);
	return r;
}

/* Of each module: 1 + the weight of what it waits for in its component: hard ones are not given up. */
static void weigh(struct order *o)
{
	const struct graph *g = o->c->in->graph;

	for (uint32_t e = 0; e < o->n; e++)
		if (is_inside(o, &o->edges[e]) && (o->weight[o->edges[e].from] == 0 || !is_soft(&o->edges[e])))
			o->weight[o->edges[e].from] = is_soft(&o->edges[e]) ? 1 : 2;
	for (uint32_t i = 0; i < g->n_modules; i++)
		for (uint32_t k = 0; k < g->modules[i].n_deps; k++)
			if (o->component[i] && o->component[i] == o->component[g->modules[i].deps[k]])
				o->weight[i] = 2;
}

/* As modprobe does: who waits for soft dependencies only, then whose name is first, does not wait. */
static bool goes_first(const struct order *o, const struct edge *a, const struct edge *b)
{
	const struct graph_module *modules = o->graph.modules;

	if (is_soft(a) != is_soft(b))
		return is_soft(a);
	if (o->weight[a->from] != o->weight[b->from])
		return o->weight[a->from] < o->weight[b->from];
	return strcmp(modules[a->from].name, modules[b->from].name) < 0;
}

int check_softdep_cycle(struct check *c)
{
	struct edge **first = NULL;
	struct order o;
	int r = make(&o, c, true);

	if (r == 0 && o.n > 0) {
		first = calloc((size_t)c->in->graph->n_modules + 2, sizeof(struct edge *));
		r = first ? 0 : -ENOMEM;
	}
	if (r == 0 && o.n > 0)
		weigh(&o);
	for (uint32_t e = 0; r == 0 && e < o.n; e++) {
		struct edge **best = &first[o.component[o.edges[e].from]];

		if (is_inside(&o, &o.edges[e]) && (!*best || goes_first(&o, &o.edges[e], *best)))
			*best = &o.edges[e];
	}
	for (uint32_t i = 0; first && r == 0 && i < c->in->graph->n_modules + 2; i++)
		if (first[i] && is_soft(first[i]))
			r = report(&o, first[i]);
	if (r == 0)
		r = skip_if_cut(&o);
	free(first);
	done(&o);
	return r;
}
