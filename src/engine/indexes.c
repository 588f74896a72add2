/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/indexes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "bytes/diag.h"
#include "index/manifest.h"
#include "sys/path.h"
#include "sys/sys.h"

int indexes_open(struct indexes *ix, const char *dir)
{
	*ix = (struct indexes){ .dir = strdup(dir), .dir_fd = -1 };
	return ix->dir ? 0 : -ENOMEM;
}

int indexes_dir_fd(struct indexes *ix)
{
	if (ix->dir_fd < 0)
		ix->dir_fd = sys_open_dir(AT_FDCWD, ix->dir);
	return ix->dir_fd;
}

int indexes_read(const struct indexes *ix, const char *name, enum sys_end end, struct buf *out)
{
	char *path;
	int r;

	if (asprintf(&path, "%s/%s", ix->dir, name) < 0)
		return -ENOMEM;
	r = sys_read(AT_FDCWD, path, end, out);
	free(path);
	return r;
}

void indexes_close(struct indexes *ix)
{
	if (!ix)
		return;
	for (int i = 0; i < LOOKUP_SOURCES; i++)
		sys_map_done(&ix->files[i]);
	sys_map_done(&ix->declared_file);
	buf_done(&ix->builtin_modinfo);
	sys_close(ix->dir_fd);
	free(ix->dir);
	*ix = (struct indexes){ .dir_fd = -1 };
}

/*
 * One that cannot be read is as good as broken; one that is not there is none.
 * Return: whether @map holds it now.
 */
static bool map_file(const struct indexes *ix, enum index_file file, struct sys_map *map,
		     struct lookup_part *part)
{
	char *path;
	int r;

	if (asprintf(&path, "%s/%s", ix->dir, index_file_name(file)) < 0)
		return false;
	r = sys_map_file(AT_FDCWD, path, INDEXES_FILE_MAX, map);
	free(path);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR) {
		part->error = r;
		diag_plain(&part->diag, r, "cannot be read: %s", strerror(-r));
	}
	return r == 0;
}

static void load(struct indexes *ix, enum lookup_source source)
{
	if (ix->loaded & 1u << source)
		return;
	ix->loaded |= 1u << source;
	if (map_file(ix, lookup_file(source), &ix->files[source], &ix->lookup.parts[source]))
		(void)lookup_add(&ix->lookup, source, ix->files[source].content);
}

static void load_declared(struct indexes *ix)
{
	struct lookup_part *part = &ix->declared;

	if (ix->loaded & INDEXES_DECLARED)
		return;
	ix->loaded |= INDEXES_DECLARED;
	if (!map_file(ix, INDEX_MODSURE_BIN, &ix->declared_file, part))
		return;
	if (ix->declared_file.content.size == 0)
		part->error = diag_offset(&part->diag, -EBADMSG, 0, "empty file, no index");
	else
		part->error = index_reader_open(ix->declared_file.content, &part->reader,
						&part->diag);
	part->is_open = part->error == 0;
}

