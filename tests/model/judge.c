/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must always hold, worked out from the drawn world alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run.h"

static bool is_quiet(const struct run *run)
{
	return run->draw->n_processes == 0;
}

static const char *name_of(const struct run *run, uint32_t i)
{
	return i < run->draw->n_modules ? run->draw->modules[i].name : "?";
}

/* Places of modules in the plan, from 1; 0: not in it. */
static void find_places(struct run *run, uint32_t *places)
{
	memset(places, 0, DRAW_MODULES_MAX * sizeof(*places));
	for (uint32_t s = 0; s < run->plan->n_steps; s++) {
		uint32_t i = run_module_of(run, s);

		run_must(run, i < run->draw->n_modules, "steps are about modules that there are",
			 run->plan->steps[s].module);
		if (i == run->draw->n_modules)
			continue;
		run_must(run, places[i] == 0, "every module once", name_of(run, i));
		places[i] = s + 1;
	}
}

/* Whose softdep lines count: those of goals do not when commands are ignored. */
static set soft_of(const struct run *run, const set words[2][DRAW_MODULES_MAX], uint32_t i)
{
	const struct plan_options *options = &run->request->options;

	return options->ignore_commands && run->goals & BIT(i) ? 0 : words[options->is_unload][i];
}

/* Modules that the goals could bring in by any chain. */
static set find_reach(const struct run *run)
{
	const struct draw *d = run->draw;
	set reach = run->goals, before;

	do {
		before = reach;
		for (uint32_t i = 0; i < d->n_modules; i++) {
			if (reach & BIT(i))
				reach |= d->modules[i].closure | soft_of(run, d->pre, i) |
					 soft_of(run, d->post, i);
			/* What is needed for no symbol stays when its users go, unless that is asked for. */
			if (reach & BIT(i) &&
			    (!run->request->options.is_unload || run->request->options.with_hard_deps))
				reach |= hard_answers(d, i);
			/* What a rule took back: the line does not tell whether it has symbols as well. */
			if (reach & BIT(i) && !run->request->options.is_unload && hard_is_taken_back(d, i))
				reach |= d->modules[i].line;
			/* With holders: who uses it. */
			if (run->request->options.with_holders &&
			    reach & (d->modules[i].closure | hard_answers(d, i)))
				reach |= BIT(i);
		}
	} while (reach != before);
	return reach;
}

/* For every module, those that have to come before it when all lines are taken together. */
static void find_before(const struct run *run, set *before)
{
	const struct draw *d = run->draw;

	for (uint32_t i = 0; i < d->n_modules; i++)
		before[i] = d->modules[i].closure | d->modules[i].line | hard_answers(d, i) |
			    soft_of(run, d->pre, i);
	for (uint32_t i = 0; i < d->n_modules; i++)
		for (uint32_t z = 0; z < d->n_modules; z++)
			if (soft_of(run, d->post, i) & BIT(z))
				before[z] |= BIT(i);
	for (uint32_t k = 0; k < d->n_modules; k++)
		for (uint32_t i = 0; i < d->n_modules; i++)
			if (before[i] & BIT(k))
				before[i] |= before[k];
}

/* Does @a, in the plan, come before @b? Unload is the mirror. */
static void must_precede(struct run *run, const uint32_t *places, uint32_t a, uint32_t b, const char *what)
{
	if (places[a] && places[b])
		run_must(run, run->request->options.is_unload ? places[b] < places[a] : places[a] < places[b],
			 what, name_of(run, b));
}

static void judge_order(struct run *run, const uint32_t *places)
{
	const struct draw *d = run->draw;
	set before[DRAW_MODULES_MAX];

	find_before(run, before);
	for (uint32_t i = 0; i < d->n_modules; i++) {
		enum plan_action action = places[i] ? run->plan->steps[places[i] - 1].action : PLAN_REFUSE;
		bool speaks = action == PLAN_INSERT || action == PLAN_RUN_INSTALL || action == PLAN_DELETE;

		for (uint32_t z = 0; z < d->n_modules; z++) {
			/* Who uses symbols is asked where lines do not tell; meanwhile others may have acted. */
			if (run->request->options.is_unload && !is_quiet(run) && d->n_hards > 0)
				speaks = false;
			if (speaks && !d->modules[i].is_damaged && d->modules[i].closure & BIT(z))
				must_precede(run, places, z, i, "what is needed comes first");
			/* A soft dependency may give way only where it closes a cycle. */
			if (speaks && soft_of(run, d->pre, i) & BIT(z) && !(before[z] & BIT(i)))
				must_precede(run, places, z, i, "soft dependencies before their owner");
			if (speaks && soft_of(run, d->post, i) & BIT(z) && !(before[i] & BIT(z)))
				must_precede(run, places, i, z, "soft dependencies behind their owner");
		}
	}
}

