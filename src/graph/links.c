/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "bytes/grow.h"
#include "bytes/hash.h"
#include "bytes/name.h"
#include "elf/facts.h"

struct links {
	struct arena arena;
	struct links_module *modules;
	uint32_t n_modules, modules_capacity;
	uint32_t *slots; /* open addressing by hash_name(): module + 1 */
	uint32_t n_slots;
	uint32_t *queue; /* wanted modules */
	uint32_t n_queue, queue_capacity, n_taken;
	struct link *links;
	uint32_t n_links, links_capacity;
	const struct link **by_name; /* as @links, those of one module by name and kind */
	uint32_t n_deps; /* of all lines */
};

struct links *links_new(void)
{
	return calloc(1, sizeof(struct links));
}

void links_free(struct links *l)
{
	if (!l)
		return;
	free(l->modules);
	free(l->slots);
	free(l->queue);
	free(l->links);
	free(l->by_name);
	arena_done(&l->arena);
	free(l);
}

/* The slot of @name, or the free one where it belongs; slots are never all in use. */
static uint32_t *find_slot(const struct links *l, const char *name)
{
	uint32_t i = hash_name(name, strlen(name)) & (l->n_slots - 1);

	while (l->slots[i] && strcmp(l->modules[l->slots[i] - 1].name, name) != 0)
		i = (i + 1) & (l->n_slots - 1);
	return &l->slots[i];
}