int indexes_ask(struct indexes *ix, enum lookup_source from, enum lookup_source to, bool is_name,
		struct lookup_answer *answer)
{
	for (enum lookup_source source = from; source <= to; source++) {
		int r;

		if (!lookup_is_for(source, is_name, answer->request))
			continue;
		load(ix, source);
		r = lookup_ask(&ix->lookup, source, answer);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

static int find(struct indexes *ix, const char *request, bool is_name,
		struct lookup_answer *ret_answer)
{
	int r = lookup_begin(request, is_name, ret_answer);

	return r < 0 ? r : indexes_ask(ix, 0, LOOKUP_SOURCES - 1, is_name, ret_answer);
}

int indexes_find(struct indexes *ix, const char *request, struct lookup_answer *ret_answer)
{
	return find(ix, request, false, ret_answer);
}

int indexes_find_name(struct indexes *ix, const char *name, struct lookup_answer *ret_answer)
{
	return find(ix, name, true, ret_answer);
}

/* What a question to modules.modsure.bin gave. Return: @r, or -EBADMSG for all that is the file's fault. */
static int note_declared(struct indexes *ix, int r, const struct diag *diag)
{
	if (r != -EBADMSG && r != -E2BIG)
		return r;
	ix->declared.error = -EBADMSG;
	ix->declared.diag = *diag;
	return -EBADMSG;
}

void indexes_bad_declared(struct indexes *ix, const char *value, const char *what)
{
	const uint8_t *base = ix->declared.reader.file.base;

	ix->declared.error = diag_offset(&ix->declared.diag, -EBADMSG,
					 (uint64_t)((const uint8_t *)value - base), "%s", what);
}

int indexes_declared(struct indexes *ix, const char *prefix, const char *module,
		     struct index_values *values)
{
	char key[INDEX_KEY_MAX + 1];
	struct diag diag = { 0 };

	load_declared(ix);
	if (!ix->declared.is_open)
		return ix->declared.error < 0 ? -EBADMSG : -ENOENT;
	if (snprintf(key, sizeof(key), "%s%s", prefix, module) >= (int)sizeof(key))
		return -ENOENT;
	return note_declared(
		ix, index_reader_find(&ix->declared.reader, key, values, &diag), &diag);
}

int indexes_namespace(struct indexes *ix, const char *symbol, const char *owner,
		      struct namespace_export *ret_export)
{
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };
	int r = indexes_declared(ix, NAMESPACES_SYMBOL, symbol, &values);

	for (size_t i = 0; i < values.n && r == 0; i++) {
		if (namespaces_get_symbol(values.items[i].text, ret_export, NULL) < 0) {
			indexes_bad_declared(ix, values.items[i].text, "a namespace in it is malformed");
			return -EBADMSG;
		}
		if (!owner || (strlen(owner) == ret_export->owner_size &&
			       memcmp(owner, ret_export->owner, ret_export->owner_size) == 0))
			return 0;
	}
	return r < 0 ? r : -ENOENT;
}

int indexes_each_declared(struct indexes *ix,
			  int (*each)(void *ctx, const char *key, size_t key_size,
				      const struct index_value *value),
			  void *ctx)
{
	struct diag diag = { 0 };

	load_declared(ix);
	if (!ix->declared.is_open)
		return ix->declared.error < 0 ? -EBADMSG : 0;
	return note_declared(ix, index_reader_dump(&ix->declared.reader, each, ctx, &diag), &diag);
}

enum indexes_set indexes_set(struct indexes *ix)
{
	struct manifest manifest;

	if (ix->set != INDEXES_NOT_ASKED)
		return ix->set;
	load(ix, LOOKUP_DEP);
	load_declared(ix);
	if (!ix->declared.is_open || manifest_parse(&ix->declared.reader, &manifest, NULL) < 0)
		ix->set = INDEXES_UNKNOWN;
	else if (manifest.files[INDEX_DEP_BIN].size == ix->files[LOOKUP_DEP].content.size)
		ix->set = INDEXES_WHOLE;
	else
		ix->set = INDEXES_MIXED;
	return ix->set;
}

bool indexes_is_builtin(struct indexes *ix, const char *module)
{
	const struct lookup_part *part = &ix->lookup.parts[LOOKUP_BUILTIN];
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };

	load(ix, LOOKUP_BUILTIN);
	return part->is_open && index_reader_find(&part->reader, module, &values, NULL) == 0;
}

static bool is_builtin(struct indexes *ix, const struct lookup_answer *answer, const char *name)
{
	return answer->source == LOOKUP_BUILTIN || answer->source == LOOKUP_BUILTIN_ALIAS ||
	       indexes_is_builtin(ix, name);
}

int indexes_dump(struct indexes *ix, enum lookup_source source,
		 int (*each)(void *ctx, const char *key, size_t key_size,
			     const struct index_value *value),
		 void *ctx)
{
	struct lookup_part *part = &ix->lookup.parts[source];
	struct diag diag = { 0 };
	int r;

	load(ix, source);
	if (!part->is_open)
		return part->error;
	r = index_reader_dump(&part->reader, each, ctx, &diag);
	if (r == -EBADMSG) {
		part->error = r;
		part->diag = diag;
	}
	return r;
}

int indexes_dep(struct indexes *ix, const char *module, struct dep_line *ret_line)
{
	load(ix, LOOKUP_DEP);
	return lookup_dep(&ix->lookup, module, ret_line);
}

int indexes_module(struct indexes *ix, const struct lookup_answer *answer, size_t i,
		   struct indexes_module *ret_module)
{
	const char *name = lookup_answer_module(answer, i);
	struct dep_line line;
	char *path;
	int r;

	r = indexes_dep(ix, name, &line);
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
		r = indexes_read(ix, "modules.builtin.modinfo", SYS_END_BY_SIZE, &ix->builtin_modinfo);
		if (r < 0 && r != -ENOENT && r != -ENOTDIR)
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
	if (!(broken & ~ix->told & INDEXES_DECLARED) || ix->declared.error == 0)
		return NULL;
	ix->told |= INDEXES_DECLARED;
	*ret_error = ix->declared.error;
	*ret_diag = &ix->declared.diag;
	return index_file_name(INDEX_MODSURE_BIN);
}
