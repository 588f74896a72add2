/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/hard-names.h"

#include <errno.h>
#include <string.h>

#include "bytes/diag.h"
#include "index/declared.h"

const char *hard_names_next(const struct buf *list, const char *after)
{
	const char *next = after ? after + strlen(after) + 1 : (const char *)list->base;

	return list->size > 0 && next < (const char *)list->base + list->size ? next : NULL;
}

static bool has(const struct buf *list, const char *name)
{
	const char *s = NULL;

	while ((s = hard_names_next(list, s)))
		if (strcmp(s, name) == 0)
			return true;
	return false;
}

/* The one module that answers, and its line. Return: 0; -ENOENT none or several; -ENOMEM. */
static int find_one(struct indexes *ix, struct lookup_answer *answer, const char **ret_module,
		    struct dep_line *ret_line)
{
	int r;

	r = indexes_ask(ix, LOOKUP_DEP, LOOKUP_ALIAS, false, answer);
	if (r < 0)
		return r;
	*ret_module = lookup_answer_module(answer, 0);
	for (size_t i = 1; i < answer->values.n; i++)
		if (strcmp(lookup_answer_module(answer, i), *ret_module) != 0)
			return -ENOENT;
	r = indexes_dep(ix, *ret_module, ret_line);
	return r == 0 || r == -ENOMEM ? r : -ENOENT;
}

/* What is built in counts beside modules. */
static bool is_builtin(struct indexes *ix, const char *word, struct hard_names *names)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	bool found;

	if (lookup_begin(word, false, &answer) < 0)
		return false;
	found = indexes_ask(ix, LOOKUP_BUILTIN, LOOKUP_BUILTIN_ALIAS, false, &answer) == 0;
	names->broken |= answer.broken;
	return found;
}

/* What its file is called. */
static int add_module(const struct dep_line *line, struct hard_names *names)
{
	const char *slash = memrchr(line->path, '/', line->path_size);
	const char *name = slash ? slash + 1 : line->path;
	size_t n = line->path_size - (size_t)(name - line->path);
	const char *dot = memchr(name, '.', n);
	char text[MODULE_NAME_MAX + 1];

	n = dot ? (size_t)(dot - name) : n;
	if (n == 0 || n > MODULE_NAME_MAX)
		return 0;
	memcpy(text, name, n);
	text[n] = '\0';
	if (!has(&names->modules, text))
		buf_put(&names->modules, text, n + 1);
	return names->modules.error;
}

/* @is_known_single: depmod found that one module answers. */
static int resolve(struct indexes *ix, const char *module, const char *word, bool is_known_single,
		   struct hard_names *names)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	struct dep_line line;
	const char *found;
	int r;

	if (ix->lookup.work > HARD_NAMES_WORK_MAX || lookup_begin(word, false, &answer) < 0)
		return 0;
	r = find_one(ix, &answer, &found, &line);
	names->broken |= answer.broken;
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (strcmp(found, module) == 0 || (!is_known_single && is_builtin(ix, word, names)))
		return 0;
	return add_module(&line, names);
}

/* Return: 1 a new one; 0 it is there, or there are too many; -ENOMEM. */
static int add_word(struct hard_names *names, const char *word, size_t size, const char **ret_word)
{
	char text[ALIAS_MAX + 1];

	if (size > ALIAS_MAX || names->n_words == HARD_NAMES_MAX)
		return 0;
	memcpy(text, word, size);
	text[size] = '\0';
	if (has(&names->words, text))
		return 0;
	names->n_words++;
	buf_put(&names->words, text, size + 1);
	if (names->words.error < 0)
		return names->words.error;
	*ret_word = (const char *)names->words.base + names->words.size - size - 1;
	return 1;
}

static int add_value(struct indexes *ix, const char *module, const char *value,
		     struct hard_names *names)
{
	struct declared_hard hard;
	struct diag diag = { 0 };
	const char *word;
	int r;

	if (declared_get_hard(value, &hard, &diag) < 0) {
		indexes_bad_declared(ix, value, diag.what);
		names->broken |= INDEXES_DECLARED;
		return 0;
	}
	r = add_word(names, hard.word, hard.word_size, &word);
	if (r <= 0 || (hard.fate != DECLARED_IN_DEP && hard.fate != DECLARED_BY_SYMBOL))
		return r < 0 ? r : 0;
	return resolve(ix, module, word, true, names);
}

int hard_names_of_index(struct indexes *ix, const char *module, struct hard_names *ret_names)
{
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };
	int r;

	r = indexes_declared(ix, DECLARED_HARDDEP, module, &values);
	if (r == -EBADMSG)
		ret_names->broken |= INDEXES_DECLARED;
	for (size_t i = 0; i < values.n && r == 0; i++)
		r = add_value(ix, module, values.items[i].text, ret_names);
	return r;
}

int hard_names_add(struct indexes *ix, const char *module, const char *words,
		   struct hard_names *names)
{
	const char *word;
	int r = 0;

	for (size_t n; r >= 0 && *(words += strspn(words, " \t")); words += n) {
		n = strcspn(words, " \t");
		r = add_word(names, words, n, &word);
		if (r > 0)
			r = resolve(ix, module, word, false, names);
	}
	return r < 0 ? r : 0;
}

void hard_names_done(struct hard_names *names)
{
	buf_done(&names->words);
	buf_done(&names->modules);
}
