/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/plan-json.h"

#include "cli/view.h"
#include "plan/describe.h"

void plan_json_breach(const struct plan_breach *breach, struct buf *out)
{
	buf_printf(out, "breaks %s, which is loaded and needs %s", breach->user, breach->word);
	plan_describe_hard_source(&breach->source, out);
}

/* @text as a string, without freeing it */
static struct json_node *sentence(struct json *json, struct buf *text)
{
	return json_new_string(json, text->error ? bytes_of("", 0) : buf_bytes(text));
}

/* Steps are counted from 1, as in the text. */
static struct json_node *number_of(struct json *json, uint32_t step)
{
	return step == PLAN_NONE ? json_new_null(json) : json_new_number(json, (int64_t)step + 1);
}

static struct json_node *place_of(struct json *json, const struct plan_source *source)
{
	return view_source(json, source->file, source->line);
}

static struct json_node *reason_node(struct json *json, const struct plan_step *step,
				     const struct plan_reason *reason)
{
	const char *file = reason->kind == PLAN_NEEDS && !reason->source.file ? "modules.dep"
									     : reason->source.file;
	struct json_node *map = json_new_map(json);
	CLEANUP_BUF struct buf text = { 0 };

	plan_describe_reason(step, reason, &text);
	json_set(json, map, "kind", view_text(json, plan_edge_name(reason->kind)));
	json_set(json, map, "by", view_text(json, reason->by));
	json_set(json, map, "step", number_of(json, reason->step));
	json_set(json, map, "word", view_text(json, reason->word));
	json_set(json, map, "source", view_source(json, file, reason->source.line));
	json_set(json, map, "group",
		 number_of(json, reason->kind == PLAN_ANY_OF ? reason->group : PLAN_NONE));
	json_set(json, map, "order_kept", json_new_bool(json, !reason->is_order_cut));
	json_set(json, map, "text", sentence(json, &text));
	return map;
}

static struct json_node *refusal_node(struct json *json, const struct plan *plan,
				      const struct plan_step *step)
{
	struct json_node *map;
	CLEANUP_BUF struct buf text = { 0 };

	if (step->action != PLAN_REFUSE)
		return json_new_null(json);
	plan_describe_refusal(plan, step, &text);
	map = json_new_map(json);
	json_set(json, map, "kind", view_text(json, plan_refusal_name(step->refusal)));
	json_set(json, map, "cause", number_of(json, step->cause));
	json_set(json, map, "word", view_text(json, step->word));
	json_set(json, map, "source", place_of(json, &step->source));
	json_set(json, map, "text", sentence(json, &text));
	return map;
}

static struct json_node *steps_node(struct json *json, const uint32_t *steps, uint32_t n)
{
	struct json_node *list = json_new_list(json);

	for (uint32_t i = 0; i < n; i++)
		json_append(json, list, number_of(json, steps[i]));
	return list;
}

static struct json_node *groups_node(struct json *json, const struct plan_step *step)
{
	struct json_node *list = json_new_list(json);

	for (uint32_t i = 0; i < step->n_groups; i++) {
		const struct plan_group *group = &step->groups[i];
		struct json_node *map = json_new_map(json);

		json_set(json, map, "word", view_text(json, group->word));
		json_set(json, map, "steps", steps_node(json, group->steps, group->n_steps));
		json_set(json, map, "source", place_of(json, &group->source));
		json_append(json, list, map);
	}
	return list;
}

static struct json_node *conflicts_node(struct json *json, const struct plan_step *step)
{
	struct json_node *list = json_new_list(json);

	for (uint32_t i = 0; i < step->n_conflicts; i++) {
		struct json_node *map = json_new_map(json);

		json_set(json, map, "module", view_text(json, step->conflicts[i].module));
		json_set(json, map, "source", place_of(json, &step->conflicts[i].source));
		json_append(json, list, map);
	}
	return list;
}

static struct json_node *breaches_node(struct json *json, const struct plan_step *step)
{
	struct json_node *list = json_new_list(json);

