/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All files of the set, the independent ones at once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

int make_manifest(struct depmod *d);
static int make_builtin(struct depmod *d)
{
	return 0;
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
		r = make_manifest(d);
	if (r == -E2BIG)
		event_emit(d->events, EVENT_ERROR, "%s: the indexes would be too large to write",
			   d->options->module_dir);
	return r;
}
