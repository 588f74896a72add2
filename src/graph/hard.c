/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/hard.h"

#include <stdlib.h>

#include "graph/cycles.h"
#include "graph/declarations.h"

struct adding {
	struct graph *g;
	struct declarations *d;
	struct findings *findings;
	uint32_t **deps;      /* of each module with candidates, with room for them all; NULL of others */
	uint32_t *component;  /* of the graph with all candidates */
	uint32_t *from;	      /* in a search: the module that led here */
	uint32_t *seen;	      /* by which search */
	uint32_t *queue;
	uint32_t n_searches;
	uint64_t work;
	bool has_edges;
};

static bool is_candidate(const struct hard *x)
{
	return x->fate == DECLARED_IN_DEP;
}

/* Own memory for the deps of a module, with its candidates behind, each once. */
static int add_candidates(struct adding *a, uint32_t module, uint32_t *stamp)
{
	struct graph_module *m = &a->g->modules[module];
	const struct hards *h = &a->d->hards[module];
	uint32_t n = 0, *deps;

	for (const struct hard *x = h->first; x; x = x->next)
		n += is_candidate(x);
	if (n == 0)
		return 0;
	deps = arena_alloc(&a->g->arena, ((size_t)m->n_deps + n) * sizeof(*deps));
	if (!deps)
		return -ENOMEM;
	if (m->n_deps)
		memcpy(deps, m->deps, m->n_deps * sizeof(*deps));
	for (const struct hard *x = h->first; x; x = x->next) {
		if (!is_candidate(x) || stamp[x->answer] == module + 1)
			continue;
		stamp[x->answer] = module + 1;
		deps[m->n_deps++] = x->answer;
		m->n_hard_deps++;
	}
	m->deps = a->deps[module] = deps;
	return 0;
}

static void take_candidates_away(struct graph *g)
{
	for (uint32_t i = 0; i < g->n_modules; i++) {
		g->modules[i].n_deps -= g->modules[i].n_hard_deps;
		g->modules[i].n_hard_deps = 0;
	}
}

static void append(struct adding *a, uint32_t module, uint32_t answer)
{
	struct graph_module *m = &a->g->modules[module];

	a->deps[module][m->n_deps++] = answer;
	m->n_hard_deps++;
	a->has_edges = true;
}

/* The shortest way from @start to @end, inside of their knot, breadth first: @a->from leads back. */
static bool find_way(struct adding *a, uint32_t start, uint32_t end)
{
	uint32_t head = 0, tail = 0;

	a->n_searches++;
	a->queue[tail++] = start;
	a->seen[start] = a->n_searches;
	while (head < tail) {
		uint32_t i = a->queue[head++];
		const struct graph_module *m = &a->g->modules[i];

		a->work += m->n_deps + 1;
		for (uint32_t k = 0; k < m->n_deps; k++) {
			uint32_t d = m->deps[k];

			if (a->seen[d] == a->n_searches || a->component[d] != a->component[start])
				continue;
			a->seen[d] = a->n_searches;
			a->from[d] = i;
			if (d == end)
				return true;
			a->queue[tail++] = d;
		}
	}
	return false;
}

/* By what @user needs @owner: a symbol; NULL for a hard dependency. */
static const char *need_between(struct adding *a, uint32_t user, uint32_t owner)
{
	const struct graph_module *m = &a->g->modules[user];

	for (uint32_t k = m->n_deps - m->n_hard_deps; k < m->n_deps; k++)
		if (m->deps[k] == owner)
			return NULL;
	a->work += m->facts->n_imports;
	return graph_symbol_between(a->g, user, owner);
}

/* From @module by the hard dependency to its answer, and from there back. */
static int set_path(struct adding *a, struct finding *x, uint32_t module, uint32_t answer)
{
	uint32_t n = 1, at, *path;
	const char **symbols;

	for (at = module; at != answer; at = a->from[at])
		n++;
	path = arena_alloc(&a->findings->arena, n * sizeof(*path));
	symbols = arena_alloc(&a->findings->arena, n * sizeof(*symbols));
	if (!path || !symbols)
		return -ENOMEM;
	path[0] = module;
	at = module;
	for (uint32_t k = n - 1; k > 0; k--)
		path[k] = at = a->from[at];
	symbols[0] = NULL;
	x->n_path = n < HARD_PATH_MAX ? n : HARD_PATH_MAX;
	for (uint32_t k = 1; k < x->n_path; k++)
		symbols[k] = need_between(a, path[k], path[(k + 1) % n]);
	x->is_path_cut = x->n_path < n;
	x->path = path;
	x->symbols = symbols;
	return 0;
}

static int drop(struct adding *a, uint32_t module, struct hard *x, bool has_path)
{
	struct finding *finding;

	int r;

	x->fate = DECLARED_CYCLE;
	r = declarations_finding(a->findings, FINDING_HARD_CYCLE, module, x->word, NULL, &finding);
	if (r < 0 || !finding)
		return r;
	finding->other = x->answer;
	return has_path ? set_path(a, finding, module, x->answer) : 0;
}

static int try_one(struct adding *a, uint32_t module, struct hard *x)
{
	if (a->component[module] == a->component[x->answer]) {
		if (a->work > HARD_WORK_MAX)
			return drop(a, module, x, false);
		if (find_way(a, x->answer, module))
			return drop(a, module, x, true);
	}
	append(a, module, x->answer);
	return 0;
}

static int try_all(struct adding *a, uint32_t *stamp)
{
	int r = 0;

	for (uint32_t i = 0; i < a->g->n_modules; i++) {
		if (!a->deps[i])
			continue;
		for (struct hard *x = a->d->hards[i].first; r == 0 && x; x = x->next) {
			/* Two words may have one answer. */
			if (!is_candidate(x) || stamp[x->answer] == i + 1)
				continue;
			r = try_one(a, i, x);
			if (is_candidate(x))
				stamp[x->answer] = i + 1;
		}
	}
	return r;
}

int hard_add_edges(struct graph *g, struct declarations *d, struct findings *findings)
{
	size_t n = (size_t)g->n_modules + 1;
	struct adding a = { .g = g, .d = d, .findings = findings };
	uint32_t *memory = calloc(n * 5, sizeof(*memory)), *stamp = memory;
	int r;

	a.deps = calloc(n, sizeof(*a.deps));
	r = memory && a.deps ? 0 : -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++)
		r = add_candidates(&a, i, stamp);
	if (r == 0) {
		a.component = memory + n;
		a.from = memory + 2 * n;
		a.seen = memory + 3 * n;
		a.queue = memory + 4 * n;
		memset(stamp, 0, n * sizeof(*stamp));
		r = cycles_components(g, a.component);
	}
	take_candidates_away(g);
	if (r == 0)
		r = try_all(&a, stamp);
	free(a.deps);
	free(memory);
	return r == 0 && a.has_edges ? cycles_rank(g) : r;
}
