/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure harddep list: which hard dependencies and conflicts are declared, and what became of them?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/harddep.h"

/** enum state - what there is of a hard dependency; see state_names */
enum state {
	IN_DEP,
	BY_SYMBOL,
	SINGLE,
	GROUP,
	BUILTIN,
	UNKNOWN,
	CYCLE,
	TAKEN_BACK,
};

static const char *const state_names[] = {
	[IN_DEP] = "dep",   [BY_SYMBOL] = "symbol", [SINGLE] = "single", [GROUP] = "group",
	[BUILTIN] = "builtin", [UNKNOWN] = "unknown", [CYCLE] = "cycle",
	[TAKEN_BACK] = "taken-back",
};

struct list {
	struct harddep *h;
	struct arena arena;
	struct harddep_modules modules;
	bool is_all;
	struct json_node *hards, *conflicts;
};

static enum state state_of(const struct list *list, const char *module, const struct plan_hard *hard,
			   const struct plan_answer *answers, size_t n)
{
	if (hard->is_dropped)
		return modprobe_conf_takes_back(&list->h->view.session.conf, MODPROBE_HARDDEP, module)
			       ? TAKEN_BACK
			       : CYCLE;
	if (hard->is_by_symbol)
		return BY_SYMBOL;
	if (hard->is_in_line)
		return IN_DEP;
	for (size_t i = 0; i < n; i++)
		if (answers[i].by == PLAN_BY_BUILTIN || answers[i].by == PLAN_BY_BUILTIN_ALIAS)
			return BUILTIN;
	return n == 0 ? UNKNOWN : n == 1 ? SINGLE : GROUP;
}

static const char *declared_name(enum plan_declared declared)
{
	static const char *const names[] = { [PLAN_BY_MODULE] = "module",
					     [PLAN_BY_CONF] = "conf",
					     [PLAN_BY_CONF_STRICT] = "conf!" };

	return names[declared];
}

/* Text */

static void put_state(enum state state, const struct plan_hard *hard,
		      const struct plan_answer *answers, size_t n, struct buf *out)
{
	if (state == TAKEN_BACK) {
		buf_put_string(out, "taken back by a rule of modprobe.d");
		return;
	}
	harddep_put_answers(answers, n, state == GROUP ? " or " : " and ", out);
	switch (state) {
	case IN_DEP:
		buf_put_string(out, " answers, and is in modules.dep");
		break;
	case BY_SYMBOL:
		buf_put_string(out, " answers, and is in modules.dep for its symbols as well");
		break;
	case SINGLE:
		buf_put_string(out, " answers; modules.dep does not have it");
		break;
	case GROUP:
		buf_put_string(out, " answers: one of them will do");
		break;
	case BUILTIN:
		buf_printf(out, " %s: what is built in is always there", n == 1 ? "answers" : "answer");
		break;
	case UNKNOWN:
		buf_put_string(out, "nothing answers: ");
		buf_put_string(out, hard->declared == PLAN_BY_CONF ? "modprobe warns, and goes on"
								   : "the module is not loaded");
		break;
	case CYCLE:
		buf_put_string(out, " answers: dropped by depmod, it closes a cycle");
		break;
	case TAKEN_BACK:
		break;
	}
}

static void print_hard(struct list *list, const char *module, const struct plan_hard *hard,
		       enum state state, const struct plan_answer *answers, size_t n)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s has the hard dependency %s", module, hard->word);
	if (hard->declared == PLAN_BY_CONF_STRICT)
		buf_put_string(&text, ", strictly");
	harddep_put_source(hard->source.file, hard->source.line, &text);
	harddep_print(list->h, &text, 0);
	text = (struct buf){ 0 };
	put_state(state, hard, answers, n, &text);
	harddep_print(list->h, &text, 2);
}

static void print_conflict(struct list *list, const char *module,
			   const struct plan_answered_conflict *conflict)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s is in conflict with %s%s", module, conflict->module,
		   conflict->is_builtin ? ", which is built in" : "");
	harddep_put_source(conflict->source.file, conflict->source.line, &text);
	harddep_print(list->h, &text, 0);
}

/* JSON */

static void add_hard(struct list *list, const char *module, const struct plan_hard *hard,
		     enum state state, const struct plan_answer *answers, size_t n)
{
	struct json *json = list->h->view.json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "module", view_text(json, module));
	json_set(json, map, "word", view_text(json, hard->word));
	json_set(json, map, "declared_by", view_text(json, declared_name(hard->declared)));
	json_set(json, map, "source", view_source(json, hard->source.file, hard->source.line));
	json_set(json, map, "strict", json_new_bool(json, hard->declared != PLAN_BY_CONF));
	json_set(json, map, "answers", harddep_answers(json, answers, n));
	json_set(json, map, "state", view_text(json, state_names[state]));
	json_append(json, list->hards, map);
}

