/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/declarations.h"

#include <stdlib.h>

#include "bytes/buf.h"
#include "bytes/glob.h"
#include "bytes/name.h"
#include "conf/depmod-conf.h"
#include "graph/declarations-internal.h"

#define BLANKS " \t"

static const char is_empty[] = "is empty";
static const char too_costly[] = "was not looked up: all names together have too many aliases to look at";

const char declarations_pattern[] = "is a pattern";
const char declarations_itself[] = "is the module itself";
const char declarations_repeated[] = "is said before";
const char declarations_too_many[] = "is over the limit of names, and so is all behind it";

bool declarations_are_any(const struct graph *g, const struct depmod_conf *conf)
{
	if (conf->hards.n > 0 || conf->conflicts.n > 0)
		return true;
	for (uint32_t i = 0; i < g->n_modules; i++)
		if (facts_first(g->modules[i].facts, "harddep") ||
		    facts_first(g->modules[i].facts, "conflict"))
			return true;
	return false;
}

int declarations_finding(struct findings *findings, enum finding_kind kind, uint32_t module,
			 struct declared_word *word, const char *why, struct finding **ret_finding)
{
	struct finding *x;

	if (ret_finding)
		*ret_finding = NULL;
	/* A pattern can be about thousands of modules. */
	if ((word->told & 1u << kind) && word->is_of_pattern)
		return 0;
	word->told |= 1u << kind;
	x = findings_add(findings, kind, module);
	if (!x)
		return -ENOMEM;
	x->symbol = word->text;
	x->why = why;
	x->file = word->file;
	x->line = word->line;
	x->is_refused = word->by != DECLARED_BY_CONF;
	x->is_one_of_many = word->is_of_pattern;
	if (ret_finding)
		*ret_finding = x;
	return 0;
}

static uint32_t count_words(const char *text)
{
	uint32_t n = 0;

	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		n++;
		text += strcspn(text, BLANKS);
	}
	return n;
}

int declarations_parse(struct declarations *d, const char *text, const struct declared_word *like,
		       struct declared_words *ret_words)
{
	uint32_t n = count_words(text);
	struct declared_word *items;
	char folded[ALIAS_MAX + 1];

	if (n > DECLARATIONS_WORDS_MAX)
		n = DECLARATIONS_WORDS_MAX + 1;
	items = arena_alloc(&d->arena, n * sizeof(*items));
	if (!items)
		return -ENOMEM;
	*ret_words = (struct declared_words){ .items = items, .n = n };
	if (n > DECLARATIONS_WORDS_MAX)
		ret_words->over = &items[--ret_words->n];
	for (uint32_t i = 0; i < n; i++) {
		struct declared_word *w = &items[i];
		size_t size;

		text += strspn(text, BLANKS);
		size = strcspn(text, BLANKS);
		*w = *like;
		w->text = arena_string(&d->arena, text, size);
		text += size;
		if (!w->text)
			return -ENOMEM;
		w->folded = w->text;
		if (name_fold_word(w->text, folded) == NULL && strcmp(w->text, folded) != 0)
			w->folded = arena_string(&d->arena, folded, strlen(folded));
		if (!w->folded)
			return -ENOMEM;
	}
	return 0;
}

int declarations_check(struct declared_word *word, const struct graph *g, uint32_t module,
		       enum finding_kind kind, struct findings *findings)
{
	char folded[ALIAS_MAX + 1];
	const char *why = name_fold_word(word->text, folded);
	int r;

	if (!why && folded[strcspn(folded, "*?[")])
		why = declarations_pattern;
	if (!why && strcmp(folded, g->modules[module].name) == 0)
		why = declarations_itself;
	if (!why)
		return 1;
	/* That a pattern is about the one that it is for, too, is as it should be. */
	r = word->is_of_pattern ? 0 : declarations_finding(findings, kind, module, word, why, NULL);
	return r < 0 ? r : 0;
}

static int add(struct declarations *d, uint32_t module, struct declared_word *word,
	       struct findings *findings)
{
	struct hards *h = &d->hards[module];
	struct hard *x;

	if (h->n >= DECLARATIONS_WORDS_MAX || d->n_hards >= DECLARATIONS_MAX) {
		if (h->is_full)
			return 0;
		h->is_full = true;
		return declarations_finding(findings, FINDING_HARD_BAD, module, word, declarations_too_many,
					    NULL);
	}
	x = arena_alloc(&d->arena, sizeof(*x));
	if (!x)
		return -ENOMEM;
	*x = (struct hard){ .word = word, .order = h->n++, .by = word->by, .answer = GRAPH_NONE };
	if (h->last)
		h->last->next = x;
	else
		h->first = x;
	h->last = x;
	d->n_hards++;
	return 0;
}