static int grow_slots(struct links *l)
{
	uint32_t n = l->n_slots ? l->n_slots * 2 : 64;
	uint32_t *slots;

	if (l->n_modules * 2 < l->n_slots)
		return 0;
	slots = calloc(n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(l->slots);
	l->slots = slots;
	l->n_slots = n;
	for (uint32_t i = 0; i < l->n_modules; i++)
		*find_slot(l, l->modules[i].name) = i + 1;
	return 0;
}

const char *links_string(struct links *l, const char *s)
{
	return arena_string(&l->arena, s, strlen(s));
}

int links_get(struct links *l, const char *name, uint32_t *ret_i)
{
	uint32_t *slot;
	const char *copy;
	int r;

	r = grow_slots(l);
	if (r < 0)
		return r;
	slot = find_slot(l, name);
	if (*slot) {
		*ret_i = *slot - 1;
		return 0;
	}
	r = grow_array(&l->modules, l->n_modules, &l->modules_capacity, sizeof(*l->modules),
		 LINKS_MODULES_MAX);
	if (r < 0)
		return r;
	copy = links_string(l, name);
	if (!copy)
		return -ENOMEM;
	l->modules[l->n_modules] = (struct links_module){ .name = copy };
	*ret_i = l->n_modules++;
	*slot = l->n_modules;
	return 0;
}

uint32_t links_find(const struct links *l, const char *name)
{
	return l->n_slots ? *find_slot(l, name) - 1 : LINKS_NONE;
}

uint32_t links_n(const struct links *l)
{
	return l->n_modules;
}

struct links_module *links_module(const struct links *l, uint32_t i)
{
	return &l->modules[i];
}

int links_want(struct links *l, uint32_t i)
{
	int r;

	if (l->modules[i].is_wanted)
		return 0;
	r = grow_array(&l->queue, l->n_queue, &l->queue_capacity, sizeof(*l->queue), LINKS_MODULES_MAX);
	if (r < 0)
		return r;
	l->modules[i].is_wanted = true;
	l->queue[l->n_queue++] = i;
	return 0;
}

uint32_t links_next(struct links *l)
{
	return l->n_taken < l->n_queue ? l->queue[l->n_taken++] : LINKS_NONE;
}

static uint32_t count_strings(const char *s, size_t size)
{
	uint32_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += s[i] == '\0';
	return n;
}

int links_set_deps(struct links *l, uint32_t i, const char *deps, size_t deps_size)
{
	uint32_t n = count_strings(deps, deps_size), n_kept = 0, *kept, to;
	char name[MODULE_NAME_MAX + 1];
	int r = 0;

	if (n > LINKS_MAX - l->n_deps)
		return -E2BIG;
	kept = arena_alloc(&l->arena, (n + 1) * sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	for (; deps_size > 0 && r == 0; deps_size -= strlen(deps) + 1, deps += strlen(deps) + 1) {
		if (name_of_path(deps, name) < 0)
			continue;
		r = links_get(l, name, &to);
		if (r == 0)
			r = links_want(l, to);
		if (r == 0 && to != i)
			kept[n_kept++] = to;
	}
	l->modules[i].deps = kept;
	l->modules[i].n_deps = n_kept;
	l->n_deps += n_kept;
	return r;
}

int links_add(struct links *l, const struct link *link)
{
	int r = grow_array(&l->links, l->n_links, &l->links_capacity, sizeof(*l->links), LINKS_MAX);

	if (r == 0)
		l->links[l->n_links++] = *link;
	return r;
}

/** struct imports - what one module uses, to be asked by name; open addressing */
struct imports {
	const struct facts *facts;
	uint32_t *slots; /* import + 1 */
	uint32_t n_slots;
};

/* ppc64 puts a dot before the name of a function's code. */
static const char *import_name(const struct facts *f, uint32_t k)
{
	const char *name = facts_string(f, facts_imports(f)[k].name);

	return name[0] == '.' ? name + 1 : name;
}

static uint32_t *import_slot(const struct imports *im, const char *name)
{
	uint32_t i = hash_name(name, strlen(name)) & (im->n_slots - 1);

	while (im->slots[i] && strcmp(import_name(im->facts, im->slots[i] - 1), name) != 0)
		i = (i + 1) & (im->n_slots - 1);
	return &im->slots[i];
}

static int imports_init(struct imports *im, const struct facts *f)
{
	*im = (struct imports){ .facts = f, .n_slots = 16 };
	while (im->n_slots / 2 < f->n_imports)
		im->n_slots *= 2;
	im->slots = calloc(im->n_slots, sizeof(*im->slots));
	if (!im->slots)
		return -ENOMEM;
	for (uint32_t k = 0; k < f->n_imports; k++)
		*import_slot(im, import_name(f, k)) = k + 1;
	return 0;
}

/* How many of @im are exports of @f, and the first of them. */
static uint32_t count_answers(const struct imports *im, const struct facts *f,
			      const char **ret_first)
{
	const struct facts_export *exports = facts_exports(f);
	uint32_t n = 0;

	for (uint32_t k = 0; k < f->n_exports; k++) {
		const char *name = facts_string(f, exports[k].name);

		if (!*import_slot(im, name))
			continue;
		if (n == 0 || strcmp(name, *ret_first) < 0)
			*ret_first = name;
		n++;
	}
	return n;
}

static int find_symbol_links(struct links *l, uint32_t i)
{
	const struct links_module *m = &l->modules[i];
	struct imports im;
	int r;

	if (!m->facts || m->n_deps == 0)
		return 0;
	r = imports_init(&im, m->facts);
	for (uint32_t d = 0; d < m->n_deps && r == 0; d++) {
		struct link link = { .from = i, .to = m->deps[d], .kind = LINK_SYMBOL };
		const struct facts *f = l->modules[link.to].facts;

		link.n_symbols = f ? count_answers(&im, f, &link.symbol) : 0;
		if (link.n_symbols > 0)
			r = links_add(l, &link);
	}
	free(im.slots);
	return r;
}

/* @stamp[x] == i + 1: that @i gets @x through another one is known */
static void cover(const struct links *l, uint32_t i, uint32_t by, uint32_t *stamp)
{
	const struct links_module *m = &l->modules[by];

	stamp[by] = i + 1;
	if (l->modules[i].n_deps > LINKS_REDUCED_MAX || m->n_deps > LINKS_REDUCED_MAX)
		return;
	for (uint32_t d = 0; d < m->n_deps; d++)
		stamp[m->deps[d]] = i + 1;
}

/** struct hard_links - the declared ones on the way to links_finish(), by module */
struct hard_links {
	uint32_t *first; /* of module i: from first[i] to first[i + 1] */
	uint32_t *to;
	uint8_t *is_struck; /* beside @to: counts for nothing, and brings in nothing */
	uint32_t *stamp; /* stamp[x] == i + 1: @i has a hard dependency on @x */
};

static bool is_hard(const struct link *link)
{
	return link->kind == LINK_HARD || link->kind == LINK_ANY_OF || link->kind == LINK_STRUCK;
}

static int hard_links_init(struct hard_links *h, const struct links *l)
{
	*h = (struct hard_links){ .first = calloc((size_t)l->n_modules + 2, sizeof(*h->first)),
				  .to = calloc((size_t)l->n_links + 1, sizeof(*h->to)),
				  .is_struck = calloc((size_t)l->n_links + 1, 1),
				  .stamp = calloc((size_t)l->n_modules + 1, sizeof(*h->stamp)) };
	if (!h->first || !h->to || !h->is_struck || !h->stamp)
		return -ENOMEM;
	/* first[i + 2] counts those of i; filling moves first[i + 1] from the begin of i to its end. */
	for (uint32_t k = 0; k < l->n_links; k++)
		h->first[l->links[k].from + 2] += is_hard(&l->links[k]);
	for (uint32_t i = 2; i < l->n_modules + 2; i++)
		h->first[i] += h->first[i - 1];
	for (uint32_t k = 0; k < l->n_links; k++) {
		const struct link *link = &l->links[k];

		if (!is_hard(link))
			continue;
		h->is_struck[h->first[link->from + 1]] = link->kind == LINK_STRUCK;
		h->to[h->first[link->from + 1]++] = link->to;
	}
	return 0;
}

static void hard_links_done(struct hard_links *h)
{
	free(h->first);
	free(h->to);
	free(h->is_struck);
	free(h->stamp);
}

/* A declaration explains what stands on the line, and nothing that does not. */
static void cover_hard(const struct links *l, uint32_t i, struct hard_links *h, uint32_t *stamp)
{
	const struct links_module *m = &l->modules[i];

	for (uint32_t k = h->first[i]; k < h->first[i + 1]; k++) {
		if (h->is_struck[k])
			stamp[h->to[k]] = i + 1;
		else
			h->stamp[h->to[k]] = i + 1;
	}
	for (uint32_t d = 0; d < m->n_deps; d++)
		if (h->stamp[m->deps[d]] == i + 1)
			cover(l, i, m->deps[d], stamp);
}

/* What neither symbol nor declaration explains: a file that can't be read, another kind of dependency. */
static int find_dep_links(struct links *l, uint32_t i, uint32_t first_own, struct hard_links *hard,
			  uint32_t *stamp)
{
	const struct links_module *m = &l->modules[i];
	int r = 0;

	for (uint32_t k = first_own; k < l->n_links; k++)
		cover(l, i, l->links[k].to, stamp);
	cover_hard(l, i, hard, stamp);
	for (uint32_t d = 0; d < m->n_deps && r == 0; d++) {
		if (stamp[m->deps[d]] == i + 1)
			continue;
		cover(l, i, m->deps[d], stamp);
		r = links_add(l, &(struct link){ .from = i, .to = m->deps[d], .kind = LINK_DEP });
	}
	return r;
}

static int find_links(struct links *l)
{
	uint32_t *stamp = calloc((size_t)l->n_modules + 1, sizeof(*stamp));
	struct hard_links hard;
	int r = hard_links_init(&hard, l);

	r = stamp ? r : -ENOMEM;
	for (uint32_t i = 0; i < l->n_modules && r == 0; i++) {
		uint32_t first_own = l->n_links;

		r = find_symbol_links(l, i);
		if (r == 0)
			r = find_dep_links(l, i, first_own, &hard, stamp);
	}
	hard_links_done(&hard);
	free(stamp);
	return r;
}

static int compare_names(const struct links *l, const struct link *a, const struct link *b)
{
	return a->to == b->to ? 0 : strcmp(l->modules[a->to].name, l->modules[b->to].name);
}

/* Pointers into @links: what else is equal keeps the order in which it was added. */
static int compare_shown(const void *x, const void *y, void *ctx)
{
	const struct link *a = *(const struct link *const *)x, *b = *(const struct link *const *)y;
	int r = 0;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == LINK_SYMBOL || a->kind == LINK_DEP)
		r = compare_names(ctx, a, b);
	return r ? r : (a > b) - (a < b);
}

static int compare_walked(const void *x, const void *y, void *ctx)
{
	const struct link *a = *(const struct link *const *)x, *b = *(const struct link *const *)y;
	int r;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	r = compare_names(ctx, a, b);
	if (r == 0 && a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return r ? r : (a > b) - (a < b);
}

/* Two groups may share a module. */
static bool is_same(const struct link *a, const struct link *b)
{
	return a->from == b->from && a->kind == b->kind &&
	       (a->kind != LINK_ANY_OF || a->word == b->word ||
		(a->word && b->word && strcmp(a->word, b->word) == 0));
}

/* The first of several links of one kind between two modules counts: @seen[to] holds where. */
static void drop_repeated(struct links *l, uint32_t *seen)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < l->n_links; k++) {
		struct link link = l->links[k];

		if (link.kind == LINK_STRUCK)
			continue;
		if (seen[link.to] > 0 && is_same(&l->links[seen[link.to] - 1], &link))
			continue;
		l->links[n++] = link;
		seen[link.to] = n;
	}
	l->n_links = n;
}

