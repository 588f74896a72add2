/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which modules stand in each other's way: since they export the same, or need each other in a circle?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/grow.h"
#include "check/rules-internal.h"

/* Symbols that several export; a hostile tree has as many as it has exports. */
#define REPEATS_MAX (1u << 26)

/* Steps of a circle that a message shows. */
#define STEPS_MAX 20u

/** struct repeat - @module exports what @other, or the kernel (GRAPH_NONE), exports too */
struct repeat {
	uint32_t module, other;
	const char *symbol;
};

struct repeats {
	struct repeat *items;
	uint32_t n, capacity;
};

static int add_repeat(struct repeats *found, uint32_t module, uint32_t other, const char *symbol)
{
	int r = grow_array(&found->items, found->n, &found->capacity, sizeof(*found->items),
			   REPEATS_MAX);

	if (r < 0)
		return -ENOMEM;
	found->items[found->n++] = (struct repeat){ module, other, symbol };
	return 0;
}

/* Pairs of the first exporter of one symbol with all older ones; with the kernel, or among modules. */
static int repeats_of(const struct graph *g, const struct graph_symbol *first, bool with_kernel,
		      struct repeats *found)
{
	bool has_kernel = false;
	int r = 0;

	for (const struct graph_symbol *s = first; s; s = graph_older_symbol(g, s))
		has_kernel = has_kernel || s->owner == GRAPH_NONE;
	for (const struct graph_symbol *s = first; r == 0 && s; s = graph_older_symbol(g, s)) {
		if (s->owner == GRAPH_NONE || g->modules[s->owner].is_left_out)
			continue;
		if (with_kernel)
			r = has_kernel ? add_repeat(found, s->owner, GRAPH_NONE, s->name) : 0;
		else if (first->owner != GRAPH_NONE && s->owner != first->owner)
			r = add_repeat(found, s->owner, first->owner, s->name);
	}
	return r;
}

static int compare_repeats(const void *a, const void *b)
{
	const struct repeat *x = a, *y = b;

	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	if (x->other != y->other)
		return x->other < y->other ? -1 : 1;
	return strcmp(x->symbol, y->symbol);
}

static int find_repeats(const struct graph *g, bool with_kernel, struct repeats *found)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_slots; i++)
		if (g->symbols[i].name && g->symbols[i].older && !g->symbols[i].is_gone)
			r = repeats_of(g, &g->symbols[i], with_kernel, found);
	if (r == 0 && found->n > 1)
		qsort(found->items, found->n, sizeof(*found->items), compare_repeats);
	return r;
}

static int add_kernel_repeat(struct check *c, const struct repeat *x, uint32_t n)
{
	struct check_about about = { .module = x->module,
				     .is_of_module = true,
				     .object = x->symbol };

	if (n > 1)
		return check_add(c, &about,
				 "it exports %s and %u more symbols that the kernel exports itself",
				 x->symbol, n - 1);
	return check_add(c, &about, "it exports %s, which the kernel exports itself", x->symbol);
}

/* About the one whose symbols don't count; about the other one when only that was asked for. */
static int add_module_repeat(struct check *c, const struct repeat *x, uint32_t n)
{
	const struct graph_module *modules = c->in->graph->modules;
	bool is_asked = c->in->modules[x->module].is_asked;
	uint32_t about_module = is_asked ? x->module : x->other,
		 rest = is_asked ? x->other : x->module;
	struct check_about about = { .module = about_module,
				     .is_of_module = true,
				     .object = modules[rest].name };
	char more[40] = "";

	if (n > 1)
		(void)snprintf(more, sizeof(more), " and %u more symbols", n - 1);
	return check_add(
		c, &about,
		"it exports %s%s, as %s does: only one of them can be loaded at a time, and users "
		"get that of %s",
		x->symbol, more, modules[rest].name, modules[x->other].name);
}

