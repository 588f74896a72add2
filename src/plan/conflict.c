/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modules that exclude each other. What is there stays, what goals cannot do without goes before what
 * is welcome, and of answers to one hard dependency only one is loaded anyway.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan-internal.h"

int plan_read_others(struct planner *p, uint32_t i, const struct plan_answered_conflict *conflicts,
		     size_t n)
{
	struct other *others;
	uint32_t n_others = 0;
	int r = 0;

	if (n == 0)
		return 0;
	if (n > PLAN_MODULES_MAX)
		return -E2BIG;
	p->has_conflicts = true;
	others = arena_alloc(&p->arena, n * sizeof(*others));
	if (!others)
		return -ENOMEM;
	for (size_t c = 0; c < n && r == 0; c++) {
		uint32_t to;

		r = plan_get_node(p, conflicts[c].module, &to);
		if (r < 0)
			break;
		if (to == i)
			continue;
		p->nodes[to].is_builtin |= conflicts[c].is_builtin;
		others[n_others++] = (struct other){ to, conflicts[c].source };
		if (!p->options.ignore_loaded)
			r = plan_watch(p, to);
	}
	p->nodes[i].others = others;
	p->nodes[i].n_others = n_others;
	return r;
}

static void refuse(struct planner *p, uint32_t i, const struct other *other)
{
	struct node *node = &p->nodes[i];

	node->refusal = PLAN_REFUSE_CONFLICT;
	node->word = p->nodes[other->node].name;
	node->source = other->source;
}

static bool would_come(const struct planner *p, const struct node *node)
{
	return node->refusal == PLAN_REFUSE_NOTHING && !plan_is_there(p, node);
}

bool plan_refuse_with_live(struct planner *p)
{
	bool is_changed = false;

	for (uint32_t i = 0; i < p->n_nodes; i++) {
		for (uint32_t o = 0; o < p->nodes[i].n_others && would_come(p, &p->nodes[i]); o++) {
			const struct other *other = &p->nodes[i].others[o];

			if (!plan_is_there(p, &p->nodes[other->node]))
				continue;
			refuse(p, i, other);
			is_changed = true;
		}
	}
	return is_changed;
}

static void refuse_other(struct planner *p, uint32_t i, const struct other *other)
{
	refuse(p, other->node, &(struct other){ i, other->source });
}

static void mark_clash(struct node *node, uint32_t with, const struct plan_source *source)
{
	if (node->is_clashing)
		return;
	node->is_clashing = true;
	node->clash = (struct other){ with, *source };
}

bool plan_refuse_required(struct planner *p)
{
	bool is_changed = false;

	if (!p->has_conflicts)
		return false;
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		const struct node *node = &p->nodes[i];

		for (uint32_t o = 0; o < node->n_others; o++) {
			struct node *to = &p->nodes[node->others[o].node];

			if (!node->is_required || !to->is_required || !would_come(p, node) ||
			    !would_come(p, to))
				continue;
			mark_clash(&p->nodes[i], node->others[o].node, &node->others[o].source);
			mark_clash(to, i, &node->others[o].source);
		}
	}
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		if (!p->nodes[i].is_clashing || !would_come(p, &p->nodes[i]))
			continue;
		refuse(p, i, &p->nodes[i].clash);
		is_changed = true;
	}
	return is_changed;
}

/** enum rank - of two modules in conflict, whose loss is the greater one? */
enum rank {
	RANK_PERHAPS,  /* an answer to a hard dependency of what is welcome, or there for such a one's sake */
	RANK_WELCOME,
	RANK_ANSWER,   /* an answer to a hard dependency of a goal, or there for such a one's sake */
	RANK_REQUIRED,
};

static bool is_for_goals(const struct edge *edge)
{
	return plan_is_need(edge) || edge->kind == PLAN_ANY_OF;
}

static bool is_for_sure(const struct edge *edge)
{
	return edge->kind != PLAN_ANY_OF;
}

/* What the edges that count lead to from what is required is of that rank, where it has no better one. */
static void spread(const struct planner *p, bool (*counts)(const struct edge *edge), uint8_t rank,
		   uint8_t *ranks, uint32_t *todo, uint8_t *is_seen)
{
	uint32_t n = 0;

	memset(is_seen, 0, p->n_nodes);
	for (uint32_t i = 0; i < p->n_nodes; i++)
		if (p->nodes[i].is_required && p->nodes[i].refusal == PLAN_REFUSE_NOTHING)
			is_seen[todo[n++] = i] = 1;
	while (n > 0) {
		const struct node *node = &p->nodes[todo[--n]];

		for (uint32_t e = node->first_edge; e != PLAN_NONE; e = p->edges[e].next) {
			uint32_t to = p->edges[e].to;

			if (is_seen[to] || !counts(&p->edges[e]) || !p->nodes[to].is_kept ||
			    p->nodes[to].refusal != PLAN_REFUSE_NOTHING)
				continue;
			is_seen[todo[n++] = to] = 1;
			ranks[to] = rank > ranks[to] ? rank : ranks[to];
		}
	}
}

static int find_ranks(const struct planner *p, uint8_t *ranks)
{
	uint32_t *todo = calloc((size_t)p->n_nodes + 1, sizeof(*todo));
	uint8_t *is_seen = calloc((size_t)p->n_nodes + 1, 1);
	int r = todo && is_seen ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < p->n_nodes; i++)
		ranks[i] = p->nodes[i].is_required ? RANK_REQUIRED : RANK_PERHAPS;
	if (r == 0) {
		spread(p, is_for_sure, RANK_WELCOME, ranks, todo, is_seen);
		spread(p, is_for_goals, RANK_ANSWER, ranks, todo, is_seen);
	}
	free(todo);
	free(is_seen);
	return r;
}

