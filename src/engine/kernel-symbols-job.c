/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/kernel-symbols-job.h"

#include <errno.h>
#include <string.h>

/* Reports wait: others may report at the same time, and the order of lines is to be the same each time. */
static void keep(void *ctx, enum event_level level, const char *text)
{
	struct kernel_symbols_job *job = ctx;

	buf_put_u8(&job->reports, (uint8_t)level);
	buf_put(&job->reports, text, strlen(text) + 1);
}

static void *run(void *arg)
{
	struct kernel_symbols_job *job = arg;
	const struct events events = { .report = keep, .ctx = job };

	job->result = kernel_symbols_find(&job->options, &events, job->out);
	return NULL;
}

void kernel_symbols_job_start(struct kernel_symbols_job *job, const struct kernel_symbols_options *options,
			      struct kernel_symbols *out)
{
	*job = (struct kernel_symbols_job){ .options = *options, .out = out };
	job->is_running = pthread_create(&job->thread, NULL, run, job) == 0;
}

int kernel_symbols_job_finish(struct kernel_symbols_job *job, const struct events *events)
{
	int r;

	if (!job->is_running)
		return 0;
	pthread_join(job->thread, NULL);
	job->is_running = false;
	for (size_t i = 0; i < job->reports.size;) {
		const char *text = (const char *)job->reports.base + i + 1;

		event_emit(events, (enum event_level)job->reports.base[i], "%s", text);
		i += strlen(text) + 2;
	}
	r = job->reports.error ? -ENOMEM : job->result;
	buf_done(&job->reports);
	return r;
}
