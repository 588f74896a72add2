/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Module files that are given by their paths: what does the file itself say that it needs and excludes?
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/name-set.h"
#include "bytes/name.h"
#include "engine/modfile.h"
#include "engine/session-internal.h"
#include "sys/sys.h"

#define BLANKS " \t"

/** struct reading - one file on its way */
struct reading {
	struct session *s;
	const char *path;
	const struct events *events;
	struct session_file *file;
	struct name_set hards, conflicts;
	bool is_full; /* over the limit of names, which is said once */
};

const struct session_file *session_find_file(const struct session *s, const char *module)
{
	for (const struct session_file *f = s->files; f; f = f->next)
		if (strcmp(f->module, module) == 0)
			return f;
	return NULL;
}

static void report_word(const struct reading *in, const char *key, const char *word, size_t size,
			const char *what)
{
	event_emit(in->events, EVENT_WARNING, "%s, section .modinfo: %s: '%.*s' %s", in->path, key,
		   (int)(size < 80 ? size : 80), word, what);
}

static int read_word(struct reading *in, const char *key, bool is_conflict, const char *text, size_t size)
{
	struct name_set *words = is_conflict ? &in->conflicts : &in->hards;
	struct session_word word;
	int r;

	r = session_word(in->s, text, size, &word);
	if (r == 0 && !name_is_clean(word.text))
		r = -EINVAL;
	if (r == -EINVAL) {
		report_word(in, key, text, size, "is no name");
		return 0;
	}
	if (r < 0)
		return r;
	if (words->n_used >= SESSION_FILE_WORDS_MAX) {
		if (!in->is_full)
			report_word(in, key, text, size, "is over the limit of names, and so is all behind it");
		in->is_full = true;
		return 0;
	}
	r = name_set_put(words, word.folded, 0, NULL);
	if (r <= 0)
		return r;
	if (strcmp(word.folded, in->file->module) == 0)
		report_word(in, key, text, size, "names itself");
	else if (is_conflict)
		in->file->conflicts[in->file->n_conflicts++] = word;
	else
		in->file->hards[in->file->n_hards++] = word;
	return 0;
}

static int read_tag(struct reading *in, const char *key, bool is_conflict, const char *value)
{
	int r = 0;

	while (r == 0 && *(value += strspn(value, BLANKS))) {
		size_t n = strcspn(value, BLANKS);

		r = read_word(in, key, is_conflict, value, n);
		value += n;
	}
	return r;
}

static int read_own_name(struct reading *in, const char *value)
{
	char name[MODULE_NAME_MAX + 1];

	if (name_of_path(value, name) < 0 || !name_is_clean(name))
		return 0;
	in->file->own_name = arena_string(&in->s->arena, name, strlen(name));
	return in->file->own_name ? 0 : -ENOMEM;
}

static int read_tags(struct reading *in, const struct facts *facts)
{
	int r = 0;

	in->file->hards = arena_alloc(&in->s->arena, SESSION_FILE_WORDS_MAX * sizeof(*in->file->hards));
	in->file->conflicts = arena_alloc(&in->s->arena,
					  SESSION_FILE_WORDS_MAX * sizeof(*in->file->conflicts));
	if (!in->file->hards || !in->file->conflicts)
		return -ENOMEM;
	for (uint32_t i = 0; i < facts->n_modinfo && r == 0; i++) {
		const char *harddep = facts_tag(facts_modinfo(facts, i), "harddep");
		const char *conflict = facts_tag(facts_modinfo(facts, i), "conflict");

		if (!in->file->own_name && facts_tag(facts_modinfo(facts, i), "name"))
			r = read_own_name(in, facts_tag(facts_modinfo(facts, i), "name"));
		else if (harddep)
			r = read_tag(in, "harddep", false, harddep);
		else if (conflict)
			r = read_tag(in, "conflict", true, conflict);
	}
	return r;
}

static bool has_tags(const struct facts *facts)
{
	for (uint32_t i = 0; i < facts->n_modinfo; i++)
		if (facts_tag(facts_modinfo(facts, i), "harddep") ||
		    facts_tag(facts_modinfo(facts, i), "conflict"))
			return true;
	return false;
}

static int read_file(struct reading *in)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	struct modfile_reader *reader = modfile_reader_new(NULL);
	struct modfile file;
	struct diag diag;
	int r = -ENOMEM;

	if (reader)
		r = modfile_read(reader, AT_FDCWD, in->path, 0, &arena, &file, &diag);
	if (r == 0 && has_tags(file.facts))
		r = read_tags(in, file.facts);
	modfile_reader_free(reader);
	return r == -ENOMEM ? r : 0;
}

/* Written by nobody since depmod has read it. */
static bool is_older_than_indexes(struct session *s, const struct sys_entry *file)
{
	struct sys_entry index;
	bool is_older = false;
	char *path;

	if (asprintf(&path, "%s/%s", s->indexes.dir, index_file_name(INDEX_MODSURE_BIN)) < 0)
		return false;
	is_older = sys_stat(AT_FDCWD, path, &index) == 0 && file->mtime_usec < index.mtime_usec;
	free(path);
	return is_older;
}

/* Then modules.modsure.bin has its tags, and a large file need not be decompressed for them. */
static int is_indexed(struct session *s, const char *module, const char *path)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct sys_entry this, that;
	struct plan_deps deps;
	int r;

	if (indexes_set(&s->indexes) != INDEXES_WHOLE)
		return 0;
	r = session_deps(s, module, &text, &deps);
	if (r < 0)
		return r;
	return deps.path && sys_stat(AT_FDCWD, path, &this) == 0 &&
	       sys_stat(AT_FDCWD, deps.path, &that) == 0 && this.dev == that.dev &&
	       this.inode == that.inode && is_older_than_indexes(s, &this);
}

int session_read_file(struct session *s, const char *module, const char *path,
		      const struct events *events)
{
	struct reading in = { .s = s, .path = path, .events = events };
	int r;

	r = is_indexed(s, module, path);
	if (r != 0)
		return r < 0 ? r : 0;
	in.file = arena_alloc(&s->arena, sizeof(*in.file));
	if (!in.file)
		return -ENOMEM;
	*in.file = (struct session_file){ .next = s->files,
					  .module = arena_string(&s->arena, module, strlen(module)),
					  .path = arena_string(&s->arena, path, strlen(path)) };
	if (!in.file->module || !in.file->path || !session_tag_source(s, path, &in.file->source))
		return -ENOMEM;
	r = read_file(&in);
	name_set_done(&in.hards);
	name_set_done(&in.conflicts);
	if (r == 0)
		s->files = in.file;
	return r;
}

int session_add_file(struct session *s, struct planner *planner, const char *path, const char *params)
{
	char name[MODULE_NAME_MAX + 1];
	int r;

	if (name_of_path(path, name) < 0)
		return -EINVAL;
	r = session_read_file(s, name, path, &s->events);
	return r < 0 ? r : planner_add_file(planner, path, params);
}