/* Of two answers it is not said that both are loaded: who comes second will see the first. */
static bool loses(const uint8_t *ranks, uint32_t one, uint32_t other)
{
	if (ranks[one] != ranks[other])
		return ranks[one] < ranks[other];
	return ranks[one] == RANK_WELCOME;
}

static bool refuse_losers(struct planner *p, const uint32_t *order, const uint8_t *ranks)
{
	bool is_changed = false;

	for (uint32_t n = 0; n < p->n_nodes; n++) {
		uint32_t i = order[n];

		for (uint32_t o = 0; o < p->nodes[i].n_others; o++) {
			const struct other *other = &p->nodes[i].others[o];
			const struct node *to = &p->nodes[other->node];

			/* Both have the other in their list, and the first in the order is here first. */
			if (!p->nodes[i].is_kept || !to->is_kept || !would_come(p, &p->nodes[i]) ||
			    !would_come(p, to) || !loses(ranks, other->node, i))
				continue;
			refuse_other(p, i, other);
			is_changed = true;
		}
	}
	return is_changed;
}

int plan_refuse_kept(struct planner *p, const uint32_t *order)
{
	uint8_t *ranks;
	int r;

	if (!p->has_conflicts)
		return 0;
	ranks = calloc((size_t)p->n_nodes + 1, 1);
	r = ranks ? find_ranks(p, ranks) : -ENOMEM;
	if (r == 0)
		r = refuse_losers(p, order, ranks);
	free(ranks);
	return r;
}

/** struct mirror - who has each module in its list; those of one module are chained */
struct mirror {
	uint32_t *last;  /* of a module: number of an entry + 1 */
	uint32_t *next;  /* of an entry */
	uint32_t *owner; /* whose list it is from */
	struct other **entry;
	uint32_t *stamp; /* a module that has this one in its list already, + 1 */
	uint32_t n;
};

static void mirror_done(struct mirror *m)
{
	free(m->last);
	free(m->next);
	free(m->owner);
	free(m->entry);
	free(m->stamp);
}

static int mirror_init(struct mirror *m, const struct planner *p)
{
	size_t n = 1;

	for (uint32_t i = 0; i < p->n_nodes; i++)
		n += p->nodes[i].n_others;
	if (n > PLAN_EDGES_MAX)
		return -E2BIG;
	m->last = calloc((size_t)p->n_nodes + 1, sizeof(*m->last));
	m->stamp = calloc((size_t)p->n_nodes + 1, sizeof(*m->stamp));
	m->next = calloc(n, sizeof(*m->next));
	m->owner = calloc(n, sizeof(*m->owner));
	m->entry = calloc(n, sizeof(*m->entry));
	if (!m->last || !m->stamp || !m->next || !m->owner || !m->entry)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n_nodes; i++)
		for (uint32_t o = 0; o < p->nodes[i].n_others; o++, m->n++) {
			struct other *other = &p->nodes[i].others[o];

			m->entry[m->n] = other;
			m->owner[m->n] = i;
			m->next[m->n] = m->last[other->node];
			m->last[other->node] = m->n + 1;
		}
	return 0;
}

/* Those who exclude @i behind those that it excludes itself. */
static int complete(struct planner *p, struct mirror *m, uint32_t i)
{
	struct node *node = &p->nodes[i];
	struct other *others;
	uint32_t n = node->n_others;

	for (uint32_t e = m->last[i]; e > 0; e = m->next[e - 1])
		n++;
	if (n == node->n_others)
		return 0;
	others = arena_alloc(&p->arena, n * sizeof(*others));
	if (!others)
		return -ENOMEM;
	n = node->n_others;
	for (uint32_t o = 0; o < n; o++) {
		others[o] = node->others[o];
		m->stamp[others[o].node] = i + 1;
	}
	for (uint32_t e = m->last[i]; e > 0; e = m->next[e - 1]) {
		if (m->stamp[m->owner[e - 1]] == i + 1)
			continue;
		m->stamp[m->owner[e - 1]] = i + 1;
		others[n++] = (struct other){ m->owner[e - 1], m->entry[e - 1]->source };
	}
	node->others = others;
	node->n_others = n;
	return 0;
}

int plan_mirror_others(struct planner *p)
{
	struct mirror m = { 0 };
	int r = 0;

	if (p->has_conflicts)
		r = mirror_init(&m, p);
	for (uint32_t i = 0; i < p->n_nodes && r == 0 && p->has_conflicts; i++)
		r = complete(p, &m, i);
	mirror_done(&m);
	return r;
}

int plan_copy_conflicts(struct planner *p, const struct node *node, struct plan_step *step)
{
	struct plan_conflict *conflicts;

	if (node->n_others == 0)
		return 0;
	conflicts = arena_alloc(&p->arena, node->n_others * sizeof(*conflicts));
	if (!conflicts)
		return -ENOMEM;
	for (uint32_t o = 0; o < node->n_others; o++)
		conflicts[o] = (struct plan_conflict){ p->nodes[node->others[o].node].name,
						       node->others[o].source };
	step->conflicts = conflicts;
	step->n_conflicts = node->n_others;
	return 0;
}
