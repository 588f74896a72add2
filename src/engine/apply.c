/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/apply-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "bytes/buf.h"
#include "conf/command.h"
#include "engine/conflict.h"
#include "engine/live-tags.h"
#include "engine/patience.h"

static void applying_done(struct applying *a)
{
	free(a->is_doomed);
	free(a->is_moot);
	free(a->is_kept);
}

bool apply_has_succeeded(const struct apply_result *result)
{
	return result->status == APPLY_DONE || result->status == APPLY_NOT_NEEDED;
}

static bool is_satisfied(const struct applying *a, const struct plan_group *group)
{
	for (uint32_t n = 0; n < group->n_steps; n++)
		if (apply_has_succeeded(&a->results[group->steps[n]]))
			return true;
	return false;
}

static bool has_doomed_group(const struct applying *a, const struct plan_step *step)
{
	for (uint32_t g = 0; g < step->n_groups; g++) {
		const struct plan_group *group = &step->groups[g];
		uint32_t n = 0;

		while (n < group->n_steps && (a->is_doomed[group->steps[n]] ||
					      a->plan->steps[group->steps[n]].action == PLAN_REFUSE))
			n++;
		if (n == group->n_steps)
			return true;
	}
	return false;
}

/* What needs a step that failed cannot succeed, nor what needs that. Those stand behind it. */
static void doom(struct applying *a, uint32_t failed)
{
	if (a->is_doomed[failed])
		return;
	a->is_doomed[failed] = 1;
	for (uint32_t i = failed + 1; i < a->plan->n_steps; i++) {
		const struct plan_step *step = &a->plan->steps[i];

		for (uint32_t n = 0; n < step->n_needs; n++)
			a->is_doomed[i] |= a->is_doomed[step->needs[n]];
		a->is_doomed[i] |= has_doomed_group(a, step);
	}
}

/* Is another answer live already? */
static bool has_other_answer(const struct applying *a, const struct plan_reason *reason)
{
	const struct plan_step *user = &a->plan->steps[reason->step];

	return reason->kind == PLAN_ANY_OF && is_satisfied(a, &user->groups[reason->group]);
}

/* Does the step that this reason is about still want another one? @now: the step whose turn it is */
static bool counts(const struct applying *a, const struct plan_reason *reason, uint32_t now)
{
	uint32_t by = reason->step;

	if (reason->kind == PLAN_GOAL || by == PLAN_NONE)
		return true;
	if (by < now)
		return apply_has_succeeded(&a->results[by]);
	/* A dry run shows all answers: which of them will do is not known before. */
	if (!a->options->dry_run && has_other_answer(a, reason))
		return false;
	return !a->is_doomed[by] && !a->is_moot[by];
}

/* Is there somebody left who wants it? */
static bool is_wanted(const struct applying *a, uint32_t i, uint32_t now)
{
	const struct plan_step *step = &a->plan->steps[i];

	for (uint32_t n = 0; n < step->n_reasons; n++)
		if (counts(a, &step->reasons[n], now))
			return true;
	return false;
}

/*
 * Once an answer has succeeded, the other answers are of no use, nor what is there for their sake; nor
 * is what a step that failed would have had behind it. Whoever wants a step stands behind it as a rule,
 * so that this takes a round or two.
 */
static void look_who_is_moot(struct applying *a, uint32_t now)
{
	bool is_changed = true;

	for (uint32_t i = now; i < a->plan->n_steps; i++)
		a->is_moot[i] = 1;
	while (is_changed) {
		is_changed = false;
		for (uint32_t i = a->plan->n_steps; i-- > now;) {
			if (!a->is_moot[i] || !is_wanted(a, i, now))
				continue;
			a->is_moot[i] = 0;
			is_changed = true;
		}
	}
}

static bool is_answer(const struct plan_step *step)
{
	for (uint32_t n = 0; n < step->n_reasons; n++)
		if (step->reasons[n].kind == PLAN_ANY_OF)
			return true;
	return false;
}

/* What follows for the steps behind @i from how it went. */
static void look_ahead(struct applying *a, uint32_t i)
{
	bool is_news = is_answer(&a->plan->steps[i]);

	if (!apply_has_succeeded(&a->results[i])) {
		is_news = !a->is_doomed[i] && a->results[i].status != APPLY_NOT_TRIED;
		doom(a, i);
	}
	if (is_news)
		look_who_is_moot(a, i + 1);
}

/* Return: the step that it needs and that failed; PLAN_NONE. */
static uint32_t find_failed_need(const struct applying *a, const struct plan_step *step)
{
	for (uint32_t n = 0; n < step->n_needs; n++)
		if (!apply_has_succeeded(&a->results[step->needs[n]]))
			return step->needs[n];
	return PLAN_NONE;
}

