/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/glob.h"
#include "bytes/grow.h"
#include "bytes/name.h"

#define BLANKS " \t"
#define WILDCARDS "*?[\\"

static const char no_name[] = "is no name";

static int compare_names(const void *a, const void *b, void *ctx)
{
	const struct graph_module *modules = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int r = strcmp(modules[x].name, modules[y].name);

	return r ? r : (x > y) - (x < y);
}

static int sort_names(const struct check *c, struct claims *cl)
{
	const struct graph *g = c->in->graph;

	cl->by_name = malloc(((size_t)g->n_modules + 1) * sizeof(*cl->by_name));
	if (!cl->by_name)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_modules; i++)
		cl->by_name[i] = i;
	qsort_r(cl->by_name, g->n_modules, sizeof(*cl->by_name), compare_names, g->modules);
	return words_index(&cl->words, g);
}

/* The first of the sorted names that is not before the first @size bytes of @name. */
static uint32_t lower_bound(const struct check *c, const struct claims *cl, const char *name, size_t size)
{
	uint32_t low = 0, high = c->in->graph->n_modules;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (strncmp(c->in->graph->modules[cl->by_name[mid]].name, name, size) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t claims_module(const struct check *c, const struct claims *cl, const char *name)
{
	uint32_t at = lower_bound(c, cl, name, strlen(name) + 1);

	if (at == c->in->graph->n_modules ||
	    strcmp(c->in->graph->modules[cl->by_name[at]].name, name) != 0)
		return GRAPH_NONE;
	return cl->by_name[at];
}

bool claims_next_match(const struct check *c, struct claims *cl, const char *name, bool is_pattern,
		       struct claims_match *match, uint32_t *ret_module)
{
	const struct graph *g = c->in->graph;
	size_t size = is_pattern ? strcspn(name, WILDCARDS) : strlen(name) + 1;
	int r = 0;

	if (!match->is_begun)
		*match = (struct claims_match){ lower_bound(c, cl, name, size), true };
	while (r == 0 && match->at < g->n_modules) {
		uint32_t module = cl->by_name[match->at++];

		if (strncmp(g->modules[module].name, name, size) != 0)
			break;
		r = is_pattern ? glob_matches_within(name, g->modules[module].name, &cl->steps) : 1;
		*ret_module = module;
	}
	cl->is_cut |= r < 0;
	return r > 0;
}

/* One word, to be looked up later. */
static int add(struct claims *cl, struct claim like, const char *text, size_t size)
{
	char folded[ALIAS_MAX + 1];
	int r;

	if (cl->n == CLAIMS_MAX) {
		cl->is_cut = true;
		return 0;
	}
	r = grow_array(&cl->items, cl->n, &cl->capacity, sizeof(*cl->items), CLAIMS_MAX);
	if (r < 0)
		return r;
	like.text = like.folded = arena_string(&cl->arena, text, size);
	if (!like.text)
		return -ENOMEM;
	like.why_bad = name_is_clean(like.text) ? name_fold_word(like.text, folded) : no_name;
	if (!like.why_bad && strcmp(like.text, folded) != 0)
		like.folded = arena_string(&cl->arena, folded, strlen(folded));
	if (!like.folded)
		return -ENOMEM;
	cl->items[cl->n++] = like;
	return 0;
}

static int add_words(struct claims *cl, struct claim like, const char *text)
{
	int r = 0;

	while (r == 0 && *(text += strspn(text, BLANKS))) {
		size_t n = strcspn(text, BLANKS);

		r = add(cl, like, text, n);
		text += n;
	}
	return r;
}

static bool is_mark(const char *word, size_t size, const char *mark)
{
	return size == strlen(mark) && memcmp(word, mark, size) == 0;
}

static int add_soft(struct claims *cl, struct claim like, const char *text)
{
	int r = 0;

	like.kind = CLAIM_SOFT_PRE;
	like.is_unmarked = true;
	while (r == 0 && *(text += strspn(text, BLANKS))) {
		size_t n = strcspn(text, BLANKS);
		bool is_post = is_mark(text, n, "post:");

		if (is_post || is_mark(text, n, "pre:")) {
			like.kind = is_post ? CLAIM_SOFT_POST : CLAIM_SOFT_PRE;
			like.is_unmarked = false;
		} else {
			r = add(cl, like, text, n);
		}
		text += n;
	}
	return r;
}

/* A tag that a line cannot hold is in no index: FINDING_BAD_TAG. */
static int collect_tag(struct claims *cl, uint32_t module, const char *tag)
{
	const char *soft = facts_tag(tag, "softdep"), *weak = facts_tag(tag, "weakdep");
	struct claims_tags *tags = &cl->tags[module];
	uint32_t before = cl->n;
	int r = 0;

	if (soft && name_is_clean(soft)) {
		r = add_soft(cl, (struct claim){ .module = module }, soft);
		tags->n_soft += cl->n > before && tags->n_soft < 2;
	} else if (weak && name_is_clean(weak)) {
		r = add_words(cl, (struct claim){ .module = module, .kind = CLAIM_WEAK }, weak);
		tags->has_weak |= cl->n > before;
	} else {
		tags->has_hard |= facts_tag(tag, "harddep") != NULL;
	}
	return r;
}

static int collect_tags(struct claims *cl, const struct graph *g)
{
	int r = 0;

	cl->tags = calloc((size_t)g->n_modules + 1, sizeof(*cl->tags));
	if (!cl->tags)
		return -ENOMEM;

	for (uint32_t i = 0; i < g->n_modules; i++) {
		const struct facts *f = g->modules[i].facts;

		for (uint32_t k = 0; r == 0 && k < f->n_modinfo && !g->modules[i].is_left_out; k++) {
			const char *tag = facts_modinfo(f, k);

			/* Most are aliases, and there are many. */
			if (tag[0] != 'a')
				r = collect_tag(cl, i, tag);
		}
	}
	return r;
}

static int match_line(const struct check *c, struct claims *cl, struct claim_line *line)
{
	const struct modprobe_rule *rule = line->rule;
	struct claims_match match = { 0 };
	uint32_t module;
	int r = 0;

	line->first = cl->n_matches;
	while (r == 0 && claims_next_match(c, cl, rule->name, rule->is_pattern, &match, &module)) {
		r = grow_array(&cl->matches, cl->n_matches, &cl->matches_capacity, sizeof(*cl->matches),
			       CLAIMS_MATCHES_MAX);
		if (r == 0)
			cl->matches[cl->n_matches++] = module;
	}
	line->n = cl->n_matches - line->first;
	cl->is_cut |= r == -E2BIG;
	return r == -ENOMEM ? r : 0;
}

static int collect_line(const struct check *c, struct claims *cl, struct claim_line *line)
{
	struct claim like = { .module = GRAPH_NONE, .rule = line->rule, .rule_kind = line->kind };
	uint32_t *taken_back = cl->taken_back[line->kind];
	int r = match_line(c, cl, line);

	like.line = (uint32_t)(line - cl->lines);
	for (uint32_t i = 0; line->rule->takes_back && i < line->n; i++)
		taken_back[cl->matches[line->first + i]] =
			(uint32_t)(line->rule - c->in->conf->rules[line->kind].items) + 1;
	if (r < 0 || line->rule->takes_back)
		return r;
	if (line->kind == MODPROBE_SOFTDEP)
		return add_soft(cl, like, line->rule->text);
	like.kind = line->kind == MODPROBE_HARDDEP ? CLAIM_HARD : CLAIM_WEAK;
	return add_words(cl, like, line->rule->text);
}

/* Modules for which no later line takes this one back stand first. */
static void sort_counting(const struct check *c, struct claims *cl, struct claim_line *line)
{
	uint32_t number = (uint32_t)(line->rule - c->in->conf->rules[line->kind].items);

	for (uint32_t i = 0; i < line->n; i++) {
		uint32_t module = cl->matches[line->first + i];

		if (number < cl->taken_back[line->kind][module])
			continue;
		cl->matches[line->first + i] = cl->matches[line->first + line->n_counting];
		cl->matches[line->first + line->n_counting++] = module;
	}
}

static int collect_lines(const struct check *c, struct claims *cl)
{
	static const enum modprobe_rule_kind kinds[] = { MODPROBE_SOFTDEP, MODPROBE_WEAKDEP,
							 MODPROBE_HARDDEP };
	const struct modprobe_rules *rules = c->in->conf->rules;
	size_t n = 1;
	int r = 0;

	for (size_t k = 0; k < 3; k++)
		n += rules[kinds[k]].n;
	cl->lines = calloc(n, sizeof(*cl->lines));
	if (!cl->lines)
		return -ENOMEM;
	for (size_t k = 0; r == 0 && k < 3; k++) {
		uint32_t first = cl->n_lines;

		cl->taken_back[kinds[k]] = calloc((size_t)c->in->graph->n_modules + 1, sizeof(uint32_t));
		if (!cl->taken_back[kinds[k]])
			return -ENOMEM;
		for (uint32_t i = 0; r == 0 && i < rules[kinds[k]].n; i++) {
			struct claim_line *line = &cl->lines[cl->n_lines++];

			*line = (struct claim_line){ .rule = &rules[kinds[k]].items[i], .kind = kinds[k] };
			r = collect_line(c, cl, line);
		}
		for (uint32_t i = first; r == 0 && i < cl->n_lines; i++)
			sort_counting(c, cl, &cl->lines[i]);
	}
	return r;
}

/* Lines that are about names to which aliases answer, too. */
static int collect_subjects(const struct check *c, struct claims *cl)
{
	static const enum modprobe_rule_kind kinds[] = { MODPROBE_CONFLICT, MODPROBE_OPTIONS,
							 MODPROBE_INSTALL, MODPROBE_REMOVE };
	int r = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct modprobe_rules *rules = &c->in->conf->rules[kinds[k]];

		for (uint32_t i = 0; r == 0 && i < rules->n; i++) {
			struct claim like = { .kind = CLAIM_SUBJECT, .module = GRAPH_NONE,
					      .rule = &rules->items[i], .rule_kind = kinds[k] };

			r = add(cl, like, like.rule->name, strlen(like.rule->name));
			like.kind = CLAIM_CONFLICT;
			if (r == 0 && kinds[k] == MODPROBE_CONFLICT)
				r = add_words(cl, like, like.rule->text);
		}
	}
	return r;
}

static int resolve(const struct check *c, struct claims *cl)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < cl->n; i++)
		if (!cl->items[i].why_bad)
			r = words_add(&cl->words, cl->items[i].folded, &cl->items[i].answers);
	return r < 0 ? r : words_resolve(&cl->words, c->in->graph, c->in->lookup);
}

