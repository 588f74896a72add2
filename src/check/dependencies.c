/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Do the words of soft and weak dependencies lead anywhere, and does everybody understand them?
 */
#include <stdlib.h>
#include <string.h>

#include "check/claims.h"
#include "check/rules-internal.h"
#include "conf/depmod-conf.h"
#include "graph/declarations.h"

/* kmod reads its configuration in the order of the names of files, and this one among them. */
#define TAGS_FILE "modules.softdep"

static bool is_soft(const struct claim *claim)
{
	return claim->kind == CLAIM_SOFT_PRE || claim->kind == CLAIM_SOFT_POST;
}

static int unknown(struct check *c, bool is_for_soft)
{
	struct claims *cl;
	int r = claims_get(c, &cl);

	for (uint32_t i = 0; r == 0 && i < cl->n; i++) {
		const struct claim *claim = &cl->items[i];
		struct check_about about;
		uint32_t module;

		if (!(is_for_soft ? is_soft(claim) : claim->kind == CLAIM_WEAK) || !claim->answers ||
		    claim->answers->n > 0 || claim->answers->is_cut)
			continue;
		module = claims_some_module(cl, claim);
		if (module == GRAPH_NONE || claims_is_ruled(c, cl, claim->folded))
			continue;
		about = claims_about(claim, module);
		r = check_add(c, &about, "nothing answers to '%s', on which %s has a %s dependency",
			      claim->text, c->in->graph->modules[module].name,
			      is_for_soft ? "soft" : "weak");
	}
	return r < 0 ? r : claims_skip_if_cut(c, cl);
}

int check_unknown_softdep(struct check *c)
{
	return unknown(c, true);
}

int check_unknown_weakdep(struct check *c)
{
	return unknown(c, false);
}

/* What a line with a pattern is about may well answer to its words, too. */
static bool is_itself(const struct claim *claim, uint32_t module)
{
	const struct word_answers *a = claim->answers;

	if (!a || claim->kind == CLAIM_CONFLICT || claim->kind == CLAIM_SUBJECT ||
	    (claim->rule && claim->rule->is_pattern))
		return false;
	return a->n == 1 && a->items[0].module == module;
}

static int itself_declared(struct check *c)
{
	int r = 0;

	for (size_t i = 0; i < c->in->n_findings; i++)
		for (const struct finding *x = c->in->findings[i]->first; r == 0 && x; x = x->next) {
			struct check_about about = check_about_finding(x);

			if (x->why == declarations_itself)
				r = check_add(c, &about, "%s names itself: '%s'",
					      c->in->graph->modules[x->module].name, x->symbol);
		}
	return r;
}

int check_dependency_on_itself(struct check *c)
{
	struct claims *cl;
	int r = claims_get(c, &cl);

	if (r == 0)
		r = itself_declared(c);
	for (uint32_t i = 0; r == 0 && i < cl->n; i++) {
		const struct claim *claim = &cl->items[i];
		uint32_t module = claim->kind == CLAIM_SUBJECT || claim->kind == CLAIM_CONFLICT
					  ? GRAPH_NONE : claims_some_module(cl, claim);
		struct check_about about = claims_about(claim, module);

		if (module != GRAPH_NONE && is_itself(claim, module))
			r = check_add(c, &about, "%s names itself: '%s'",
				      c->in->graph->modules[module].name, claim->text);
	}
	return r;
}

