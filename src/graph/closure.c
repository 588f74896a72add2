/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does a module need in all, and in which order?
 */
#include <stdlib.h>

#include "graph/graph.h"

static int compare_rank(const void *a, const void *b, void *ctx)
{
	const struct graph_module *modules = ctx;
	uint32_t x = modules[*(const uint32_t *)a].rank, y = modules[*(const uint32_t *)b].rank;

	return x < y ? -1 : x > y;
}

static int prepare(struct graph_walk *walk, uint32_t n)
{
	if (walk->found)
		return 0;
	walk->found = malloc(((size_t)n + 1) * sizeof(*walk->found));
	walk->stamp = calloc((size_t)n + 1, sizeof(*walk->stamp));
	if (walk->found && walk->stamp)
		return 0;
	graph_walk_done(walk);
	return -ENOMEM;
}

int64_t graph_closure(const struct graph *g, uint32_t i, struct graph_walk *walk,
		      const uint32_t **ret_found)
{
	uint32_t n = 0;

	if (prepare(walk, g->n_modules) < 0)
		return -ENOMEM;
	if (++walk->generation == 0) {
		memset(walk->stamp, 0, ((size_t)g->n_modules + 1) * sizeof(*walk->stamp));
		walk->generation = 1;
	}
	/* @found is the result and the list of those whose needs are still to be looked at. */
	for (uint32_t at = 0, m = i;; m = walk->found[at++]) {
		const struct graph_module *module = &g->modules[m];

		for (uint32_t k = 0; k < module->n_deps; k++) {
			uint32_t d = module->deps[k];

			if (walk->stamp[d] == walk->generation)
				continue;
			walk->stamp[d] = walk->generation;
			walk->found[n++] = d;
		}
		if (at == n)
			break;
	}
	qsort_r(walk->found, n, sizeof(*walk->found), compare_rank, g->modules);
	*ret_found = walk->found;
	return n;
}

void graph_walk_done(struct graph_walk *walk)
{
	if (!walk)
		return;
	free(walk->found);
	free(walk->stamp);
	*walk = (struct graph_walk){ 0 };
}
