/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/graph.h"

struct finding *findings_add(struct findings *f, enum finding_kind kind, uint32_t module)
{
	struct finding *x = arena_alloc(&f->arena, sizeof(*x));

	if (!x)
		return NULL;
	*x = (struct finding){ .kind = kind, .module = module, .other = GRAPH_NONE };
	if (f->last)
		*f->last = x;
	else
		f->first = x;
	f->last = &x->next;
	return x;
}

void findings_done(struct findings *f)
{
	if (!f)
		return;
	arena_done(&f->arena);
	*f = (struct findings){ 0 };
}
