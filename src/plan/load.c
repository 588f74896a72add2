/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan to load: what is needed first, soft dependencies around their owners, and nothing for the
 * sake of a module that cannot be loaded anyway.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "plan/plan-internal.h"

bool plan_is_there(const struct planner *p, const struct node *node)
{
	return node->is_builtin || (!p->options.ignore_loaded && (node->state.live == PLAN_LIVE ||
								  node->state.live == PLAN_BUILTIN));
}

/* What is there needs nothing any longer, and stands in the way of nobody. */
static int make_edges(struct planner *p)
{
	int r = 0;

	for (uint32_t i = 0; i < p->n_nodes; i++)
		p->nodes[i].first_edge = p->nodes[i].last_edge = PLAN_NONE;
	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++)
		if (!plan_is_there(p, &p->nodes[i]))
			r = plan_need_edges(p, i);
	if (r == 0)
		r = plan_hard_edges(p);
	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++)
		if (!plan_is_there(p, &p->nodes[i]))
			r = plan_soft_edges(p, i);
	return r;
}

static bool goes_before(const struct edge *edge)
{
	return edge->kind != PLAN_SOFT_POST;
}

/* Reason to refuse the module for its own sake. */
static enum plan_refusal own_refusal(const struct planner *p, const struct node *node)
{
	if (plan_is_there(p, node))
		return node->is_goal && p->options.must_change ? PLAN_REFUSE_LOADED
							       : PLAN_REFUSE_NOTHING;
	if (node->mask)
		return PLAN_REFUSE_MASKED;
	if (node->word_refusal != PLAN_REFUSE_NOTHING)
		return node->word_refusal;
	if (node->command)
		return PLAN_REFUSE_NOTHING;
	if (node->index_error < 0)
		return PLAN_REFUSE_INDEX;
	if (node->is_unknown)
		return PLAN_REFUSE_UNKNOWN;
	return node->file_error < 0 ? PLAN_REFUSE_NO_FILE : PLAN_REFUSE_NOTHING;
}

static bool is_named_by_allow(const struct planner *p, const struct node *node)
{
	return modprobe_conf_next(p->conf, MODPROBE_ALLOW, node->name, NULL);
}

/*
 * Allow rules name modules; what those need comes along where they are loaded themselves. Down from
 * the goals, so that a module which nobody loads allows nothing.
 */
static int refuse_not_allowed(struct planner *p)
{
	uint8_t *is_allowed = calloc((size_t)p->n_nodes + 1, 1);
	uint32_t *todo = calloc((size_t)p->n_nodes + 1, sizeof(*todo));
	uint32_t n = 0;
	int r = is_allowed && todo ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++)
		if (p->nodes[i].is_goal && p->nodes[i].refusal == PLAN_REFUSE_NOTHING &&
		    is_named_by_allow(p, &p->nodes[i]))
			is_allowed[todo[n++] = i] = 1;
	while (n > 0) {
		const struct node *node = &p->nodes[todo[--n]];

		for (uint32_t e = node->first_edge; e != PLAN_NONE; e = p->edges[e].next) {
			uint32_t to = p->edges[e].to;

			if (is_allowed[to] || p->nodes[to].refusal != PLAN_REFUSE_NOTHING ||
			    (!plan_is_need(&p->edges[e]) && p->edges[e].kind != PLAN_ANY_OF &&
			     !is_named_by_allow(p, &p->nodes[to])))
				continue;
			is_allowed[todo[n++] = to] = 1;
		}
	}
	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++)
		if (!is_allowed[i] && !plan_is_there(p, &p->nodes[i]) &&
		    p->nodes[i].refusal == PLAN_REFUSE_NOTHING)
			p->nodes[i].refusal = PLAN_REFUSE_NOT_ALLOWED;
	free(is_allowed);
	free(todo);
	return r;
}

/* Is every answer to one of its hard dependencies refused? */
static const struct any_of *find_refused_group(const struct planner *p, const struct node *node)
{
	for (uint32_t g = 0; g < node->n_groups; g++) {
		const struct any_of *group = &node->groups[g];
		uint32_t n = 0;

		while (n < group->n_members &&
		       p->nodes[group->members[n]].refusal != PLAN_REFUSE_NOTHING)
			n++;
		if (n == group->n_members)
			return group;
	}
	return NULL;
}