static bool is_loading(enum plan_action action)
{
	return action == PLAN_INSERT || action == PLAN_RUN_INSTALL;
}

/* Allowed by name, or needed by one that is and that is loaded itself. */
static bool is_allowed(const struct run *run, uint32_t i)
{
	const struct draw *d = run->draw;

	if (!d->has_allow || d->allowed & BIT(i))
		return true;
	for (uint32_t s = 0; s < run->plan->n_steps; s++) {
		uint32_t user = run_module_of(run, s);

		if (is_loading(run->plan->steps[s].action) && d->allowed & BIT(user) &&
		    hard_closure(d, user) & BIT(i))
			return true;
	}
	return false;
}

static void judge_options(struct run *run, const struct plan_step *step, uint32_t i)
{
	char want[DRAW_RULES_MAX * 8] = "";

	for (uint32_t r = 0; r < run->draw->n_rules; r++)
		if (run->draw->rules[r].kind == MODPROBE_OPTIONS && run->draw->rules[r].about & BIT(i))
			strcat(strcat(want, want[0] ? " " : ""), run->draw->rules[r].text);
	run_must(run, strcmp(want, step->options) == 0, "options in the order of the rules", step->module);
}

/* What is known not to work is not tried, nor what needs it. */
static void judge_needs(struct run *run, const uint32_t *places, const struct plan_step *step, uint32_t i)
{
	const struct draw *d = run->draw;

	if (!is_loading(step->action))
		return;
	run_must(run, step->action != PLAN_INSERT || (!d->modules[i].is_missing && !d->modules[i].is_damaged),
		 "only files that are there are inserted", step->module);
	for (uint32_t z = 0; z < d->n_modules; z++) {
		const struct plan_step *need = places[z] ? &run->plan->steps[places[z] - 1] : NULL;

		if (d->modules[i].is_damaged || !(d->modules[i].closure & BIT(z)))
			continue;
		run_must(run, !need || need->refusal == PLAN_REFUSE_NOTHING || need->refusal == PLAN_REFUSE_LOADED,
			 "what needs a refused module is refused", step->module);
	}
}

static void judge_rules(struct run *run, const struct plan_step *step, uint32_t i)
{
	const struct draw *d = run->draw;
	bool ignores = run->request->options.ignore_commands && run->goals & BIT(i);

	if (is_loading(step->action)) {
		run_must(run, !(d->masked & BIT(i)), "what is masked is never loaded", step->module);
		run_must(run, is_allowed(run, i), "only what is allowed is loaded", step->module);
		judge_options(run, step, i);
	}
	if (step->action == PLAN_INSERT)
		run_must(run, ignores || !(d->installs & BIT(i)), "an install rule counts", step->module);
	if (step->action == PLAN_RUN_INSTALL)
		run_must(run, !ignores && d->installs & BIT(i), "commands come from rules", step->module);
	if (step->action == PLAN_DELETE)
		run_must(run, ignores || !(d->removes & BIT(i)), "a remove rule counts", step->module);
	if (step->action == PLAN_RUN_REMOVE)
		run_must(run, !ignores && d->removes & BIT(i), "commands come from rules", step->module);
}

