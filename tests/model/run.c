/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_must(struct run *run, bool holds, const char *what, const char *module)
{
	if (holds || run->broken)
		return;
	run->broken = what;
	(void)snprintf(run->broken_at, sizeof(run->broken_at), "%s", module);
}

uint32_t run_module_of(const struct run *run, uint32_t step)
{
	return draw_find(run->draw, run->plan->steps[step].module);
}

set run_live(const struct run *run)
{
	set live = 0;

	for (uint32_t i = 0; i < run->draw->n_modules; i++)
		if (kernel_model_state(run->model, run->draw->modules[i].name) == MODULE_LIVE)
			live |= BIT(i);
	return live;
}

/* Answers: what a real session would give, from the drawn world and the model's state. */

static int answer_lookup(struct run *run, const char *request)
{
	const struct draw_alias *alias = draw_find_alias(run->draw, request);
	uint32_t i = draw_find(run->draw, request);
	struct plan_answer answers[3] = { 0 };

	for (uint32_t n = 0; alias && n < alias->n; n++)
		answers[n] = (struct plan_answer){ run->draw->modules[alias->modules[n]].name,
						   alias->is_rule ? PLAN_BY_CONF_ALIAS : PLAN_BY_ALIAS,
						   { alias->is_rule ? "conf" : NULL, 1 } };
	if (alias)
		return planner_answer_lookup(run->planner, answers, alias->n, 0);
	if (i == run->draw->n_modules)
		return planner_answer_lookup(run->planner, NULL, 0, -ENOENT);
	answers[0].module = request;
	answers[0].by = run->draw->modules[i].is.is_builtin ? PLAN_BY_BUILTIN : PLAN_BY_NAME;
	return planner_answer_lookup(run->planner, answers, 1, 0);
}

static int answer_state(struct run *run, const char *name)
{
	static const enum plan_live lives[] = { [MODULE_ABSENT] = PLAN_ABSENT,
						[MODULE_COMING] = PLAN_COMING,
						[MODULE_LIVE] = PLAN_LIVE,
						[MODULE_GOING] = PLAN_GOING,
						[MODULE_NO_STATE] = PLAN_COMING };
	uint32_t i = draw_find(run->draw, name);
	CLEANUP_BUF struct buf holders = { 0 };
	enum module_state is = MODULE_ABSENT;
	struct plan_state state = { 0 };

	(void)run->inner.state(run->inner.ctx, name, &is);
	state.live = lives[is];
	if (i < run->draw->n_modules && run->draw->modules[i].is.is_builtin)
		state.live = PLAN_BUILTIN;
	if (run->request->options.is_unload) {
		(void)run->inner.users(run->inner.ctx, name, &state.n_users);
		(void)run->inner.holders(run->inner.ctx, name, &holders);
		state.holders = (const char *)holders.base;
		state.holders_size = holders.size;
	}
	return planner_answer_state(run->planner, &state);
}

static void put_path(const struct run *run, uint32_t i, struct buf *out)
{
	const struct draw_module *module = &run->draw->modules[i];

	buf_printf(out, "%s%s/%s.ko%c", run->directory, module->is_missing ? "/missing" : "", module->name, 0);
}

set run_builtin(const struct draw *d)
{
	set builtin = 0;

	for (uint32_t i = 0; i < d->n_modules; i++)
		builtin |= d->modules[i].is.is_builtin ? BIT(i) : 0;
	return builtin;
}

static size_t find_hards(const struct draw *d, uint32_t i, struct plan_hard *ret)
{
	size_t n = 0;

	for (uint32_t h = 0; h < d->n_hards; h++)
		if (d->hards[h].module == i)
			ret[n++] = (struct plan_hard){ d->hards[h].word,       d->hards[h].declared,
						       d->hards[h].is_in_line, d->hards[h].is_by_symbol,
						       d->hards[h].is_dropped, { "hard", h + 1 } };
	return n;
}

