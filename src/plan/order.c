/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An order that keeps all constraints. Where they contradict each other, somebody has to give way:
 * in every knot of modules (a strongly connected component) the one whose name sorts first, among
 * those that nothing in the knot needs to be loaded before, is loaded without waiting for the others,
 * and unloaded without the others waiting for it: what is cut is the same.
 * Soft dependencies give way; what modules.dep says does only where it contradicts itself. To unload, a
 * hard dependency gives way to what the kernel counts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan-internal.h"

/** enum weight - what gives way before what */
enum weight {
	WEIGHT_SOFT,
	WEIGHT_HARD,
	WEIGHT_KERNEL, /* unload: the kernel knows of it, and will not have it otherwise */
};

/** struct constraint - @before comes before @after */
struct constraint {
	uint32_t before, after;
	uint32_t edge; /* that it stands for */
	uint8_t weight;
};

/** struct knots - strongly connected components, and the memory to find them */
struct knots {
	uint32_t n_nodes;
	uint32_t *first;   /* n_nodes + 1: where the successors of a node start */
	uint32_t *after;   /* successors */
	uint32_t *index;   /* order of discovery, from 1; 0 not seen */
	uint32_t *low;
	uint32_t *cursor;  /* next successor to look at */
	uint32_t *open;	   /* nodes whose component is not complete */
	uint32_t *path;	   /* nodes on the way down */
	uint32_t *knot;	   /* component of a node, from 1; 0 none yet */
	uint32_t *size;	   /* of a component */
	uint32_t *chosen;  /* of a component: who goes first; PLAN_NONE */
	uint32_t n_knots;
	uint8_t *weight;   /* the greatest for which a node waits for another of its own component */
	uint8_t *lightest; /* of a component: the smallest weight in it */
};

static void knots_done(struct knots *k)
{
	uint32_t *const all[] = { k->first, k->after, k->index, k->low,	  k->cursor,
				  k->open,  k->path,  k->knot,	k->size, k->chosen };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
	free(k->weight);
	free(k->lightest);
}

static int knots_init(struct knots *k, uint32_t n_nodes, uint32_t n_constraints)
{
	uint32_t **const all[] = { &k->first, &k->index, &k->low,  &k->cursor, &k->open,
				   &k->path,  &k->knot,	 &k->size, &k->chosen };

	*k = (struct knots){ .n_nodes = n_nodes };
	k->after = calloc((size_t)n_constraints + 1, sizeof(*k->after));
	k->weight = calloc((size_t)n_nodes + 1, 1);
	k->lightest = calloc((size_t)n_nodes + 2, 1);
	if (!k->after || !k->weight || !k->lightest)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i] = calloc((size_t)n_nodes + 2, sizeof(uint32_t));
		if (!*all[i])
			return -ENOMEM;
	}
	return 0;
}

static void set_successors(struct knots *k, const struct constraint *constraints, uint32_t n)
{
	memset(k->first, 0, ((size_t)k->n_nodes + 2) * sizeof(*k->first));
	for (uint32_t i = 0; i < n; i++)
		k->first[constraints[i].before + 2]++;
	for (uint32_t i = 2; i < k->n_nodes + 2; i++)
		k->first[i] += k->first[i - 1];
	for (uint32_t i = 0; i < n; i++)
		k->after[k->first[constraints[i].before + 1]++] = constraints[i].after;
}

static void close_knot(struct knots *k, uint32_t root, uint32_t *n_open)
{
	uint32_t member;

	k->n_knots++;
	k->size[k->n_knots] = 0;
	k->chosen[k->n_knots] = PLAN_NONE;
	do {
		member = k->open[--*n_open];
		k->knot[member] = k->n_knots;
		k->size[k->n_knots]++;
	} while (member != root);
}

