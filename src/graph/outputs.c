/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands in each index file?
 */
#include "graph/outputs.h"

#include <stdlib.h>

#include "bytes/hash.h"
#include "bytes/name.h"
#include "graph/heavy.h"
#include "index/writer.h"

#define SYMBOL_BUCKETS 2048u

/* Where one module's line lies in the text. */
struct line {
	size_t off;
	size_t size;
};

struct duplicates {
	struct findings *findings;
	int error;
};

static void note_duplicate(void *ctx, const struct index_entry *entry)
{
	struct duplicates *d = ctx;
	struct finding *x = findings_add(d->findings, FINDING_DUPLICATE, GRAPH_NONE);

	if (x) {
		x->symbol = arena_string(&d->findings->arena, entry->key, entry->key_size);
		x->why = arena_string(&d->findings->arena, entry->value, entry->value_size);
	}
	if (!x || !x->symbol || !x->why)
		d->error = -ENOMEM;
}

/* Writes the index; with @warn, values that stand twice under one key are said. */
static int finish_index(struct index_writer *w, struct buf *bin, bool warn,
			struct findings *findings)
{
	struct duplicates d = { .findings = findings };
	int r;

	r = index_writer_write(w, bin);
	if (r == 0 && warn)
		index_writer_duplicates(w, note_duplicate, &d);
	return r < 0 ? r : d.error;
}

static int put_dep_line(const struct graph *g, uint32_t i, struct graph_walk *walk, struct buf *text)
{
	const uint32_t *found;
	int64_t n;

	n = graph_closure(g, i, walk, &found);
	if (n < 0)
		return (int)n;
	buf_put_string(text, g->modules[i].path);
	buf_put_u8(text, ':');
	for (int64_t k = 0; k < n && !text->error; k++) {
		buf_put_u8(text, ' ');
		buf_put_string(text, g->modules[found[k]].path);
	}
	return text->error;
}

static int put_dep_lines(const struct graph *g, struct buf *text, struct line *lines)
{
	struct graph_walk walk = { 0 };
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		if (g->modules[i].is_left_out)
			continue;
		lines[i].off = text->size;
		r = put_dep_line(g, i, &walk, text);
		lines[i].size = text->size - lines[i].off;
		buf_put_u8(text, '\n');
	}
	graph_walk_done(&walk);
	return r < 0 ? r : text->error;
}

int outputs_dep(const struct graph *g, bool warn, struct buf *text, struct buf *bin,
		struct findings *findings)
{
	struct line *lines = calloc((size_t)g->n_modules + 1, sizeof(*lines));
	struct index_writer w = { 0 };
	int r;

	text->max = OUTPUT_TEXT_MAX;
	r = lines ? put_dep_lines(g, text, lines) : -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		const char *name = g->modules[i].name;

		if (!g->modules[i].is_left_out)
			r = index_writer_add(&w, name, strlen(name),
					     (const char *)text->base + lines[i].off, lines[i].size, i);
	}
	if (r == 0)
		r = finish_index(&w, bin, warn, findings);
	index_writer_done(&w);
	free(lines);
	return r;
}

/* Tags of all modules that are in the indexes, in array order. */
struct tag_walk {
	const struct graph *g;
	const char *key;
	size_t key_size;
	uint32_t module;
	uint32_t tag;
};

static const char *next_tag(struct tag_walk *w)
{
	for (; w->module < w->g->n_modules; w->module++, w->tag = 0) {
		const struct graph_module *m = &w->g->modules[w->module];

		while (!m->is_left_out && w->tag < m->facts->n_modinfo) {
			const char *tag = facts_modinfo(m->facts, w->tag++);

			if (strncmp(tag, w->key, w->key_size) == 0 && tag[w->key_size] == '=')
				return tag + w->key_size + 1;
		}
	}
	return NULL;
}

static int note_bad(struct findings *findings, enum finding_kind kind, uint32_t module,
		    const char *symbol, const char *why)
{
	struct finding *x = findings_add(findings, kind, module);

	if (!x)
		return -ENOMEM;
	x->symbol = symbol;
	x->why = why;
	return 0;
}

static const char unclean[] = "holds a control character or a byte above 7 bits";
static const char bracket[] = "has a bracket without its partner";
static const char too_long[] = "is longer than any request";
static const char is_empty[] = "is empty";

/* Why no index can hold @alias, or NULL and its key; the key may be @alias itself. */
static const char *alias_key(const char *alias, struct arena *arena, const char **ret_key,
			     size_t *ret_size, int *ret_error)
{
	char normal[ALIAS_MAX + 1];
	int n;

	if (!name_is_clean(alias))
		return unclean;
	n = name_normalize_alias(alias, normal);
	if (n <= 0)
		return n == 0 ? is_empty : n == -E2BIG ? too_long : bracket;
	*ret_size = (size_t)n;
	*ret_key = memcmp(alias, normal, (size_t)n) == 0 ? alias
							 : arena_string(arena, normal, (size_t)n);
	if (!*ret_key)
		*ret_error = -ENOMEM;
	return NULL;
}