void judge_plan(struct run *run)
{
	uint32_t places[DRAW_MODULES_MAX];
	set reach = find_reach(run);

	find_places(run, places);
	judge_order(run, places);
	for (uint32_t s = 0; s < run->plan->n_steps; s++) {
		const struct plan_step *step = &run->plan->steps[s];
		uint32_t i = run_module_of(run, s);

		run_must(run, reach & BIT(i), "nothing that no goal leads to", step->module);
		run_must(run, step->is_goal == !!(run->goals & BIT(i)), "goals are what was asked for",
			 step->module);
		run_must(run, step->n_reasons > 0, "a reason for every step", step->module);
		judge_needs(run, places, step, i);
		judge_rules(run, step, i);
	}
	for (uint32_t i = 0; i < run->draw->n_modules; i++)
		run_must(run, places[i] || !(run->goals & BIT(i)), "every goal has a step", name_of(run, i));
	judge_hard_plan(run);
}

void judge_shuffled(struct run *run, const struct run *other)
{
	run_must(run, run->plan->n_steps == other->plan->n_steps, "the order of unrelated rules is of no matter",
		 "");
	for (uint32_t s = 0; s < run->plan->n_steps && !run->broken; s++) {
		const struct plan_step *a = &run->plan->steps[s], *b = &other->plan->steps[s];

		run_must(run, strcmp(a->module, b->module) == 0 && a->action == b->action &&
				      a->refusal == b->refusal && a->cause == b->cause &&
				      strcmp(a->options, b->options) == 0 &&
				      (!a->command || strcmp(a->command, b->command) == 0),
			 "the order of unrelated rules is of no matter", a->module);
	}
}

static bool has_conflicts(const struct draw *d)
{
	set all = 0;

	for (uint32_t i = 0; i < d->n_modules; i++)
		all |= d->conflicts[i];
	return all != 0;
}

static bool has_groups(const struct draw *d)
{
	for (uint32_t h = 0; h < d->n_hards; h++)
		if (d->hards[h].n_answers > 1)
			return true;
	return false;
}

static bool has_cut(const struct plan *plan, const struct plan_note *cut)
{
	for (uint32_t n = 0; n < plan->n_notes; n++)
		if (plan->notes[n].kind == cut->kind &&
		    strcmp(plan->notes[n].a, cut->a) == 0 && strcmp(plan->notes[n].b, cut->b) == 0)
			return true;
	return false;
}

void judge_reversed(struct run *run, const struct run *other)
{
	uint32_t places[DRAW_MODULES_MAX];

	/* Of two that are welcome, the first comes; of two answers that are to go, one stays. */
	if (has_conflicts(run->draw) || (run->request->options.is_unload && has_groups(run->draw)))
		return;
	run_must(run, run->plan->n_steps == other->plan->n_steps, "the order of goals brings in nobody", "");
	find_places((struct run *)other, places);
	for (uint32_t s = 0; s < run->plan->n_steps; s++)
		run_must(run, places[run_module_of(run, s)] > 0, "the order of goals brings in nobody",
			 run->plan->steps[s].module);
	for (uint32_t n = 0; n < run->plan->n_notes; n++)
		if (run->plan->notes[n].kind == PLAN_NOTE_ORDER_CUT ||
		    run->plan->notes[n].kind == PLAN_NOTE_HARD_CYCLE)
			run_must(run, has_cut(other->plan, &run->plan->notes[n]),
				 "cycles are cut by names, whoever was asked for first", run->plan->notes[n].a);
}

static bool has_succeeded(const struct run *run, uint32_t step)
{
	enum apply_status status = run->results[step].status;

	return status == APPLY_DONE || status == APPLY_NOT_NEEDED || status == APPLY_UNDONE;
}

/* Can its init succeed? EBUSY and EINTR may mean another's attempt and are worth a second one. */
static bool can_start(const struct run *run, uint32_t i)
{
	const struct kernel_model_module *is = &run->draw->modules[i].is;
	unsigned int n_more = is->init_error == -EBUSY || is->init_error == -EINTR ? 2 : 1;

	if (is->load_error)
		return false;
	return !is->init_error ||
	       (is->n_bad_inits > 0 && run->inits_before[i] + n_more > is->n_bad_inits);
}

/* Of each of its hard dependencies, an answer out of @loadable. */
static bool has_hards(const struct run *run, uint32_t i, set loadable)
{
	const struct draw *d = run->draw;

	for (uint32_t h = 0; h < d->n_hards; h++)
		if (d->hards[h].module == i && hard_holds(run, &d->hards[h]) &&
		    !(hard_usable(run, &d->hards[h]) & loadable))
			return false;
	return true;
}

