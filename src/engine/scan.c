/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/grow.h"
#include "bytes/name.h"
#include "conf/depmod-conf.h"
#include "sys/sys.h"

/* One folder on the way down; they lie on the stack and show a link that leads back up. */
struct folder {
	struct scan *scan;
	const struct depmod_conf *conf;
	const struct events *events;
	const struct folder *parent;
	const char *prefix; /* of paths of what is inside: "" or ends in '/' */
	uint64_t dev, inode;
	unsigned int depth;
	uint32_t *n_linked; /* folders entered at or below a link to a folder; NULL: such links are not followed */
	bool is_linked;
};

static int scan_folder(const struct folder *folder, int dir_fd, const char *name);

/* In any folder, these two lead to the kernel's sources. */
static bool is_source_link(const char *name)
{
	return strcmp(name, "build") == 0 || strcmp(name, "source") == 0;
}

static bool want_entry(void *ctx, const char *name, bool may_be_dir)
{
	const struct folder *f = ctx;

	if (!may_be_dir && name_suffix(name) == SUFFIX_NONE)
		return false;
	return !is_source_link(name) && !depmod_conf_is_excluded(f->conf, name);
}

/* A line of modules.dep is "path: path path": these bytes would end a path too early. */
static bool fits_a_line(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path <= ' ' || *path == ':')
			return false;
	return true;
}

int scan_add(struct scan *scan, const char *path, uint64_t size, int64_t mtime_usec)
{
	char name[MODULE_NAME_MAX + 1];
	int n = name_of_path(path, name);
	struct scan_file *file;

	if (n < 0 || !name_is_clean(name) || !fits_a_line(path))
		return -EINVAL;
	if (scan->n_files == scan->capacity) {
		uint32_t capacity = scan->capacity ? scan->capacity * 2 : 1024;
		struct scan_file *files;

		files = realloc(scan->files, capacity * sizeof(*files));
		if (!files)
			return -ENOMEM;
		scan->files = files;
		scan->capacity = capacity;
	}
	file = &scan->files[scan->n_files];
	*file = (struct scan_file){ .size = size, .mtime_usec = mtime_usec };
	file->name = arena_string(&scan->arena, name, (size_t)n);
	file->path = arena_string(&scan->arena, path, strlen(path));
	if (!file->name || !file->path)
		return -ENOMEM;
	scan->n_files++;
	return 0;
}

int scan_give(struct scan *scan, const char *given, uint64_t size, int64_t mtime_usec)
{
	static const char folder[] = "updates/", suffix[] = ".ko";
	char name[MODULE_NAME_MAX + 1], path[sizeof(folder) + MODULE_NAME_MAX + sizeof(suffix)];
	int r;

	if (name_of_path(given, name) < 0)
		return -EINVAL;
	(void)snprintf(path, sizeof(path), "%s%s%s", folder, name, suffix);
	r = scan_add(scan, path, size, mtime_usec);
	if (r < 0)
		return r;
	scan->files[scan->n_files - 1].given = arena_string(&scan->arena, given, strlen(given));
	return scan->files[scan->n_files - 1].given ? 0 : -ENOMEM;
}

static bool leads_back(const struct folder *folder, const struct sys_entry *entry)
{
	for (; folder; folder = folder->parent)
		if (folder->dev == entry->dev && folder->inode == entry->inode)
			return true;
	return false;
}

static bool may_enter(const struct folder *parent, const struct sys_entry *entry, const char *path)
{
	const char *why = leads_back(parent, entry) ? "leads back into its own folders"
			  : parent->depth + 1 >= SCAN_DEPTH_MAX ? "too many folders deep"
								 : NULL;

	if (why)
		event_emit(parent->events, EVENT_WARNING, "%s: %s, left out", path, why);
	return !why;
}

static int enter_folder(struct folder *parent, int dir_fd, const struct sys_entry *entry,
			const char *path)
{
	struct folder inner = *parent;
	char *prefix;
	int r;

	inner.is_linked = parent->is_linked || entry->is_link;
	if ((inner.is_linked && !parent->n_linked) || !may_enter(parent, entry, path))
		return 0;
	if (inner.is_linked && ++*parent->n_linked > SCAN_LINKED_FOLDERS_MAX)
		return -E2BIG;
	if (asprintf(&prefix, "%s/", path) < 0)
		return -ENOMEM;
	inner.parent = parent;
	inner.prefix = prefix;
	inner.dev = entry->dev;
	inner.inode = entry->inode;
	inner.depth++;
	r = scan_folder(&inner, dir_fd, entry->name);
	free(prefix);
	if (r == -EACCES || r == -ENOENT || r == -ENOTDIR) {
		event_emit(parent->events, EVENT_WARNING, "%s: cannot list: %s", path,
			   strerrordesc_np(-r));
		return 0;
	}
	/* Anything else says nothing about the folder: indexes without it would be wrong. */
	if (r < 0 && r != -ENOMEM && r != -EINTR && r != -E2BIG)
		event_emit(parent->events, EVENT_ERROR, "%s: cannot list: %s", path,
			   strerrordesc_np(-r));
	return r;
}

static int note_unfit(struct folder *f, const char *path)
{
	struct scan *scan = f->scan;
	int r;

	event_emit(f->events, EVENT_WARNING, "%s: left out: modules.dep cannot hold such a file name", path);
	r = grow_array(&scan->unfit, scan->n_unfit, &scan->unfit_capacity, sizeof(*scan->unfit), UINT32_MAX);
	if (r < 0)
		return r;
	scan->unfit[scan->n_unfit] = arena_string(&scan->arena, path, strlen(path));
	return scan->unfit[scan->n_unfit++] ? 0 : -ENOMEM;
}

