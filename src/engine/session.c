/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "bytes/diag.h"
#include "config.h"
#include "engine/conf-files.h"
#include "engine/live-tags.h"
#include "engine/session-internal.h"
#include "sys/path.h"
#include "sys/sys.h"

/* A softdep line a module, of a hundred bytes, would make a hundred thousand modules. */
#define TAGS_FILE_MAX ((size_t)16 * 1024 * 1024)

/* The kernel's own limit is a few KiB. */
#define CMDLINE_MAX ((size_t)1024 * 1024)

static const char *const conf_dirs[] = { SYSCONFDIR "/modprobe.d", "/run/modprobe.d",
					 "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
					 "/lib/modprobe.d" };

#define N_CONF_DIRS (sizeof(conf_dirs) / sizeof(conf_dirs[0]))

static void note(void *ctx, const char *file, enum modprobe_note kind, const struct diag *diag)
{
	const struct session *s = ctx;

	event_diag(&s->events, kind == MODPROBE_NOTE_BAD ? EVENT_ERROR : EVENT_WARNING, file, 0, diag);
}

static int read_conf_files(struct session *s, const char *const *paths, size_t n, bool must_exist)
{
	struct conf_files files = { 0 };
	int r;

	r = conf_files_load(&files, paths, n, must_exist, &s->events);
	for (size_t i = 0; i < files.n_files && r == 0; i++)
		r = modprobe_conf_read(&s->conf, files.files[i].text, files.files[i].path, &s->conf_env);
	conf_files_done(&files);
	return r;
}

static int read_usual_conf_files(struct session *s, const char *sysroot)
{
	const char *paths[N_CONF_DIRS];
	char *in_root[N_CONF_DIRS] = { 0 };
	size_t n = N_CONF_DIRS;
	int r = 0;

	/* Where /lib is /usr/lib, that has been read already. */
	if (!sysroot[0] && (MERGED_USR || sys_is_link_to("/lib", "usr/lib")))
		n--;
	for (size_t i = 0; i < n; i++) {
		if (sysroot[0] && asprintf(&in_root[i], "%s%s", sysroot, conf_dirs[i]) < 0)
			in_root[i] = NULL;
		r = sysroot[0] && !in_root[i] ? -ENOMEM : r;
		paths[i] = in_root[i] ? in_root[i] : conf_dirs[i];
	}
	if (r == 0)
		r = read_conf_files(s, paths, n, false);
	for (size_t i = 0; i < N_CONF_DIRS; i++)
		free(in_root[i]);
	return r;
}

/* What the modules say of themselves, as depmod wrote it down. */
static int read_tags(struct session *s, enum modprobe_rule_kind kind, enum index_file file)
{
	CLEANUP_BUF struct buf text = { .max = TAGS_FILE_MAX };
	char *path;
	int r;

	if (asprintf(&path, "%s/%s", s->indexes.dir, index_file_name(file)) < 0)
		return -ENOMEM;
	r = indexes_read(&s->indexes, index_file_name(file), SYS_END_BY_SHORT_READ, &text);
	if (r == 0)
		r = modprobe_conf_read_tags(&s->conf, kind, buf_bytes(&text), path, &s->conf_env);
	else if (r != -ENOENT && r != -ENOTDIR && r != -ENOMEM)
		event_diag(&s->events, EVENT_ERROR, path, r, NULL);
	free(path);
	return r == -ENOMEM ? r : 0;
}

static int read_cmdline(struct session *s)
{
	int r;

	s->cmdline.max = CMDLINE_MAX;
	r = s->kernel.read(s->kernel.ctx, "proc/cmdline", &s->cmdline);
	if (r == -ENOMEM)
		return r;
	if (r < 0) /* a root without /proc has no command line */
		return 0;
	return modprobe_conf_read_cmdline(&s->conf, buf_bytes(&s->cmdline), "/proc/cmdline", &s->conf_env);
}

