/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does each module import the namespaces that it uses, and use those that it imports? Who may use
 * what is in a list of modules?
 */
#include <errno.h>
#include <string.h>

#include "bytes/buf.h"
#include "check/rules-internal.h"
#include "check/string-list.h"
#include "conf/kernel-config.h"
#include "elf/kernel-exports.h"
#include "elf/namespace.h"
#include "index/builtin.h"

static const char permissive[] = "CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS";

/* Only modules' own namespaces were looked at. */
static int skip_kernel(struct check *c)
{
	if (c->in->knows & CHECK_NEEDS_NAMESPACES)
		return 0;
	return check_skip(
		c,
		"the namespaces of the kernel's own symbols are not known: only those of modules were "
		"looked at");
}

static bool is_permissive(const struct check *c)
{
	return c->in->config && kernel_config_is(c->in->config, permissive);
}

/* What makes sure of the verdict, or not. */
static const char *config_says(const struct check *c)
{
	if (!c->in->config)
		return " (unless the kernel has CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS, which is not known here)";
	return is_permissive(c)
		       ? " (this kernel warns and goes on: CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS)"
		       : "";
}

static struct check_about about_namespace(const struct check *c, const struct import_at *at)
{
	struct check_about about = about_import(at);

	about.section = ".modinfo";
	about.has_severity = true;
	about.severity = is_permissive(c) ? CHECK_WARNING : CHECK_ERROR;
	return about;
}

/* Namespace, then symbol: the first is what has to be written down. */
static int keep_object(struct check_about *about, struct buf *text, const char *ns,
		       const char *symbol)
{
	buf_printf(text, "%s %s", ns, symbol);
	buf_put_u8(text, 0);
	about->object = (const char *)text->base;
	return text->error;
}

static int not_imported(struct check *c, const struct import_at *at)
{
	struct check_about about = about_namespace(c, at);
	const char *ns = at->symbol->ns,
		   *name = judge_module_name(&c->in->graph->modules[at->module]);
	CLEANUP_BUF struct buf object = { 0 };
	int r = keep_object(&about, &object, ns, at->name);

	if (r < 0)
		return r;
	return check_add(
		c, &about, "%s of %s is in namespace %s, which the module does not import%s%s",
		at->name, symbol_owner_name(c, at->symbol), ns,
		namespace_lists(ns, name) ? ": before Linux 6.16 to be listed there is not enough"
					  : "",
		config_says(c));
}

int check_namespace_not_imported(struct check *c)
{
	int r = skip_kernel(c);

	return r < 0 ? r : each_import(c, 1u << VERDICT_NOT_IMPORTED, not_imported);
}

static int not_listed(struct check *c, const struct import_at *at)
{
	struct check_about about = about_namespace(c, at);
	CLEANUP_BUF struct buf object = { 0 };
	int r = keep_object(&about, &object, at->symbol->ns, at->name);

	if (r < 0)
		return r;
	return check_add(c, &about,
			 "%s of %s is for certain modules only, and %s is none of these: %s%s",
			 at->name, symbol_owner_name(c, at->symbol),
			 judge_module_name(&c->in->graph->modules[at->module]), at->symbol->ns,
			 config_says(c));
}

static bool has_verdict(const struct check *c, enum verdict verdict)
{
	const struct graph *g = c->in->graph;

	for (uint32_t i = 0; i < g->n_modules; i++)
		for (uint32_t k = 0; k < g->modules[i].facts->n_imports; k++)
			if (check_import_verdict(c, i, k) == verdict)
				return true;
	return false;
}

int check_module_not_listed(struct check *c)
{
	int r;

	if (judge_lists_of(c->in->release) == JUDGE_LISTS_UNKNOWN && has_verdict(c, VERDICT_UNSURE))
		return check_skip(
			c,
			"needs %s: there are namespaces that are lists of modules, which count since "
			"Linux 6.16",
			check_need_name(CHECK_NEEDS_RELEASE));
	r = judge_lists_of(c->in->release) == JUDGE_LISTS_ARE_COUNTED ? skip_kernel(c) : 0;
	return r < 0 ? r : each_import(c, 1u << VERDICT_NOT_LISTED, not_listed);
}

