/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How does a set of files change under readers that know nothing of each other?
 *
 *   stage    modules.dep.PID.N.stage.bin ...  all written whole, then all synced
 *   sync     the directory: from here on all staged names outlive a power cut
 *   rename   the twelve in a row, nothing in between; each is atomic
 *   sync     the directory: the set is durable
 *
 * A run that dies leaves staged names behind, whatever it had renamed: the next run sees by them
 * that the set may be mixed, and leaves one of them there, empty, until its own set is in place: it
 * may fail or die as well. Their names end in ".bin" and begin with "modules.", because that is
 * what kernel packages remove when they are purged.
 */
#include "engine/publish.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bytes/diag.h"
#include "sys/sys.h"

#define STAGE_SUFFIX ".stage.bin"
#define STAGE_NAME_MAX 80

/* Another run without locks may hold a name; more than a few tries mean something else. */
#define STAGE_TRIES 8

static void stage_name(enum index_file file, unsigned int attempt, char *ret_name)
{
	(void)snprintf(ret_name, STAGE_NAME_MAX, "%s.%ld.%u" STAGE_SUFFIX, index_file_name(file),
		       (long)getpid(), attempt);
}

static bool is_stage_name(const char *name)
{
	size_t n = strlen(name), suffix = sizeof(STAGE_SUFFIX) - 1;

	return strncmp(name, "modules.", 8) == 0 && n > suffix &&
	       strcmp(name + n - suffix, STAGE_SUFFIX) == 0;
}

static bool want_stage(void *ctx, const char *name, bool may_be_dir)
{
	(void)ctx;
	(void)may_be_dir;
	return is_stage_name(name);
}

enum leftovers {
	LEFTOVERS_COUNT,
	LEFTOVERS_SHRINK, /* give their space back, but leave an empty one as the sign of that run */
	LEFTOVERS_REMOVE,
};

struct cleaning {
	enum leftovers what;
	int n;
};

static int each_leftover(void *ctx, int dir_fd, const struct sys_entry *entry)
{
	struct cleaning *c = ctx;

	c->n++;
	if (c->what == LEFTOVERS_COUNT)
		return 0;
	if (c->what == LEFTOVERS_SHRINK && c->n == 1)
		return sys_empty_file(dir_fd, entry->name);
	return sys_unlink(dir_fd, entry->name);
}

int publish_leftovers(int dir_fd)
{
	struct cleaning c = { .what = LEFTOVERS_COUNT };
	int r = sys_list(dir_fd, ".", want_stage, each_leftover, &c);

	return r < 0 ? r : c.n;
}

int publish_lock(int dir_fd, const char *dir_path, const struct events *events)
{
	int r = sys_lock(dir_fd, false);

	if (r == -EWOULDBLOCK) {
		event_emit(events, EVENT_NOTICE, "%s: another depmod is at work here, waiting for it",
			   dir_path);
		do
			r = sys_lock(dir_fd, true);
		while (r == -EINTR && !(events->is_cancelled && events->is_cancelled(events->ctx)));
	}
	if (r == -EOPNOTSUPP) {
		event_emit(events, EVENT_INFO, "%s: this file system has no locks", dir_path);
		return 0;
	}
	return r < 0 ? r : 1;
}

/* A set on its way: files written under other names, the first ones of them synced. */
struct staging {
	int dir_fd;
	const char *dir_path;
	const struct events *events;
	char names[INDEX_FILES][STAGE_NAME_MAX];
	int fds[INDEX_FILES];
	int n_staged, n_synced;
};

static int stage_file(struct staging *s, enum index_file file, struct bytes content)
{
	int fd = -EEXIST;

	for (unsigned int attempt = 0; fd == -EEXIST && attempt < STAGE_TRIES; attempt++) {
		stage_name(file, attempt, s->names[file]);
		fd = sys_create_file(s->dir_fd, s->names[file], content, 0644);
	}
	return fd;
}

static bool is_cancelled(const struct events *events)
{
	return events->is_cancelled && events->is_cancelled(events->ctx);
}

static int report(const struct staging *s, int at, int error)
{
	event_emit(s->events, EVENT_ERROR, "%s/%s: cannot write: %s", s->dir_path,
		   index_file_name((enum index_file)at), strerrordesc_np(-error));
	return error;
}

/* All are written before the first is synced: the disk then has the most to do at once. */
static int stage_set(struct staging *s, const struct bytes content[INDEX_FILES])
{
	for (int i = 0; i < INDEX_FILES; i++) {
		int fd = is_cancelled(s->events) ? -EINTR
						 : stage_file(s, (enum index_file)i, content[i]);

		if (fd < 0)
			return fd == -EINTR ? fd : report(s, i, fd);
		s->fds[s->n_staged++] = fd;
	}
	for (int i = 0; i < INDEX_FILES; i++) {
		int r = is_cancelled(s->events) ? -EINTR : 0;

		if (r == 0) {
			s->n_synced++;
			r = sys_finish_file(s->fds[i]);
		}
		if (r < 0)
			return r == -EINTR ? r : report(s, i, r);
	}
	return 0;
}

static void discard(struct staging *s)
{
	for (int i = s->n_synced; i < s->n_staged; i++)
		sys_close(s->fds[i]);
	for (int i = 0; i < s->n_staged; i++)
		(void)sys_unlink(s->dir_fd, s->names[i]);
}

static void clean_up(const struct staging *s, enum leftovers what)
{
	struct cleaning c = { .what = what };
	int r = sys_list(s->dir_fd, ".", want_stage, each_leftover, &c);

	if (r < 0)
		event_emit(s->events, EVENT_WARNING, "%s: cannot remove staged files: %s",
			   s->dir_path, strerrordesc_np(-r));
}

int publish_set(int dir_fd, const char *dir_path, const struct bytes content[INDEX_FILES],
		bool has_leftovers, const struct events *events)
{
	struct staging s = { .dir_fd = dir_fd, .dir_path = dir_path, .events = events };
	int r, at;

	if (has_leftovers)
		clean_up(&s, LEFTOVERS_SHRINK);
	r = stage_set(&s, content);
	if (r == 0) {
		r = sys_sync(dir_fd);
		if (r < 0)
			event_emit(events, EVENT_ERROR, "%s: cannot sync: %s", dir_path,
				   strerrordesc_np(-r));
	}
	if (r == 0 && is_cancelled(events))
		r = -EINTR;
	if (r < 0) {
		discard(&s);
		return r;
	}

	for (at = 0; at < INDEX_FILES && r == 0; at += r == 0)
		r = sys_rename(dir_fd, s.names[at], index_file_name((enum index_file)at));
	if (r < 0) {
		/* What is staged stays: it tells the next run that this one did not finish. */
		event_emit(events, EVENT_ERROR,
			   "%s/%s: cannot rename into place: %s; files of two runs may stand beside "
			   "each other, run depmod again",
			   dir_path, index_file_name((enum index_file)at), strerrordesc_np(-r));
		return r;
	}
	if (has_leftovers)
		clean_up(&s, LEFTOVERS_REMOVE);
	r = sys_sync(dir_fd);
	if (r < 0)
		event_emit(events, EVENT_ERROR, "%s: published, but a power cut may undo it: %s",
			   dir_path, strerrordesc_np(-r));
	return r;
}