static int open_indexes(struct session *s, const struct session_options *o)
{
	const char *root = o->module_root ? o->module_root : o->sysroot ? o->sysroot : "";
	char release[256], *dir, *absolute;
	int r;

	if (!o->version) {
		r = sys_release(release, sizeof(release));
		if (r < 0)
			return r;
	}
	if (asprintf(&dir, "%s%s/%s", root, MODULE_DIRECTORY, o->version ? o->version : release) < 0)
		return -ENOMEM;
	r = sys_absolute_path(dir, &absolute); /* commands and messages show it */
	free(dir);
	if (r < 0)
		return r;
	r = indexes_open(&s->indexes, absolute);
	free(absolute);
	return r;
}

static int read_conf(struct session *s, const struct session_options *o)
{
	int r = 0;

	if (!o->no_tags)
		r = read_tags(s, MODPROBE_SOFTDEP, INDEX_SOFTDEP);
	if (r == 0 && o->with_weakdeps && !o->no_tags)
		r = read_tags(s, MODPROBE_WEAKDEP, INDEX_WEAKDEP);
	if (r == 0 && o->with_live_tags && !(o->sysroot && o->sysroot[0]))
		r = live_tags_read(s);
	if (r == 0 && o->n_conf_paths > 0)
		r = read_conf_files(s, o->conf_paths, o->n_conf_paths, true);
	else if (r == 0)
		r = read_usual_conf_files(s, o->sysroot ? o->sysroot : "");
	return r < 0 || o->no_cmdline ? r : read_cmdline(s);
}

int session_open(struct session *s, const struct session_options *options,
		 const struct events *events)
{
	int r;

	*s = (struct session){ .indexes.dir_fd = -1, .real = { -1 } };
	if (events)
		s->events = *events;
	s->conf_env = (struct modprobe_conf_env){ note, s };
	if (options->note)
		s->conf_env = (struct modprobe_conf_env){ options->note, options->note_ctx };
	r = kernel_open(options->sysroot ? options->sysroot : "", &s->real, &s->kernel);
	if (r == 0)
		r = open_indexes(s, options);
	if (r == 0 && !options->no_conf)
		r = read_conf(s, options);
	if (r < 0)
		session_close(s);
	return r;
}

void session_close(struct session *s)
{
	session_conflict_rules_free(s->conflict_rules);
	modprobe_conf_done(&s->conf);
	indexes_close(&s->indexes);
	kernel_close(&s->real);
	buf_done(&s->cmdline);
	arena_done(&s->arena);
}

static void put_path(const struct session *s, const char *path, size_t size, struct buf *out)
{
	if (path[0] != '/') {
		buf_put_string(out, s->indexes.dir);
		buf_put_u8(out, '/');
	}
	buf_put(out, path, size);
	buf_put_u8(out, '\0');
}

int session_deps(struct session *s, const char *module, struct buf *ret_text,
		 struct plan_deps *ret_deps)
{
	struct dep_line line;
	const char *path;
	size_t size, own;
	int r;

	*ret_deps = (struct plan_deps){ 0 };
	ret_text->size = 0;
	r = indexes_dep(&s->indexes, module, &line);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		ret_deps->is_builtin = indexes_is_builtin(&s->indexes, module);
		ret_deps->error = ret_deps->is_builtin ? 0 : r;
		if (r != -ENOENT)
			session_report_broken(s, 1u << LOOKUP_DEP);
		return 0;
	}
	put_path(s, line.path, line.path_size, ret_text);
	own = ret_text->size;
	while (dep_line_next(&line, &path, &size))
		put_path(s, path, size, ret_text);
	if (ret_text->error < 0)
		return ret_text->error;
	ret_deps->path = (const char *)ret_text->base;
	ret_deps->deps = (const char *)ret_text->base + own;
	ret_deps->deps_size = ret_text->size - own;
	return 0;
}

static int answer_lookup(struct session *s, struct planner *planner, const struct plan_want *want)
{
	const struct plan_answer itself = { want->name, PLAN_BY_NAME, { 0 } };
	struct plan_answer *answers = NULL;
	size_t n = 0;
	int r;

	if (want->with_builtin)
		r = session_answers(s, want->name, &answers, &n);
	else
		r = session_lookup(s, want->name, &answers, &n);
	if (r == -ENOENT && want->with_users && session_is_in_kernel(s, want->name))
		r = planner_answer_lookup(planner, &itself, 1, 0);
	else if (r != -ENOMEM)
		r = planner_answer_lookup(planner, answers, n, r);
	free(answers);
	return r;
}

