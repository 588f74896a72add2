/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a byte of options and one of how many goals and more options; modprobe.d up to the first NUL;
 * then bytes that decide each answer. Whatever the answers are, a plan holds what its header says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "plan/describe.h"
#include "plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Questions at the most: one lookup a word, and three for each module. */
#define QUESTIONS_MAX 100000

struct input {
	const uint8_t *at, *end;
};

static void check(bool is_true)
{
	if (!is_true)
		__builtin_trap();
}

static unsigned int take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static const char *take_name(struct input *in)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h",
					     "m", "n", "x", "y", "ab", "a_b", "pci:x", "snd" };

	return names[take(in) % 16];
}

static int answer_lookup(struct planner *planner, struct input *in, const char *request)
{
	struct plan_answer answers[4] = { { .module = request, .by = PLAN_BY_NAME } };
	unsigned int how = take(in);
	size_t n = how % 5;

	if (n == 0)
		return planner_answer_lookup(planner, NULL, 0, how & 16 ? -EIO : -ENOENT);
	if (how & 32)
		return planner_answer_lookup(planner, answers, 1, 0);
	for (size_t i = 0; i < n; i++)
		answers[i] = (struct plan_answer){ take_name(in), take(in) % (PLAN_BY_BUILTIN_ALIAS + 1),
						   { 0 } };
	return planner_answer_lookup(planner, answers, n, 0);
}

/* @n names, each between @before and @after. */
static void take_names(struct input *in, struct buf *out, unsigned int n, const char *before,
		       const char *after)
{
	for (unsigned int i = 0; i < n; i++) {
		buf_put_string(out, before);
		buf_put_string(out, take_name(in));
		buf_put(out, after, strlen(after) + 1);
	}
}

static int answer_state(struct planner *planner, struct input *in)
{
	CLEANUP_BUF struct buf holders = { 0 };
	unsigned int how = take(in);
	struct plan_state state = { how % (PLAN_BUILTIN + 1), (long)(how >> 4) - 1, NULL, 0 };

	take_names(in, &holders, (how >> 3) % 4, "", "");
	state.holders = (const char *)holders.base;
	state.holders_size = holders.size;
	return planner_answer_state(planner, &state);
}

#define HARDS_MAX 8

static size_t take_hards(struct input *in, struct plan_hard *hards)
{
	size_t n = take(in) % (HARDS_MAX + 1);

	for (size_t i = 0; i < n; i++) {
		unsigned int how = take(in);

		hards[i] = (struct plan_hard){ .word = take_name(in),
					       .declared = how % 3,
					       .is_in_line = how & 4,
					       .is_by_symbol = how & 8,
					       .is_dropped = how & 16,
					       .source = { "fuzz", (unsigned int)i + 1 } };
		if ((how & 0xe0) == 0xe0)
			hards[i].word = how & 4 ? "" : "br[cket";
	}
	return n;
}

static size_t take_conflicts(struct input *in, struct plan_answered_conflict *conflicts)
{
	size_t n = take(in) % 4;

	for (size_t i = 0; i < n; i++)
		conflicts[i] = (struct plan_answered_conflict){ take_name(in), take(in) % 16 == 1,
								{ "fuzz", 100 } };
	return n;
}

static int answer_deps(struct planner *planner, struct input *in, const char *name)
{
	struct plan_answered_conflict conflicts[4];
	struct plan_hard hards[HARDS_MAX];
	CLEANUP_BUF struct buf deps = { 0 }, path = { 0 };
	unsigned int how = take(in);
	struct plan_deps answer = { .error = how & 8 ? -EBADMSG : -ENOENT };

	if (how < 24 && how % 3 == 0)
		return planner_answer_deps(planner, &answer);
	if (how < 24)
		return planner_answer_deps(planner, &(struct plan_deps){ .is_builtin = true });
	buf_printf(&path, "/k/%s.ko%c", name, 0);
	take_names(in, &deps, how % 6, "/k/", ".ko");
	answer = (struct plan_deps){ (const char *)path.base, false, (const char *)deps.base, deps.size, 0 };
	if (how & 128) {
		answer.hard = hards;
		answer.n_hard = take_hards(in, hards);
		answer.conflicts = conflicts;
		answer.n_conflicts = take_conflicts(in, conflicts);
	}
	return planner_answer_deps(planner, &answer);
}

