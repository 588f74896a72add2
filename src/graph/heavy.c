/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/heavy.h"

#include <errno.h>

bool heavy_has(const struct heavy *h, uint32_t module)
{
	for (uint32_t i = 0; i < h->n; i++)
		if (h->modules[i] == module)
			return true;
	return false;
}

/* Return: whether there was one more that puts anything into the index. */
static bool add_heaviest(const struct heavy_index *index, const struct graph *g, struct heavy *h)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < g->n_modules && h->n < HEAVY_MAX; i++) {
		uint64_t weight;

		if (g->modules[i].is_left_out || heavy_has(h, i))
			continue;
		weight = index->weigh(&g->modules[i]);
		if (weight > most) {
			h->modules[h->n] = i;
			most = weight;
		}
	}
	h->n += most > 0;
	return most > 0;
}

static void empty(struct buf *b)
{
	b->size = 0;
	b->error = 0;
}

/* What an attempt that is made again has found, it will find again. */
static void forget_since(struct findings *f, struct finding **last)
{
	f->last = last;
	if (last)
		*last = NULL;
	else
		f->first = NULL;
}

int heavy_write(const struct heavy_index *index, const struct graph *g, bool warn, struct buf *text,
		struct buf *bin, struct findings *findings)
{
	struct finding **last = findings->last;
	struct heavy heavy = { 0 };
	int r;

	while ((r = index->write(g, &heavy, warn, text, bin, findings)) == -E2BIG &&
	       add_heaviest(index, g, &heavy)) {
		empty(text);
		empty(bin);
		forget_since(findings, last);
	}
	for (uint32_t i = 0; r == 0 && i < heavy.n; i++) {
		struct finding *x = findings_add(findings, FINDING_HEAVY, heavy.modules[i]);

		if (!x)
			return -ENOMEM;
		x->symbol = index->what;
	}
	return r;
}