static void add_conflict(struct list *list, const char *module,
			 const struct plan_answered_conflict *conflict)
{
	struct json *json = list->h->view.json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "module", view_text(json, module));
	json_set(json, map, "other", view_text(json, conflict->module));
	json_set(json, map, "builtin", json_new_bool(json, conflict->is_builtin));
	json_set(json, map, "source",
		 view_source(json, conflict->source.file, conflict->source.line));
	json_append(json, list->conflicts, map);
}

static int print_json(struct list *list)
{
	struct json *json = list->h->view.json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "kernel", view_text(json, view_kernel(&list->h->view)));
	json_set(json, map, "harddeps", list->hards);
	json_set(json, map, "conflicts", list->conflicts);
	list->hards = list->conflicts = NULL;
	return view_print_json(&list->h->view, map);
}

/* What is declared */

static int show_hards(void *ctx, const char *module, const struct session_hards *hards)
{
	struct list *list = ctx;
	int r = 0;

	for (size_t i = 0; i < hards->n && r == 0; i++) {
		const struct plan_hard *hard = &hards->items[i];
		struct plan_answer *answers = NULL;
		enum state state;
		size_t n = 0;

		r = session_answers(&list->h->view.session, hard->word, &answers, &n);
		if (r == -ENOMEM)
			return r;
		n = r < 0 ? 0 : n;
		r = 0;
		state = state_of(list, module, hard, answers, n);
		if (list->h->view.json)
			add_hard(list, module, hard, state, answers, n);
		else
			print_hard(list, module, hard, state, answers, n);
		free(answers);
	}
	return r;
}

static int show_conflicts(struct list *list, const char *module)
{
	struct session_conflicts conflicts = { 0 };
	int r;

	r = session_conflicts(&list->h->view.session, module, &conflicts);
	for (size_t i = 0; i < conflicts.n && r == 0; i++) {
		const struct plan_answered_conflict *conflict = &conflicts.items[i];

		if (conflict->is_unknown)
			continue;
		/* Of all modules, each pair comes once. */
		if (list->is_all && !conflict->is_builtin && strcmp(module, conflict->module) > 0)
			continue;
		if (list->h->view.json)
			add_conflict(list, module, conflict);
		else
			print_conflict(list, module, conflict);
	}
	session_conflicts_done(&conflicts);
	return r;
}

static int show_named(struct list *list)
{
	int r = 0;

	for (size_t i = 0; i < list->modules.n && r == 0; i++) {
		struct session_hards hards = { 0 };

		r = session_hards(&list->h->view.session, list->modules.items[i], &hards);
		if (r == 0)
			r = show_hards(list, list->modules.items[i], &hards);
		session_hards_done(&hards);
	}
	return r;
}

/* Every module of modules.dep */

static int count(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	size_t *n = ctx;

	(void)key;
	(void)key_size;
	(void)value;
	++*n;
	return 0;
}

static int add_name(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	struct list *list = ctx;

	(void)value;
	if (list->modules.n > 0 && strcmp(list->modules.items[list->modules.n - 1], key) == 0)
		return 0;
	list->modules.items[list->modules.n] = arena_string(&list->arena, key, key_size);
	return list->modules.items[list->modules.n++] ? 0 : -ENOMEM;
}

static int find_all(struct list *list)
{
	struct indexes *indexes = &list->h->view.session.indexes;
	size_t n = 0;
	int r;

	r = indexes_dump(indexes, LOOKUP_DEP, count, &n);
	if (r == -ENOMEM)
		return r;
	list->modules.items = calloc(n + 1, sizeof(*list->modules.items));
	if (!list->modules.items)
		return -ENOMEM;
	r = indexes_dump(indexes, LOOKUP_DEP, add_name, list);
	return r == -ENOMEM ? r : 0;
}

static int show(struct list *list)
{
	int r;

	if (list->is_all)
		r = session_each_hard(&list->h->view.session, list->modules.items, list->modules.n,
				      show_hards, list);
	else
		r = show_named(list);
	for (size_t i = 0; i < list->modules.n && r == 0; i++)
		r = show_conflicts(list, list->modules.items[i]);
	return r == 0 && list->h->view.json ? print_json(list) : r;
}

int harddep_list(struct harddep *h)
{
	struct json *json = h->view.json;
	struct list list = { .h = h, .is_all = h->n_names == 0 };
	int r;

	if (json) {
		list.hards = json_new_list(json);
		list.conflicts = json_new_list(json);
	}
	r = list.is_all ? find_all(&list) : harddep_find(h, &list.arena, &list.modules);
	if (r == 0)
		r = show(&list);
	if (json) {
		json_drop(json, list.hards);
		json_drop(json, list.conflicts);
	}
	free(list.modules.items);
	arena_done(&list.arena);
	return r < 0 ? view_fail(&h->view, r) : list.modules.status;
}
