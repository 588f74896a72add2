/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the model makes of namespaces: the rules of a kernel's loader, without a look at how ours reads
 * them.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernel-model-internal.h"

#define LIST "module:"

void kernel_model_set_namespaces(struct kernel_model *m, struct kernel_model_namespaces namespaces)
{
	m->namespaces = namespaces;
}

unsigned int kernel_model_warnings(const struct kernel_model *m)
{
	return m->n_warnings;
}

/* Calls @is for the words of @text, which any of @separators ends. Return: was one of them it? */
static bool any_word(const char *text, const char *separators,
		     bool (*is)(const char *word, const char *subject), const char *subject)
{
	char *copy = strdup(text), *rest = copy;
	bool found = false;

	if (!copy)
		abort();
	for (char *word; !found && (word = strsep(&rest, separators)) != NULL;)
		found = *word && is(word, subject);
	free(copy);
	return found;
}

static bool is_list(const char *word, const char *subject)
{
	(void)subject;
	return strncmp(word, LIST, strlen(LIST)) == 0;
}

static bool is_same(const char *word, const char *subject)
{
	return strcmp(word, subject) == 0;
}

/* An item as a pattern of fnmatch(3), in which nothing but a star at its end is special. */
static bool names(const char *word, const char *subject)
{
	size_t n = strlen(word);
	char *pattern = calloc(n + 1, 2), *at = pattern, *name = strdup(subject);
	bool fits;

	if (!pattern || !name)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (word[i] != '*' || i + 1 < n)
			*at++ = '\\';
		*at++ = word[i] == '-' ? '_' : word[i];
	}
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	fits = fnmatch(pattern, name, 0) == 0;
	free(pattern);
	free(name);
	return fits;
}

int model_may_import(const struct kernel_model *m, const struct module *user)
{
	return m->namespaces.has_lists && any_word(user->imports, " ", is_list, NULL) ? -EPERM : 0;
}

int model_may_use(const struct kernel_model *m, const struct module *user,
		  const struct module *used)
{
	const char *ns = used->exports_into;
	bool may;

	if (!*ns)
		return 0;
	if (m->namespaces.has_lists && is_list(ns, NULL))
		may = any_word(ns + strlen(LIST), ",", names, user->name);
	else
		may = any_word(user->imports, " ", is_same, ns);
	return may ? 0 : m->namespaces.allows_missing ? 1 : -EINVAL;
}
