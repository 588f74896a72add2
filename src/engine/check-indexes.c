/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands in the published files, beside what depmod would write now. Other depmods lay indexes
 * out in other ways: where the bytes differ, keys and values are compared.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/hash.h"
#include "engine/check-parts.h"
#include "index/builtin.h"
#include "index/manifest.h"
#include "index/reader.h"
#include "sys/sys.h"

/* A published file; ours have no more. */
#define FILE_MAX ((size_t)512 * 1024 * 1024)

/* Of a line or key that differs, so much is shown. */
#define SHOWN_MAX 120

struct gathering {
	const struct depmod *d;
	const char *root;
	struct arena *arena;
	struct check_index *indexes;
	struct manifest manifest;
	bool has_manifest;
};

static bool is_binary(enum index_file file)
{
	switch (file) {
	case INDEX_DEP_BIN:
	case INDEX_ALIAS_BIN:
	case INDEX_SYMBOLS_BIN:
	case INDEX_BUILTIN_BIN:
	case INDEX_BUILTIN_ALIAS_BIN:
	case INDEX_MODSURE_BIN:
		return true;
	default:
		return false;
	}
}

static bool is_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.base, b.base, a.size) == 0);
}

static const char *keep_path(struct gathering *g, const char *path)
{
	char *full = depmod_path(g->d, path);
	const char *kept = full ? arena_string(g->arena, full, strlen(full)) : NULL;

	free(full);
	return kept;
}

/* Line of text, from 1, in which two texts begin to differ, and what stands there in the first that has it. */
static int note_line(struct gathering *g, struct check_index *x, struct bytes theirs, struct bytes ours)
{
	size_t n = theirs.size < ours.size ? theirs.size : ours.size, start = 0, size;
	unsigned int line = 1;
	const char *end;

	for (size_t i = 0; i < n && theirs.base[i] == ours.base[i]; i++)
		if (theirs.base[i] == '\n') {
			start = i + 1;
			line++;
		}
	if (start >= theirs.size)
		theirs = ours;
	size = theirs.size - start;
	end = size ? memchr(theirs.base + start, '\n', size) : NULL;
	size = end ? (size_t)(end - (const char *)theirs.base) - start : size;
	(void)diag_line(&x->diag, 0, line, "differs");
	x->first = arena_string(g->arena, (const char *)theirs.base + start, size < SHOWN_MAX ? size : SHOWN_MAX);
	return x->first ? 0 : -ENOMEM;
}

struct dump {
	struct buf text; /* KEY NUL VALUE NUL, one behind the other */
	const char *root; /* taken out of values, once in each; NULL: nothing is */
};

/* What the kernel exports is in the set of a depmod that was told about it, and not in that of another. */
static bool is_of_kernel(const char *key, const char *value)
{
	static const char owner[] = "vmlinux";
	size_t n = sizeof(owner) - 1;

	return strncmp(key, "namespace:", strlen("namespace:")) == 0 && strncmp(value, owner, n) == 0 &&
	       (!value[n] || value[n] == ' ');
}

static int put_value(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	struct dump *dump = ctx;
	const char *at = dump->root && dump->root[0] ? strstr(value->text, dump->root) : NULL;

	if (strncmp(key, "manifest:", strlen("manifest:")) == 0 || is_of_kernel(key, value->text))
		return 0;
	buf_put(&dump->text, key, key_size + 1);
	if (at) {
		buf_put(&dump->text, value->text, (size_t)(at - value->text));
		at += strlen(dump->root);
	}
	buf_put(&dump->text, at ? at : value->text, strlen(at ? at : value->text) + 1);
	return dump->text.error;
}

static int dump_index(struct bytes file, struct dump *dump, struct diag *diag)
{
	struct index_reader reader;
	int r;

	r = index_reader_open(file, &reader, diag);
	return r < 0 ? r : index_reader_dump(&reader, put_value, dump, diag);
}

