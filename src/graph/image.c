/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/image.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "graph/links.h"

/** struct frame - a module whose links are being followed */
struct frame {
	uint32_t module, next;
};

struct walk {
	const struct links *links;
	struct frame *stack; /* no module comes twice */
	uint32_t depth;
	bool *is_seen, *is_out;
	uint32_t *out;
	uint32_t n;
};

static void put_one(struct walk *w, uint32_t i)
{
	if (w->is_out[i])
		return;
	w->is_out[i] = true;
	if (links_module(w->links, i)->path)
		w->out[w->n++] = i;
}

/* A line is a closure, users before what they need: read backwards it is an order to load it in. */
static void put(struct walk *w, uint32_t i)
{
	const struct links_module *m = links_module(w->links, i);

	for (uint32_t k = m->n_deps; k > 0; k--)
		put_one(w, m->deps[k - 1]);
	put_one(w, i);
}

static void enter(struct walk *w, uint32_t i)
{
	if (w->is_seen[i])
		return;
	w->is_seen[i] = true;
	w->stack[w->depth++] = (struct frame){ .module = i };
}

/* What comes next below a module: its line from the end, then its links. LINKS_NONE at the end. */
static uint32_t next_below(const struct walk *w, struct frame *frame)
{
	const struct links_module *m = links_module(w->links, frame->module);
	const struct link *links;
	uint32_t n, at = frame->next++;

	if (at < m->n_deps)
		return m->deps[m->n_deps - 1 - at];
	links = links_at(w->links, frame->module, &n);
	return at - m->n_deps < n ? links[at - m->n_deps].to : LINKS_NONE;
}

static void follow(struct walk *w, uint32_t root)
{
	enter(w, root);
	while (w->depth > 0) {
		struct frame *top = &w->stack[w->depth - 1];
		uint32_t below = next_below(w, top);

		if (below != LINKS_NONE) {
			enter(w, below);
			continue;
		}
		put(w, top->module);
		w->depth--;
	}
}

int image_order(const struct links *links, const uint32_t *roots, size_t n_roots,
		uint32_t **ret_modules, uint32_t *ret_n)
{
	size_t n = (size_t)links_n(links) + 1;
	struct walk w = { .links = links,
			  .stack = calloc(n, sizeof(*w.stack)),
			  .is_seen = calloc(n, sizeof(*w.is_seen)),
			  .is_out = calloc(n, sizeof(*w.is_out)),
			  .out = calloc(n, sizeof(*w.out)) };
	int r = w.stack && w.is_seen && w.is_out && w.out ? 0 : -ENOMEM;

	for (size_t i = 0; i < n_roots && r == 0; i++)
		follow(&w, roots[i]);
	if (r == 0) {
		*ret_modules = w.out;
		*ret_n = w.n;
		w.out = NULL;
	}
	free(w.stack);
	free(w.is_seen);
	free(w.is_out);
	free(w.out);
	return r;
}
