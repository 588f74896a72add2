/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which modules answer to a name or an alias: rules first, then the indexes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/name-set.h"
#include "engine/session-internal.h"

int session_grow(void *items, size_t n, size_t *capacity, size_t size)
{
	size_t more = *capacity ? *capacity * 2 : 4;
	void **array = items, *grown;

	if (n < *capacity)
		return 0;
	grown = reallocarray(*array, more, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = more;
	return 0;
}

void session_report_broken(struct session *s, unsigned int broken)
{
	const struct diag *diag;
	const char *file;
	char *path;
	int error;

	while ((file = indexes_next_broken(&s->indexes, broken, &error, &diag))) {
		if (asprintf(&path, "%s/%s", s->indexes.dir, file) < 0)
			return;
		event_diag(&s->events, EVENT_WARNING, path, error, diag);
		free(path);
	}
}

/** struct answers - a growing list */
struct answers {
	struct plan_answer *items;
	size_t n, capacity;
};

static int add_answer(struct answers *a, struct plan_answer answer)
{
	int r = session_grow(&a->items, a->n, &a->capacity, sizeof(*a->items));

	if (r == 0)
		a->items[a->n++] = answer;
	return r;
}

static int ask_alias_rules(struct session *s, const char *request, struct answers *answers)
{
	const struct modprobe_rule *rule = NULL;
	int r = 0;

	while (r == 0 && (rule = modprobe_conf_next(&s->conf, MODPROBE_ALIAS, request, rule)))
		r = add_answer(answers, (struct plan_answer){ rule->text,
							      PLAN_BY_CONF_ALIAS,
							      { rule->file, rule->line } });
	return r;
}

/* A rule for a name that no module has: its command stands for one. */
static int ask_command_rules(struct session *s, const char *request, struct answers *answers)
{
	static const enum modprobe_rule_kind kinds[] = { MODPROBE_INSTALL, MODPROBE_REMOVE };

	for (size_t k = 0; k < 2; k++) {
		const struct modprobe_rule *rule = modprobe_conf_of_name(&s->conf, kinds[k], request);

		if (rule)
			return add_answer(answers, (struct plan_answer){ rule->name, PLAN_BY_COMMAND,
									 { rule->file, rule->line } });
	}
	return 0;
}

static enum plan_lookup by_source(enum lookup_source source)
{
	static const enum plan_lookup by[LOOKUP_SOURCES] = {
		[LOOKUP_DEP] = PLAN_BY_NAME,	     [LOOKUP_SYMBOLS] = PLAN_BY_SYMBOL,
		[LOOKUP_ALIAS] = PLAN_BY_ALIAS,	     [LOOKUP_BUILTIN] = PLAN_BY_BUILTIN,
		[LOOKUP_BUILTIN_ALIAS] = PLAN_BY_BUILTIN_ALIAS,
	};

	return by[source];
}

static int ask_indexes(struct session *s, enum lookup_source from, enum lookup_source to,
		       struct lookup_answer *answer, struct answers *answers)
{
	int r;

	r = indexes_ask(&s->indexes, from, to, false, answer);
	for (size_t i = 0; i < answer->values.n && r == 0; i++) {
		const char *module = lookup_answer_module(answer, i);

		/* The last one is the request itself, which goes with the question. */
		if (module == answer->request)
			module = arena_string(&s->arena, module, strlen(module));
		r = module ? add_answer(answers, (struct plan_answer){ module,
								       by_source(answer->source),
								       { 0 } })
			   : -ENOMEM;
	}
	return r == -ENOENT ? 0 : r;
}

/* What is built in counts where no module does, or, @with_builtin, beside them. */
static int ask_builtin(struct session *s, struct lookup_answer *answer, bool with_builtin,
		       struct answers *answers)
{
	int r = 0;

	for (enum lookup_source from = LOOKUP_BUILTIN; from <= LOOKUP_BUILTIN_ALIAS && r == 0; from++) {
		if (answers->n > 0 && !with_builtin)
			break;
		answer->values.n = 0;
		r = ask_indexes(s, from, from, answer, answers);
	}
	return r;
}

static int look_up(struct session *s, const char *request, bool with_builtin,
		   struct answers *answers)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	int r;

	r = lookup_begin(request, false, &answer);
	if (r < 0)
		return r;
	r = ask_alias_rules(s, answer.request, answers);
	if (r == 0 && answers->n == 0)
		r = ask_indexes(s, LOOKUP_DEP, LOOKUP_SYMBOLS, &answer, answers);
	if (r == 0 && answers->n == 0)
		r = ask_command_rules(s, answer.request, answers);
	if (r == 0 && answers->n == 0)
		r = ask_indexes(s, LOOKUP_ALIAS, LOOKUP_ALIAS, &answer, answers);
	if (r == 0)
		r = ask_builtin(s, &answer, with_builtin, answers);
	session_report_broken(s, answer.broken);
	return r < 0 ? r : answers->n > 0 ? 0 : -ENOENT;
}