/* Tarjan's algorithm with the way down in an array. */
static void walk_from(struct knots *k, uint32_t start, uint32_t *n_seen)
{
	uint32_t n_path = 1, n_open = 1;

	k->path[0] = k->open[0] = start;
	k->index[start] = k->low[start] = ++*n_seen;
	k->cursor[start] = k->first[start];
	while (n_path > 0) {
		uint32_t at = k->path[n_path - 1];

		if (k->cursor[at] < k->first[at + 1]) {
			uint32_t to = k->after[k->cursor[at]++];

			if (!k->index[to]) {
				k->index[to] = k->low[to] = ++*n_seen;
				k->cursor[to] = k->first[to];
				k->path[n_path++] = k->open[n_open++] = to;
			} else if (!k->knot[to] && k->index[to] < k->low[at]) {
				k->low[at] = k->index[to];
			}
			continue;
		}
		if (k->low[at] == k->index[at])
			close_knot(k, at, &n_open);
		if (--n_path > 0 && k->low[at] < k->low[k->path[n_path - 1]])
			k->low[k->path[n_path - 1]] = k->low[at];
	}
}

static void find_knots(struct knots *k, const struct constraint *constraints, uint32_t n)
{
	uint32_t n_seen = 0;

	set_successors(k, constraints, n);
	memset(k->index, 0, (size_t)k->n_nodes * sizeof(*k->index));
	memset(k->knot, 0, (size_t)k->n_nodes * sizeof(*k->knot));
	memset(k->weight, 0, k->n_nodes);
	k->n_knots = 0;
	for (uint32_t i = 0; i < k->n_nodes; i++)
		if (!k->index[i])
			walk_from(k, i, &n_seen);
}

static bool is_inside(const struct knots *k, const struct constraint *c)
{
	return k->knot[c->before] == k->knot[c->after];
}

/* Who would wait if they were loaded. */
static uint32_t waiting(const struct planner *p, const struct constraint *c)
{
	return p->options.is_unload ? c->before : c->after;
}

/* Who of each knot is loaded first: nobody that it needs is in the knot, then by name. */
static void choose(const struct planner *p, struct knots *k, const struct constraint *constraints,
		   uint32_t n)
{
	memset(k->lightest, WEIGHT_KERNEL, (size_t)k->n_nodes + 2);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *weight = &k->weight[waiting(p, &constraints[i])];
		uint8_t *lightest = &k->lightest[k->knot[constraints[i].before]];

		if (!is_inside(k, &constraints[i]) || constraints[i].before == constraints[i].after)
			continue;
		if (constraints[i].weight > *weight)
			*weight = constraints[i].weight;
		if (constraints[i].weight < *lightest)
			*lightest = constraints[i].weight;
	}
	for (uint32_t i = 0; i < k->n_nodes; i++) {
		uint32_t *chosen = &k->chosen[k->knot[i]];

		if (*chosen == PLAN_NONE || k->weight[i] < k->weight[*chosen] ||
		    (k->weight[i] == k->weight[*chosen] &&
		     strcmp(p->nodes[i].name, p->nodes[*chosen].name) < 0))
			*chosen = i;
	}
}

static bool gives_way(const struct planner *p, const struct knots *k, const struct constraint *c,
		      int round)
{
	uint32_t waits = waiting(p, c);

	if (!is_inside(k, c))
		return false;
	if (c->before == c->after || round >= 2 * PLAN_CUT_ROUNDS)
		return true;
	if (round >= PLAN_CUT_ROUNDS)
		return c->weight == WEIGHT_SOFT;
	/* All wait for something heavier: a cycle of such is in there, and what is lighter only hides it. */
	if (k->lightest[k->knot[waits]] < k->weight[k->chosen[k->knot[waits]]])
		return c->weight == k->lightest[k->knot[waits]];
	return waits == k->chosen[k->knot[waits]] && c->weight <= k->weight[waits];
}

static int note_cut(struct planner *p, const struct constraint *cut)
{
	struct edge *edge = &p->edges[cut->edge];

	if (cut->before == cut->after)
		return 0;
	edge->is_order_cut = true;
	if (edge->kind == PLAN_HARD || edge->kind == PLAN_ANY_OF || edge->kind == PLAN_HARD_USER)
		return 0;
	return plan_add_note(p, (struct plan_note){ .kind = cut->weight > WEIGHT_SOFT ? PLAN_NOTE_NEEDS_CYCLE
										: PLAN_NOTE_ORDER_CUT,
						    .a = p->nodes[edge->from].name,
						    .b = p->nodes[edge->to].name,
						    .source = edge->source });
}

