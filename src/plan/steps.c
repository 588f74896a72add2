/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What loading and unloading have in common: edges from what was answered, and steps from the
 * modules that stay in the plan.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/name.h"
#include "bytes/grow.h"
#include "plan/plan-internal.h"

/* Beyond this a line is taken as it is: nobody reads a thousand reasons. */
#define NEEDS_REDUCED_MAX 1024u

int plan_add_edge(struct planner *p, struct edge edge)
{
	struct node *from = &p->nodes[edge.from];
	int r = grow_array(&p->edges, p->n_edges, &p->edges_capacity, sizeof(*p->edges),
			  PLAN_EDGES_MAX);

	if (r < 0)
		return r;
	edge.next = PLAN_NONE;
	p->edges[p->n_edges] = edge;
	if (from->first_edge == PLAN_NONE)
		from->first_edge = p->n_edges;
	else
		p->edges[from->last_edge].next = p->n_edges;
	from->last_edge = p->n_edges++;
	return 0;
}

int plan_add_note(struct planner *p, struct plan_note note)
{
	int r = grow_array(&p->notes, p->n_notes, &p->notes_capacity, sizeof(*p->notes),
			  PLAN_EDGES_MAX);

	if (r == 0)
		p->notes[p->n_notes++] = note;
	return r;
}

static uint32_t count_deps(const struct node *node)
{
	uint32_t n = 0;

	for (size_t i = 0; i < node->deps_size; i++)
		n += node->deps[i] == '\0';
	return n;
}

/* Fills the line of a module; once. */
static int read_line(struct planner *p, uint32_t i)
{
	struct node *node = &p->nodes[i];
	size_t left = node->deps_size;
	char name[MODULE_NAME_MAX + 1];

	if (node->line)
		return 0;
	node->line = arena_alloc(&p->arena, ((size_t)count_deps(node) + 1) * sizeof(*node->line));
	if (!node->line)
		return -ENOMEM;
	for (const char *at = node->deps; left > 0; left -= strlen(at) + 1, at += strlen(at) + 1) {
		uint32_t to = name_of_path(at, name) < 0 ? PLAN_NONE : plan_find_node(p, name);

		if (to != PLAN_NONE && to != i)
			node->line[node->n_line++] = to;
	}
	while (node->first_hard < node->n_line &&
	       !p->nodes[node->line[node->first_hard]].has_line_hards &&
	       !plan_find_line_hard(p, i, node->line[node->first_hard]))
		node->first_hard++;
	return 0;
}

/* Does the kernel say that @user uses symbols of @used? */
static bool is_holder(const struct planner *p, uint32_t user, uint32_t used)
{
	const char *at = p->nodes[used].state.holders;
	size_t left = p->nodes[used].state.holders_size;

	for (; left > 0; left -= strlen(at) + 1, at += strlen(at) + 1)
		if (strcmp(at, p->nodes[user].name) == 0)
			return true;
	return false;
}

/*
 * Does module @i bring along what stands at @at of its line? Not always where hard dependencies have
 * put it there. To unload, those say nothing. What stands behind one, or behind a module that has such
 * itself, may be there for its sake: only the kernel knows.
 */
static bool brings_along(const struct planner *p, uint32_t i, uint32_t at)
{
	const struct node *node = &p->nodes[i];
	const struct hard_word *word = plan_find_line_hard(p, i, node->line[at]);

	if (p->options.is_unload)
		return !word && (at <= node->first_hard || is_holder(p, i, node->line[at]));
	return !word || (!word->is_dropped && p->requests[word->request].n_found == 1);
}

/* Strikes out what stands behind @at in the line and is needed by it. */
static int strike_out(struct planner *p, uint32_t i, uint32_t *line, uint32_t n, uint32_t at)
{
	const struct node *other;
	int r;

	if (line[at] == PLAN_NONE || !brings_along(p, i, at))
		return 0;
	r = read_line(p, line[at]);
	if (r < 0)
		return r;
	other = &p->nodes[line[at]];
	for (uint32_t o = 0; o < other->n_line; o++)
		for (uint32_t k = at + 1; k < n; k++)
			if (line[k] == other->line[o] && brings_along(p, line[at], o))
				line[k] = PLAN_NONE;
	return 0;
}

