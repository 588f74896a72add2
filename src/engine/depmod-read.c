/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts of thousands of files on several threads.
 *
 * One thread takes the largest files first, the others the smallest first, until they meet: nobody
 * is kept waiting by a huge file that comes last, only one huge file is in memory at a time, and
 * that at a time when the facts of most others are not there yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/grow.h"
#include "engine/depmod-internal.h"
#include "engine/modfile.h"
#include "engine/workers.h"
#include "sys/sys.h"

struct thread_state {
	struct modfile_reader *reader;
	struct arena arena;
};

/* What one file came to. */
struct outcome {
	const struct facts *facts;
	struct diag *diag; /* in a thread's arena; NULL when there is nothing to add */
	int error;
};

struct reading {
	struct depmod *d;
	struct thread_state *threads;
	uint32_t *by_size; /* numbers of files, the largest first */
	struct outcome *outcomes;
	uint32_t from_front;	    /* files taken by the calling thread */
	_Atomic uint32_t from_back; /* files taken by the others */
	uint32_t n_threads;
};

static int compare_size(const void *a, const void *b, void *ctx)
{
	const struct scan_file *files = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (files[x].size != files[y].size)
		return files[x].size > files[y].size ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* A module that we lack the means to read must not vanish from the indexes for that. */
static bool is_our_trouble(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

/* Both counts together never exceed the number of items, so they never meet the same file. */
static uint32_t next_file(struct reading *reading, unsigned int thread)
{
	uint32_t n = reading->d->scan.n_files;

	if (thread == 0)
		return reading->by_size[reading->from_front++];
	return reading->by_size[n - 1 - atomic_fetch_add(&reading->from_back, 1)];
}

static unsigned int wanted_facts(const struct depmod *d)
{
	if (d->extras)
		return FACTS_WANT_EVERYTHING | MODFILE_WANT_DECODER;
	return FACTS_WANT_SYMBOLS | (d->options->check_namespaces ? FACTS_WANT_ALL_MODINFO : 0u);
}

static int read_one(void *ctx, unsigned int thread, uint32_t item)
{
	struct reading *reading = ctx;
	struct depmod *d = reading->d;
	uint32_t i = next_file(reading, thread);
	struct thread_state *t = &reading->threads[thread];
	const struct scan_file *file = &d->scan.files[i];
	struct outcome *out = &reading->outcomes[i];
	struct modfile modfile = { 0 };
	struct diag diag = { 0 };

	if (d->events->is_cancelled && d->events->is_cancelled(d->events->ctx))
		return -EINTR;
	out->error = modfile_read(t->reader, file->given || file->path[0] == '/' ? AT_FDCWD : d->dir_fd,
				  file->given ? file->given : file->path, wanted_facts(d),
				  &t->arena, &modfile, &diag);
	if (is_our_trouble(out->error))
		return out->error;
	out->facts = modfile.facts;
	d->codecs[i] = modfile.codec;
	if (d->extras)
		d->extras[i] = (struct depmod_extra){ modfile.kernel_lacks, modfile.verdict,
						      modfile.verdict_why };
	if (out->error < 0 || diag.what[0]) {
		out->diag = arena_alloc(&t->arena, sizeof(diag));
		if (!out->diag)
			return -ENOMEM;
		*out->diag = diag;
	}
	if (thread == 0 && d->events->progress)
		d->events->progress(d->events->ctx, item + 1, d->scan.n_files);
	return 0;
}

static void acquire(void *ctx, uint64_t bytes)
{
	budget_acquire(ctx, bytes);
}

static void release(void *ctx, uint64_t bytes)
{
	budget_release(ctx, bytes);
}

static int start_threads(struct reading *reading, struct budget *budget)
{
	const struct modfile_budget shared = { acquire, release, budget };

	for (uint32_t i = 0; i < reading->n_threads; i++) {
		reading->threads[i].reader = modfile_reader_new(&shared);
		if (!reading->threads[i].reader)
			return -ENOMEM;
		if (reading->d->options->judge)
			modfile_reader_set_judge(reading->threads[i].reader, reading->d->options->judge);
	}
	return 0;
}

static void report_outcome(struct depmod *d, const struct scan_file *file, const struct outcome *out)
{
	uint32_t unknown = out->error == 0 ? out->facts->flags & (FACTS_EXPORTS_UNKNOWN | FACTS_LICENCES_UNKNOWN)
					   : 0;
	char *path;

	if (out->error == 0 && !unknown)
		return;
	path = depmod_path(d, file->path);
	if (path && out->error < 0)
		event_diag(d->events, EVENT_WARNING, path, out->error, out->diag);
	else if (path && (unknown & FACTS_EXPORTS_UNKNOWN))
		event_emit(d->events, EVENT_WARNING,
			   "%s: has an export table whose names can't be told", path);
	else if (path)
		event_emit(d->events, EVENT_WARNING,
			   "%s: has flags that do not fit its exports: which are for GPL modules can't be told",
			   path);
	free(path);
}

static int note_damaged(struct depmod *d, uint32_t file, const struct outcome *out)
{
	int r;

	r = grow_array(&d->damaged, d->n_damaged, &d->damaged_capacity, sizeof(*d->damaged),
		       d->scan.n_files);
	if (r < 0)
		return r;
	d->damaged[d->n_damaged] = (struct depmod_damaged){ .file = file, .error = out->error };
	if (out->diag)
		d->damaged[d->n_damaged].diag = *out->diag;
	d->n_damaged++;
	return 0;
}

/* Reports stand in the order of paths, whichever thread was first. */
static int collect(struct reading *reading)
{
	struct depmod *d = reading->d;

	int r;

	d->modules = calloc((size_t)d->scan.n_files + 1, sizeof(*d->modules));
	if (!d->modules)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->scan.n_files; i++) {
		const struct scan_file *file = &d->scan.files[i];
		const struct outcome *out = &reading->outcomes[i];

		report_outcome(d, file, out);
		if (out->error < 0) {
			r = note_damaged(d, i, out);
			if (r < 0)
				return r;
			continue;
		}
		d->modules[d->n_modules++] = (struct graph_module){
			.name = file->name,
			.path = file->path,
			.facts = out->facts,
			.file = i,
		};
	}
	return 0;
}

static int prepare(struct reading *reading)
{
	struct depmod *d = reading->d;
	uint32_t n = d->scan.n_files;
	uint32_t jobs = d->options->jobs ? d->options->jobs : sys_cpus();

	reading->n_threads = jobs < 1 ? 1 : jobs > n ? (n ? n : 1) : jobs;
	reading->threads = calloc(reading->n_threads, sizeof(*reading->threads));
	reading->by_size = malloc(((size_t)n + 1) * sizeof(*reading->by_size));
	reading->outcomes = calloc((size_t)n + 1, sizeof(*reading->outcomes));
	d->codecs = calloc((size_t)n + 1, sizeof(*d->codecs));
	if (d->options->with_all_facts)
		d->extras = calloc((size_t)n + 1, sizeof(*d->extras));
	if (!reading->threads || !reading->by_size || !reading->outcomes || !d->codecs ||
	    (d->options->with_all_facts && !d->extras))
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		reading->by_size[i] = i;
	qsort_r(reading->by_size, n, sizeof(*reading->by_size), compare_size, d->scan.files);
	return 0;
}

int read_modules(struct depmod *d)
{
	struct budget *budget = budget_new(DEPMOD_IN_FLIGHT_MAX);
	struct reading reading = { .d = d };
	int r;

	r = budget ? prepare(&reading) : -ENOMEM;
	if (r == 0)
		r = start_threads(&reading, budget);
	if (r == 0)
		r = workers_run(reading.n_threads, d->scan.n_files, read_one, &reading);
	if (r < 0 && r != -EINTR && r != -ENOMEM)
		event_emit(d->events, EVENT_ERROR, "cannot go on reading modules: %s",
			   strerrordesc_np(-r));
	if (r == 0)
		r = collect(&reading);
	for (uint32_t i = 0; reading.threads && i < reading.n_threads; i++) {
		modfile_reader_free(reading.threads[i].reader);
		arena_absorb(&d->arena, &reading.threads[i].arena);
	}
	free(reading.threads);
	free(reading.by_size);
	free(reading.outcomes);
	budget_free(budget);
	return r;
}