static void refuse_user(const struct planner *p, struct node *node)
{
	const struct any_of *group;

	for (uint32_t e = node->first_edge; e != PLAN_NONE; e = p->edges[e].next) {
		const struct edge *edge = &p->edges[e];

		if (!plan_is_need(edge) || edge->is_order_cut ||
		    p->nodes[edge->to].refusal == PLAN_REFUSE_NOTHING ||
		    plan_is_there(p, &p->nodes[edge->to]))
			continue;
		node->refusal = PLAN_REFUSE_NEEDS;
		node->cause = edge->to;
		node->word = edge->text;
		node->source = edge->source;
		return;
	}
	group = find_refused_group(p, node);
	if (!group)
		return;
	node->refusal = PLAN_REFUSE_NEEDS;
	node->cause_group = (uint32_t)(group - node->groups) + 1;
	node->cause = group->members[0];
	node->word = group->word;
	node->source = group->source;
}

/* Whoever needs a module that is refused is refused. */
static void refuse_users(struct planner *p, const uint32_t *order)
{
	for (uint32_t n = 0; n < p->n_nodes; n++) {
		struct node *node = &p->nodes[order[n]];

		if (node->refusal == PLAN_REFUSE_NOTHING)
			refuse_user(p, node);
	}
}

/* Whoever needs a module that is refused, and what was allowed for the sake of one. */
static int refuse_with(struct planner *p, const uint32_t *order)
{
	int r;

	refuse_users(p, order);
	if (p->conf->rules[MODPROBE_ALLOW].n == 0)
		return 0;
	r = refuse_not_allowed(p);
	if (r == 0)
		refuse_users(p, order);
	return r;
}

static int refuse(struct planner *p, const uint32_t *order)
{
	for (uint32_t i = 0; i < p->n_nodes; i++)
		p->nodes[i].refusal = own_refusal(p, &p->nodes[i]);
	(void)plan_refuse_with_live(p);
	return refuse_with(p, order);
}

/* Of allow rules that do not name a module, the first says that there are such. */
static const struct modprobe_rule *refusing_rule(const struct planner *p, const struct node *node)
{
	if (node->refusal == PLAN_REFUSE_NOT_ALLOWED)
		return &p->conf->rules[MODPROBE_ALLOW].items[0];
	if (node->refusal == PLAN_REFUSE_BLACKLISTED)
		return node->rule;
	return node->refusal == PLAN_REFUSE_MASKED ? node->mask : NULL;
}

/* The module and all that has to be there for it. */
static int keep_required(struct planner *p, uint32_t goal)
{
	uint32_t *todo = calloc((size_t)p->n_nodes + 1, sizeof(*todo));
	uint32_t n = 0;

	if (!todo)
		return -ENOMEM;
	if (!p->nodes[goal].is_required)
		todo[n++] = goal;
	p->nodes[goal].is_required = p->nodes[goal].is_kept = true;
	while (n > 0) {
		const struct node *node = &p->nodes[todo[--n]];

		for (uint32_t e = node->first_edge; e != PLAN_NONE; e = p->edges[e].next) {
			struct node *to = &p->nodes[p->edges[e].to];

			bool is_cause = plan_is_cause(node, &p->edges[e]);

			if ((!plan_is_need(&p->edges[e]) && !is_cause) || to->is_required ||
			    (node->refusal != PLAN_REFUSE_NOTHING && !is_cause))
				continue;
			to->is_required = to->is_kept = true;
			todo[n++] = p->edges[e].to;
		}
	}
	free(todo);
	return 0;
}

/* What is welcome besides, and what that needs; one that is refused is left out, and said. */
static int keep_welcome(struct planner *p)
{
	uint32_t *todo = calloc((size_t)p->n_nodes + 1, sizeof(*todo));
	uint32_t n = 0;
	int r = todo ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++)
		if (p->nodes[i].is_kept)
			todo[n++] = i;
	for (uint32_t done = 0; done < n && r == 0; done++) {
		const struct node *node = &p->nodes[todo[done]];

		if (node->refusal != PLAN_REFUSE_NOTHING)
			continue;
		for (uint32_t e = node->first_edge; e != PLAN_NONE && r == 0; e = p->edges[e].next) {
			const struct edge *edge = &p->edges[e];
			struct node *to = &p->nodes[edge->to];

			if (to->refusal != PLAN_REFUSE_NOTHING && !plan_is_need(edge)) {
				r = plan_add_note(p, (struct plan_note){
							     .kind = edge->kind == PLAN_ANY_OF
									     ? PLAN_NOTE_ANSWER_REFUSED
									     : PLAN_NOTE_SOFT_REFUSED,
							     .a = node->name,
							     .b = to->name,
							     .source = edge->source,
							     .refusal = to->refusal,
							     .rule = refusing_rule(p, to) });
			} else if (!to->is_kept && to->refusal == PLAN_REFUSE_NOTHING) {
				/* One that is refused is needed only where lines contradict each other. */
				to->is_kept = true;
				todo[n++] = edge->to;
			}
		}
	}
	free(todo);
	return r;
}

