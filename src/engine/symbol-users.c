/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   modules.symbols.bin        which module exports it
 *   modules.modsure.bin        its namespace
 *   that module's file         the same, its licence and version; or what the kernel exports
 *   modules.dep.bin            whose files are to be read: those that need that module
 *   each of these files        does it import the symbol, and its namespace?
 */
#include "engine/symbol-users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/grow.h"
#include "bytes/hash.h"
#include "elf/facts-internal.h"
#include "elf/namespace.h"
#include "engine/depmod.h"
#include "engine/modfile.h"
#include "engine/session-internal.h"
#include "engine/workers.h"
#include "sys/sys.h"

/* Modules of one tree that are read. */
#define MODULES_MAX (1u << 20)

#define KEEP_OF_ARENA ((size_t)1024 * 1024)

/** struct candidate - a module that may use the symbol */
struct candidate {
	const char *module, *path;
	bool is_user;
	struct symbol_user user;
	int error;
	struct diag *diag; /* NULL for nothing to tell */
};

struct thread {
	struct modfile_reader *reader;
	struct arena arena;  /* of one file */
	struct arena kept; /* of diags */
};

struct finding {
	struct session *s;
	const char *symbol;
	uint32_t hash;
	bool has_lists; /* the kernel knows namespaces that are lists of modules */
	struct symbol_users *out;
	const char *owner_line; /* the owner's path as it stands in modules.dep; NULL: all modules are read */
	size_t owner_line_size;
	struct candidate *candidates;
	uint32_t n_candidates, capacity;
	struct thread *threads;
	uint32_t n_threads;
};

static const char *keep(struct finding *f, const char *text)
{
	return arena_string(&f->out->arena, text, strlen(text));
}

/* Who exports it? */

static const char *full_path(struct finding *f, const char *path, size_t size)
{
	CLEANUP_BUF struct buf full = { 0 };

	if (path[0] != '/')
		buf_printf(&full, "%s/", f->s->indexes.dir);
	buf_put(&full, path, size);
	return full.error ? NULL : arena_string(&f->out->arena, (const char *)full.base, full.size);
}

/* Return: 1 a module exports it; 0; -ENOMEM. */
static int ask_index(struct finding *f)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	struct symbol_export *export = &f->out->export;
	char request[SYMBOL_NAME_MAX + sizeof("symbol:")];
	struct dep_line line;
	int r;

	/* A request has no '-' that is not '_'. */
	if (strlen(f->symbol) > SYMBOL_NAME_MAX || strchr(f->symbol, '-'))
		return 0;
	(void)snprintf(request, sizeof(request), "symbol:%s", f->symbol);
	r = indexes_find(&f->s->indexes, request, &answer);
	session_report_broken(f->s, answer.broken);
	if (r < 0 || answer.source != LOOKUP_SYMBOLS || answer.values.n == 0)
		return r == -ENOMEM ? r : 0;
	export->module = keep(f, lookup_answer_module(&answer, 0));
	if (!export->module)
		return -ENOMEM;
	export->owner = SYMBOL_OF_MODULE;
	if (indexes_dep(&f->s->indexes, export->module, &line) < 0)
		return 1;
	f->owner_line = line.path;
	f->owner_line_size = line.path_size;
	export->path = full_path(f, line.path, line.path_size);
	return export->path ? 1 : -ENOMEM;
}

/* What an index says is better than nothing: the file may be gone. Return: 1 it says something; 0; -ENOMEM. */
static int ask_namespaces(struct finding *f, const char *owner)
{
	struct symbol_export *export = &f->out->export;
	struct namespace_export found;
	int r = indexes_namespace(&f->s->indexes, f->symbol, owner, &found);

	session_report_broken(f->s, INDEXES_DECLARED);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	export->knows |= KERNEL_EXPORTS_KNOWS_NAMESPACE;
	export->ns = keep(f, found.ns);
	export->source = keep(f, "modules.modsure.bin");
	export->source_kind = "index";
	return export->ns && export->source ? 1 : -ENOMEM;
}

static const struct facts_export *find_export(const struct facts *facts, const char *symbol)
{
	const struct facts_export *exports = facts_exports(facts);

	for (uint32_t i = 0; i < facts->n_exports; i++)
		if (strcmp(facts_string(facts, exports[i].name), symbol) == 0)
			return &exports[i];
	return NULL;
}

