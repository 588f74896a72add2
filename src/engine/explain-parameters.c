/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of the values that were given does the kernel not take? A parameter that the module does
 * not have is no cause: the kernel passes over it.
 */
#include "conf/cmdline.h"
#include "conf/parameters.h"
#include "engine/explain-internal.h"

/* A list of hundreds of parameters helps nobody. */
#define LISTED_MAX 40u

/* "name:type" of the tag @key (parmtype, parm). Return: whether @tag is one. */
static bool split_tag(const char *tag, const char *key, struct bytes *ret_name,
		      const char **ret_rest)
{
	const char *value = facts_tag(tag, key), *colon;

	colon = value ? strchr(value, ':') : NULL;
	if (!colon || colon == value)
		return false;
	*ret_name = bytes_of(value, (size_t)(colon - value));
	*ret_rest = colon + 1;
	return true;
}

/* Type of the parameter that @key names; NULL: there is none. */
static const char *type_of(const struct facts *facts, struct bytes key)
{
	for (uint32_t i = 0; i < facts->n_modinfo; i++) {
		const char *type;
		struct bytes name;

		if (split_tag(facts_modinfo(facts, i), "parmtype", &name, &type) &&
		    parameter_is_named(key, name))
			return type;
	}
	return NULL;
}

/* Return: whether the value is refused. */
static bool look_at_word(struct explaining *e, const struct cmdline_word *word)
{
	const struct facts *facts = e->file.facts;
	const struct parameter_value value = { word->value, word->has_value };
	const char *type, *wants;

	type = word->module.size > 0 ? NULL : type_of(facts, word->key);
	if (!type)
		return false;
	if (parameter_check(type, &value, facts->flags & FACTS_64BIT, &wants) != PARAMETER_REFUSED)
		return false;
	if (word->has_value)
		explain_add(e, "parameter %.*s does not take \"%.*s\": it wants %s", (int)word->key.size,
			    (const char *)word->key.base,
			    (int)(word->value.size < 200 ? word->value.size : 200),
			    word->value.size > 0 ? (const char *)word->value.base : "", wants);
	else
		explain_add(e, "parameter %.*s needs a value: it wants %s", (int)word->key.size,
			    (const char *)word->key.base, wants);
	return true;
}

static void list_parameters(struct explaining *e)
{
	const struct facts *facts = e->file.facts;
	CLEANUP_BUF struct buf list = { 0 };
	unsigned int n = 0;

	for (uint32_t i = 0; i < facts->n_modinfo; i++) {
		const char *type;
		struct bytes name;

		if (!split_tag(facts_modinfo(facts, i), "parmtype", &name, &type))
			continue;
		if (n++ < LISTED_MAX)
			buf_printf(&list, "%s%.*s (%s)", n > 1 ? ", " : "", (int)name.size,
				   (const char *)name.base, type);
	}
	if (n > LISTED_MAX)
		buf_printf(&list, " and %u more", n - LISTED_MAX);
	buf_put_u8(&list, 0);
	if (!list.error)
		explain_add(e, "its parameters are %s", (const char *)list.base);
}

/* The word that gave @name its value; the last one counts. */
static bool find_word(const struct explaining *e, struct bytes name, struct cmdline_word *ret_word)
{
	struct cmdline line = { .text = bytes_of(e->request->params, strlen(e->request->params)) };
	struct cmdline_word word;
	bool is_found = false;

	while (cmdline_next(&line, &word)) {
		if (word.module.size > 0 || !parameter_is_named(word.key, name))
			continue;
		*ret_word = word;
		is_found = true;
	}
	return is_found;
}

/*
 * "`VALUE' invalid for parameter `NAME'": what only the module knew, or the kernel of an array's
 * size, which it tells in a line before.
 */
static bool look_at_log(struct explaining *e)
{
	static const char mark[] = " for parameter `";
	const struct log_line *line = explain_find_logged(e, mark);
	struct cmdline_word word;
	const char *at, *end;
	struct bytes name;

	if (!line)
		return false;
	end = (const char *)line->text.base + line->text.size;
	at = memmem(line->text.base, line->text.size, mark, sizeof(mark) - 1);
	name = bytes_of(at + sizeof(mark) - 1, (size_t)(end - at) - (sizeof(mark) - 1));
	if (name.size < 2 || name.base[--name.size] != '\'' || !find_word(e, name, &word))
		return false;
	explain_add(e, "parameter %.*s does not take \"%.*s\"", (int)name.size, (const char *)name.base,
		    (int)(word.value.size < 200 ? word.value.size : 200),
		    word.value.size > 0 ? (const char *)word.value.base : "");
	if (line->before.size > name.size + 2 && line->before.base[name.size] == ':' &&
	    memcmp(line->before.base, name.base, name.size) == 0)
		explain_quote(e, line->before);
	return true;
}

void explain_parameters(struct explaining *e)
{
	struct cmdline line = { .text = bytes_of(e->request->params, strlen(e->request->params)) };
	struct cmdline_word word;
	bool is_any_refused = false;

	if (!e->file.facts)
		return;
	while (cmdline_next(&line, &word))
		is_any_refused |= look_at_word(e, &word);
	if (is_any_refused || look_at_log(e))
		list_parameters(e);
}
