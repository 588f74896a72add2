/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure check --sarif: the findings in the form that code-review systems read.
 *
 * Source: Static Analysis Results Interchange Format (SARIF) 2.1.0, OASIS Standard.
 */
#include <stdio.h>
#include <string.h>

#include "cli/check.h"
#include "config.h"

/* What paths of module files and indexes are relative to. */
#define BASE_ID "MODULES"

/* In partialFingerprints; another number where the text of a fingerprint becomes another one. */
#define FINGERPRINT "modsureFinding/v1"

/* Braces are for placeholders, and stand for themselves when they are doubled (3.11.5 of the standard). */
static struct json_node *message_node(struct json *json, const char *text)
{
	struct json_node *map = json_new_map(json);
	CLEANUP_BUF struct buf doubled = { 0 };

	for (const char *s = text; *s; s++) {
		buf_put_u8(&doubled, (uint8_t)*s);
		if (*s == '{' || *s == '}')
			buf_put_u8(&doubled, (uint8_t)*s);
	}
	buf_put_u8(&doubled, 0);
	json_set(json, map, "text", view_text(json, doubled.error ? "" : (const char *)doubled.base));
	return map;
}

/* @prefix, and @path as a URI has it; @more is put behind. */
static struct json_node *uri_node(struct json *json, const char *prefix, const char *path, const char *more)
{
	static const char plain[] = "-._~/!$&'()*+,;=:@";
	CLEANUP_BUF struct buf uri = { 0 };

	buf_put_string(&uri, prefix);
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(plain, c))
			buf_put_u8(&uri, c);
		else
			buf_printf(&uri, "%%%02X", c);
	}
	buf_put_string(&uri, more);
	return json_new_string(json, uri.error ? bytes_of("", 0) : buf_bytes(&uri));
}

static struct json_node *rule_node(struct json *json, const struct check_rule *rule)
{
	struct json_node *map = json_new_map(json), *configuration = json_new_map(json);

	json_set(json, configuration, "level", view_text(json, check_severity_name(rule->severity)));
	json_set(json, map, "id", view_text(json, rule->id));
	json_set(json, map, "name", view_text(json, rule->name));
	json_set(json, map, "shortDescription", message_node(json, rule->title));
	json_set(json, map, "fullDescription", message_node(json, rule->explanation));
	json_set(json, map, "help", message_node(json, rule->explanation));
	json_set(json, map, "defaultConfiguration", configuration);
	return map;
}

static struct json_node *tool_node(struct json *json)
{
	struct json_node *tool = json_new_map(json), *driver = json_new_map(json), *list = json_new_list(json);

	for (size_t i = 0; i < check_n_rules; i++)
		json_append(json, list, rule_node(json, &check_rules[i]));
	json_set(json, driver, "name", view_text(json, "modsure"));
	json_set(json, driver, "version", view_text(json, MODSURE_VERSION));
	json_set(json, driver, "rules", list);
	json_set(json, tool, "driver", driver);
	return tool;
}

static struct json_node *reference_node(struct json *json, const struct check_rule *rule)
{
	struct json_node *map = json_new_map(json);

	json_set(json, map, "id", view_text(json, rule->id));
	json_set(json, map, "index", json_new_number(json, rule - check_rules));
	return map;
}

/* Whoever reads the results must not take a rule that was not asked for one that found nothing. */
static struct json_node *notifications_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *list = json_new_list(json);
	const struct check *check = &c->result.check;

	for (uint32_t i = 0; i < check->n_not_run; i++) {
		const struct check_not_run *not_run = &check->not_run[i];
		struct json_node *map = json_new_map(json);
		CLEANUP_BUF struct buf text = { 0 };

		buf_printf(&text, "%s %s: %s", not_run->rule->id,
			   not_run->is_partial ? "not about everything" : "not run", not_run->why);
		buf_put_u8(&text, 0);
		json_set(json, map, "level", view_text(json, "warning"));
		json_set(json, map, "message", message_node(json, text.error ? "" : (const char *)text.base));
		json_set(json, map, "associatedRule", reference_node(json, not_run->rule));
		json_append(json, list, map);
	}
	return list;
}

