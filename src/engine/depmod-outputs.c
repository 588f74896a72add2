/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All files of the set, the independent ones at once.
 */
#include <stdlib.h>

#include "bytes/diag.h"
#include "bytes/hash.h"
#include "engine/depmod-internal.h"
#include "engine/workers.h"
#include "graph/hard.h"
#include "graph/outputs.h"
#include "index/builtin.h"
#include "index/lookup.h"
#include "index/manifest.h"
#include "index/writer.h"
#include "sys/sys.h"

#define CONFLICT "conflict"

/* The jobs in the order in which their reports stand; the longest come first. */
enum job {
	JOB_ALIAS,
	JOB_DEP,
	JOB_SYMBOLS,
	JOB_REST,
	JOBS,
};

struct making {
	struct depmod *d;
	bool dep_is_last; /* hard dependencies are looked up in what the other jobs make */
	struct findings findings[JOBS];
	struct findings declared;
};

static int make_rest(struct depmod *d, struct findings *findings)
{
	int r;

	if (d->conf.merge_softdeps)
		r = outputs_merged_softdeps(&d->graph, &d->outputs[INDEX_SOFTDEP], findings);
	else
		r = outputs_tags(&d->graph, "softdep", &d->outputs[INDEX_SOFTDEP], findings);
	if (r == 0)
		r = outputs_tags(&d->graph, "weakdep", &d->outputs[INDEX_WEAKDEP], findings);
	if (r == 0)
		r = outputs_devname(&d->graph, &d->outputs[INDEX_DEVNAME], findings);
	return r;
}

static int make_dep(struct depmod *d, struct findings *findings)
{
	return outputs_dep(&d->graph, d->options->warn_duplicates, &d->outputs[INDEX_DEP],
			   &d->outputs[INDEX_DEP_BIN], findings);
}

static int make_one(void *ctx, unsigned int thread, uint32_t item)
{
	struct making *m = ctx;
	struct depmod *d = m->d;
	struct findings *f = &m->findings[item];
	bool warn = d->options->warn_duplicates;

	(void)thread;
	switch ((enum job)item) {
	case JOB_ALIAS:
		return outputs_alias(&d->graph, warn, &d->outputs[INDEX_ALIAS],
				     &d->outputs[INDEX_ALIAS_BIN], f);
	case JOB_DEP:
		return m->dep_is_last ? 0 : make_dep(d, f);
	case JOB_SYMBOLS:
		return outputs_symbols(&d->graph, warn, &d->outputs[INDEX_SYMBOLS],
				       &d->outputs[INDEX_SYMBOLS_BIN], f);
	case JOB_REST:
		return make_rest(d, f);
	case JOBS:
		break;
	}
	return 0;
}

static void report_list(struct depmod *d, const char *name, int error, const struct diag *diag)
{
	char *path = depmod_path(d, name);

	if (path)
		event_diag(d->events, EVENT_WARNING, path, error, diag);
	free(path);
}

/* Names of modules.builtin, in its order. */
static int make_builtin(struct depmod *d)
{
	struct builtin_list list = { .text = buf_bytes(&d->builtin) };
	char name[MODULE_NAME_MAX + 1];
	const char **names = NULL;
	size_t n = 0, capacity = 0;
	struct diag diag;
	int r;

	while ((r = builtin_list_next(&list, name, &diag)) != 0) {
		if (r < 0) {
			report_list(d, "modules.builtin", r, &diag);
			continue;
		}
		if (n == capacity) {
			const char **more;

			capacity = capacity ? capacity * 2 : 256;
			more = realloc(names, capacity * sizeof(*names));
			if (!more)
				break;
			names = more;
		}
		names[n] = arena_string(&d->arena, name, strlen(name));
		if (!names[n++])
			break;
	}
	r = r == 0 ? outputs_builtin(names, n, &d->outputs[INDEX_BUILTIN_BIN]) : -ENOMEM;
	free(names);
	return r;
}

static void note_bad_builtin_alias(void *ctx, const struct builtin_alias *alias, const char *why)
{
	struct depmod *d = ctx;

	event_emit(d->events, EVENT_WARNING, "modules.builtin.modinfo: alias of %s %s, left out",
		   alias->module, why);
}

/* Aliases of modules.builtin.modinfo, in its order. */
static int make_builtin_alias(struct depmod *d)
{
	struct builtin_modinfo modinfo = { .text = buf_bytes(&d->builtin_modinfo) };
	struct builtin_alias *aliases = NULL;
	size_t n = 0, capacity = 0;
	struct builtin_tag tag;
	struct diag diag;
	int r;

	while ((r = builtin_modinfo_next(&modinfo, &tag, &diag)) != 0) {
		if (r < 0) {
			report_list(d, "modules.builtin.modinfo", r, &diag);
			continue;
		}
		if (tag.key_size != 5 || memcmp(tag.key, "alias", 5) != 0)
			continue;
		if (n == capacity) {
			struct builtin_alias *more;

			capacity = capacity ? capacity * 2 : 256;
			more = realloc(aliases, capacity * sizeof(*aliases));
			if (!more)
				break;
			aliases = more;
		}
		aliases[n].alias = tag.value;
		aliases[n].module = arena_string(&d->arena, tag.module, tag.module_size);
		if (!aliases[n++].module)
			break;
	}
	r = r == 0 ? outputs_builtin_alias(aliases, n, &d->outputs[INDEX_BUILTIN_ALIAS_BIN],
					   note_bad_builtin_alias, d)
		   : -ENOMEM;
	free(aliases);
	return r;
}

