/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure check --json: doc/formats/check-json.md is what it promises.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/check.h"

int check_print_open(struct json *json, struct json_node *map, const char *list)
{
	const char *text;
	int r = json_text(json, map, &text);

	/* The bracket that closes it comes behind the list; a blank may stand before it. */
	if (r == 0)
		printf("%.*s,\"%s\":[", (int)(strrchr(text, '}') - text), text, list);
	json_drop(json, map);
	return r;
}

int check_print_item(struct json *json, struct json_node *item, bool is_first)
{
	const char *text;
	int r = json_text(json, item, &text);

	if (r == 0)
		printf("%s%s", is_first ? "" : ",", text);
	json_drop(json, item);
	return r;
}

void check_print_close(const char *end)
{
	puts(end);
}

static struct json_node *number(struct json *json, uint64_t n)
{
	return json_new_number(json, (int64_t)n);
}

static struct json_node *finding_node(struct json *json, const struct check_finding *f)
{
	struct json_node *map = json_new_map(json);

	json_set(json, map, "rule", view_text(json, f->rule->id));
	json_set(json, map, "name", view_text(json, f->rule->name));
	json_set(json, map, "severity", view_text(json, check_severity_name(f->severity)));
	json_set(json, map, "module", view_text(json, f->module));
	json_set(json, map, "file", view_text(json, f->file));
	json_set(json, map, "line", f->line ? json_new_number(json, f->line) : json_new_null(json));
	json_set(json, map, "section", view_text(json, f->section));
	json_set(json, map, "object", view_text(json, f->object));
	json_set(json, map, "message", view_text(json, f->message));
	json_set(json, map, "accepted", json_new_bool(json, f->is_accepted));
	return map;
}

static struct json_node *exports_node(struct json *json, const struct check_result *result)
{
	struct json_node *map;

	if (!result->exports_source[0])
		return json_new_null(json);
	map = json_new_map(json);
	json_set(json, map, "kind", view_text(json, result->exports_source));
	json_set(json, map, "file", view_text(json, result->exports_path));
	return map;
}

static struct json_node *sources_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json), *keys = json_new_list(json);

	for (size_t i = 0; i < c->options.n_keyrings; i++)
		json_append(json, keys, view_text(json, c->keyrings[i]));
	json_set(json, map, "exports", exports_node(json, &c->result));
	json_set(json, map, "config", view_text(json, c->result.config_path));
	json_set(json, map, "vermagic", view_text(json, c->result.vermagic_source));
	json_set(json, map, "keyrings", keys);
	return map;
}

static struct json_node *counts_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);
	const struct check *check = &c->result.check;
	uint64_t dropped = 0;

	for (int i = CHECK_SEVERITIES - 1; i >= 0; i--) {
		dropped += check->dropped[i];
		json_set(json, map, check_severity_name((enum check_severity)i),
			 number(json, check_count(check, (enum check_severity)i)));
	}
	json_set(json, map, "accepted", number(json, c->n_accepted));
	json_set(json, map, "not_kept", number(json, dropped));
	return map;
}

static struct json_node *run_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *list = json_new_list(json);

	for (size_t i = 0; i < check_n_rules; i++)
		if (c->result.check.states[i] >= CHECK_RUN_IN_PART)
			json_append(json, list, view_text(json, check_rules[i].id));
	return list;
}

static struct json_node *not_run_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *list = json_new_list(json);
	const struct check *check = &c->result.check;

	for (uint32_t i = 0; i < check->n_not_run; i++) {
		struct json_node *map = json_new_map(json);

		json_set(json, map, "rule", view_text(json, check->not_run[i].rule->id));
		json_set(json, map, "name", view_text(json, check->not_run[i].rule->name));
		json_set(json, map, "why", view_text(json, check->not_run[i].why));
		json_set(json, map, "partial", json_new_bool(json, check->not_run[i].is_partial));
		json_append(json, list, map);
	}
	return list;
}

/* Lines that accept what is no longer found. */
static struct json_node *stale_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *list = json_new_list(json);

	for (uint32_t i = 0; i < c->baseline.n; i++) {
		const struct baseline_line *line = &c->baseline.lines[i];
		struct json_node *map;

		if (c->options.n_names > 0 || !baseline_is_stale(line, &c->result.check))
			continue;
		map = json_new_map(json);
		json_set(json, map, "line", number(json, line->line));
		json_set(json, map, "rule", view_text(json, line->rule->id));
		json_set(json, map, "subject", view_text(json, line->subject));
		json_set(json, map, "object", view_text(json, line->object));
		json_append(json, list, map);
	}
	return list;
}

static struct json_node *baseline_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *map;

	if (!c->baseline_path)
		return json_new_null(json);
	map = json_new_map(json);
	json_set(json, map, "file", view_text(json, c->baseline_path));
	json_set(json, map, "stale", stale_node(c));
	return map;
}

int check_json(struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json), *unknown = json_new_list(json);
	const struct check *check = &c->result.check;
	int r;

	for (size_t i = 0; i < c->result.n_unknown; i++)
		json_append(json, unknown, view_text(json, c->result.unknown[i]));
	json_set(json, map, "kernel", view_text(json, view_kernel(&c->view)));
	json_set(json, map, "directory", view_text(json, c->options.module_dir));
	json_set(json, map, "modules", number(json, c->result.n_modules));
	json_set(json, map, "unknown", unknown);
	json_set(json, map, "sources", sources_node(c));
	json_set(json, map, "counts", counts_node(c));
	json_set(json, map, "run", run_node(c));
	json_set(json, map, "not_run", not_run_node(c));
	json_set(json, map, "baseline", baseline_node(c));
	r = check_print_open(json, map, "findings");
	for (uint32_t i = 0; r == 0 && i < check->n_findings; i++)
		r = check_print_item(json, finding_node(json, &check->findings[i]), i == 0);
	if (r == 0)
		check_print_close("]}");
	return r;
}