static int report_repeats(struct check *c, bool with_kernel,
			  int (*add)(struct check *c, const struct repeat *x, uint32_t n))
{
	struct repeats found = { 0 };
	int r = find_repeats(c->in->graph, with_kernel, &found);

	for (uint32_t i = 0, n; r == 0 && i < found.n; i += n) {
		for (n = 1; i + n < found.n && found.items[i + n].module == found.items[i].module &&
			    found.items[i + n].other == found.items[i].other;)
			n++;
		r = add(c, &found.items[i], n);
	}
	free(found.items);
	return r;
}

int check_exports_kernel_symbol(struct check *c)
{
	return report_repeats(c, true, add_kernel_repeat);
}

int check_exported_twice(struct check *c)
{
	return report_repeats(c, false, add_module_repeat);
}

/* Where a circle begins: at the name that sorts first, the same from run to run. */
static uint32_t begin_of(const struct check *c, const struct finding *x)
{
	uint32_t begin = 0;

	for (uint32_t i = 1; i < x->n_path && !x->is_path_cut; i++)
		if (strcmp(c->in->graph->modules[x->path[i]].name,
			   c->in->graph->modules[x->path[begin]].name) < 0)
			begin = i;
	return begin;
}

/* A circle is about each of its modules; the first that was asked for stands for it. */
static uint32_t asked_in(const struct check *c, const struct finding *x, uint32_t begin)
{
	for (uint32_t i = 0; i < x->n_path; i++) {
		uint32_t module = x->path[(begin + i) % x->n_path];

		if (c->in->modules[module].is_asked)
			return module;
	}
	return x->module;
}

static int add_cycle(struct check *c, const struct finding *x)
{
	const struct graph_module *modules = c->in->graph->modules;
	uint32_t begin = begin_of(c, x);
	struct check_about about = { .module = asked_in(c, x, begin), .is_of_module = true };
	CLEANUP_BUF struct buf way = { 0 }, names = { 0 };

	for (uint32_t i = 0; i < x->n_path && i < STEPS_MAX; i++) {
		uint32_t at = (begin + i) % x->n_path;

		buf_printf(&way, "%s -(%s)-> ", modules[x->path[at]].name, x->symbols[at]);
		buf_printf(&names, "%s%s", i ? " " : "", modules[x->path[at]].name);
	}
	buf_printf(&way, "%s%s", x->n_path > STEPS_MAX || x->is_path_cut ? "... -> " : "",
		   modules[x->path[begin]].name);
	buf_put_u8(&way, 0);
	buf_put_u8(&names, 0);
	if (way.error || names.error)
		return -ENOMEM;
	about.object = (const char *)names.base;
	return check_add(
		c, &about,
		"these modules need symbols of each other, so that none can be the first: %s",
		(const char *)way.base);
}

static int each_finding(struct check *c, enum finding_kind kind,
			int (*add)(struct check *c, const struct finding *x))
{
	int r = 0;

	for (size_t i = 0; i < c->in->n_findings; i++)
		for (const struct finding *x = c->in->findings[i]->first; r == 0 && x; x = x->next)
			if (x->kind == kind)
				r = add(c, x);
	return r;
}

int check_symbol_cycle(struct check *c)
{
	return each_finding(c, FINDING_CYCLE, add_cycle);
}

static int add_needs_itself(struct check *c, const struct finding *x)
{
	struct check_about about = { .module = x->module,
				     .is_of_module = true,
				     .object = x->symbol };

	return check_add(c, &about, "it uses symbol %s, which only itself exports", x->symbol);
}

int check_needs_itself(struct check *c)
{
	return each_finding(c, FINDING_NEEDS_ITSELF, add_needs_itself);
}

static int add_needs_left_out(struct check *c, const struct finding *x)
{
	const char *other = c->in->graph->modules[x->other].name;
	struct check_about about = { .module = x->module, .is_of_module = true, .object = other };

	return check_add(c, &about, "it uses symbol %s of %s, which can't be loaded", x->symbol,
			 other);
}

int check_needs_unloadable(struct check *c)
{
	return each_finding(c, FINDING_NEEDS_LEFT_OUT, add_needs_left_out);
}
