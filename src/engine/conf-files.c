/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/conf-files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/sys.h"

struct loading {
	struct conf_files *files;
	const struct events *events;
	const char *dir;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_there(const struct conf_files *files, const char *base)
{
	for (size_t i = 0; i < files->n_files; i++)
		if (strcmp(base_name(files->files[i].path), base) == 0)
			return true;
	return false;
}

/* /dev/null is an empty file, which takes the place of those of its name further on. */
static int read_file(int dir_fd, const char *name, enum sys_end end, struct buf *text)
{
	struct sys_entry entry;
	int r = sys_read(dir_fd, name, end, text);

	return r == -EINVAL && sys_stat(dir_fd, name, &entry) == 0 && entry.is_null ? 0 : r;
}

static int add_file(struct loading *l, int dir_fd, const char *name, const char *path,
		    enum sys_end end)
{
	CLEANUP_BUF struct buf text = { .max = CONF_FILE_MAX };
	struct conf_files *f = l->files;
	struct conf_file *file;
	char *copy;
	int r;

	if (is_there(f, base_name(path)))
		return 0;
	if (f->n_files == f->capacity) {
		size_t capacity = f->capacity ? f->capacity * 2 : 16;

		file = realloc(f->files, capacity * sizeof(*file));
		if (!file)
			return -ENOMEM;
		f->files = file;
		f->capacity = capacity;
	}
	r = read_file(dir_fd, name, end, &text);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		event_emit(l->events, EVENT_ERROR, "%s: cannot read: %s", path,
			   r == -EINVAL ? "not a regular file" : event_reason(r));
		return 0;
	}
	file = &f->files[f->n_files];
	file->path = arena_string(&f->arena, path, strlen(path));
	copy = arena_string(&f->arena, (const char *)text.base, text.size);
	if (!file->path || !copy)
		return -ENOMEM;
	file->text = bytes_of(copy, text.size);
	f->n_files++;
	return 0;
}

static bool is_conf(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 5 && strcmp(name + n - 5, ".conf") == 0;
}

static int each_name(void *ctx, int dir_fd, const char *name, bool is_regular)
{
	struct loading *l = ctx;
	char *path;
	int r;

	if (!is_conf(name) || is_there(l->files, name))
		return 0;
	if (asprintf(&path, "%s/%s", l->dir, name) < 0)
		return -ENOMEM;
	/* What a directory lists as regular needs no second look. */
	r = add_file(l, dir_fd, name, path, is_regular ? SYS_END_BY_SHORT_READ : SYS_END_BY_SIZE);
	free(path);
	return r;
}

static int compare_base(const void *a, const void *b)
{
	return strcmp(base_name(((const struct conf_file *)a)->path),
		      base_name(((const struct conf_file *)b)->path));
}

int conf_files_load(struct conf_files *files, const char *const *paths, size_t n_paths,
		    bool must_exist, const struct events *events)
{
	struct loading l = { .files = files, .events = events };

	for (size_t i = 0; i < n_paths; i++) {
		int r;

		if (strcmp(paths[i], "/dev/null") == 0) /* how people say: none at all */
			continue;
		l.dir = paths[i];
		r = sys_list_names(AT_FDCWD, paths[i], each_name, &l);
		if (r == -ENOTDIR)
			r = add_file(&l, AT_FDCWD, paths[i], paths[i], SYS_END_BY_SIZE);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && (must_exist || (r != -ENOENT && r != -ENOTDIR)))
			event_emit(events, EVENT_ERROR, "%s: cannot read: %s", paths[i],
				   strerrordesc_np(-r));
	}
	if (files->n_files > 1)
		qsort(files->files, files->n_files, sizeof(*files->files), compare_base);
	return 0;
}

void conf_files_done(struct conf_files *files)
{
	if (!files)
		return;
	arena_done(&files->arena);
	free(files->files);
	*files = (struct conf_files){ 0 };
}
