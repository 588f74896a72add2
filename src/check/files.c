/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which files are modules, under which name, and which of them are never used?
 */
#include <errno.h>
#include <string.h>

#include "bytes/arena.h"
#include "bytes/name-set.h"
#include "check/rules-internal.h"
#include "index/builtin.h"

/* What says more of us than of the file. */
static bool is_our_trouble(int error)
{
	return error == -EACCES || error == -EPERM || error == -EOPNOTSUPP;
}

static int add_damaged(struct check *c, const struct check_damaged *d)
{
	struct check_about about = { .name = d->name, .file = d->path, .object = d->name };
	const char *what = d->diag.what[0] ? d->diag.what : "cannot be opened";

	if (is_our_trouble(d->error))
		return check_skip(c, "%s could not be read: %s", d->path, d->diag.what[0] ? what : "not permitted");
	/* Over a limit of this program, which is none of the kernel's. */
	about.has_severity = d->error == -E2BIG;
	about.severity = CHECK_WARNING;
	if (d->diag.place == DIAG_OFFSET)
		return check_add(c, &about, "module file is damaged: %s, at offset %llu", what,
				 (unsigned long long)d->diag.where);
	return check_add(c, &about, "module file is of no use: %s", what);
}

int check_unreadable_module(struct check *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->in->n_damaged; i++)
		if (c->in->damaged[i].is_asked)
			r = add_damaged(c, &c->in->damaged[i]);
	return r;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int check_unfit_file_name(struct check *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->in->n_unfit; i++) {
		const char *path = c->in->unfit[i];
		struct check_about about = { .file = path, .object = base_name(path) };

		r = check_add(c, &about, "no index can hold the path of this file, so modprobe will not find it");
	}
	return r;
}

int check_duplicate_module(struct check *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->in->n_shadowed; i++) {
		const struct check_shadowed *s = &c->in->shadowed[i];
		struct check_about about = { .name = s->name, .file = s->path, .object = s->name };

		about.has_severity = s->is_by_rule;
		about.severity = CHECK_NOTE;
		if (!s->is_asked)
			continue;
		r = s->is_by_rule
			    ? check_add(c, &about, "not used: configuration puts %s first", s->used)
			    : check_add(c, &about, "not used: %s has the same module name and wins by its path "
					"alone, since no search or override line tells which one to use", s->used);
	}
	return r;
}

/* Names of modules.builtin; on damage, what there is. */
static int read_builtin(struct bytes text, struct arena *arena, struct name_set *set)
{
	struct builtin_list list = { .text = text };
	char name[MODULE_NAME_MAX + 1];
	int r;

	while ((r = builtin_list_next(&list, name, NULL)) != 0) {
		const char *kept;

		if (r < 0)
			continue;
		kept = arena_string(arena, name, strlen(name));
		r = kept ? name_set_put(set, kept, 1, NULL) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

int check_built_in_module(struct check *c)
{
	const struct graph *g = c->in->graph;
	CLEANUP_NAME_SET struct name_set set = { 0 };
	CLEANUP_ARENA struct arena arena = { 0 };
	int r;

	r = read_builtin(c->in->builtin, &arena, &set);
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .object = g->modules[i].name };
		uint32_t is_builtin = 0;

		r = name_set_put(&set, g->modules[i].name, 0, &is_builtin);
		if (r >= 0)
			r = is_builtin ? check_add(c, &about, "the kernel has %s built in, so modprobe never loads "
						   "this file", g->modules[i].name) : 0;
	}
	return r;
}
