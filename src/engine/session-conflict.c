/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which modules must not be there together with this one? modules.modsure.bin has each pair on both
 * sides; the words of modprobe.d are looked up once, when the first module is asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/name-set.h"
#include "engine/session-internal.h"
#include "index/declared.h"

/* Answers to all names together; a rule of a real system has two. */
#define ANSWERS_MAX (1u << 20)

/** struct side - a name of rules, and who answers to it */
struct side {
	struct plan_answer *answers;
	size_t n;
	struct plan_answer itself; /* for a name that nobody answers to: a module that only the kernel knows */
	bool is_unanswered;
	/* Of the module whose list grows; many rules may share a side. */
	bool is_searched, is_found, is_added;
};

/** struct conflict_rules - every name is looked up once */
struct conflict_rules {
	struct side *sides;
	size_t n, capacity;
	struct name_set names; /* numbers of sides */
	uint32_t *uses; /* of all rules: the side of its first name, then those of the others */
	size_t n_uses, uses_capacity;
	size_t n_answers; /* of all sides */
	bool is_full;
};

/** struct gathering - the list of one module while it grows */
struct gathering {
	struct session *s;
	const char *module;
	struct session_conflicts *conflicts;
	const struct session_file *file; /* given by its path, in place of the one that was indexed; NULL */
	struct name_set names; /* of those in the list */
	struct name_set words; /* of modules.modsure.bin, looked up already */
};

static int add(struct gathering *g, const char *other, bool is_builtin, struct plan_source source)
{
	struct session_conflicts *c = g->conflicts;
	int r;

	if (strcmp(other, g->module) == 0)
		return 0;
	r = session_grow(&c->items, c->n, &c->capacity, sizeof(*c->items));
	if (r == 0)
		r = name_set_put(&g->names, other, 0, NULL);
	if (r <= 0)
		return r;
	c->items[c->n++] = (struct plan_answered_conflict){ other, is_builtin, source };
	return 0;
}

/* Those who answer. One that nobody knows but the kernel is there without an answer. */
static int add_side(struct gathering *g, struct side *side, struct plan_source source)
{
	int r = 0;

	if (side->is_added)
		return 0;
	side->is_added = true;
	if (side->is_unanswered && !session_is_in_kernel(g->s, side->itself.module))
		return 0;
	for (size_t i = 0; i < side->n && r == 0; i++)
		r = add(g, side->answers[i].module,
			!side->is_unanswered && session_is_builtin(g->s, &side->answers[i]), source);
	return r;
}

static void side_done(struct side *side)
{
	if (!side->is_unanswered)
		free(side->answers);
}

/* @word: in the arena. Return: 0; -ENOMEM. */
static int look_up(struct session *s, const char *word, struct side *ret)
{
	int r;

	*ret = (struct side){ 0 };
	r = session_answers(s, word, &ret->answers, &ret->n);
	if (r == 0 || r == -ENOMEM)
		return r;
	*ret = (struct side){ .n = 1, .itself = { word, PLAN_BY_NAME, { 0 } }, .is_unanswered = true };
	return 0;
}

/* The pairs were made of answers by depmod: this is a module's name before it is anything else. */
static int add_other(struct gathering *g, const char *other, struct plan_source source)
{
	struct plan_answer itself = { other, PLAN_BY_NAME, { 0 } };
	struct dep_line line;
	struct side side;
	int r;

	if (indexes_dep(&g->s->indexes, other, &line) == 0)
		return add(g, other, false, source);
	if (session_is_builtin(g->s, &itself))
		return add(g, other, true, source);
	r = look_up(g->s, other, &side);
	if (r < 0)
		return r;
	if (side.is_unanswered)
		side.answers = &side.itself;
	r = add_side(g, &side, source);
	side_done(&side);
	return r;
}

static int add_kept(struct gathering *g, const char *value)
{
	struct session *s = g->s;
	struct declared_conflict kept;
	struct plan_source source;
	const char *other, *by;
	struct diag diag;
	int r;

	if (declared_get_conflict(value, &kept, &diag) < 0) {
		indexes_bad_declared(&s->indexes, value, diag.what);
		return 0;
	}
	if (g->file && kept.by == DECLARED_BY_MODULE && strlen(g->module) == kept.module_size &&
	    memcmp(g->module, kept.module, kept.module_size) == 0)
		return 0;
	other = arena_string(&s->arena, kept.other, kept.other_size);
	if (!other)
		return -ENOMEM;
	r = name_set_put(&g->words, other, 0, NULL);
	if (r <= 0)
		return r;
	if (kept.by == DECLARED_BY_MODULE) {
		by = arena_string(&s->arena, kept.module, kept.module_size);
		if (!by || !session_tag_source(s, by, &source))
			return -ENOMEM;
	} else {
		source.file = arena_string(&s->arena, kept.file, kept.file_size);
		source.line = kept.line;
		if (!source.file)
			return -ENOMEM;
	}
	return add_other(g, other, source);
}

static int gather_file(struct gathering *g)
{
	int r = 0;

	for (uint32_t i = 0; g->file && i < g->file->n_conflicts && r == 0; i++)
		r = add_other(g, g->file->conflicts[i], g->file->source);
	return r;
}

static int gather_kept(struct gathering *g)
{
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };
	int r;

	r = indexes_declared(&g->s->indexes, DECLARED_CONFLICT, g->module, &values);
	for (size_t i = 0; i < values.n && r == 0; i++)
		r = add_kept(g, values.items[i].text);
	session_report_broken(g->s, INDEXES_DECLARED);
	return r == -ENOMEM ? r : 0;
}

