/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * How the engine tells its caller what it does and what is wrong. It never prints or exits.
 */
#include <stdbool.h>
#include <stdint.h>

struct diag;

enum event_level {
	EVENT_ERROR,
	EVENT_WARNING,
	EVENT_NOTICE,
	EVENT_INFO,
	EVENT_DEBUG,
};

/**
 * struct events - where reports go; all may be NULL
 * @report:   one line, without the level and without a newline; called from one thread at a time
 * @progress: @done of @total modules are read; called now and then
 * @is_cancelled: true makes the engine stop and leave everything as it was
 */
struct events {
	void (*report)(void *ctx, enum event_level level, const char *text);
	void (*progress)(void *ctx, uint32_t done, uint32_t total);
	bool (*is_cancelled)(void *ctx);
	void *ctx;
};

/** event_emit() - report a formatted line */
void event_emit(const struct events *e, enum event_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * event_diag() - report what is wrong with a file, and where in it
 * @error: -errno; its text is added unless @diag says more
 */
void event_diag(const struct events *e, enum event_level level, const char *path, int error,
		const struct diag *diag);

/** event_reason() - why a file could not be read, in words; -E2BIG is over a limit of ours. Static text */
const char *event_reason(int error);
