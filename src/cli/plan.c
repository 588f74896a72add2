/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure plan: what would modprobe do, in which order, and why? The planner is the one that modprobe
 * goes by; nothing is done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/plan-json.h"
#include "cli/view.h"
#include "config.h"
#include "plan/describe.h"

/* Longer names of modules have their reasons below them. */
#define NAME_COLUMN_MAX 28

/* "built in", and what lies between two columns. */
#define ACTION_COLUMN 8
#define GAP 2

struct command {
	struct view view;
	struct plan_options options;
	bool all_are_names;
	struct planner *planner;
	const struct plan *plan;
	size_t name_width, reason_column;
};

enum {
	OPTION_USE_BLACKLIST = VIEW_OPTIONS,
	OPTION_FIRST_TIME,
	OPTION_IGNORE_LOADED,
	OPTION_HOLDERS,
	OPTION_DEPENDENCIES,
	OPTION_IGNORE_REMOVE,
};

static const char *const usage[] = { "modsure plan load [OPTIONS] NAME [PARAM=VALUE...]...",
				     "modsure plan unload [OPTIONS] NAME...", NULL };

static const struct option_row rows[] = {
	VIEW_ROWS,
	{ 'a', "all", NULL, "all arguments are names, none is a parameter" },
	{ 'i', "ignore-install", NULL, "install and remove rules of what is named do not count" },
	{ OPTION_IGNORE_REMOVE, "ignore-remove", NULL, NULL },
	{ OPTION_USE_BLACKLIST, "use-blacklist", NULL, "blacklist rules count for names as well" },
	{ OPTION_FIRST_TIME, "first-time", NULL, "refuse what is loaded (not loaded) already" },
	{ OPTION_IGNORE_LOADED, "ignore-loaded", NULL, "load: as if nothing were loaded" },
	{ OPTION_HOLDERS, "remove-holders", NULL, "unload: what uses a module goes first" },
	{ OPTION_DEPENDENCIES, "remove-dependencies", NULL,
	  "unload: its hard dependencies go, too" },
	{ 'f', "force", NULL, "unload: that a module is in use is no reason to refuse" },
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	switch (id) {
	case 'a':
		c->all_are_names = true;
		break;
	case 'i':
	case OPTION_IGNORE_REMOVE:
		c->options.ignore_commands = true;
		break;
	case OPTION_USE_BLACKLIST:
		c->options.use_blacklist = true;
		break;
	case OPTION_FIRST_TIME:
		c->options.must_change = true;
		break;
	case OPTION_IGNORE_LOADED:
		c->options.ignore_loaded = true;
		break;
	case OPTION_HOLDERS:
		c->options.with_holders = true;
		break;
	case OPTION_DEPENDENCIES:
		c->options.with_hard_deps = true;
		break;
	case 'f':
		c->options.force = true;
		break;
	default:
		return view_apply(&c->view, id, argument);
	}
	return 0;
}

static int usage_error(const struct command *c, const char *text)
{
	log_message(&c->view.log, LOG_ERR, "%s", text);
	return VIEW_USAGE;
}

/* Columns */

static const char *action_word(const struct plan_step *step)
{
	switch (step->action) {
	case PLAN_RUN_INSTALL:
	case PLAN_RUN_REMOVE:
		return "command";
	case PLAN_IS_LIVE:
		return "loaded";
	case PLAN_IS_BUILTIN:
		return "built in";
	case PLAN_REFUSE:
		return "refused";
	default:
		return plan_action_name(step->action);
	}
}

/* A line of its own below a step, or below its name. Frees what @text holds. */
static void print_below(const struct command *c, struct buf *text, size_t column)
{
	CLEANUP_BUF struct buf clean = { 0 };

	buf_put_u8(text, '\0');
	if (!text->error)
		view_clean(&c->view, (const char *)text->base, &clean);
	if (!clean.error && clean.size > 0)
		view_wrap((const char *)clean.base, column, c->reason_column);
	buf_done(text);
}

static void print_indented(const struct command *c, struct buf *text)
{
	printf("%*s", (int)c->reason_column, "");
	print_below(c, text, c->reason_column);
}

static const struct plan_group *group_of(const struct plan *plan, const struct plan_reason *reason)
{
	if (reason->kind != PLAN_ANY_OF || reason->step == PLAN_NONE ||
	    reason->group >= plan->steps[reason->step].n_groups)
		return NULL;
	return &plan->steps[reason->step].groups[reason->group];
}

/*
 * The answer that goes before @number to the hard dependency for whose sake alone it is there.
 * Return: a step; PLAN_NONE: it is done in any case.
 */
static uint32_t tried_before(const struct plan *plan, uint32_t number)
{
	const struct plan_step *step = &plan->steps[number];
	const struct plan_group *group = step->n_reasons == 1 ? group_of(plan, step->reasons) : NULL;
	uint32_t before = PLAN_NONE;

	for (uint32_t i = 0; group && i < group->n_steps && group->steps[i] != number; i++)
		if (plan->steps[group->steps[i]].action != PLAN_REFUSE)
			before = group->steps[i];
	return before;
}