static size_t find_conflicts(const struct draw *d, uint32_t i, struct plan_answered_conflict *ret)
{
	size_t n = 0;

	for (uint32_t z = 0; z < d->n_modules; z++)
		if (d->told_conflicts[i] & BIT(z))
			ret[n++] = (struct plan_answered_conflict){ d->modules[z].name,
								    d->modules[z].is.is_builtin,
								    { "conflict", 1 } };
	return n;
}

static int answer_deps(struct run *run, const char *name)
{
	struct plan_answered_conflict conflicts[DRAW_MODULES_MAX];
	struct plan_hard hards[DRAW_HARDS_MAX];
	const struct draw *d = run->draw;
	uint32_t i = draw_find(d, name);
	CLEANUP_BUF struct buf deps = { 0 }, path = { 0 };
	struct plan_deps answer = { .error = -ENOENT };

	if (i < d->n_modules && d->modules[i].is_damaged) {
		answer.error = -EBADMSG;
	} else if (i < d->n_modules && d->modules[i].is.is_builtin) {
		answer = (struct plan_deps){ .is_builtin = true };
	} else if (i < d->n_modules) {
		put_path(run, i, &path);
		for (uint32_t at = d->n_modules; at-- > 0;) /* users first */
			if (d->modules[i].line & BIT(d->order[at]))
				put_path(run, d->order[at], &deps);
		answer = (struct plan_deps){ (const char *)path.base, false, (const char *)deps.base,
					     deps.size, 0 };
	}
	if (i < d->n_modules) {
		answer.hard = hards;
		answer.n_hard = find_hards(d, i, hards);
		answer.conflicts = conflicts;
		answer.n_conflicts = find_conflicts(d, i, conflicts);
	}
	return planner_answer_deps(run->planner, &answer);
}

/* Live modules with a word that @i answers to and nothing that is built in; as a session finds them. */
static int answer_hard_users(struct run *run, const char *name)
{
	struct plan_hard_user users[DRAW_HARDS_MAX] = { 0 };
	struct buf others[DRAW_HARDS_MAX] = { 0 };
	const struct draw *d = run->draw;
	uint32_t i = draw_find(d, name);
	set live = run_live(run);
	size_t n = 0;
	int r;

	for (uint32_t h = 0; h < d->n_hards; h++) {
		const struct draw_hard *hard = &d->hards[h];

		if (hard->is_dropped || !(live & BIT(hard->module)) || i == d->n_modules ||
		    hard->module == i || !(hard->answer_set & BIT(i)) || hard->answer_set & run_builtin(d))
			continue;
		for (uint32_t o = 0; o < d->n_modules; o++)
			if (hard->answer_set & live & BIT(o) & ~BIT(i) & ~BIT(hard->module))
				buf_put(&others[n], d->modules[o].name, strlen(d->modules[o].name) + 1);
		users[n] = (struct plan_hard_user){ d->modules[hard->module].name, hard->word,
						    (const char *)others[n].base, others[n].size,
						    { "hard", h + 1 } };
		n++;
	}
	r = planner_answer_hard_users(run->planner, users, n);
	for (size_t u = 0; u < n; u++)
		buf_done(&others[u]);
	return r;
}

static int answer(struct run *run, const struct plan_want *want)
{
	switch (want->kind) {
	case PLAN_WANT_LOOKUP:
		return answer_lookup(run, want->name);
	case PLAN_WANT_STATE:
		return answer_state(run, want->name);
	case PLAN_WANT_DEPS:
		return answer_deps(run, want->name);
	case PLAN_WANT_HARD_USERS:
		return answer_hard_users(run, want->name);
	default:
		return planner_answer_file(run->planner, strstr(want->name, "/missing/") ? -ENOENT : 0);
	}
}

/* Which modules the requests mean, by the rules and not by the planner. */
static set find_goals(const struct run *run)
{
	const struct draw *d = run->draw;
	const struct plan_options *options = &run->request->options;
	set goals = 0;

	for (uint32_t g = 0; g < run->request->n_goals; g++) {
		const char *text = run->request->goals[g];
		const struct draw_alias *alias = draw_find_alias(d, text);
		bool heeds = !options->is_unload && (alias || options->use_blacklist);
		set meant = 0;

		if (!alias && draw_find(d, text) < d->n_modules)
			meant = BIT(draw_find(d, text));
		for (uint32_t n = 0; alias && n < alias->n; n++)
			meant |= BIT(alias->modules[n]);
		goals |= heeds ? meant & ~d->blacklisted : meant;
	}
	return goals;
}