static int read_owner(struct finding *f)
{
	struct symbol_export *export = &f->out->export;
	struct modfile_reader *reader = modfile_reader_new(NULL);
	const struct facts_export *found;
	CLEANUP_ARENA struct arena arena = { 0 };
	struct modfile file = { 0 };
	struct diag diag = { 0 };
	int r;

	if (!reader)
		return -ENOMEM;
	r = modfile_read(reader, AT_FDCWD, export->path, FACTS_WANT_SYMBOLS, &arena, &file, &diag);
	modfile_reader_free(reader);
	if (r < 0) {
		event_diag(&f->s->events, EVENT_WARNING, export->path, r, &diag);
		return r == -ENOMEM ? r : 0;
	}
	found = find_export(file.facts, f->symbol);
	if (!found) {
		event_emit(&f->s->events, EVENT_WARNING, "%s does not export %s: the indexes are of another file",
			   export->path, f->symbol);
		return 0;
	}
	export->knows = KERNEL_EXPORTS_KNOWS_CRC | KERNEL_EXPORTS_KNOWS_NAMESPACE |
			KERNEL_EXPORTS_KNOWS_LICENCE;
	export->flags = found->flags;
	export->crc = found->crc;
	export->ns = found->flags & SYMBOL_NAMESPACE ? keep(f, facts_string(file.facts, found->ns)) : NULL;
	export->source = export->path;
	export->source_kind = "module";
	return (found->flags & SYMBOL_NAMESPACE) && !export->ns ? -ENOMEM : 0;
}

static int take_kernel_export(struct finding *f, const struct kernel_exports *x)
{
	const struct kernel_export *found = kernel_exports_find(x, f->symbol);
	struct symbol_export *export = &f->out->export;

	if (!found) {
		/* A part of the kernel's exports is not written down by itself. */
		if (export->owner != SYMBOL_OF_KERNEL)
			export->owner = x->source == KERNEL_EXPORTS_NONE ? SYMBOL_OF_UNKNOWN : SYMBOL_OF_NOBODY;
		return 0;
	}
	export->owner = SYMBOL_OF_KERNEL;
	export->source_kind = kernel_exports_source_name(x->source);
	export->source = x->path ? keep(f, x->path) : NULL;
	/* Names alone: an index may know more. */
	if (!(x->knows & KERNEL_EXPORTS_KNOWS_NAMESPACE) && export->ns)
		return 0;
	export->knows = x->knows;
	export->flags = found->flags;
	export->crc = found->crc;
	export->ns = found->ns ? keep(f, found->ns) : NULL;
	return (found->ns && !export->ns) || (x->path && !export->source) ? -ENOMEM : 0;
}

static int ask_kernel(struct finding *f, const struct kernel_symbols_options *options)
{
	struct kernel_symbols found = { 0 };
	int r;

	r = ask_namespaces(f, NAMESPACES_KERNEL);
	if (r > 0)
		f->out->export.owner = SYMBOL_OF_KERNEL;
	if (r >= 0)
		r = kernel_symbols_find(options, &f->s->events, &found);
	if (r == 0)
		r = take_kernel_export(f, &found.exports);
	kernel_symbols_done(&found);
	return r;
}

static int find_owner(struct finding *f, const struct kernel_symbols_options *kernel)
{
	int r;

	f->out->export.source_kind = "";
	r = ask_index(f);
	if (r == 0)
		return ask_kernel(f, kernel);
	if (r > 0)
		r = ask_namespaces(f, f->out->export.module);
	if (r < 0)
		return r;
	return f->out->export.path ? read_owner(f) : 0;
}

/* Which modules may use it? */

static bool needs_owner(const struct finding *f, struct dep_line *line)
{
	const char *path;
	size_t size;

	while (dep_line_next(line, &path, &size))
		if (size == f->owner_line_size && memcmp(path, f->owner_line, size) == 0)
			return true;
	return false;
}

static int add_candidate(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	struct finding *f = ctx;
	struct dep_line line;
	struct candidate *c;
	int r;

	if (dep_line_open(value->text, &line) < 0 || (f->owner_line && !needs_owner(f, &line)))
		return 0;
	r = grow_array(&f->candidates, f->n_candidates, &f->capacity, sizeof(*f->candidates), MODULES_MAX);
	if (r < 0)
		return r;
	c = &f->candidates[f->n_candidates++];
	*c = (struct candidate){ .module = arena_string(&f->out->arena, key, key_size),
				 .path = full_path(f, line.path, line.path_size) };
	return c->module && c->path ? 0 : -ENOMEM;
}

static int find_candidates(struct finding *f)
{
	int r = indexes_dump(&f->s->indexes, LOOKUP_DEP, add_candidate, f);

	session_report_broken(f->s, 1u << LOOKUP_DEP);
	if (r == -EBADMSG || (r == 0 && !f->s->indexes.lookup.parts[LOOKUP_DEP].is_open))
		return f->n_candidates > 0 ? 0 : -ENOENT;
	return r;
}

/* Do they? */