static void print_reasons(const struct command *c, const struct plan_step *step)
{
	uint32_t before = tried_before(c->plan, (uint32_t)(step - c->plan->steps));
	struct buf text = { 0 };

	if (step->n_reasons > 0)
		plan_describe_reason(step, &step->reasons[0], &text);
	if (before != PLAN_NONE)
		buf_printf(&text, "; if %s fails", c->plan->steps[before].module);
	if (step->if_unused)
		buf_put_string(&text, "; if nothing uses it by then");
	print_below(c, &text, c->reason_column);
	for (uint32_t i = 1; c->view.is_verbose && i < step->n_reasons; i++) {
		buf_put_string(&text, "and ");
		plan_describe_reason(step, &step->reasons[i], &text);
		print_indented(c, &text);
	}
}

static void print_groups(const struct command *c, const struct plan_step *step)
{
	for (uint32_t g = 0; g < step->n_groups; g++) {
		const struct plan_group *group = &step->groups[g];
		struct buf text = { 0 };

		buf_put_string(&text, group->n_steps > 1 ? "needs one of " : "needs ");
		for (uint32_t i = 0; i < group->n_steps; i++)
			buf_printf(&text, "%s%s", i > 0 ? ", " : "",
				   c->plan->steps[group->steps[i]].module);
		buf_printf(&text, ", which %s to %s (", group->n_steps > 1 ? "answer" : "answers",
			   group->word);
		plan_describe_source(&group->source, &text);
		buf_put_string(&text, ")");
		print_indented(c, &text);
	}
}

static void print_breaches(const struct command *c, const struct plan_step *step)
{
	for (uint32_t i = 0; i < step->n_breaches; i++) {
		struct buf text = { 0 };

		plan_json_breach(&step->breaches[i], &text);
		print_indented(c, &text);
	}
}

static void print_conflicts(const struct command *c, const struct plan_step *step)
{
	for (uint32_t i = 0; i < step->n_conflicts && c->view.is_verbose; i++) {
		struct buf text = { 0 };

		buf_printf(&text, "not together with %s (", step->conflicts[i].module);
		plan_describe_source(&step->conflicts[i].source, &text);
		buf_put_string(&text, ")");
		print_indented(c, &text);
	}
}

static void print_more(const struct command *c, const struct plan_step *step)
{
	struct buf text = { 0 };

	print_groups(c, step);
	print_breaches(c, step);
	print_conflicts(c, step);
	if (step->action == PLAN_REFUSE) {
		plan_describe_refusal(c->plan, step, &text);
		print_indented(c, &text);
	} else if (step->action == PLAN_RUN_INSTALL || step->action == PLAN_RUN_REMOVE) {
		plan_describe_step(step, &text);
		print_indented(c, &text);
	} else if (step->action == PLAN_INSERT) {
		if (c->view.is_verbose && step->path) {
			buf_put_string(&text, step->path);
			print_indented(c, &text);
		}
		if (step->options[0]) {
			buf_put_string(&text, "with ");
			buf_put_string(&text, step->options);
			print_indented(c, &text);
		}
	}
}

static size_t number_width(uint32_t n)
{
	size_t width = 1;

	while (n >= 10) {
		n /= 10;
		width++;
	}
	return width < 2 ? 2 : width;
}

static void print_step(const struct command *c, uint32_t number)
{
	const struct plan_step *step = &c->plan->steps[number - 1];
	CLEANUP_BUF struct buf name = { 0 };

	view_clean(&c->view, step->module, &name);
	if (name.error)
		return;
	printf("%*u%*s%-*s%*s%-*s", (int)number_width(c->plan->n_steps), number, GAP, "",
	       ACTION_COLUMN, action_word(step), GAP, "", (int)c->name_width, (char *)name.base);
	if (name.size - 1 > c->name_width)
		printf("\n%*s", (int)c->reason_column, "");
	else
		printf("%*s", GAP, "");
	print_reasons(c, step);
	print_more(c, step);
}

static void print_notes(const struct command *c)
{
	for (uint32_t i = 0; i < c->plan->n_notes; i++) {
		bool is_warning = plan_note_is_warning(c->plan->notes[i].kind);
		CLEANUP_BUF struct buf text = { 0 }, clean = { 0 };

		buf_put_string(&text, is_warning ? "warning: " : "note: ");
		plan_describe_note(&c->plan->notes[i], &text);
		buf_put_u8(&text, '\0');
		if (!text.error)
			view_clean(&c->view, (const char *)text.base, &clean);
		if (!clean.error && clean.size > 0)
			view_wrap((const char *)clean.base, 0,
				  strlen(is_warning ? "warning: " : "note: "));
	}
}

