/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure check: what is wrong with a tree of modules, before it is booted?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/rules.h"
#include "cli/commands.h"
#include "cli/view.h"
#include "config.h"
#include "engine/check.h"

static const char *const usage[] = { "modsure check [OPTIONS] [MODULE|FILE...]", NULL };

static const struct option_row rows[] = {
	{ 'E', "symvers", "FILE", "symbols of the kernel from this Module.symvers" },
	{ 'F', "filesyms", "FILE", "symbols of the kernel from this System.map or kernel image" },
	VIEW_ROWS,
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

struct command {
	struct view view;
	struct check_options options;
	struct check_result result;
};

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	switch (id) {
	case 'E':
		c->options.symvers = argument;
		break;
	case 'F':
		c->options.system_map = argument;
		break;
	default:
		return view_apply(&c->view, id, argument);
	}
	return 0;
}

static void print_text(const struct command *c)
{
	const struct check *check = &c->result.check;

	printf("%u errors, %u warnings, %u notes in %u modules\n", check_count(check, CHECK_ERROR),
	       check_count(check, CHECK_WARNING), check_count(check, CHECK_NOTE), c->result.n_modules);
	for (uint32_t i = 0; i < check->n_findings; i++) {
		const struct check_finding *f = &check->findings[i];

		printf("%s %s: %s: %s\n", f->rule->id, check_severity_name(f->severity),
		       f->file ? f->file : f->module, f->message);
	}
	for (uint32_t i = 0; i < check->n_not_run; i++)
		printf("not run: %s %s: %s\n", check->not_run[i].rule->id, check->not_run[i].rule->name,
		       check->not_run[i].why);
}

static struct json_node *finding_node(struct json *json, const struct check_finding *f)
{
	struct json_node *map = json_new_map(json);

	json_set(json, map, "rule", view_text(json, f->rule->id));
	json_set(json, map, "severity", view_text(json, check_severity_name(f->severity)));
	json_set(json, map, "module", view_text(json, f->module));
	json_set(json, map, "file", view_text(json, f->file));
	json_set(json, map, "line", f->line ? json_new_number(json, f->line) : json_new_null(json));
	json_set(json, map, "section", view_text(json, f->section));
	json_set(json, map, "object", view_text(json, f->object));
	json_set(json, map, "message", view_text(json, f->message));
	return map;
}

static int print_json(struct command *c)
{
	const struct check *check = &c->result.check;
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json), *list = json_new_list(json);

	for (uint32_t i = 0; i < check->n_findings; i++)
		json_append(json, list, finding_node(json, &check->findings[i]));
	json_set(json, map, "findings", list);
	list = json_new_list(json);
	for (uint32_t i = 0; i < check->n_not_run; i++) {
		struct json_node *one = json_new_map(json);

		json_set(json, one, "rule", view_text(json, check->not_run[i].rule->id));
		json_set(json, one, "why", view_text(json, check->not_run[i].why));
		json_append(json, list, one);
	}
	json_set(json, map, "not_run", list);
	return view_print_json(&c->view, map);
}

static int run(struct command *c, int argc, char **argv)
{
	const struct events events = { .report = log_event, .ctx = &c->view.log };
	int r;

	/* check_run() reads it, and keeps what is wrong with it. */
	c->view.options.no_conf = true;
	if (view_open(&c->view) < 0 || c->view.has_no_indexes)
		return VIEW_FAILED;
	c->options.session = &c->view.options;
	c->options.module_dir = c->view.session.indexes.dir;
	c->options.version = view_kernel(&c->view);
	c->options.root = c->view.options.module_root ? c->view.options.module_root
						      : c->view.options.sysroot;
	c->options.names = (const char *const *)argv;
	c->options.n_names = (size_t)argc;
	r = check_run(&c->options, &events, &c->result);
	if (r < 0)
		return VIEW_FAILED;
	if (c->view.json)
		r = print_json(c);
	else
		print_text(c);
	if (r < 0)
		return view_fail(&c->view, r);
	return check_count(&c->result.check, CHECK_ERROR) ? VIEW_NO : VIEW_YES;
}

int cmd_check(int argc, char **argv)
{
	struct command c = { 0 };
	int first, status;

	argv[0] = (char *)"modsure check";
	view_init(&c.view, argv[0]);
	first = options_parse(&table, argc, argv, apply, &c);
	if (first < 0)
		status = first == -ENOMEM ? VIEW_FAILED : VIEW_USAGE;
	else
		status = first == 0 ? VIEW_YES : run(&c, argc - first, argv + first);
	check_result_done(&c.result);
	view_close(&c.view);
	return view_finish(&c.view, status);
}