/* Can a module come to need itself, by whichever answers? */
static bool has_cycles(const struct draw *d)
{
	for (uint32_t i = 0; i < d->n_modules; i++)
		if (hard_closure(d, i) & BIT(i))
			return true;
	return false;
}

/* Modules that can be live in the end, where nobody interferes and no rule puts a command in place. */
static set find_loadable(const struct run *run)
{
	const struct draw *d = run->draw;
	set loadable = 0, before;

	do {
		before = loadable;
		for (uint32_t i = 0; i < d->n_modules; i++) {
			const struct draw_module *m = &d->modules[i];

			if (m->is.is_builtin || run->live_before & BIT(i) ||
			    (!(d->masked & BIT(i)) && !m->is_missing && !m->is_damaged &&
			     can_start(run, i) && (m->line & ~loadable) == 0 &&
			     has_hards(run, i, loadable)))
				loadable |= BIT(i);
		}
	} while (loadable != before);
	return loadable;
}

/* Success means live, failure means not. */
static void judge_live(struct run *run)
{
	for (uint32_t s = 0; s < run->plan->n_steps; s++) {
		const struct plan_step *step = &run->plan->steps[s];
		bool is_live = run->live_after & BIT(run_module_of(run, s));

		if (step->action != PLAN_INSERT)
			continue;
		if (run->results[s].status == APPLY_DONE || run->results[s].status == APPLY_NOT_NEEDED)
			run_must(run, is_live, "success means live", step->module);
		if (run->results[s].status == APPLY_FAILED && !run->draw->installs)
			run_must(run, !is_live || run->live_before & BIT(run_module_of(run, s)),
				 "failure means not live", step->module);
	}
}

static bool has_line_taken_back(const struct draw *d)
{
	for (uint32_t i = 0; i < d->n_modules; i++)
		if (hard_is_taken_back(d, i))
			return true;
	return false;
}

static void judge_loaded(struct run *run)
{
	const struct draw *d = run->draw;
	set loadable = find_loadable(run);

	for (uint32_t s = 0; s < run->plan->n_steps; s++) {
		const struct plan_step *step = &run->plan->steps[s];
		uint32_t i = run_module_of(run, s);
		bool was_there = d->modules[i].is.is_builtin || run->live_before & BIT(i);

		bool can = loadable & BIT(i) && !(was_there && run->request->options.must_change);

		/* Which dependency of a cycle goes, and who of two stays out, is a matter of choice. */
		if (step->is_goal && !has_line_taken_back(d))
			run_must(run, has_succeeded(run, s) == can ||
					      (can && (has_conflicts(d) || has_cycles(d))),
				 "a goal succeeds exactly where it can", step->module);
		if (has_conflicts(d) || has_cycles(d) || has_line_taken_back(d))
			continue;
		if (step->action != PLAN_INSERT || run->results[s].status != APPLY_DONE)
			continue;
		for (uint32_t z = 0; z < d->n_modules; z++)
			if ((soft_of(run, d->pre, i) | soft_of(run, d->post, i)) & loadable & BIT(z))
				run_must(run, run->live_after & BIT(z) || d->modules[z].is.is_builtin,
					 "all soft dependencies that can be are loaded", name_of(run, z));
	}
}

/* Nothing of a failed request stays, but for modules that have no exit, and what those need. */
static void judge_undone(struct run *run)
{
	const struct draw *d = run->draw;
	set stays = 0;

	for (uint32_t i = 0; i < d->n_modules; i++)
		if (d->modules[i].is.is_permanent && run->live_after & BIT(i))
			stays |= BIT(i) | hard_closure(d, i);
	run_must(run, ((run->live_after ^ run->live_before) & ~stays) == 0, "all or nothing", "");
	run_must(run, (run->live_before & ~run->live_after) == 0, "all or nothing", "");
}

