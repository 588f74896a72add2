/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * kernel_symbols_find() beside other work: unpacking a kernel takes as long as reading hundreds of modules.
 */
#include <pthread.h>

#include "bytes/buf.h"
#include "engine/kernel-symbols.h"

/** struct kernel_symbols_job - all zero is one that was not started */
struct kernel_symbols_job {
	struct kernel_symbols_options options;
	struct kernel_symbols *out;
	struct buf reports; /* of the thread: level, text and NUL each */
	pthread_t thread;
	bool is_running;
	int result;
};

/**
 * kernel_symbols_job_start() - begin in a thread of its own; where there can be none, nothing happens yet
 * @options, @out: as for kernel_symbols_find(); @out and all strings must live until
 *                 kernel_symbols_job_finish(), and @out be left alone
 */
void kernel_symbols_job_start(struct kernel_symbols_job *job, const struct kernel_symbols_options *options,
			      struct kernel_symbols *out);

/**
 * kernel_symbols_job_finish() - wait until it is done
 * @events: gets all reports, now
 * A job that is not under way is over at once, with 0.
 * Return: as kernel_symbols_find().
 */
int kernel_symbols_job_finish(struct kernel_symbols_job *job, const struct events *events);