int session_lookup(struct session *s, const char *request, struct plan_answer **ret_answers,
		   size_t *ret_n)
{
	struct answers answers = { 0 };
	int r;

	r = look_up(s, request, false, &answers);
	if (r < 0) {
		free(answers.items);
		return r;
	}
	*ret_answers = answers.items;
	*ret_n = answers.n;
	return 0;
}

/* Several patterns of one module match, or it is said to be a module and built in. */
static int drop_repeated(struct answers *answers)
{
	CLEANUP_NAME_SET struct name_set known = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < answers->n && answers->n > 1; i++) {
		int r = name_set_put(&known, answers->items[i].module, 0, NULL);

		if (r < 0)
			return r;
		if (r > 0)
			answers->items[kept++] = answers->items[i];
	}
	if (answers->n > 1)
		answers->n = kept;
	return 0;
}

/* Somebody inserted its file: it is there, whatever the indexes know. */
static int ask_kernel(struct session *s, const char *word, struct answers *answers)
{
	char folded[ALIAS_MAX + 1];
	const char *name;

	if (name_normalize_alias(word, folded) < 0 || !session_is_in_kernel(s, folded))
		return -ENOENT;
	name = arena_string(&s->arena, folded, strlen(folded));
	return name ? add_answer(answers, (struct plan_answer){ name, PLAN_BY_NAME, { 0 } }) :
		      -ENOMEM;
}

int session_answers(struct session *s, const char *word, struct plan_answer **ret_answers,
		    size_t *ret_n)
{
	struct answers answers = { 0 };
	int r;

	r = look_up(s, word, true, &answers);
	if (r == -ENOENT)
		r = ask_kernel(s, word, &answers);
	if (r == 0)
		r = drop_repeated(&answers);
	if (r < 0) {
		free(answers.items);
		return r;
	}
	*ret_answers = answers.items;
	*ret_n = answers.n;
	return 0;
}

bool session_is_in_kernel(struct session *s, const char *module)
{
	enum module_state state;

	return s->kernel.state(s->kernel.ctx, module, &state) == 0 && state != MODULE_ABSENT &&
	       state != MODULE_NO_STATE;
}

bool session_is_builtin(struct session *s, const struct plan_answer *answer)
{
	struct dep_line line;

	if (answer->by == PLAN_BY_BUILTIN || answer->by == PLAN_BY_BUILTIN_ALIAS)
		return true;
	return indexes_dep(&s->indexes, answer->module, &line) == -ENOENT &&
	       indexes_is_builtin(&s->indexes, answer->module);
}

bool session_tag_source(struct session *s, const char *module, struct plan_source *ret_source)
{
	static const char section[] = ", section .modinfo";
	size_t n = strlen(module);
	char *text = arena_alloc(&s->arena, n + sizeof(section));

	if (!text)
		return false;
	memcpy(text, module, n);
	memcpy(text + n, section, sizeof(section));
	*ret_source = (struct plan_source){ text, 0 };
	return true;
}