static void set_ranges(struct links *l)
{
	for (uint32_t i = 0; i < l->n_modules; i++)
		l->modules[i].n_links = 0;
	for (uint32_t k = 0; k < l->n_links; k++) {
		struct links_module *m = &l->modules[l->links[k].from];

		if (m->n_links++ == 0)
			m->first_link = k;
	}
}

/* Puts @links into the order in which they are shown. */
static int sort_links(struct links *l)
{
	struct link *sorted = calloc((size_t)l->n_links + 1, sizeof(*sorted));
	uint32_t *seen = calloc((size_t)l->n_modules + 1, sizeof(*seen));

	l->by_name = calloc((size_t)l->n_links + 1, sizeof(*l->by_name));
	if (!sorted || !seen || !l->by_name) {
		free(sorted);
		free(seen);
		return -ENOMEM;
	}
	for (uint32_t k = 0; k < l->n_links; k++)
		l->by_name[k] = &l->links[k];
	qsort_r(l->by_name, l->n_links, sizeof(*l->by_name), compare_shown, l);
	for (uint32_t k = 0; k < l->n_links; k++)
		sorted[k] = *l->by_name[k];
	free(l->links);
	l->links = sorted;
	drop_repeated(l, seen);
	free(seen);
	for (uint32_t k = 0; k < l->n_links; k++)
		l->by_name[k] = &l->links[k];
	qsort_r(l->by_name, l->n_links, sizeof(*l->by_name), compare_walked, l);
	set_ranges(l);
	return 0;
}

