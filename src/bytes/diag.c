/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "bytes/buf.h"

static void fill(struct diag *d, enum diag_place place, uint64_t where, const char *format,
		 va_list args)
{
	if (!d)
		return;
	d->place = place;
	d->where = where;
	(void)vsnprintf(d->what, sizeof(d->what), format, args);
}

int diag_offset(struct diag *d, int error, uint64_t off, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(d, DIAG_OFFSET, off, format, args);
	va_end(args);
	return error;
}

int diag_line(struct diag *d, int error, unsigned int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(d, DIAG_LINE, line, format, args);
	va_end(args);
	return error;
}

int diag_plain(struct diag *d, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(d, DIAG_NOWHERE, 0, format, args);
	va_end(args);
	return error;
}

void diag_text(const struct diag *d, const char *path, const char *otherwise, struct buf *out)
{
	buf_put_string(out, path);
	if (!d || !d->what[0])
		buf_printf(out, ": %s", otherwise);
	else if (d->place == DIAG_OFFSET)
		buf_printf(out, ": offset %llu: %s", (unsigned long long)d->where, d->what);
	else if (d->place == DIAG_LINE)
		buf_printf(out, ":%llu: %s", (unsigned long long)d->where, d->what);
	else
		buf_printf(out, ": %s", d->what);
	buf_put_u8(out, 0);
}