static int visit(void *ctx, int dir_fd, const struct sys_entry *entry)
{
	struct folder *f = ctx;
	size_t prefix_size = strlen(f->prefix), name_size = strlen(entry->name);
	char *path;
	int r;

	if (f->events->is_cancelled && f->events->is_cancelled(f->events->ctx))
		return -EINTR;
	if (!entry->is_dir && !(entry->is_regular && name_suffix(entry->name) != SUFFIX_NONE))
		return 0;
	path = malloc(prefix_size + name_size + 1);
	if (!path)
		return -ENOMEM;
	memcpy(path, f->prefix, prefix_size);
	memcpy(path + prefix_size, entry->name, name_size + 1);
	if (entry->is_dir) {
		r = enter_folder(f, dir_fd, entry, path);
	} else {
		r = scan_add(f->scan, path, entry->size, entry->mtime_usec);
		if (r == -EINVAL)
			r = note_unfit(f, path);
	}
	free(path);
	return r;
}

static int scan_folder(const struct folder *folder, int dir_fd, const char *name)
{
	return sys_list(dir_fd, name, want_entry, visit, (void *)folder);
}

int scan_tree(struct scan *scan, int dir_fd, const char *prefix, const struct depmod_conf *conf,
	      const struct events *events)
{
	uint32_t n_files = scan->n_files, n_unfit = scan->n_unfit, n_linked = 0;
	struct folder top = {
		.scan = scan,
		.conf = conf,
		.events = events,
		.prefix = prefix,
		.n_linked = &n_linked,
	};
	struct sys_entry self;
	int r;

	r = sys_stat(dir_fd, ".", &self);
	if (r < 0)
		return r;
	top.dev = self.dev;
	top.inode = self.inode;
	r = scan_folder(&top, dir_fd, ".");
	if (r != -E2BIG)
		return r;
	/* Which of them were seen hangs on the order of entries: none counts. */
	event_emit(events, EVENT_WARNING,
		   "links between folders lead to more than %d of them: no link to a folder is followed",
		   SCAN_LINKED_FOLDERS_MAX);
	scan->n_files = n_files;
	scan->n_unfit = n_unfit;
	top.n_linked = NULL;
	return scan_folder(&top, dir_fd, ".");
}

static int compare_files(const void *a, const void *b)
{
	const struct scan_file *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c == 0)
		c = !x->given - !y->given;
	if (c == 0 && x->given)
		return strcmp(x->given, y->given);
	return c ? c : strcmp(x->path, y->path);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct scan_file *)a)->path, ((const struct scan_file *)b)->path);
}

/* That a rule puts one file before another is what rules are for; without one it may surprise. */
static int report_shadowed(struct scan *scan, const struct scan_file *file, const struct scan_file *used,
			   const struct depmod_conf *conf, const struct events *events)
{
	struct depmod_priority a = depmod_conf_priority(conf, used->path, NULL);
	struct depmod_priority b = depmod_conf_priority(conf, file->path, NULL);
	bool is_ruled = depmod_priority_compare(&a, &b) != 0;
	int r;

	event_emit(events, is_ruled ? EVENT_INFO : EVENT_WARNING,
		   "%s: left out: %s is a module of the same name%s", file->path, used->path,
		   is_ruled ? " that configuration puts first"
			    : ", and no search or override line tells which one to use");
	r = grow_array(&scan->shadowed, scan->n_shadowed, &scan->shadowed_capacity,
		       sizeof(*scan->shadowed), UINT32_MAX);
	if (r == 0)
		scan->shadowed[scan->n_shadowed++] =
			(struct scan_shadowed){ file->name, file->path, used->path, is_ruled };
	return r;
}

/* Given files stand first among the @n of one name; the first one gets the place of the tree's best. */
static struct scan_file take_given(struct scan_file *f, uint32_t n, const struct depmod_conf *conf,
				   const struct events *events)
{
	struct scan_file taken = f[0];
	uint32_t i = 1, best;

	for (; i < n && f[i].given; i++)
		event_emit(events, EVENT_WARNING,
			   "%s: left out: %s was given too, and is a module of the same name",
			   f[i].given, taken.given);
	for (best = i; i < n; i++)
		if (depmod_conf_choose(conf, f[best].path, f[i].path) > 0)
			best = i;
	if (best < n)
		taken.path = f[best].path;
	return taken;
}

int scan_settle(struct scan *scan, const struct depmod_conf *conf, const struct events *events)
{
	struct scan_file *f = scan->files;
	uint32_t n = 0;

	if (scan->n_files == 0)
		return 0;
	qsort(f, scan->n_files, sizeof(*f), compare_files);
	for (uint32_t lo = 0, hi; lo < scan->n_files; lo = hi) {
		uint32_t best = lo;

		for (hi = lo + 1; hi < scan->n_files && strcmp(f[hi].name, f[lo].name) == 0; hi++)
			if (!f[lo].given && depmod_conf_choose(conf, f[best].path, f[hi].path) > 0)
				best = hi;
		if (f[lo].given) {
			f[n++] = take_given(&f[lo], hi - lo, conf, events);
			continue;
		}
		for (uint32_t i = lo; i < hi; i++)
			if (i != best && report_shadowed(scan, &f[i], &f[best], conf, events) < 0)
				return -ENOMEM;
		f[n++] = f[best];
	}
	scan->n_files = n;
	qsort(f, n, sizeof(*f), compare_paths);
	return 0;
}

void scan_done(struct scan *scan)
{
	if (!scan)
		return;
	arena_done(&scan->arena);
	free(scan->files);
	free(scan->shadowed);
	free(scan->unfit);
	*scan = (struct scan){ 0 };
}