int check_unmarked_softdep(struct check *c)
{
	struct claims *cl;
	int r = claims_get(c, &cl);

	for (uint32_t i = 0; r == 0 && i < cl->n; i++) {
		const struct claim *claim = &cl->items[i];
		uint32_t module = is_soft(claim) ? claims_some_module(cl, claim) : GRAPH_NONE;
		struct check_about about = claims_about(claim, module);

		/* depmod writes "pre:" before them if it makes one line of all tags. */
		if (module == GRAPH_NONE || !claim->is_unmarked || claim->why_bad ||
		    (!claim->rule && c->in->depmod_conf->merge_softdeps))
			continue;
		r = check_add(c, &about, "the soft dependency of %s on '%s' stands behind neither pre: nor "
			      "post:, so kmod and all that uses its library pass over it",
			      c->in->graph->modules[module].name, claim->text);
	}
	return r;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Who of several is heard: a number of a line, from 1; or the tags of the module. */
#define NOBODY 0u
#define TAGS UINT32_MAX

static bool is_softdep(const struct claim_line *line)
{
	return line->kind == MODPROBE_SOFTDEP && !line->rule->takes_back;
}

static void hear_lines(const struct claims *cl, bool is_before_tags, uint32_t *heard)
{
	for (uint32_t i = 0; i < cl->n_lines; i++) {
		const struct claim_line *line = &cl->lines[i];

		if (!is_softdep(line) ||
		    (strcmp(base_name(line->rule->file), TAGS_FILE) < 0) != is_before_tags)
			continue;
		for (uint32_t k = 0; k < line->n; k++)
			if (heard[cl->matches[line->first + k]] == NOBODY)
				heard[cl->matches[line->first + k]] = i + 1;
	}
}

/* By module: whom kmod heeds. */
static uint32_t *find_heard(const struct check *c, const struct claims *cl)
{
	uint32_t n = c->in->graph->n_modules, *heard = calloc((size_t)n + 1, sizeof(*heard));

	if (!heard)
		return NULL;
	hear_lines(cl, true, heard);
	for (uint32_t i = 0; i < n; i++)
		if (heard[i] == NOBODY && cl->tags[i].n_soft > 0)
			heard[i] = TAGS;
	hear_lines(cl, false, heard);
	return heard;
}

static int not_heard(struct check *c, const struct claims *cl, uint32_t i, const uint32_t *heard)
{
	const struct claim_line *line = &cl->lines[i];

	for (uint32_t k = 0; k < line->n_counting; k++) {
		uint32_t module = cl->matches[line->first + k];
		const char *name = c->in->graph->modules[module].name;
		struct check_about about = { .module = module, .is_of_module = true, .object = "softdep",
					     .file = line->rule->file, .line = line->rule->line };

		if (heard[module] == i + 1 && cl->tags[module].n_soft > 0)
			return check_add(c, &about, "kmod heeds only this softdep line about %s, and nothing "
					 "of what the module says of itself", name);
		if (heard[module] == TAGS)
			return check_add(c, &about, "kmod heeds what %s says of itself, and does not heed this "
					 "softdep line", name);
		if (heard[module] != i + 1)
			return check_add(c, &about, "kmod heeds only the first softdep line about %s, %s:%u",
					 name, cl->lines[heard[module] - 1].rule->file,
					 cl->lines[heard[module] - 1].rule->line);
	}
	return 0;
}

int check_several_softdeps(struct check *c)
{
	uint32_t *heard = NULL;
	struct claims *cl;
	int r = claims_get(c, &cl);

	for (uint32_t i = 0; r == 0 && i < c->in->graph->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .section = ".modinfo",
					     .object = "softdep" };

		if (cl->tags[i].n_soft > 1 && !c->in->depmod_conf->merge_softdeps)
			r = check_add(c, &about, "%s has several softdep tags, of which kmod heeds only the "
				      "first", c->in->graph->modules[i].name);
	}
	if (r == 0)
		heard = find_heard(c, cl);
	r = r == 0 && !heard ? -ENOMEM : r;
	for (uint32_t i = 0; r == 0 && i < cl->n_lines; i++)
		if (is_softdep(&cl->lines[i]))
			r = not_heard(c, cl, i, heard);
	free(heard);
	return r;
}

static bool says(const struct claims *cl, uint32_t module, enum modprobe_rule_kind kind)
{
	const struct claims_tags *tags = &cl->tags[module];

	return kind == MODPROBE_SOFTDEP ? tags->n_soft > 0
					: kind == MODPROBE_WEAKDEP ? tags->has_weak : tags->has_hard;
}

