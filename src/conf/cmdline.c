/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   quiet mod.param=1 mod.text="two words" "mod.text=two words" -- words for init
 *
 * As the kernel reads it: a '"' anywhere begins or ends a quoted part, in which blanks separate
 * nothing; only those around a value or around the whole word are no part of it.
 */
#include "conf/cmdline.h"

/* The kernel takes no longer text for a parameter of this kind. */
#define MODULE_BLACKLIST_MAX ((size_t)1024)

static bool is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes of @b from @from up to @to, which both lie inside. */
static struct bytes part(struct bytes b, size_t from, size_t to)
{
	return bytes_of(b.base + from, to - from);
}

static bool is_text(struct bytes b, const char *text)
{
	size_t n = strlen(text);

	return b.size == n && memcmp(b.base, text, n) == 0;
}

/* Offset of the first @c at or behind @from, @b.size without one. */
static size_t find(struct bytes b, size_t from, uint8_t c)
{
	const uint8_t *at = from < b.size ? memchr(b.base + from, c, b.size - from) : NULL;

	return at ? (size_t)(at - b.base) : b.size;
}

/* The next run of bytes between blanks; quotes stay. A NUL ends the line, as in the kernel. */
static bool next_run(struct cmdline *line, struct bytes *ret_run, bool *ret_is_open)
{
	struct bytes text = line->text;
	bool in_quotes = false;
	size_t from;

	while (line->off < text.size && is_blank(text.base[line->off]))
		line->off++;
	for (from = line->off; line->off < text.size; line->off++) {
		uint8_t c = text.base[line->off];

		if (c == 0 || (is_blank(c) && !in_quotes))
			break;
		if (c == '"')
			in_quotes = !in_quotes;
	}
	if (line->off == from)
		return false;
	*ret_run = part(text, from, line->off);
	*ret_is_open = in_quotes;
	return true;
}

/*
 * Take the quotes off that stand around all of @b. Where the line ends inside of quotes, the second
 * one may be missing.
 */
static bool take_quotes(struct bytes *b, bool is_open)
{
	bool has_end = b->size > 1 && b->base[b->size - 1] == '"';

	if (b->size == 0 || b->base[0] != '"' || (!has_end && !is_open))
		return false;
	*b = part(*b, 1, b->size - has_end);
	return true;
}

static void split_key(struct bytes key, struct cmdline_word *word)
{
	size_t dot = find(key, 0, '.');

	word->module = bytes_of(NULL, 0);
	word->key = key;
	if (dot == 0 || dot + 1 >= key.size || find(key, dot + 1, '.') < key.size)
		return;
	word->module = part(key, 0, dot);
	word->key = part(key, dot + 1, key.size);
}

bool cmdline_next(struct cmdline *line, struct cmdline_word *ret_word)
{
	struct cmdline_word word = { 0 };
	struct bytes run;
	bool is_open;
	size_t equals;

	if (!next_run(line, &run, &is_open))
		return false;
	word.is_quoted = take_quotes(&run, is_open);
	if (is_text(run, "--")) {
		line->off = line->text.size;
		return false;
	}
	equals = find(run, 0, '=');
	split_key(part(run, 0, equals), &word);
	word.has_value = equals < run.size;
	if (word.has_value) {
		word.value = part(run, equals + 1, run.size);
		if (!word.is_quoted)
			word.is_quoted = take_quotes(&word.value, is_open);
	}
	word.is_quoted &= word.has_value;
	*ret_word = word;
	return true;
}

static bool key_is(struct bytes key, const char *name)
{
	if (key.size != strlen(name))
		return false;
	for (size_t i = 0; i < key.size; i++)
		if ((key.base[i] == '-' ? '_' : key.base[i]) != (uint8_t)name[i])
			return false;
	return true;
}

bool cmdline_list_next(struct bytes list, size_t *off, struct bytes *ret_item)
{
	while (*off < list.size) {
		size_t from = *off, to = find(list, from, ',');

		*off = to + 1;
		if (to > from) {
			*ret_item = part(list, from, to);
			return true;
		}
	}
	return false;
}

bool cmdline_is_blacklisted(struct bytes text, const char *module)
{
	struct cmdline line = { .text = text };
	struct bytes list = { 0 }, item;
	struct cmdline_word word;
	size_t off = 0;

	while (cmdline_next(&line, &word))
		if (word.has_value && word.module.size == 0 && key_is(word.key, "module_blacklist") &&
		    word.value.size <= MODULE_BLACKLIST_MAX)
			list = word.value;
	while (cmdline_list_next(list, &off, &item))
		if (is_text(item, module))
			return true;
	return false;
}
