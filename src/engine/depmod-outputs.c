/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All files of the set, the independent ones at once.
 */
#include <stdlib.h>

#include "bytes/diag.h"
#include "bytes/hash.h"
#include "engine/depmod-internal.h"
#include "engine/workers.h"
#include "graph/outputs.h"
#include "index/builtin.h"
#include "index/manifest.h"
#include "index/writer.h"
#include "sys/sys.h"

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
	struct findings findings[JOBS];
};

static int make_rest(struct depmod *d, struct findings *findings)
{
	int r;

	r = outputs_tags(&d->graph, "softdep", &d->outputs[INDEX_SOFTDEP], findings);
	if (r == 0)
		r = outputs_tags(&d->graph, "weakdep", &d->outputs[INDEX_WEAKDEP], findings);
	if (r == 0)
		r = outputs_devname(&d->graph, &d->outputs[INDEX_DEVNAME], findings);
	return r;
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
		return outputs_dep(&d->graph, warn, &d->outputs[INDEX_DEP],
				   &d->outputs[INDEX_DEP_BIN], f);
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

struct manifest_entries {
	struct depmod *d;
	struct index_writer writer;
};

static int put_manifest(void *ctx, const char *key, const char *value)
{
	struct manifest_entries *m = ctx;
	const char *k = arena_string(&m->d->arena, key, strlen(key));
	const char *v = arena_string(&m->d->arena, value, strlen(value));

	return k && v ? index_writer_add(&m->writer, k, strlen(k), v, strlen(v), 0) : -ENOMEM;
}

/* modules.modsure.bin: what readers tell a mixed set by. */
static int make_manifest(struct depmod *d)
{
	struct manifest_entries m = { .d = d };
	struct manifest manifest = { .input = inputs_digest(d) };
	int r;

	for (int i = 0; i < INDEX_CLASSIC_FILES; i++) {
		manifest.files[i].size = d->outputs[i].size;
		manifest.files[i].hash = hash_content(d->outputs[i].base, d->outputs[i].size, 0);
	}
	r = manifest_write(&manifest, put_manifest, &m);
	if (r == 0)
		r = index_writer_write(&m.writer, &d->outputs[INDEX_MODSURE_BIN]);
	index_writer_done(&m.writer);
	return r;
}

int make_outputs(struct depmod *d)
{
	struct making m = { .d = d };
	int r;

	r = workers_run(d->options->jobs ? d->options->jobs : sys_cpus(), JOBS, make_one, &m);
	for (int i = 0; i < JOBS; i++) {
		if (r == 0)
			report_findings(d, &m.findings[i]);
		findings_done(&m.findings[i]);
	}
	if (r == 0)
		r = make_builtin(d);
	if (r == 0)
		r = make_builtin_alias(d);
	if (r == 0)
		r = make_manifest(d);
	if (r == -E2BIG)
		event_emit(d->events, EVENT_ERROR, "%s: the indexes would be too large to write",
			   d->options->module_dir);
	return r;
}
