/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"

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

static bool is_stderr_closed;

void log_set_stderr_closed(void)
{
	is_stderr_closed = true;
}

bool log_is_stderr_closed(void)
{
	return is_stderr_closed;
}

void log_init(struct log *log, const char *program)
{
	*log = (struct log){ .program = last_part(program), .level = LOG_WARNING };
}

void log_to_syslog(struct log *log)
{
	openlog(log->program, LOG_CONS, LOG_DAEMON);
	log->is_syslog = true;
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
	if (log->is_syslog)
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

void log_diag(const struct log *log, int level, const char *path, int error,
	      const struct diag *diag)
{
	CLEANUP_BUF struct buf text = { 0 };

	diag_text(diag, path, strerror(-error), &text);
	if (!text.error)
		log_message(log, level, "%s", (const char *)text.base);
}
