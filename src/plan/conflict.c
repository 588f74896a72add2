/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modules that exclude each other. What is there stays, what goals cannot do without goes before what
 * is welcome, and of answers to one hard dependency only one is loaded anyway.
 */
#include <errno.h>

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

/* Of two that are required, neither is better than the other. */
static bool refuse_clashes(struct planner *p)
{
	bool is_changed = false;

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

bool plan_refuse_required(struct planner *p)
{
	bool is_changed = refuse_clashes(p);

	for (uint32_t i = 0; i < p->n_nodes && !is_changed; i++) {
		const struct node *node = &p->nodes[i];

		for (uint32_t o = 0; o < node->n_others; o++) {
			const struct other *other = &node->others[o];
			const struct node *to = &p->nodes[other->node];

			/* Either side may be the only one that was asked what it excludes. */
			if (!would_come(p, node) || !would_come(p, to) ||
			    node->is_required == to->is_required)
				continue;
			if (node->is_required)
				refuse_other(p, i, other);
			else
				refuse(p, i, other);
			is_changed = true;
		}
	}
	return is_changed;
}

/* Are both answers to hard dependencies and nothing else? Then it is not said that both are loaded. */
static bool are_alternatives(const struct planner *p, uint32_t a, uint32_t b)
{
	bool is_a = false, is_b = false;

	for (uint32_t e = 0; e < p->n_edges; e++) {
		const struct edge *edge = &p->edges[e];

		if ((edge->to == a || edge->to == b) && edge->kind != PLAN_ANY_OF)
			return false;
		is_a |= edge->to == a;
		is_b |= edge->to == b;
	}
	return is_a && is_b;
}

bool plan_refuse_kept(struct planner *p, const uint32_t *order)
{
	bool is_changed = false;

	for (uint32_t n = 0; n < p->n_nodes; n++) {
		uint32_t i = order[n];

		for (uint32_t o = 0; o < p->nodes[i].n_others; o++) {
			const struct other *other = &p->nodes[i].others[o];
			struct node *to = &p->nodes[other->node];

			if (!p->nodes[i].is_kept || !to->is_kept || !would_come(p, &p->nodes[i]) ||
			    !would_come(p, to) || to->is_required ||
			    are_alternatives(p, i, other->node))
				continue;
			refuse_other(p, i, other);
			is_changed = true;
		}
	}
	return is_changed;
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