static int answer_hard_users(struct planner *planner, struct input *in)
{
	struct plan_hard_user users[4];
	struct buf others[4] = { 0 };
	size_t n = take(in) % 5;
	int r;

	for (size_t i = 0; i < n; i++) {
		users[i] = (struct plan_hard_user){ take_name(in), take_name(in), NULL, 0, { "fuzz", 200 } };
		take_names(in, &others[i], take(in) % 4, "", "");
		users[i].others = (const char *)others[i].base;
		users[i].others_size = others[i].size;
	}
	r = planner_answer_hard_users(planner, users, n);
	for (size_t i = 0; i < n; i++)
		buf_done(&others[i]);
	return r;
}

static int answer(struct planner *planner, struct input *in, const struct plan_want *want)
{
	switch (want->kind) {
	case PLAN_WANT_LOOKUP:
		return answer_lookup(planner, in, want->name);
	case PLAN_WANT_STATE:
		return answer_state(planner, in);
	case PLAN_WANT_DEPS:
		return answer_deps(planner, in, want->name);
	case PLAN_WANT_HARD_USERS:
		return answer_hard_users(planner, in);
	default:
		return planner_answer_file(planner, take(in) % 8 ? 0 : -ENOENT);
	}
}

/* Do modules need each other by their lines? */
static bool is_contradictory(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_notes; i++)
		if (plan->notes[i].kind == PLAN_NOTE_NEEDS_CYCLE)
			return true;
	return false;
}

static void check_hard(const struct plan *plan, uint32_t i)
{
	const struct plan_step *s = &plan->steps[i];
	CLEANUP_BUF struct buf text = { 0 };

	for (uint32_t g = 0; g < s->n_groups; g++) {
		check(s->groups[g].word);
		check(s->groups[g].n_steps > 0 || s->action == PLAN_REFUSE || is_contradictory(plan));
		for (uint32_t n = 0; n < s->groups[g].n_steps; n++)
			check(s->groups[g].steps[n] < i || s->action == PLAN_REFUSE || is_contradictory(plan));
	}
	for (uint32_t n = 0; n < s->n_reasons; n++)
		check(s->reasons[n].kind != PLAN_ANY_OF ||
		      s->reasons[n].group < plan->steps[s->reasons[n].step].n_groups);
	if (s->refusal == PLAN_REFUSE_HARD_USED)
		check(s->word && s->holders[0]);
	if (s->refusal == PLAN_REFUSE_CONFLICT || s->refusal == PLAN_REFUSE_NO_ANSWER ||
	    s->refusal == PLAN_REFUSE_BLACKLISTED)
		check(s->word != NULL);
	check(s->refusal != PLAN_REFUSE_BLACKLISTED || (s->rule && s->holders[0]));
	for (uint32_t n = 0; n < s->n_conflicts; n++)
		check(strcmp(s->conflicts[n].module, s->module) != 0);
	for (uint32_t n = 0; n < s->n_breaches; n++)
		check(s->action == PLAN_DELETE && s->breaches[n].user && s->breaches[n].word);
	plan_describe_step(s, &text);
	plan_describe_refusal(plan, s, &text);
	for (uint32_t n = 0; n < s->n_reasons; n++)
		plan_describe_reason(s, &s->reasons[n], &text);
	check(text.size > 0);
}

