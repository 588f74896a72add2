/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A plan in words: what a step does, why it is there, why something must not be done. One place, so
 * that `modsure plan`, `modprobe -v` and an error message say the same of the same thing.
 *
 * Sentences begin with a small letter (or a module's name) and have no full stop and no newline.
 * Names and paths stand in them as they are: whoever prints them takes care of control characters.
 */
#include "plan/plan.h"

struct buf;

/* Modules that the sentence of one refusal names on its way to the cause. */
#define DESCRIBE_CHAIN_MAX 6u

/**
 * plan_action_name() plan_edge_name() plan_refusal_name() plan_note_name() - one word for each value
 * of an enum: "insert", "softdep-pre", "masked", "order-cut"
 * The words are a promise (JSON output, tests): a new value gets a new word, old ones stay.
 */
const char *plan_action_name(enum plan_action action);
const char *plan_edge_name(enum plan_edge_kind kind);
const char *plan_refusal_name(enum plan_refusal refusal);
const char *plan_note_name(enum plan_note_kind kind);

/**
 * plan_describe_source() - "FILE:LINE", "FILE" for one without lines, "modules.dep" without a file
 * All of these append to @out, whose first error sticks.
 */
void plan_describe_source(const struct plan_source *source, struct buf *out);

/**
 * plan_describe_step() - what is done: "insert r8169 (PATH) with debug=1"
 * A refused step is described as "refuse NAME"; plan_describe_refusal() says why.
 */
void plan_describe_step(const struct plan_step *step, struct buf *out);

/**
 * plan_describe_reason() - why @step is in the plan: "needed by r8169 (modules.dep)"
 * @reason: one of @step's
 */
void plan_describe_reason(const struct plan_step *step, const struct plan_reason *reason,
			  struct buf *out);

/**
 * plan_describe_refusal() - why @step must not or cannot be done; names the module, and the cause
 * behind the cause: "r8169 needs realtek: realtek is masked (/etc/modprobe.d/a.conf:3)"
 * Nothing for a step that is not refused.
 */
void plan_describe_refusal(const struct plan *plan, const struct plan_step *step, struct buf *out);

/**
 * plan_describe_needed() - why @module is not removed: "r8169 is loaded and needs realtek (hard dependency, ...)"
 * @users: "a, b", that would be left without what answers to @word
 */
void plan_describe_needed(const char *module, const char *users, const char *word,
			  const struct plan_source *source, struct buf *out);

/** plan_describe_hard_source() - " (hard dependency, SOURCE)" */
void plan_describe_hard_source(const struct plan_source *source, struct buf *out);

/** plan_describe_hard() - "a needs b (hard dependency, SOURCE)" */
void plan_describe_hard(const char *module, const char *word, const struct plan_source *source,
			struct buf *out);

/** plan_describe_conflict() - "a must not be loaded together with b (SOURCE)" */
void plan_describe_conflict(const char *module, const char *other, const struct plan_source *source,
			    struct buf *out);

/** plan_describe_breach() - what removing @module takes from another: "removing 'phy' takes ... from ..." */
void plan_describe_breach(const char *module, const struct plan_breach *breach, struct buf *out);

/** plan_describe_note() - a remark about the plan, with the place that it is about */
void plan_describe_note(const struct plan_note *note, struct buf *out);
