/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of each symbol that the module imports?
 *
 *   /proc/kallsyms         who exports it now (__ksymtab_NAME), or that the kernel keeps it
 *   modules.symbols        which module would export it
 *   that module's file     version, namespace, licence; of the kernel's own symbols:
 *   Module.symvers, image  the same, see explain-kernel.c
 *   loaded modules' files  versions of the symbols that they import
 */
#include <stdio.h>
#include <stdlib.h>

#include "elf/facts-internal.h"
#include "elf/licence.h"
#include "elf/namespace.h"
#include "engine/explain-internal.h"
#include "engine/indexes.h"

#define KSYMTAB "__ksymtab_"
#define KSYMTAB_SIZE (sizeof(KSYMTAB) - 1)

/* No module imports as many; what goes beyond is not looked at. */
#define SYMBOLS_MAX 65536u

/* Lines of one kind of trouble; the rest is counted. */
#define GROUPS_MAX 6u

enum owner {
	OWNER_NOBODY,
	OWNER_KERNEL,
	OWNER_LOADED,	  /* a module that is loaded */
	OWNER_STALE,	  /* a module that is loaded, but not from the file that exports it */
	OWNER_NOT_LOADED, /* a module */
};

enum trouble {
	TROUBLE_NONE,
	TROUBLE_NOBODY,	    /* exported by nobody */
	TROUBLE_PRIVATE,    /* the kernel has it, and does not export it */
	TROUBLE_NOT_LOADED, /* by a module that is not loaded */
	TROUBLE_STALE,
	TROUBLE_LOADING,
	TROUBLE_LICENCE,
	TROUBLE_VERSION,
	TROUBLE_NAMESPACE,
	TROUBLES,
};

/** struct fate - of one import */
struct fate {
	const char *name;
	const struct facts_import *import;
	enum owner owner;
	const char *module; /* the owner; NULL for the kernel */
	bool is_in_kernel;  /* exported or not */
	bool is_owner_read;
	unsigned int flags; /* enum facts_symbol_flags: what is known of the export */
	uint32_t crc;
	const char *ns;
	const char *source; /* the file that told */
	enum trouble trouble;
	bool is_told;
};

struct search {
	struct explaining *e;
	struct fate *fates; /* sorted by name */
	size_t n;
	bool has_kernel_exports; /* kallsyms tells what the kernel exports */
	bool has_module_exports; /* and what loaded modules do */
	bool has_module_lists;	 /* this kernel knows namespaces that are lists of modules */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fate *)a)->name, ((const struct fate *)b)->name);
}

static int collect(struct search *s)
{
	const struct facts *facts = s->e->file.facts;
	const struct facts_import *imports = facts_imports(facts);

	s->fates = arena_alloc(&s->e->out->arena, sizeof(*s->fates) * (facts->n_imports + 1));
	if (!s->fates)
		return -ENOMEM;
	for (uint32_t i = 0; i < facts->n_imports && s->n < SYMBOLS_MAX; i++)
		if (!(imports[i].flags & SYMBOL_VERSION_ONLY))
			s->fates[s->n++] = (struct fate){ .name = facts_string(facts, imports[i].name),
							  .import = &imports[i] };
	qsort(s->fates, s->n, sizeof(*s->fates), by_name);
	return 0;
}

static struct fate *find(struct search *s, const char *name, size_t size)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct fate *f = &s->fates[middle];
		int order = strncmp(f->name, name, size);

		if (order == 0 && !f->name[size])
			return f;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const char *keep(struct search *s, const char *text, size_t size)
{
	const char *copy = arena_string(&s->e->out->arena, text, size);

	s->e->is_out_of_memory |= !copy;
	return copy;
}

/* "ffffffff81000000 T name" or "... t name\t[module]" */
static void read_kallsyms_line(struct search *s, const char *line, const char *end)
{
	const char *name = memchr(line, ' ', (size_t)(end - line)), *tab;
	struct fate *f;
	size_t size;

	name = name ? memchr(name + 1, ' ', (size_t)(end - name - 1)) : NULL;
	if (!name)
		return;
	name++;
	tab = memchr(name, '\t', (size_t)(end - name));
	size = (size_t)((tab ? tab : end) - name);
	if (size <= KSYMTAB_SIZE || memcmp(name, KSYMTAB, KSYMTAB_SIZE) != 0) {
		f = tab ? NULL : find(s, name, size);
		if (f)
			f->is_in_kernel = true;
		return;
	}
	*(tab ? &s->has_module_exports : &s->has_kernel_exports) = true;
	f = find(s, name + KSYMTAB_SIZE, size - KSYMTAB_SIZE);
	if (!f)
		return;
	f->owner = tab ? OWNER_LOADED : OWNER_KERNEL;
	if (tab && end - tab > 3 && tab[1] == '[' && end[-1] == ']')
		f->module = keep(s, tab + 2, (size_t)(end - tab) - 3);
}

