/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "engine/explain.h"
#include "sys/standard.h"

static const char *level_word(int level)
{
	static const char *const words[] = {
		[LOG_CRIT] = "FATAL",	 [LOG_ERR] = "ERROR", [LOG_WARNING] = "WARNING",
		[LOG_NOTICE] = "NOTICE", [LOG_INFO] = "INFO", [LOG_DEBUG] = "DEBUG",
	};

	return level < LOG_CRIT ? "FATAL" : level > LOG_DEBUG ? "DEBUG" : words[level];
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void log_init(struct log *log, const char *program)
{
	*log = (struct log){ .program = last_part(program), .level = LOG_WARNING };
}

void log_to_syslog(struct log *log)
{
	sys_fill_standard(); /* or its socket would take a place there */
	openlog(log->program, LOG_CONS, LOG_DAEMON);
	log->is_syslog = true;
}

void log_to_syslog_if_closed(struct log *log)
{
	log->is_syslog_if_closed = true;
}

/* Asked only when there is something to say. */
static bool is_for_syslog(const struct log *log)
{
	if (!sys_is_stderr_closed() || !log->is_syslog_if_closed)
		return false;
	openlog(log->program, LOG_CONS, LOG_DAEMON);
	return true;
}

static void put_clean(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_put_u8(out, c);
	}
}

static void emit(const struct log *log, int level, const char *text)
{
	CLEANUP_BUF struct buf line = { 0 };

	put_clean(&line, text);
	buf_put_u8(&line, 0);
	if (line.error)
		return;
	if (log->is_syslog || is_for_syslog(log))
		syslog(level, "%s: %s", level_word(level), (const char *)line.base);
	else
		fprintf(stderr, "%s: %s: %s\n", log->program, level_word(level),
			(const char *)line.base);
}

void log_message(const struct log *log, int level, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	if (level > log->level)
		return;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	emit(log, level, text);
	free(text);
}

void log_event(void *log, enum event_level level, const char *text)
{
	static const int levels[] = {
		[EVENT_ERROR] = LOG_ERR,     [EVENT_WARNING] = LOG_WARNING,
		[EVENT_NOTICE] = LOG_NOTICE, [EVENT_INFO] = LOG_INFO,
		[EVENT_DEBUG] = LOG_DEBUG,
	};

	log_message(log, levels[level], "%s", text);
}

void log_explanation(const struct log *log, const struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->n_lines; i++) {
		bool is_remark = explanation->is_remark[i];

		log_message(log, is_remark ? LOG_INFO : LOG_ERR, "%s%s",
			    explanation->is_ambiguous && !is_remark ? "possibly: " : "",
			    explanation->lines[i]);
	}
}

void log_diag(const struct log *log, int level, const char *path, int error,
	      const struct diag *diag)
{
	CLEANUP_BUF struct buf text = { 0 };

	diag_text(diag, path, strerror(-error), &text);
	if (!text.error)
		log_message(log, level, "%s", (const char *)text.base);
}

const char *log_limit_text(int error)
{
	return error == -E2BIG ? "there are more modules, or dependencies between them, than can be looked at"
			       : strerror(-error);
}
