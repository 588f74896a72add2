/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modules are judged after those whose symbols they use, since a proprietary one among them makes the
 * user proprietary too: as the kernel has it, which loads them in that order.
 */
#include "check/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/release.h"
#include "check/string-list.h"
#include "elf/licence.h"
#include "elf/namespace.h"

struct judge {
	struct graph *graph;
	unsigned int what;
	enum judge_lists lists;
	struct judgement *out;

	/* of the module that is judged */
	uint32_t module;
	const struct facts *facts;
	const char *name;
	bool has_other_licence, is_proprietary, has_gpl_only, has_imported;
	struct string_list imported; /* namespaces, once one is asked for */
};

const char *judge_module_name(const struct graph_module *m)
{
	const char *name = facts_first(m->facts, "name");

	return name ? name : m->name;
}

enum judge_lists judge_lists_of(const char *release)
{
	if (!release_is_since(release, 0, 0))
		return JUDGE_LISTS_UNKNOWN;
	return namespace_has_modules(release) ? JUDGE_LISTS_ARE_COUNTED : JUDGE_LISTS_ARE_NAMES;
}

/* The exporter that the kernel asks first. */
static const struct graph_symbol *of_kernel(const struct graph *g, const struct graph_symbol *s)
{
	for (const struct graph_symbol *at = s; at; at = graph_older_symbol(g, at))
		if (at->owner == GRAPH_NONE)
			return at;
	return s;
}

static int is_imported(struct judge *j, const char *ns)
{
	if (!j->has_imported) {
		j->imported.n = 0;
		for (uint32_t i = 0; i < j->facts->n_modinfo; i++) {
			const char *value = facts_tag(facts_modinfo(j->facts, i), "import_ns");

			if (value && string_list_add(&j->imported, value) < 0)
				return -ENOMEM;
		}
		string_list_sort(&j->imported);
		j->has_imported = true;
	}
	return string_list_has(&j->imported, ns);
}

/* Return: a verdict; -ENOMEM. */
static int judge_namespace(struct judge *j, const char *ns)
{
	bool is_list = namespace_is_list(ns);
	int r;

	if (is_list && j->lists == JUDGE_LISTS_UNKNOWN)
		return VERDICT_UNSURE;
	if (is_list && j->lists == JUDGE_LISTS_ARE_COUNTED)
		return namespace_lists(ns, j->name) ? VERDICT_FINE : VERDICT_NOT_LISTED;
	r = is_imported(j, ns);
	return r < 0 ? r : r ? VERDICT_FINE : VERDICT_NOT_IMPORTED;
}

/* A symbol that the licence does not let it have is, to the kernel, not there. */
static enum verdict judge_licence(struct judge *j, const struct graph_symbol *s)
{
	bool is_of_proprietary = s->owner != GRAPH_NONE && j->out->proprietary[s->owner];

	if ((s->flags & SYMBOL_GPL) && j->is_proprietary)
		return j->has_other_licence ? VERDICT_GPL_ONLY : VERDICT_PROPRIETARY;
	j->has_gpl_only = j->has_gpl_only || (s->flags & SYMBOL_GPL);
	if (is_of_proprietary && j->has_gpl_only)
		return VERDICT_PROPRIETARY;
	j->is_proprietary = j->is_proprietary || is_of_proprietary;
	return VERDICT_FINE;
}

/* Return: a verdict; -ENOMEM. */
static int judge_import(struct judge *j, const struct facts_import *import,
			const struct graph_symbol *s)
{
	bool is_weak = import->flags & SYMBOL_WEAK,
	     is_used = !(import->flags & SYMBOL_VERSION_ONLY);

	if (!s)
		return is_weak ? VERDICT_WEAK : VERDICT_UNKNOWN;
	if (s->is_gone)
		return is_weak ? VERDICT_WEAK : VERDICT_LEFT_OUT;
	if (s->owner == j->module)
		return is_weak ? VERDICT_FINE : VERDICT_LEFT_OUT;
	if ((j->what & JUDGE_LICENCES) && is_used &&
	    ((s->flags & SYMBOL_GPL) || s->owner != GRAPH_NONE)) {
		enum verdict verdict = judge_licence(j, s);

		if (verdict != VERDICT_FINE)
			return is_weak ? VERDICT_WEAK : verdict;
	}
	if ((j->what & JUDGE_VERSIONS) && (s->flags & import->flags & SYMBOL_CRC) &&
	    s->crc != import->crc)
		return VERDICT_VERSION;
	if ((j->what & JUDGE_NAMESPACES) && is_used && (s->flags & SYMBOL_NAMESPACE) && s->ns &&
	    s->ns[0])
		return judge_namespace(j, s->ns);
	return VERDICT_FINE;
}

