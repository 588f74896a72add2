/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which values stand under a key?
 *
 *   header | magic B007F457 | version 00020001 | root |                        u32 big endian
 *   node   | prefix, NUL | first u8 | last u8 | child u32.. | n u32 | priority u32, value, NUL..
 *            PREFIX        CHILDS (first..last, 0 = none)     VALUES
 *
 * A reference to a node has in its top bits which of the three parts are there, below them the
 * node's offset.
 *
 * Why no file can lead a reader in circles: the way down to one key takes a byte of that key at
 * each node. A walk over many keys has a budget of as many bytes as the file has; each node and
 * value is paid for with its size, and in a whole index no two of them overlap. Where nodes stand
 * in the file does not matter for that, so both orders in use are fine. The nodes between the root
 * and the current one are on a stack of ours, as deep as a key is long.
 */
#include "index/reader.h"

#include <stdlib.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/glob-track.h"
#include "bytes/glob.h"

#define HEADER_SIZE 12
#define ROOT_OFFSET 8
#define MAGIC 0xb007f457u
#define VERSION_MAJOR 2u

#define NODE_PREFIX 0x80000000u
#define NODE_VALUES 0x40000000u
#define NODE_CHILDS 0x20000000u
#define NODE_UNKNOWN 0x10000000u
#define NODE_OFFSET 0x0fffffffu

#define VALUE_SIZE_MIN 5 /* priority and NUL */

/* A reference to a node; @to 0 is none. */
struct reference {
	uint32_t to; /* parts and offset */
	uint32_t at; /* offset where the reference stands */
};

struct node {
	uint32_t off;
	uint32_t size; /* without the values */
	uint32_t prefix_size;
	uint8_t first; /* byte of the first child */
	uint8_t n_children;
	const char *prefix;
	const uint8_t *children;
	uint32_t children_off;
	uint32_t values_off; /* where the first value stands */
	uint32_t n_values;
};

int index_reader_open(struct bytes file, struct index_reader *ret_reader, struct diag *diag)
{
	struct index_reader reader = { .file = file };
	uint32_t version;

	if (file.size == 0) {
		diag_plain(diag, 0, "empty file, taken as an index without keys");
		*ret_reader = reader;
		return 0;
	}
	if (file.size < HEADER_SIZE)
		return diag_offset(diag, -EBADMSG, file.size, "too short for an index: %zu bytes",
				   file.size);
	if (get_u32(file.base, true) != MAGIC)
		return diag_offset(diag, -EBADMSG, 0, "not an index: it starts with 0x%08x",
				   get_u32(file.base, true));
	version = get_u32(file.base + 4, true);
	if (version >> 16 != VERSION_MAJOR)
		return diag_offset(diag, -EBADMSG, 4, "index of version %u.%u, not %u.x",
				   version >> 16, version & 0xffff, VERSION_MAJOR);
	reader.root = get_u32(file.base + 8, true);
	if ((reader.root & NODE_OFFSET) < HEADER_SIZE || (reader.root & NODE_OFFSET) > file.size)
		return diag_offset(diag, -EBADMSG, 8, "first node 0x%08x lies outside of the file",
				   reader.root);
	*ret_reader = reader;
	return 0;
}

static int read_prefix(struct bytes file, struct node *n, struct diag *diag)
{
	uint32_t at = n->off + n->size;
	size_t room = at < file.size ? file.size - at : 0;
	const uint8_t *end;

	/* One more for the NUL. */
	end = room ? memchr(file.base + at, 0, room < INDEX_KEY_MAX + 1 ? room : INDEX_KEY_MAX + 1)
		   : NULL;
	if (!end)
		return diag_offset(diag, -EBADMSG, at, "prefix of a node has no end");
	n->prefix = (const char *)file.base + at;
	n->prefix_size = (uint32_t)(end - (file.base + at));
	n->size += n->prefix_size + 1;
	return 0;
}

static int read_children(struct bytes file, struct node *n, struct diag *diag)
{
	uint32_t at = n->off + n->size;
	struct bytes b;
	uint8_t last;

	if (bytes_slice(file, at, 2, &b) < 0)
		return diag_offset(diag, -EBADMSG, at, "children of a node are cut off");
	n->first = b.base[0];
	last = b.base[1];
	if (n->first == 0 || n->first > last || last > 127)
		return diag_offset(diag, -EBADMSG, at, "node has children for bytes %u to %u",
				   n->first, last);
	n->n_children = (uint8_t)(last - n->first + 1);
	if (bytes_slice(file, (uint64_t)at + 2, (uint64_t)n->n_children * 4, &b) < 0)
		return diag_offset(diag, -EBADMSG, at, "children of a node are cut off");
	n->children = b.base;
	n->children_off = at + 2;
	n->size += 2 + (uint32_t)n->n_children * 4;
	return 0;
}