static int put_alias(struct index_writer *w, struct arena *arena, const struct graph_module *m,
		     uint32_t i, const char *alias, struct buf *text, struct findings *findings)
{
	const char *key = NULL, *why;
	size_t size = 0;
	int r = 0;

	why = alias_key(alias, arena, &key, &size, &r);
	if (r < 0)
		return r;
	if (why) {
		r = note_bad(findings, FINDING_BAD_ALIAS, i, alias, why);
		/* A bracket disturbs only the index: the line is what it always was. */
		if (r < 0 || why != bracket)
			return r;
	}
	buf_put(text, "alias ", 6);
	buf_put_string(text, alias);
	buf_put_u8(text, ' ');
	buf_put_string(text, m->name);
	buf_put_u8(text, '\n');
	return why ? 0 : index_writer_add(w, key, size, m->name, strlen(m->name), i);
}

static int write_alias(const struct graph *g, const struct heavy *heavy, bool warn, struct buf *text,
		       struct buf *bin, struct findings *findings)
{
	struct tag_walk walk = { .g = g, .key = "alias", .key_size = 5 };
	struct index_writer w = { 0 };
	struct arena arena = { 0 };
	const char *alias;
	int r = 0;

	text->max = OUTPUT_TEXT_MAX;
	buf_put_string(text, "# Aliases extracted from modules themselves.\n");
	while (r == 0 && (alias = next_tag(&walk)))
		if (!heavy_has(heavy, walk.module))
			r = put_alias(&w, &arena, &g->modules[walk.module], walk.module, alias, text,
				      findings);
	if (r == 0)
		r = text->error;
	if (r == 0)
		r = finish_index(&w, bin, warn, findings);
	index_writer_done(&w);
	arena_done(&arena);
	return r;
}

static uint64_t weigh_aliases(const struct graph_module *m)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < m->facts->n_modinfo; i++) {
		const char *alias = facts_tag(facts_modinfo(m->facts, i), "alias");

		weight += alias ? strlen(alias) + INDEX_NODE_MAX : 0;
	}
	return weight;
}

int outputs_alias(const struct graph *g, bool warn, struct buf *text, struct buf *bin,
		  struct findings *findings)
{
	static const struct heavy_index index = { write_alias, weigh_aliases, "aliases" };

	return heavy_write(&index, g, warn, text, bin, findings);
}

int outputs_tags(const struct graph *g, const char *key, struct buf *text,
		 struct findings *findings)
{
	struct tag_walk walk = { .g = g, .key = key, .key_size = strlen(key) };
	const char *value;

	text->max = OUTPUT_TEXT_MAX;
	buf_printf(text, "# %s dependencies extracted from modules themselves.\n",
		   key[0] == 's' ? "Soft" : "Weak");
	while ((value = next_tag(&walk))) {
		if (!name_is_clean(value)) {
			int r = note_bad(findings, FINDING_BAD_TAG, walk.module, value, unclean);

			if (r < 0)
				return r;
			continue;
		}
		buf_put_string(text, key);
		buf_put_u8(text, ' ');
		buf_put_string(text, g->modules[walk.module].name);
		buf_put_u8(text, ' ');
		buf_put_string(text, value);
		buf_put_u8(text, '\n');
	}
	return text->error;
}

struct symbol_item {
	const struct graph_symbol *symbol;
	uint32_t bucket;
};

static int compare_symbols(const void *a, const void *b)
{
	const struct symbol_item *x = a, *y = b;

	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	return strcmp(x->symbol->name, y->symbol->name);
}

/* What modules export, in the order of modules.symbols. */
static struct symbol_item *sorted_symbols(const struct graph *g, const struct heavy *heavy, size_t *ret_n)
{
	struct symbol_item *items = malloc(((size_t)g->n_symbols + 1) * sizeof(*items));
	size_t n = 0;

	if (!items)
		return NULL;
	for (uint32_t i = 0; i < g->n_slots; i++) {
		const struct graph_symbol *s = &g->symbols[i];

		if (!s->name || s->owner == GRAPH_NONE || s->is_gone ||
		    g->modules[s->owner].is_left_out || heavy_has(heavy, s->owner))
			continue;
		items[n].symbol = s;
		items[n++].bucket = hash_order(s->name, strlen(s->name)) & (SYMBOL_BUCKETS - 1);
	}
	qsort(items, n, sizeof(*items), compare_symbols);
	*ret_n = n;
	return items;
}

static int write_symbols(const struct graph *g, const struct heavy *heavy, bool warn, struct buf *text,
			 struct buf *bin, struct findings *findings)
{
	struct index_writer w = { 0 };
	struct arena arena = { 0 };
	struct symbol_item *items;
	size_t n = 0;
	int r = 0;

	text->max = OUTPUT_TEXT_MAX;
	buf_put_string(text, "# Aliases for symbols, used by symbol_request().\n");
	items = sorted_symbols(g, heavy, &n);
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct graph_symbol *s = items[i].symbol;
		const char *owner = g->modules[s->owner].name;
		size_t size = strlen(s->name) + 7;
		char *key = arena_alloc(&arena, size + 1);

