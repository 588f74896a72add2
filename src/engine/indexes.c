/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/indexes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "bytes/diag.h"
#include "sys/path.h"
#include "sys/sys.h"

int indexes_open(struct indexes *ix, const char *dir)
{
	char *absolute;
	int r;

	r = sys_absolute_path(dir, &absolute);
	if (r < 0)
		return r;
	*ix = (struct indexes){ .dir = absolute, .dir_fd = sys_open_dir(AT_FDCWD, absolute) };
	ix->error = ix->dir_fd < 0 ? ix->dir_fd : 0;
	return 0;
}

void indexes_close(struct indexes *ix)
{
	if (!ix)
		return;
	for (int i = 0; i < LOOKUP_SOURCES; i++)
		buf_done(&ix->files[i]);
	buf_done(&ix->builtin_modinfo);
	sys_close(ix->dir_fd);
	free(ix->dir);
	*ix = (struct indexes){ .dir_fd = -1 };
}

/* One that cannot be read is as good as broken; one that is not there is none. */
static void load(struct indexes *ix, enum lookup_source source)
{
	struct lookup_part *part = &ix->lookup.parts[source];
	struct buf *file = &ix->files[source];
	int r;

	file->max = INDEXES_FILE_MAX;
	r = sys_read_file(ix->dir_fd, index_file_name(lookup_file(source)), file);
	if (r == 0) {
		(void)lookup_add(&ix->lookup, source, buf_bytes(file));
	} else if (r != -ENOENT) {
		part->error = r;
		diag_plain(&part->diag, r, "cannot be read: %s", strerror(-r));
	}
}

/* Most questions are answered by modules.dep.bin alone, which is asked first. */
static void load_dep(struct indexes *ix)
{
	if (!ix->is_dep_loaded && ix->error == 0)
		load(ix, LOOKUP_DEP);
	ix->is_dep_loaded = true;
}

static void load_rest(struct indexes *ix)
{
	for (enum lookup_source i = 0; i < LOOKUP_SOURCES && ix->error == 0; i++)
		if (i != LOOKUP_DEP)
			load(ix, i);
	ix->is_loaded = true;
}

static int find(struct indexes *ix, const char *request,
		int (*ask)(struct lookup *, const char *, struct lookup_answer *),
		struct lookup_answer *ret_answer)
{
	int r;

	load_dep(ix);
	r = ask(&ix->lookup, request, ret_answer);
	if (r != -ENOENT || ix->is_loaded)
		return r;
	load_rest(ix);
	return ask(&ix->lookup, request, ret_answer);
}

int indexes_find(struct indexes *ix, const char *request, struct lookup_answer *ret_answer)
{
	return find(ix, request, lookup_find, ret_answer);
}

int indexes_find_name(struct indexes *ix, const char *name, struct lookup_answer *ret_answer)
{
	return find(ix, name, lookup_find_name, ret_answer);
}

static bool is_builtin(struct indexes *ix, const struct lookup_answer *answer, const char *name)
{
	const struct lookup_part *part = &ix->lookup.parts[LOOKUP_BUILTIN];
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };

	if (answer->source == LOOKUP_BUILTIN || answer->source == LOOKUP_BUILTIN_ALIAS)
		return true;
	return part->is_open && index_reader_find(&part->reader, name, &values, NULL) == 0;
}

int indexes_module(struct indexes *ix, const struct lookup_answer *answer, size_t i,
		   struct indexes_module *ret_module)
{
	const char *name = lookup_answer_module(answer, i);
	struct dep_line line;
	char *path;
	int r;

	load_dep(ix);
	r = lookup_dep(&ix->lookup, name, &line);
	if (r < 0 && r != -ENOMEM && is_builtin(ix, answer, name)) {
		*ret_module = (struct indexes_module){ .name = name };
		return 0;
	}
	if (r < 0)
		return r;
	if (line.path[0] == '/')
		r = asprintf(&path, "%.*s", (int)line.path_size, line.path);
	else
		r = asprintf(&path, "%s/%.*s", ix->dir, (int)line.path_size, line.path);
	if (r < 0)
		return -ENOMEM;
	*ret_module = (struct indexes_module){ name, path };
	return 0;
}

int indexes_builtin_modinfo(struct indexes *ix, struct bytes *ret_text)
{
	int r = 0;

	if (!ix->is_builtin_loaded) {
		ix->builtin_modinfo.max = INDEXES_FILE_MAX;
		r = sys_read_file(ix->dir_fd, "modules.builtin.modinfo", &ix->builtin_modinfo);
		if (r < 0 && r != -ENOENT)
			return r;
		ix->is_builtin_loaded = true;
	}
	*ret_text = buf_bytes(&ix->builtin_modinfo);
	return 0;
}

const char *indexes_next_broken(struct indexes *ix, unsigned int broken, int *ret_error,
				const struct diag **ret_diag)
{
	for (enum lookup_source i = 0; i < LOOKUP_SOURCES; i++) {
		if (!(broken & ~ix->told & 1u << i) || ix->lookup.parts[i].error == 0)
			continue;
		ix->told |= 1u << i;
		*ret_error = ix->lookup.parts[i].error;
		*ret_diag = &ix->lookup.parts[i].diag;
		return index_file_name(lookup_file(i));
	}
	return NULL;
}