static void read_kallsyms(struct search *s)
{
	CLEANUP_BUF struct buf text = { 0 };
	const char *line, *end;

	if (!explain_read(s->e, "proc/kallsyms", &text))
		return;
	end = (const char *)text.base + text.size;
	for (line = (const char *)text.base; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		read_kallsyms_line(s, line, newline ? newline : end);
		line = newline ? newline + 1 : end;
	}
}

/* Who would export it? */
static void ask_index(struct search *s, struct fate *f)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	char request[SYMBOL_NAME_MAX + sizeof("symbol:")];
	const char *module;

	if (!s->e->indexes || f->owner == OWNER_KERNEL || f->owner == OWNER_LOADED ||
	    strlen(f->name) > SYMBOL_NAME_MAX)
		return;
	(void)snprintf(request, sizeof(request), "symbol:%s", f->name);
	if (indexes_find(s->e->indexes, request, &answer) < 0 || answer.source != LOOKUP_SYMBOLS ||
	    answer.values.n == 0)
		return;
	module = lookup_answer_module(&answer, 0);
	f->module = keep(s, module, strlen(module));
	if (!f->module)
		return;
	if (!explain_find_loaded(s->e, f->module, NULL))
		f->owner = OWNER_NOT_LOADED;
	else
		f->owner = s->has_module_exports ? OWNER_STALE : OWNER_LOADED;
}

/* What the owner's file says of its export, for all fates that have this owner. */
static void read_owner(struct search *s, const char *module)
{
	struct reference owner;
	const struct facts_export *exports;

	if (!explain_module_facts(s->e, module, true, &owner))
		return;
	exports = facts_exports(owner.facts);
	for (uint32_t i = 0; i < owner.facts->n_exports; i++) {
		const char *name = facts_string(owner.facts, exports[i].name);
		struct fate *f = find(s, name, strlen(name));

		if (!f || f->owner != OWNER_LOADED || !f->module || strcmp(f->module, module) != 0)
			continue;
		f->flags = exports[i].flags;
		f->crc = exports[i].crc;
		f->ns = exports[i].flags & SYMBOL_NAMESPACE ? facts_string(owner.facts, exports[i].ns) : NULL;
		f->source = owner.path;
	}
}

/* Each owner once: there are no more of them than loaded modules. */
static void read_owners(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct fate *f = &s->fates[i];

		if (f->owner != OWNER_LOADED || !f->module || f->is_owner_read)
			continue;
		for (size_t j = i; j < s->n; j++)
			s->fates[j].is_owner_read |= s->fates[j].module &&
						     strcmp(s->fates[j].module, f->module) == 0;
		read_owner(s, f->module);
	}
}

/* Return: whether there was somebody to ask. */
static bool ask_kernel_exports(struct search *s, bool with_image)
{
	const struct kernel_exports *x = explain_kernel_exports(s->e, with_image);

	for (struct fate *f = s->fates; f < s->fates + s->n && x; f++) {
		const struct kernel_export *known = f->owner == OWNER_KERNEL ? kernel_exports_find(x, f->name) : NULL;

		if (!known)
			continue;
		f->flags = known->flags;
		/* A kernel without versions writes zeros. */
		if (known->crc == 0)
			f->flags &= ~(unsigned int)SYMBOL_CRC;
		f->crc = known->crc;
		f->ns = known->ns;
		f->source = x->path;
	}
	return x;
}

/* A loaded module's version of a symbol of the kernel is the kernel's: it was compared. */
static void read_references(struct search *s)
{
	explain_references(s->e);
	for (unsigned int i = 0; i < s->e->n_references; i++) {
		const struct reference *r = &s->e->references[i];
		const struct facts_import *imports = facts_imports(r->facts);

		for (uint32_t j = 0; j < r->facts->n_imports; j++) {
			const char *name = facts_string(r->facts, imports[j].name);
			struct fate *f = imports[j].flags & SYMBOL_CRC ? find(s, name, strlen(name)) : NULL;

			if (!f || f->owner != OWNER_KERNEL || (f->flags & SYMBOL_CRC))
				continue;
			f->flags |= SYMBOL_CRC;
			f->crc = imports[j].crc;
			f->source = r->path;
		}
	}
}

static const char *licence_of(const struct facts *facts)
{
	const char *licence = facts_first(facts, "license");

	return licence ? licence : "unspecified";
}

static enum trouble trouble_of_owner(const struct search *s, const struct fate *f)
{
	struct loaded_module module;