int plan_need_edges(struct planner *p, uint32_t i)
{
	const struct node *node = &p->nodes[i];
	uint32_t *line;
	int r;

	r = read_line(p, i);
	if (r < 0 || node->n_line == 0)
		return r;
	line = malloc(node->n_line * sizeof(*line));
	if (!line)
		return -ENOMEM;
	memcpy(line, node->line, node->n_line * sizeof(*line));
	for (uint32_t at = 0; at < node->n_line && node->n_line <= NEEDS_REDUCED_MAX && r == 0; at++)
		r = strike_out(p, i, line, node->n_line, at);
	/* What is needed last on the line is needed first in the kernel. */
	for (uint32_t at = node->n_line; at-- > 0 && r == 0;)
		if (line[at] != PLAN_NONE && !plan_find_line_hard(p, i, line[at]) && brings_along(p, i, at))
			r = plan_add_edge(p, (struct edge){ .from = i,
							    .to = line[at],
							    .kind = PLAN_NEEDS });
	free(line);
	return r;
}

static int add_soft_edge(struct planner *p, uint32_t i, const struct word *word,
			 const struct found *found)
{
	struct plan_source source = { word->rule->file, word->rule->line };

	if (found->node == i)
		return 0;
	if (!plan_counts(p, found, false))
		return plan_add_note(p, (struct plan_note){
						.kind = PLAN_NOTE_BLACKLISTED,
						.a = word->text,
						.b = p->nodes[found->node].name,
						.rule = plan_is_blacklisted(
							p, p->nodes[found->node].name) });
	return plan_add_edge(p, (struct edge){ .from = i,
					       .to = found->node,
					       .kind = word->phase == SOFTDEP_PRE ? PLAN_SOFT_PRE
										  : PLAN_SOFT_POST,
					       .text = word->text,
					       .source = source });
}

int plan_soft_edges(struct planner *p, uint32_t i)
{
	int r = 0;

	for (uint32_t w = 0; w < p->nodes[i].n_words && r == 0; w++) {
		const struct word *word = &p->nodes[i].words[w];
		const struct request *request = &p->requests[word->request];

		for (uint32_t f = 0; f < request->n_found && r == 0; f++)
			r = add_soft_edge(p, i, word, &request->found[f]);
		if (request->n_found == 0)
			r = plan_add_note(p, (struct plan_note){
						     .kind = PLAN_NOTE_SOFT_UNKNOWN,
						     .a = p->nodes[i].name,
						     .b = word->text,
						     .source = { word->rule->file,
								 word->rule->line } });
	}
	return r;
}

int plan_each_goal(struct planner *p, int (*each)(struct planner *p, uint32_t node))
{
	int r = 0;

	for (uint32_t g = 0; g < p->n_goals && r == 0; g++) {
		const struct goal *goal = &p->goals[g];
		const struct request *request = &p->requests[goal->request];

		for (uint32_t f = 0; f < request->n_found && r == 0; f++)
			if (plan_counts(p, &request->found[f], true))
				r = each(p, request->found[f].node);
	}
	return r;
}

/* Does this edge tell why the module it leads to is in the plan? */
static bool is_told(const struct planner *p, const struct edge *edge)
{
	const struct node *from = &p->nodes[edge->from], *to = &p->nodes[edge->to];

	if (!from->is_kept || !to->is_kept)
		return false;
	if ((edge->kind == PLAN_HOLDER || edge->kind == PLAN_HARD_USER) && plan_is_used(from))
		return plan_is_used(to);
	return from->refusal == PLAN_REFUSE_NOTHING || plan_is_cause(from, edge);
}

/* Unload: is there no other answer for the user that stays? */
static bool is_last_answer(const struct planner *p, const struct edge *edge)
{
	const struct hard_user *user;

	if (edge->kind != PLAN_HARD_USER)
		return false;
	user = &p->nodes[edge->from].users[edge->group];
	for (uint32_t o = 0; o < user->n_others; o++)
		if (!plan_is_going(&p->nodes[user->others[o]]))
			return false;
	return true;
}

/* To load, what a module needs must have come before; to unload, what uses it must have gone. */
static bool is_need(const struct planner *p, const struct edge *edge)
{
	if (p->options.is_unload)
		return edge->kind == PLAN_HOLDER || is_last_answer(p, edge);
	return plan_is_need(edge);
}