void run_plan(struct run *run, enum run_order order)
{
	const struct draw_request *q = run->request;
	struct plan_want want;
	int r = 0;

	draw_conf(run->draw, order == RUN_RULES_SHUFFLED, &run->conf_text);
	if (modprobe_conf_read(&run->conf, buf_bytes(&run->conf_text), "conf", NULL) < 0)
		abort();
	run->planner = planner_new(&run->request->options, &run->conf);
	if (!run->planner)
		abort();
	for (uint32_t g = 0; g < (order == RUN_FIRST_GOAL ? 1 : q->n_goals) && r == 0; g++)
		r = planner_add(run->planner,
				q->goals[order == RUN_GOALS_REVERSED ? q->n_goals - 1 - g : g], NULL);
	while (r == 0 && planner_next(run->planner, &want) > 0)
		r = answer(run, &want);
	if (r == 0)
		r = planner_finish(run->planner, &run->plan);
	if (r < 0)
		abort();
	run->goals = find_goals(run);
	run->live_before = run_live(run);
	for (uint32_t i = 0; i < run->draw->n_modules; i++)
		run->inits_before[i] = kernel_model_inits(run->model, run->draw->modules[i].name);
}

/* The kernel, watched: every call must be a step, in the order of the steps. */

static uint32_t find_step(const struct run *run, const char *module)
{
	uint32_t i = 0;

	while (i < run->plan->n_steps && strcmp(run->plan->steps[i].module, module) != 0)
		i++;
	return i;
}

static bool has_succeeded(const struct run *run, uint32_t step)
{
	return run->results[step].status == APPLY_DONE || run->results[step].status == APPLY_NOT_NEEDED;
}

static bool is_quiet(const struct run *run)
{
	return run->draw->n_processes == 0;
}

static void watch_step(struct run *run, const char *module, enum plan_action action, uint32_t max)
{
	uint32_t i = find_step(run, module);

	run_must(run, !run->request->dry_run, "a dry run changes nothing", module);
	run_must(run, i < run->plan->n_steps && run->plan->steps[i].action == action,
		 "what is done was shown", module);
	if (i == run->plan->n_steps)
		return;
	run_must(run, run->last_step == PLAN_NONE || run->last_step <= i,
		 "steps are done in the order that was shown", module);
	run->last_step = i;
	run_must(run, ++run->n_acts[i] <= max, "a step is tried again at most once", module);
}

/* Everything that the module needs was a success, and is there unless others may have removed it. */
static void watch_needs(struct run *run, const char *module)
{
	const struct draw *d = run->draw;
	set closure = d->modules[draw_find(d, module)].closure;

	for (uint32_t i = 0; i < d->n_modules; i++) {
		uint32_t step = find_step(run, d->modules[i].name);

		if (!(closure & BIT(i)))
			continue;
		if (step < run->plan->n_steps)
			run_must(run, has_succeeded(run, step) ||
					      run->plan->steps[step].refusal == PLAN_REFUSE_LOADED,
				 "what is needed succeeded before", module);
		if (is_quiet(run) && !d->installs && !d->modules[i].is.is_builtin)
			run_must(run, run_live(run) & BIT(i), "what is needed is live before", module);
	}
}

static int watch_insert(void *ctx, const struct kernel_insert *insert)
{
	struct run *run = ctx;
	int r;

	if (insert->name[0]) {
		watch_step(run, insert->name, PLAN_INSERT, 2);
		watch_needs(run, insert->name);
		if (is_quiet(run))
			judge_hard_insert(run, draw_find(run->draw, insert->name));
	}
	r = run->inner.insert(run->inner.ctx, insert);
	if (r == 0)
		run->seen_live |= BIT(draw_find(run->draw, insert->name));
	return r;
}

