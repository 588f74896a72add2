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
#include "check/claims.h"
#include "check/rules.h"

/* A sentence longer than this helps nobody. */
#define MESSAGE_MAX 1000u

/* A copy on which a terminal can't choke: control characters and what is not ASCII become '?'. */
static const char *keep(struct check *c, const char *s)
{
	char *copy = arena_string(&c->arena, s, strlen(s));

	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
	return copy;
}

static int complete(struct check *c, const struct check_about *about, struct check_finding *f)
{
	const char *name = about->name, *file = about->file;

	if (about->is_of_module) {
		name = c->in->graph->modules[about->module].name;
		file = file ? file : c->in->modules[about->module].path;
	}
	f->object = keep(c, about->object ? about->object : "");
	f->module = name ? keep(c, name) : NULL;
	f->file = file ? keep(c, file) : NULL;
	f->section = about->section;
	f->line = about->line;
	if (!f->object || (name && !f->module) || (file && !f->file))
		return -ENOMEM;
	return 0;
}

int check_add(struct check *c, const struct check_about *about, const char *format, ...)
{
	struct check_finding f = { .rule = c->rule, .severity = c->rule->severity };
	char text[MESSAGE_MAX];
	va_list args;
	int r;

	if (about->is_of_module && !c->in->modules[about->module].is_asked)
		return 0;
	if (c->n_findings == CHECK_FINDINGS_MAX) {
		c->n_dropped++;
		return 0;
	}
	r = grow_array(&c->findings, c->n_findings, &c->capacity, sizeof(*c->findings),
		       CHECK_FINDINGS_MAX);
	if (r < 0)
		return r;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (about->has_severity)
		f.severity = about->severity;
	f.message = keep(c, text);
	if (!f.message || complete(c, about, &f) < 0)
		return -ENOMEM;
	c->findings[c->n_findings++] = f;
	return 0;
}

static int add_not_run(struct check *c, const char *why)
{
	int r;

	r = grow_array(&c->not_run, c->n_not_run, &c->not_run_capacity, sizeof(*c->not_run), 1u << 16);
	if (r < 0)
		return r;
	why = keep(c, why);
	if (!why)
		return -ENOMEM;
	c->not_run[c->n_not_run++] = (struct check_not_run){ c->rule, why };
	return 0;
}

int check_skip(struct check *c, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return add_not_run(c, text);
}

/* The first thing that is missing is reason enough. */
static int note_need(struct check *c, unsigned int missing)
{
	for (unsigned int i = 0; i < CHECK_NEEDS; i++)
		if (missing & (1u << i))
			return c->in->why_not[i]
				       ? check_skip(c, "needs %s: %s", check_need_name(1u << i), c->in->why_not[i])
				       : check_skip(c, "needs %s", check_need_name(1u << i));
	return 0;
}

/* Who exports each import: looked up once, for all rules. */
static int find_symbols(struct check *c)
{
	const struct graph *g = c->in->graph;
	size_t n = 0;

	c->first_symbol = malloc(((size_t)g->n_modules + 1) * sizeof(*c->first_symbol));
	if (!c->first_symbol)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_modules; i++) {
		c->first_symbol[i] = (uint32_t)n;
		n += g->modules[i].facts->n_imports;
		if (n > UINT32_MAX)
			return -ENOMEM;
	}
	c->symbols = malloc((n + 1) * sizeof(*c->symbols));
	if (!c->symbols)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_modules; i++)
		for (uint32_t k = 0; k < g->modules[i].facts->n_imports; k++)
			c->symbols[c->first_symbol[i] + k] = graph_find_import(c->in->graph, i, k);
	return 0;
}

const struct graph_symbol *check_import_symbol(const struct check *c, uint32_t i, uint32_t k)
{
	return c->symbols[c->first_symbol[i] + k];
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

	c->rule = rule;
	if (missing)
		return note_need(c, missing);
	c->n_run++;
	return rule->run(c);
}

int check_rules_run(struct check *c, const struct check_input *in)
{
	int r;

	c->in = in;
	r = find_symbols(c);
	for (size_t i = 0; r == 0 && i < check_n_rules; i++)
		r = run_one(c, &check_rules[i]);
	if (r == 0)
		sort(c);
	return r;
}

/* "6.12.117+deb12-amd64": two numbers with a dot between. */
bool check_release_is(const struct check_input *in, unsigned int major, unsigned int minor)
{
	unsigned int numbers[2] = { 0, 0 };
	const char *s = in->release;

	for (int i = 0; i < 2 && s; i++) {
		if (*s < '0' || *s > '9')
			return false;
		while (*s >= '0' && *s <= '9' && numbers[i] < 100000)
			numbers[i] = numbers[i] * 10 + (unsigned int)(*s++ - '0');
		if (i == 0 && *s++ != '.')
			return false;
	}
	return s && (numbers[0] > major || (numbers[0] == major && numbers[1] >= minor));
}

uint32_t check_count(const struct check *c, enum check_severity severity)
{
	uint32_t n = 0;

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
	free(c->symbols);
	free(c->first_symbol);
	claims_free(c->claims);
	*c = (struct check){ 0 };
}