/* Cuts until no knots are left. Return: how many constraints remain, at the front; -errno. */
static int64_t cut_knots(struct planner *p, struct knots *k, struct constraint *constraints,
			 uint32_t n)
{
	for (int round = 0; n > 0; round++) {
		uint32_t n_kept = 0;
		int r = 0;

		find_knots(k, constraints, n);
		choose(p, k, constraints, n);
		for (uint32_t i = 0; i < n && r == 0; i++) {
			if (gives_way(p, k, &constraints[i], round))
				r = note_cut(p, &constraints[i]);
			else
				constraints[n_kept++] = constraints[i];
		}
		if (r < 0)
			return r;
		if (n_kept == n && k->n_knots == k->n_nodes)
			break;
		n = n_kept;
	}
	return n;
}

/* A heap of nodes, the one with the smallest place on top. */
static void heap_push(const struct planner *p, uint32_t *heap, uint32_t *n, uint32_t node)
{
	uint32_t i = (*n)++;

	while (i > 0 && p->nodes[heap[(i - 1) / 2]].place > p->nodes[node].place) {
		heap[i] = heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap[i] = node;
}

static uint32_t heap_pop(const struct planner *p, uint32_t *heap, uint32_t *n)
{
	uint32_t top = heap[0], last = heap[--*n], i = 0;

	while (2 * i + 1 < *n) {
		uint32_t child = 2 * i + 1;

		if (child + 1 < *n && p->nodes[heap[child + 1]].place < p->nodes[heap[child]].place)
			child++;
		if (p->nodes[last].place <= p->nodes[heap[child]].place)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return top;
}

/* Of all nodes that wait for nothing, the one whose place is first. */
static void sort_nodes(const struct planner *p, struct knots *k,
		       const struct constraint *constraints, uint32_t n, uint32_t *order)
{
	uint32_t *heap = k->open, *waits = k->low;
	uint32_t n_heap = 0, n_done = 0;

	set_successors(k, constraints, n);
	memset(waits, 0, (size_t)k->n_nodes * sizeof(*waits));
	for (uint32_t i = 0; i < n; i++)
		waits[constraints[i].after]++;
	for (uint32_t i = 0; i < k->n_nodes; i++)
		if (waits[i] == 0)
			heap_push(p, heap, &n_heap, i);
	while (n_heap > 0) {
		uint32_t at = heap_pop(p, heap, &n_heap);

		order[n_done++] = at;
		for (uint32_t i = k->first[at]; i < k->first[at + 1]; i++)
			if (--waits[k->after[i]] == 0)
				heap_push(p, heap, &n_heap, k->after[i]);
	}
}

static int order_nodes(struct planner *p, struct constraint *constraints, uint32_t *order)
{
	struct knots k;
	int64_t n;
	int r;

	r = knots_init(&k, p->n_nodes, p->n_edges);
	if (r == 0) {
		n = cut_knots(p, &k, constraints, p->n_edges);
		r = n < 0 ? (int)n : 0;
		if (r == 0)
			sort_nodes(p, &k, constraints, (uint32_t)n, order);
	}
	knots_done(&k);
	return r;
}

static enum weight weight_of(const struct planner *p, const struct edge *edge)
{
	if (!p->options.is_unload)
		return plan_is_need(edge) || edge->kind == PLAN_ANY_OF ? WEIGHT_HARD : WEIGHT_SOFT;
	if (edge->kind == PLAN_NEEDS || edge->kind == PLAN_HOLDER)
		return WEIGHT_KERNEL;
	return edge->kind == PLAN_HARD_USER ? WEIGHT_HARD : WEIGHT_SOFT;
}

int plan_order_edges(struct planner *p, bool (*goes_before)(const struct edge *edge),
		     const uint32_t **ret_order)
{
	struct constraint *constraints = calloc((size_t)p->n_edges + 1, sizeof(*constraints));
	uint32_t *order = arena_alloc(&p->arena, ((size_t)p->n_nodes + 1) * sizeof(*order));
	int r = constraints && order ? 0 : -ENOMEM;

	for (uint32_t e = 0; e < p->n_edges && r == 0; e++) {
		const struct edge *edge = &p->edges[e];
		bool is_before = goes_before(edge);

		constraints[e] = (struct constraint){
			.before = is_before ? edge->to : edge->from,
			.after = is_before ? edge->from : edge->to,
			.weight = (uint8_t)weight_of(p, edge),
			.edge = e
		};
	}
	if (r == 0)
		r = order_nodes(p, constraints, order);
	free(constraints);
	*ret_order = order;
	return r;
}
