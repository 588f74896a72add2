/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is each symbol that a module uses there, for a module of this licence, and in the right version?
 */
#include <errno.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/name.h"
#include "check/rules-internal.h"
#include "conf/kernel-config.h"
#include "elf/kernel-exports.h"
#include "index/lookup.h"

/* The one symbol that the kernel compares though no module uses it. */
static const char layout_symbol[] = "module_layout";

/* Names of files in one message. */
#define DAMAGED_SHOWN 3u

const char *symbol_owner_name(const struct check *c, const struct graph_symbol *s)
{
	return s->owner == GRAPH_NONE ? "the kernel" : c->in->graph->modules[s->owner].name;
}

int each_import(struct check *c, unsigned int verdicts,
		int (*each)(struct check *c, const struct import_at *at))
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		const struct facts *f = g->modules[i].facts;

		if (!c->in->modules[i].is_asked)
			continue;
		for (uint32_t k = 0; r == 0 && k < f->n_imports; k++) {
			struct import_at at = { i, &facts_imports(f)[k], NULL, NULL };

			if (!(verdicts & (1u << check_import_verdict(c, i, k))))
				continue;
			at.name = facts_string(f, at.import->name);
			at.symbol = check_import_symbol(c, i, k);
			r = each(c, &at);
		}
	}
	return r;
}

struct check_about about_import(const struct import_at *at)
{
	return (struct check_about){ .module = at->module,
				     .is_of_module = true,
				     .object = at->name };
}

/* The module of the build that Module.symvers is of, which exports it there. */
static void tell_build(const struct check *c, const char *symbol, struct buf *text)
{
	const char *owner = c->in->exports ? kernel_exports_owner(c->in->exports, symbol) : NULL;
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	char name[MODULE_NAME_MAX + 1];

	if (!owner)
		return;
	buf_printf(text, "; by %s, %s exports it",
		   c->in->exports->path ? c->in->exports->path : "Module.symvers", owner);
	if (name_of_path(owner, name) >= 0 && c->in->lookup &&
	    lookup_find_name(c->in->lookup, name, &answer) == 0)
		buf_put_string(text, ", but the one in this tree does not: it is of another build");
	else
		buf_put_string(
			text,
			", which is not in this tree: another package has it, or the configuration "
			"left it out");
}

/* A module of another kernel beside this one. */
static void tell_others(const struct check *c, const char *symbol, struct buf *text)
{
	char request[ALIAS_MAX + 1];
	size_t n = 0;
	const struct check_other_tree *others =
		c->in->others ? c->in->others(c->in->others_ctx, &n) : NULL;

	if (strlen(symbol) + sizeof("symbol:") > sizeof(request))
		return;
	memcpy(request, "symbol:", sizeof("symbol:"));
	memcpy(request + strlen(request), symbol, strlen(symbol) + 1);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };

		if (lookup_begin(request, false, &answer) < 0 ||
		    lookup_ask(others[i].lookup, LOOKUP_SYMBOLS, &answer) < 0 ||
		    answer.values.n == 0)
			continue;
		buf_printf(text, "; in %s %s exports it", others[i].version,
			   lookup_answer_module(&answer, 0));
	}
}

static void tell_damaged(const struct check *c, struct buf *text)
{
	if (c->in->n_damaged == 0)
		return;
	buf_put_string(text, "; what these files export is not known, for they can't be read: ");
	for (size_t i = 0; i < c->in->n_damaged && i < DAMAGED_SHOWN; i++)
		buf_printf(text, "%s%s", i ? ", " : "", c->in->damaged[i].path);
	if (c->in->n_damaged > DAMAGED_SHOWN)
		buf_printf(text, " and %zu more", c->in->n_damaged - DAMAGED_SHOWN);
}

static int unresolved(struct check *c, const struct import_at *at)
{
	struct check_about about = about_import(at);
	CLEANUP_BUF struct buf text = { 0 };

	if (at->import->flags & SYMBOL_VERSION_ONLY)
		return 0;
	tell_build(c, at->name, &text);
	tell_others(c, at->name, &text);
	tell_damaged(c, &text);
	buf_put_u8(&text, 0);
	if (text.error)
		return text.error;
	return check_add(c, &about, "nobody exports %s%s", at->name, (const char *)text.base);
}

int check_unresolved_symbol(struct check *c)
{
	return each_import(c, 1u << VERDICT_UNKNOWN, unresolved);
}

static int gpl_only(struct check *c, const struct import_at *at)
{
	const char *licence = facts_first(c->in->graph->modules[at->module].facts, "license");
	struct check_about about = about_import(at);

	about.section = ".modinfo";
	if (!licence)
		return check_add(
			c, &about,
			"%s of %s is for GPL-compatible modules only, and this one states no "
			"licence",
			at->name, symbol_owner_name(c, at->symbol));
	return check_add(c, &about,
			 "%s of %s is for GPL-compatible modules only, and the licence of this one "
			 "is \"%s\"",
			 at->name, symbol_owner_name(c, at->symbol), licence);
}

int check_gpl_only_symbol(struct check *c)
{
	int r = 0;

	if (!(c->in->knows & CHECK_NEEDS_LICENCES))
		r = check_skip(
			c,
			"which of the kernel's own symbols are GPL-only is not known: only those of "
			"modules were looked at");
	return r < 0 ? r : each_import(c, 1u << VERDICT_GPL_ONLY, gpl_only);
}

