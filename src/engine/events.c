/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	if (!diag || diag->what[0] == '\0')
		event_emit(e, level, "%s: %s", path, strerrordesc_np(-error));
	else if (diag->place == DIAG_OFFSET)
		event_emit(e, level, "%s: offset %llu: %s", path, (unsigned long long)diag->where,
			   diag->what);
	else if (diag->place == DIAG_LINE)
		event_emit(e, level, "%s:%llu: %s", path, (unsigned long long)diag->where,
			   diag->what);
	else
		event_emit(e, level, "%s: %s", path, diag->what);
}