/* @n modules, the first of them @module, whose word is taken back. */
static int add_taken_back(struct check *c, enum modprobe_rule_kind kind, uint32_t module, uint32_t n,
			  const char *file, unsigned int line)
{
	static const char *const names[MODPROBE_RULE_KINDS] = { [MODPROBE_SOFTDEP] = "softdep",
								[MODPROBE_WEAKDEP] = "weakdep",
								[MODPROBE_HARDDEP] = "harddep" };
	struct check_about about = { .module = module, .is_of_module = true, .file = file, .line = line,
				     .object = names[kind], .has_severity = kind != MODPROBE_HARDDEP,
				     .severity = CHECK_NOTE };
	const char *name = c->in->graph->modules[module].name;

	if (n > 1)
		return check_add(c, &about, "takes back what %s and %u other module%s say of themselves by %s",
				 name, n - 1, n == 2 ? "" : "s", names[kind]);
	return check_add(c, &about, "takes back what %s says of itself by %s", name, names[kind]);
}

static int taken_back_by_depmod(struct check *c, struct claims *cl)
{
	const struct depmod_declarations *hards = &c->in->depmod_conf->hards;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < hards->n; i++) {
		const struct depmod_declaration *line = &hards->items[i];
		struct claims_match match = { 0 };
		uint32_t module, first = 0, n = 0;

		while (line->takes_back &&
		       claims_next_match(c, cl, line->name, line->is_pattern, &match, &module))
			if (says(cl, module, MODPROBE_HARDDEP) && n++ == 0)
				first = module;
		if (n > 0)
			r = add_taken_back(c, MODPROBE_HARDDEP, first, n, line->file, line->line);
	}
	return r;
}

int check_dependency_taken_back(struct check *c)
{
	struct claims *cl;
	int r = claims_get(c, &cl);

	for (uint32_t i = 0; r == 0 && i < cl->n_lines; i++) {
		const struct claim_line *line = &cl->lines[i];
		uint32_t first = 0, n = 0;

		for (uint32_t k = 0; line->rule->takes_back && k < line->n; k++)
			if (says(cl, cl->matches[line->first + k], line->kind) && n++ == 0)
				first = cl->matches[line->first + k];
		if (n > 0)
			r = add_taken_back(c, line->kind, first, n, line->rule->file, line->rule->line);
	}
	if (r == 0)
		r = taken_back_by_depmod(c, cl);
	return r < 0 ? r : claims_skip_if_cut(c, cl);
}

static int bad_declared(struct check *c, const struct finding *x)
{
	struct check_about about = check_about_finding(x);

	if ((x->kind != FINDING_HARD_BAD && x->kind != FINDING_CONFLICT_BAD && x->kind != FINDING_BAD_TAG) ||
	    x->why == declarations_itself ||
	    (x->module != GRAPH_NONE && c->in->graph->modules[x->module].is_left_out))
		return 0;
	about.has_severity = x->why == declarations_repeated;
	about.severity = CHECK_NOTE;
	return check_add(c, &about, "the %s '%.200s' %s, and is not used",
			 x->kind == FINDING_HARD_BAD ? "hard dependency"
						     : x->kind == FINDING_BAD_TAG ? "dependency" : "conflict",
			 x->symbol, x->why);
}

int check_bad_dependency(struct check *c)
{
	struct claims *cl;
	int r = claims_get(c, &cl);

	for (size_t i = 0; i < c->in->n_findings; i++)
		for (const struct finding *x = c->in->findings[i]->first; r == 0 && x; x = x->next)
			r = bad_declared(c, x);
	for (uint32_t i = 0; r == 0 && i < cl->n; i++) {
		const struct claim *claim = &cl->items[i];
		bool is_word = is_soft(claim) || claim->kind == CLAIM_WEAK;
		uint32_t module = is_word ? claims_some_module(cl, claim) : GRAPH_NONE;
		struct check_about about = claims_about(claim, module);

		if (module != GRAPH_NONE && claim->why_bad)
			r = check_add(c, &about, "the %s dependency '%.200s' %s, and is not used",
				      is_soft(claim) ? "soft" : "weak", claim->text, claim->why_bad);
	}
	return r;
}