/* Tags */

/** struct tags - namespaces of one module: those that it imports, and those of the symbols that it uses */
struct tags {
	struct string_list imported, used;
	bool has_unknown; /* it uses symbols that nobody exports, whose namespaces nobody knows */
};

static void tags_done(struct tags *tags)
{
	string_list_done(&tags->imported);
	string_list_done(&tags->used);
}

static int read_imported(const struct facts *f, struct tags *tags)
{
	int r = 0;

	tags->imported.n = 0;
	for (uint32_t i = 0; r == 0 && i < f->n_modinfo; i++) {
		const char *value = facts_tag(facts_modinfo(f, i), "import_ns");

		if (value)
			r = string_list_add(&tags->imported, value);
	}
	string_list_sort(&tags->imported);
	return r;
}

static int read_used(const struct check *c, uint32_t i, struct tags *tags)
{
	const struct facts *f = c->in->graph->modules[i].facts;
	int r = 0;

	tags->used.n = 0;
	tags->has_unknown = false;
	for (uint32_t k = 0; r == 0 && k < f->n_imports; k++) {
		const struct graph_symbol *s = check_import_symbol(c, i, k);

		if (facts_imports(f)[k].flags & SYMBOL_VERSION_ONLY)
			continue;
		if (s && (s->flags & SYMBOL_NAMESPACE) && s->ns)
			r = string_list_add(&tags->used, s->ns);
		tags->has_unknown =
			tags->has_unknown || check_import_verdict(c, i, k) == VERDICT_UNKNOWN;
	}
	string_list_sort(&tags->used);
	return r;
}

/* For each module and each namespace that it imports. */
static int each_imported(struct check *c, bool with_used, void *ctx,
			 int (*each)(struct check *c, uint32_t i, const char *ns,
				     const struct tags *tags, void *ctx))
{
	__attribute__((cleanup(tags_done))) struct tags tags = { 0 };
	const struct graph *g = c->in->graph;

	for (uint32_t i = 0; i < g->n_modules; i++) {
		int r = c->in->modules[i].is_asked ? read_imported(g->modules[i].facts, &tags) : 0;

		if (!c->in->modules[i].is_asked || (r == 0 && tags.imported.n == 0))
			continue;
		if (r == 0 && with_used)
			r = read_used(c, i, &tags);
		for (uint32_t k = 0; r == 0 && k < tags.imported.n; k++)
			r = each(c, i, tags.imported.items[k], &tags, ctx);
		if (r < 0)
			return r;
	}
	return 0;
}

/* All namespaces that the kernel and the modules export into. */
static int read_exported(const struct check *c, struct string_list *exported)
{
	const struct kernel_exports *x = c->in->exports;
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && x && i < x->n; i++)
		if (x->items[i].ns)
			r = string_list_add(exported, x->items[i].ns);
	for (uint32_t i = 0; i < g->n_modules; i++) {
		const struct facts *f = g->modules[i].facts;
		const struct facts_export *exports = facts_exports(f);

		for (uint32_t k = 0; r == 0 && k < f->n_exports; k++)
			if (exports[k].flags & SYMBOL_NAMESPACE)
				r = string_list_add(exported, facts_string(f, exports[k].ns));
	}
	string_list_sort(exported);
	return r;
}

static struct check_about about_tag(uint32_t i, const char *ns)
{
	return (struct check_about){
		.module = i, .is_of_module = true, .section = ".modinfo", .object = ns
	};
}

/* What the kernel does not let anybody import has a rule of its own. */
static bool is_refused_list(const struct check *c, const char *ns)
{
	return namespace_is_list(ns) && judge_lists_of(c->in->release) != JUDGE_LISTS_ARE_NAMES;
}