/*
 * What stays in the plan. Modules that exclude each other are refused meanwhile, which may take their
 * reason from others; where that does not come to an end, the last look is taken when they are inserted.
 */
static int keep(struct planner *p, const uint32_t *order)
{
	uint32_t n_notes = p->n_notes;
	int r = 0;

	for (uint32_t round = 0; r == 0; round++) {
		for (uint32_t i = 0; i < p->n_nodes; i++)
			p->nodes[i].is_kept = p->nodes[i].is_required = false;
		p->n_notes = n_notes;
		r = plan_each_goal(p, keep_required);
		if (r == 0 && round < PLAN_CUT_ROUNDS && plan_refuse_required(p)) {
			r = refuse_with(p, order);
			continue;
		}
		if (r == 0)
			r = keep_welcome(p);
		if (r < 0 || round >= PLAN_CUT_ROUNDS)
			break;
		r = plan_refuse_kept(p, order);
		if (r <= 0)
			break;
		r = refuse_with(p, order);
	}
	return r;
}

/* Does the note warn of a module that is not loaded by this plan? */
static bool is_idle(const struct planner *p, const struct plan_note *note)
{
	const struct node *node;

	if (!plan_note_is_warning(note->kind))
		return false;
	node = &p->nodes[plan_find_node(p, note->a)];
	return !node->is_kept || node->refusal != PLAN_REFUSE_NOTHING;
}

static void drop_idle_warnings(struct planner *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_notes; i++)
		if (!is_idle(p, &p->notes[i]))
			p->notes[n++] = p->notes[i];
	p->n_notes = n;
}

/* Parameters of configuration under the module's name and under the alias, then the caller's. */
static int make_options(struct planner *p, const struct node *node, const char **ret_options)
{
	const struct modprobe_rules *rules = &p->conf->rules[MODPROBE_OPTIONS];
	CLEANUP_BUF struct buf out = { 0 };

	for (uint32_t i = 0; i < rules->n; i++) {
		const struct modprobe_rule *rule = &rules->items[i];

		if (strcmp(rule->name, node->name) != 0 &&
		    (!node->alias || strcmp(rule->name, node->alias) != 0))
			continue;
		buf_put_string(&out, out.size > 0 ? " " : "");
		buf_put_string(&out, rule->text);
	}
	if (node->params && node->params[0]) {
		buf_put_string(&out, out.size > 0 ? " " : "");
		buf_put_string(&out, node->params);
	}
	if (out.error < 0)
		return out.error;
	*ret_options = out.size > 0 ? arena_string(&p->arena, (const char *)out.base, out.size) : "";
	return *ret_options ? 0 : -ENOMEM;
}

static int fill_step(struct planner *p, const struct node *node, struct plan_step *step)
{
	int r;

	step->refusal = node->refusal;
	step->path = node->path;
	step->word = node->refusal != PLAN_REFUSE_NOTHING ? node->word : NULL;
	step->source = node->source;
	if (node->refusal != PLAN_REFUSE_NOTHING) {
		step->action = PLAN_REFUSE;
		step->rule = refusing_rule(p, node);
		if (node->refusal == PLAN_REFUSE_BLACKLISTED)
			step->holders = node->blacklisted;
		step->error = node->index_error ? node->index_error : node->file_error;
		if (node->refusal == PLAN_REFUSE_NEEDS)
			step->cause = p->nodes[node->cause].step;
		if (node->cause_group)
			step->cause_group = node->cause_group - 1;
		return 0;
	}
	if (plan_is_there(p, node)) {
		step->action = node->is_builtin || node->state.live == PLAN_BUILTIN
				       ? PLAN_IS_BUILTIN
				       : PLAN_IS_LIVE;
		return 0;
	}
	r = plan_copy_conflicts(p, node, step);
	if (r < 0)
		return r;
	step->action = node->command ? PLAN_RUN_INSTALL : PLAN_INSERT;
	if (node->command) {
		const struct modprobe_rule *undo =
			modprobe_conf_next(p->conf, MODPROBE_REMOVE, node->name, NULL);

		step->rule = node->command;
		step->command = node->command->text;
		step->undo = undo ? undo->text : NULL;
	}
	return make_options(p, node, &step->options);
}

int plan_make_load(struct planner *p)
{
	const uint32_t *order;
	int r;

	r = make_edges(p);
	if (r == 0)
		r = plan_mirror_others(p);
	if (r == 0)
		r = plan_find_places(p, goes_before);
	if (r == 0)
		r = plan_order_edges(p, goes_before, &order);
	if (r == 0)
		r = refuse(p, order);
	if (r == 0)
		r = keep(p, order);
	drop_idle_warnings(p);
	return r < 0 ? r : plan_put_steps(p, order, fill_step);
}