static int judge_module(struct judge *j, uint32_t i)
{
	const struct graph_module *m = &j->graph->modules[i];
	const struct facts_import *imports = facts_imports(m->facts);
	struct judgement *out = j->out;

	j->module = i;
	j->facts = m->facts;
	j->name = judge_module_name(m);
	j->has_other_licence = j->is_proprietary = out->proprietary[i];
	j->has_gpl_only = j->has_imported = false;
	for (uint32_t k = 0; k < m->facts->n_imports; k++) {
		uint32_t at = out->first[i] + k;
		int verdict;

		out->symbols[at] = graph_find_import(j->graph, i, k);
		if (out->symbols[at] && out->symbols[at]->older && (j->what & JUDGE_KERNEL_FIRST))
			out->symbols[at] = of_kernel(j->graph, out->symbols[at]);
		verdict = judge_import(j, &imports[k], out->symbols[at]);
		if (verdict < 0)
			return verdict;
		out->verdicts[at] = (uint8_t)verdict;
	}
	out->proprietary[i] = j->is_proprietary;
	return 0;
}

static int allocate(const struct graph *g, struct judgement *out)
{
	size_t n = 0;

	out->first = malloc(((size_t)g->n_modules + 1) * sizeof(*out->first));
	out->proprietary = calloc((size_t)g->n_modules + 1, 1);
	if (!out->first || !out->proprietary)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_modules; i++) {
		out->first[i] = (uint32_t)n;
		n += g->modules[i].facts->n_imports;
		if (n > UINT32_MAX)
			return -ENOMEM;
	}
	out->symbols = malloc((n + 1) * sizeof(*out->symbols));
	out->verdicts = malloc(n + 1);
	return out->symbols && out->verdicts ? 0 : -ENOMEM;
}

/* Those that are used before those that use them; what was left out has no such order, and comes last. */
static uint32_t *order_of(const struct graph *g)
{
	uint32_t *order = malloc(((size_t)g->n_modules + 1) * sizeof(*order));
	uint32_t n_ranked = 0, n = 0;

	if (!order)
		return NULL;
	for (uint32_t i = 0; i < g->n_modules; i++)
		n_ranked += g->modules[i].rank != UINT32_MAX;
	for (uint32_t i = 0; i < g->n_modules; i++) {
		uint32_t rank = g->modules[i].rank;

		order[rank == UINT32_MAX ? n_ranked + n++ : n_ranked - 1 - rank] = i;
	}
	return order;
}

int judge_graph(struct graph *g, unsigned int what, enum judge_lists lists, struct judgement *ret)
{
	struct judge j = { .graph = g, .what = what, .lists = lists, .out = ret };
	uint32_t *order = order_of(g);
	int r = order ? 0 : -ENOMEM;

	*ret = (struct judgement){ 0 };
	if (r == 0)
		r = allocate(g, ret);
	for (uint32_t i = 0; r == 0 && (what & JUDGE_LICENCES) && i < g->n_modules; i++)
		ret->proprietary[i] =
			!licence_is_gpl(facts_first(g->modules[i].facts, "license"));
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++)
		r = judge_module(&j, order[i]);
	string_list_done(&j.imported);
	free(order);
	if (r < 0)
		judgement_done(ret);
	return r;
}

static bool is_reported(const struct graph_symbol *s, uint8_t verdict, bool with_unknown,
			bool with_versions, bool with_namespaces)
{
	switch ((enum verdict)verdict) {
	case VERDICT_UNKNOWN:
		return with_unknown && !s;
	case VERDICT_VERSION:
		return with_versions;
	case VERDICT_NOT_IMPORTED:
	case VERDICT_NOT_LISTED:
		return with_namespaces;
	default:
		return false;
	}
}

static int report_import(const struct graph *g, uint32_t i, uint32_t k,
			 const struct graph_symbol *s, uint8_t verdict, struct findings *findings)
{
	const struct facts *f = g->modules[i].facts;
	const struct facts_import *import = &facts_imports(f)[k];
	bool is_namespace = verdict == VERDICT_NOT_IMPORTED || verdict == VERDICT_NOT_LISTED;
	struct finding *x;

	if ((import->flags & SYMBOL_WEAK) && !is_namespace)
		return 0;
	x = findings_add(findings,
			 is_namespace                 ? FINDING_NAMESPACE
			 : verdict == VERDICT_UNKNOWN ? FINDING_UNKNOWN_SYMBOL
						      : FINDING_CRC,
			 i);
	if (!x)
		return -ENOMEM;
	x->symbol = facts_string(f, import->name);
	if (is_namespace) {
		x->other = s->owner;
		x->why = s->ns;
		x->is_refused = verdict == VERDICT_NOT_LISTED;
	}
	return 0;
}

int judge_report(const struct judgement *judgement, const struct graph *g, bool with_unknown,
		 bool with_versions, bool with_namespaces, struct findings *findings)
{
	int r = 0;

	for (uint32_t i = 0; i < g->n_modules; i++) {
		for (uint32_t k = 0; r == 0 && k < g->modules[i].facts->n_imports; k++) {
			uint32_t at = judgement->first[i] + k;
			const struct graph_symbol *s = judgement->symbols[at];
			uint8_t verdict = judgement->verdicts[at];

			if (verdict != VERDICT_FINE &&
			    is_reported(s, verdict, with_unknown, with_versions, with_namespaces))
				r = report_import(g, i, k, s, verdict, findings);
		}
	}
	return r;
}

void judgement_done(struct judgement *judgement)
{
	if (!judgement)
		return;
	free(judgement->first);
	free(judgement->symbols);
	free(judgement->verdicts);
	free(judgement->proprietary);
	*judgement = (struct judgement){ 0 };
}