/* Whose licence counts against module @i: the first that it uses symbols of. */
static const char *proprietary_owner(const struct check *c, uint32_t i)
{
	const struct graph *g = c->in->graph;

	for (uint32_t k = 0; k < g->modules[i].facts->n_imports; k++) {
		const struct graph_symbol *s = check_import_symbol(c, i, k);

		if (s && s->owner != GRAPH_NONE && s->owner != i &&
		    c->judgement.proprietary[s->owner])
			return g->modules[s->owner].name;
	}
	return "";
}

int check_proprietary_provider(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		const struct facts *f = g->modules[i].facts;
		struct check_about about = { .module = i, .is_of_module = true };

		for (uint32_t k = 0; k < f->n_imports; k++) {
			if (check_import_verdict(c, i, k) != VERDICT_PROPRIETARY)
				continue;
			about.object = proprietary_owner(c, i);
			r = check_add(
				c, &about,
				"it uses symbols of %s, which is proprietary or builds on what is, and "
				"GPL-only symbols too: it does not get %s",
				about.object, facts_string(f, facts_imports(f)[k].name));
			break;
		}
	}
	return r;
}

static int other_version(struct check *c, const struct import_at *at)
{
	struct check_about about = about_import(at);
	const char *of = at->symbol->owner == GRAPH_NONE ? c->in->exports && c->in->exports->path
								   ? c->in->exports->path
								   : "the kernel"
							 : c->in->modules[at->symbol->owner].path;

	if ((at->import->flags & SYMBOL_VERSION_ONLY) && strcmp(at->name, layout_symbol) != 0)
		return 0;
	about.section = "__versions";
	return check_add(
		c, &about, "built with version 0x%08x of %s, and that of %s is 0x%08x (%s)",
		at->import->crc, at->name, symbol_owner_name(c, at->symbol), at->symbol->crc, of);
}

int check_symbol_version(struct check *c)
{
	int r = 0;

	if (!(c->in->knows & CHECK_NEEDS_CRCS))
		r = check_skip(
			c,
			"the versions of the kernel's own symbols are not known: only those of modules "
			"were compared");
	return r < 0 ? r : each_import(c, 1u << VERDICT_VERSION, other_version);
}

/* Does the kernel look for a version of it? */
static bool has_version(const struct graph_symbol *s)
{
	return s && !s->is_gone && (s->flags & SYMBOL_CRC) && s->crc;
}

/* A symbol for which module @i should have a version; NULL: there is none. */
static const char *unversioned(const struct check *c, uint32_t i)
{
	const struct facts *f = c->in->graph->modules[i].facts;
	const struct facts_import *imports = facts_imports(f);

	for (uint32_t k = 0; k < f->n_imports; k++)
		if (!(imports[k].flags & (SYMBOL_CRC | SYMBOL_VERSION_ONLY)) &&
		    has_version(check_import_symbol(c, i, k)))
			return facts_string(f, imports[k].name);
	return NULL;
}

static bool has_versions_in_kernel(const struct check *c)
{
	return !c->in->config || kernel_config_is(c->in->config, "CONFIG_MODVERSIONS");
}

static int add_no_versions(struct check *c, uint32_t i)
{
	struct check_about about = {
		.module = i,
		.is_of_module = true,
		.section = "__versions",
		.object = "",
		.has_severity = true,
		.severity = CHECK_WARNING,
	};

	if (!c->in->config)
		return check_add(
			c, &about,
			"it holds no version of any symbol: a kernel with versions refuses it, or "
			"takes it as if it was forced (CONFIG_MODULE_FORCE_LOAD, which is not known here)");
	if (kernel_config_is(c->in->config, "CONFIG_MODULE_FORCE_LOAD"))
		return check_add(
			c, &about,
			"it holds no version of any symbol: this kernel takes it as if it was "
			"forced, and nobody knows whether it fits");
	about.severity = CHECK_ERROR;
	return check_add(c, &about,
			 "it holds no version of any symbol, and this kernel has no "
			 "CONFIG_MODULE_FORCE_LOAD");
}

int check_no_symbol_versions(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && has_versions_in_kernel(c) && i < g->n_modules; i++)
		if (!(g->modules[i].facts->flags & FACTS_VERSIONS) && unversioned(c, i))
			r = add_no_versions(c, i);
	return r;
}

int check_symbol_without_version(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && has_versions_in_kernel(c) && i < g->n_modules; i++) {
		const char *symbol = NULL;
		struct check_about about = { .module = i,
					     .is_of_module = true,
					     .section = "__versions" };

		if (g->modules[i].facts->flags & FACTS_VERSIONS)
			symbol = unversioned(c, i);
		about.object = symbol;
		if (symbol)
			r = check_add(
				c, &about,
				"it holds versions of other symbols, but none of %s: the kernel refuses "
				"that, or takes it without comparing",
				symbol);
	}
	return r;
}

static int weak_unresolved(struct check *c, const struct import_at *at)
{
	struct check_about about = about_import(at);
	const struct graph_symbol *s = at->symbol;

	if (at->import->flags & SYMBOL_VERSION_ONLY)
		return 0;
	if (s && s->is_gone)
		return check_add(
			c, &about,
			"weak symbol %s is exported by %s only, which can't be loaded: the module has "
			"to do without",
			at->name, c->in->graph->modules[s->left_out].name);
	if (s)
		return check_add(
			c, &about,
			"weak symbol %s of %s is not for a module of this licence: it has to do "
			"without",
			at->name, symbol_owner_name(c, s));
	return check_add(c, &about, "nobody exports weak symbol %s: the module has to do without",
			 at->name);
}

int check_weak_unresolved(struct check *c)
{
	return each_import(c, 1u << VERDICT_WEAK, weak_unresolved);
}
