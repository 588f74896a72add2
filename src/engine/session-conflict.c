/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which modules must not be there together with this one? modules.modsure.bin has each pair on both
 * sides, but for words that nothing answered to: they stand on one, and may name a file from elsewhere.
 * The words of modprobe.d are looked up once, when the first module is asked for.
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

static int add(struct gathering *g, struct plan_answered_conflict conflict)
{
	struct session_conflicts *c = g->conflicts;
	int r;

	if (strcmp(conflict.module, g->module) == 0)
		return 0;
	r = session_grow(&c->items, c->n, &c->capacity, sizeof(*c->items));
	if (r == 0)
		r = name_set_put(&g->names, conflict.module, 0, NULL);
	if (r <= 0)
		return r;
	c->items[c->n++] = conflict;
	return 0;
}

static bool may_be_module(const char *word)
{
	return strlen(word) <= MODULE_NAME_MAX && !strpbrk(word, "/:*?[");
}

/* Nobody answers: there may be such a module all the same, or it comes before this one does. */
static int add_unanswered(struct gathering *g, const char *word, struct plan_source source)
{
	if (!may_be_module(word))
		return 0;
	return add(g, (struct plan_answered_conflict){ .module = word,
						       .is_unknown = !session_is_in_kernel(g->s, word),
						       .source = source });
}

static int add_side(struct gathering *g, struct side *side, struct plan_source source)
{
	int r = 0;

	if (side->is_added)
		return 0;
	side->is_added = true;
	if (side->is_unanswered)
		return add_unanswered(g, side->itself.module, source);
	for (size_t i = 0; i < side->n && r == 0; i++)
		r = add(g, (struct plan_answered_conflict){
				   .module = side->answers[i].module,
				   .is_builtin = session_is_builtin(g->s, &side->answers[i]),
				   .source = source });
	return r;
}

static void side_done(struct side *side)
{
	if (!side->is_unanswered)
		free(side->answers);
}

/* @word: folded, in the arena. Return: 0; -ENOMEM. */
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
		return add(g, (struct plan_answered_conflict){ .module = other, .source = source });
	if (session_is_builtin(g->s, &itself))
		return add(g, (struct plan_answered_conflict){
				      .module = other, .is_builtin = true, .source = source });
	r = look_up(g->s, other, &side);
	if (r < 0)
		return r;
	if (side.is_unanswered)
		side.answers = &side.itself;
	r = add_side(g, &side, source);
	side_done(&side);
	return r;
}

/* Return: 1; 0 no such value; -ENOMEM. */
static int read_kept(struct session *s, const char *value, struct declared_conflict *ret_kept,
		     struct session_word *ret_other)
{
	struct diag diag;
	int r;

	if (declared_get_conflict(value, ret_kept, &diag) < 0) {
		indexes_bad_declared(&s->indexes, value, diag.what);
		return 0;
	}
	r = session_word(s, ret_kept->other, ret_kept->other_size, ret_other);
	if (r == -EINVAL)
		indexes_bad_declared(&s->indexes, value, "a conflict with what is no name");
	return r == -EINVAL ? 0 : r < 0 ? r : 1;
}

/* Is it a tag of a module whose tags were read from another file? */
static bool is_replaced(const struct session *s, const struct declared_conflict *kept)
{
	if (kept->by != DECLARED_BY_MODULE)
		return false;
	for (const struct session_file *f = s->files; f; f = f->next)
		if (strlen(f->module) == kept->module_size &&
		    memcmp(f->module, kept->module, kept->module_size) == 0)
			return true;
	return false;
}

static int source_of(struct session *s, const struct declared_conflict *kept,
		     struct plan_source *ret_source)
{
	const char *by;

	if (kept->by == DECLARED_BY_MODULE) {
		by = arena_string(&s->arena, kept->module, kept->module_size);
		return by && session_tag_source(s, by, ret_source) ? 0 : -ENOMEM;
	}
	ret_source->file = arena_string(&s->arena, kept->file, kept->file_size);
	ret_source->line = kept->line;
	return ret_source->file ? 0 : -ENOMEM;
}

static int add_kept(struct gathering *g, const char *value)
{
	struct declared_conflict kept;
	struct session_word other;
	struct plan_source source;
	int r;

	r = read_kept(g->s, value, &kept, &other);
	if (r <= 0 || is_replaced(g->s, &kept))
		return r < 0 ? r : 0;
	r = name_set_put(&g->words, other.folded, 0, NULL);
	if (r <= 0)
		return r;
	r = source_of(g->s, &kept, &source);
	return r < 0 ? r : add_other(g, other.folded, source);
}

static int gather_file(struct gathering *g)
{
	int r = 0;

	for (uint32_t i = 0; g->file && i < g->file->n_conflicts && r == 0; i++)
		r = add_other(g, g->file->conflicts[i].folded, g->file->source);
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

/** struct walk - through the conflicts of all modules */
struct walk {
	struct gathering *g;
	int r;
};

static int visit_kept(struct walk *w, const char *module, const char *value)
{
	struct gathering *g = w->g;
	struct declared_conflict kept;
	struct session_word other;
	struct plan_source source;
	const char *copy;
	int r;

	r = read_kept(g->s, value, &kept, &other);
	if (r <= 0 || strcmp(other.folded, g->module) != 0 || is_replaced(g->s, &kept))
		return r < 0 ? r : 0;
	copy = arena_string(&g->s->arena, module, strlen(module));
	if (!copy)
		return -ENOMEM;
	r = source_of(g->s, &kept, &source);
	return r < 0 ? r : add_other(g, copy, source);
}

static int visit_key(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	static const size_t prefix = sizeof(DECLARED_CONFLICT) - 1;
	struct walk *w = ctx;

	if (key_size > prefix && memcmp(key, DECLARED_CONFLICT, prefix) == 0)
		w->r = visit_kept(w, key + prefix, value->text);
	return w->r < 0 ? 1 : 0;
}

/* Of a module that depmod did not know, only the others' lists tell. */
static int gather_others(struct gathering *g)
{
	struct walk w = { .g = g };
	struct dep_line line;
	int r;

	if (indexes_dep(&g->s->indexes, g->module, &line) != -ENOENT ||
	    indexes_is_builtin(&g->s->indexes, g->module))
		return 0;
	r = indexes_each_declared(&g->s->indexes, visit_key, &w);
	session_report_broken(g->s, INDEXES_DECLARED);
	return r == -ENOMEM ? r : w.r;
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
	struct session_word name;
	uint32_t side;
	int r;

	r = session_word(s, word, size, &name);
	if (r == 0)
		r = session_grow(&rules->uses, rules->n_uses, &rules->uses_capacity,
				 sizeof(*rules->uses));
	if (r == 0)
		r = name_set_put(&rules->names, name.folded, (uint32_t)rules->n, &side);
	if (r > 0) {
		side = (uint32_t)rules->n;
		r = add_side_of(s, rules, rule, name.folded);
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
		r = gather_others(&g);
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
