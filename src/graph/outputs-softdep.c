/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All soft dependencies of a module on one line, which is the only one that some programs look at.
 */
#include <stdlib.h>

#include "bytes/name.h"
#include "conf/lines.h"
#include "conf/modprobe-conf.h"
#include "graph/outputs.h"

/* A word of a softdep tag. */
struct soft {
	const char *name;
	size_t size;
	enum softdep_phase phase;
	uint32_t order;
};

/** struct softs - of one module */
struct softs {
	struct soft *items;
	size_t n, capacity;
};

static int compare_softs(const void *a, const void *b)
{
	const struct soft *x = a, *y = b;
	size_t n = x->size < y->size ? x->size : y->size;
	int r = (x->phase > y->phase) - (x->phase < y->phase);

	if (r == 0)
		r = memcmp(x->name, y->name, n);
	if (r == 0)
		r = (x->size > y->size) - (x->size < y->size);
	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static int compare_phase_and_order(const void *a, const void *b)
{
	const struct soft *x = a, *y = b;

	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool is_same_soft(const struct soft *x, const struct soft *y)
{
	return x->phase == y->phase && x->size == y->size && memcmp(x->name, y->name, x->size) == 0;
}

static int add_softs(struct softs *s, const char *value)
{
	struct softdep_words words = { .rest = value };
	struct soft soft;

	while (softdep_next(&words, &soft.phase, &soft.name, &soft.size)) {
		if (s->n == s->capacity) {
			size_t capacity = s->capacity ? s->capacity * 2 : 64;
			struct soft *items = realloc(s->items, capacity * sizeof(*items));

			if (!items)
				return -ENOMEM;
			s->items = items;
			s->capacity = capacity;
		}
		soft.order = (uint32_t)s->n;
		s->items[s->n++] = soft;
	}
	return 0;
}

/* Words that come again go, the others stand before those of "post:", in their order. */
static void settle_softs(struct softs *s)
{
	size_t n = 0;

	if (s->n == 0)
		return;
	qsort(s->items, s->n, sizeof(*s->items), compare_softs);
	for (size_t i = 0; i < s->n; i++)
		if (i == 0 || !is_same_soft(&s->items[i], &s->items[n - 1]))
			s->items[n++] = s->items[i];
	s->n = n;
	qsort(s->items, n, sizeof(*s->items), compare_phase_and_order);
}

static void put_softs(struct softs *s, const char *module, struct buf *text)
{
	static const char *const marks[] = { [SOFTDEP_PRE] = " pre:", [SOFTDEP_POST] = " post:" };

	buf_put_string(text, "softdep ");
	buf_put_string(text, module);
	for (size_t i = 0; i < s->n; i++) {
		if (i == 0 || s->items[i].phase != s->items[i - 1].phase)
			buf_put_string(text, marks[s->items[i].phase]);
		buf_put_u8(text, ' ');
		buf_put(text, s->items[i].name, s->items[i].size);
	}
	buf_put_u8(text, '\n');
}

static int note_bad(struct findings *findings, uint32_t module, const char *value)
{
	struct finding *x = findings_add(findings, FINDING_BAD_TAG, module);

	if (!x)
		return -ENOMEM;
	x->symbol = value;
	x->why = "holds a control character or a byte above 7 bits";
	return 0;
}

static int collect(const struct graph *g, uint32_t module, struct softs *s, struct findings *findings)
{
	const struct facts *f = g->modules[module].facts;
	int r = 0;

	s->n = 0;
	for (uint32_t i = 0; r == 0 && i < f->n_modinfo; i++) {
		const char *value = facts_tag(facts_modinfo(f, i), "softdep");

		if (value)
			r = name_is_clean(value) ? add_softs(s, value)
						 : note_bad(findings, module, value);
	}
	settle_softs(s);
	return r;
}

static void put_tags(const struct graph *g, uint32_t module, struct buf *text)
{
	const struct graph_module *m = &g->modules[module];

	for (uint32_t i = 0; i < m->facts->n_modinfo; i++) {
		const char *value = facts_tag(facts_modinfo(m->facts, i), "softdep");

		if (value && name_is_clean(value))
			buf_printf(text, "softdep %s %s\n", m->name, value);
	}
}

int outputs_merged_softdeps(const struct graph *g, struct buf *text, struct findings *findings)
{
	struct softs softs = { 0 };
	int r = 0;

	text->max = OUTPUT_TEXT_MAX;
	buf_put_string(text, "# Soft dependencies extracted from modules themselves.\n");
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		size_t start = text->size;

		if (g->modules[i].is_left_out)
			continue;
		r = collect(g, i, &softs, findings);
		if (r < 0 || softs.n == 0)
			continue;
		put_softs(&softs, g->modules[i].name, text);
		if (text->size - start > CONF_LINE_MAX) {
			text->size = start;
			put_tags(g, i, text);
		}
	}
	free(softs.items);
	return r < 0 ? r : text->error;
}