int links_finish(struct links *l)
{
	int r = find_links(l);

	return r < 0 ? r : sort_links(l);
}

const struct link *links_at(const struct links *l, uint32_t i, uint32_t *ret_n)
{
	*ret_n = l->modules[i].n_links;
	return &l->links[l->modules[i].first_link];
}

/** struct walk - breadth first; @via[i] is the link that module @i was first reached by */
struct walk {
	const struct link **via;
	uint8_t *is_seen;
	uint32_t *queue;
	uint32_t n_queue, n_done;
};

static int walk_init(struct walk *w, uint32_t n_modules)
{
	*w = (struct walk){ .via = calloc((size_t)n_modules + 1, sizeof(const struct link *)),
			    .is_seen = calloc((size_t)n_modules + 1, 1),
			    .queue = calloc((size_t)n_modules + 1, sizeof(uint32_t)) };
	return w->via && w->is_seen && w->queue ? 0 : -ENOMEM;
}

static void walk_done(struct walk *w)
{
	free(w->via);
	free(w->is_seen);
	free(w->queue);
}

static void reach(struct walk *w, uint32_t i, const struct link *via)
{
	if (w->is_seen[i])
		return;
	w->is_seen[i] = 1;
	w->via[i] = via;
	w->queue[w->n_queue++] = i;
}

