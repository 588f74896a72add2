/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which modules exclude each other? All that answer to one word exclude all that answer to another,
 * and both sides say so. A module whose own alias it excludes is left alone by itself only.
 */
#include <stdlib.h>

#include "bytes/buf.h"
#include "bytes/name.h"
#include "conf/depmod-conf.h"
#include "graph/declarations-internal.h"

/* Under the key of @one: it excludes @other, says @by. */
struct pair {
	const char *one, *other, *by;
	const struct declared_word *word;
	size_t order;
};

struct pairs {
	struct pair *items;
	size_t n, capacity;
	bool is_full;
};

static int add_word(struct declarations *d, uint32_t module, struct declared_word *one,
		    struct declared_word *word)
{
	if (d->n_conflicts == d->conflicts_capacity) {
		size_t capacity = d->conflicts_capacity ? d->conflicts_capacity * 2 : 16;
		struct conflict_word *items = realloc(d->conflicts, capacity * sizeof(*items));

		if (!items)
			return -ENOMEM;
		d->conflicts = items;
		d->conflicts_capacity = capacity;
	}
	d->conflicts[d->n_conflicts++] = (struct conflict_word){ module, one, word };
	return 0;
}

static int collect_tag(struct declarations *d, const struct graph *g, uint32_t module,
		       const char *value, struct findings *findings)
{
	static const struct declared_word like = { .by = DECLARED_BY_MODULE };
	struct declared_word none = { .text = "", .by = DECLARED_BY_MODULE };
	struct declared_words words;
	int r;

	r = declarations_parse(d, value, &like, &words);
	if (r == 0 && words.n == 0)
		return declarations_finding(findings, FINDING_CONFLICT_BAD, module, &none, "is empty", NULL);
	for (uint32_t i = 0; r >= 0 && i < words.n; i++) {
		r = declarations_check(&words.items[i], g, module, FINDING_CONFLICT_BAD, findings);
		if (r > 0)
			r = add_word(d, module, NULL, &words.items[i]);
	}
	if (r >= 0 && words.over)
		r = declarations_finding(findings, FINDING_CONFLICT_BAD, module, words.over,
					 declarations_too_many, NULL);
	return r < 0 ? r : 0;
}

static int collect_line(struct declarations *d, const struct depmod_declaration *line)
{
	const struct declared_word like = { .file = line->file,
					    .line = line->line,
					    .by = DECLARED_BY_CONF };
	struct declared_words one, words;
	int r;

	r = declarations_parse(d, line->name, &like, &one);
	if (r == 0)
		r = declarations_parse(d, line->words, &like, &words);
	for (uint32_t i = 0; r == 0 && i < words.n; i++)
		r = add_word(d, GRAPH_NONE, &one.items[0], &words.items[i]);
	return r;
}

int conflicts_collect(struct declarations *d, const struct graph *g, const struct depmod_conf *conf,
		      struct findings *findings)
{
	int r = 0;

	for (uint32_t i = 0; i < g->n_modules; i++) {
		const struct facts *f = g->modules[i].facts;

		if (g->modules[i].is_left_out)
			continue;
		for (uint32_t k = 0; r == 0 && k < f->n_modinfo; k++) {
			const char *value = facts_tag(facts_modinfo(f, k), "conflict");

			if (value && d->n_conflicts < DECLARATIONS_MAX)
				r = collect_tag(d, g, i, value, findings);
		}
	}
	for (uint32_t i = 0; r == 0 && i < conf->conflicts.n; i++)
		if (d->n_conflicts < DECLARATIONS_MAX)
			r = collect_line(d, &conf->conflicts.items[i]);
	return r;
}

/* Nobody is looked up by its name: it may be an alias of others, and only the built-in one has said so. */
static struct declared_word *builtin_word(struct declarations *d, const char *module)
{
	struct declared_word *word = arena_alloc(&d->arena, sizeof(*word));
	struct word_answers *answers = arena_alloc(&d->arena, sizeof(*answers));
	struct word_answer *itself = arena_alloc(&d->arena, sizeof(*itself));

	if (!word || !answers || !itself)
		return NULL;
	*itself = (struct word_answer){ module, GRAPH_NONE };
	*answers = (struct word_answers){ .items = itself, .n = 1, .n_builtin = 1 };
	*word = (struct declared_word){ .text = module,
					.folded = module,
					.by = DECLARED_BY_MODULE,
					.is_asked = true,
					.answers = answers };
	return word;
}