	for (uint32_t i = 0; i < step->n_breaches; i++) {
		struct json_node *map = json_new_map(json);
		CLEANUP_BUF struct buf text = { 0 };

		plan_json_breach(&step->breaches[i], &text);
		json_set(json, map, "module", view_text(json, step->breaches[i].user));
		json_set(json, map, "word", view_text(json, step->breaches[i].word));
		json_set(json, map, "source", place_of(json, &step->breaches[i].source));
		json_set(json, map, "text", sentence(json, &text));
		json_append(json, list, map);
	}
	return list;
}

static struct json_node *step_node(struct json *json, const struct plan *plan, uint32_t i)
{
	const struct plan_step *step = &plan->steps[i];
	struct json_node *map = json_new_map(json), *reasons = json_new_list(json);

	for (uint32_t k = 0; k < step->n_reasons; k++)
		json_append(json, reasons, reason_node(json, step, &step->reasons[k]));
	json_set(json, map, "number", number_of(json, i));
	json_set(json, map, "action", view_text(json, plan_action_name(step->action)));
	json_set(json, map, "module", view_text(json, step->module));
	json_set(json, map, "path", view_text(json, step->path));
	json_set(json, map, "options", view_text(json, step->options));
	json_set(json, map, "command", view_text(json, step->command));
	json_set(json, map, "rule",
		 view_source(json, step->rule ? step->rule->file : NULL,
			     step->rule ? step->rule->line : 0));
	json_set(json, map, "goal", json_new_bool(json, step->is_goal));
	json_set(json, map, "required", json_new_bool(json, step->is_required));
	json_set(json, map, "if_unused", json_new_bool(json, step->if_unused));
	json_set(json, map, "needs", steps_node(json, step->needs, step->n_needs));
	json_set(json, map, "groups", groups_node(json, step));
	json_set(json, map, "conflicts", conflicts_node(json, step));
	json_set(json, map, "breaches", breaches_node(json, step));
	json_set(json, map, "reasons", reasons);
	json_set(json, map, "refusal", refusal_node(json, plan, step));
	return map;
}

static struct json_node *goal_node(struct json *json, const struct plan *plan,
				   const struct plan_goal *goal)
{
	struct json_node *map = json_new_map(json), *steps = json_new_list(json);
	bool is_refused = false;

	for (uint32_t i = 0; i < goal->n_steps; i++) {
		uint32_t step = plan->goal_steps[goal->first_step_ref + i];

		is_refused |= plan->steps[step].action == PLAN_REFUSE;
		json_append(json, steps, number_of(json, step));
	}
	json_set(json, map, "request", view_text(json, goal->request));
	json_set(json, map, "found", json_new_bool(json, goal->is_found));
	json_set(json, map, "refused", json_new_bool(json, is_refused));
	json_set(json, map, "steps", steps);
	return map;
}

static struct json_node *note_node(struct json *json, const struct plan_note *note)
{
	struct json_node *map = json_new_map(json);
	CLEANUP_BUF struct buf text = { 0 };

	plan_describe_note(note, &text);
	json_set(json, map, "kind", view_text(json, plan_note_name(note->kind)));
	json_set(json, map, "warning", json_new_bool(json, plan_note_is_warning(note->kind)));
	json_set(json, map, "about", view_text(json, note->a));
	json_set(json, map, "other", view_text(json, note->b));
	json_set(json, map, "path", view_text(json, note->path));
	json_set(json, map, "source", place_of(json, &note->source));
	json_set(json, map, "rule",
		 view_source(json, note->rule ? note->rule->file : NULL,
			     note->rule ? note->rule->line : 0));
	json_set(json, map, "text", sentence(json, &text));
	return map;
}

void plan_json_set(struct json *json, struct json_node *map, const struct plan *plan)
{
	struct json_node *goals = json_new_list(json), *steps = json_new_list(json),
			 *notes = json_new_list(json);

	for (uint32_t i = 0; i < plan->n_goals; i++)
		json_append(json, goals, goal_node(json, plan, &plan->goals[i]));
	for (uint32_t i = 0; i < plan->n_steps; i++)
		json_append(json, steps, step_node(json, plan, i));
	for (uint32_t i = 0; i < plan->n_notes; i++)
		json_append(json, notes, note_node(json, &plan->notes[i]));
	json_set(json, map, "goals", goals);
	json_set(json, map, "steps", steps);
	json_set(json, map, "notes", notes);
}