/* The first key at which they differ. */
static int note_key(struct gathering *g, struct check_index *x, struct bytes theirs, struct bytes ours)
{
	size_t at = 0;

	while (at < theirs.size && at < ours.size) {
		const char *a = (const char *)theirs.base + at, *b = (const char *)ours.base + at;
		size_t size = strlen(a) + 1;

		size += strlen(a + size) + 1;
		if (ours.size - at < size || memcmp(a, b, size) != 0)
			break;
		at += size;
	}
	if (at >= theirs.size)
		theirs = ours;
	x->first = arena_string(g->arena, (const char *)theirs.base + at,
				strnlen((const char *)theirs.base + at, SHOWN_MAX));
	return x->first ? 0 : -ENOMEM;
}

static int compare_binary(struct gathering *g, struct check_index *x, struct bytes theirs, struct bytes ours)
{
	struct dump a = { .text = { .max = FILE_MAX } };
	struct dump b = { .text = { .max = FILE_MAX }, .root = g->root };
	int r;

	r = dump_index(theirs, &a, &x->diag);
	if (r == -EBADMSG || r == -E2BIG) {
		x->state = CHECK_INDEX_CORRUPT;
		if (r == -E2BIG)
			(void)diag_plain(&x->diag, r, "holds more than any index");
	} else if (r == 0) {
		r = dump_index(ours, &b, NULL);
		if (r == 0 && !is_equal(buf_bytes(&a.text), buf_bytes(&b.text))) {
			x->state = CHECK_INDEX_DIFFERENT;
			r = note_key(g, x, buf_bytes(&a.text), buf_bytes(&b.text));
		}
	}
	buf_done(&a.text);
	buf_done(&b.text);
	return r == -ENOMEM ? r : 0;
}

static int compare_text(struct gathering *g, struct check_index *x, struct bytes theirs, struct bytes ours)
{
	x->state = CHECK_INDEX_DIFFERENT;
	return note_line(g, x, theirs, ours);
}

/* The record of the set is read before the files that it is about. */
static void read_manifest(struct gathering *g, struct bytes file)
{
	struct index_reader reader;

	g->has_manifest = index_reader_open(file, &reader, NULL) == 0 &&
			  manifest_parse(&reader, &g->manifest, NULL) == 0;
}

static int gather_index(struct gathering *g, enum index_file file)
{
	struct bytes ours = buf_bytes(&g->d->outputs[file]), theirs;
	CLEANUP_BUF struct buf text = { .max = FILE_MAX };
	struct check_index *x = &g->indexes[file];
	int r;

	x->path = keep_path(g, index_file_name(file));
	if (!x->path)
		return -ENOMEM;
	r = sys_read_file(g->d->dir_fd, index_file_name(file), &text);
	if (r < 0) {
		x->state = r == -ENOENT ? CHECK_INDEX_MISSING : CHECK_INDEX_CORRUPT;
		(void)diag_plain(&x->diag, r, "cannot be read: %s", strerrordesc_np(-r));
		return r == -ENOMEM ? r : 0;
	}
	theirs = buf_bytes(&text);
	if (file == INDEX_MODSURE_BIN)
		read_manifest(g, theirs);
	if (!is_equal(theirs, ours))
		r = is_binary(file) ? compare_binary(g, x, theirs, ours) : compare_text(g, x, theirs, ours);
	if (g->has_manifest && file < INDEX_CLASSIC_FILES && x->state != CHECK_INDEX_CORRUPT)
		x->is_of_other_run = g->manifest.files[file].size != theirs.size ||
				     g->manifest.files[file].hash != hash_content(theirs.base, theirs.size, 0);
	return r;
}

static int note_newer(struct gathering *g)
{
	const struct scan *scan = &g->d->scan;
	uint32_t newest = 0;
	struct sys_entry dep;

	if (scan->n_files == 0 || sys_stat(g->d->dir_fd, index_file_name(INDEX_DEP), &dep) < 0)
		return 0;
	for (uint32_t i = 1; i < scan->n_files; i++)
		if (scan->files[i].mtime_usec > scan->files[newest].mtime_usec)
			newest = i;
	if (scan->files[newest].mtime_usec <= dep.mtime_usec)
		return 0;
	g->indexes[INDEX_DEP].newer = keep_path(g, scan->files[newest].path);
	return g->indexes[INDEX_DEP].newer ? 0 : -ENOMEM;
}