int claims_get(struct check *c, struct claims **ret_claims)
{
	int r = 0;

	if (!c->claims) {
		c->claims = calloc(1, sizeof(*c->claims));
		if (!c->claims)
			return -ENOMEM;
		c->claims->steps = CLAIMS_GLOB_MAX;
		r = sort_names(c, c->claims);
		if (r == 0)
			r = collect_tags(c->claims, c->in->graph);
		if (r == 0)
			r = collect_lines(c, c->claims);
		if (r == 0)
			r = collect_subjects(c, c->claims);
		if (r == 0)
			r = resolve(c, c->claims);
	}
	*ret_claims = c->claims;
	return r;
}

bool claims_has_command(const struct check *c, struct claims *cl, const char *name)
{
	static const enum modprobe_rule_kind kinds[] = { MODPROBE_INSTALL, MODPROBE_REMOVE };

	for (size_t k = 0; k < 2; k++) {
		const struct modprobe_rules *rules = &c->in->conf->rules[kinds[k]];

		for (uint32_t i = 0; i < rules->n; i++) {
			cl->is_cut |= cl->steps == 0;
			if (cl->steps == 0 || strcmp(rules->items[i].name, name) == 0)
				return true;
			cl->steps--;
		}
	}
	return false;
}

/* As modprobe asks: aliases first; a module by its name before commands. */
bool claims_is_ruled(const struct check *c, struct claims *cl, const char *word)
{
	const struct modprobe_rules *aliases = &c->in->conf->rules[MODPROBE_ALIAS];

	for (uint32_t i = 0; i < aliases->n; i++) {
		const struct modprobe_rule *rule = &aliases->items[i];
		int r = rule->is_pattern ? glob_matches_within(rule->name, word, &cl->steps)
					 : strcmp(rule->name, word) == 0;

		cl->is_cut |= r < 0 || cl->steps == 0;
		if (r != 0 || cl->steps == 0)
			return true;
		cl->steps--;
	}
	return claims_module(c, cl, word) == GRAPH_NONE && claims_has_command(c, cl, word);
}

struct check_about claims_about(const struct claim *claim, uint32_t module)
{
	struct check_about about = { .module = module, .is_of_module = true, .object = claim->text };

	if (claim->rule) {
		about.file = claim->rule->file;
		about.line = claim->rule->line;
	} else {
		about.section = ".modinfo";
	}
	return about;
}

uint32_t claims_some_module(const struct claims *cl, const struct claim *claim)
{
	const struct claim_line *line = &cl->lines[claim->line];

	if (!claim->rule)
		return claim->module;
	return line->n_counting > 0 ? cl->matches[line->first] : GRAPH_NONE;
}

int claims_skip_if_cut(struct check *c, const struct claims *cl)
{
	return cl->is_cut ? check_skip(c, "not about all: modprobe.d and the modules have too many words, "
					  "or patterns to try on all modules")
			  : 0;
}

void claims_free(struct claims *cl)
{
	if (!cl)
		return;
	free(cl->items);
	free(cl->lines);
	free(cl->matches);
	free(cl->by_name);
	free(cl->tags);
	for (size_t i = 0; i < MODPROBE_RULE_KINDS; i++)
		free(cl->taken_back[i]);
	words_done(&cl->words);
	arena_done(&cl->arena);
	free(cl);
}
