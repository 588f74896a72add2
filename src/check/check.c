/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks the rules one after the other and keeps what they find.
 */
#include "check/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/grow.h"
#include "bytes/release.h"
#include "check/claims.h"
#include "check/rules.h"
#include "conf/kernel-config.h"

/* A sentence longer than this helps nobody. */
#define MESSAGE_MAX 1000u

/* Reasons why rules did not look at everything; the first ones tell enough. */
#define NOT_RUN_MAX 4096u

/* A copy on which a terminal can't choke: control characters and what is not ASCII become '?'. */
static const char *keep(struct check *c, const char *s)
{
	char *copy = arena_string(&c->arena, s, strlen(s));

	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
	return copy;
}

/* Many findings in a row are about one file. */
static const char *keep_again(struct check *c, const char *s, const char *last)
{
	return last && strcmp(s, last) == 0 ? last : keep(c, s);
}

static int complete(struct check *c, const struct check_about *about, struct check_finding *f)
{
	const struct check_finding *last = c->n_findings ? &c->findings[c->n_findings - 1] : NULL;
	const char *name = about->name, *file = about->file;

	if (about->is_of_module) {
		name = c->in->graph->modules[about->module].name;
		file = file ? file : c->in->modules[about->module].path;
	}
	f->object = keep(c, about->object ? about->object : "");
	f->module = name ? keep_again(c, name, last ? last->module : NULL) : NULL;
	f->file = file ? keep_again(c, file, last ? last->file : NULL) : NULL;
	f->section = about->section;
	f->line = about->line;
	if (!f->object || (name && !f->module) || (file && !f->file))
		return -ENOMEM;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_asked(const struct check_input *in, const struct check_about *about)
{
	if (about->is_of_module)
		return in->modules[about->module].is_asked;
	if (!in->asked)
		return true;
	return about->name && in->n_asked > 0 &&
	       bsearch(&about->name, in->asked, in->n_asked, sizeof(*in->asked), compare_names);
}

int check_add(struct check *c, const struct check_about *about, const char *format, ...)
{
	struct check_finding f = { .rule = c->rule, .severity = c->rule->severity };
	char text[MESSAGE_MAX];
	va_list args;
	int r;

	if (!is_asked(c->in, about))
		return 0;
	if (about->has_severity)
		f.severity = about->severity;
	if (c->n_findings >= c->room) {
		c->dropped[f.severity]++;
		return 0;
	}
	r = grow_array(&c->findings, c->n_findings, &c->capacity, sizeof(*c->findings),
		       CHECK_FINDINGS_MAX);
	if (r < 0)
		return r;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	f.message = keep(c, text);
	if (!f.message || complete(c, about, &f) < 0)
		return -ENOMEM;
	c->findings[c->n_findings++] = f;
	return 0;
}

static int add_not_run(struct check *c, const char *why, bool is_partial)
{
	int r;

	r = grow_array(&c->not_run, c->n_not_run, &c->not_run_capacity, sizeof(*c->not_run), NOT_RUN_MAX);
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	why = keep(c, why);
	if (!why)
		return -ENOMEM;
	c->not_run[c->n_not_run++] = (struct check_not_run){ c->rule, why, is_partial };
	return 0;
}

int check_skip(struct check *c, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->states[c->rule - check_rules] = CHECK_RUN_IN_PART;
	return add_not_run(c, text, true);
}

/* The first thing that is missing is reason enough. */
static int note_need(struct check *c, unsigned int missing)
{
	char text[MESSAGE_MAX];
	unsigned int i = 0;

	while (!(missing & (1u << i)))
		i++;
	(void)snprintf(text, sizeof(text), "needs %s%s%s", check_need_name(1u << i),
		       c->in->why_not[i] ? ": " : "", c->in->why_not[i] ? c->in->why_not[i] : "");
	return add_not_run(c, text, false);
}

const struct graph_symbol *check_import_symbol(const struct check *c, uint32_t i, uint32_t k)
{
	return c->judgement.symbols[c->judgement.first[i] + k];
}

enum verdict check_import_verdict(const struct check *c, uint32_t i, uint32_t k)
{
	return (enum verdict)c->judgement.verdicts[c->judgement.first[i] + k];
}

/* A kernel that has no versions does not compare those that modules have. */
static unsigned int what_to_judge(const struct check_input *in)
{
	bool has_no_versions = in->config && !kernel_config_is(in->config, "CONFIG_MODVERSIONS");

	return JUDGE_AS_KERNEL & ~(has_no_versions ? JUDGE_VERSIONS : 0u);
}

static int compare_strings(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_findings(const void *a, const void *b)
{
	const struct check_finding *x = a, *y = b;
	int c = x->rule < y->rule ? -1 : x->rule > y->rule;

	if (c == 0)
		c = compare_strings(x->module, y->module);
	if (c == 0)
		c = compare_strings(x->file, y->file);
	if (c == 0)
		c = x->line < y->line ? -1 : x->line > y->line;
	if (c == 0)
		c = strcmp(x->object, y->object);
	return c ? c : strcmp(x->message, y->message);
}

static bool is_same(const struct check_finding *a, const struct check_finding *b)
{
	return a->severity == b->severity && compare_findings(a, b) == 0;
}

/* What stands somewhere twice is wrong once. */
static void sort(struct check *c)
{
	uint32_t n = 0;

	if (c->n_findings < 2)
		return;
	qsort(c->findings, c->n_findings, sizeof(*c->findings), compare_findings);
	for (uint32_t i = 0; i < c->n_findings; i++)
		if (i == 0 || !is_same(&c->findings[i], &c->findings[n - 1]))
			c->findings[n++] = c->findings[i];
	c->n_findings = n;
}

static int run_one(struct check *c, const struct check_rule *rule)
{
	unsigned int missing = rule->needs & ~c->in->knows;

	enum check_state *state = &c->states[rule - check_rules];

	if (c->in->is_off && c->in->is_off[rule - check_rules])
		return 0;
	c->rule = rule;
	*state = missing ? CHECK_NOT_RUN : CHECK_RUN;
	if (missing)
		return note_need(c, missing);
	c->n_run++;
	c->room = c->n_findings + (CHECK_FINDINGS_MAX - c->n_findings) / 2;
	return rule->run(c);
}

int check_rules_run(struct check *c, const struct check_input *in)
{
	int r;

	c->in = in;
	c->states = calloc(check_n_rules, sizeof(*c->states));
	r = c->states ? judge_graph(in->graph, what_to_judge(in), judge_lists_of(in->release), &c->judgement)
		      : -ENOMEM;
	for (size_t i = 0; r == 0 && i < check_n_rules; i++)
		r = run_one(c, &check_rules[i]);
	if (r == 0)
		sort(c);
	return r;
}

bool check_release_is(const struct check_input *in, unsigned int major, unsigned int minor)
{
	return release_is_since(in->release, major, minor);
}

uint64_t check_count(const struct check *c, enum check_severity severity)
{
	uint64_t n = c->dropped[severity];

	for (uint32_t i = 0; i < c->n_findings; i++)
		n += c->findings[i].severity == severity && !c->findings[i].is_accepted;
	return n;
}

void check_done(struct check *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	free(c->findings);
	free(c->not_run);
	free(c->states);
	judgement_done(&c->judgement);
	claims_free(c->claims);
	*c = (struct check){ 0 };
}
