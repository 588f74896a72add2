/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan to unload, the mirror of the one to load: soft dependencies that were loaded after a module
 * go before it, users before what they use, and what was loaded for its sake goes behind it if nothing
 * else uses it by then. A module that stays takes nothing along.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "plan/plan-internal.h"

/* What stays may take others their reason to go. After so many rounds what is in use stays, even where
 * its users are to go, and what was not asked for. */
#define REFUSAL_ROUNDS 64

static bool is_loaded(const struct node *node)
{
	return !node->is_builtin && node->state.live != PLAN_ABSENT &&
	       node->state.live != PLAN_BUILTIN;
}

bool plan_is_going(const struct node *node)
{
	return node->is_kept && !node->is_left && node->refusal == PLAN_REFUSE_NOTHING &&
	       is_loaded(node);
}

/* Calls @each for the modules that hold @i and that the planner knows. */
static int each_holder(struct planner *p, uint32_t i,
		       int (*each)(struct planner *p, uint32_t i, uint32_t holder))
{
	const char *at = p->nodes[i].state.holders;
	size_t left = p->nodes[i].state.holders_size;
	int r = 0;

	for (; left > 0 && r == 0; left -= strlen(at) + 1, at += strlen(at) + 1) {
		uint32_t holder = plan_find_node(p, at);

		if (holder != PLAN_NONE && holder != i)
			r = each(p, i, holder);
	}
	return r;
}

static int add_holder_edge(struct planner *p, uint32_t i, uint32_t holder)
{
	return plan_add_edge(p, (struct edge){ .from = i, .to = holder, .kind = PLAN_HOLDER });
}

/* The last to be loaded is the first to go. */
static void turn_around(struct planner *p, struct node *node)
{
	uint32_t e = node->first_edge, last = PLAN_NONE;

	node->last_edge = e;
	while (e != PLAN_NONE) {
		uint32_t next = p->edges[e].next;

		p->edges[e].next = last;
		last = e;
		e = next;
	}
	node->first_edge = last;
}

static int add_user_edges(struct planner *p, uint32_t i)
{
	int r = 0;

	for (uint32_t u = 0; u < p->nodes[i].n_users && r == 0; u++) {
		const struct hard_user *user = &p->nodes[i].users[u];

		r = plan_add_edge(p, (struct edge){ .from = i,
						    .to = user->node,
						    .kind = PLAN_HARD_USER,
						    .text = user->word,
						    .group = u,
						    .source = user->source });
	}
	return r;
}

static int make_edges(struct planner *p)
{
	int r = 0;

	for (uint32_t i = 0; i < p->n_nodes; i++)
		p->nodes[i].first_edge = p->nodes[i].last_edge = PLAN_NONE;
	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++) {
		r = plan_need_edges(p, i);
		if (r == 0)
			r = plan_hard_order_edges(p, i);
		if (r == 0)
			r = plan_soft_edges(p, i);
		if (r == 0)
			r = each_holder(p, i, add_holder_edge);
		if (r == 0)
			r = add_user_edges(p, i);
		turn_around(p, &p->nodes[i]);
	}
	return r;
}

/* Does the module at the far end of the edge go before the one at its start? */
static bool goes_before(const struct edge *edge)
{
	return edge->kind == PLAN_SOFT_POST || edge->kind == PLAN_HOLDER ||
	       edge->kind == PLAN_HARD_USER;
}

static enum plan_refusal own_refusal(const struct planner *p, const struct node *node)
{
	if (!node->is_goal || node->command)
		return PLAN_REFUSE_NOTHING;
	if (node->is_builtin || node->state.live == PLAN_BUILTIN)
		return PLAN_REFUSE_BUILTIN;
	return node->state.live == PLAN_ABSENT && p->options.must_change ? PLAN_REFUSE_NOT_LOADED
									 : PLAN_REFUSE_NOTHING;
}

/* Does @node, to be unloaded, bring the module at the end of the edge into the plan? One that is refused
 * brings only the user that it is refused for. */
static bool takes_along(const struct planner *p, const struct node *node, const struct edge *edge)
{
	if (!is_loaded(node) || node->is_left || !plan_is_reason(p, edge))
		return false;
	return node->refusal == PLAN_REFUSE_NOTHING ||
	       (plan_is_used(node) && (edge->kind == PLAN_HOLDER || edge->kind == PLAN_HARD_USER) &&
		plan_is_used(&p->nodes[edge->to]));
}