static void print_text(struct command *c, int status)
{
	for (uint32_t i = 0; i < c->plan->n_steps; i++) {
		size_t n = strlen(c->plan->steps[i].module);

		if (n > c->name_width)
			c->name_width = n < NAME_COLUMN_MAX ? n : NAME_COLUMN_MAX;
	}
	c->reason_column = number_width(c->plan->n_steps) + GAP + ACTION_COLUMN + GAP +
			   c->name_width + GAP;
	for (uint32_t i = 1; i <= c->plan->n_steps; i++)
		print_step(c, i);
	if (c->plan->n_steps == 0 && status == VIEW_YES)
		puts("nothing to do");
	print_notes(c);
}

/* JSON */

static int print_json(struct command *c, int status)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "plan", view_text(json, c->options.is_unload ? "unload" : "load"));
	json_set(json, map, "kernel", view_text(json, view_kernel(&c->view)));
	json_set(json, map, "possible", json_new_bool(json, status == VIEW_YES));
	plan_json_set(json, map, c->plan);
	return view_print_json(&c->view, map);
}

/* The plan */

static bool is_file(const char *argument)
{
	return argument[0] == '/' || strncmp(argument, "./", 2) == 0 ||
	       strncmp(argument, "../", 3) == 0;
}

/* A value with blanks is quoted, as modprobe hands it on. */
static void put_parameter(const char *argument, struct buf *out)
{
	const char *value = strchr(argument, '=') + 1;

	buf_put_string(out, out->size > 0 ? " " : "");
	if (!strchr(value, ' ') || strchr(value, '"')) {
		buf_put_string(out, argument);
		return;
	}
	buf_put(out, argument, (size_t)(value - argument));
	buf_put_u8(out, '"');
	buf_put_string(out, value);
	buf_put_u8(out, '"');
}

/* Adds the name at @i and the parameters behind it. Return: index of the next name; -errno. */
static int add_goal(struct command *c, int i, int argc, char **argv)
{
	CLEANUP_BUF struct buf params = { 0 };
	const char *name = argv[i++];
	int r;

	while (i < argc && !c->all_are_names && !c->options.is_unload && strchr(argv[i], '='))
		put_parameter(argv[i++], &params);
	buf_put_u8(&params, '\0');
	if (params.error)
		return params.error;
	if (is_file(name) && !c->options.is_unload)
		r = session_add_file(&c->view.session, c->planner, name, (const char *)params.base);
	else
		r = planner_add(c->planner, name, (const char *)params.base);
	return r < 0 ? r : i;
}

static int status_of(const struct command *c)
{
	int status = VIEW_YES;

	for (uint32_t g = 0; g < c->plan->n_goals; g++) {
		const struct plan_goal *goal = &c->plan->goals[g];

		if (!goal->is_found) {
			int unknown = view_unknown(&c->view, goal->request, goal->error);

			status = unknown > status ? unknown : status;
		}
		for (uint32_t i = 0; i < goal->n_steps && status == VIEW_YES; i++)
			if (c->plan->steps[c->plan->goal_steps[goal->first_step_ref + i]].action ==
			    PLAN_REFUSE)
				status = VIEW_NO;
	}
	return status;
}

static int show(struct command *c)
{
	int status = status_of(c);
	int r = 0;

	if (c->view.is_json)
		r = print_json(c, status);
	else
		print_text(c, status);
	return r < 0 ? view_fail(&c->view, r) : status;
}

static int make_plan(struct command *c, int argc, char **argv)
{
	int r = 0;

	c->planner = planner_new(&c->options, &c->view.session.conf);
	if (!c->planner)
		return view_fail(&c->view, -ENOMEM);
	for (int i = 0; i < argc;) {
		r = add_goal(c, i, argc, argv);
		if (r == -EINVAL || r == -E2BIG)
			return view_unknown(&c->view, argv[i], is_file(argv[i]) ? -ENOENT : r);
		if (r < 0)
			return view_fail(&c->view, r);
		i = r;
	}
	r = session_answer(&c->view.session, c->planner);
	if (r == 0)
		r = planner_finish(c->planner, &c->plan);
	return r < 0 ? view_fail(&c->view, r) : show(c);
}

static int run(void *ctx, int argc, char **argv)
{
	struct command *c = ctx;

	if (argc < 1)
		return usage_error(c, "say load or unload, and what; see --help");
	if (strcmp(argv[0], "unload") == 0)
		c->options.is_unload = true;
	else if (strcmp(argv[0], "load") != 0)
		return usage_error(c, "a plan is one to load or to unload; see --help");
	if (argc < 2)
		return usage_error(c, "what is the plan for? see --help");
	c->view.options.with_live_tags = true;
	if (view_open(&c->view) < 0)
		return VIEW_FAILED;
	return make_plan(c, argc - 1, argv + 1);
}

int cmd_plan(int argc, char **argv)
{
	struct command c = { 0 };
	int status;

	status = view_run(&c.view, "modsure plan", &table, argc, argv, apply, run, &c);
	planner_free(c.planner);
	view_close(&c.view);
	return view_finish(&c.view, status);
}
