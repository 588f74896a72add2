/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Messages of commands: "PROGRAM: ERROR: text" to stderr, or to syslog.
 */
#include <stdbool.h>
#include <syslog.h>

#include "engine/events.h"

struct diag;

/** struct log - @level: the least important that is shown, LOG_CRIT to LOG_DEBUG */
struct log {
	const char *program;
	int level;
	bool is_syslog, is_syslog_if_closed;
};

/** log_init() - to stderr, warnings and worse; @program: last part of argv[0] is used */
void log_init(struct log *log, const char *program);

/** log_to_syslog() - from now on to the daemon facility */
void log_to_syslog(struct log *log);

/**
 * log_to_syslog_if_closed() - the same if stderr was closed when the program started
 * Who calls a program like that (the kernel does) reads syslog.
 */
void log_to_syslog_if_closed(struct log *log);

/**
 * log_message() - one line
 * @level: LOG_CRIT ("FATAL"; does not exit), LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG
 * Control characters (a file name may hold a newline) are shown as \xNN.
 */
void log_message(const struct log *log, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** log_event() - an event of the engine as a message; for the report member of struct events, @log its ctx */
void log_event(void *log, enum event_level level, const char *text);

struct explanation;

/** log_explanation() - why a module was refused, a line each; remarks are for those who listen (-v) */
void log_explanation(const struct log *log, const struct explanation *explanation);

/**
 * log_diag() - what is wrong with a file, and where in it
 * @error: -errno; its text stands in for a @diag that says nothing
 */
void log_diag(const struct log *log, int level, const char *path, int error,
	      const struct diag *diag);

/** log_limit_text() - -errno of plans and of graphs of modules in words: -E2BIG is none of a command's arguments */
const char *log_limit_text(int error);