/* A name that was not looked up yet. Over the limit nobody answers to it, and that is said once. */
static int add_side_of(struct session *s, struct conflict_rules *rules, const struct modprobe_rule *rule,
		       const char *name)
{
	struct side *side;
	int r;

	r = session_grow(&rules->sides, rules->n, &rules->capacity, sizeof(*rules->sides));
	if (r < 0)
		return r;
	side = &rules->sides[rules->n];
	*side = (struct side){ 0 };
	if (rules->n_answers < ANSWERS_MAX) {
		r = look_up(s, name, side);
	} else if (!rules->is_full) {
		rules->is_full = true;
		event_emit(&s->events, EVENT_WARNING,
			   "%s:%u: conflict lines have more than %u answers: names from here on are not looked up",
			   rule->file, rule->line, ANSWERS_MAX);
	}
	if (r < 0)
		return r;
	rules->n_answers += side->n;
	rules->n++;
	return 0;
}

static int add_use(struct session *s, struct conflict_rules *rules, const struct modprobe_rule *rule,
		   const char *word, size_t size)
{
	const char *name = arena_string(&s->arena, word, size);
	uint32_t side;
	int r;

	r = name ? session_grow(&rules->uses, rules->n_uses, &rules->uses_capacity, sizeof(*rules->uses))
		 : -ENOMEM;
	if (r == 0)
		r = name_set_put(&rules->names, name, (uint32_t)rules->n, &side);
	if (r > 0) {
		side = (uint32_t)rules->n;
		r = add_side_of(s, rules, rule, name);
	}
	if (r == 0)
		rules->uses[rules->n_uses++] = side;
	return r;
}

void session_conflict_rules_free(struct conflict_rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->n; i++)
		side_done(&rules->sides[i]);
	free(rules->sides);
	free(rules->uses);
	name_set_done(&rules->names);
	free(rules);
}

static int add_uses(struct session *s, struct conflict_rules *rules, const struct modprobe_rule *rule)
{
	const char *at = rule->text;
	int r;

	r = add_use(s, rules, rule, rule->name, strlen(rule->name));
	while (*at && r == 0) {
		size_t n = strcspn(at, " ");

		r = add_use(s, rules, rule, at, n);
		at += n + (at[n] == ' ');
	}
	return r;
}

/* All or none. */
static int read_rules(struct session *s, struct conflict_rules **ret_rules)
{
	const struct modprobe_rules *lines = &s->conf.rules[MODPROBE_CONFLICT];
	struct conflict_rules *rules = calloc(1, sizeof(*rules));
	int r = rules ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < lines->n && r == 0; i++)
		r = add_uses(s, rules, &lines->items[i]);
	if (r < 0) {
		session_conflict_rules_free(rules);
		return r;
	}
	for (size_t i = 0; i < rules->n; i++)
		if (rules->sides[i].is_unanswered)
			rules->sides[i].answers = &rules->sides[i].itself;
	*ret_rules = rules;
	return 0;
}

static bool has(struct side *side, const char *module)
{
	if (side->is_searched)
		return side->is_found;
	side->is_searched = true;
	for (size_t i = 0; i < side->n && !side->is_found; i++)
		side->is_found = strcmp(side->answers[i].module, module) == 0;
	return side->is_found;
}

static size_t count_words(const char *text)
{
	size_t n = text[0] != '\0';

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

/* The first name excludes each of the others, and they exclude it. */
static int add_rule(struct gathering *g, const struct modprobe_rule *rule, struct side *sides,
		    const uint32_t *uses, size_t n)
{
	const struct plan_source source = { rule->file, rule->line };
	bool is_first = has(&sides[uses[0]], g->module);
	int r = 0;

	for (size_t i = 1; i < n && r == 0; i++) {
		if (is_first)
			r = add_side(g, &sides[uses[i]], source);
		if (r == 0 && has(&sides[uses[i]], g->module))
			r = add_side(g, &sides[uses[0]], source);
	}
	return r;
}

static int gather_rules(struct gathering *g)
{
	const struct modprobe_rules *lines = &g->s->conf.rules[MODPROBE_CONFLICT];
	struct conflict_rules **rules = &g->s->conflict_rules;
	size_t at = 0;
	int r = 0;

	if (lines->n == 0)
		return 0;
	if (!*rules)
		r = read_rules(g->s, rules);
	for (size_t i = 0; *rules && i < (*rules)->n; i++)
		(*rules)->sides[i].is_searched = (*rules)->sides[i].is_found = (*rules)->sides[i].is_added = false;
	for (uint32_t i = 0; i < lines->n && r == 0; i++) {
		size_t n = 1 + count_words(lines->items[i].text);

		r = add_rule(g, &lines->items[i], (*rules)->sides, &(*rules)->uses[at], n);
		at += n;
	}
	return r;
}

int session_conflicts(struct session *s, const char *module, struct session_conflicts *ret)
{
	struct gathering g = { .s = s, .module = module, .conflicts = ret };
	int r;

	g.file = session_find_file(s, module);
	r = gather_file(&g);
	if (r == 0)
		r = gather_kept(&g);
	if (r == 0)
		r = gather_rules(&g);
	name_set_done(&g.names);
	name_set_done(&g.words);
	if (r < 0)
		session_conflicts_done(ret);
	return r;
}

void session_conflicts_done(struct session_conflicts *conflicts)
{
	if (!conflicts)
		return;
	free(conflicts->items);
	*conflicts = (struct session_conflicts){ 0 };
}