/* Only what was done in this way is taken back, last first. */
static void watch_undo(struct run *run, const char *module, enum plan_action action)
{
	uint32_t i = find_step(run, module);

	run_must(run, run->request->all_or_nothing && i < run->plan->n_steps &&
			      run->plan->steps[i].action == action &&
			      run->results[i].status == APPLY_DONE,
		 "only what this request did is undone", module);
	run_must(run, run->last_undone == PLAN_NONE || i < run->last_undone, "undone last first", module);
	run->last_undone = i;
}

static int watch_remove(void *ctx, const char *name, unsigned int flags)
{
	struct run *run = ctx;
	long n_users = kernel_model_users(run->model, name);
	uint32_t i = find_step(run, name);
	int r;

	if (!run->request->options.is_unload)
		watch_undo(run, name, PLAN_INSERT);
	else
		watch_step(run, name, PLAN_DELETE, run->request->wait_usec ? 1000 : 1);
	if (is_quiet(run) && i < run->plan->n_steps && run->plan->steps[i].if_unused)
		run_must(run, n_users == 0, "nobody tries to remove what others use", name);
	r = run->inner.remove(run->inner.ctx, name, flags);
	if (is_quiet(run) && run->request->options.is_unload && !run->draw->removes)
		run_must(run, r != -EAGAIN, "the plan knows what is in use", name);
	return r;
}

static int watch_run(void *ctx, const struct kernel_command *command)
{
	struct run *run = ctx;
	bool is_unload = run->request->options.is_unload;
	uint32_t i = find_step(run, command->module);

	if (!is_unload && i < run->plan->n_steps && run->results[i].status == APPLY_DONE)
		watch_undo(run, command->module, PLAN_RUN_INSTALL);
	else
		watch_step(run, command->module, is_unload ? PLAN_RUN_REMOVE : PLAN_RUN_INSTALL, 1);
	return run->inner.run(run->inner.ctx, command);
}

static int watch_state(void *ctx, const char *name, enum module_state *ret_state)
{
	struct run *run = ctx;

	int r = run->inner.state(run->inner.ctx, name, ret_state);

	run->n_looks++;
	if (r == 0 && *ret_state == MODULE_LIVE)
		run->seen_live |= BIT(draw_find(run->draw, name));
	return r;
}

static int watch_users(void *ctx, const char *name, long *ret_n_users)
{
	struct run *run = ctx;

	run->n_looks++;
	return run->inner.users(run->inner.ctx, name, ret_n_users);
}

static int watch_holders(void *ctx, const char *name, struct buf *holders)
{
	struct run *run = ctx;

	run->n_looks++;
	return run->inner.holders(run->inner.ctx, name, holders);
}

static int watch_read(void *ctx, const char *path, struct buf *out)
{
	struct run *run = ctx;

	run->n_looks++;
	return run->inner.read(run->inner.ctx, path, out);
}

static void watch_wait(void *ctx, uint32_t usec)
{
	struct run *run = ctx;

	run->n_looks++;
	run->inner.wait(run->inner.ctx, usec);
}

static int64_t watch_now(void *ctx)
{
	struct run *run = ctx;

	return run->inner.now_usec(run->inner.ctx);
}

void run_apply(struct run *run)
{
	const struct apply_options options = { .all_or_nothing = run->request->all_or_nothing,
					       .dry_run = run->request->dry_run,
					       .wait_usec = run->request->wait_usec };
	const struct events events = { 0 };
	struct inserter *inserter;

	run->kernel = (struct kernel){ run,	     watch_insert,  watch_remove, watch_state, watch_users,
				       watch_holders, watch_read, watch_run,	watch_wait,  watch_now };
	run->last_step = run->last_undone = PLAN_NONE;
	run->results = calloc(run->plan->n_steps + 1, sizeof(*run->results));
	inserter = inserter_new(&run->kernel, &events);
	if (!run->results || !inserter)
		abort();
	run->result = apply_plan(run->plan, &run->kernel, inserter, &options, run->results);
	run->live_after = run_live(run);
	inserter_free(inserter);
}

void run_done(struct run *run)
{
	planner_free(run->planner);
	modprobe_conf_done(&run->conf);
	buf_done(&run->conf_text);
	free(run->results);
}
