/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/words.h"

#include <stdlib.h>

#include "graph/graph.h"
#include "index/lookup.h"

struct word_use {
	const char *word;
	const struct word_answers **answers;
};

/* Answers to one word while they are found. */
struct search {
	struct words *words;
	const struct graph *g;
	struct lookup *lookup;
	struct word_answer *found;
	uint32_t n, n_builtin;
	uint32_t *stamp; /* of modules: the last word that found it */
	uint32_t generation;
	size_t n_total;
	bool is_full; /* answers to a word were too many for what is left */
	struct lookup_answer answer;
};

static int compare_names(const void *a, const void *b, void *ctx)
{
	const struct graph_module *modules = ctx;

	return strcmp(modules[*(const uint32_t *)a].name, modules[*(const uint32_t *)b].name);
}

int words_index(struct words *w, const struct graph *g)
{
	uint32_t *by_name = arena_alloc(&w->arena, ((size_t)g->n_modules + 1) * sizeof(*by_name));
	uint32_t n = 0;

	if (!by_name)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_modules; i++)
		if (!g->modules[i].is_left_out)
			by_name[n++] = i;
	qsort_r(by_name, n, sizeof(*by_name), compare_names, g->modules);
	w->by_name = by_name;
	w->n_by_name = n;
	return 0;
}

uint32_t words_module(const struct words *w, const struct graph *g, const char *name)
{
	uint32_t low = 0, high = w->n_by_name;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int r = strcmp(g->modules[w->by_name[mid]].name, name);

		if (r == 0)
			return w->by_name[mid];
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return GRAPH_NONE;
}

int words_add(struct words *w, const char *word, const struct word_answers **ret_answers)
{
	if (w->n == w->capacity) {
		size_t capacity = w->capacity ? w->capacity * 2 : 64;
		struct word_use *uses = realloc(w->uses, capacity * sizeof(*uses));

		if (!uses)
			return -ENOMEM;
		w->uses = uses;
		w->capacity = capacity;
	}
	w->uses[w->n++] = (struct word_use){ word, ret_answers };
	return 0;
}

/* What answers now, but for a module that is no longer in the graph or was found before. */
static int keep(struct search *s, bool is_builtin)
{
	for (size_t i = 0; i < s->answer.values.n; i++) {
		const char *name = lookup_answer_module(&s->answer, i);
		uint32_t module = GRAPH_NONE;

		if (!is_builtin) {
			module = words_module(s->words, s->g, name);
			if (module == GRAPH_NONE || s->stamp[module] == s->generation)
				continue;
			s->stamp[module] = s->generation;
			name = s->g->modules[module].name;
		} else if (s->n_builtin == WORDS_BUILTIN_MAX) {
			break;
		} else {
			uint32_t k = s->n - s->n_builtin;

			while (k < s->n && strcmp(s->found[k].name, name) != 0)
				k++;
			if (k < s->n)
				continue;
			name = arena_string(&s->words->arena, name, strlen(name));
			if (!name)
				return -ENOMEM;
			s->n_builtin++;
		}
		s->found[s->n++] = (struct word_answer){ name, module };
	}
	return 0;
}

/* Asks the indexes in turn until one answers. */
static int ask(struct search *s, enum lookup_source from, enum lookup_source to)
{
	bool is_builtin = from == LOOKUP_BUILTIN;
	int r = -ENOENT;

	for (enum lookup_source source = from; r == -ENOENT && source <= to; source++) {
		/* As much again for the kernel's own list, so that no module uses it up. */
		if (s->lookup->work > (is_builtin ? 2 : 1) * WORDS_WORK_MAX)
			return -E2BIG;
		if (!lookup_is_for(source, false, s->answer.request))
			continue;
		s->answer.values.n = 0;
		r = lookup_ask(s->lookup, source, &s->answer);
		if (r == 0)
			r = keep(s, is_builtin);
	}
	return r == -ENOENT ? 0 : r;
}

/* Return: 0; -E2BIG over a limit; -ENOMEM. */
static int search(struct search *s, const char *word)
{
	uint32_t module = GRAPH_NONE;
	int r, r_builtin;

	s->n = s->n_builtin = 0;
	s->generation++;
	if (lookup_begin(word, false, &s->answer) < 0)
		return 0;
	if (lookup_is_for(LOOKUP_DEP, false, s->answer.request))
		module = words_module(s->words, s->g, s->answer.request);
	if (module != GRAPH_NONE) {
		s->found[s->n++] = (struct word_answer){ s->g->modules[module].name, module };
		r = 0;
	} else if (s->is_full) {
		return -E2BIG;
	} else {
		r = ask(s, LOOKUP_SYMBOLS, LOOKUP_ALIAS);
	}
	if (r == -ENOMEM)
		return r;
	r_builtin = ask(s, LOOKUP_BUILTIN, LOOKUP_BUILTIN_ALIAS);
	/* Who else answers makes no difference then. */
	if (r_builtin < 0 || s->n_builtin > 0)
		return r_builtin;
	/* Our own indexes are whole: one that fails has too much to look at. */
	return s->answer.broken ? -E2BIG : r;
}

static int resolve_one(struct search *s, const char *word, const struct word_answers **ret)
{
	struct arena *arena = &s->words->arena;
	struct word_answers *answers = arena_alloc(arena, sizeof(*answers));
	struct word_answer *items;
	int r;

	r = answers ? search(s, word) : -ENOMEM;
	if (r == -ENOMEM)
		return r;
	*answers = (struct word_answers){ .is_cut = r == -E2BIG };
	if (!answers->is_cut && s->n > WORDS_ANSWERS_MAX - s->n_total) {
		answers->is_cut = s->is_full = true;
	} else if (!answers->is_cut) {
		items = arena_alloc(arena, (s->n + 1) * sizeof(*items));
		if (!items)
			return -ENOMEM;
		memcpy(items, s->found, s->n * sizeof(*items));
		s->n_total += s->n;
		answers->items = items;
		answers->n = s->n;
		answers->n_builtin = s->n_builtin;
	}
	*ret = answers;
	return 0;
}

static int compare_uses(const void *a, const void *b)
{
	const struct word_use *x = a, *y = b;

	return x->word == y->word ? 0 : strcmp(x->word, y->word);
}

int words_resolve(struct words *w, const struct graph *g, struct lookup *lookup)
{
	struct search s = { .words = w, .g = g, .lookup = lookup };
	int r = 0;

	if (w->n == 0)
		return 0;
	s.found = malloc(((size_t)g->n_modules + WORDS_BUILTIN_MAX + 1) * sizeof(*s.found));
	s.stamp = calloc((size_t)g->n_modules + 1, sizeof(*s.stamp));
	if (!s.found || !s.stamp)
		r = -ENOMEM;
	qsort(w->uses, w->n, sizeof(*w->uses), compare_uses);
	for (size_t i = 0; r == 0 && i < w->n; i++) {
		if (i > 0 && compare_uses(&w->uses[i - 1], &w->uses[i]) == 0)
			*w->uses[i].answers = *w->uses[i - 1].answers;
		else
			r = resolve_one(&s, w->uses[i].word, w->uses[i].answers);
	}
	free(s.found);
	free(s.stamp);
	lookup_answer_done(&s.answer);
	return r;
}

void words_done(struct words *w)
{
	if (!w)
		return;
	free(w->uses);
	arena_done(&w->arena);
	*w = (struct words){ 0 };
}