/* Neighbours are reached in the order of their names, so that of equal ways the first stays. */
static void walk_to(const struct links *l, struct walk *w, uint32_t to, unsigned int kinds,
		    bool to_masked)
{
	while (w->n_done < w->n_queue && !w->is_seen[to]) {
		const struct links_module *m = &l->modules[w->queue[w->n_done++]];

		for (uint32_t k = 0; k < m->n_links && !m->mask; k++) {
			const struct link *link = l->by_name[m->first_link + k];

			if ((kinds & (1u << link->kind)) &&
			    (to_masked || !l->modules[link->to].mask))
				reach(w, link->to, link);
		}
	}
}

static int take_path(const struct walk *w, uint32_t to, const struct link ***ret_path,
		     size_t *ret_n)
{
	const struct link **path;
	size_t n = 0;

	for (uint32_t i = to; w->via[i]; i = w->via[i]->from)
		n++;
	path = calloc(n + 1, sizeof(*path));
	if (!path)
		return -ENOMEM;
	*ret_n = n;
	for (uint32_t i = to; w->via[i]; i = w->via[i]->from)
		path[--n] = w->via[i];
	*ret_path = path;
	return 0;
}

int links_path(const struct links *l, const uint32_t *from, size_t n_from, uint32_t to,
	       unsigned int kinds, bool to_masked, const struct link ***ret_path, size_t *ret_n)
{
	struct walk w;
	int r;

	r = walk_init(&w, l->n_modules);
	if (r == 0) {
		for (size_t i = 0; i < n_from; i++)
			reach(&w, from[i], NULL);
		walk_to(l, &w, to, kinds, to_masked);
		r = w.is_seen[to] ? take_path(&w, to, ret_path, ret_n) : -ENOENT;
	}
	walk_done(&w);
	return r;
}

const char *link_kind_name(enum link_kind kind)
{
	static const char *const names[LINK_KINDS] = {
		[LINK_SYMBOL] = "symbol",	 [LINK_HARD] = "harddep",
		[LINK_ANY_OF] = "harddep-any",	 [LINK_DEP] = "modules.dep",
		[LINK_SOFT_PRE] = "softdep-pre", [LINK_SOFT_POST] = "softdep-post",
		[LINK_WEAK] = "weakdep",
	};

	return kind < LINK_KINDS ? names[kind] : "unknown";
}

static void put_place(const struct link *link, struct buf *out)
{
	buf_printf(out, " (%s", link->file ? link->file : "?");
	if (link->line > 0)
		buf_printf(out, ":%u", link->line);
	buf_put_string(out, ")");
}

static void describe_rule(const struct link *link, const char *kind, const char *to,
			  const char *when, struct buf *out)
{
	buf_printf(out, " has the %s dependency %s%s", kind, to, when);
	if (link->word && !name_is_same(link->word, to))
		buf_printf(out, ", named %s", link->word);
	put_place(link, out);
}

static void describe_any_of(const struct link *link, const char *to, struct buf *out)
{
	buf_printf(out, " has the hard dependency %s, to which %s is one of several answers",
		   link->word ? link->word : to, to);
	put_place(link, out);
}

const char *links_word(const struct links *l, const struct link *link)
{
	const struct links_module *to = &l->modules[link->to];

	return to->is_unknown && link->word ? link->word : to->name;
}

void links_describe(const struct links *l, const struct link *link, struct buf *out)
{
	const char *to = links_word(l, link);

	buf_put_string(out, l->modules[link->from].name);
	switch (link->kind) {
	case LINK_SYMBOL:
		buf_printf(out, " uses %s: %s", to, link->symbol);
		if (link->n_symbols > 1)
			buf_printf(out, " and %u more symbol%s", link->n_symbols - 1,
				   link->n_symbols > 2 ? "s" : "");
		break;
	case LINK_HARD:
		describe_rule(link, "hard", to, "", out);
		break;
	case LINK_ANY_OF:
		describe_any_of(link, to, out);
		break;
	case LINK_DEP:
		buf_printf(out, " needs %s (modules.dep)", to);
		break;
	case LINK_SOFT_PRE:
		describe_rule(link, "soft", to, ", before it", out);
		break;
	case LINK_SOFT_POST:
		describe_rule(link, "soft", to, ", after it", out);
		break;
	default:
		describe_rule(link, "weak", to, "", out);
	}
}
