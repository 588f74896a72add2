/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Do the published indexes say what the modules say? And are the kernel's own lists there?
 */
#include <string.h>

#include "check/rules-internal.h"
#include "index/files.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct check_index *index_at(const struct check *c, enum index_file file)
{
	return &c->in->indexes[file];
}

static bool is_missing(const struct check *c, enum index_file file)
{
	return index_at(c, file)->state == CHECK_INDEX_MISSING;
}

/* Published by a depmod that knows nothing of ours. */
static bool is_foreign(const struct check *c)
{
	return is_missing(c, INDEX_MODSURE_BIN);
}

static bool are_all_missing(const struct check *c)
{
	for (size_t i = 0; i < c->in->n_indexes; i++)
		if (!is_missing(c, (enum index_file)i))
			return false;
	return true;
}

int check_no_indexes(struct check *c)
{
	struct check_about about = { .object = "indexes" };

	if (c->in->n_indexes == 0)
		return check_skip(c, "only the modules that were named are looked at");
	about.file = index_at(c, INDEX_DEP)->path;
	return are_all_missing(c) ? check_add(c, &about, "no index at all: modprobe finds no module of this kernel "
					      "until depmod has run") : 0;
}

/* What a depmod before modules.weakdep leaves out is no fault of the set. */
static bool may_be_missing(const struct check *c, size_t i)
{
	return i == INDEX_MODSURE_BIN || (i == INDEX_WEAKDEP && is_foreign(c));
}

int check_index_missing(struct check *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->in->n_indexes; i++) {
		const struct check_index *x = &c->in->indexes[i];
		struct check_about about = { .file = x->path, .object = base_name(x->path) };

		about.has_severity = i != INDEX_DEP_BIN;
		about.severity = CHECK_WARNING;
		if (x->state == CHECK_INDEX_MISSING && !may_be_missing(c, i))
			r = check_add(c, &about, "%s is missing from the indexes of this kernel%s", about.object,
				      i == INDEX_DEP_BIN ? ": modprobe finds no module" : "");
	}
	return r;
}

int check_index_corrupt(struct check *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->in->n_indexes; i++) {
		const struct check_index *x = &c->in->indexes[i];
		struct check_about about = { .file = x->path, .object = base_name(x->path) };

		about.has_severity = i == INDEX_MODSURE_BIN;
		about.severity = CHECK_WARNING;
		if (x->state == CHECK_INDEX_CORRUPT && x->diag.place == DIAG_OFFSET)
			r = check_add(c, &about, "index is damaged: %s, at offset %llu", x->diag.what,
				      (unsigned long long)x->diag.where);
		else if (x->state == CHECK_INDEX_CORRUPT)
			r = check_add(c, &about, "index is damaged: %s", x->diag.what);
	}
	return r;
}

static const struct check_index *first_different(const struct check *c, bool of_other_run, uint32_t *ret_n)
{
	const struct check_index *first = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < c->in->n_indexes; i++) {
		const struct check_index *x = &c->in->indexes[i];

		if (x->state != CHECK_INDEX_DIFFERENT || x->is_of_other_run != of_other_run)
			continue;
		first = first ? first : x;
		++*ret_n;
	}
	return first;
}

int check_indexes_older(struct check *c)
{
	const struct check_index *dep = index_at(c, INDEX_DEP);
	struct check_about about = { .file = dep->path, .object = base_name(dep->path) };
	uint32_t n, m;

	(void)first_different(c, false, &n);
	(void)first_different(c, true, &m);
	about.has_severity = n + m == 0;
	about.severity = CHECK_NOTE;
	if (!dep->newer)
		return 0;
	return check_add(c, &about, "older than %s; %s", dep->newer,
			 n + m ? "depmod would write other indexes now"
			       : "the indexes are right nevertheless, but depmod -A would make them anew");
}

int check_indexes_mixed(struct check *c)
{
	uint32_t n = 0, n_different;

	for (size_t i = 0; i < c->in->n_indexes; i++)
		n += c->in->indexes[i].is_of_other_run;
	if (n == 0)
		return 0;
	(void)first_different(c, true, &n_different);
	for (size_t i = 0; i < c->in->n_indexes; i++) {
		const struct check_index *x = &c->in->indexes[i];
		struct check_about about = { .file = x->path, .object = base_name(x->path) };

		about.has_severity = n_different == 0;
		about.severity = CHECK_NOTE;
		if (x->is_of_other_run)
			return check_add(c, &about, "%s%s not of the run that wrote modules.modsure.bin: "
					 "a run was cut off, or another depmod wrote since", about.object,
					 n > 1 ? " and other indexes are" : " is");
	}
	return 0;
}

/* What its age or its origin explains needs no second finding. */
int check_indexes_outdated(struct check *c)
{
	uint32_t n;
	const struct check_index *x = first_different(c, false, &n);
	struct check_about about = { 0 };

	if (!x || index_at(c, INDEX_DEP)->newer)
		return 0;
	about.file = x->path;
	about.object = base_name(x->path);
	about.line = x->diag.place == DIAG_LINE ? (unsigned int)x->diag.where : 0;
	return check_add(c, &about, "%s%s not what depmod would write now%s%s", about.object,
			 n > 1 ? " and other indexes are" : " is", x->first ? ": first at " : "",
			 x->first ? x->first : "");
}

int check_foreign_indexes(struct check *c)
{
	const struct check_index *x = index_at(c, INDEX_MODSURE_BIN);
	struct check_about about = { .file = x->path, .object = base_name(x->path) };

	if (!is_foreign(c))
		return 0;
	return check_add(c, &about, "written by a depmod without %s: hard dependencies and conflicts are not known, and "
			 "a mixed set is not noticed", about.object);
}

int check_kernel_list_missing(struct check *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->in->n_lists; i++) {
		const struct check_list *l = &c->in->lists[i];
		struct check_about about = { .file = l->path, .object = base_name(l->path) };

		if (l->is_missing)
			r = check_add(c, &about, "%s, which the kernel's build makes, is missing", about.object);
	}
	return r;
}

int check_kernel_list_damaged(struct check *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->in->n_lists; i++) {
		const struct check_list *l = &c->in->lists[i];
		struct check_about about = { .file = l->path, .object = base_name(l->path) };

		if (l->n_bad == 0)
			continue;
		about.line = l->diag.place == DIAG_LINE ? (unsigned int)l->diag.where : 0;
		if (l->diag.place == DIAG_OFFSET)
			r = check_add(c, &about, "damaged in %u places, first at offset %llu: %s", l->n_bad,
				      (unsigned long long)l->diag.where, l->diag.what);
		else
			r = check_add(c, &about, "damaged in %u places, this is the first: %s", l->n_bad, l->diag.what);
	}
	return r;
}
