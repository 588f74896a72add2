/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure check: what is wrong with a tree of modules, before it is booted?
 */
#include "cli/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/sysroot.h"
#include "config.h"

/* More threads than this are a mistake. */
#define JOBS_MAX 4096

enum {
	OPTION_SARIF = VIEW_OPTIONS,
	OPTION_FAIL_ON,
	OPTION_BASELINE,
	OPTION_WRITE_BASELINE,
	OPTION_EXPLAIN,
	OPTION_LIST_RULES,
	OPTION_RULE,
	OPTION_SKIP,
	OPTION_KEYRING,
	OPTION_KERNEL_CONFIG,
	OPTION_DEPMOD_CONFIG,
	OPTION_ALL,
};

static const char *const usage[] = { "modsure check [OPTIONS] [MODULE|FILE...]",
				     "modsure check --explain RULE | --list-rules [--json]", NULL };

static const struct option_row rows[] = {
	{ OPTION_SARIF, "sarif", NULL, "show the findings as SARIF 2.1.0" },
	{ OPTION_FAIL_ON, "fail-on", "SEVERITY", "exit 1 from this on: note, warning, error, never" },
	{ OPTION_BASELINE, "baseline", "FILE", "accept the findings that this file lists" },
	{ OPTION_WRITE_BASELINE, "write-baseline", "FILE", "list all findings in this file (-: stdout)" },
	{ OPTION_RULE, "rule", "RULE", "ask this rule and no other; may be repeated" },
	{ OPTION_SKIP, "skip", "RULE", "do not ask this rule; may be repeated" },
	{ OPTION_EXPLAIN, "explain", "RULE", "tell what a rule (by id or name) is about" },
	{ OPTION_LIST_RULES, "list-rules", NULL, "list all rules" },
	{ 'E', "symvers", "FILE", "symbols of the kernel from this Module.symvers" },
	{ 'F', "filesyms", "FILE", "symbols of the kernel from this System.map or kernel image" },
	{ OPTION_KERNEL_CONFIG, "kernel-config", "FILE", "options of the kernel's build" },
	{ OPTION_KEYRING, "keyring", "FILE", "keys to verify signatures with; may be repeated" },
	{ OPTION_DEPMOD_CONFIG, "depmod-config", "PATH", "depmod.d: read from here; may be repeated" },
	{ 'j', "jobs", "N", "read with this many threads, not one for each CPU" },
	{ OPTION_ALL, "all", NULL, "show every finding, not only the first of a rule" },
	{ 'q', "quiet", NULL, "show the counts only" },
	VIEW_ROWS,
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int misuse(const struct check_command *c, const char *what, const char *argument)
{
	log_message(&c->view.log, LOG_ERR, "%s%s", what, argument);
	return -EINVAL;
}

static int set_fail_on(struct check_command *c, const char *argument)
{
	c->fail_on = -1;
	for (int i = 0; i < CHECK_SEVERITIES; i++)
		if (strcmp(argument, check_severity_name((enum check_severity)i)) == 0)
			c->fail_on = i;
	if (strcmp(argument, "never") == 0)
		c->fail_on = CHECK_NEVER;
	return c->fail_on < 0 ? misuse(c, "--fail-on: not note, warning, error or never: ", argument) : 0;
}

/* With --rule all others are out. */
static int choose(struct check_command *c, const char *name, bool is_off)
{
	const struct check_rule *rule = check_rule_find(name);

	if (!rule)
		return misuse(c, "no such rule (see --list-rules): ", name);
	if (!c->is_off)
		c->is_off = calloc(check_n_rules, sizeof(*c->is_off));
	if (!c->is_off)
		return -ENOMEM;
	if (!is_off && !c->has_chosen)
		for (size_t i = 0; i < check_n_rules; i++)
			c->is_off[i] = true;
	c->has_chosen |= !is_off;
	c->is_off[rule - check_rules] = is_off;
	return 0;
}

static int add_path(const char ***list, size_t *n, const char *path)
{
	const char **more = realloc(*list, (*n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[(*n)++] = path;
	*list = more;
	return 0;
}

static int set_jobs(struct check_command *c, const char *argument)
{
	char *end;
	unsigned long n = strtoul(argument, &end, 10);

	if (argument[0] < '0' || argument[0] > '9' || *end || n > JOBS_MAX)
		return misuse(c, "--jobs: not a number of threads: ", argument);
	c->options.jobs = (unsigned int)n;
	return 0;
}

static int apply_source(struct check_command *c, int id, const char *argument)
{
	switch (id) {
	case 'E':
		c->options.symvers = argument;
		break;
	case 'F':
		c->options.system_map = argument;
		break;
	case OPTION_KERNEL_CONFIG:
		c->options.kernel_config = argument;
		break;
	case OPTION_KEYRING:
		return add_path(&c->keyrings, &c->options.n_keyrings, argument);
	case OPTION_DEPMOD_CONFIG:
		return add_path(&c->depmod_conf, &c->options.n_depmod_conf_paths, argument);
	case 'j':
		return set_jobs(c, argument);
	default:
		return view_apply(&c->view, id, argument);
	}
	return 0;
}

static int apply(void *ctx, int id, const char *argument)
{
	struct check_command *c = ctx;

	switch (id) {
	case OPTION_SARIF:
		c->is_sarif = true;
		break;
	case OPTION_FAIL_ON:
		return set_fail_on(c, argument);
	case OPTION_BASELINE:
		c->baseline_path = argument;
		break;
	case OPTION_WRITE_BASELINE:
		c->write_path = argument;
		break;
	case OPTION_EXPLAIN:
		c->mode = CHECK_MODE_EXPLAIN;
		c->explain = argument;
		break;
	case OPTION_LIST_RULES:
		c->mode = CHECK_MODE_LIST;
		break;
	case OPTION_RULE:
	case OPTION_SKIP:
		return choose(c, argument, id == OPTION_SKIP);
	case OPTION_ALL:
		c->is_all = true;
		break;
	case 'q':
		c->is_quiet = true;
		break;
	default:
		return apply_source(c, id, argument);
	}
	return 0;
}

/* Of several statuses the largest counts. */
static int worst(int a, int b)
{
	return a > b ? a : b;
}

static int status_of(const struct check_command *c)
{
	int status = VIEW_YES;

	for (int i = c->fail_on; i < CHECK_SEVERITIES; i++)
		if (check_count(&c->result.check, (enum check_severity)i) > 0)
			status = VIEW_NO;
	if (c->result.n_unknown > 0)
		status = worst(status, VIEW_UNKNOWN);
	if (c->result.has_bad_source)
		status = worst(status, VIEW_FAILED);
	return status;
}

static void fill_options(struct check_command *c, int argc, char **argv)
{
	const struct session_options *session = &c->view.options;

	c->options.session = session;
	c->options.module_dir = c->view.session.indexes.dir;
	c->options.version = view_kernel(&c->view);
	c->options.root = session->module_root ? session->module_root : session->sysroot;
	c->options.is_running = sysroot_is_running(c->options.root, c->options.version);
	c->options.names = (const char *const *)argv;
	c->options.n_names = (size_t)argc;
	c->options.is_off = c->is_off;
	c->options.keyrings = c->keyrings;
	c->options.depmod_conf_paths = c->depmod_conf;
	c->roots = (struct baseline_roots){ c->options.module_dir, c->options.root };
}

static int report(struct check_command *c)
{
	int r = 0;

	/* Standard output is the baseline's. */
	if (c->write_path && strcmp(c->write_path, "-") == 0)
		return 0;
	if (c->is_sarif)
		r = check_sarif(c);
	else if (c->view.json)
		r = check_json(c);
	else
		check_text(c);
	return r;
}

static int check(struct check_command *c, int argc, char **argv)
{
	const struct events events = { .report = log_event, .ctx = &c->view.log };
	int r;

	/* check_run() reads it, and keeps what is wrong with it. */
	c->view.options.no_conf = true;
	if (view_open(&c->view) < 0 || c->view.has_no_indexes || check_baseline_read(c) < 0)
		return VIEW_FAILED;
	fill_options(c, argc, argv);
	r = check_run(&c->options, &events, &c->result);
	if (r == 0)
		r = check_baseline_use(c);
	if (r < 0)
		return r == -ENOMEM ? view_fail(&c->view, r) : VIEW_FAILED;
	c->status = status_of(c);
	r = report(c);
	return r < 0 ? view_fail(&c->view, r) : c->status;
}

static int run(void *ctx, int argc, char **argv)
{
	struct check_command *c = ctx;

	if (c->is_sarif && c->view.is_json) {
		log_message(&c->view.log, LOG_ERR, "--json and --sarif cannot be had at once");
		return VIEW_USAGE;
	}
	if (c->mode == CHECK_MODE_CHECK) {
		c->view.is_json |= c->is_sarif;
		return check(c, argc, argv);
	}
	if (argc > 0) {
		log_message(&c->view.log, LOG_ERR, "--explain and --list-rules look at no module");
		return VIEW_USAGE;
	}
	if (view_open_json(&c->view) < 0)
		return VIEW_FAILED;
	return c->mode == CHECK_MODE_EXPLAIN ? check_explain(c) : check_list_rules(c);
}

int cmd_check(int argc, char **argv)
{
	struct check_command c = { .fail_on = CHECK_ERROR };
	int status;

	status = view_run(&c.view, "modsure check", &table, argc, argv, apply, run, &c);
	check_result_done(&c.result);
	baseline_done(&c.baseline);
	free(c.is_off);
	free(c.keyrings);
	free(c.depmod_conf);
	view_close(&c.view);
	return view_finish(&c.view, status);
}
