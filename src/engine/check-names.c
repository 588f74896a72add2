/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/check-names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/name.h"
#include "engine/scan.h"
#include "index/lookup.h"
#include "sys/path.h"
#include "sys/sys.h"

static bool is_file(const char *word)
{
	struct sys_entry entry;

	if (word[0] == '/' || strncmp(word, "./", 2) == 0 || strncmp(word, "../", 3) == 0)
		return true;
	if (name_suffix(word) != SUFFIX_NONE)
		return true;
	return strchr(word, '/') && sys_stat(AT_FDCWD, word, &entry) == 0;
}

static int add(struct check_names *names, const char **list, size_t *n, const char *s)
{
	list[*n] = arena_string(names->arena, s, strlen(s));
	return list[(*n)++] ? 0 : -ENOMEM;
}

static int add_unknown(struct check_names *names, const char *word)
{
	return add(names, names->unknown, &names->n_unknown, word);
}

static int add_file(struct check_names *names, const char *word, const struct events *events)
{
	char name[MODULE_NAME_MAX + 1], *path;
	int r;

	if (name_of_path(word, name) < 0 || !name_is_clean(name) || strpbrk(name, " :")) {
		event_emit(events, EVENT_ERROR, "%s: no module can have this name", word);
		return add_unknown(names, word);
	}
	r = sys_absolute_path(word, &path);
	if (r < 0)
		return r;
	r = add(names, names->files, &names->n_files, path);
	free(path);
	return r;
}

static const char **new_list(struct check_names *names, size_t n)
{
	return arena_alloc(names->arena, (n + 1) * sizeof(const char *));
}

int check_names_split(struct check_names *names, const char *const *words, size_t n_words,
		      const struct events *events)
{
	int r = 0;

	names->is_partial = n_words > 0;
	names->files = new_list(names, n_words);
	names->words = new_list(names, n_words);
	names->unknown = new_list(names, n_words);
	if (!names->files || !names->words || !names->unknown)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n_words; i++)
		r = is_file(words[i]) ? add_file(names, words[i], events)
				      : add(names, names->words, &names->n_words, words[i]);
	return r;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has(const char *const *list, size_t n, const char *name)
{
	return n > 0 && bsearch(&name, list, n, sizeof(*list), compare);
}

/* All names of the tree, damaged modules too. */
static const char **tree_names(struct check_names *names, const struct scan *scan)
{
	const char **list = new_list(names, scan->n_files);

	for (uint32_t i = 0; list && i < scan->n_files; i++)
		list[i] = scan->files[i].name;
	if (list && scan->n_files > 1)
		qsort(list, scan->n_files, sizeof(*list), compare);
	return list;
}

/** struct finding - of one run of check_names_find() */
struct finding {
	struct check_names *names;
	const struct scan *scan;
	const char **tree;
	struct lookup *lookup;
	const struct events *events;
	size_t capacity; /* of names->asked */
};

static int ask(struct finding *f, const char *name)
{
	struct check_names *names = f->names;

	if (names->n_asked == f->capacity) {
		const char **more = new_list(names, f->capacity * 2);

		if (!more)
			return -ENOMEM;
		memcpy(more, names->asked, names->n_asked * sizeof(*more));
		names->asked = more;
		f->capacity *= 2;
	}
	return add(names, names->asked, &names->n_asked, name);
}

/* Return: 1 there was an answer that is a module of the tree; 0; -ENOMEM. */
static int ask_answers(struct finding *f, const struct lookup_answer *answer)
{
	int found = 0;

	for (size_t i = 0; i < answer->values.n; i++) {
		const char *name = lookup_answer_module(answer, i);

		if (!has(f->tree, f->scan->n_files, name))
			continue;
		if (ask(f, name) < 0)
			return -ENOMEM;
		found = 1;
	}
	return found;
}

static int find_word(struct finding *f, const char *word)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	char folded[ALIAS_MAX + 1];
	const char *why = name_fold_word(word, folded);
	int r = -ENOENT;

	if (!why && has(f->tree, f->scan->n_files, folded))
		return ask(f, folded);
	if (!why)
		r = lookup_find(f->lookup, word, &answer);
	if (r == -ENOMEM)
		return r;
	if (r == 0)
		r = ask_answers(f, &answer);
	if (r > 0 || r == -ENOMEM)
		return r < 0 ? r : 0;
	if (why)
		event_emit(f->events, EVENT_ERROR, "nothing answers to %s: it %s", word, why);
	else
		event_emit(f->events, EVENT_ERROR, r == 0 ? "%s is built into the kernel: there is no file to check"
							  : "nothing answers to %s", word);
	return add_unknown(f->names, word);
}

/* Only files are asked for yet. */
static void warn_of_twins(struct check_names *names, const struct events *events)
{
	if (names->n_asked > 1)
		qsort(names->asked, names->n_asked, sizeof(*names->asked), compare);
	for (size_t i = 1; i < names->n_asked; i++)
		if (strcmp(names->asked[i - 1], names->asked[i]) == 0)
			event_emit(events, EVENT_WARNING,
				   "two files of module %s are given: the first one by its path counts",
				   names->asked[i]);
}

int check_names_find(struct check_names *names, const struct scan *scan, struct lookup *lookup,
		     const struct events *events)
{
	struct finding f = { .names = names, .scan = scan, .lookup = lookup, .events = events };
	int r = 0;

	f.capacity = names->n_files + names->n_words + 16;
	names->asked = new_list(names, f.capacity);
	f.tree = tree_names(names, scan);
	if (!names->asked || !f.tree)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < names->n_files; i++) {
		char name[MODULE_NAME_MAX + 1];

		(void)name_of_path(names->files[i], name);
		r = ask(&f, name);
	}
	warn_of_twins(names, events);
	for (size_t i = 0; r == 0 && i < names->n_words; i++)
		r = find_word(&f, names->words[i]);
	if (names->n_asked > 1)
		qsort(names->asked, names->n_asked, sizeof(*names->asked), compare);
	return r;
}

bool check_names_has(const struct check_names *names, const char *name)
{
	return !names->is_partial || has(names->asked, names->n_asked, name);
}
