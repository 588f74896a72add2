/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hard dependencies while a plan is carried out. The kernel would insert a module without what it needs
 * for no symbol, and remove that under it; both may have come about since the plan was made.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/apply-internal.h"
#include "engine/session.h"

static bool is_hard_need(const struct applying *a, uint32_t user, uint32_t need)
{
	const struct plan_step *step = &a->plan->steps[need];

	if (step->action != PLAN_INSERT && step->action != PLAN_IS_LIVE)
		return false;
	for (uint32_t n = 0; n < step->n_reasons; n++)
		if (step->reasons[n].step == user && step->reasons[n].kind == PLAN_HARD)
			return true;
	return false;
}

/* Return: the step that a group is satisfied by and that may go again; PLAN_NONE. */
static uint32_t find_answer(const struct applying *a, const struct plan_group *group)
{
	uint32_t found = PLAN_NONE;

	for (uint32_t n = 0; n < group->n_steps; n++) {
		uint32_t i = group->steps[n];

		if (!apply_has_succeeded(&a->results[i]))
			continue;
		if (a->plan->steps[i].action == PLAN_IS_BUILTIN)
			return PLAN_NONE;
		if (found == PLAN_NONE && a->plan->steps[i].action != PLAN_RUN_INSTALL)
			found = i;
	}
	return found;
}

/** struct hard_needs - steps of the modules that one needs for no symbol */
struct hard_needs {
	const char **modules;
	uint32_t *steps, *groups; /* @groups: PLAN_NONE without */
	uint32_t n;
};

static void hard_needs_done(struct hard_needs *needs)
{
	free(needs->modules);
	free(needs->steps);
	free(needs->groups);
}

static void put_need(const struct applying *a, struct hard_needs *needs, uint32_t i, uint32_t group)
{
	needs->modules[needs->n] = a->plan->steps[i].module;
	needs->steps[needs->n] = i;
	needs->groups[needs->n++] = group;
}

static int find_hard_needs(const struct applying *a, uint32_t i, struct hard_needs *needs)
{
	const struct plan_step *step = &a->plan->steps[i];
	size_t max = (size_t)step->n_needs + step->n_groups;

	if (max == 0)
		return 0;
	needs->modules = calloc(max, sizeof(*needs->modules));
	needs->steps = calloc(max, sizeof(*needs->steps));
	needs->groups = calloc(max, sizeof(*needs->groups));
	if (!needs->modules || !needs->steps || !needs->groups)
		return -ENOMEM;
	for (uint32_t n = 0; n < step->n_needs; n++)
		if (is_hard_need(a, i, step->needs[n]))
			put_need(a, needs, step->needs[n], PLAN_NONE);
	for (uint32_t g = 0; g < step->n_groups; g++) {
		uint32_t answer = find_answer(a, &step->groups[g]);

		if (answer != PLAN_NONE)
			put_need(a, needs, answer, g);
	}
	return 0;
}

int apply_keep_needs(struct applying *a, uint32_t i, struct need_guard *guard,
		     struct apply_result *result)
{
	struct hard_needs needs = { 0 };
	uint32_t gone;
	int r;

	r = find_hard_needs(a, i, &needs);
	if (r == 0)
		r = need_begin(guard, a->kernel, a->options->need_dir, needs.modules, needs.n,
			       INSERT_WAIT_MAX_USEC, &gone);
	if (r == -ESTALE) {
		struct apply_result *need = &a->results[needs.steps[gone]];

		need->status = APPLY_FAILED;
		need->error = r;
		result->status = APPLY_NEEDS;
		result->group = needs.groups[gone];
		result->cause = result->group == PLAN_NONE ? needs.steps[gone] : PLAN_NONE;
	} else if (r < 0) {
		result->status = APPLY_FAILED;
		result->error = r;
	}
	hard_needs_done(&needs);
	return r;
}

/** struct late_look - at who needs what is to be removed, just before it is */
struct late_look {
	const struct applying *a;
	uint32_t step;
	struct plan_breach *ret;
};

/* The plan has seen it, and takes it along later. */
static bool goes_later(const struct late_look *look, const char *module)
{
	for (uint32_t i = look->step + 1; i < look->a->plan->n_steps; i++) {
		const struct plan_step *step = &look->a->plan->steps[i];

		if ((step->action == PLAN_DELETE || step->action == PLAN_RUN_REMOVE) &&
		    strcmp(step->module, module) == 0)
			return true;
	}
	return false;
}

static int look_who_needs(void *ctx, const char *module)
{
	const struct late_look *look = ctx;
	struct session_hard_users users = { 0 };
	int r;

	r = session_hard_users(look->a->options->session, module, &users);
	for (size_t i = 0; i < users.n && r == 0; i++) {
		const struct plan_hard_user *user = &users.items[i];

		if (user->others_size > 0 || goes_later(look, user->user))
			continue;
		*look->ret = (struct plan_breach){ user->user, user->word, user->source };
		r = -EBUSY;
	}
	session_hard_users_done(&users);
	return r;
}

int apply_remove(struct applying *a, uint32_t i, unsigned int flags, struct apply_result *result)
{
	const struct plan_step *step = &a->plan->steps[i];
	struct late_look look = { a, i, &result->needed };
	bool is_forced = step->is_goal && a->options->force;
	struct removal_guard guard = { -1, -1 };
	int r = 0;

	if (a->options->session && !is_forced)
		r = removal_begin(&guard, a->kernel, a->options->need_dir, step->module,
				  INSERT_WAIT_MAX_USEC, look_who_needs, &look);
	if (r == 0)
		r = a->kernel->remove(a->kernel->ctx, step->module, flags);
	removal_end(&guard);
	return r;
}