static struct json_node *invocations_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *list = json_new_list(json), *map = json_new_map(json);

	json_set(json, map, "executionSuccessful", json_new_bool(json, c->status < VIEW_UNKNOWN));
	json_set(json, map, "exitCode", json_new_number(json, c->status));
	json_set(json, map, "toolExecutionNotifications", notifications_node(c));
	json_append(json, list, map);
	return list;
}

static struct json_node *bases_node(const struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json), *base = json_new_map(json);

	if (c->options.module_dir[0] == '/')
		json_set(json, base, "uri", uri_node(json, "file://", c->options.module_dir, "/"));
	json_set(json, base, "description", message_node(json, "the directory of the kernel's modules"));
	json_set(json, map, BASE_ID, base);
	return map;
}

static struct json_node *artifact_node(const struct check_command *c, const char *file)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);
	size_t n = strlen(c->options.module_dir);

	if (strncmp(file, c->options.module_dir, n) == 0 && file[n] == '/') {
		/* "./": a first part with a ':' in it would be a scheme */
		json_set(json, map, "uri", uri_node(json, strchr(file + n, ':') ? "./" : "", file + n + 1, ""));
		json_set(json, map, "uriBaseId", view_text(json, BASE_ID));
	} else {
		json_set(json, map, "uri", uri_node(json, file[0] == '/' ? "file://" : "./", file, ""));
	}
	return map;
}

static struct json_node *locations_node(const struct check_command *c, const struct check_finding *f)
{
	struct json *json = c->view.json;
	struct json_node *list = json_new_list(json), *map = json_new_map(json);

	if (f->file) {
		struct json_node *physical = json_new_map(json);

		json_set(json, physical, "artifactLocation", artifact_node(c, f->file));
		if (f->line) {
			struct json_node *region = json_new_map(json);

			json_set(json, region, "startLine", json_new_number(json, f->line));
			json_set(json, physical, "region", region);
		}
		json_set(json, map, "physicalLocation", physical);
	}
	if (f->module) {
		struct json_node *logical = json_new_list(json), *one = json_new_map(json);

		json_set(json, one, "name", view_text(json, f->module));
		json_set(json, one, "kind", view_text(json, "module"));
		json_append(json, logical, one);
		json_set(json, map, "logicalLocations", logical);
	}
	json_append(json, list, map);
	return list;
}

static struct json_node *fingerprints_node(const struct check_command *c, const struct check_finding *f)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);
	CLEANUP_BUF struct buf text = { 0 };

	baseline_put_finding(f, &c->roots, &text);
	json_set(json, map, FINGERPRINT, json_new_string(json, text.error ? bytes_of("", 0) : buf_bytes(&text)));
	return map;
}

static struct json_node *suppressions_node(struct json *json, const struct check_finding *f)
{
	struct json_node *list = json_new_list(json), *map;

	if (!f->is_accepted)
		return list;
	map = json_new_map(json);
	json_set(json, map, "kind", view_text(json, "external"));
	json_set(json, map, "justification", view_text(json, "accepted by the baseline"));
	json_append(json, list, map);
	return list;
}

static struct json_node *result_node(const struct check_command *c, const struct check_finding *f)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "ruleId", view_text(json, f->rule->id));
	json_set(json, map, "ruleIndex", json_new_number(json, f->rule - check_rules));
	json_set(json, map, "level", view_text(json, check_severity_name(f->severity)));
	json_set(json, map, "message", message_node(json, f->message));
	json_set(json, map, "locations", locations_node(c, f));
	json_set(json, map, "partialFingerprints", fingerprints_node(c, f));
	json_set(json, map, "suppressions", suppressions_node(json, f));
	return map;
}

int check_sarif(struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *run = json_new_map(json);
	const struct check *check = &c->result.check;
	int r;

	json_set(json, run, "tool", tool_node(json));
	json_set(json, run, "invocations", invocations_node(c));
	json_set(json, run, "originalUriBaseIds", bases_node(c));
	json_set(json, run, "columnKind", view_text(json, "utf16CodeUnits"));
	printf("{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json\","
	       "\"version\":\"2.1.0\",\"runs\":[");
	r = check_print_open(json, run, "results");
	for (uint32_t i = 0; r == 0 && i < check->n_findings; i++)
		r = check_print_item(json, result_node(c, &check->findings[i]), i == 0);
	if (r == 0)
		check_print_close("]}]}");
	return r;
}
