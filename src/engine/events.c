/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/events.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"

void event_emit(const struct events *e, enum event_level level, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	if (!e->report)
		return;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	e->report(e->ctx, level, n < 0 ? format : text);
	free(n < 0 ? NULL : text);
}

void event_diag(const struct events *e, enum event_level level, const char *path, int error,
		const struct diag *diag)
{
	CLEANUP_BUF struct buf text = { 0 };

	diag_text(diag, path, strerrordesc_np(-error), &text);
	if (!text.error)
		event_emit(e, level, "%s", (const char *)text.base);
}

const char *event_reason(int error)
{
	return error == -E2BIG ? "larger than anything of its kind" : strerrordesc_np(-error);
}