/* What an unload removes where there are no soft dependencies: users first, then what is of no use. */
static set find_removed(const struct run *run)
{
	const struct draw *d = run->draw;
	set removed = 0, wanted = run->goals, before;

	do {
		before = removed;
		for (uint32_t i = 0; i < d->n_modules; i++) {
			const struct draw_module *m = &d->modules[i];
			set users = 0;

			for (uint32_t u = 0; u < d->n_modules; u++)
				if (d->modules[u].needs & BIT(i) && run->live_before & BIT(u))
					users |= BIT(u);
			if (!(wanted & run->live_before & BIT(i)) || m->is.is_permanent ||
			    m->is.n_users > 0 || users & ~removed)
				continue;
			removed |= BIT(i);
			wanted |= m->is_damaged ? 0 : m->closure;
		}
	} while (removed != before);
	return removed;
}

static void judge_unloaded(struct run *run)
{
	const struct draw *d = run->draw;
	bool has_soft = false;

	for (uint32_t i = 0; i < d->n_modules; i++)
		has_soft |= d->pre[1][i] || d->post[1][i];
	for (uint32_t s = 0; s < run->plan->n_steps; s++) {
		const struct plan_step *step = &run->plan->steps[s];
		uint32_t i = run_module_of(run, s);
		bool was_live = run->live_before & BIT(i), is_live = run->live_after & BIT(i);

		if (step->is_goal)
			run_must(run, has_succeeded(run, s) ==
					      (!is_live && !d->modules[i].is.is_builtin &&
					       (was_live || !run->request->options.must_change)),
				 "an unload succeeds exactly where it is gone", step->module);
	}
	for (uint32_t i = 0; i < d->n_modules; i++)
		if (d->modules[i].needs & ~run->live_after && run->live_after & BIT(i))
			for (uint32_t z = 0; z < i; z++)
				run_must(run, !(d->modules[i].needs & BIT(z)) || run->live_after & BIT(z) ||
						      d->modules[z].is.is_builtin,
					 "an unload leaves what others use", name_of(run, z));
	if (!has_soft && !run->request->options.with_holders && d->n_hards == 0)
		run_must(run, run->live_after == (run->live_before & ~find_removed(run)),
			 "an unload removes exactly what it should", "");
}

/* Calls that only look: some for each step, and many only where somebody has to wait. */
static void judge_cost(struct run *run)
{
	uint32_t n_each = is_quiet(run) && !run->request->wait_usec ? 6 : 1500, n_conflicts = 0;

	for (uint32_t s = 0; s < run->plan->n_steps; s++)
		n_conflicts += run->plan->steps[s].n_conflicts;
	run_must(run, run->n_looks <= n_each * (run->plan->n_steps + 1) + n_conflicts,
		 "as many calls as there are steps", "");
}

void judge_result(struct run *run)
{
	const struct draw_request *q = run->request;
	bool have_goals_succeeded = true;

	for (uint32_t s = 0; s < run->plan->n_steps; s++)
		if (run->plan->steps[s].is_goal)
			have_goals_succeeded &= run->results[s].status == APPLY_DONE ||
						run->results[s].status == APPLY_NOT_NEEDED;
	for (uint32_t s = 0; s < run->plan->n_steps && !q->dry_run; s++)
		if (run->plan->steps[s].action == PLAN_INSERT && has_succeeded(run, s))
			run_must(run, run->seen_live & BIT(run_module_of(run, s)), "success means seen live",
				 run->plan->steps[s].module);
	run_must(run, run->result == !have_goals_succeeded, "the result is that of the goals", "");
	run_must(run, run->last_undone == PLAN_NONE || run->result == 1, "only a failure is undone", "");
	judge_cost(run);
	if (q->dry_run && is_quiet(run))
		run_must(run, run->live_after == run->live_before, "a dry run changes nothing", "");
	if (q->dry_run || !is_quiet(run))
		return;
	if (!q->options.is_unload)
		judge_live(run);
	judge_hard_result(run);
	if (!q->options.is_unload && !run->draw->installs && q->all_or_nothing && run->result == 1)
		judge_undone(run);
	else if (!q->options.is_unload && !run->draw->installs && !run->draw->has_allow &&
		 !q->options.ignore_loaded)
		judge_loaded(run);
	if (q->options.is_unload && !run->draw->removes)
		judge_unloaded(run);
}
