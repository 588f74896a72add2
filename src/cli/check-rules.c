/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure check --explain, --list-rules: which rules are there, and what is one about?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check.h"

/* What it needs, one name a bit, from the lowest. */
static struct json_node *needs_node(struct json *json, const struct check_rule *rule)
{
	struct json_node *list = json_new_list(json);

	for (unsigned int i = 0; i < CHECK_NEEDS; i++)
		if (rule->needs & (1u << i))
			json_append(json, list, view_text(json, check_need_name(1u << i)));
	return list;
}

static struct json_node *rule_node(struct json *json, const struct check_rule *rule)
{
	struct json_node *map = json_new_map(json);

	json_set(json, map, "rule", view_text(json, rule->id));
	json_set(json, map, "name", view_text(json, rule->name));
	json_set(json, map, "severity", view_text(json, check_severity_name(rule->severity)));
	json_set(json, map, "title", view_text(json, rule->title));
	json_set(json, map, "explanation", view_text(json, rule->explanation));
	json_set(json, map, "needs", needs_node(json, rule));
	return map;
}

static int print_map(struct check_command *c, struct json_node *map)
{
	int r = view_print_json(&c->view, map);

	return r < 0 ? view_fail(&c->view, r) : VIEW_YES;
}

/* Paragraphs, with an empty line between. */
static int print_paragraphs(const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);
		char *one = strndup(text, n);

		if (!one)
			return -ENOMEM;
		putchar('\n');
		view_wrap(one, 0, 0);
		free(one);
		text += n + strspn(text + n, "\n");
	}
	return 0;
}

static void print_needs(const struct check_rule *rule)
{
	CLEANUP_BUF struct buf text = { 0 };

	for (unsigned int i = 0; i < CHECK_NEEDS; i++)
		if (rule->needs & (1u << i))
			buf_printf(&text, "%s%s", text.size ? ", " : "Needs: ", check_need_name(1u << i));
	if (text.size == 0)
		return;
	buf_put_string(&text, ".");
	buf_put_u8(&text, 0);
	putchar('\n');
	if (!text.error)
		view_wrap((const char *)text.base, 0, 0);
}

int check_explain(struct check_command *c)
{
	const struct check_rule *rule = check_rule_find(c->explain);

	if (!rule) {
		log_message(&c->view.log, LOG_ERR, "no such rule (see --list-rules): %s", c->explain);
		return VIEW_USAGE;
	}
	if (c->view.json)
		return print_map(c, rule_node(c->view.json, rule));
	printf("%s %s, %s\n", rule->id, rule->name, check_severity_name(rule->severity));
	view_wrap(rule->title, 0, 0);
	if (print_paragraphs(rule->explanation) < 0)
		return view_fail(&c->view, -ENOMEM);
	print_needs(rule);
	return VIEW_YES;
}

int check_list_rules(struct check_command *c)
{
	struct json *json = c->view.json;
	struct json_node *list = json ? json_new_list(json) : NULL;
	size_t widest = 0;

	if (json) {
		struct json_node *map = json_new_map(json);

		for (size_t i = 0; i < check_n_rules; i++)
			json_append(json, list, rule_node(json, &check_rules[i]));
		json_set(json, map, "rules", list);
		return print_map(c, map);
	}
	for (size_t i = 0; i < check_n_rules; i++)
		widest = strlen(check_rules[i].name) > widest ? strlen(check_rules[i].name) : widest;
	for (size_t i = 0; i < check_n_rules; i++) {
		const struct check_rule *rule = &check_rules[i];
		int column = printf("%s  %-7s  %-*s  ", rule->id, check_severity_name(rule->severity),
				    (int)widest, rule->name);

		view_wrap(rule->title, (size_t)column, (size_t)column);
	}
	return VIEW_YES;
}
