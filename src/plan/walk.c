/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where would every module come if nothing contradicted anything? Down from each goal, first into
 * what comes before it, then the module, then into what comes after, turning back where the walk was.
 */
#include <errno.h>
#include <stdlib.h>

#include "plan/plan-internal.h"

struct walk {
	bool (*goes_before)(const struct edge *edge);
	uint32_t *path, *edge; /* modules on the way, and the edge to follow next from each */
	uint32_t *n_line; /* what is left of the line of each, which counts before its edges */
	uint8_t *is_seen;
	uint32_t n, n_placed;
};

static void enter(const struct planner *p, struct walk *w, uint32_t i)
{
	if (w->is_seen[i])
		return;
	w->is_seen[i] = 1;
	w->path[w->n] = i;
	/* Scripts know the order of loading as the line read from its end; edges have less to say. */
	w->n_line[w->n] = p->options.is_unload ? 0 : p->nodes[i].n_line;
	w->edge[w->n++] = p->nodes[i].first_edge;
}

/* One step. What comes after a module is kept back until the module has its place. */
static void go_on(struct planner *p, struct walk *w)
{
	struct node *node = &p->nodes[w->path[w->n - 1]];
	uint32_t e = w->edge[w->n - 1];

	if (w->n_line[w->n - 1] > 0) {
		enter(p, w, node->line[--w->n_line[w->n - 1]]);
		return;
	}
	while (e != PLAN_NONE && w->goes_before(&p->edges[e]) != (node->place == PLAN_NONE))
		e = p->edges[e].next;
	if (e != PLAN_NONE) {
		w->edge[w->n - 1] = p->edges[e].next;
		enter(p, w, p->edges[e].to);
	} else if (node->place == PLAN_NONE) {
		node->place = w->n_placed++;
		w->edge[w->n - 1] = node->first_edge;
	} else {
		w->n--;
	}
}

static int walk_from(struct planner *p, uint32_t i, struct walk *w)
{
	enter(p, w, i);
	while (w->n > 0)
		go_on(p, w);
	return 0;
}

int plan_find_places(struct planner *p, bool (*goes_before)(const struct edge *edge))
{
	struct walk w = { .goes_before = goes_before,
			  .path = calloc((size_t)p->n_nodes + 1, sizeof(uint32_t)),
			  .edge = calloc((size_t)p->n_nodes + 1, sizeof(uint32_t)),
			  .n_line = calloc((size_t)p->n_nodes + 1, sizeof(uint32_t)),
			  .is_seen = calloc((size_t)p->n_nodes + 1, 1) };
	int r = w.path && w.edge && w.n_line && w.is_seen ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < p->n_nodes; i++)
		p->nodes[i].place = PLAN_NONE;
	/* Goals were asked for in an order; all else hangs below one of them, or is not kept. */
	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++)
		if (p->nodes[i].is_goal)
			r = walk_from(p, i, &w);
	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++)
		r = walk_from(p, i, &w);
	free(w.path);
	free(w.edge);
	free(w.n_line);
	free(w.is_seen);
	return r;
}