bool plan_is_reason(const struct planner *p, const struct edge *edge)
{
	const struct node *from = &p->nodes[edge->from];

	if (edge->kind == PLAN_HARD_USER && !plan_must_go_too(p, &from->users[edge->group]))
		return false;
	if (edge->kind == PLAN_HOLDER || edge->kind == PLAN_HARD_USER)
		return p->options.with_holders && from->is_goal_like;
	return edge->kind != PLAN_HARD || !p->options.is_unload || p->options.with_hard_deps;
}

/** struct lists - reasons and needs of all steps, filled in a second pass */
struct lists {
	struct plan_reason *reasons;
	uint32_t *needs;
};

static void count_lists(const struct planner *p, struct plan_step *steps, uint32_t *n_reasons,
			uint32_t *n_needs)
{
	for (uint32_t e = 0; e < p->n_edges; e++) {
		const struct edge *edge = &p->edges[e];

		if (!is_told(p, edge))
			continue;
		steps[p->nodes[edge->to].step].n_reasons++;
		++*n_reasons;
		if (is_need(p, edge)) {
			steps[p->nodes[edge->from].step].n_needs++;
			++*n_needs;
		}
	}
}

static void put_reason(const struct planner *p, struct plan_step *steps, const struct edge *edge)
{
	struct plan_step *step = &steps[p->nodes[edge->to].step];
	struct plan_reason *reasons = (struct plan_reason *)step->reasons;

	reasons[step->n_reasons++] = (struct plan_reason){ .kind = edge->kind,
							   .step = p->nodes[edge->from].step,
							   .by = p->nodes[edge->from].name,
							   .word = edge->text,
							   .source = edge->source,
							   .group = edge->group,
							   .is_order_cut = edge->is_order_cut };
}

static void put_goal_reasons(const struct planner *p, struct plan_step *steps)
{
	for (uint32_t g = 0; g < p->n_goals; g++) {
		const struct goal *goal = &p->goals[g];
		const struct request *request = &p->requests[goal->request];

		for (uint32_t f = 0; f < request->n_found; f++) {
			const struct found *found = &request->found[f];
			struct plan_step *step;
			struct plan_reason *reasons;

			if (!plan_counts(p, found, true))
				continue;
			step = &steps[p->nodes[found->node].step];
			reasons = (struct plan_reason *)step->reasons;
			if (step->n_reasons > 0 && reasons[0].kind == PLAN_GOAL)
				continue;
			reasons[step->n_reasons++] = (struct plan_reason){
				.kind = PLAN_GOAL,
				.step = PLAN_NONE,
				.by = goal->text,
				.source = found->source
			};
		}
	}
}

static int put_lists(struct planner *p, struct plan_step *steps, uint32_t n_steps)
{
	uint32_t n_reasons = 0, n_needs = 0;
	struct lists lists;

	count_lists(p, steps, &n_reasons, &n_needs);
	lists.reasons = arena_alloc(&p->arena, ((size_t)n_reasons + n_steps + 1) * sizeof(*lists.reasons));
	lists.needs = arena_alloc(&p->arena, ((size_t)n_needs + 1) * sizeof(*lists.needs));
	if (!lists.reasons || !lists.needs)
		return -ENOMEM;
	for (uint32_t s = 0; s < n_steps; s++) {
		steps[s].reasons = lists.reasons;
		steps[s].needs = lists.needs;
		lists.reasons += steps[s].n_reasons + 1;
		lists.needs += steps[s].n_needs;
		steps[s].n_reasons = steps[s].n_needs = 0;
	}
	put_goal_reasons(p, steps);
	/* What is needed is the better reason. */
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t e = 0; e < p->n_edges; e++) {
			const struct edge *edge = &p->edges[e];
			struct plan_step *user = &steps[p->nodes[edge->from].step];

			if (!is_told(p, edge) || is_need(p, edge) != (pass == 0))
				continue;
			if (plan_is_reason(p, edge))
				put_reason(p, steps, edge);
			/* A goal that is refused because it is there is there for others. */
			if (pass == 0 && !edge->is_order_cut &&
			    p->nodes[edge->to].refusal != PLAN_REFUSE_LOADED)
				((uint32_t *)user->needs)[user->n_needs++] = p->nodes[edge->to].step;
		}
	return 0;
}

