/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Findings in words, each with the file it is about.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/depmod-internal.h"

char *depmod_path(const struct depmod *d, const char *path)
{
	bool is_absolute = path[0] == '/';
	char *full;

	if (asprintf(&full, "%s%s%s", is_absolute ? "" : d->options->module_dir,
		     is_absolute ? "" : "/", path) < 0)
		return NULL;
	return full;
}

static void report_cycle(struct depmod *d, const struct finding *x)
{
	CLEANUP_BUF struct buf b = { 0 };

	for (uint32_t i = 0; i < x->n_path; i++)
		buf_printf(&b, "%s -(%s)-> ", d->modules[x->path[i]].name, x->symbols[i]);
	buf_put_string(&b, d->modules[x->path[0]].name);
	buf_put_u8(&b, 0);
	if (!b.error)
		event_emit(d->events, EVENT_WARNING,
			   "cycle of %u modules, none of them can be loaded, left out: %s", x->n_path,
			   (const char *)b.base);
}

/* Bytes that a terminal should not see become '?'. */
static void printable(const char *s, struct buf *out)
{
	for (; *s && out->size < 200; s++)
		buf_put_u8(out, (unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f ? '?'
										   : (uint8_t)*s);
	buf_put_u8(out, 0);
}

static void report_at(struct depmod *d, const struct finding *x, const char *file, const char *symbol)
{
	switch (x->kind) {
	case FINDING_NEEDS_ITSELF:
		event_emit(d->events, EVENT_WARNING,
			   "%s: needs symbol %s that only itself exports, so it can't be loaded, "
			   "left out", file, symbol);
		break;
	case FINDING_NEEDS_LEFT_OUT:
		event_emit(d->events, EVENT_WARNING,
			   "%s: needs symbol %s of %s, which is left out, so it is left out too", file,
			   symbol, d->modules[x->other].name);
		break;
	case FINDING_UNKNOWN_SYMBOL:
		event_emit(d->events, EVENT_WARNING, "%s needs unknown symbol %s", file, symbol);
		break;
	case FINDING_CRC:
		event_emit(d->events, EVENT_WARNING, "%s disagrees about version of symbol %s", file,
			   symbol);
		break;
	case FINDING_BAD_ALIAS:
		event_emit(d->events, EVENT_WARNING, "%s: alias '%s' %s, left out", file, symbol,
			   x->why);
		break;
	case FINDING_BAD_TAG:
		event_emit(d->events, EVENT_WARNING, "%s: dependency line '%s' %s, left out", file,
			   symbol, x->why);
		break;
	case FINDING_NO_NUMBERS:
		event_emit(d->events, EVENT_ERROR,
			   "%s: alias devname:%s without a char-major or block-major alias, left out",
			   file, symbol);
		break;
	case FINDING_DUPLICATE:
		event_emit(d->events, EVENT_WARNING, "duplicate key: %s leads to %s twice", symbol, x->why);
		break;
	case FINDING_CYCLE:
		break;
	}
}

static void report_one(struct depmod *d, const struct finding *x)
{
	CLEANUP_BUF struct buf symbol = { 0 };
	char *file;

	if (x->kind == FINDING_CYCLE) {
		report_cycle(d, x);
		return;
	}
	printable(x->symbol ? x->symbol : "", &symbol);
	file = depmod_path(d, x->module == GRAPH_NONE ? "" : d->modules[x->module].path);
	if (file && !symbol.error)
		report_at(d, x, file, (const char *)symbol.base);
	free(file);
}

void report_findings(struct depmod *d, const struct findings *findings)
{
	for (const struct finding *x = findings->first; x; x = x->next) {
		switch (x->kind) {
		case FINDING_CYCLE:
		case FINDING_NEEDS_ITSELF:
		case FINDING_NEEDS_LEFT_OUT:
			break;
		default:
			if (x->module != GRAPH_NONE && d->modules[x->module].is_left_out)
				continue;
		}
		report_one(d, x);
	}
}
