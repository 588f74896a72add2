/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Do conflicts leave everything loadable? A module that excludes what it needs, or whose needs exclude
 * each other, can never be there; nor can one that excludes what is built in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/grow.h"
#include "bytes/name.h"
#include "check/claims.h"
#include "check/rules-internal.h"
#include "graph/declarations.h"

/* Pairs that are looked at, for all modules together: a fraction of a second. */
#define STEPS_MAX ((uint64_t)1 << 26)

static int unknown_declared(struct check *c, struct claims *cl, const struct finding *x)
{
	struct check_about about = check_about_finding(x);
	char folded[ALIAS_MAX + 1];

	if (x->kind != FINDING_CONFLICT_UNKNOWN || name_fold_word(x->symbol, folded) ||
	    claims_is_ruled(c, cl, folded) || (x->module == GRAPH_NONE && !c->in->is_whole))
		return 0;
	return check_add(c, &about, "nothing answers to '%s', with which %s is in conflict", x->symbol,
			 x->module == GRAPH_NONE ? "what is built in" : c->in->graph->modules[x->module].name);
}

int check_unknown_conflict(struct check *c)
{
	const struct claim *subject = NULL;
	struct claims *cl;
	int r = claims_get(c, &cl);

	for (size_t i = 0; i < c->in->n_findings; i++)
		for (const struct finding *x = c->in->findings[i]->first; r == 0 && x; x = x->next)
			r = unknown_declared(c, cl, x);
	for (uint32_t i = 0; r == 0 && i < cl->n; i++) {
		const struct claim *claim = &cl->items[i];
		const struct word_answers *a = claim->answers;
		struct check_about about;

		subject = claim->kind == CLAIM_SUBJECT ? claim : subject;
		if (claim->kind != CLAIM_CONFLICT || !a || a->n > 0 || a->is_cut || !subject->answers ||
		    subject->answers->n == 0 || claims_is_ruled(c, cl, claim->folded))
			continue;
		about = claims_about(claim, subject->answers->items[0].module);
		about.is_of_module = about.module != GRAPH_NONE;
		if (about.is_of_module || c->in->is_whole)
			r = check_add(c, &about, "nothing answers to '%s', with which %s is in conflict",
				      claim->text, subject->answers->items[0].name);
	}
	return r < 0 ? r : claims_skip_if_cut(c, cl);
}

/** struct pair - @one and @other exclude each other */
struct pair {
	uint32_t one, other; /* @other GRAPH_NONE: something built in */
	const char *builtin; /* its name */
	const char *file;    /* NULL for a tag */
	unsigned int line;
};

/** struct conflicts - all pairs, on both sides, and a walk through dependencies */
struct conflicts {
	struct check *c;
	struct claims *claims;
	struct pair *pairs; /* sorted by @one */
	uint32_t n, capacity;
	uint32_t *first; /* by module: its first pair; n_modules + 1 of them */
	uint32_t *stamp; /* 1 + the module whose need this one is */
	uint8_t *is_broken;
	uint64_t steps;
	bool is_cut;
};

static int add_pair(struct conflicts *x, struct pair pair)
{
	int r;

	if (pair.one == GRAPH_NONE || pair.one == pair.other)
		return 0;
	r = grow_array(&x->pairs, x->n, &x->capacity, sizeof(*x->pairs), 2 * DECLARATIONS_PAIRS_MAX);
	if (r == 0)
		x->pairs[x->n++] = pair;
	x->is_cut |= r == -E2BIG;
	return r == -ENOMEM ? r : 0;
}

static int add_pairs(struct conflicts *x, const struct word_answer *one, const struct word_answers *others,
		     const char *file, unsigned int line)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < others->n && !x->is_cut; i++) {
		const struct word_answer *other = &others->items[i];

		r = add_pair(x, (struct pair){ one->module, other->module, other->name, file, line });
		if (r == 0)
			r = add_pair(x, (struct pair){ other->module, one->module, one->name, file, line });
	}
	return r;
}

static int collect_declared(struct conflicts *x)
{
	const struct declarations *d = x->c->in->declarations;
	int r = 0;

	for (size_t i = 0; d && r == 0 && i < d->n_conflicts; i++) {
		const struct conflict_word *w = &d->conflicts[i];
		const struct word_answer itself = { "", w->module };

		if (!w->word->answers || (w->one && !w->one->answers))
			continue;
		if (!w->one)
			r = add_pairs(x, &itself, w->word->answers, w->word->file, w->word->line);
		for (uint32_t k = 0; w->one && r == 0 && k < w->one->answers->n && !x->is_cut; k++)
			r = add_pairs(x, &w->one->answers->items[k], w->word->answers, w->word->file,
				      w->word->line);
	}
	return r;
}

static int collect_lines(struct conflicts *x)
{
	const struct claim *subject = NULL;
	int r = 0;

	/* The name that a line is about stands before its words. */
	for (uint32_t i = 0; r == 0 && i < x->claims->n; i++) {
		const struct claim *claim = &x->claims->items[i];

		subject = claim->kind == CLAIM_SUBJECT ? claim : subject;
		if (claim->kind != CLAIM_CONFLICT || !claim->answers)
			continue;
		for (uint32_t k = 0; subject->answers && r == 0 && k < subject->answers->n && !x->is_cut; k++)
			r = add_pairs(x, &subject->answers->items[k], claim->answers, claim->rule->file,
				      claim->rule->line);
	}
	return r;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->one != y->one)
		return x->one < y->one ? -1 : 1;
	return (x->other > y->other) - (x->other < y->other);
}