/* Return: the group that it needs one step of, when none has succeeded; PLAN_NONE. */
static uint32_t find_failed_group(const struct applying *a, const struct plan_step *step)
{
	for (uint32_t g = 0; g < step->n_groups; g++)
		if (!is_satisfied(a, &step->groups[g]))
			return g;
	return PLAN_NONE;
}

static void insert(struct applying *a, const struct plan_step *step, struct apply_result *result)
{
	const struct insert_request request = {
		.name = step->module,
		.path = step->path,
		.params = step->options,
		.ignore_vermagic = step->is_goal && a->options->ignore_vermagic,
		.ignore_modversions = step->is_goal && a->options->ignore_modversions,
	};

	result->error = insert_module(a->inserter, &request, &result->report, &result->diag);
	if (result->error < 0)
		result->status = APPLY_FAILED;
	else
		result->status = result->report.was_loaded ? APPLY_NOT_NEEDED : APPLY_DONE;
}

/* Return: 0; -ECANCELED the command says no; -errno. */
static int run_command(struct applying *a, const char *module, const char *text, const char *options,
		       struct apply_result *result)
{
	CLEANUP_BUF struct buf command = { 0 };
	CLEANUP_BUF struct buf variable = { 0 };
	int r;

	r = command_expand(text, options, &command, &variable);
	if (r >= 0) {
		const struct kernel_command run = { .command = (const char *)command.base,
						    .module = module,
						    .options = a->options->child_options,
						    .params = (const char *)variable.base };

		result->n_left_out = (unsigned int)r;
		r = a->kernel->run(a->kernel->ctx, &run);
	}
	result->wait_status = r < 0 ? 0 : r;
	return r > 0 ? -ECANCELED : r;
}

static void do_command(struct applying *a, const struct plan_step *step, struct apply_result *result)
{
	result->error = run_command(a, step->module, step->command, step->options, result);
	result->status = result->error == 0 ? APPLY_DONE : APPLY_FAILED;
}

static bool is_in_use(const struct applying *a, const char *module)
{
	long n;

	return a->kernel->users(a->kernel->ctx, module, &n) == 0 && n > 0;
}

/* While it is in use, again and again until the time is over. */
static int delete_patiently(struct applying *a, uint32_t i, unsigned int flags,
			    struct apply_result *result)
{
	const struct kernel *k = a->kernel;
	struct patience patience = patience_until(k, k->now_usec(k->ctx) + a->options->wait_usec);
	int r;

	do
		r = apply_remove(a, i, flags, result);
	while (r == -EAGAIN && patience_wait(&patience));
	return r;
}

static void delete(struct applying *a, uint32_t i, struct apply_result *result)
{
	const struct plan_step *step = &a->plan->steps[i];
	unsigned int flags = O_NONBLOCK | (step->is_goal && a->options->force ? O_TRUNC : 0);
	int r;

	if (step->if_unused && is_in_use(a, step->module)) {
		result->status = APPLY_NOT_NEEDED;
		return;
	}
	if (step->is_goal && a->options->wait_usec > 0)
		r = delete_patiently(a, i, flags, result);
	else
		r = apply_remove(a, i, flags, result);
	result->error = r;
	if (r == 0)
		result->status = APPLY_DONE;
	else if (r == -ENOENT || /* gone, or wanted, meanwhile */
		 (step->if_unused && (r == -EAGAIN || result->needed.user)))
		result->status = APPLY_NOT_NEEDED;
	else
		result->status = APPLY_FAILED;
}

/*
 * The modules that this one must not meet may have come since the plan was made. A command is not
 * guarded while it runs: what it loads, it loads under guards of its own.
 */
static void load_kept(struct applying *a, const struct plan_step *step, struct need_guard *needs,
		      struct apply_result *result)
{
	struct conflict_guard conflicts = { 0 };
	uint32_t other = PLAN_NONE;
	int r = 0;

	if (step->n_conflicts > 0)
		r = conflict_begin(&conflicts, a->kernel, a->options->conflict_dir, step->module,
				   step->conflicts, step->n_conflicts, INSERT_WAIT_MAX_USEC, &other);
	if (r < 0) {
		result->error = r;
		result->status = APPLY_FAILED;
		result->conflict = r == -EADDRINUSE ? other : PLAN_NONE;
		return;
	}
	if (step->action == PLAN_INSERT) {
		insert(a, step, result);
		if (result->status == APPLY_DONE && a->options->session)
			live_tags_keep(a->options->session, step->module);
		conflict_end(&conflicts);
	} else {
		conflict_end(&conflicts);
		need_end(needs);
		do_command(a, step, result);
	}
}

static void load(struct applying *a, const struct plan_step *step, struct apply_result *result)
{
	struct need_guard needs = { 0 };

	if (apply_keep_needs(a, (uint32_t)(step - a->plan->steps), &needs, result) == 0)
		load_kept(a, step, &needs, result);
	need_end(&needs);
}