		if (!key) {
			r = -ENOMEM;
			break;
		}
		memcpy(key, "symbol:", 7);
		memcpy(key + 7, s->name, size - 7 + 1);
		if (!name_is_clean(s->name)) {
			r = note_bad(findings, FINDING_BAD_ALIAS, s->owner, s->name, unclean);
			continue;
		}
		buf_put(text, "alias ", 6);
		buf_put(text, key, size);
		buf_put_u8(text, ' ');
		buf_put_string(text, owner);
		buf_put_u8(text, '\n');
		r = index_writer_add(&w, key, size, owner, strlen(owner), s->owner);
	}
	if (r == 0)
		r = text->error;
	if (r == 0)
		r = finish_index(&w, bin, warn, findings);
	free(items);
	index_writer_done(&w);
	arena_done(&arena);
	return r;
}

static uint64_t weigh_symbols(const struct graph_module *m)
{
	const struct facts_export *e = facts_exports(m->facts);
	uint64_t weight = 0;

	for (uint32_t i = 0; i < m->facts->n_exports; i++)
		weight += strlen(facts_string(m->facts, e[i].name)) + INDEX_NODE_MAX;
	return weight;
}

int outputs_symbols(const struct graph *g, bool warn, struct buf *text, struct buf *bin,
		    struct findings *findings)
{
	static const struct heavy_index index = { write_symbols, weigh_symbols, "symbols" };

	return heavy_write(&index, g, warn, text, bin, findings);
}

/* A decimal number that fits 32 bits. */
static bool take_number(const char **s, uint32_t *ret_v)
{
	uint64_t v = 0;
	const char *p = *s;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > UINT32_MAX)
			return false;
	}
	*s = p;
	*ret_v = (uint32_t)v;
	return true;
}

/* "char-major-10-229" and "block-major-7-0": the numbers of a device node. */
static bool take_device(const char *alias, char *ret_type, uint32_t *ret_major, uint32_t *ret_minor)
{
	uint32_t major, minor;
	const char *s;
	char type;

	if (strncmp(alias, "char-major-", 11) == 0) {
		type = 'c';
		s = alias + 11;
	} else if (strncmp(alias, "block-major-", 12) == 0) {
		type = 'b';
		s = alias + 12;
	} else {
		return false;
	}
	if (!take_number(&s, &major) || *s++ != '-' || !take_number(&s, &minor))
		return false;
	*ret_type = type;
	*ret_major = major;
	*ret_minor = minor;
	return true;
}

static int put_devname(const struct graph *g, uint32_t i, struct buf *text,
		       struct findings *findings)
{
	const struct facts *f = g->modules[i].facts;
	uint32_t major = 0, minor = 0;
	const char *devname = NULL;
	char type = 0;

	for (uint32_t k = 0; k < f->n_modinfo && !(devname && type); k++) {
		const char *alias = facts_tag(facts_modinfo(f, k), "alias");

		if (!alias)
			continue;
		if (strncmp(alias, "devname:", 8) == 0)
			devname = alias + 8;
		else
			(void)take_device(alias, &type, &major, &minor);
	}
	if (!devname)
		return 0;
	if (!name_is_clean(devname))
		return note_bad(findings, FINDING_BAD_ALIAS, i, devname, unclean);
	if (!type)
		return note_bad(findings, FINDING_NO_NUMBERS, i, devname, "");
	if (text->size == 0)
		buf_put_string(text, "# Device nodes to trigger on-demand module loading.\n");
	buf_printf(text, "%s %s %c%u:%u\n", g->modules[i].name, devname, type, major, minor);
	return 0;
}

int outputs_devname(const struct graph *g, struct buf *text, struct findings *findings)
{
	int r = 0;

	text->max = OUTPUT_TEXT_MAX;
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++)
		r = g->modules[i].is_left_out ? 0 : put_devname(g, i, text, findings);
	return r < 0 ? r : text->error;
}

int outputs_builtin(const char *const *names, size_t n, struct buf *bin)
{
	struct index_writer w = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = index_writer_add(&w, names[i], strlen(names[i]), "", 0, 0);
		if (r == -EINVAL) /* the reader of modules.builtin has said so */
			r = 0;
	}
	if (r == 0)
		r = index_writer_write(&w, bin);
	index_writer_done(&w);
	return r;
}

int outputs_builtin_alias(const struct builtin_alias *aliases, size_t n, struct buf *bin,
			  void (*bad)(void *ctx, const struct builtin_alias *alias, const char *why),
			  void *ctx)
{
	struct index_writer w = { 0 };
	struct arena arena = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *key = NULL, *why;
		size_t size = 0;

		why = alias_key(aliases[i].alias, &arena, &key, &size, &r);
		if (r == 0 && why)
			bad(ctx, &aliases[i], why);
		else if (r == 0)
			r = index_writer_add(&w, key, size, aliases[i].module,
					     strlen(aliases[i].module), 0);
	}
	if (r == 0)
		r = index_writer_write(&w, bin);
	index_writer_done(&w);
	arena_done(&arena);
	return r;
}
