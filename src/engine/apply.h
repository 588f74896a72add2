/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Does what a plan says, step by step, and nothing else.
 */
#include <stdbool.h>

#include "bytes/diag.h"
#include "engine/events.h"
#include "engine/insert.h"
#include "plan/plan.h"
#include "sys/kernel.h"

struct session;

/** enum apply_status - what became of a step */
enum apply_status {
	APPLY_NOT_TRIED, /* nothing that wants it can succeed any longer, or it is of no use */
	APPLY_DONE,
	APPLY_NOT_NEEDED, /* it was so already, or (unload) it is still in use and may stay */
	APPLY_FAILED,	  /* @error */
	APPLY_NEEDS,	  /* a step that it needs failed: @cause */
	APPLY_UNDONE,	  /* done, and taken back with all_or_nothing */
};

/** struct apply_result - of one step */
struct apply_result {
	enum apply_status status;
	int error;	/* -errno; of a command: -ECANCELED, see @wait_status */
	int wait_status; /* of a command */
	unsigned int n_left_out; /* parameters that a command was not given, see command_expand() */
	uint32_t cause; /* APPLY_NEEDS: index of the step; PLAN_NONE with @group */
	uint32_t group; /* APPLY_NEEDS: index of a group none of whose steps succeeded; else PLAN_NONE */
	uint32_t conflict; /* -EADDRINUSE: index of the step's conflict that is there; else PLAN_NONE */
	struct plan_breach needed; /* unload, -EBUSY: by whom, since the plan was made; user NULL otherwise */
	struct insert_report report; /* inserts */
	struct diag diag; /* what is wrong with the file; empty otherwise */
};

/** struct apply_options */
struct apply_options {
	bool all_or_nothing;	 /* when a goal fails, take back what this call did */
	bool ignore_vermagic, ignore_modversions; /* goals only */
	bool force;		 /* unload: goals are removed with O_TRUNC */
	bool dry_run;		 /* call @before only */
	int64_t wait_usec;	 /* unload: how long to try again while something uses a goal; 0 not at all */
	const char *conflict_dir; /* CONFLICT_DIR; NULL: modules in conflict are looked for without a lock */
	const char *need_dir; /* NEED_DIR; NULL: hard dependencies are looked for without a lock */
	struct session *session; /* asked once more who needs what is to be removed, and told of files that were
				  * inserted; NULL: the plan's word counts */
	const char *child_options; /* MODPROBE_OPTIONS of commands; NULL leaves it as it is */

	/** Called before a step is done that changes something; may be NULL. */
	void (*before)(void *ctx, const struct plan_step *step);
	/** Called after each step, in their order, undone ones once more; may be NULL. */
	void (*after)(void *ctx, const struct plan_step *step, const struct apply_result *result);
	void *ctx;
};

/**
 * apply_plan() - do the steps
 * @inserter: for loads; made for the same kernel
 * @results:  one a step of @plan, written from the first on; the caller's
 *
 * A step is done only while something that wants it can still succeed, and only after what it needs
 * has succeeded; of a group one after the other, until one has. A soft dependency that fails harms
 * nobody. Success of an insert means live. A module whose conflicts turn out to be there by then is not
 * inserted, nor is one whose hard dependency has gone since: that one's step has failed, with -ESTALE.
 * What is needed by then, of which the kernel knows nothing, is not removed.
 * With @all_or_nothing and a goal that failed, what this call inserted is removed again, last first,
 * unless something else uses it by then, or needs it and cannot be removed itself. An install command is
 * taken back by the remove command for the same module; without one it stays.
 * Return: 0 when all goals succeeded; 1 when one did not; -errno when it could not go on (-ENOMEM).
 */
int apply_plan(const struct plan *plan, const struct kernel *kernel, struct inserter *inserter,
	       const struct apply_options *options, struct apply_result *results);
