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

/* From the module to itself, with what is behind each step. */
static void put_way(const struct depmod *d, const struct finding *x, struct buf *out)
{
	for (uint32_t i = 0; i < x->n_path; i++) {
		buf_put_string(out, d->modules[x->path[i]].name);
		if (x->symbols[i])
			buf_printf(out, " -(%s)-> ", x->symbols[i]);
		else
			buf_put_string(out, " -harddep-> ");
	}
	buf_put_string(out, x->is_path_cut ? "... -> " : "");
	buf_put_string(out, d->modules[x->path[0]].name);
}

static void put_reason(const struct depmod *d, const struct finding *x, struct buf *out)
{
	switch (x->kind) {
	case FINDING_HARD_UNKNOWN:
		buf_printf(out, "nothing answers to it, %s",
			   x->is_refused ? "so modprobe will refuse to load the module"
					 : "modprobe will load the module without it");
		break;
	case FINDING_HARD_CYCLE:
		buf_put_string(out, "would close a cycle, dropped: ");
		if (x->n_path)
			put_way(d, x, out);
		else
			buf_put_string(out, "its modules need each other in too many ways to look for one");
		break;
	case FINDING_CONFLICT_UNKNOWN:
		buf_put_string(out, "nothing answers to it");
		break;
	default:
		buf_printf(out, "%s, not used", x->why);
		break;
	}
}

static void report_declaration(struct depmod *d, const struct finding *x, const char *file,
			       const char *word)
{
	bool is_conflict = x->kind == FINDING_CONFLICT_UNKNOWN || x->kind == FINDING_CONFLICT_BAD;
	CLEANUP_BUF struct buf source = { 0 }, reason = { 0 };

	if (x->file)
		buf_printf(&source, "%s:%u", x->file, x->line);
	else
		buf_put_string(&source, "section .modinfo");
	if (x->is_one_of_many)
		buf_put_string(&source, ", which is about others too");
	buf_put_u8(&source, 0);
	put_reason(d, x, &reason);
	buf_put_u8(&reason, 0);
	if (source.error || reason.error)
		return;
	/* A conflict with what is not there is as good as none. */
	event_emit(d->events, x->kind == FINDING_CONFLICT_UNKNOWN ? EVENT_INFO : EVENT_WARNING,
		   "%s: %s '%s' (%s): %s", file, is_conflict ? "conflict with" : "hard dependency on",
		   word, (const char *)source.base, (const char *)reason.base);
}

static void report_namespace(struct depmod *d, const struct finding *x, const char *file, const char *symbol)
{
	const char *owner = x->other == GRAPH_NONE ? "the kernel" : d->modules[x->other].name;
	CLEANUP_BUF struct buf ns = { 0 };

	printable(x->why, &ns);
	if (ns.error)
		return;
	event_emit(d->events, EVENT_WARNING,
		   x->is_refused ? "%s uses symbol %s of %s from namespace %s, which does not list it"
				 : "%s uses symbol %s of %s from namespace %s, which it does not import",
		   file, symbol, owner, (const char *)ns.base);
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
	case FINDING_NAMESPACE:
		report_namespace(d, x, file, symbol);
		break;
	case FINDING_BAD_ALIAS:
		event_emit(d->events, EVENT_WARNING, "%s: alias '%s' %s, left out", file, symbol,
			   x->why);
		break;
	case FINDING_BAD_TAG:
		event_emit(d->events, EVENT_WARNING, "%s: dependency line '%s' %s, left out", file,
			   symbol, x->why);
		break;
	case FINDING_BAD_NAMESPACE:
		event_emit(d->events, EVENT_WARNING, "%s: namespace of symbol %s %s, left out", file, symbol,
			   x->why);
		break;
	case FINDING_HEAVY:
		event_emit(d->events, EVENT_WARNING,
			   "%s: has more %s than an index has room for: all of them left out", file, symbol);
		break;
	case FINDING_NO_NUMBERS:
		event_emit(d->events, EVENT_ERROR,
			   "%s: alias devname:%s without a char-major or block-major alias, left out",
			   file, symbol);
		break;
	case FINDING_DUPLICATE:
		event_emit(d->events, EVENT_WARNING, "duplicate key: %s leads to %s twice", symbol, x->why);
		break;
	case FINDING_HARD_UNKNOWN:
	case FINDING_HARD_CYCLE:
	case FINDING_HARD_BAD:
	case FINDING_CONFLICT_UNKNOWN:
	case FINDING_CONFLICT_BAD:
		report_declaration(d, x, file, symbol);
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