	switch (f->owner) {
	case OWNER_NOT_LOADED:
		return TROUBLE_NOT_LOADED;
	case OWNER_STALE:
		return TROUBLE_STALE;
	case OWNER_LOADED:
		if (s->e->error == -EBUSY && f->module && explain_find_loaded(s->e, f->module, &module) &&
		    bytes_are(module.state, "Loading"))
			return TROUBLE_LOADING;
		return TROUBLE_NONE;
	case OWNER_KERNEL:
		return TROUBLE_NONE;
	default:
		return !s->has_kernel_exports ? TROUBLE_NONE : f->is_in_kernel ? TROUBLE_PRIVATE
									       : TROUBLE_NOBODY;
	}
}

static enum trouble trouble_of(const struct search *s, const struct fate *f)
{
	const struct facts *facts = s->e->file.facts;
	enum trouble trouble = trouble_of_owner(s, f);

	if (trouble == TROUBLE_NONE && (f->flags & SYMBOL_GPL) && !licence_is_gpl(licence_of(facts)))
		trouble = TROUBLE_LICENCE;
	/* A weak import may stay without an answer. */
	if (trouble != TROUBLE_NONE)
		return f->import->flags & SYMBOL_WEAK && trouble != TROUBLE_LOADING ? TROUBLE_NONE : trouble;
	if (!s->e->request->ignore_modversions && (f->flags & SYMBOL_CRC) &&
	    (f->import->flags & SYMBOL_CRC) && f->crc != f->import->crc)
		return TROUBLE_VERSION;
	if ((f->flags & SYMBOL_NAMESPACE) && f->ns &&
	    !namespace_admits(facts, explain_kernels_name(s->e), f->ns, s->has_module_lists))
		return TROUBLE_NAMESPACE;
	return TROUBLE_NONE;
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Others with the same trouble, for one line; they count as told. */
static size_t others(struct search *s, const struct fate *first)
{
	size_t n = 0;

	for (struct fate *f = s->fates; f < s->fates + s->n; f++) {
		if (f == first || f->is_told || f->trouble != first->trouble ||
		    !is_same(f->module, first->module) || !is_same(f->ns, first->ns))
			continue;
		f->is_told = true;
		n++;
	}
	return n;
}

/* "symbol x", "symbols x and 2 others". */
static const char *symbols(char *text, size_t size, const struct fate *f, size_t n_others)
{
	char more[40] = "";

	if (n_others > 0)
		(void)snprintf(more, sizeof(more), " and %zu other%s", n_others, n_others > 1 ? "s" : "");
	(void)snprintf(text, size, "symbol%s %.300s%s", n_others > 0 ? "s" : "", f->name, more);
	return text;
}

static const char *owner_of(const struct fate *f)
{
	return f->module ? f->module : "the kernel";
}

/* The same with a verb. */
static const char *subject(char *text, size_t size, const struct fate *f, size_t n_others,
			   bool is_of_owner)
{
	char names[400];

	(void)snprintf(text, size, "%s%s%.300s %s", symbols(names, sizeof(names), f, n_others),
		       is_of_owner ? " of " : "", is_of_owner ? owner_of(f) : "", n_others > 0 ? "are" : "is");
	return text;
}

/* Who was asked, where nobody exports it. */
static void tell_nobody(struct search *s, const char *who)
{
	const struct indexes *ix = s->e->indexes;

	if (ix && ix->files[LOOKUP_SYMBOLS].content.size > 0 && !ix->lookup.parts[LOOKUP_SYMBOLS].error)
		explain_add(s->e, "%s exported by nobody: not by this kernel, and by no module below %s", who,
			    ix->dir);
	else
		explain_add(s->e, "%s exported neither by this kernel nor by a module that is loaded", who);
}

static void tell_version(struct search *s, const struct fate *f, size_t n_others)
{
	char more[80] = "";

	if (n_others > 0)
		(void)snprintf(more, sizeof(more), "; so have %zu other%s", n_others, n_others > 1 ? "s" : "");
	explain_add(s->e, "symbol %s of %s has another version: it was built with 0x%08x, and "
			  "0x%08x is there (by %s)%s",
		    f->name, owner_of(f), f->import->crc, f->crc, f->source, more);
}

static void tell_namespace(struct search *s, const struct fate *f, size_t n_others)
{
	char names[400];

	(void)symbols(names, sizeof(names), f, n_others);
	if (s->has_module_lists && namespace_is_list(f->ns))
		explain_add(s->e, "%s of %s may be used by modules %s only", names, owner_of(f),
			    f->ns + strlen(NAMESPACE_OF_MODULES));
	else
		explain_add(s->e, "uses %s of %s from namespace %s, which it does not import (no import_ns=%s in its "
				  ".modinfo)", names, owner_of(f), f->ns, f->ns);
}

static void tell(struct search *s, const struct fate *f)
{
	size_t n = others(s, f);
	char who[800];

	switch (f->trouble) {
	case TROUBLE_NOBODY:
		tell_nobody(s, subject(who, sizeof(who), f, n, false));
		break;
	case TROUBLE_PRIVATE:
		explain_add(s->e, "%s in this kernel, but not exported to modules",
			    subject(who, sizeof(who), f, n, false));
		break;
	case TROUBLE_NOT_LOADED:
		explain_add(s->e, "%s exported by %s, which is not loaded",
			    subject(who, sizeof(who), f, n, false), f->module);
		break;
	case TROUBLE_STALE:
		explain_add(s->e, "%s exported by the file of %s, but not by the %s that is loaded",
			    subject(who, sizeof(who), f, n, false), f->module, f->module);
		break;
	case TROUBLE_LOADING:
		explain_add(s->e, "%s exported by %s, which is still being loaded",
			    subject(who, sizeof(who), f, n, false), f->module);
		break;
	case TROUBLE_LICENCE:
		explain_add(s->e, "%s for modules with a GPL-compatible licence only; the module's is \"%s\"",
			    subject(who, sizeof(who), f, n, true), licence_of(s->e->file.facts));
		break;
	case TROUBLE_VERSION:
		tell_version(s, f, n);
		break;
	default:
		tell_namespace(s, f, n);
	}
}

/* Of each kind of trouble the first groups, in the order of names. */
static void tell_all(struct search *s)
{
	for (enum trouble t = TROUBLE_NONE + 1; t < TROUBLES; t++) {
		unsigned int n_groups = 0;
		size_t n_left = 0;

		for (struct fate *f = s->fates; f < s->fates + s->n; f++) {
			if (f->trouble != t || f->is_told)
				continue;
			f->is_told = true;
			if (n_groups++ < GROUPS_MAX)
				tell(s, f);
			else
				n_left++;
		}
		if (n_left > 0)
			explain_add(s->e, "and %zu more symbols like these", n_left);
	}
}

/* Return: whether there is any trouble. */
static bool judge(struct search *s)
{
	bool is_any = false;

	for (struct fate *f = s->fates; f < s->fates + s->n; f++) {
		f->trouble = trouble_of(s, f);
		if (s->e->error == -EBUSY && f->trouble != TROUBLE_LOADING)
			f->trouble = TROUBLE_NONE;
		is_any |= f->trouble != TROUBLE_NONE;
	}
	return is_any;
}

void explain_symbols(struct explaining *e)
{
	struct search s = { .e = e };

	if (!e->file.facts || collect(&s) < 0)
		return;
	read_kallsyms(&s);
	for (size_t i = 0; i < s.n; i++)
		ask_index(&s, &s.fates[i]);
	read_owners(&s);
	s.has_module_lists = namespace_has_modules(explain_kernel_release(e));
	(void)ask_kernel_exports(&s, false);
	read_references(&s);
	if (!judge(&s) && e->error != -EBUSY && ask_kernel_exports(&s, true))
		(void)judge(&s);
	tell_all(&s);
}

void explain_exports(struct explaining *e)
{
	const struct facts *facts = e->file.facts;
	struct search s = { .e = e };

	if (!facts || facts->n_exports > SYMBOLS_MAX)
		return;
	s.fates = arena_alloc(&e->out->arena, sizeof(*s.fates) * (facts->n_exports + 1));
	if (!s.fates)
		return;
	for (; s.n < facts->n_exports; s.n++)
		s.fates[s.n] = (struct fate){ .name = facts_string(facts, facts_exports(facts)[s.n].name) };
	qsort(s.fates, s.n, sizeof(*s.fates), by_name);
	read_kallsyms(&s);
	for (const struct fate *f = s.fates; f < s.fates + s.n; f++)
		if (f->owner != OWNER_NOBODY && !(f->module && strcmp(f->module, e->request->name) == 0))
			explain_add(e, "it exports symbol %s, which %s exports already", f->name,
				    f->module ? f->module : "the kernel");
}

void explain_imports(struct explaining *e)
{
	const struct facts *facts = e->file.facts;

	if (!facts || !namespace_has_modules(explain_kernel_release(e)))
		return;
	for (uint32_t i = 0; i < facts->n_modinfo; i++) {
		const char *ns = facts_tag(facts_modinfo(facts, i), "import_ns");

		if (ns && namespace_is_list(ns))
			explain_add(e, "it imports %s: a kernel since 6.16 takes no import of a list of modules", ns);
	}
}