static int add_words(struct declarations *d, const struct graph *g, uint32_t module,
		     struct declared_words *words, struct findings *findings)
{
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < words->n; i++) {
		r = declarations_check(&words->items[i], g, module, FINDING_HARD_BAD, findings);
		if (r > 0)
			r = add(d, module, &words->items[i], findings);
	}
	if (r >= 0 && words->over && !d->hards[module].is_full) {
		d->hards[module].is_full = true;
		r = declarations_finding(findings, FINDING_HARD_BAD, module, words->over,
					 declarations_too_many, NULL);
	}
	return r < 0 ? r : 0;
}

static int collect_tags(struct declarations *d, const struct graph *g, uint32_t module,
			struct findings *findings)
{
	static const struct declared_word like = { .by = DECLARED_BY_MODULE };
	const struct facts *f = g->modules[module].facts;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < f->n_modinfo; i++) {
		const char *value = facts_tag(facts_modinfo(f, i), "harddep");
		struct declared_word none = { .text = "", .by = DECLARED_BY_MODULE };
		struct declared_words words;

		if (!value)
			continue;
		r = declarations_parse(d, value, &like, &words);
		if (r == 0 && words.n == 0)
			r = declarations_finding(findings, FINDING_HARD_BAD, module, &none, is_empty, NULL);
		else if (r == 0)
			r = add_words(d, g, module, &words, findings);
	}
	return r;
}

static int apply_line(struct declarations *d, const struct graph *g, uint32_t module,
		      const struct depmod_declaration *line, struct declared_words *words,
		      struct findings *findings)
{
	if (!line->takes_back)
		return add_words(d, g, module, words, findings);
	d->hards[module] = (struct hards){ 0 };
	return 0;
}

static int collect_line(struct declarations *d, const struct graph *g,
			const struct depmod_declaration *line, struct findings *findings)
{
	const struct declared_word like = { .file = line->file,
					    .line = line->line,
					    .by = line->is_strict ? DECLARED_BY_CONF_STRICT
								  : DECLARED_BY_CONF,
					    .is_of_pattern = line->is_pattern };
	struct declared_words words;
	uint32_t module;
	int r;

	r = declarations_parse(d, line->words, &like, &words);
	if (r == 0 && !line->is_pattern) {
		module = words_module(&d->words, g, line->name);
		return module == GRAPH_NONE ? 0 : apply_line(d, g, module, line, &words, findings);
	}
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++)
		if (!g->modules[i].is_left_out && glob_matches(line->name, g->modules[i].name))
			r = apply_line(d, g, i, line, &words, findings);
	return r;
}

int declarations_collect(struct declarations *d, const struct graph *g, const struct depmod_conf *conf,
			 struct findings *findings)
{
	int r;

	d->hards = calloc((size_t)g->n_modules + 1, sizeof(*d->hards));
	r = d->hards ? words_index(&d->words, g) : -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++)
		if (!g->modules[i].is_left_out)
			r = collect_tags(d, g, i, findings);
	for (uint32_t i = 0; r == 0 && i < conf->hards.n; i++)
		r = collect_line(d, g, &conf->hards.items[i], findings);
	return r < 0 ? r : conflicts_collect(d, g, conf, findings);
}

static int compare_hards(const void *a, const void *b)
{
	const struct hard *x = *(const struct hard *const *)a, *y = *(const struct hard *const *)b;
	int r = strcmp(x->word->folded, y->word->folded);

	return r ? r : (x->order > y->order) - (x->order < y->order);
}

/* Configuration may say what a module says of itself; it serves older ones, too. */
static int drop_repeats(struct hards *h, uint32_t module, struct hard **sorted, struct findings *findings)
{
	struct hard *first;
	uint32_t n = 0;
	int r = 0;

	for (struct hard *x = h->first; x; x = x->next)
		sorted[n++] = x;
	qsort(sorted, n, sizeof(struct hard *), compare_hards);
	first = sorted[0];
	for (uint32_t i = 1; r == 0 && i < n; i++) {
		if (strcmp(first->word->folded, sorted[i]->word->folded) != 0) {
			first = sorted[i];
			continue;
		}
		sorted[i]->is_dropped = true;
		if (first->by == DECLARED_BY_CONF)
			first->by = sorted[i]->by;
		if (!first->word->file == !sorted[i]->word->file)
			r = declarations_finding(findings, FINDING_HARD_BAD, module,
						 sorted[i]->word, declarations_repeated, NULL);
	}
	return r;
}