/* Goals, what they take along, and what those take along. */
static int keep(struct planner *p)
{
	uint32_t *todo = calloc((size_t)p->n_nodes + 1, sizeof(*todo));
	uint32_t n = 0;

	if (!todo)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		p->nodes[i].is_kept = p->nodes[i].is_goal;
		if (p->nodes[i].is_goal)
			todo[n++] = i;
	}
	while (n > 0) {
		const struct node *node = &p->nodes[todo[--n]];

		for (uint32_t e = node->first_edge; e != PLAN_NONE; e = p->edges[e].next) {
			struct node *to = &p->nodes[p->edges[e].to];

			if (to->is_kept || !is_loaded(to) || !takes_along(p, node, &p->edges[e]))
				continue;
			to->is_kept = true;
			todo[n++] = p->edges[e].to;
		}
	}
	free(todo);
	return 0;
}

/* Users that will still be there when it is @i's turn; @i and those before it are decided. */
static long users_left(const struct planner *p, uint32_t i)
{
	const struct node *node = &p->nodes[i];
	long n = node->state.n_users;

	for (uint32_t e = node->first_edge; e != PLAN_NONE; e = p->edges[e].next)
		if (p->edges[e].kind == PLAN_HOLDER && plan_is_going(&p->nodes[p->edges[e].to]))
			n--;
	return n;
}

/* Will the user still be there, and without anything else that answers to its word? */
static bool is_needed_by(const struct planner *p, const struct hard_user *user)
{
	if (plan_is_going(&p->nodes[user->node]))
		return false;
	for (uint32_t o = 0; o < user->n_others; o++)
		if (!plan_is_going(&p->nodes[user->others[o]]))
			return false;
	return true;
}

/* Live modules that would be left without what they have a hard dependency on. */
static uint32_t hard_users_left(const struct planner *p, const struct node *node)
{
	uint32_t n = 0;

	for (uint32_t u = 0; u < node->n_users; u++)
		n += is_needed_by(p, &node->users[u]);
	return n;
}

/* Does @i, which nothing forbids to unload, have to stay? */
static bool stays(const struct planner *p, uint32_t i, bool is_strict)
{
	const struct node *node = &p->nodes[i];

	if (!node->is_goal_like)
		return is_strict || users_left(p, i) > 0;
	/* A command that was asked for may know what to do about users. */
	return !node->command && (is_strict ? node->state.n_users : users_left(p, i)) > 0;
}

static bool decide_used(struct planner *p, const uint32_t *order, bool is_strict)
{
	bool is_changed = false;

	for (uint32_t n = 0; n < p->n_nodes; n++) {
		struct node *node = &p->nodes[order[n]];

		if (!plan_is_going(node) || !stays(p, order[n], is_strict))
			continue;
		if (!node->is_goal_like)
			node->is_left = true;
		else if (!p->options.force && !(p->options.may_wait && node->is_goal))
			node->refusal = PLAN_REFUSE_IN_USE;
		is_changed |= !plan_is_going(node);
	}
	return is_changed;
}

static bool decide_needed(struct planner *p, const uint32_t *order, bool is_goal_like)
{
	bool is_changed = false;

	for (uint32_t n = 0; n < p->n_nodes; n++) {
		struct node *node = &p->nodes[order[n]];

		if (!plan_is_going(node) || node->is_goal_like != is_goal_like || node->command ||
		    hard_users_left(p, node) == 0)
			continue;
		if (!node->is_goal_like)
			node->is_left = true;
		else if (!p->options.force)
			node->refusal = PLAN_REFUSE_HARD_USED;
		is_changed |= !plan_is_going(node);
	}
	return is_changed;
}

/*
 * What is in use comes first: it stays whatever else does, and may be the answer that others need. So
 * may what nobody has asked for.
 * Return: whether a module turned out to stay that others were to go with.
 */
static bool decide(struct planner *p, const uint32_t *order, bool is_strict)
{
	return decide_used(p, order, is_strict) || decide_needed(p, order, false) ||
	       decide_needed(p, order, true);
}