static int read_n_values(struct bytes file, struct node *n, struct diag *diag)
{
	uint32_t at = n->off + n->size;

	if (bytes_u32(file, at, true, &n->n_values) < 0)
		return diag_offset(diag, -EBADMSG, at, "values of a node are cut off");
	n->values_off = at + 4;
	n->size += 4;
	if (n->n_values > (file.size - n->values_off) / VALUE_SIZE_MIN)
		return diag_offset(diag, -EBADMSG, at, "%u values do not fit into the file",
				   n->n_values);
	return 0;
}

static int read_node(const struct index_reader *reader, struct reference ref,
		     struct node *ret_node, struct diag *diag)
{
	struct node n = { .off = ref.to & NODE_OFFSET, .prefix = "" };
	uint32_t parts = ref.to & (NODE_PREFIX | NODE_CHILDS | NODE_VALUES);
	int r = 0;

	if (ref.to & NODE_UNKNOWN)
		return diag_offset(diag, -EBADMSG, ref.at, "node of an unknown kind, 0x%08x",
				   ref.to);
	if (n.off < HEADER_SIZE || n.off > reader->file.size)
		return diag_offset(diag, -EBADMSG, ref.at, "node at %u lies outside of the file",
				   n.off);
	/* The root of an index without keys has no part, and nothing else has a reason to. */
	if (!parts && ref.at != ROOT_OFFSET)
		return diag_offset(diag, -EBADMSG, ref.at, "node at %u holds nothing", n.off);
	if (parts & NODE_PREFIX)
		r = read_prefix(reader->file, &n, diag);
	if (r == 0 && (parts & NODE_CHILDS))
		r = read_children(reader->file, &n, diag);
	if (r == 0 && (parts & NODE_VALUES))
		r = read_n_values(reader->file, &n, diag);
	if (r == 0)
		*ret_node = n;
	return r;
}

static struct reference root_of(const struct index_reader *reader)
{
	return (struct reference){ reader->root, ROOT_OFFSET };
}

static struct reference child_for(const struct node *n, unsigned char c)
{
	uint32_t i = (uint32_t)c - n->first;

	if (c < n->first || i >= n->n_children)
		return (struct reference){ 0 };
	return (struct reference){ get_u32(n->children + i * 4, true), n->children_off + i * 4 };
}

struct walk {
	const struct index_reader *reader;
	struct diag *diag;
	uint64_t budget; /* bytes of the file that may still be read */
	uint64_t n_read; /* bytes of the file that were */
	struct buf key;	 /* of the current node, no NUL */
	struct buf stack; /* struct frame */

	/* What to do with each value: give it to @each, or collect it. */
	int (*each)(void *ctx, const char *key, size_t key_size, const struct index_value *value);
	void *ctx;
	struct index_values *values;
	const char *request; /* collect only where the key, from @skip on, matches this */
	size_t skip;
	uint64_t steps; /* that matching may still take */
	const char *whole; /* the request that @request is the end of */
	bool is_prepared; /* @text is */
	struct glob_text *text; /* @whole; a search only */
	struct glob_state state; /* of the key that is being entered */
};

struct frame {
	struct node node;
	uint32_t n_done; /* children */
	uint32_t key_size; /* bytes, with the node's prefix */
	struct glob_state state; /* of the key up to there; in a search below a wildcard */
};

static void walk_done(struct walk *w)
{
	buf_done(&w->key);
	buf_done(&w->stack);
}

static int pay(struct walk *w, uint64_t size, uint64_t off)
{
	if (size > w->budget)
		return diag_offset(w->diag, -EBADMSG, off, "nodes overlap or lead in a circle");
	w->budget -= size;
	w->n_read += size;
	return 0;
}

static int collect(struct index_values *values, struct index_value value, struct diag *diag)
{
	if (values->n >= INDEX_VALUES_MAX)
		return diag_plain(diag, -E2BIG, "more than %zu answers", INDEX_VALUES_MAX);
	if (values->n == values->capacity) {
		size_t capacity = values->capacity ? values->capacity * 2 : 8;
		struct index_value *items = realloc(values->items, capacity * sizeof(*items));

		if (!items)
			return -ENOMEM;
		values->items = items;
		values->capacity = capacity;
	}
	value.order = (uint32_t)values->n;
	values->items[values->n++] = value;
	return 0;
}

static int use_value(struct walk *w, const struct index_value *value)
{
	if (w->values)
		return collect(w->values, *value, w->diag);
	if (!w->each)
		return 0;
	return w->each(w->ctx, (const char *)w->key.base, w->key.size, value);
}