int declarations_add_builtin(struct declarations *d, const char *module, const char *value,
			     declarations_bad_fn bad, void *ctx)
{
	static const struct declared_word like = { .by = DECLARED_BY_MODULE };
	char folded[ALIAS_MAX + 1];
	struct declared_word *one;
	struct declared_words words;
	const char *why;
	int r;

	if (d->n_conflicts >= DECLARATIONS_MAX || name_fold_word(module, folded))
		return 0;
	module = arena_string(&d->arena, folded, strlen(folded));
	one = module ? builtin_word(d, module) : NULL;
	r = one ? declarations_parse(d, value, &like, &words) : -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < words.n; i++) {
		why = name_fold_word(words.items[i].text, folded);
		if (!why && folded[strcspn(folded, "*?[")])
			why = declarations_pattern;
		if (!why && strcmp(folded, module) == 0)
			why = declarations_itself;
		if (why)
			bad(ctx, module, why);
		else
			r = add_word(d, GRAPH_NONE, one, &words.items[i]);
	}
	if (r == 0 && words.n == 0)
		bad(ctx, module, "is empty");
	if (r == 0 && words.over)
		bad(ctx, module, declarations_too_many);
	return r;
}

static int add_pair(struct pairs *p, const char *one, const char *other, const char *by,
		    const struct declared_word *word)
{
	if (p->n >= DECLARATIONS_PAIRS_MAX) {
		p->is_full = true;
		return 0;
	}
	if (p->n == p->capacity) {
		size_t capacity = p->capacity ? p->capacity * 2 : 64;
		struct pair *items = realloc(p->items, capacity * sizeof(*items));

		if (!items)
			return -ENOMEM;
		p->items = items;
		p->capacity = capacity;
	}
	p->items[p->n] = (struct pair){ one, other, by, word, p->n };
	p->n++;
	return 0;
}

/* @one, a module, and what answers to @word. */
static int pair_one(struct pairs *p, uint32_t module, const char *one, struct declared_word *word,
		    struct findings *findings)
{
	const struct word_answers *a = word->answers;
	int r = 0;

	if (a->n == 0) {
		/* Of a built-in module it is known by no file and line, and as good as nothing. */
		if (module != GRAPH_NONE || word->file)
			r = declarations_finding(findings, FINDING_CONFLICT_UNKNOWN, module, word, NULL,
						 NULL);
		return r < 0 ? r : add_pair(p, one, word->text, one, word);
	}
	for (uint32_t i = 0; r == 0 && i < a->n && !p->is_full; i++) {
		const char *other = a->items[i].name;

		if (strcmp(other, one) == 0)
			continue;
		r = add_pair(p, one, other, one, word);
		if (r == 0)
			r = add_pair(p, other, one, one, word);
	}
	return r;
}

static int pair_all(const struct declarations *d, const struct graph *g, struct pairs *p,
		    struct findings *findings)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->n_conflicts; i++) {
		const struct conflict_word *c = &d->conflicts[i];
		bool was_full = p->is_full;

		if (!c->one)
			r = pair_one(p, c->module, g->modules[c->module].name, c->word, findings);
		for (uint32_t k = 0; c->one && r == 0 && k < c->one->answers->n && !p->is_full; k++)
			r = pair_one(p, c->one->answers->items[k].module,
				     c->one->answers->items[k].name, c->word, findings);
		if (r == 0 && p->is_full && !was_full)
			r = declarations_finding(findings, FINDING_CONFLICT_BAD, c->module, c->word,
						 "makes more pairs of modules than there may be", NULL);
	}
	return r;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int r = strcmp(x->one, y->one);

	if (r == 0)
		r = strcmp(x->other, y->other);
	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static int put_pair(struct declarations *d, const struct pair *p,
		    int (*put)(void *ctx, const char *key, const char *value, uint32_t priority),
		    void *ctx)
{
	const struct declared_conflict value = {
		.other = p->other,
		.other_size = strlen(p->other),
		.module = p->by,
		.module_size = strlen(p->by),
		.by = p->word->by,
		.file = p->word->file ? p->word->file : "",
		.file_size = p->word->file ? strlen(p->word->file) : 0,
		.line = p->word->line,
	};
	CLEANUP_BUF struct buf key = { 0 }, text = { 0 };
	const char *k, *v;

	buf_put_string(&key, DECLARED_CONFLICT);
	buf_put_string(&key, p->one);
	declared_put_conflict(&value, &text);
	if (key.error || text.error)
		return -ENOMEM;
	k = arena_string(&d->arena, (const char *)key.base, key.size);
	v = arena_string(&d->arena, (const char *)text.base, text.size);
	return k && v ? put(ctx, k, v, (uint32_t)p->order) : -ENOMEM;
}

int conflicts_put(struct declarations *d, const struct graph *g, struct findings *findings,
		  int (*put)(void *ctx, const char *key, const char *value, uint32_t priority),
		  void *ctx)
{
	struct pairs pairs = { 0 };
	int r;

	r = pair_all(d, g, &pairs, findings);
	if (r == 0 && pairs.n > 0)
		qsort(pairs.items, pairs.n, sizeof(*pairs.items), compare_pairs);
	for (size_t i = 0; r >= 0 && i < pairs.n; i++) {
		const struct pair *p = &pairs.items[i];

		/* Both may say it, or one several times: the first one counts. */
		if (i > 0 && strcmp(p[-1].one, p->one) == 0 && strcmp(p[-1].other, p->other) == 0)
			continue;
		r = put_pair(d, p, put, ctx);
	}
	free(pairs.items);
	return r < 0 ? r : 0;
}