static int unused(struct check *c, uint32_t i, const char *ns, const struct tags *tags, void *ctx)
{
	const struct string_list *exported = ctx;
	struct check_about about = about_tag(i, ns);

	if (tags->has_unknown || is_refused_list(c, ns) || string_list_has(&tags->used, ns) ||
	    !string_list_has(exported, ns))
		return 0;
	return check_add(c, &about, "it imports namespace %s and uses no symbol of it", ns);
}

int check_namespace_unused(struct check *c)
{
	CLEANUP_STRING_LIST struct string_list exported = { 0 };
	int r = read_exported(c, &exported);

	return r < 0 ? r : each_imported(c, true, &exported, unused);
}

static int unknown(struct check *c, uint32_t i, const char *ns, const struct tags *tags, void *ctx)
{
	const struct string_list *exported = ctx;
	struct check_about about = about_tag(i, ns);

	(void)tags;
	if (is_refused_list(c, ns) || string_list_has(exported, ns))
		return 0;
	return check_add(
		c, &about,
		"it imports namespace %s, into which neither the kernel nor a module exports", ns);
}

int check_namespace_unknown(struct check *c)
{
	CLEANUP_STRING_LIST struct string_list exported = { 0 };
	int r = read_exported(c, &exported);

	return r < 0 ? r : each_imported(c, false, &exported, unknown);
}

/* The entry with a NUL behind its module. */
static int add_builtin(struct check *c, const struct builtin_tag *tag)
{
	CLEANUP_BUF struct buf name = { 0 };
	struct check_about about = { .file = c->in->builtin_modinfo_path, .object = tag->value };

	buf_put(&name, tag->module, tag->module_size);
	buf_put_u8(&name, 0);
	if (name.error)
		return name.error;
	about.name = (const char *)name.base;
	return check_add(
		c, &about,
		"%s, which is built in, imports namespace %s, into which neither the kernel nor a "
		"module exports",
		about.name, tag->value);
}

int check_builtin_namespace_unknown(struct check *c)
{
	CLEANUP_STRING_LIST struct string_list exported = { 0 };
	struct builtin_modinfo at = { .text = c->in->builtin_modinfo };
	struct builtin_tag tag;
	struct diag diag;
	int r = read_exported(c, &exported), more = 1;

	while (r == 0 && (more = builtin_modinfo_next(&at, &tag, &diag)) != 0)
		if (more > 0 && tag.key_size == 9 && memcmp(tag.key, "import_ns", 9) == 0 &&
		    !string_list_has(&exported, tag.value))
			r = add_builtin(c, &tag);
	return r;
}

static int list_imported(struct check *c, uint32_t i, const char *ns, const struct tags *tags,
			 void *ctx)
{
	struct check_about about = about_tag(i, ns);

	(void)tags;
	(void)ctx;
	if (!namespace_is_list(ns))
		return 0;
	return check_add(
		c, &about,
		"it imports namespace %s, which is a list of modules: the kernel refuses whoever "
		"imports one",
		ns);
}

int check_module_list_imported(struct check *c)
{
	if (judge_lists_of(c->in->release) != JUDGE_LISTS_ARE_COUNTED)
		return 0;
	return each_imported(c, false, NULL, list_imported);
}

static int list_not_counted(struct check *c, uint32_t i, const char *ns, const struct tags *tags,
			    void *ctx)
{
	const char *name = judge_module_name(&c->in->graph->modules[i]);
	struct check_about about = about_tag(i, ns);

	(void)ctx;
	if (!namespace_is_list(ns) || namespace_lists(ns, name) || !string_list_has(&tags->used, ns))
		return 0;
	return check_add(
		c, &about,
		"it imports namespace %s and uses it, without being listed there: this kernel does not "
		"mind, and from Linux 6.16 on it is refused",
		ns);
}

int check_module_list_not_counted(struct check *c)
{
	if (judge_lists_of(c->in->release) != JUDGE_LISTS_ARE_NAMES)
		return 0;
	return each_imported(c, true, NULL, list_not_counted);
}