static int use_values(struct walk *w, const struct node *n)
{
	struct bytes file = w->reader->file;
	uint64_t at = n->values_off;

	for (uint32_t i = 0; i < n->n_values; i++) {
		struct index_value value = { 0 };
		size_t size;
		int r;

		if (bytes_u32(file, at, true, &value.priority) < 0 ||
		    bytes_string(file, at + 4, &value.text) < 0)
			return diag_offset(w->diag, -EBADMSG, at, "value %u of %u is cut off",
					   i + 1, n->n_values);
		size = strlen(value.text);
		r = pay(w, VALUE_SIZE_MIN + size, at);
		if (r == 0)
			r = use_value(w, &value);
		if (r != 0)
			return r;
		at += VALUE_SIZE_MIN + size;
	}
	return 0;
}

/* The key, with a NUL behind that is not part of it. */
static int key_append(struct walk *w, const char *s, size_t size, const struct node *n)
{
	uint8_t *to;

	if (size > INDEX_KEY_MAX - w->key.size)
		return diag_offset(w->diag, -EBADMSG, n->off, "key is longer than %u bytes",
				   INDEX_KEY_MAX);
	to = buf_reserve(&w->key, size + 1);
	if (!to)
		return w->key.error;
	memcpy(to, s, size);
	to[size] = '\0';
	w->key.size += size;
	return 0;
}

/* May the request match a key that goes on with these bytes? */
static bool step(struct walk *w, const char *s, size_t size)
{
	bool may_match = true;

	for (size_t i = 0; i < size && may_match; i++)
		may_match = glob_state_step(&w->state, w->text, s[i]);
	return may_match;
}

/*
 * Read the node, append its prefix to the key, make it the current one. A search passes by what
 * cannot match: most keys below a wildcard differ from the request in a byte that many share.
 */
static int enter(struct walk *w, struct reference ref, size_t skip)
{
	struct frame f;
	int r;

	r = read_node(w->reader, ref, &f.node, w->diag);
	if (r == 0)
		r = pay(w, f.node.size, f.node.off);
	if (r == 0)
		r = key_append(w, f.node.prefix, f.node.prefix_size, &f.node);
	if (r < 0 || (w->request && !step(w, f.node.prefix + skip, f.node.prefix_size - skip)))
		return r;
	f.n_done = 0;
	f.key_size = (uint32_t)w->key.size;
	if (w->request)
		f.state = w->state;
	buf_put(&w->stack, &f, sizeof(f));
	if (w->stack.error)
		return w->stack.error;
	/* A dump lists a key before those that go on from it; a search finds it after them. */
	return w->request ? 0 : use_values(w, &f.node);
}

static int leave(struct walk *w, const struct frame *f)
{
	int r;

	w->stack.size -= sizeof(*f);
	if (!w->request || f->node.n_values == 0)
		return 0;
	w->key.size = f->key_size;
	w->key.base[w->key.size] = '\0';
	r = glob_state_matches(&f->state, w->text);
	if (r < 0)
		r = glob_matches_within((const char *)w->key.base + w->skip, w->request, &w->steps);
	if (r < 0)
		return diag_offset(w->diag, r, f->node.off, "the search takes too many steps");
	return r > 0 ? use_values(w, &f->node) : 0;
}

/* Everything at and below @ref; the key so far is in @w->key. */
static int walk_below(struct walk *w, struct reference ref)
{
	int r = enter(w, ref, w->skip);

	while (r == 0 && w->stack.size > 0) {
		struct frame *f = (struct frame *)(void *)(w->stack.base + w->stack.size) - 1;
		struct reference child = { 0 };
		char c = 0;

		while (!child.to && f->n_done < f->node.n_children) {
			c = (char)(f->node.first + f->n_done++);
			child = child_for(&f->node, (unsigned char)c);
		}
		if (!child.to) {
			struct frame left = *f;

			r = leave(w, &left);
			continue;
		}
		if (w->request) {
			w->state = f->state;
			if (!step(w, &c, 1))
				continue;
		}
		w->key.size = f->key_size;
		r = key_append(w, &c, 1, &f->node);
		if (r == 0)
			r = enter(w, child, 0);
	}
	w->stack.size = 0;
	return r;
}

int index_reader_find(const struct index_reader *reader, const char *key,
		      struct index_values *values, struct diag *diag)
{
	struct walk w = {
		.reader = reader, .diag = diag, .budget = reader->file.size, .values = values,
	};
	size_t n_before = values->n;
	struct reference ref;
	struct node n;
	int r;