static void act(struct applying *a, const struct plan_step *step, struct apply_result *result)
{
	if (a->options->before)
		a->options->before(a->options->ctx, step);
	if (a->options->dry_run)
		result->status = APPLY_DONE;
	else if (step->action == PLAN_INSERT || step->action == PLAN_RUN_INSTALL)
		load(a, step, result);
	else if (step->action == PLAN_DELETE)
		delete(a, (uint32_t)(step - a->plan->steps), result);
	else
		do_command(a, step, result);
}

static void do_step(struct applying *a, uint32_t i)
{
	const struct plan_step *step = &a->plan->steps[i];
	struct apply_result *result = &a->results[i];
	uint32_t need = find_failed_need(a, step), group = find_failed_group(a, step);

	if (!is_wanted(a, i, i))
		return;
	if ((need != PLAN_NONE || group != PLAN_NONE) && step->action != PLAN_REFUSE) {
		result->status = APPLY_NEEDS;
		result->cause = need;
		result->group = need == PLAN_NONE ? group : PLAN_NONE;
		return;
	}
	switch (step->action) {
	case PLAN_REFUSE:
		result->status = APPLY_FAILED;
		break;
	case PLAN_IS_LIVE:
	case PLAN_IS_BUILTIN:
	case PLAN_IS_ABSENT:
		result->status = APPLY_NOT_NEEDED;
		break;
	case PLAN_INSERT:
	case PLAN_DELETE:
	case PLAN_RUN_INSTALL:
	case PLAN_RUN_REMOVE:
		act(a, step, result);
		break;
	}
}

/* The kernel does not know what it needs for no symbol. */
static void keep_needs(struct applying *a, const struct plan_step *step)
{
	for (uint32_t n = 0; n < step->n_needs; n++)
		a->is_kept[step->needs[n]] = 1;
	for (uint32_t g = 0; g < step->n_groups; g++) {
		const struct plan_group *group = &step->groups[g];
		uint32_t n = 0;

		while (n < group->n_steps && !apply_has_succeeded(&a->results[group->steps[n]]))
			n++;
		if (n < group->n_steps)
			a->is_kept[group->steps[n]] = 1;
	}
}

/* Who configured a command to load a module has to say how that is taken back. */
static bool can_be_undone(const struct applying *a, const struct plan_step *step)
{
	return step->action == PLAN_INSERT ||
	       (step->action == PLAN_RUN_INSTALL && step->undo && !is_in_use(a, step->module));
}

static int undo_step(struct applying *a, uint32_t i, struct apply_result *result)
{
	const struct plan_step *step = &a->plan->steps[i];

	if (step->action == PLAN_INSERT)
		return apply_remove(a, i, O_NONBLOCK, result);
	return run_command(a, step->module, step->undo, "", result);
}

/* Last first. What something else uses by now stays, and what is needed by what stays. */
static void undo(struct applying *a)
{
	for (uint32_t i = a->plan->n_steps; i-- > 0;) {
		const struct plan_step *step = &a->plan->steps[i];
		struct apply_result *result = &a->results[i];

		if (result->status != APPLY_DONE)
			continue;
		if (a->is_kept[i] || !can_be_undone(a, step)) {
			keep_needs(a, step);
			continue;
		}
		result->error = undo_step(a, i, result);
		if (result->error == 0)
			result->status = APPLY_UNDONE;
		else
			keep_needs(a, step);
		if (a->options->after)
			a->options->after(a->options->ctx, step, result);
	}
}

static bool has_failed_goal(const struct applying *a)
{
	for (uint32_t i = 0; i < a->plan->n_steps; i++)
		if (a->plan->steps[i].is_goal && !apply_has_succeeded(&a->results[i]))
			return true;
	return false;
}

int apply_plan(const struct plan *plan, const struct kernel *kernel, struct inserter *inserter,
	       const struct apply_options *options, struct apply_result *results)
{
	struct applying a = { plan, kernel, inserter, options, results,
			      calloc((size_t)plan->n_steps + 1, 1),
			      calloc((size_t)plan->n_steps + 1, 1),
			      calloc((size_t)plan->n_steps + 1, 1) };
	bool has_failed;

	if (!a.is_doomed || !a.is_moot || !a.is_kept) {
		applying_done(&a);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < plan->n_steps; i++)
		results[i] = (struct apply_result){ .cause = PLAN_NONE,
						    .group = PLAN_NONE,
						    .conflict = PLAN_NONE };
	for (uint32_t i = 0; i < plan->n_steps; i++) {
		do_step(&a, i);
		look_ahead(&a, i);
		if (options->after)
			options->after(options->ctx, &plan->steps[i], &results[i]);
	}
	has_failed = has_failed_goal(&a);
	if (has_failed && options->all_or_nothing && !options->dry_run)
		undo(&a);
	applying_done(&a);
	return has_failed;
}