static int sort_pairs(struct conflicts *x)
{
	uint32_t n = x->c->in->graph->n_modules;
	uint32_t *memory = calloc(2 * ((size_t)n + 2), sizeof(*memory));

	x->is_broken = calloc((size_t)n + 1, 1);
	x->first = memory;
	if (!memory || !x->is_broken)
		return -ENOMEM;
	x->stamp = memory + n + 2;
	qsort(x->pairs, x->n, sizeof(*x->pairs), compare_pairs);
	for (uint32_t i = 0; i < x->n; i++)
		x->first[x->pairs[i].one + 1] = i + 1;
	for (uint32_t i = 1; i <= n; i++)
		if (x->first[i] < x->first[i - 1])
			x->first[i] = x->first[i - 1];
	return 0;
}

/* A pair of @m with something that is built in, or that module @user needs or is. */
static const struct pair *find_pair(struct conflicts *x, uint32_t m, uint32_t user)
{
	for (uint32_t p = x->first[m]; p < x->first[m + 1]; p++) {
		const struct pair *pair = &x->pairs[p];

		if (x->steps == 0) {
			x->is_cut = true;
			return NULL;
		}
		x->steps--;
		if (pair->other == GRAPH_NONE || x->stamp[pair->other] == user + 1)
			return pair;
	}
	return NULL;
}

static int report(struct conflicts *x, uint32_t user, const struct pair *pair)
{
	const struct graph_module *modules = x->c->in->graph->modules;
	const char *name = modules[user].name, *one = modules[pair->one].name;
	struct check_about about = { .module = user, .is_of_module = true, .file = pair->file,
				     .line = pair->line, .section = pair->file ? NULL : ".modinfo" };

	about.object = pair->other == GRAPH_NONE ? pair->builtin : modules[pair->other].name;
	if (pair->other == GRAPH_NONE)
		return check_add(x->c, &about, "%s can never be loaded: it is in conflict with %s, which is built in",
				 name, pair->builtin);
	if (pair->one == user || pair->other == user) {
		about.object = pair->one == user ? about.object : one;
		return check_add(x->c, &about, "%s can never be loaded: it needs %s, and is in conflict with it",
				 name, about.object);
	}
	return check_add(x->c, &about, "%s can never be loaded: it needs %s and %s, which are in conflict", name,
			 one, about.object);
}

/* Do all answers to a hard dependency exclude @user, or what it needs? */
static const struct pair *find_in_group(struct conflicts *x, uint32_t user, const struct hard *hard)
{
	const struct word_answers *a = hard->word->answers;
	const struct pair *pair = NULL;

	if (hard->fate != DECLARED_GROUP || !a || a->n_builtin > 0)
		return NULL;
	for (uint32_t i = 0; i < a->n; i++) {
		pair = find_pair(x, a->items[i].module, user);
		if (!pair)
			return NULL;
	}
	return pair;
}

/* Modules that it needs were looked at before: whoever needs a broken one is no news. */
static int look_at(struct conflicts *x, uint32_t user, struct graph_walk *walk)
{
	const struct graph *g = x->c->in->graph;
	const struct declarations *d = x->c->in->declarations;
	const struct pair *pair = NULL;
	const uint32_t *found;
	int64_t n;

	for (uint32_t k = 0; k < g->modules[user].n_deps; k++)
		x->is_broken[user] |= x->is_broken[g->modules[user].deps[k]];
	if (x->is_broken[user])
		return 0;
	n = graph_closure(g, user, walk, &found);
	if (n < 0)
		return (int)n;
	x->stamp[user] = user + 1;
	for (int64_t k = 0; k < n; k++)
		x->stamp[found[k]] = user + 1;
	pair = find_pair(x, user, user);
	for (int64_t k = 0; !pair && k < n; k++)
		pair = find_pair(x, found[k], user);
	for (const struct hard *h = d && d->hards ? d->hards[user].first : NULL; !pair && h; h = h->next)
		pair = find_in_group(x, user, h);
	x->is_broken[user] = pair != NULL;
	return pair ? report(x, user, pair) : 0;
}

static int look_at_all(struct conflicts *x)
{
	const struct graph *g = x->c->in->graph;
	uint32_t *by_rank = malloc(((size_t)g->n_modules + 1) * sizeof(*by_rank));
	struct graph_walk walk = { 0 };
	int r = by_rank ? 0 : -ENOMEM;

	for (uint32_t i = 0; by_rank && i < g->n_modules; i++)
		by_rank[i] = GRAPH_NONE;
	for (uint32_t i = 0; by_rank && i < g->n_modules; i++)
		if (!g->modules[i].is_left_out && g->modules[i].rank < g->n_modules)
			by_rank[g->modules[i].rank] = i;
	for (uint32_t k = g->n_modules; r == 0 && k > 0; k--)
		if (by_rank[k - 1] != GRAPH_NONE)
			r = look_at(x, by_rank[k - 1], &walk);
	graph_walk_done(&walk);
	free(by_rank);
	return r;
}

int check_conflict_with_need(struct check *c)
{
	struct conflicts x = { .c = c, .steps = STEPS_MAX };
	int r = claims_get(c, &x.claims);

	if (r == 0)
		r = collect_declared(&x);
	if (r == 0)
		r = collect_lines(&x);
	if (r == 0 && x.n > 0)
		r = sort_pairs(&x);
	if (r == 0 && x.n > 0)
		r = look_at_all(&x);
	if (r == 0 && x.is_cut)
		r = check_skip(c, "not about all: there are too many pairs of modules in conflict");
	free(x.pairs);
	free(x.first);
	free(x.is_broken);
	return r;
}