static void note_bad_builtin_conflict(void *ctx, const char *module, const char *why)
{
	struct depmod *d = ctx;

	event_emit(d->events, EVENT_WARNING,
		   "modules.builtin.modinfo: a word of the conflict of %s %s, not used", module, why);
}

/* It excludes others for ever. */
static int add_builtin_conflicts(struct depmod *d)
{
	struct builtin_modinfo modinfo = { .text = buf_bytes(&d->builtin_modinfo) };
	struct builtin_tag tag;
	struct diag diag;
	int r = 0, next;

	while (r == 0 && (next = builtin_modinfo_next(&modinfo, &tag, &diag)) != 0) {
		const char *module;

		if (next < 0 || tag.key_size != strlen(CONFLICT) ||
		    memcmp(tag.key, CONFLICT, tag.key_size) != 0)
			continue;
		module = arena_string(&d->arena, tag.module, tag.module_size);
		r = module ? declarations_add_builtin(&d->declarations, module, tag.value,
						      note_bad_builtin_conflict, d)
			   : -ENOMEM;
	}
	return r;
}

static bool has_builtin_conflict(const struct depmod *d)
{
	static const char text[] = "." CONFLICT "=";

	return d->builtin_modinfo.size > 0 &&
	       memmem(d->builtin_modinfo.base, d->builtin_modinfo.size, text, strlen(text));
}

struct entries {
	struct depmod *d;
	struct index_writer writer;
};

static int put_manifest(void *ctx, const char *key, const char *value)
{
	struct entries *e = ctx;
	const char *k = arena_string(&e->d->arena, key, strlen(key));
	const char *v = arena_string(&e->d->arena, value, strlen(value));

	return k && v ? index_writer_add(&e->writer, k, strlen(k), v, strlen(v), 0) : -ENOMEM;
}

/* A key over INDEX_KEY_MAX is no module's or symbol's that could be asked for. */
static int put_declaration(void *ctx, const char *key, const char *value, uint32_t priority)
{
	struct entries *e = ctx;
	int r = index_writer_add(&e->writer, key, strlen(key), value, strlen(value), priority);

	return r == -EINVAL ? 0 : r;
}

/* modules.modsure.bin: what was declared, namespaces, and what readers tell a mixed set by. */
static int make_modsure(struct making *m)
{
	struct depmod *d = m->d;
	struct entries e = { .d = d };
	struct manifest manifest = { .input = inputs_digest(d) };
	int r;

	for (int i = 0; i < INDEX_CLASSIC_FILES; i++) {
		manifest.files[i].size = d->outputs[i].size;
		manifest.files[i].hash = hash_content(d->outputs[i].base, d->outputs[i].size, 0);
	}
	r = manifest_write(&manifest, put_manifest, &e);
	if (r == 0)
		r = declarations_put(&d->declarations, &d->graph, &m->declared, put_declaration, &e);
	/* What lies about beside the tree must not change the set: only what was given counts. */
	if (r == 0)
		r = outputs_namespaces(&d->graph, d->options->symvers || d->options->system_map, &d->arena,
				       &m->declared, put_declaration, &e);
	if (r == 0)
		r = index_writer_write(&e.writer, &d->outputs[INDEX_MODSURE_BIN]);
	index_writer_done(&e.writer);
	return r;
}

/* Words are looked up as a reader of the set will do it. */
static int add_hard_dependencies(struct making *m)
{
	static const enum lookup_source sources[] = { LOOKUP_SYMBOLS, LOOKUP_ALIAS, LOOKUP_BUILTIN,
						      LOOKUP_BUILTIN_ALIAS };
	struct depmod *d = m->d;
	struct lookup lookup = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(sources) / sizeof(sources[0]); i++)
		r = lookup_add(&lookup, sources[i],
			       buf_bytes(&d->outputs[lookup_file(sources[i])]));
	if (r == 0)
		r = declarations_collect(&d->declarations, &d->graph, &d->conf, &m->declared);
	if (r == 0)
		r = add_builtin_conflicts(d);
	if (r == 0)
		r = declarations_resolve(&d->declarations, &d->graph, &lookup, &m->declared);
	return r < 0 ? r : hard_add_edges(&d->graph, &d->declarations, &m->declared);
}

/* What comes before hard dependencies, or after. */
static void report_jobs(struct making *m, bool is_dep)
{
	for (int i = 0; i < JOBS; i++)
		if ((i == JOB_DEP && m->dep_is_last) == is_dep)
			report_findings(m->d, &m->findings[i]);
}

static int make_all(struct making *m)
{
	struct depmod *d = m->d;
	int r;

	m->dep_is_last = declarations_are_any(&d->graph, &d->conf) || has_builtin_conflict(d);
	r = workers_run(d->options->jobs ? d->options->jobs : sys_cpus(), JOBS, make_one, m);
	if (r == 0) {
		report_jobs(m, false);
		r = make_builtin(d);
	}
	if (r == 0)
		r = make_builtin_alias(d);
	if (r == 0 && m->dep_is_last)
		r = add_hard_dependencies(m);
	if (r == 0 && m->dep_is_last)
		r = make_dep(d, &m->findings[JOB_DEP]);
	if (r == 0)
		r = make_modsure(m);
	if (r == 0) {
		report_jobs(m, true);
		report_findings(d, &m->declared);
	}
	return r;
}

int make_outputs(struct depmod *d)
{
	struct making m = { .d = d };
	int r;

	r = make_all(&m);
	for (int i = 0; i < JOBS; i++)
		d->output_findings[i] = m.findings[i];
	d->output_findings[JOBS] = m.declared;
	if (r == -E2BIG)
		event_emit(d->events, EVENT_ERROR, "%s: the indexes would be too large to write",
			   d->options->module_dir);
	return r;
}