static void judge(const struct finding *f, struct candidate *c, const struct facts *facts)
{
	const struct facts_import *imports = facts_imports(facts);
	const char *ns = f->out->export.ns;

	for (uint32_t i = 0; i < facts->n_imports && !c->is_user; i++) {
		if (imports[i].name_hash != f->hash || (imports[i].flags & SYMBOL_VERSION_ONLY) ||
		    strcmp(facts_string(facts, imports[i].name), f->symbol) != 0)
			continue;
		c->is_user = true;
		c->user = (struct symbol_user){ .module = c->module, .path = c->path,
						.flags = imports[i].flags, .crc = imports[i].crc };
	}
	if (c->is_user && ns)
		c->user.imports_namespace = namespace_admits(facts, c->module, ns, f->has_lists);
}

static int read_candidate(void *ctx, unsigned int thread, uint32_t item)
{
	struct finding *f = ctx;
	struct thread *t = &f->threads[thread];
	struct candidate *c = &f->candidates[item];
	struct modfile file = { 0 };
	struct diag diag = { 0 };

	c->error = modfile_read(t->reader, AT_FDCWD, c->path, FACTS_WANT_SYMBOLS | FACTS_WANT_ALL_MODINFO,
				&t->arena, &file, &diag);
	if (c->error == 0) {
		judge(f, c, file.facts);
	} else if (c->error != -ENOMEM) {
		c->diag = arena_alloc(&t->kept, sizeof(diag));
		if (!c->diag)
			return -ENOMEM;
		*c->diag = diag;
	}
	arena_reset(&t->arena, KEEP_OF_ARENA);
	return c->error == -ENOMEM ? -ENOMEM : 0;
}

static void acquire(void *ctx, uint64_t bytes)
{
	budget_acquire(ctx, bytes);
}

static void release(void *ctx, uint64_t bytes)
{
	budget_release(ctx, bytes);
}

static int start_threads(struct finding *f, unsigned int jobs, struct budget *budget)
{
	const struct modfile_budget shared = { acquire, release, budget };
	uint32_t n = jobs ? jobs : sys_cpus();

	n = n < f->n_candidates ? n : f->n_candidates;
	n = n > 0 ? n : 1;
	f->threads = calloc(n, sizeof(*f->threads));
	if (!f->threads)
		return -ENOMEM;
	f->n_threads = n;
	for (uint32_t i = 0; i < n; i++) {
		f->threads[i].reader = modfile_reader_new(&shared);
		if (!f->threads[i].reader)
			return -ENOMEM;
	}
	return 0;
}

static int read_candidates(struct finding *f, unsigned int jobs)
{
	struct budget *budget = budget_new(DEPMOD_IN_FLIGHT_MAX);
	int r = budget ? start_threads(f, jobs, budget) : -ENOMEM;

	if (r == 0)
		r = workers_run(f->n_threads, f->n_candidates, read_candidate, f);
	for (uint32_t i = 0; i < f->n_candidates && r == 0; i++) {
		const struct candidate *c = &f->candidates[i];

		if (c->error == 0)
			continue;
		f->out->n_unread++;
		event_diag(&f->s->events, EVENT_WARNING, c->path, c->error, c->diag);
	}
	for (uint32_t i = 0; i < f->n_threads; i++) {
		modfile_reader_free(f->threads[i].reader);
		arena_done(&f->threads[i].arena);
		arena_done(&f->threads[i].kept);
	}
	free(f->threads);
	budget_free(budget);
	return r;
}

static int take_users(struct finding *f)
{
	struct symbol_users *out = f->out;
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n_candidates; i++)
		n += f->candidates[i].is_user;
	out->users = arena_alloc(&out->arena, ((size_t)n + 1) * sizeof(*out->users));
	if (!out->users)
		return -ENOMEM;
	/* The index is in the order of names. */
	for (uint32_t i = 0; i < f->n_candidates; i++)
		if (f->candidates[i].is_user)
			out->users[out->n_users++] = f->candidates[i].user;
	return 0;
}

int symbol_users_find(struct session *s, const struct kernel_symbols_options *kernel, const char *symbol,
		      unsigned int jobs, struct symbol_users *ret)
{
	struct finding f = {
		.s = s,
		.symbol = symbol,
		.hash = hash_name(symbol, strlen(symbol)),
		.has_lists = namespace_has_modules(kernel->version),
		.out = ret,
	};
	int r;

	r = find_owner(&f, kernel);
	if (r == 0)
		r = find_candidates(&f);
	if (r == 0)
		r = read_candidates(&f, jobs);
	if (r == 0)
		r = take_users(&f);
	free(f.candidates);
	return r;
}

void symbol_users_done(struct symbol_users *users)
{
	if (!users)
		return;
	arena_done(&users->arena);
	*users = (struct symbol_users){ 0 };
}