/* Of each group the members that stay in the plan. */
static int put_groups(struct planner *p, const struct node *node, struct plan_step *step)
{
	struct plan_group *groups;

	if (node->n_groups == 0)
		return 0;
	groups = arena_alloc(&p->arena, node->n_groups * sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	for (uint32_t g = 0; g < node->n_groups; g++) {
		const struct any_of *from = &node->groups[g];
		uint32_t *steps = arena_alloc(&p->arena, from->n_members * sizeof(*steps));
		uint32_t n = 0;

		if (!steps)
			return -ENOMEM;
		for (uint32_t m = 0; m < from->n_members; m++)
			if (p->nodes[from->members[m]].is_kept)
				steps[n++] = p->nodes[from->members[m]].step;
		groups[g] = (struct plan_group){ steps, n, from->word, from->source };
	}
	step->groups = groups;
	step->n_groups = node->n_groups;
	return 0;
}

static int put_goal(struct planner *p, const struct goal *goal, struct plan_goal *ret,
		    uint32_t *steps, uint32_t *n_steps)
{
	const struct request *request = &p->requests[goal->request];
	int r = 0;

	*ret = (struct plan_goal){ .request = goal->text, .first_step_ref = *n_steps };
	ret->is_found = request->n_found > 0;
	ret->error = request->error;
	for (uint32_t f = 0; f < request->n_found && r == 0; f++) {
		const struct node *node = &p->nodes[request->found[f].node];

		if (plan_counts(p, &request->found[f], true)) {
			steps[(*n_steps)++] = node->step;
			ret->n_steps++;
		} else {
			r = plan_add_note(p, (struct plan_note){
						     .kind = PLAN_NOTE_BLACKLISTED,
						     .a = goal->text,
						     .b = node->name,
						     .rule = plan_is_blacklisted(p, node->name) });
		}
	}
	return r;
}

static int put_goals(struct planner *p)
{
	size_t max = 1;
	struct plan_goal *goals;
	uint32_t *steps, n_steps = 0;
	int r = 0;

	for (uint32_t g = 0; g < p->n_goals; g++)
		max += p->requests[p->goals[g].request].n_found;
	if (max > PLAN_EDGES_MAX)
		return -E2BIG;
	goals = arena_alloc(&p->arena, ((size_t)p->n_goals + 1) * sizeof(*goals));
	steps = arena_alloc(&p->arena, max * sizeof(*steps));
	if (!goals || !steps)
		return -ENOMEM;
	for (uint32_t g = 0; g < p->n_goals && r == 0; g++)
		r = put_goal(p, &p->goals[g], &goals[g], steps, &n_steps);
	p->plan.goals = goals;
	p->plan.n_goals = p->n_goals;
	p->plan.goal_steps = steps;
	return r;
}

int plan_put_steps(struct planner *p, const uint32_t *order,
		   int (*fill)(struct planner *p, const struct node *node, struct plan_step *step))
{
	struct plan_step *steps = arena_alloc(&p->arena, ((size_t)p->n_nodes + 1) * sizeof(*steps));
	uint32_t n = 0;
	int r;

	if (!steps)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		struct node *node = &p->nodes[order[i]];

		if (!node->is_kept)
			continue;
		steps[n] = (struct plan_step){ .module = node->name,
					       .is_goal = node->is_goal,
					       .is_required = node->is_required,
					       .options = "",
					       .holders = "",
					       .cause = PLAN_NONE,
					       .cause_group = PLAN_NONE };
		node->step = n++;
	}
	r = put_lists(p, steps, n);
	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++) {
		const struct node *node = &p->nodes[order[i]];

		if (!node->is_kept)
			continue;
		r = put_groups(p, node, &steps[node->step]);
		if (r == 0)
			r = fill(p, node, &steps[node->step]);
	}
	if (r == 0)
		r = put_goals(p);
	p->plan.steps = steps;
	p->plan.n_steps = n;
	p->plan.notes = p->notes;
	p->plan.n_notes = p->n_notes;
	return r;
}
