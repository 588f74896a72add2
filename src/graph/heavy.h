/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Whose aliases or symbols make an index larger than it can be?
 *
 * One module file has room for a million aliases, each of which may cost a node of half a KiB. The others
 * must not go without an index for it.
 */
#include "bytes/buf.h"
#include "graph/graph.h"

/* Modules that are passed over before the index as a whole is given up. */
#define HEAVY_MAX 64

/** struct heavy - modules whose part of one index is left out */
struct heavy {
	uint32_t modules[HEAVY_MAX];
	uint32_t n;
};

/** heavy_has() - is its part left out? */
bool heavy_has(const struct heavy *h, uint32_t module);

/** struct heavy_index - an index that may become too large */
struct heavy_index {
	/* Writes it without what is of @heavy. Return: 0; -E2BIG; -ENOMEM. */
	int (*write)(const struct graph *g, const struct heavy *heavy, bool warn, struct buf *text,
		     struct buf *bin, struct findings *findings);
	/* What module @i puts into it at the most; bytes. */
	uint64_t (*weigh)(const struct graph_module *m);
	const char *what; /* is left out, in words */
};

/**
 * heavy_write() - as @index->write; when it is too large, again without the modules that put most into it
 * Each of these is a FINDING_HEAVY.
 * Return: 0; -E2BIG HEAVY_MAX modules were not enough; -ENOMEM.
 */
int heavy_write(const struct heavy_index *index, const struct graph *g, bool warn, struct buf *text,
		struct buf *bin, struct findings *findings);
