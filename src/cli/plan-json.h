/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A plan as JSON; the layout is a promise, see modsure-plan(8).
 */
#include "bytes/buf.h"
#include "cli/json.h"
#include "plan/plan.h"

/** plan_json_set() - "goals", "steps" and "notes" of @plan, set in @map */
void plan_json_set(struct json *json, struct json_node *map, const struct plan *plan);

/** plan_json_breach() - what a breach is, in words, appended to @out: the text form says the same */
void plan_json_breach(const struct plan_breach *breach, struct buf *out);