static int answer_state(struct session *s, struct planner *planner, const char *module,
			bool with_users)
{
	static const enum plan_live lives[] = { [MODULE_ABSENT] = PLAN_ABSENT,
						[MODULE_COMING] = PLAN_COMING,
						[MODULE_LIVE] = PLAN_LIVE,
						[MODULE_GOING] = PLAN_GOING,
						[MODULE_NO_STATE] = PLAN_BUILTIN };
	const struct kernel *k = &s->kernel;
	CLEANUP_BUF struct buf holders = { 0 };
	enum module_state now = MODULE_ABSENT;
	struct plan_state state = { 0 };
	struct dep_line line;
	int r;

	r = k->state(k->ctx, module, &now);
	if (r < 0)
		event_emit(&s->events, EVENT_WARNING, "state of module %s cannot be read: %s", module,
			   strerror(-r));
	/* A module with a file is not built in: it just appears, and has no state yet. */
	if (now == MODULE_NO_STATE && indexes_dep(&s->indexes, module, &line) == 0)
		now = MODULE_COMING;
	state.live = lives[now];
	if (with_users && now != MODULE_ABSENT && now != MODULE_NO_STATE) {
		(void)k->users(k->ctx, module, &state.n_users);
		(void)k->holders(k->ctx, module, &holders);
		state.holders = (const char *)holders.base;
		state.holders_size = holders.size;
	}
	return planner_answer_state(planner, &state);
}

/* Nothing is loaded when something is unloaded, so that no conflict can come of it. */
static int answer_deps(struct session *s, struct planner *planner, const struct plan_want *want,
		       bool is_load)
{
	struct session_conflicts conflicts = { 0 };
	struct session_hards hards = { 0 };
	CLEANUP_BUF struct buf text = { 0 };
	struct plan_deps deps;
	int r;

	r = session_deps(s, want->name, &text, &deps);
	if (r == 0)
		r = session_hards(s, want->name, &hards);
	if (r == 0 && is_load)
		r = session_conflicts(s, want->name, &conflicts);
	if (r == 0) {
		deps.hard = hards.items;
		deps.n_hard = hards.n;
		deps.conflicts = conflicts.items;
		deps.n_conflicts = conflicts.n;
		r = planner_answer_deps(planner, &deps);
	}
	session_hards_done(&hards);
	session_conflicts_done(&conflicts);
	return r;
}

static int answer_hard_users(struct session *s, struct planner *planner, const char *module)
{
	struct session_hard_users users = { 0 };
	int r;

	r = session_hard_users(s, module, &users);
	if (r == 0)
		r = planner_answer_hard_users(planner, users.items, users.n);
	session_hard_users_done(&users);
	return r;
}

static int answer_file(struct planner *planner, const char *path)
{
	struct sys_entry entry;
	int r;

	r = sys_stat(AT_FDCWD, path, &entry);
	if (r == 0 && !entry.is_regular)
		r = entry.is_dir ? -EISDIR : -EINVAL;
	return planner_answer_file(planner, r);
}

int session_answer(struct session *s, struct planner *planner)
{
	struct plan_want want;
	int r;

	while ((r = planner_next(planner, &want)) > 0) {
		switch (want.kind) {
		case PLAN_WANT_LOOKUP:
			r = answer_lookup(s, planner, &want);
			break;
		case PLAN_WANT_STATE:
			r = answer_state(s, planner, want.name, want.with_users);
			break;
		case PLAN_WANT_DEPS:
			r = answer_deps(s, planner, &want, !want.with_users);
			break;
		case PLAN_WANT_FILE:
			r = answer_file(planner, want.name);
			break;
		case PLAN_WANT_HARD_USERS:
			r = answer_hard_users(s, planner, want.name);
			break;
		}
		if (r < 0)
			break;
	}
	return r;
}
