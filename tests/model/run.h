/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * One request in a drawn world: planned, applied to the model, and judged on the way.
 */
#include "draw.h"
#include "engine/apply.h"

/** struct run - what happened; set @draw, @request, @model, @inner and @directory, the rest zero */
struct run {
	struct draw *draw;
	const struct draw_request *request;
	struct kernel_model *model;
	struct kernel inner;	 /* the model's */
	const char *directory;	 /* of NAME.ko for every name there can be */

	struct kernel kernel; /* @inner, watched */
	struct planner *planner;
	struct modprobe_conf conf;
	struct buf conf_text;
	const struct plan *plan;
	struct apply_result *results;
	int result; /* of apply_plan() */

	set goals;	 /* modules that the requests mean */
	set live_before, live_after;
	set seen_live; /* as calls told it */
	unsigned int inits_before[DRAW_MODULES_MAX];
	uint32_t n_looks; /* calls that change nothing */
	uint32_t n_acts[2 * DRAW_MODULES_MAX + 8]; /* of a step */
	uint32_t last_step, last_undone; /* PLAN_NONE: none yet */

	const char *broken; /* what did not hold, in words; NULL: nothing */
	char broken_at[16];  /* a module */
};

/** enum run_order - how the same thing is said */
enum run_order {
	RUN_AS_DRAWN,
	RUN_RULES_SHUFFLED, /* as draw_conf() */
	RUN_GOALS_REVERSED,
};

/** run_plan() - ask the planner */
void run_plan(struct run *run, enum run_order order);

/** run_apply() - watch the kernel and do the plan */
void run_apply(struct run *run);

/** run_done() - free all that is the run's own */
void run_done(struct run *run);

/** run_set() - modules of which the model says that they are live */
set run_live(const struct run *run);

/** run_builtin() - modules that are built in */
set run_builtin(const struct draw *d);

/** run_module_of() - number of a step's module */
uint32_t run_module_of(const struct run *run, uint32_t step);

/** run_must() - note the first thing that does not hold */
void run_must(struct run *run, bool holds, const char *what, const char *module);

/** judge_plan() judge_result() - does everything hold that always must? */
void judge_plan(struct run *run);
void judge_result(struct run *run);

/**
 * judge_hard_plan() judge_hard_result() - the same of hard dependencies and conflicts
 * judge_hard_insert() - when @i is about to be inserted and nobody interferes
 */
void judge_hard_plan(struct run *run);
void judge_hard_insert(struct run *run, uint32_t i);
void judge_hard_result(struct run *run);

/** hard_answers() - modules that answer to the words of module @i; hard_closure() - all that it may need */
set hard_answers(const struct draw *d, uint32_t i);
set hard_closure(const struct draw *d, uint32_t i);

/** hard_is_taken_back() - does its line hold what a rule took back? It may be there for symbols as well. */
bool hard_is_taken_back(const struct draw *d, uint32_t i);

/** hard_holds() - does word @h count in this plan, which may have dropped it, with a note? */
bool hard_holds(const struct run *run, const struct draw_hard *hard);

/** hard_usable() - the answers to it that may be loaded for it, or are there */
set hard_usable(const struct run *run, const struct draw_hard *hard);

/** judge_shuffled() - is it the same plan, but for the lines of files? */
void judge_shuffled(struct run *run, const struct run *other);

/** judge_reversed() - the same steps, cycles cut at the same places */
void judge_reversed(struct run *run, const struct run *other);