	for (ref = root_of(reader); ref.to;) {
		r = read_node(reader, ref, &n, diag);
		if (r < 0)
			return r;
		/* The prefix holds no NUL, so that this stops at the key's. */
		if (strncmp(key, n.prefix, n.prefix_size) != 0)
			return -ENOENT;
		key += n.prefix_size;
		if (!*key)
			break;
		ref = child_for(&n, (unsigned char)*key++);
	}
	if (!ref.to || n.n_values == 0)
		return -ENOENT;
	r = use_values(&w, &n);
	if (r < 0)
		values->n = n_before;
	return r;
}

/*
 * Everything at and below @ref whose key matches: @start, then what the walk adds; the first
 * @skip bytes of that were compared already.
 */
static int search_below(struct walk *w, struct reference ref, const struct node *n,
			const char *start, size_t skip, const char *rest)
{
	int r;

	if (!w->is_prepared)
		glob_text_init(w->text, w->whole);
	w->is_prepared = true;
	glob_state_init(&w->state, w->text, (size_t)(rest - w->whole));
	(void)step(w, start, strlen(start));
	w->request = rest;
	w->skip = skip;
	w->key.size = 0;
	r = key_append(w, start, strlen(start), n);
	return r < 0 ? r : walk_below(w, ref);
}

static bool is_wild(char c)
{
	return c == '*' || c == '?' || c == '[';
}

/*
 * Compare the node's prefix with the request; a wildcard in it makes all below a pattern.
 * Return: 1 go on behind the prefix; 0 done here; -errno.
 */
static int search_prefix(struct walk *w, struct reference ref, const struct node *n,
			 const char *request)
{
	for (size_t i = 0; i < n->prefix_size; i++) {
		if (is_wild(n->prefix[i]))
			return search_below(w, ref, n, "", i, request + i);
		if (n->prefix[i] != request[i])
			return 0;
	}
	return 1;
}

static int search_children(struct walk *w, const struct node *n, const char *request)
{
	static const char wild[][2] = { "*", "?", "[" };

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		struct reference child = child_for(n, (unsigned char)wild[i][0]);
		int r = child.to ? search_below(w, child, n, wild[i], 0, request) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* Down the literal bytes of the request, looking into every wildcard on the way. */
static int search(struct walk *w, const char *request)
{
	struct reference ref = root_of(w->reader);
	struct node n;
	int r;

	w->whole = request;
	while (ref.to) {
		r = read_node(w->reader, ref, &n, w->diag);
		if (r < 0)
			return r;
		r = search_prefix(w, ref, &n, request);
		if (r <= 0)
			return r;
		request += n.prefix_size;
		r = search_children(w, &n, request);
		if (r < 0)
			return r;
		if (!*request)
			return use_values(w, &n);
		/* What lies below has just been read as a pattern; now it may be again. */
		if (is_wild(*request))
			w->budget += w->reader->file.size;
		ref = child_for(&n, (unsigned char)*request++);
	}
	return 0;
}

static int compare_values(const void *a, const void *b)
{
	const struct index_value *va = a, *vb = b;

	if (va->priority != vb->priority)
		return va->priority < vb->priority ? -1 : 1;
	return va->order > vb->order ? -1 : va->order < vb->order;
}

int index_reader_search(const struct index_reader *reader, const char *request,
			struct index_values *values, struct diag *diag)
{
	uint64_t work = 0;

	return index_reader_search_counted(reader, request, values, &work, diag);
}

int index_reader_search_counted(const struct index_reader *reader, const char *request,
				struct index_values *values, uint64_t *work, struct diag *diag)
{
	struct glob_text text; /* large: filled when it is needed */
	struct walk w = {
		.reader = reader,
		.diag = diag,
		.budget = reader->file.size,
		.values = values,
		.text = &text,
		.steps = INDEX_SEARCH_STEPS_MAX,
	};
	size_t n_before = values->n;
	int r;

	r = search(&w, request);
	walk_done(&w);
	*work += w.n_read + (INDEX_SEARCH_STEPS_MAX - w.steps);
	if (r < 0) {
		values->n = n_before;
		return r;
	}
	if (values->n == n_before)
		return -ENOENT;
	qsort(values->items + n_before, values->n - n_before, sizeof(*values->items),
	      compare_values);
	return 0;
}

int index_reader_dump(const struct index_reader *reader,
		      int (*each)(void *ctx, const char *key, size_t key_size,
				  const struct index_value *value),
		      void *ctx, struct diag *diag)
{
	struct walk w = {
		.reader = reader,
		.diag = diag,
		.budget = reader->file.size,
		.each = each,
		.ctx = ctx,
	};
	int r;

	if (!reader->root)
		return 0;
	r = key_append(&w, "", 0, &(struct node){ 0 });
	if (r == 0)
		r = walk_below(&w, root_of(reader));
	walk_done(&w);
	return r;
}

void index_values_done(struct index_values *values)
{
	if (!values)
		return;
	free(values->items);
	*values = (struct index_values){ 0 };
}