static int set_fate(struct hard *x, uint32_t module, const uint32_t *needed, struct findings *findings)
{
	const struct word_answers *a = x->word->answers;
	int r;

	x->fate = a->n_builtin > 0 ? DECLARED_BUILTIN : a->n > 1 ? DECLARED_GROUP : DECLARED_UNKNOWN;
	if (a->is_cut)
		return declarations_finding(findings, FINDING_HARD_BAD, module, x->word, too_costly, NULL);
	if (a->n == 0) {
		/* What is refused for a stricter line's sake is said whatever the first line is. */
		enum declared_by by = x->word->by;

		x->word->by = x->by;
		r = declarations_finding(findings, FINDING_HARD_UNKNOWN, module, x->word, NULL, NULL);
		x->word->by = by;
		return r;
	}
	if (x->fate != DECLARED_UNKNOWN)
		return 0;
	x->answer = a->items[0].module;
	if (x->answer == module) {
		x->is_dropped = true;
		return x->word->is_of_pattern ? 0 : declarations_finding(findings, FINDING_HARD_BAD, module,
									 x->word, declarations_itself,
									 NULL);
	}
	x->fate = needed[x->answer] == module + 1 ? DECLARED_BY_SYMBOL : DECLARED_IN_DEP;
	return 0;
}

static void take_out_dropped(struct hards *h)
{
	struct hard **to = &h->first;

	h->last = NULL;
	h->n = 0;
	for (struct hard *x = h->first; x; x = x->next) {
		if (x->is_dropped)
			continue;
		*to = x;
		to = &x->next;
		h->last = x;
		x->order = h->n++;
	}
	*to = NULL;
}

static int ask(struct declarations *d, struct declared_word *word)
{
	if (word->is_asked)
		return 0;
	word->is_asked = true;
	return words_add(&d->words, word->folded, &word->answers);
}

static int ask_all(struct declarations *d, const struct graph *g)
{
	int r = 0;

	for (uint32_t i = 0; i < g->n_modules; i++)
		for (struct hard *x = d->hards[i].first; r == 0 && x; x = x->next)
			r = ask(d, x->word);
	for (size_t i = 0; r == 0 && i < d->n_conflicts; i++) {
		if (d->conflicts[i].one)
			r = ask(d, d->conflicts[i].one);
		if (r == 0)
			r = ask(d, d->conflicts[i].word);
	}
	return r;
}

int declarations_resolve(struct declarations *d, const struct graph *g, struct lookup *lookup,
			 struct findings *findings)
{
	struct hard **sorted = malloc(DECLARATIONS_WORDS_MAX * sizeof(struct hard *));
	uint32_t *needed = calloc((size_t)g->n_modules + 1, sizeof(*needed));
	int r;

	r = sorted && needed ? ask_all(d, g) : -ENOMEM;
	if (r == 0)
		r = words_resolve(&d->words, g, lookup);
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct hards *h = &d->hards[i];

		if (!h->first)
			continue;
		for (uint32_t k = 0; k < g->modules[i].n_deps; k++)
			needed[g->modules[i].deps[k]] = i + 1;
		r = drop_repeats(h, i, sorted, findings);
		take_out_dropped(h);
		for (struct hard *x = h->first; r == 0 && x; x = x->next)
			r = set_fate(x, i, needed, findings);
		take_out_dropped(h);
	}
	free(sorted);
	free(needed);
	return r;
}

static int put_hard(struct declarations *d, const struct graph_module *m, const struct hard *x,
		    int (*put)(void *ctx, const char *key, const char *value, uint32_t priority),
		    void *ctx)
{
	const struct declared_hard value = {
		.word = x->word->text,
		.word_size = strlen(x->word->text),
		.by = x->by,
		.fate = x->fate,
		.file = x->word->file ? x->word->file : "",
		.file_size = x->word->file ? strlen(x->word->file) : 0,
		.line = x->word->line,
	};
	CLEANUP_BUF struct buf key = { 0 }, text = { 0 };
	const char *k, *v;

	buf_put_string(&key, DECLARED_HARDDEP);
	buf_put_string(&key, m->name);
	declared_put_hard(&value, &text);
	if (key.error || text.error)
		return -ENOMEM;
	k = arena_string(&d->arena, (const char *)key.base, key.size);
	v = arena_string(&d->arena, (const char *)text.base, text.size);
	return k && v ? put(ctx, k, v, x->order) : -ENOMEM;
}

int declarations_put(struct declarations *d, const struct graph *g, struct findings *findings,
		     int (*put)(void *ctx, const char *key, const char *value, uint32_t priority),
		     void *ctx)
{
	int r = 0;

	if (!d->hards)
		return 0;
	for (uint32_t i = 0; r >= 0 && i < g->n_modules; i++)
		for (struct hard *x = d->hards[i].first; r >= 0 && x; x = x->next)
			r = put_hard(d, &g->modules[i], x, put, ctx);
	return r < 0 ? r : conflicts_put(d, g, findings, put, ctx);
}

void declarations_done(struct declarations *d)
{
	if (!d)
		return;
	free(d->hards);
	free(d->conflicts);
	words_done(&d->words);
	arena_done(&d->arena);
	*d = (struct declarations){ 0 };
}