static int decide_all(struct planner *p, const uint32_t *order)
{
	int r;

	for (uint32_t i = 0; i < p->n_nodes; i++)
		p->nodes[i].refusal = own_refusal(p, &p->nodes[i]);
	for (uint32_t round = 0;; round++) {
		r = keep(p);
		if (r < 0 || !decide(p, order, round >= REFUSAL_ROUNDS))
			break;
	}
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		struct node *node = &p->nodes[i];

		node->is_kept = node->is_kept && !node->is_left;
		node->is_required = node->is_kept && node->is_goal_like;
	}
	return r;
}

static int list_holders(struct planner *p, const struct node *node, const char **ret_holders)
{
	const char *at = node->state.holders;
	size_t left = node->state.holders_size;
	CLEANUP_BUF struct buf out = { 0 };

	for (; left > 0; left -= strlen(at) + 1, at += strlen(at) + 1) {
		uint32_t holder = plan_find_node(p, at);

		if (holder != PLAN_NONE && plan_is_going(&p->nodes[holder]))
			continue;
		buf_put_string(&out, out.size > 0 ? ", " : "");
		buf_put_string(&out, at);
	}
	if (out.error < 0)
		return out.error;
	*ret_holders = arena_string(&p->arena, out.base ? (const char *)out.base : "", out.size);
	return *ret_holders ? 0 : -ENOMEM;
}

/*
 * "a, b"; word and source are those of the first. Where it turned out later that another answer stays
 * as well, those who were to lose both.
 */
static int list_hard_users(struct planner *p, const struct node *node, struct plan_step *step)
{
	bool has_others = hard_users_left(p, node) == 0;
	CLEANUP_BUF struct buf out = { 0 };

	for (uint32_t u = 0; u < node->n_users; u++) {
		const struct hard_user *user = &node->users[u];

		if (has_others ? plan_is_going(&p->nodes[user->node]) : !is_needed_by(p, user))
			continue;
		if (!step->word) {
			step->word = user->word;
			step->source = user->source;
		}
		buf_put_string(&out, out.size > 0 ? ", " : "");
		buf_put_string(&out, p->nodes[user->node].name);
	}
	if (out.error < 0)
		return out.error;
	step->holders = arena_string(&p->arena, out.base ? (const char *)out.base : "", out.size);
	return step->holders ? 0 : -ENOMEM;
}

static int list_breaches(struct planner *p, const struct node *node, struct plan_step *step)
{
	uint32_t n = hard_users_left(p, node);
	struct plan_breach *breaches;

	if (n == 0)
		return 0;
	breaches = arena_alloc(&p->arena, n * sizeof(*breaches));
	if (!breaches)
		return -ENOMEM;
	for (uint32_t u = 0; u < node->n_users; u++)
		if (is_needed_by(p, &node->users[u]))
			breaches[step->n_breaches++] =
				(struct plan_breach){ p->nodes[node->users[u].node].name,
						      node->users[u].word, node->users[u].source };
	step->breaches = breaches;
	return 0;
}

static int fill_step(struct planner *p, const struct node *node, struct plan_step *step)
{
	step->refusal = node->refusal;
	step->if_unused = !node->is_goal_like;
	if (node->refusal != PLAN_REFUSE_NOTHING) {
		step->action = PLAN_REFUSE;
		step->n_users = node->state.n_users;
		if (node->refusal == PLAN_REFUSE_HARD_USED)
			return list_hard_users(p, node, step);
		return list_holders(p, node, &step->holders);
	}
	if (node->command) {
		step->action = PLAN_RUN_REMOVE;
		step->rule = node->command;
		step->command = node->command->text;
	} else if (is_loaded(node)) {
		step->action = PLAN_DELETE;
		return list_breaches(p, node, step);
	} else {
		step->action = node->is_builtin || node->state.live == PLAN_BUILTIN ? PLAN_IS_BUILTIN
										    : PLAN_IS_ABSENT;
	}
	return 0;
}

int plan_make_unload(struct planner *p)
{
	const uint32_t *order;
	int r;

	r = make_edges(p);
	if (r == 0)
		r = plan_find_places(p, goes_before);
	if (r == 0)
		r = plan_order_edges(p, goes_before, &order);
	if (r == 0)
		r = decide_all(p, order);
	return r < 0 ? r : plan_put_steps(p, order, fill_step);
}