static void check_step(const struct plan *plan, uint32_t i)
{
	const struct plan_step *s = &plan->steps[i];

	for (uint32_t other = 0; other < i; other++)
		check(strcmp(plan->steps[other].module, s->module) != 0);
	for (uint32_t n = 0; n < s->n_needs; n++)
		check(s->needs[n] < i);
	check(s->n_reasons > 0);
	for (uint32_t n = 0; n < s->n_reasons; n++)
		check(s->reasons[n].by && (s->reasons[n].step == PLAN_NONE) == (s->reasons[n].kind == PLAN_GOAL) &&
		      (s->reasons[n].kind == PLAN_GOAL || s->reasons[n].step < plan->n_steps));
	check((s->action == PLAN_REFUSE) == (s->refusal != PLAN_REFUSE_NOTHING));
	check((s->refusal == PLAN_REFUSE_NEEDS) == (s->cause != PLAN_NONE));
	check(s->cause == PLAN_NONE || plan->steps[s->cause].action == PLAN_REFUSE);
	check(s->action != PLAN_INSERT || s->path);
	check((s->action == PLAN_RUN_INSTALL || s->action == PLAN_RUN_REMOVE) == (s->command != NULL));
	check(s->options && s->holders);
	check_hard(plan, i);
}

static void check_plan(const struct plan *plan, uint32_t n_goals)
{
	check(plan->n_goals == n_goals);
	for (uint32_t i = 0; i < plan->n_steps; i++)
		check_step(plan, i);
	for (uint32_t i = 0; i < n_goals; i++)
		for (uint32_t s = 0; s < plan->goals[i].n_steps; s++)
			check(plan->goal_steps[plan->goals[i].first_step_ref + s] < plan->n_steps);
	for (uint32_t i = 0; i < plan->n_notes; i++)
		check(plan->notes[i].a && plan->notes[i].b &&
		      (plan->notes[i].kind != PLAN_NOTE_HARD_CYCLE || plan->notes[i].path));
}

/* The order must keep what is needed, unless a note says that this contradicts itself. */
static void plan_it(const struct plan_options *options, const struct modprobe_conf *conf,
		    unsigned int n_goals, struct input *in)
{
	struct planner *planner = planner_new(options, conf);
	const struct plan *plan;
	struct plan_want want;
	uint32_t n_added = 0, n = 0;
	int r = 0;

	if (!planner)
		return;
	for (unsigned int i = 0; i < n_goals; i++) {
		unsigned int how = take(in);

		if (how % 8 == 0)
			n_added += planner_add_file(planner, "/f/x-y.ko", "p=1") == 0;
		else
			n_added += planner_add(planner, take_name(in), how % 2 ? "p=2" : NULL) == 0;
	}
	for (; r == 0 && planner_next(planner, &want) > 0; n++) {
		check(n < QUESTIONS_MAX);
		r = answer(planner, in, &want);
	}
	if (r == 0 && planner_finish(planner, &plan) == 0)
		check_plan(plan, n_added);
	planner_free(planner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 };
	struct input in = { data, data + size };
	unsigned int flags = take(&in), more = take(&in), n_goals = more % 4;
	const struct plan_options options = {
		.is_unload = flags & 1,
		.ignore_loaded = flags & 2,
		.ignore_commands = flags & 4,
		.use_blacklist = flags & 8,
		.must_change = flags & 16,
		.with_holders = flags & 32,
		.force = flags & 64,
		.skip_files = flags & 128,
		.with_hard_deps = more & 16,
		.may_wait = more & 32,
	};
	const uint8_t *nul = in.at < in.end ? memchr(in.at, 0, (size_t)(in.end - in.at)) : NULL;

	if (!nul || nul - in.at > 2000 ||
	    modprobe_conf_read(&conf, bytes_of(in.at, (size_t)(nul - in.at)), "fuzz.conf", NULL) < 0)
		return 0;
	in.at = nul + 1;
	plan_it(&options, &conf, n_goals, &in);
	return 0;
}