static void note_bad(struct check_list *l, const struct diag *diag)
{
	if (l->n_bad++ == 0)
		l->diag = *diag;
}

/* Paths of modules, one a line. */
static void judge_order(struct bytes text, struct check_list *l)
{
	const char *s = (const char *)text.base, *end = s + text.size;
	unsigned int line = 0;
	struct diag diag;

	while (s < end) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		const char *stop = newline ? newline : end;

		line++;
		(void)diag_line(&diag, 0, line, "%s", newline ? "no path of a module" : "the line has no end");
		if (!newline || !memmem(s, (size_t)(stop - s), ".ko", 3) || memchr(s, 0, (size_t)(stop - s)))
			note_bad(l, &diag);
		s = newline ? newline + 1 : end;
	}
}

static void judge_builtin(struct bytes text, struct check_list *l)
{
	struct builtin_list list = { .text = text };
	char name[MODULE_NAME_MAX + 1];
	struct diag diag;
	int r;

	while ((r = builtin_list_next(&list, name, &diag)) != 0)
		if (r < 0)
			note_bad(l, &diag);
}

static void judge_builtin_modinfo(struct bytes text, struct check_list *l)
{
	struct builtin_modinfo modinfo = { .text = text };
	struct builtin_tag tag;
	struct diag diag;
	int r;

	while ((r = builtin_modinfo_next(&modinfo, &tag, &diag)) != 0)
		if (r < 0)
			note_bad(l, &diag);
}

/* A list that is there but empty is one of a kernel with nothing to list. */
static int gather_lists(struct gathering *g, struct check_input *in)
{
	const struct {
		const char *name;
		const struct buf *text;
		void (*judge)(struct bytes text, struct check_list *l);
	} kinds[] = { { "modules.order", &g->d->order, judge_order },
		      { "modules.builtin", &g->d->builtin, judge_builtin },
		      { "modules.builtin.modinfo", &g->d->builtin_modinfo, judge_builtin_modinfo } };
	const size_t n = sizeof(kinds) / sizeof(kinds[0]);
	struct check_list *lists = arena_alloc(g->arena, n * sizeof(*lists));
	struct sys_entry entry;

	if (!lists)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		lists[i] = (struct check_list){ .path = keep_path(g, kinds[i].name) };
		if (!lists[i].path)
			return -ENOMEM;
		lists[i].is_missing = sys_stat(g->d->dir_fd, kinds[i].name, &entry) == -ENOENT;
		kinds[i].judge(buf_bytes(kinds[i].text), &lists[i]);
	}
	in->lists = lists;
	in->n_lists = n;
	return 0;
}

int check_gather_indexes(const struct depmod *d, const char *root, struct arena *arena, struct check_input *in)
{
	struct gathering g = { .d = d, .root = root, .arena = arena };
	uint32_t n = 0;
	int r;

	g.indexes = arena_alloc(arena, INDEX_FILES * sizeof(*g.indexes));
	if (!g.indexes)
		return -ENOMEM;
	memset(g.indexes, 0, INDEX_FILES * sizeof(*g.indexes));
	r = gather_index(&g, INDEX_MODSURE_BIN);
	for (int i = 0; r == 0 && i < INDEX_CLASSIC_FILES; i++)
		r = gather_index(&g, (enum index_file)i);
	if (r == 0)
		r = note_newer(&g);
	if (r == 0)
		r = gather_lists(&g, in);
	for (int i = 0; i < INDEX_FILES; i++)
		n += g.indexes[i].state != CHECK_INDEX_MISSING;
	in->indexes = g.indexes;
	in->n_indexes = INDEX_FILES;
	in->knows |= n > 0 ? CHECK_NEEDS_INDEXES : 0;
	return r;
}
